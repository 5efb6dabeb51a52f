"""Finds which edits of the right lines of code give wrong numbers, where no code is known."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from types import CodeType

import numpy as np

from bptui.check.comparing import Called
from bptui.check.trials import Case
from bptui.core.arrays import Array
from bptui.core.step import training_step
from bptui.explain.equation import Equation
from bptui.explain.expression import Quantity, Scope
from bptui.explain.formulas import define
from bptui.explain.report import assignment
from bptui.explain.symbols import Symbols
from bptui.trace.edits import edits

LARGE, MOST_TRIED = 2_000, 1500
"""Parameters up to which lines are edited, and edits of a line."""
Lines = Mapping[str, str]
"""The code of a step: quantities in their order, and the lines that compute them."""
Names = dict[str, Array]


def edited_lines(calls: Sequence[Called], names: Sequence[str]) -> tuple[str, ...]:
    """Return the edited lines with which the ``names`` are what was found in calls of one network.

    They are found one after the other: each gives the first quantity that is still wrong, and as
    many behind it as can be. None where that leads to no end.
    """
    if calls[0].snapshot.experiment.network.parameter_count > LARGE:
        return ()
    lines, found = lines_of(calls[0].trial.case), list[str]()
    right = _right(calls, lines, names)
    while right < len(names):
        best, most = lines, right
        for quantity, line in _edits(calls[0], lines, names[right]):
            edited = {**lines, quantity: line}
            now = _right(calls, edited, names)
            if now > most:
                best, most, told = edited, now, line
            if most == len(names):
                break
        if most == right:
            return ()
        lines, right = best, most
        found.append(told)
    return tuple(found)


def lines_of(case: Case) -> Lines:
    """Return the lines of the right step, in the network's names."""
    step = training_step(case.experiment, case.samples)
    symbols, lines = Symbols(step.names), dict[str, str]()
    for made in define(step).every:
        if step.computed[made.name].inputs:
            left = Quantity(made.name, new=made.new)
            lines[made.name] = assignment(Equation(left, made.expression, Scope({}, {})), symbols)
    return lines


def _start(call: Called) -> Names:
    """Return the numbers that a step begins with, by the names in its code."""
    training = call.snapshot.experiment.training
    settings = {"learning_rate": training.learning_rate, "l2": training.l2}
    data = {name: call.expected[name] for name in ("input", "target")}
    return {**{name: np.array(value) for name, value in settings.items()}, **data, **call.before}


def _carried_out(lines: Lines, names: Names) -> Iterator[tuple[str, Array]]:
    """Yield what lines compute, in turn; it ends where one of them cannot be carried out."""
    for quantity, line in lines.items():
        target, _, code = line.partition(" = ")
        try:
            with np.errstate(all="ignore"):
                names[target] = np.asarray(eval(_compiled(code), {"np": np, **names}), np.float64)
        except Exception:  # whatever an edited line may raise
            return
        yield quantity, names[target]


@lru_cache(maxsize=20_000)
def _compiled(code: str) -> CodeType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the compiler has its doubts about some edits
        return compile(code, "<line>", "eval")


def _right(calls: Sequence[Called], lines: Lines, names: Sequence[str]) -> int:
    """Return how many quantities lines give in every call, up to the first that they do not."""
    right = len(names)
    for call in calls:
        made = dict(_carried_out(lines, _start(call)))
        right = next(
            (at for at, name in enumerate(names[:right]) if not _gives(call, name, made)), right
        )
    return right


def _gives(call: Called, name: str, made: Mapping[str, Array]) -> bool:
    if name not in call.found:
        return True
    found = call.found[name]
    return (
        name in made
        and made[name].size == found.size
        and call.gives(name, made[name].reshape(found.shape))
    )


def _edits(call: Called, lines: Lines, wrong: str) -> Iterator[tuple[str, str]]:
    """Yield edits of the lines up to the one that gives a wrong quantity, from it back."""
    names = _start(call)
    made = dict(_carried_out(lines, names))
    for quantity in reversed([*lines][: [*lines].index(wrong) + 1]):
        line, seen = lines[quantity], {_digits(made[quantity])}
        target = line.partition(" = ")[0]
        if quantity == wrong:
            off = call.found[wrong] - made[wrong]
            if np.ptp(off) <= 1e-6 * np.abs(off).max():
                sign = "-" if off.mean() < 0.0 else "+"
                yield quantity, f"{line} {sign} {abs(off.mean()):.6g}"
        sight = {name: [array] for name, array in names.items() if name != target}
        for edit in islice(edits(ast.parse(line).body[0], sight), MOST_TRIED):
            edited = ast.unparse(edit)
            values = [*_carried_out({quantity: edited}, {**names})]
            if isinstance(edit, ast.Assign) and values and _digits(values[0][1]) not in seen:
                seen.add(_digits(values[0][1]))
                yield quantity, edited


def _digits(array: Array) -> bytes:
    return np.round(array, 9).tobytes()
