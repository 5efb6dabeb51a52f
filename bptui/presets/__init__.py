"""Presets: TOML files that describe an experiment, shipped with the program or written by users."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bptui.presets.errors import PresetError
    from bptui.presets.files import load, loads

__all__ = ["PresetError", "load", "loads"]


def __getattr__(name: str) -> object:
    """Load what is used: completing the names of presets needs no numpy."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.files"), name)
