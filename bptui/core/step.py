"""The graph of one training step of a network: forward pass, loss, gradients, update."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bptui.core.activations import APPLIED
from bptui.core.graph.backward import backward
from bptui.core.graph.elementwise import multiply
from bptui.core.graph.node import Node, leaf, one_over, ordered, stable
from bptui.core.losses import LOSSES, TERMS
from bptui.core.network import Names
from bptui.core.optimizers import OPTIMIZERS

if TYPE_CHECKING:
    from bptui.core.experiment import Experiment  # it checks mistakes, which rewrite steps
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
    def hidden(self) -> range:
        """The hidden layers in the order of the backward pass."""
        return range(self.depth - 1, 0, -1)

    @property
    def outputs(self) -> list[Node]:
        """What the step is computed for."""
        return [*self.nodes.values(), *self.updated.values()]

    @property
    def gradients(self) -> list[str]:
        """The gradients of the parameters by name, from the last layer to the first."""
        network = self.experiment.network
        layers = range(self.depth, 0, -1)
        return [f"g{name}" for layer in layers for name in network.parameters_of(layer)]

    @property
    def changed(self) -> dict[str, Node]:
        """The parameters after the update that it changes."""
        found = {name: node for name, node in self.updated.items() if name in self.nodes}
        return {name: node for name, node in found.items() if node is not self.before[name]}

    @property
    def settings(self) -> dict[Node, float]:
        """The numbers that the experiment sets, by their nodes."""
        training = self.experiment.training
        known = {
            **dict(training.settings),
            "learning_rate": training.learning_rate,
            "l2": training.l2,
        }
        leaves = [node for node in ordered(self.outputs) if node.settings.get("role") == "setting"]
        return {node: known[node.name] for node in leaves}

    def reads(self, name: str, other: str) -> bool:
        """Whether a quantity is computed from another."""
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
    for node in ordered(outputs, lambda each: () if each in found else each.inputs):
        if node in given:
            continue
        inputs = tuple(found[each] for each in node.inputs)
        same = all(one is other for one, other in zip(inputs, node.inputs, strict=True))
        found[node] = changes.get(node) or (node if same else replace(node, inputs=inputs))
    return found


def training_step(experiment: Experiment, samples: int) -> Step:
    """Return the step of ``experiment`` on a batch of ``samples``, without its mistakes."""
    return _Writer(experiment, samples).write()


def forward(network: Network, samples: int) -> dict[str, Node]:
    """Return the nodes of the forward pass by name, parameters and targets among them."""
    names, sizes = network.names, network.layers
    out = leaf("input", (samples, sizes[0]))
    nodes = {"input": out, "target": leaf("target", (samples, sizes[-1]))}
    for layer, activation in enumerate(network.activations, 1):
        fan_in, fan_out = sizes[layer - 1 : layer + 1]
        shapes = [(fan_in, fan_out), (fan_out,)]
        parameters = [
            leaf(name, shape, "parameter")
            for name, shape in zip(network.parameters_of(layer), shapes, strict=False)
        ]
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


class _Writer:
    def __init__(self, experiment: Experiment, samples: int) -> None:
        self.network, self.training = experiment.network, experiment.training
        self.experiment, self.samples = experiment, samples
        self.names, self.depth = experiment.network.names, experiment.network.depth
        self.layers = range(1, self.depth + 1)
        self.one_hot = bool(np.all(experiment.data.targets.sum(axis=1) == 1.0))
        self.nodes = forward(self.network, samples)
        self.before: dict[str, Node] = {}

    def keep(self, node: Node, name: str = "") -> Node:
        """Put a node among those with names."""
        kept = node.named(name) if name else node
        self.nodes[kept.name] = kept
        return kept

    def write(self) -> Step:
        loss = self.loss()
        parameters = [node for node in self.nodes.values() if is_parameter(node)]
        gradients = backward(loss, parameters, self.name_of_gradient, self.shortcut)
        # dL/dout of the last layer is shown also where delta is had without it
        first = self.nodes[self.names.out(self.depth)]
        wanted = [first, *self.by_layer_from_the_end(parameters)]
        for node in ordered(gradients.of[each] for each in wanted):
            if node.name and node.inputs and node.name not in self.nodes:
                self.keep(node)
        return Step(self.experiment, self.samples, self.nodes, self.before, self.update())

    def by_layer_from_the_end(self, parameters: list[Node]) -> list[Node]:
        names = [
            name for layer in reversed(self.layers) for name in self.network.parameters_of(layer)
        ]
        return [self.nodes[name] for name in names]

    def loss(self) -> Node:
        """The loss of the batch, with the L2 penalty where there is one."""
        training = self.training
        total = total_of_terms(self.network, training.loss, self.nodes)
        if training.reduction == "mean":
            total = multiply(one_over(self.samples), total) if self.samples > 1 else total
        if not training.l2:
            return self.keep(total, "loss")
        squares = [(self.nodes[self.names.weights(layer)] ** 2.0).sum() for layer in self.layers]
        penalty = squares[0]
        for square in squares[1:]:
            penalty = penalty + square
        penalty = self.keep(leaf("l2", role="setting") * penalty, "penalty")
        return self.keep(self.keep(total, "data_loss") + penalty, "loss")

    def name_of_gradient(self, node: Node) -> str:
        names = self.names
        for layer in self.layers:
            if node.name == names.out(layer):
                return names.out_gradient(layer)
            if node.name == names.net(layer):
                return names.delta(layer)
        return f"g{node.name}" if is_parameter(node) else ""

    def shortcut(self, node: Node, gradient: Node) -> dict[Node, Node]:
        """Give the last delta directly where activation and loss cancel each other."""
        loss = self.training.loss
        shorter = LOSSES[loss].shortcuts.get(self.network.activations[-1])
        if shorter is None or node.op is not TERMS[loss]:
            return {}
        out, target = node.inputs
        delta = shorter.one_hot if shorter.one_hot and self.one_hot else shorter.delta
        return {out.inputs[0]: gradient * delta(out, target)}

    def update(self) -> dict[str, Node]:
        """Return the new parameters and slots by name; frozen ones stay what they are."""
        optimizer = OPTIMIZERS[self.training.optimizer]
        rate, k = leaf("learning_rate", role="setting"), leaf("k", role="count")
        given = {name: leaf(name, role="setting") for name, _ in self.training.settings}
        updated: dict[str, Node] = {}
        for layer in reversed(self.layers):
            for name in self.network.parameters_of(layer):
                old = self.nodes[name]
                slots = {
                    slot: leaf(f"{slot}_{name}", old.shape, "slot") for slot in optimizer.slots
                }
                new = {**slots, "w": old}
                self.before |= {node.name: node for node in new.values()}
                if name not in self.experiment.frozen:
                    new = optimizer.update(old, self.nodes[f"g{name}"], slots, given, rate, k)
                after: dict[Node, Node] = {}
                for slot, node in new.items():
                    label = name if slot == "w" else f"{slot}_{name}"
                    made = rewritten([node], after, (old, self.nodes[f"g{name}"]))[node]
                    updated[label] = after[node] = made if made.name else made.named(label)
        return updated


def is_parameter(node: Node) -> bool:
    """Whether a node is a weight matrix or a bias vector."""
    return node.settings.get("role") == "parameter"
