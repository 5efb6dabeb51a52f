"""What an operation says that it reads and writes is what its formula is made of."""

from __future__ import annotations

import pytest

from bptui.core.experiment import Experiment
from bptui.explain.expression import (
    Activated,
    Expression,
    Quantity,
    Stable,
    children,
)
from bptui.explain.formulas import Definition, define_for

from .derivation_support import random_experiment, steps
from .support import HIDDEN, PAIRS, experiment


def shown(node: Expression) -> set[str]:
    """The names in a formula as it is written."""
    if isinstance(node, Quantity):
        return {node.name}
    parts = children(node)
    if isinstance(node, Activated | Stable):  # written out, and as the textbook does
        parts = (node.body if isinstance(node, Activated) else node.shown,)
    return set().union(*(shown(part) for part in parts)) if parts else set()


def changes(definition: Definition) -> bool:
    """Whether it is more than the old value of a parameter that is not trained."""
    return definition.expression != Quantity(definition.name)


CASES = [
    *(experiment((2, 3, 2), (name, "sigmoid"), loss="half_squared_error") for name in HIDDEN),
    *(experiment((2, 3, 2), ("tanh", output), loss=loss) for output, loss in PAIRS),
    *(random_experiment(seed) for seed in range(10)),
    *(random_experiment(seed, mistakes=1 + seed % 2) for seed in range(40, 120)),
]


@pytest.mark.parametrize("made", CASES, ids=range(len(CASES)))
def test_reads_and_writes_are_those_of_the_formula(made: Experiment) -> None:
    snapshot = next(iter(steps(made, 1)))
    names = snapshot.experiment.network.names
    layers = range(1, names.depth + 1)
    quantities = {
        "input",
        "target",
        *(
            of(layer)
            for layer in layers
            for of in (
                names.net,
                names.out,
                names.out_gradient,
                names.delta,
                names.weights,
                names.bias,
                names.weight_gradient,
                names.bias_gradient,
            )
        ),
    }
    formulas = define_for(snapshot).operations
    for operation in snapshot.operations:
        written = [each for each in formulas[operation.name] if changes(each)]
        read = set().union(*(shown(each.expression) for each in written)) & quantities
        assert set(operation.reads) == read, operation.name
        results = {each.name for each in written} & quantities
        assert set(operation.writes) & quantities == results, operation.name
