"""The loss that a preset has, computed from the outputs in the user's own forward pass."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bptui.core.experiment import Experiment
from bptui.core.graph import shaping
from bptui.core.graph.node import OPS, STABLE, Node, constant, evaluate, ordered
from bptui.core.step import rewritten, training_step
from bptui.trace.losses import Loss
from bptui.trace.truth import StepTruth

CLOSE = 1e-9
"""How near, relative to all of them, numbers are that are the same ones."""


def loss_of(experiment: Experiment, truth: StepTruth, entries: Mapping[str, int]) -> Loss | None:
    """Return the loss of a preset's network, as the user's forward pass leads to it.

    ``entries`` has the program's values by the preset's names: input, target, W1, ... None where
    the forward pass gives neither the network's outputs nor their pre-activations.
    """
    samples = truth.tape.shape(entries["input"])
    step = training_step(experiment, samples[0] if len(samples) == 2 else 1)
    names, depth = experiment.network.names, experiment.network.depth
    leaves = {node.name: node for node in ordered([step.nodes["loss"]]) if not node.inputs}
    ours = {
        leaf: shaping.reshape(truth.graph.node(entries[name]), shape=leaf.shape)
        for name, leaf in leaves.items()
        if name in entries
    }
    settings = {node: constant(value) for node, value in step.settings.items()}
    shown = {node: node.inputs[0] for node in ordered([step.nodes["loss"]]) if node.op is STABLE}
    loss = rewritten([step.nodes["loss"]], {**shown, **settings})[step.nodes["loss"]]
    for name in (names.out(depth), names.net(depth)):
        wanted = rewritten([step.nodes[name]], ours)[step.nodes[name]]
        found = _found(truth, wanted)
        if found is not None:
            changes = {**ours, step.nodes[name]: found}
            return Loss(rewritten([loss], changes)[loss], None, experiment.training.loss)
    return None


def _found(truth: StepTruth, wanted: Node) -> Node | None:
    """Return a node of the program, or several put together, with the same numbers as another."""
    numbers = [np.asarray(evaluate([wanted], draw)[wanted]) for draw in truth.draws]
    size = max(float(np.abs(part).max()) for part in numbers)
    places: dict[int, dict[int, Node]] = {}
    for entry in truth.early:
        node = truth.graph.nodes[entry]
        own = truth.numbers(node)
        if not own[0].size or own[0].dtype.kind != "f":
            continue
        flat = [np.broadcast_to(part, node.shape).reshape(-1) for part in own]
        near = np.all(
            [
                np.abs(one[:, None] - other.reshape(-1)) <= CLOSE * size
                for one, other in zip(flat, numbers, strict=True)
            ],
            axis=0,
        )
        found = places.setdefault(truth.tape.notes[entry].place, {})
        for at, which in np.argwhere(near):
            found.setdefault(int(which), node if node.shape == () else _number(node, int(at)))
        if len(found) == numbers[0].size:
            parts = [found[which] for which in range(numbers[0].size)]
            return shaping.reshape(OPS["stack"](*parts, axis=0), shape=wanted.shape)
    return None


def _number(node: Node, at: int) -> Node:
    return shaping.item(shaping.ravel(node), index=at)
