"""What a function returned is read by names, in whichever order and nesting it came."""

import itertools
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from bptui.check.functions.calls import right_of
from bptui.check.functions.reading import Other, Reader, Reading, UnreadableError
from bptui.check.numbers.trials import Case, FunctionName, cases_for
from bptui.core.arrays import Array
from bptui.presets.files import load, loads


@cache
def case_of(preset: str) -> Case:
    """The preset's own numbers, with more than one call in its life."""
    experiment = load(preset)
    bias = experiment.network.bias
    return cases_for(experiment, bias=bias, single=False, function="gradients")[1]


def parts(case: Case) -> tuple[list[Array], list[Array]]:
    """The right gradients of the last call: of the weights, of the biases."""
    values, layers = case.right[-1].values, range(1, case.experiment.network.depth + 1)
    biases = layers if case.experiment.network.bias else ()
    return [values[f"gW{each}"] for each in layers], [values[f"gb{each}"] for each in biases]


def reading(case: Case, value: object, function: FunctionName = "gradients") -> Reading:
    parameters = case.right[0].parameters.named()
    right = [right_of(function, each) for each in case.right]
    return Reader(function, right).read(value, parameters)


Style = Callable[[list[Array], list[Array]], object]
STYLES: dict[str, Style] = {
    "weights, then biases": lambda w, b: [*w, *b],
    "layer after layer": lambda w, b: list(itertools.chain(*zip(w, b, strict=True))),
    "pairs of layers": lambda w, b: [[*each] for each in zip(w, b, strict=True)],
    "nested lists": lambda w, b: [[x.tolist(), y.tolist()] for x, y in zip(w, b, strict=True)],
    "two lists": lambda w, b: [w, b],
    "biases as rows": lambda w, b: [v for x, y in zip(w, b, strict=True) for v in (x, [y])],
    "dict of lists": lambda w, b: {"weights": w, "biases": b},
    "dict of gW": lambda w, b: {"gW": w, "gb": b},
    "dict of names": lambda w, b: named(w, b, "gW{}", "gb{}"),
    "dict of dW": lambda w, b: named(w, b, "dW{}", "db{}"),
    "dict of dw": lambda w, b: named(w, b, "dw{}", "db_{}"),
    "dict of grad_W": lambda w, b: named(w, b, "grad_W{}", "grad_b{}"),
    "dict of the parameters' names": lambda w, b: named(w, b, "W{}", "b{}"),
    "loss and lists": lambda w, b: [0.5, w, b],
    "loss and dict": lambda w, b: [np.array(0.5), named(w, b, "dW{}", "db{}")],
}
STACKED: dict[str, Style] = {
    "arrays of all layers": lambda w, b: [np.array(w), np.array(b)],
    "weights in one array": lambda w, b: [np.array(w), b],
    "dict of arrays": lambda w, b: {"weights": np.array(w), "biases": np.array(b)},
}
NOTED: dict[str, Style] = {
    "the biases' part comes first": lambda w, b: [b, w],
    "the weights' gradients have shape (fan_out, fan_in)": lambda w, b: [[x.T for x in w], b],
}


def named(weights: list[Array], biases: list[Array], one: str, other: str) -> dict[str, Array]:
    pairs = enumerate(zip(weights, biases, strict=True), 1)
    return {
        name: array
        for layer, (w, b) in pairs
        for name, array in ((one.format(layer), w), (other.format(layer), b))
    }


@pytest.mark.parametrize("preset", ["xor", "mazur", "hagan", "iris", "and"])
def test_gradients_in_every_order_and_nesting(preset: str) -> None:
    """xor, hagan and and have one output unit, whose columns fit vectors; mazur equal shapes."""
    case = case_of(preset)
    weights, biases = parts(case)
    equal = len({each.shape for each in weights}) == 1
    for style, made in {**STYLES, **(STACKED if equal else {})}.items():
        found = reading(case, made(weights, biases))
        for layer, (gradient, bias) in enumerate(zip(weights, biases, strict=True), 1):
            assert np.array_equal(found.quantities[f"gW{layer}"], gradient), (preset, style)
            assert np.array_equal(found.quantities[f"gb{layer}"], bias), (preset, style)
        assert found.notes == []


