"""Formulas in LaTeX: well formed, no line too long, with the values of the text's."""

from __future__ import annotations

import re

import numpy as np
import pytest

from bptui.core.experiment import Experiment
from bptui.core.losses import LOSSES
from bptui.core.optimizers import OPTIMIZERS
from bptui.core.timeline import Timeline
from bptui.explain.equation import Equation
from bptui.explain.explain import Explainer
from bptui.explain.latex import WIDTH, LatexWriter, glyphs, latex_number, matrix_text
from bptui.explain.words import operation_words

from ..core.support import experiment
from .support import CASES, all_equations, last, statements

OTHERS = {
    "one": experiment((1, 1), bias=False, samples=1),
    "deep": experiment((2, 2, 3, 2, 2, 2), bias=False),
    "wide": experiment((40, 30, 10), ("relu", "softmax"), loss="cross_entropy", samples=9),
}


def lines_of(made: Experiment, quantity: str) -> list[list[str]]:
    """The lines of the equations on single numbers that explain ``quantity`` in step 0."""
    explainer = Explainer(made)
    found = statements(explainer.explain(Timeline(made).snapshot(0), quantity))
    writer = LatexWriter(explainer.symbols, 6)
    return [writer.lines(each) for each in found if isinstance(each, Equation)]


def assert_well_formed(line: str) -> None:
    """Braces, parentheses and environments are closed in the order in which they are opened."""
    depth = 0
    for sign in re.sub(r"\\[{}]", "", line):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0, line
    assert depth == 0, line
    assert line.count(r"\left") - line.count(r"\leftarrow") == line.count(r"\right"), line
    begun = re.findall(r"\\begin\{(\w+)\}", line)
    assert sorted(begun) == sorted(re.findall(r"\\end\{(\w+)\}", line)), line
    plain = re.sub(r"\\begin\{(\w+)\}.*?\\end\{\1\}", "", line)
    assert plain.count("&") == 1, line  # one place to align at, but for those of matrices


@pytest.mark.parametrize("case", [*CASES, *OTHERS])
def test_every_line_is_well_formed(case: str) -> None:
    made = {**CASES, **OTHERS}[case]
    explainer = Explainer(made)
    writer = LatexWriter(explainer.symbols, 6, 10)
    for equation in all_equations(explainer.explain(last(made), "all")):
        lines = writer.lines(equation)
        for line in lines:
            assert_well_formed(line)
        if equation.left.index is not None:
            assert lines[-1].endswith(f"= {latex_number(equation.value, 10)}")


def test_what_a_mistake_changes_stands_in_a_box() -> None:
    made = experiment((2, 2, 2), "sigmoid", mistakes=("transposed-weights",), samples=1)
    explainer = Explainer(made)
    found = explainer.explain(Timeline(made).snapshot(0), "w1").numbers[0].statements[0]
    assert not isinstance(found, Equation)
    writer = LatexWriter(explainer.symbols)
    for equation, name in ((found.mistaken, "w_{6}"), (found.correct, "w_{7}")):
        symbols = "".join(writer.lines(equation)).split("&=")[1]
        assert re.findall(r"\\boxed\{([^}]*\})\}", symbols) == [name]


def test_a_gradient_by_hand_takes_every_path_to_the_loss() -> None:
    ((*lines,), update) = lines_of(experiment((2, 2, 2), "sigmoid", bias=False, samples=1), "w1")
    text = "\n".join(lines)
    assert lines[0].startswith(r"\frac{\partial L}{\partial w_{1}} &= ")
    for factor in (r"w_{5}", r"w_{7}", r"\mathit{out}_{h1} \cdot \left(1 - \mathit{out}_{h1}"):
        assert factor in text
    assert update[0] == r"w_{1} &\leftarrow w_{1} - \eta \cdot \frac{\partial L}{\partial w_{1}}"
    assert max(map(glyphs, lines)) <= WIDTH + 10  # the sign and its margin


def test_samples_are_written_out_up_to_four_and_counted_beyond() -> None:
    for samples, left_out in ((4, None), (9, 5)):
        made = experiment((2, 1), "tanh", samples=samples)
        text = "\n".join(lines_of(made, "w1")[0])
        assert rf"\sum_{{{samples}\text{{ samples}}}}" in text
        labels = [int(each) for each in re.findall(r"\(sample (\d+)\)", text)]
        assert labels == ([1, 2, 3, 4] if left_out is None else [1, 2, 3, 9])
        more = rf"\underbrace{{\cdots}}_{{{left_out}\text{{ more samples}}}}"
        assert (more in text) == bool(left_out)


def test_matrices_leave_out_what_is_too_much_but_not_what_is_asked_for() -> None:
    text = matrix_text(np.arange(200.0).reshape(20, 10), 6, (11, 7))
    for told in (r"\mathbf{117}", r"\vdots", r"\cdots"):
        assert told in text
    assert text.endswith(r"_{20 \times 10}")
    assert text.count(r"\\") == 5
    small = matrix_text(np.array([[1.0, -0.0], [0.25, 3e-9]]), 6)
    assert small == r"\begin{pmatrix} 1 & 0 \\ 0.25 & 3 \times 10^{-9} \end{pmatrix}"


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_operation_is_told_in_words(loss: str, optimizer: str) -> None:
    made = experiment((2, 3, 3, 2), "sigmoid", loss=loss, optimizer=optimizer, l2=0.1)
    operations = Timeline(made).snapshot(0).operations
    told = [operation_words(each, made, 5) for each in operations]
    assert len(set(told)) == len(operations)
    assert sum("hidden layer 2" in words for words in told) >= 4
    assert any("averaged over the 5 samples" in words for words in told)
