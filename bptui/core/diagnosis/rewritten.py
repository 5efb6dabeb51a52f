"""What a cause makes of the formulas: as they probably are in the code, beside the right ones."""

from __future__ import annotations

from bptui.core.derivation.equation import Comparison, Equation, compare
from bptui.core.derivation.expression import Quantity
from bptui.core.derivation.scope import Scope
from bptui.core.derivation.step import define_for
from bptui.core.diagnosis.findings import Cause
from bptui.core.diagnosis.trials import Case
from bptui.core.diagnosis.variants import with_cause
from bptui.core.errors import UnusableError
from bptui.core.training import Engine


def rewritten(cause: Cause, case: Case) -> tuple[Comparison, ...]:
    """The whole-array equations of a step that ``cause`` changes, in the order of the step.

    ``published`` is what the code probably has, ``correct`` what it should be. Empty where the
    cause cannot be made in the network of ``case``.
    """
    try:
        experiment = with_cause(case.experiment, cause)
    except UnusableError:
        return ()
    published, correct = Engine(experiment).record(), Engine(case.experiment).record()
    here, there = Scope.of(published), Scope.of(correct)
    right = {
        (each.name, each.new): each.expression
        for definitions in define_for(correct).operations.values()
        for each in definitions
    }
    made: list[Comparison] = []
    for definitions in define_for(published).operations.values():
        for each in definitions:
            expression = right.get((each.name, each.new))
            if expression is None or expression == each.expression:
                continue
            left = Quantity(each.name, new=each.new)
            made.append(
                compare(Equation(left, each.expression, here), Equation(left, expression, there))
            )
    return tuple(made)
