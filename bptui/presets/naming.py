"""Names for presets of the user's own, and what they type for a name or a file."""

from __future__ import annotations

import os
from pathlib import Path

from bptui.core.experiment import Experiment
from bptui.presets.files import looks_like_file
from bptui.presets.folders import own_file, own_folder, shipped_folder, shipped_names
from bptui.presets.origin import origin_of
from bptui.presets.save import SaveError, sentence, shown_path
from bptui.presets.working import working_folder

COMMANDS = ("check", "completion", "explain", "export", "gradcheck", "help", "list", "run")
"""Names that `bptui NAME` takes for a command."""
ENDING = ".toml"
_LONGEST = 255
"""Bytes in the name of a file."""


def new_file(name: str) -> Path:
    """Where the user's own preset ``name`` would lie; there may be one already.

    Raises :class:`SaveError` with the reason where none can have that name.
    """
    name = name.strip().removesuffix(ENDING)
    reason = _malformed(name)
    if name in shipped_names():
        reason = f"{name} is the name of a shipped preset."
    elif name in COMMANDS:
        reason = f"{name} is the name of a command."
    if reason:
        raise SaveError(reason)
    return own_folder() / f"{name}{ENDING}"


def _malformed(name: str) -> str:
    """Why no preset can have that name; empty where one can."""
    if not name:
        return "Enter a name."
    if os.sep in name or (os.altsep and os.altsep in name):
        return f"A name cannot contain {os.sep}."
    if not name.isprintable():
        return "A name cannot contain control characters."
    if name[0] in ".-":
        return f"A name cannot begin with {name[0]}."
    if len(os.fsencode(f"{name}{ENDING}")) > _LONGEST:
        return "The name is too long."
    return ""


def free_name(name: str) -> str:
    """``name``, or with a number after it, such that no preset has it."""
    number, candidate = 1, name
    while candidate in shipped_names() or candidate in COMMANDS or own_file(candidate) is not None:
        number += 1
        candidate = f"{name}-{number}"
    return candidate


def destination(typed: str) -> Path:
    """The file that people mean when they save under what they typed.

    A plain name is one of their own presets. Anything with a separator or ending in ``.toml`` is a
    path, whose ending may be left out. Raises :class:`SaveError` with the reason why nothing can be
    saved there.
    """
    typed = typed.strip()
    if not looks_like_file(typed):
        return new_file(typed)
    if typed == ENDING or typed.endswith((os.sep, os.sep + ENDING)):
        raise SaveError("Enter a name.")
    try:
        path = Path(typed).expanduser().absolute()
        if path.is_dir():
            raise SaveError(f"{shown_path(path)} is a folder.")
        # a file that was opened without an ending goes on without one
        whole = path.suffix == ENDING or path.is_file()
    except OSError as error:
        raise SaveError(sentence(Path(typed), error)) from None
    except (RuntimeError, ValueError):
        raise SaveError("No file can have this name.") from None
    return path if whole else path.with_name(path.name + ENDING)


def proposed(experiment: Experiment, file: Path | None = None) -> str:
    """What to save it under unless the user says otherwise, as they would type it.

    The ``file`` it was saved as before, or the one it was read from if that is theirs, else a name
    that is free.
    """
    origin = origin_of(experiment)
    if file is None and origin is not None and origin.file is not None:
        file = _absolute(origin.file)
    if file is None or file.parent == shipped_folder():
        name = experiment.name
        return free_name("mine" if _malformed(name) else name)
    if file.parent == own_folder():
        return file.stem
    try:
        typed = os.path.relpath(file)
    except OSError:  # the folder that the program was started in is gone
        typed = os.pardir
    if typed.startswith(os.pardir):
        typed = shown_path(file)
    return typed if looks_like_file(typed) else os.path.join(os.curdir, typed)


def _absolute(file: Path) -> Path:
    try:
        return file.absolute()
    except OSError:  # as above
        return working_folder() / file
