"""Files that appear whole or not at all, and when one was saved."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO


@contextmanager
def written_whole(path: Path, overwrite: bool = True, private: bool = False) -> Iterator[TextIO]:
    """Give the stream to write a regular file to, which is there once the block ends without error.

    Until then it is a hidden file beside ``path``, gone again after an error. A file that exists
    keeps its mode, a link stays a link. Without ``overwrite`` nothing is replaced, not even what
    appears meanwhile. A ``private`` file that is new nobody else may read, at no time. Raises
    :class:`OSError`, at once where nothing can be written.
    """
    path = Path(os.path.realpath(path))
    mode = path.stat().st_mode if path.exists() else None
    if mode is not None:
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(21, "is a directory", str(path))
        if not overwrite:
            raise FileExistsError(17, "exists", str(path))
        if not stat.S_ISREG(mode):
            raise OSError(22, "is a device or a pipe", str(path))
        if not os.access(path, os.W_OK):
            raise PermissionError(13, "permission denied", str(path))
    # not made of the name, which may be as long as a name can be
    temporary = path.with_name(f".bptui-{secrets.token_hex(6)}.part")
    try:
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
        descriptor = os.open(temporary, flags, 0o600 if private else 0o666)
        with open(descriptor, "w", encoding="utf-8", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if mode is not None:
            temporary.chmod(stat.S_IMODE(mode))
        if overwrite:
            os.replace(temporary, path)
        else:
            _rename_without_replacing(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _rename_without_replacing(old: Path, new: Path) -> None:
    """Rename ``old`` to ``new``; :class:`FileExistsError` where there is a ``new`` already.

    The name is taken first: os.rename would replace a file that appears at the last moment.
    """
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    try:
        os.replace(old, new)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def saved_at(file: Path) -> tuple[int, int] | None:
    """Return when a file was saved, in nanoseconds, and its size; None where it is not there."""
    with suppress(OSError):  # some editors put another file in its place
        found = file.stat()
        return found.st_mtime_ns, found.st_size
    return None
