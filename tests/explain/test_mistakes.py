"""A mistake stands beside the right expression; tests/explained keeps where the two differ."""

import itertools

import pytest

from bptui.core.experiment import Experiment
from bptui.core.mistakes import CONTRADICTORY, MISTAKES
from bptui.explain.equation import Equation
from bptui.explain.explain import Explainer, Explanation, corrected, without_mistakes
from bptui.explain.expression import Scope

from ..core.support import experiment
from .support import last, statements


def made_with(*mistakes: str) -> Experiment:
    return experiment((2, 2, 2), "sigmoid", samples=2, mistakes=mistakes)


def comparisons(explanation: Explanation) -> list[Equation]:
    return [each for each in statements(explanation) if each.correct]


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
