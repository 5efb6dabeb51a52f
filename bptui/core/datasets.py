"""Small made-up data sets, from a seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bptui.core.arrays import Array, Integers

if TYPE_CHECKING:
    from numpy.random import Generator  # numpy loads it when it is first used

Labels = Integers


class Dataset(NamedTuple):
    """A way to make samples.

    ``make(samples, noise, classes, rng)`` returns the inputs (samples, ``inputs``) and either class
    labels (samples,) or, where ``classes`` is None, targets (samples, 1). ``classes`` is the
    largest number of classes it can make.
    """

    name: str
    inputs: int
    classes: int | None
    make: Callable[[int, float, int, Generator], tuple[Array, Array | Labels]]
    sized: bool = True
    """Whether ``samples``, ``noise`` and ``seed`` apply."""


def _gate(truth: tuple[int, int, int, int]) -> Callable[..., tuple[Array, Labels]]:
    def make(samples: int, noise: float, classes: int, rng: Generator) -> tuple[Array, Labels]:
        return np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array(truth)

    return make


def _labels(samples: int, classes: int) -> Labels:
    """As many of each class as possible, class by class."""
    return np.sort(np.arange(samples) % classes)


def _jittered(points: Array, noise: float, rng: Generator) -> Array:
    return points + rng.normal(0.0, noise, points.shape) if noise else points


def circles(
    samples: int, noise: float, classes: int, rng: Generator
) -> tuple[Array, Array | Labels]:
    """Concentric rings, the outermost of radius 1; class 0 is the innermost."""
    labels = _labels(samples, classes)
    angle = rng.uniform(0.0, 2.0 * np.pi, samples)
    radius = (labels + 1.0) / classes
    points = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    return _jittered(points, noise, rng), labels


def moons(samples: int, noise: float, classes: int, rng: Generator) -> tuple[Array, Array | Labels]:
    """Two half circles that reach into each other."""
    labels = _labels(samples, 2)
    angle = rng.uniform(0.0, np.pi, samples)
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    lower = np.column_stack([1.0 - np.cos(angle), 0.5 - np.sin(angle)])
    points = np.where(labels[:, None] == 0, upper, lower)
    return _jittered(points, noise, rng), labels


def spirals(
    samples: int, noise: float, classes: int, rng: Generator
) -> tuple[Array, Array | Labels]:
    """One arm a class, each turning once and a quarter around the origin out to radius 1."""
    labels = _labels(samples, classes)
    radius = rng.uniform(0.1, 1.0, samples)
    angle = 2.5 * np.pi * radius + 2.0 * np.pi * labels / classes
    points = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    return _jittered(points, noise, rng), labels


def blobs(samples: int, noise: float, classes: int, rng: Generator) -> tuple[Array, Array | Labels]:
    """One cloud a class, on a circle of radius 1; ``noise`` is the clouds' standard deviation."""
    labels = _labels(samples, classes)
    angle = 2.0 * np.pi * labels / classes
    return _jittered(np.column_stack([np.cos(angle), np.sin(angle)]), noise, rng), labels


def sine(samples: int, noise: float, classes: int, rng: Generator) -> tuple[Array, Array | Labels]:
    """sin(pi x) at evenly spaced x from -1 to 1; the noise is on the targets."""
    x = np.linspace(-1.0, 1.0, samples)[:, None]
    return x, _jittered(np.sin(np.pi * x), noise, rng)


DATASETS: dict[str, Dataset] = {
    each.name: each
    for each in (
        Dataset("and", 2, 2, _gate((0, 0, 0, 1)), sized=False),
        Dataset("or", 2, 2, _gate((0, 1, 1, 1)), sized=False),
        Dataset("xor", 2, 2, _gate((0, 1, 1, 0)), sized=False),
        Dataset("circles", 2, 10, circles),
        Dataset("moons", 2, 2, moons),
        Dataset("spirals", 2, 10, spirals),
        Dataset("blobs", 2, 10, blobs),
        Dataset("sine", 1, None, sine),
    )
}


def one_hot(labels: Labels, classes: int) -> Array:
    """Targets (samples, classes) with a 1 in each sample's class."""
    targets: Array = np.eye(classes)[labels]
    return targets


def class_targets(labels: Labels, outputs: int) -> Array:
    """Targets for ``outputs`` units: the label itself for one unit, else one-hot."""
    return labels[:, None].astype(np.float64) if outputs == 1 else one_hot(labels, outputs)


def standardized(inputs: Array, reference: Array) -> Array:
    """``inputs`` with each column's mean taken away and divided by its standard deviation.

    Both come from ``reference``, the training part. A column that never varies becomes 0.
    """
    # rounding can give equal numbers a mean beside them, and so a tiny deviation: compare instead
    varies = reference.max(axis=0) > reference.min(axis=0)
    mean = np.where(varies, reference.mean(axis=0), reference[0])
    scaled: Array = (inputs - mean) / np.where(varies, reference.std(axis=0), 1.0)
    return scaled


def split(samples: int, test_fraction: float, seed: int) -> tuple[Labels, Labels]:
    """Indices of the training and of the test samples, each in their original order.

    At least one sample stays on either side where ``test_fraction`` is above 0.
    """
    if test_fraction == 0.0:
        return np.arange(samples), np.arange(0)
    test = min(max(round(samples * test_fraction), 1), samples - 1)
    order = np.random.default_rng(seed).permutation(samples)
    return np.sort(order[test:]), np.sort(order[:test])
