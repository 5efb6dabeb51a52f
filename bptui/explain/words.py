"""What is computed, in words for somebody who learns it, and formulas in a line of text."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from bptui.core.activations import ACTIVATIONS
from bptui.core.backprop import Operation
from bptui.core.experiment import Experiment
from bptui.core.graph.node import SAMPLES, leaf
from bptui.core.losses import TERMS
from bptui.core.network import Names, Network
from bptui.explain.expression import Apply, Constant, Expression, Quantity, Scope, rebuild
from bptui.explain.formulas import formula_of
from bptui.explain.printer import Printer, symbols_of
from bptui.explain.symbols import Symbols

SYMBOLS = Symbols(Names((1, 1)), ascii_only=True)


def layer_words(network: Network, layer: int) -> str:
    """Write the output layer, the hidden layer, hidden layer 2."""
    if layer == 0:
        return "the input"
    if layer == network.depth:
        return "the output layer"
    return "the hidden layer" if network.depth == 2 else f"hidden layer {layer}"


def operation_words(operation: Operation, experiment: Experiment, samples: int) -> str:
    """Say what ``operation`` computes on a batch of ``samples``."""
    network = experiment.network
    layer, last = operation.layer, network.depth
    names, here = network.names, layer_words(network, operation.layer)
    batch = ", summed over the samples" if samples > 1 else ""
    name = operation.name
    if operation.stage == "loss":
        return _loss(experiment, samples)
    if operation.stage == "update":
        return _update(operation, experiment)
    if name == names.net(layer):
        sources = "inputs" if layer == 1 else f"activations of {layer_words(network, layer - 1)}"
        bias = ", plus its bias" if network.bias else ""
        return f"pre-activations of {here}: each unit's weighted sum of the {sources}{bias}"
    if name == names.out(layer):
        activation = network.activations[layer - 1]
        plain = f"the {activation} of each pre-activation"
        return f"activations of {here}: {ACTIVATIONS[activation].words or plain}"
    if name == names.out_gradient(layer):
        if layer == last:
            return "gradient of the loss with respect to the outputs: how much each one changes it"
        after = layer_words(network, layer + 1)
        return (
            f"gradient of the loss with respect to the activations of {here}: the deltas of "
            f"{after}, carried back along the weights"
        )
    if name == names.delta(layer):
        return f"deltas of {here}: {_delta(operation, experiment)}"
    biases = " and biases" if network.bias else ""
    return (
        f"gradient of the loss with respect to the weights{biases} into {here}: what a weight "
        f"carries forward times the delta of the unit it leads to{batch}"
    )


def _update(operation: Operation, experiment: Experiment) -> str:
    training = experiment.training
    frozen = experiment.frozen_words(None if operation.name == "update" else operation.layer)
    if not operation.writes:
        return f"the update ({training.optimizer}) changes nothing; frozen: {frozen}"
    others = f"; frozen: {frozen}" if frozen else ""
    return (
        f"the update ({training.optimizer}): each parameter becomes its old value "
        f"{experiment.optimizer.words}{others}"
    )


def _loss(experiment: Experiment, samples: int) -> str:
    training = experiment.training
    over = ""
    if samples > 1:
        mean = training.reduction == "mean"
        over = f", {'averaged' if mean else 'summed'} over the {samples} samples of the batch"
    penalty = ", plus l2 times the sum of all squared weights" if training.l2 else ""
    return f"the loss: {experiment.loss.words} over the outputs{over}{penalty}"


def _delta(operation: Operation, experiment: Experiment) -> str:
    upstream = experiment.network.names.out_gradient(operation.layer)
    gradient = "gradient of the loss with respect to the pre-activations"
    if upstream in operation.reads:
        return f"{gradient}, through the activation's derivative"
    activation = experiment.network.activations[-1]
    return (
        f"{gradient}; the derivatives of {activation} and {experiment.training.loss} "
        "simplify together"
    )


def loss_formula(experiment: Experiment) -> str:
    """Write the loss of a sample, in words and symbols."""
    shape = (1, experiment.network.layers[-1])
    terms = TERMS[experiment.training.loss](leaf("out", shape), leaf("t", shape))
    return f"{plain_formula(formula_of(terms))}, summed over the outputs"


def plain_formula(formula: Expression) -> str:
    """Write a formula in ASCII; n counts samples."""

    def spoken(part: Expression) -> Expression:
        match part:
            case Constant(_, _, code) if code == SAMPLES:
                return Quantity("n")
            case Apply("sum", (of,)):
                return Quantity(f"(sum over the units of {plain_formula(of)})")
            case _:
                return rebuild(part, spoken)

    scope = Scope(defaultdict(lambda: np.zeros(())), {})
    return symbols_of(Printer(SYMBOLS, scope).tokens(spoken(formula)))
