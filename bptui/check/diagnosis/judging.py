"""The verdict on each quantity: right, in another convention, wrong, or following from another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bptui.check.diagnosis.compared import Called, Difference, calls_of, chain, is_result
from bptui.check.diagnosis.findings import Finding, Verdict
from bptui.check.diagnosis.links import Chain, follows, right_at_kink
from bptui.check.diagnosis.notices import notice_of
from bptui.check.diagnosis.ratios import factors, ratio_of
from bptui.check.diagnosis.trials import FunctionName, Trial


def findings_of(trials: Sequence[Trial]) -> tuple[Finding, ...]:
    """A verdict for each quantity of a step, in the order of the step."""
    found: list[Finding] = []
    functions: list[FunctionName] = [each.function for each in trials]
    with np.errstate(all="ignore"):  # the code's numbers may be of any size, or none at all
        for function in dict.fromkeys(functions):
            found += _Judge([each for each in trials if each.function == function]).findings()
    return tuple(found)


class _Judge:
    def __init__(self, trials: Sequence[Trial]) -> None:
        self.calls = calls_of(trials)
        first = trials[0]
        self.names = chain(first.case.experiment.network, first.function)
        self.names_of = first.case.experiment.network.names
        self.differences = {name: self.compared(name) for name in self.names}
        self.given = [name for name in self.names if self.differences[name]]
        self.right = {name for name in self.given if self.is_right(name)}
        self.conventions = {name for name in self.given if self.is_convention(name)}

    def compared(self, name: str) -> list[tuple[Called, Difference]]:
        return [(each, each.difference(name)) for each in self.calls if name in each.found]

    def is_right(self, name: str) -> bool:
        """Whether it is right in every call; at a kink the drawn numbers alone decide."""
        every = self.differences[name]
        clear = [each for each in every if not each[0].kinked]
        if clear or not every:
            return all(difference.right for _, difference in clear)
        return all(difference.right or right_at_kink(call, name) for call, difference in every)

    def is_convention(self, name: str) -> bool:
        """Whether a delta is off by a constant that does no harm: its gradients are right."""
        if name in self.right or not name.startswith("delta"):
            return False
        names = self.names_of
        layer = next(k for k in range(1, names.depth + 1) if names.delta(k) == name)
        own = [names.weight_gradient(layer), names.bias_gradient(layer)]
        results = [each for each in own if each in self.given]
        results = results or [each for each in self.given if is_result(each)]
        harmless = bool(results) and all(each in self.right for each in results)
        return harmless and ratio_of(self.calls, name) is not None

    def findings(self) -> list[Finding]:
        made: list[Finding] = []
        wrong: list[str] = []
        for name in self.names:
            verdict, source = self.verdict(name, wrong)
            if verdict in ("wrong", "follows"):
                wrong.append(name)
            made.append(self.finding(name, verdict, source))
        return made

    def verdict(self, name: str, wrong: Sequence[str]) -> tuple[Verdict, str]:
        if name not in self.given:
            return "not given", ""
        if name in self.right:
            return "right", ""
        if name in self.conventions:
            return "convention", ""
        source = self.source(name, wrong)
        if source:
            told = follows(self.calls, name, self.right, self.conventional)
            if told or (told is None and self.same_factors(name, source)):
                return "follows", source
        return "wrong", ""

    def same_factors(self, name: str, source: str) -> bool:
        """Whether both are the same constants times what is right: all links are linear."""
        one, other = factors(self.calls, name), factors(self.calls, source)
        if one is None or other is None or one.keys() != other.keys():
            return False
        return all(abs(each - other[trial]) <= 1e-3 * abs(each) for trial, each in one.items())

    def source(self, name: str, wrong: Sequence[str]) -> str:
        call = next(each for each in self.calls if name in each.found)
        return Chain(call, name, self.right).source(name, wrong)

    def conventional(self, call: Called) -> list[float]:
        """1, and the constants that the code's deltas are off by in a call."""
        every = [factors(self.calls, name) for name in self.conventions]
        return [1.0, *(each[call.trial] for each in every if each and call.trial in each)]

    def finding(self, name: str, verdict: Verdict, source: str) -> Finding:
        every = self.differences[name]
        error = max((difference.error for _, difference in every), default=0.0)
        if verdict in ("not given", "right"):
            return Finding(name, verdict, error if verdict == "right" else 0.0)
        ratio = ratio_of(self.calls, name)
        clear = [each for each in every if not each[0].kinked] or every
        call, difference = next(each for each in clear if not each[1].right)
        expected, actual = call.expected[name], call.found[name]
        return Finding(
            name,
            verdict,
            error,
            call.trial,
            call.number,
            difference.index,
            float(expected[difference.index]),
            float(actual[difference.index]),
            ratio,
            source,
            notice_of([each[0] for each in clear], name) if verdict == "wrong" else "",
        )
