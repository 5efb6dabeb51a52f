"""What the program's values stand for: true gradients, and their numbers in any update."""

from __future__ import annotations

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
from bptui.trace.activated import activated, softmaxes
from bptui.trace.candidates import ALL, Source
from bptui.trace.comparing import multiple

Mask = np.ndarray[Any, np.dtype[np.bool_]]
CLOSE = 1e-6
"""Of the largest number; below that two numbers count as the same."""
COARSE = 1e-3
"""The same where the program computes in single precision."""


class Claim(NamedTuple):
    """A value of the backward pass stands for ``factor`` times a true gradient.

    ``source`` is the forward value whose gradient it is; ``verdict`` as in the report.
    """

    source: int
    node: Node
    factor: float
    verdict: str


class Claims:
    """Which entries of the update that was looked at stand for which true gradients."""

    def __init__(self, record: Record) -> None:
        self.record, self.lines = record, record.lines
        loss, wanted = self.lines.judged.loss.node, self.lines.truth.parameters.values()
        self.gradients = backward(loss, wanted, simplify=self._textbook(loss))
        self.truth = lru_cache(maxsize=4)(self._evaluated)

    def _textbook(self, loss: Node) -> Simplification:
        """Return the rule by which dL/dz is dL/da times f'(z) as a textbook has it: a (1 - a).

        It holds where all that the loss has of z goes through a = f(z).
        """
        truth, forward = self.lines.truth, self.lines.forward
        found = [*activated(truth, forward), *softmaxes(truth, forward)]
        known = {truth.graph.nodes[one.after]: one for one in found if one.name}
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
            a = positive(node)  # the activation stays what it is, and is not multiplied out
            if entry.pullback is not None:
                return {z: entry.pullback(z, a, gradient)}
            return {} if entry.slope is None else {z: gradient * entry.slope(z, a)}

        return rule

    def of(self, entry: int) -> Claim | None:
        """Return what an entry of any update stands for."""
        own = self.record.twin(entry, self.record.first)
        return None if own is None else self._all.get(own)

    @cached_property
    def _all(self) -> dict[int, Claim]:
        found: dict[int, Claim] = {}
        lines = self.lines
        for repair in lines.repairs:
            for entry, source in zip(repair.entries, repair.stands_for, strict=True):
                values = lines.current.get(entry, lines.true[source])
                claim, node = self._best(values, "wrong"), self._node(source)
                if claim is None and node is not None:
                    factor = multiple(values, lines.true[source]) or 1.0
                    claim = Claim(source[0], node, factor, "wrong")
                if claim is not None:
                    found[entry] = claim
        for entry in lines.backward:
            if entry in found:
                continue
            follows = entry in lines.follows
            values = lines.current[entry] if follows else lines.values[entry]
            claim = self._best(values, "follows" if follows else "right")
            if claim is not None and self._is_gradient(entry):
                found[entry] = claim
        return found

    def _is_gradient(self, entry: int) -> bool:
        """Whether an entry is no new value of a parameter."""
        return entry not in {p.after for p in self.record.verdict.step.parameters}

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
        named, chosen = self.record.named, None
        if values[0].dtype.kind != "f":
            return None
        for source in self._sizes.get(values[0].size, ()):
            factor = multiple(values, self.lines.true[source])
            if factor is None or np.isnan(factor):
                continue
            single = values[0].size == 1
            if single and abs(abs(factor) - 1.0) > CLOSE:
                continue  # any number is a multiple of another
            same = self.record.tape.notes[source[0]].call == "negative"
            rank = (source[0] in named, source[1] == ALL, not same, source[0])
            if chosen is None or rank > chosen[0]:
                chosen = rank, source, factor
        if chosen is None:
            return None
        node = self._node(chosen[1])
        return None if node is None else Claim(chosen[1][0], node, chosen[2], verdict)

    @cached_property
    def _sizes(self) -> Mapping[int, list[Source]]:
        found: dict[int, list[Source]] = {}
        for source, values in self.lines.true.items():
            found.setdefault(values[0].size, []).append(source)
        return found

    # numbers

    def _evaluated(self, update: int) -> Mapping[Node, Any] | None:
        """Return all true gradients in an update, and the forward values that they depend on.

        None where the program went another way than in the update that was looked at.
        """
        known = self.record.known(update)
        if not self._same_way(known):
            return None
        wanted = {claim.node for claim in self._all.values()} | set(self.gradients.of.values())
        try:
            return evaluate(wanted, known)
        except (KeyError, ValueError, IndexError, TypeError):
            return None

    def _same_way(self, known: Mapping[Node, Any]) -> bool:
        """Whether the graph computes the program's numbers, as where no index has changed."""
        with np.errstate(all="ignore"):
            for node in ordered([self.lines.judged.loss.node]):
                derived = self.lines.truth.graph.entry.get(node) in self.lines.truth.dependent
                if (
                    derived
                    and node.inputs
                    and node in known
                    and all(part in known for part in node.inputs)
                ):
                    arrays = [known[part] for part in node.inputs]
                    made = node.op.evaluate(*arrays, **node.settings)
                    if not np.allclose(made, known[node], COARSE, CLOSE, equal_nan=True):
                        return False
        return True

    def true(self, entry: int) -> Array | None:
        """Return the numbers that an entry should be: the true gradient times its factor."""
        claim = self.of(entry)
        truth = None if claim is None else self.truth(self.record.update(entry))
        if claim is None or truth is None:
            return None
        shape = self.record.tape.shape(entry)
        true = claim.factor * np.broadcast_to(truth[claim.node], claim.node.shape)
        if true.size != int(np.prod(shape)):
            return np.asarray(true)
        turned = true.shape != shape and true.T.shape == shape
        return np.asarray(true.T if turned else true.reshape(shape))

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
        found = self.differs(entry)
        return found is not None and bool(found.any())
