"""A gradient check in words: the summary, the chain of operations, the tables line by line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap
from typing import Literal, TypeAlias

from bptui.core.gradcheck.chain import Link
from bptui.core.gradcheck.check import GradientCheck
from bptui.core.gradcheck.derivatives import Places
from bptui.core.gradcheck.table import (
    COLUMNS,
    DECIMALS,
    FEWER_DECIMALS,
    Table,
    error_text,
    parameter_name,
    sides,
    stands_on_kink,
    table,
)

Role: TypeAlias = Literal[
    "title", "columns", "right", "wrong", "kink", "unclear", "note", "verdict", "blank"
]
METHOD = (
    "Analytic: from backpropagation. Complex step: Im L(w + ih) / h, by a separate forward pass. "
    "Central difference: (L(w + h) - L(w - h)) / 2h, extrapolated to h = 0. Relative error: "
    "|a - n| / max(|a|, |n|); right below 1e-9, or where rounding explains it."
)
FULL = 92
"""Columns that a table takes with the central differences; without that room it leaves them out."""


@dataclass(frozen=True)
class ReportLine:
    """A line of a table; ``places`` and ``position`` say whose numbers are in it, if any's.

    ``words``: the end of ``text`` that is the verdict on them.
    """

    text: str
    role: Role
    places: Places | None = None
    position: int = 0
    words: str = ""


def report_lines(check: GradientCheck, width: int) -> Iterator[ReportLine]:
    """A table for each matrix and each vector of biases, its verdict at the end."""
    experiment = check.snapshot.experiment
    names = experiment.network.names
    decimals = DECIMALS if width >= FULL else FEWER_DECIMALS
    tables = [table(names, each, decimals) for each in check.gradients]
    name_width = max(each.name_width for each in tables)
    for place, each in enumerate(tables):
        if place:
            yield ReportLine("", "blank")
        yield ReportLine(each.title, "title")
        frozen = experiment.frozen.get(each.comparison.name.removeprefix("g"))
        if frozen is not None:
            yield from _said(f"frozen: {frozen.reason}", "note", width)
        yield from _rows(each, name_width, width)
        for row in each.rows:
            if row.verdict == "kink":
                both = sides(each.comparison, row.position)
                yield from _said(f"{row.name}: not differentiable here: {both}", "note", width)
        if each.omitted:
            yield from _said(each.omitted, "note", width)
        yield from _said(each.verdict, "verdict", width)


def _said(text: str, role: Role, width: int) -> Iterator[ReportLine]:
    for line in wrap(text, width, initial_indent="  ", subsequent_indent="    "):
        yield ReportLine(line, role)


def _rows(each: Table, name_width: int, width: int) -> Iterator[ReportLine]:
    kept = (0, 1, 2, 3) if width >= FULL else (0, 1, 3)
    heads = [COLUMNS[place] if width >= FULL else _SHORT[COLUMNS[place]] for place in kept]
    widths = [
        max(len(head), *(len(row.cells[place]) for row in each.rows))
        for head, place in zip(heads, kept, strict=True)
    ]
    titles = [head.rjust(room) for head, room in zip(heads, widths, strict=True)]
    yield ReportLine("  ".join((f"  {'':{name_width}}", *titles)), "columns")
    for row in each.rows:
        cells = [row.cells[place].rjust(room) for place, room in zip(kept, widths, strict=True)]
        text = "  ".join((f"  {row.name:{name_width}}", *cells, row.words))
        places = each.comparison.derivatives.places
        yield ReportLine(text, row.verdict, places, row.position, row.words)


_SHORT = {
    "analytic": "analytic",
    "complex step": "numerical",
    "relative error": "error",
}


def chain_lines(check: GradientCheck, width: int) -> Iterator[ReportLine]:
    """The operations from the loss to the update with what is to be said about each."""
    yield ReportLine("The chain from the loss to the update", "title")
    room = max(len(each.operation) for each in check.links) + 4
    for each in check.links:
        text = _link(each, each is check.first_wrong)
        name = f"  {each.operation:{room - 2}}"
        for line in wrap(text, width, initial_indent=name, subsequent_indent=" " * room):
            yield ReportLine(line, "note")


def _link(link: Link, first: bool) -> str:
    if link.faults:
        return "; ".join(_faults(link)) + _behind(link)
    if not link.wrong and any(bool(each.unclear.any()) for each in link.results):
        return "right, as far as rounding permits"
    if not link.wrong:
        kinks = any(bool(each.kink.any()) for each in link.results)
        return "right, at a kink" if kinks else "right"
    if link.follows_from:
        own = ", and on its own" if link.mistakes else ""
        return f"wrong because it uses {' and '.join(link.follows_from)}{own}" + _behind(link)
    return ("wrong from here on" if first else "wrong") + _behind(link)


def _faults(link: Link) -> Iterator[str]:
    for fault in link.faults:
        if fault.never_applied:
            yield f"the gradient of {fault.name} is never applied"
        else:
            yield f"the update of {fault.name} does not follow from its gradient"


def _behind(link: Link) -> str:
    return f": {', '.join(link.mistakes)}" if link.mistakes else ""


def summary(check: GradientCheck) -> list[str]:
    """What came out, in a few sentences, the most important first."""
    wrong, checked = check.count("wrong"), check.checked
    kinks = sum(int(stands_on_kink(each).sum()) for each in check.gradients)
    unclear = check.count("unclear")
    right = checked - wrong - kinks - unclear
    if wrong:
        said = [f"{_some(wrong, checked)} wrong."]
    elif right:
        said = [f"{_some(right, checked)} right{_largest(check)}."]
    else:
        said = ["No gradient is wrong."]
    said += _since(check)
    if kinks:
        said.append(
            f"{_some(kinks, checked)} not differentiable here, where a pre-activation is 0: the "
            "value used lies between the one-sided derivatives."
        )
    if unclear:
        whose = "they are" if unclear > 1 else "it is"
        cause = f"rounding, which may be as large as {whose}"
        if check.count("overflowed"):
            cause = "rounding or overflow"
        said.append(f"{_some(unclear, checked)} unclear: lost in {cause}.")
    if check.count("rounded"):
        said.append(
            f"{_some(check.count('rounded'), checked)} right to as many digits as rounding leaves."
        )
    if check.count("doubtful"):
        said.append(
            f"For {check.count('doubtful'):,} the central difference disagrees: the verdict "
            "rests on the complex step alone."
        )
    if check.hidden_mistakes:
        hidden = ", ".join(check.hidden_mistakes)
        said.append(f"Also at work, but hidden by other errors: {hidden}.")
    if check.idle_mistakes:
        said.append(f"No effect in this step: {', '.join(check.idle_mistakes)}.")
    if check.checked < check.total:
        said.append(
            f"Only a random sample was checked: {check.checked:,} of {check.total:,} gradients."
        )
    return said


def _since(check: GradientCheck) -> Iterator[str]:
    """Where the errors begin, and the mistakes behind that."""
    for link in check.links:
        if link.faults:
            by = f": {' and '.join(link.mistakes)}" if link.mistakes else ""
            yield f"In the update, {'; '.join(_faults(link))}{by}."
        elif link.origin or link.mistakes:
            name, first = link.operation, link is check.first_wrong
            begin = f"Wrong from {name} on" if first else f"{name} is also wrong on its own"
            yield f"{begin}{_behind(link)}."


def _some(count: int, all_of: int) -> str:
    if count == all_of:
        return f"All {count:,} gradients are" if count > 1 else "The only gradient is"
    return f"{count:,} of {all_of:,} gradients {'are' if count != 1 else 'is'}"


def _largest(check: GradientCheck) -> str:
    names = check.snapshot.experiment.network.names
    found = [(each.largest_error, each) for each in check.gradients if each.largest_error]
    if not found:
        return ""
    (error, position), comparison = max(found, key=lambda each: (each[0] or (0.0, 0))[0])
    name = parameter_name(names, comparison.derivatives.places, position)
    return f", largest relative error {error_text(error)} ({name})"
