"""Writes snapshots as JSON lines, as CSV or as a table for people."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator
from typing import TextIO

import numpy as np

from bptui.core.arrays import Array
from bptui.core.experiment import Experiment
from bptui.core.network import Parameters
from bptui.core.snapshot import Snapshot

Write = Callable[[Snapshot], None]
FEW_OUTPUTS = 6
"""Numbers that a table has room for beside the loss."""
NUMBER_WIDTH = 12
"""Of six significant digits: -1.23457e-08."""


def jsonl(experiment: Experiment, stream: TextIO) -> Write:
    """One JSON object a line; Python's repr of a float reads back bit-identically."""

    def write(snapshot: Snapshot) -> None:
        record = {
            "step": snapshot.step,
            "epoch": snapshot.epoch,
            "loss": _spelled(snapshot.loss),
            "outputs": _nested(snapshot.outputs),
            **_parameters(snapshot.parameters),
            "gradients": _parameters(snapshot.gradients),
        }
        stream.write(f"{json.dumps(record, allow_nan=False)}\n")

    return write


def _parameters(parameters: Parameters) -> dict[str, object]:
    biases = parameters.biases
    return {
        "weights": [_nested(each) for each in parameters.weights],
        "biases": None if biases is None else [_nested(each) for each in biases],
    }


def _nested(array: Array) -> object:
    """``array`` as lists; JSON has no numbers that are not finite, so those become strings."""
    if np.isfinite(array).all():
        return array.tolist()
    return [_spelled(each) if array.ndim == 1 else _nested(each) for each in array]


def _spelled(number: float) -> float | str:
    return float(number) if math.isfinite(number) else str(float(number))


def as_csv(experiment: Experiment, stream: TextIO) -> Write:
    """A header and one row a step.

    out_o1 is output unit 1, or out_o1[0], out_o1[1], ... for the samples of a batch, W1[i][j] the
    weight from unit i to unit j, b1[j] a bias, gW1[i][j] and gb1[j] their gradients. Cells of
    samples that a smaller last batch does not have are empty.
    """
    writer = csv.writer(stream, lineterminator="\n")
    samples = experiment.schedule.batch_size
    outputs = list(output_names(experiment, samples))
    names = list(_parameter_names(experiment))
    writer.writerow(["step", "epoch", "loss", *outputs, *names, *(f"g{name}" for name in names)])

    def write(snapshot: Snapshot) -> None:
        numbers = snapshot.outputs.ravel().tolist()
        missing = [""] * (len(outputs) - len(numbers))
        writer.writerow(
            [
                snapshot.step,
                snapshot.epoch,
                snapshot.loss,
                *numbers,
                *missing,
                *_numbers(snapshot.parameters),
                *_numbers(snapshot.gradients),
            ]
        )

    return write


def output_names(experiment: Experiment, samples: int) -> Iterator[str]:
    """The names of the outputs of a batch, sample by sample."""
    network = experiment.network
    for sample in range(samples):
        for unit in range(network.layers[-1]):
            name = f"out_{network.names.unit(network.depth, unit)}"
            yield name if samples == 1 else f"{name}[{sample}]"


def _parameter_names(experiment: Experiment) -> Iterator[str]:
    network = experiment.network
    for layer in range(1, network.depth + 1):
        for source in range(network.layers[layer - 1]):
            for unit in range(network.layers[layer]):
                yield f"{network.names.weights(layer)}[{source}][{unit}]"
        if network.bias:
            for unit in range(network.layers[layer]):
                yield f"{network.names.bias(layer)}[{unit}]"


def _numbers(parameters: Parameters) -> Iterator[float]:
    """In the order of the names: W1, b1, W2, b2, ..."""
    for layer, weights in enumerate(parameters.weights):
        yield from weights.ravel().tolist()
        if parameters.biases is not None:
            yield from parameters.biases[layer].tolist()


def table(experiment: Experiment, stream: TextIO) -> Write:
    """Aligned columns: step, epoch if there are batches, loss, the outputs if they are few."""
    schedule, steps = experiment.schedule, experiment.training.steps
    epochs = schedule.batches_per_epoch > 1
    # without full batches the same column would show another sample in every row
    outputs = list(output_names(experiment, schedule.samples)) if schedule.full_batch else []
    if len(outputs) > FEW_OUTPUTS:
        outputs = []
    heads = [("step", len(str(steps)))]
    if epochs:
        heads.append(("epoch", len(str(schedule.epoch(steps)))))
    heads += [(name, NUMBER_WIDTH) for name in ("loss", *outputs)]
    widths = [max(len(name), width) for name, width in heads]

    def line(cells: list[str]) -> None:
        padded = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        stream.write("  ".join(padded) + "\n")

    def write(snapshot: Snapshot) -> None:
        cells = [str(snapshot.step)]
        if epochs:
            cells.append(str(snapshot.epoch))
        numbers = snapshot.outputs.ravel().tolist() if outputs else []
        line([*cells, *(f"{number:#.6g}" for number in (snapshot.loss, *numbers))])
        stream.flush()

    line([name for name, _ in heads])
    return write


WRITERS: dict[str, Callable[[Experiment, TextIO], Write]] = {
    "table": table,
    "jsonl": jsonl,
    "csv": as_csv,
}
