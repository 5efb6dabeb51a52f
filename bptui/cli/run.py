"""``bptui run``: trains without a screen and writes what each step computed."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, TextIO

import click

from bptui.cli.common import (
    Diverged,
    as_json,
    format_option,
    load_preset,
    opened,
    output_option,
    preset_argument,
)
from bptui.core.errors import MOST_STEPS

if TYPE_CHECKING:
    from bptui.core.engine import Snapshot
    from bptui.core.experiment import Experiment
    from bptui.core.timeline import Timeline

    Write = Callable[[Snapshot], object]

FORMATS = ("table", "jsonl", "csv")
SLICE = 0.1
"""Seconds of training between two looks at the progress and at the losses."""
LONG = 1.0
"""Seconds after which work is long enough for a progress bar."""
FEW_OUTPUTS = 6
"""Numbers that a table has room for beside the loss."""
NUMBER_WIDTH = 12
"""Of six significant digits: -1.23457e-08."""


@click.command("run", short_help="Train without a screen and print the steps.")
@preset_argument
@click.option(
    "--steps",
    type=click.IntRange(0, MOST_STEPS),
    metavar="N",
    help="Train N steps; default: the preset's.",
)
@click.option(
    "--every",
    type=click.IntRange(1),
    metavar="K",
    help="Write every K-th step; default: 1, or for a table about 20 rows.",
)
@format_option(FORMATS, "A table for people, or all numbers: JSON, one object per line, or CSV.")
@output_option
def command(
    name_or_file: str, steps: int | None, every: int | None, form: str, output: str | None
) -> None:
    """Train the network of a preset and print its steps 0, K, 2K, ... and the last.

    NAME_OR_FILE is a preset, shipped or your own, or a TOML file; - reads TOML from standard input.
    Step k shows the loss, outputs and gradients computed with the parameters after k updates.

    \b
    Examples:
      bptui run article
      bptui run mazur --steps 5 --every 1
      bptui run xor --format csv -o xor.csv
      bptui run my-network.toml --format jsonl --every 100 | jq .loss
      bptui run - < my-network.toml

    \b
    Exit codes: 0 fine; 1 training diverged (what was computed is written);
    2 unusable preset or arguments.
    """
    run(load_preset(name_or_file, output), steps, every, form, output)


def run(
    experiment: Experiment,
    steps: int | None = None,
    every: int | None = None,
    form: str = FORMATS[0],
    output: str | None = None,
) -> None:
    """Train and write; :class:`Diverged` after the last row if the loss is not finite there."""
    from bptui.core.timeline import Timeline
    from bptui.export.history import shown_every

    if steps is not None:
        experiment = experiment.with_training(steps=steps)
    timeline, last = Timeline(experiment), experiment.training.steps
    if every is None:
        every = shown_every(last) if form == "table" else 1
    reached, loss = 0, 0.0
    with opened(output) as stream, Progress(last, stream) as progress:
        write = WRITERS[form](experiment, stream)
        for step in chain(range(0, last, every), [last]):
            snapshot = sought(timeline, step, progress)
            write(snapshot)
            reached, loss = snapshot.step, snapshot.loss
            del snapshot  # of a large network there should not be two at once
            if timeline.first_not_finite is not None:
                break
    if not math.isfinite(loss):
        raise Diverged(f"training diverged: the loss at step {reached} is {loss}")


def sought(timeline: Timeline, step: int, progress: Progress) -> Snapshot:
    """Train up to ``step`` and return it, or the first step whose loss is not finite."""
    while timeline.first_not_finite is None and not timeline.move_towards(step, SLICE):
        progress.show(timeline.reached)
    progress.show(timeline.reached)
    if timeline.first_not_finite is None:
        timeline.snapshot(step)
    first = timeline.first_not_finite  # found on the way here, or in this very step
    return timeline.snapshot(step if first is None else first)


class Progress(ExitStack):
    """A bar on standard error, if that is a terminal and the work long.

    Not where rows appear meanwhile on the same terminal: ``stream`` is where they go, if any do.
    """

    def __init__(self, steps: int, stream: TextIO | None = None, label: str = "training") -> None:
        super().__init__()
        rows_there = stream is not None and stream.isatty()
        self._wanted = sys.stderr is not None and sys.stderr.isatty() and not rows_there
        self._bar = click.progressbar(length=steps, label=label, file=sys.stderr)
        self._due = time.monotonic() + LONG

    def show(self, step: int) -> None:
        """Say that work has got to ``step``."""
        if self._wanted and time.monotonic() >= self._due:
            if not self._bar.entered:
                self.enter_context(self._bar)
            self._bar.update(step - self._bar.pos)


def jsonl(experiment: Experiment, stream: TextIO) -> Write:
    """Write one JSON object a line; Python's repr of a float reads back bit-identically."""
    from bptui.export.history import record

    return lambda snapshot: stream.write(as_json(record(snapshot)))


def as_csv(experiment: Experiment, stream: TextIO) -> Write:
    """Write a header and one row a step.

    out_o1 is output unit 1, or out_o1[0], out_o1[1], ... for the samples of a batch. Cells of
    samples that a smaller last batch does not have are empty.
    """
    from bptui.export.history import csv_rows

    names = list(output_names(experiment, experiment.schedule.batch_size))
    write_row = csv_rows(stream)

    def write(snapshot: Snapshot) -> None:
        facts = {"step": snapshot.step, "epoch": snapshot.epoch, "loss": snapshot.loss}
        outputs = zip_longest(names, snapshot.outputs.ravel().tolist(), fillvalue="")
        write_row(snapshot, facts | dict(outputs))

    return write


def output_names(experiment: Experiment, samples: int) -> Iterator[str]:
    """Yield the names of the outputs of a batch, sample by sample."""
    network = experiment.network
    for sample in range(samples):
        for unit in range(network.layers[-1]):
            name = f"out_{network.names.unit(network.depth, unit)}"
            yield name if samples == 1 else f"{name}[{sample}]"


def table(experiment: Experiment, stream: TextIO) -> Write:
    """Write aligned columns: step, epoch if there are batches, loss, the outputs if few."""
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
        counts = [snapshot.step, snapshot.epoch] if epochs else [snapshot.step]
        shown = snapshot.outputs.ravel().tolist() if outputs else []
        line([*map(str, counts), *(f"{number:#.6g}" for number in (snapshot.loss, *shown))])
        stream.flush()

    line([name for name, _ in heads])
    return write


WRITERS: dict[str, Callable[[Experiment, TextIO], Write]] = {
    "table": table,
    "jsonl": jsonl,
    "csv": as_csv,
}
