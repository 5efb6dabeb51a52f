"""What a user's function is tried on, and what it gave: a preset's own numbers, then drawn ones.

The drawn numbers are all different, none is 0 or tiny, no activation is saturated or near a kink,
so that each mistake shows; and the same preset always gives the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import count, pairwise
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from bptui.core.activations import ACTIVATIONS, evaluate, limits
from bptui.core.arrays import Array, frozen
from bptui.core.data import Data
from bptui.core.engine import Engine, Snapshot
from bptui.core.experiment import Experiment
from bptui.core.losses import LOSSES
from bptui.core.network import Network, Parameters

Quantities: TypeAlias = Mapping[str, Array]
"""By the network's names: net_h, out_h, loss, delta_o, gW1, gb1; W1, b1 are parameters after."""
FunctionName: TypeAlias = Literal["gradients", "step"]

MOST_SAMPLES = 256
SMALL_UNITS = 12
"""Of layers of other sizes, at most."""
CALLS = 2
"""What is kept from one call to the next shows in the second one."""
LEARNING_RATES = (0.137, 0.313, 0.071, 0.233, 0.171)
MOST_RATE = 2.0
"""Steps of `gradients` are taken with the preset's own rate, unless it would lead far away."""
TRIES = 40
CLEAR = 0.02
"""How far from a kink, and an output from its target, a drawn network is to be at least."""
SATURATED, TINY = 3.0, 1e-9
FELT = 0.002
"""The largest number of a gradient is to be that large at least."""
BEND = 1e-3
"""How much the slopes on both sides of a kink differ at least."""
SINGLE_ROUNDING = 2e-7
"""Relative rounding of numbers that were carried in single precision."""


@dataclass(frozen=True, eq=False)
class Case:
    """A network with start values and one batch, on which code is tried.

    ``experiment`` descends plainly (sgd), makes no mistakes, and its only batch is all of its data.
    ``right`` are its steps as they should be, one after the other. The code is called once for each
    of them, in one life of its module, with the parameters of that step: so what goes wrong in one
    call cannot spoil the next one, and what is carried from call to call shows.
    """

    experiment: Experiment
    right: tuple[Snapshot, ...]
    own: bool = False
    """Whether the numbers are the preset's own."""

    @property
    def samples(self) -> int:
        return self.experiment.data.samples


@dataclass(frozen=True, eq=False)
class Trial:
    """The named quantities that ``function`` gave in each call of ``case``.

    Arrays have the shapes of the engine's: (samples, units), (fan_in, fan_out), (fan_out,); loss
    is (1, 1). ``precision`` is the relative error that the code's own arithmetic may make.
    """

    case: Case
    function: FunctionName
    observed: tuple[Quantities, ...]
    precision: float = 1e-9


def cases_for(
    experiment: Experiment, *, bias: bool, single: bool, function: FunctionName
) -> tuple[Case, ...]:
    """Return random numbers of the preset's sizes first, its own, and random ones of other sizes.

    Where a unit stands at a kink with the preset's own, either slope is right: they tell nothing.

    All are the preset without its mistakes, on plain gradient descent, with biases or without them.
    ``single``: one sample in each. In cases for ``gradients``, which is told no learning rate, it
    is the preset's everywhere; in those for ``step`` each has another one.
    """
    own = _own(experiment, bias, single)
    cases = list[Case]()
    for seed, (layers, samples) in enumerate(
        _plans(experiment.network.layers, own.samples, single)
    ):
        rate = experiment.training.learning_rate
        if function == "step" or not 0.0 < rate <= MOST_RATE:
            rate = LEARNING_RATES[seed % len(LEARNING_RATES)]
        drawn = Network(layers, experiment.network.activations, bias)
        rng = np.random.default_rng([seed, samples, *layers])
        best, steps = -1.0, tuple[Snapshot, ...]()
        for _ in range(TRIES):
            every = _steps(_drawn(experiment, drawn, samples, rate, rng))
            quality = min(_quality(drawn, each.values) for each in every)
            if quality > best:
                best, steps = quality, every
            if best >= 1.0:
                break
        cases.append(Case(steps[0].experiment, steps))
    return (cases[0], *([] if stands_at_kink(own) else [own]), *cases[1:])


