"""What of a running app is kept: gathered in a moment, on the event loop, and written elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from bptui.app.pace import SPEEDS, Speed
from bptui.app.place import Place
from bptui.app.session.record import Look, Stand
from bptui.app.session.writing import digest, path_bytes
from bptui.core.breakpoints import Breakpoint
from bptui.core.snapshot import Snapshot
from bptui.core.timeline import Timeline


@dataclass(frozen=True)
class Standing:
    """Where a session stands; two that are equal need not both be written."""

    timeline: Timeline
    name: str
    place: Place
    breakpoints: tuple[tuple[Breakpoint, bool], ...]
    speed: Speed
    saved: Path | None
    look: Look
    snapshot: Snapshot | None = field(compare=False)
    """That of the place, where it is known."""
    touched: bool = field(default=True, compare=False)
    """Whether the user has done anything in it."""

    def stand(self, ended: bool) -> Stand:
        """The same as it is written down."""
        return Stand(
            ended=ended,
            name=self.name,
            step=self.place.step,
            position=self.place.position,
            digest=None if self.snapshot is None else digest(self.snapshot),
            breakpoints=[(str(each), on) for each, on in self.breakpoints],
            speed=str(self.speed),
            saved=path_bytes(self.saved),
            look=self.look,
            touched=self.touched,
        )


def speed_named(name: str) -> Speed | None:
    """The speed of that name; None where this version has none like it."""
    return next((each for each in SPEEDS if str(each) == name), None)
