"""What must be written for a terminal that shows one screen to show another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import compress
from operator import ne
from typing import NamedTuple

from rich.cells import get_character_cell_size

from bptui.terminal.screen import ScreenBuffer, Style, change

STEP = 4
"""Cells that are rather written, too, than stepped over."""
BLANKS = 5
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


class CellWriter:
    """Writes runs, moving and changing the style only where it must; knows what it has left.

    ``erases``: the terminal gives cells that are erased the colour that is written in. ``returns``:
    it is sent a carriage return with each line feed, as the kernel's terminals usually do.
    """

    def __init__(self, erases: bool = False, returns: bool = False) -> None:
        self._erases, self._returns = erases, returns
        self._x = self._y = NOWHERE
        self.style: Style | None = None
        """How the terminal writes now, as far as that is known."""
        self._out: list[str] = []

    def taken(self) -> str:
        """Return what was written since this was asked last."""
        text = "".join(self._out)
        self._out.clear()
        return text

    def move(self, x: int, y: int) -> None:
        """Go to a cell."""
        self._out.append(self.way(x, y))
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

    def way(self, to_x: int, to_y: int) -> str:
        """Return the shortest codes that lead to a cell."""
        x, y = self._x, self._y
        if (x, y) == (to_x, to_y):
            return ""
        if 0 <= x < to_x and y == to_y:
            return _by(to_x - x, "C")
        absolute = f"\x1b[{to_y + 1};{to_x + 1}H" if to_x or to_y else "\x1b[H"
        if x < 0:
            return absolute
        vertical = _by(to_y - y, "B") if to_y > y else _by(y - to_y, "A")
        side = _by(to_x - x, "C") if to_x >= x else "\b" * (x - to_x)
        ways = [absolute, vertical + side, "\r" + vertical + _by(to_x, "C")]
        if to_y > y:
            ways.append("\r" * (not self._returns) + "\n" * (to_y - y) + _by(to_x, "C"))
        return min(ways, key=self._length)

    def _length(self, codes: str) -> int:
        return len(codes) + codes.count("\n") * self._returns


def _by(count: int, direction: str) -> str:
    return f"\x1b[{count if count > 1 else ''}{direction}" if count else ""


def draw(writer: CellWriter, shown: ScreenBuffer | None, wanted: ScreenBuffer) -> ScreenBuffer:
    """Write with ``writer`` what ``wanted`` has and ``shown`` has not; None: write everything.

    Return the screen that is shown then. Only the rows that ``wanted`` calls changed are looked
    at, after which it calls none so.
    """
    runs: dict[Style, list[Run]] = {}
    left: dict[int, set[int]] = {}
    everything = shown is None
    shown = ScreenBuffer(wanted.width, wanted.height) if shown is None else shown
    for y in range(wanted.height) if everything else sorted(wanted.changed):
        first, end = (0, wanted.width) if everything else wanted.changed[y]
        cells = zip(wanted.characters[y][first:end], wanted.styles[y][first:end], strict=True)
        before = zip(shown.characters[y][first:end], shown.styles[y][first:end], strict=True)
        places: Iterable[int] = range(first, end)
        if not everything:
            places = [*compress(places, map(ne, cells, before))]
        left[y] = set(places)
        for style, run in _runs(wanted, y, places):
            runs.setdefault(style, []).append(run)
        shown.characters[y][first:end] = wanted.characters[y][first:end]
        shown.styles[y][first:end] = wanted.styles[y][first:end]
    wanted.changed.clear()
    while runs:
        # one style after another, since going somewhere takes fewer bytes than most changes of it
        style = min(runs, key=lambda each: len(change(writer.style, each)))
        writer.take(style)
        mine = runs.pop(style)
        for run in _joined(mine, style, wanted, left):
            writer.write(run, wanted.width)
        for run in mine:
            left[run.y].difference_update(range(run.x, run.end))
    return shown


def _runs(wanted: ScreenBuffer, y: int, places: Iterable[int]) -> Iterator[tuple[Style, Run]]:
    """Yield the cells in these places, which grow, put together where style and place allow."""
    characters, styles = wanted.characters[y], wanted.styles[y]
    start = end = NOWHERE
    for x in places:
        character = characters[x]
        if not character:
            continue  # the second half of the one before
        if start >= 0 and (x != end or styles[x] != styles[start]):
            yield styles[start], Run(start, y, end, "".join(characters[start:end]))
            start = NOWHERE
        if start < 0:
            start = x
        end = x + 1
        if not _is_sure(character):
            end += end < wanted.width and not characters[end]
            yield styles[start], Run(start, y, end, "".join(characters[start:end]))
            start = NOWHERE
    if start >= 0:
        yield styles[start], Run(start, y, end, "".join(characters[start:end]))


def _joined(
    runs: Iterable[Run], style: Style, wanted: ScreenBuffer, left: dict[int, set[int]]
) -> Iterator[Run]:
    """Yield the runs of a style, those with a short gap between them as one.

    In a gap may stand what is there already, in that style, and cells ``left`` to be written later.
    """
    last: Run | None = None
    for run in runs:
        if last is not None:
            gap = _gap(last, run, style, wanted, left)
            if gap is not None:
                last = Run(last.x, run.y, run.end, last.text + gap + run.text)
                continue
            yield last
        last = run
    if last is not None:
        yield last


def _gap(
    last: Run, run: Run, style: Style, wanted: ScreenBuffer, left: dict[int, set[int]]
) -> str | None:
    """Return what to write between two runs; None: nothing."""
    y = run.y
    if last.y != y or run.x - last.end > STEP or not _is_sure(last.text[-1]):
        return None
    gap = ""
    for x in range(last.end, run.x):
        character = wanted.characters[y][x]
        if x in left[y] and character and _is_sure(character):
            gap += " "
        elif wanted.styles[y][x] == style and character and character.isascii():
            gap += character
        else:
            return None
    return gap


def _shows(style: Style) -> bool:
    return not SHOWS_ON_BLANKS.isdisjoint(style.attributes)


def _is_sure(character: str) -> bool:
    """Return whether all terminals agree that it takes one cell."""
    return character.isascii() or (len(character) == 1 and get_character_cell_size(character) == 1)
