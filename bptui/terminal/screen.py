"""The screen buffer, the codes of styles, and what must be written to show another screen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import compress, takewhile
from operator import ne
from typing import NamedTuple

from rich.cells import get_character_cell_size
from rich.color import Color, ColorSystem
from rich.style import Style as RichStyle

ATTRIBUTES = dict(
    zip(
        ("bold", "dim", "italic", "underline", "blink", "blink2", "reverse", "conceal", "strike"),
        "123456789",
        strict=True,
    )
) | {"underline2": "21", "frame": "51", "encircle": "52", "overline": "53"}
"""By rich's names: what switches an attribute on."""
SHOWS_ON_BLANKS = {"4", "7", "9", "21", "53"}
"""Attributes that a blank shows, and an erased cell does not."""


class Style(NamedTuple):
    """The parameters that select colours and attributes; "" is the terminal's own colour."""

    foreground: str = ""
    background: str = ""
    attributes: tuple[str, ...] = ()

    @property
    def shows_on_blanks(self) -> bool:
        """Whether more than the background is seen where nothing but blanks is written."""
        return not SHOWS_ON_BLANKS.isdisjoint(self.attributes)


PLAIN = Style()


@lru_cache(maxsize=8192)
def style_of(style: RichStyle | None, colours: ColorSystem) -> Style:
    """Return rich's ``style`` as a terminal of so many ``colours`` shows it."""
    if style is None:
        return PLAIN

    def parameters(colour: Color | None, foreground: bool) -> str:
        if colour is None or colour.is_default:
            return ""
        return ";".join(colour.downgrade(colours).get_ansi_codes(foreground))

    attributes = tuple(on for name, on in ATTRIBUTES.items() if getattr(style, name))
    return Style(parameters(style.color, True), parameters(style.bgcolor, False), attributes)


@lru_cache(maxsize=8192)
def of_blanks(style: Style, before: Style) -> Style:
    """Return in which style blanks are written: in the one ``before`` where they look the same."""
    alike = style.background == before.background
    hidden = not (style.shows_on_blanks or before.shows_on_blanks)
    return before if alike and hidden else style


@lru_cache(maxsize=8192)
def change(before: Style | None, after: Style) -> str:
    """Return the codes that lead from one style to another; from None: from any."""
    if before == after:
        return ""
    if before is None or after == PLAIN or not set(before.attributes).issubset(after.attributes):
        codes, before = ["0"], PLAIN  # switching off singly seldom takes less
    else:
        codes = []
    codes += [code for code in after.attributes if code not in before.attributes]
    if before.foreground != after.foreground:
        codes.append(after.foreground or "39")
    if before.background != after.background:
        codes.append(after.background or "49")
    return f"\x1b[{'' if codes == ['0'] else ';'.join(codes)}m"


class ScreenBuffer:
    """``height`` rows of ``width`` cells.

    A character of two cells stands in the first; the second holds "". ``changed`` are the rows that
    were drawn on since it was emptied last, each with the first cell and the one after the last.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = max(width, 1), max(height, 1)
        self.characters = [[" "] * self.width for _ in range(self.height)]
        self.styles = [[PLAIN] * self.width for _ in range(self.height)]
        self.changed = dict[int, tuple[int, int]]()

    def note(self, y: int, x: int, end: int) -> None:
        """Take note that these cells are drawn on, and perhaps those beside them."""
        first, last = self.changed.get(y, (x, end))
        self.changed[y] = max(min(first, x - 1), 0), min(max(last, end + 1), self.width)

    def draw(self, x: int, y: int, pieces: Iterable[tuple[str, Style]]) -> None:
        """Put pieces of text behind each other into the cells from ``x`` on, as far as they fit."""
        cells: list[str] = []
        styles: list[Style] = []
        for text, style in pieces:
            drawn = text if _are_single(text) else _cells(text)
            cells += drawn
            blanks = sum(1 for _ in takewhile(" ".__eq__, drawn))
            styles += [of_blanks(style, styles[-1] if styles else PLAIN)] * blanks
            styles += [style] * (len(cells) - len(styles))
        cells = cells[: max(self.width - x, 0)]
        row, end = self.characters[y], x + len(cells)
        for edge in (x, end):  # of a character that reaches over it a blank is left
            if 0 < edge < self.width and row[edge] == "":
                row[edge - 1] = row[edge] = " "
        row[x:end] = cells
        self.styles[y][x:end] = styles[: len(cells)]


_SINGLE: set[str] = set()
"""Characters seen so far, beyond ASCII, that take one cell."""


def _are_single(text: str) -> bool:
    """Return whether each character takes one cell."""
    if (text.isascii() and text.isprintable()) or _SINGLE.issuperset(text):
        return True
    _SINGLE.update(character for character in text if get_character_cell_size(character) == 1)
    return _SINGLE.issuperset(text)


def _cells(text: str) -> list[str]:
    """Return the characters, each with the marks of no width that follow it."""
    cells: list[str] = []
    for character in text:
        if width := get_character_cell_size(character):
            cells += [character, *[""] * (width - 1)]
        elif cells and character >= "\xa0":  # no control character
            cells[-1 if cells[-1] else -2] += character
    return cells


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
