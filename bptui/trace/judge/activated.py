"""Finds the activations of a recorded forward pass: which values are f(z) of which, and which f."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from bptui.core.activations import ACTIVATIONS, APPLIED
from bptui.core.graph.backward import carried_back
from bptui.core.graph.node import Node, constant, evaluate, leaf, ordered
from bptui.core.graph.shaping import full
from bptui.trace.step.multiples import Numbers, Values
from bptui.trace.step.truth import StepTruth

MOST = 64
"""Groups of values that are looked at, and numbers of each that are compared with activations."""
NO_FUNCTION = ("identity", "softmax")


class Activated(NamedTuple):
    """Values of one shape, ``after`` = f(``before``) element by element, as entries of the tape."""

    before: int
    after: int
    name: str
    """The activation's name; empty for a function that is none of ours."""

    def slope(self, truth: StepTruth) -> Values:
        """Return f'(z) in all draws."""
        source, result = truth.graph.nodes[self.before], truth.graph.nodes[self.after]
        slope = carried_back(result, full(constant(1.0), result.shape), source)
        return [np.broadcast_to(evaluate([slope], d)[slope], source.shape) for d in truth.draws]

    def is_hidden(self, truth: StepTruth, forward: Collection[int]) -> bool:
        """Whether a parameter that the layer is not computed from takes part after it."""
        behind = truth.tape.ancestors(self.after)
        return any(p.before in forward and p.before not in behind for p in truth.parameters)


def inside(truth: StepTruth, layers: Iterable[Activated]) -> set[int]:
    """Return what activations compute between z and f(z), as the 1 + e^-z of a sigmoid, unnamed."""
    tape = truth.tape
    found: set[int] = set()
    for layer in layers:
        if layer.name:
            behind = tape.ancestors(layer.after) - {layer.after, layer.before}
            found |= behind.intersection(tape.dependents({layer.before}, layer.after))
    return found - tape.named


def slopes_at(places: Values, name: str) -> Values:
    """Return the slopes of an activation at such pre-activations."""
    place = leaf("z", places[0].shape)
    result = ACTIVATIONS[name].formula(place)
    slope = carried_back(result, full(constant(1.0), result.shape), place)
    return [np.broadcast_to(evaluate([slope], {place: z})[slope], z.shape) for z in places]


def activated(truth: StepTruth, forward: Collection[int]) -> list[Activated]:
    """Return the activations among the entries of a forward pass, in order."""
    tape, nodes = truth.tape, truth.graph.nodes
    parameters = {parameter.before for parameter in truth.parameters}
    origin: dict[int, int] = {}
    groups: dict[int, list[int]] = {}
    multiplied: set[int] = set()
    for entry in sorted(truth.dependent.intersection(forward) - parameters):
        sources = [one for one in tape.inputs[entry] if one in truth.dependent]
        if nodes[entry].op.name in ("matmul", "einsum"):
            multiplied.update(sources)
        roots = {origin.get(one) for one in sources}
        shapes = {tape.shape(one) for one in sources}
        same = len(roots) == 1 and None not in roots and shapes == {tape.shape(entry)}
        given = (one for one in tape.inputs[entry] if one not in sources)
        biased = nodes[entry].op.name == "add" and any(map(tape.shape, given))  # and is not learned
        origin[entry] = (roots.pop() if same and not biased else None) or entry
        if origin[entry] != entry:
            groups.setdefault(origin[entry], []).append(entry)
    found: list[Activated] = []
    for before, group in list(groups.items())[:MOST]:
        z = truth.numbers(nodes[before])[0]
        known = [(entry, _name(z, truth.numbers(nodes[entry])[0])) for entry in group]
        recognised = [Activated(before, entry, name) for entry, name in known if name]
        used = [Activated(before, entry, "") for entry in group if entry in multiplied]
        found += recognised[:1] or used[:1]
    return found


def textbook(
    truth: StepTruth,
    loss: Node,
    layers: Iterable[Activated],
    also: Callable[[Node, tuple[Node, ...]], Node | None] = lambda node, inputs: None,
) -> dict[Node, Node]:
    """Return what stands for each node behind a loss once activations are operations of their own.

    Their slopes are the textbook's then. ``also`` gives other nodes that are written otherwise,
    from a node and its new inputs.
    """
    applied = {truth.graph.nodes[layer.after]: layer for layer in layers if layer.name}
    made: dict[Node, Node] = {}
    for node in ordered([loss]):
        inputs = tuple(made[part] for part in node.inputs)
        layer = applied.get(node)
        if layer is not None:
            new = APPLIED[layer.name](made[truth.graph.nodes[layer.before]])
        else:
            same = all(one is other for one, other in zip(inputs, node.inputs, strict=True))
            new = also(node, inputs) or (node if same else replace(node, inputs=inputs))
        made[node] = replace(new, line=node.line) if new is not node else node
    return made


def _name(z: Numbers, a: Numbers) -> str:
    """Return the activation that gives ``a`` from ``z``; empty where none of ours does."""
    step = -(-z.size // MOST)  # the first sample alone may be all zeros
    one, other = z.reshape(-1)[::step], a.reshape(-1)[::step]
    if _close(one, other):
        return ""
    for name in ACTIVATIONS:
        if name not in NO_FUNCTION:
            with np.errstate(all="ignore"):
                made = APPLIED[name].evaluate(one)
            if _close(made, other):
                return name
    return ""


def _close(one: Numbers, other: Numbers) -> bool:
    return bool(np.allclose(one, other, rtol=1e-9, atol=1e-12))


def softmaxes(truth: StepTruth, forward: Collection[int]) -> list[Activated]:
    """Return the softmaxes over the last axis among the entries of a forward pass."""
    nodes, found = truth.graph.nodes, list[Activated]()
    for entry in sorted(truth.dependent.intersection(forward)):
        values = truth.numbers(nodes[entry])[0]
        if values.ndim == 0 or values.min() <= 0 or not _close(values.sum(axis=-1), np.ones(())):
            continue
        behind = truth.tape.ancestors(entry).intersection(forward, truth.dependent) - {entry}
        for before in sorted(behind):
            z = truth.numbers(nodes[before])[0]
            if z.shape == values.shape and _close(APPLIED["softmax"].evaluate(z), values):
                found.append(Activated(before, entry, "softmax"))
                break
    return found
