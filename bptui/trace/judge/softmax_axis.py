"""Moves the blame to a softmax that adds up over the samples, not over the classes of each.

What goes back from it, output minus target, is right for the softmax that was meant.
"""

from __future__ import annotations

import numpy as np

from bptui.core.activations import APPLIED
from bptui.trace.judge.repair import moved
from bptui.trace.judge.wrong_lines import Lines
from bptui.trace.step.multiples import Values


def blame_softmax(lines: Lines) -> None:
    """Put a repair of the softmax in the place of the only one, that of the difference."""
    tape, truth = lines.truth.tape, lines.truth
    if len(lines.repairs) != 1 or lines.wrong:
        return
    (repair,) = lines.repairs
    differences = [e for e in repair.pinned if tape.notes[e].call == "subtract"]
    for output, target in (pair for e in differences for pair in _orders(tape.inputs[e])):
        if output not in lines.forward or target in truth.dependent:
            continue
        found, wanted = (truth.numbers(truth.graph.node(e)) for e in (output, target))
        if not (_adds_up(found, 0) and _adds_up(wanted, 1)) or _adds_up(wanted, 0):
            continue
        for source, _ in repair.stands_for:
            z = truth.numbers(truth.graph.nodes[source])
            meant = [APPLIED["softmax"].evaluate(one) for one in z]
            over = [APPLIED["softmax"].evaluate(one.T).T for one in z]
            if all(np.allclose(one, two) for one, two in zip(over, found, strict=True)):
                lines.put(moved(tape.notes[output].place, [output], [repair]), [repair], {})
                lines.values[output], lines.current = found, {output: meant}
                return


def _orders(inputs: list[int]) -> list[tuple[int, int]]:
    return [(inputs[0], inputs[1]), (inputs[1], inputs[0])] if len(inputs) == 2 else []


def _adds_up(values: Values, axis: int) -> bool:
    """Whether rows, or columns, of several are shares of 1."""
    square = all(one.ndim == 2 and min(one.shape) > 1 for one in values)
    return square and all(one.min() >= 0.0 and np.allclose(one.sum(axis), 1.0) for one in values)
