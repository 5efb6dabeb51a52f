"""A place in time: a step as a whole, or one of its operations; and the places next to it."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """``position`` counts a step's operations from 0; None is the whole step."""

    step: int
    position: int | None = None

    def next(self, operations: int) -> Place:
        """One operation further; every step has so many ``operations``."""
        if self.position is None:
            return Place(self.step, 0)
        if self.position < operations - 1:
            return Place(self.step, self.position + 1)
        return Place(self.step + 1, 0)

    def previous(self, operations: int) -> Place:
        """One operation back; before the first of step 0 is step 0 as a whole."""
        if self.position:
            return Place(self.step, self.position - 1)
        if self.step:
            return Place(self.step - 1, operations - 1)
        return Place(0)

    def moved(self, by: int) -> Place:
        """So many steps further, a whole step, not before step 0."""
        return Place(max(self.step + by, 0))
