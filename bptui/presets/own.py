"""The user's own presets: listed, duplicated, renamed, deleted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bptui.atomic import rename_without_replacing
from bptui.presets.errors import PresetError, printable
from bptui.presets.files import load
from bptui.presets.folders import own_file, own_files, shipped_names
from bptui.presets.listing import PresetEntry, entry
from bptui.presets.naming import COMMANDS, new_file
from bptui.presets.save import ExistsError, SaveError, save, sentence


def own_presets() -> list[PresetEntry]:
    """All of them, by name; what is no preset says what is wrong with it."""
    return [own_entry(file) for file in own_files()]


def own_entry(file: Path) -> PresetEntry:
    """What a list shows of ``file``, which need not be a preset."""
    known = unread(file)
    try:
        return replace(entry(file), note=known.note)
    except PresetError as error:
        place = f"{error.key}: " if error.key else ""
        return replace(known, wrong=f"{place}found {error.found}; expected {error.expected}")


def unread(file: Path) -> PresetEntry:
    """What the name of ``file`` alone tells."""
    name = printable(file.stem)
    note = ""
    if file.stem in COMMANDS:
        note = f"`bptui {name}` is a command; open this preset by its path."
    elif file.stem in shipped_names():
        note = f"`bptui {name}` opens the shipped preset; open this one by its path."
    return PresetEntry(name, file, title=name, note=note)


def duplicate(name_or_file: str, new_name: str) -> Path:
    """Copy a preset, shipped or not, to a new one of the user's own; its file.

    Comments are kept, and a CSV file is found from there too. Raises :class:`SaveError`, where
    there is a preset of that name already too.
    """
    file = new_file(new_name)
    try:
        experiment = load(name_or_file)
    except PresetError as error:
        raise SaveError(f"It cannot be duplicated: {error}.") from None
    try:
        save(experiment, file)
    except ExistsError:
        raise _taken(file) from None
    return file


def rename(name: str, new_name: str) -> Path:
    """Give a preset of the user's own another name; its file. Raises :class:`SaveError`."""
    old, new = _present(name), new_file(new_name)
    if old == new:
        return old
    try:
        rename_without_replacing(old, new)
    except FileExistsError:
        raise _taken(new) from None
    except OSError as error:
        raise SaveError(sentence(new, error)) from None
    return new


def delete(name: str) -> None:
    """Delete a preset of the user's own, for good. Raises :class:`SaveError`."""
    file = _present(name)
    try:
        file.unlink()
    except OSError as error:
        raise SaveError(sentence(file, error)) from None


def _present(name: str) -> Path:
    file = own_file(name)
    if file is None:
        raise SaveError(f"You have no preset named {printable(name)}.")
    return file


def _taken(file: Path) -> ExistsError:
    return ExistsError(f"You already have a preset named {printable(file.stem)}.")
