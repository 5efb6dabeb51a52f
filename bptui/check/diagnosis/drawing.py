"""Draws start values and samples on which every mistake shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from bptui.check.diagnosis.compared import at_kink
from bptui.core.activations import evaluate, limits
from bptui.core.arrays import Array, frozen
from bptui.core.experiment import Experiment
from bptui.core.losses import LOSSES
from bptui.core.network import Network, Parameters

Draw: TypeAlias = tuple[Parameters, Array, Array]
"""Start values, inputs (samples, units) and targets (samples, outputs)."""
TRIES = 40
GOOD_ENOUGH = 4
"""Draws whose whole trajectory is looked at, the best at the start first."""
CLEAR = 0.02
"""How far from a kink, and an output from its target, a drawn network is to be at least."""
SATURATED, TINY = 3.0, 1e-9
FELT = 0.002
"""The largest number of a gradient is to be that large at least."""


@dataclass(frozen=True, eq=False)
class Targets:
    """What the preset's targets are like.

    ``one_hot`` rows, numbers out of ``values`` where there are just two, rows that add up to 1
    (``normalised``), or any numbers between ``low`` and ``high``.
    """

    one_hot: bool
    values: Array
    normalised: bool
    low: float
    high: float
    some_positive: bool

    @classmethod
    def like(cls, experiment: Experiment) -> Targets:
        given, loss = experiment.data.targets, experiment.training.loss
        outputs = given.shape[1]
        values = np.unique(given)
        adds_up = outputs > 1 and bool(np.allclose(given.sum(axis=1), 1.0, rtol=0.0, atol=1e-9))
        whole = values.size == 2 and bool(np.isin(values, (-1.0, 0.0, 1.0)).all())
        low, high = _reach(experiment.network.activations[-1])
        least, most = LOSSES[loss].target_range
        return cls(
            one_hot=adds_up and bool(np.isin(values, (0.0, 1.0)).all()),
            values=values if whole or (values.size == 2 and given.size > 4) else values[:0],
            # with other sums the gradient of cross-entropy after softmax has one more factor
            normalised=adds_up and loss == "cross_entropy",
            low=max(low, least + 0.05),
            high=min(high, most - 0.05),
            some_positive=loss == "cross_entropy",
        )

    def draw(self, rng: np.random.Generator, samples: int, outputs: int) -> Array:
        """(samples, outputs)."""
        shape = (samples, outputs)
        if self.one_hot:
            first = int(rng.integers(outputs))
            return np.eye(outputs)[(first + rng.permutation(samples)) % outputs]
        if self.values.size:
            drawn = rng.permutation(np.resize(self.values, samples * outputs)).reshape(shape)
            return self.values[-1:] + 0.0 * drawn if self._lost(drawn) else drawn
        drawn = rng.uniform(self.low, self.high, shape)
        return drawn / drawn.sum(axis=1, keepdims=True) if self.normalised else drawn

    def _lost(self, drawn: Array) -> bool:
        """Whether cross-entropy, which looks at positive targets alone, would see none."""
        return self.some_positive and not drawn.any()


def _reach(activation: str) -> tuple[float, float]:
    """Targets that outputs of ``activation`` can come near to."""
    low, high = limits(activation)
    if np.isinf(low):
        return -1.5, 1.5
    margin = 0.1 if np.isinf(high) else 0.05 * (high - low)
    return low + margin, min(high - margin, low + 2.0)


def drawn_biases(rng: np.random.Generator, network: Network) -> tuple[Array, ...]:
    """One (fan_out,) vector a layer."""
    return tuple(frozen(_signed(rng, (units,), 0.1, 0.5)) for units in network.layers[1:])


class Drawing:
    """Tries at drawing a network of these sizes and a batch for it."""

    def __init__(self, network: Network, samples: int, targets: Targets, seed: int) -> None:
        self.network, self.samples, self.targets = network, samples, targets
        self.rng = np.random.default_rng([seed, samples, *network.layers])

    def best(self) -> list[Draw]:
        """The best at the start of several, the very best first."""
        draws: list[tuple[float, Draw]] = []
        for draw in self._tries():
            draws.append((self.quality(self._forward(draw)), draw))
            if draws[-1][0] >= 1.0 and sum(each >= 1.0 for each, _ in draws) >= GOOD_ENOUGH:
                break
        draws.sort(key=lambda each: -each[0])
        return [draw for _, draw in draws[:GOOD_ENOUGH]]

    def _forward(self, draw: Draw) -> dict[str, Array]:
        names, (start, out, target) = self.network.names, draw
        values = {"target": target}
        for layer, activation in enumerate(self.network.activations, 1):
            net = out @ start.weights[layer - 1]
            if start.biases is not None:
                net = net + start.biases[layer - 1]
            out = evaluate(activation, net)
            values |= {names.net(layer): net, names.out(layer): out}
        return values

    def _tries(self) -> Iterator[Draw]:
        rng, layers = self.rng, self.network.layers
        for _ in range(TRIES):
            weights = tuple(
                frozen(_signed(rng, shape, 0.25, 1.25) * min(1.0, 1.5 / np.sqrt(shape[0])))
                for shape in pairwise(layers)
            )
            biases = drawn_biases(rng, self.network) if self.network.bias else None
            inputs = _signed(rng, (self.samples, layers[0]), 0.25, 1.25)
            targets = self.targets.draw(rng, self.samples, layers[-1])
            yield Parameters(weights, biases), inputs, targets

    def quality(self, values: Mapping[str, Array]) -> float:
        """1 where every mistake can show in a step with these values, less where not quite."""
        names, worst = self.network.names, 1.0
        for layer, activation in enumerate(self.network.activations, 1):
            net = values[names.net(layer)]
            if _has_kink(activation):
                worst = min(worst, self._kinked(net, activation))
            elif any(map(np.isfinite, limits(activation))):
                worst = min(worst, SATURATED / max(float(np.max(np.abs(net))), 1.0))
            gradient = values.get(names.weight_gradient(layer))
            if gradient is not None:
                worst = min(worst, float(np.max(np.abs(gradient))) / FELT)
        out = values[names.out(names.depth)]
        return min(worst, float(np.min(np.abs(out - values["target"]))) / CLEAR)

    def _kinked(self, net: Array, activation: str) -> float:
        near = (CLEAR * part for part in (1.0, 0.5, 0.25, 0.1, 0.01))
        clear = next((each for each in near if not at_kink(activation, net, each).any()), 0.0)
        # where it is not flat something is carried back
        on = evaluate(activation, net + TINY) != evaluate(activation, net - TINY)
        alive = min(float(on.any(axis=0).mean()), float(on.any(axis=1).mean()))
        flat = any(map(np.isfinite, limits(activation)))
        varied = 0.9 if flat and net.size >= 3 and on.all() else 1.0
        return clear / CLEAR * alive * varied


@cache
def _has_kink(activation: str) -> bool:
    between = np.linspace(-8.0, 8.0, 1601)[:, None]
    return bool(at_kink(activation, between).any())


def _signed(rng: np.random.Generator, shape: tuple[int, ...], least: float, most: float) -> Array:
    """Numbers of both signs, none of them small."""
    signs: Array = rng.choice((-1.0, 1.0), shape)
    return rng.uniform(least, most, shape) * signs
