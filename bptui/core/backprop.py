"""Puts one training step together: forward pass, loss, backward pass, update, and the mistakes.

Rows are samples: z = x W + b, dL/dW = a^T delta, dL/da = delta W^T (Rumelhart, Hinton & Williams
1986, in matrix form). The fast loop and the explained step run these same calls, so they give the
same bits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bptui.core.activations import ACTIVATIONS
from bptui.core.arrays import Array, Call, call, constant, inner_product, takes, zeros
from bptui.core.experiment import Experiment
from bptui.core.losses import scaled
from bptui.core.operations import Operation, Stage, StepProgram
from bptui.core.optimizers import Block
from bptui.core.state import BLOCK, State, cut


class Workspace:
    """What the programs of all batch sizes share: the gradient, its views, and scratch space."""

    def __init__(self, state: State) -> None:
        self.gradient = zeros(state.layout.size)
        length = min(BLOCK, state.layout.size)
        self.scratch, self.other_scratch = zeros(length), zeros(length)
        self.corrections = (constant(1.0), constant(1.0))


def with_ones(values: Array, bias: bool) -> Array:
    """``values`` (samples, units) with a column of ones behind them where the network has biases.

    Then one product with W above b is x W + b, and its transpose with delta gives both gradients.
    """
    samples, units = values.shape
    wider = zeros(samples, units + bias)
    wider[:, :units] = values
    wider[:, units:] = 1.0
    return wider


def error_factor(experiment: Experiment, samples: int) -> float:
    """The factor of dL/dout beyond the loss's own derivative: reduction, then mistakes."""
    training = experiment.training
    factor = experiment.loss.coefficient(experiment.network.layers[-1])
    if training.reduction == "mean" and "not-averaged" not in training.mistakes:
        factor /= samples
    if "averaged-twice" in training.mistakes:
        factor /= samples
    for name, ratio in (("wrong-sign", -1.0), ("doubled", 2.0), ("missing-half", 0.5)):
        if name in training.mistakes:
            factor *= ratio
    return factor


