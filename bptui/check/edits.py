"""Edits of one node of a step: all that are tried, and one of a step made in another step."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from bptui.core.activations import ACTIVATIONS
from bptui.core.arrays import Array
from bptui.core.graph.elementwise import multiply, positive
from bptui.core.graph.neighbours import Edit, neighbours
from bptui.core.graph.node import CONSTANT, LEAF, SAMPLES, Node, constant, ordered, samples
from bptui.core.graph.reductions import mean
from bptui.core.graph.shaping import item
from bptui.core.step import Step


def carried_over(edit: Edit, of: Sequence[Node], step: Step) -> Step | None:
    """Return the step with the edit of a step that has the same operations; None if it has not."""
    order = ordered(step.outputs)
    if order == [*of]:
        return step.with_changes({edit.node: edit.instead})
    if [node.op.name for node in order] != [node.op.name for node in of]:
        return None
    found = dict(zip(of, order, strict=True))
    sizes = {SAMPLES: samples(step.samples)}

    def made(node: Node) -> Node:
        if node not in found:
            if node.op in (LEAF, CONSTANT):
                found[node] = sizes.get(node.settings.get("code", ""), node)
            else:
                inputs = [made(source) for source in node.inputs]
                found[node] = node.op(*inputs, **node.settings).named(node.name)
        return found[node]

    node, instead = found[edit.node], made(edit.instead)
    return step.with_changes({node: instead}) if instead.shape == node.shape else None


def edits_of(step: Step, within: Collection[Node]) -> Iterator[Edit]:
    """Yield the edits of single nodes ``within``, other slopes, and data out of place."""
    count = samples(step.samples)
    yield from neighbours(step.outputs, within, factors=[count] if step.samples > 1 else [])
    for layer in range(1, step.depth + 1):
        names = step.names
        net, out, upstream, delta = (
            step.nodes[name(layer)]
            for name in (names.net, names.out, names.out_gradient, names.delta)
        )
        for activation in ACTIVATIONS.values() if delta in within else ():
            if activation.slope is not None:
                slope = upstream * activation.slope(net, out)
                yield Edit(delta, slope.named(delta.name), "another function")
    for name in ("input", "target"):
        if step.nodes[name] in within:
            data = step.nodes[name]
            turned = item(data, index=slice(None, None, -1))
            yield Edit(data, turned, f"the rows of {name} are in the opposite order")
            # with as many rows as there are, in any batch
            average = mean(data, axis=0, keepdims=True) + 0.0 * data
            broadcast = "as where shapes (n,) and (n, 1) are combined to (n, n)"
            yield Edit(data, average, f"{name} is averaged over the batch, {broadcast}")


def solved(
    step: Step,
    name: str,
    made: Sequence[Array],
    found: Sequence[Array],
    known: Sequence[dict[Node, Array]],
) -> Iterator[Edit]:
    """Yield what may be done to a quantity that is ``made`` in each call and should be ``found``.

    The same number is added to all of it, a multiple of another quantity, or it is that.
    """
    node = (step.updated if name in step.updated else step.nodes)[name]
    apart = [b - a for a, b in zip(made, found, strict=True)]
    flat = np.concatenate([each.ravel() for each in apart])
    if not np.isfinite(flat).all():
        return
    plain = node.named("")
    if np.ptp(flat) <= 1e-6 * np.abs(flat).max():
        yield Edit(node, (plain + constant(float(f"{flat.mean():.6g}"))).named(node.name), "offset")
    after = {*step.updated.values()}
    order = ordered(step.outputs)
    for other in order[: order.index(node)]:
        if not other.name or not all(other in numbers for numbers in known):
            continue
        if other.shape[1:] == node.shape and other.op is not LEAF:
            yield Edit(node, mean(other, axis=0).named(name), "operand")
        if other.shape != node.shape or other in after or other.name == f"g{name}":
            continue
        base = np.concatenate([numbers[other].ravel() for numbers in known])
        yield Edit(node, positive(other).named(name), "operand")
        square = float(base @ base)
        factor = float(base @ flat) / square if square else 0.0
        if factor and np.abs(flat - factor * base).max() <= 1e-6 * np.abs(flat).max():
            for scale in _scales(step, factor):
                yield Edit(node, (plain + scale * other).named(node.name), "added")


def _scales(step: Step, factor: float) -> Iterator[Node]:
    """Yield how a factor may be written: with a setting, divided by the samples, or in digits."""
    for setting, value in step.settings.items():
        for times in (1.0, 2.0, -1.0, -2.0):
            if value and abs(factor / (times * value) - 1.0) < 1e-6:
                yield multiply(constant(times), setting) if times != 1.0 else setting
    yield constant(float(f"{factor:.6g}"))
