"""A mistake stands beside the right expression, and the two differ just where the mistake is."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from bptui.core.engine import Engine, Snapshot
from bptui.core.experiment import Experiment
from bptui.core.mistakes import CONTRADICTORY, MISTAKES
from bptui.explain.equation import Comparison
from bptui.explain.explain import Explainer, Explanation, Statement
from bptui.explain.expression import Expression
from bptui.explain.printer import PRODUCT, Printer
from bptui.explain.scope import Scope
from bptui.explain.symbols import Symbols
from bptui.presets import load
from bptui.presets.folders import shipped_names

from .derivation_support import steps
from .reference import objective
from .support import experiment

H1, H2, O1, O2 = (f"out_{unit} · (1 - out_{unit})" for unit in ("h1", "h2", "o1", "o2"))
AGAIN = "sigmoid(out_{0}) · (1 - sigmoid(out_{0}))"

DIFFERENCES: dict[str, dict[str, set[tuple[str, str]]]] = {
    "transposed-weights": {"gw1": {("w6", "w7")}, "gw3": {("w7", "w6")}, "gw5": set()},
    "missing-output-derivative": {"gw1": {("", O1), ("", O2)}, "gw5": {("", O1)}},
    "missing-hidden-derivative": {"gw1": {("", H1)}, "gw4": {("", H2)}, "gw5": set()},
    "derivative-of-activation": {
        "gw1": {
            (AGAIN.format("o1") + " · " + AGAIN.format("h1"), f"{O1} · {H1}"),
            (AGAIN.format("o2") + " · " + AGAIN.format("h1"), f"{O2} · {H1}"),
        },
        "gw8": {(AGAIN.format("o2"), O2)},
    },
    "updated-weights": {"gw1": {("new w5", "w5"), ("new w7", "w7")}, "gw5": set()},
    "wrong-sign": {
        "gw1": {
            ("(t1 - out_o1) / 2", "(out_o1 - t1) / 2"),
            ("(t2 - out_o2) / 2", "(out_o2 - t2) / 2"),
        },
        "gw5": {("(t1 - out_o1) / 2", "(out_o1 - t1) / 2")},
    },
    "doubled": {"gw1": {("2", "")}, "gw5": {("2", "")}},
    "missing-half": {"gw1": {("1/2", "")}, "gw5": {("1/2", "")}},
    "not-averaged": {
        "gw1": {("out_o1 - t1", "(out_o1 - t1) / 2"), ("out_o2 - t2", "(out_o2 - t2) / 2")}
    },
    "averaged-twice": {"gw5": {("(out_o1 - t1) / 2 / 2", "(out_o1 - t1) / 2")}},
    "output-factor-a": {"gw1": {("", "1 - out_o1"), ("", "1 - out_o2")}, "gw5": set()},
    "hidden-derivative-by-output": {
        "gw1": {("out_h2", "out_h1")},
        "gw3": {("out_h1", "out_h2")},
        "gw5": set(),
    },
    "bias-gradient-not-summed": {"gw1": set(), "gw5": set()},
    "bias-not-updated": {"gw1": set()},
    "frozen-first-layer": {"gw1": set(), "gw5": set(), "w5": set()},
    "frozen-last-layer": {"gw1": set(), "gw5": set(), "w1": set()},
    "gradient-accumulated": {},
}
"""By mistake and subject: what stands there, and what belongs there."""

UPDATES = {
    "frozen-first-layer": ("w1", "b_h2"),
    "frozen-last-layer": ("w8", "b_o1"),
    "bias-not-updated": ("b_h1", "b_o2"),
}
"""What each of these mistakes fails to update."""

CHANGED = {
    "gradient-accumulated": ("gw1", "gw8", "gb_h1", "gb_o2"),
    "bias-gradient-not-summed": ("gb_h1", "gb_o2"),
}
"""What each of these mistakes changes as a whole."""


def made_with(*mistakes: str) -> Experiment:
    return experiment((2, 2, 2), "sigmoid", samples=2, mistakes=mistakes)


def last(made: Experiment, count: int = 2) -> Snapshot:
    *_, snapshot = steps(made, count)
    return snapshot


def statements(explanation: Explanation) -> list[Statement]:
    return [each for section in explanation.numbers for each in section.statements]


def comparisons(explanation: Explanation) -> list[Comparison]:
    return [each for each in statements(explanation) if isinstance(each, Comparison)]


def differences(explanation: Explanation, symbols: Symbols) -> set[tuple[str, str]]:
    """The differing parts as text: what stands there, what belongs there."""
    found = set()
    for each in comparisons(explanation):
        here, there = each.mistaken.scope, each.correct.scope
        for one in each.differences:
            found.add((text(one.mistaken, here, symbols), text(one.correct, there, symbols)))
    return found


def text(parts: tuple[Expression, ...], scope: Scope, symbols: Symbols) -> str:
    tokenizer = Printer(symbols, scope)
    level = PRODUCT if len(parts) > 1 else 1
    written = (tokenizer.tokens(each, level + (len(parts) > 1)) for each in parts)
    return " · ".join("".join(token.symbol for token in each) for each in written)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_differences_are_the_mistake(mistake: str) -> None:
    made = made_with(mistake)
    explainer, snapshot = Explainer(made), last(made)
    for subject, wanted in DIFFERENCES[mistake].items():
        explanation = explainer.explain(snapshot, subject)
        assert differences(explanation, explainer.symbols) == wanted, subject


@pytest.mark.parametrize("mistake", [*UPDATES, *CHANGED])
def test_what_a_mistake_changes_is_held_against_what_is_right(mistake: str) -> None:
    made = made_with(mistake)
    explainer, snapshot = Explainer(made), last(made)
    for subject in UPDATES.get(mistake, CHANGED.get(mistake, ())):
        assert comparisons(explainer.explain(snapshot, subject)), subject


@pytest.mark.parametrize("mistake", MISTAKES)
def test_values_of_both_sides(mistake: str) -> None:
    """The mistaken one is the engine's, the correct one the slope of the loss."""
    made = made_with(mistake)
    explainer, snapshot = Explainer(made), last(made)
    for number in range(1, made.network.weight_count + 1):
        (gradient,) = statements(explainer.explain(snapshot, f"gw{number}"))
        equation = gradient.mistaken if isinstance(gradient, Comparison) else gradient
        name, index = equation.left.name, equation.left.index
        assert index is not None
        assert equation.value == pytest.approx(snapshot.values[name][index], rel=1e-12)
        correct = gradient.correct if isinstance(gradient, Comparison) else gradient
        slope = numerical(snapshot, int(name[2:]) - 1, index)
        assert correct.value == pytest.approx(slope, rel=1e-6)


