"""What may be the loss of a recorded step: what is computed, what is implied, how it fares."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from bptui.core.graph.backward import Gradients
from bptui.core.graph.elementwise import log
from bptui.core.graph.node import Node, number
from bptui.core.losses import TERMS
from bptui.trace.comparing import Match
from bptui.trace.graph import Lowered
from bptui.trace.tape import Tape, Value

NAMES = ("loss", "cost", "err", "mse", "nll", "total", "objective", "cross", "entropy", "bce")
"""How a word begins by which programs call their loss."""
ADDING = ("add", "subtract", "sum", "mean", "math.fsum")
SCALING = ("multiply", "divide", "negative", "positive", "float", "item")
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
        return self.entry is not None and _of_a_loss(self.text)


def _of_a_loss(text: str) -> bool:
    words = text.lower().replace("_", " ").replace(".", " ").split()
    return any(word.startswith(NAMES) or word in ("j", "e") for word in words)


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
    size: float = 0.0
    """True gradients below it count as zero."""
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
    def rank(self) -> tuple[int, int, int, bool, bool, int]:
        """What makes a loss likely, the weightiest first."""
        downhill = sum(
            match is not None and match.entry is None and match.factor < 0
            for match in self.matches.values()
        )
        named, entry = self.loss.named, self.loss.entry or 0
        return downhill, self.right, -len(self.missing), bool(downhill), named, entry


def computed(
    tape: Tape, graph: Lowered, dependent: Collection[int], entries: Iterable[int]
) -> Iterator[Loss]:
    """Yield the single numbers among entries, but for differences of an output and a target.

    Neither are the terms of a sum: the sum is.

    ``dependent`` are the entries that depend on parameters.
    """
    names = {binding.entry: binding.name for binding in reversed(tape.bindings)}
    names |= {b.entry: b.name for b in reversed(tape.bindings) if _of_a_loss(b.name)}
    single = [entry for entry in entries if _is_single(tape.values[entry])]
    terms = _terms(tape, dependent, single)
    for entry in single:
        if entry not in terms:
            node = graph.nodes[entry]
            if _difference(graph, node, dependent) is not None:
                continue  # an error of either sign is nothing to make small
            yield Loss(node.sum() if node.shape else node, entry, names.get(entry, ""))


def _is_single(value: Value) -> bool:
    return np.size(value) == 1 and np.asarray(value).dtype.kind == "f"


def _terms(tape: Tape, dependent: Collection[int], single: Sequence[int]) -> set[int]:
    """Return the single numbers that are added to others that depend on parameters, too."""
    found: set[int] = set()
    for entry in reversed(single):
        call, inputs = tape.notes[entry].call, tape.inputs[entry]
        ours = [source for source in inputs if source in dependent]
        if (call in ADDING and (len(ours) > 1 or entry in found)) or (
            call in SCALING and len(ours) == 1 and entry in found
        ):
            found.update(ours)
    return found


def implied(
    tape: Tape, graph: Lowered, dependent: Mapping[int, None], shares: Callable[[Node], bool]
) -> Iterator[Loss]:
    """Yield the losses of which differences of output and target are the derivative.

    ``shares`` tells whether outputs lie between 0 and 1.
    """
    differences, picked = _pairs(tape, graph, dependent)
    for group in differences[:IMPLIED]:
        halves = [(0.5 * (node * node)).sum() for node, _, _ in group]
        yield Loss(_total(halves), None, "half squared error")
        if all(shares(out) for _, out, _ in group):
            likely = [target * log(out) for _, out, target in group]
            unlikely = [(1.0 - target) * log(1.0 - out) for _, out, target in group]
            both = [(one + other).sum() for one, other in zip(likely, unlikely, strict=True)]
            yield Loss(-_total(both), None, "binary cross-entropy")
            yield Loss(-_total([part.sum() for part in likely]), None, "cross-entropy")
    for olds in picked[:IMPLIED]:
        yield Loss(-_total([log(old).sum() for old in olds]), None, "cross-entropy")


def _pairs(
    tape: Tape, graph: Lowered, dependent: Mapping[int, None]
) -> tuple[list[list[tuple[Node, Node, Node]]], list[list[Node]]]:
    """Return differences with output and target, and outputs that 1 is taken from; by place."""
    differences: dict[int, list[tuple[Node, Node, Node]]] = {}
    picked: dict[int, list[Node]] = {}
    for entry in dependent:
        node, place = graph.nodes[entry], tape.notes[entry].place
        pair = _difference(graph, node, dependent)
        if pair is not None:
            differences.setdefault(place, []).append((node, *pair))
        elif node.op.name == "setitem" and node.inputs[1].op.name == "subtract":
            old, one = node.inputs[1].inputs
            if number(one) == 1.0 and old.op.name == "getitem":
                picked.setdefault(place, []).append(old)
    return [*differences.values()], [*picked.values()]


class UnknownLossError(ValueError):
    """Says that a program has no loss of that name, and what there is."""


def told(tape: Tape, graph: Lowered, dependent: Mapping[int, None], name: str) -> Iterator[Loss]:
    """Yield what a loss may be that is told by name: a variable, or a loss function of ours.

    Raises :class:`UnknownLossError` where there is none.
    """
    bound = [b for b in tape.bindings if b.entry in dependent and _is_single(tape.values[b.entry])]
    entries = [b.entry for b in bound if name in (b.name, b.name.rpartition(".")[2])]
    differences, picked = _pairs(tape, graph, dependent)
    if entries:
        node = graph.nodes[entries[-1]]
        yield Loss(node.sum() if node.shape else node, entries[-1], name)
    elif name not in TERMS:
        names = dict.fromkeys(b.name for b in bound if b.name.isidentifier())
        own = f"; numbers of the program's training step: {', '.join(names)}" if names else ""
        raise UnknownLossError(f"found {name!r}; expected one of {', '.join(TERMS)}{own}")
    elif not differences and not (picked and name == "cross_entropy"):
        raise UnknownLossError(
            f"{name}: the program computes no difference of output and target that it could be of; "
            "name the variable that holds the loss"
        )
    else:
        for group in differences:
            yield Loss(_total(TERMS[name](out, t).sum() for _, out, t in group), None, name)
        for olds in picked if name == "cross_entropy" else []:
            yield Loss(-_total([log(old).sum() for old in olds]), None, name)


def _difference(graph: Lowered, node: Node, dependent: Collection[int]) -> tuple[Node, Node] | None:
    """Return output and target where a node is their difference."""
    if node.op.name != "subtract" or len(node.inputs) != 2:
        return None
    ours = [graph.entry.get(operand) in dependent for operand in node.inputs]
    out, target = node.inputs if ours[0] else node.inputs[::-1]
    constants = number(out) is not None or number(target) is not None
    return (
        (out, target) if ours[0] != ours[1] and not constants and out.shape == node.shape else None
    )


def _total(parts: Iterable[Node]) -> Node:
    first, *rest = parts
    for part in rest:
        first = first + part
    return first
