"""Writes a wrong line anew from the chain rule, where no small edit of it gives the right value."""

from __future__ import annotations

import ast
from collections.abc import Mapping

import numpy as np

from bptui.core.graph.backward import backward
from bptui.core.graph.node import PRODUCT, Node, ordered
from bptui.explain.code import Code, NoCodeError
from bptui.trace.judge.activated import softmaxes, textbook
from bptui.trace.judge.candidates import ALL
from bptui.trace.judge.repair import Repair
from bptui.trace.judge.wrong_lines import Lines
from bptui.trace.mend.mending import Evaluation, written
from bptui.trace.mend.should_be import View
from bptui.trace.step.multiples import CLOSE, Values, multiple, right_value

LONGEST = 160
"""Characters of a line that is still worth being told."""


def from_chain_rule(view: View, repair: Repair) -> str | None:
    """Return the statement of a wrong value with its true gradient, in what is in sight there.

    None where that is no single value, or cannot be written with what has a name.
    """
    lines, code, made = view.lines, None, None
    wrong = [*filter(lines.is_wrong, repair.entries)] or [*repair.entries]
    match view.statement:
        case ast.Assign([ast.Name() | ast.Attribute() | ast.Subscript() as target]):
            before = f"{ast.unparse(target)} ="
        case ast.Return(ast.BinOp() | ast.Call() | ast.Name()):
            before = "return"
        case _:
            return None
    for entry in dict.fromkeys((wrong[0], wrong[-1])):
        sight = view.sight(entry, bool(repair.renamed))
        if sight is None or sight.entry not in lines.values:
            return None
        wanted = lines.right_value(sight.entry) or lines.values[sight.entry]
        code = code or _written(lines, sight.names, wanted)
        if code is None or len(code) > LONGEST:
            return None
        made = ast.parse(f"{before} {code}").body[0]
        found = Evaluation(sight).of(made)
        if not found or not right_value(found, wanted, lines.factor is not None):
            return None
    return written(made)


def _written(lines: Lines, names: Mapping[str, Values], right: Values) -> str | None:
    """Return the right value as a gradient, in expressions with known values."""
    truth, loss = lines.truth, lines.judged.loss.node
    layers = [*lines.layers, *softmaxes(truth, lines.forward)]
    made = textbook(truth, loss, layers)
    same = {
        made[truth.graph.nodes[entry]]: factor
        for (entry, part), true in lines.true.items()
        if part == ALL and truth.graph.nodes[entry] in made
        if (factor := multiple(right, true)) is not None
    }
    found = backward(made[loss], same).of
    goals = (node for node in reversed(same) if node in found)
    goal = min(goals, key=lambda node: abs(abs(same[node]) - 1.0) > CLOSE, default=None)
    if goal is None:
        return None
    factor = scaled = same[goal]
    known: dict[Node, str] = {}
    for node, new in made.items():
        entry = truth.graph.entry.get(node)
        if entry is None:
            continue
        named = entry in truth.tape.named
        name = _name(names, truth.numbers(node), 1.0, given=named)
        if name is not None:
            known[new] = name
        true, gradient = lines.true.get((entry, ALL)), found.get(new)
        if true is not None and gradient is not None and new is not goal:
            claimed = _name(names, true, factor)
            if claimed is not None:
                known[gradient] = claimed
    gradient = found[goal]
    if any(node in known for node in _gradients(gradient, known, set(found.values()))):
        scaled = 1.0
    elif abs(abs(factor) - 1.0) > CLOSE:
        return None
    try:
        code = Code(known).formula(gradient, PRODUCT)
    except NoCodeError:
        return None
    return f"-{code}" if scaled < 0 else code


def _gradients(gradient: Node, known: Mapping[Node, str], every: set[Node]) -> list[Node]:
    """Return the gradients that a formula is written with."""
    used = ordered([gradient], lambda node: () if node in known else node.inputs)
    return [node for node in used if node in every and node is not gradient]


def _name(
    names: Mapping[str, Values], numbers: Values, factor: float, given: bool = False
) -> str | None:
    """Return an expression whose value is ``factor`` times some numbers, of their shape.

    A number that is always the same has a name only where it is ``given`` one.
    """
    if numbers[0].shape == () and not given and len({float(one) for one in numbers}) == 1:
        return None
    for name, values in names.items():
        if values[0].shape != numbers[0].shape:
            continue
        pairs = zip(values, numbers, strict=True)
        if all(np.allclose(one, factor * two, rtol=1e-9, atol=1e-14) for one, two in pairs):
            return name
    return None
