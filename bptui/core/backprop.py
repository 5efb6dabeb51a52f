"""The graph of a step as a program: its operations in order, and the calls that compute them.

Rows are samples: z = x W + b, dL/dW = a^T delta, dL/da = delta W^T (Rumelhart, Hinton & Williams
1986, in matrix form). The formulas themselves stand in :mod:`bptui.core.step`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

import numpy as np

from bptui.core.arrays import Array, Call, call, zeros
from bptui.core.experiment import Experiment
from bptui.core.graph.compile import Compiler, Plain, Scratch
from bptui.core.graph.node import STABLE, Node, leaf, ordered
from bptui.core.mistakes import with_mistakes
from bptui.core.state import State, cut
from bptui.core.step import Step, rewritten, training_step

Stage = Literal["forward", "loss", "backward", "update"]


class Operation(NamedTuple):
    """One operation of a step: net_h, out_h, ..., L, ..., gW1, update.

    ``reads`` and ``writes`` are names of quantities, ``layer`` counts from 1 (the output layer for
    the loss and for an update of all layers). The fast loop runs ``fast`` instead of ``calls``:
    without what is only there to be shown.
    """

    name: str
    stage: Stage
    layer: int
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    calls: tuple[Call, ...]
    fast: tuple[Call, ...]

    @property
    def label(self) -> str:
        """``backward: gW2``, or the stage alone where it says everything."""
        return self.name if self.name.startswith(self.stage) else f"{self.stage}: {self.name}"


class StepProgram(NamedTuple):
    """One training step for one batch size: its operations, and their buffers by name."""

    operations: tuple[Operation, ...]
    buffers: Mapping[str, Array]
    loss: Array
    """(1, 1)."""
    calls: tuple[Call, ...]
    """The fast calls of all operations, one after the other."""
    shown: tuple[Call, ...]
    """The calls that leave every quantity as it is shown, likewise."""


class Workspace:
    """What the programs of all batch sizes share: the gradient, Adam's k, and scratch space."""

    def __init__(self, state: State) -> None:
        self.gradient = zeros(state.layout.size)
        self.updates = np.ones(())
        """The number of the update, from 1."""
        self.scratch = Scratch()


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

    def read(node: Node) -> None:
        if node.name in known:
            found[node.name] = None
        elif node.op.textbook is not None:
            write(node)
        else:
            for each in node.inputs[:1] if node.op is STABLE else node.inputs:
                read(each)

    def write(node: Node) -> None:
        if node.op.textbook is not None:
            node = node.op.textbook(*node.inputs)
        for each in node.inputs[:1] if node.op is STABLE else node.inputs:
            read(each)

    for node in nodes:
        write(node)
    return tuple(found)


