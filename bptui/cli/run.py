"""``bptui run``: trains without a screen and writes what each step computed."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import click

from bptui.cli.completing import any_file, presets
from bptui.cli.errors import Diverged, Unusable
from bptui.cli.loading import load_preset, same_file

if TYPE_CHECKING:
    from bptui.core.experiment import Experiment

FORMATS = ("table", "jsonl", "csv")


@click.command(
    "run",
    short_help="Train without a screen and print the steps.",
    help="""Train the network of a preset and print its steps 0, K, 2K, ... and the last.

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
""",
)
@click.argument("name_or_file", shell_complete=presets)
@click.option(
    "--steps", type=click.IntRange(0), metavar="N", help="Train N steps; default: the preset's."
)
@click.option(
    "--every",
    type=click.IntRange(1),
    metavar="K",
    help="Write every K-th step; default: 1, or for a table about 20 rows.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default=FORMATS[0],
    show_default=True,
    help="A table for people, or all numbers: JSON, one object per line, or CSV.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    shell_complete=any_file,
    help="Write to FILE instead of standard output.",
)
def command(
    name_or_file: str, steps: int | None, every: int | None, form: str, output: str | None
) -> None:
    experiment = load_preset(name_or_file)
    if output is not None and same_file(output, name_or_file):
        raise Unusable(f"--output {output!r}: this is the preset itself; choose another file")
    run(experiment, steps, every, form, output)


def run(
    experiment: Experiment,
    steps: int | None = None,
    every: int | None = None,
    form: str = FORMATS[0],
    output: str | None = None,
) -> None:
    """Train and write; :class:`Diverged` after the last row if the loss is not finite there."""
    from bptui.cli.output import opened
    from bptui.cli.rows import default_every, snapshots
    from bptui.cli.writers import WRITERS
    from bptui.core.errors import UnusableError

    if steps is not None:
        try:
            training = dataclasses.replace(experiment.training, steps=steps)
        except UnusableError as error:
            raise Unusable(f"--steps: found {error.found}; expected {error.expected}") from None
        experiment = dataclasses.replace(experiment, training=training)
    if every is None:
        every = default_every(experiment.training.steps) if form == "table" else 1
    step, loss = 0, 0.0
    with opened(output) as stream:
        write = WRITERS[form](experiment, stream)
        for snapshot in snapshots(experiment, every, stream):
            write(snapshot)
            step, loss = snapshot.step, snapshot.loss
            del snapshot  # of a large network there should not be two at once
    if not math.isfinite(loss):
        raise Diverged(f"training diverged: the loss at step {step} is {loss}")
