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
    network, training = experiment.network, experiment.training
    name, layer, here = operation.name, operation.layer, layer_words(network, operation.layer)
    names, slope = network.names, "gradient of the loss with respect to the"
    if operation.stage == "loss":
        over = "averaged" if training.reduction == "mean" else "summed"
        batch = f", {over} over the {samples} samples of the batch" * (samples > 1)
        penalty = ", plus l2 times the sum of all squared weights" * bool(training.l2)
        return f"the loss: {experiment.loss.words} over the outputs{batch}{penalty}"
    if operation.stage == "update":
        frozen = experiment.frozen_words(None if name == "update" else layer)
        if not operation.writes:
            return f"the update ({training.optimizer}) changes nothing; frozen: {frozen}"
        changed = f"each parameter becomes its old value {experiment.optimizer.words}"
        others = f"; frozen: {frozen}" if frozen else ""
        return f"the update ({training.optimizer}): {changed}{others}"
    if name == names.net(layer):
        sources = "inputs" if layer == 1 else f"activations of {layer_words(network, layer - 1)}"
        bias = ", plus its bias" if network.bias else ""
        return f"pre-activations of {here}: each unit's weighted sum of the {sources}{bias}"
    if name == names.out(layer):
        activation = network.activations[layer - 1]
        plain = f"the {activation} of each pre-activation"
        return f"activations of {here}: {ACTIVATIONS[activation].words or plain}"
    if name == names.out_gradient(layer):
        if layer == network.depth:
            return f"{slope} outputs: how much each one changes it"
        after = layer_words(network, layer + 1)
        back = f"the deltas of {after}, carried back along the weights"
        return f"{slope} activations of {here}: {back}"
    if name == names.delta(layer):
        how = ", through the activation's derivative"
        if names.out_gradient(layer) not in operation.reads:
            both = f"{network.activations[-1]} and {training.loss}"
            how = f"; the derivatives of {both} simplify together"
        return f"deltas of {here}: {slope} pre-activations{how}"
    biases, batch = " and biases" * network.bias, ", summed over the samples" * (samples > 1)
    return (
        f"{slope} weights{biases} into {here}: what a weight carries forward times the delta of "
        f"the unit it leads to{batch}"
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
