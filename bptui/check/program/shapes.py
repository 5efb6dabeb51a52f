"""Values of a shape that was not meant: what should stand there, a column or a sum."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from bptui.trace.judge.repair import Repair
from bptui.trace.judge.wrong_lines import Lines
from bptui.trace.mend.origins import Viewed
from bptui.trace.step.training_steps import Parameter
from bptui.trace.tape import Binding

SQUARE = "a column (n, 1) and a row (n,) become a square (n, n)"
WHY = "the gradient has another shape than its parameter, which takes that shape"


def as_column(statement: ast.stmt, piece: str, first: bool) -> str | None:
    """Return a statement in which a row is made a column, that of the two in a ``piece`` of it.

    ``first``: it is the first operand.
    """
    tree = ast.parse(piece, mode="eval").body
    if not isinstance(tree, ast.BinOp):
        return None
    whole, text = ast.unparse(tree), ast.unparse(tree.left if first else tree.right)
    column = f"{text}.reshape(-1, 1)"
    fixed = whole.replace(text, column, 1) if first else f"{whole[: -len(text)]}{column}"
    return ast.unparse(statement).replace(whole, fixed, 1)


def summed(
    lines: Lines,
    viewed: Viewed,
    bound: Sequence[Binding],
    parameters: Iterable[Parameter],
    updated: bool,
) -> str | None:
    """Return a line that keeps the gradient of one of some parameters for each sample, mended.

    It has ``bound`` that gradient, or ``updated`` the parameters by it.
    """
    for parameter in parameters:
        early = [one for one in bound if one.entry <= parameter.after]
        wanted = lines.fitting.true_of(parameter)
        if wanted is not None and updated:
            early, wanted = [*parameter.statements], lines.updates.new_values(parameter)
        for one in early[-1:] if wanted else ():
            named = [one.entry] if lines.truth.tape.notes[one.entry].place != one.place else []
            repair = Repair(one.place, (one.entry,), (), frozenset(), frozenset(named))
            view = viewed(repair)
            if view and wanted and (told := view.giving(repair, wanted, exact=updated)):
                return told
    return None
