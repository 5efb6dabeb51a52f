"""Finds parameters whose gradient a program never applies, or does not compute.

Where nothing at all is made of the gradient, the update is missing: the program is wrong.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import product
from typing import NamedTuple

import numpy as np

from bptui.check.reports.report import Line
from bptui.core.graph.backward import backward
from bptui.core.graph.node import Node, ordered
from bptui.trace.judge.candidates import ALL
from bptui.trace.judge.meant import short
from bptui.trace.judge.replay import FAILURES
from bptui.trace.judge.wrong_lines import Lines
from bptui.trace.paths import SINGLE
from bptui.trace.run import Run
from bptui.trace.source import Source
from bptui.trace.step.drawn import products_with, shown
from bptui.trace.step.multiples import Values, multiple, rounded
from bptui.trace.step.training_steps import Parameter, training_steps
from bptui.trace.step.unused_gradients import NO_LINE
from bptui.trace.step.updates import lost_updates
from bptui.trace.tape import Tape

FREEZING = re.compile("freez|froz|trainable", re.IGNORECASE)
"""How programs say, in a name or a comment, that they leave parameters as they are."""

KINDS = re.compile("__name__|isinstance|hasattr")
"""What asks for no choice of updates, but what something is."""


class Unapplied(NamedTuple):
    """A parameter that is not updated, as an entry, with the entry of its gradient.

    It is ``lost`` if no update is computed of it, and of what the same line gives only those of
    other parameters.
    """

    parameter: int
    gradient: int
    lost: bool
    place: int
    """Of the gradient, or of what takes the parameter's place and is made of it."""
    zero: bool = False
    """Whether the parameter is updated in every step, and by what is still 0 each time."""


def told(one: Unapplied, name: Callable[[int], str | None]) -> str:
    """Return what a gradient is not used for."""
    if one.zero:
        return f"{name(one.gradient)} is 0 in every update of {name(one.parameter)}"
    return f"{name(one.gradient)} is right, and {name(one.parameter)} is never updated by it"


def put_back(statement: ast.stmt | None, names: Collection[str]) -> str | None:
    """Return a statement that gives what it updates, which has such names, to that itself."""
    match statement:
        case ast.Assign([ast.Name() as target], ast.BinOp() as value) if target.id not in names:
            read = (ast.unparse(one) for one in ast.walk(value) if isinstance(one, SINGLE))
            own = next((text for text in read if text in names), None)
            return None if own is None else f"{own} = {ast.unparse(value)}"
    return None


def local_updates(tape: Tape, run: Run, times: int = 2) -> Iterator[Line]:
    """Yield the lines that give a name alone what should become of a parameter."""
    places = {run.line_of(one.place): one.name for one in lost_updates(tape, times)}
    for line, name in sorted(places.items()):
        statement, told = run.source.statement(line) if line else None, None
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.BinOp):
            old, change = ast.unparse(statement.value.left), ast.unparse(statement.value.right)
            told = f"{name} -= {change}" if old == name else None
        if line:
            text, why = run.source.lines[line - 1].strip(), "changes a name alone: the array stays"
            yield Line(line, text, name, None, "wrong", told, why)


def plain_gradients(parameters: Iterable[Parameter], source: Source) -> dict[int, list[Parameter]]:
    """Return the lines of what is called the gradient of a parameter, and has a single place.

    A gradient that is there a plain number, as its size, is no value of the backward pass.
    """
    places: dict[str, list[int]] = {}
    for node in ast.walk(source.tree):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in filter(None, targets):
            places.setdefault(short(ast.unparse(target)), []).append(target.lineno)
    found: dict[int, list[Parameter]] = {}
    for parameter, d in product(parameters, ("d", "g")):
        lines = places.get(d + short(parameter.name), ())
        if len(lines) == 1:
            found.setdefault(lines[0], []).append(parameter)
    return found


