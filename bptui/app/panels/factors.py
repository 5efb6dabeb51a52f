"""The cursor of a derivation: which of its symbols stand for single numbers, and the next one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from bptui.app.view import Direction

if TYPE_CHECKING:  # loaded after the first numbers are shown
    from bptui.explain.expression import Quantity
    from bptui.explain.lines import TextLine


class Symbol(NamedTuple):
    """A symbol of a single number: its line, its piece of that, its column and its width."""

    row: int
    piece: int
    column: int
    width: int
    quantity: Quantity
    told: str


def symbols(lines: Sequence[TextLine]) -> list[Symbol]:
    """Return the symbols of single numbers in the order of reading."""
    found: list[Symbol] = []
    for row, line in enumerate(lines):
        column = 0
        for piece, span in enumerate(line):
            if span.quantity is not None:
                width = len(span.text.rstrip())
                found.append(Symbol(row, piece, column, width, span.quantity, span.told))
            column += len(span.text)
    return found


def following(found: Sequence[Symbol], place: int, direction: Direction) -> int:
    """Return the place of the next symbol to a side: the nearest one of the next line with some."""
    by = 1 if direction in ("right", "down") else -1
    if direction in ("left", "right"):
        return min(max(place + by, 0), len(found) - 1)
    own = found[place]
    rows = [each.row for each in found if (each.row - own.row) * by > 0]
    if not rows:
        return place
    row = min(rows) if by > 0 else max(rows)
    others = [at for at, each in enumerate(found) if each.row == row]
    return min(others, key=lambda at: abs(found[at].column - own.column))


def place_at(found: Sequence[Symbol], x: int, y: int) -> int | None:
    """Return the place of the symbol at a cell."""
    here = (at for at, s in enumerate(found) if s.row == y and 0 <= x - s.column < s.width)
    return next(here, None)
