"""The forward part of a step's graph, computed again for copies of the batch that are moved a bit.

Of a complex step only the imaginary parts are new: the real parts stay those of the step itself, so
that no rounding comes between its own numbers and the derivatives at them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from bptui.check.gradcheck.comparison import Kind, Mask, Places
from bptui.core.activations import ACTIVATIONS
from bptui.core.arrays import Array, Integers
from bptui.core.engine import Snapshot
from bptui.core.graph.compile import Plain
from bptui.core.graph.node import LEAF, STABLE, Node, Values, evaluate, ordered
from bptui.core.step import Step, rewritten, training_step

STEP = 1e-100
"""The complex step h: its error, h^2 times a third derivative, is far below all that matters."""
SMALLEST = 1e-160
"""What it cannot tell from 0: the product with h underflows."""
ALMOST_0 = 1e-80
"""The complex step is small beside anything above this."""
EPSILON = float(np.finfo(np.float64).eps)
JUMP = 1e-6
"""How much the slopes beside a kink differ at least, relatively."""


class ForwardPass:
    """The forward pass of a step without mistakes, and its graph.

    ``shifts`` hold, for each node with numbers at a kink, how far they may be from it, as rounding
    lets tell; 0 for its other numbers. ``sizes`` are what the formulas of each quantity add up.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot, self.samples = snapshot, len(snapshot.batch)
        self.network, self.depth = snapshot.experiment.network, snapshot.experiment.network.depth
        self.step = training_step(snapshot.experiment, self.samples)
        self.leaves = _leaf_values(self.step, snapshot)
        names, nodes, layers = self.step.names, self.step.nodes, range(1, self.depth + 1)
        self.weights = [nodes[names.weights(layer)] for layer in layers]
        self.net = [nodes[names.net(layer)] for layer in layers]
        self.out = [nodes[names.out(layer)] for layer in range(self.depth + 1)]
        self.values = {node: snapshot.values[node.name] for node in (*self.net, *self.out)}
        outputs = {node: self.values[node] for node in self.out}
        self.sizes = _sizes(self.step, self.leaves | outputs)
        self._added = _without_sums(nodes.get("data_loss", nodes["loss"]))
        shown = {each: each.inputs[0] for each in ordered([self._added]) if each.op is STABLE}
        self._written = rewritten([self._added], shown)[self._added]
        self._penalty = _without_sums(nodes["penalty"]) if "penalty" in nodes else None
        self.shifts: dict[Node, Array] = {}
        with np.errstate(all="ignore"):
            for layer, net in enumerate(self.net, 1):
                if self._alone(layer):
                    terms = self.out[layer - 1].shape[-1] + 2
                    self._find_kinks(net, self.out[layer], terms * self.sizes[net.name])
            self._find_kinks(self.out[-1], self._added, 2.0 * np.abs(self.values[self.out[-1]]))

    def work(self, layer: int) -> int:
        """Return how many numbers are computed for a copy that is moved in ``layer``."""
        if layer == self.depth:
            return self.samples * self.network.layers[layer]
        return self.samples * (1 + sum(self.network.layers[layer + 1 :]))

    def penalty(self, places: Places, moves: Values | complex) -> Values:
        """Return what each of these parameters, moved, adds to the loss by its size."""
        if self._penalty is None or places.kind != "weights":
            return np.zeros(places.size)
        weights = self.weights[places.layer - 1]
        given: dict[Node, Values] = dict.fromkeys(self.weights, np.zeros(()))
        given[weights] = places.of(self.leaves[weights]) + moves
        return self._evaluated(self._penalty, given)

    def added(
        self, kind: Kind, layer: int, units: Integers, moves: Values, side: int = 0
    ) -> Values:
        """Return what the outputs add to the loss, (copies, samples, outputs).

        In each copy one column of the layer is moved by ``moves`` (copies, samples): of its
        activations for the kind ``out``, else of its pre-activations. Numbers at a kink, as far as
        rounding lets tell, go to the side to which their imaginary parts point; or those that are
        exactly there to one ``side``, 1 or -1.
        """
        out = self.out[layer]
        if kind == "out" and layer == self.depth:
            outputs = self._moved(out, units, self.values[out][:, units].T + moves, side)
            return self._evaluated(self._written, {out: outputs})
        if kind != "out":
            net = self.net[layer - 1]
            columns = self._at(net, self.values[net][:, units].T + moves, side, units)
            if layer == self.depth or not self._alone(layer):
                return self._onward(layer, self._moved(net, units, columns, side), side)
            columns = self._at(out, self._evaluated(out, {net: columns}), side, units)
            moves = columns - self.values[out][:, units].T
        weights = self.leaves[self.weights[layer]][units]
        changes = moves[:, :, None] * weights[:, None, :]
        return self._onward(layer + 1, self.values[self.net[layer]] + changes, side)

    @cached_property
    def singular(self) -> Mask:
        """The outputs (samples, outputs) at which a term of the loss goes beyond all bounds."""
        out = self.out[self.depth]
        outputs = self.values[out]
        nearest = np.where(np.abs(outputs) < ALMOST_0, 0.0, outputs)
        singular: Mask = ~np.isfinite(self._evaluated(self._written, {out: nearest}))
        return singular

    def _onward(self, layer: int, value: Values, side: int) -> Values:
        """Return what the outputs add, from other pre-activations of ``layer``."""
        net = self.net[layer - 1]
        given = {net: self._at(net, value, side)}
        path = [node for pair in zip(self.net, self.out[1:], strict=True) for node in pair]
        for node in path[2 * layer - 1 :]:
            given[node] = self._at(node, self._evaluated(node, given), side)
        return self._evaluated(self._added, given)

    def _evaluated(self, node: Node, given: Mapping[Node, Values]) -> Values:
        return evaluate([node], {**self.leaves, **given})[node]

    def _moved(self, node: Node, units: Integers, columns: Values, side: int) -> Values:
        """Return the values of a node for each copy, with the column of its unit exchanged."""
        copies = np.repeat(self.values[node][None].astype(columns.dtype), len(units), axis=0)
        copies[np.arange(len(units)), :, units] = columns
        return self._at(node, copies, side)

    def _at(self, node: Node, value: Values, side: int, units: Integers | None = None) -> Values:
        """Return complex values with the real parts of the step, beside a kink on one side."""
        if not np.iscomplexobj(value):
            return value
        real, shift, imag = self.values[node], self.shifts.get(node), value.imag
        if units is not None:
            real, shift = real[:, units].T, None if shift is None else shift[:, units].T
        if shift is not None:
            aside = np.where(imag > 0.0, real + shift, real - shift)
            real = np.where(shift > 0.0, np.nextafter(real, side * np.inf), real) if side else aside
        result = np.empty(value.shape, dtype=np.complex128)
        # where powers of e overflow though the value is finite, it has reached its limit
        result.imag = np.where(np.isnan(imag) & np.isfinite(real), 0.0, imag)
        result.real = real
        return result

    def _find_kinks(self, node: Node, result: Node, size: Array) -> None:
        """Find where the slope of ``result`` jumps at a node: no less for being looked at nearer.

        ``size`` is that of what is added up for the node's numbers.
        """
        error = EPSILON * size + SMALLEST

        def slopes(shift: Array) -> Array:
            given = {each: self.values[each] for each in self.net}
            moved = self._evaluated(result, {**given, node: self.values[node] + shift + 1j * STEP})
            found: Array = moved.imag / STEP
            return found

        right, left = slopes(error), slopes(-error)
        near, far = right - left, slopes(8.0 * error) - slopes(-8.0 * error)
        jumps = np.abs(near) > JUMP * np.maximum(np.abs(right), np.abs(left))
        jumps &= np.abs(near) > 0.5 * np.abs(far)
        if jumps.any():
            self.shifts[node] = np.where(jumps, error, 0.0)

    def _alone(self, layer: int) -> bool:
        """Whether an activation of ``layer`` depends on one pre-activation alone."""
        return ACTIVATIONS[self.network.activations[layer - 1]].pullback is None


