"""Every formula gives the engine's own value: as an array, number by number, and as numpy code."""

import math
from typing import Any

import numpy as np
import pytest

from bptui.core.arrays import Array
from bptui.core.engine import Snapshot
from bptui.core.graph.node import evaluate as evaluate_graph
from bptui.core.graph.node import leaf
from bptui.explain.captions import SYMBOLS
from bptui.explain.equation import Equation
from bptui.explain.expression import Expression, Quantity, Scope, Setting
from bptui.explain.formulas import define_for, element, expand, formula_of
from bptui.explain.printer import NumpyPrinter
from bptui.explain.report import assignment
from bptui.explain.symbols import Symbols

from ..core.graph.test_ops import CASES as OPERATIONS
from .support import CASES, assert_close, steps

FEW_TERMS, MOST_TERMS = 6, 60
"""Of a gradient written out: up to which all of its numbers are tested, and up to which any."""


@pytest.mark.parametrize("case", CASES)
def test_formulas_have_the_values_of_the_engine(case: str) -> None:
    for snapshot in steps(CASES[case], 2):
        check_numbers(snapshot)
        check_expanded(snapshot)
        check_lines(snapshot)


def check_numbers(snapshot: Snapshot) -> None:
    scope = Scope.of(snapshot)
    for made, formula in define_for(snapshot).every.items():
        wanted = scope.value(made)
        check(formula, scope, wanted)
        for index in np.ndindex(wanted.shape):
            check(element(formula, index, scope), scope, np.asarray(wanted[index]))


def check(node: Expression, scope: Scope, wanted: Array) -> None:
    assert_close(scope.evaluate(node), wanted, node, scope, node)


def check_expanded(snapshot: Snapshot) -> None:
    """Gradients written out back to the forward pass; of long ones the first and the last."""
    formulas, scope = define_for(snapshot), Scope.of(snapshot)
    names = snapshot.experiment.network.names
    places = Symbols(names).places.items()
    backward = frozenset(k for k, each in places if each.kind in ("delta", "out_gradient"))
    for layer in range(1, names.depth + 1):
        count = len(snapshot.batch) * math.prod(names.layers[layer + 1 :])
        for gradient in (names.weight_gradient(layer), names.bias_gradient(layer)):
            if gradient not in scope.old or count > MOST_TERMS:
                continue
            indices = [*np.ndindex(scope.array(gradient).shape)]
            for index in indices if count <= FEW_TERMS else {indices[0], indices[-1]}:
                node = element(formulas.every[Quantity(gradient)], index, scope)
                node = expand(node, formulas, scope, backward)
                check(node, scope, np.asarray(scope.array(gradient)[index]))


# code


def settings(node: Expression) -> dict[str, float]:
    """The settings that an expression reads."""
    found = {node.name: node.value} if isinstance(node, Setting) else {}
    for part in node.parts:
        found |= settings(part)
    return found


def run(line: str, names: dict[str, Any]) -> None:
    with np.errstate(all="ignore"):
        exec(compile(line, "<derivation>", "exec"), names)


def check_lines(snapshot: Snapshot) -> None:
    """Each line with numpy and just the names that it reads."""
    scope, symbols = Scope.of(snapshot), Symbols(snapshot.experiment.network.names)
    for made, formula in define_for(snapshot).every.items():
        line, wanted = assignment(Equation(made, formula, scope), symbols), scope.value(made)
        names: dict[str, Any] = {"np": np, **settings(formula)}
        read = formula.quantities()
        names |= {symbols.code(quantity.name): scope.value(quantity) for quantity in read}
        run(line, names)
        assert_close(names[symbols.code(made.name)], wanted, formula, scope, line)


OTHERS = {"logical_and", "logical_or", "astype", "norm", "transpose", "diag", "getitem", "scatter"}
OTHERS |= {"setitem", "add_at"}
"""Operations that are no expression of numpy, or whose indices and types are not code yet."""


@pytest.mark.parametrize("name", sorted(OPERATIONS.keys() - OTHERS))
def test_every_operation_is_written_in_numpy_as_its_notation_says(name: str) -> None:
    rng = np.random.default_rng(7)
    for build, shapes in OPERATIONS[name]:
        leaves = [leaf(f"x{place}", shape) for place, shape in enumerate(shapes)]
        drawn = {each: np.asarray(rng.uniform(0.1, 2.0, each.shape)) for each in leaves}
        result = build(*leaves)
        code = NumpyPrinter(SYMBOLS, Scope({}, {})).code(formula_of(result))
        names: dict[str, Any] = {"np": np, **{each.name: drawn[each] for each in leaves}}
        run(f"found = {code}", names)
        wanted = evaluate_graph([result], drawn)[result]
        np.testing.assert_allclose(names["found"], wanted, rtol=1e-12, err_msg=code)
