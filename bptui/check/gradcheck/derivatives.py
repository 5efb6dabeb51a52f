"""The derivatives of a step's loss from its forward pass alone: complex steps, and differences.

An imaginary part of 1e-100 changes nothing but imaginary parts, and those in proportion. So the
slope of each activation is taken by a complex step, Im f(z + ih) / h, once, and what a step changes
is carried on to the loss by products alone: no rounding comes between a step's own numbers and the
derivatives at them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from bptui.core.arrays import Array, Integers
from bptui.core.engine import Snapshot
from bptui.core.graph.compile import Plain
from bptui.core.graph.node import STABLE, Node, Values, computed_from, evaluate, ordered
from bptui.core.network import Names
from bptui.core.step import rewritten, training_step

Kind: TypeAlias = Literal["weights", "biases", "net", "out"]
Mask: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
Known: TypeAlias = dict[Node, Values]
Told = Callable[[int], None]
"""Is told how many numbers' worth of work was done; may raise to give up."""
STEP = 1e-100
"""The complex step h: its error, h^2 times a third derivative, is far below all that matters."""
SMALLEST = 1e-160
"""What it cannot tell from 0: the product with h underflows."""
BEYOND = 1e80
"""Slopes from which on a function is taken to have none."""
EPSILON = float(np.finfo(np.float64).eps)
JUMP = 1e-6
"""How much the slopes beside a kink differ at least, relatively."""
CENTRAL = 1e-5
"""The real step h of central differences; less where inputs are large, for the pre-activations."""
ROOM = 400_000
"""Numbers that are computed at once: few enough to stay near the processor."""


@dataclass(frozen=True, eq=False)
class Places:
    """Numbers of one array by which the loss is differentiated.

    ``rows`` and ``columns`` (numbers,) are their indices: the fan-in and the unit of a weight, 0
    and the unit of a bias, the row of the batch and the unit of a pre-activation or activation.
    ``total``: how many the array has.
    """

    kind: Kind
    layer: int
    rows: Integers
    columns: Integers
    total: int

    @property
    def size(self) -> int:
        return len(self.rows)

    @property
    def parameters(self) -> bool:
        """Whether these are weights or biases."""
        return self.kind in ("weights", "biases")

    @property
    def units(self) -> Integers:
        """The units whose column is moved at a time: for each parameter, or for all samples."""
        return self.columns if self.parameters else np.unique(self.columns)

    def of(self, array: Array) -> Array:
        """Return the values at these places of the array."""
        return array[self.columns] if self.kind == "biases" else array[self.rows, self.columns]

    def index(self, position: int) -> tuple[int, ...]:
        """Return the index in the array of the number at ``position``."""
        row, column = int(self.rows[position]), int(self.columns[position])
        return (column,) if self.kind == "biases" else (row, column)

    def parameter(self, names: Names, position: int) -> str:
        """Return the name of the weight or bias at ``position``: w5 or b_h1."""
        *row, column = self.index(position)
        if row:
            return names.weight(self.layer, row[0], column)
        return f"b_{names.unit(self.layer, column)}"


@dataclass(frozen=True)
class Slopes:
    """The slopes of a function at each of its numbers; they differ at kinks alone.

    ``sides``: below and above, as far off as rounding can be; ``exact``: with a number that stands
    exactly at its kink on that side, and the others where arithmetic has them.
    """

    sides: tuple[Array, Array]
    exact: tuple[Array, Array]
    kinked: bool

    def carry(self, speeds: Array, side: int, units: Integers | slice = slice(None)) -> Array:
        """Return what numbers that move at these speeds make of it, for a ``side`` as in exact."""
        below, above = self.exact if side else self.sides
        if not isinstance(units, slice):
            below, above = below[:, units].T, above[:, units].T
        up: Mask | bool = side > 0 if side else speeds > 0.0
        made: Array = speeds * (np.where(up, above, below) if self.kinked else below)
        return made


def slopes_of(result: Node, source: Node, value: Array, size: Array, given: Known) -> Slopes:
    """Return the slopes of ``result`` by ``source``, number by number, at its ``value``.

    At a kink they jump no less for being looked at nearer. ``size`` is that of what is added up for
    the numbers, which says how far rounding takes them.
    """

    def slopes(at: Array) -> Array:
        imag = evaluate([result], {**given, source: at + 1j * STEP})[result].imag / STEP
        # where powers of e overflow it has reached its limit
        return np.where(np.isnan(imag), 0.0, imag) * np.where(np.abs(imag) > BEYOND, np.nan, 1.0)

    error = EPSILON * size + SMALLEST
    here, below, above = slopes(value), slopes(value - error), slopes(value + error)
    near, far = np.abs(above - below), slopes(value + 8.0 * error) - slopes(value - 8.0 * error)
    jumps = near > JUMP * np.maximum(np.abs(above), np.abs(below))
    jumps &= near > 0.5 * np.abs(far)
    if not jumps.any():
        return Slopes((here, here), (here, here), kinked=False)
    beside = (slopes(np.nextafter(value, side)) for side in (-np.inf, np.inf))
    one, other, low, high = (np.where(jumps, each, here) for each in (below, above, *beside))
    return Slopes((one, other), (low, high), kinked=True)


