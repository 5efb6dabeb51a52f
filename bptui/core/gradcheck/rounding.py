"""How far rounding alone can take the results of backpropagation from the true derivatives.

A running error analysis to first order (Higham 2002, section 3.3): each operation passes on the
errors of what it reads and adds its own. Only sizes come from here, never a derivative.
"""

from __future__ import annotations

import numpy as np

from bptui.core.arrays import Array
from bptui.core.gradcheck.derivatives import SMALLEST, Places
from bptui.core.gradcheck.forward import ForwardPass
from bptui.core.gradcheck.functions import from_logits
from bptui.core.gradcheck.slopes import EPSILON, slope, slope_error

_SAFETY = 4.0


class RoundingBounds:
    """Bounds by layer, from 1: ``out[l]``, ``delta[l]`` (samples, units), weights, biases."""

    def __init__(self, forward: ForwardPass) -> None:
        self._forward = forward
        layers = forward.depth + 1
        empty: list[Array] = [np.empty(0)] * layers
        self.out, self.delta = list(empty), list(empty)
        self.weights, self.biases = list(empty), list(empty)
        with np.errstate(all="ignore"):
            up, up_error = self._output_gradient()
            for layer in range(forward.depth, 0, -1):
                delta, delta_error = self._through_activation(layer, up, up_error)
                self.out[layer], self.delta[layer] = up_error, delta_error
                self._parameters(layer, delta, delta_error)
                if layer > 1:
                    up, up_error = self._through_weights(layer, delta, delta_error)

    def at(self, places: Places) -> Array:
        """The bounds at ``places``, generous by a constant factor."""
        arrays = {
            "weights": self.weights,
            "biases": self.biases,
            "net": self.delta,
            "out": self.out,
        }
        bound = places.of(arrays[places.kind][places.layer])
        # what is not finite bounds nothing, and says so
        return _SAFETY * np.where(np.isnan(bound), np.inf, bound) + SMALLEST

    def _output_gradient(self) -> tuple[Array, Array]:
        """Sizes of dL/dout of the output layer, and the bounds on their errors."""
        forward, t = self._forward, self._forward.targets
        a, error = forward.out[-1], forward.out_error[-1]
        if not from_logits(forward.loss):
            share = {"half_squared_error": 1.0, "mean_squared_error": 2.0 / t.shape[1]}
            factor = forward.factor * share.get(forward.loss, 2.0)
            return factor * np.abs(a - t), factor * (error + EPSILON * (np.abs(a) + np.abs(t)))
        size, curvature = _quotients(t, a)
        if forward.loss == "binary_cross_entropy":
            more, steeper = _quotients(1.0 - t, 1.0 - a)
            size, curvature = size + more, curvature + steeper
        factor = forward.factor
        return factor * size, factor * (curvature * error + 4.0 * EPSILON * size)

    def _through_weights(self, layer: int, delta: Array, error: Array) -> tuple[Array, Array]:
        """Sizes of dL/dout of the layer before, and the bounds on their errors."""
        across = np.abs(self._forward.weight_matrix(layer)).T
        size = delta @ across
        return size, error @ across + (len(across) + 1) * EPSILON * size

    def _through_activation(self, layer: int, up: Array, up_error: Array) -> tuple[Array, Array]:
        """Sizes of delta of a layer, and the bounds on their errors."""
        forward, last = self._forward, layer == self._forward.depth
        name = forward.network.activations[layer - 1]
        z, a = forward.net[layer], forward.out[layer]
        z_error, a_error = forward.net_error[layer], forward.out_error[layer]
        if last and from_logits(forward.loss):
            return self._fused(name, a, a_error)
        if name == "softmax":
            sums = (a * up).sum(1, keepdims=True)
            size = a * (up + sums)
            error = a * (up_error + (a * up_error + a_error * up).sum(1, keepdims=True))
            return size, error + (a_error + 8.0 * EPSILON * a) * (up + sums)
        steep = slope(name, z)
        return up * steep, up_error * steep + up * slope_error(name, z, a, z_error)

    def _fused(self, name: str, a: Array, error: Array) -> tuple[Array, Array]:
        """Of a cross-entropy with sigmoid or softmax: a - t, t (a - 1), a sum t - t."""
        forward, t = self._forward, self._forward.targets
        if forward.loss == "binary_cross_entropy":
            size, spread, terms = np.abs(a - t), np.ones_like(t), np.zeros_like(t)
        elif name == "sigmoid":
            size, spread, terms = t * (1.0 - a), t, np.zeros_like(t)
        else:
            spread = np.broadcast_to(t.sum(1, keepdims=True), t.shape)
            size, terms = np.abs(a * spread - t), a * spread * t.shape[1]
        factor = forward.factor
        return factor * size, factor * (spread * error + 4.0 * EPSILON * (terms + size))

    def _parameters(self, layer: int, delta: Array, error: Array) -> None:
        forward = self._forward
        source, source_error = np.abs(forward.out[layer - 1]), forward.out_error[layer - 1]
        rounding = (forward.samples + 2) * EPSILON
        size = source.T @ delta
        decay = 2.0 * forward.l2 * np.abs(forward.weight_matrix(layer))
        self.weights[layer] = (
            source.T @ error + source_error.T @ delta + rounding * size + 4.0 * EPSILON * decay
        )
        self.biases[layer] = error.sum(0) + rounding * delta.sum(0)


def _quotients(t: Array, a: Array) -> tuple[Array, Array]:
    """t / a and t / a^2; 0 where t is."""
    size = np.where(t == 0.0, 0.0, t / a)
    return size, np.where(t == 0.0, 0.0, size / a)
