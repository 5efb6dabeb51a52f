"""Experiment -> preset file: the words that build the same numbers again, and writing it safely."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

import numpy as np
from msgspec import convert, to_builtins
from msgspec.structs import replace

from bptui.atomic import written_whole
from bptui.core.arrays import Array
from bptui.core.data import Data, split
from bptui.core.errors import UnusableError, reason_of
from bptui.core.experiment import Experiment
from bptui.core.network import Network
from bptui.presets import build
from bptui.presets.build import Origin, origin_of
from bptui.presets.errors import PresetError, cleaned, printable
from bptui.presets.files import loads, parse
from bptui.presets.folders import own_folder, working_folder
from bptui.presets.schema import (
    DataTable,
    InitTable,
    NetworkTable,
    ParametersTable,
    PresetFile,
    TrainingTable,
)
from bptui.presets.toml_text import laid_out, rewritten


class SaveError(Exception):
    """A preset that could not be saved; the message is one sentence. Nothing was written."""


class ExistsError(SaveError):
    """There is a file of that name, which was not to be overwritten."""


def save(experiment: Experiment, path: Path, overwrite: bool = False) -> None:
    """Write ``experiment`` as the preset file ``path``; raises :class:`SaveError`."""
    write(path, document(experiment, path.parent), overwrite)


def document(experiment: Experiment, folder: Path | None = None) -> str:
    """Return the TOML text of ``experiment`` for a file in ``folder``, or where it came from.

    Where it came from a text, what is unchanged is kept byte by byte. Raises :class:`SaveError`
    unless the text loads to the same experiment, bit by bit.
    """
    origin = origin_of(experiment)
    home = origin.folder if origin else working_folder()
    try:
        table = _with_csv_found_from(folder or home, table_of(experiment), origin)
    except OSError:  # a relative path, and the folder that it began in is gone
        raise SaveError("The folder of its CSV file no longer exists.") from None
    text = preset_text(table, origin)
    try:
        again = loads(text, experiment.name, folder or home)
    except PresetError as error:
        raise SaveError(f"It cannot be saved as a preset: {error}.") from None
    if not same_experiment(again, experiment):
        raise SaveError(
            f"{printable(table.data.csv)} has changed since it was read: "
            "the preset would have different samples."
            if table.data.csv is not None
            else "The preset would not have the same numbers."
        )
    return text


def preset_text(table: PresetFile, origin: Origin | None) -> str:
    """Return a preset as TOML, with all that is unchanged of the text that it came from."""
    if origin and origin.text:
        return rewritten(origin.text, parse(origin.text)[0], table)
    return laid_out(table)


def _with_csv_found_from(folder: Path, table: PresetFile, origin: Origin | None) -> PresetFile:
    """Return ``table`` with its CSV file by a path that leads there from ``folder`` too."""
    if origin is None or table.data.csv is None:
        return table
    here, there = folder.resolve(), origin.folder.resolve()
    if here == there or Path(table.data.csv).is_absolute():
        return table
    file = Path(os.path.abspath(there / table.data.csv))
    name = file.relative_to(here) if file.is_relative_to(here) else file
    return replace(table, data=replace(table.data, csv=str(name)))


def same_experiment(one: Experiment, other: Experiment) -> bool:
    """Return whether all that determines a run is the same to the last bit: -0.0 is not 0.0."""
    return _determining(one) == _determining(other)


def _determining(experiment: Experiment) -> tuple[object, ...]:
    training, start = experiment.training, experiment.start
    numbers = (training.learning_rate, training.l2, *dict(training.settings).values())
    return (
        *(experiment.network, training, np.array(numbers, dtype=float).tobytes()),
        *(_bits(start.weights), _bits(start.biases), _bits(experiment.data.arrays)),
    )


def _bits(arrays: Sequence[Array] | None) -> object:
    return None if arrays is None else [(array.shape, array.tobytes()) for array in arrays]


def table_of(experiment: Experiment) -> PresetFile:
    """Return the preset of ``experiment``, of which ``build.experiment`` makes the same bits.

    What is still as it was in the preset that the experiment came from keeps that preset's words: a
    seed stays a seed, a CSV file a CSV file. All else is written out in numbers.
    """
    origin, start = origin_of(experiment), experiment.start
    given = PresetFile(NetworkTable([]), DataTable()) if origin is None else origin.table
    title = None if experiment.title in ("", experiment.name) else experiment.title
    weights, biases, init = given.parameters.weights, given.parameters.biases, given.init
    if origin is None or _bits(start.weights) != _bits(origin.start.weights):
        init = init if weights else InitTable()  # what was there beside given ones stays
        weights = [matrix.tolist() for matrix in start.weights]
    if origin is None or _bits(start.biases) != _bits(origin.start.biases):
        biases = None if start.biases is None else [vector.tolist() for vector in start.biases]
    return PresetFile(
        network=_network(experiment.network, given),
        data=_data(experiment.data, origin),
        title=title if given.title is None else _text(experiment.title, given.title),
        description=_text(experiment.description, given.description),
        source=_text(experiment.source, given.source),
        parameters=ParametersTable(weights, biases),
        init=init,
        training=_training(experiment, given.training),
    )


def _text(text: str, written: str) -> str:
    """Return ``written`` where it says the same: building cleans it and strips it of blanks."""
    return written if text in (cleaned(written), cleaned(written).strip()) else text


def _network(network: Network, given: PresetFile) -> NetworkTable:
    if given.network.layers and build.network(given) == network:
        return given.network
    names = network.activations
    activation = names[0] if len(set(names)) == 1 else list(names)
    return NetworkTable([*map(int, network.layers)], activation, network.bias)


def _training(experiment: Experiment, given: TrainingTable) -> TrainingTable:
    defaults = experiment.optimizer.defaults
    settings = {
        name: value
        for name, value in experiment.training.settings
        if value != defaults[name] or name in given.settings
    }
    values = vars(experiment.training) | {"settings": settings}
    return convert(to_builtins(values, enc_hook=np.generic.item), TrainingTable)


def _data(data: Data, origin: Origin | None) -> DataTable:
    given = DataTable() if origin is None else origin.table.data
    if origin is not None and _bits(data.arrays) == _bits(origin.data.arrays):
        return given
    tests, seed = len(data.test_inputs), given.split_seed
    count = data.samples + tests
    fraction = given.test_fraction if tests else 0.0
    if len(split(count, fraction, seed)[1]) != tests:
        fraction = tests / count
    # where the samples must stand in a list that is taken apart into these parts again
    order = np.argsort(np.concatenate(split(count, fraction, seed)))
    return DataTable(
        inputs=np.concatenate([data.inputs, data.test_inputs])[order].tolist(),
        targets=np.concatenate([data.targets, data.test_targets])[order].tolist(),
        test_fraction=fraction,
        split_seed=seed if tests else 0,
    )


def file_at(typed: str, ending: str) -> Path:
    """Return the file that people mean; ``ending`` is added where a new one has another.

    Raises :class:`SaveError` with the reason why there can be no such file.
    """
    typed = typed.strip()
    if not typed.isprintable():
        raise SaveError("A name cannot contain control characters.")
    try:
        path = working_folder() / Path(typed).expanduser()
        if not typed or typed.endswith(os.sep) or path.name.lower() == ending:
            raise SaveError("Enter a name.")
        if path.is_dir():
            raise SaveError(f"{shown_path(path)} is a folder.")
        # a file that was opened without an ending goes on without one
        whole = path.suffix.lower() == ending or path.is_file()
    except OSError as error:
        raise SaveError(sentence(Path(typed), error)) from None
    except (RuntimeError, ValueError):
        raise SaveError("No file can have this name.") from None
    return path if whole else path.with_name(path.name + ending)


def write(path: Path, text: str, overwrite: bool) -> None:
    """Write ``text`` to ``path``, whole or not at all.

    Without ``overwrite`` a file that is there, or appears meanwhile, raises :class:`ExistsError`;
    whatever else goes wrong :class:`SaveError`. The user's own folder is made where it is missing.
    """
    with saving(path, overwrite) as stream:
        stream.write(text)


@contextmanager
def saving(path: Path, overwrite: bool) -> Iterator[TextIO]:
    """Give the stream to write a file to, as :meth:`write` does; the same errors."""
    try:
        if path.parent == own_folder() and not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path, overwrite) as stream:
            yield stream
    except FileExistsError:
        raise ExistsError(f"{shown_path(path)} already exists.") from None
    except OSError as error:
        raise SaveError(sentence(path, error)) from None
    except UnusableError:  # what is written, not where
        raise
    except ValueError:  # a NUL, or half a character
        raise SaveError("No file can have this name or these contents.") from None


def sentence(path: Path, error: OSError) -> str:
    """Return why ``path`` cannot be written."""
    if isinstance(error, FileNotFoundError) and not path.parent.is_dir():
        return f"There is no folder {shown_path(path.parent)}."
    return f"{shown_path(path)} cannot be written: {reason_of(error)}."


def shown_path(path: Path) -> str:
    """Return ``path`` as people write it, with ``~`` for their home."""
    with suppress(RuntimeError, ValueError):
        return printable(f"~/{path.relative_to(Path.home())}")
    return printable(str(path))
