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
from bptui.core.graph.compile import BESIDE_ONES, ON_TOP, Compiler, Plain
from bptui.core.graph.node import Node, leaf, ordered, shown_from
from bptui.core.mistakes import with_mistakes
from bptui.core.state import State
from bptui.core.step import Step, training_step

Stage = Literal["forward", "loss", "backward", "update"]


class Operation(NamedTuple):
    """One operation of a step: net_h, out_h, ..., L, ..., gW1, update.

    ``reads`` and ``writes`` are names of quantities, ``layer`` counts from 1 (the output layer for
    the loss and for an update of all layers), ``layers`` are those that it updates.
    """

    name: str
    stage: Stage
    layer: int
    writes: tuple[str, ...] = ()
    layers: range = range(0)
    reads: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()

    @property
    def label(self) -> str:
        """Return ``backward: gW2``, or the stage alone where it says everything."""
        return self.name if self.name.startswith(self.stage) else f"{self.stage}: {self.name}"


def operations_of(step: Step) -> Iterator[Operation]:
    """Yield the operations of a step in order, as far as its graph tells."""
    names, depth, network = step.names, step.depth, step.experiment.network
    for layer in range(1, depth + 1):
        for name in (names.net(layer), names.out(layer)):
            yield Operation(name, "forward", layer, (name,))
    # parameters that the backward pass reads after their update are updated layer by layer
    early = not set(step.changed.values()).isdisjoint(ordered(step.nodes.values()))
    yield Operation("L", "loss", depth, ("data_loss", "penalty", "loss"))
    for layer in range(depth, 0, -1):
        for name in (names.out_gradient(layer), names.delta(layer)):
            yield Operation(name, "backward", layer, (name,))
        gradients = tuple(f"g{name}" for name in network.parameters_of(layer))
        yield Operation(names.weight_gradient(layer), "backward", layer, gradients)
        if early:
            layers = range(layer, layer + 1)
            yield Operation(f"update {names.weights(layer)}", "update", layer, layers=layers)
    if not early:
        yield Operation("update", "update", depth, layers=range(1, depth + 1))


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


