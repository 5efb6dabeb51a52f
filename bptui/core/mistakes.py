"""The catalogue of mistakes: deviations from backpropagation, each with a name.

What each one changes is written where the step is put together, in :mod:`bptui.core.backprop`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from bptui.core.errors import UnusableError
from bptui.core.network import Network

Refusal = Callable[[Network, str], str | None]


def _anywhere(network: Network, reduction: str) -> str | None:
    return None


def _needs_hidden(network: Network, reduction: str) -> str | None:
    return None if network.depth > 1 else "there is no hidden layer to backpropagate to"


def _needs_square(network: Network, reduction: str) -> str | None:
    for layer in range(2, network.depth + 1):
        if network.layers[layer - 1] != network.layers[layer]:
            return (
                f"{network.names.weights(layer)} is {network.layers[layer - 1]}x"
                f"{network.layers[layer]}, and this mistake needs square matrices"
            )
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
    """A named deviation; ``refusal(network, reduction)`` says why it cannot be made there."""

    name: str
    summary: str
    refusal: Refusal = _anywhere
    shows_in: Literal["gradient", "update"] = "gradient"
    """Whether the gradients are wrong, or only what an update makes of them."""


MISTAKES: dict[str, Mistake] = {
    each.name: each
    for each in (
        Mistake("transposed-weights", "backpropagates through W instead of W^T", _needs_square),
        Mistake(
            "missing-output-derivative",
            "leaves the activation's derivative out of the output layer's delta",
        ),
        Mistake(
            "missing-hidden-derivative",
            "leaves the activation's derivative out of the hidden layers' deltas",
            _needs_hidden,
        ),
        Mistake(
            "derivative-of-activation",
            "evaluates the derivative at the activation, f'(a) instead of f'(z)",
        ),
        Mistake(
            "updated-weights",
            "backpropagates through weights that this step has already updated",
            _needs_hidden,
        ),
        Mistake(
            "frozen-first-layer",
            "computes the first layer's gradient and never applies it",
            shows_in="update",
        ),
        Mistake(
            "frozen-last-layer",
            "computes the last layer's gradient and never applies it",
            shows_in="update",
        ),
        Mistake("wrong-sign", "uses target - output as the error, so the update climbs"),
        Mistake("doubled", "doubles the gradient of the data loss"),
        Mistake(
            "missing-half",
            "halves the gradient of the data loss, as if the loss had another factor 1/2",
        ),
        Mistake(
            "not-averaged",
            "sums the gradient over the batch although the loss is a mean",
            _needs_mean,
        ),
        Mistake("averaged-twice", "divides the gradient by the batch size once too often"),
        Mistake(
            "bias-not-updated",
            "computes the biases' gradient and never applies it",
            _needs_bias,
            shows_in="update",
        ),
        Mistake(
            "bias-gradient-not-summed",
            "keeps the last sample's bias gradient instead of the sum over the batch",
            _needs_bias,
        ),
        Mistake(
            "gradient-accumulated",
            "adds to the gradients of earlier steps, which are never cleared",
        ),
        Mistake(
            "output-factor-a",
            "uses a instead of the sigmoid's a (1 - a) in the output factor",
            _needs_sigmoid_output,
        ),
        Mistake(
            "hidden-derivative-by-output",
            "indexes the hidden derivative by the next layer's unit, inside the sum",
            _needs_square,
        ),
    )
}

PUBLISHED = {
    frozenset({"transposed-weights", "frozen-last-layer"}): "listing 1",
    frozenset({"output-factor-a", "hidden-derivative-by-output", "transposed-weights"}): (
        "listing 2"
    ),
    frozenset({"updated-weights"}): "Mazur",
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
        if name not in MISTAKES:
            raise UnusableError(f"{key}[{index}]", repr(name), f"one of {', '.join(MISTAKES)}")
        if name in names[:index]:
            raise UnusableError(f"{key}[{index}]", f"{name!r} twice", "each mistake once")
        refusal = MISTAKES[name].refusal(network, reduction)
        if refusal is not None:
            raise UnusableError(
                f"{key}[{index}]", repr(name), f"a mistake that is possible here: {refusal}"
            )
    for first, second in CONTRADICTORY:
        if first in names and second in names:
            raise UnusableError(
                key,
                f"{first!r} with {second!r}",
                "one of them: the second cannot misplace what the first leaves out",
            )
