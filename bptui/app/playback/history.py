"""Places in time, and what undo and redo go back and forth between: branches of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct, field

from bptui.core.state import BUDGET
from bptui.core.timeline import Timeline

if TYPE_CHECKING:
    from bptui.app.playback.search import Hit
    from bptui.app.view import Curve

MOST_CHANGES = 100
"""Changes that can be undone, as long as what they hold fits into :data:`MOST_BYTES`."""
MOST_BYTES = 64 * 2**20


class Place(NamedTuple):
    """A step as a whole, or one of its operations.

    ``position`` counts them from 0; None is the whole step.
    """

    step: int
    position: int | None = None

    def walked(self, by: int, operations: int) -> Place:
        """Return the place one operation further, or back; every step has so many ``operations``.

        Before the first one of step 0 is step 0 as a whole.
        """
        position = (-1 if by > 0 else 0) if self.position is None else self.position
        count = self.step * operations + position + by
        return Place(0) if count < 0 else Place(*divmod(count, operations))


class Branch(Struct, eq=False):
    """A timeline and what was seen in it; ``place`` is where it was left.

    ``fork`` is whether an edit made it of the one before, so that their steps can be compared.
    """

    timeline: Timeline
    place: Place = Place(0)
    before: Curve | None = None
    """The losses of the branch that it was made of."""
    fork: bool = False
    hits: dict[int, Hit] = field(default_factory=dict)
    saved: Path | None = None
    """The file that it was saved as."""


class UndoHistory:
    """The current branch, those that can be gone back to and those that were undone."""

    def __init__(self, first: Branch) -> None:
        self.current = first
        self._past: list[Branch] = []
        self._future: list[Branch] = []

    @property
    def empty(self) -> bool:
        """Whether nothing was changed, not even what was undone since."""
        return not (self._past or self._future)

    def change(self, branch: Branch) -> None:
        """Go over to a new branch; what was undone is gone."""
        self._past = [*self._past, self.current][-MOST_CHANGES:]
        while len(past := self._past) > 1 and sum(b.timeline.held_bytes for b in past) > MOST_BYTES:
            del past[0]
        self._future = []
        self.current = branch

    def undo(self, here: Place, *, again: bool = False) -> Place | None:
        """Go back to the branch before, or forward ``again``; return the place to show, if any."""
        source, others = (self._future, self._past) if again else (self._past, self._future)
        if not source:
            return None
        left, self.current = self.current, source.pop()
        left.place = here
        others.append(left)
        later = left if source is self._past else self.current
        return here if later.fork else self.current.place

    def share_memory(self) -> None:
        """Give most of the memory to the current timeline, a part to all the others."""
        current = self.current.timeline
        timelines = {branch.timeline for branch in (*self._past, *self._future)} - {current}
        for timeline in timelines:
            timeline.rest(BUDGET // len(timelines))
        current.wake()
