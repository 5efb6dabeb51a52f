"""What is printed is right: the numbers give the value, and wrapping loses and moves nothing."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain

import numpy as np
import pytest

from bptui.core.experiment import Experiment
from bptui.explain.equation import Equation
from bptui.explain.explain import Explainer
from bptui.explain.expression import Expression, Stable
from bptui.explain.formulas import LONGEST
from bptui.explain.latex import LatexWriter, latex_number
from bptui.explain.lines import Headings, TextLine, plain
from bptui.explain.pieces import FORMS
from bptui.explain.report import Report
from bptui.explain.symbols import Symbols
from bptui.explain.writer import EquationWriter

from ..core.reference import FUNCTIONS
from ..core.support import experiment
from .support import CASES, all_equations, last, rounding_scale, statements

WIDTHS = (40, 76)
ALL = 1_000_000
"""A width at which nothing is wrapped."""
ALIKE = 2
"""Equations that differ in indices and numbers only, of which some may be negative."""
TWO_SIGNS = re.compile(r"(?:[-+·/⊙]|\\[co]dot) *-")
"""Never + -0.13, but + (-0.13) or a minus. In code, a * -b is how Python writes it."""
WRITTEN = {
    "·": "*",
    "²": "**2",
    "√(2/π)": "sqrt(2/pi)",
    "√": "sqrt",
    "e^(": "exp(",
    "^": "**",
    "ln(": "log(",
    "if": " if ",
    "else": " else ",
}

Blocks = list[list[TextLine]]


def equations(made: Experiment) -> Iterator[tuple[Equation, Symbols]]:
    """Those of the second step on single numbers, gradients back to the loss too."""
    explainer = Explainer(last(made))
    for subject in ("all", "gw1", f"gw{made.network.weight_count}"):
        explanation = explainer.explain(subject)
        for equation in all_equations(explanation):
            if equation.left.index is not None:
                yield equation, explainer.symbols


def blocks(lines: Sequence[TextLine]) -> Blocks:
    """Lines by what they show: symbols, numbers, the terms' values, the value."""
    found: Blocks = []
    for line in lines:
        if not found or plain(line).lstrip().startswith("="):
            found.append([])
        found[-1].append(line)
    return found


def content(block: Sequence[TextLine]) -> str:
    """What a block says, without its name, its relation, labels and blanks."""
    spans = [span for line in block for span in line if span.role not in ("label", "name")]
    return "".join(span.text for span in spans).replace(" ", "").lstrip("=←")


def calculated(text: str) -> float:
    """The value of a line of numbers."""
    for sign, code in WRITTEN.items():
        text = text.replace(sign, code)
    names = {"sqrt": np.sqrt, "pi": np.pi, "exp": np.exp, "log": np.log, "tanh": np.tanh}
    others = {"max": max, "min": min, "abs": abs, "sign": np.sign, "inf": np.inf}
    with np.errstate(all="ignore"):
        return float(eval(text, {**FUNCTIONS, **names, **others}))


def textbook(node: Expression) -> Expression:
    """The expression as it is printed."""
    return textbook(node.parts[0]) if isinstance(node, Stable) else node.rebuilt(textbook)


def test_numbers_give_the_value_at_every_width() -> None:
    seen = Counter[str]()
    odd_ones_first = sorted(CASES, key=lambda case: not case.startswith(("random", "saturated")))
    for equation, symbols in chain.from_iterable(equations(CASES[each]) for each in odd_ones_first):
        writer = EquationWriter(symbols, ALL)
        kind = re.sub(r"\d", "", f"{symbols.text(equation.left)} {writer.formula(equation)}")
        seen[kind] += 1
        if seen[kind] > ALIKE:
            continue
        lines = writer.numbers(equation)
        whole = blocks(lines)
        check_numbers(whole, equation)
        typeset = LatexWriter(symbols).lines(equation)
        for text in (*map(plain, lines), *typeset):
            assert not TWO_SIGNS.search(text), text
        for line in typeset:
            assert_well_formed(line)
        assert typeset[-1].endswith(f"= {latex_number(equation.value, 10)}")
        if seen[kind] > 1:
            continue
        for width in WIDTHS:
            wrapped = EquationWriter(symbols, width).numbers(equation)
            assert [*map(content, blocks(wrapped))] == [*map(content, whole)]
            check_columns(blocks(wrapped))
            assert max(len(plain(line)) for line in wrapped) <= width or width < 76
        compact = EquationWriter(symbols, WIDTHS[-1]).numbers(equation, compact=True)
        assert sorted(everything(compact)) == sorted(everything(wrapped))  # the value elsewhere


def everything(lines: Sequence[TextLine]) -> str:
    return "".join(map(plain, lines)).replace(" ", "")


