"""Where presets lie: those that come with the program, and the user's own."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def shipped_folder() -> Path:
    """Return the folder inside the installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "shipped"
    return installed if installed.is_dir() else package.parent / "presets"


def shipped_names() -> list[str]:
    """Return the names of the shipped presets."""
    return sorted(file.stem for file in shipped_folder().glob("*.toml"))


def own_folder() -> Path:
    """Return the user's folder, which need not exist; XDG_DATA_HOME is respected."""
    from platformdirs import user_data_path  # needed by few commands

    return user_data_path("bptui") / "presets"


def own_files() -> list[Path]:
    """Return the files of the user's own presets by name, also those that cannot be read."""
    found = [file for file in own_folder().glob("*.toml") if not file.name.startswith(".")]
    return sorted(found, key=lambda file: (file.stem.casefold(), file.stem))


def own_names() -> list[str]:
    """Return the names of the user's own presets."""
    return [file.stem for file in own_files()]


def named_file(name: str) -> Path | None:
    """Return the file of the preset ``name``, shipped or else the user's own; None without one."""
    if name in shipped_names():
        return shipped_folder() / f"{name}.toml"
    return own_folder() / f"{name}.toml" if name in own_names() else None


def working_folder() -> Path:
    """Return where the program was started, or the user's home where that has been deleted."""
    for folder in (Path.cwd, Path.home):
        with suppress(OSError, RuntimeError):  # the last one where nobody's home is known
            return folder()
    return Path(os.sep)
