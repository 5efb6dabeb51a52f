"""``bptui gradcheck``: backpropagation's gradients against numerical ones."""

from __future__ import annotations

import sys
from textwrap import wrap
from typing import TYPE_CHECKING

import click

from bptui.cli.common import (
    Diverged,
    as_json,
    format_option,
    load_preset,
    preset_argument,
    step_option,
    text_width,
    write,
)
from bptui.cli.run import Progress, sought

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bptui.check.gradcheck.check import GradientCheck
    from bptui.core.engine import Snapshot


@click.command("gradcheck", short_help="Compare a step's gradients with numerical ones.")
@preset_argument
@step_option("check")
@format_option()
def command(name_or_file: str, step: int, form: str) -> None:
    """Compare the gradients of one training step with numerical ones.

    NAME_OR_FILE is a preset, shipped or your own, or a TOML file; - reads TOML from standard input.
    Step k uses the parameters after k updates.

    The gradient of every weight and bias is compared with a complex step, exact to rounding; the
    textbook's central difference is shown as well. Where a gradient is wrong, the chain from the
    loss to the update shows from which operation on, and why.

    \b
    Examples:
      bptui gradcheck article
      bptui gradcheck article-listing-1
      bptui gradcheck mazur-as-published --step 1
      bptui gradcheck my-network.toml --step 500
      bptui gradcheck xor --format json | jq .verdict
      bptui gradcheck - < my-network.toml

    \b
    Exit codes: 0 every gradient and every update is right; 1 one is not, or
    training diverged before that step; 2 unusable preset or arguments.
    """
    from bptui.check.gradcheck.check import check_gradients
    from bptui.check.gradcheck.report import record, unchecked
    from bptui.core.timeline import Timeline

    experiment = load_preset(name_or_file)
    timeline = Timeline(experiment)
    with Progress(step) as progress:
        snapshot = sought(timeline, step, progress)
    first = timeline.first_not_finite
    if first is not None:
        reason = (
            f"training diverged: the loss is not finite from step {first} on, "
            "so there are no gradients to check"
        )
        if form == "json":
            write(as_json(unchecked(experiment, step, reason)))
        raise Diverged(reason)
    thousandths = 1000
    with Progress(thousandths, label="checking") as progress:
        check = check_gradients(snapshot, lambda share: progress.show(int(share * thousandths)))
    if form == "json":
        write(as_json(record(check)))
    else:
        write("".join(f"{line}\n" for line in lines(check, snapshot, text_width(sys.stdout))))
    if not check.right:
        raise click.exceptions.Exit(1)


def lines(check: GradientCheck, snapshot: Snapshot, width: int) -> Iterator[str]:
    """Yield what was checked, how, and what was found; no sentence is wider than ``width``."""
    from bptui.check.gradcheck.report import METHOD, report_lines, summary
    from bptui.export.formats import text_head
    from bptui.export.worksheet import worksheet

    yield from text_head(worksheet(snapshot, "loss"), width)
    yield from ("", *wrap(METHOD, width), "")
    for line in report_lines(check, width):
        yield line.text
        if line.role == "title":
            yield "-" * len(line.text)
    yield ""
    for sentence in summary(check):
        yield from wrap(sentence, width)
