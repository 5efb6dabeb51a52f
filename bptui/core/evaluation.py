"""The network put to use: outputs, losses and classes of any samples, away from training.

All buffers are of its own: looking at what a network has learned never disturbs the engine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bptui.core.activations import ACTIVATIONS
from bptui.core.arrays import Array, Call, run, zeros
from bptui.core.backprop import with_ones
from bptui.core.data import Data
from bptui.core.datasets import Labels
from bptui.core.experiment import Experiment
from bptui.core.network import Network, Parameters

MOST_NUMBERS = 1 << 20
"""Numbers in the buffers of one pass: larger batches are taken in parts."""


class ForwardPass:
    """The pass through a network of batches of one size, again and again in the same buffers.

    The products are those of training, biases as a last row of the weights: where it gets the
    batch of a training step, it gives the same bits.
    """

    def __init__(self, network: Network, samples: int) -> None:
        bias = network.bias
        sizes = list(zip(network.layers, network.layers[1:], strict=False))
        self._bias = bias
        self._matrices = [zeros(fan_in + bias, units) for fan_in, units in sizes]
        self._sources = [with_ones(zeros(samples, fan_in), bias) for fan_in, _ in sizes]
        self.inputs = self._sources[0][:, : network.layers[0]]
        self.net = zeros(samples, network.layers[-1])
        self.outputs = zeros(samples, network.layers[-1])
        self._calls: list[Call] = []
        for layer, name in enumerate(network.activations, 1):
            last = layer == network.depth
            units = network.layers[layer]
            net = self.net if last else zeros(samples, units)
            out = self.outputs if last else self._sources[layer][:, :units]
            source, matrix = self._sources[layer - 1], self._matrices[layer - 1]
            # bound now: the names stand for the next layer's arrays when the calls are made
            self._calls += [_product(source, matrix, net), *ACTIVATIONS[name].forward(net, out)]

    def run(self, parameters: Parameters) -> Array:
        """The outputs of what stands in ``inputs``; valid until the next run."""
        for layer, matrix in enumerate(self._matrices):
            fan_in = matrix.shape[0] - self._bias
            matrix[:fan_in] = parameters.weights[layer]
            if parameters.biases is not None:
                matrix[fan_in:] = parameters.biases[layer]
        run(self._calls)
        return self.outputs


def _product(source: Array, matrix: Array, out: Array) -> Call:
    return lambda: source.dot(matrix, out)


class Evaluator:
    """The outputs, and the loss, of the same samples at different parameters."""

    def __init__(self, network: Network, inputs: Array) -> None:
        self.network, self._inputs = network, inputs
        most = max(MOST_NUMBERS // sum(network.layers), 1)
        self._size = min(len(inputs), most)
        self._passes: dict[int, ForwardPass] = {}
        self._outputs = zeros(len(inputs), network.layers[-1])

    def _part(self, start: int) -> ForwardPass:
        """The pass for the samples from ``start`` on, with these in place; two sizes occur."""
        samples = min(self._size, len(self._inputs) - start)
        if samples not in self._passes:
            self._passes[samples] = ForwardPass(self.network, samples)
            self._passes[samples].inputs[...] = self._inputs[start : start + samples]
        elif self._size < len(self._inputs):
            self._passes[samples].inputs[...] = self._inputs[start : start + samples]
        return self._passes[samples]

    def outputs(self, parameters: Parameters) -> Array:
        """(samples, outputs), in the order of the inputs; valid until the next call."""
        if not len(self._inputs):
            return self._outputs
        if self._size == len(self._inputs):
            return self._part(0).run(parameters)
        for start in range(0, len(self._inputs), self._size):
            part = self._part(start).run(parameters)
            self._outputs[start : start + len(part)] = part
        return self._outputs

    def loss(self, experiment: Experiment, parameters: Parameters, targets: Array) -> float:
        """As :func:`loss_of`; NaN where there are no samples."""
        if not len(self._inputs):
            return math.nan
        training, loss, total, value = experiment.training, experiment.loss, zeros(1, 1), 0.0
        for start in range(0, len(self._inputs), self._size):
            part = self._part(start)
            part.run(parameters)
            t = targets[start : start + len(part.outputs)]
            activation, error = self.network.output_activation, np.empty_like(part.outputs)
            run(loss.value(activation, part.net, part.outputs, t, error, total))
            value += float(total[0, 0])
        factor = loss.coefficient(self.network.layers[-1]) / len(self._inputs)
        if training.reduction == "sum":
            factor *= experiment.schedule.batch_size
        with np.errstate(all="ignore"):
            value *= factor
            if training.l2:
                squares = sum(float(np.vdot(each, each)) for each in parameters.weights)
                value += training.l2 * squares
        return value


def outputs(network: Network, parameters: Parameters, inputs: Array) -> Array:
    """The network's outputs, (samples, units), on ``inputs`` (samples, units)."""
    return Evaluator(network, inputs).outputs(parameters)


def loss_of(experiment: Experiment, parameters: Parameters, inputs: Array, targets: Array) -> float:
    """The experiment's loss on any samples, the L2 penalty included.

    On the scale of the training loss, so that both can share an axis: under reduction ``mean`` the
    mean over the samples, under ``sum`` that mean times the batch size.
    """
    return Evaluator(experiment.network, inputs).loss(experiment, parameters, targets)


def test_loss(experiment: Experiment, parameters: Parameters) -> float:
    """:func:`loss_of` the samples kept back for testing; NaN without any."""
    data = experiment.data
    return loss_of(experiment, parameters, data.test_inputs, data.test_targets)


@dataclass(frozen=True, eq=False)
class Classes:
    """Targets read as classes: 0, 1, ... for each sample.

    A single output decides for class 1 from ``threshold`` on, of several the largest.
    """

    count: int
    training: Labels
    test: Labels
    threshold: float

    @property
    def both(self) -> tuple[Labels, Labels]:
        """Of the training and of the test samples."""
        return self.training, self.test

    def predicted(self, outputs: Array) -> Labels:
        """The class of each row of ``outputs``; -1 where a number in it is NaN."""
        if outputs.shape[1] == 1:
            classes = (outputs[:, 0] >= self.threshold).astype(np.intp)
        else:
            classes = outputs.argmax(axis=1)
        return np.where(np.isnan(outputs).any(axis=1), -1, classes)


def classes_of(data: Data) -> Classes | None:
    """The classes that the targets, those of the test samples too, stand for; None if none.

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
    split = data.samples
    return Classes(count, labels[:split], labels[split:], low / 2.0 + high / 2.0)


def accuracy(actual: Labels, predicted: Labels) -> float:
    """The part of the samples whose class is predicted right; NaN without any."""
    return float((actual == predicted).mean()) if len(actual) else math.nan


def confusion(actual: Labels, predicted: Labels, count: int) -> npt.NDArray[np.int64]:
    """How many samples of each class (row) were taken for each class (column).

    Samples without a prediction, -1, are in no column.
    """
    known = predicted >= 0
    pairs = actual[known] * count + predicted[known]
    return np.bincount(pairs, minlength=count * count).reshape(count, count)
