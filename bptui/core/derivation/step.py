"""The expressions of one training step, operation by operation, the mistakes in them included.

The counterpart of :mod:`bptui.core.backprop` for readers: what is computed there in numpy calls on
buffers is written here as formulas. Tests hold the two together, number by number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bptui.core.derivation.elements import UNITS
from bptui.core.derivation.expression import (
    HALF,
    TWO,
    Activated,
    Constant,
    Expression,
    LastSample,
    MatrixProduct,
    Negative,
    Quantity,
    Quotient,
    Setting,
    Sum,
    Total,
    Transposed,
    plus,
    square,
    times,
)
from bptui.core.derivation.functions import (
    SMALLEST_DIVISOR,
    activation,
    back_through_softmax,
    derivative,
    fused_gradient,
    loss_gradient,
    loss_terms,
    update,
)
from bptui.core.experiment import Experiment
from bptui.core.snapshot import Snapshot


@dataclass(frozen=True)
class Definition:
    """``name`` is computed from ``expression``; ``new``: it is the value after the update."""

    name: str
    expression: Expression
    new: bool = False


def define(
    experiment: Experiment, samples: int, one_hot: bool, saturated: bool = False
) -> StepFormulas:
    """The formulas of a step on a batch of ``samples``.

    ``one_hot``: whether the targets of every sample add up to 1; ``saturated``: whether outputs
    are so nearly 0 or 1 that what divides by them is kept finite.
    """
    return _Writer(experiment, samples, one_hot, saturated).write()


def define_for(snapshot: Snapshot) -> StepFormulas:
    """The formulas of the step that ``snapshot`` shows."""
    samples = len(snapshot.batch)
    return define(snapshot.experiment, samples, is_one_hot(snapshot), is_saturated(snapshot))


def is_one_hot(snapshot: Snapshot) -> bool:
    """Whether the targets of every sample of the batch add up to exactly 1."""
    return bool(np.all(snapshot.values["target"].sum(axis=1) == 1.0))


def is_saturated(snapshot: Snapshot) -> bool:
    """Whether an output cannot be told from 0 or from 1, where the loss divides by that."""
    outputs = snapshot.outputs
    match snapshot.experiment.training.loss:
        case "binary_cross_entropy":
            divisors = np.minimum(outputs, 1.0 - outputs)
        case "cross_entropy":
            divisors = outputs
        case _:
            return False
    return bool(np.any(divisors < SMALLEST_DIVISOR))


@dataclass(frozen=True)
class StepFormulas:
    """The definitions of a step: by operation, in order, and by quantity."""

    operations: Mapping[str, tuple[Definition, ...]]

    @property
    def definitions(self) -> dict[str, Expression]:
        """What each quantity of the passes is computed from; updates are left out."""
        found = [each for group in self.operations.values() for each in group if not each.new]
        return {each.name: each.expression for each in found}

    def updates(self, parameter: str) -> tuple[Definition, ...]:
        """How a parameter (W1, b2) changes: its slots' updates first."""
        names = (parameter, *(f"{slot}_{parameter}" for slot in ("m", "v", "s")))
        every = [each for group in self.operations.values() for each in group]
        return tuple(each for each in every if each.new and each.name in names)


