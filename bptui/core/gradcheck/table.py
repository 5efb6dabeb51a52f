"""The gradients of a check as rows of a table: aligned numbers, and a verdict in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from bptui.core.gradcheck.comparison import Comparison, Verdict
from bptui.core.gradcheck.derivatives import Places
from bptui.core.gradcheck.functions import Mask
from bptui.core.names import Names

MOST = 16
"""Rows of a matrix that are all written."""
WORST = 8
"""Rows that are written of a larger one: those to look at first."""
DECIMALS, FEWER_DECIMALS = 10, 8
"""Of the numbers in a wide table and in a narrow one."""
COLUMNS = ("analytic", "complex step", "central difference", "relative error")


@dataclass(frozen=True)
class Row:
    """One weight or bias: its name, and its numbers and its verdict as text.

    ``position`` is its place among the numbers of the comparison.
    """

    position: int
    name: str
    cells: tuple[str, ...]
    words: str
    verdict: Verdict


@dataclass(frozen=True)
class Table:
    """The rows of one matrix or vector of gradients; ``omitted`` says what was left out."""

    title: str
    comparison: Comparison
    rows: tuple[Row, ...]
    omitted: str
    verdict: str

    @property
    def name_width(self) -> int:
        return max((len(each.name) for each in self.rows), default=0)


def parameter_name(names: Names, places: Places, position: int) -> str:
    """w5 or b_h1."""
    row, column = int(places.rows[position]), int(places.columns[position])
    if places.kind == "biases":
        return f"b_{names.unit(places.layer, column)}"
    return names.weight(places.layer, row, column)


def table(names: Names, comparison: Comparison, decimals: int = DECIMALS) -> Table:
    """The rows of ``comparison``, the worst first where they are not all written."""
    places = comparison.derivatives.places
    layer, of = places.layer, "b" if places.kind == "biases" else "W"
    title = f"{comparison.name}: gradient with respect to {of}{layer}"
    if places.kind == "weights":
        title += f", {_layer(names, layer - 1)} → {_layer(names, layer)}"
    if not places.whole:
        title += f": a sample of {places.size:,} of {places.total:,}"
    shown = _shown(comparison)
    differences = comparison.differences
    central = np.full(places.size, np.nan) if differences is None else differences.values
    columns = [
        aligned(values[shown], decimals)
        for values in (comparison.analytic, comparison.numerical, central)
    ]
    rows = tuple(
        Row(
            position,
            parameter_name(names, places, position),
            (*(column[place] for column in columns), _error(comparison, position)),
            _words(comparison, position),
            comparison.verdict(position),
        )
        for place, position in enumerate(shown)
    )
    verdict = _verdict(names, comparison)
    return Table(title, comparison, rows, _omitted(comparison, shown), verdict)


def _layer(names: Names, layer: int) -> str:
    name = names.layer(layer)
    return f"layer {name}" if name.isdigit() else name


def aligned(values: Iterable[float], decimals: int = DECIMALS) -> list[str]:
    """The numbers with as many decimals each, all with powers of ten if any needs one."""
    numbers = [float(each) for each in values]
    sizes = [abs(each) for each in numbers if each and np.isfinite(each)]
    plain = all(1e-4 <= each < 1e4 for each in sizes)
    style = f"+.{decimals}f" if plain else f"+.{decimals - 1}e"
    # nan: there is none; an exact zero says so
    texts = [
        "none" if np.isnan(each) else "0" if each == 0.0 else f"{each:{style}}" for each in numbers
    ]
    width = max(map(len, texts), default=0)
    return [text.rjust(width) for text in texts]


def error_text(error: float) -> str:
    """Two digits are enough of an error: 2.1e-16; 0 where the numbers are the same."""
    return "0" if error == 0.0 else f"{error:.1e}"


def _error(comparison: Comparison, position: int) -> str:
    return error_text(float(comparison.relative_error[position]))


def _shown(comparison: Comparison) -> list[int]:
    """The positions that are written: all, or those that most need to be looked at."""
    size = comparison.analytic.size
    if size <= MOST:
        return list(range(size))
    apart = np.abs(comparison.analytic - comparison.numerical)
    apart = np.where(np.isnan(apart), np.inf, apart)
    error = np.where(comparison.wrong, apart, comparison.relative_error)
    special = comparison.kink | comparison.unclear | comparison.doubtful
    order = np.lexsort((-error, ~special, ~comparison.wrong))
    return [int(each) for each in order[:WORST]]


def _omitted(comparison: Comparison, shown: list[int]) -> str:
    left = np.ones(comparison.analytic.size, dtype=bool)
    left[shown] = False
    if not left.any():
        return ""
    counts = {
        "wrong": int((comparison.wrong & left).sum()),
        "unclear": int((comparison.unclear & left).sum()),
        "at a kink": int((stands_on_kink(comparison) & left).sum()),
    }
    counts["right"] = int(left.sum()) - sum(counts.values())
    told = [f"{count:,} {word}" for word, count in counts.items() if count]
    if len(told) == 1:
        return f"… {left.sum():,} more, all {told[0].partition(' ')[2]}"
    return f"… {left.sum():,} more: {', '.join(told)}"


def _words(comparison: Comparison, position: int) -> str:
    a, n = float(comparison.analytic[position]), float(comparison.numerical[position])
    if comparison.wrong[position]:
        if not np.isfinite(a) or not np.isfinite(n):
            return "wrong: not finite"
        return f"wrong by {a - n:+.3g}"
    if comparison.unclear[position]:
        return "unclear"
    if comparison.kink[position]:
        return "not differentiable"
    if comparison.rounded[position]:
        return "right, within rounding"
    return "right, unconfirmed" if comparison.doubtful[position] else "right"


def stands_on_kink(comparison: Comparison) -> Mask:
    """Where there is no derivative, and the analytic value may stand for one."""
    stands: Mask = comparison.kink & ~comparison.wrong & ~comparison.unclear
    return stands


def sides(comparison: Comparison, position: int) -> str:
    """Both one-sided derivatives at a kink."""
    left = float(comparison.derivatives.left[position]) + 0.0  # a negative zero is written 0
    right = float(comparison.derivatives.right[position]) + 0.0
    return f"{left:.6g} from the left, {right:.6g} from the right"


def times(ratio: float) -> str:
    """How many times as large as it should be, in words."""
    known = {2.0: "twice", 0.5: "half"}
    for value, word in known.items():
        if abs(ratio - value) < 1e-6:
            return f"{word} what it should be"
    if abs(ratio + 1.0) < 1e-6:
        return "with the opposite sign"
    return f"{ratio:.6g} times what it should be"


def _verdict(names: Names, comparison: Comparison) -> str:
    """One line about all the numbers of a comparison."""
    size, wrong = comparison.analytic.size, int(comparison.wrong.sum())
    kinks, unclear = int(stands_on_kink(comparison).sum()), int(comparison.unclear.sum())
    parts = [f"{_all(wrong, size)} wrong"] if wrong else []
    if comparison.ratio is not None:
        parts[0] += f", {'each ' if wrong > 1 else ''}{times(comparison.ratio)}"
    if kinks:
        parts.append(f"{_all(kinks, size)} not differentiable here, with a valid value")
    if unclear:
        parts.append(f"{_all(unclear, size)} unclear")
    right = size - wrong - kinks - unclear
    if right:
        text = f"{_all(right, size)} right"
        largest = comparison.largest_error
        if largest is not None and largest[0] > 0.0:
            name = parameter_name(names, comparison.derivatives.places, largest[1])
            text += f", largest relative error {error_text(largest[0])} ({name})"
        parts.append(text)
    return "; ".join(parts)


def _all(count: int, size: int) -> str:
    if count < size:
        return f"{count:,} of {size:,}"
    return "the only one" if size == 1 else "both" if size == 2 else f"all {size:,}"
