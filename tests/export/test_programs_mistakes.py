"""Exported numpy programs make the preset's mistakes, and show the right line beside each."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest

from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.core.mistakes import MISTAKES
from bptui.export.programs import numpy_program
from bptui.presets import load

from ..core.support import experiment
from .programs_support import assert_prints_losses_of, training_with

NETWORKS = [
    ((2, 2, 2), ("tanh", "sigmoid"), "half_squared_error"),
    ((3, 2, 2, 2), ("sigmoid", "softplus", "sigmoid"), "binary_cross_entropy"),
    ((2, 3, 3, 3, 3), ("gelu", "tanh", "softplus", "sigmoid"), "cross_entropy"),
    ((2, 3, 3), ("leaky_relu", "softmax"), "cross_entropy"),
]
OPTIMIZERS = ["sgd", "momentum", "adam", "sgd"]


def mistaken(index: int, mistakes: tuple[str, ...], optimizer: str = "sgd") -> Experiment:
    layers, activations, loss = NETWORKS[index]
    return experiment(
        layers,
        activations,
        loss=loss,
        mistakes=mistakes,
        l2=0.01,
        steps=8,
        learning_rate=0.05,
        batch_size=3,
        optimizer=optimizer,
    )


def allowed(index: int, *mistakes: str) -> bool:
    try:
        mistaken(index, mistakes)
    except UnusableError:
        return False
    return True


def put_right(program: str) -> str:
    """The program with each wrong line replaced by the right one beside it."""
    lines, found = iter(program.splitlines()), list[str]()
    for first in lines:
        line = first
        found.append(line)
        if not line.lstrip().startswith("# MISTAKE"):
            continue
        while not line.endswith(("too early:", "should be:", "here:", "again")):
            line = next(lines)
            found.append(line)
        if line.endswith("too early:"):
            statement(lines)
        elif line.endswith(("should be:", "here:")):
            found += [each.replace("# ", "", 1) for each in statement(lines)]
            if line.endswith("should be:"):
                statement(lines)
        else:
            assert line.endswith("never again"), line
    return "\n".join(found) + "\n"


def statement(lines: Iterator[str]) -> list[str]:
    """The next statement, which may stand on several lines within brackets."""
    found = [next(lines)]
    while "".join(found).count("(") > "".join(found).count(")"):
        found.append(next(lines))
    return found


@pytest.mark.parametrize("name", MISTAKES)
def test_each_alone_is_made_marked_and_put_right(name: str) -> None:
    made = mistaken(0, (name,))
    program = numpy_program(made)
    assert_prints_losses_of(made, program, 1e-12)
    assert f"\n  {name}: " in program
    assert re.search(rf"# MISTAKE .*\b{name}\b", program)
    right = training_with(made, mistakes=())
    assert_prints_losses_of(right, put_right(program), 1e-12)
    assert "MISTAKE" not in numpy_program(right)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_combinations(count: int) -> None:
    for index in range(len(NETWORKS)):
        every = [each for each in MISTAKES if allowed(index, each)]
        combinations = list(itertools.combinations(every, count))
        for names in combinations[index + count :: max(len(combinations) // 4, 1)]:
            if allowed(index, *names):
                made = mistaken(index, names, OPTIMIZERS[index])
                program = numpy_program(made)
                assert_prints_losses_of(made, program, 1e-12)
                right = training_with(made, mistakes=())
                assert_prints_losses_of(right, put_right(program), 1e-12)


def test_all_that_go_together() -> None:
    names = tuple(each for each in MISTAKES if each != "missing-hidden-derivative")
    made = mistaken(0, names)
    assert_prints_losses_of(made, numpy_program(made), 1e-12)


def test_the_listing_as_published() -> None:
    program = numpy_program(load("article-listing-1"))
    assert (
        """
    # MISTAKE transposed-weights; should be:
    # dL_dout_h = delta_o @ W2.T
    dL_dout_h = delta_o @ W2
"""
        in program
    )
    assert (
        """
    # MISTAKE frozen-last-layer: gW2 is never applied; missing here:
    # update(W2, gW2)
"""
        in program
    )
    program = numpy_program(load("article-listing-2"))
    assert "dL_dout_h = (dL_dout_o * out_o * sigmoid_derivative(net_h)) @ W2\n" in program


def test_a_mistake_that_changes_nothing_is_told_as_such() -> None:
    made = experiment((2, 2), "identity", mistakes=("missing-output-derivative",), steps=5)
    program = numpy_program(made)
    told = " ".join(program.split())
    assert "output layer's delta (no effect here)" in told
    assert "MISTAKE" not in program


def test_long_statements_are_folded() -> None:
    names = ("missing-output-derivative", "averaged-twice", "missing-half", "wrong-sign")
    made = experiment((1,) * 12, "sigmoid", loss="binary_cross_entropy", mistakes=names, steps=2)
    program = numpy_program(made)
    assert_prints_losses_of(made, program, 1e-12)
    assert "    # MISTAKE missing-half; should be:\n" not in program
    assert "    dL_dout_11 = (\n" in program
    right = training_with(made, mistakes=())
    assert_prints_losses_of(right, put_right(program), 1e-12)
