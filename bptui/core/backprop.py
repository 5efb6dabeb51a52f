"""The graph of a step as a program: its operations in order, and the calls that compute them.

Rows are samples: z = x W + b, dL/dW = a^T delta, dL/da = delta W^T (Rumelhart, Hinton & Williams
1986, in matrix form). The formulas themselves stand in :mod:`bptui.core.step`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, partial
from typing import Literal, NamedTuple

import numpy as np

from bptui.core.arrays import Array, Call, zeros
from bptui.core.experiment import Experiment
from bptui.core.graph.compile import BESIDE_ONES, ON_TOP, Compiler, Plain, Scratch
from bptui.core.graph.node import Node, leaf, ordered, shown_from
from bptui.core.mistakes import with_mistakes
from bptui.core.state import State
from bptui.core.step import Step, rewritten, training_step

Stage = Literal["forward", "loss", "backward", "update"]


class Operation(NamedTuple):
    """One operation of a step: net_h, out_h, ..., L, ..., gW1, update.

    ``reads`` and ``writes`` are names of quantities, ``layer`` counts from 1 (the output layer for
    the loss and for an update of all layers).
    """

    name: str
    stage: Stage
    layer: int
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    calls: tuple[Call, ...]

    @property
    def label(self) -> str:
        """Return ``backward: gW2``, or the stage alone where it says everything."""
        return self.name if self.name.startswith(self.stage) else f"{self.stage}: {self.name}"


class Part(NamedTuple):
    """What one operation is for: the quantities it writes, or the layers that it updates."""

    name: str
    stage: Stage
    layer: int
    writes: tuple[str, ...]
    layers: range = range(0)


def parts_of(step: Step) -> Iterator[Part]:
    """Yield the operations of a step in order."""
    names, depth, network = step.names, step.depth, step.experiment.network
    for layer in range(1, depth + 1):
        for name in (names.net(layer), names.out(layer)):
            yield Part(name, "forward", layer, (name,))
    # parameters that the backward pass reads after their update are updated layer by layer
    early = not set(step.changed.values()).isdisjoint(ordered(step.nodes.values()))
    yield Part("L", "loss", depth, ("data_loss", "penalty", "loss"))
    for layer in range(depth, 0, -1):
        for name in (names.out_gradient(layer), names.delta(layer)):
            yield Part(name, "backward", layer, (name,))
        gradients = tuple(f"g{name}" for name in network.parameters_of(layer))
        yield Part(names.weight_gradient(layer), "backward", layer, gradients)
        if early:
            layers = range(layer, layer + 1)
            yield Part(f"update {names.weights(layer)}", "update", layer, (), layers)
    if not early:
        yield Part("update", "update", depth, (), range(1, depth + 1))


def read_by(nodes: Iterable[Node], known: Mapping[str, Node]) -> tuple[str, ...]:
    """Return the names of the quantities that formulas are made of, in the order of reading."""
    found: dict[str, None] = {}

    def read(node: Node, whole: bool = False) -> None:
        if node.name in known and not whole:
            found[node.name] = None
            return
        if node.op.textbook is not None:
            node = node.op.textbook(*node.inputs)
        for part in shown_from(node):
            read(part)

    for node in nodes:
        read(node, whole=True)
    return tuple(found)


class Workspace:
    """What the programs of all batch sizes share: the gradient, Adam's k, and scratch space."""

    def __init__(self, state: State) -> None:
        self.gradient = zeros(state.layout.size)
        self.updates = np.ones(())
        """The number of the update, from 1."""
        self.scratch = Scratch()


