"""What panels draw: pictures, and tables of which the names of rows and columns stay in sight."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.style import Style
from textual.content import Content
from textual.geometry import Offset, Region, Size
from textual.strip import Strip

from bptui.app.lines import Line


class Picture(NamedTuple):
    """All that a panel shows; larger than it where it scrolls."""

    size: Size
    part: Callable[[Region], list[Strip]]
    """Returns the lines of what is in sight, as far as there are such."""
    title: str = ""
    notes: Sequence[str | Content] = ("",)
    """Forms of what stands in the lower border, the longest first."""
    spot: Region | None = None
    """Where the selection is."""
    touched: Region | None = None
    """Where the operation that is explained has read or written something."""
    pick: Callable[[int, int], Any] = lambda x, y: None
    """Returns what is drawn at a cell."""


def by_rows(size: Size, row: Callable[[int], Strip]) -> Picture:
    """Return the picture whose rows a function draws, each when it is in sight."""

    def part(seen: Region) -> list[Strip]:
        strips = [row(at) for at in range(seen.y, min(seen.bottom, size.height))]
        whole = seen.x == 0 and size.width <= seen.width
        return strips if whole else [strip.crop(seen.x, seen.right) for strip in strips]

    return Picture(size, part)


class Cell(NamedTuple):
    """What stands at the right end of a cell, the style of the ``blank`` cells before it.

    Where there is a name it stands at the left end, in the style of the blanks.
    """

    text: str
    style: Style
    blank: Style
    name: str = ""


class Row(NamedTuple):
    """The pieces of a row's name, and its cells."""

    name: Sequence[tuple[str, Style]]
    cells: Iterable[Cell]


class Table(NamedTuple):
    """A heading, row 0, and numbers below it; ``name`` and ``cell`` are widths.

    Every cell begins with a blank. ``rows`` counts the heading.
    """

    x: int
    y: int
    name: int
    cell: int
    rows: int
    columns: int

    @property
    def right(self) -> int:
        """The first column after the table."""
        return self.x + self.name + self.columns * self.cell

    @property
    def bottom(self) -> int:
        """The first row after the table."""
        return self.y + self.rows

    @property
    def region(self) -> Region:
        return Region(self.x, self.y, self.right - self.x, self.rows)

    def named_at(self, left: int) -> int:
        """Return where the names of rows stand when the content is scrolled to ``left``."""
        return min(max(self.x, left), self.right - self.name)

    def sight(self, row: int, column: int) -> Region:
        """Return what has to be in sight with a cell: its headings.

        The names of rows stay in sight by themselves, and so does a heading in the line above.
        """
        return Region(self.x + column * self.cell, self.y + row - 1, self.name + self.cell, 2)

    def cell_at(self, x: int, y: int, scrolled: Offset) -> tuple[int, int] | None:
        """Return the row and the column at a place of the content; the names are column -1.

        ``scrolled`` moves the names of rows, and the first line in sight shows the heading.
        """
        if not self.region.contains(x, y):
            return None
        row = 0 if y == scrolled.y else y - self.y
        named = self.named_at(scrolled.x)
        if named <= x < named + self.name:
            return row, -1
        column = (x - self.x - self.name) // self.cell
        return (row, column) if column >= 0 else None


def drawn(
    tables: Sequence[Table], blank: Style, row_of: Callable[[int, int, range], Row]
) -> Picture:
    """Return the tables.

    ``row_of`` gives what stands in a table's row, by their numbers, in a range of columns. No cell
    is drawn that the edge would cut: the rest of a number reads as another one.
    """
    width, height = (max(getattr(each, end) for each in tables) for end in ("right", "bottom"))

    def part(window: Region) -> list[Strip]:
        in_sight = [
            (number, table)
            for number, table in enumerate(tables)
            if table.x < window.right and table.right > window.x
        ]
        return [line(y, window, in_sight) for y in range(window.y, min(window.bottom, height))]

    def line(y: int, window: Region, in_sight: Sequence[tuple[int, Table]]) -> Strip:
        line = Line()
        for number, table in in_sight:
            if not table.y <= y < table.bottom:
                continue
            # the first line in sight of a table keeps its heading
            row = 0 if y == window.y else y - table.y
            at = table.named_at(window.x)
            first = -(-(at - table.x) // table.cell)
            last = min((window.right - table.x - table.name) // table.cell, table.columns)
            name, cells = row_of(number, row, range(first, max(first, last)))
            line.pad(at, blank)
            for text, style in name:
                line.add(text, style)
            start = table.x + table.name + first * table.cell
            line.pad(start, blank)
            # a glyph behind the name may have taken the blank of the first cell
            room = table.cell - (line.width - start)
            for text, style, before, named in cells:
                beside = f"{' ' * bool(named)}{named}".ljust(room - cell_len(text))
                line.add(beside, before).add(text, style)
                room = table.cell
        return line.strip().crop(window.x, window.right)

    return Picture(Size(width, height), part)
