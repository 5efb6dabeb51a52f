"""Names the slip of a wrong line, where it is one of the catalogue.

What the line gives is compared with what it should give, as a whole and at the place where the
mended line differs: the same but for a slope, a sign, a count of samples, what was there before.
Or the step is computed again with the slip undone, and the gradients come out right.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from bptui.core.graph.node import Node
from bptui.core.mistakes import MISTAKES, NOT_SUMMED, UPDATED_WEIGHTS
from bptui.trace.judge.activated import Activated, slopes_at
from bptui.trace.judge.repair import Repair
from bptui.trace.judge.replay import as_it_is
from bptui.trace.judge.wrong_lines import Lines
from bptui.trace.mend.mending import Evaluation
from bptui.trace.mend.should_be import View
from bptui.trace.step.multiples import CLOSE, Numbers, Values, multiple

Layers = Sequence[Sequence[Activated]]


def slip(view: View, repair: Repair, told: str | None) -> str | None:
    """Return the name of the mistake that a repair undoes; None where it is no known one.

    ``told`` is the statement as it should stand.
    """
    named = (_named(view.lines, *pair) for pair in _pairs(view, repair, told))
    return _undone(view, repair) or next(filter(None, named), None)


# computed again with the slip undone


def _undone(view: View, repair: Repair) -> str | None:
    lines, nodes = view.lines, view.lines.truth.graph.nodes
    if lines.mended_by(repair, partial(lines.replay.with_former, view.own)):
        return UPDATED_WEIGHTS
    every = (nodes[e] for p in lines.truth.parameters for e in (p.before, p.after))
    turning = {node for node in every if len(node.shape) == 2}
    turning |= {node for node in nodes.values() if _is_transpose_of(node, turning)}
    others = (e for e in view.own if nodes[e] not in turning)
    reading = [entry for entry in others if not turning.isdisjoint(nodes[entry].inputs)]

    def transposed(node: Node, values: list[Numbers]) -> Numbers:
        pairs = zip(node.inputs, values, strict=True)
        return as_it_is(node, [v.T if one in turning else v for one, v in pairs])

    turned = partial(lines.replay.edited, reading, transposed)
    return "transposed-weights" if reading and lines.mended_by(repair, turned) else None


def _is_transpose_of(node: Node, matrices: set[Node]) -> bool:
    return node.op.name == "transpose" and node.inputs[0] in matrices


# compared with what is right


def _pairs(view: View, repair: Repair, told: str | None) -> Iterator[tuple[Values, Values, Layers]]:
    """Yield what is wrong with what is right, and the layers whose slopes may stand there.

    It is all that a line gives, of a loop's turns one that is off by no factor, and what stands at
    the places where the mended line differs, the innermost first.
    """
    lines, entries = view.lines, repair.entries
    at = {layer.before: layer for layer in lines.layers}
    alone = [[layer] for layer in lines.layers]
    wanted = {entry: lines.right_value(entry) or lines.values[entry] for entry in entries}
    own = [at[source] for source, _ in repair.stands_for if source in at]
    units = len(own) == len(repair.stands_for)  # a number for each, where a loop goes over them
    given, meant = (_flat([of[entry] for entry in entries]) for of in (lines.values, wanted))
    yield given, meant, [own] * units
    apart = [entry for entry in entries if multiple(lines.values[entry], wanted[entry]) is None]
    if apart:
        yield lines.values[apart[0]], wanted[apart[0]], alone
    sight = view.sight(entries[0], bool(repair.renamed)) if apart and told else None
    if sight is None:
        return
    new, evaluation = ast.parse(told or "").body[0], Evaluation(sight)
    for pair in reversed([*_differing(view.statement, new)]):
        wrong, right = (evaluation.of(ast.Return(part)) for part in pair)
        if wrong is None or right is None or wrong[0].size != right[0].size:
            continue
        # a factor of something else than a gradient has no name
        if multiple(wrong, right) is None or lines.standing.compared(right):
            yield wrong, right, alone


def _differing(old: ast.AST, new: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield the expressions that differ, each inside the one before, while it is only one."""
    while type(old) is type(new):
        if isinstance(old, ast.expr) and isinstance(new, ast.expr):
            yield old, new
        parts = [*ast.iter_child_nodes(old)], [*ast.iter_child_nodes(new)]
        if len(parts[0]) != len(parts[1]):
            return
        apart = [(a, b) for a, b in zip(*parts, strict=True) if ast.dump(a) != ast.dump(b)]
        if len(apart) != 1:
            return
        if isinstance(old, ast.Subscript) and apart[0][0] is old.slice:
            return  # an index is no gradient
        ((old, new),) = apart
    if isinstance(old, ast.expr) and isinstance(new, ast.expr):
        yield old, new


