"""Presets: TOML files that describe an experiment, shipped with the program or written by users."""

from bptui.presets.errors import PresetError
from bptui.presets.files import load, loads

__all__ = ["PresetError", "load", "loads"]
