"""What the program's values stand for: true gradients, and their numbers in any update."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np

from bptui.app.program.record import Record
from bptui.core.activations import ACTIVATIONS
from bptui.core.arrays import Array
from bptui.core.graph.backward import Simplification, backward
from bptui.core.graph.elementwise import positive
from bptui.core.graph.node import Node, evaluate, ordered
from bptui.trace.judge.activated import Activated, softmaxes
from bptui.trace.judge.candidates import ALL, Source, gradient_text
from bptui.trace.step.lowering import given_values
from bptui.trace.step.multiples import multiple, shaped
from bptui.trace.step.training_steps import Parameter
from bptui.trace.step.truth import StepTruth

Mask = np.ndarray[Any, np.dtype[np.bool_]]
CLOSE = 1e-6
"""Of the largest number; below that two numbers count as the same."""
COARSE = 1e-3
"""The same where the program computes in single precision."""


def is_whole(name: str) -> bool:
    """Whether a name, or the expression that stands for one, needs no brackets beside others."""
    try:
        node = ast.parse(name, mode="eval").body
    except SyntaxError:  # "W (2)", of the second object that has one
        return True
    return isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call | ast.Constant)


class Claim(NamedTuple):
    """A value of the backward pass stands for ``factor`` times a true gradient.

    ``source`` is the forward value whose gradient it is; ``verdict`` as in the report.
    """

    source: int
    node: Node
    factor: float
    verdict: str
    updated: bool = False
    """Whether it is a new parameter: ``node`` is that, and ``factor`` that of its gradient."""


class Claims:
    """Which entries of the update that was looked at stand for which true gradients."""

    def __init__(self, record: Record) -> None:
        self.record, self.lines = record, record.lines
        loss, wanted = self.lines.judged.loss.node, self.lines.truth.parameters.values()
        self.gradients = backward(loss, wanted, simplify=self._textbook(loss))
        self.truth = lru_cache(maxsize=4)(self._evaluated)
        self.of = lru_cache(maxsize=100_000)(self._found)

    def _textbook(self, loss: Node) -> Simplification:
        """Return the rule by which dL/dz is dL/da times f'(z) as a textbook has it: a (1 - a).

        It holds where all that the loss has of z goes through a = f(z).
        """
        truth, forward = self.lines.truth, self.lines.forward
        found = [*self.lines.layers, *softmaxes(truth, forward)]
        known = {truth.graph.nodes[one.after]: one for one in found if one.name}
        self.activated: dict[int, Activated] = {}
        """The activation that all goes through that the loss has of a pre-activation."""
        consumers: dict[Node, set[Node]] = {}
        for node in ordered([loss]):
            for source in node.inputs:
                consumers.setdefault(source, set()).add(node)

        def rule(node: Node, gradient: Node) -> Mapping[Node, Node]:
            one = known.get(node)
            if one is None:
                return {}
            z, entry = truth.graph.nodes[one.before], ACTIVATIONS[one.name]
            if not consumers.get(z, set()) <= {*ordered([node])}:
                return {}
            self.activated[one.before] = one
            a = positive(node)  # the activation stays what it is, and is not multiplied out
            if entry.pullback is not None:
                return {z: entry.pullback(z, a, gradient)}
            return {} if entry.slope is None else {z: gradient * entry.slope(z, a)}

        return rule

    def _found(self, entry: int) -> Claim | None:
        """Return what an entry of any update stands for.

        In other updates than the one that was looked at the numbers decide: another factor, as of a
        smaller batch, is right; and what was right and is no multiple any more is no gradient.
        """
        record, update = self.record, self.record.update(entry)
        own = record.twin(entry, record.first)
        claim = None if own is None else self._all.get(own)
        if claim is None or claim.node not in self.truth(update):
            return claim if update == record.first else None
        judged = claim.verdict != "right"
        if judged and (claim.updated or update == record.first):
            return claim
        factor = multiple([record.array(entry)], [self._unscaled(claim, entry)])
        if factor is None or np.isnan(factor):
            return claim if judged else None
        off = abs(factor - claim.factor) > COARSE * abs(claim.factor)
        if off and record.array(entry).size == 1:
            return claim if judged else None
        return claim._replace(factor=factor, verdict="right")

    def gradient(self, source: int, factor: float = 1.0, label: str = "") -> str:
        """Write a multiple of the gradient of a forward value: dL/dz1, -0.5 dL/d a[0].

        ``label`` is put behind the name.
        """
        name = self.record.name(source)
        text = gradient_text(name if is_whole(name) else f"({name})", factor) + label
        return text.replace("dL/d ", "dL/d", 1) if name.isidentifier() else text

    def text(self, claim: Claim, label: str = "") -> str:
        """Write what a value stands for: -0.5 dL/dz1, or W1 - 0.1 dL/dW1 of a new parameter."""
        if not claim.updated:
            return self.gradient(claim.source, claim.factor, label)
        sign = "-" if claim.factor < 0 else "+"
        gradient = self.gradient(claim.source, abs(claim.factor), label)
        return f"{self.record.name(claim.source)}{label} {sign} {gradient}"

    def has(self, source: int) -> bool:
        """Whether a value of the program is, or should be, the gradient of a forward value."""
        return any(claim.source == source for claim in self._all.values())

    @cached_property
    def _all(self) -> dict[int, Claim]:
        found: dict[int, Claim] = {}
        lines = self.lines
        for repair in lines.repairs:
            found |= filter(None, map(self._new, repair.updated))
            pairs = () if repair.updated else zip(repair.entries, repair.stands_for, strict=True)
            for entry, source in pairs:
                values = lines.current.get(entry, lines.true[source])
                claim, node = self._best(values, "wrong"), self._node(source)
                if claim is None and node is not None:
                    factor = multiple(values, lines.true[source])
                    claim = Claim(source[0], node, factor, "wrong") if factor else None
                if claim is not None:
                    found[entry] = claim
        for entry in lines.backward:
            if entry in found or np.asarray(self.record.tape.values[entry]).dtype.kind not in "fc":
                continue
            follows = entry in lines.follows
            values = lines.current[entry] if follows else lines.values[entry]
            claim = self._best(values, "follows" if follows else "right")
            if claim is not None and entry not in self._stateful:
                found[entry] = claim
        return found

    def _new(self, parameter: Parameter) -> tuple[int, Claim] | None:
        """Return what a wrong update should give; None where that is no multiple of a gradient."""
        factor, old = (
            self.lines.updates.change_wanted(parameter),
            self.lines.truth.parameters[parameter],
        )
        if factor is None:
            return None
        change = abs(factor) * self.gradients.of[old]
        new = old - change if factor < 0 else old + change
        return parameter.after, Claim(parameter.before, new, factor, "wrong", updated=True)

    @cached_property
    def _stateful(self) -> set[int]:
        """The entries that are no gradients of their update alone: new parameters, and what an
        optimizer remembers."""
        record = self.record
        update = min(record.first + 1, len(record.steps) - 1)
        began, inputs = record.stops[record.starts[0]], record.tape.inputs
        first = record.entries(update)[0]
        twins = {entry: record.twin(entry, update) for entry in self.lines.backward}
        forward = {record.now(entry, update) for entry in self.lines.forward}
        read = {one for entry in forward if entry is not None for one in inputs[entry]}
        found = {parameter.after for parameter in record.verdict.step.parameters}
        kept: set[int] = set()
        for entry, twin in twins.items():
            for source in () if twin is None else inputs[twin]:
                remembered = began <= source < first and source not in read
                if source in kept or (remembered and record.array(source).size > 1):
                    kept.add(twin or -1)
                    found.add(entry)
        return found

    def _node(self, source: Source) -> Node | None:
        """Return the true gradient that a source is, or what one consumer adds to it."""
        graph = self.lines.truth.graph
        entry, part = source
        whole = self.gradients.of.get(graph.nodes[entry])
        if part < 0:
            return whole if part == ALL else None
        links = self.gradients.links.get(graph.nodes[entry], ())
        found = (link for link in links if graph.entry.get(link.consumer) == part)
        return next((link.contribution for link in found), None)

    def _best(self, values: list[Any], verdict: str) -> Claim | None:
        """Return the true gradient that values are a multiple of: best that of a named value."""
        named, notes, single = self.record.named, self.record.tape.notes, values[0].size == 1
        if values[0].dtype.kind != "f":
            return None

        def rank(source: Source) -> tuple[bool, bool, bool, int]:
            entry, part = source
            return entry in named, part == ALL, notes[entry].call != "negative", entry

        found = self.lines.standing.compared(values, single=True)
        # any number is a multiple of another
        fitting = [
            source
            for source, factor in found.items()
            if not np.isnan(factor) and not (single and abs(abs(factor) - 1.0) > CLOSE)
        ]
        best = max(fitting, key=rank, default=None)
        node = None if best is None else self._node(best)
        return None if best is None or node is None else Claim(best[0], node, found[best], verdict)

    # numbers

    def _evaluated(self, update: int) -> Mapping[Node, Any]:
        """Return the true gradients in an update; fewer where the program went another way."""
        known = self.record.known(update)
        wanted = {claim.node for claim in self._all.values()} | set(self.gradients.of.values())
        try:
            same = self._same_way(known)
            return evaluate(wanted, known) if same else self._derived_anew(update)
        except (KeyError, ValueError, IndexError, TypeError, StopIteration):
            return {}

    def _derived_anew(self, update: int) -> Mapping[Node, Any]:
        """Return the true gradients in an update that reads other places of arrays: by its graph.

        Its numbers stand for the gradients of the update that was looked at.
        """
        record, loss = self.record, self.lines.judged.loss
        entry = None if loss.entry is None else record.now(loss.entry, update)
        truth = StepTruth(record.tape, record.steps[update], record.checked.line_of)
        same = (one for one in truth.losses if (one.entry, one.text) == (entry, loss.text))
        theirs = backward(next(same).node, truth.parameters.values()).of
        found: dict[Node, Node] = {}
        for source, gradient in self.gradients.of.items():
            now = record.now(self.lines.truth.graph.entry.get(source, -1), update)
            node = None if now is None else truth.graph.nodes.get(now)
            if node is not None and node in theirs and node.shape == source.shape:
                found[gradient] = theirs[node]
        values = evaluate(found.values(), given_values(truth.graph))
        return {own: np.broadcast_to(values[other], own.shape) for own, other in found.items()}

    def _same_way(self, known: Mapping[Node, Any]) -> bool:
        """Whether the graph computes the program's numbers, as where no index has changed."""
        truth = self.lines.truth
        with np.errstate(all="ignore"):
            for node in ordered([self.lines.judged.loss.node]):
                derived = bool(node.inputs) and truth.graph.entry.get(node) in truth.dependent
                if derived and known.keys() >= {node, *node.inputs}:
                    arrays = [known[part] for part in node.inputs]
                    made = node.op.evaluate(*arrays, **node.settings)
                    if not np.allclose(made, known[node], COARSE, CLOSE, equal_nan=True):
                        return False
        return True

    def _unscaled(self, claim: Claim, entry: int) -> Array:
        """Return the true gradient of a claim in the shape of an entry, where it has its size."""
        shape = self.record.tape.shape(entry)
        gradient = self.truth(self.record.update(entry))[claim.node]
        return shaped(np.broadcast_to(gradient, claim.node.shape), shape)

    def true(self, entry: int) -> Array | None:
        """Return the numbers that an entry should be: the true gradient times its factor."""
        claim = self.of(entry)
        if claim is None or claim.node not in self.truth(self.record.update(entry)):
            return None
        factor = 1.0 if claim.updated else claim.factor
        return np.asarray(factor * self._unscaled(claim, entry))

    def differs(self, entry: int) -> Mask | None:
        """Return where an entry's numbers are not what they should be; None where nobody knows."""
        true, own = self.true(entry), self.record.array(entry)
        if true is None:
            return None
        if true.shape != own.shape:
            return np.ones(own.shape, dtype=np.bool_)
        coarse = np.asarray(self.record.tape.values[entry]).dtype.itemsize < 8
        size = float(np.abs(true).max(initial=0.0))
        return np.asarray(np.abs(own - true) > (COARSE if coarse else CLOSE) * size)

    def worst(self, entry: int) -> int:
        """Return which of an entry's numbers is furthest from right, counted along its rows."""
        true, own = self.true(entry), self.record.array(entry)
        if true is None or true.shape != own.shape or not self.is_wrong(entry):
            return 0
        return int(np.abs(own - true).argmax())

    def is_wrong(self, entry: int) -> bool:
        """Whether an entry's numbers are not the gradient that they stand for."""
        claim, found = self.of(entry), self.differs(entry)
        if claim is None or claim.verdict == "right":
            return False
        return found is not None and bool(found.any())
