"""Loads the preset that a command names; ``-`` is TOML on standard input."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from bptui.cli.errors import Unusable

if TYPE_CHECKING:
    from bptui.core.experiment import Experiment

STDIN = "-"


def load_preset(name_or_file: str) -> Experiment:
    """The experiment, or :class:`Unusable` with the reason."""
    from bptui.core.errors import LARGEST_FILE
    from bptui.presets import PresetError, load, loads
    from bptui.presets.files import decoded
    from bptui.presets.folders import working_folder

    try:
        if name_or_file != STDIN:
            return load(name_or_file)
        if sys.stdin is None:
            raise Unusable("standard input is closed")
        text = decoded(sys.stdin.buffer.read(LARGEST_FILE + 1), "stdin")
        return loads(text, "stdin", working_folder())
    except PresetError as error:
        raise Unusable(str(error)) from None


def same_file(one: str, other: str) -> bool:
    """Whether both names lead to one and the same file."""
    with suppress(OSError, ValueError):
        return os.path.samefile(one, other)
    return False
