"""A gradient check in words, as tables line by line, and as a record for other programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Literal, TypeAlias

import numpy as np

from bptui.check.gradcheck.check import Comparison, GradientCheck, Link
from bptui.check.gradcheck.derivatives import Mask, Places
from bptui.core.experiment import Experiment
from bptui.core.network import Names

Record: TypeAlias = dict[str, Any]
Role: TypeAlias = Literal["title", "columns", "right", "wrong", "kink", "note", "verdict", "blank"]
METHOD = (
    "Analytic: from backpropagation. Complex step: Im L(w + ih) / h, from the forward pass alone; "
    "it decides. Central difference: (L(w + h) - L(w - h)) / 2h, less exact. Relative error: "
    "|a - n| / max(|a|, |n|); right below 1e-9, or where rounding explains it."
)
SCHEMA = 1
MOST, WORST = 16, 8
"""Rows of a matrix that are all written, and of a larger one: those to look at first."""
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
    """Yield a table for each matrix and each vector of biases, its verdict at the end."""
    experiment, names = check.snapshot.experiment, check.snapshot.experiment.network.names
    written = [(each, _written(each)) for each in check.gradients]
    labels = (each.places.parameter(names, at) for each, positions in written for at in positions)
    room = max(map(len, labels))
    for place, (each, positions) in enumerate(written):
        if place:
            yield ReportLine("", "blank")
        yield ReportLine(_title(names, each), "title")
        frozen = experiment.frozen.get(each.name.removeprefix("g"))
        if frozen is not None:
            yield from _said(f"frozen: {frozen.reason}", "note", width)
        yield from _rows(names, each, positions, room, width)
        for at in positions:
            if each.at_kink[at]:
                left, right = (float(side[at]) + 0.0 for side in (each.left, each.right))  # no "-0"
                sides = f"{left:.6g} from the left, {right:.6g} from the right"
                name = each.places.parameter(names, at)
                yield from _said(f"{name}: not differentiable here: {sides}", "note", width)
        omitted = np.ones(each.places.size, dtype=bool)
        omitted[positions] = False
        if omitted.any():
            counts = zip(_counts(each, omitted), ("wrong", "at a kink", "right"), strict=True)
            told = [(count, word) for count, word in counts if count]
            parts = ", ".join(f"{count:,} {word}" for count, word in told)
            parts = f", all {told[0][1]}" if len(told) == 1 else f": {parts}"
            yield from _said(f"… {omitted.sum():,} more{parts}", "note", width)
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
    return [int(at) for at in np.lexsort((-error, ~each.kink, ~each.wrong))[:WORST]]


def _rows(
    names: Names, each: Comparison, positions: list[int], room: int, width: int
) -> Iterator[ReportLine]:
    heads, decimals = ["analytic", "numerical", "error"], 8
    values = [each.analytic, each.numerical]
    if width >= FULL and each.central is not None:
        heads, decimals = ["analytic", "complex step", "central difference", "relative error"], 10
        values.append(np.where(each.kink, np.nan, each.central))
    columns = [_aligned(array[positions], decimals) for array in values]
    columns.append([_error(float(each.relative_error[at])) for at in positions])
    widths = [max(map(len, (head, *column))) for head, column in zip(heads, columns, strict=True)]
    titles = [head.rjust(wide) for head, wide in zip(heads, widths, strict=True)]
    yield ReportLine("  ".join((f"  {'':{room}}", *titles)), "columns")
    for at, *cells in zip(positions, *columns, strict=True):
        words = _words(each, at)
        aligned = [cell.rjust(wide) for cell, wide in zip(cells, widths, strict=True)]
        text = "  ".join((f"  {each.places.parameter(names, at):{room}}", *aligned, words))
        yield ReportLine(text, each.verdict(at), each.places, at, words)


def _aligned(values: Iterable[float], decimals: int) -> list[str]:
    """Return the numbers with as many decimals each, all with powers of ten if any needs one."""
    numbers = [float(each) for each in values]
    plain = all(1e-4 <= abs(each) < 1e4 for each in numbers if each and np.isfinite(each))
    style = f"+.{decimals}f" if plain else f"+.{decimals - 1}e"
    # nan: there is none; an exact zero says so
    return [
        "none" if np.isnan(each) else "0" if each == 0.0 else f"{each:{style}}" for each in numbers
    ]


def _error(error: float) -> str:
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


def _counts(each: Comparison, where: Mask) -> tuple[int, int, int]:
    """Return how many of those are wrong, at a kink, and right."""
    wrong, kinks = int((each.wrong & where).sum()), int((each.at_kink & where).sum())
    return wrong, kinks, int(where.sum()) - wrong - kinks


def _times(ratio: float) -> str:
    """Return in words how many times as large as it should be something is."""
    for value, words in ((2.0, "twice what"), (0.5, "half what"), (-1.0, "with the opposite sign")):
        if abs(ratio - value) < 1e-6:
            return words if value < 0.0 else f"{words} it should be"
    return f"{ratio:.6g} times what it should be"


def _verdict(names: Names, each: Comparison) -> str:
    """Return one line about all the numbers of a comparison."""
    size = each.places.size
    wrong, kinks, right = (
        f"{count:,} of {size:,}" if 0 < count < size else count and _all(size)
        for count in _counts(each, np.ones(size, dtype=bool))
    )
    parts = [f"{wrong} wrong"] if wrong else []
    if each.ratio is not None:
        parts[0] += f", {'each ' if each.wrong.sum() > 1 else ''}{_times(each.ratio)}"
    if kinks:
        parts.append(f"{kinks} not differentiable here, with a valid value")
    if right:
        parts.append(f"{right} right{_largest([each], names)}")
    return "; ".join(parts)


def _all(size: int) -> str:
    return {1: "the only one", 2: "both"}.get(size, f"all {size:,}")


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
    names = check.snapshot.experiment.network.names
    if wrong:
        said = [f"{_some(wrong, checked)} wrong."]
    elif right:
        said = [f"{_some(right, checked)} right{_largest(check.gradients, names)}."]
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


def _largest(gradients: Iterable[Comparison], names: Names) -> str:
    found = [(*each.largest_error, each) for each in gradients if each.largest_error]
    error, position, each = max(found, key=lambda one: one[0], default=(0.0, 0, None))
    if each is None or (error == 0.0 and len(found) == 1):
        return ""
    return f", largest relative error {_error(error)} ({each.places.parameter(names, position)})"


def record(check: GradientCheck) -> Record:
    """Return every gradient that was checked, and the chain of operations, for JSON."""
    snapshot, first = check.snapshot, check.first_wrong
    behind = [name for link in check.links for name in link.mistakes]
    return unchecked(snapshot.experiment, snapshot.step, "\n".join(summary(check))) | {
        "loss": snapshot.loss,
        "verdict": "right" if check.right else "wrong",
        "reason": None if check.right else "\n".join(summary(check)),
        "parameters": [_parameter(check, each) for each in check.gradients],
        "chain": [_link_record(each) for each in check.links],
        "first_wrong": first.operation if first else None,
        "mistakes": [*dict.fromkeys(behind)],
        "hidden_mistakes": check.hidden_mistakes,
        "idle_mistakes": check.idle_mistakes,
        "checked": check.checked,
    }


def unchecked(experiment: Experiment, step: int, reason: str) -> Record:
    """Return the same of a step that has no gradients to check."""
    found: Record = {"schema": SCHEMA, "preset": experiment.name, "step": step, "loss": None}
    found |= {"verdict": "failed", "reason": reason, "parameters": [], "chain": []}
    found |= {"first_wrong": None, "mistakes": [], "hidden_mistakes": [], "idle_mistakes": []}
    return found | {"checked": 0, "total": experiment.network.parameter_count}


def _parameter(check: GradientCheck, comparison: Comparison) -> Record:
    name = comparison.name.removeprefix("g")
    frozen = check.snapshot.experiment.frozen.get(name)
    verdicts = {comparison.verdict(at) for at in range(comparison.places.size)}
    return {
        "name": name,
        "shape": check.snapshot.values[comparison.name].shape,
        "gradient": comparison.name,
        "frozen": None if frozen is None else frozen.reason,
        "verdict": next(each for each in ("wrong", "kink", "right") if each in verdicts),
        "ratio": comparison.ratio,
        "max_error": float(np.max(comparison.relative_error)),
        "numbers": [_number(check, comparison, at) for at in range(comparison.places.size)],
    }


def _number(check: GradientCheck, each: Comparison, at: int) -> Record:
    names, no_central = check.snapshot.experiment.network.names, each.kink[at]
    return {
        "name": each.places.parameter(names, at),
        "index": each.places.index(at),
        "analytic": each.analytic[at],
        "numerical": each.numerical[at],
        "central": None if no_central or each.central is None else each.central[at],
        "one_sided": [each.left[at], each.right[at]] if each.at_kink[at] else None,
        "relative_error": each.relative_error[at],
        "verdict": each.verdict(at),
    }


def _link_record(link: Link) -> Record:
    return {
        "operation": link.operation,
        "verdict": "right" if not link.wrong else "follows" if link.follows_from else "wrong",
        "follows_from": link.follows_from,
        "mistakes": link.mistakes,
        "faults": [{"parameter": f.name, "never_applied": f.never_applied} for f in link.faults],
    }
