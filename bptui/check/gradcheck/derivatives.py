"""The derivatives of a step's loss from its forward pass alone: complex steps, and differences.

An imaginary part of 1e-100 changes nothing but imaginary parts, and those in proportion. So the
slope of each activation is taken by a complex step, Im f(z + ih) / h, once (Squire & Trapp 1998),
and what a step changes is carried on to the loss by products alone: no rounding comes between a
step's own numbers and the derivatives at them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from bptui.core.arrays import Array, Integers
from bptui.core.engine import Snapshot
from bptui.core.graph.compile import Plain
from bptui.core.graph.node import LEAF, Node, Values, computed_from, evaluate, ordered
from bptui.core.network import Names
from bptui.core.step import as_written, rewritten, training_step
from bptui.explain.expression import Scope

Kind: TypeAlias = Literal["weights", "biases", "net", "out"]
Mask: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
Known: TypeAlias = dict[Node, Values]
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
LINEAR = ("add", "negative", "positive", "multiply", "matmul", "sum", "transpose")
"""What gives, of the sizes of terms, the size of what it adds up."""
ROOM = 400_000
"""Numbers that are computed at once: few enough to stay near the processor."""


@dataclass(frozen=True, eq=False)
class Places:
    """Numbers of one array by which the loss is differentiated.

    ``rows`` and ``columns`` (numbers,) are their indices: the fan-in and the unit of a weight, 0
    and the unit of a bias, the row of the batch and the unit of a pre-activation or activation.
    ``total``: how many the array has. ``names`` are those of the network.
    """

    names: Names
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
        """Tell whether these are weights or biases."""
        return self.kind in ("weights", "biases")

    def of(self, array: Array) -> Array:
        """Return the values at these places of the array."""
        return array[self.columns] if self.kind == "biases" else array[self.rows, self.columns]

    def index(self, position: int) -> tuple[int, ...]:
        """Return the index in the array of the number at ``position``."""
        row, column = int(self.rows[position]), int(self.columns[position])
        return (column,) if self.kind == "biases" else (row, column)

    def parameter(self, position: int) -> str:
        """Return the name of the weight or bias at ``position``: w5 or b_h1."""
        *row, column = self.index(position)
        if row:
            return self.names.weight(self.layer, row[0], column)
        return f"b_{self.names.unit(self.layer, column)}"


SIDES = ((1.0, 0, 1), (-1.0, 0, 1), (1.0, 2, 2), (1.0, 3, 3))
"""What a derivative is taken for: upwards and downwards, and with numbers that stand exactly at
their kink above it and below. The direction of a step, and which slopes what moves up and down has.
"""


def _slopes_of(result: Node, source: Node, value: Array, size: Array, given: Known) -> Array:
    """Return the slopes of ``result`` by ``source`` at its ``value``: up, down, above, below.

    At a kink they jump no less for being looked at nearer. ``size`` is that of what is added up for
    the numbers, which says how far rounding takes them.
    """

    def slopes(at: Array) -> Array:
        imag = _speed(result, source, at, np.ones(()), given)
        # where powers of e overflow it has reached its limit
        return np.where(np.isnan(imag), 0.0, imag) * np.where(np.abs(imag) > BEYOND, np.nan, 1.0)

    error = EPSILON * size + SMALLEST
    here, down, up = slopes(value), slopes(value - error), slopes(value + error)
    near, far = np.abs(up - down), slopes(value + 8.0 * error) - slopes(value - 8.0 * error)
    jumps = near > JUMP * np.maximum(np.abs(up), np.abs(down))
    jumps &= near > 0.5 * np.abs(far)
    if not jumps.any():
        return np.array([here] * len(SIDES))
    above, below = (slopes(np.nextafter(value, side)) for side in (np.inf, -np.inf))
    return np.array([np.where(jumps, each, here) for each in (up, down, above, below)])


def _speed(result: Node, source: Node, value: Array, speeds: Array, given: Known) -> Array:
    """Return how fast ``result`` moves where ``source``, at its ``value``, does at these speeds."""
    speed: Array = evaluate([result], {**given, source: value + 1j * STEP * speeds})[result].imag
    return speed / STEP


def _along(slopes: Array, speeds: Array, up: int, down: int) -> Array:
    """Return how fast a function of numbers moves that move at these speeds."""
    made = speeds * (slopes[up] if up == down else np.where(speeds > 0.0, slopes[up], slopes[down]))
    return np.where(speeds == 0.0, 0.0, made)


class ForwardPass:
    """The forward pass of a step, and what it is without mistakes.

    ``right`` are all its quantities then, by name; ``sizes`` what the formulas of each add up.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        experiment = snapshot.experiment.with_training(mistakes=())
        self.samples, self.depth = len(snapshot.batch), experiment.network.depth
        self.network, names = experiment.network, experiment.network.names
        step = training_step(experiment, self.samples)
        given = step.given(Scope.of(snapshot).old)
        self.leaves = {node: value for node, value in given.items() if node.op is LEAF}
        layers = range(1, self.depth + 1)
        self.weights = [step.nodes[names.weights(layer)] for layer in layers]
        self.net = [step.nodes[names.net(layer)] for layer in layers]
        self.out = [step.nodes[names.out(layer)] for layer in range(self.depth + 1)]
        self.values = {node: snapshot.values[node.name] for node in (*self.net, *self.out)}
        known = evaluate(step.nodes.values(), self.leaves | self.values)
        self.right = {name: known[node] for name, node in step.nodes.items()}
        outputs = {node: self.values[node] for node in self.out}
        self.sizes = _sizes([*step.nodes.values()], self.leaves | outputs, Plain(step.settings))
        self._nodes = step.nodes
        self._added = _without_sums(step.nodes.get("data_loss", step.nodes["loss"]))
        # some losses are computed from the logits, which keeps their digits
        last = self.out[-1]
        through = ordered([self._added], lambda each: () if each is last else computed_from(each))
        self._from_net = self.net[-1] in through
        alone = experiment.network.output_activation.pullback is None
        self._complex = self._added if self._from_net else None if alone else last
        """What the last pre-activations are carried on to as complex numbers, if it is needed."""
        with np.errstate(all="ignore"):
            self._slopes = list[Array]()
            for net, source, out in zip(self.net, self.out, self.out[1:], strict=False):
                size = (source.shape[-1] + 2) * self.sizes[net.name]
                if alone or out is not last:
                    self._slopes.append(_slopes_of(out, net, self.values[net], size, {}))
            size, written = 2.0 * np.abs(self.values[last]), as_written(self._added)
            self._loss = _slopes_of(written, last, self.values[last], size, self.leaves)
        kinked = any((each[0] != each[1]).any() for each in (*self._slopes, self._loss))
        self._sides = SIDES if kinked else SIDES[:1]

    def work(self, layer: int) -> int:
        """Return how many numbers are computed for a copy that is moved in ``layer``."""
        return self.samples * sum((1, *self.network.layers[min(layer + 1, self.depth) :]))

    def derivatives(self, places: Places) -> Array:
        """Return the derivatives by the numbers at these places, for each side, (4, numbers)."""
        units, columns = np.unique(places.columns, return_inverse=True)
        by_units = self._by_units(places.layer, units, places.kind == "out")
        if not places.parameters:
            return by_units.reshape(len(SIDES), places.size)
        inputs = self.values[self.out[places.layer - 1]].T
        found = np.empty((len(SIDES), places.size))
        for part in self._pieces(places.size):
            # pre-activations follow a weight as fast as its input says, and a bias as it is
            speeds = inputs[places.rows[part]] if places.kind == "weights" else np.ones(())
            slopes = by_units[:, columns[part]]
            for number, (sign, up, down) in enumerate(self._sides):
                found[number, part] = sign * _along(slopes, sign * speeds, up, down).sum(axis=1)
        found[len(self._sides) :] = found[0]
        if "penalty" in self._nodes and places.kind == "weights":
            penalty = _without_sums(self._nodes["penalty"])
            weights = self.weights[places.layer - 1]
            given: Known = self.leaves | dict.fromkeys(self.weights, np.zeros(()))
            found += _speed(penalty, weights, places.of(self.leaves[weights]), np.ones(()), given)
        return found

    def _by_units(self, layer: int, units: Integers, out: bool) -> Array:
        """Return the derivatives by pre-activations or activations, (4, units, samples).

        A unit is moved for all samples at once, which do not depend on each other.
        """
        found = np.empty((len(SIDES), len(units), self.samples))
        for part in self._pieces(len(units)):
            moved = np.eye(self.network.layers[layer])[units[part], None]
            for number, (sign, up, down) in enumerate(self._sides):
                found[number, part] = sign * self._of_loss(layer, out, sign * moved, up, down)
        found[len(self._sides) :] = found[0]
        return found

    def _of_loss(self, start: int, out: bool, moved: Array, up: int, down: int) -> Array:
        """Return what numbers of layer ``start``, moving so, make of each sample's loss."""
        for layer in range(start + out, self.depth + 1):
            if layer > start:
                moved = moved @ self.leaves[self.weights[layer - 1]]
            if layer == self.depth and self._complex is not None:
                net = self.net[-1]
                moved = _speed(self._complex, net, self.values[net], moved, self.leaves)
            else:
                moved = _along(self._slopes[layer - 1], moved, up, down)
        if not self._from_net or (out and start == self.depth):
            moved = _along(self._loss, moved, up, down)
        total: Array = moved.sum(axis=2)
        return total

    def central(self, places: Places) -> Array:
        """Return (L(w + h) - L(w - h)) / 2h, the textbook's number."""
        layer, weights, loss = places.layer, places.kind == "weights", self._nodes["loss"]
        node = self._nodes[self.network.parameters_of(layer)[0 if weights else 1]]
        inputs = np.abs(self.values[self.out[layer - 1]]).max(axis=0)
        found = np.empty(places.size)
        for at in range(places.size):
            index, losses = places.index(at), list[float]()
            step = CENTRAL / max(float(inputs[index[0]]), 1.0) if weights else CENTRAL
            for side in (step, -step):
                moved = np.array(self.leaves[node])
                moved[index] += side
                losses.append(evaluate([loss], {**self.leaves, node: moved})[loss].item())
            found[at] = (losses[0] - losses[1]) / (2.0 * step)
        return found

    def _pieces(self, copies: int) -> Iterator[slice]:
        """Yield the copies of the batch that are computed at once."""
        most = max(1, ROOM // self.samples // max(self.network.layers))
        yield from (slice(start, min(start + most, copies)) for start in range(0, copies, most))


def _sizes(nodes: list[Node], given: Known, plain: Plain) -> dict[str, Array]:
    """Return how large all is that the formulas of a step's quantities add up, by name.

    Beside that a result may be nothing, as where terms cancel or a unit is saturated; rounding is
    small beside that alone.
    """
    made = plain(nodes)
    known = dict(zip(plain(given), given.values(), strict=True))
    values, found = evaluate(made, known), {node: np.abs(known[node]) for node in known}
    with np.errstate(all="ignore"):
        for node in ordered(made, known=known):
            terms, op = [found[each] for each in node.inputs], node.op
            if op.name == "subtract":
                found[node] = terms[0] + terms[1]
            elif op.name == "divide":
                found[node] = terms[0] / np.abs(values[node.inputs[1]])
            elif op.name in LINEAR:
                found[node] = np.abs(op.evaluate(*terms, **node.settings))
            else:
                found[node] = np.abs(values[node])
    # of what overflows nothing is known
    sizes = (np.where(np.isnan(found[each]), np.inf, found[each]) for each in made)
    return {node.name: size for node, size in zip(nodes, sizes, strict=True)}


def _without_sums(node: Node) -> Node:
    """Return what each number adds to a sum over everything."""
    sums = [n for n in ordered([node]) if n.op.name == "sum" and n.settings["axis"] is None]
    return rewritten([node], {each: each.inputs[0] for each in sums})[node]
