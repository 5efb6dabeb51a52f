"""The forward pass and the loss of one batch, for many networks at once that differ in one place.

In all of them one column is another: the pre-activations, or the activations, of one unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from bptui.core.arrays import Array
from bptui.core.batches import Indices
from bptui.core.gradcheck.functions import (
    KINKED,
    Mask,
    Values,
    activation,
    from_logits,
    loss_of_logits,
    terms_of_outputs,
)
from bptui.core.gradcheck.slopes import EPSILON, out_error
from bptui.core.snapshot import Snapshot

Ties: TypeAlias = Literal["direction", "off", "on"]
"""How relu and leaky_relu treat a pre-activation of 0: by the sign of its imaginary part, so that
it is the limit from that side; or all alike, off (the convention of :mod:`..activations`) or on."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """Losses (networks, samples), reduced but not summed; ``same_side`` (networks,).

    ``same_side``: whether every unit is on the side of its kink on which it is unchanged.
    """

    losses: Values
    same_side: Mask


class ForwardPass:
    """The batch of ``snapshot`` through its network, at its parameters; computed anew.

    ``net[l]`` and ``out[l]`` are (samples, units) of layer l, from 1 (``out[0]`` is the input);
    ``net_error[l]`` and ``out_error[l]`` bound what rounding may have done to them, to first order
    (Higham 2002, section 3.1). ``ties[l]`` marks the pre-activations that stand on a kink, exactly
    or as far as rounding lets tell; None where the layer has no kinks.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        experiment, parameters = snapshot.experiment, snapshot.parameters
        data, training = experiment.data, experiment.training
        self.network, self.loss, self.l2 = experiment.network, training.loss, training.l2
        self.depth, self.weights = self.network.depth, (None, *parameters.weights)
        self.inputs, self.targets = data.inputs[snapshot.batch], data.targets[snapshot.batch]
        self.samples = len(snapshot.batch)
        self.factor = 1.0 / self.samples if training.reduction == "mean" else 1.0
        self.net: list[Array] = [self.inputs]
        self.out: list[Array] = [self.inputs]
        self.net_error = [np.zeros_like(self.inputs)]
        self.out_error = [np.zeros_like(self.inputs)]
        self.ties: list[Mask | None] = [None]
        with np.errstate(all="ignore"):
            for layer in range(1, self.depth + 1):
                bias = None if parameters.biases is None else parameters.biases[layer - 1]
                self._add(layer, parameters.weights[layer - 1], bias)

    def _add(self, layer: int, weights: Array, bias: Array | None) -> None:
        source, name = self.out[-1], self.network.activations[layer - 1]
        size = np.abs(weights)
        net, terms = source @ weights, np.abs(source) @ size
        if bias is not None:
            net, terms = net + bias, terms + np.abs(bias)
        error = self.out_error[-1] @ size + (len(weights) + 2) * EPSILON * terms
        out = np.asarray(activation(name, net), dtype=np.float64)
        self.net.append(net)
        self.out.append(out)
        self.net_error.append(error)
        self.out_error.append(out_error(name, net, out, error))
        self.ties.append(np.asarray(np.abs(net) <= error) if name in KINKED else None)

    def weight_matrix(self, layer: int) -> Array:
        """(fan_in, fan_out) of ``layer``, from 1."""
        found = self.weights[layer]
        assert found is not None, "layer 0 has no weights"
        return found

    @property
    def kinked(self) -> bool:
        """Whether any activation has a kink."""
        return any(each in KINKED for each in self.network.activations)

    @property
    def tied(self) -> bool:
        """Whether any pre-activation stands on a kink."""
        return any(bool(each.any()) for each in self.ties if each is not None)

    def work(self, layer: int) -> int:
        """Numbers computed for one network that is changed in ``layer``."""
        if layer == self.depth:
            return self.samples * self.network.layers[layer]
        return self.samples * (1 + sum(self.network.layers[layer + 1 :]))

    def with_net(
        self, layer: int, units: Indices, columns: Values, ties: Ties = "direction"
    ) -> Outcome:
        """The losses with the pre-activations ``columns`` (networks, samples) of ``units``."""
        name = self.network.activations[layer - 1]
        if layer == self.depth:
            net = self._replaced(self.net[layer], units, columns)
            on, same = self._sides(layer, net, None, ties)
            return Outcome(self._losses(net, on), same)
        on, same = self._sides(layer, columns, units, ties)
        return self._onward(layer, units, activation(name, columns, on), same, ties)

    def with_out(
        self, layer: int, units: Indices, columns: Values, ties: Ties = "direction"
    ) -> Outcome:
        """The losses with the activations ``columns`` (networks, samples) of ``units``.

        Of the output layer only the terms of those units: what changes with them.
        """
        same = np.ones(len(units), dtype=bool)
        if layer < self.depth:
            return self._onward(layer, units, columns, same, ties)
        # the terms of the other outputs stay as they are, and may not even be finite
        terms = terms_of_outputs(self.loss, columns, self.targets[:, units].T, len(self.targets.T))
        return Outcome(self.factor * terms, same)

    def _onward(
        self, layer: int, units: Indices, columns: Values, same: Mask, ties: Ties
    ) -> Outcome:
        """The rest of the pass, after activations of ``layer`` that differ in one column."""
        out = columns
        change = columns - self.out[layer][:, units].T
        weights = self.weight_matrix(layer + 1)[units]
        net = self.net[layer + 1] + change[:, :, None] * weights[:, None, :]
        for later in range(layer + 1, self.depth + 1):
            if later > layer + 1:
                # of the changes alone: they are not rounded to the size of what they change
                net = self.net[later] + (out - self.out[later - 1]) @ self.weight_matrix(later)
            on, unchanged = self._sides(later, net, None, ties)
            same &= unchanged
            if later < self.depth:
                out = activation(self.network.activations[later - 1], net, on)
        return Outcome(self._losses(net, on), same)

    def _replaced(self, values: Array, units: Indices, columns: Values) -> Values:
        """``values`` (samples, units), once for each network, with its column exchanged."""
        many = np.repeat(values[None].astype(columns.dtype), len(units), axis=0)
        many[np.arange(len(units)), :, units] = columns
        result: Values = many
        return result

    def _losses(self, net: Values, on: Mask | None) -> Values:
        """The losses from the pre-activations of the output layer."""
        last = self.network.activations[-1]
        if from_logits(self.loss):
            return self.factor * loss_of_logits(self.loss, last, net, self.targets)
        outputs = activation(last, net, on)
        terms = terms_of_outputs(self.loss, outputs, self.targets, self.targets.shape[1])
        losses: Values = self.factor * terms.sum(-1)
        return losses

    def _sides(
        self, layer: int, net: Values, units: Indices | None, ties: Ties
    ) -> tuple[Mask | None, Mask]:
        """Where the units of ``layer`` are on, and for which networks all are where they were."""
        tied, before = self.ties[layer], self.net[layer]
        if tied is None:
            return None, np.ones(len(net), dtype=bool)
        if units is not None:
            tied, before = tied[:, units].T, before[:, units].T
        axes = tuple(range(1, net.ndim))
        same: Mask = np.all(np.sign(net.real) == np.sign(before), axis=axes)
        sideways = net.imag > 0.0 if ties == "direction" else np.full(net.shape, ties == "on")
        on: Mask = np.where(tied, sideways, net.real > 0.0) if np.iscomplexobj(net) else net > 0.0
        return on, same
