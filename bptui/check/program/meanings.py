"""Says which true gradient a value of a program's backward pass is, in the program's names."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import numpy as np

from bptui.check.reports.report import Example
from bptui.core.graph.node import evaluate
from bptui.trace.judge.candidates import ALL, gradient_text, turned
from bptui.trace.judge.repair import Repair
from bptui.trace.judge.wrong_lines import Lines
from bptui.trace.step.lowering import given_values
from bptui.trace.step.multiples import Values, multiple, rounded, shaped
from bptui.trace.step.training_steps import Parameter

LONGEST = 32
"""Characters of an expression that stands for a value without a name."""
MOST = 2
"""True gradients that are told of a line; a helper that serves all parameters stands for none."""


class Meanings:
    """What the values of one backward pass stand for."""

    def __init__(self, found: Lines, names: Mapping[int, str], piece: Callable[[int], str]) -> None:
        """Take the judged lines, the names of entries, and what gives their expressions."""
        self.found, self.names, self.piece = found, names, piece
        self.notes = found.truth.tape.notes

    def name(self, entry: int) -> str | None:
        """Return a name for a forward value, or the short expression that computes it."""
        piece = "" if entry in self.names else self.piece(entry)
        piece = piece.removeprefix("-").strip() if self._is_turned(entry) else piece
        return self.names.get(entry) or (f"({piece})" if 0 < len(piece) <= LONGEST else None)

    def of(self, given: Iterable[int], line: Collection[int]) -> str | None:
        """Return the true gradients that entries are, or are multiples of; ``line`` are its own."""
        found = dict.fromkeys(self._multiple(entry, line) for entry in given)
        known = [name for name in found if name]
        return ", ".join(known) if known and len(known) <= MOST else None

    def _multiple(self, entry: int, line: Collection[int]) -> str | None:
        truth = self.found.truth
        values = self.found.values.get(entry) or truth.numbers(truth.graph.nodes[entry])
        whole = np.asarray(truth.tape.values[entry]).dtype.kind in "iu"  # an index
        if whole or values[0].dtype.kind != "f":
            return None
        factors = {
            source: factor
            for source, factor in self._factors(values).items()
            if source not in line and (values[0].size > 1 or rounded(abs(factor)) == 1.0)
            if not math.isnan(factor)  # nothing but zeros
        }
        best = self._best_named([*factors])
        return None if best is None else self._gradient(best, factors[best])

    def wanted(self, repair: Repair) -> str | None:
        """Return what the first wrong value should be: the gradient of which forward value."""
        source, _ = repair.stands_for[0]
        true = self.found.true[repair.stands_for[0]]
        own = self._factors(self.found.current.get(repair.entries[0], true))
        factors = {source: 1.0} if true[0].size == 1 else own or self._factors(true)
        best = self._best_named([*factors])
        if best is None:
            return None
        return self._gradient(best, 1.0 if math.isnan(factors[best]) else factors[best])

    def _is_turned(self, entry: int) -> bool:
        """Return whether the true gradient known is that of the value with the other sign."""
        truth = self.found.truth
        return entry in truth.graph.nodes and turned(truth, truth.graph.nodes[entry])

    def _gradient(self, entry: int, factor: float = 1.0) -> str:
        """Write a multiple of the gradient of a value, or of what it is without its minus."""
        inside = self._is_turned(entry) and not self.piece(entry).startswith("-")
        return gradient_text(self.name(entry) or "", -factor if inside else factor)

    def _factors(self, values: Values) -> dict[int, float]:
        """Return the forward values of whose true gradients values are a multiple, and which."""
        known = self.found.standing.compared(values, single=True)
        return {source: factor for (source, part), factor in known.items() if part == ALL}

    def _best_named(self, sources: Sequence[int]) -> int | None:
        """Return the forward value that says most: one with a name, else the longest expression."""
        return max(
            filter(self.name, sources),
            key=lambda entry: (entry in self.names, self.notes[entry].call != "negative", entry),
            default=None,
        )

    def gradient(self, parameter: Parameter) -> str | None:
        """Return the name of what is, or should be, the gradient in the parameter's update."""
        true, standing = self.found.fitting.true_of(parameter), self.found.standing
        if true is None:
            return None
        inside = self.found.truth.inner(parameter, self.found.judged)
        factors = {match.entry: match.factor for match in inside if match.entry is not None}
        factors |= self.found.claims(parameter)
        named = sorted((entry for entry in factors if entry in self.names), reverse=True)
        scaled = {entry: rounded(abs(factors[entry])) != 1.0 for entry in named}
        if true[0].size == 1:  # a number is a multiple of many
            named = [e for e in named if rounded(abs(factors[e])) in standing.usual]
        return next((self.names[entry] for entry in sorted(named, key=scaled.__getitem__)), None)

    def error(self, parameter: Parameter) -> float:
        """Return how far a parameter's change is from its gradient, beside that."""
        wanted = self.found.fitting.true_of(parameter)
        change = self.found.truth.change_of(parameter)
        if wanted is None:
            return 0.0
        scale = self.found.factor or 1.0
        if np.size(change[0]) != np.size(wanted[0]):
            return 1.0  # its update gives it another shape
        difference = max(
            float(np.abs(c - scale * np.reshape(t, np.shape(c))).max())
            for c, t in zip(change, wanted, strict=True)
        )
        size = max(float(np.abs(t).max()) for t in wanted)
        return difference / abs(scale) / size if size else difference

    def new_value(self, parameter: Parameter, name: str) -> str | None:
        """Return what a parameter should become: ``W - 0.1 dL/d W``; None where that is unknown."""
        factor = self.found.updates.change_wanted(parameter)
        if factor is None:
            return None
        return f"{name} {'-' if factor < 0 else '+'} {gradient_text(name, abs(factor))}"

    def is_gradient(self, repair: Repair) -> bool:
        """Tell whether what belongs there is the gradient that the value stands for."""
        right = self.found.right_value(repair.entries[0])
        true = self.found.true[repair.stands_for[0]]
        return right is None or multiple(right, true) is not None

    def example(self, repair: Repair) -> Example | None:
        """Return the number that is furthest from the right one, on the program's own values.

        In some turns of a loop it may be right.
        """
        truth, gradients = self.found.truth, self.found.judged.gradients.of
        nodes, updated = truth.graph.nodes, dict(zip(repair.entries, repair.updated, strict=False))
        whole = (nodes[source] for source, part in repair.stands_for if part == ALL)
        known = {node: gradients[node] for node in whole if node in gradients}
        own = evaluate([*nodes.values(), *known.values()], given_values(truth.graph))
        found = list[Example]()
        for entry, (source, part) in zip(repair.entries, repair.stands_for, strict=True):
            node, value = nodes[source], np.asarray(own[nodes[entry]], dtype=np.float64)
            if part != ALL or node not in known or int(np.prod(node.shape)) != value.size:
                continue
            true = np.broadcast_to(own[known[node]], node.shape)
            if entry in updated:
                right = self.found.updates.new_value(updated[entry], lambda e: own[nodes[e]], true)
            else:
                wanted = self.found.right_value(entry)
                scale = (wanted and multiple(wanted, self.found.true[source, ALL])) or 1.0
                right = scale * shaped(true, value.shape)
            at = np.unravel_index(int(np.abs(value - right).argmax()), value.shape)
            pair = (float(value[at]) + 0.0, float(right[at]) + 0.0)  # never -0
            found.append(Example(tuple(map(int, at)), *pair))
        return max(found, key=lambda one: abs(one.found - one.expected), default=None)
