"""No sign stands beside another one: + (-0.13) or a minus, never + -0.13, in every form."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from bptui.core.experiment import Experiment
from bptui.core.mistakes import MISTAKES
from bptui.core.optimizers import OPTIMIZERS
from bptui.core.timeline import Timeline
from bptui.explain.equation import Equation
from bptui.explain.explain import Explainer
from bptui.explain.latex import LatexWriter
from bptui.explain.lines import plain
from bptui.explain.report import FORMS, Report

from .derivation_support import random_experiment
from .support import PAIRS, experiment

TWO_SIGNS = re.compile(r"(?:[-+·/⊙]|\\[co]dot) *-")
"""In code, a * -b is how Python writes it."""


def printed(made: Experiment) -> Iterator[str]:
    """Every line that explains the third step, as text and in LaTeX."""
    explainer = Explainer(made)
    snapshot = Timeline(made).snapshot(2)
    writer = LatexWriter(explainer.symbols)
    gradients = [f"gw{number}" for number in (1, made.network.weight_count)]
    for subject in ("all", *gradients):
        explanation = explainer.explain(snapshot, subject)
        for form in FORMS:
            yield from map(plain, Report(explainer.symbols, 60).lines(explanation, form))
        statements = [*explanation.arrays]
        for section in explanation.numbers:
            statements += section.statements
        for each in statements:
            for one in (each,) if isinstance(each, Equation) else (each.mistaken, each.correct):
                yield from writer.lines(one)


def check(made: Experiment) -> None:
    for line in printed(made):
        assert not TWO_SIGNS.search(line), line


@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_losses(output: str, loss: str) -> None:
    check(experiment((2, 2, 2), ("tanh", output), loss=loss, samples=3, l2=0.01))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers(optimizer: str) -> None:
    check(experiment((2, 2, 2), "sigmoid", optimizer=optimizer, samples=2, l2=0.01))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(mistake: str) -> None:
    check(experiment((2, 2, 2), "sigmoid", samples=2, mistakes=(mistake,)))


@pytest.mark.parametrize("seed", range(100, 104))
def test_random_networks(seed: int) -> None:
    check(random_experiment(seed, mistakes=seed % 3))
