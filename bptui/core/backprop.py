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
from bptui.core.graph.compile import Compiler, Plain
from bptui.core.graph.node import Node, leaf, ordered, shown_from
from bptui.core.mistakes import mistaken_step
from bptui.core.state import State
from bptui.core.step import Step

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
    changed = step.changed

    def update(name: str, layers: range) -> Operation:
        own = (each for layer in layers for each in network.parameters_of(layer))
        return Operation(name, "update", layers[-1], tuple(filter(changed.get, own)), layers)

    for layer in range(1, depth + 1):
        for name in (names.net(layer), names.out(layer)):
            yield Operation(name, "forward", layer, (name,))
    # parameters that the backward pass reads after their update are updated layer by layer
    early = not set(changed.values()).isdisjoint(ordered(step.nodes.values()))
    yield Operation("L", "loss", depth, ("data_loss", "penalty", "loss"))
    for layer in range(depth, 0, -1):
        for name in (names.out_gradient(layer), names.delta(layer)):
            yield Operation(name, "backward", layer, (name,))
        gradients = tuple(f"g{name}" for name in network.parameters_of(layer))
        yield Operation(names.weight_gradient(layer), "backward", layer, gradients)
        if early:
            yield update(f"update {names.weights(layer)}", range(layer, layer + 1))
    if not early:
        yield update("update", range(1, depth + 1))


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
        step = mistaken_step(experiment, len(x))
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
        # parameters are updated where they stand: who reads them later finds the new ones there
        self._plain = Plain(step.settings, step.changed.values())
        self._kept = {*step.updated.values()} & {*step.nodes.values()}
        """What the next step finds under another name."""
        remembered = ((name, node) for name, node in step.updated.items() if node in self._kept)
        named = [*step.nodes.items(), *step.before.items(), *step.changed.items(), *remembered]
        self._places = [(node, self.buffers[name].reshape(node.shape)) for name, node in named]

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Return the operations in order, with calls that leave every quantity as it is shown."""
        step, found = self._step, list[Operation]()
        compiler = Compiler(step.nodes.values(), self._places, self._plain)
        for part, calls in self._compiled(compiler):
            if part.stage == "update":
                read = tuple(prefix + name for name in part.writes for prefix in ("", "g"))
            else:
                read = read_by(self._computed(part), step.nodes)
                read = tuple(quantity for quantity in read if quantity not in part.writes)
            found.append(part._replace(reads=read, calls=tuple(calls)))
        return tuple(found)

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """Return the calls of the fast loop; gradients that change nothing are left out."""
        step, changed = self._step, self._step.changed
        wanted = {step.nodes["loss"]: None} | dict.fromkeys(self._kept)
        wanted |= {step.nodes[name]: None for name in step.gradients if name[1:] in changed}
        own = {*wanted, *changed.values()}  # others have no buffers of their own
        places = [each for each in self._places if not each[0].inputs or each[0] in own]
        compiled = self._compiled(Compiler(wanted, places, self._plain), spends_gradient=True)
        return tuple(call for _, calls in compiled for call in calls)

    def _compiled(
        self, compiler: Compiler, *, spends_gradient: bool = False
    ) -> Iterator[tuple[Operation, list[Call]]]:
        for part in operations_of(self._step):
            if part.stage == "update":
                yield part, self._update(part.writes, spends_gradient)
            else:
                yield part, compiler.calls_for(self._computed(part))

    def _computed(self, operation: Operation) -> list[Node]:
        nodes = self._step.nodes
        return [nodes[name] for name in operation.writes if name in nodes]

    def _update(self, parameters: tuple[str, ...], spends_gradient: bool) -> list[Call]:
        """Return the optimizer's calls, on neighbours together.

        ``spends_gradient``: nobody looks at the gradient after this, so it is scratch space, too.
        """
        spans = self._state.spans(parameters)
        return [call for span in spans for call in self._update_of(span, spends_gradient)]

    def _update_of(self, span: slice, spends_gradient: bool) -> list[Call]:
        state, size = self._state, (span.stop - span.start,)
        optimizer, training = self._experiment.optimizer, self._experiment.training
        old = {name: leaf(name, size) for name in ("w", *optimizer.slots)}
        g, rate, k = leaf("g", size), leaf("learning_rate"), leaf("k")
        settings = {name: leaf(name) for name, _ in training.settings}
        new = optimizer.update(old["w"], g, old, settings, rate, k)
        flat, gradient = {"w": state.parameters, **state.slots}, state.gradient[span]
        places = [(node, flat[name][span]) for name, node in new.items()]
        calls: list[Call] = []
        for number, (name, node) in enumerate(old.items()):
            buffer = flat[name][span]
            if _read_late(new, name, node):
                kept = state.scratch.setdefault((size, -number), zeros(*size))
                calls.append(partial(np.copyto, kept, buffer))
                buffer = kept
            places.append((node, buffer))
        places += [(g, gradient), (k, state.updates)]
        constants = {settings[name]: value for name, value in training.settings}
        plain = Plain({**constants, rate: training.learning_rate})
        spent = [gradient] if spends_gradient else []
        compiler = Compiler(new.values(), places, plain, state.scratch, spent)
        return calls + compiler.calls_for(new.values())


def _read_late(new: Mapping[str, Node], name: str, node: Node) -> bool:
    """Return whether an update reads a node after it has computed a new value in its place."""
    place = [*new].index(name) + 1
    done, rest = {*[*new.values()][:place]}, [*new.values()][place:]
    return node in ordered(rest, known=done)
