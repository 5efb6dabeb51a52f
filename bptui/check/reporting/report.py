"""The report of a check as lines of plain text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bptui.check.check import Check, FunctionCheck
from bptui.check.interpreter import Interpreter
from bptui.check.reporting.calling import called
from bptui.check.reporting.causes import (
    cause_lines,
    name_of,
    named,
    readings,
    right_names,
    striking_of,
)
from bptui.check.reporting.failures import end, failed
from bptui.check.reporting.links import link_lines
from bptui.check.reporting.quantities import (
    digits_right,
    ratio_lines,
    table_lines,
)
from bptui.check.reporting.words import INDENT, Told, listed, wrapped
from bptui.check.runner import Signature, Warned
from bptui.presets.errors import cleaned, printable

MOST_PRINTED, MOST_WARNINGS, LONGEST = 12, 5, 200
"""Lines of the code's own output, and warnings, that are shown."""


def report_lines(check: Check, width: int) -> Iterator[str]:
    """The whole report, in lines of at most ``width`` columns, but for code."""
    experiment = check.experiment
    title = f"{printable(check.file.name)}, checked with {printable(experiment.name)}"
    yield title
    yield "=" * min(len(title), width)
    for name, text in _facts(check):
        yield from wrapped(text, width, f"{name:12}", " " * 12)
    told = Told()
    for each in check.functions:
        yield ""
        yield from _function(each, check.python, width, told)
        if each.examined.diagnosis is not None:
            told.right |= right_names(each.examined.diagnosis)
    yield ""
    for each in check.functions:
        yield from wrapped(result(each), width, "", INDENT)


def _facts(check: Check) -> Iterator[tuple[str, str]]:
    experiment, training = check.experiment, check.experiment.training
    over = {"mean": "averaged", "sum": "summed"}[training.reduction]
    yield "network", str(experiment.network)
    batch = f", {over} over the batch" if experiment.schedule.batch_size > 1 else ""
    penalty = f", plus {training.l2:g} times the sum of all squared weights" if training.l2 else ""
    yield "loss", f"{training.loss}{batch}{penalty}"
    if not check.python.is_own:
        yield "python", printable(str(check.python))


def heading(function: str, signature: Signature) -> str:
    """``gradients(x, t, weights), line 12``."""
    names = ", ".join([*map(printable, signature.names), *(["..."] if signature.variable else [])])
    line = f", line {signature.line}" if signature.line else ""
    return f"{function}({names}){line}"


def _place(warning: Warned, check: FunctionCheck) -> str:
    """``line 9: ``, with the file where that is another one; nothing where it is not known."""
    if not warning.line:
        return ""
    name = Path(warning.file).name
    return (
        f"line {warning.line}: "
        if name == check.file
        else f"{printable(name)}, line {warning.line}: "
    )


def _function(check: FunctionCheck, python: Interpreter, width: int, told: Told) -> Iterator[str]:
    title = heading(check.function, check.signature)
    yield title
    yield "-" * min(len(title), width)
    examined = check.examined
    made = examined.attempt
    for text in called(check):
        yield from wrapped(text, width)
    for warning in made.warnings[:MOST_WARNINGS]:
        text = f"{printable(warning.category)}: {printable(warning.message)}"
        yield from wrapped(f"{_place(warning, check)}{text}", width)
    if len(made.warnings) > MOST_WARNINGS:
        yield f"and {len(made.warnings) - MOST_WARNINGS} more warnings"
    yield from _printed(made.printed)
    if examined.diagnosis is None:
        yield ""
        yield from failed(check, python, width)
        return
    if made.unstable:
        yield ""
        yield from wrapped(UNSTABLE, width)
        return
    yield ""
    yield from table_lines(examined.diagnosis.findings, width)
    yield from ratio_lines(examined.diagnosis.findings, width)
    if not examined.diagnosis.right:
        yield from link_lines(check, width)
        yield from cause_lines(check, width, told)


UNSTABLE = (
    "Reloaded and called with the same numbers, it gave different results. Backpropagation has "
    "nothing random in it; look for np.random, dropout, an uninitialised np.empty, or the time."
)


def _printed(output: str) -> Iterator[str]:
    lines = cleaned(output).splitlines()
    if not any(line.strip() for line in lines):
        return
    yield "output of the code in its first calls:"
    for line in lines[:MOST_PRINTED]:
        yield f"{INDENT}{line if len(line) <= LONGEST else f'{line[:LONGEST]}...'}"
    if len(lines) > MOST_PRINTED:
        yield f"{INDENT}... {len(lines) - MOST_PRINTED} more lines"


def result(check: FunctionCheck) -> str:
    """What came out, in a sentence."""
    diagnosis, made = check.examined.diagnosis, check.examined.attempt
    if diagnosis is None:
        return f"{check.function}: {end(check)}."
    faults: list[str] = []
    if made.unstable:
        faults.append("different numbers every time")
    elif not diagnosis.right:
        if named(diagnosis):
            names = [name_of(each, check) for each in named(diagnosis)]
            rest = readings(diagnosis)
            more = f" (or the correct one {', or '.join(rest)})" if rest else ""
            faults.append(f"{' or '.join(names)}{more}")
        elif striking_of(diagnosis):
            faults.append(striking_of(diagnosis))
        else:
            wrong = [each.name for each in diagnosis.findings if each.verdict == "wrong"]
            digits = digits_right(diagnosis.findings)
            told = f"right to only {digits} digits" if digits else "wrong"
            faults.append(f"{listed(wrong)} {'are' if len(wrong) > 1 else 'is'} {told}")
    if made.damaged:
        faults.append(f"changes {listed(made.damaged)} in place")
    if faults:
        return f"{check.function}: {'; '.join(faults)}."
    given = [each.name for each in diagnosis.findings if each.verdict != "not given"]
    batch = next((each for each in check.others if each.attempt.form == "batch"), None)
    split = batch is not None and batch.diagnosis is not None and not batch.diagnosis.right
    alone = " for one sample at a time" if split else ""
    return f"{check.function}: right{alone} ({listed(given)})."
