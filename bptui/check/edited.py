"""Finds which edits of the right lines of code give wrong numbers, where no code is known."""

from __future__ import annotations

import ast
import re
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

LARGE, MOST_TRIED = 2_000, 400
"""Parameters up to which lines are edited, and edits of a line."""
Lines = Mapping[str, str]
"""The code of a step: quantities in their order, and the lines that compute them."""
Names = dict[str, Array]


def edited_lines(calls: Sequence[Called], names: Sequence[str]) -> tuple[str, ...]:
    """Return the edited lines with which the ``names`` are what was found in calls of one network.

    They are found one after the other: each gives the first quantity that is still wrong, and as
    many behind it as can be. None where that leads to no end.
    """
    case, found = calls[0].trial.case, list[str]()
    if case.experiment.network.parameter_count > LARGE:
        return ()
    program = _Program(lines_of(case), calls, names)
    while program.right < len(names):
        best, told = program, ""
        for quantity, line in program.edits():
            if program.right_with(quantity, line, best.right) > best.right:
                best = _Program({**program.lines, quantity: line}, calls, names)
                told = line
            if best.right == len(names):
                break
        if best.right <= program.right:
            return ()  # what it gives behind the edited line may differ, too
        program = best
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


class _Program:
    """The lines of a step, carried out in each call; how many of the ``names`` are ``right``."""

    def __init__(self, lines: Lines, calls: Sequence[Called], names: Sequence[str]) -> None:
        self.lines, self.calls, self.names = lines, calls, names
        starts = [_start(call) for call in calls]
        made = [dict(_carried_out(lines, dict(start))) for start in starts]
        self.made, self.known = made[0], list[Names]()
        targets = {quantity: _target(line) for quantity, line in lines.items()}
        for start, values in zip(starts, made, strict=True):  # parameters are those before the step
            self.known.append({**{targets[one]: values[one] for one in values}, **start})
        self.right = self.right_with(next(iter(lines)), next(iter(lines.values())), -1)

    def right_with(self, quantity: str, line: str, least: int) -> int:
        """Return how many quantities are right with another line, up to the first that is not.

        It is not looked at more calls where it is no more than ``least``.
        """
        order, right = [*self.lines], len(self.names)
        later = {**{one: self.lines[one] for one in order[order.index(quantity) :]}, quantity: line}
        for call, known in zip(self.calls, self.known, strict=True):
            left = {name: at for at, name in enumerate(self.names[:right]) if name in call.found}
            left = {name: at for name, at in left.items() if name in later}
            for name, made in _carried_out(later, {**known}):
                if name in left and not _gives(call, name, made):
                    right = left[name]
                    break
                left.pop(name, None)
            else:
                right = min(left.values(), default=right)  # it was not carried out to the end
            if right <= least:
                break
        return right

    def edits(self) -> Iterator[tuple[str, str]]:
        """Yield edits of the lines that the first wrong quantity, and nothing right, comes from."""
        wrong, names = self.names[self.right], self.known[0]
        within = self._behind([wrong]) - self._behind(self.names[: self.right])
        for quantity in reversed([one for one in self.lines if one in within]):
            line, seen = self.lines[quantity], {_digits(self.made[quantity])}
            if quantity == wrong:
                off = self.calls[0].found[wrong] - self.made[wrong]
                if np.ptp(off) <= 1e-6 * np.abs(off).max():
                    sign = "-" if off.mean() < 0.0 else "+"
                    yield quantity, f"{line} {sign} {abs(off.mean()):.6g}"
            sight = {name: [array] for name, array in names.items() if name != _target(line)}
            for edit in islice(edits(ast.parse(line).body[0], sight), MOST_TRIED):
                edited = ast.unparse(edit)
                values = [*_carried_out({quantity: edited}, {**names})]
                if isinstance(edit, ast.Assign) and values and _digits(values[0][1]) not in seen:
                    seen.add(_digits(values[0][1]))
                    yield quantity, edited

    def _behind(self, names: Sequence[str]) -> set[str]:
        """Return what quantities are computed from, with these."""
        found, targets = {*names}, {one: _target(line) for one, line in self.lines.items()}
        for quantity in reversed([*self.lines]):
            if quantity in found:
                words = re.findall(r"\w+", self.lines[quantity].partition(" = ")[2])
                found |= {one for one, target in targets.items() if target in words}
        return found


def _target(line: str) -> str:
    return line.partition(" = ")[0]


def _gives(call: Called, name: str, made: Array) -> bool:
    found = call.found[name]
    return made.size == found.size and call.gives(name, made.reshape(found.shape))


def _digits(array: Array) -> bytes:
    return np.round(array, 9).tobytes()
