"""The catalogue of mistakes: deviations from backpropagation, each a rewrite of a step's graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from bptui.core.errors import require
from bptui.core.graph.elementwise import divide, multiply, positive
from bptui.core.graph.node import SAMPLE_COUNT, Node, constant, leaf, samples
from bptui.core.graph.shaping import item
from bptui.core.network import Network
from bptui.core.step import Step, rewritten, training_step

if TYPE_CHECKING:  # it checks mistakes
    from bptui.core.experiment import Experiment

Refusal = Callable[[Network, str], str | None]
Rewrite = Callable[..., Step]
Freezes = Callable[[Network], Iterable[str]]
Factor = Callable[[int], float]


def _anywhere(network: Network, reduction: str) -> str | None:
    return None


def _needs_hidden(network: Network, reduction: str) -> str | None:
    return None if network.depth > 1 else "there is no hidden layer to backpropagate to"


def _needs_square(network: Network, reduction: str) -> str | None:
    for layer, (rows, columns) in enumerate(pairwise(network.layers[1:]), 2):
        if rows != columns:
            return f"W{layer} is {rows}x{columns}, and this mistake needs square matrices"
    return _needs_hidden(network, reduction)


def _needs_bias(network: Network, reduction: str) -> str | None:
    return None if network.bias else "the network has no biases"


def _needs_mean(network: Network, reduction: str) -> str | None:
    return None if reduction == "mean" else "the loss is a sum over the batch, not a mean"


def _needs_sigmoid_output(network: Network, reduction: str) -> str | None:
    if network.activations[-1] != "sigmoid":
        return "a (1 - a) is the derivative of a sigmoid, and the output layer is not one"
    return _needs_hidden(network, reduction)


class Mistake(NamedTuple):
    """A named deviation; ``refusal(network, reduction)`` says why it cannot be made there.

    ``rewrite`` takes the graph of a step and gives the graph with the slip.
    """

    name: str
    summary: str
    rewrite: Callable[[Step], Step]
    refusal: Refusal = _anywhere
    freezes: Freezes | None = None
    """The parameters that no update changes, where that is all that is wrong."""
    accumulates: bool = False
    """Whether gradients are kept from step to step."""
    factor: Factor | None = None
    """What it multiplies all gradients of the data loss with, by the number of samples."""


MISTAKES: dict[str, Mistake] = {}
"""By name."""
EVERY, HIDDEN, OUTPUT = slice(None), slice(1, None), slice(1)
"""Layers, counted from the last one back."""


def name_of(rewrite: Rewrite) -> str:
    return rewrite.__name__.replace("_", "-")


def mistake(
    summary: str,
    refusal: Refusal = _anywhere,
    layers: slice | None = None,
    accumulates: bool = False,
) -> Callable[[Rewrite], Rewrite]:
    """Enter a rewrite into the catalogue, under the function's name.

    Where there are ``layers``, of those from the last to the first, it is made in each of them, and
    gets the layer after the step.
    """

    def entered(rewrite: Rewrite) -> Rewrite:
        def whole(step: Step) -> Step:
            for layer in range(step.depth, 0, -1)[layers or EVERY]:
                step = rewrite(step, layer)
            return step

        name, made = name_of(rewrite), rewrite if layers is None else whole
        MISTAKES[name] = Mistake(name, summary, made, refusal, accumulates=accumulates)
        return rewrite

    return entered


def _frozen(name: str, summary: str, freezes: Freezes, refusal: Refusal = _anywhere) -> None:
    """Enter a mistake that only leaves parameters as they are."""

    def rewrite(step: Step) -> Step:
        return step.keeping(freezes(step.experiment.network))

    MISTAKES[name] = Mistake(name, summary, rewrite, refusal, freezes)


def _with_error(
    name: str,
    summary: str,
    change: Callable[[Node, int], Node],
    factor: Factor,
    refusal: Refusal = _anywhere,
) -> None:
    """Enter a mistake that changes the error of the outputs, wherever it is read.

    ``change`` is given it and the number of samples.
    """

    def rewrite(step: Step) -> Step:
        gradient, delta = step.names.out_gradient(step.depth), step.names.delta(step.depth)
        fused = not step.reads(delta, gradient)
        for each in (gradient, delta) if fused else (gradient,):
            step = step.with_formula(each, change(step.nodes[each].named(""), step.samples))
        return step

    MISTAKES[name] = Mistake(name, summary, rewrite, refusal, factor=factor)


@mistake("uses W where W.T belongs on the way back", _needs_square, HIDDEN)
def transposed_weights(step: Step, layer: int) -> Step:
    carried, weights = step.back_through(layer)
    return step.with_formula(step.names.out_gradient(layer), carried @ weights.T)


@mistake("leaves the activation's derivative out of the output layer's delta", layers=OUTPUT)
def missing_output_derivative(step: Step, layer: int) -> Step:
    upstream = step.nodes[step.names.out_gradient(layer)]
    return step.with_formula(step.names.delta(layer), positive(upstream))


@mistake(
    "leaves the activation's derivative out of the hidden layers' deltas", _needs_hidden, HIDDEN
)
def missing_hidden_derivative(step: Step, layer: int) -> Step:
    return missing_output_derivative(step, layer)


@mistake("evaluates the derivative at the activation, f'(a) instead of f'(z)", layers=EVERY)
def derivative_of_activation(step: Step, layer: int) -> Step:
    names = step.names
    out, upstream = step.nodes[names.out(layer)], step.nodes[names.out_gradient(layer)]
    if step.nodes[names.delta(layer)].op is positive:  # there is no derivative
        return step
    (again,) = out.op.rule(out.op(out), upstream)
    assert again is not None, "every activation has a derivative"
    return step.with_formula(names.delta(layer), again)


@mistake("backpropagates through weights that this step has already updated", _needs_hidden, HIDDEN)
def updated_weights(step: Step, layer: int) -> Step:
    carried, through = step.back_through(layer)
    name = step.names.weights(layer + 1)
    after = rewritten([through], {step.nodes[name]: step.updated[name]})[through]
    return step.with_formula(step.names.out_gradient(layer), carried @ after)


_frozen(
    "frozen-first-layer",
    "computes the first layer's gradient and never applies it",
    lambda network: network.parameters_of(1),
)
_frozen(
    "frozen-last-layer",
    "computes the last layer's gradient and never applies it",
    lambda network: network.parameters_of(network.depth),
)
_with_error(
    "wrong-sign",
    "turns the sign of the gradient, so the update climbs",
    lambda error, count: -error,
    lambda count: -1.0,
)
_with_error(
    "doubled",
    "doubles the gradient of the data loss",
    lambda error, count: multiply(constant(2.0), error),
    lambda count: 2.0,
)
_with_error(
    "missing-half",
    "halves the gradient of the data loss, as if the loss had another factor 1/2",
    lambda error, count: multiply(constant(0.5), error),
    lambda count: 0.5,
)


def _undivided(error: Node) -> Node:
    """Return an error without the division by the number of samples."""
    if error.op is divide and error.inputs[1].settings.get("code") == SAMPLE_COUNT:
        return error.inputs[0]
    if error.name or not error.inputs:
        return error
    *before, last = error.inputs
    return replace(error, inputs=(*before, _undivided(last)))


_with_error(
    "not-averaged",
    "sums the gradient over the batch although the loss is a mean",
    lambda error, count: _undivided(error),
    float,
    _needs_mean,
)
_with_error(
    "averaged-twice",
    "divides the gradient by the batch size once too often",
    lambda error, count: error / samples(count),
    lambda count: 1.0 / count,
)
_frozen(
    "bias-not-updated",
    "computes the biases' gradient and never applies it",
    lambda network: (network.names.bias(layer) for layer in range(1, network.depth + 1)),
    _needs_bias,
)


@mistake("does not sum the bias gradient over the batch", _needs_bias, EVERY)
def bias_gradient_not_summed(step: Step, layer: int) -> Step:
    delta = step.nodes[step.names.delta(layer)]
    return step.with_formula(step.names.bias_gradient(layer), item(delta, index=-1))


@mistake("adds to the gradients of earlier steps, which are never cleared", accumulates=True)
def gradient_accumulated(step: Step) -> Step:
    for name in step.gradients:
        gradient = step.nodes[name]
        earlier = leaf(f"accumulated_{name[1:]}", gradient.shape, "slot")
        step = step.with_formula(name, earlier + gradient.named(""))
        step = step.remembering(earlier, step.nodes[name])
    return step


@mistake("uses a instead of the sigmoid's a (1 - a) in the output factor", _needs_sigmoid_output)
def output_factor_a(step: Step) -> Step:
    names, last = step.names, step.depth
    gradient, out = step.nodes[names.out_gradient(last)], step.nodes[names.out(last)]
    _, weights = step.back_through(last - 1)
    return step.with_formula(names.out_gradient(last - 1), (gradient * out) @ weights)


@mistake(
    "indexes the hidden derivative by the next layer's unit, inside the sum",
    _needs_square,
    HIDDEN,
)
def hidden_derivative_by_output(step: Step, layer: int) -> Step:
    carried, weights = step.back_through(layer)
    upstream = step.nodes[step.names.out_gradient(layer)]
    delta = step.nodes[step.names.delta(layer)]
    misplaced = rewritten([delta], {upstream: carried})[delta].named("")
    step = step.with_formula(upstream.name, misplaced @ weights)
    return step.with_formula(delta.name, positive(step.nodes[upstream.name]))


UPDATED_WEIGHTS, NOT_SUMMED = name_of(updated_weights), name_of(bias_gradient_not_summed)
"""Names of mistakes of which there is more to say."""
PUBLISHED = {
    frozenset({"transposed-weights", "frozen-last-layer"}): "listing 1",
    frozenset(
        {"output-factor-a", "hidden-derivative-by-output", "transposed-weights"}
    ): "listing 2",
    frozenset({UPDATED_WEIGHTS}): "Mazur",
}
"""Mistakes of published programs, and what the source of such a preset mentions."""
CONTRADICTORY = (("missing-hidden-derivative", "hidden-derivative-by-output"),)
"""Pairs that cannot both be made: what the first leaves out, the second misplaces."""


def heading(mistakes: tuple[str, ...], source: str) -> str:
    """Say how what is computed with ``mistakes`` is called beside the correct numbers."""
    mentioned = PUBLISHED.get(frozenset(mistakes))
    if mentioned is not None and mentioned in source:
        return "as published"
    return "with the mistakes" if len(mistakes) > 1 else "with the mistake"


def check_mistakes(names: tuple[str, ...], network: Network, reduction: str) -> None:
    """Raise :class:`UnusableError` unless all of ``names`` can be made together in ``network``."""
    key = "training.mistakes"
    for index, name in enumerate(names):
        place = f"{key}[{index}]"
        require(name in MISTAKES, place, repr(name), f"one of {', '.join(MISTAKES)}")
        require(name not in names[:index], place, f"{name!r} twice", "each mistake once")
        refusal = MISTAKES[name].refusal(network, reduction)
        possible = f"a mistake that is possible here: {refusal}"
        require(refusal is None, place, repr(name), possible)
    for first, second in CONTRADICTORY:
        expected = "one of them: the second cannot misplace what the first leaves out"
        require(not {first, second} <= set(names), key, f"{first!r} with {second!r}", expected)


def with_mistakes(step: Step, names: tuple[str, ...]) -> Step:
    """Return the step with these mistakes in it."""
    for name, known in MISTAKES.items():
        if name in names:
            step = known.rewrite(step)
    return step


def mistaken_step(experiment: Experiment, samples: int) -> Step:
    """Return the step of ``experiment`` on a batch of ``samples``, with all its mistakes."""
    return with_mistakes(training_step(experiment, samples), experiment.training.mistakes)