class StepProgram:
    """One training step on the batch x (samples, units), t (samples, outputs).

    ``buffers`` are those of all quantities by name, ``loss`` (1, 1) among them. The explained step
    and the fast loop run calls that are made from one graph when they are first wanted; the fast
    ones leave out what is only there to be shown.
    """

    def __init__(self, experiment: Experiment, state: State, x: Array, t: Array) -> None:
        step = with_mistakes(training_step(experiment, len(x)), experiment.training.mistakes)
        self._step, self._experiment, self._state = step, experiment, state
        given = {"input": x, "target": t} | {name: state.part(name) for name in step.before}
        given |= {name: state.layout.part(state.gradient, name[1:]) for name in step.gradients}
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
        # parameters are updated where they stand: who reads them later finds the new ones there
        self._plain = Plain(step.settings, tops, step.changed.values())
        remembered = {name: node for name, node in step.updated.items() if node in self._remembered}
        named = (step.nodes, step.before, step.changed, remembered)
        self._places = [
            *(
                (node, self.buffers[name].reshape(node.shape))
                for each in named
                for name, node in each.items()
            ),
            *self._joined.items(),
        ]

    def _join_biases(self) -> dict[Node, Array]:
        """Return buffers of what a layer is multiplied with, a one beside it, and of W on top of b.

        Only where the ones cost nothing: for one sample, or all of them in every step.
        """
        step, layout, found = self._step, self._state.layout, dict[Node, Array]()
        single, full = step.samples == 1, self._experiment.schedule.full_batch
        layers = range(1, step.depth + 1 if single else 1 + full)
        for layer in layers if self._experiment.network.bias else ():
            x = step.nodes[step.names.out(layer - 1)]
            parameters = step.names.weights(layer), step.names.bias(layer)
            beside, on_top = BESIDE_ONES(x), ON_TOP(*(step.nodes[name] for name in parameters))
            found[beside] = np.ones(beside.shape)
            found[beside][:, :-1] = self.buffers[x.name]
            if single:
                self.buffers[x.name] = found[beside][:, :-1]
            span = slice(layout.span(parameters[0]).start, layout.span(parameters[1]).stop)
            found[on_top] = self._state.parameters[span].reshape(on_top.shape)
        return found

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Return the operations in order, with calls that leave every quantity as it is shown."""
        step, found = self._step, list[Operation]()
        compiler = Compiler(step.nodes.values(), self._places, self._plain)
        for part, calls in self._compiled(compiler):
            if part.stage == "update":
                writes = self._trained(part.layers)
                reads = tuple(prefix + name for name in writes for prefix in ("", "g"))
            else:
                writes, read = part.writes, read_by(self._computed(part), step.nodes)
                reads = tuple(quantity for quantity in read if quantity not in writes)
            found.append(part._replace(reads=reads, writes=writes, calls=tuple(calls)))
        return tuple(found)

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """Return the calls of the fast loop; gradients that change nothing are left out."""
        step, joined = self._step, self._joined
        kept = [step.nodes["loss"], *self._remembered]
        kept += [step.nodes[name] for name in step.gradients if name[1:] in step.changed]
        # others have no buffers of their own
        places = [
            each
            for each in self._places
            if not each[0].inputs or each[0] in {*kept, *step.changed.values(), *joined}
        ]
        compiler = Compiler(kept, places, self._plain)
        compiled = self._compiled(compiler, spends_gradient=True)
        return tuple(call for _, calls in compiled for call in calls)

    @cached_property
    def _remembered(self) -> set[Node]:
        """Return the quantities that the next step finds under another name."""
        return {*self._step.updated.values()} & {*self._step.nodes.values()}

    def _compiled(
        self, compiler: Compiler, *, spends_gradient: bool = False
    ) -> Iterator[tuple[Operation, list[Call]]]:
        for part in operations_of(self._step):
            if part.stage == "update":
                yield part, self._update(part.layers, spends_gradient)
            else:
                yield part, compiler.calls_for(self._computed(part))

    def _computed(self, operation: Operation) -> list[Node]:
        nodes = self._step.nodes
        return [nodes[name] for name in operation.writes if name in nodes]

    def _trained(self, layers: range) -> tuple[str, ...]:
        """Return the parameters of these layers that an update changes."""
        named = (name for layer in layers for name in self._experiment.network.parameters_of(layer))
        changed = self._step.changed
        return tuple(name for name in named if name in changed)

    def _update(self, layers: range, spends_gradient: bool) -> list[Call]:
        """Return the optimizer's calls, on neighbours together in blocks that fit the cache.

        ``spends_gradient``: nobody looks at the gradient after this, so it is scratch space, too.
        """
        blocks = self._state.blocks(self._trained(layers))
        return [call for span in blocks for call in self._update_of(span, spends_gradient)]

    def _update_of(self, span: slice, spends_gradient: bool) -> list[Call]:
        state, optimizer, training = (
            self._state,
            self._experiment.optimizer,
            self._experiment.training,
        )
        size, gradient = (span.stop - span.start,), state.gradient[span]
        w, g, *slots = (leaf(name, size) for name in ("w", "g", *optimizer.slots))
        rate, k = leaf("learning_rate"), leaf("k")
        settings = {leaf(name): value for name, value in training.settings}
        old = {"w": w, **dict(zip(optimizer.slots, slots, strict=True))}
        named = {node.name: node for node in settings}
        new = optimizer.update(w, g, {name: old[name] for name in optimizer.slots}, named, rate, k)
        flat = {"w": state.parameters, **state.slots}
        buffers = {node: flat[name][span] for name, node in old.items()}
        places = [(node, flat[name][span]) for name, node in new.items()]
        calls: list[Call] = []
        for number, late in enumerate(_read_late(new, old)):
            kept = state.scratch.setdefault((size, -number), zeros(*size))
            calls.append(partial(np.copyto, kept, buffers[late]))
            buffers[late] = kept
        places += [*buffers.items(), (g, gradient), (k, state.updates)]
        plain = Plain({**settings, rate: training.learning_rate})
        spent = [gradient] if spends_gradient else []
        compiler = Compiler(new.values(), places, plain, state.scratch, spent)
        return calls + compiler.calls_for(new.values())


def _read_late(new: Mapping[str, Node], old: Mapping[str, Node]) -> Iterator[Node]:
    """Yield what an update still reads after it has computed the new values in its place."""
    done: set[Node] = set()
    for place, name in enumerate(new):
        done.add(new[name])
        rest = [*new.values()][place + 1 :]
        if old[name] in ordered(rest, lambda node: () if node in done else node.inputs):
            yield old[name]
