"""What must be written for a terminal that shows one picture to show another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rich.cells import get_character_cell_size

from bptui.app.driver.picture import Picture
from bptui.app.driver.styles import PLAIN, Style, change

STEP = 4
"""Unchanged cells that are rather written again than stepped over."""
BLANKS = 6
"""Blanks that are rather erased than written, where that leaves them in their colour."""
SHOWS_ON_BLANKS = {"4", "7", "9", "21", "53"}
"""Attributes that a blank shows, and an erased cell does not."""
NOWHERE = -1


class Run(NamedTuple):
    """Text to be written from cell ``x`` of row ``y`` on; ``end`` is the cell after it."""

    x: int
    y: int
    end: int
    text: str


class Pen:
    """Writes runs, moving and changing the style only where it must; knows what it has left.

    ``erases``: the terminal gives cells that are erased the colour that is written in.
    """

    def __init__(self, erases: bool = False) -> None:
        self._erases = erases
        self._x = self._y = NOWHERE
        self.style: Style | None = None
        """How the terminal writes now, as far as that is known."""
        self._out: list[str] = []

    def taken(self) -> str:
        """What was written since this was asked last."""
        text = "".join(self._out)
        self._out.clear()
        return text

    def move(self, x: int, y: int) -> None:
        """Go to a cell."""
        self._out.append(_way((self._x, self._y), (x, y)))
        self._x, self._y = x, y

    def take(self, style: Style) -> None:
        """Write in this style from now on."""
        if self.style != style:
            self._out.append(change(self.style, style))
            self.style = style

    def write(self, run: Run, width: int) -> None:
        """Write a run in a row of ``width`` cells."""
        self.move(run.x, run.y)
        text = run.text.rstrip(" ")
        blanks = len(run.text) - len(text)
        if self._erases and blanks >= BLANKS and self.style and not _shows(self.style):
            self._out.append(f"{text}\x1b[{blanks}X")
            self._x = run.end - blanks if not text or _is_sure(text[-1]) else NOWHERE
            return
        self._out.append(run.text)
        # terminals differ on what follows a row's end, and on how wide some characters are
        self._x = run.end if run.end < width and _is_sure(run.text[-1]) else NOWHERE


def _way(here: tuple[int, int], there: tuple[int, int]) -> str:
    """The shortest codes that lead from one cell to another; with x < 0 from anywhere."""
    (x, y), (to_x, to_y) = here, there
    if here == there:
        return ""
    absolute = f"\x1b[{to_y + 1};{to_x + 1}H" if to_x or to_y else "\x1b[H"
    if x < 0 or to_y < y:
        return absolute
    down = _by(to_y - y, "B")
    side = _by(to_x - x, "C") if to_x >= x else "\b" * (x - to_x)
    from_start = "\r" + "\n" * (to_y - y) + _by(to_x, "C")
    return min(absolute, down + side, from_start, key=len)


def _by(count: int, direction: str) -> str:
    return f"\x1b[{count if count > 1 else ''}{direction}" if count else ""


def draw(pen: Pen, shown: Picture | None, wanted: Picture) -> Picture:
    """Write with ``pen`` what ``wanted`` has and ``shown`` has not; None: write everything.

    Returns the picture that is shown then. Only the rows that ``wanted`` calls changed are looked
    at, after which it calls none so.
    """
    runs: dict[Style, list[Run]] = {}
    everything = shown is None
    shown = Picture(wanted.width, wanted.height) if shown is None else shown
    for y in range(wanted.height) if everything else sorted(wanted.changed):
        characters, styles = wanted.characters[y], wanted.styles[y]
        before, styles_before = shown.characters[y], shown.styles[y]
        if everything:
            places: Iterable[int] = range(wanted.width)
        elif characters != before or styles != styles_before:
            cells = enumerate(zip(characters, before, styles, styles_before, strict=True))
            places = [x for x, (a, b, c, d) in cells if a != b or c != d]
        else:
            continue
        for style, run in _runs(wanted, y, places):
            runs.setdefault(style, []).append(run)
        shown.characters[y], shown.styles[y] = characters[:], styles[:]
    wanted.changed.clear()
    while runs:
        # one style after another, since going somewhere takes fewer bytes than most changes of it
        style = min(runs, key=lambda each: len(change(pen.style, each)))
        pen.take(style)
        for run in runs.pop(style):
            pen.write(run, wanted.width)
    return shown


def _runs(wanted: Picture, y: int, places: Iterable[int]) -> Iterator[tuple[Style, Run]]:
    """The cells of a row in these places, which grow, and short gaps between them."""
    characters, styles = wanted.characters[y], wanted.styles[y]
    start = end = NOWHERE
    style = PLAIN
    for x in places:
        character = characters[x]
        if not character:
            continue  # the second half of the one before
        goes_on = (
            start >= 0
            and styles[x] == style
            and x - end <= STEP
            and all(styles[each] == style and characters[each].isascii() for each in range(end, x))
            and all(characters[end:x])
        )
        if not goes_on:
            if start >= 0:
                yield style, Run(start, y, end, "".join(characters[start:end]))
            start, style = x, styles[x]
        end = x + 1
        if not _is_sure(character):
            end += end < wanted.width and not characters[end]
            yield style, Run(start, y, end, "".join(characters[start:end]))
            start = end = NOWHERE
    if start >= 0:
        yield style, Run(start, y, end, "".join(characters[start:end]))


def _shows(style: Style) -> bool:
    return not SHOWS_ON_BLANKS.isdisjoint(style.attributes)


def _is_sure(character: str) -> bool:
    """Whether all terminals agree that it takes one cell."""
    return character.isascii() or (len(character) == 1 and get_character_cell_size(character) == 1)
