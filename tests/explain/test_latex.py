"""Formulas in LaTeX: well formed, no line too long, with the values of the text's."""

from __future__ import annotations

import re

import numpy as np
import pytest

from bptui.core.timeline import Timeline
from bptui.explain.equation import Equation
from bptui.explain.explain import Explainer
from bptui.explain.latex import WIDTH, LatexWriter, glyphs, latex_number, matrix_text

from ..core.support import experiment
from .support import CASES, all_equations, last, statements

OTHERS = {
    "one": experiment((1, 1), bias=False, samples=1),
    "deep": experiment((2, 2, 3, 2, 2, 2), bias=False),
    "wide": experiment((40, 30, 10), ("relu", "softmax"), loss="cross_entropy", samples=9),
}


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
    explainer = Explainer(last(made))
    writer = LatexWriter(explainer.symbols, 6, 10)
    for equation in all_equations(explainer.explain("all")):
        lines = writer.lines(equation)
        for line in lines:
            assert_well_formed(line)
        if equation.left.index is not None:
            assert lines[-1].endswith(f"= {latex_number(equation.value, 10)}")


def test_what_a_mistake_changes_stands_in_a_box_on_the_way_to_the_loss() -> None:
    made = experiment((2, 2, 2), "sigmoid", mistakes=("transposed-weights",), samples=1)
    explainer = Explainer(Timeline(made).snapshot(0))
    found = explainer.explain("w1").numbers[0].statements[0]
    assert not isinstance(found, Equation)
    writer = LatexWriter(explainer.symbols)
    for equation, name in ((found.mistaken, "w_{6}"), (found.correct, "w_{7}")):
        lines = writer.lines(equation)
        start, symbols, *_ = "".join(lines).split("&=")
        assert start == r"\frac{\partial L}{\partial w_{1}} "
        assert r"w_{5}" in symbols
        assert re.findall(r"\\boxed\{([^}]*\})\}", symbols) == [name]
        assert max(map(glyphs, lines)) <= WIDTH + 10  # the sign and its margin


def test_samples_are_written_out_up_to_four_and_counted_beyond() -> None:
    for samples, left_out in ((4, None), (9, 5)):
        made = experiment((2, 1), "tanh", samples=samples)
        explainer = Explainer(Timeline(made).snapshot(0))
        gradient, *_ = statements(explainer.explain("w1"))
        assert isinstance(gradient, Equation)
        text = "\n".join(LatexWriter(explainer.symbols, 6).lines(gradient))
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
