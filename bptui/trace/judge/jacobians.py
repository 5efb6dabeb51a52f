"""Moves the blame from what multiplies with a softmax's Jacobian to the line that writes that.

The Jacobian is the gradient of nothing, so it is seen to be wrong only in a product. It is
diag(s) - s s^T, with s = softmax(z).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bptui.trace.judge.repair import Repair, moved
from bptui.trace.judge.wrong_lines import Lines
from bptui.trace.step.multiples import Values, right_value
from bptui.trace.step.parts import part_put
from bptui.trace.tape import Value


def blame_jacobians(lines: Lines) -> None:
    """Put the repair of a Jacobian, or of a part of it, in the place of one that it makes up for.

    Or in that of none: parts are written by several lines.
    """
    for place, entries in lines.places.items():
        tape = lines.truth.tape
        if len({*map(tape.shape, entries)}) > 1:
            continue
        parts = [part[1] for entry in entries if (part := part_put(tape, entry))]
        needed = {e: right for e in entries if (right := _jacobian(lines, e, parts))}
        wrong = [e for e, own in needed.items() if not right_value(lines.values[e], own, True)]
        if not wrong or len(needed) < len(entries):
            continue
        none = Repair(place, (), (*lines.true,), frozenset(lines.wrong))
        for repair in [*lines.repairs, *([none] if lines.wrong else [])]:
            changed = lines.replay.carried(needed, lines.without(repair))
            if (
                changed
                and lines.mends(changed, repair)
                and (repair is none or repair.place != place)
            ):
                lines.wrong = lines.wrong - repair.mended
                lines.put(moved(place, needed, [repair]), [repair], lines.current | changed)
                return


def _jacobian(lines: Lines, entry: int, parts: Sequence[Value]) -> Values | None:
    """Return what a square matrix should be that is computed of a softmax, if it is of one.

    Where ``parts`` of it are written those alone are put right.
    """
    tape, nodes = lines.truth.tape, lines.truth.graph.nodes
    rows, *columns = tape.shape(entry) or (0,)
    if columns != [rows]:
        return None
    for one in sorted(tape.ancestors(entry) & lines.truth.dependent, reverse=True):
        values = [np.ravel(part) for part in lines.truth.numbers(nodes[one])]
        if all(s.size == rows and s.min() > 0.0 and np.isclose(s.sum(), 1.0) for s in values):
            right = [np.diag(s) - np.outer(s, s) for s in values]
            made = [own.copy() for own in lines.values[entry]] if parts else right
            for own, whole in zip(made, right, strict=True):
                for part in parts:
                    own.reshape(-1)[part] = whole.reshape(-1)[part]
            return made
    return None
