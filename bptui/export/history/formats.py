"""Writes a history as CSV, as JSON or as NumPy arrays; all numbers read back bit-identically."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from typing import TextIO

import numpy as np

from bptui.core.arrays import Array
from bptui.core.experiment import Experiment
from bptui.core.network import Parameters
from bptui.export.history.numbers import as_lists, numbers, parameter_names, spelled
from bptui.export.history.rows import MOST_BYTES, MOST_ROWS, Row, Rows, round_every

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
