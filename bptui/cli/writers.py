"""Writes snapshots as JSON lines, as CSV or as a table for people."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from typing import TextIO

from bptui.core.engine import Snapshot
from bptui.core.experiment import Experiment
from bptui.export.history.numbers import as_lists, nested, numbers, parameter_names, spelled

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
            "loss": spelled(snapshot.loss),
            "outputs": nested(snapshot.outputs),
            **as_lists(snapshot.parameters),
            "gradients": as_lists(snapshot.gradients),
        }
        stream.write(f"{json.dumps(record, allow_nan=False)}\n")

    return write


def as_csv(experiment: Experiment, stream: TextIO) -> Write:
    """A header and one row a step.

    out_o1 is output unit 1, or out_o1[0], out_o1[1], ... for the samples of a batch, W1[i][j] the
    weight from unit i to unit j, b1[j] a bias, gW1[i][j] and gb1[j] their gradients. Cells of
    samples that a smaller last batch does not have are empty.
    """
    writer = csv.writer(stream, lineterminator="\n")
    samples = experiment.schedule.batch_size
    outputs = list(output_names(experiment, samples))
    names = list(parameter_names(experiment.network))
    writer.writerow(["step", "epoch", "loss", *outputs, *names, *(f"g{name}" for name in names)])

    def write(snapshot: Snapshot) -> None:
        shown = snapshot.outputs.ravel().tolist()
        missing = [""] * (len(outputs) - len(shown))
        writer.writerow(
            [
                snapshot.step,
                snapshot.epoch,
                snapshot.loss,
                *shown,
                *missing,
                *numbers(snapshot.parameters),
                *numbers(snapshot.gradients),
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
        shown = snapshot.outputs.ravel().tolist() if outputs else []
        line([*cells, *(f"{number:#.6g}" for number in (snapshot.loss, *shown))])
        stream.flush()

    line([name for name, _ in heads])
    return write


WRITERS: dict[str, Callable[[Experiment, TextIO], Write]] = {
    "table": table,
    "jsonl": jsonl,
    "csv": as_csv,
}
