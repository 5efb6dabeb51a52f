"""The verdict on each quantity: right, in another convention, wrong, or following from another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from bptui.check.numbers.comparing import (
    Called,
    Ratio,
    calls_of,
    chain,
    factor_of,
    factors,
    is_result,
    notice_of,
    ratio_of,
)
from bptui.check.numbers.trials import Trial

Verdict: TypeAlias = Literal["right", "convention", "wrong", "follows", "not given"]
"""
``convention``: a constant factor away from bptui's, with which all results are right all the same
(delta without the 1/n of the mean, or -dL/dnet). ``follows``: wrong, but what the right formula
makes of the code's own earlier quantities, or off by the same factor as one of them.
"""


@dataclass(frozen=True, eq=False)
class Finding:
    """The verdict on one quantity, and the place where it is (first) wrong.

    ``error`` is the largest difference over the largest expected number, of the worst trial.
    """

    name: str
    verdict: Verdict
    error: float = 0.0
    trial: Trial | None = None
    call: int = 0
    index: tuple[int, ...] = ()
    expected: float = 0.0
    found: float = 0.0
    ratio: Ratio | None = None
    notice: str = ""
    """What is striking about a wrong array: "all zeros", "not changed", ..."""

    @property
    def wrong(self) -> bool:
        return self.verdict in ("wrong", "follows")


def findings_of(trials: Sequence[Trial]) -> tuple[Finding, ...]:
    """Return a verdict for each quantity of a step, in its order, from trials of one function."""
    with np.errstate(all="ignore"):  # the code's numbers may be of any size, or none at all
        return tuple(_Findings(trials).all())


class _Findings:
    def __init__(self, trials: Sequence[Trial]) -> None:
        self.calls = calls_of(trials)
        self.network = trials[0].case.experiment.network
        self.names = chain(self.network, trials[0].function)
        self.given = [name for name in self.names if any(name in c.found for c in self.calls)]
        wrong = {name for name in self.given if any(c.off(name).any() for c in self.of(name))}
        self.right = {*self.given} - wrong
        self.ratios = {name: ratio_of(self.calls, name) for name in self.given}
        self.conventions = {name for name in self.given if self.is_convention(name)}

    def of(self, name: str) -> list[Called]:
        return [call for call in self.calls if name in call.found]

    def is_convention(self, name: str) -> bool:
        """Tell whether a delta is off by a constant that does no harm: its gradients are right."""
        if name in self.right or not name.startswith("delta") or not factors(self.calls, name):
            return False
        layers = range(1, self.network.depth + 1)
        layer = next(each for each in layers if self.network.names.delta(each) == name)
        own = {f"g{each}" for each in self.network.parameters_of(layer)}.intersection(self.given)
        results = own or {each for each in self.given if is_result(each)}
        return bool(results) and results <= self.right

    def all(self) -> Iterator[Finding]:
        wrong: list[str] = []
        for name in self.names:
            if name not in self.given:
                yield Finding(name, "not given")
                continue
            error = max(call.error(name) for call in self.of(name))
            if name in self.right:
                yield Finding(name, "right", error)
                continue
            verdict: Verdict = "convention" if name in self.conventions else "wrong"
            if verdict == "wrong":
                verdict = "follows" if self.follows(name, wrong) else verdict
                wrong.append(name)
            call = next(each for each in self.of(name) if each.off(name).any())
            at = np.unravel_index(int((call.off(name) > 0.0).argmax()), call.found[name].shape)
            yield Finding(
                name,
                verdict,
                error,
                call.trial,
                call.number,
                tuple(map(int, at)),
                float(call.expected[name][at]),
                float(call.found[name][at]),
                self.ratios[name],
                notice_of(self.of(name), name) if verdict == "wrong" else "",
            )

    def follows(self, name: str, wrong: Sequence[str]) -> bool:
        """Tell whether the right formula makes it of the code's own numbers before.

        Where deltas are not given, it is off by the same factor: all links are linear.
        """
        if not wrong:
            return False
        same = factors(self.calls, name)
        others = [factors(self.calls, one) for one in wrong if one != "loss"]
        if same and any(other and near(same, other) for other in others):
            return True
        before = self.names[: self.names.index(name)]
        kept = self.right | self.conventions
        for call in self.of(name):
            own = {n: call.found[n] for n in before if n in call.found and n not in call.before}
            made = call.made_of(name, {n: call.expected[n] if n in kept else own[n] for n in own})
            found = call.found[name]
            scaled = factor_of(call, name, made) if self.conventions else None
            off = np.abs(found - made * (scaled or 1.0)).max()
            if call.off(name).any() and not off <= call.allowed(name, made):
                return False
        return True


def near(one: Mapping[Trial, float], other: Mapping[Trial, float]) -> bool:
    """Tell whether constants are the same ones in every trial."""
    pairs = ((each, other.get(trial, np.inf)) for trial, each in one.items())
    return all(abs(a - b) <= 1e-3 * abs(a) for a, b in pairs)
