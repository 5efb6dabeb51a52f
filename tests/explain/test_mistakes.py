"""A mistake stands beside the right expression, and the two differ just where the mistake is."""

import itertools

import pytest

from bptui.core.experiment import Experiment
from bptui.core.graph.notation import SUM, UNARY
from bptui.core.mistakes import CONTRADICTORY, MISTAKES
from bptui.explain.equation import Equation
from bptui.explain.explain import Explainer, Explanation, corrected, without_mistakes
from bptui.explain.expression import Expression, Scope
from bptui.explain.printer import Printer, symbols_of
from bptui.explain.symbols import Symbols

from ..core.support import experiment
from .support import last, statements

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

CHANGED = {
    "frozen-first-layer": ("w1", "b_h2"),
    "frozen-last-layer": ("w8", "b_o1"),
    "bias-not-updated": ("b_h1", "b_o2"),
    "gradient-accumulated": ("gw1", "gw8", "gb_h1", "gb_o2"),
    "bias-gradient-not-summed": ("gb_h1", "gb_o2"),
}
"""What each of these mistakes changes as a whole, or fails to update."""


def made_with(*mistakes: str) -> Experiment:
    return experiment((2, 2, 2), "sigmoid", samples=2, mistakes=mistakes)


def comparisons(explanation: Explanation) -> list[Equation]:
    return [each for each in statements(explanation) if each.correct]


def differences(explanation: Explanation, symbols: Symbols) -> set[tuple[str, str]]:
    """The differing parts as text: what stands there, what belongs there."""
    return {
        (text(one.mistaken, each, symbols), text(one.correct, each, symbols))
        for each in comparisons(explanation)
        for one in each.differences
    }


def text(parts: tuple[Expression, ...], equation: Equation, symbols: Symbols) -> str:
    printer, level = Printer(symbols, equation.scope), UNARY if len(parts) > 1 else SUM
    return " · ".join(symbols_of(printer.tokens(part, level)) for part in parts)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_differences_are_the_mistake(mistake: str) -> None:
    """And the mistaken side has the engine's values."""
    made = made_with(mistake)
    snapshot = last(made)
    explainer = Explainer(snapshot)
    for subject, wanted in DIFFERENCES[mistake].items():
        explanation = explainer.explain(subject)
        assert differences(explanation, explainer.symbols) == wanted, subject
    for subject in CHANGED.get(mistake, ()):
        assert comparisons(explainer.explain(subject)), subject
    for number in range(1, made.network.weight_count + 1):
        (gradient,) = statements(explainer.explain(f"gw{number}"))
        name, index = gradient.left.name, gradient.left.index
        assert index is not None
        assert gradient.value == pytest.approx(snapshot.values[name][index], rel=1e-12)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_correct_side_is_a_step_without_mistakes(mistake: str) -> None:
    """From the same state, whatever is made together; the mistaken side is the engine's."""
    for pair in itertools.combinations(MISTAKES, 2):
        if pair[0] != mistake or pair in CONTRADICTORY:
            continue
        snapshot = last(made_with(*pair))
        explainer = Explainer(snapshot)
        right = corrected(snapshot, without_mistakes(snapshot.experiment))
        assert not right.experiment.training.mistakes
        for gradient in ("gW1", "gb1", "gW2", "gb2", "W1", "W2", "b1", "b2"):
            for each in comparisons(explainer.explain(gradient)):
                for side, step in zip(each.sides.values(), (snapshot, right), strict=True):
                    array = Scope.of(step).array(side.left.name, side.left.new)
                    assert side.left.index is not None
                    value = float(array[side.left.index])
                    assert side.value == pytest.approx(value, rel=1e-12), pair
