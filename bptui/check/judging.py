"""The verdict on each quantity: right, in another convention, wrong, or following from another.

A wrong quantity follows where its formula in the graph of the step, put to the code's own earlier
numbers, gives it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from bptui.check.comparing import (
    Called,
    Ratio,
    calls_of,
    chain,
    factors,
    is_result,
    notice_of,
    ratio_of,
)
from bptui.check.trials import Trial, at_kink, rounding
from bptui.core.arrays import Array
from bptui.core.graph.node import STABLE, Node, Values, evaluate, ordered
from bptui.core.step import Step, rewritten, training_step

Verdict: TypeAlias = Literal["right", "convention", "wrong", "follows", "not given"]
"""
``convention``: a constant factor away from bptui's, with which all results are right all the same
(delta without the 1/n of the mean, or -dL/dnet). ``follows``: wrong, but what the right formula
makes of the code's own earlier quantities, so only those need mending.
"""
WELL_POSED = 1e-4
"""Smallest singular value, relative, with which deltas are taken from gradients."""
RECOVERED = 1e-3
"""How exactly numbers follow that were computed from differences of parameters."""


@dataclass(frozen=True, eq=False)
class Finding:
    """The verdict on one quantity, and the place where it is (first) wrong.

    ``error`` is the largest difference over the largest expected number, of the worst trial.
    """

    name: str
    verdict: Verdict
    error: float = 0.0
    trial: Trial | None = None
    call: int = 0
    index: tuple[int, ...] = ()
    expected: float = 0.0
    found: float = 0.0
    ratio: Ratio | None = None
    source: str = ""
    """The earlier quantity that it ``follows`` from, which may be one that was not given."""
    notice: str = ""
    """What is striking about a wrong array: "it is the transpose of the correct one", ..."""


def findings_of(trials: Sequence[Trial]) -> tuple[Finding, ...]:
    """Return a verdict for each quantity of a step, in its order, from trials of one function."""
    with np.errstate(all="ignore"):  # the code's numbers may be of any size, or none at all
        return tuple(_Judge(trials).findings())


class _Judge:
    def __init__(self, trials: Sequence[Trial]) -> None:
        self.calls = calls_of(trials)
        self.names = chain(trials[0].case.experiment.network, trials[0].function)
        self.differences = {
            name: [(each, each.difference(name)) for each in self.calls if name in each.found]
            for name in self.names
        }
        self.given = [name for name in self.names if self.differences[name]]
        self.right = {name for name in self.given if self.is_right(name)}
        self.conventions = {name for name in self.given if self.is_convention(name)}

    def is_right(self, name: str) -> bool:
        """Tell whether it is right in every call; at a kink the drawn numbers alone decide."""
        every = self.differences[name]
        clear = [difference.right for call, difference in every if not call.kinked]
        if clear:
            return all(clear)
        return all(difference.right or right_at_kink(call, name) for call, difference in every)

    def is_convention(self, name: str) -> bool:
        """Tell whether a delta is off by a constant that does no harm: its gradients are right."""
        if name in self.right or not name.startswith("delta"):
            return False
        own = _made_of(name, _step_of(self.calls[0]))
        results = [each for each in self.given if each in own]
        results = results or [each for each in self.given if is_result(each)]
        harmless = bool(results) and all(each in self.right for each in results)
        return harmless and ratio_of(self.calls, name) is not None

    def findings(self) -> Iterator[Finding]:
        wrong: list[str] = []
        for name in self.names:
            verdict, source = self.verdict(name, wrong)
            if verdict in ("wrong", "follows"):
                wrong.append(name)
            yield self.finding(name, verdict, source)

    def verdict(self, name: str, wrong: Sequence[str]) -> tuple[Verdict, str]:
        if name not in self.given:
            return "not given", ""
        if name in self.right:
            return "right", ""
        if name in self.conventions:
            return "convention", ""
        call = next(each for each in self.calls if name in each.found)
        source, known = _source(call, name, wrong)
        if source:
            told = self.follows(name)
            if told or (told is None and self.same_factors(name, known)):
                return "follows", source
        return "wrong", ""

    def follows(self, name: str) -> bool | None:
        """Tell whether every call that can tell says that it follows; None where none can."""
        told = None
        only_own = all(each.own for each in self.calls)
        for call, difference in self.differences[name]:
            if call.kinked or difference.right:
                continue
            # deltas may be given times a constant
            every = [factors(self.calls, convention) for convention in self.conventions]
            scales = [1.0, *(each[call.trial] for each in every if each and call.trial in each)]
            made = [predicted(call, name, self.right, scale) for scale in scales]
            known = [each for each in made if each is not None and np.isfinite(each).all()]
            if not known:
                continue
            if not any(_matches(call, name, each) for each in known):
                return False
            told = True if not call.own or only_own else told
        return told

    def same_factors(self, name: str, source: str) -> bool:
        """Tell whether both are the same constants times what is right: all links are linear."""
        one, other = factors(self.calls, name), factors(self.calls, source)
        if one is None or other is None or one.keys() != other.keys():
            return False
        return all(abs(each - other[trial]) <= 1e-3 * abs(each) for trial, each in one.items())

    def finding(self, name: str, verdict: Verdict, source: str) -> Finding:
        every = self.differences[name]
        error = max((difference.error for _, difference in every), default=0.0)
        if verdict in ("not given", "right"):
            return Finding(name, verdict, error)
        clear = [each for each in every if not each[0].kinked] or every
        call, difference = next(each for each in clear if not each[1].right)
        at = difference.index
        return Finding(
            name,
            verdict,
            error,
            call.trial,
            call.number,
            at,
            float(call.expected[name][at]),
            float(call.found[name][at]),
            ratio_of(self.calls, name),
            source,
            notice_of([each for each, _ in clear], name) if verdict == "wrong" else "",
        )


def _matches(call: Called, name: str, predicted: Array) -> bool:
    off = float(np.max(np.abs(call.found[name] - predicted)))
    return bool(off <= RECOVERED * call.size(name, predicted) + call.allowed(name, predicted))


def _step_of(call: Called) -> Step:
    return training_step(call.snapshot.experiment, call.trial.case.samples)


def _made_of(delta: str, step: Step) -> list[str]:
    """Return what is made of the delta of a layer: its gradients, and its updated parameters."""
    names, network = step.names, step.experiment.network
    layer = next(each for each in range(1, step.depth + 1) if names.delta(each) == delta)
    own = network.parameters_of(layer)
    return [*(f"g{name}" for name in own), *own]


def _source(call: Called, name: str, wrong: Collection[str]) -> tuple[str, str]:
    """Return the nearest earlier quantity that is wrong and ``name`` comes from; "" for none.

    A delta that was not given is wrong where what else is made of it is in ``wrong``, which is what
    is known of it: the second that is returned.
    """
    step, waiting = _step_of(call), [name]
    reads = {each: list(made.reads) for made in call.snapshot.operations for each in made.writes}
    reads |= {each: [f"g{each}"] for each in step.before}
    while waiting:
        each = waiting.pop()
        if each in call.found and each != name:
            if each in wrong:
                return each, each
            continue
        if each.startswith("delta") and each != name:
            shown = [made for made in _made_of(each, step) if made in wrong]
            if shown:
                return each, shown[0]
        # what is carried back says most about where it comes from
        sources = [read for read in reads.get(each, [])[::-1] if read not in step.before]
        waiting += sorted(sources, key=lambda read: read.startswith(("d", "g")))
    return "", ""


def predicted(
    call: Called, goal: str, right: Collection[str] = (), scale: float = 1.0
) -> Array | None:
    """Return what the right formula makes of the code's own earlier numbers; None for nothing.

    ``scale`` is the convention that its deltas are given in. A delta that was not given is taken
    from the gradients of its layer, where they leave just one.
    """
    step, network = _step_of(call), call.snapshot.experiment.network
    order = chain(network, "gradients") + chain(network, "step")
    own: dict[str, Array] = {}
    for name in order[: order.index(goal)]:
        if name in call.found:
            factor = 1.0 / scale if name.startswith("delta") else 1.0
            own[name] = call.expected[name] if name in right else call.found[name] * factor
    node = (step.updated if goal in step.before else step.nodes)[goal]
    for layer in range(1, step.depth + 1):
        delta = step.names.delta(layer)
        shown = [name for name in _made_of(delta, step) if name in own]
        needed = _needed(node, _known(call, step, own))
        if not shown or delta in own or step.nodes[delta] not in needed:
            continue
        found = _recovered(call, step, layer, own)
        if found is not None:
            own[delta] = found
        elif any(name not in right for name in shown):
            return None  # nothing is known of it but that it is wrong
    return _value(node, _known(call, step, own))


def _known(call: Called, step: Step, own: Mapping[str, Array]) -> dict[Node, Values]:
    """Return what is known, by its nodes: parameters are those before the step."""
    made = {name: each for name, each in own.items() if name not in call.before}
    data = {name: call.expected[name] for name in ("input", "target")}
    return step.given({**call.before, **data, **made})


def _needed(node: Node, known: Collection[Node]) -> list[Node]:
    """Return the nodes that have to be computed for a node, and those that are known."""
    return ordered([node], lambda each: () if each in known and each is not node else each.inputs)


def _value(node: Node, known: Mapping[Node, Values]) -> Array:
    """Return what a node is in these numbers, computed as a textbook writes it."""
    given = {each: value for each, value in known.items() if each is not node or not node.inputs}
    shown = {each: each.inputs[0] for each in _needed(node, given) if each.op is STABLE}
    made = rewritten([node], shown, given.keys())[node]
    found: Array = evaluate([made], given)[made]
    return found if found.ndim else found.reshape(1, 1)


def _recovered(call: Called, step: Step, layer: int, own: Mapping[str, Array]) -> Array | None:
    """Return the delta that the gradients of its layer are made of, where they leave just one.

    They are linear in it: gW = source^T delta, and what a penalty adds; gb is its sums.
    """
    names, known = step.names, _known(call, step, own)
    rate = step.experiment.training.learning_rate

    def gradient(name: str) -> Array | None:
        if f"g{name}" in own or name not in own or rate == 0.0:
            return own.get(f"g{name}")
        change = call.before[name] - own[name]
        return change / rate if change.any() else None  # it may not have been applied at all

    weights, biases = gradient(names.weights(layer)), gradient(names.bias(layer))
    if weights is None:
        return None
    delta = step.nodes[names.delta(layer)]
    source = _value(step.nodes[names.out(layer - 1)], known)
    without = {**known, delta: np.zeros(delta.shape)}
    rows, results = (
        [source.T],
        [weights - _value(step.nodes[names.weight_gradient(layer)], without)],
    )
    if biases is not None and names.bias(layer) not in step.experiment.frozen:
        rows.append(np.ones((1, len(source))))
        results.append(biases[np.newaxis])
    system, result = np.vstack(rows), np.vstack(results)
    if not np.isfinite(system).all() or not np.isfinite(result).all():
        return None
    try:
        solution, _, rank, sizes = np.linalg.lstsq(system, result, rcond=None)
    except np.linalg.LinAlgError:  # numbers too large to square
        return None
    if rank < len(source) or sizes[-1] < WELL_POSED * sizes[0]:
        return None
    off, size = np.max(np.abs(system @ solution - result)), np.max(np.abs(result))
    return np.asarray(solution) if off <= RECOVERED * size else None


def right_at_kink(call: Called, name: str) -> bool:
    """Tell whether the code takes the slope at a kink from the side where bptui does not."""
    step, network = _step_of(call), call.snapshot.experiment.network
    node = (step.updated if name in step.before else step.nodes)[name]
    for side in (1.0, -1.0):
        moved: dict[str, Array] = {}
        for layer, activation in enumerate(network.activations, 1):
            net = call.expected[network.names.net(layer)]
            away = net + side * rounding(net)
            moved[network.names.net(layer)] = np.where(at_kink(activation, net), away, net)
        found = _value(node, _known(call, step, moved))
        if call.difference_from(name, found).right:
            return True
    return False
