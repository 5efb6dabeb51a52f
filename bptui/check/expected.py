"""The loss that a preset has, computed from the outputs in the user's own forward pass."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bptui.core.arrays import Array
from bptui.core.experiment import Experiment
from bptui.core.graph import shaping
from bptui.core.graph.node import OPS, STABLE, Node, constant, evaluate, ordered
from bptui.core.step import rewritten, training_step
from bptui.trace.comparing import Values, shaped
from bptui.trace.graph import given_values
from bptui.trace.losses import Loss
from bptui.trace.truth import StepTruth

CLOSE = 1e-9
"""How near, relative to all of them, numbers are that are the same ones."""


class Expected:
    """A preset's step beside a recorded one, which starts from the same numbers.

    ``entries`` has the program's values by the preset's names: input, target, W1, ...
    """

    def __init__(
        self, experiment: Experiment, truth: StepTruth, entries: Mapping[str, int]
    ) -> None:
        shape = truth.tape.shape(entries["input"])
        self.experiment, self.truth, self.entries = experiment, truth, entries
        self.step = training_step(experiment, shape[0] if len(shape) == 2 else 1)
        leaves = {node.name: node for node in ordered([self.step.nodes["loss"]]) if not node.inputs}
        self.ours = {
            leaf: shaping.reshape(truth.graph.node(entries[name]), shape=leaf.shape)
            for name, leaf in leaves.items()
            if name in entries
        }

    def wanted(self, name: str) -> Node:
        """Return a quantity of the preset's step, computed from the program's own start."""
        return rewritten([self.step.nodes[name]], self.ours)[self.step.nodes[name]]

    def numbers(self, name: str) -> Values:
        """Return the right numbers of a quantity, in all draws of the recorded step."""
        return _numbers(self.truth, self.wanted(name))

    def loss(self) -> Loss | None:
        """Return the loss as the program's forward pass leads to it.

        None where that gives neither the network's outputs nor their pre-activations.
        """
        step, names = self.step, self.experiment.network.names
        settings = {node: constant(value) for node, value in step.settings.items()}
        every = ordered([step.nodes["loss"]])
        shown = {node: node.inputs[0] for node in every if node.op is STABLE}
        loss = rewritten([step.nodes["loss"]], {**shown, **settings})[step.nodes["loss"]]
        for name in (names.out(names.depth), names.net(names.depth)):
            found = _found(self.truth, self.wanted(name))
            if found is not None:
                changes = {**self.ours, step.nodes[name]: found}
                name = self.experiment.training.loss
                return Loss(rewritten([loss], changes)[loss], None, name)
        return None

    def forward_slip(self) -> tuple[str, int, Values | None] | None:
        """Return the first quantity that the forward pass does not have, and its right numbers.

        The entry between them is the first of its size behind the last quantity that is right; or
        what was made of the input, where it is no longer the input: then no numbers are known.
        """
        names, truth = self.experiment.network.names, self.truth
        if _found(truth, self.wanted(names.out(names.depth))) is not None:
            return None
        layers = range(1, names.depth + 1)
        layer = next(n for n in layers if _found(truth, self.wanted(names.out(n))) is None)
        net = _found(truth, self.wanted(names.net(layer)))
        name = names.net(layer) if net is None else names.out(layer)
        start = net or self.ours[self.step.nodes[names.weights(layer)]]
        last = max((truth.graph.entry.get(node, -1) for node in ordered([start])), default=-1)
        wanted = self.numbers(name)
        for entry in truth.early:
            node = truth.graph.nodes[entry]
            if last < entry and int(np.prod(node.shape)) == wanted[0].size:
                behind = truth.tape.ancestors(entry)
                if last in behind:
                    parts = [shaped(part, node.shape) for part in wanted]
                    changed = self._changed_input(behind) if net is None and layer == 1 else None
                    return (name, entry, parts) if changed is None else ("input", changed, None)
        return None

    def _changed_input(self, behind: set[int]) -> int | None:
        """Return the entry in which the samples of the input are no longer where they were."""
        tape = self.truth.tape
        given = np.asarray(tape.values[self.entries["input"]])
        for entry in sorted(behind & tape.dependents({self.entries["input"]}, max(behind) + 1)):
            value = np.asarray(tape.values[entry])
            if value.size == given.size and entry not in self.truth.dependent:
                forms = (given, given.T)
                if not any(np.array_equal(value.reshape(-1), one.reshape(-1)) for one in forms):
                    return entry
        return None


def _found(truth: StepTruth, wanted: Node) -> Node | None:
    """Return a node of the program, or several put together, with the same numbers as another."""
    numbers = _numbers(truth, wanted)
    size = max(float(np.abs(part).max()) for part in numbers)
    found: dict[int, Node] = {}
    for entry in truth.early:
        node = truth.graph.nodes[entry]
        own = truth.numbers(node)
        if own[0].dtype.kind != "f" or not own[0].size:
            continue
        own = [np.broadcast_to(part, node.shape) for part in own]
        for turned in (False, True) if len(node.shape) == 2 else (False,):
            parts = [part.T for part in own] if turned else own
            if parts[0].size == numbers[0].size and all(
                np.abs(one.reshape(-1) - other.reshape(-1)).max() <= CLOSE * size
                for one, other in zip(parts, numbers, strict=True)
            ):
                return shaping.reshape(node.T if turned else node, shape=wanted.shape)
        if len(node.shape) < 2 and own[0].size < numbers[0].size:  # of one sample, or one unit
            near = np.all(
                [
                    np.abs(one.reshape(-1, 1) - other.reshape(-1)) <= CLOSE * size
                    for one, other in zip(own, numbers, strict=True)
                ],
                axis=0,
            )
            for at, which in np.argwhere(near).tolist():
                single = node if not node.shape else shaping.item(node, index=at)
                found.setdefault(which, single)
            if len(found) == numbers[0].size:
                one_by_one = [found[which] for which in range(numbers[0].size)]
                return shaping.reshape(OPS["stack"](*one_by_one, axis=0), shape=wanted.shape)
    return None


def _numbers(truth: StepTruth, wanted: Node) -> list[Array]:
    """Return a node's numbers in all draws; what was not drawn is as the program had it."""
    given = given_values(truth.graph)
    return [np.asarray(evaluate([wanted], {**given, **draw})[wanted]) for draw in truth.draws]
