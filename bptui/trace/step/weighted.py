"""Finds the weights of samples in what a program computes from its errors: rewards, importances."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from bptui.core.graph import shaping
from bptui.core.graph.node import Node
from bptui.trace.step.lowering import Lowered
from bptui.trace.tape import Reference, Tape

THROUGH = ("outer", "matmul", "dot", "multiply", "transpose", "reshape", "getitem", "expand_dims")
"""What goes on from an error and is still proportional to it."""
ROWS = ("array", "asarray", "stack", "vstack")
"""What makes errors that are given as a list the rows of an array."""


class Weights:
    """The numbers that errors are multiplied with, and that depend on no parameter."""

    def __init__(self, tape: Tape, graph: Lowered, dependent: Collection[int]) -> None:
        self.tape, self.graph, self.dependent = tape, graph, dependent
        self.users: dict[int, list[int]] = {}
        self.data: set[int] = set()
        """What a forward pass multiplies with: it stands in gradients as well."""
        for entry in dependent:
            for source in tape.inputs[entry]:
                self.users.setdefault(source, []).append(entry)

    def of(self, errors: Sequence[tuple[Node, Node | None, Node]]) -> list[Node] | None:
        """Return a weight for each error, with its target and its output; None where one has none.

        The data of a forward pass is none, and neither is a target.
        """
        outs = [self.graph.entry.get(out, -1) for _, _, out in errors]
        self.data = self.tape.behind(entry for entry in outs if entry >= 0)
        entry = self.graph.entry
        ends = [(entry.get(error), entry.get(target or error)) for error, target, _ in errors]
        weights = [None if error is None else self._weight(error, target) for error, target in ends]
        fitting = zip(weights, (out for _, _, out in errors), strict=True)
        found = [None if weight is None else _fitting(weight, out.shape) for weight, out in fitting]
        known = [weight for weight in found if weight is not None]
        return known if len(known) == len(found) else None

    def _weight(self, error: int, target: int | None) -> Node | None:
        shape, stack, seen = self.tape.shape(error), [(error, -1)], {error}
        while stack:
            top, row = stack.pop(0)
            for user in self.users.get(top, ()):
                note = self.tape.notes[user]
                if note.call == "multiply":
                    others = [one for one in self.tape.inputs[user] if one != top]
                    made = self.tape.shape(user)
                    found = self._row(others[0], row, made) if len(others) == 1 else None
                    same = made == self.tape.shape(top if row >= 0 else error)
                    fits = found is not None and (same or not found.shape)
                    if found and fits and self._is_weight(others[0], target, found.shape, shape):
                        return found
                place = row
                if note.call in ROWS and row < 0 and isinstance(note.arguments[0], list):
                    rows = enumerate(note.arguments[0])
                    own = (
                        at for at, one in rows if isinstance(one, Reference) and one.entry == top
                    )
                    place = next(own, row)
                if (note.call in THROUGH or place != row) and user not in seen:
                    seen.add(user)
                    stack.append((user, place))
        return None

    def _row(self, entry: int, row: int, made: tuple[int, ...]) -> Node | None:
        """Return an entry, or of an array that goes with rows its own one.

        None where it makes an array of shape ``made`` and has no number for each row of it.
        """
        node = self.graph.node(entry)
        if row < 0 or not node.shape:
            return node
        of_rows = len(node.shape) == len(made) and node.shape[0] == made[0] > row
        return shaping.item(node, index=(row,)) if of_rows else None

    def _is_weight(
        self, entry: int, target: int | None, own: tuple[int, ...], shape: tuple[int, ...]
    ) -> bool:
        given = entry not in self.dependent and entry not in self.data and entry != target
        return given and self.tape.notes[entry].call != "constant" and (not own or own != shape)


def _fitting(weight: Node, shape: tuple[int, ...]) -> Node | None:
    """Return a weight for outputs of a shape; None where it is one for something else."""
    if math.prod(weight.shape) == math.prod(shape):
        return shaping.reshape(weight, shape=shape)
    pairs = zip(weight.shape[::-1], shape[::-1], strict=False)
    fits = len(weight.shape) <= len(shape) and all(one in (1, other) for one, other in pairs)
    return weight if fits else None
