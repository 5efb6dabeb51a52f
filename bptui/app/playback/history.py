"""Places in time, and what undo and redo go back and forth between."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct, field

from bptui.core.state import BUDGET
from bptui.core.timeline import Timeline

if TYPE_CHECKING:
    from bptui.app.playback.search import Hit
    from bptui.app.view import Curve


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


MOST_CHANGES = 100
"""Changes that can be undone, as long as what they hold fits into :data:`MOST_BYTES`."""
MOST_BYTES = 64 * 2**20


class Course(Struct, eq=False):
    """A timeline and what was seen in it; ``place`` is where it was left.

    ``fork`` is whether an edit made it of the one before, so that their steps can be compared.
    """

    timeline: Timeline
    place: Place = Place(0)
    before: Curve | None = None
    fork: bool = False
    hits: dict[int, Hit] = field(default_factory=dict)
    saved: Path | None = None
    """The file that it was saved as."""


class Courses:
    """The current course, those that can be gone back to and those that were undone."""

    def __init__(self, first: Course) -> None:
        self.current = first
        self._past: list[Course] = []
        self._future: list[Course] = []

    def change(self, course: Course) -> None:
        """Go over to a new course; what was undone is gone."""
        self._past = [*self._past, self.current][-MOST_CHANGES:]
        while len(self._past) > 1 and self._held_bytes() > MOST_BYTES:
            del self._past[0]
        self._future = []
        self.current = course

    def _held_bytes(self) -> int:
        return sum(each.timeline.held_bytes for each in self._past)

    def undo(self, here: Place) -> Place | None:
        """Go back to the course before; the place to show in it, None where there is none."""
        if not self._past:
            return None
        left, before = self.current, self._past.pop()
        left.place = here
        self._future.append(left)
        self.current = before
        return here if left.fork else before.place

    def redo(self, here: Place) -> Place | None:
        """Go forward again; the place to show, None where nothing was undone."""
        if not self._future:
            return None
        left, after = self.current, self._future.pop()
        left.place = here
        self._past.append(left)
        self.current = after
        return here if after.fork else after.place

    def settle(self) -> None:
        """Share out the memory: most to the current timeline, a part to all the others."""
        others = {id(each): each for each in self._timelines() if each is not self.current.timeline}
        for each in others.values():
            each.rest(BUDGET // len(others))
        self.current.timeline.wake()

    def _timelines(self) -> list[Timeline]:
        return [each.timeline for each in (*self._past, *self._future)]
