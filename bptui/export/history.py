"""The steps that were trained, as files: which of them, played again, and how they are written.

All numbers read back bit-identically.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TextIO

import numpy as np

from bptui.core.arrays import Array
from bptui.core.engine import Snapshot
from bptui.core.evaluation import test_loss
from bptui.core.experiment import Experiment
from bptui.core.network import Network, Parameters
from bptui.core.timeline import Timeline

MOST_ROWS, MOST_BYTES = 10_000, 100_000_000
"""A history is not longer or larger than about this, unless the user wants it to be."""
SLICE = 0.05
"""Seconds of training after which a look is taken at whether it is still wanted."""


def round_every(steps: int, rows: int) -> int:
    """The smallest K of 1, 2, 5, 10, 20, 50, ... that gives at most ``rows`` after the first."""
    scale = 1
    while True:
        for digit in (1, 2, 5):
            if digit * scale * rows >= steps:
                return digit * scale
        scale *= 10


@dataclass(frozen=True)
class Rows:
    """Steps 0, ``every``, 2 ``every``, ... and always ``last``."""

    last: int
    every: int

    @property
    def count(self) -> int:
        return -(-self.last // self.every) + 1

    def steps(self) -> Iterator[int]:
        yield from range(0, self.last, self.every)
        yield self.last


@dataclass(frozen=True, eq=False)
class Row:
    """A step of a history; ``test_loss`` is None where no samples are kept back for testing."""

    snapshot: Snapshot
    test_loss: float | None

    @property
    def learning_rate(self) -> float:
        return self.snapshot.experiment.training.learning_rate


def replayed(timeline: Timeline, shown: Snapshot) -> Timeline:
    """A timeline of its own with all the steps that ``timeline`` has played, edits included.

    ``shown`` is any snapshot of it.
    """
    # a fork behind the last step played: what would come after it is never asked for
    return timeline.edited(len(timeline.losses), shown.experiment, shown.parameters, shown.slots)


def history(timeline: Timeline, rows: Rows, tick: Callable[[int], None]) -> Iterator[Row]:
    """Play ``rows``; ``tick`` is called with the rows done, and may raise to break it off."""
    for done, step in enumerate(rows.steps()):
        tick(done)
        while not timeline.move_towards(step, SLICE):
            tick(done)
        snapshot = timeline.snapshot(step)
        yield Row(snapshot, _tested(snapshot.experiment, snapshot))


def _tested(experiment: Experiment, snapshot: Snapshot) -> float | None:
    """The loss of the test samples at the step's parameters, if there are any."""
    if not len(experiment.data.test_inputs):
        return None
    return test_loss(experiment, snapshot.parameters)


# numbers


def spelled(number: float) -> float | str:
    """The number, or ``nan``, ``inf``, ``-inf``: JSON has none that are not finite."""
    return float(number) if math.isfinite(number) else str(float(number))


def nested(array: Array) -> object:
    """``array`` as lists of what :func:`spelled` gives."""
    if np.isfinite(array).all():
        return array.tolist()
    return [spelled(each) if array.ndim == 1 else nested(each) for each in array]


def as_lists(parameters: Parameters) -> dict[str, object]:
    """Weights [l][i][j] and biases [l][j], None where there are none."""
    biases = parameters.biases
    return {
        "weights": [nested(each) for each in parameters.weights],
        "biases": None if biases is None else [nested(each) for each in biases],
    }


def parameter_names(network: Network) -> Iterator[str]:
    """W1[i][j], the weight from unit i to unit j, and b1[j], a bias: layer after layer."""
    for layer in range(1, network.depth + 1):
        for source in range(network.layers[layer - 1]):
            for unit in range(network.layers[layer]):
                yield f"{network.names.weights(layer)}[{source}][{unit}]"
        if network.bias:
            for unit in range(network.layers[layer]):
                yield f"{network.names.bias(layer)}[{unit}]"


def numbers(parameters: Parameters) -> Iterator[float]:
    """In the order of the names: W1, b1, W2, b2, ..."""
    for layer, weights in enumerate(parameters.weights):
        yield from weights.ravel().tolist()
        if parameters.biases is not None:
            yield from parameters.biases[layer].tolist()


# files

WriteHistory = Callable[[Experiment, Rows, Iterable[Row], TextIO], None]
LEAST_BYTES = {"csv": 40, "json": 200, "npz": 32}
"""What a row of a file takes beside its parameters and gradients."""
NUMBER_BYTES = {"csv": 20.5, "json": 22.0, "npz": 8.0}
"""What a number takes: 17 digits with sign, point and comma; a few have an exponent too."""


