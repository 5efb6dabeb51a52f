"""An export under way: what is written, how far it is, and whether it is still wanted."""

from __future__ import annotations

from dataclasses import dataclass

from bptui.app.screens.export.picture import Picture
from bptui.core.engine import Snapshot
from bptui.core.timeline import Timeline


@dataclass(frozen=True, eq=False)
class Shown:
    """What there is to export: what the app shows while the dialog is open.

    ``name`` is the preset's, that of its file once it was saved.
    """

    name: str
    timeline: Timeline
    snapshot: Snapshot


class StoppedError(Exception):
    """The user has stopped the export."""


class Job:
    """What one export writes. Written in one thread, watched and stopped from another.

    ``history`` is a timeline of its own to play, None unless it is the history that is written,
    of which it takes every ``every``-th step.
    """

    def __init__(
        self, shown: Shown, picture: Picture, every: int, history: Timeline | None = None
    ) -> None:
        self.shown, self.picture, self.every, self.history = shown, picture, every, history
        self.done = 0
        """Rows written so far."""
        self.stopped = False

    def tick(self, done: int) -> None:
        """Note how far it is; raises :class:`StoppedError` where it is not wanted any more."""
        self.done = done
        if self.stopped:
            raise StoppedError