class _Builder:
    """Puts a step's operations together for buffers that stay the same."""

    def __init__(
        self, experiment: Experiment, state: State, workspace: Workspace, x: Array, t: Array
    ) -> None:
        step = training_step(experiment, len(x))
        self.step = step = with_mistakes(step, experiment.training.mistakes)
        self.experiment, self.state, self.workspace = experiment, state, workspace
        given = {"input": x, "target": t}
        given |= {name: state.part(name) for name in step.before}
        given |= {name: state.layout.part(workspace.gradient, name[1:]) for name in step.gradients}
        # losses are (1, 1), as sums over samples and outputs
        self.arrays = {
            name: given[name] if name in given else zeros(*(node.shape or (1, 1)))
            for name, node in step.nodes.items()
        }
        self.arrays |= given
        self.arrays.setdefault("data_loss", self.arrays["loss"])
        self.arrays.setdefault("penalty", zeros(1, 1))
        self.plain = Plain(step.settings)
        # parameters are updated where they stand: who reads them later finds the new ones there
        after = {node: leaf(name, node.shape, "updated") for name, node in step.changed.items()}
        self.nodes = rewritten(step.nodes.values(), after)
        self.buffers = {
            self.nodes[node]: self.arrays[name].reshape(node.shape)
            for name, node in step.nodes.items()
        }
        self.buffers |= {node: self.arrays[name] for name, node in step.before.items()}
        self.buffers |= {node: self.arrays[node.name] for node in after.values()}

    def compiler(self, names: Iterable[str]) -> Compiler:
        """Return what makes the calls for these quantities."""
        nodes = [self.nodes[self.step.nodes[name]] for name in names]
        return Compiler(nodes, self.buffers, self.plain, Scratch())

    def build(self) -> StepProgram:
        step = self.step
        # the fast loop leaves out gradients that change nothing
        kept = set(step.updated.values())
        needed = [
            name for name in step.gradients if name[1:] in step.changed or step.nodes[name] in kept
        ]
        shown, fast = self.compiler(step.nodes), self.compiler(["loss", *needed])
        operations: list[Operation] = []
        for name, stage, layer, writes, layers in parts_of(step):
            if stage == "update":
                writes = self.trained(layers)
                reads = tuple(prefix + each for each in writes for prefix in ("", "g"))
                calls, quick = self.update(layers), self.update(layers, spends_gradient=True)
            else:
                nodes = [self.nodes[step.nodes[each]] for each in writes if each in step.nodes]
                reads = tuple(each for each in read_by(nodes, step.nodes) if each not in writes)
                calls, quick = shown.calls_for(nodes), fast.calls_for(nodes)
                calls += self.remembered(writes)
                quick += self.remembered(writes)
            operations.append(
                Operation(name, stage, layer, reads, writes, tuple(calls), tuple(quick))
            )
        quick_ones = tuple(each for operation in operations for each in operation.fast)
        all_of_them = tuple(each for operation in operations for each in operation.calls)
        return StepProgram(
            tuple(operations), self.arrays, self.arrays["loss"], quick_ones, all_of_them
        )

    def remembered(self, names: tuple[str, ...]) -> list[Call]:
        """The calls that keep quantities for the next step, where it reads them."""
        return [
            call(np.copyto, self.arrays[place], self.arrays[name])
            for place, node in self.step.updated.items()
            for name in names
            if node is self.step.nodes.get(name)
        ]

    def trained(self, layers: range) -> tuple[str, ...]:
        """The parameters of these layers that an update changes."""
        named = (name for layer in layers for name in self.experiment.network.parameters_of(layer))
        return tuple(name for name in named if name in self.step.changed)

    def update(self, layers: range, *, spends_gradient: bool = False) -> list[Call]:
        """The optimizer's calls, on neighbours together and in pieces that fit the cache.

        ``spends_gradient``: nobody looks at the gradient after this, so it is scratch space, too.
        """
        calls: list[Call] = []
        for span in cut(self.state.spans(self.trained(layers))):
            calls += self.update_of(span, spends_gradient)
        return calls

    def update_of(self, span: slice, spends_gradient: bool) -> list[Call]:
        state, optimizer, training = self.state, self.experiment.optimizer, self.experiment.training
        w, g, *slots = (
            leaf(name, (span.stop - span.start,)) for name in ("w", "g", *optimizer.slots)
        )
        rate, k = leaf("learning_rate"), leaf("k")
        settings = {leaf(name): value for name, value in training.settings}
        named = {node.name: node for node in settings}
        remembered = dict(zip(optimizer.slots, slots, strict=True))
        new = optimizer.update(w, g, remembered, named, rate, k)
        buffers = {w: state.parameters[span], g: self.workspace.gradient[span]}
        buffers |= {node: flat[span] for node, flat in zip(slots, state.slots, strict=True)}
        places = {"w": w, **remembered}
        buffers |= {node: buffers[places[name]] for name, node in new.items()}
        buffers[k] = self.workspace.updates
        self.workspace.scratch.restart()
        calls: list[Call] = []
        for old in _read_late(new, places):
            kept = self.workspace.scratch.take(old.shape)
            calls.append(call(np.copyto, kept, buffers[old]))
            buffers[old] = kept
        compiler = Compiler(
            new.values(),
            buffers,
            Plain({**settings, rate: training.learning_rate}),
            self.workspace.scratch,
            [g] if spends_gradient else [],
        )
        return calls + compiler.calls_for(new.values())


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


def build_step(
    experiment: Experiment, state: State, workspace: Workspace, x: Array, t: Array
) -> StepProgram:
    """Return the program of a step on the batch x (samples, units), t (samples, outputs)."""
    return _Builder(experiment, state, workspace, x, t).build()
