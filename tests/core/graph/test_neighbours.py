"""Edits of one node: each is another formula of the same shape, and the common slips are there."""

from __future__ import annotations

import numpy as np

from bptui.core.engine import Engine, Snapshot
from bptui.core.graph.neighbours import Edit, neighbours
from bptui.core.graph.node import Node, constant, evaluate, leaf, ordered
from bptui.core.mistakes import MISTAKES
from bptui.core.step import Step, rewritten, training_step

from ..support import experiment

SLIPS = ["transposed-weights", "wrong-sign", "doubled", "missing-half"]
"""Mistakes of the catalogue that are an edit of one node."""


def backward_of(step: Step) -> list[Node]:
    """The nodes of the backward pass, those without names between them too."""
    forward = set(ordered([step.nodes["loss"]]))
    return [node for node in ordered(step.nodes.values()) if node not in forward]


def gradients_after(step: Step, edit: Edit, shown: Snapshot) -> list[np.ndarray]:
    changed = rewritten(step.nodes.values(), {edit.node: edit.instead})
    wanted = [changed[step.nodes[name]] for name in step.gradients]
    names = ["input", "target", *(name for name in step.nodes if name[0] in "Wb")]
    known = {step.nodes[name]: value(shown, name) for name in names}
    known |= {node: np.asarray(each) for node, each in step.settings.items()}
    found = evaluate(wanted, known)
    return [found[each] for each in wanted]


def value(shown: Snapshot, name: str) -> np.ndarray:
    if name in shown.values:
        return shown.values[name]
    group = shown.parameters.weights if name[0] == "W" else shown.parameters.biases or ()
    return group[int(name[1:]) - 1]


def test_every_edit_has_the_shape_and_can_be_computed() -> None:
    made = experiment((2, 2, 2), ("tanh", "sigmoid"), samples=3)
    step, shown = training_step(made, 3), Engine(made).record()
    right = [shown.values[name] for name in step.gradients]
    edits = list(neighbours(step.outputs, set(backward_of(step))))
    assert len({edit.kind for edit in edits}) > 6
    different = 0
    for edit in edits:
        found = gradients_after(step, edit, shown)
        assert [each.shape for each in found] == [each.shape for each in right]
        different += any(not np.allclose(a, b) for a, b in zip(found, right, strict=True))
    assert different > 0.8 * len(edits)


def test_slips_of_the_catalogue_are_among_them() -> None:
    for name in SLIPS:
        made = experiment((2, 2, 2), ("tanh", "sigmoid"), samples=3, mistakes=(name,))
        step, shown = training_step(made, 3), Engine(made).record()
        slipped = [shown.values[each] for each in step.gradients]
        found = [
            edit.kind
            for edit in neighbours(step.outputs, set(backward_of(step)))
            if all(
                np.allclose(a, b)
                for a, b in zip(gradients_after(step, edit, shown), slipped, strict=True)
            )
        ]
        assert found, name
        assert MISTAKES[name].rewrite(step) is not step


def test_operands_come_from_what_is_known_before() -> None:
    x, y = leaf("x", (2, 2)), leaf("y", (2, 2))
    product = (x @ y).named("p")
    after = (product + constant(1.0)).named("q")
    edits = [edit for edit in neighbours([after], {product}) if edit.kind == "operand"]
    operands = [tuple(each.name for each in edit.instead.inputs) for edit in edits]
    assert sorted(operands) == [("x", "x"), ("y", "y")]
