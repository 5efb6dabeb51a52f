"""Derivations in LaTeX: every formula well formed, with the values of the text's."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest

from bptui.core.experiment import Experiment
from bptui.core.losses import LOSSES
from bptui.core.mistakes import MISTAKES
from bptui.core.optimizers import OPTIMIZERS
from bptui.core.timeline import Timeline
from bptui.explain.equation import Equation
from bptui.explain.explain import Explainer, Statement
from bptui.explain.latex import MOST_NUMBERS, LatexWriter, matrix_text, number_text
from bptui.explain.words import operation_words

from .derivation_support import random_experiment
from .support import HIDDEN, PAIRS, experiment


def equations(made: Experiment, step: int = 1) -> Iterator[Equation]:
    """Every equation of a step's worksheet, published and correct ones alike."""
    explanation = Explainer(made).explain(Timeline(made).snapshot(step), "all")
    statements: list[Statement] = [*explanation.arrays]
    for section in explanation.numbers:
        statements += section.statements
    for each in statements:
        if isinstance(each, Equation):
            yield each
        else:
            yield from (each.mistaken, each.correct)


def lines_of(made: Experiment, quantity: str, digits: int = 6) -> list[list[str]]:
    """The lines of the equations on single numbers that explain ``quantity`` in step 0."""
    explainer = Explainer(made)
    writer = LatexWriter(explainer.symbols, digits)
    found = explainer.explain(Timeline(made).snapshot(0), quantity)
    statements = [each for section in found.numbers for each in section.statements]
    return [writer.lines(each) for each in statements if isinstance(each, Equation)]


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


def check(made: Experiment) -> None:
    writer = LatexWriter(Explainer(made).symbols, 6, 10)
    for equation in equations(made):
        lines = writer.lines(equation)
        for line in lines:
            assert_well_formed(line)
        if equation.left.index is not None:
            assert lines[-1].endswith(f"= {number_text(equation.value, 10)}")


@pytest.mark.parametrize("name", HIDDEN)
def test_hidden_activations(name: str) -> None:
    check(experiment((2, 3, 1), (name, "sigmoid"), samples=2))


@pytest.mark.parametrize(("activation", "loss"), PAIRS)
def test_output_activations_and_losses(activation: str, loss: str) -> None:
    check(experiment((2, 3), activation, loss=loss, samples=6, l2=0.01))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name: str) -> None:
    check(experiment((2, 2, 1), optimizer=name, samples=1))


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name: str) -> None:
    check(experiment((2, 2, 2), ("tanh", "sigmoid"), mistakes=(name,), batch_size=3, l2=0.01))


def test_no_bias_one_unit_and_many_layers() -> None:
    check(experiment((1, 1), bias=False, samples=1))
    check(experiment((2, 2, 3, 2, 2, 2), bias=False))
    check(experiment((40, 30, 10), ("relu", "softmax"), loss="cross_entropy", samples=9))


@pytest.mark.parametrize("seed", range(6))
def test_networks_of_every_kind(seed: int) -> None:
    check(random_experiment(seed, mistakes=seed % 3))


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


def test_samples_are_written_out_up_to_four_and_counted_beyond() -> None:
    for samples, left_out in ((4, None), (9, 5)):
        made = experiment((2, 1), "tanh", samples=samples)
        text = "\n".join(lines_of(made, "w1")[0])
        assert rf"\sum_{{{samples}\text{{ samples}}}}" in text
        labels = [int(each) for each in re.findall(r"\(sample (\d+)\)", text)]
        assert labels == ([1, 2, 3, 4] if left_out is None else [1, 2, 3, 9])
        assert (rf"\underbrace{{\cdots}}_{{{left_out}\text{{ more samples}}}}" in text) == bool(
            left_out
        )


def test_long_products_are_broken_between_their_factors() -> None:
    lines = lines_of(experiment((2, 2, 2), "tanh", bias=False, samples=1), "w1")[0]
    numbers = [len(re.findall(r"\d+\.\d+", line)) for line in lines]
    assert max(numbers) <= MOST_NUMBERS
    assert all(line.startswith(("&", r"\frac")) for line in lines)


def test_matrices_leave_out_what_is_too_much_but_not_what_is_asked_for() -> None:
    array = np.arange(200.0).reshape(20, 10)
    text = matrix_text(array, 6, (11, 7))
    assert r"\mathbf{117}" in text
    assert r"\vdots" in text
    assert r"\cdots" in text
    assert text.endswith(r"_{20 \times 10}")
    assert text.count(r"\\") == 5
    small = matrix_text(np.array([[1.0, -0.0], [0.25, 3e-9]]), 6)
    assert small == r"\begin{pmatrix} 1 & 0 \\ 0.25 & 3 \times 10^{-9} \end{pmatrix}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1 + 0.2, "0.3"),
        (-1.5e-7, r"-1.5 \times 10^{-7}"),
        (2e30, r"2 \times 10^{30}"),
        (-0.0, "0"),
        (float("nan"), r"\mathrm{nan}"),
        (float("-inf"), r"-\mathrm{inf}"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert number_text(value, 6) == text


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_operation_is_told_in_words(loss: str, optimizer: str) -> None:
    made = experiment((2, 3, 3, 2), "sigmoid", loss=loss, optimizer=optimizer, l2=0.1)
    operations = Timeline(made).snapshot(0).operations
    told = [operation_words(each, made, 5) for each in operations]
    assert len(set(told)) == len(operations)
    assert sum("hidden layer 2" in words for words in told) >= 4
    assert any("averaged over the 5 samples" in words for words in told)