def _drawn(
    experiment: Experiment, network: Network, samples: int, rate: float, rng: np.random.Generator
) -> Experiment:
    """Return a drawing of start values and data, for a network like that of the preset."""
    weights = tuple(
        frozen(_signed(rng, shape, 0.25, 1.25) * min(1.0, 1.5 / np.sqrt(shape[0])))
        for shape in pairwise(network.layers)
    )
    start = Parameters(weights, _drawn_biases(rng, network) if network.bias else None)
    x = _signed(rng, (samples, network.layers[0]), 0.25, 1.25)
    t = _targets(experiment, rng, network, samples)
    return _plain(experiment, network, start, (x, t), rate)


def _own(experiment: Experiment, bias: bool, single: bool) -> Case:
    rows = experiment.schedule.indices(0)[: 1 if single else MOST_SAMPLES]
    network = replace(experiment.network, bias=bias)
    biases = experiment.start.biases
    if bias and biases is None:
        biases = _drawn_biases(np.random.default_rng(0), network)
    start = Parameters(experiment.start.weights, biases if bias else None)
    data = experiment.data.inputs[rows], experiment.data.targets[rows]
    made = _plain(experiment, network, start, data, experiment.training.learning_rate)
    return Case(made, _steps(made), own=True)


def _plain(
    experiment: Experiment,
    network: Network,
    start: Parameters,
    data: tuple[Array, Array],
    rate: float,
) -> Experiment:
    training = replace(
        experiment.training,
        optimizer="sgd",
        settings=(),
        learning_rate=rate,
        batch_size=None,
        shuffle=False,
        mistakes=(),
    )
    x, t = map(frozen, data)
    return Experiment(experiment.name, network, start, training, Data(x, t, x[:0], t[:0]))


def _steps(experiment: Experiment) -> tuple[Snapshot, ...]:
    engine = Engine(experiment)
    return tuple(engine.record() for _ in range(CALLS))


def _plans(
    layers: tuple[int, ...], samples: int, single: bool
) -> list[tuple[tuple[int, ...], int]]:
    """Return sizes and samples of the drawn cases, other ones than the preset's ``samples``.

    A number in the code may be that.
    """
    small = tuple(min(each, SMALL_UNITS) for each in layers[:-1]) + layers[-1:]
    # so that 2 and the number of outputs are told apart; code for one output may rely on it
    other = _other_sizes(small, layers[-1] + 1 if layers[-1] > 1 else 1)
    if single:
        return [(layers, 1), (other, 1)]
    # numbers of samples that are different from each other, from all sizes, and from 1 and 2
    free = (n for n in count(3) if n not in {*layers, *other, samples})
    return [(layers, next(free)), (other, next(free))]


def _other_sizes(layers: tuple[int, ...], outputs: int) -> tuple[int, ...]:
    """Return as many layers, of different sizes, none as large as it was, and ``outputs`` last."""
    used, made = {1, layers[-1], outputs}, list[int]()
    for units in layers[:-1]:
        # a hidden layer of fewer units than before could not be told from one that is cut
        size = next(n for n in count(units + 1) if n not in used)
        used.add(size)
        made.append(size)
    return (*made, outputs)


