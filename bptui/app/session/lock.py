"""The lock beside a session's file: whose it is, as long as that process lives."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

PATIENCE = 0.5
"""Seconds to wait for others that only look whether the lock is held."""
LOOK = 0.002
"""Seconds until another attempt."""
LONGEST_NUMBER = 20


def lock_path(path: Path) -> Path:
    return path.with_suffix(".lock")


def locked(path: Path) -> int | None:
    """The descriptor that holds the lock, which ends with the process, however that ends.

    None where the system or its disk knows no locks. Raises :class:`BlockingIOError` where another
    app has it, or :class:`OSError`.
    """
    try:
        import fcntl  # noqa: F401  not on Windows
    except ImportError:
        return None
    deadline = time.monotonic() + PATIENCE
    while True:
        descriptor = os.open(lock_path(path), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            # the one who had it may have removed the file after it was opened here
            if _took(descriptor) and _is_at(lock_path(path), descriptor):
                _sign(descriptor)
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            raise
        except OSError:
            os.close(descriptor)
            return None
        os.close(descriptor)
        if time.monotonic() > deadline:
            raise BlockingIOError
        time.sleep(LOOK)


def _took(descriptor: int) -> bool:
    """Whether the lock is ours now; False while others only look at it, as :func:`owner` does.

    Raises :class:`BlockingIOError` where another app has it.
    """
    import fcntl

    with suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return False


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _sign(descriptor: int) -> None:
    """Write down the number of the process."""
    with suppress(OSError):  # on a full disk, say: it is for a message only
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())


def unlock(path: Path, descriptor: int) -> None:
    """Give up the lock that ``descriptor`` holds."""
    with suppress(OSError):
        lock_path(path).unlink()
    os.close(descriptor)


def owner(path: Path) -> int | None:
    """The number of the process whose session it is, 0 if it is unknown; None: of none that lives.

    Looks without taking the lock from anybody.
    """
    try:
        import fcntl

        descriptor = os.open(lock_path(path), os.O_RDONLY | os.O_CLOEXEC)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        number = os.read(descriptor, LONGEST_NUMBER).strip()
        return int(number) if number.isdigit() else 0
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return None
