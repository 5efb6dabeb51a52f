"""Presets: TOML files that describe an experiment, shipped with the program or written by users."""

from bptui.presets.errors import PresetError
from bptui.presets.files import load, loads
from bptui.presets.listing import PresetEntry
from bptui.presets.shipped import shipped

__all__ = ["PresetEntry", "PresetError", "load", "loads", "shipped"]
