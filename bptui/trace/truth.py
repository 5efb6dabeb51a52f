"""Finds a recorded step's loss, derives its true gradients, and compares what the program has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from bptui.core.graph.backward import Gradients, backward
from bptui.core.graph.elementwise import log, multiply
from bptui.core.graph.node import Node, evaluate, number, ordered
from bptui.trace.graph import Lowered, given_values
from bptui.trace.updates import Parameter, Tape, TrainingStep

DRAWS = 2
SPREAD = 5e-3
"""Numbers are drawn so near to the program's own that its decisions (masks, maxima) stay."""
CLOSE = 1e-6
NAMES = ("loss", "cost", "err", "mse", "total", "j", "e", "nll", "objective")


Key = tuple[int, str]
"""Of a parameter, or of a part of one."""


class Match(NamedTuple):
    """Numbers that are ``factor`` times a true gradient; ``entry`` None for the whole change."""

    factor: float
    entry: int | None


class Loss(NamedTuple):
    node: Node
    entry: int | None
    """Where the program computes it; None for a loss that it only implies."""
    text: str


@dataclass
class Judged:
    """A loss with the true gradients that follow from it, and how the parameters fare."""

    loss: Loss
    gradients: Gradients
    matches: dict[Key, Match | None]
    """By the parameter's entry; None where the gradient is wrong."""
    ratios: dict[Key, float] = field(default_factory=dict)
    """Of gradients that are a multiple of the right one."""

    @property
    def gradients_found(self) -> list[Key]:
        return [key for key in self.matches if key not in self.missing]

    missing: list[Key] = field(default_factory=list)
    """Parameters that the loss does not depend on."""

    @property
    def right(self) -> int:
        return sum(match is not None for match in self.matches.values())

    @property
    def named(self) -> bool:
        """Whether the program itself calls it a loss."""
        words = self.loss.text.lower().replace("_", " ").replace(".", " ").split()
        return self.loss.entry is not None and any(
            word.startswith(("loss", "cost", "err", "mse", "nll", "total", "objective")) or word in ("j", "e") for word in words
        )

    @property
    def rank(self) -> tuple[Any, ...]:
        downhill = any(match and match.factor < 0 and match.entry is None for match in self.matches.values())
        whole = sum(m is not None and m.entry is None and m.factor < 0 for m in self.matches.values())
        return (whole, self.right, downhill, self.named, self.loss.entry is not None, self.loss.entry or 0)


