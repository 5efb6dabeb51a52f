"""Names of exported files: what is proposed, what is typed, and opening them safely."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from bptui.atomic import written_whole
from bptui.presets.folders import working_folder
from bptui.presets.save import ExistsError, SaveError, sentence, shown_path

LONGEST = 60
"""Characters of a preset's name in the names of files."""


def stem_of(name: str) -> str:
    """The name of a preset as the beginning of a file's."""
    return re.sub(r"[^\w.+-]+", "-", name).strip("-.")[:LONGEST] or "network"


def file_of(typed: str, ending: str) -> Path:
    """The file that people mean; ``ending`` is added where it has another one.

    Raises :class:`SaveError` with the reason why there can be no such file.
    """
    typed = typed.strip()
    if not typed or typed.endswith(os.sep):
        raise SaveError("Enter a name.")
    if not typed.isprintable():
        raise SaveError("A name cannot contain control characters.")
    try:
        path = working_folder() / Path(typed).expanduser()
        if path.name.lower() == ending:
            raise SaveError("Enter a name.")
        if not path.is_dir() and path.suffix.lower() != ending:
            path = path.with_name(path.name + ending)
        if path.is_dir():
            raise SaveError(f"{shown_path(path)} is a folder.")
    except OSError as error:
        raise SaveError(sentence(Path(typed), error)) from None
    except (RuntimeError, ValueError):
        raise SaveError("No file can have this name.") from None
    return path


def same_file(path: Path, own: Path | None) -> bool:
    """Whether both are one file, which exists."""
    try:
        return own is not None and path.samefile(own)
    except OSError:
        return False


@contextmanager
def opened(path: Path, overwrite: bool) -> Iterator[TextIO]:
    """The stream to write ``path`` to, which appears whole or not at all.

    Without ``overwrite`` a file that is there, or appears meanwhile, raises :class:`ExistsError`;
    whatever else goes wrong with the file :class:`SaveError`.
    """
    try:
        with written_whole(path, overwrite) as stream:
            yield stream
    except FileExistsError:
        raise ExistsError(f"{shown_path(path)} already exists.") from None
    except OSError as error:
        raise SaveError(sentence(path, error)) from None
    except UnicodeEncodeError:  # half a character in what is written
        raise SaveError("No file can have these contents.") from None