class Fixed:
    """What the loss of a step is computed from that no update changes."""

    def __init__(self, lines: Lines, name: Callable[[int], str | None]) -> None:
        self.lines, self.truth, self.name = lines, lines.truth, name
        self.tape = self.truth.tape
        self.behind = set[int]().union(*self.truth.behind.values())
        """What updates are computed from."""
        self.befores = {parameter.before for parameter in self.truth.parameters}

    def unapplied(self) -> list[Unapplied]:
        """Return what has a gradient that is computed and never applied, with that."""
        found = dict[int, Unapplied]()
        notes, parameters = self.tape.notes, self.truth.parameters
        if all(notes[parameter.after].place == NO_LINE for parameter in parameters):
            return []  # the program makes no update at all
        for entry, true, sure in self._gradients():
            gradient = self._claimed(true)
            if gradient is not None:
                lost = self._is_lost(gradient)
                if lost or sure:  # the last that has it: W1 of W1 = 0.1 * rng.normal(...)
                    found[gradient] = Unapplied(entry, gradient, lost, self._place(entry, gradient))
            elif (zero := self._zero(entry)) is not None and any(part.any() for part in true):
                known = (b for b in self.tape.bindings if b.when < self.truth.step.end)
                *_, place = (b.place for b in known if b.entry == zero)
                found[zero] = Unapplied(entry, zero, True, place, zero=True)
        return [*found.values()]

    def _zero(self, parameter: int) -> int | None:
        """Return the array with a name by which a parameter is updated, if it is always 0."""
        tape, end = self.tape, self.truth.step.end
        for update in (e for e in range(parameter, end) if parameter in tape.inputs[e]):
            note = tape.notes[update]
            alike = [e for e, one in enumerate(tape.notes) if one.place == note.place]
            changes = [part for e in alike for part in self._changes(e)]
            zero = not any(np.any(tape.values[part]) for part in changes)
            if changes and zero and alike[-1] > end:
                for part in self._changes(update):
                    while part not in tape.named and tape.inputs[part]:
                        part = max(tape.inputs[part], key=lambda one: len(tape.shape(one)))
                    return part if part in tape.named and tape.shape(part) else None
        return None

    def _changes(self, update: int) -> list[int]:
        """Return what is added to the first term of a sum, or taken from it: as large as that."""
        given, shape = self.tape.inputs[update], self.tape.shape
        is_sum = self.tape.notes[update].call in ("add", "subtract") and len(given) == 2
        return given[1:] if is_sum and shape(given[0]) == shape(given[1]) != () else []

    def _gradients(self) -> Iterator[tuple[int, Values, bool]]:
        """Yield what may be a parameter, its true gradient, and whether it is one for sure."""
        counts, loss = self.lines.samples, self.lines.judged.loss.node
        graph, parameters = self.truth.graph, self.truth.parameters
        entries = sorted(graph.entry[node] for node in ordered([loss]) if node in graph.entry)
        products = products_with(graph, parameters.values(), self.truth.early)
        data = {one for _, others in products for part in others for one in shown(part)}
        later = {p.before for step in training_steps(self.tape) for p in step.parameters}
        fixed, sure = {}, set[int]()
        for entry in entries:
            node, shape = graph.nodes[entry], self.tape.shape(entry)
            kind = np.asarray(self.tape.values[entry]).dtype.kind
            if kind != "f" or entry in self.truth.dependent | later or not self._is_given(node):
                continue
            # the gradient of data, and of a state before the first turn of a loop, is never applied
            if node not in data:
                fixed[entry] = node
                if counts and shape and counts.isdisjoint(shape):
                    sure.add(entry)
        try:
            found = backward(loss, fixed.values()).of if fixed else {}
        except FAILURES:  # there is no rule on the way to what is fixed
            return
        gradients = {entry: (node, found[node]) for entry, node in fixed.items() if node in found}
        for entry, true in self.truth.in_draws(gradients).items():
            yield entry, true, entry in sure
        for before in {p.before for p in parameters if p.places is not None}:
            true = [np.reshape(whole, -1) for whole in self.lines.true.get((before, ALL), ())]
            known = {at for p in parameters if p.before == before for at in p.places or ()}
            for at in range(true[0].size if true else 0):
                if at not in known:
                    yield before, [whole[at].reshape(()) for whole in true], False

    def _is_given(self, node: Node) -> bool:
        """Whether something has a name, and is made of one thing at most, as W = 0.1 * W is."""
        entry, named, views = self.truth.graph.entry, self.tape.named, shown(node)
        made = (one for one in ordered([node]) if one not in views)
        whole = [one for one in made if entry.get(one) in named or (one.shape and not one.inputs)]
        return entry[node] in named and len(whole) <= 1

    def _claimed(self, true: Values) -> int | None:
        """Return the entry of what a program has that is a multiple of this gradient alone."""
        named, behind = self.tape.named, self.truth.dependent - self.lines.forward
        for entry in sorted(behind, key=lambda one: (one not in named, one)):
            values = self.truth.numbers(self.truth.graph.nodes[entry])
            if values[0].size != true[0].size or not self.name(entry):
                continue
            factor = multiple(values, true)
            if factor is None or np.isnan(factor) or self.lines.standing.compared(values):
                continue  # nothing, or what is zero as its gradient is
            if values[0].size > 1 or rounded(abs(factor)) in self.lines.standing.usual:
                return entry
        return None

    def _place(self, parameter: int, gradient: int) -> int:
        """Return what is made of a parameter and its gradient, but put elsewhere.

        Else what takes its place: something else, or itself as in w = w.
        """
        notes, bindings = self.tape.notes, self.tape.bindings
        known = [binding for binding in bindings if binding.when <= gradient]
        own = {binding.location for binding in known if binding.entry == parameter}
        names = {binding.name for binding in known if binding.entry == parameter}
        before = {binding.place for binding in known if binding.location in own}
        made = self.tape.dependents({gradient}, len(notes)) - {gradient}
        both = (entry for entry in sorted(made) if parameter in self.tape.inputs[entry])
        elsewhere = next(both, None)
        if elsewhere is not None:
            return notes[elsewhere].place
        for b in bindings:
            again = b.entry == parameter and b.location in own and b.place not in before
            new = b.entry in made and (b.location in own or b.name in names)
            if b.when > gradient and (again or new):
                return b.place
        return notes[gradient].place

    def _is_lost(self, gradient: int) -> bool:
        place = self.tape.notes[gradient].place
        same = [one for one in self.lines.values if self.tape.notes[one].place == place]
        of = (self.lines.factors(one) for one in self.behind.intersection(same))
        own = all(any(one in self.befores and part == ALL for one, part in known) for known in of)
        return gradient not in self.behind and own


def chooses(source: Source, updates: Collection[int], parameter: str, gradient: str) -> bool:
    """Return whether a program decides what it updates: an update may be left out on purpose.

    It does so under a condition, or says that something is frozen. ``updates`` are lines of them.
    """
    if FREEZING.search(source.text):
        return True
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.If) or KINDS.search(ast.unparse(node.test)):
            continue
        for part in (part for one in (*node.body, *node.orelse) for part in ast.walk(one)):
            if isinstance(part, ast.Continue) or getattr(part, "lineno", 0) in updates:
                return True
            if isinstance(part, ast.Name | ast.Attribute | ast.Subscript):
                name = parameter if isinstance(part.ctx, ast.Store) else gradient
                if ast.unparse(part) == name:
                    return True
    return False
