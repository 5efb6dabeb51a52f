"""A gradient check in words, as tables line by line, and as a record for other programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from textwrap import wrap
from typing import Any, TypeAlias

import numpy as np

from bptui.check.gradcheck.check import Comparison, GradientCheck, Link, Verdicts
from bptui.check.gradcheck.derivatives import Places
from bptui.core.experiment import Experiment

Record: TypeAlias = dict[str, Any]
METHOD = (
    "Analytic: from backpropagation. Complex step: Im L(w + ih) / h, from the forward pass alone; "
    "it decides. Central difference: (L(w + h) - L(w - h)) / 2h, less exact. Relative error: "
    "|a - n| / max(|a|, |n|); right below 1e-9, or where rounding explains it."
)
SCHEMA = 1
MOST, WORST = 16, 8
"""Rows of a matrix that are all written, and of a larger one: those to look at first."""
MOST_CENTRAL = 1000
"""Numbers of a gradient up to which each has its central difference in a record."""
LEAST = 4
"""Decimals of the numbers where there is little room."""
FULL = 92
"""Columns that a table takes with the central differences; without that room it leaves them out."""


@dataclass(frozen=True)
class ReportLine:
    """A line of a table; ``places`` and ``position`` say whose numbers are in it, if any's.

    ``role`` is title, note, or the verdict on the numbers; ``words`` the end of ``text`` that says
    that verdict.
    """

    text: str
    role: str = "note"
    places: Places | None = None
    position: int = 0
    words: str = ""


def report_lines(check: GradientCheck, width: int) -> Iterator[ReportLine]:
    """Yield a table for each matrix and vector, and the chain where something is wrong."""
    written = {each: _written(each) for each in check.gradients}
    room = max(len(each.places.parameter(at)) for each in written for at in written[each])
    for each, positions in written.items():
        if each is not check.gradients[0]:
            yield ReportLine("")
        yield ReportLine(_title(each), "title")
        if (frozen := _frozen(check, each)) is not None:
            yield from _said(f"frozen: {frozen}", width)
        yield from _rows(each, positions, room, width)
        for note in _notes(each, positions):
            yield from _said(note, width)
    if not check.right:
        yield ReportLine("")
        yield from chain_lines(check, width)


def _notes(each: Comparison, positions: list[int]) -> Iterator[str]:
    """Yield what there is to say below the numbers that are written."""
    for at in positions:
        if each.verdicts[at] == "kink":
            right, left = (float(side[at]) + 0.0 for side in each.sides[:2])  # no "-0"
            sides = f"{left:.6g} from the left, {right:.6g} from the right"
            yield f"{each.places.parameter(at)}: not differentiable here: {sides}"
    omitted = np.delete(each.verdicts, positions)
    if omitted.size:
        yield f"… more like these: {_tally(omitted)}"
    times = f"; each wrong one is {_times(each.ratio)}" if each.ratio is not None else ""
    yield f"{_tally(each.verdicts)}{times}"


def _said(text: str, width: int, first: str = "  ", later: str = "    ") -> Iterator[ReportLine]:
    yield from map(ReportLine, wrap(text, width, initial_indent=first, subsequent_indent=later))


def _title(each: Comparison) -> str:
    places, layer, names = each.places, each.places.layer, each.places.names
    title = f"{each.name}: gradient with respect to {each.name.removeprefix('g')}"
    if places.kind == "weights":
        ends = [names.layer(layer - 1), names.layer(layer)]
        title += ", " + " → ".join(f"layer {end}" if end.isdigit() else end for end in ends)
    return title


def _frozen(check: GradientCheck, each: Comparison) -> str | None:
    frozen = check.snapshot.experiment.frozen.get(each.name.removeprefix("g"))
    return None if frozen is None else frozen.reason


def _written(each: Comparison) -> list[int]:
    """Return the positions that are written: all, or those that most need to be looked at."""
    if each.places.size <= MOST:
        return list(range(each.places.size))
    apart = np.nan_to_num(np.abs(each.analytic - each.numerical), nan=np.inf)
    error = np.where(each.wrong, apart, each.relative_error)
    return [int(at) for at in np.lexsort((-error, ~each.kink, ~each.wrong))[:WORST]]


def _rows(each: Comparison, positions: list[int], room: int, width: int) -> Iterator[ReportLine]:
    heads, decimals = ["analytic", "numerical", "error"], 8
    values = [each.analytic[positions], each.numerical[positions]]
    if width >= FULL:
        heads, decimals = ["analytic", "complex step", "central difference", "relative error"], 10
        central = (each.central(at) for at in positions)
        values.append(np.array([np.nan if one is None else one for one in central]))
    words = [_words(each, at) for at in positions]
    taken = room + 2 * (len(heads) + 2) + len("1.0e-10") + min(map(len, words))
    columns = [_aligned(array, decimals) for array in values]
    while decimals > LEAST and taken + sum(max(map(len, c)) for c in columns) > width:
        decimals -= 1  # names may be long
        columns = [_aligned(array, decimals) for array in values]
    columns.append(
        [f"{each.relative_error[at]:.1e}" if each.relative_error[at] else "0" for at in positions]
    )
    for number, column in enumerate(columns):
        wide = max(map(len, (heads[number], *column)))
        heads[number] = heads[number].rjust(wide)
        columns[number] = [cell.rjust(wide) for cell in column]
    yield ReportLine("  ".join((f"  {'':{room}}", *heads)))
    for at, said, *cells in zip(positions, words, *columns, strict=True):
        text = "  ".join((f"  {each.places.parameter(at):{room}}", *cells, said))
        yield ReportLine(text, str(each.verdicts[at]), each.places, at, said)


def _aligned(values: Iterable[float], decimals: int) -> list[str]:
    """Return the numbers with as many decimals each, all with powers of ten if any needs one."""
    numbers = [float(each) for each in values]
    plain = all(1e-4 <= abs(each) < 1e4 for each in numbers if each and np.isfinite(each))
    style = f"+.{decimals}f" if plain else f"+.{decimals - 1}e"
    # nan: there is none; an exact zero says so
    return [
        "none" if np.isnan(each) else "0" if each == 0.0 else f"{each:{style}}" for each in numbers
    ]


def _words(each: Comparison, position: int) -> str:
    a, n = float(each.analytic[position]), float(each.numerical[position])
    if each.wrong[position]:
        finite = np.isfinite(a) and np.isfinite(n)
        return f"wrong by {a - n:+.3g}" if finite else "wrong: not finite"
    if each.kink[position]:
        return "not differentiable"
    return "right, within rounding" if each.rounded[position] else "right"


def _counts(verdicts: Verdicts) -> list[int]:
    """Return how many are wrong, at a kink, and right."""
    return [int(np.count_nonzero(verdicts == each)) for each in ("wrong", "kink", "right")]


def _times(ratio: float) -> str:
    """Return in words how many times as large as it should be something is."""
    times = f"{ratio:.6g}"
    known = {"2": "twice what it should be", "0.5": "half what it should be"}
    known["-1"] = "right with the opposite sign"
    return known.get(times, f"{times} times what it should be")


def _tally(verdicts: Verdicts) -> str:
    counts = zip(_counts(verdicts), ("wrong", "at a kink", "right"), strict=True)
    return ", ".join(f"{count:,} {word}" for count, word in counts if count)


def chain_lines(check: GradientCheck, width: int) -> Iterator[ReportLine]:
    """Yield the operations from the loss to the update with what is to be said about each."""
    yield ReportLine("The chain from the loss to the update", "title")
    room = max(len(each.operation) for each in check.links) + 4
    for each in check.links:
        name = f"  {each.operation:{room - 2}}"
        yield from _said(_link(each, each is check.first_wrong), width, name, " " * room)


def _link(link: Link, first: bool) -> str:
    if not link.wrong:
        return "right"
    said = "wrong from here on" if first else "wrong"
    if link.follows_from:
        own = ", and on its own" if link.mistakes else ""
        said = f"wrong because it uses {' and '.join(link.follows_from)}{own}"
    return _behind(_faults(link) or said, link)


def _faults(link: Link) -> str:
    return "; ".join(
        f"the gradient of {fault.parameter} is never applied"
        if fault.never_applied
        else f"the update of {fault.parameter} does not follow from its gradient"
        for fault in link.faults
    )


def _behind(said: str, link: Link) -> str:
    """Return what is said of a link with the mistakes behind it."""
    return ": ".join(filter(None, (said, ", ".join(link.mistakes))))


def summary(check: GradientCheck) -> list[str]:
    """Return what came out, in a few sentences, the most important first."""
    checked = check.total
    wrong, kinks, right = _counts(np.concatenate([each.verdicts for each in check.gradients]))
    rounded = sum(int(each.rounded.sum()) for each in check.gradients)
    if wrong:
        said = [f"{_some(wrong, checked)} wrong."]
    elif right:
        said = [f"{_some(right, checked)} right{_largest(check.gradients)}."]
    else:
        said = ["No gradient is wrong."]
    for link in check.links:  # where the errors begin, and the mistakes behind that
        name = link.operation
        if link.faults:
            said.append(f"{_behind(f'In the update, {_faults(link)}', link)}.")
        elif link is check.first_wrong:
            said.append(f"{_behind(f'Wrong from {name} on', link)}.")
        elif link.verdict == "wrong" or link.mistakes:
            said.append(f"{_behind(f'{name} is also wrong on its own', link)}.")
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
    return said


def _some(count: int, all_of: int) -> str:
    if count == all_of:
        return f"All {count:,} gradients are" if count > 1 else "The only gradient is"
    return f"{count:,} of {all_of:,} gradients {'are' if count != 1 else 'is'}"


def _largest(gradients: Iterable[Comparison]) -> str:
    """Return the largest relative error of the right ones that rounding has left alone."""
    found = [
        (float(each.relative_error[at]), each.places, int(at))
        for each in gradients
        for at in np.flatnonzero((each.verdicts == "right") & ~each.rounded)
    ]
    error, places, at = max(found, key=itemgetter(0), default=(0.0, None, 0))
    if places is None or error == 0.0:
        return ""
    return f", largest relative error {error:.1e} ({places.parameter(at)})"


def record(check: GradientCheck) -> Record:
    """Return every gradient that was checked, and the chain of operations, for JSON."""
    snapshot, first = check.snapshot, check.first_wrong
    behind = [name for link in check.links for name in link.mistakes]
    reason = None if check.right else "\n".join(summary(check))
    return unchecked(snapshot.experiment, snapshot.step, reason) | {
        "loss": snapshot.loss,
        "verdict": "right" if check.right else "wrong",
        "parameters": [_parameter(check, each) for each in check.gradients],
        "chain": [
            {
                "operation": each.operation,
                "verdict": each.verdict,
                "follows_from": each.follows_from,
                "mistakes": each.mistakes,
                "faults": [fault._asdict() for fault in each.faults],
            }
            for each in check.links
        ],
        "first_wrong": first.operation if first else None,
        "mistakes": [*dict.fromkeys(behind)],
        "hidden_mistakes": check.hidden_mistakes,
        "idle_mistakes": check.idle_mistakes,
        "checked": check.total,
    }


def unchecked(experiment: Experiment, step: int, reason: str | None) -> Record:
    """Return the same of a step that has no gradients to check."""
    found: Record = {"schema": SCHEMA, "preset": experiment.name, "step": step, "loss": None}
    found |= {"verdict": "failed", "reason": reason, "parameters": [], "chain": []}
    found |= {"first_wrong": None, "mistakes": [], "hidden_mistakes": [], "idle_mistakes": []}
    return found | {"checked": 0, "total": experiment.network.parameter_count}


def _parameter(check: GradientCheck, each: Comparison) -> Record:
    return {
        "name": each.name.removeprefix("g"),
        "shape": check.snapshot.values[each.name].shape,
        "gradient": each.name,
        "frozen": _frozen(check, each),
        "verdict": next(v for v in ("wrong", "kink", "right") if v in each.verdicts),
        "ratio": each.ratio,
        "max_error": float(np.max(each.relative_error)),
        "numbers": [
            {
                "name": each.places.parameter(at),
                "index": each.places.index(at),
                "analytic": each.analytic[at],
                "numerical": each.numerical[at],
                "central": each.central(at) if each.places.size <= MOST_CENTRAL else None,
                "one_sided": [*each.sides[1::-1, at]] if verdict == "kink" else None,
                "relative_error": each.relative_error[at],
                "verdict": str(verdict),
            }
            for at, verdict in enumerate(each.verdicts)
        ],
    }
