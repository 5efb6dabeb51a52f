"""The table of results: what was measured, against what, what is wanted, how they compare."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest


@dataclass(frozen=True)
class Row:
    """``value`` is to be at least ``wanted``, or at most where ``at_most``; ``unit`` follows both.

    ``measured`` says in words which figures ``value`` was made of.
    """

    what: str
    measured: str
    value: float
    wanted: float
    unit: str = "x"
    at_most: bool = False

    @property
    def met(self) -> bool:
        return self.value <= self.wanted if self.at_most else self.value >= self.wanted

    def cells(self) -> tuple[str, ...]:
        sign = "<=" if self.at_most else ">="
        wanted = f"{sign} {self.wanted:g} {self.unit}"
        found = f"{self.value:.3g} {self.unit}"
        return self.what, self.measured, wanted, found, "met" if self.met else "MISSED"


@dataclass
class Table:
    rows: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Add the row, then fail the running test unless it is met."""
        self.rows.append(row)
        assert row.met, f"{row.what}: {row.value:.4g} {row.unit}, wanted {row.cells()[2]}"

    def lines(self) -> list[str]:
        """The table as aligned text."""
        head = ("what", "measured", "target", "result", "")
        grid = [head, *(row.cells() for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
        grid.insert(1, tuple("-" * width for width in widths))
        return [
            "  ".join(map(str.ljust, cells, widths)).rstrip()  # one line a row
            for cells in grid
        ]


TABLE = pytest.StashKey[Table]()
