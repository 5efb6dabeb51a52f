"""``bptui explain``: a step's calculation with the numbers put in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from bptui.cli.common import (
    Diverged,
    Unusable,
    as_json,
    format_option,
    load_preset,
    opened,
    output_option,
    preset_argument,
    step_option,
    text_width,
)
from bptui.cli.run import Progress, sought

if TYPE_CHECKING:
    from bptui.core.experiment import Experiment

FORMATS = ("text", "markdown", "latex", "json")


@click.command("explain", short_help="Show a step's calculation with its numbers.")
@preset_argument
@step_option("explain")
@click.option(
    "--quantity",
    default="all",
    metavar="QUANTITY",
    show_default=True,
    help="What to explain: w5, gw5, W1, gW2, delta_h, net_h1, h1, loss, update, all, ...",
)
@format_option(
    FORMATS,
    "Plain text; Markdown with formulas as GitHub shows them; a LaTeX document; or JSON "
    "for other programs, see `bptui help json`.",
)
@output_option
def command(name_or_file: str, step: int, quantity: str, form: str, output: str | None) -> None:
    """Show the calculation of one training step with its numbers.

    NAME_OR_FILE is a preset, shipped or your own, or a TOML file; - reads TOML from standard input.
    Step k uses the parameters after k updates. QUANTITY is a weight or bias (w5, b_h1: its gradient
    and its update), a gradient (gw5), a number (net_h1, delta_o1), a unit (h1), an array (W1, gW2,
    out_h), an operation (loss, update), or all: a worksheet of the whole step, operation by
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
    """
    explain(load_preset(name_or_file, output), step, quantity, form, output)


def explain(
    experiment: Experiment, step: int, quantity: str, form: str, output: str | None
) -> None:
    """Seek the step and write; :class:`Diverged` afterwards if training did before or there."""
    from bptui.core.errors import UnusableError
    from bptui.core.timeline import Timeline
    from bptui.explain.symbols import find_subject
    from bptui.export.formats import record, written
    from bptui.export.worksheet import worksheet
    from bptui.terminal.ascii import is_utf8

    try:
        find_subject(quantity, experiment, "--quantity")
    except UnusableError as error:
        raise Unusable(str(error)) from None
    timeline = Timeline(experiment)
    with opened(output) as stream:
        with Progress(step) as progress:
            snapshot = sought(timeline, step, progress)
        spelt_out = form == FORMATS[0] and not is_utf8(stream.encoding)
        sheet = worksheet(snapshot, quantity, spelt_out)
        if snapshot.step != step:
            told = f"at step {snapshot.step}, before the requested step {step}"
            sheet = replace(sheet, facts=(*sheet.facts, ("diverged", told)))
        if form == "json":
            stream.write(as_json(record(sheet, snapshot, quantity)))
        else:
            stream.writelines(f"{line}\n" for line in written(sheet, form, text_width(stream)))
    first = timeline.first_not_finite
    if first is not None:
        raise Diverged(f"training diverged: the loss at step {first} is {snapshot.loss}")
