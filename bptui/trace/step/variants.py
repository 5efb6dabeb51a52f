"""Derives a loss as people do who take a part of it as given, or another function for it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bptui.core.graph.node import Node, number, ordered
from bptui.core.step import rewritten
from bptui.trace.step.drawn import shown
from bptui.trace.step.multiples import CLOSE
from bptui.trace.step.possible_losses import SCALING, Judged

if TYPE_CHECKING:
    from bptui.trace.step.truth import StepTruth

COPIES = ("copy", "copy.copy", "copy.deepcopy", "array")
STEPS = ("sign", "round", "around", "rint", "floor")
TINY = 1e-5
"""What people add to keep a logarithm from 0, at most."""


def as_people_derive(truth: StepTruth, judged: Judged) -> Judged:
    """Return how parameters fare with the loss that people take the derivative of, if better."""
    for changed in (_without_guards, with_targets_held, _straight_through, _without_root):
        judged = changed(truth, judged)
    return judged


def _without_guards(truth: StepTruth, judged: Judged) -> Judged:
    """Return how parameters fare without what keeps logarithms from 0, where that is better.

    Of ``log(p + 1e-9)`` people take the derivative of ``log(p)``; where p is tiny, it is another.
    """
    changes = dict[Node, Node]()
    for node in ordered([judged.loss.node]) if None in judged.matches.values() else ():
        if node.op.name == "log" and node.inputs[0].op.name == "add":
            one, guard = sorted(node.inputs[0].inputs, key=lambda part: number(part) is not None)
            if 0.0 < (number(guard) or 0.0) <= TINY:
                changes[node.inputs[0]] = one
    return _if_better(truth, judged, changes)


def _if_better(truth: StepTruth, judged: Judged, new: Mapping[Node, Node], by: int = 1) -> Judged:
    """Return how parameters fare with other nodes in the loss, where that is better ``by`` some."""
    if not new:
        return judged
    made, entry = rewritten([judged.loss.node], new), truth.graph.entry
    entry |= {other: entry[node] for node, other in made.items() if node in entry}
    other = truth.judged(judged.loss._replace(node=made[judged.loss.node]))
    return other if other is not None and other.right >= judged.right + by else judged


def with_targets_held(truth: StepTruth, judged: Judged) -> Judged:
    """Return how parameters fare where a target that is computed of them counts as given.

    Of ``(r + gamma * v[next] - v[here]) ** 2`` people take the derivative by v[here] alone. Copies
    of parameters, and averages with what they were, are another network, a teacher or a target.
    """
    graph, changes = truth.graph, dict[Node, Node]()
    every = ordered([judged.loss.node]) if None in judged.matches.values() else []
    users: dict[Node, set[Node]] = {}
    for node in every:
        for part in node.inputs:
            users.setdefault(part, set()).add(node)
    for node in every:
        moving = [part for part in node.inputs if graph.entry.get(part) in truth.dependent]
        if node in graph.entry and _is_copy(truth, users, node, moving):
            changes[node] = truth.held(node)
        if node.op.name == "subtract" and len(moving) == 2:
            for part in moving:
                given = [one for one in part.inputs if graph.entry.get(one) not in truth.dependent]
                if part.op.name == "add" and len(given) == 1 and number(given[0]) is None:
                    changes[part] = truth.held(part)
        elif node.op.name == "multiply" and len(moving) == 2:
            for part, other in (moving, moving[::-1]):  # what an action was worth
                logs = {one.inputs[0] for one in shown(other) if one.op.name == "log"}
                if logs and logs.isdisjoint(ordered([part])):
                    changes[node] = truth.held(part) * other
    copied = any(truth.tape.notes[graph.entry[one]].call in COPIES for one in changes)
    changes |= (directions := _directions(truth, users))
    return _if_better(truth, judged, changes, by=0 if copied or directions else 1)


def _directions(truth: StepTruth, users: Mapping[Node, Iterable[Node]]) -> dict[Node, Node]:
    """Return what single directions that are found of a matrix are held as, where it is turned.

    A power iteration finds them anew in each step: of the largest singular value ``u @ W @ v``
    people take the derivative with u and v as they are.
    """
    entry, parameters = truth.graph.entry, {*truth.parameters.values()}
    found = [
        node
        for node in users
        if node.op.name == "divide" and entry.get(node) in truth.dependent
        if math.prod(node.shape) == max(node.shape, default=1) > 1
        if all(abs(np.linalg.norm(one) - 1.0) < CLOSE for one in truth.numbers(node))
    ]
    turning = {one for node in found for user in users[node] for one in user.inputs}
    turned = any(not parameters.isdisjoint(turning & {*ordered([node])}) for node in found)
    return {node: truth.held(node) for node in found if turned}


def _is_copy(
    truth: StepTruth, users: Mapping[Node, set[Node]], node: Node, moving: Sequence[Node]
) -> bool:
    """Whether a node is a copy of a parameter beside that, or its average with something else."""
    same = {p for p in truth.parameters.values() if p.shape == node.shape != ()}
    parameters = {p for p in same if users.get(p, set()) - {node}}
    if truth.tape.notes[truth.graph.entry[node]].call in COPIES:
        return not parameters.isdisjoint(moving)
    if node.op.name != "add" or len(moving) != 1:
        return False
    part = moving[0]
    by_number = part.op.name in SCALING and any(number(one) is not None for one in part.inputs)
    return not parameters.isdisjoint((part, *(part.inputs if by_number else ())))


def _straight_through(truth: StepTruth, judged: Judged) -> Judged:
    """Return how parameters fare where the slope of steps counts as 1: they have none of use.

    So it does of the nearest rows of a table, beside which what they are near to has its own.
    """
    graph, changes = truth.graph, dict[Node, Node]()
    every = ordered([judged.loss.node]) if None in judged.matches.values() else []
    for node in every:
        entry = graph.entry.get(node, 0)
        inputs = [graph.nodes[one] for one in truth.tape.inputs[entry] if one in graph.nodes]
        if entry not in truth.dependent or not inputs:
            continue
        if truth.tape.notes[entry].call in STEPS:
            changes[node] = inputs[0] + (truth.held(node) - truth.held(inputs[0]))
        elif node.op.name == "getitem" and len(inputs) == 2:
            same = (one for one in ordered(inputs[1:]) if one.shape == node.shape and one in every)
            for near in [*same][-1:]:
                through = near + (truth.held(node) - truth.held(near))
                users = (user for user in every if node in user.inputs and near not in user.inputs)
                changes |= {
                    u: u.with_inputs(through if one is node else one for one in u.inputs)
                    for u in users
                }
    return _if_better(truth, judged, changes)


def _without_root(truth: StepTruth, judged: Judged) -> Judged:
    """Return how parameters fare without a root of the whole loss: either is made small by both."""
    node, changes = judged.loss.node, dict[Node, Node]()
    while node.op.name in SCALING and None in judged.matches.values():
        node = max(node.inputs, key=lambda part: number(part) is None)
    if node.op.name == "sqrt":
        changes[node] = node.inputs[0]
    elif node.op.name == "norm" and node.shape == ():
        changes[node] = (node.inputs[0] * node.inputs[0]).sum()
    return _if_better(truth, judged, changes)
