"""The graph of one training step of a network: forward pass, loss, gradients, update."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache, reduce
from operator import add
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bptui.core.activations import APPLIED
from bptui.core.graph.backward import backward
from bptui.core.graph.elementwise import divide, multiply
from bptui.core.graph.node import LEAF, STABLE, Node, Values, constant, leaf, ordered, stable
from bptui.core.graph.node import samples as count
from bptui.core.losses import LOSSES, TERMS
from bptui.core.network import Names
from bptui.core.optimizers import OPTIMIZERS, Named

if TYPE_CHECKING:
    from bptui.core.experiment import (  # they check mistakes, which rewrite steps
        Experiment,
        Training,
    )
    from bptui.core.network import Network


class Step(NamedTuple):
    """A step's nodes by name: net_h, out_h, ..., loss, dL/dout_o, delta_o, gW2, ...

    ``before`` are the parameters and the optimizer's slots that it starts from, ``updated`` those
    that it leaves, by the same names (W1, b1, v_W1).
    """

    experiment: Experiment
    samples: int
    nodes: Mapping[str, Node]
    before: Mapping[str, Node]
    updated: Mapping[str, Node]

    @property
    def names(self) -> Names:
        return self.experiment.network.names

    @property
    def depth(self) -> int:
        return self.experiment.network.depth

    @property
    def outputs(self) -> list[Node]:
        """Return what the step is computed for."""
        return [*self.nodes.values(), *self.updated.values()]

    @property
    def computed(self) -> dict[str, Node]:
        """Return all quantities by name; of parameters and slots what they become."""
        return {**self.nodes, **self.updated}

    @property
    def gradients(self) -> list[str]:
        """Return the gradients of the parameters by name, from the last layer to the first."""
        network = self.experiment.network
        layers = range(self.depth, 0, -1)
        return [f"g{name}" for layer in layers for name in network.parameters_of(layer)]

    @property
    def changed(self) -> dict[str, Node]:
        """Return the parameters after the update that it changes."""
        found = {name: node for name, node in self.updated.items() if name in self.nodes}
        return {name: node for name, node in found.items() if node is not self.before[name]}

    @property
    def settings(self) -> dict[Node, float]:
        """Return the numbers that the experiment sets, by their nodes."""
        training = self.experiment.training
        known = {
            **dict(training.settings),
            "learning_rate": training.learning_rate,
            "l2": training.l2,
        }
        leaves = [node for node in ordered(self.outputs) if node.settings.get("role") == "setting"]
        return {node: known[node.name] for node in leaves}

    def given(self, numbers: Mapping[str, Values]) -> dict[Node, Values]:
        """Return the nodes whose numbers are known, from those by name, settings included."""
        leaves = {node.name: node for node in ordered(self.outputs) if node.op is LEAF}
        known = {**leaves, **self.nodes}
        settings = {node: np.asarray(value) for node, value in self.settings.items()}
        return {known[name]: numbers[name] for name in known.keys() & numbers.keys()} | settings

    def reads(self, name: str, other: str) -> bool:
        """Return whether a quantity is computed from another."""
        return self.nodes[other] in ordered([self.nodes[name]])

    def back_through(self, layer: int) -> tuple[Node, Node]:
        """Return what is carried back to a hidden layer, and the weights, transposed."""
        carried, weights = self.nodes[self.names.out_gradient(layer)].inputs
        return carried, weights

    def with_formula(self, name: str, formula: Node) -> Step:
        """Return the step in which a quantity is computed in another way, and all that reads it."""
        return self.with_changes({self.nodes[name]: formula.named(name)})

    def with_changes(self, changes: Mapping[Node, Node]) -> Step:
        """Return the step with other nodes, and all that is computed from them."""
        changed = rewritten(self.outputs, changes)
        return self._replace(
            nodes={name: changed[node] for name, node in self.nodes.items()},
            updated={name: changed[node] for name, node in self.updated.items()},
        )

    def keeping(self, names: Iterable[str]) -> Step:
        """Return the step that leaves these parameters as they are."""
        return self.with_changes({self.updated[name]: self.before[name] for name in names})

    def remembering(self, earlier: Node, later: Node) -> Step:
        """Return the step that keeps a quantity for the next one, which finds it in ``earlier``."""
        return self._replace(
            before={**self.before, earlier.name: earlier},
            updated={**self.updated, earlier.name: later},
        )


def rewritten(
    outputs: Iterable[Node], changes: Mapping[Node, Node], given: Collection[Node] = ()
) -> dict[Node, Node]:
    """Return what stands for each node once ``changes`` are made, and for what depends on them.

    What the ``given`` nodes are computed from is not looked at.
    """
    found: dict[Node, Node] = {node: node for node in given}
    for node in ordered(outputs, known=found):
        found[node] = changes.get(node) or node.with_inputs(found[each] for each in node.inputs)
    return found


def as_written(node: Node, given: Collection[Node] = ()) -> Node:
    """Return a node as a textbook writes it, without the ways that keep its digits.

    What the ``given`` nodes are computed from stays as it is.
    """
    inner = ordered([node], known=given)
    shown = {each: each.inputs[0] for each in inner if each.op is STABLE}
    return rewritten([node], shown, given)[node]


def training_step(experiment: Experiment, samples: int) -> Step:
    """Return the step of ``experiment`` on a batch of ``samples``, without its mistakes."""
    one_hot = bool(np.all(experiment.data.targets.sum(axis=1) == 1.0))
    training = replace(experiment.training, learning_rate=0.0)  # which no formula depends on
    frozen = tuple(experiment.frozen)
    return Step(
        experiment, samples, *_written(experiment.network, training, frozen, samples, one_hot)
    )


def forward(network: Network, samples: int) -> dict[str, Node]:
    """Return the nodes of the forward pass by name, parameters and targets among them."""
    names, sizes = network.names, network.layers
    out = leaf("input", (samples, sizes[0]))
    nodes = {"input": out, "target": leaf("target", (samples, sizes[-1]))}
    for layer, activation in enumerate(network.activations, 1):
        own = network.parameters_of(layer)
        parameters = [leaf(name, network.shapes[name], "parameter") for name in own]
        net = out @ parameters[0]
        for bias in parameters[1:]:
            net = net + bias
        net = net.named(names.net(layer))
        out = APPLIED[activation](net).named(names.out(layer))
        nodes |= {node.name: node for node in (*parameters, net, out)}
    return nodes


def total_of_terms(network: Network, loss: str, nodes: Mapping[str, Node]) -> Node:
    """Return the sum of a loss over outputs and samples, computed from net where that is better."""
    names, last = network.names, network.depth
    net, out, target = nodes[names.net(last)], nodes[names.out(last)], nodes["target"]
    terms = TERMS[loss](out, target)
    shorter = LOSSES[loss].shortcuts.get(network.activations[-1])
    if shorter is None:
        return terms.sum()
    quick = shorter.terms(net, target) if shorter.terms else LOSSES[loss].terms(out, target)
    return stable(terms, quick).sum()


@lru_cache(maxsize=16)
def _written(
    network: Network, training: Training, frozen: tuple[str, ...], samples: int, one_hot: bool
) -> tuple[Named, Named, Named]:
    """Return the nodes of a step by name, and the parameters and slots before and after it.

    An edit of a number forks a timeline without another graph.
    """
    nodes, names = forward(network, samples), network.names
    loss = _loss(network, training, samples, nodes)
    terms = TERMS[training.loss]
    shortcut = LOSSES[training.loss].shortcuts.get(network.activations[-1])
    order = [name for layer in range(network.depth, 0, -1) for name in network.parameters_of(layer)]

    def simplify(node: Node, gradient: Node) -> dict[Node, Node]:
        """Give the last delta directly where activation and loss cancel each other."""
        if shortcut is None or node.op is not terms:
            return {}
        out, target = node.inputs
        delta = shortcut.one_hot if shortcut.one_hot and one_hot else shortcut.delta
        return {out.inputs[0]: gradient * delta(out, target)}

    parameters = {name: nodes[name] for name in order}
    # dL/dout of the last layer is shown also where delta is had without it
    wanted = [nodes[names.out(network.depth)], *parameters.values()]
    found = backward(loss, wanted, lambda node: network.gradients.get(node.name, ""), simplify).of
    for node in ordered(found[source] for source in wanted):
        if node.name and node.inputs:
            nodes.setdefault(node.name, node)
    return nodes, *_update(training, parameters, frozen, nodes)


def _loss(network: Network, training: Training, samples: int, nodes: dict[str, Node]) -> Node:
    """Return the loss of the batch, with the L2 penalty where there is one; add them to nodes."""

    def keep(node: Node, name: str) -> Node:
        return nodes.setdefault(name, node.named(name))

    total = total_of_terms(network, training.loss, nodes)
    if training.reduction == "mean" and samples > 1:
        total = multiply(divide(constant(1.0), count(samples)), total)
    if not training.l2:
        return keep(total, "loss")
    weights = [nodes[network.names.weights(layer)] for layer in range(1, network.depth + 1)]
    squares = [(matrix**2.0).sum() for matrix in weights]
    penalty = keep(leaf("l2", role="setting") * reduce(add, squares), "penalty")
    return keep(keep(total, "data_loss") + penalty, "loss")


def _update(
    training: Training, parameters: Named, frozen: Collection[str], nodes: Named
) -> tuple[Named, Named]:
    """Return parameters and slots by name, before and after; frozen ones stay what they are."""
    optimizer = OPTIMIZERS[training.optimizer]
    before, updated = dict[str, Node](), dict[str, Node]()
    rate, k = leaf("learning_rate", role="setting"), leaf("k", role="count")
    given = {name: leaf(name, role="setting") for name, _ in training.settings}
    for name, old in parameters.items():
        slots = {slot: leaf(f"{slot}_{name}", old.shape, "slot") for slot in optimizer.slots}
        new, gradient = {**slots, "w": old}, nodes[f"g{name}"]
        before |= {node.name: node for node in new.values()}
        if name not in frozen:
            new = optimizer.update(old, gradient, slots, given, rate, k)
        after: dict[Node, Node] = {}
        for slot, node in new.items():
            label = name if slot == "w" else f"{slot}_{name}"
            made = rewritten([node], after, (old, gradient))[node]
            updated[label] = after[node] = made if made.name else made.named(label)
    return before, updated
