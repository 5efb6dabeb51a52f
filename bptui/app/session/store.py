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

from bptui.app.session.state import Resumed, SessionError, SessionState, read, read_state
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
PATIENCE, GLANCE = 0.3, 0.01
"""Seconds to wait for others that only look whether a lock is held: to take it, or to look, too."""
LOOK = 0.002
"""Seconds until another attempt."""


class NothingToContinueError(Exception):
    """There is no session to go on with; the message says why."""


class SessionFile:
    """A session's file, which no other app takes as long as this one holds its lock."""

    def __init__(self, path: Path, lock: int | None) -> None:
        self.path, self._lock = path, lock

    @classmethod
    def new(cls) -> SessionFile:
        """Return one that is not written yet. Raises :class:`OSError` where none can be."""
        folder = sessions_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"session-{secrets.token_hex(8)}.json"
        return cls(path, _locked(path))

    @classmethod
    def taken_over(cls, path: Path, patience: float = PATIENCE) -> SessionFile | None:
        """Return that of an app which has ended; None where it is still running."""
        deadline = time.monotonic() + patience
        while True:
            try:
                return cls(path, _locked(path))
            except BlockingIOError:
                if time.monotonic() > deadline:
                    return None
                time.sleep(LOOK)
            except OSError:  # a folder that can only be read: nothing is written there either
                return cls(path, None)

    def write(self, content: bytes) -> None:
        """Replace its contents, whole or not at all. Raises :class:`OSError`."""
        with written_whole(self.path, private=True) as stream:
            stream.buffer.write(content)

    def release(self, left: bool = True) -> None:
        """Leave it to others, or remove it where it is not to be ``left``."""
        if not left:
            _remove(self.path)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


class Continued(NamedTuple):
    """A session to go on with, and its file, which is held for that.

    ``problem``: what to say of a session that should have been continued rather than this one.
    """

    file: SessionFile
    session: Resumed
    problem: str | None = None


class Found(NamedTuple):
    """A session on disk; ``state`` is None where it cannot be read.

    ``held``: an app is working on it.
    """

    path: Path
    written: float
    state: SessionState | None
    held: bool

    @property
    def unexpected(self) -> bool:
        """Whether it ended without the user's doing, who had done something in it."""
        return self.state is not None and self.state.touched and not self.state.ended

    @property
    def order(self) -> tuple[int, float]:
        """The higher, the rather it is the one to continue.

        First the recent ones that ended unexpectedly, then all others, the last one first; at the
        end those in which nothing was done.
        """
        if self.state is not None and not self.state.touched:
            return 0, self.written
        return 1 + (self.unexpected and time.time() - self.written < RECENT), self.written


def sessions_folder() -> Path:
    """Return the user's; it need not exist. The environment's XDG_STATE_HOME is respected."""
    return user_state_path("bptui") / "sessions"


def sessions() -> list[Found]:
    """Return all that there are, in the order in which they are to be continued."""
    found = []
    for path in sessions_folder().glob("session-*.json"):
        with suppress(OSError):  # gone meanwhile
            state, free = None, SessionFile.taken_over(path, GLANCE)
            if free is not None:
                free.release()
            with suppress(SessionError):
                state = read_state(path)
            found.append(Found(path, path.stat().st_mtime, state, held=free is None))
    return sorted(found, key=lambda session: session.order, reverse=True)


def sessions_to_continue() -> list[Found]:
    """Return those that no app is working on."""
    return [found for found in sessions() if not found.held]


def continued() -> Continued:
    """Return the session to go on with; one that cannot be read is passed over, and stays.

    Raises :class:`NothingToContinueError`.
    """
    problems, held, file = list[str](), False, None
    for found in sessions():
        if found.held or (file := SessionFile.taken_over(found.path)) is None:
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
    """Return what to say of a session that ended unexpectedly; None where none did."""
    found = next(iter(sessions_to_continue()), None)
    if found is None or not found.unexpected or found.state is None:
        return None
    where = f"step {found.state.step:,} of {printable(found.state.name)}"
    return f"The last session ended unexpectedly at {where}: `bptui --resume` continues it."


def clear() -> None:
    """Remove what is too old to be continued: sessions but for the last ones, torn-off writes.

    What cannot be read stays: it may belong to another version.
    """
    readable = [found for found in sessions_to_continue() if found.state is not None]
    for found in readable[MOST:]:
        _remove(found.path)
    with suppress(OSError):
        for part in sessions_folder().glob(".bptui-*.part"):
            if time.time() - part.stat().st_mtime > RECENT:
                part.unlink()


def _lock_path(path: Path) -> Path:
    return path.with_suffix(".lock")


def _remove(path: Path) -> None:
    for file in (path, _lock_path(path)):
        with suppress(OSError):
            file.unlink()


def _locked(path: Path) -> int | None:
    """Return the descriptor that locks a session until the process ends, however that comes about.

    None where the system or its disk knows no locks. Raises :class:`BlockingIOError` where another
    has it, or :class:`OSError`.
    """
    if fcntl is None:
        return None
    descriptor = os.open(_lock_path(path), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
