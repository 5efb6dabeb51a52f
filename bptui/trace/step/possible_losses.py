"""What may be the loss of a recorded step: what is computed, what is implied, how it fares."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from bptui.core.graph.backward import Gradients
from bptui.core.graph.elementwise import log
from bptui.core.graph.node import Node, number
from bptui.core.losses import TERMS
from bptui.trace.step.lowering import Lowered
from bptui.trace.step.multiples import Match
from bptui.trace.step.weighted import Weights
from bptui.trace.tape import ABSOLUTES, POWERS, Tape, Value

NAMES: tuple[str, ...] = ("loss", "cost", "mse", "nll", "obj", "cross", "entropy", "bce")
NAMES += ("custo", "cout", "coût", "perda", "perdida", "pérdida", "perte", "verlust", "kosten")
NAMES += ("sse", "rss", "kld", "deviance", "energy", "logloss", "xent", "hinge", "损失", "損失")
"""How a word begins by which programs call their loss, in several languages."""
GAINS = ("likelihood", "loglik", "loglikelihood", "ll")
"""Words for what they make large, where it is below 0, as logarithms of probabilities are."""
VAGUE = ("err", "total", "etot", "fehler")
"""How a word begins by which they call their loss, or something on the way back."""
SLOPES = ("grad", "deriv", "delta", "partial", "prime", "slope")
"""How words begin by which programs say that something is a derivative; so do d, pd, and wrt."""
ADDING = ("add", "subtract", "sum", "mean", "math.fsum")
SCALING = ("multiply", "divide", "negative", "positive", "float", "item")
UNDERIVED = (ValueError, TypeError, IndexError, KeyError)
"""What is raised where no gradient can be derived."""
MEASURES = (*POWERS, *ABSOLUTES, "square")
HALF = "half squared error"
WEIGHTED = "cross-entropy, each sample times its weight or reward"
DAMAGED = ("add", "multiply", "divide")
"""What may stand for the difference of an output and a target."""
SOON = 8
"""Entries within which an update follows that takes a difference as it is."""
IMPLIED = 6
"""Differences of output and target that are looked at."""


class Loss(NamedTuple):
    """A number that may be what the program makes small."""

    node: Node
    entry: int | None
    """Where the program computes it; None for a loss that it only implies."""
    text: str
    used: bool = False
    """Whether parameters are updated by it."""
    differences: frozenset[Node] = frozenset()
    """Those that imply it: where the program goes back from."""
    gain: bool = False
    """Whether it is the minus of what the program makes large."""
    told: bool = False
    """Whether it can be nothing but a loss."""

    @property
    def named(self) -> bool:
        """Whether the program calls it a loss, and does not mean something on the way back."""
        vague = self.used and not self.gain and not _surely_a_loss(self.text)
        slopes = (w.startswith(SLOPES) or w in ("d", "pd", "wrt") for w in _words(self.text))
        own = self.gain or self.told or _of_a_loss(self.text)
        return self.entry is not None and own and not vague and not (self.used and any(slopes))


def _words(text: str) -> list[str]:
    return text.lower().replace("_", " ").replace(".", " ").split()


def _of_a_loss(text: str) -> bool:
    vague = (word.startswith(VAGUE) or word in ("e", "l", "kl") for word in _words(text))
    return _surely_a_loss(text) or any(vague)


def _surely_a_loss(text: str) -> bool:
    return any(word.startswith(NAMES) or word == "j" for word in _words(text))


def _is_gain(text: str, value: Value) -> bool:
    """Whether a number is made large: it is the minus of a loss."""
    words = _words(text)
    return not set(words).isdisjoint(GAINS) and not _of_a_loss(text) and np.sum(value) < 0.0


Key = tuple[int, str]
"""Of a parameter, or of a part of one."""


@dataclass
class Judged:
    """A loss with the true gradients that follow from it, and how the parameters fare."""

    loss: Loss
    gradients: Gradients
    matches: dict[Key, Match | None]
    """By the parameter's entry; None where the gradient is wrong."""
    missing: list[Key]
    """Parameters that the loss does not depend on."""
    size: float = 0.0
    """True gradients below it count as zero."""
    ratios: dict[Key, float] = field(default_factory=dict)
    """Of gradients that are a multiple of the right one."""
    misapplied: set[Key] = field(default_factory=set)
    """Parameters whose gradients are right, and whose updates make something else of them."""
    uphill: bool = False
    """Whether the updates make the loss larger."""
    inner: dict[Key, list[Match]] = field(default_factory=dict)
    """The multiples of true gradients behind updates, the last first."""
    factor: float | None = None
    """The multiple of its gradient by which each parameter has to change, where that is known."""

    @property
    def right(self) -> int:
        return sum(match is not None for match in self.matches.values())

    @property
    def whole(self) -> dict[Key, float]:
        """The factors of parameters whose whole change is a multiple of the gradient."""
        return {key: match.factor for key, match in self.matches.items() if match and match.whole}

    @property
    def rises(self) -> bool:
        """Whether all parameters go along their gradients, not against them."""
        return bool(self.whole) and all(factor > 0 for factor in self.whole.values())

    @property
    def rank(self) -> tuple[int, int, int, bool, bool, bool, int]:
        """What makes a loss likely, the weightiest first."""
        downhill = sum(
            match is not None and match.entry is None and match.factor < 0
            for match in self.matches.values()
        )
        aside, entry = not self.loss.used, self.loss.entry or 0
        named = self.loss.named or (self.loss.entry is None and not self.right)
        return downhill, self.right, -len(self.missing), bool(downhill), named, aside, entry


