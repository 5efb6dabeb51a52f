"""A gradient check in words: the summary, the chain of operations, the tables line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from textwrap import wrap
from typing import Literal, TypeAlias

import numpy as np

from bptui.check.gradcheck.chain import Link
from bptui.check.gradcheck.check import GradientCheck
from bptui.check.gradcheck.comparison import Comparison, Mask, Places
from bptui.core.network import Names

Role: TypeAlias = Literal["title", "columns", "right", "wrong", "kink", "note", "verdict", "blank"]
METHOD = (
    "Analytic: from backpropagation. Complex step: Im L(w + ih) / h, from the forward pass alone; "
    "it decides. Central difference: (L(w + h) - L(w - h)) / 2h, less exact. Relative error: "
    "|a - n| / max(|a|, |n|); right below 1e-9, or where rounding explains it."
)
MOST, WORST = 16, 8
"""Rows of a matrix that are all written, and of a larger one: those to look at first."""
FULL = 92
"""Columns that a table takes with the central differences; without that room it leaves them out."""
DECIMALS, FEWER_DECIMALS = 10, 8
"""Of the numbers in a wide table and in a narrow one."""
WIDE = ("analytic", "complex step", "central difference", "relative error")
NARROW = ("analytic", "numerical", "error")


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
    """Yield a table for each matrix and each vector of biases, its verdict at the end."""
    experiment, names = check.snapshot.experiment, check.snapshot.experiment.network.names
    written = [_written(each) for each in check.gradients]
    room = max(
        len(each.places.parameter(names, position))
        for each, positions in zip(check.gradients, written, strict=True)
        for position in positions
    )
    for place, (each, positions) in enumerate(zip(check.gradients, written, strict=True)):
        if place:
            yield ReportLine("", "blank")
        yield ReportLine(_title(names, each), "title")
        frozen = experiment.frozen.get(each.name.removeprefix("g"))
        if frozen is not None:
            yield from _said(f"frozen: {frozen.reason}", "note", width)
        yield from _rows(names, each, positions, room, width)
        for position in positions:
            if each.at_kink[position]:
                name, both = each.places.parameter(names, position), sides(each, position)
                yield from _said(f"{name}: not differentiable here: {both}", "note", width)
        left = np.ones(each.places.size, dtype=bool)
        left[positions] = False
        if left.any():
            yield from _said(_omitted(each, left), "note", width)
        yield from _said(_verdict(names, each), "verdict", width)


def _said(text: str, role: Role, width: int) -> Iterator[ReportLine]:
    for line in wrap(text, width, initial_indent="  ", subsequent_indent="    "):
        yield ReportLine(line, role)


def _title(names: Names, each: Comparison) -> str:
    places, layer = each.places, each.places.layer
    title = f"{each.name}: gradient with respect to {each.name.removeprefix('g')}"
    if places.kind == "weights":
        ends = [names.layer(layer - 1), names.layer(layer)]
        title += ", " + " → ".join(f"layer {end}" if end.isdigit() else end for end in ends)
    if places.size < places.total:
        title += f": a sample of {places.size:,} of {places.total:,}"
    return title


def _written(each: Comparison) -> list[int]:
    """Return the positions that are written: all, or those that most need to be looked at."""
    if each.places.size <= MOST:
        return list(range(each.places.size))
    apart = np.nan_to_num(np.abs(each.analytic - each.numerical), nan=np.inf)
    error = np.where(each.wrong, apart, each.relative_error)
    order = np.lexsort((-error, ~each.kink, ~each.wrong))
    return [int(position) for position in order[:WORST]]


def _rows(
    names: Names, each: Comparison, positions: list[int], room: int, width: int
) -> Iterator[ReportLine]:
    values = [each.analytic, each.numerical]
    if width >= FULL and each.central is not None:
        values.append(np.where(each.kink, np.nan, each.central))
    decimals = DECIMALS if width >= FULL else FEWER_DECIMALS
    columns = [_aligned(array[positions], decimals) for array in values]
    columns.append([error_text(float(each.relative_error[position])) for position in positions])
    heads = WIDE if width >= FULL else NARROW
    widths = [max(map(len, (head, *column))) for head, column in zip(heads, columns, strict=True)]
    titles = [head.rjust(wide) for head, wide in zip(heads, widths, strict=True)]
    yield ReportLine("  ".join((f"  {'':{room}}", *titles)), "columns")
    for position, *cells in zip(positions, *columns, strict=True):
        name, words = each.places.parameter(names, position), _words(each, position)
        aligned = [cell.rjust(wide) for cell, wide in zip(cells, widths, strict=True)]
        text = "  ".join((f"  {name:{room}}", *aligned, words))
        yield ReportLine(text, each.verdict(position), each.places, position, words)


def _aligned(values: Iterable[float], decimals: int) -> list[str]:
    """Return the numbers with as many decimals each, all with powers of ten if any needs one."""
    numbers = [float(each) for each in values]
    sizes = [abs(each) for each in numbers if each and np.isfinite(each)]
    plain = all(1e-4 <= each < 1e4 for each in sizes)
    style = f"+.{decimals}f" if plain else f"+.{decimals - 1}e"
    # nan: there is none; an exact zero says so
    return [
        "none" if np.isnan(each) else "0" if each == 0.0 else f"{each:{style}}" for each in numbers
    ]


def error_text(error: float) -> str:
    """Return an error in two digits, which are enough: 2.1e-16; 0 where the numbers are equal."""
    return "0" if error == 0.0 else f"{error:.1e}"


def _words(each: Comparison, position: int) -> str:
    a, n = float(each.analytic[position]), float(each.numerical[position])
    if each.wrong[position]:
        finite = np.isfinite(a) and np.isfinite(n)
        return f"wrong by {a - n:+.3g}" if finite else "wrong: not finite"
    if each.kink[position]:
        return "not differentiable"
    return "right, within rounding" if each.rounded[position] else "right"


def sides(each: Comparison, position: int) -> str:
    """Return both one-sided derivatives at a kink in words."""
    left, right = (float(array[position]) + 0.0 for array in (each.left, each.right))  # no "-0"
    return f"{left:.6g} from the left, {right:.6g} from the right"


def _counts(each: Comparison, where: Mask) -> tuple[int, int, int]:
    """Return how many of those are wrong, at a kink, and right."""
    wrong, kinks = int((each.wrong & where).sum()), int((each.at_kink & where).sum())
    return wrong, kinks, int(where.sum()) - wrong - kinks


def _omitted(each: Comparison, left: Mask) -> str:
    counts = zip(("wrong", "at a kink", "right"), _counts(each, left), strict=True)
    told = [(count, word) for word, count in counts if count]
    if len(told) == 1:
        return f"… {left.sum():,} more, all {told[0][1]}"
    return f"… {left.sum():,} more: {', '.join(f'{count:,} {word}' for count, word in told)}"


def times(ratio: float) -> str:
    """Return in words how many times as large as it should be something is."""
    for value, words in ((2.0, "twice"), (0.5, "half")):
        if abs(ratio - value) < 1e-6:
            return f"{words} what it should be"
    if abs(ratio + 1.0) < 1e-6:
        return "with the opposite sign"
    return f"{ratio:.6g} times what it should be"


def _verdict(names: Names, each: Comparison) -> str:
    """Return one line about all the numbers of a comparison."""
    size = each.places.size
    wrong, kinks, right = _counts(each, np.ones(size, dtype=bool))
    parts = [f"{_all(wrong, size)} wrong"] if wrong else []
    if each.ratio is not None:
        parts[0] += f", {'each ' if wrong > 1 else ''}{times(each.ratio)}"
    if kinks:
        parts.append(f"{_all(kinks, size)} not differentiable here, with a valid value")
    if right:
        text = f"{_all(right, size)} right"
        if each.largest_error is not None and each.largest_error[0] > 0.0:
            error, position = each.largest_error
            name = each.places.parameter(names, position)
            text += f", largest relative error {error_text(error)} ({name})"
        parts.append(text)
    return "; ".join(parts)


def _all(count: int, size: int) -> str:
    if count < size:
        return f"{count:,} of {size:,}"
    return "the only one" if size == 1 else "both" if size == 2 else f"all {size:,}"


def chain_lines(check: GradientCheck, width: int) -> Iterator[ReportLine]:
    """Yield the operations from the loss to the update with what is to be said about each."""
    yield ReportLine("The chain from the loss to the update", "title")
    room = max(len(each.operation) for each in check.links) + 4
    for each in check.links:
        text = _link(each, each is check.first_wrong)
        name = f"  {each.operation:{room - 2}}"
        for line in wrap(text, width, initial_indent=name, subsequent_indent=" " * room):
            yield ReportLine(line, "note")


def _link(link: Link, first: bool) -> str:
    if link.faults:
        return _faults(link) + _behind(link)
    if not link.wrong:
        return "right, at a kink" if any(each.kink.any() for each in link.results) else "right"
    if link.follows_from:
        own = ", and on its own" if link.mistakes else ""
        return f"wrong because it uses {' and '.join(link.follows_from)}{own}" + _behind(link)
    return ("wrong from here on" if first else "wrong") + _behind(link)


def _faults(link: Link) -> str:
    return "; ".join(
        f"the gradient of {fault.name} is never applied"
        if fault.never_applied
        else f"the update of {fault.name} does not follow from its gradient"
        for fault in link.faults
    )


def _behind(link: Link) -> str:
    return f": {', '.join(link.mistakes)}" if link.mistakes else ""


def summary(check: GradientCheck) -> list[str]:
    """Return what came out, in a few sentences, the most important first."""
    checked, kinks = check.checked, check.count("at_kink")
    wrong, rounded = check.count("wrong"), check.count("rounded")
    right = checked - wrong - kinks
    if wrong:
        said = [f"{_some(wrong, checked)} wrong."]
    elif right:
        said = [f"{_some(right, checked)} right{_largest(check)}."]
    else:
        said = ["No gradient is wrong."]
    said += _since(check)
    if kinks:
        said.append(
            f"{_some(kinks, checked)} not differentiable here, at a kink: the value used lies "
            "between the one-sided derivatives."
        )
    if rounded:
        said.append(f"{_some(rounded, checked)} right to as many digits as rounding leaves.")
    if check.hidden_mistakes:
        hidden = ", ".join(check.hidden_mistakes)
        said.append(f"Also at work, but hidden by other errors: {hidden}.")
    if check.idle_mistakes:
        said.append(f"No effect in this step: {', '.join(check.idle_mistakes)}.")
    if checked < check.total:
        said.append(f"Only a random sample was checked: {checked:,} of {check.total:,} gradients.")
    return said


def _since(check: GradientCheck) -> Iterator[str]:
    """Yield where the errors begin, and the mistakes behind that."""
    for link in check.links:
        if link.faults:
            by = f": {' and '.join(link.mistakes)}" if link.mistakes else ""
            yield f"In the update, {_faults(link)}{by}."
        elif link.origin or link.mistakes:
            name, first = link.operation, link is check.first_wrong
            begin = f"Wrong from {name} on" if first else f"{name} is also wrong on its own"
            yield f"{begin}{_behind(link)}."


def _some(count: int, all_of: int) -> str:
    if count == all_of:
        return f"All {count:,} gradients are" if count > 1 else "The only gradient is"
    return f"{count:,} of {all_of:,} gradients {'are' if count != 1 else 'is'}"


def _largest(check: GradientCheck) -> str:
    found = [(*each.largest_error, each) for each in check.gradients if each.largest_error]
    if not found:
        return ""
    error, position, each = max(found, key=lambda one: one[0])
    name = each.places.parameter(check.snapshot.experiment.network.names, position)
    return f", largest relative error {error_text(error)} ({name})"
