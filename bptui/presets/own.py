"""The user's own presets and the shipped ones: listed, named, deleted."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

from bptui import COMMANDS
from bptui.core.experiment import Experiment
from bptui.presets.build import counted, network, origin_of
from bptui.presets.errors import PresetError, blamed_on, cleaned, printable
from bptui.presets.files import looks_like_file, parse, text_of
from bptui.presets.folders import (
    own_files,
    own_folder,
    own_names,
    shipped_folder,
    shipped_names,
    working_folder,
)
from bptui.presets.save import SaveError, file_at, sentence, shown_path
from bptui.presets.schema import DataTable, TrainingTable

ENDING = ".toml"


@dataclass(frozen=True)
class PresetEntry:
    """A preset in a list: its name, what it is in a few words, and what is said about it.

    All texts are fit to be shown in a terminal; only ``file`` has the name as it really is.
    ``summary`` is the first line of the description. ``wrong`` says what is wrong with a file that
    is no preset, ``note`` what one should know of its name; they are empty for all others.
    """

    name: str
    file: Path
    title: str
    network: str = ""
    training: str = ""
    data: str = ""
    summary: str = ""
    description: str = ""
    source: str = ""
    mistakes: tuple[str, ...] = ()
    wrong: str = ""
    note: str = ""


def entry(file: Path) -> PresetEntry:
    """Return the entry of ``file``; raises :class:`PresetError`. Its samples are not looked at."""
    with blamed_on(file.stem):
        preset, _ = parse(text_of(file))
        text = str(network(preset))
    name, description = printable(file.stem), cleaned(preset.description).strip()
    return PresetEntry(
        name=name,
        file=file,
        title=_one_line(preset.title or "") or name,
        network=text,
        training=_training(preset.training),
        data=_data(preset.data),
        summary=description.partition("\n")[0].rstrip("."),
        description=description,
        source=_one_line(preset.source),
        mistakes=tuple(map(printable, preset.training.mistakes)),
    )


def _training(table: TrainingTable) -> str:
    """Return ``half squared error, sgd 0.5, batches of 16``."""
    parts = [table.loss.replace("_", " "), f"{table.optimizer} {table.learning_rate:g}"]
    parts += [f"batches of {table.batch_size}"] if table.batch_size else []
    return printable(", ".join([*parts, counted(table.steps, "step")]))


def _data(table: DataTable) -> str:
    """Return ``4 samples``, ``circles``, ``iris.csv``; and the share of test samples."""
    made = counted(len(table.inputs), "sample") if table.inputs else table.dataset or table.csv
    tests = f", {table.test_fraction:.0%} test samples" if table.test_fraction else ""
    return printable(f"{made or ''}{tests}")


def _one_line(text: str) -> str:
    """Return ``text`` fit to be shown, its lines joined."""
    return " ".join(cleaned(text).split("\n")).strip()


def shipped() -> list[PresetEntry]:
    """Return all shipped ones: worked examples from the literature first."""
    entries = [entry(file) for file in shipped_folder().glob(f"*{ENDING}")]
    return sorted(entries, key=lambda entry: (not entry.source, entry.name))


def own_presets() -> list[PresetEntry]:
    """Return all of the user's, by name; what is no preset says what is wrong with it."""
    entries = []
    for file in own_files():
        name, note = printable(file.stem), ""
        if file.stem in COMMANDS:
            note = f"`bptui {name}` is a command; open this preset by its path."
        elif file.stem in shipped_names():
            note = f"`bptui {name}` opens the shipped preset; open this one by its path."
        try:
            found = entry(file)
        except PresetError as error:
            place = f"{error.key}: " if error.key else ""
            wrong = f"{place}found {error.found}; expected {error.expected}"
            found = PresetEntry(name, file, title=name, wrong=wrong)
        entries.append(replace(found, note=note))
    return entries


def new_file(name: str) -> Path:
    """Return where the user's own preset ``name`` would lie; there may be one already.

    Raises :class:`SaveError` with the reason where none can have that name.
    """
    name = name.strip().removesuffix(ENDING)
    for wrong, reason in (
        (os.path.basename(name) != name, f"A name cannot contain {os.sep}."),
        (name[:1] in (".", "-"), f"A name cannot begin with {name[:1]}."),
        (name in shipped_names(), f"{name} is the name of a shipped preset."),
        (name in COMMANDS, f"{name} is the name of a command."),
    ):
        if wrong:
            raise SaveError(reason)
    return file_at(os.path.join(own_folder(), name + ENDING), ENDING)


def free_name(name: str) -> str:
    """Return ``name``, or with a number after it, such that no preset has it."""
    taken = {*COMMANDS, *shipped_names(), *own_names()}
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(candidate for candidate in names if candidate not in taken)


def destination(typed: str) -> Path:
    """Return the file that people mean when they save under what they typed.

    A plain name is one of their own presets. Anything with a separator or ending in ``.toml`` is a
    path, whose ending may be left out. Raises :class:`SaveError` with the reason why nothing can be
    saved there.
    """
    typed = typed.strip()
    return file_at(typed, ENDING) if looks_like_file(typed) else new_file(typed)


def proposed(experiment: Experiment, file: Path | None = None) -> str:
    """Return what to save it under unless the user says otherwise, as they would type it.

    The ``file`` it was saved as before, or the one it was read from if that is theirs, else a name
    that is free.
    """
    origin = origin_of(experiment)
    if file is None and origin is not None and origin.file is not None:
        file = working_folder() / origin.file
    if file is None or file.parent == shipped_folder():
        try:
            return new_file(free_name(experiment.name)).stem
        except SaveError:
            return free_name("mine")
    if file.parent == own_folder():
        return file.stem
    here = working_folder()
    typed = str(file.relative_to(here)) if file.is_relative_to(here) else shown_path(file)
    return typed if looks_like_file(typed) else os.path.join(os.curdir, typed)


def delete(file: Path) -> None:
    """Delete a preset of the user's own, for good. Raises :class:`SaveError`."""
    try:
        file.unlink()
    except OSError as error:
        raise SaveError(sentence(file, error)) from None
