"""Where sessions lie: one file for each running app, held by a lock as long as the app lives."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bptui.app.session.lock import lock_path, locked, owner, unlock
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
        return cls(path, locked(path))

    @classmethod
    def taken_over(cls, path: Path) -> SessionFile | None:
        """That of an app which has ended; None where it is still running."""
        try:
            return cls(path, locked(path))
        except BlockingIOError:
            return None
        except OSError:  # a folder that can only be read: nothing is written there either
            return cls(path, None)

    def write(self, pieces: Iterable[bytes]) -> None:
        """Replace its contents, whole or not at all. Raises :class:`OSError`."""
        with written_whole(self.path, private=True) as stream:
            stream.buffer.writelines(pieces)

    def release(self, left: bool = True) -> None:
        """Leave it to others, or remove it where it is not to be ``left``."""
        with suppress(OSError):
            if not left:
                self.path.unlink(missing_ok=True)
        if self._lock is not None:
            unlock(self.path, self._lock)
            self._lock = None


@dataclass(frozen=True)
class Found:
    """A session that no app is working on; ``stand`` is None where it cannot be read."""

    path: Path
    written: float
    stand: Stand | None

    @property
    def unexpected(self) -> bool:
        """Whether it ended without the user's doing, who had done something in it."""
        return self.stand is not None and self.stand.touched and not self.stand.ended

    @property
    def rank(self) -> int:
        """The higher, the rather it is the one to continue."""
        if self.stand is not None and not self.stand.touched:
            return 0
        return 2 if self.unexpected and time.time() - self.written < RECENT else 1


def sessions_to_continue() -> list[Found]:
    """In the order of preference.

    First the recent ones that ended unexpectedly, then all others, the last one first; at the end
    those in which nothing was done.
    """
    return sorted(_sessions(sessions_folder()), key=lambda each: (-each.rank, -each.written))


def owners() -> list[int]:
    """The numbers of the processes that have a session open; 0 for one that is unknown."""
    found = [owner(path) for path in _paths(sessions_folder())]
    return sorted(each for each in found if each is not None)


def _sessions(folder: Path) -> list[Found]:
    """Those that no app is working on."""
    found = []
    for path in _paths(folder):
        with suppress(OSError):  # gone meanwhile
            if owner(path) is None:
                written, stand = path.stat().st_mtime, None
                with suppress(SessionError):
                    stand = read_stand(path)
                found.append(Found(path, written, stand))
    return found


def _paths(folder: Path) -> list[Path]:
    try:
        return [each for each in folder.iterdir() if _is_named_like_one(each)]
    except OSError:
        return []


def _is_named_like_one(path: Path) -> bool:
    return path.name.startswith("session-") and path.suffix == ".json"


def clear(folder: Path) -> None:
    """Remove what is too old to be continued: sessions but for the last ones, torn-off writes.

    What cannot be read stays: it may belong to a later version.
    """
    readable = [each for each in sessions_to_continue() if each.stand is not None]
    for each in readable[MOST:]:
        with suppress(OSError):
            each.path.unlink()
            lock_path(each.path).unlink(missing_ok=True)
    with suppress(OSError):
        for part in folder.glob(".bptui-*.part"):
            if time.time() - part.stat().st_mtime > RECENT:
                part.unlink()
