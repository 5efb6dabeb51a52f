"""What may be the loss of a recorded step: what is computed, what is implied, how it fares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from bptui.core.graph.backward import Gradients
from bptui.core.graph.elementwise import log
from bptui.core.graph.node import Node, number
from bptui.trace.comparing import Match
from bptui.trace.graph import Lowered
from bptui.trace.updates import Tape

NAMES = ("loss", "cost", "err", "mse", "nll", "total", "objective", "cross", "entropy", "bce")
"""How a word begins by which programs call their loss."""
IMPLIED = 6
"""Differences of output and target that are looked at."""


class Loss(NamedTuple):
    """A number that may be what the program makes small."""

    node: Node
    entry: int | None
    """Where the program computes it; None for a loss that it only implies."""
    text: str

    @property
    def named(self) -> bool:
        """Whether the program itself calls it a loss."""
        words = self.text.lower().replace("_", " ").replace(".", " ").split()
        return self.entry is not None and any(
            word.startswith(NAMES) or word in ("j", "e") for word in words
        )


Key = tuple[int, str]
"""Of a parameter, or of a part of one."""


@dataclass
class Judged:
    """A loss with the true gradients that follow from it, and how the parameters fare."""

    loss: Loss
    gradients: Gradients
    matches: dict[Key, Match | None]
    """By the parameter's entry; None where the gradient is wrong."""
    missing: list[Key]
    """Parameters that the loss does not depend on."""
    ratios: dict[Key, float] = field(default_factory=dict)
    """Of gradients that are a multiple of the right one."""
    uphill: bool = False
    """Whether the updates make the loss larger."""
    factor: float | None = None
    """The multiple of its gradient by which each parameter has to change, where that is known."""

    @property
    def right(self) -> int:
        return sum(match is not None for match in self.matches.values())

    @property
    def whole(self) -> dict[Key, float]:
        """The factors of parameters whose whole change is a multiple of the gradient."""
        return {key: match.factor for key, match in self.matches.items() if match and match.whole}

    @property
    def rises(self) -> bool:
        """Whether all parameters go along their gradients, not against them."""
        return bool(self.whole) and all(factor > 0 for factor in self.whole.values())

    @property
    def rank(self) -> tuple[int, int, bool, bool, int]:
        """What makes a loss likely, the weightiest first."""
        downhill = sum(
            match is not None and match.entry is None and match.factor < 0
            for match in self.matches.values()
        )
        return downhill, self.right, bool(downhill), self.loss.named, self.loss.entry or 0


def computed(tape: Tape, graph: Lowered, entries: Iterable[int]) -> Iterator[Loss]:
    """Yield the single numbers among entries."""
    names = {binding.entry: binding.name for binding in reversed(tape.bindings)}
    for entry in entries:
        value = np.asarray(tape.values[entry])
        if value.size == 1 and value.dtype.kind == "f":
            node = graph.nodes[entry]
            yield Loss(node.sum() if node.shape else node, entry, names.get(entry, ""))


def implied(
    tape: Tape, graph: Lowered, dependent: Mapping[int, None], shares: Callable[[Node], bool]
) -> Iterator[Loss]:
    """Yield the losses of which differences of output and target are the derivative.

    ``shares`` tells whether outputs lie between 0 and 1.
    """
    differences: dict[int, list[tuple[Node, Node, Node]]] = {}
    picked: dict[int, list[Node]] = {}
    for entry in dependent:
        node, place = graph.nodes[entry], tape.notes[entry].place
        if node.op.name == "subtract" and len(node.inputs) == 2:
            ours = [graph.entry.get(operand) in dependent for operand in node.inputs]
            out, target = node.inputs if ours[0] else node.inputs[::-1]
            constants = number(out) is not None or number(target) is not None
            if ours[0] != ours[1] and not constants and out.shape == node.shape:
                differences.setdefault(place, []).append((node, out, target))
        elif node.op.name == "setitem" and node.inputs[1].op.name == "subtract":
            old, one = node.inputs[1].inputs
            if number(one) == 1.0 and old.op.name == "getitem":
                picked.setdefault(place, []).append(old)
    for group in list(differences.values())[:IMPLIED]:
        halves = [(0.5 * (node * node)).sum() for node, _, _ in group]
        yield Loss(_total(halves), None, "half squared error")
        if all(shares(out) for _, out, _ in group):
            likely = [target * log(out) for _, out, target in group]
            unlikely = [(1.0 - target) * log(1.0 - out) for _, out, target in group]
            both = [(one + other).sum() for one, other in zip(likely, unlikely, strict=True)]
            yield Loss(-_total(both), None, "binary cross-entropy")
            yield Loss(-_total([part.sum() for part in likely]), None, "cross-entropy")
    for olds in list(picked.values())[:IMPLIED]:
        yield Loss(-_total([log(old).sum() for old in olds]), None, "cross-entropy")


def _total(parts: Iterable[Node]) -> Node:
    first, *rest = parts
    for part in rest:
        first = first + part
    return first
