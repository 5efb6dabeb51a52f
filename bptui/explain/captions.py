"""What each operation of a step does, in a sentence for somebody who learns it.

The one source of these sentences: the worksheet, presentations and the tour show them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from math import nan, prod
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np

from bptui.core.activations import ACTIVATIONS
from bptui.core.backprop import Operation, operations_of
from bptui.core.experiment import Experiment
from bptui.core.graph.node import SAMPLE_COUNT, Node, leaf, number
from bptui.core.losses import TERMS
from bptui.core.mistakes import MISTAKES, with_mistakes
from bptui.core.network import Names
from bptui.core.step import Step, training_step
from bptui.explain.expression import Apply, Constant, Expression, Quantity, Scope
from bptui.explain.formulas import define, formula_of
from bptui.explain.printer import Printer, symbols_of
from bptui.explain.symbols import Symbols
from bptui.explain.words import OVER, layer_words, listed, matters

LONGEST = 30
"""Characters of a formula that has room in a sentence."""
WRONG = "comes out wrong"
Verdict = Literal["right", "wrong", "follows"]


class Caption(NamedTuple):
    """What an operation gives, and how it is computed; both without a period.

    ``verdict``: wrong where a mistake changes its formula, follows where it reads what is wrong.
    """

    what: str
    how: str
    verdict: Verdict = "right"

    @property
    def text(self) -> str:
        """Both in one sentence, without its period."""
        return f"{self.what}: {self.how}"


@lru_cache(maxsize=4)
def captions(experiment: Experiment, samples: int) -> Mapping[str, Caption]:
    """Return the captions of a step on a batch of ``samples``, by the names of its operations."""
    right = training_step(experiment, samples)
    step = with_mistakes(right, experiment.training.mistakes)
    says, formulas = Sentences(experiment, samples, right), define(step).every
    alone = {name: _changed(right, (name,)) for name in experiment.training.mistakes}
    changed = _changed(right, experiment.training.mistakes)
    wrong, found = set[Quantity](), dict[str, Caption]()
    for operation in operations_of(step):
        caption, update = says.caption(operation), operation.stage == "update"
        own = {Quantity(name, new=update) for name in operation.writes}
        read = {each for made in own & formulas.keys() for each in formulas[made].quantities()}
        made = own & changed
        slips = [name for name, names in alone.items() if names & made] or [*alone]
        from_wrong = sorted(each.name for each in wrong & read - own)
        if made and not update and not _cancel(slips, samples):
            how = f"it {MISTAKES[slips[0]].summary}"
            if len(slips) > 1:
                how = f"it has the mistakes {listed(slips)}"
            # of the gradients of weights and biases only one may be wrong
            here = [name for name in operation.writes if Quantity(name) in made]
            some = len(here) < len(operation.writes)
            caption = Caption(f"{listed(here)} {WRONG}" if some else WRONG, how, "wrong")
        elif from_wrong:
            told = f"{listed(from_wrong)} {'are' if len(from_wrong) > 1 else 'is'} wrong"
            what = caption.what if update else WRONG
            caption = Caption(what, f"{caption.how}; but {told}", "follows")
        if caption.verdict != "right" and not update:
            wrong |= own
        found[operation.name] = caption
    return MappingProxyType(found)


@lru_cache(maxsize=4)
def untrue(experiment: Experiment, samples: int) -> frozenset[str]:
    """Return the gradients that mistakes change, in their own formula or in what these read."""
    if not experiment.training.mistakes:
        return frozenset()
    step = with_mistakes(training_step(experiment, samples), experiment.training.mistakes)
    found = captions(experiment, samples)
    return frozenset(
        name
        for operation in operations_of(step)
        if operation.stage == "backward" and found[operation.name].verdict != "right"
        for name in operation.writes
    )


def _cancel(mistakes: Iterable[str], samples: int) -> bool:
    """Return whether all that mistakes do is to multiply with 1."""
    factors = [MISTAKES[name].factor for name in mistakes]
    return prod(nan if factor is None else factor(samples) for factor in factors) == 1.0


def _changed(right: Step, mistakes: Collection[str]) -> set[Quantity]:
    """Return the quantities whose own formulas mistakes change, not only what these read."""
    before, after = define(right).every, define(with_mistakes(right, tuple(mistakes))).every
    return {made for made, formula in after.items() if formula != before.get(made)}


class Sentences:
    """The captions of a ``step`` that makes no mistakes, on a batch of ``samples``."""

    def __init__(self, experiment: Experiment, samples: int, step: Step) -> None:
        self.experiment, self.samples, self.step = experiment, samples, step
        self.network, self.names = experiment.network, experiment.network.names
        self.formulas = define(step).every

    def caption(self, operation: Operation) -> Caption:
        """Return the caption of an operation."""
        names, layer = self.names, operation.layer
        if operation.stage == "loss":
            return self._loss()
        if operation.stage == "update":
            return self._update(operation)
        of = {
            names.net(layer): self._net,
            names.out(layer): self._out,
            names.out_gradient(layer): self._out_gradient,
            names.delta(layer): self._delta,
        }
        return of.get(operation.name, self._weight_gradient)(layer)

    def _net(self, layer: int) -> Caption:
        source = self.names.out(layer - 1)
        bias = ", plus the unit's bias" if self.network.bias else ""
        here = layer_words(self.network, layer)
        how = f"every {source} times the weight on its edge, added up{bias}"
        return Caption(f"the weighted sum that reaches each unit of {here}", how)

    def _out(self, layer: int) -> Caption:
        name, net = self.network.activations[layer - 1], self.names.net(layer)
        entry, last = ACTIVATIONS[name], layer == self.network.depth
        what = f"what each unit of {layer_words(self.network, layer)} passes on"
        what = "the network's answer" if last else what
        formula = short(formula_of(entry.formula(self._leaf(net))))
        told = f", {formula}" * bool(formula and name not in formula)
        return Caption(what, f"{name}, {entry.words}" if entry.words else f"{name} of {net}{told}")

    def _loss(self) -> Caption:
        experiment, training = self.experiment, self.experiment.training
        many, over = self.samples > 1, OVER[training.reduction]
        batch = f", {over} over the {self.samples} samples of the batch" * many
        penalty = ", plus l2 times the sum of all squared weights" * bool(training.l2)
        return Caption(
            "the loss, how wrong the answer is in a single number",
            f"{experiment.loss.words} over the outputs{batch}{penalty}",
        )

    def _out_gradient(self, layer: int) -> Caption:
        what = matters(self.names.out(layer))
        if layer < self.network.depth:
            delta = self.names.delta(layer + 1)
            how = f"{delta} of every unit that it feeds, times the weight on the way, added up"
            return Caption(what, how)
        formula = short(self.formulas[Quantity(self.names.out_gradient(layer))])
        return Caption(what, f"the slope of the loss{f', {formula}' * bool(formula)}")

    def _delta(self, layer: int) -> Caption:
        net = self.names.net(layer)
        return Caption(matters(net), f"dL/d{net}, which is {self._through(layer)}")

    def _through(self, layer: int) -> str:
        """Say how a layer's delta comes from what follows its activation."""
        names, name = self.names, self.network.activations[layer - 1]
        net, out, upstream = names.net(layer), names.out(layer), names.out_gradient(layer)
        entry = ACTIVATIONS[name]
        if not self.step.reads(names.delta(layer), upstream):
            formula = short(self.formulas[Quantity(names.delta(layer))])
            why = self.experiment.loss.shortcuts[name].why
            return f"{formula}, because {why}" if formula else f"shorter here: {why}"
        if entry.pullback is not None:
            return f"made of {upstream} of all units, because each {net} moves every {out}"
        slope = entry.slope and entry.slope(self._leaf(net), self._leaf(out))
        if slope is not None and number(slope) == 1.0:
            return f"the same as {upstream}, because {out} is {net} as it is"
        formula = "" if slope is None else short(formula_of(slope))
        return f"{upstream} times the slope of {name}{f', {formula}' * bool(formula)}"

    def _weight_gradient(self, layer: int) -> Caption:
        names, delta, bias = self.names, self.names.delta(layer), self.network.bias
        own = " and ".join(self.network.parameters_of(layer))
        batch = f", summed over the {self.samples} samples" * (self.samples > 1)
        ones = f" (for a bias {delta} itself)" * bias
        penalty = ", plus 2 l2 times the weight" * bool(self.experiment.training.l2)
        source = f" ({names.out(layer - 1)})" * (layer > 1)
        how = f"its input{source} times {delta} of the unit it leads to{ones}"
        return Caption(matters(f"each number in {own}"), how + batch + penalty)

    def _update(self, operation: Operation) -> Caption:
        layer = None if operation.name == "update" else operation.layer
        frozen = self.experiment.frozen_words(layer)
        if not operation.writes:
            return Caption("no weight changes", f"frozen: {frozen}")
        changed = f"each becomes its old value {self.experiment.optimizer.words}"
        others = f"; frozen: {frozen}" if frozen else ""
        kinds = {"weights": "W", "biases": "b"}
        learn = [w for w, k in kinds.items() if any(n.startswith(k) for n in operation.writes)]
        return Caption(f"the {listed(learn)} learn", changed + others)

    def _leaf(self, name: str) -> Node:
        return leaf(name, self.step.nodes[name].shape)


def short(formula: Expression) -> str:
    """Write a formula where it is short enough for a sentence; else nothing."""
    text = plain_formula(formula)
    return text if len(text) <= LONGEST else ""


SYMBOLS = Symbols(Names((1, 1)), ascii_only=True)


def loss_formula(experiment: Experiment) -> str:
    """Write the loss of a sample, in words and symbols."""
    shape = (1, experiment.network.layers[-1])
    terms = TERMS[experiment.training.loss](leaf("out", shape), leaf("t", shape))
    return f"{plain_formula(formula_of(terms))}, summed over the outputs"


def plain_formula(formula: Expression) -> str:
    """Write a formula in ASCII; n counts samples."""

    def spoken(part: Expression) -> Expression:
        match part:
            case Constant(_, _, code) if code == SAMPLE_COUNT:
                return Quantity("n")
            case Apply("sum", (of,)):
                return Quantity(f"(sum over the units of {plain_formula(of)})")
            case _:
                return part.rebuilt(spoken)

    scope = Scope(defaultdict(lambda: np.zeros(())), {})
    return symbols_of(Printer(SYMBOLS, scope).tokens(spoken(formula)))
