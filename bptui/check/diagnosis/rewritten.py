"""What a cause makes of the formulas: as they probably are in the code, beside the right ones."""

from __future__ import annotations

from bptui.check.diagnosis.findings import Cause
from bptui.check.diagnosis.trials import Case
from bptui.check.diagnosis.variants import with_cause
from bptui.core.engine import Engine
from bptui.core.errors import UnusableError
from bptui.explain.equation import Comparison, Equation, compare
from bptui.explain.expression import Apply, Expression, Quantity, Scope, rebuild
from bptui.explain.formulas import define_for


def rewritten(cause: Cause, case: Case) -> tuple[Comparison, ...]:
    """The whole-array equations of a step that ``cause`` changes, in the order of the step.

    ``mistaken`` is what the code probably has, ``correct`` what it should be. Empty where the
    cause cannot be made in the network of ``case``; of a cause that is made in one layer only, the
    equations of that layer.
    """
    if cause.layer and "transposed-weights" in cause.mistakes:
        return _transposed(cause.layer, case)
    try:
        experiment = with_cause(case.experiment, cause)
    except UnusableError:
        return ()
    mistaken, correct = Engine(experiment).record(), Engine(case.experiment).record()
    here, there = Scope.of(mistaken), Scope.of(correct)
    right = {
        (each.name, each.new): each.expression
        for definitions in define_for(correct).operations.values()
        for each in definitions
    }
    made: list[Comparison] = []
    for definitions in define_for(mistaken).operations.values():
        for each in definitions:
            expression = right.get((each.name, each.new))
            if expression is None or expression == each.expression:
                continue
            if cause.layer and each.name not in _of_layer(cause, case):
                continue
            left = Quantity(each.name, new=each.new)
            made.append(
                compare(Equation(left, each.expression, here), Equation(left, expression, there))
            )
    return tuple(made)


def _of_layer(cause: Cause, case: Case) -> tuple[str, ...]:
    """What the line that is wrong in one layer may compute."""
    names, layer = case.experiment.network.names, cause.layer
    if {"frozen-first-layer", "frozen-last-layer"} & set(cause.mistakes):
        return (names.weights(layer),)  # where the bias is not updated either, so it is everywhere
    made = (names.delta(layer), names.bias_gradient(layer), names.bias(layer))
    return (names.out_gradient(layer), *made)


def _transposed(layer: int, case: Case) -> tuple[Comparison, ...]:
    """Back through W instead of W^T in one layer; the whole network need not allow that."""
    network = case.experiment.network
    if network.layers[layer] != network.layers[layer + 1]:
        return ()
    weights = Quantity(network.names.weights(layer + 1))

    def turned(node: Expression) -> Expression:
        return weights if node == Apply("transpose", (weights,)) else rebuild(node, turned)

    correct = Engine(case.experiment).record()
    scope, name = Scope.of(correct), network.names.out_gradient(layer)
    expression, left = define_for(correct).definitions[name], Quantity(name)
    return (compare(Equation(left, turned(expression), scope), Equation(left, expression, scope)),)