def computed(
    tape: Tape,
    graph: Lowered,
    dependent: Collection[int],
    entries: Iterable[int],
    used: Collection[int],
) -> Iterator[Loss]:
    """Yield the single numbers among entries, but for differences of an output and a target.

    The terms of a sum are none, the sum is. ``dependent`` are the entries that depend on
    parameters, ``used`` those that updates depend on.
    """
    names = {binding.entry: binding.name for binding in reversed(tape.bindings)}
    names |= {b.entry: b.name for b in reversed(tape.bindings) if _of_a_loss(b.name)}
    named: dict[int, set[str]] = {}
    for binding in tape.bindings:
        named.setdefault(binding.entry, set()).add(binding.name)
    single = [entry for entry in entries if _is_single(tape.values[entry])]
    terms = _terms(tape, dependent, single)
    differences = _Differences(tape, graph, dependent)
    for entry in single:
        if entry not in terms:
            node = graph.nodes[entry]
            name = names.get(entry, "")
            added = any(name in named.get(one, ()) for one in tape.inputs[entry])
            means = any(part.op.name in ("mean", "sum") for part in node.inputs)
            added |= means and entry not in used and _surely_a_loss(name)  # as "- np.log(2)"
            if differences.of(entry) is not None and not added:
                continue  # an error of either sign is nothing to make small
            whole = node.sum() if node.shape else node
            gain = _is_gain(name, tape.values[entry])
            yield Loss(-whole if gain else whole, entry, name, entry in used, gain=gain)


def added_up(tape: Tape, losses: Iterable[Loss]) -> Iterator[Loss]:
    """Yield the sums of losses that a step computes several times over by one name.

    Gradients may be added up over samples, or parts of a batch, whose losses nobody adds.
    """
    groups: dict[tuple[str, int], list[Loss]] = {}
    for loss in losses:
        if loss.entry is not None and loss.named:
            groups.setdefault((loss.text, tape.notes[loss.entry].place), []).append(loss)
    for group in groups.values():
        entries = {loss.entry for loss in group if loss.entry is not None}
        last = group[-1]
        chained = any(tape.depends(e, entries - {e}) for e in entries)
        if len(group) > 1 and not chained:
            yield last._replace(node=total(loss.node for loss in group))


def _is_single(value: Value) -> bool:
    return np.size(value) == 1 and np.asarray(value).dtype.kind == "f"


def _terms(tape: Tape, dependent: Collection[int], single: Sequence[int]) -> set[int]:
    """Return the single numbers that are added to others that depend on parameters, too."""
    found: set[int] = set()
    for entry in reversed(single):
        call, inputs = tape.notes[entry].call, tape.inputs[entry]
        ours = [source for source in inputs if source in dependent]
        if (call in ADDING and (len(ours) > 1 or entry in found)) or (
            call in SCALING and len(ours) == 1 and entry in found
        ):
            found.update(ours)
    return found


