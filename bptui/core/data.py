"""The samples of an experiment: given or made up, kept back for testing, put into batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bptui.core.arrays import Array, Integers
from bptui.core.errors import require
from bptui.core.network import Network

if TYPE_CHECKING:
    from numpy.random import Generator  # numpy loads it when it is first used


@dataclass(frozen=True, eq=False)
class Data:
    """Inputs (samples, units), targets (samples, outputs), and those kept back for testing."""

    inputs: Array
    targets: Array
    test_inputs: Array
    test_targets: Array
    input_names: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    source: str = "inputs"
    """inputs, dataset or csv: the form in which the preset gives the data, for error messages."""

    def key(self, name: str) -> str:
        """Return where the preset schema holds ``name``, which is inputs or targets."""
        return f"data.{name}" if self.source == "inputs" else f"data.{self.source}"

    @property
    def samples(self) -> int:
        return len(self.inputs)

    @property
    def arrays(self) -> tuple[Array, ...]:
        """Return all samples, in their parts."""
        return self.inputs, self.targets, self.test_inputs, self.test_targets


def check_data(data: Data, network: Network) -> None:
    """Raise :class:`~bptui.core.errors.UnusableError` unless ``network`` can train on ``data``."""
    require(data.samples >= 1, data.key("inputs"), "no samples", "at least one sample")
    for inputs, targets in ((data.inputs, data.targets), (data.test_inputs, data.test_targets)):
        layers = network.layers
        for name, array, units in (("inputs", inputs, layers[0]), ("targets", targets, layers[-1])):
            key, found = data.key(name), f"{name} of {array.shape[-1]} numbers"
            expected = f"{units} numbers per sample, as in network.layers"
            require(array.ndim == 2 and array.shape[1] == units, key, found, expected)
            found = f"{name} with a number that is not finite"
            require(bool(np.isfinite(array).all()), key, found, "finite numbers")
        found, expected = f"{len(targets)} samples", f"{len(inputs)}, as many as there are inputs"
        require(len(inputs) == len(targets), data.key("targets"), found, expected)


class BatchSchedule(NamedTuple):
    """Mini-batches of ``batch_size`` out of ``samples``; each epoch uses every sample once.

    Which samples make up the batch of an update is a pure function of the update's number. The last
    batch of an epoch is smaller where the sizes do not divide.
    """

    samples: int
    batch_size: int
    shuffle: bool = False
    seed: int = 0

    @property
    def batches_per_epoch(self) -> int:
        return -(-self.samples // self.batch_size)

    @property
    def full_batch(self) -> bool:
        """Return whether every batch is the data as it stands."""
        return self.batch_size == self.samples and not self.shuffle

    def epoch(self, step: int) -> int:
        """Return the epoch, from 0, that the batch of step ``step`` belongs to."""
        return step // self.batches_per_epoch

    def _span(self, step: int) -> tuple[int, int]:
        start = step % self.batches_per_epoch * self.batch_size
        return start, min(start + self.batch_size, self.samples)

    def size(self, step: int) -> int:
        """Return the number of samples in the batch of step ``step``."""
        start, stop = self._span(step)
        return stop - start

    def indices(self, step: int) -> Integers:
        """Return the samples of the batch of step ``step``, in the order they are used."""
        start, stop = self._span(step)
        if not self.shuffle:
            return np.arange(start, stop)
        return _shuffled(self.samples, self.seed, self.epoch(step))[start:stop]


@lru_cache(maxsize=8)
def _shuffled(samples: int, seed: int, epoch: int) -> Integers:
    # Philox is counter-based: the epoch is part of its counter, so that the order of any epoch
    # comes without drawing those before it
    generator = np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 0, epoch]))
    order = generator.permutation(samples)
    order.setflags(write=False)
    return order


Samples = tuple[Array, Array | Integers]


class Dataset(NamedTuple):
    """A way to make up samples.

    ``make(samples, noise, classes, rng)`` returns the inputs (samples, ``inputs``) and either class
    labels (samples,) or, where ``classes`` is None, targets (samples, 1). ``classes`` is the
    largest number of classes it can make.
    """

    inputs: int
    classes: int | None
    make: Callable[[int, float, int, Generator], Samples]
    sized: bool = True
    """Whether ``samples``, ``noise`` and ``seed`` apply."""


def _gate(*truth: int) -> Callable[..., Samples]:
    """Return what makes the four samples of a logic gate."""
    inputs = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return lambda samples, noise, classes, rng: (inputs.copy(), np.array(truth))


def _labels(samples: int, classes: int) -> Integers:
    """Return as many of each class as possible, class by class."""
    return np.sort(np.arange(samples) % classes)


def _jittered(points: Array, noise: float, rng: Generator) -> Array:
    return points + rng.normal(0.0, noise, points.shape) if noise else points


def _circle(angle: Array, radius: Array | float = 1.0) -> Array:
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def circles(samples: int, noise: float, classes: int, rng: Generator) -> Samples:
    """Make concentric rings, the outermost of radius 1; class 0 is the innermost."""
    labels = _labels(samples, classes)
    angle = rng.uniform(0.0, 2.0 * np.pi, samples)
    return _jittered(_circle(angle, (labels + 1.0) / classes), noise, rng), labels


def moons(samples: int, noise: float, classes: int, rng: Generator) -> Samples:
    """Make two half circles that reach into each other."""
    labels = _labels(samples, 2)
    upper = _circle(rng.uniform(0.0, np.pi, samples))
    points = np.where(labels[:, None] == 0, upper, np.array([1.0, 0.5]) - upper)
    return _jittered(points, noise, rng), labels


def spirals(samples: int, noise: float, classes: int, rng: Generator) -> Samples:
    """Make one arm a class, each turning once and a quarter around the origin out to radius 1."""
    labels = _labels(samples, classes)
    radius = rng.uniform(0.1, 1.0, samples)
    angle = 2.5 * np.pi * radius + 2.0 * np.pi * labels / classes
    return _jittered(_circle(angle, radius), noise, rng), labels


def blobs(samples: int, noise: float, classes: int, rng: Generator) -> Samples:
    """Make one cloud a class around a circle; ``noise`` is the clouds' standard deviation."""
    labels = _labels(samples, classes)
    return _jittered(_circle(2.0 * np.pi * labels / classes), noise, rng), labels


