"""Whether two experiments are the same to the last bit: -0.0 is not 0.0."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bptui.core.arrays import Array
from bptui.core.data import Data
from bptui.core.experiment import Experiment, Training
from bptui.core.network import Parameters

Arrays = Sequence[Array] | None


def same_arrays(one: Arrays, other: Arrays) -> bool:
    """Whether both are None, or hold the same bits in the same shapes."""
    if one is None or other is None:
        return one is other
    return one is other or (
        len(one) == len(other)
        and all(
            a is b or (a.shape == b.shape and a.tobytes() == b.tobytes())
            for a, b in zip(one, other, strict=True)
        )
    )


def same_parameters(one: Parameters, other: Parameters) -> bool:
    return same_arrays(one.weights, other.weights) and same_arrays(one.biases, other.biases)


def same_samples(one: Data, other: Data) -> bool:
    """Whether they hold the same numbers, split into the same parts; names do not count."""
    return one is other or same_arrays(
        (one.inputs, one.targets, one.test_inputs, one.test_targets),
        (other.inputs, other.targets, other.test_inputs, other.test_targets),
    )


def same_training(one: Training, other: Training) -> bool:
    # 0.0 and -0.0 compare equal, but do not print alike
    return one == other and all(
        math.copysign(1.0, a) == math.copysign(1.0, b)
        for a, b in zip(_numbers(one), _numbers(other), strict=True)
    )


def _numbers(training: Training) -> list[float]:
    return [training.learning_rate, training.l2, *dict(training.settings).values()]


def same_experiment(one: Experiment, other: Experiment) -> bool:
    """Whether all that determines a run is the same."""
    return (
        one.network == other.network
        and same_training(one.training, other.training)
        and same_parameters(one.start, other.start)
        and same_samples(one.data, other.data)
    )
