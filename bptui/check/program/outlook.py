"""Says what may keep a program from learning whose gradients are right: a remark a cause.

It is told from the numbers of the step that was looked at, and from steps like it that are made
here, where the program makes the same ones. Where its loss falls, little is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from typing import NamedTuple

import numpy as np

from bptui.check.program.unapplied import Fixed, told
from bptui.core.graph.node import Node
from bptui.trace.judge.activated import Activated, slopes_at
from bptui.trace.judge.judge import Verdict
from bptui.trace.judge.training import FEW, Training
from bptui.trace.step.drawn import PRODUCTS
from bptui.trace.step.multiples import Numbers
from bptui.trace.step.training_steps import training_steps

REACH = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "bipolar_sigmoid": (-1.0, 1.0)}
REACH |= {"softsign": (-1.0, 1.0), "hard_sigmoid": (0.0, 1.0)}
REACH |= {"relu": (0.0, np.inf), "softplus": (0.0, np.inf)}
"""Between what the values of an activation lie."""
FLAT, MOST_FLAT = 0.01, 0.9
"""The part of the steepest slope from which on a unit is saturated; the part of units that are."""
HARDLY, CLEARLY = 0.01, 0.2
"""The parts of its loss by which a training hardly falls, and clearly falls."""
MUCH = 10.0
"""How many times larger the loss becomes on the data of one step alone, if that is a bad sign."""
NOISE = 1e-7
"""The part of a loss by which it may change by rounding."""
WIDE = 20.0
"""The size of inputs from which on they had better be scaled."""


class Course(NamedTuple):
    """Where the loss goes: after how many steps it is what, and what is wrong with that."""

    steps: int
    first: float
    last: float
    kind: str
    """falls, hardly, rises, unsteady; unknown."""


class Outlook:
    """The remarks on a program that is right."""

    def __init__(self, verdict: Verdict, name: Callable[[int], str | None]) -> None:
        self.lines, self.truth, self.first = verdict.lines, verdict.lines.truth, verdict.number == 1
        self.tape, self.name = self.truth.tape, name
        steps = training_steps(self.tape)[verdict.number - 1 :]
        self.training = Training(self.lines, steps)
        self.layers = self.lines.layers
        self.course = self._course()
        self.unapplied = Fixed(self.lines, name).unapplied()

    def remarks(self) -> list[str]:
        """Return the remarks, the plainest cause first; none where all is well."""
        units = [*self._dead(), *self._saturated()]
        rate = [*self._rate()]
        if not rate and self.course.kind in ("rises", "unsteady"):
            rate = [self._told()]
        return [
            *islice(self._symmetric(), 1),
            *(f"not applied: {told(one, self.name)}" for one in self.unapplied),
            *islice(self._out_of_reach(), 1),
            *units,
            *rate,
            *islice(self._wide_inputs() if units or rate else (), 1),
        ]

    # where the loss goes

    def _course(self) -> Course:
        training = self.training
        if not training.known:
            return Course(0, np.nan, np.nan, "unknown")
        losses = training.losses(FEW)
        kind = _kind(losses)
        if not training.goes_on:  # with other data the next steps may go elsewhere
            kind = "unknown" if kind != "rises" or losses[-1] < MUCH * losses[0] else kind
        elif kind == "hardly":
            losses = training.losses(training.most)
            if _kind(losses) == "rises" or _fallen(losses) >= 5 * HARDLY:
                kind = "falls"
        return Course(len(losses) - 1, losses[0], losses[-1], kind)

    def _told(self) -> str:
        steps, first, last, kind = self.course
        way = {"rises": "rises", "unsteady": "goes up and down", "hardly": "falls only"}[kind]
        return f"the loss {way} from {first:.5g} to {last:.5g} in {steps} steps like this one"

    def _rate(self) -> Iterator[str]:
        """Tell of a rate with which the loss falls where it does not with that of the program."""
        steps, first, last, kind = self.course
        smaller = [10.0**-power for power in range(1, 10)]
        factors = {"hardly": [10.0, 100.0, 1000.0], "rises": smaller, "unsteady": smaller}
        for factor in factors.get(kind, ()):
            losses = self.training.losses(max(steps, FEW), factor)
            enough = _fallen(losses) > (CLEARLY if kind == "hardly" else 0.0)
            if _kind(losses) == "falls" and losses[-1] < min(first, last) and enough:
                size, other = ("too small", "larger") if factor > 1 else ("too large", "smaller")
                yield (
                    f"learning rate {size}: {self._told()}, and to {losses[-1]:.5g} with a rate "
                    f"{max(factor, 1 / factor):,.0f} times {other}"
                )
                return

    # what can be seen in one step

    def _symmetric(self) -> Iterator[str]:
        """Tell of units with the same weights and gradients."""
        gradients = self.lines.judged.gradients.of
        for node in dict.fromkeys(self.truth.parameters.values()):
            entry = self.truth.graph.entry[node]
            axes = {*self._units(node)} if node in gradients and self._is_hidden(entry) else ()
            both = [self.training.at_start(one) for one in (node, gradients[node])] if axes else []
            for axis in axes:
                count = node.shape[axis]
                if count > 1 and all(_same(values, axis) for values in both):
                    yield (
                        f"equal units: the {count} that {self.name(entry) or 'a matrix'} leads to "
                        "begin with the same weights and get the same gradients, so they stay "
                        "copies of one; begin with small random weights"
                    )

    def _units(self, matrix: Node) -> Iterator[int]:
        """Yield the axes of a matrix along which the units lie that it leads to."""
        products = (self.truth.graph.nodes[entry] for entry in self.lines.forward)
        for product in products if len(matrix.shape) == 2 else ():
            for place, given in enumerate(product.inputs if product.op.name == "matmul" else ()):
                if given is matrix:
                    yield place
                elif given.op.name == "transpose" and given.inputs[0] is matrix:
                    yield 1 - place

    def _is_hidden(self, entry: int) -> bool:
        """Tell whether what follows from an entry is multiplied with another parameter."""
        after = self.tape.dependents({entry}, self.truth.step.end) & self.lines.forward
        factors = {one for at in after if self._op(at) in PRODUCTS for one in self.tape.inputs[at]}
        return not self.truth.dependent.isdisjoint(factors - after)

    def _op(self, entry: int) -> str:
        return self.truth.graph.nodes[entry].op.name

    def _out_of_reach(self) -> Iterator[str]:
        reach = {layer.after: layer for layer in self.layers if layer.name in REACH}
        for entry in self.truth.early:
            pair = self.tape.inputs[entry]
            if self.tape.notes[entry].call != "subtract" or len(pair) != 2:
                continue
            for out, target in (pair, pair[::-1]):
                given = target in self.truth.dependent or not self.tape.shape(target)
                if given or out not in reach:
                    continue
                low, high = REACH[reach[out].name]
                values = self._values(target)
                if values.min() < low or values.max() > high:
                    ends = f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} and more"
                    yield (
                        f"targets out of reach: {self.name(target) or 'the target'} "
                        f"{_goes(values)}, and {self._called(reach[out])} gives {ends}; scale the "
                        "targets, or leave the activation of the output out"
                    )

    def _values(self, entry: int) -> Numbers:
        return np.asarray(self.tape.values[entry], dtype=np.float64)

    def _called(self, layer: Activated) -> str:
        name = self.name(layer.after)
        return f"{name} = {layer.name}(...)" if name else f"the {layer.name}"

    def _of_several_samples(self) -> list[Activated]:
        """Return the layers whose units were seen with more than one sample."""
        counts = self.lines.samples - {1}
        shape = self.tape.shape
        return [layer for layer in self.layers if not counts.isdisjoint(shape(layer.before))]

    def _dead(self) -> Iterator[str]:
        for layer in self._of_several_samples():
            z = self._values(layer.before)
            if layer.name == "relu" and z.size > 1 and z.max() <= 0:
                yield (
                    f"dead units: {self._called(layer)} is 0 everywhere, and lets no gradient "
                    "through; begin with other weights or biases, or take leaky relu"
                )

    def _saturated(self) -> Iterator[str]:
        early = self.first and self.course.kind == "hardly"  # later, an output may well be
        for layer in self._of_several_samples():
            if layer.name not in REACH or layer.name == "relu":
                continue
            steepest = float(slopes_at([np.zeros(1)], layer.name)[0][0])
            flat = float(np.mean(np.abs(layer.slope(self.truth)[0]) < FLAT * steepest))
            if flat >= MOST_FLAT and (early or layer.is_hidden(self.truth, self.lines.forward)):
                yield (
                    f"saturated units: {flat:.0%} of {self._called(layer)} are so near its ends "
                    f"that the slope is below {FLAT:.0%} of the steepest; begin with smaller "
                    "weights, or scale the inputs"
                )

    def _wide_inputs(self) -> Iterator[str]:
        parameters = {parameter.before for parameter in self.truth.parameters}
        for entry in sorted(self.lines.forward & self.truth.dependent):
            inputs, op = self.tape.inputs[entry], self._op(entry)
            if op == "matmul" or (op == "multiply" and not parameters.isdisjoint(inputs)):
                for given in inputs:
                    values = self._values(given)
                    if given not in self.truth.dependent and np.abs(values).max() > WIDE:
                        name = self.name(given) or "an input"
                        yield f"large inputs: {name} {_goes(values)}; scale it to about -1 to 1"


def _goes(values: Numbers) -> str:
    return f"goes from {values.min():.4g} to {values.max():.4g}"


def _same(values: Numbers, axis: int) -> bool:
    first = np.take(values, [0], axis=axis)
    return bool(np.allclose(values, first, rtol=1e-9, atol=1e-12 * (np.abs(values).max() or 1.0)))


def _fallen(losses: list[float]) -> float:
    return (losses[0] - losses[-1]) / abs(losses[0]) if losses[0] else 0.0


def _kind(losses: list[float]) -> str:
    noise = NOISE * max(map(abs, losses))
    if not np.isfinite(losses[-1]) or losses[-1] > losses[0] + noise:
        return "rises"
    ups = sum(after > before + noise for before, after in pairwise(losses))
    if 3 * ups > len(losses) and _fallen(losses) < 0.9:
        return "unsteady"
    return "hardly" if _fallen(losses) < HARDLY else "falls"
