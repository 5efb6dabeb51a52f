"""The presets that come with the program."""

from __future__ import annotations

from bptui.presets.folders import shipped_folder
from bptui.presets.listing import PresetEntry, entry


def shipped() -> list[PresetEntry]:
    """All of them: worked examples from the literature first, then those made up here."""
    entries = [entry(file) for file in shipped_folder().glob("*.toml")]
    return sorted(entries, key=lambda each: (not each.source, each.name))