def _named(lines: Lines, wrong: Values, right: Values, layers: Layers) -> str | None:
    if wrong[0].size == right[0].size:
        factor = multiple(wrong, right)
        if factor is not None:
            squares = factor < 0 and all(np.min(one) >= 0.0 for one in right)
            return None if squares else _scaled(lines, factor)  # what is remembered of gradients
        if _offset(lines, wrong, right):
            return "gradient-accumulated"
        slopes = (_by_slope(lines, wrong, right, several) for several in layers)
        if found := next(filter(None, slopes), None):
            return found
    return NOT_SUMMED if _not_summed(lines, wrong, right) else None


def _scaled(lines: Lines, factor: float) -> str | None:
    """Return what a constant factor too much is called."""
    if abs(factor - 1.0) <= CLOSE:
        return None
    counts = sorted(lines.samples - {1}) or [1]
    return next(
        (
            name
            for name, made in MISTAKES.items()
            for count in counts
            if made.factor and abs(factor - (of := made.factor(count))) <= CLOSE * abs(of)
        ),
        None,
    )


def _offset(lines: Lines, wrong: Values, right: Values) -> bool:
    """Tell whether a value that was there before the step was added: the same in all draws."""
    first, *others = [
        one - np.reshape(two, one.shape) for one, two in zip(wrong, right, strict=True)
    ]
    size = float(np.abs(first).max())
    if not 0.0 < size < np.inf:
        return False
    if not all(np.allclose(first, other, rtol=0.0, atol=CLOSE * size) for other in others):
        return False
    tape, start = lines.truth.tape, lines.truth.step.first
    earlier = (e for entry in lines.backward for e in tape.inputs[entry] if e < start)
    return any(
        np.size(tape.values[entry]) == first.size
        and np.allclose(np.reshape(tape.values[entry], first.shape), first, rtol=1e-5)
        for entry in set(earlier)
    )


def _by_slope(
    lines: Lines, wrong: Values, right: Values, layers: Sequence[Activated]
) -> str | None:
    """Return the slip of a slope that is missing, or taken at another place."""
    truth = lines.truth
    slopes = _flat([layer.slope(truth) for layer in layers])
    wrong, right = _flat([wrong]), _flat([right])
    if slopes[0].size != wrong[0].size:
        return None

    def is_right(values: Values) -> bool:
        return multiple(values, right) is not None

    hidden = layers[0].is_hidden(truth, lines.forward)
    if is_right([one * slope for one, slope in zip(wrong, slopes, strict=True)]):
        return "missing-hidden-derivative" if hidden else "missing-output-derivative"
    known = [layer.name for layer in layers]
    if not all(known):
        return None
    outs = _flat([truth.numbers(truth.graph.nodes[layer.after]) for layer in layers])
    again = _flat([slopes_at(truth.numbers(truth.graph.nodes[a.after]), a.name) for a in layers])
    taken = [one * slope for one, slope in zip(wrong, slopes, strict=True)]
    wanted = [one * slope for one, slope in zip(right, again, strict=True)]
    if multiple(taken, wanted) is not None:
        return "derivative-of-activation"
    rest = [one * (1.0 - out) for one, out in zip(wrong, outs, strict=True)]
    alone = set(known) == {"sigmoid"} and not hidden
    return "output-factor-a" if alone and is_right(rest) else None


def _flat(parts: Sequence[Values]) -> Values:
    return [
        np.concatenate([np.reshape(one, -1) for one in draw]) for draw in zip(*parts, strict=True)
    ]


def _not_summed(lines: Lines, wrong: Values, right: Values) -> bool:
    """Tell whether a gradient was kept for each sample, or for one, instead of their sum."""
    for entry in lines.backward:
        values = lines.current.get(entry, lines.values[entry])
        if values[0].ndim != 2:
            continue
        for axis in (0, 1):
            if values[0].shape[1 - axis] != right[0].size or values[0].shape[axis] < 2:
                continue
            if not multiple([value.sum(axis=axis) for value in values], right):
                continue
            one = [[v.take(at, axis=axis) for v in values] for at in (0, -1)]
            factors = (multiple(wrong, part) for part in (values, *one))
            if any(factor and np.isfinite(factor) for factor in factors):  # zeros are no part
                return True
    return False
