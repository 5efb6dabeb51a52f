"""The dialog of presets: found as one types, looked at before they are opened."""

from bptui.app.screens.presets.new import NEW, New
from bptui.app.screens.presets.screen import PresetScreen

__all__ = ["NEW", "New", "PresetScreen"]
