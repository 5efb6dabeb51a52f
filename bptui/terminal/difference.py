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
NOWHERE = -1


class Run(NamedTuple):
    """Text to be written from cell ``x`` of row ``y`` on; ``end`` is the cell after it."""

    x: int
    y: int
    end: int
    text: str


class CellWriter:
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
        """Return what was written since this was asked last."""
        text = "".join(self._out)
        self._out.clear()
        return text

    def move(self, x: int, y: int) -> None:
        """Go to a cell."""
        self._out.append(self.way(x, y))
        self._x, self._y = x, y

    def write(self, run: Run, style: Style, width: int) -> None:
        """Write a run in a row of ``width`` cells."""
        if codes := change(self.style, style):
            self._out.append(codes)
            self.style = style
        self.move(run.x, run.y)
        text = run.text.rstrip(" ")
        blanks = len(run.text) - len(text)
        if self._erases and blanks >= BLANKS and not style.shows_on_blanks:
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
        down = to_y - y
        vertical = _by(down, "B") if down > 0 else _by(-down, "A")
        side = _by(to_x - x, "C") if to_x >= x else "\b" * (x - to_x)
        margin = "\r" + ("\n" * down if down > 0 else vertical)
        return min(absolute, vertical + side, margin + _by(to_x, "C"), key=len)


def _by(count: int, direction: str) -> str:
    return f"\x1b[{count if count > 1 else ''}{direction}" if count else ""


def draw(writer: CellWriter, shown: ScreenBuffer | None, wanted: ScreenBuffer) -> ScreenBuffer:
    """Write with ``writer`` what ``wanted`` has and ``shown`` has not; None: write everything.

    Return the screen that is shown then. Only the rows that ``wanted`` calls changed are looked
    at, after which it calls none so.
    """
    runs: dict[Style, list[Run]] = {}
    everything = shown is None
    shown = ScreenBuffer(wanted.width, wanted.height) if shown is None else shown
    for y in range(wanted.height) if everything else sorted(wanted.changed):
        first, end = (0, wanted.width) if everything else wanted.changed[y]
        cells = zip(wanted.characters[y][first:end], wanted.styles[y][first:end], strict=True)
        before = zip(shown.characters[y][first:end], shown.styles[y][first:end], strict=True)
        places: Iterable[int] = range(first, end)
        if not everything:
            places = compress(places, map(ne, cells, before))
        for style, run in _runs(wanted, y, places):
            runs.setdefault(style, []).append(run)
        shown.characters[y][first:end] = wanted.characters[y][first:end]
        shown.styles[y][first:end] = wanted.styles[y][first:end]
    wanted.changed.clear()
    while runs:
        # one style after another, since going somewhere takes fewer bytes than most changes of it
        style = min(runs, key=lambda each: len(change(writer.style, each)))
        for run in runs.pop(style):
            writer.write(run, style, wanted.width)
    return shown


def _runs(wanted: ScreenBuffer, y: int, places: Iterable[int]) -> Iterator[tuple[Style, Run]]:
    """Yield the cells in these places, which grow, put together where style and place allow.

    Few cells between them that are shown already are written, too, where they have the style.
    """
    characters, styles = wanted.characters[y], wanted.styles[y]
    start = end = NOWHERE
    style = styles[0]

    def run() -> tuple[Style, Run]:
        return style, Run(start, y, end, "".join(characters[start:end]))

    def reached(x: int) -> bool:
        """Tell whether the run goes on to a cell."""
        between = all(each and each.isascii() for each in characters[end:x])
        return x - end <= STEP and between and all(own == style for own in styles[end : x + 1])

    for x in places:
        character = characters[x]
        if not character:
            continue  # the second half of the one before
        if start >= 0 and (x > end or styles[x] != style) and not reached(x):
            yield run()
            start = NOWHERE
        if start < 0:
            start, style = x, styles[x]
        end = x + 1
        if not (character.isascii() or _is_sure(character)):
            end += end < wanted.width and not characters[end]
            yield run()
            start = NOWHERE
    if start >= 0:
        yield run()


def _is_sure(character: str) -> bool:
    """Return whether all terminals agree that it takes one cell."""
    return character.isascii() or (len(character) == 1 and get_character_cell_size(character) == 1)
