"""Where sessions lie: one file for each running app, held by a lock as long as the app lives.

Finds the one to continue, and says what there is to say of one that ended unexpectedly.
"""

from __future__ import annotations

import os
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from platformdirs import user_state_path

from bptui.app.session.state import Session, SessionError, SessionState, read, read_state
from bptui.atomic import written_whole
from bptui.presets.errors import printable

try:
    import fcntl
except ImportError:  # on Windows, where sessions are not locked
    fcntl = None  # type: ignore[assignment]  # every use asks for it

MOST = 8
"""Sessions that are kept beside those of running apps."""
RECENT = 24 * 3600.0
"""Seconds for which a session that ended unexpectedly goes before later ones that did not."""


class NothingToContinueError(Exception):
    """There is no session to go on with; the message says why."""


class SessionFile:
    """A session's file, which no other app takes as long as this one holds its lock."""

    def __init__(self, path: Path) -> None:
        """Take the file. Raises :class:`BlockingIOError` where an app is working on it."""
        self.path, self._lock = path, None if fcntl is None else _locked(_lock_of(path))

    @classmethod
    def new(cls) -> SessionFile:
        """Return one that is not written yet. Raises :class:`OSError` where none can be."""
        folder = sessions_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(folder / f"session-{secrets.token_hex(8)}.json")

    def write(self, content: bytes) -> None:
        """Replace its contents, whole or not at all. Raises :class:`OSError`."""
        with written_whole(self.path, private=True) as stream:
            stream.buffer.write(content)

    def remove(self) -> None:
        for file in (self.path, _lock_of(self.path)):
            with suppress(OSError):
                file.unlink()

    def release(self) -> None:
        """Leave it to others."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


class Continued(NamedTuple):
    """A session to go on with, and its file, which is held for that.

    ``problem``: what to say of a session that should have been continued rather than this one.
    """

    file: SessionFile
    session: Session
    problem: str | None = None


class Found(NamedTuple):
    """A session on disk; ``state`` is None where it cannot be read."""

    path: Path
    written: float
    state: SessionState | None

    @property
    def unexpected(self) -> bool:
        """Whether it ended lately, and not by the user's doing."""
        lost = self.state is not None and not self.state.ended
        return lost and time.time() - self.written < RECENT


def sessions_folder() -> Path:
    """Return the user's; it need not exist. The environment's XDG_STATE_HOME is respected."""
    return user_state_path("bptui") / "sessions"


def sessions() -> list[Found]:
    """Return all that there are, in the order in which they are to be continued."""
    found = []
    for path in sessions_folder().glob("session-*.json"):
        with suppress(OSError):  # gone meanwhile
            state = None
            with suppress(SessionError):
                state = read_state(path)
            found.append(Found(path, path.stat().st_mtime, state))
    return sorted(found, key=lambda each: (each.unexpected, each.written), reverse=True)


def continued() -> Continued:
    """Return the session to go on with; one that cannot be read is passed over, and stays.

    Raises :class:`NothingToContinueError`.
    """
    problems, held = list[str](), False
    for found in sessions():
        file = _taken(found.path)
        if file is None:
            held = True
            continue
        try:
            session = read(found.path)
        except SessionError as error:
            file.release()
            problems.append(str(error))
            continue
        before = "The last session cannot be continued; this is the one before it."
        return Continued(file, session, f"{before} {problems[0]}." if problems else None)
    reasons = problems[:1] + ["the last session is open in another terminal"] * held
    if not reasons:
        raise NothingToContinueError("there is no session to continue; `bptui` starts one")
    raise NothingToContinueError("; ".join([*reasons, "`bptui` starts a new one"]))


def offer() -> str | None:
    """Return what to say of a session that ended unexpectedly, once; None where none did."""
    for found in sessions():
        file = _taken(found.path)
        if file is not None:
            file.release()
            told = f"{found.path.name} {found.written}"
            if not found.unexpected or found.state is None or not _once("told-of", told):
                return None
            where = f"step {found.state.step:,} of {printable(found.state.name)}"
            return f"A session ended unexpectedly at {where}: `bptui --resume` continues it."
    return None


def first_start() -> bool:
    """Tell whether this user has never opened the app before, and remember that it was.

    Nobody is there to be told where tests run, as CI in the environment says.
    """
    return not os.environ.get("CI") and _once("opened-before", unsure=False)


def _once(about: str, this: str = "", unsure: bool = True) -> bool:
    """Tell whether something is to be said, and remember it; ``unsure`` where that cannot be."""
    note = sessions_folder().parent / about
    with suppress(OSError, UnicodeDecodeError):
        if note.exists() and note.read_text(encoding="utf-8") == this:
            return False
    try:
        note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        note.write_text(this, encoding="utf-8")
    except OSError:
        return unsure
    return True


def clear() -> None:
    """Remove what is too old to be continued: sessions but for the last ones, torn-off writes.

    What cannot be read stays: it may belong to another version.
    """
    readable = [each for each in sessions() if each.state is not None]
    for found in readable[MOST:]:
        if (file := _taken(found.path)) is not None:
            file.remove()
            file.release()
    with suppress(OSError):
        for part in sessions_folder().glob(".bptui-*.part"):
            if time.time() - part.stat().st_mtime > RECENT:
                part.unlink()


def _taken(path: Path) -> SessionFile | None:
    """Return a session's file; None where an app is working on it."""
    with suppress(BlockingIOError):
        return SessionFile(path)
    return None


def _lock_of(path: Path) -> Path:
    return path.with_suffix(".lock")


def _locked(path: Path) -> int | None:
    """Return the descriptor that locks a session until the process ends, however that comes about.

    None where the disk knows no locks, or the folder can only be read. Raises
    :class:`BlockingIOError` where another has it.
    """
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError:  # a folder in which nothing can be written either
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            raise
        return None
    return descriptor