def _targets(
    experiment: Experiment, rng: np.random.Generator, network: Network, samples: int
) -> Array:
    """Return targets (samples, outputs) drawn as the preset's are.

    One-hot rows, numbers out of two where there are just two, rows that add up to 1, or any numbers
    that outputs can come near to.
    """
    given, loss = experiment.data.targets, experiment.training.loss
    shape = samples, network.layers[-1]
    values = np.array(sorted({*given.ravel().tolist()}))  # np.unique loads masked arrays
    adds_up = given.shape[1] > 1 and np.allclose(given.sum(axis=1), 1.0, rtol=0.0, atol=1e-9)
    whole = np.isin(values, (-1.0, 0.0, 1.0)).all()
    # it looks at positive targets alone, and with other sums its gradient has one more factor
    shares = loss == "cross_entropy"
    if adds_up and np.isin(values, (0.0, 1.0)).all():
        places = int(rng.integers(shape[1])) + rng.permutation(samples)
        return np.eye(shape[1])[places % shape[1]]
    if values.size == 2 and (whole or given.size > 4):
        drawn = rng.permutation(np.resize(values, max(2, samples * shape[1])))
        drawn = drawn[: samples * shape[1]].reshape(shape)
        return np.full(shape, values[-1]) if shares and not drawn.any() else drawn
    low, high = _reach(experiment.network.activations[-1])
    least, most = LOSSES[loss].target_range
    drawn = rng.uniform(max(low, least + 0.05), min(high, most - 0.05), shape)
    return drawn / drawn.sum(axis=1, keepdims=True) if shares and adds_up else drawn


def _reach(activation: str) -> tuple[float, float]:
    """Return targets that outputs of ``activation`` can come near to."""
    low, high = limits(activation)
    if np.isinf(low):
        return -1.5, 1.5
    margin = 0.1 if np.isinf(high) else 0.05 * (high - low)
    return low + margin, min(high - margin, low + 2.0)


def _drawn_biases(rng: np.random.Generator, network: Network) -> tuple[Array, ...]:
    return tuple(frozen(_signed(rng, (units,), 0.1, 0.5)) for units in network.layers[1:])


def _signed(rng: np.random.Generator, shape: tuple[int, ...], least: float, most: float) -> Array:
    """Return numbers of both signs, none of them small."""
    signs: Array = rng.choice((-1.0, 1.0), shape)
    return rng.uniform(least, most, shape) * signs


def _quality(network: Network, values: Quantities) -> float:
    """Return 1 where every mistake can show in a step with these values, less where not quite."""
    names, worst = network.names, 1.0
    for layer, activation in enumerate(network.activations, 1):
        net = values[names.net(layer)]
        if _has_kink(activation):
            worst = min(worst, _kinked(net, activation))
        elif any(map(np.isfinite, limits(activation))):
            worst = min(worst, SATURATED / max(float(np.max(np.abs(net))), 1.0))
        gradient = values[names.weight_gradient(layer)]
        worst = min(worst, float(np.max(np.abs(gradient))) / FELT)
    out = values[names.out(names.depth)]
    return min(worst, float(np.min(np.abs(out - values["target"]))) / CLEAR)


def _kinked(net: Array, activation: str) -> float:
    near = (CLEAR * part for part in (1.0, 0.5, 0.25, 0.1, 0.01))
    clear = next((each for each in near if not at_kink(activation, net, each).any()), 0.0)
    # where it is not flat something is carried back
    on = evaluate(activation, net + TINY) != evaluate(activation, net - TINY)
    alive = min(float(on.any(axis=0).mean()), float(on.any(axis=1).mean()))
    flat = any(map(np.isfinite, limits(activation)))
    return clear / CLEAR * alive * (0.9 if flat and net.size >= 3 and on.all() else 1.0)


@cache
def _has_kink(activation: str) -> bool:
    return bool(at_kink(activation, np.linspace(-8.0, 8.0, 1601)[:, None]).any())


def stands_at_kink(case: Case) -> bool:
    """Tell whether a unit stands at a kink, or may by rounding: either slope is right there."""
    network = case.experiment.network
    return any(
        at_kink(activation, step.values[network.names.net(layer)]).any()
        for step in case.right
        for layer, activation in enumerate(network.activations, 1)
    )


def at_kink(activation: str, net: Array, near: float | None = None) -> npt.NDArray[np.bool_]:
    """Return which pre-activations are so near to a kink, by default but for rounding."""
    if ACTIVATIONS[activation].pullback is not None:
        return np.zeros(net.shape, dtype=bool)
    step = near or SINGLE_ROUNDING * max(1.0, float(np.max(np.abs(net))))
    below, here, above = (evaluate(activation, net + side * step) for side in (-1.0, 0.0, 1.0))
    bend: Array = np.abs(above - here - (here - below)) / step
    return bend > BEND + step  # which smooth ones have, too