def implied(
    tape: Tape, graph: Lowered, dependent: Mapping[int, None], shares: Callable[[Node], bool]
) -> Iterator[Loss]:
    """Yield the losses of which differences of output and target are the derivative.

    ``shares`` tells whether outputs lie between 0 and 1.
    """
    differences, picked = _pairs(tape, graph, dependent)
    measured, weights = _only_measured(tape), Weights(tape, graph, dependent)
    single = [every for every in differences if not any(node.shape for node, _, _ in every)]
    together = [[one for every in single for one in every]] if len(single) > 1 else []
    for every in [*differences[:IMPLIED], *together]:
        group = [one for one in every if graph.entry.get(one[0]) not in measured] or every
        halves = [(0.5 * (node * node)).sum() for node, _, _ in group]
        own = frozenset(node for node, _, _ in group)
        yield Loss(total(halves), None, HALF, differences=own)
        if all(shares(out) for _, out, _ in group):
            likely = [target * log(out) for _, out, target in group]
            unlikely = [(1.0 - target) * log(1.0 - out) for _, out, target in group]
            both = [(one + other).sum() for one, other in zip(likely, unlikely, strict=True)]
            yield Loss(-total(both), None, "binary cross-entropy")
            yield Loss(-total([part.sum() for part in likely]), None, "cross-entropy")
            if by := weights.of([(node, target, out) for node, out, target in group]):
                for terms in (likely, [a + b for a, b in zip(likely, unlikely, strict=True)]):
                    weighted = [(w * part).sum() for w, part in zip(by, terms, strict=True)]
                    yield Loss(-total(weighted), None, WEIGHTED)
        if all(out.op.name == "exp" for _, out, _ in group):  # of counts: Poisson regression
            counted = [(out - target * log(out)).sum() for _, out, target in group]
            yield Loss(total(counted), None, "Poisson loss")
    for pairs in picked[:IMPLIED]:
        likely = [log(old) for _, old in pairs]
        yield Loss(-total([part.sum() for part in likely]), None, "cross-entropy")
        if by := weights.of([(node, None, old) for node, old in pairs]):
            weighted = [(w * part).sum() for w, part in zip(by, likely, strict=True)]
            yield Loss(-total(weighted), None, WEIGHTED)


def compared(tape: Tape, dependent: Collection[int]) -> dict[int, bool]:
    """Return the numbers that depend on parameters and are compared, with what came of it."""
    return {entry: outcome for entry, outcome in tape.compared if entry in dependent}


def hinges(tape: Tape, graph: Lowered, dependent: Collection[int]) -> Iterator[Loss]:
    """Yield minus the sum of the margins for which a comparison holds, and of the others.

    Where max(0, 1 - y out) is not 0, its derivative is that of minus the margin.
    """
    for holds in (False, True):
        found = (entry for entry, outcome in compared(tape, dependent).items() if outcome is holds)
        if nodes := [graph.nodes[entry].sum() for entry in found]:
            yield Loss(-total(nodes), None, "hinge loss")


def outputs(tape: Tape, graph: Lowered, dependent: Mapping[int, None]) -> list[Node]:
    """Return what targets are subtracted from."""
    differences, _ = _pairs(tape, graph, dependent)
    return [out for group in differences for _, out, _ in group]


def _only_measured(tape: Tape) -> set[int]:
    """Return what nothing is computed from but squares and sizes: nobody goes back from it."""
    found: dict[int, bool] = {}
    for note, inputs in zip(tape.notes, tape.inputs, strict=True):
        for entry in inputs:
            measure = note.call in MEASURES or inputs == [entry, entry]
            found[entry] = found.get(entry, True) and measure
    return {entry for entry, measured in found.items() if measured}


def _pairs(
    tape: Tape, graph: Lowered, dependent: Mapping[int, None]
) -> tuple[list[list[tuple[Node, Node, Node]]], list[list[tuple[Node, Node]]]]:
    """Return differences with output and target, and outputs that 1 is taken from; by place.

    Where there are none, one was meant where output and target are combined in another way.
    """
    differences: dict[int, list[tuple[Node, Node, Node]]] = {}
    picked: dict[int, list[tuple[Node, Node]]] = {}
    known = _Differences(tape, graph, dependent)
    for entry in dependent:
        node, place = graph.nodes[entry], tape.notes[entry].place
        pair = known.of(entry)
        if pair is not None:
            differences.setdefault(place, []).append((node, *pair))
        elif node.op.name == "setitem" and node.inputs[1].op.name in ("add", "subtract"):
            old, one = node.inputs[1].inputs
            turned = bool(old.inputs) and old.inputs[0].op.name == "negative"  # -p, plus 1
            of_one = number(one) == 1.0 and turned == (node.inputs[1].op.name == "add")
            if of_one and old.op.name == "getitem":
                picked.setdefault(place, []).append((node, -old if turned else old))
    if not differences and not picked:
        for entry in dependent:
            # one number times another may be a rate
            pair = known.of(entry, DAMAGED if tape.shape(entry) else DAMAGED[:1])
            same = pair is not None and pair[0].shape == pair[1].shape
            out = -1 if pair is None else graph.entry.get(pair[0], -1)
            if pair is not None and same and out in tape.named and out >= known.first:
                if not np.any(tape.values[graph.entry.get(pair[1], out)]):
                    continue  # what begins a sum is no target
                meant = (pair[0] - pair[1], *pair)
                differences.setdefault(tape.notes[entry].place, []).append(meant)
    return [*differences.values()], [*picked.values()]


