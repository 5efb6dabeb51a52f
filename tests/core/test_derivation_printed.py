"""What is printed is right: the numbers give the value, and wrapping loses and moves nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from bptui.core.experiment import Experiment
from bptui.core.mistakes import MISTAKES
from bptui.core.optimizers import OPTIMIZERS
from bptui.explain.elements import element
from bptui.explain.equation import Equation
from bptui.explain.explain import Explainer
from bptui.explain.expression import Expression, Quantity, Stable, rebuild
from bptui.explain.formulas import define_for
from bptui.explain.lines import EquationWriter, TextLine, plain
from bptui.explain.report import FORMS, Form, Report
from bptui.explain.scope import Scope
from bptui.explain.symbols import Symbols
from bptui.presets import load
from bptui.presets.folders import shipped_names

from .derivation_support import definitions, expanded, random_experiment, rounding_scale, steps
from .reference import FUNCTIONS
from .support import HIDDEN, PAIRS, experiment

WIDTHS = (40, 76, 116)
ALL = 1_000_000
"""A width at which nothing is wrapped."""

Blocks = list[list[TextLine]]


def equations(made: Experiment) -> Iterator[tuple[Equation, Symbols]]:
    """The last number of every quantity of the second step, gradients expanded too."""
    *_, snapshot = steps(made, 2)
    scope, formulas = Scope.of(snapshot), define_for(snapshot)
    symbols = Symbols(made.network.names)
    for each in definitions(formulas):
        shape = scope.array(each.name, each.new).shape
        index = tuple(size - 1 for size in shape)
        quantity = Quantity(each.name, index, each.new)
        yield Equation(quantity, element(each.expression, index, scope), scope), symbols
        if each.name.startswith("g") and max(made.network.layers) < 4:
            node = expanded(each.name, index, snapshot, scope, formulas)
            yield Equation(quantity, node, scope), symbols


def blocks(lines: Sequence[TextLine]) -> Blocks:
    """Lines by what they show: symbols, numbers, the terms' values, the value."""
    found: Blocks = []
    for line in lines:
        if not found or (not line[0].text.strip() and line[1].text == "= "):
            found.append([])
        found[-1].append(line)
    return found


def content(block: Sequence[TextLine]) -> str:
    """What a block says, without its name, its relation, labels and blanks."""
    spans = [span for line in block for span in line][2:]
    return "".join(span.text for span in spans if span.role != "label").replace(" ", "")


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


def calculated(text: str) -> float:
    """The value of a line of numbers."""
    for sign, code in WRITTEN.items():
        text = text.replace(sign, code)
    names = {"sqrt": np.sqrt, "pi": np.pi, "exp": np.exp, "log": np.log, "tanh": np.tanh}
    with np.errstate(all="ignore"):
        return float(
            eval(
                text, {**FUNCTIONS, **names, "max": max, "abs": abs, "sign": np.sign, "inf": np.inf}
            )
        )


def textbook(node: Expression) -> Expression:
    """The expression as it is printed."""
    return textbook(node.shown) if isinstance(node, Stable) else rebuild(node, textbook)


def check(made: Experiment) -> None:
    for equation, symbols in equations(made):
        whole = blocks(EquationWriter(symbols, ALL).lines(equation))
        check_numbers(whole, equation)
        for width in WIDTHS:
            wrapped = EquationWriter(symbols, width).lines(equation)
            assert [*map(content, blocks(wrapped))] == [*map(content, whole)]
            check_columns(blocks(wrapped))
            for line in wrapped:
                check_width(line, width)
        compact = EquationWriter(symbols, WIDTHS[-1]).lines(equation, compact=True)
        assert everything(compact) == everything(wrapped)


def everything(lines: Sequence[TextLine]) -> str:
    return "".join(map(plain, lines)).replace(" ", "")


def check_numbers(found: Blocks, equation: Equation) -> None:
    """The numbers, and the values of the terms, give the value but for what rounding took."""
    *shown, last = map(content, found)
    assert float(last) == pytest.approx(equation.value, rel=1e-6)
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


def check_width(line: TextLine, width: int) -> None:
    """What is wider than a narrow panel is one factor that cannot be broken."""
    text = plain(line)
    if len(text) > width:
        assert width == min(WIDTHS), text
        depth, parts = 0, 0
        behind_start = re.sub(r"^(.*? [=←])? *[-+·/]? *", "", text)
        for piece in re.split(r"([()]| · | \+ | - )", behind_start):
            depth += {"(": 1, ")": -1}.get(piece, 0)
            parts += piece in (" · ", " + ", " - ") and depth <= 0
        assert parts == 0, text


@pytest.mark.parametrize("seed", range(3000, 3006))
def test_random_networks(seed: int) -> None:
    check(random_experiment(seed, mistakes=seed % 3))


@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_every_output_activation_with_every_loss(output: str, loss: str) -> None:
    hidden = HIDDEN[PAIRS.index((output, loss)) % len(HIDDEN)]
    check(experiment((2, 2, 2), (hidden, output), loss=loss, samples=2, l2=0.01))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers(optimizer: str) -> None:
    check(experiment((3, 5, 2), optimizer=optimizer, samples=6))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(mistake: str) -> None:
    check(experiment((2, 2, 2), "sigmoid", samples=2, mistakes=(mistake,)))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("preset", shipped_names())
def test_no_line_of_a_shipped_preset_is_wider_than_the_panel(preset: str, form: Form) -> None:
    made = load(preset)
    *_, snapshot = steps(made, 3)
    explainer = Explainer(made)
    for subject in ("all", "w1", "gw2", f"w{made.network.weight_count}"):
        explanation = explainer.explain(snapshot, subject)
        for width in (76, 116):
            for line in Report(explainer.symbols, width).lines(explanation, form):
                assert len(plain(line)) <= width, plain(line)
