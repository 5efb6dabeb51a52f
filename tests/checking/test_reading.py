"""What a function returned is read by names, in whichever order and nesting it came."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bptui.check.answers import Answer, Given
from bptui.check.diagnosis.cases import cases_for
from bptui.check.diagnosis.trials import Case, FunctionName
from bptui.check.process.values import Taker
from bptui.check.reading.read import Reading, UnreadableError, read
from bptui.core.arrays import Array
from bptui.presets import load, loads


@cache
def case_of(preset: str) -> Case:
    """The preset's own numbers, with more than one call in its life."""
    experiment = load(preset)
    return cases_for(experiment, bias=experiment.network.bias, single=False, function="gradients")[
        0
    ]


def parts(case: Case, call: int = -1) -> tuple[list[Array], list[Array]]:
    """The right gradients of a call: of the weights, of the biases."""
    values, layers = case.right[call].values, range(1, case.experiment.network.depth + 1)
    biases = layers if case.experiment.network.bias else ()
    return [values[f"gW{each}"] for each in layers], [values[f"gb{each}"] for each in biases]


def reading(case: Case, value: object, function: FunctionName = "gradients") -> Reading:
    """``value``, taken apart as in the process, and read."""
    given: Given = Taker(1 << 24).given(value)
    return read(Answer(given, ()), function, case, case.experiment.network.bias)


class Tensor:
    """What only numpy's protocol shows to be an array."""

    def __init__(self, values: Array) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:  # noqa: ANN401  # numpy's protocol
        return np.array(self.values, dtype)


Style = Callable[[list[Array], list[Array]], object]
STYLES: dict[str, Style] = {
    "weights, then biases": lambda w, b: [*w, *b],
    "layer after layer": lambda w, b: list(itertools.chain(*zip(w, b, strict=True))),
    "pairs of layers": lambda w, b: list(zip(w, b, strict=True)),
    "zip": lambda w, b: zip(w, b, strict=True),
    "nested lists": lambda w, b: [[x.tolist(), y.tolist()] for x, y in zip(w, b, strict=True)],
    "two lists": lambda w, b: (w, b),
    "biases as rows": lambda w, b: [v for x, y in zip(w, b, strict=True) for v in (x, [y])],
    "tensors": lambda w, b: (list(map(Tensor, w)), list(map(Tensor, b))),
    "dict of lists": lambda w, b: {"weights": w, "biases": b},
    "dict of gW": lambda w, b: {"gW": tuple(map(Tensor, w)), "gb": b},
}
STACKED: dict[str, Style] = {
    "arrays of all layers": lambda w, b: (np.array(w), np.array(b)),
    "weights in one array": lambda w, b: (np.array(w), b),
    "biases in one array": lambda w, b: [w, np.array(b)],
    "dict of arrays": lambda w, b: {"weights": np.array(w), "biases": np.array(b)},
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


def test_without_biases_equal_shapes_are_read_as_well() -> None:
    case = case_of("article")
    weights, _ = parts(case)
    for value in (weights, np.array(weights), {"gW": weights}, {"weights": np.array(weights)}):
        found = reading(case, value).quantities
        assert np.array_equal(found["gW1"], weights[0])
        assert np.array_equal(found["gW2"], weights[1])


@pytest.mark.parametrize("preset", ["article", "mazur", "xor", "iris"])
def test_a_list_from_the_last_layer_to_the_first_is_told(preset: str) -> None:
    case = case_of(preset)
    weights, biases = (each[::-1] for each in parts(case))
    values: list[object] = [weights]
    if biases:
        values = [(weights, biases), [*weights, *biases], list(zip(weights, biases, strict=True))]
    for value in values:
        with pytest.raises(UnreadableError, match="from the last layer to the first; expected gW1"):
            reading(case, value)
    doubled = [2 * each for each in weights]
    if preset == "article":  # neither its shapes nor these numbers say which is which
        assert np.array_equal(reading(case, doubled).quantities["gW1"], doubled[0])


def test_what_is_not_numbers_is_said() -> None:
    case = case_of("article")
    weights, _ = parts(case)
    found = reading(case, {"gW1": weights[0], "loss": "hello", "delta_o": None})
    assert list(found.quantities) == ["gW1"]
    assert found.notes == ["ignored: loss is a str"]
    whole = reading(case, [each.astype(int) for each in weights])
    assert whole.notes[0] == "gW1 holds whole numbers (int64), so decimals are lost"
    around: dict[str, object] = {}
    around["gW1"] = around
    for value, message in (
        (around, "it returned a dict in which gW1 is a dict; expected names among"),
        ({"gW1": None}, "it returned a dict without any values; expected names among"),
        ({"weights": 1.0}, "returned 1 arrays of weight gradients; expected 2"),
        ([[["a"]], weights[1]], r"where \[0\]\[0\]\[0\] is a str; expected a list"),
        ([weights[0], weights[1][:, :1]], r"gW2 has shape \(2, 1\); expected \(2, 2\)"),
        (weights * 2, "it returned 4 arrays; expected a list"),
    ):
        with pytest.raises(UnreadableError, match=message):
            reading(case, value)


def test_a_transposed_list_is_not_taken_for_one_from_the_last_layer() -> None:
    """2-4-2: the transposes have the shapes of the other layer's."""
    preset = (
        "[network]\nlayers = [2, 4, 2]\n[data]\ninputs = [[0.1, 0.2]]\ntargets = [[0.0, 1.0]]\n"
    )
    case = cases_for(loads(preset, "own", Path()), bias=False, single=True, function="gradients")[0]
    weights, _ = parts(case)
    with pytest.raises(UnreadableError, match=r"gW1 has shape .*, the transpose of"):
        reading(case, [each.T for each in weights])
    with pytest.raises(UnreadableError, match="from the last layer"):
        reading(case, weights[::-1])