class StepTruth:
    """A recorded step as a graph, evaluated on parameters that are drawn anew."""

    def __init__(self, tape: Tape, step: TrainingStep, lines: Callable[[int], int], seed: int = 5) -> None:
        self.tape, self.step, self.lines = tape, step, lines
        self.graph = Lowered(tape.notes, tape.values, 0, lines)
        self.parameters: dict[Parameter, Node] = {}  # parts share the node of the whole
        for parameter in step.parameters:
            made = self.graph.nodes.get(parameter.before) or self.graph._leaf(parameter.before)
            self.graph.nodes[parameter.before], self.graph.entry[made] = made, parameter.before
            self.parameters[parameter] = made
        befores = {each.before for each in step.parameters}
        self.dependent = tape.dependents(befores, step.end)
        self.later = tape.dependents({each.after for each in step.parameters}, step.end)
        for entry in sorted(self.dependent):
            self.graph.node(entry)
        self.data = self._inputs()
        self.draws = [self._drawn(np.random.default_rng(seed + each)) for each in range(DRAWS)]

    def _drawn(self, rng: np.random.Generator) -> dict[Node, Any]:
        values = dict(given_values(self.graph))
        for node in dict.fromkeys(self.parameters.values()):
            value = np.asarray(values[node], dtype=np.float64)
            scale = SPREAD * max(float(np.sqrt(np.mean(value * value))), 0.2)
            values[node] = value + scale * rng.standard_normal(value.shape)
        for node in self.data:
            value = np.asarray(values[node], dtype=np.float64)
            if np.asarray(self.graph.given[node]).dtype.kind == "f" and (value.size == 1 or np.ptp(value) > 0):
                values[node] = value + SPREAD * max(float(np.std(value)), 0.2) * rng.standard_normal(value.shape)
        return evaluate(list(self.graph.nodes.values()), values)

    def _inputs(self) -> set[Node]:
        """Return the data that is multiplied with a parameter: it may be drawn anew as well.

        Targets may not: that they add up to 1 may be used.
        """
        plain = {"getitem", "transpose", "reshape", "positive", "expand_dims", "swapaxes", "broadcast_to"}
        views = set(self.parameters.values())
        found: set[Node] = set()
        other: set[Node] = set()
        for entry in sorted(self.dependent - self.later):
            node = self.graph.nodes[entry]
            if node.op.name in plain and node.inputs and node.inputs[0] in views:
                views.add(node)
            given = [each for each in node.inputs if self.graph.entry.get(each) not in self.dependent]
            through = any(each in views for each in node.inputs)
            product = node.op.name in ("matmul", "multiply", "einsum") and through
            roots = [each for each in ordered(given) if each in self.graph.given]
            (found if product else other).update(roots)
        return found - other

    def numbers(self, node: Node) -> list[Any]:
        """Return a node's values in all draws."""
        return [np.asarray(draw[node], dtype=np.float64) for draw in self.draws]

    def evaluated(self, node: Node, changes: Sequence[dict[Node, Any]] | None = None) -> list[Any]:
        """Return the values of a node that is not of the program, in all draws."""
        if changes is None:
            return [np.broadcast_to(evaluate([node], draw)[node], node.shape) for draw in self.draws]
        return [np.broadcast_to(evaluate([node], {**draw, **change})[node], node.shape) for draw, change in zip(self.draws, changes, strict=True)]

    def change_of(self, parameter: Parameter) -> list[Any]:
        after = self.graph.nodes[parameter.after]
        return [parameter.taken(new - old) for new, old in zip(self.numbers(after), self.numbers(self.parameters[parameter]), strict=True)]

    # losses

    def losses(self) -> Iterator[Loss]:
        """Yield what may be the loss: numbers computed from parameters, and what differences imply."""
        reach = {parameter.before for parameter in self.step.parameters}
        names = {binding.entry: binding.name for binding in reversed(self.tape.bindings)}
        for entry in sorted(self.dependent - self.later - reach):
            value = np.asarray(self.tape.values[entry])
            if value.size == 1 and value.dtype.kind == "f":
                node = self.graph.nodes[entry]
                if node.shape:
                    node = node.sum()
                yield Loss(node, entry, names.get(entry, ""))
        yield from self._implied()

    def _implied(self) -> Iterator[Loss]:
        """Yield the losses of which differences of output and target are the derivative."""
        groups: dict[int, list[tuple[Node, Node, Node]]] = {}
        picked: dict[int, list[Node]] = {}
        for entry in sorted(self.dependent - self.later):
            node, place = self.graph.nodes[entry], self.tape.notes[entry].place
            if node.op.name == "subtract" and len(node.inputs) == 2:
                ours = [self.graph.entry.get(each) in self.dependent for each in node.inputs]
                out, target = node.inputs if ours[0] else node.inputs[::-1]
                constants = number(out) is not None or number(target) is not None
                if ours[0] != ours[1] and not constants and out.shape == node.shape:
                    groups.setdefault(place, []).append((node, out, target))
            elif node.op.name == "setitem" and node.inputs[1].op.name == "subtract":
                old, one = node.inputs[1].inputs
                if number(one) == 1.0 and old.op.name == "getitem":
                    picked.setdefault(place, []).append(old)
        for group in list(groups.values())[:6]:
            yield Loss(_total((0.5 * (node * node)).sum() for node, _, _ in group), None, "half squared error")
            if all(self._shares(out) for _, out, _ in group):
                likely = [target * log(out) for _, out, target in group]
                unlikely = [(1.0 - target) * log(1.0 - out) for _, out, target in group]
                both = (one + other for one, other in zip(likely, unlikely, strict=True))
                yield Loss(-_total(each.sum() for each in both), None, "binary cross-entropy")
                yield Loss(-_total(each.sum() for each in likely), None, "cross-entropy")
        for olds in list(picked.values())[:6]:
            yield Loss(-_total(log(old).sum() for old in olds), None, "cross-entropy")

    def _shares(self, out: Node) -> bool:
        """Whether outputs lie between 0 and 1."""
        return all(part.size and 0 < part.min() and part.max() < 1 for part in self.numbers(out))

    def judged(self, loss: Loss) -> Judged | None:
        """Return how the parameters fare if this is the loss; None where it has no gradient."""
        try:
            found = backward(loss.node, self.parameters.values())
        except (ValueError, TypeError, IndexError, KeyError):
            return None
        matches: dict[Key, Match | None] = {}
        missing: list[Key] = []
        for parameter, node in self.parameters.items():
            if node not in found.of:
                matches[parameter.key] = None
                missing.append(parameter.key)
                continue
            try:
                true = list(map(parameter.taken, self.evaluated(found.of[node])))
            except (ValueError, TypeError, IndexError):
                return None
            matches[parameter.key] = self.match(parameter, true)
        return Judged(loss, found, matches, missing=missing)

    def likely(self) -> list[Judged]:
        """Return the losses for which most of the program's gradients are right, the likeliest first.

        A loss that the program computes and calls so is it, where all parameters lead to it.
        """
        found = [judged for judged in map(self.judged, self.losses()) if judged is not None]
        named = [each for each in found if each.named and not each.missing]
        if named:
            chosen = [max(named, key=lambda each: each.rank)]
        else:
            most = max((each.rank[:2] for each in found), default=None)
            chosen = sorted((each for each in found if each.rank[:2] == most), key=lambda each: each.rank, reverse=True)[:4]
        for judged in chosen:
            self._settle(judged)
        return chosen

    def _settle(self, judged: Judged) -> None:
        """Let only what agrees with the rest count as right: one factor for all parameters."""
        whole = {key: match for key, match in judged.matches.items() if match is not None and match.entry is None and not np.isnan(match.factor)}
        for key, match in judged.matches.items():
            if match is not None and match.entry is not None:
                true = self.true_of(self._parameter(key), judged)
                inside = self.inner_matches(self._parameter(key), true)
                if not any(self._adapted(key, each.entry) for each in inside if each.entry is not None):
                    judged.matches[key] = None
        counts: dict[float, int] = {}
        for match in whole.values():
            if np.isnan(match.factor):
                continue
            counts[_rounded(match.factor)] = counts.get(_rounded(match.factor), 0) + 1
        if len(counts) < 2:
            return
        uses = {key: max(e for e in self.dependent - self.later if key[0] in self.tape.inputs[e]) for key in whole}
        latest = max(whole, key=lambda key: uses[key])
        most = max(counts.values())
        usual = [factor for factor, count in counts.items() if count == most]
        mark = usual[0] if len(usual) == 1 else _rounded(whole[latest].factor)
        own = next(key for key, match in whole.items() if _rounded(match.factor) == mark)
        reference = self._inner(own, judged)
        for key, match in whole.items():
            if _rounded(match.factor) != mark and _rounded(self._inner(key, judged)) != _rounded(reference):
                judged.matches[key] = None
                judged.ratios[key] = match.factor / whole[own].factor

    def true_of(self, parameter: Parameter, judged: Judged) -> list[Any]:
        """Return a parameter's true gradient in all draws."""
        gradient = judged.gradients.of[self.parameters[parameter]]
        return list(map(parameter.taken, self.evaluated(gradient)))

    def _parameter(self, key: Key) -> Parameter:
        return next(each for each in self.parameters if each.key == key)

    def _inner(self, key: Key, judged: Judged) -> float:
        """Return the factor of the last entry before the rate that is a multiple of the gradient."""
        parameter = self._parameter(key)
        true = self.true_of(parameter, judged)
        match = self.match(parameter, true, inner=True)
        return match.factor if match is not None else 0.0

    def _adapted(self, key: Key, entry: int) -> bool:
        """Whether an optimizer with a memory, a root or a limit stands behind the gradient.

        Gradients that are added up and never cleared are no memory: that one fades.
        """
        parameter = self._parameter(key)
        behind = self.tape.ancestors(parameter.after) - self.tape.ancestors(entry)
        faded = False
        for each in sorted(behind & self.dependent):
            call = self.tape.notes[each].call
            if call in ("sqrt", "math.sqrt", "clip", "sign", "norm", "maximum", "minimum"):
                return True
            if call == "add" and any(self._is_state(one, key) for one in self.tape.inputs[each]):
                return False
        for each in behind - self.dependent:
            faded |= self.tape.notes[each].call == "multiply" and self.tape.shape(each) == self.tape.shape(key[0])
        return faded

    def _is_state(self, entry: int, key: Key) -> bool:
        """Whether an entry is an array from before the step, of the size of the parameter."""
        here = self.tape.shape(entry) == self.tape.shape(key[0]) and entry not in self.dependent
        value = self.tape.values[entry]
        return bool(here and entry < self.step.first and np.size(value) > 1 and np.any(value))

    # comparing

    def match(self, parameter: Parameter, true: list[Any], inner: bool = False) -> Match | None:
        """Return the place in a parameter's update that is a multiple of its true gradient."""
        factor = multiple(self.change_of(parameter), true)
        if factor is not None and not inner:
            return Match(factor, None)
        for match in self.inner_matches(parameter, true):
            if not (inner and match.entry is not None and self._scaled(self.graph.nodes[match.entry])):
                return match
        return None

    def inner_matches(self, parameter: Parameter, true: list[Any]) -> Iterator[Match]:
        """Yield the entries behind an update that are multiples of the true gradient, last first."""
        size = true[0].size
        for entry in sorted(self.tape.ancestors(parameter.after) & self.dependent, reverse=True):
            node = self.graph.nodes[entry]
            if entry in (parameter.before, parameter.after) or int(np.prod(node.shape)) != size:
                continue
            factor = multiple(self.numbers(node), true)
            if factor is not None:
                yield Match(factor, entry)

    def _scaled(self, node: Node) -> bool:
        """Whether a node is the product of something with a plain number, as a learning rate."""
        single = [each for each in node.inputs if not each.shape and self.graph.entry.get(each) not in self.dependent]
        return node.op.name == "multiply" and bool(single)


def _rounded(factor: float) -> float:
    return float(f"{factor:.5g}")


def _total(parts: Iterable[Node]) -> Node:
    first, *rest = parts
    for part in rest:
        first = first + part
    return first


def multiple(values: Iterable[Any], true: Iterable[Any]) -> float | None:
    """Return c where ``values`` are c times ``true`` in all draws, transposed or not; else None."""
    one, other = list(values), list(true)
    if one[0].size != other[0].size:
        return None
    flat = np.concatenate([np.reshape(each, -1) for each in one])
    if not np.isfinite(flat).all():
        return None
    turned = [each.T for each in other] if other[0].ndim == 2 and min(other[0].shape) > 1 else None
    for reference in (other, turned) if turned else (other,):
        wanted = np.concatenate([np.reshape(each, -1) for each in reference])
        square = wanted @ wanted
        if not square and not flat.any():
            return float("nan")  # nothing is right where there is no gradient
        if not square or not np.isfinite(square):
            continue
        factor = float(flat @ wanted / square)
        if factor and np.abs(flat - factor * wanted).max() <= CLOSE * abs(factor) * np.abs(wanted).max():
            return factor
    return None


__all__ = ["Judged", "Loss", "Match", "StepTruth", "multiple", "multiply"]