class UnknownLossError(ValueError):
    """Says that a program has no loss of that name, and what there is."""


def told(tape: Tape, graph: Lowered, dependent: Mapping[int, None], name: str) -> Iterator[Loss]:
    """Yield what a loss may be that is told by name: a variable, or a loss function of ours.

    Raises :class:`UnknownLossError` where there is none.
    """
    bound = [b for b in tape.bindings if b.entry in dependent and _is_single(tape.values[b.entry])]
    entries = [b.entry for b in bound if name in (b.name, b.name.rpartition(".")[2])]
    differences, picked = _pairs(tape, graph, dependent)
    if entries:
        node = graph.nodes[entries[-1]]
        yield Loss(node.sum() if node.shape else node, entries[-1], name)
    elif name not in TERMS:
        names = dict.fromkeys(b.name for b in bound if b.name.isidentifier())
        own = f"; numbers of the program's training step: {', '.join(names)}" if names else ""
        raise UnknownLossError(f"found {name!r}; expected one of {', '.join(TERMS)}{own}")
    elif not differences and not (picked and name == "cross_entropy"):
        raise UnknownLossError(
            f"{name}: the program computes no difference of output and target that it could be of; "
            "name the variable that holds the loss"
        )
    else:
        for group in differences:
            yield Loss(total(TERMS[name](out, t).sum() for _, out, t in group), None, name)
        for pairs in picked if name == "cross_entropy" else []:
            yield Loss(-total([log(old).sum() for _, old in pairs]), None, name)


class _Differences:
    """Tells which differences are those of an output and a target."""

    def __init__(self, tape: Tape, graph: Lowered, dependent: Collection[int]) -> None:
        self.tape, self.graph, self.dependent = tape, graph, dependent
        ours = set(dependent)
        computed = (entry for entry in dependent if not ours.isdisjoint(tape.inputs[entry]))
        self.first = min(computed, default=0)
        self.numbers: dict[int, set[Value]] = {}
        """The plain numbers that are subtracted, or subtracted from, at each place."""
        for note in tape.notes:
            if note.call == "subtract":
                plain = {part for part in note.arguments if isinstance(part, int)}
                self.numbers.setdefault(note.place, set()).update(plain)

    def of(self, entry: int, calls: Collection[str] = ("subtract",)) -> tuple[Node, Node] | None:
        """Return output and target where an entry is their difference, or what ``calls`` give."""
        node = self.graph.nodes[entry]
        if node.op.name not in calls or len(node.inputs) != 2:
            return None
        ours = [self.graph.entry.get(operand) in self.dependent for operand in node.inputs]
        out, target = node.inputs if ours[0] else node.inputs[::-1]
        given = ours[0] != ours[1] and number(out) is None
        given = given and np.prod(out.shape) == np.prod(node.shape)
        given = given and self._is_data(entry, target) and not self._is_decay(entry, out)
        return (out, target) if given else None

    def _is_decay(self, entry: int, out: Node) -> bool:
        """Whether it is no output but the decay of what is updated by the difference as it is."""
        of: Node | None = out
        while of is not None and of.op.name in SCALING:
            ours = (one for one in of.inputs if self.graph.entry.get(one) in self.dependent)
            of = next((one for one in ours if one.shape == out.shape), None)
        same = {entry}
        for later in range(entry + 1, min(entry + SOON, len(self.tape.notes))):
            inputs = self.tape.inputs[later]
            if same.isdisjoint(inputs):
                continue
            if self.tape.notes[later].call in SCALING:
                same.add(later)
            elif self.tape.notes[later].call in ADDING[:2]:
                return out is not of and of in map(self.graph.nodes.get, inputs)
        return False

    def _is_data(self, entry: int, target: Node) -> bool:
        """Whether a target is data, not the 1 of 1 - out."""
        known = self.graph.entry.get(target)
        if number(target) is None or (known is not None and known < self.first):
            return True
        return known is None and len(self.numbers.get(self.tape.notes[entry].place, ())) > 1


def total(parts: Iterable[Node]) -> Node:
    """Return the sum of some."""
    first, *rest = parts
    return sum(rest, first)
