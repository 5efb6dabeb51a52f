"""Where sessions lie: one file for each running app, held by a lock as long as the app lives."""

from __future__ import annotations

import os
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bptui.app.session.reading import SessionError, read_stand
from bptui.app.session.record import Stand
from bptui.atomic import written_whole

MOST = 8
"""Sessions that are kept beside those of running apps."""
RECENT = 24 * 3600.0
"""Seconds for which a session that ended unexpectedly goes before later ones that did not."""


def sessions_folder() -> Path:
    """The user's; it need not exist. The environment's XDG_STATE_HOME is respected."""
    from platformdirs import user_state_path

    return user_state_path("bptui") / "sessions"


class SessionFile:
    """A session's file, which no other app takes as long as this one holds it."""

    def __init__(self, path: Path, lock: int | None) -> None:
        self.path, self._lock = path, lock

    @classmethod
    def new(cls) -> SessionFile:
        """One that is not written yet. Raises :class:`OSError` where none can be."""
        folder = sessions_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"session-{secrets.token_hex(8)}.json"
        return cls(path, _locked(path))

    @classmethod
    def taken_over(cls, path: Path) -> SessionFile | None:
        """That of an app which has ended; None where it is still running."""
        try:
            return cls(path, _locked(path))
        except BlockingIOError:
            return None
        except OSError:  # a folder that can only be read: nothing is written there either
            return cls(path, None)

    def write(self, lines: list[bytes]) -> None:
        """Replace its contents, whole or not at all. Raises :class:`OSError`."""
        with written_whole(self.path, private=True) as stream:
            for line in lines:
                stream.write(line.decode("utf-8"))
                stream.write("\n")

    def release(self) -> None:
        """Leave it to others."""
        if self._lock is not None:
            with suppress(OSError):
                _lock_path(self.path).unlink()
            os.close(self._lock)
            self._lock = None


def _lock_path(path: Path) -> Path:
    return path.with_suffix(".lock")


def _locked(path: Path) -> int | None:
    """The descriptor that holds the lock, which ends with the process, however that ends.

    None where the system or its disk knows no locks. Raises :class:`BlockingIOError` where another
    app has it, or :class:`OSError`.
    """
    try:
        import fcntl  # not on Windows
    except ImportError:
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


def _is_running(path: Path) -> bool:
    """Whether the app is alive whose session it is."""
    if not _lock_path(path).exists():
        return False
    try:
        descriptor = _locked(path)
    except OSError as error:
        return isinstance(error, BlockingIOError)
    if descriptor is not None:
        os.close(descriptor)
    return False


@dataclass(frozen=True)
class Found:
    """A session that no app is working on; ``stand`` is None where it cannot be read."""

    path: Path
    written: float
    stand: Stand | None

    @property
    def unexpected(self) -> bool:
        """Whether it ended without the user's doing."""
        return self.stand is not None and not self.stand.ended


def last_session() -> Found | None:
    """The one to continue: the last of all, or a recent one that ended unexpectedly."""
    found = _sessions(sessions_folder())
    recent = [each for each in found if each.unexpected and time.time() - each.written < RECENT]
    return next(iter([*recent, *found]), None)


def _sessions(folder: Path) -> list[Found]:
    """Those that no app is working on, the last one first."""
    found = []
    try:
        paths = [each for each in folder.iterdir() if _is_named_like_one(each)]
    except OSError:
        return []
    for path in paths:
        with suppress(OSError):  # gone meanwhile
            if not _is_running(path):
                written, stand = path.stat().st_mtime, None
                with suppress(SessionError):
                    stand = read_stand(path)
                found.append(Found(path, written, stand))
    return sorted(found, key=lambda each: each.written, reverse=True)


def _is_named_like_one(path: Path) -> bool:
    return path.name.startswith("session-") and path.suffix == ".json"


def clear(folder: Path) -> None:
    """Remove what is too old to be continued: sessions but for the last ones, torn-off writes.

    What cannot be read stays: it may belong to a later version.
    """
    readable = [each for each in _sessions(folder) if each.stand is not None]
    for each in readable[MOST:]:
        with suppress(OSError):
            each.path.unlink()
            _lock_path(each.path).unlink(missing_ok=True)
    with suppress(OSError):
        for part in folder.glob(".bptui-*.part"):
            if time.time() - part.stat().st_mtime > RECENT:
                part.unlink()
