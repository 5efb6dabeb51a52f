"""The networks on which a user's code is tried: the preset's own numbers, then drawn ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bptui.check.diagnosis.drawing import Drawing, Targets, drawn_biases
from bptui.check.diagnosis.trials import Case, FunctionName
from bptui.core.arrays import Array, frozen
from bptui.core.data import Data
from bptui.core.engine import Engine, Snapshot
from bptui.core.experiment import Experiment
from bptui.core.network import Network, Parameters

MOST_SAMPLES = 64
LARGE = 5_000
"""Parameters from which on a network is tried little, and a small one of its depth more."""
SMALL_UNITS = 12
LEARNING_RATES = (0.137, 0.313, 0.071, 0.233, 0.171)
MOST_RATE = 2.0
"""Steps of `gradients` are taken with the preset's own rate, unless it would lead far away."""


@dataclass(frozen=True)
class _Plan:
    layers: tuple[int, ...]
    samples: int
    calls: int


def cases_for(
    experiment: Experiment, *, bias: bool, single: bool, function: FunctionName
) -> tuple[Case, ...]:
    """The preset's own numbers first, then random ones of its sizes and of others.

    All are the preset without its mistakes, on plain gradient descent, with biases or without them.
    ``single``: one sample in each. In cases for ``gradients``, which is told no learning rate, it
    is the preset's everywhere; in those for ``step`` each has another one. The drawn numbers are
    all different, none is 0 or tiny, no activation is saturated or near a kink, so that each
    mistake shows; and the same preset always gives the same ones.
    """
    small = experiment.network.parameter_count < LARGE
    cases = [_own(experiment, bias, single, 3 if small else 1)]
    targets = Targets.like(experiment)
    for number, plan in enumerate(_plans(experiment.network.layers, single, small)):
        rate = experiment.training.learning_rate
        if function == "step" or not 0.0 < rate <= MOST_RATE:
            rate = LEARNING_RATES[number % len(LEARNING_RATES)]
        cases.append(_drawn(experiment, bias, plan, rate, targets, seed=number))
    return tuple(cases)


def _own(experiment: Experiment, bias: bool, single: bool, calls: int) -> Case:
    rows = experiment.schedule.indices(0)[: 1 if single else MOST_SAMPLES]
    network = replace(experiment.network, bias=bias)
    biases = experiment.start.biases
    if bias and biases is None:
        biases = drawn_biases(np.random.default_rng(0), network)
    start = Parameters(experiment.start.weights, biases if bias else None)
    data = _data(experiment.data.inputs[rows], experiment.data.targets[rows])
    rate = experiment.training.learning_rate
    made = _plain(experiment, network, start, data, rate)
    return Case(f"{experiment.name}'s own data", made, _steps(made, calls), own=True)


def _drawn(
    experiment: Experiment, bias: bool, plan: _Plan, rate: float, targets: Targets, seed: int
) -> Case:
    network = Network(plan.layers, experiment.network.activations, bias)
    drawing = Drawing(network, plan.samples, targets, seed)
    best: tuple[float, Case] | None = None
    text = f"{'-'.join(map(str, plan.layers))}, random data"
    title = f"{text}, {plan.samples} sample{'s' * (plan.samples > 1)}"
    for start, x, t in drawing.best():
        made = _plain(experiment, network, start, _data(x, t), rate)
        steps = _steps(made, plan.calls)
        quality = min(drawing.quality(each.values) for each in steps)
        if best is None or quality > best[0]:
            best = quality, Case(title, made, steps)
        if quality >= 1.0:
            break
    assert best is not None, "a drawing has at least one try"
    return best[1]


def _plain(
    experiment: Experiment, network: Network, start: Parameters, data: Data, rate: float
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
    return Experiment(experiment.name, network, start, training, data)


def _data(x: Array, t: Array) -> Data:
    inputs, targets = frozen(x), frozen(t)
    return Data(inputs, targets, frozen(inputs[:0]), frozen(targets[:0]))


def _steps(experiment: Experiment, calls: int) -> tuple[Snapshot, ...]:
    engine = Engine(experiment)
    return tuple(engine.record() for _ in range(calls))


def _plans(layers: tuple[int, ...], single: bool, small: bool) -> list[_Plan]:
    """Sizes, samples and calls of the drawn cases, the most telling one first."""
    used = layers if small else tuple(min(each, SMALL_UNITS) for each in layers[:-1]) + layers[-1:]
    other = _other_sizes(used, _other_outputs(layers[-1]))
    shapes = [(layers, 3), (layers, 1), (layers, 2), (other, 2)]
    if not small:
        # code may have the number of outputs in it: the most telling case keeps it
        same = _other_sizes(used, layers[-1])
        taller = _other_sizes(same, other[-1])
        shapes = [(same, 3), (layers, 1), (taller, 2)]
    counts = _sample_counts(tuple(each for sizes, _ in shapes for each in sizes), len(shapes))
    if not single and small:
        # from one sample's gradients its deltas follow, so what follows from what can be told
        shapes.append((layers, 2))
        counts.append(1)
    if single:
        counts = [1] * len(shapes)
    return [_Plan(sizes, n, calls) for (sizes, calls), n in zip(shapes, counts, strict=True)]


def _sample_counts(sizes: tuple[int, ...], count: int) -> list[int]:
    """Different from each other, from all ``sizes``, and from 1 and 2."""
    return [each for each in range(3, 4 + count + len(sizes)) if each not in sizes][:count]


def _other_outputs(outputs: int) -> int:
    """So that 2 and the number of outputs are told apart; code for one output may rely on it."""
    return outputs + 1 if outputs > 1 else 1


def _other_sizes(layers: tuple[int, ...], outputs: int) -> tuple[int, ...]:
    """As many layers, all of different sizes, none as large as it was, and ``outputs`` at last."""
    used, made = {1, layers[-1], outputs}, []
    for units in layers[:-1]:
        # a hidden layer of fewer units than before could not be told from one that is cut
        size = units + 1
        while size in used:
            size += 1
        used.add(size)
        made.append(size)
    return (*made, outputs)
