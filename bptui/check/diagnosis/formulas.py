"""The right formulas of a step, each applied to whatever its inputs are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bptui.core.activations import APPLIED
from bptui.core.arrays import Array
from bptui.core.experiment import Experiment
from bptui.core.graph.node import Node, evaluate, leaf
from bptui.core.losses import LOSSES
from bptui.core.mistakes import with_mistakes
from bptui.core.step import Step, training_step


def _values(step: Step, given: Mapping[str, Array]) -> dict[Node, Array]:
    """Return what is known of a step: these arrays, and its settings."""
    known = {step.nodes[name]: array for name, array in given.items()}
    return known | {node: np.asarray(value) for node, value in step.settings.items()}


def _step(experiment: Experiment, samples: int) -> Step:
    return with_mistakes(training_step(experiment, samples), experiment.training.mistakes)


def loss_of(experiment: Experiment, out: Array, target: Array, weights: list[Array]) -> Array:
    """The reduced loss with its penalty, (1, 1), of outputs (samples, units)."""
    names, step = experiment.network.names, _step(experiment, len(out))
    given = {names.out(names.depth): out, "target": target}
    given |= {names.weights(layer): each for layer, each in enumerate(weights, 1)}
    if LOSSES[experiment.training.loss].shortcuts:
        given[names.net(names.depth)] = _logits(experiment, out)
    loss = step.nodes["loss"]
    return evaluate([loss], _values(step, given))[loss].reshape(1, 1)


def _logits(experiment: Experiment, out: Array) -> Array:
    """Pre-activations with these outputs, which losses with logarithms are computed from."""
    made: Array = np.log(out)
    softmax = experiment.network.output_activation.pullback is not None
    return made if softmax else made - np.log1p(-out)


def output_delta(experiment: Experiment, net: Array, out: Array, target: Array) -> Array:
    """dL/dnet of the output layer, (samples, units)."""
    names, step = experiment.network.names, _step(experiment, len(out))
    last = names.depth
    given = {names.net(last): net, names.out(last): out, "target": target}
    delta = step.nodes[names.delta(last)]
    return evaluate([delta], _values(step, given))[delta]


def output_error(experiment: Experiment, out: Array, target: Array) -> Array:
    """dL/dout of the output layer, (samples, units)."""
    names, step = experiment.network.names, _step(experiment, len(out))
    error = step.nodes[names.out_gradient(names.depth)]
    given = {names.out(names.depth): out, "target": target}
    return evaluate([error], _values(step, given))[error]


def through_activation(name: str, net: Array, out: Array, upstream: Array) -> Array:
    """dL/dnet of a layer with activation ``name``, from its dL/dout."""
    z, g = leaf("z", net.shape), leaf("g", net.shape)
    a = APPLIED[name](z)
    (delta,) = APPLIED[name].rule(a, g)
    assert delta is not None
    return evaluate([delta], {z: net, a: out, g: upstream})[delta]
