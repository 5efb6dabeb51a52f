"""The cursor of a derivation: which of its symbols and numbers stand for something, which next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from bptui.app.view import Direction

if TYPE_CHECKING:  # loaded after the first numbers are shown
    from bptui.explain.expression import Quantity
    from bptui.explain.lines import TextLine


BETWEEN = " │ "
"""Stands between forms that are beside each other."""


class Symbol(NamedTuple):
    """A symbol, or a number of an array: its form, line, piece of that, column and width.

    It stands for a quantity, and maybe for others of its array, ``also``.
    """

    form: int
    row: int
    piece: int
    column: int
    width: int
    quantity: Quantity
    told: str
    also: tuple[Quantity, ...]


def symbols(lines: Sequence[TextLine]) -> list[Symbol]:
    """Return the symbols, and numbers of arrays, in the order of reading, form by form."""
    found: list[Symbol] = []
    for row, line in enumerate(lines):
        form = column = 0
        for piece, span in enumerate(line):
            if span.quantity is not None:
                width = len(span.text.rstrip())
                of = span.quantity, span.told, span.also
                found.append(Symbol(form, row, piece, column, width, *of))
            form += span.text == BETWEEN
            column += len(span.text)
    return sorted(found, key=lambda each: each.form)


def following(found: Sequence[Symbol], place: int, direction: Direction) -> int:
    """Return the place of the next symbol to a side: the nearest one of the next line with some."""
    by = 1 if direction in ("right", "down") else -1
    if direction in ("left", "right"):
        return min(max(place + by, 0), len(found) - 1)
    own = found[place]
    rows = [s.row for s in found if s.form == own.form and (s.row - own.row) * by > 0]
    if not rows:
        return place
    row = min(rows) if by > 0 else max(rows)
    others = [at for at, s in enumerate(found) if (s.form, s.row) == (own.form, row)]
    return min(others, key=lambda at: abs(found[at].column - own.column))


def place_at(found: Sequence[Symbol], x: int, y: int) -> int | None:
    """Return the place of the symbol at a cell."""
    here = (at for at, s in enumerate(found) if s.row == y and 0 <= x - s.column < s.width)
    return next(here, None)
