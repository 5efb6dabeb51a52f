"""The network that a program trains, where it is one of layers, as the other app shows networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from bptui.app.diagram.edges import Edge
from bptui.app.playback.run import SPEEDS
from bptui.app.program.record import Record
from bptui.app.view import Selection, View
from bptui.check.numbers.inferring import most_right
from bptui.core.arrays import Array, frozen
from bptui.core.data import Data
from bptui.core.engine import Engine
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment, Training
from bptui.core.graph.node import ordered
from bptui.core.history import LossHistory
from bptui.core.network import Network, Parameters

PRODUCTS, TURNED = ("matmul", "dot"), ("transpose",)
NAME = "the program's network"


class Layer(NamedTuple):
    """The entries of a layer in the update that was looked at.

    ``turned``: weights have shape (units, inputs); ``columns``: so have the values of samples.
    """

    weights: int
    bias: int | None
    source: int
    net: int
    turned: bool
    columns: bool


class Layers(NamedTuple):
    """All layers, first to last, and the entry of the targets."""

    layers: tuple[Layer, ...]
    target: int


@lru_cache(maxsize=2)
def network_of(record: Record) -> tuple[Layers, Experiment] | None:
    """Return the layers of the network that a program trains, and the step that was looked at.

    None where it is no such network.
    """
    layers = (*_products(record),)
    if not layers or len({layer.bias is None for layer in layers}) > 1:
        return None
    used = {entry for layer in layers for entry in (layer.weights, layer.bias)}
    parameters = {parameter.before for parameter in record.verdict.step.parameters}
    if layers[0].source in record.lines.truth.dependent or parameters - used:
        return None
    activated = {one.before: one.after for one in record.lines.layers if one.name}
    known = [later.source for later in layers[1:]]
    if any(
        out not in (layer.net, activated.get(layer.net))
        for layer, out in zip(layers, known, strict=False)
    ):
        return None
    known += filter(None, [activated.get(layers[-1].net)])
    outs = [_rows(record, entry, layer) for layer, entry in zip(layers, known, strict=False)]
    for target in _targets(record, layers):
        found = Layers(layers, target)
        base = _experiment(record, found, record.first)
        if base is not None:
            given = {base.network.names.out(at): out for at, out in enumerate(outs, 1)}
            step, right = most_right(base, given | {"loss": record.losses[record.first]})
            if right == len(outs) + 1:
                return found, step
    return None


@lru_cache(maxsize=4)
def network_view(record: Record, update: int) -> View | None:
    """Return a whole step of the network in an update; None where it is not one of layers."""
    found = network_of(record)
    made = _experiment(record, found[0], update, found[1]) if found else None
    if made is None:
        return None
    nothing = Selection("weight", layer=0)
    return View(Engine(made).record(), LossHistory(), 0, False, SPEEDS[0], selection=nothing)


def weight_name(record: Record, edge: Edge) -> str:
    """Return what the program calls the weight of an edge of its network."""
    found = network_of(record)
    assert found, "edges are those of a network"
    layer = found[0].layers[edge.layer - 1]
    ends = edge.source, edge.destination
    return f"{record.name(layer.weights)}{[*(ends[::-1] if layer.turned else ends)]}"


def _experiment(
    record: Record, found: Layers, update: int, like: Experiment | None = None
) -> Experiment | None:
    """Return the experiment whose first step is an update, with activations and loss ``like`` one.

    None where the update went another way.
    """

    def values(entry: int | None, turned: bool = False) -> Array | None:
        now = None if entry is None else record.now(entry, update)
        return None if now is None else record.array(now).T if turned else record.array(now)

    layers, last = found.layers, found.layers[-1]
    weights = [values(layer.weights, layer.turned) for layer in layers]
    biases = [values(layer.bias) for layer in layers if layer.bias is not None]
    x, t = values(layers[0].source, layers[0].columns), values(found.target, last.columns)
    if x is None or t is None or any(one is None for one in (*weights, *biases)):
        return None
    matrices = [frozen(one) for one in weights if one is not None]
    x, outputs = np.atleast_2d(x), matrices[-1].shape[1]
    if t.size == len(x) and outputs > 1:  # classes by their numbers
        t = np.eye(outputs)[t.astype(np.intp).reshape(-1) % outputs]
    activations = like.network.activations if like else ("identity",) * len(layers)
    sizes = (x.shape[1], *(one.shape[1] for one in matrices))
    vectors = tuple(frozen(one.reshape(-1)) for one in biases if one is not None)
    try:
        network = Network(sizes, activations, bool(biases))
        data = Data(frozen(x), frozen(t.reshape(len(x), outputs)), x[:0], t.reshape(len(x), -1)[:0])
        start = Parameters(tuple(matrices), vectors or None)
        return Experiment(NAME, network, start, like.training if like else Training(), data)
    except (UnusableError, ValueError):
        return None


def _targets(record: Record, layers: Sequence[Layer]) -> Iterator[int]:
    """Yield what the loss is computed from beside the layers, and may be the targets."""
    truth, last = record.lines.truth, layers[-1]
    samples, outputs = _rows(record, last.net, last).shape
    known = {layer.source for layer in layers} | {p.before for p in record.verdict.step.parameters}
    nodes = ordered([record.lines.judged.loss.node])
    ends = [truth.graph.entry[node] for node in nodes if node in truth.graph.entry]
    for entry in sorted(record.tape.behind(ends, known) - known - truth.dependent):
        value = np.asarray(record.tape.values[entry])
        if value.size in (samples * outputs, samples) and value.dtype.kind in "fiub":
            yield entry


def _products(record: Record) -> Iterator[Layer]:
    """Yield the layers by the first product of each matrix of weights in the update."""
    tape, step = record.tape, record.verdict.step
    shapes = {p.before: tape.shape(p.before) for p in step.parameters if p.places is None}
    matrices = {entry: entry for entry, shape in shapes.items() if len(shape) == 2}
    turned: set[int] = set()
    for entry in range(*record.entries(record.first)):
        note, inputs = tape.notes[entry], tape.inputs[entry]
        if note.call in TURNED and inputs[0] in matrices:
            matrices[entry] = matrices[inputs[0]]
            turned.add(entry)
        if note.call not in PRODUCTS or len(inputs) != 2 or not {*inputs} & {*matrices}:
            continue
        columns = inputs[0] in matrices
        given, source = inputs if columns else inputs[::-1]
        weights = matrices[given]
        matrices = {one: owner for one, owner in matrices.items() if owner != weights}
        net, bias = entry, None
        for user in record.consumers[entry]:
            others = [one for one in tape.inputs[user] if one != entry]
            if tape.notes[user].call == "add" and len(others) == 1 and others[0] in shapes:
                net, bias = user, others[0]
        yield Layer(weights, bias, source, net, columns != (given in turned), columns)


def _rows(record: Record, entry: int, layer: Layer) -> Array:
    """Return values as (samples, units)."""
    array = record.array(entry)
    return np.atleast_2d(array.T if layer.columns else array)
