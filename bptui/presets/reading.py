"""File -> text of a preset."""

from __future__ import annotations

import stat
from pathlib import Path

from bptui.core.errors import LARGEST_FILE
from bptui.presets.errors import PresetError


def read(file: Path, name: str) -> str:
    """The text in ``file``, which error messages call ``name``."""
    try:
        mode = file.stat().st_mode
        # what the shell makes of <(...) has somebody who writes; to open other pipes may take
        # for ever, and some devices never end
        if stat.S_ISREG(mode) or stat.S_ISDIR(mode) or file.is_relative_to("/dev/fd"):
            with file.open("rb") as stream:
                return decoded(stream.read(LARGEST_FILE + 1), name)
        reason = "not a regular file; - reads standard input"
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
    except ValueError:
        reason = "not a valid file name"
    raise PresetError(name, "", f"a file that cannot be read ({reason})", "a preset in TOML")


def decoded(data: bytes, file: str) -> str:
    """The text of a preset file, byte order mark and line ends as they are."""
    if len(data) > LARGEST_FILE:
        raise too_large(file)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PresetError(
            file, "", f"bytes that are not UTF-8, at offset {error.start}", "a preset in TOML"
        ) from None


def too_large(file: str) -> PresetError:
    return PresetError(
        file, "", f"more than {LARGEST_FILE:,} bytes", f"a preset of at most {LARGEST_FILE:,} bytes"
    )
