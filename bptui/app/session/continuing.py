"""Finds the last session and brings it back; offers one that ended without the user's doing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bptui.app.pace import DEFAULT, SPEEDS, Speed
from bptui.app.place import Place
from bptui.app.session.folder import SessionFile, last_session
from bptui.app.session.reading import SessionError, read
from bptui.app.session.record import Stand
from bptui.app.session.standing import speed_named
from bptui.core.breakpoints import Breakpoint, BreakpointError, parse
from bptui.core.timeline import Timeline
from bptui.presets.errors import printable


class NothingToContinueError(Exception):
    """There is no session that no app is working on."""


@dataclass(frozen=True, eq=False)
class Kept:
    """A session as it was kept, and its file, which is held for going on with it."""

    file: SessionFile
    stand: Stand
    timeline: Timeline
    breakpoints: Mapping[Breakpoint, bool]

    @property
    def place(self) -> Place:
        return Place(self.stand.step, self.stand.position)

    @property
    def speed(self) -> Speed:
        """The speed it had; the usual one where this version has none like it."""
        return speed_named(self.stand.speed) or SPEEDS[DEFAULT]

    @property
    def saved(self) -> Path | None:
        """The file that the experiment was saved as."""
        return None if self.stand.saved is None else Path(os.fsdecode(self.stand.saved))


def continued() -> Kept:
    """The session to go on with.

    Raises :class:`NothingToContinueError`, or :class:`SessionError` where its file is damaged; the
    message says which, and the file stays as it is.
    """
    while (found := last_session()) is not None:
        file = SessionFile.taken_over(found.path)
        if file is None:
            continue  # another app was quicker; now it is running
        try:
            stand, timeline = read(found.path)
            return Kept(file, stand, timeline, _breakpoints(stand, timeline, found.path))
        except SessionError:
            file.release()
            raise
    raise NothingToContinueError


def _breakpoints(stand: Stand, timeline: Timeline, path: Path) -> dict[Breakpoint, bool]:
    network = timeline.experiment.network
    try:
        return {parse(text, network): on for text, on in stand.breakpoints}
    except BreakpointError as error:
        raise SessionError(path, f"a damaged session ({error})") from None


def offer() -> str | None:
    """What to say of a session that ended unexpectedly; None where none did."""
    found = last_session()
    if found is None or not found.unexpected or found.stand is None:
        return None
    where = f"step {found.stand.step:,} of {printable(found.stand.name)}"
    return f"The last session ended unexpectedly at {where}: `bptui --resume` continues it."
