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

from bptui.core.arrays import Array
from bptui.core.engine import Snapshot
from bptui.core.graph.node import LEAF, Node, Values, evaluate, ordered
from bptui.core.network import Names
from bptui.core.step import rewritten, training_step
from bptui.explain.expression import Scope

Kind: TypeAlias = Literal["weights", "biases"]
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
ROOM = 400_000
"""Numbers that are computed at once: few enough to stay near the processor."""


@dataclass(frozen=True)
class Places:
    """The numbers of a layer's weights or biases, in the order in which weights are counted.

    ``names`` are those of the network.
    """

    names: Names
    kind: Kind
    layer: int
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    @property
    def name(self) -> str:
        """Return what backpropagation calls the gradient: gW1, gb1."""
        of = self.names.weights if self.kind == "weights" else self.names.bias
        return f"g{of(self.layer)}"

    def index(self, position: int) -> tuple[int, ...]:
        """Return the index in the array of the number at ``position``."""
        return tuple(map(int, np.unravel_index(position, self.shape, order="F")))

    def parameter(self, position: int) -> str:
        """Return the name of the weight or bias at ``position``: w5 or b_h1."""
        *row, column = self.index(position)
        if row:
            return self.names.weight(self.layer, row[0], column)
        return f"b_{self.names.unit(self.layer, column)}"


SIDES = ((1.0, 0, 1), (-1.0, 0, 1), (1.0, -1, -1))
"""What a derivative is taken for: upwards, downwards, and where numbers stand, exactly at a kink
with the slopes below it. The direction of a step, and which slopes what moves up and down has.
"""


def _slopes_of(result: Node, source: Node, value: Array, error: Array, given: Known) -> Array:
    """Return the slopes of ``result`` by ``source`` at its ``value``: up, down, there.

    At a kink they jump no less for being looked at nearer. ``error`` is how far rounding takes the
    numbers.
    """

    def slopes(at: Array) -> Array:
        imag = _speed(result, source, at, np.ones(()), given)
        # where powers of e overflow it has reached its limit
        return np.where(np.isnan(imag), 0.0, imag) * np.where(np.abs(imag) > BEYOND, np.nan, 1.0)

    here, down, up = slopes(value), slopes(value - error), slopes(value + error)
    near, far = np.abs(up - down), slopes(value + 8.0 * error) - slopes(value - 8.0 * error)
    jumps = near > JUMP * np.maximum(np.abs(up), np.abs(down))
    jumps &= near > 0.5 * np.abs(far)
    there = slopes(np.nextafter(value, -np.inf)) if jumps.any() else here
    return np.array([np.where(jumps, each, here) for each in (up, down, there)])


def _speed(result: Node, source: Node, value: Array, speeds: Array, given: Known) -> Array:
    """Return how fast ``result`` moves where ``source``, at its ``value``, does at these speeds."""
    speed: Array = evaluate([result], {**given, source: value + 1j * STEP * speeds})[result].imag
    return speed / STEP


def _along(slopes: Array, speeds: Array, up: int, down: int) -> Array:
    """Return how fast a function of numbers moves that move at these speeds."""
    made = speeds * (slopes[up] if up == down else np.where(speeds > 0.0, slopes[up], slopes[down]))
    return np.where(speeds == 0.0, 0.0, made)