class ForwardPass:
    """The forward pass of a step, and what it is without mistakes.

    ``right`` are all its quantities then, by name; ``sizes`` what the formulas of each add up.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        experiment = snapshot.experiment
        experiment = replace(experiment, training=replace(experiment.training, mistakes=()))
        self.samples, self.depth = len(snapshot.batch), experiment.network.depth
        self.network, names = experiment.network, experiment.network.names
        self.step = step = training_step(experiment, self.samples)
        self.leaves = step.given(numbers_of(snapshot, forward_only=True))
        layers = range(1, self.depth + 1)
        self.weights = [step.nodes[names.weights(layer)] for layer in layers]
        self.net = [step.nodes[names.net(layer)] for layer in layers]
        self.out = [step.nodes[names.out(layer)] for layer in range(self.depth + 1)]
        self.values = {node: snapshot.values[node.name] for node in (*self.net, *self.out)}
        known = evaluate(step.nodes.values(), self.leaves | self.values)
        self.right = {name: known[node] for name, node in step.nodes.items()}
        last, outputs = self.out[-1], {node: self.values[node] for node in self.out}
        self.sizes = _sizes([*step.nodes.values()], self.leaves | outputs, Plain(step.settings))
        self._added = _without_sums(step.nodes.get("data_loss", step.nodes["loss"]))
        self._penalty = _without_sums(step.nodes["penalty"]) if "penalty" in step.nodes else None
        shown = {each: each.inputs[0] for each in ordered([self._added]) if each.op is STABLE}
        written = rewritten([self._added], shown)[self._added]
        with np.errstate(all="ignore"):
            self._slopes = {
                layer: slopes_of(
                    self.out[layer],
                    net,
                    self.values[net],
                    (self.out[layer - 1].shape[-1] + 2) * self.sizes[net.name],
                    {},
                )
                for layer, net in enumerate(self.net, 1)
                if self._alone(layer)
            }
            size = 2.0 * np.abs(self.values[last])
            self._loss = slopes_of(written, last, self.values[last], size, self.leaves)
        # some losses are computed from the logits, which keeps their digits
        through = ordered([self._added], lambda each: () if each is last else computed_from(each))
        self._from_net = self.net[-1] in through
        self.kinked = any(each.kinked for each in (*self._slopes.values(), self._loss))

    def _alone(self, layer: int) -> bool:
        """Whether an activation of ``layer`` depends on one pre-activation alone."""
        return layer < self.depth or self.network.output_activation.pullback is None

    def work(self, layer: int) -> int:
        """Return how many numbers are computed for a copy that is moved in ``layer``."""
        return self.samples * sum((1, *self.network.layers[min(layer + 1, self.depth) :]))

    def slopes(self, places: Places, sign: float, side: int, told: Told) -> Array:
        """Return Im L(w + ih) / h (Squire & Trapp 1998) for h of that ``sign``.

        Of activations and pre-activations whole columns are moved at once, since the samples of a
        batch do not depend on each other. ``side`` as in :class:`Slopes`.
        """
        found = np.empty((len(places.units), self.samples))
        for part, speeds in self._pieces(places):
            found[part] = self._slope(places, places.units[part], sign * speeds, side) * sign
            told(len(speeds) * self.work(places.layer))
        if not places.parameters:
            return found[np.searchsorted(places.units, places.columns), places.rows]
        total: Array = found.sum(axis=1) + self._penalty_of(places, 1j * STEP).imag / STEP
        return total

    def _slope(self, places: Places, units: Integers, speeds: Array, side: int) -> Array:
        """Return what the loss of each sample makes of units that move at these ``speeds``."""
        layer, copies = places.layer, np.arange(len(units))
        if layer == self.depth:
            moved = np.zeros((len(units), self.samples, self.network.layers[layer]))
            moved[copies, :, units] = speeds
            if places.kind == "out":
                return self._loss.carry(moved, side)[copies, :, units]
            return self._through_loss(moved, side)
        if places.kind != "out":
            speeds = self._slopes[layer].carry(speeds, side, units)
        moved = self._onward(layer, units, speeds)
        for later in range(layer + 1, self.depth):
            moved = self._slopes[later].carry(moved, side) @ self.leaves[self.weights[later]]
        return self._through_loss(moved, side)

    def _onward(self, layer: int, units: Integers, changes: Array) -> Array:
        """Return what changes of single activations change in the next pre-activations."""
        product: Array = changes[:, :, None] * self.leaves[self.weights[layer]][units][:, None, :]
        return product

    def _through_loss(self, moved: Array, side: int) -> Array:
        """Return what the last pre-activations, moving so, make of the loss of each sample."""
        net, out = self.net[-1], self.out[-1]
        if self._from_net or not self._alone(self.depth):
            result = self._added if self._from_net else out
            given = {**self.leaves, net: self.values[net] + 1j * STEP * moved}
            moved = evaluate([result], given)[result].imag / STEP
        else:
            moved = self._slopes[self.depth].carry(moved, side)
        total: Array = (moved if self._from_net else self._loss.carry(moved, side)).sum(axis=2)
        return total

    def central(self, places: Places, told: Told) -> Array:
        """Return (L(w + h) - L(w - h)) / 2h, the textbook's number."""
        found, steps = np.empty(places.size), np.empty(places.size)
        for part, speeds in self._pieces(places):
            steps[part] = CENTRAL / np.maximum(np.abs(speeds).max(1), 1.0)
            moves, units = steps[part, None] * speeds, places.units[part]
            above, below = (self._moved(places.layer, units, each) for each in (moves, -moves))
            found[part] = (above - below).sum((1, 2))
            told(2 * len(speeds) * self.work(places.layer))
        found += self._penalty_of(places, steps) - self._penalty_of(places, -steps)
        return found / (2.0 * steps)

    def _moved(self, layer: int, units: Integers, moves: Array) -> Array:
        """Return what the outputs add to the loss with a column of pre-activations moved."""
        net, copies = self.net[layer - 1], np.arange(len(units))
        if layer < self.depth:
            out, columns = self.out[layer], self.values[net][:, units].T + moves
            changes = evaluate([out], {net: columns})[out] - self.values[out][:, units].T
            net = self.net[layer]
            value = self.values[net] + self._onward(layer, units, changes)
        else:
            value = np.repeat(self.values[net][None], len(units), axis=0)
            value[copies, :, units] += moves
        return evaluate([self._added], {**self.leaves, net: value})[self._added]

    def _penalty_of(self, places: Places, moves: Values | complex) -> Values:
        """Return what each of these parameters, moved, adds to the loss by its size."""
        if self._penalty is None or places.kind != "weights":
            return np.zeros(places.size)
        weights = self.weights[places.layer - 1]
        given: Known = self.leaves | dict.fromkeys(self.weights, np.zeros(()))
        given[weights] = places.of(self.leaves[weights]) + moves
        return evaluate([self._penalty], given)[self._penalty]

    def _pieces(self, places: Places) -> Iterator[tuple[slice, Array]]:
        """Yield the copies of the batch that are computed at once.

        With them, how fast their column (copies, samples) follows a step of what is moved.
        """
        copies, most = len(places.units), max(1, ROOM // self.samples // max(self.network.layers))
        inputs = self.values[self.out[places.layer - 1]]
        for start in range(0, copies, most):
            part = slice(start, min(start + most, copies))
            speeds = np.ones((part.stop - start, self.samples))
            yield part, inputs[:, places.rows[part]].T if places.kind == "weights" else speeds


def numbers_of(snapshot: Snapshot, forward_only: bool = False) -> dict[str, Values]:
    """Return the numbers of a step by name: its state, and what it computed."""
    known: dict[str, Values] = {"k": np.asarray(snapshot.step + 1.0)}
    known |= {name: snapshot.values[name] for name in ("input", "target")}
    known |= {} if forward_only else snapshot.values
    known |= snapshot.parameters.named()
    for slot, parameters in snapshot.slots.items():
        known |= {f"{slot}_{name}": array for name, array in parameters.named().items()}
    return known


def _sizes(nodes: list[Node], given: Known, plain: Plain) -> dict[str, Array]:
    """Return how large all is that the formulas of a step's quantities add up, by name.

    Beside that a result may be nothing, as where terms cancel or a unit is saturated; rounding is
    small beside that alone.
    """
    made = plain(nodes)
    known = dict(zip(plain(given), given.values(), strict=True))
    values = evaluate(made, known)
    found: Known = {node: np.abs(value) for node, value in known.items()}
    with np.errstate(all="ignore"):
        for node in ordered(made, lambda each: () if each in known else each.inputs):
            if node in known:
                continue
            terms, op = [found[each] for each in node.inputs], node.op
            if op.name in ("add", "subtract"):
                found[node] = terms[0] + terms[1]
            elif op.name == "divide":
                found[node] = terms[0] / np.abs(values[node.inputs[1]])
            elif op.name in ("negative", "positive", "multiply", "matmul", "sum", "transpose"):
                found[node] = np.abs(op.evaluate(*terms, **node.settings))
            else:
                found[node] = np.abs(values[node])
    # of what overflows nothing is known
    return {
        node.name: np.where(np.isnan(found[each]), np.inf, found[each])
        for node, each in zip(nodes, made, strict=True)
    }


def _without_sums(node: Node) -> Node:
    """Return what each number adds to a sum over everything."""
    sums = [n for n in ordered([node]) if n.op.name == "sum" and n.settings["axis"] is None]
    return rewritten([node], {each: each.inputs[0] for each in sums})[node]
