"""Finds the last session and brings it back; offers one that ended without the user's doing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bptui.app.pace import DEFAULT, SPEEDS, Speed
from bptui.app.place import Place
from bptui.app.session.folder import SessionFile, owners, sessions_to_continue
from bptui.app.session.reading import DamagedSessionError, SessionError, read
from bptui.app.session.record import Stand
from bptui.app.session.standing import speed_named
from bptui.core.breakpoints import Breakpoint, BreakpointError, parse
from bptui.core.timeline import Timeline
from bptui.presets.errors import printable


class NothingToContinueError(Exception):
    """There is no session to go on with; the message says why."""


@dataclass(frozen=True, eq=False)
class Kept:
    """A session as it was kept, and its file, which is held for going on with it.

    ``problem``: what to say of a session that should have been continued rather than this one.
    """

    file: SessionFile
    stand: Stand
    timeline: Timeline
    breakpoints: Mapping[Breakpoint, bool]
    problem: str | None = None

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
    """The session to go on with; one that cannot be read is passed over, and stays as it is.

    Raises :class:`NothingToContinueError`.
    """
    problems = []
    for found in sessions_to_continue():
        file = SessionFile.taken_over(found.path)
        if file is None:
            continue  # another app was quicker; now it is running
        try:
            stand, timeline = read(found.path)
            breakpoints = _breakpoints(stand, timeline, found.path)
        except SessionError as error:
            file.release()
            problems.append(str(error))
            continue
        before = "The last session cannot be continued; this is the one before."
        said = f"{before} {problems[0]}." if problems else None
        return Kept(file, stand, timeline, breakpoints, said)
    raise NothingToContinueError(_why_none(problems))


def _why_none(problems: list[str]) -> str:
    """Why there is no session to continue; ``problems`` are of files that cannot be read."""
    reasons, running = problems[:1], owners()
    if running:
        known = ", ".join(f"process {each}" for each in running if each)
        reasons.append(f"the last session is open in another terminal{known and f' ({known})'}")
    if not reasons:
        return "there is no session to continue; `bptui` begins one"
    return "; ".join([*reasons, "`bptui` begins a new one"])


def _breakpoints(stand: Stand, timeline: Timeline, path: Path) -> dict[Breakpoint, bool]:
    network = timeline.experiment.network
    try:
        return {parse(text, network): on for text, on in stand.breakpoints}
    except BreakpointError as error:
        raise DamagedSessionError(path, error) from None


def offer() -> str | None:
    """What to say of a session that ended unexpectedly; None where none did."""
    found = next(iter(sessions_to_continue()), None)
    if found is None or not found.unexpected or found.stand is None:
        return None
    where = f"step {found.stand.step:,} of {printable(found.stand.name)}"
    return f"The last session ended unexpectedly at {where}: `bptui --resume` continues it."
