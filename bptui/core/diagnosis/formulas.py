"""The right formulas of a step, each applied to whatever its inputs are."""

from __future__ import annotations

import numpy as np

from bptui.core.activations import ACTIVATIONS, Activation
from bptui.core.arrays import Array, run
from bptui.core.backprop import error_factor
from bptui.core.experiment import Experiment
from bptui.core.losses import scaled


def loss_of(experiment: Experiment, out: Array, target: Array, weights: list[Array]) -> Array:
    """The reduced loss with its penalty, (1, 1), of outputs (samples, units)."""
    loss, total = experiment.loss, np.zeros((1, 1))
    activation = experiment.network.output_activation
    net = _logits(activation, out) if loss.fused else out
    run(loss.value(activation, net, out, target, np.empty_like(out), total))
    factor = loss.coefficient(out.shape[1])
    if experiment.training.reduction == "mean":
        factor /= out.shape[0]
    run(scaled(total, factor))
    squares = sum(float(np.sum(each * each)) for each in weights)
    made: Array = total + experiment.training.l2 * squares
    return made


def _logits(activation: Activation, out: Array) -> Array:
    """Pre-activations with these outputs, which losses with logarithms are computed from."""
    made: Array = np.log(out)
    return made - np.log1p(-out) if activation.name == "sigmoid" else made


def output_delta(experiment: Experiment, net: Array, out: Array, target: Array) -> Array:
    """dL/dnet of the output layer, (samples, units)."""
    loss, activation = experiment.loss, experiment.network.output_activation
    factor, delta = error_factor(experiment, len(out)), np.empty_like(out)
    if activation.name in loss.fused:
        run(loss.fused[activation.name](out, target, factor, delta))
        return delta
    run(activation.backward(net, out, output_error(experiment, out, target), delta))
    return delta


def output_error(experiment: Experiment, out: Array, target: Array) -> Array:
    """dL/dout of the output layer, (samples, units)."""
    error: Array = out - target
    run(experiment.loss.gradient(out, target, error_factor(experiment, len(out)), error))
    return error


def through_activation(name: str, net: Array, out: Array, upstream: Array) -> Array:
    """dL/dnet of a layer with activation ``name``, from its dL/dout."""
    delta = np.empty_like(net)
    run(ACTIVATIONS[name].backward(net, out, upstream, delta))
    return delta