class _Writer:
    def __init__(
        self, experiment: Experiment, samples: int, one_hot: bool, saturated: bool
    ) -> None:
        self.experiment, self.samples = experiment, samples
        self.one_hot, self.saturated = one_hot, saturated
        self.network, self.training = experiment.network, experiment.training
        self.names, self.depth = self.network.names, self.network.depth
        self.mistakes = frozenset(self.training.mistakes)
        self.operations: dict[str, tuple[Definition, ...]] = {}

    def write(self) -> StepFormulas:
        names, early = self.names, "updated-weights" in self.mistakes
        for layer in range(1, self.depth + 1):
            self.forward(layer)
        self.loss()
        for layer in range(self.depth, 0, -1):
            if layer == self.depth:
                self.output_gradient()
            else:
                self.hidden_gradient(layer)
            self.parameter_gradient(layer)
            if early:
                self.operations[f"update {names.weights(layer)}"] = self.update(layer)
        if not early:
            layers = range(1, self.depth + 1)
            self.operations["update"] = tuple(each for k in layers for each in self.update(k))
        return StepFormulas(self.operations)

    def add(self, name: str, expression: Expression) -> None:
        self.operations[name] = (Definition(name, expression),)

    def forward(self, layer: int) -> None:
        names = self.names
        net: Expression = MatrixProduct(
            Quantity(names.out(layer - 1)), Quantity(names.weights(layer))
        )
        if self.network.bias:
            net = plus(net, Quantity(names.bias(layer)))
        self.add(names.net(layer), net)
        name = self.network.activations[layer - 1]
        self.add(names.out(layer), activation(name, Quantity(names.net(layer))))

    def loss(self) -> None:
        names, training, last = self.names, self.training, self.depth
        net, out = Quantity(names.net(last)), Quantity(names.out(last))
        name, units = self.network.activations[-1], self.network.layers[-1]
        terms = loss_terms(training.loss, name, net, out, Quantity("target"), units)
        total: Expression = Total(terms)
        if training.reduction == "mean" and self.samples > 1:
            total = times(_one_over(self.samples), total)
        if not training.l2:
            self.operations["L"] = (Definition("loss", total),)
            return
        layers = range(1, last + 1)
        squares = [Total(square(Quantity(names.weights(k))), None, UNITS) for k in layers]
        penalty = times(Setting("l2", training.l2), plus(*squares))
        self.operations["L"] = (
            Definition("data_loss", total),
            Definition("penalty", penalty),
            Definition("loss", plus(Quantity("data_loss"), Quantity("penalty"))),
        )

    def scaled(self, gradient: Expression) -> Expression:
        """A gradient of one sample's loss with what reduction and mistakes make of it."""
        divisions = self.training.reduction == "mean" and "not-averaged" not in self.mistakes
        for _ in range(divisions + ("averaged-twice" in self.mistakes)):
            if self.samples > 1:
                gradient = Quotient(gradient, Constant(float(self.samples), "", "len(target)"))
        # in front of the quotient, where the factor is one beside those of a product
        for name, factor in (("doubled", TWO), ("missing-half", HALF)):
            if name in self.mistakes:
                gradient = times(factor, gradient)
        return gradient

    def turned(self, gradient: Expression) -> Expression:
        """The gradient, or its negative where the sign is mistaken."""
        if "wrong-sign" not in self.mistakes:
            return gradient
        match gradient:
            case Sum((first, Negative(second))):
                return Sum((second, Negative(first)))
            case Negative(of):
                return of
            case _:
                return Negative(gradient)

    def slope(self, layer: int) -> Activated:
        """f'(net) of a layer, or what the mistake makes of it."""
        names, name = self.names, self.network.activations[layer - 1]
        net, out = Quantity(names.net(layer)), Quantity(names.out(layer))
        if "derivative-of-activation" not in self.mistakes:
            return derivative(name, net, out)
        return derivative(name, out, self._again(name, out))

    def _again(self, name: str, out: Quantity) -> Activated:
        again = activation(name, out)
        # a softmax needs the whole layer, so its name with one unit would say too little
        by_name = name != "softmax"
        return Activated(again.name, again.argument, again.body, by_name)

    def through_activation(self, layer: int) -> Expression:
        """delta from dL/dout of a layer."""
        names, name = self.names, self.network.activations[layer - 1]
        upstream = Quantity(names.out_gradient(layer))
        if name != "softmax":
            slope = self.slope(layer)
            return upstream if name == "identity" else times(upstream, slope)
        out: Expression = Quantity(names.out(layer))
        if "derivative-of-activation" in self.mistakes:
            out = self._again(name, Quantity(names.out(layer)))
        return back_through_softmax(out, upstream)

    def output_gradient(self) -> None:
        names, last, loss = self.names, self.depth, self.experiment.loss
        name, units = self.network.activations[-1], self.network.layers[-1]
        out, target = Quantity(names.out(last)), Quantity("target")
        gradient = self.turned(loss_gradient(loss.name, out, target, units, self.saturated))
        self.add(names.out_gradient(last), self.scaled(gradient))
        detour = {"missing-output-derivative", "derivative-of-activation"} & self.mistakes
        if name in loss.fused and not detour:
            fused = fused_gradient(loss.name, name, out, target, self.one_hot)
            delta = self.scaled(self.turned(fused))
        elif "missing-output-derivative" in self.mistakes:
            delta = Quantity(names.out_gradient(last))
        else:
            delta = self.through_activation(last)
        self.add(names.delta(last), delta)

    def hidden_gradient(self, layer: int) -> None:
        names, after = self.names, layer + 1
        carried: Expression = Quantity(names.delta(after))
        if "output-factor-a" in self.mistakes and after == self.depth:
            carried = times(Quantity(names.out_gradient(after)), Quantity(names.out(after)))
        by_output = "hidden-derivative-by-output" in self.mistakes
        if by_output:
            carried = times(carried, self.slope(layer))
        early = "updated-weights" in self.mistakes
        weights: Expression = Quantity(names.weights(after), new=early)
        if "transposed-weights" not in self.mistakes:
            weights = Transposed(weights)
        self.add(names.out_gradient(layer), MatrixProduct(carried, weights))
        if by_output or "missing-hidden-derivative" in self.mistakes:
            self.add(names.delta(layer), Quantity(names.out_gradient(layer)))
        else:
            self.add(names.delta(layer), self.through_activation(layer))

    def parameter_gradient(self, layer: int) -> None:
        names, training = self.names, self.training
        delta, weights = Quantity(names.delta(layer)), Quantity(names.weights(layer))
        gradient: Expression = MatrixProduct(Transposed(Quantity(names.out(layer - 1))), delta)
        if training.l2:
            gradient = plus(gradient, times(TWO, Setting("l2", training.l2), weights))
        last = "bias-gradient-not-summed" in self.mistakes
        bias: Expression = LastSample(delta) if last else Total(delta, 0)
        if "gradient-accumulated" in self.mistakes:
            gradient = plus(Quantity(f"accumulated_{names.weights(layer)}"), gradient)
            bias = plus(Quantity(f"accumulated_{names.bias(layer)}"), bias)
        made = [Definition(names.weight_gradient(layer), gradient)]
        if self.network.bias:
            made.append(Definition(names.bias_gradient(layer), bias))
        self.operations[names.weight_gradient(layer)] = tuple(made)

    def update(self, layer: int) -> tuple[Definition, ...]:
        names = self.names
        made = self.update_of(names.weights(layer), names.weight_gradient(layer))
        if self.network.bias:
            made += self.update_of(names.bias(layer), names.bias_gradient(layer))
        return made

    def update_of(self, parameter: str, gradient: str) -> tuple[Definition, ...]:
        if parameter in self.experiment.frozen:
            return (Definition(parameter, Quantity(parameter), new=True),)
        changed = update(
            self.training.optimizer,
            parameter,
            Quantity(gradient),
            self.training.learning_rate,
            dict(self.training.settings),
        )
        return tuple(Definition(name, each, new=True) for name, each in changed.items())


def _one_over(count: int) -> Constant:
    return Constant(1.0 / count, f"1/{count}", f"1 / {count}")