def sine(samples: int, noise: float, classes: int, rng: Generator) -> Samples:
    """Make sin(pi x) at evenly spaced x from -1 to 1; the noise is on the targets."""
    x = np.linspace(-1.0, 1.0, samples)[:, None]
    return x, _jittered(np.sin(np.pi * x), noise, rng)


DATASETS: dict[str, Dataset] = {
    "and": Dataset(2, 2, _gate(0, 0, 0, 1), sized=False),
    "or": Dataset(2, 2, _gate(0, 1, 1, 1), sized=False),
    "xor": Dataset(2, 2, _gate(0, 1, 1, 0), sized=False),
    "circles": Dataset(2, 10, circles),
    "moons": Dataset(2, 2, moons),
    "spirals": Dataset(2, 10, spirals),
    "blobs": Dataset(2, 10, blobs),
    "sine": Dataset(1, None, sine),
}
"""By name."""


def class_targets(labels: Integers, outputs: int) -> Array:
    """Return targets for ``outputs`` units: the label itself for one unit, else one-hot."""
    if outputs == 1:
        return labels[:, None].astype(np.float64)
    targets: Array = np.eye(outputs)[labels]
    return targets


def standardized(inputs: Array, reference: Array) -> Array:
    """Return ``inputs`` with each column's mean taken away and divided by its deviation.

    Both come from ``reference``, the training part. A column that never varies becomes 0.
    """
    # rounding can give equal numbers a mean beside them, and so a tiny deviation: compare instead
    varies = reference.max(axis=0) > reference.min(axis=0)
    mean = np.where(varies, reference.mean(axis=0), reference[0])
    scaled: Array = (inputs - mean) / np.where(varies, reference.std(axis=0), 1.0)
    return scaled


def split(samples: int, test_fraction: float, seed: int) -> tuple[Integers, Integers]:
    """Return the indices of the training and of the test samples, each in their original order.

    At least one sample stays on either side where ``test_fraction`` is above 0.
    """
    if test_fraction == 0.0:
        return np.arange(samples), np.arange(0)
    test = min(max(round(samples * test_fraction), 1), samples - 1)
    order = np.random.default_rng(seed).permutation(samples)
    return np.sort(order[test:]), np.sort(order[:test])