def row_bytes(experiment: Experiment, form: str) -> float:
    """About how large a row of a ``csv``, ``json`` or ``npz`` file becomes."""
    network = experiment.network
    pairs = zip(network.layers, network.layers[1:], strict=False)
    parameters = sum((fan_in + network.bias) * units for fan_in, units in pairs)
    return LEAST_BYTES[form] + NUMBER_BYTES[form] * 2 * parameters


def default_every(experiment: Experiment, last: int) -> int:
    """What gives neither too many rows nor too large a CSV file."""
    most = min(MOST_ROWS, int(MOST_BYTES / row_bytes(experiment, "csv")))
    return round_every(last, max(most, 1))


def write_csv(experiment: Experiment, rows: Rows, made: Iterable[Row], stream: TextIO) -> None:
    """A header and one row a step: W1[i][j] is a weight, gW1[i][j] its gradient, b1[j] a bias.

    There is a column ``test_loss`` where samples are kept back for testing.
    """
    writer = csv.writer(stream, lineterminator="\n")
    tested = len(experiment.data.test_inputs) > 0
    names = list(parameter_names(experiment.network))
    head = ["step", "epoch", "loss", *(["test_loss"] * tested), "learning_rate"]
    writer.writerow([*head, *names, *(f"g{name}" for name in names)])
    for row in made:
        snapshot = row.snapshot
        writer.writerow(
            [
                snapshot.step,
                snapshot.epoch,
                snapshot.loss,
                *([row.test_loss] * tested),
                row.learning_rate,
                *numbers(snapshot.parameters),
                *numbers(snapshot.gradients),
            ]
        )


def write_json(experiment: Experiment, rows: Rows, made: Iterable[Row], stream: TextIO) -> None:
    """A list of one object a step, each on a line: the keys of ``bptui run --format jsonl``.

    ``outputs`` is left out; ``test_loss``, null without test samples, and ``learning_rate`` are
    there beside them. A number that is not finite is the string nan, inf or -inf.
    """
    stream.write("[\n")
    for done, row in enumerate(made, 1):
        snapshot = row.snapshot
        record = {
            "step": snapshot.step,
            "epoch": snapshot.epoch,
            "loss": spelled(snapshot.loss),
            "test_loss": None if row.test_loss is None else spelled(row.test_loss),
            "learning_rate": row.learning_rate,
            **as_lists(snapshot.parameters),
            "gradients": as_lists(snapshot.gradients),
        }
        comma = "," if done < rows.count else ""
        stream.write(f"{json.dumps(record, allow_nan=False)}{comma}\n")
    stream.write("]\n")


def write_npz(experiment: Experiment, rows: Rows, made: Iterable[Row], stream: TextIO) -> None:
    """Arrays by name, the steps along their first axis: needs as much memory as the file is large.

    step, epoch, loss, learning_rate (steps,), test_loss where there are test samples, W1 and gW1
    (steps, fan_in, fan_out), b1 and gb1 (steps, fan_out), W2, ... Written to the bytes below
    ``stream``, to which nothing may have been written yet. Raises :class:`MemoryError`.
    """
    arrays: dict[str, Array] = {}
    whole = {name: np.empty(rows.count, np.int64) for name in ("step", "epoch")}

    def keep(name: str, at: int, value: Array | float) -> None:
        if name not in arrays:
            arrays[name] = np.empty((rows.count, *np.shape(value)))
        arrays[name][at] = value

    for at, row in enumerate(made):
        snapshot = row.snapshot
        whole["step"][at], whole["epoch"][at] = snapshot.step, snapshot.epoch
        keep("loss", at, snapshot.loss)
        if row.test_loss is not None:
            keep("test_loss", at, row.test_loss)
        keep("learning_rate", at, row.learning_rate)
        for mark, parameters in (("", snapshot.parameters), ("g", snapshot.gradients)):
            for name, value in _layers(experiment, parameters):
                keep(f"{mark}{name}", at, value)
    # the stubs take the arrays for a switch among the named arguments
    np.savez(stream.buffer, **whole, **arrays)  # type: ignore[arg-type]


def _layers(experiment: Experiment, parameters: Parameters) -> Iterable[tuple[str, Array]]:
    """W1 and b1, W2 and b2, ..."""
    names = experiment.network.names
    for layer, weights in enumerate(parameters.weights, 1):
        yield names.weights(layer), weights
        if parameters.biases is not None:
            yield names.bias(layer), parameters.biases[layer - 1]


WRITERS: dict[str, WriteHistory] = {"csv": write_csv, "json": write_json, "npz": write_npz}
