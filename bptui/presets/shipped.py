"""The presets that come with the program: where they are, and what they are in a line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bptui.core.errors import UnusableError
from bptui.presets.build import network
from bptui.presets.errors import PresetError
from bptui.presets.parse import parse


@dataclass(frozen=True)
class Shipped:
    """A shipped preset: its name, network (``2-2-2 sigmoid``) and what is said about it.

    ``summary`` is the first line of the description.
    """

    name: str
    title: str
    network: str
    summary: str
    description: str
    source: str
    mistakes: tuple[str, ...]


def folder() -> Path:
    """Where they lie: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "shipped"
    return installed if installed.is_dir() else package.parent / "presets"


def shipped_file(name: str) -> Path | None:
    """The file of the shipped preset ``name``, or None."""
    return next((file for file in folder().glob("*.toml") if file.stem == name), None)


def shipped_names() -> list[str]:
    return sorted(file.stem for file in folder().glob("*.toml"))


def shipped() -> list[Shipped]:
    """All of them: worked examples from the literature first, then those made up here."""
    found = []
    for name in shipped_names():
        file = folder() / f"{name}.toml"
        preset, _ = parse(file.read_text(encoding="utf-8"), name)
        try:
            text = str(network(preset))
        except UnusableError as error:
            raise PresetError(name, error.key, error.found, error.expected) from None
        summary = preset.description.strip().partition("\n")[0].rstrip(".")
        entry = Shipped(
            name=name,
            title=preset.title or name,
            network=text,
            summary=summary,
            description=preset.description.strip(),
            source=preset.source.strip(),
            mistakes=tuple(preset.training.mistakes),
        )
        found.append((not preset.source, name, entry))
    return [entry for *_, entry in sorted(found, key=lambda each: each[:2])]