class ForwardPass:
    """The forward pass of a step, from which the loss follows without mistakes.

    ``right`` is what right formulas make of it, by name.
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
        self.out = [step.nodes[names.out(layer)] for layer in range(self.depth + 1)]
        net = [step.nodes[names.net(layer)] for layer in layers]
        self.values = {node: snapshot.values[node.name] for node in (*net, *self.out)}
        known = evaluate(step.nodes.values(), self.leaves | self.values)
        self.right = {name: known[node] for name, node in step.nodes.items()}
        self._target = self.leaves[step.nodes["target"]]
        self.l2, self._nodes, self._last = experiment.training.l2, step.nodes, net[-1]
        self._loss = _without_sums(step.nodes.get("data_loss", step.nodes["loss"]))
        alone = experiment.network.output_activation.pullback is None
        results = [*self.out[1:-1], *([self._loss] if alone else [])]
        self._slopes = list[Array]()
        with np.errstate(all="ignore"):
            for layer, (result, node) in enumerate(zip(results, net, strict=False), 1):
                error = EPSILON * self._added_up(layer) + SMALLEST
                found = _slopes_of(result, node, self.values[node], error, self.leaves)
                self._slopes.append(found)
        kinked = any((each[0] != each[1]).any() for each in self._slopes)
        self._sides = SIDES if kinked else SIDES[-1:]

    def _added_up(self, layer: int) -> Array:
        """Return how large all is that pre-activations add up, times its count."""
        source = np.abs(self.values[self.out[layer - 1]])
        weights, *biases = (self.leaves[self._nodes[n]] for n in self.network.parameters_of(layer))
        sizes = source @ np.abs(weights) + np.abs(biases).sum(axis=0)
        several: Array = (source.shape[-1] + 2) * sizes
        return several

    def scale(self, layer: int) -> float:
        """Return the size of numbers that a layer's gradients are computed from, 1 at least."""
        ends = self.values[self.out[layer - 1]], self.values[self.out[-1]], self._target
        return float(np.prod([np.abs(each).max(initial=1.0) for each in ends]))

    def derivatives(self, layer: int) -> Array:
        """Return those by a layer's weights and, in a last row, biases: (3, fan-in + 1, units)."""
        source, units = self.values[self.out[layer - 1]], self.network.layers[layer]
        # pre-activations follow a weight as fast as its input says, and a bias as it is
        speeds = np.vstack([source.T, np.ones(self.samples)])
        found = np.empty((len(SIDES), len(speeds), units))
        for part in self._pieces(units):
            moved = np.eye(units)[part, None]
            slopes = np.array(
                [sign * self._of_loss(layer, sign * moved, *way) for sign, *way in self._sides]
            )
            for number, (sign, up, down) in enumerate(self._sides):
                ways = ((np.maximum, slopes[up]), (np.minimum, slopes[down]))
                found[number, :, part] = sum(
                    sign * side(sign * speeds, 0.0) @ own.T for side, own in ways
                )
        found[len(self._sides) :] = found[0]
        if self.l2:
            weights = self.leaves[self.weights[layer - 1]]
            found[:, :-1] += (self.l2 * (weights + 1j * STEP) ** 2).imag / STEP
        return found

    def _of_loss(self, start: int, moved: Array, up: int, down: int) -> Array:
        """Return what units of layer ``start``, moving so, make of each sample's loss.

        A unit is moved for all samples at once, which do not depend on each other.
        """
        for layer in range(start, self.depth + 1):
            if layer > start:
                moved = moved @ self.leaves[self.weights[layer - 1]]
            if layer <= len(self._slopes):
                moved = _along(self._slopes[layer - 1], moved, up, down)
            else:  # the units of a softmax depend on each other
                moved = _speed(self._loss, self._last, self.values[self._last], moved, self.leaves)
        total: Array = moved.sum(axis=2)
        return total

    def central(self, places: Places, position: int) -> float:
        """Return (L(w + h) - L(w - h)) / 2h, the textbook's number."""
        node, loss = self._nodes[places.name.removeprefix("g")], self._nodes["loss"]
        *rows, unit = places.index(position)
        inputs = self.values[self.out[places.layer - 1]][:, rows]
        step, losses = CENTRAL / float(np.abs(inputs).max(initial=1.0)), list[float]()
        for side in (step, -step):
            moved = np.array(self.leaves[node])
            moved[(*rows, unit)] += side
            losses.append(evaluate([loss], {**self.leaves, node: moved})[loss].item())
        return (losses[0] - losses[1]) / (2.0 * step)

    def _pieces(self, copies: int) -> Iterator[slice]:
        """Yield the copies of the batch that are computed at once."""
        most = max(1, ROOM // self.samples // max(self.network.layers))
        yield from (slice(start, min(start + most, copies)) for start in range(0, copies, most))


def _without_sums(node: Node) -> Node:
    """Return what each number adds to a sum over everything."""
    sums = [n for n in ordered([node]) if n.op.name == "sum" and n.settings["axis"] is None]
    return rewritten([node], {each: each.inputs[0] for each in sums})[node]
