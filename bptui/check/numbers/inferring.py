"""Infers from the numbers of a step which activations and which loss gave them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import product

import numpy as np

from bptui.check.numbers.comparing import TOLERANCE
from bptui.core.activations import ACTIVATIONS, evaluate
from bptui.core.arrays import Array
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.core.graph.node import evaluate as evaluated
from bptui.core.losses import LOSSES
from bptui.core.step import training_step


class UnknownNetworkError(Exception):
    """No activations and no loss give anything of what was recorded."""


def with_settings(
    experiment: Experiment, activations: Sequence[str], **settings: object
) -> Experiment:
    """Return the experiment with other activations, and other settings of its training."""
    training = replace(experiment.training, **settings)  # type: ignore[arg-type]
    network = replace(experiment.network, activations=tuple(activations))
    return replace(experiment, network=network, training=training)


def inferred(base: Experiment, given: Mapping[str, Array]) -> tuple[Experiment, str]:
    """Return the experiment with the activations and loss under which most is right, and say so.

    Raises :class:`UnknownNetworkError`.
    """
    best, most = most_right(base, given)
    if not most:
        raise UnknownNetworkError(
            "no activations and loss give any of the recorded numbers, so that it cannot be told "
            "which are meant; give --preset, or record net_h, out_h, ... and the loss as well"
        )
    return best, (
        f"activations and loss are inferred: of {len(given)} recorded quantities {most} "
        f"{'are' if most > 1 else 'is'} right with them; --preset names others"
    )


def most_right(base: Experiment, given: Mapping[str, Array]) -> tuple[Experiment, int]:
    """Return the experiment under which most of what is given is right, and how much is.

    What hidden layers see of the output layer and of the loss is its delta alone: a step is written
    for every start of the network and for every end, not for both together.
    """
    names, plain = base.network.names, base.network.activations
    hidden, outputs = _fitting(base, given)
    reductions = ("mean", "sum") if base.data.samples > 1 else ("mean",)
    ends = list[_Started]()
    for output, loss, reduction in product(outputs, LOSSES, reductions):
        with suppress(UnusableError):  # the loss does not fit the activations, or the targets
            used = (*plain[:-1], output)
            ends.append(_Started(with_settings(base, used, loss=loss, reduction=reduction)))
    order = [name for name, node in _Started(base).step.nodes.items() if node.inputs]
    forward, delta = order[: order.index(names.net(names.depth))], names.delta(names.depth)
    early = [name for name in order[: order.index(delta)] if name in given]
    best, most = base, 0
    for activations in hidden:
        start = _Started(with_settings(base, (*activations, plain[-1])))
        out = start.numbers(forward, {})
        for end in ends:
            found = start.numbers(given, end.numbers([*early, delta], out))
            right = sum(_near(found[name], array) for name, array in given.items())
            if right > most:
                used = (*activations, end.step.experiment.network.activations[-1])
                best, most = with_settings(end.step.experiment, used), right
        if most == len(given):
            break
    return best, most


def _fitting(
    base: Experiment, given: Mapping[str, Array]
) -> tuple[Sequence[tuple[str, ...]], Sequence[str]]:
    """Return activations of the hidden layers, which are alike, and of the output layer.

    Those of a layer whose activations were recorded are told by them.
    """
    names, start = base.network.names, base.start
    groups: list[list[str]] = []
    before: Array | None = base.data.inputs
    for layer, weights in enumerate(start.weights, 1):
        last = layer == names.depth and weights.shape[1] > 1
        every = [name for name, each in ACTIVATIONS.items() if last or each.pullback is None]
        out = given.get(names.out(layer))
        if before is not None and out is not None:
            net = before @ weights + (start.biases[layer - 1] if start.biases else 0.0)
            every = [name for name in every if _near(evaluate(name, net), out)] or every
        groups.append(every)
        before = out
    *hidden, outputs = groups
    free = max(hidden, key=len, default=[""])
    return [tuple(one if one in each else each[0] for each in hidden) for one in free], outputs


class _Started:
    """A step and the numbers that it starts from."""

    def __init__(self, experiment: Experiment) -> None:
        self.step = step = training_step(experiment, experiment.data.samples)
        data = {"input": experiment.data.inputs, "target": experiment.data.targets}
        self.nodes, self.known = step.computed, step.given({**data, **experiment.start.named()})

    def numbers(self, names: Collection[str], given: Mapping[str, Array]) -> dict[str, Array]:
        """Return the numbers of quantities by name, with those of others ``given``."""
        other = {self.nodes[name]: array for name, array in given.items()}
        found = evaluated([self.nodes[name] for name in names], self.known | other)
        return {name: found[self.nodes[name]] for name in names}


def _near(one: Array, other: Array) -> bool:
    with np.errstate(all="ignore"):
        off = np.abs(np.reshape(one, np.shape(other)) - other).max()
        return bool(off <= TOLERANCE * np.abs(other).max())