class _Builder:
    def __init__(
        self, experiment: Experiment, state: State, workspace: Workspace, x: Array, t: Array
    ) -> None:
        self.experiment, self.state, self.workspace = experiment, state, workspace
        self.network, self.names = experiment.network, experiment.network.names
        self.mistakes = experiment.training.mistakes
        self.samples, self.depth = x.shape[0], experiment.network.depth
        self.operations: list[Operation] = []
        self.loss_scale = 1.0
        self.buffers: dict[str, Array] = {"input": x[:, : self.network.layers[0]], "target": t}
        self.sources = [x]
        names, layout = self.names, state.layout
        for layer in range(1, self.depth + 1):
            units = self.network.layers[layer]
            for quantity in (names.net, names.out_gradient, names.delta):
                self.buffers[quantity(layer)] = zeros(self.samples, units)
            self.sources.append(with_ones(zeros(self.samples, units), self.network.bias))
            self.buffers[names.out(layer)] = self.sources[layer][:, :units]
            weights = layout.weights(state.parameters, layer)
            self.buffers[names.weights(layer)] = weights
            gradient = layout.weights(workspace.gradient, layer)
            self.buffers[names.weight_gradient(layer)] = gradient
            if self.network.bias:
                self.buffers[names.bias(layer)] = layout.biases(state.parameters, layer)
                self.buffers[names.bias_gradient(layer)] = layout.biases(workspace.gradient, layer)
        for name in ("data_loss", "penalty", "loss"):
            self.buffers[name] = np.zeros((1, 1))

    def add(
        self,
        name: str,
        stage: Stage,
        layer: int,
        reads: list[str],
        writes: list[str],
        calls: list[Call],
        fast: list[Call] | None = None,
    ) -> None:
        """Append an operation; ``fast`` are its calls in the fast loop where they differ."""
        fast = calls if fast is None else fast
        self.operations.append(
            Operation(name, stage, layer, tuple(reads), tuple(writes), tuple(calls), tuple(fast))
        )

    def taken(self, calls: list[Call], layer: int) -> list[str]:
        """Those quantities of a layer that ``calls`` are bound to, beside the delta they write.

        A derivative is computed from net, from out, or from neither.
        """
        names = self.names
        quantities = (names.out_gradient(layer), names.net(layer), names.out(layer), "target")
        return [each for each in quantities if takes(calls, self.buffers[each])]

    def forward(self, layer: int) -> None:
        names, buffers = self.names, self.buffers
        x, net, out = names.out(layer - 1), names.net(layer), names.out(layer)
        reads = [x, names.weights(layer), *([names.bias(layer)] if self.network.bias else [])]
        matrix = self.state.layout.matrix(self.state.parameters, layer)
        calls = [call(self.sources[layer - 1].dot, matrix, buffers[net])]
        self.add(net, "forward", layer, reads, [net], calls)
        activation = ACTIVATIONS[self.network.activations[layer - 1]]
        calls = activation.forward(buffers[net], buffers[out])
        self.add(out, "forward", layer, [net], [out], calls)

    def loss(self) -> None:
        buffers, last = self.buffers, self.depth
        names, training, loss = self.names, self.experiment.training, self.experiment.loss
        net, out, data_loss = names.net(last), names.out(last), buffers["data_loss"]
        calls = loss.value(
            self.network.output_activation,
            buffers[net],
            buffers[out],
            buffers["target"],
            buffers[names.out_gradient(last)],
            data_loss,
        )
        factor = loss.coefficient(self.network.layers[-1])
        if training.reduction == "mean":
            factor /= self.samples
        # without a penalty the fast loop leaves the factor to be applied to many losses at once
        fast = None if training.l2 else list(calls)
        self.loss_scale = 1.0 if training.l2 else factor
        calls += scaled(data_loss, factor)
        reads, writes = [out, "target"], ["data_loss", "penalty", "loss"]
        if training.l2:
            calls += self.penalty()
            reads += [names.weights(layer) for layer in range(1, last + 1)]
            calls.append(call(np.add, data_loss, buffers["penalty"], buffers["loss"]))
        else:
            buffers["loss"] = data_loss
        self.add("L", "loss", last, reads, writes, calls, fast)

    def penalty(self) -> list[Call]:
        """l2 times the sum of all squared weights, into ``penalty``."""
        total, part = self.buffers["penalty"], np.zeros((1, 1))
        calls: list[Call] = [call(total.fill, 0.0)]
        for layer in range(1, self.depth + 1):
            weights = self.buffers[self.names.weights(layer)]
            calls += [inner_product(weights, part), call(np.add, total, part, total)]
        return [*calls, call(np.multiply, total, constant(self.experiment.training.l2), total)]

    def at_activation(self, layer: int, calls: Callable[[Array, Array], list[Call]]) -> list[Call]:
        """``calls(z, a)`` of a layer, with the mistake about where f' is evaluated."""
        net, out = self.buffers[self.names.net(layer)], self.buffers[self.names.out(layer)]
        if "derivative-of-activation" not in self.mistakes:
            return calls(net, out)
        activation, again = ACTIVATIONS[self.network.activations[layer - 1]], np.empty_like(out)
        made = calls(out, again)
        return [*activation.forward(out, again), *made] if takes(made, again) else made

    def back_through_activation(self, layer: int) -> list[Call]:
        """Calls from dL/dout to delta of a layer."""
        buffers, names = self.buffers, self.names
        upstream, delta = buffers[names.out_gradient(layer)], buffers[names.delta(layer)]
        activation = ACTIVATIONS[self.network.activations[layer - 1]]
        return self.at_activation(layer, lambda z, a: activation.backward(z, a, upstream, delta))

    def derivative(self, layer: int, d: Array) -> list[Call]:
        """Calls that fill ``d`` with the derivative of a hidden layer."""
        derivative = ACTIVATIONS[self.network.activations[layer - 1]].derivative
        assert derivative is not None, "softmax stands in the last layer only"
        return self.at_activation(layer, lambda z, a: derivative(z, a, d))

    def output_gradient(self) -> None:
        names, buffers, last = self.names, self.buffers, self.depth
        activation, loss = self.network.output_activation, self.experiment.loss
        out, target = buffers[names.out(last)], buffers["target"]
        upstream, delta = buffers[names.out_gradient(last)], buffers[names.delta(last)]
        factor = error_factor(self.experiment, self.samples)
        detour = {"missing-output-derivative", "derivative-of-activation"} & set(self.mistakes)
        fused = activation.name in loss.fused and not detour
        self.add(
            names.out_gradient(last),
            "backward",
            last,
            [names.out(last), "target"],
            [names.out_gradient(last)],
            loss.gradient(out, target, factor, upstream),
            fast=[] if fused and "output-factor-a" not in self.mistakes else None,
        )
        if fused:
            calls = loss.fused[activation.name](out, target, factor, delta)
        elif "missing-output-derivative" in self.mistakes:
            calls = [call(np.positive, upstream, delta)]
        else:
            calls = self.back_through_activation(last)
        reads = self.taken(calls, last)
        self.add(names.delta(last), "backward", last, reads, [names.delta(last)], calls)

    def hidden_gradient(self, layer: int) -> None:
        """dL/dout and delta of a hidden layer, back through the weights of the layer after it."""
        names, buffers, after = self.names, self.buffers, layer + 1
        upstream, delta = buffers[names.out_gradient(layer)], buffers[names.delta(layer)]
        carried, reads = buffers[names.delta(after)], [names.delta(after), names.weights(after)]
        calls: list[Call] = []
        if "output-factor-a" in self.mistakes and after == self.depth:
            gradient, out = names.out_gradient(after), names.out(after)
            carried, reads = np.empty_like(carried), [gradient, out, names.weights(after)]
            calls.append(call(np.multiply, buffers[gradient], buffers[out], carried))
        by_output = "hidden-derivative-by-output" in self.mistakes
        if by_output:
            slope = np.empty_like(delta)
            calls += [*self.derivative(layer, slope), call(np.multiply, carried, slope, slope)]
            carried = slope
            reads += self.taken(calls, layer)
        weights = buffers[names.weights(after)]
        through = weights if "transposed-weights" in self.mistakes else weights.T
        calls.append(call(carried.dot, through, upstream))
        self.add(
            names.out_gradient(layer), "backward", layer, reads, [names.out_gradient(layer)], calls
        )
        if by_output or "missing-hidden-derivative" in self.mistakes:
            calls = [call(np.positive, upstream, delta)]
        else:
            calls = self.back_through_activation(layer)
        reads = self.taken(calls, layer)
        self.add(names.delta(layer), "backward", layer, reads, [names.delta(layer)], calls)

    def parameter_gradient(self, layer: int) -> None:
        names, buffers, l2 = self.names, self.buffers, self.experiment.training.l2
        delta, layout = buffers[names.delta(layer)], self.state.layout
        gradient, weights = buffers[names.weight_gradient(layer)], buffers[names.weights(layer)]
        reads, writes = [names.out(layer - 1), names.delta(layer)], [names.weight_gradient(layer)]
        whole = layout.matrix(self.workspace.gradient, layer)
        calls: list[Call] = [call(self.sources[layer - 1].T.dot, delta, whole)]
        if l2:
            decay = np.empty_like(weights)
            calls += [
                call(np.multiply, weights, constant(2.0 * l2), decay),
                call(np.add, gradient, decay, gradient),
            ]
            reads.append(names.weights(layer))
        if self.network.bias:
            writes.append(names.bias_gradient(layer))
            if "bias-gradient-not-summed" in self.mistakes:
                calls.append(call(np.positive, delta[-1], buffers[names.bias_gradient(layer)]))
        if self.state.accumulated is not None:
            own, earlier = whole, layout.matrix(self.state.accumulated, layer)
            calls += [call(np.add, earlier, own, earlier), call(np.positive, earlier, own)]
        self.add(names.weight_gradient(layer), "backward", layer, reads, writes, calls)

    def update_calls(self, span: slice, scratch: Array) -> list[Call]:
        """The optimizer's calls on one part of the parameters."""
        state, work, training = self.state, self.workspace, self.experiment.training
        block = Block(
            state.parameters[span],
            work.gradient[span],
            tuple(slot[span] for slot in state.slots),
            scratch,
            work.other_scratch[: scratch.size],
            work.corrections,
        )
        settings = dict(training.settings)
        return self.experiment.optimizer.update(block, training.learning_rate, settings)

    def update(self, name: str, layers: range) -> None:
        spans, scratch = self.state.trained_spans(self.experiment, layers), self.workspace.scratch
        calls: list[Call] = []
        for span in cut(spans):
            calls += self.update_calls(span, scratch[: span.stop - span.start])
        fast = None
        if self.experiment.optimizer.spends_gradient:
            # nobody looks at the gradient after this, so it is its own scratch: less memory to walk
            gradient = self.workspace.gradient
            fast = [each for span in spans for each in self.update_calls(span, gradient[span])]
        names, experiment = self.names, self.experiment
        reads: list[str] = []
        writes: list[str] = []
        for layer in layers:
            if experiment.trains_weights(layer):
                reads += [names.weights(layer), names.weight_gradient(layer)]
                writes.append(names.weights(layer))
            if experiment.trains_biases(layer):
                reads += [names.bias(layer), names.bias_gradient(layer)]
                writes.append(names.bias(layer))
        self.add(name, "update", max(layers), reads, writes, calls, fast)


def build_step(
    experiment: Experiment, state: State, workspace: Workspace, x: Array, t: Array
) -> StepProgram:
    """The program of one step on the batch in ``x``, from :func:`with_ones`, and ``t``.

    ``t`` has the shape (samples, outputs).
    """
    builder, depth = _Builder(experiment, state, workspace, x, t), experiment.network.depth
    early = "updated-weights" in experiment.training.mistakes
    for layer in range(1, depth + 1):
        builder.forward(layer)
    builder.loss()
    for layer in range(depth, 0, -1):
        if layer == depth:
            builder.output_gradient()
        else:
            builder.hidden_gradient(layer)
        builder.parameter_gradient(layer)
        if early:
            builder.update(f"update {builder.names.weights(layer)}", range(layer, layer + 1))
    if not early:
        builder.update("update", range(1, depth + 1))
    operations = tuple(builder.operations)
    fast = tuple(each for operation in operations for each in operation.fast)
    buffers = builder.buffers
    return StepProgram(operations, buffers, buffers["loss"], builder.loss_scale, fast)
