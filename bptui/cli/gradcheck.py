"""``bptui gradcheck``: backpropagation's gradients against numerical ones."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

from bptui.cli.common import (
    Diverged,
    checked_step,
    format_option,
    load_preset,
    opened,
    preset_argument,
    step_option,
    text_width,
    write_json,
)
from bptui.cli.run import Progress, seek

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bptui.check.gradcheck.check import GradientCheck
    from bptui.core.engine import Snapshot
    from bptui.core.experiment import Experiment

FORMATS = ("text", "json")


@click.command(
    "gradcheck",
    short_help="Compare a step's gradients with numerical ones.",
    help="""Compare the gradients of one training step with numerical ones.

NAME_OR_FILE is a preset, shipped or your own, or a TOML file; - reads TOML from standard input.
Step k uses the parameters after k updates.

The gradient of every weight and bias is compared with a complex step, exact to rounding; the
textbook's central difference is shown as well. Where a gradient is wrong, the chain from the loss
to the update shows from which operation on, and which mistake of the preset causes it. Where there
is no derivative, as for relu at 0, both one-sided ones are given.

Of large matrices a random sample is checked, always the same, and the worst rows are shown.

\b
Examples:
  bptui gradcheck article
  bptui gradcheck article-listing-1
  bptui gradcheck mazur-as-published --step 1
  bptui gradcheck my-network.toml --step 500 --all
  bptui gradcheck xor --format json | jq .verdict
  bptui gradcheck - < my-network.toml

\b
Exit codes: 0 every gradient and every update is right; 1 one is not, or
training diverged before that step; 2 unusable preset or arguments.
""",
)
@preset_argument
@step_option("check")
@click.option("--all", "every", is_flag=True, help="Check every number of large matrices.")
@format_option(FORMATS)
def command(name_or_file: str, step: int, every: bool, form: str) -> None:
    gradcheck(load_preset(name_or_file), step, every, form)


def gradcheck(experiment: Experiment, step: int, every: bool, form: str) -> None:
    """Seek the step, check it, write what was found; exit code 1 if anything is wrong."""
    from bptui.check.gradcheck.report import record, unchecked
    from bptui.core.timeline import Timeline

    timeline = Timeline(experiment)
    with Progress(checked_step(step)) as progress:
        seek(timeline, step, progress)
    snapshot = None if timeline.first_not_finite is not None else timeline.snapshot(step)
    first = timeline.first_not_finite  # found on the way, or in this very step
    if snapshot is None or first is not None:
        reason = (
            f"training diverged: the loss is not finite from step {first} on, "
            "so there are no gradients to check"
        )
        if form == "json":
            write_json(unchecked(experiment, step, reason))
        raise Diverged(reason)
    if form == "json":
        check = _checked(snapshot, every)
        write_json(record(check))
    else:
        with opened(None) as stream:
            width = text_width(stream)
            stream.writelines(f"{line}\n" for line in heading(snapshot, width))
            stream.flush()  # the check itself may take a minute
            check = _checked(snapshot, every)
            stream.writelines(f"{line}\n" for line in lines(check, width))
    if not check.right:
        raise click.exceptions.Exit(1)


def _checked(snapshot: Snapshot, every: bool) -> GradientCheck:
    from bptui.check.gradcheck.check import check_gradients

    thousandths = 1000
    with Progress(thousandths, label="checking") as progress:
        return check_gradients(
            snapshot, every, lambda share: progress.show(int(share * thousandths))
        )


def heading(snapshot: Snapshot, width: int) -> Iterator[str]:
    """Yield what is checked, and how; none of its sentences is wider than ``width``."""
    from bptui.check.gradcheck.report import METHOD
    from bptui.explain.explain import Explainer
    from bptui.export.worksheet import worksheet

    sheet = worksheet(Explainer(snapshot.experiment), snapshot, "loss")
    yield from textwrap.wrap(sheet.title, width)
    yield "=" * min(max(len(sheet.title), 1), width)
    for name, text in sheet.facts:
        yield from textwrap.wrap(
            text, width, initial_indent=f"{name:12}", subsequent_indent=" " * 12
        )
    yield ""
    yield from textwrap.wrap(METHOD, width)
    yield ""


def lines(check: GradientCheck, width: int) -> Iterator[str]:
    """Yield what was found; none of its sentences is wider than ``width``."""
    from bptui.check.gradcheck.report import ReportLine, chain_lines, report_lines, summary

    found = [*report_lines(check, width)]
    if not check.right:
        found += [ReportLine("", "blank"), *chain_lines(check, width)]
    for line in found:
        yield line.text
        if line.role == "title":
            yield "-" * len(line.text)
    yield ""
    for sentence in summary(check):
        yield from textwrap.wrap(sentence, width)
