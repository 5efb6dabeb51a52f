"""Finds parameters that get something else than their old value and a change of it.

``W = -rate * dW`` takes the place of what lasts, and comes from it through its gradient alone; in
``W = dW - rate * W`` it has the wrong sign.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import numpy as np

from bptui.core.graph.backward import backward
from bptui.core.graph.node import ordered
from bptui.trace.step.multiples import Values, multiple
from bptui.trace.step.parts import part_put, value_put
from bptui.trace.step.possible_losses import UNDERIVED, Judged, Key
from bptui.trace.step.sums import product_of, share_of
from bptui.trace.step.training_steps import Parameter, TrainingStep, names_of
from bptui.trace.step.truth import StepTruth
from bptui.trace.step.updates import with_former
from bptui.trace.tape import Reference, Tape

SUMS = ("add", "subtract")
FIRST = 20_000
"""Entries of a tape in which a step is looked for that updates nothing rightly."""


def overwriting_steps(tape: Tape) -> list[TrainingStep]:
    """Return what may be the first step of a program in which there is no update at all.

    Its last new value comes from all that it overwrites, and from no other new one.
    """
    found: dict[int, Parameter] = {}
    end = min(FIRST, len(tape.notes))
    for parameter in _overwriting(tape, 0, end):
        if parameter.rated and tape.depends(parameter.after, {parameter.before}):
            found.setdefault(parameter.before, parameter)
    given = _not_computed(tape, found.values())
    afters = {parameter.after for parameter in given}
    end = min((p.after for p in found.values() if p.before in afters), default=end)
    if not given:
        return []
    last = max(parameter.after for parameter in given)
    behind = tape.ancestors(last) - {last}
    step = tuple(p for p in given if p.before in behind and p.after not in behind)
    return [TrainingStep(step, 0, end)]


def with_overwritten(truth: StepTruth, judged: Judged) -> TrainingStep:
    """Return the step of a truth with the parameters that it overwrites, and no others."""
    step, entry = truth.step, truth.graph.entry
    sure = [parameter for parameter in step.parameters if not parameter.overwritten]
    behind = {entry[node] for node in ordered([judged.loss.node]) if node in entry}
    last = max(parameter.after for parameter in step.parameters)
    read = {one for inputs in truth.tape.inputs[last + 1 :] for one in inputs}
    ends = step.end == len(truth.tape.notes)
    others: Iterable[Parameter] = step.parameters
    if sure:
        behind -= truth.dependent
        # later on, what the loss depends on may be a gradient of the step before
        others = () if step.first else _overwriting(truth.tape, step.first, step.end)
    elif not judged.loss.named and judged.loss.entry is not None:
        others = ()
    found: dict[Key, Parameter] = {}
    lasting = [p for p in others if p.after in read or (ends and p.rated)]
    lasting = [p for p in lasting if p.before in behind and p.before in truth.graph.nodes]
    lasting += _other_parts(truth.tape, step)
    true = _true_gradients(truth, judged, {p.before for p in lasting})
    for parameter in lasting:
        if parameter.before in true:
            gradient = list(map(parameter.taken, true[parameter.before]))
            if _by_gradient(truth, gradient, parameter):
                found.setdefault(parameter.key, parameter)
    return step._replace(parameters=(*sure, *_not_computed(truth.tape, found.values())))


def _other_parts(tape: Tape, step: TrainingStep) -> Iterator[Parameter]:
    """Yield the parts of an array that are written among its parts that are updated."""
    makers = {binding.entry: binding for binding in reversed(tape.bindings)}
    known = {one.key for one in step.parameters}
    for one in {p.before: p for p in step.parameters if p.places is not None}.values():
        chain = {one.before}
        for entry in range(one.before + 1, step.end):
            part = part_put(tape, entry)
            if part is not None and part[0] in chain and entry in makers:
                chain.add(entry)
                flat = tuple(np.reshape(part[1], -1).tolist())
                statements = (makers[entry],)
                made = one._replace(
                    after=entry, statements=statements, places=flat, overwritten=True
                )
                if made.key not in known:
                    yield made


def _not_computed(tape: Tape, found: Collection[Parameter]) -> list[Parameter]:
    """Return those that are not computed from others, as the values of hidden units are."""
    befores = {parameter.before for parameter in found}
    made = tape.dependents(befores, max(befores, default=0))
    return [p for p in found if made.isdisjoint(tape.inputs[p.before])]


def _overwriting(tape: Tape, first: int, end: int) -> Iterator[Parameter]:
    """Yield what takes the place of an earlier value of its size that it is computed from."""
    names = names_of(tape)
    makers = {binding.entry: binding for binding in reversed(tape.bindings)}
    for binding, before in with_former(tape):
        after = binding.entry
        if after >= end:
            return
        if before == after:
            continue
        value = value_put(tape, after)
        if before is None or value is None or after < first:
            continue
        same = tape.shape(before) == tape.shape(value) == tape.shape(after)
        if share_of(tape, value, before) == 1.0:
            continue  # it is an update, though it may be lost
        if same and np.asarray(tape.values[before]).dtype.kind == "f":
            note = tape.notes[_unsigned(tape, value)]
            terms = note.arguments[:2] if note.call in SUMS else (Reference(value),)
            scalars = frozenset().union(*(product_of(tape, term).scalars for term in terms))
            name = names.get(before, binding.name)
            maker = makers[after]  # in a function that has returned it
            statement = binding if maker.frame in (0, binding.frame) else maker
            yield Parameter(before, after, name, (statement,), scalars=scalars, overwritten=True)


def _true_gradients(
    truth: StepTruth, judged: Judged, entries: Collection[int]
) -> dict[int, Values]:
    nodes = {entry: truth.graph.nodes[entry] for entry in entries}
    try:
        found = backward(judged.loss.node, nodes.values()).of
        return truth.in_draws({e: (of, found[of]) for e, of in nodes.items() if of in found})
    except UNDERIVED:
        return {}


def _by_gradient(truth: StepTruth, true: Values, parameter: Parameter) -> bool:
    """Whether a new value comes from the old one through its gradient, and else only taken away.

    Or it is a sum of the gradient, times a rate, and what is not the old value: W ** 2.
    """
    tape, nodes = truth.tape, truth.graph.nodes
    value = value_put(tape, parameter.statements[-1].entry)
    if value is None:
        return False
    if not any(map(np.any, true)):
        return False  # as zeros that a row for each sample is written over
    if truth.spread and all(np.array_equal(true[0], other) for other in true):
        return False  # as a sum of losses, of which any number may be that many times the 1
    behind = tape.ancestors(value).intersection(nodes) - {parameter.before}
    if tape.notes[value].call in SUMS:
        behind -= {value}  # as of a memory that is zero so far
    same = {
        entry
        for entry in behind
        if int(np.prod(nodes[entry].shape)) == true[0].size
        if multiple(truth.numbers(nodes[entry]), true) is not None
    }
    share = share_of(tape, value, parameter.before) or 0.0
    taken_away = share < 0.0
    apart = parameter.before not in tape.ancestors(value, short_of=same)
    value = _unsigned(tape, value)
    added = not same.isdisjoint(tape.inputs[value]) and tape.notes[value].call in SUMS
    changed = added and not 0.0 < share <= 1.0  # as a memory, or an update of it
    return bool(same) and (taken_away or apart or changed)


def _unsigned(tape: Tape, entry: int) -> int:
    while tape.notes[entry].call == "negative":
        (entry,) = tape.inputs[entry]
    return entry