def check_numbers(found: Blocks, equation: Equation) -> None:
    """The numbers, and the values of the terms, give the value but for what rounding took."""
    *shown, value = map(content, found)
    assert float(value) == pytest.approx(equation.value, rel=1e-6)
    scale = float(rounding_scale(textbook(equation.expression), equation.scope))
    assert len(shown) in (1, 2, 3)
    for text, digits in zip(shown[1:], (6, 7), strict=False):
        # numbers left out; a function of a whole layer
        if "…" in text or "softmax(" in text or not np.isfinite(scale):
            continue
        # half a unit in the last digit of every number, a few dozen of them
        allowed = scale * 10 ** (2 - digits)
        assert calculated(text) == pytest.approx(equation.value, rel=0, abs=allowed), text


def check_columns(found: Blocks) -> None:
    """Every number stands where its symbol stands; symbols once for all samples."""
    if len(found) > 2:
        symbols = [columns(line, ("quantity", "setting")) for line in found[0]]
        numbers = [columns(line, ("number",)) for line in found[1]]
        if any(span.role == "label" for line in found[1] for span in line):
            assert all(each in symbols for each in numbers if each)
        else:
            assert numbers == symbols


def columns(line: TextLine, roles: Sequence[str]) -> list[int]:
    """Where the spans of these roles start."""
    starts, column = [], 0
    for span in line:
        starts += [column] if span.role in roles else []
        column += len(span.text)
    return starts


# what is explained of a large network stays small: the rest is counted, not written

LAYERS, SAMPLES = (784, 128, 10), 32
MOST_NODES_A_TERM = 40
"""Of one term of a sum over inputs, units or samples: a few factors, each of a few nodes."""


@cache
def large() -> Explainer:
    made = experiment(
        LAYERS,
        ("tanh", "softmax"),
        samples=SAMPLES,
        loss="cross_entropy",
        optimizer="adam",
        scale=0.05,
    )
    return Explainer(last(made, 1))


def nodes(node: Expression) -> int:
    return 1 + sum(map(nodes, node.parts))


@pytest.mark.parametrize("subject", ["w1", "w100480", "net_h", "gW1", "W1", "gb_h128", "loss"])
def test_explanations_of_a_large_network_stay_small(subject: str) -> None:
    explainer = large()
    explanation = explainer.explain(subject)
    assert len(statements(explanation)) <= 3 * 8  # m, v and w for each of the first eight
    for section in explanation.numbers:
        for each in section.statements:
            terms = LONGEST if subject != "loss" else SAMPLES * LAYERS[-1]
            assert nodes(each.expression) <= MOST_NODES_A_TERM * terms
    report = Report(explainer.symbols, 116)
    for form in FORMS:
        lines = [plain(line) for line in report.lines(explanation, form)]
        assert len(lines) < 120
        assert max(map(len, lines)) <= 116
    left_out = {"gW1": (f"{784 * 128 - 8} more", f"{SAMPLES - 4} more samples")}
    written = "\n".join(map(plain, report.lines(explanation, "scalar")))
    assert all(told in written for told in left_out.get(subject, ()))


@pytest.mark.parametrize("subject", ["w1", "b_o1", "gW2", "loss", "delta_h2"])
def test_the_cost_of_an_explanation_does_not_follow_the_batch(subject: str) -> None:
    count = 3000
    made = experiment((2, 2, 1), ("tanh", "sigmoid"), samples=count)
    explainer = Explainer(last(made, 1))
    explanation = explainer.explain(subject)
    for each in statements(explanation):
        assert nodes(each.expression) <= MOST_NODES_A_TERM * 5
        value = each.scope.array(each.left.name, each.left.new)[each.left.index]
        assert each.value == pytest.approx(value, rel=1e-12)
    written = "\n".join(map(plain, Report(explainer.symbols, 116).lines(explanation, "scalar")))
    if subject != "delta_h2":
        for told in (f"over {count} samples", f"{count - 4} more samples", f"sample {count}"):
            assert told in written


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


def test_numbers_of_the_selected_units_are_lit_in_every_form() -> None:
    """Those of a weight from h1 to o2."""
    explainer = Explainer(last(experiment((3, 2, 4), "tanh", samples=2)))
    headings = Headings(explainer.symbols, frozenset({(1, 0), (2, 1)}))
    report = Report(explainer.symbols, 90, headings=headings)
    lit = {
        form: {
            span.text.strip()
            for line in report.lines(explainer.explain("net_o"), form)
            for span in line
            if span.role == "lit"
        }
        for form in FORMS
    }
    assert {"net_o2", "out_h1", "w9", "b_o2"} <= lit["scalar"]
    assert not {"net_o1", "out_h2", "w7", "w10", "b_o1"} & lit["scalar"]
    assert {"h1", "o2"} <= lit["matrix"]
    assert lit["numpy"]
