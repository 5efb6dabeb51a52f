"""The network put to use: outputs, losses and classes of any samples, away from training.

All buffers are of its own: looking at what a network has learned never disturbs the engine.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bptui.core.arrays import Array, Integers, run, zeros
from bptui.core.data import Data
from bptui.core.experiment import Experiment
from bptui.core.graph.compile import Compiler, Plain
from bptui.core.network import Network, Parameters
from bptui.core.step import forward, total_of_terms

MOST_NUMBERS = 1 << 20
"""Numbers in the buffers of one pass: larger batches are taken in parts."""


class ForwardPass:
    """The pass through a network of batches of one size, again and again in the same buffers.

    It is the forward part of a training step: on the same batch it gives the same bits. With the
    name of a ``loss`` it also adds up its terms, into ``total``.
    """

    def __init__(self, network: Network, samples: int, loss: str = "") -> None:
        nodes = forward(network, samples)
        names = network.names
        wanted = [nodes[names.out(network.depth)]]
        if loss:
            wanted.append(total_of_terms(network, loss, nodes))
        arrays = {name: zeros(*node.shape) for name, node in nodes.items()}
        self._parameters = {name: arrays[name] for name in network.shapes}
        self.inputs, self.outputs = arrays["input"], arrays[wanted[0].name]
        self.targets, self.total = arrays["target"], np.zeros(())
        buffers = [(node, arrays[name]) for name, node in nodes.items()]
        buffers += [(node, self.total) for node in wanted[1:]]
        self._calls = Compiler(wanted, buffers, Plain({})).calls_for(wanted)

    def run(self, parameters: Parameters) -> Array:
        """Return the outputs of what stands in ``inputs``; valid until the next run."""
        for name, array in parameters.named().items():
            self._parameters[name][...] = array
        run(self._calls)
        return self.outputs


class Evaluator:
    """The outputs, and the loss, of the same samples at different parameters."""

    def __init__(self, network: Network, inputs: Array) -> None:
        self.network, self._inputs = network, inputs
        self._size = max(MOST_NUMBERS // sum(network.layers), 1)
        self._passes: dict[tuple[int, str], ForwardPass] = {}
        self._outputs = zeros(len(inputs), network.layers[-1])

    def _parts(self, loss: str = "") -> Iterator[tuple[slice, ForwardPass]]:
        """Yield the samples in parts, each with the pass that they are in place for."""
        for start in range(0, len(self._inputs), self._size):
            span = slice(start, start + self._size)
            inputs = self._inputs[span]
            part = self._passes.get((len(inputs), loss))
            if part is None:  # two sizes occur
                part = ForwardPass(self.network, len(inputs), loss)
                self._passes[len(inputs), loss] = part
            part.inputs[...] = inputs
            yield span, part

    def outputs(self, parameters: Parameters) -> Array:
        """Return (samples, outputs), in the order of the inputs; valid until the next call."""
        for span, part in self._parts():
            self._outputs[span] = part.run(parameters)
        return self._outputs

    def loss(self, experiment: Experiment, parameters: Parameters, targets: Array) -> float:
        """Return the loss of the samples, the L2 penalty included; NaN where there are none.

        On the scale of the training loss, so that both can share an axis: under reduction ``mean``
        the mean over the samples, under ``sum`` that mean times the batch size.
        """
        if not len(self._inputs):
            return math.nan
        training, value = experiment.training, 0.0
        for span, part in self._parts(training.loss):
            part.targets[...] = targets[span]
            part.run(parameters)
            value += float(part.total)
        factor = 1.0 / len(self._inputs)
        if training.reduction == "sum":
            factor *= experiment.schedule.batch_size
        with np.errstate(all="ignore"):
            value *= factor
            if training.l2:
                squares = sum(float(np.vdot(matrix, matrix)) for matrix in parameters.weights)
                value += training.l2 * squares
        return value


@dataclass(frozen=True, eq=False)
class Classes:
    """Targets read as classes: 0, 1, ... for each sample.

    A single output decides for class 1 from ``threshold`` on, of several the largest.
    """

    count: int
    labels: Integers
    """Of the training samples, then of the test samples."""
    threshold: float

    def predicted(self, outputs: Array) -> Integers:
        """Return the class of each row of ``outputs``; -1 where a number in it is NaN."""
        if outputs.shape[1] == 1:
            classes = (outputs[:, 0] >= self.threshold).astype(np.intp)
        else:
            classes = outputs.argmax(axis=1)
        return np.where(np.isnan(outputs).any(axis=1), -1, classes)


def classes_of(data: Data) -> Classes | None:
    """Return the classes that the targets stand for, test samples included; None if none.

    Those are rows that are 1 in one place and 0 (or -1) elsewhere, or single numbers of only two
    values. Two samples with two numbers that are not whole are no classes yet.
    """
    targets = np.concatenate([data.targets, data.test_targets])
    low, high = float(targets.min()), float(targets.max())
    for some in (targets[:1000], targets):  # a look at some tells most that are no classes
        if low == high or not ((some == low) | (some == high)).all():
            return None
    if targets.shape[1] > 1:
        if high != 1.0 or low not in (0.0, -1.0) or ((targets == 1.0).sum(axis=1) != 1).any():
            return None
        labels = targets.argmax(axis=1)
    else:
        if len(targets) == 2 and not (low.is_integer() and high.is_integer()):
            return None
        labels = (targets[:, 0] == high).astype(np.intp)
    count = max(targets.shape[1], 2)
    return Classes(count, labels, low / 2.0 + high / 2.0)


def confusion(actual: Integers, predicted: Integers, count: int) -> Integers:
    """Return how many samples of each class (row) were taken for each class (column).

    Samples without a prediction, -1, are in no column.
    """
    known = predicted >= 0
    pairs = actual[known] * count + predicted[known]
    return np.bincount(pairs, minlength=count * count).reshape(count, count)