@pytest.mark.parametrize("preset", ["xor", "iris"])
def test_what_is_unusual_is_noted(preset: str) -> None:
    """Matrices that are not square show by their shapes that they are transposed."""
    case = case_of(preset)
    weights, biases = parts(case)
    for note, made in NOTED.items():
        found = reading(case, made(weights, biases))
        assert np.array_equal(found.quantities["gW1"], weights[0]), note
        assert np.array_equal(found.quantities["gb2"], biases[1]), note
        assert found.notes == [note]


@pytest.mark.parametrize("preset", ["article", "mazur", "xor", "iris"])
def test_a_list_from_the_last_layer_to_the_first_is_read_and_told(preset: str) -> None:
    case = case_of(preset)
    weights, biases = (each[::-1] for each in parts(case))
    values: list[object] = [weights]
    if biases:
        pairs = [[*each] for each in zip(weights, biases, strict=True)]
        values = [[weights, biases], [*weights, *biases], pairs]
    for value in values:
        found = reading(case, value)
        assert np.array_equal(found.quantities["gW1"], weights[-1])
        assert found.notes == ["the last layer comes first"]
    doubled = [2 * each for each in weights]
    if preset == "article":  # neither its shapes nor these numbers say which is which
        assert np.array_equal(reading(case, doubled).quantities["gW1"], doubled[0])


def test_what_is_not_numbers_is_said() -> None:
    case = case_of("article")
    weights, _ = parts(case)
    found = reading(case, {"gW1": weights[0], "loss": Other("a str"), "delta_o": None})
    assert list(found.quantities) == ["gW1"]
    assert found.notes == ["ignored, as no quantity of this network: loss (a str)"]
    whole = reading(case, [each.astype(int) for each in weights])
    assert whole.spoiled["gW1"] == "it holds whole numbers (int64), so decimals are lost"
    for value, message in (
        ({"gW1": {}}, r"it returned a dict with gW1 \(a dict\); expected names among"),
        ({"gW1": None}, "it returned a dict with nothing; expected names among"),
        ({"weights": 1.0}, "returned 1 arrays for weights; expected"),
        ([[[Other("a str")]], weights[1]], r"where \[0\]\[0\]\[0\] is a str; expected a list"),
        (weights * 2, "it returned 4 arrays; expected a list"),
    ):
        with pytest.raises(UnreadableError, match=message):
            reading(case, value)
    cut = reading(case, [weights[0], weights[1][:, :1]])
    assert cut.spoiled["gW2"] == "it has shape (2, 1); expected (2, 2), the shape of W2"
    assert cut.misshapen == ["gW2"]


def test_names_that_the_network_does_not_have_are_ignored() -> None:
    case = case_of("article")
    weights, _ = parts(case)
    found = reading(case, {**named(weights, weights, "dW{}", "db{}"), "biases": weights})
    assert [*found.quantities] == ["gW1", "gW2"]
    assert found.notes == ["ignored, as no quantity of this network: 'db1', 'db2', 'biases'"]


def test_a_transposed_list_is_not_taken_for_one_from_the_last_layer() -> None:
    """2-4-2: the transposes have the shapes of the other layer's."""
    preset = (
        "[network]\nlayers = [2, 4, 2]\n[data]\ninputs = [[0.1, 0.2]]\ntargets = [[0.0, 1.0]]\n"
    )
    case = cases_for(loads(preset, "own", Path()), bias=False, single=True, function="gradients")[1]
    weights, _ = parts(case)
    turned = reading(case, [each.T for each in weights])
    assert np.array_equal(turned.quantities["gW1"], weights[0])
    found = reading(case, [weights[0].T, weights[1]])
    assert found.spoiled["gW1"] == "it has shape (4, 2), the transpose of (2, 4)"
    with pytest.raises(UnreadableError, match=r"W1: it has shape .*, the transpose of"):
        reading(case, {"W1": weights[0].T}, "step")
    assert reading(case, weights[::-1]).notes == ["the last layer comes first"]


def test_a_step_may_return_nothing_or_its_loss() -> None:
    case = case_of("mazur")
    for value in (None, 0.25):
        found = reading(case, value, "step").quantities
        assert np.array_equal(found["W1"], case.right[0].parameters.weights[0])
        assert {*found} == {"W1", "W2", "b1", "b2"}
