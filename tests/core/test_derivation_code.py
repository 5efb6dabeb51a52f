"""Every numpy line computes what the engine computes, alone and as part of a whole step."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest

from bptui.core.arrays import Array
from bptui.core.engine import Snapshot
from bptui.core.experiment import Experiment
from bptui.core.mistakes import MISTAKES
from bptui.core.optimizers import OPTIMIZERS
from bptui.explain.code import assignment, expression_code
from bptui.explain.equation import Equation
from bptui.explain.expression import Expression, Quantity, Setting, children
from bptui.explain.formulas import Definition, define_for
from bptui.explain.scope import Scope
from bptui.explain.symbols import Symbols

from .derivation_support import (
    assert_close,
    definitions,
    random_experiment,
    rounding_scale,
    steps,
)
from .support import HIDDEN, PAIRS, experiment


def settings(node: Expression) -> dict[str, float]:
    """The settings that an expression reads."""
    found = {node.name: node.value} if isinstance(node, Setting) else {}
    for each in children(node):
        found |= settings(each)
    return found


def run(line: str, names: dict[str, Any]) -> None:
    with np.errstate(all="ignore"):
        exec(compile(line, "<derivation>", "exec"), names)


def line_of(each: Definition, scope: Scope, symbols: Symbols) -> str:
    equation = Equation(Quantity(each.name, None, each.new), each.expression, scope)
    return assignment(equation, symbols)


def check(made: Experiment, count: int = 3) -> None:
    for snapshot in steps(made, count):
        check_lines(snapshot)
        check_whole_step(snapshot)


def check_lines(snapshot: Snapshot) -> None:
    """Each line in a namespace with numpy and just the names that it reads."""
    scope, symbols = Scope.of(snapshot), Symbols(snapshot.experiment.network.names)
    for each in definitions(define_for(snapshot)):
        line, wanted = line_of(each, scope, symbols), scope.array(each.name, each.new)
        check_style(line)
        names: dict[str, Any] = {"np": np, **settings(each.expression)}
        names |= {symbols.code(one.name): scope.value(one) for one in reads(each.expression)}
        run(line, names)
        found = names[symbols.code(each.name)]
        assert_close(found, wanted, each.expression, scope, line)


def reads(node: Expression) -> set[Quantity]:
    if isinstance(node, Quantity):
        return {node}
    return {found for each in children(node) for found in reads(each)}


def check_style(line: str) -> None:
    """One assignment to a name, written as Python itself writes it: no parenthesis too many.

    But for those around a * b in (a * b) @ c, which are there for the reader.
    """
    tree = ast.parse(line)
    (statement,) = tree.body
    assert isinstance(statement, ast.Assign)
    (target,) = statement.targets
    assert isinstance(target, ast.Name)
    assert target.id.isidentifier()
    products = [each for each in ast.walk(tree) if isinstance(each, ast.BinOp)]
    kept = [each for each in products if is_product(each, ast.MatMult)]
    kept = [each for each in kept if is_product(each.left, ast.Mult)]
    assert ast.unparse(tree).count("(") + len(kept) == line.count("("), line


def is_product(node: ast.expr, kind: type[ast.operator]) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, kind)


def check_whole_step(snapshot: Snapshot) -> None:
    """All lines in order from the batch, the parameters and the slots alone.

    Rounding adds up over the lines, so numbers are compared with the largest of their array.
    """
    scope, symbols = Scope.of(snapshot), Symbols(snapshot.experiment.network.names)
    names: dict[str, Any] = {"np": np}
    for name, array in scope.old.items():
        place = symbols.places.get(name)
        given = place is not None and place.kind in ("weight", "bias")
        if given or name in ("input", "target", "k"):
            names[symbols.code(name)] = array
    for each in definitions(define_for(snapshot)):
        names |= settings(each.expression)
        run(line_of(each, scope, symbols), names)
        wanted: Array = scope.array(each.name, each.new)
        found = names[symbols.code(each.name)]
        assert np.shape(found) == wanted.shape
        if np.all(np.isfinite(wanted)):
            largest = np.max(rounding_scale(each.expression, scope))
            assert np.max(np.abs(found - wanted)) <= 1e-6 * largest, each
        else:
            assert np.array_equal(np.isfinite(found), np.isfinite(wanted)), each


@pytest.mark.parametrize("seed", range(2000, 2012))
def test_random_networks(seed: int) -> None:
    check(random_experiment(seed, mistakes=seed % 3), 2)


@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_every_output_activation_with_every_loss(output: str, loss: str) -> None:
    hidden = HIDDEN[PAIRS.index((output, loss)) % len(HIDDEN)]
    for samples in (1, 3):
        check(experiment((2, 3, 2), (hidden, output), loss=loss, samples=samples, l2=0.01), 1)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(mistake: str) -> None:
    for samples in (1, 3):
        check(experiment((2, 3, 3), "sigmoid", samples=samples, mistakes=(mistake,), l2=0.01), 2)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers(optimizer: str) -> None:
    check(experiment(samples=5, batch_size=2, shuffle=True, optimizer=optimizer), 5)


def test_saturated_outputs() -> None:
    check(experiment((2, 3), "sigmoid", loss="binary_cross_entropy", samples=3, scale=2000.0), 2)


def test_numbers_put_into_the_code_are_code_as_well() -> None:
    """They are rounded to six digits."""
    for seed in range(2000, 2010):
        (snapshot,) = steps(random_experiment(seed), 1)
        scope, symbols = Scope.of(snapshot), Symbols(snapshot.experiment.network.names)
        for each in definitions(define_for(snapshot)):
            equation = Equation(Quantity(each.name, None, each.new), each.expression, scope)
            text = expression_code(each.expression, symbols, numbers=equation)
            names: dict[str, Any] = {"np": np}
            run(f"found = {text}", names)
            wanted = scope.array(each.name, each.new)
            assert_close(names["found"], wanted, each.expression, scope, text, 1e-4)
