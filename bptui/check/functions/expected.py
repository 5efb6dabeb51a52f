"""What a function should compute: the preset's step beside the recorded one of its call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from bptui.core.arrays import Array
from bptui.core.experiment import Experiment
from bptui.core.graph import shaping
from bptui.core.graph.node import OPS, STABLE, Node, constant, evaluate, ordered
from bptui.core.step import rewritten, training_step
from bptui.trace.step.lowering import given_values
from bptui.trace.step.multiples import Values, shaped
from bptui.trace.step.possible_losses import Loss
from bptui.trace.step.truth import StepTruth

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
        end = truth.step.end
        targeted = truth.early.keys() & truth.tape.dependents({entries["target"]}, end)
        self.judged = min(targeted, default=end)
        """The first entry in which outputs and targets come together."""
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

    def forward_slips(self) -> Iterator[tuple[int, str, Values | None, int]]:
        """Yield the first quantity that the forward pass does not have, and its right numbers.

        The entries before them are those of its size behind the last quantity that is right, up to
        where targets come in; each with its place, which is where the function itself names it. Of
        what it names, the last stands for outputs. Where the input is no longer the input it is
        what was made of that: then no numbers are known.
        """
        names, truth = self.experiment.network.names, self.truth
        if _found(truth, self.wanted(names.out(names.depth))) is not None:
            return
        layers = range(1, names.depth + 1)
        layer = next(n for n in layers if _found(truth, self.wanted(names.out(n))) is None)
        net = _found(truth, self.wanted(names.net(layer)))
        name = names.net(layer) if net is None else names.out(layer)
        start = net or self.ours[self.step.nodes[names.weights(layer)]]
        last = max((truth.graph.entry.get(node, -1) for node in ordered([start])), default=-1)
        wanted = self.numbers(name)
        found = [
            entry
            for entry in sorted(self._forward(layer))
            if last < entry
            and int(np.prod(truth.graph.nodes[entry].shape)) == wanted[0].size
            and truth.tape.depends(entry, {last})
        ]
        named, notes = self._named(), truth.tape.notes
        if net is not None:
            found.sort(key=lambda entry: (entry in named, entry), reverse=True)
            found = found or [last]  # it stands where something should be made of it
        for entry in found:
            of_input = net is None and layer == 1
            changed = self._changed_input(truth.tape.ancestors(entry)) if of_input else None
            if changed is not None:
                yield changed, "input", None, notes[changed].place
            else:
                parts = [shaped(part, truth.graph.nodes[entry].shape) for part in wanted]
                yield entry, name, parts, named.get(entry, notes[entry].place)

    def _named(self) -> dict[int, int]:
        """Return where the function itself, not what it calls, has given entries their last name.

        Names that they have on the way back do not count.
        """
        bindings, source = self.truth.tape.bindings, self.entries["input"]
        frame = min((b.frame for b in bindings if b.frame and b.entry == source), default=0)
        own = (one for one in bindings if one.frame == frame and one.when <= self.judged)
        return {binding.entry: binding.place for binding in own}

    def _forward(self, layer: int) -> set[int]:
        """Return what is computed of parameters up to a layer before targets come in."""
        tape, names, end = self.truth.tape, self.experiment.network.names, self.truth.step.end
        later = range(layer + 1, names.depth + 1)
        weights = {self.entries[names.weights(n)] for n in later}
        before = tape.ancestors(self.judged) if self.judged < end else {*range(end)}
        behind = tape.dependents({self.entries["target"], *weights}, end)
        return before & self.truth.early.keys() - behind

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
    numbers = _flat(_numbers(truth, wanted))
    allowed = CLOSE * float(np.abs(numbers).max())
    found: dict[int, Node] = {}
    for entry in truth.early:
        node = truth.graph.nodes[entry]
        own = [np.broadcast_to(part, node.shape) for part in truth.numbers(node)]
        if own[0].dtype.kind != "f" or not own[0].size:
            continue
        for turned in (False, True) if len(node.shape) == 2 else (False,):
            flat = _flat([part.T if turned else part for part in own])
            if flat.shape == numbers.shape and np.abs(flat - numbers).max() <= allowed:
                return shaping.reshape(node.T if turned else node, shape=wanted.shape)
        if len(node.shape) < 2 and own[0].size < numbers.shape[1]:  # of one sample, or one unit
            apart = np.abs(_flat(own)[:, :, np.newaxis] - numbers[:, np.newaxis])
            for at, which in np.argwhere((apart <= allowed).all(axis=0)).tolist():
                single = node if not node.shape else shaping.item(node, index=at)
                found.setdefault(which, single)
            if len(found) == numbers.shape[1]:
                one_by_one = [found[which] for which in range(numbers.shape[1])]
                return shaping.reshape(OPS["stack"](*one_by_one, axis=0), shape=wanted.shape)
    return None


def _flat(parts: Values) -> Array:
    """Return the numbers of all draws, (draws, numbers)."""
    return np.array([part.reshape(-1) for part in parts])


def _numbers(truth: StepTruth, wanted: Node) -> list[Array]:
    """Return a node's numbers in all draws; what was not drawn is as the program had it."""
    given = given_values(truth.graph)
    return [np.asarray(evaluate([wanted], {**given, **draw})[wanted]) for draw in truth.draws]
