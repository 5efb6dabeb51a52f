"""The catalogue of mistakes against the same mistakes made in plain loops."""

import itertools

import pytest

from bptui.core.engine import Engine
from bptui.core.errors import UnusableError
from bptui.core.mistakes import CONTRADICTORY, MISTAKES, check_mistakes
from bptui.core.network import Network

from .support import assert_same_bits, check_against_plain_loops, experiment


def test_pairs_run_and_agree_with_plain_loops() -> None:
    """All pairs that are not refused; the order in which they are named does not matter."""
    layers, activations = (3, 2, 2, 2), ("sigmoid", "softplus", "sigmoid")
    refused = set()
    for one, two in itertools.combinations(MISTAKES, 2):
        settings = {"samples": 3, "loss": "binary_cross_entropy", "learning_rate": 0.05}
        try:
            made = experiment(layers, activations, mistakes=(one, two), **settings)
        except UnusableError:
            refused.add((one, two))
            continue
        check_against_plain_loops(made, 2)
        swapped = experiment(layers, activations, mistakes=(two, one), **settings)
        assert_same_bits(Engine(made).record(), Engine(swapped).record())
    assert refused == set(CONTRADICTORY)


NARROWING = Network((2, 3, 2), ("tanh", "sigmoid"))
LINEAR = Network((2, 2), ("sigmoid",))
NO_BIAS = Network((2, 2, 2), ("sigmoid", "sigmoid"), bias=False)
TANH = Network((2, 2, 2), ("sigmoid", "tanh"))


@pytest.mark.parametrize(
    ("name", "network", "reduction", "reason"),
    [
        ("transposed-weights", NARROWING, "mean", "W2 is 3x2"),
        ("hidden-derivative-by-output", NARROWING, "mean", "W2 is 3x2"),
        ("transposed-weights", LINEAR, "mean", "no hidden layer"),
        ("missing-hidden-derivative", LINEAR, "mean", "no hidden layer"),
        ("updated-weights", LINEAR, "mean", "no hidden layer"),
        ("output-factor-a", LINEAR, "mean", "no hidden layer"),
        ("output-factor-a", TANH, "mean", "derivative of a sigmoid"),
        ("bias-not-updated", NO_BIAS, "mean", "no biases"),
        ("bias-gradient-not-summed", NO_BIAS, "mean", "no biases"),
        ("not-averaged", TANH, "sum", "a sum over the batch"),
    ],
)
def test_refusals(name: str, network: Network, reduction: str, reason: str) -> None:
    with pytest.raises(UnusableError) as caught:
        check_mistakes((name,), network, reduction)
    assert caught.value.key == "training.mistakes[0]"
    assert name in caught.value.found
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("names", "key", "found"),
    [
        (("wrong-sign", "slip"), "training.mistakes[1]", "slip"),
        (("doubled", "doubled"), "training.mistakes[1]", "twice"),
        (CONTRADICTORY[0], "training.mistakes", CONTRADICTORY[0][1]),
    ],
)
def test_unknown_repeated_and_contradictory(names: tuple[str, ...], key: str, found: str) -> None:
    with pytest.raises(UnusableError) as caught:
        check_mistakes(names, TANH, "mean")
    assert caught.value.key == key
    assert found in str(caught.value)
