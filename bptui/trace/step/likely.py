"""Chooses the loss that a program means: that for which most of its gradients are right."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from bptui.core.graph.node import Node, number, ordered
from bptui.trace.step.drawn import products_with, shown, through, views_of
from bptui.trace.step.multiples import along, rounded
from bptui.trace.step.possible_losses import (
    ADDING,
    HALF,
    SCALING,
    WEIGHTED,
    Judged,
    Loss,
    UnknownLossError,
    told,
    total,
)
from bptui.trace.step.settling import named_factors, settle
from bptui.trace.step.variants import as_people_derive, with_targets_held

if TYPE_CHECKING:
    from bptui.trace.step.truth import StepTruth

LIKELY = 4
"""Losses that are looked at where several explain the gradients equally well."""


def likely(truth: StepTruth) -> list[Judged]:
    """Return the losses for which most of the program's gradients are right, best first.

    A loss that the program computes and calls so is it, where all parameters lead to it; a sum of
    absolute values only if it explains all.
    """
    losses = sorted(_with_cross_entropies(truth), key=lambda loss: not loss.named)
    count = sum(loss.named for loss in losses)
    with_gradients = filter(None, map(truth.judged, losses[:count]))
    found = [as_people_derive(truth, judged) for judged in with_gradients]
    found = [*(together := _together(truth, found)), *found]
    own = [judged for judged in found if not judged.missing and _is_trained(truth, judged.loss)]
    own = [judged for judged in own if not _is_tally(truth, judged.loss, own)]
    own = [one for one in own if None not in one.matches.values() or not _adds_sizes(one.loss)]
    own = _weighted(truth, own, losses[count:]) or own
    if not own:
        found += _worth(truth, losses[count:])
        found = [one for one in found if one.size or one.loss.entry is not None] or found  # 0 ln o
        if _organises_itself(truth):
            found = [one for one in found if None not in one.matches.values()]
    equal = _equal(truth, [*map(partial(_last_of_name, truth, own), own)] or found)
    chosen = [_whole_square(truth, judged) for judged in equal[: 1 if own else LIKELY]]
    known = [judged for judged in found if judged.loss.entry is None or judged.loss.named]
    climbs = any(rises(truth, judged) for judged in known)
    for judged in chosen:
        judged.uphill = climbs and rises(truth, judged) and not may_rise(truth, judged.loss)
        if not any(judged is one for one in together):
            _leave_to_others(truth, judged, found)
        settle(truth, judged)
    return chosen


def _with_cross_entropies(truth: StepTruth) -> list[Loss]:
    """Return all losses; where none is called so, what adds up logarithms, each times a target, is.

    Of outputs that are trained by their squared error nobody looks at such a sum.
    """

    def is_one(loss: Loss) -> bool:
        terms = ordered([loss.node], through((*ADDING, *SCALING)))
        pairs = [[*term.inputs] for term in terms if term.op.name == "multiply"]
        pairs = [pair for pair in pairs if any(one.op.name == "log" for one in pair)]
        given = [one for pair in pairs for one in pair if one.op.name != "log"]
        entries = map(truth.graph.entry.get, given)
        targets = all(one.shape for one in given) and truth.dependent.isdisjoint(entries)
        return loss.entry is not None and not loss.used and targets and 0 < len(given) == len(pairs)

    losses = truth.losses
    if any(loss.named for loss in losses):
        return losses
    return [loss._replace(told=is_one(loss)) for loss in losses]


def _weighted(truth: StepTruth, own: Sequence[Judged], losses: Iterable[Loss]) -> list[Judged]:
    """Return the losses with weights of samples that explain more than the program's own.

    People print the loss without the weights of classes that they train with.
    """
    most = max((one.right for one in own), default=len(truth.parameters))
    if most == len(truth.parameters):
        return []
    read = {*ordered([one.loss.node for one in own])}
    weighted = (loss for loss in losses if loss.text == WEIGHTED)
    others = (
        loss
        for loss in weighted
        if _differ(truth, weights := _weights(loss))
        and read.isdisjoint(chain.from_iterable(map(shown, weights)))
    )
    tried = map(truth.judged, others)
    return [one for one in tried if one is not None and one.right > most]


def _weights(loss: Loss) -> list[Node]:
    """Return the weights of a loss that has some."""
    terms = ordered([loss.node], through(("negative", "sum", "add")))
    return [term.inputs[0] for term in terms if term.op.name == "multiply"]


def _differ(truth: StepTruth, weights: Iterable[Node]) -> bool:
    """Whether weights differ: one number for all samples is a factor too many."""
    values = [part for weight in weights for part in truth.numbers(weight)[0].reshape(-1)]
    return len({*values}) > 1


def _organises_itself(truth: StepTruth) -> bool:
    """Whether data are compared with parameters themselves: a map that learns by no gradient."""
    views = views_of(truth.graph, truth.parameters.values(), truth.early)
    return bool(truth.outputs) and views.issuperset(truth.outputs)


def _together(truth: StepTruth, found: Sequence[Judged]) -> list[Judged]:
    """Return how parameters fare with the sum of all losses, where none explains them all.

    Of tasks that share layers people add up the gradients, each times a weight, and no losses.
    """
    entries = [one.loss.entry or 0 for one in found]
    inner = {e for e in entries for other in {*entries} - {e} if e in truth.tape.ancestors(other)}
    parts = [one for one, entry in zip(found, entries, strict=True) if entry not in inner]
    if len(parts) < 2 or any(None not in one.matches.values() or one.loss.used for one in parts):
        return []
    by_rate = all(one.whole for one in parts)
    every = [[*one.whole.values()] if by_rate else claimed(truth, one) for one in parts]
    sizes = [rounded(abs(statistics.mode(own or [0.0]))) for own in every]
    if not all(0.0 < size < np.inf for size in sizes):
        return []
    pairs = zip(parts, sizes, strict=True)
    node = total(size / sizes[0] * one.loss.node for one, size in pairs)
    whole = truth.judged(parts[0].loss._replace(node=node))
    whole = whole and with_targets_held(truth, whole)
    explained = {key for one in parts for key, match in one.matches.items() if match}
    apart = len(explained) if len(set(sizes)) == 1 else max(one.right for one in parts)
    return [whole] if whole is not None and whole.right >= apart else []


def _leave_to_others(truth: StepTruth, judged: Judged, found: list[Judged]) -> None:
    """Leave the parameters that a loss does not explain to those losses that do.

    They are computed in the same step for other parameters, as that of a critic beside an actor's.
    """
    whole = truth.tape.ancestors(judged.loss.entry) if judged.loss.entry is not None else set()
    others = [
        other
        for other in found
        if (entry := other.loss.entry) is not None and other.loss.named and not other.loss.used
        if entry not in whole and judged.loss.entry not in truth.tape.ancestors(entry)
    ]
    of = dict(judged.gradients.of)
    for parameter, node in truth.parameters.items():
        if judged.matches[parameter.key] is None:
            other = next((one for one in others if one.matches[parameter.key]), None)
            if other is not None:
                judged.matches[parameter.key] = other.matches[parameter.key]
                of[node] = other.gradients.of[node]
    judged.gradients = judged.gradients._replace(of=of)
    judged.inner.clear()


def named(truth: StepTruth, name: str) -> Judged:
    """Return how the parameters fare with the loss of a name.

    Raises :class:`UnknownLossError` where there is no such loss.
    """
    parameters = {parameter.before for parameter in truth.step.parameters}
    inner = {entry: None for entry in truth.early if entry not in parameters}
    losses = told(truth.tape, truth.graph, inner, name)
    best = max(filter(None, map(truth.judged, losses)), key=lambda one: one.rank, default=None)
    if best is None:
        raise UnknownLossError(f"{name}: no gradient can be derived of it")
    best.uphill = rises(truth, best)
    settle(truth, best)
    return best


def _worth(truth: StepTruth, losses: list[Loss]) -> Iterator[Judged]:
    """Yield losses with how parameters fare: where some fare well, none from the way back."""
    found = False
    for loss in sorted(losses, key=lambda loss: (loss.used, loss.entry is not None)):
        if found and loss.used:
            break  # it is on the way back
        if (judged := truth.judged(loss)) is not None:
            judged = as_people_derive(truth, judged)
            found = found or bool(judged.rank[0]) or None not in judged.matches.values()
            yield judged


def may_rise(truth: StepTruth, loss: Loss) -> bool:
    """Whether a loss may be made large: it is below 0 as a likelihood is, or an objective."""
    if loss.entry is None or loss.gain or not loss.named:
        return False
    return "objective" in loss.text.lower() or bool(np.sum(truth.tape.values[loss.entry]) < 0.0)


def _is_trained(truth: StepTruth, loss: Loss) -> bool:
    """Whether a loss is of the data that the step learns from, and no penalty alone."""
    if not truth.has_data(loss):
        return False
    products = _products(truth)
    learned = products & set().union(*truth.behind.values())
    measured = products & truth.tape.behind([loss.entry or 0])
    nodes = truth.graph.nodes
    known = {truth.numbers(nodes[entry])[0].tobytes() for entry in learned}
    rest = (truth.numbers(nodes[entry])[0] for entry in measured - learned)
    return not learned or all(values.tobytes() in known for values in rest)


def _products(truth: StepTruth) -> set[int]:
    """Return the products of parameters and data."""
    parameters, entry = truth.parameters.values(), truth.graph.entry
    return {
        product
        for product, others in products_with(truth.graph, parameters, truth.early)
        if any(number(one) is None and entry.get(one) not in truth.dependent for one in others)
    }


def rises(truth: StepTruth, judged: Judged) -> bool:
    """Whether all parameters go along their gradients, not against them.

    What an optimizer makes of gradients tells it in the first step: later it may have memory.
    """
    matched = [p for p in truth.parameters if judged.matches[p.key] is not None]
    if judged.whole or truth.step.first or not matched:
        return judged.rises
    changes = ((truth.change_of(p), truth.true_of(p, judged.gradients)) for p in matched)
    return all(along(change, true) for change, true in changes)


def _equal(truth: StepTruth, found: list[Judged]) -> list[Judged]:
    """Return the losses for which most gradients are right, best first.

    Of two that differ by a factor the program means that whose gradients it has as they are.
    """
    most = max((judged.rank[:3] for judged in found), default=None)
    equal = [judged for judged in found if judged.rank[:3] == most]
    if len(equal) == 1:
        return equal
    return sorted(equal, key=lambda one: (_as_they_are(truth, one), one.rank), reverse=True)


def _as_they_are(truth: StepTruth, judged: Judged) -> int:
    """Return how many gradients are as they are, those of a whole square for half of one."""
    factors = claimed(truth, judged)
    return max(map(factors.count, (1.0, 2.0) if judged.loss.text == HALF else (1.0,)))


def claimed(truth: StepTruth, judged: Judged) -> list[float]:
    """Return the multiples of true gradients, of any sign, that the program has.

    What is multiplied with the rate counts only where nothing else is one.
    """
    whole, inside = [], []
    for parameter in truth.parameters:
        match = judged.matches[parameter.key]
        if match is not None:
            sizes = map(abs, reversed(named_factors(truth, judged, parameter)))
            rated = rounded(abs(match.factor))
            whole.append(rated)
            inside += [size for size in sizes if size != rated][:1]
    return inside or whole


def convention(truth: StepTruth, judged: Judged) -> float:
    """Return the multiple of true gradients that most are, where people have such: 2, 1/60."""
    factors = claimed(truth, judged)
    most = statistics.mode(factors or [1.0])
    sizes = (most, 1.0 / most) if most and np.isfinite(most) else ()
    return most if any(rounded(size) == round(size) for size in sizes) else 1.0


def _whole_square(truth: StepTruth, judged: Judged) -> Judged:
    """Return the squared error for half of it where all gradients are twice as large."""
    if judged.loss.text != HALF or set(claimed(truth, judged)) != {2.0}:
        return judged
    whole = judged.loss._replace(node=2.0 * judged.loss.node, text="squared error")
    return truth.judged(whole) or judged


def _is_tally(truth: StepTruth, loss: Loss, own: list[Judged]) -> bool:
    """Whether a loss only adds another one to those of earlier steps, as a running average does."""
    node, entry = truth.graph.nodes[loss.entry or 0], truth.graph.entry
    past = [part for part in node.inputs if entry.get(part) not in truth.dependent]
    before = truth.tape.ancestors(loss.entry or 0)
    parts = (other.loss for other in own if other.loss.text != loss.text)
    return node.op.name == "add" and bool(past) and any(part.entry in before for part in parts)


def _adds_sizes(loss: Loss) -> bool:
    """Whether a loss adds up absolute values: so errors are told, too, whose squares count."""
    terms = ordered([loss.node], through((*ADDING, *SCALING)))
    return any(term.op.name == "absolute" for term in terms)


def _last_of_name(truth: StepTruth, own: list[Judged], judged: Judged) -> Judged:
    """Return the last loss that a loss becomes part of under the same name."""
    for other in reversed(own):
        entry = other.loss.entry
        if entry in (None, judged.loss.entry) or other.loss.text != judged.loss.text:
            continue
        if judged.loss.entry in truth.tape.ancestors(entry):
            return other
    return judged