def numerical(snapshot: Snapshot, layer: int, index: tuple[int, ...], step: float = 1e-5) -> float:
    """A central difference of the loss by one weight."""
    weights = [each.copy() for each in snapshot.parameters.weights]
    biases = [*snapshot.parameters.biases] if snapshot.parameters.biases is not None else None
    sides = []
    for sign in (1.0, -1.0):
        weights[layer][index] = snapshot.parameters.weights[layer][index] + sign * step
        x, t = snapshot.values["input"], snapshot.values["target"]
        sides.append(objective(snapshot.experiment, weights, biases, x, t))
    return (sides[0] - sides[1]) / (2.0 * step)


@pytest.mark.parametrize("pair", itertools.combinations(MISTAKES, 2), ids="-".join)
def test_the_correct_side_is_a_step_without_mistakes(pair: tuple[str, str]) -> None:
    """From the same state, whatever is made together; the mistaken side is the engine's."""
    if pair in CONTRADICTORY:
        return
    made = made_with(*pair)
    explainer, snapshot = Explainer(made), last(made)
    corrected = explainer.corrected(snapshot)
    for gradient in ("gW1", "gb1", "gW2", "gb2", "W1", "W2", "b1", "b2"):
        for each in comparisons(explainer.explain(snapshot, gradient)):
            index = each.mistaken.left.index
            assert index is not None
            for side, step in ((each.mistaken, snapshot), (each.correct, corrected)):
                scope = Scope.of(step)
                wanted = scope.array(side.left.name, side.left.new)[index]
                assert side.value == pytest.approx(float(wanted), rel=1e-12)
    right = replace(made.training, mistakes=())
    plain = Engine(Experiment("right", made.network, snapshot.parameters, right, made.data))
    for found, wanted in zip(
        corrected.gradients.weights, plain.record().gradients.weights, strict=True
    ):
        assert np.array_equal(found, wanted)


@pytest.mark.parametrize("preset", shipped_names())
def test_nothing_is_compared_where_nothing_is_mistaken(preset: str) -> None:
    made = load(preset)
    explainer, snapshot = Explainer(made), last(made, 1)
    for subject in ("all", "w1", "W1", "loss"):
        explanation = explainer.explain(snapshot, subject)
        found = [each for each in explanation.arrays if isinstance(each, Comparison)]
        if not made.training.mistakes:
            assert not found
            assert not comparisons(explanation)
    if made.training.mistakes:
        assert comparisons(explainer.explain(snapshot, "all"))
