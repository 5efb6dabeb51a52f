"""``bptui explain``: a step's calculation with the numbers put in."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

import click

from bptui.cli.completing import any_file, presets, quantities
from bptui.cli.errors import Diverged, Unusable
from bptui.cli.loading import load_preset, same_file

if TYPE_CHECKING:
    from bptui.core.experiment import Experiment
    from bptui.core.timeline import Timeline

FORMATS = ("text", "markdown", "latex", "json")
NARROWEST = 60
"""The fewest columns of text on a terminal."""


@click.command(
    "explain",
    short_help="Show a step's calculation with its numbers.",
    help="""Show the calculation of one training step with its numbers.

NAME_OR_FILE is a preset, shipped or your own, or a TOML file; - reads TOML from standard input.
Step k uses the parameters after k updates. QUANTITY is a weight or bias (w5, b_h1: its
gradient and its update), a gradient (gw5), a number (net_h1, delta_o1), a unit (h1), an array (W1,
gW2, out_h), an operation (loss, update), or all: a worksheet of the whole step, operation by
operation.

It is shown in three forms: with single numbers, with matrices, and in numpy. Where the preset
makes a mistake, its expression is shown beside the correct one, with the difference marked.

\b
Examples:
  bptui explain article --quantity w5
  bptui explain article-listing-1 --quantity w1
  bptui explain mazur --step 1
  bptui explain xor --step 500 --quantity delta_h --format markdown
  bptui explain iris --format latex -o iris.tex && pdflatex iris.tex
  bptui explain - --quantity loss < my-network.toml

\b
Exit codes: 0 fine; 1 training diverged before that step (the first step that
did is explained); 2 unusable preset or arguments.
""",
)
@click.argument("name_or_file", shell_complete=presets)
@click.option(
    "--step", type=int, default=0, metavar="K", show_default=True, help="The step to explain."
)
@click.option(
    "--quantity",
    default="all",
    metavar="QUANTITY",
    shell_complete=quantities,
    show_default=True,
    help="What to explain: w5, gw5, W1, gW2, delta_h, net_h1, h1, loss, update, all, ...",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default=FORMATS[0],
    show_default=True,
    help="Plain text; Markdown with formulas as GitHub shows them; a LaTeX document; or JSON "
    "for other programs, see `bptui help json`.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    shell_complete=any_file,
    help="Write to FILE instead of standard output.",
)
def command(name_or_file: str, step: int, quantity: str, form: str, output: str | None) -> None:
    experiment = load_preset(name_or_file)
    if output is not None and same_file(output, name_or_file):
        raise Unusable(f"--output {output!r}: this is the preset itself; choose another file")
    explain(experiment, step, quantity, form, output)


def explain(
    experiment: Experiment, step: int, quantity: str, form: str, output: str | None
) -> None:
    """Seek the step and write; :class:`Diverged` afterwards if training did before or there."""
    from bptui.cli.output import as_json, opened
    from bptui.core.errors import MOST_STEPS, UnusableError
    from bptui.core.timeline import Timeline
    from bptui.explain.explain import Explainer
    from bptui.explain.subjects import find_subject
    from bptui.export.worksheet.record import record
    from bptui.export.worksheet.sheet import worksheet
    from bptui.export.worksheet.write import written
    from bptui.terminal.ascii import is_utf8

    if not 0 <= step <= MOST_STEPS:
        raise Unusable(f"--step: found {step}; expected 0 to {MOST_STEPS:,}")
    try:
        find_subject(quantity, experiment, "--quantity")
    except UnusableError as error:
        raise Unusable(str(error)) from None
    timeline = Timeline(experiment)
    with opened(output) as stream:
        seek(timeline, step)
        first = timeline.first_not_finite
        snapshot = timeline.snapshot(step if first is None else first)
        spelt_out = form == FORMATS[0] and not is_utf8(stream.encoding)
        sheet = worksheet(Explainer(experiment, spelt_out), snapshot, quantity)
        if snapshot.step != step:
            told = f"at step {snapshot.step}, before the requested step {step}"
            sheet = replace(sheet, facts=(*sheet.facts, ("diverged", told)))
        if form == "json":
            stream.write(as_json(record(sheet, snapshot, quantity)))
        else:
            for line in written(sheet, form, text_width(stream)):
                stream.write(line + "\n")
    first = timeline.first_not_finite
    if first is not None:
        raise Diverged(f"training diverged: the loss at step {first} is {snapshot.loss}")


def seek(timeline: Timeline, step: int) -> None:
    """Train up to ``step``, or to where the loss stops being finite."""
    from bptui.cli.rows import SLICE, Progress

    with Progress(step) as progress:
        while timeline.first_not_finite is None and not timeline.move_towards(step, SLICE):
            progress.show(timeline.reached)


def text_width(stream: TextIO) -> int:
    """Columns of plain text on ``stream``: those of the terminal, if it is one."""
    from bptui.export.worksheet.write import WIDTH

    if stream is sys.stdout and stream.isatty():
        return max(shutil.get_terminal_size().columns, NARROWEST)
    return WIDTH
