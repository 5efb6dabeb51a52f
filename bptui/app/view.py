"""What the screen shows: one immutable value, from which every panel renders."""

from __future__ import annotations

from dataclasses import dataclass

from bptui.core.history import LossHistory
from bptui.core.snapshot import Snapshot


@dataclass(frozen=True, eq=False)
class View:
    """A snapshot and what surrounds it. ``losses`` only ever grows; ``played`` was its length."""

    snapshot: Snapshot
    losses: LossHistory
    played: int
    running: bool
    speed: str
    seeking: int | None = None
    """The step being sought, while that takes longer than a moment."""
    diverged_at: int | None = None
    """The first step whose loss is not finite."""

    @property
    def picture(self) -> object:
        """Equal for views that look the same in the panels."""
        return (self.snapshot, self.played)

    @property
    def operation(self) -> str:
        """Where within the step the view stands: between steps all operations are shown."""
        return "all operations"