def _leaf_values(step: Step, snapshot: Snapshot) -> dict[Node, Values]:
    """Return the values of all leaves of a step's graph at the state of ``snapshot``."""
    known: dict[str, Values] = {"k": np.asarray(snapshot.step + 1.0)}
    known |= {name: snapshot.values[name] for name in ("input", "target")}
    known |= snapshot.parameters.named()
    for slot, parameters in snapshot.slots.items():
        known |= {f"{slot}_{name}": array for name, array in parameters.named().items()}
    settings = step.settings
    return {
        node: np.asarray(settings[node]) if node in settings else known[node.name]
        for node in ordered(step.outputs)
        if node.op is LEAF
    }


def _sizes(step: Step, given: Mapping[Node, Values]) -> dict[str, Array]:
    """Return how large all is that the formulas of a step's quantities add up.

    Beside that a result may be nothing, as where terms cancel or a unit is saturated; rounding is
    small beside that alone.
    """
    plain = Plain(step.settings)
    names = [name for name, node in step.nodes.items() if node not in given]
    nodes = plain(step.nodes[name] for name in names)
    known = dict(zip(plain(given), given.values(), strict=True))
    values = evaluate(nodes, known)
    found: dict[Node, Values] = {node: np.abs(value) for node, value in known.items()}
    with np.errstate(all="ignore"):
        for node in ordered(nodes, lambda each: () if each in known else each.inputs):
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
        name: np.where(np.isnan(found[node]), np.inf, found[node])
        for name, node in zip(names, nodes, strict=True)
    }


def _without_sums(node: Node) -> Node:
    """Return what each number adds to a sum over everything."""
    sums = [n for n in ordered([node]) if n.op.name == "sum" and n.settings["axis"] is None]
    return rewritten([node], {each: each.inputs[0] for each in sums})[node]
