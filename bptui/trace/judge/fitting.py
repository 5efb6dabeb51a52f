"""How parameters fare where values of a backward pass are others than the program's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from bptui.trace.judge.candidates import ALL, Source
from bptui.trace.judge.replay import Changes
from bptui.trace.step.multiples import Values, along, largest, multiple, multiple_as_it_is, rounded
from bptui.trace.step.possible_losses import Judged, Key
from bptui.trace.step.training_steps import Parameter
from bptui.trace.step.truth import StepTruth


class Fitting:
    """The changes of parameters beside their true gradients, with other values on the way."""

    def __init__(
        self,
        truth: StepTruth,
        judged: Judged,
        true: Mapping[Source, Values],
        values: Mapping[int, Values],
    ) -> None:
        self.truth, self.judged, self.true, self.values = truth, judged, true, values
        self.unchanged: dict[Key, dict[int, float | None]] = {}
        """The multiples of parameters' gradients that entries are before any repair."""

    def fits(self, parameter: Parameter, changed: Changes) -> float | None:
        """Return the multiple of its true gradient by which a parameter changes; None for another.

        It is NaN where the gradient is right, but an optimizer makes something else of it.
        """
        match = self.judged.matches[parameter.key]
        after = changed.get(parameter.after)
        if after is None:
            if match is None or (self.judged.uphill and not match.whole):
                return None
            return match.factor if match.whole else float("nan")
        true = self.true_of(parameter)
        if true is None or not self.keeps_its_shape(parameter, changed):
            return None
        factor = self.factor_after(parameter, changed)
        if factor is not None:
            was = match is not None and match.whole and not self.judged.uphill
            if match is not None and was and rounded(factor) != rounded(match.factor):
                return None  # it was right as it was
            optimized = any(m and m.entry is not None for m in self.judged.matches.values())
            return None if optimized and not self.judged.whole else factor
        if self.judged.uphill and along(self.change(parameter, changed), true):
            return None
        sizes = {rounded(m.factor) for m in self.judged.matches.values() if m}
        last = next(self._adapted(parameter, changed, true), None)
        fits = last is not None and (not self.judged.ratios or rounded(last) in sizes)
        return float("nan") if fits else None

    def rates(self, usual: float | None) -> dict[Key, float]:
        """Return how many times the rate of most parameters each has: one number tells it.

        ``usual`` is the factor between gradients and changes of most.
        """
        whole = self.judged.whole if usual else {}
        found = {key: abs(factor / (usual or 1.0)) for key, factor in whole.items()}
        most = {p.scalars for p in self.truth.parameters if rounded(found.get(p.key, 0.0)) == 1.0}
        rate = most.pop() if len(most) == 1 else frozenset[float]()
        for parameter in self.truth.parameters:
            single = len(rate) == len(parameter.scalars) == 1
            times = min(parameter.scalars) / min(rate) if single else 1.0
            found.setdefault(parameter.key, times)
        return found

    def true_of(self, parameter: Parameter) -> Values | None:
        """Return a parameter's true gradient; None where the loss does not depend on it."""
        whole = self.true.get((parameter.before, ALL))
        return None if whole is None else list(map(parameter.taken, whole))

    @cached_property
    def turned(self) -> set[int]:
        """The gradients of square matrices that are transposed, and are not turned back later."""
        found: set[int] = set()
        for parameter in self.truth.parameters:
            true = self.true_of(parameter) if self.judged.matches[parameter.key] is None else None
            for entry in self.truth.behind[parameter.key] & self.values.keys() if true else ():
                own = self.values[entry]
                if (
                    not self.truth.may_turn(parameter, entry)
                    and true
                    and multiple(own, true) is not None
                    and multiple_as_it_is(own, true) is None
                ):
                    found.add(entry)
        return found

    def _adapted(self, parameter: Parameter, changed: Changes, true: Values) -> Iterator[float]:
        """Yield the multiples of its true gradient that an optimizer takes, the last one first."""
        key = parameter.key
        if key not in self.unchanged:
            behind = self.truth.behind[key] & self.values.keys() - {parameter.after}
            self.unchanged[key] = {
                entry: multiple(self.values[entry], true) for entry in sorted(behind, reverse=True)
            }
        for entry, factor in self.unchanged[key].items():
            if entry in changed:
                factor = multiple(changed[entry], true)
            if factor is not None and self.truth.adapted(key, entry):
                yield factor

    def factor_after(self, parameter: Parameter, changed: Changes) -> float | None:
        """Return the multiple of its true gradient by which a whole parameter has changed."""
        true, change = self.true_of(parameter), self.change(parameter, changed)
        if true is None:
            return None
        noise = self.truth.noise(parameter, self.judged.size)
        for left in (change, self.truth.decay.without(parameter, change)):
            lost = largest(left) <= noise.values and largest(true) > noise.true
            if lost and self.judged.matches[parameter.key] is None:
                return None  # nothing is left
            if (factor := multiple_as_it_is(left, true, noise)) is not None:
                return factor
        return None

    def keeps_its_shape(self, parameter: Parameter, changed: Changes) -> bool:
        shape = self.truth.parameters[parameter].shape
        return parameter.after in changed and changed[parameter.after][0].shape == shape

    def change(self, parameter: Parameter, changed: Changes) -> Values:
        before = self.truth.numbers(self.truth.parameters[parameter])
        pairs = zip(changed[parameter.after], before, strict=True)
        return [parameter.taken(new - old) for new, old in pairs]