class StepProgram:
    """One training step on the batch x (samples, units), t (samples, outputs).

    ``buffers`` are those of all quantities by name, ``loss`` (1, 1) among them. The explained step
    and the fast loop run calls that are made from one graph when they are first wanted; the fast
    ones leave out what is only there to be shown.
    """

    def __init__(
        self, experiment: Experiment, state: State, workspace: Workspace, x: Array, t: Array
    ) -> None:
        step = with_mistakes(training_step(experiment, len(x)), experiment.training.mistakes)
        self._step, self._experiment = step, experiment
        self._state, self._workspace = state, workspace
        given = {"input": x, "target": t}
        given |= {name: state.part(name) for name in step.before}
        given |= {name: state.layout.part(workspace.gradient, name[1:]) for name in step.gradients}
        # losses are (1, 1), as sums over samples and outputs
        made = {
            name: zeros(*(node.shape or (1, 1)))
            for name, node in step.nodes.items()
            if name not in given
        }
        self.buffers: dict[str, Array] = {**made, **given}
        self.loss = self.buffers["loss"]
        self.buffers.setdefault("data_loss", self.loss)
        self.buffers.setdefault("penalty", zeros(1, 1))
        self._joined = self._join_biases()
        tops = [node.inputs[0] for node in self._joined if node.op is ON_TOP]
        self._plain = Plain(step.settings, tops)
        # parameters are updated where they stand: who reads them later finds the new ones there
        after = {node: leaf(name, node.shape, "updated") for name, node in step.changed.items()}
        self._nodes = rewritten(step.nodes.values(), after)
        self._places = {
            self._nodes[node]: self.buffers[name].reshape(node.shape)
            for name, node in step.nodes.items()
        }
        self._places |= {node: self.buffers[name] for name, node in step.before.items()}
        self._places |= {node: self.buffers[node.name] for node in after.values()}
        self._places |= self._joined

    def _join_biases(self) -> dict[Node, Array]:
        """Return buffers of what a layer is multiplied with, a one beside it, and of W on top of b.

        Only where the ones cost nothing: for one sample, or all of them in every step.
        """
        step, layout, found = self._step, self._state.layout, dict[Node, Array]()
        single, full = step.samples == 1, self._experiment.schedule.full_batch
        layers = range(1, step.depth + 1 if single else 1 + full)
        for layer in layers if self._experiment.network.bias else ():
            x = step.nodes[step.names.out(layer - 1) if layer > 1 else "input"]
            parameters = step.names.weights(layer), step.names.bias(layer)
            beside, on_top = BESIDE_ONES(x), ON_TOP(*(step.nodes[name] for name in parameters))
            found[beside] = np.ones(beside.shape)
            found[beside][:, :-1] = self.buffers[x.name]
            if single:
                self.buffers[x.name] = found[beside][:, :-1]
            span = slice(layout.weight_span(layer).start, layout.bias_span(layer).stop)
            found[on_top] = self._state.parameters[span].reshape(on_top.shape)
        return found

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Return the operations in order, with calls that leave every quantity as it is shown."""
        compiler, step, found = self._compiler(self._step.nodes), self._step, list[Operation]()
        for name, stage, layer, writes, layers in parts_of(step):
            if stage == "update":
                writes = self._trained(layers)
                reads = tuple(prefix + name for name in writes for prefix in ("", "g"))
                calls = self._update(layers)
            else:
                nodes = self._computed(writes)
                read = read_by(nodes, step.nodes)
                reads = tuple(quantity for quantity in read if quantity not in writes)
                calls = compiler.calls_for(nodes) + self._remembered(writes)
            found.append(Operation(name, stage, layer, reads, writes, tuple(calls)))
        return tuple(found)

    @cached_property
    def shown(self) -> tuple[Call, ...]:
        """Return the calls of all operations, one after the other."""
        return tuple(call for operation in self.operations for call in operation.calls)

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """Return the calls of the fast loop."""
        # gradients that change nothing are left out
        step, kept = self._step, set(self._step.updated.values())
        needed = [
            name for name in step.gradients if name[1:] in step.changed or step.nodes[name] in kept
        ]
        kept_too = [name for name, node in step.nodes.items() if node in kept]
        compiler = self._compiler(dict.fromkeys(["loss", *needed, *kept_too]), scarce=True)
        found = list[Call]()
        for part in parts_of(step):
            if part.stage == "update":
                found += self._update(part.layers, spends_gradient=True)
            else:
                found += compiler.calls_for(self._computed(part.writes))
                found += self._remembered(part.writes)
        return tuple(found)

    def _compiler(self, names: Iterable[str], *, scarce: bool = False) -> Compiler:
        """Return what makes the calls for these quantities; ``scarce``: others have no buffer."""
        nodes, places = [self._nodes[self._step.nodes[name]] for name in names], self._places
        if scarce:
            kept = {*nodes, *self._joined}
            places = {node: places[node] for node in places if not node.inputs or node in kept}
        return Compiler(nodes, places, self._plain, Scratch())

    def _computed(self, names: tuple[str, ...]) -> list[Node]:
        nodes = self._step.nodes
        return [self._nodes[nodes[name]] for name in names if name in nodes]

    def _remembered(self, names: tuple[str, ...]) -> list[Call]:
        """Return the calls that keep quantities for the next step, where it reads them."""
        return [
            partial(np.copyto, self.buffers[place], self.buffers[name])
            for place, node in self._step.updated.items()
            for name in names
            if node is self._step.nodes.get(name)
        ]

    def _trained(self, layers: range) -> tuple[str, ...]:
        """Return the parameters of these layers that an update changes."""
        named = (name for layer in layers for name in self._experiment.network.parameters_of(layer))
        return tuple(name for name in named if name in self._step.changed)

    def _update(self, layers: range, *, spends_gradient: bool = False) -> list[Call]:
        """Return the optimizer's calls, on neighbours together in blocks that fit the cache.

        ``spends_gradient``: nobody looks at the gradient after this, so it is scratch space, too.
        """
        blocks = self._state.blocks(self._trained(layers))
        return [call for span in blocks for call in self._update_of(span, spends_gradient)]

    def _update_of(self, span: slice, spends_gradient: bool) -> list[Call]:
        state, optimizer = self._state, self._experiment.optimizer
        training, scratch = self._experiment.training, self._workspace.scratch
        size = (span.stop - span.start,)
        w, g, *slots = (leaf(name, size) for name in ("w", "g", *optimizer.slots))
        rate, k = leaf("learning_rate"), leaf("k")
        settings = {leaf(name): value for name, value in training.settings}
        named = {node.name: node for node in settings}
        remembered = dict(zip(optimizer.slots, slots, strict=True))
        new = optimizer.update(w, g, remembered, named, rate, k)
        buffers = {w: state.parameters[span], g: self._workspace.gradient[span]}
        buffers |= {node: flat[span] for node, flat in zip(slots, state.slots, strict=True)}
        places = {"w": w, **remembered}
        buffers |= {node: buffers[places[name]] for name, node in new.items()}
        buffers[k] = self._workspace.updates
        scratch.restart()
        calls: list[Call] = []
        for old in _read_late(new, places):
            kept = scratch.take(old.shape)
            calls.append(partial(np.copyto, kept, buffers[old]))
            buffers[old] = kept
        plain = Plain({**settings, rate: training.learning_rate})
        spent = [g] if spends_gradient else []
        return calls + Compiler(new.values(), buffers, plain, scratch, spent).calls_for(
            new.values()
        )


def _read_late(new: Mapping[str, Node], places: Mapping[str, Node]) -> Iterator[Node]:
    """Yield what an update still reads after it has computed the new values in its place."""
    done: set[Node] = set()
    for place, name in enumerate(new):
        done.add(new[name])
        later = ordered(
            [*new.values()][place + 1 :], lambda node: () if node in done else node.inputs
        )
        if places[name] in later:
            yield places[name]
