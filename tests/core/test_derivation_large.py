"""What is explained of a large network stays small: what is left out is counted, not written."""

from __future__ import annotations

from functools import cache

import pytest

from bptui.core.engine import Snapshot
from bptui.core.experiment import Experiment
from bptui.explain.elements import LONGEST
from bptui.explain.equation import Equation
from bptui.explain.explain import Explainer
from bptui.explain.expression import Expression, children
from bptui.explain.lines import plain
from bptui.explain.report import FORMS, Report

from .derivation_support import steps
from .support import experiment

LAYERS, SAMPLES = (784, 128, 10), 32
MOST_NODES_A_TERM = 40
"""Of one term of a sum over inputs, units or samples: a few factors, each of a few nodes."""


@cache
def large() -> tuple[Experiment, Snapshot]:
    made = experiment(
        LAYERS,
        ("tanh", "softmax"),
        samples=SAMPLES,
        loss="cross_entropy",
        optimizer="adam",
        scale=0.05,
    )
    (snapshot,) = steps(made, 1)
    return made, snapshot


def nodes(node: Expression) -> int:
    return 1 + sum(map(nodes, children(node)))


@pytest.mark.parametrize("subject", ["w1", "w100480", "net_h", "gW1", "W1", "gb_h128", "loss"])
def test_explanations_of_a_large_network_stay_small(subject: str) -> None:
    made, snapshot = large()
    explainer = Explainer(made)
    explanation = explainer.explain(snapshot, subject)
    statements = [each for section in explanation.numbers for each in section.statements]
    assert len(statements) <= 3 * 8  # m, v and w for each of the first eight
    for each in statements:
        assert isinstance(each, Equation)
        terms = LONGEST if subject != "loss" else SAMPLES * LAYERS[-1]
        assert nodes(each.expression) <= MOST_NODES_A_TERM * terms
    report = Report(explainer.symbols, 116)
    for form in FORMS:
        lines = [plain(line) for line in report.lines(explanation, form)]
        assert len(lines) < 120
        assert max(map(len, lines)) <= 116


def test_what_is_left_out_is_said() -> None:
    made, snapshot = large()
    explainer = Explainer(made)
    report = Report(explainer.symbols, 116)
    written = "\n".join(map(plain, report.lines(explainer.explain(snapshot, "gW1"), "scalar")))
    assert f"{784 * 128 - 8} more" in written.replace(",", "")
    assert f"{SAMPLES - 4} more samples" in written
    written = "\n".join(map(plain, report.lines(explainer.explain(snapshot, "net_h1"), "scalar")))
    assert f"{784 - 4} more" in written


@pytest.mark.parametrize("subject", ["w1", "b_o1", "gW2", "loss", "delta_h2"])
def test_the_cost_of_an_explanation_does_not_follow_the_batch(subject: str) -> None:
    count = 3000
    made = experiment((2, 2, 1), ("tanh", "sigmoid"), samples=count)
    (snapshot,) = steps(made, 1)
    explainer = Explainer(made)
    explanation = explainer.explain(snapshot, subject)
    for section in explanation.numbers:
        for each in section.statements:
            assert isinstance(each, Equation)
            assert nodes(each.expression) <= MOST_NODES_A_TERM * 5
            left = each.left
            value = each.scope.array(left.name, left.new)[left.index]
            assert each.value == pytest.approx(value, rel=1e-12)
    written = "\n".join(map(plain, Report(explainer.symbols, 116).lines(explanation, "scalar")))
    if subject != "delta_h2":
        assert f"over {count} samples" in written
        assert f"{count - 4} more samples" in written
        assert f"sample {count}" in written
