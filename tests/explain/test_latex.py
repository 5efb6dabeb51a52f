"""Formulas in LaTeX: well formed, no line too long, with the values of the text's."""

import re

import pytest

from bptui.core.timeline import Timeline
from bptui.explain.equation import Equation
from bptui.explain.explain import Explainer
from bptui.explain.latex import WIDTH, LatexWriter, glyphs

from ..core.support import experiment
from .support import CASES, all_equations, last

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
        if case in OTHERS or equation.left.index is None:  # test_printed.py looks at the others
            for line in writer.lines(equation):
                assert_well_formed(line)


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
