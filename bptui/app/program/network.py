"""The network that a program trains, where it is one of layers, as the other app shows networks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import product, zip_longest
from typing import NamedTuple

import numpy as np

from bptui.app.playback.run import SPEEDS
from bptui.app.program.record import Record
from bptui.app.view import Selection, View
from bptui.core.activations import ACTIVATIONS, evaluate
from bptui.core.arrays import Array, frozen
from bptui.core.data import Data
from bptui.core.engine import Engine
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment, Training
from bptui.core.history import LossHistory
from bptui.core.losses import LOSSES
from bptui.core.network import Network, Parameters

PRODUCTS, TURNED = ("matmul", "dot"), ("transpose",)
NAME = "the program's network"
CLOSE = 1e-6
"""How near, relative to the largest of them, numbers are that are the same ones."""


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
    """All layers, first to last, the entry of the targets, and what is trained."""

    layers: tuple[Layer, ...]
    target: int
    activations: tuple[str, ...]
    training: Training


@lru_cache(maxsize=2)
def layers_of(record: Record) -> Layers | None:
    """Return the layers of the network that a program trains; None where it is no such network."""
    layers = [*_products(record)]
    if not layers or len({layer.bias is None for layer in layers}) > 1:
        return None
    used = {entry for layer in layers for entry in (layer.weights, layer.bias)}
    parameters = {parameter.before for parameter in record.verdict.step.parameters}
    if layers[0].source in record.lines.truth.dependent or parameters - used:
        return None
    activations = list[str]()
    for layer, later in zip_longest(layers, layers[1:]):
        span = range(layer.net, record.entries(record.first)[1])
        same = [entry for entry in span if record.shape(entry) == record.shape(layer.net)]
        outs = same if later is None else [later.source]
        net = _rows(record, layer.net, layer)
        found = _activation(net, (_rows(record, entry, layer) for entry in outs))
        if found is None and later and not _near(_rows(record, later.source, layer), net):
            return None
        activations.append(found or "identity")
    for target in _targets(record, layers):
        for loss, reduction in product(LOSSES, ("mean", "sum")):
            training = Training(loss=loss, reduction=reduction)
            made = Layers((*layers,), target, (*activations,), training)
            step = _experiment(record, made, record.first)
            own = record.losses[record.first : record.first + 1]
            if step is not None and _near(np.atleast_1d(Engine(step).record().loss), own):
                return made
    return None


@lru_cache(maxsize=4)
def network_view(record: Record, update: int) -> View | None:
    """Return a whole step of the network in an update; None where it is not one of layers."""
    found = layers_of(record)
    made = _experiment(record, found, update) if found else None
    if made is None:
        return None
    nothing = Selection("weight", layer=0)
    return View(Engine(made).record(), LossHistory(), 0, False, SPEEDS[0], selection=nothing)


def _experiment(record: Record, found: Layers, update: int) -> Experiment | None:
    """Return the experiment whose first step is an update; None where it went another way."""

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
    network = Network(
        (x.shape[1], *(one.shape[1] for one in matrices)), found.activations, bool(biases)
    )
    vectors = tuple(frozen(one.reshape(-1)) for one in biases if one is not None)
    try:
        data = Data(frozen(x), frozen(t.reshape(len(x), outputs)), x[:0], t.reshape(len(x), -1)[:0])
        start = Parameters(tuple(matrices), vectors or None)
        return Experiment(NAME, network, start, found.training, data)
    except (UnusableError, ValueError):
        return None


def _targets(record: Record, layers: Sequence[Layer]) -> Iterator[int]:
    """Yield the entries that depend on no parameter and may be the targets."""
    last = layers[-1]
    samples, outputs = _rows(record, last.net, last).shape
    sizes = {samples * outputs, samples}
    given = {layer.source for layer in layers} | {p.before for p in record.verdict.step.parameters}
    for entry in range(last.net, record.entries(record.first)[1]):
        for source in record.tape.inputs[entry]:
            value = np.asarray(record.tape.values[source])
            known = source in given or source in record.lines.truth.dependent
            if value.size in sizes and value.dtype.kind in "fiub" and not known:
                given.add(source)
                yield source


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


def _activation(net: Array, outs: Iterable[Array]) -> str | None:
    """Return the activation that makes one of the arrays of the pre-activations."""
    every = {name: evaluate(name, net) for name in ACTIVATIONS}
    made = {name: right for name, right in every.items() if not _near(right, net)}
    for out in outs:
        found = next((name for name, right in made.items() if _near(right, out)), None)
        if found:
            return found
    return None


def _near(one: Array, other: Array) -> bool:
    with np.errstate(all="ignore"):
        apart = np.abs(one - other).max() if one.shape == other.shape else np.inf
    return bool(apart <= CLOSE * np.abs(other).max())
