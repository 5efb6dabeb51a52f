"""Finds a recorded step's loss, derives its true gradients, and tells which parameters fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from bptui.core.graph.backward import Gradients, backward
from bptui.core.graph.node import Node, evaluate, ordered
from bptui.core.graph.shaping import full
from bptui.trace.comparing import (
    Match,
    Noise,
    Values,
    along,
    largest,
    multiple,
    multiple_and_share,
    multiple_as_it_is,
    rounded,
)
from bptui.trace.decisions import decided_alike
from bptui.trace.graph import Lowered, given_values
from bptui.trace.losses import HALF, Judged, Key, Loss, UnknownLossError, computed, implied, told
from bptui.trace.margins import compared, hinge_losses
from bptui.trace.settling import adapted, settle
from bptui.trace.tape import Tape
from bptui.trace.updates import Parameter, TrainingStep

DRAWS = 2
SPREADS = (5e-3, 5e-5, 0.0)
"""Numbers are drawn so near to the program's own that its decisions (masks, maxima) stay."""
ROUNDING = 1e-13
"""Of the largest gradient: what is smaller is what rounding has made of zero."""
LOST = 16 * float(np.finfo(np.float64).eps)
"""Of the largest number: a change that is smaller is lost in rounding."""
LIKELY = 4
"""Losses that are looked at where several explain the gradients equally well."""
PRODUCTS = ("matmul", "multiply", "einsum")
VIEWS = frozenset(
    ("getitem", "transpose", "reshape", "positive", "expand_dims", "swapaxes", "broadcast_to")
)


class StepTruth:
    """A recorded step as a graph, evaluated on parameters that are drawn anew.

    Where a function has no rule, what it gave is all that is known of it: the numbers stay.
    """

    def __init__(
        self,
        tape: Tape,
        step: TrainingStep,
        lines: Callable[[int], int],
        seed: int = 5,
        spread: float = SPREADS[0],
    ) -> None:
        self.tape, self.step = tape, step
        self.graph = Lowered(tape.notes, tape.values, lines)
        self.parameters: dict[Parameter, Node] = {}  # parts share the node of the whole
        for parameter in step.parameters:
            made = self.graph.nodes.get(parameter.before) or self.graph._leaf(parameter.before)
            self.graph.nodes[parameter.before], self.graph.entry[made] = made, parameter.before
            self.parameters[parameter] = made
        befores = {parameter.before for parameter in step.parameters}
        self.dependent = tape.dependents(befores, step.end)
        self.later = tape.dependents({parameter.after for parameter in step.parameters}, step.end)
        self.early = dict.fromkeys(sorted(self.dependent - self.later))
        """What is computed from parameters before the first update, in order."""
        for entry in sorted(self.dependent):
            self.graph.node(entry)
        self.behind = {p.key: tape.ancestors(p.after) for p in step.parameters}
        """What a parameter's new value is computed from."""
        self.unknown = {
            entry: why
            for node, why in self.graph.unknown.items()
            if (entry := self.graph.entry[node]) in self.dependent
        }
        """Entries that depend on parameters, and why nothing can be derived from them."""
        self.spread = 0.0 if self.unknown else spread
        self.data = self._inputs()
        self.draws = [self._drawn(np.random.default_rng(seed + draw)) for draw in range(DRAWS)]
        self._numbers: dict[Node, Values] = {}
        self.decay = 0.0
        """The share of their own numbers that parameters lose in an update, beside the gradient."""

    def _drawn(self, rng: np.random.Generator) -> dict[Node, Any]:
        values = dict(given_values(self.graph))
        for node in dict.fromkeys(self.parameters.values()):
            value = np.asarray(values[node], dtype=np.float64)
            scale = self.spread * max(float(np.sqrt(np.mean(value * value))), 0.2)
            values[node] = value + scale * rng.standard_normal(value.shape)
        for node in self.data:
            value = np.asarray(values[node], dtype=np.float64)
            varied = value.size == 1 or np.ptp(value) > 0
            if varied and np.asarray(self.graph.given[node]).dtype.kind == "f":
                scale = self.spread * max(float(np.std(value)), 0.2)
                values[node] = value + scale * rng.standard_normal(value.shape)
        return evaluate(list(self.graph.nodes.values()), values)

    @cached_property
    def undecided(self) -> bool:
        """Whether a mask or a maximum falls otherwise on numbers that were drawn.

        What the program decides by itself, as which number it takes, falls as it did.
        """
        nodes = [self.graph.nodes[entry] for entry in sorted(self.dependent)]
        own = evaluate(nodes, given_values(self.graph))
        return not all(decided_alike(nodes, own, draw) for draw in self.draws)

    def _inputs(self) -> dict[Node, None]:
        """Return the data that is multiplied with a parameter: it may be drawn anew as well.

        Targets may not: that they add up to 1 may be used.
        """
        views = set(self.parameters.values())
        found: dict[Node, None] = {}
        other: set[Node] = set()
        for entry in self.early:
            node = self.graph.nodes[entry]
            if node.op.name in VIEWS and node.inputs and node.inputs[0] in views:
                views.add(node)
            given = [
                part for part in node.inputs if self.graph.entry.get(part) not in self.dependent
            ]
            through = any(part in views for part in node.inputs)
            product = node.op.name in PRODUCTS and through
            roots = [part for part in ordered(given) if part in self.graph.given]
            if product:
                found.update(dict.fromkeys(roots))
            else:
                other.update(roots)
        return {node: None for node in found if node not in other}

    def numbers(self, node: Node) -> Values:
        """Return a node's values in all draws."""
        if node not in self._numbers:
            draws = self.draws
            if node not in draws[0]:  # it is computed from data alone
                given = given_values(self.graph)
                draws = [evaluate([node], {**given, **draw}) for draw in draws]
            self._numbers[node] = [np.asarray(draw[node], dtype=np.float64) for draw in draws]
        return self._numbers[node]

    def true_of(self, parameter: Parameter, found: Gradients) -> Values:
        """Return a parameter's true gradient in all draws."""
        node = found.of[self.parameters[parameter]]
        return [
            parameter.taken(np.broadcast_to(evaluate([node], draw)[node], node.shape))
            for draw in self.draws
        ]

    def change_of(self, parameter: Parameter) -> Values:
        """Return what a parameter's update adds to it, in all draws."""
        after = self.numbers(self.graph.nodes[parameter.after])
        before = self.numbers(self.parameters[parameter])
        return [parameter.taken(new - old) for new, old in zip(after, before, strict=True)]

    @cached_property
    def partial(self) -> set[int]:
        """Return the sums that are only a part of what one call of ``sum`` adds up."""
        tape, users = self.tape, dict[int, set[int]]()
        for user in self.dependent:
            for entry in tape.inputs[user]:
                users.setdefault(entry, set()).add(user)

        def of(entry: int, user: int) -> bool:
            one, other = tape.notes[entry], tape.notes[user]
            return (one.call, one.place) == (other.call, other.place) == ("add", one.place)

        alone = {entry: min(own) for entry, own in users.items() if len(own) == 1}
        return {e for e, user in alone.items() if of(e, user) and e not in self.tape.named}

    # losses

    def losses(self) -> Iterator[Loss]:
        """Yield what may be the loss: numbers computed from parameters, what differences imply."""
        reach = {parameter.before for parameter in self.step.parameters}
        inner = [entry for entry in self.early if entry not in reach]
        used = set().union(*self.behind.values())
        decided = set().union(*map(self.tape.ancestors, compared(self.tape, self.early)))
        for loss in computed(self.tape, self.graph, self.early, inner, used):
            if loss.named or loss.entry not in decided:
                yield loss
        yield from implied(self.tape, self.graph, self.early, self._shares)
        yield from hinge_losses(self.tape, self.graph, self.early)

    def _shares(self, out: Node) -> bool:
        return all(part.size and part.min() > 0 and part.max() < 1 for part in self.numbers(out))

    def judged(self, loss: Loss) -> Judged | None:
        """Return how the parameters fare if this is the loss; None where it has no gradient."""
        try:
            found = backward(loss.node, self.parameters.values())
            true = {
                parameter: self.true_of(parameter, found)
                for parameter, node in self.parameters.items()
                if node in found.of
            }
            size = ROUNDING * max(map(largest, true.values()), default=0.0)
            matches = {
                parameter.key: self.match(parameter, true[parameter], found, size)
                if parameter in true and not parameter.overwritten
                else None
                for parameter in self.parameters
            }
            # one number does not tell its decay, all of them together do
            single = {p: t for p, t in true.items() if not matches[p.key] and t[0].size == 1}
            if self.decay or (single and self._decayed(single, found) is not None):
                self._let_all_decay(matches, true, size)
        except (ValueError, TypeError, IndexError, KeyError):
            return None
        missing = [parameter.key for parameter in self.parameters if parameter not in true]
        lost = {parameter.key for parameter in self.parameters if parameter.overwritten}
        return Judged(loss, found, matches, missing, size, misapplied=lost)

    def told(self, loss: Loss, factor: float) -> Judged | None:
        """Return how the parameters fare with a loss and the factor of their changes, both told."""
        judged = self.judged(loss)
        if judged is not None:
            judged.factor = factor
            for key, match in judged.matches.items():
                if match is None or (rounded(match.factor) == rounded(factor) and match.whole):
                    continue
                judged.matches[key] = None
                if match.whole:
                    judged.ratios[key] = match.factor / factor
        return judged

    def likely(self) -> list[Judged]:
        """Return the losses for which most of the program's gradients are right, best first.

        A loss that the program computes and calls so is it, where all parameters lead to it.
        """
        losses = sorted(self.losses(), key=lambda loss: not loss.named)
        count = sum(loss.named for loss in losses)
        found = list(filter(None, map(self.judged, losses[:count])))
        named = [judged for judged in found if not judged.missing]
        if not named:
            found += filter(None, map(self.judged, losses[count:]))
        equal = self._equal([*map(self._last_of_name(named), named)] or found)
        chosen = [self._whole_square(judged) for judged in equal[: 1 if named else LIKELY]]
        known = [judged for judged in found if judged.loss.entry is None or judged.loss.named]
        rises = any(map(self.rises, known))
        for judged in chosen:
            judged.uphill = rises and self.rises(judged)
            settle(self, judged)
        return chosen

    def rises(self, judged: Judged) -> bool:
        """Whether all parameters go along their gradients, not against them.

        What an optimizer makes of gradients tells it in the first step: later it may have memory.
        """
        matched = [p for p in self.parameters if judged.matches[p.key] is not None]
        if judged.whole or self.step.first or not matched:
            return judged.rises
        changes = ((self.change_of(p), self.true_of(p, judged.gradients)) for p in matched)
        return all(along(change, true) for change, true in changes)

    def _equal(self, found: list[Judged]) -> list[Judged]:
        """Return the losses for which most gradients are right, best first.

        Of two that differ by a factor the program means that whose gradients it has as they are.
        """
        most = max((judged.rank[:3] for judged in found), default=None)
        equal = [judged for judged in found if judged.rank[:3] == most]
        plain = [self._as_they_are(judged) if len(equal) > 1 else 0 for judged in equal]
        ranked = zip(plain, equal, strict=True)
        order = sorted(ranked, key=lambda pair: (pair[0], pair[1].rank), reverse=True)
        return [judged for _, judged in order]

    def _as_they_are(self, judged: Judged) -> int:
        """Return how many gradients are as they are, those of a whole square for half of one."""
        claimed = self.claimed(judged)
        return max(map(claimed.count, (1.0, 2.0) if judged.loss.text == HALF else (1.0,)))

    def claimed(self, judged: Judged) -> list[float]:
        """Return the multiples of true gradients, of any sign, that the program has.

        What is multiplied with the rate counts only where nothing else is one.
        """
        whole, inside = [], []
        for parameter in self.parameters:
            match = judged.matches[parameter.key]
            if match is not None:
                true = self.true_of(parameter, judged.gradients)
                inner = list(self.inner_matches(parameter, true))
                named = [one for one in inner if one.entry in self.tape.named] or inner
                sizes = [rounded(abs(one.factor)) for one in reversed(named)]
                rated = rounded(abs(match.factor))
                whole.append(rated)
                inside += [size for size in sizes if size != rated][:1]
        return inside or whole

    def convention(self, judged: Judged) -> float:
        """Return the multiple of true gradients that most are, where people have such: 2, 1/60."""
        claimed = self.claimed(judged)
        most = max(claimed, key=claimed.count, default=1.0)
        sizes = (most, 1.0 / most) if most and np.isfinite(most) else ()
        return most if any(rounded(size) == round(size) for size in sizes) else 1.0

    def _whole_square(self, judged: Judged) -> Judged:
        """Return the squared error for half of it where all gradients are twice as large."""
        if judged.loss.text != HALF or set(self.claimed(judged)) != {2.0}:
            return judged
        loss = judged.loss
        whole = loss._replace(node=2.0 * loss.node, text="squared error")
        return self.judged(whole) or judged

    def named(self, name: str) -> Judged:
        """Return how the parameters fare with the loss of a name.

        Raises :class:`UnknownLossError` where there is no such loss.
        """
        parameters = {parameter.before for parameter in self.step.parameters}
        inner = {entry: None for entry in self.early if entry not in parameters}
        losses = told(self.tape, self.graph, inner, name)
        best = max(filter(None, map(self.judged, losses)), key=lambda one: one.rank, default=None)
        if best is None:
            raise UnknownLossError(f"{name}: no gradient can be derived of it")
        best.uphill = self.rises(best)
        settle(self, best)
        return best

    def _last_of_name(self, named: list[Judged]) -> Callable[[Judged], Judged]:
        """Return what gives the last loss that a loss becomes part of under the same name."""

        def last(judged: Judged) -> Judged:
            for other in reversed(named):
                entry = other.loss.entry
                if entry is None or other.loss.text != judged.loss.text:
                    continue
                if judged.loss.entry in self.tape.ancestors(entry):
                    return other
            return judged

        return last

    # parameters

    @cached_property
    def _largest(self) -> dict[Key, float]:
        """The largest number of each parameter, or of all changes where that is larger."""
        change = max(largest(self.change_of(parameter)) for parameter in self.parameters)
        return {p.key: max(largest(self._own(p)), change) for p in self.parameters}

    def noise(self, parameter: Parameter, size: float) -> Noise:
        """Return what counts as zero: a change that is lost beside its parameter's own numbers.

        ``size`` is that of true gradients that count as zero beside the others.
        """
        return Noise(LOST * self._largest[parameter.key], size)

    def match(
        self, parameter: Parameter, true: Values, found: Gradients, size: float
    ) -> Match | None:
        """Return the place in a parameter's update that is a multiple of its true gradient.

        True gradients below ``size`` count as zero. A share of the parameter itself is a weight
        decay that the loss need not have.
        """
        change = self.change_of(parameter)
        factor = multiple_as_it_is(change, true, self.noise(parameter, size))
        if factor is not None:
            return Match(factor, None)
        for inner in self.inner_matches(parameter, true):
            factor = self._decayed({parameter: true}, found)
            if factor is not None:
                return Match(factor, None)
            if inner.entry is not None and self.adapted(parameter.key, inner.entry):
                return inner
        return None

    def _decayed(self, true: Mapping[Parameter, Values], found: Gradients) -> float | None:
        """Return the multiple of gradients by which parameters change that lose a share, too.

        It is the same share for all of them, and is remembered; None where there is none.
        """
        shares = multiple_and_share(
            [part for parameter in true for part in self.change_of(parameter)],
            [part for parts in true.values() for part in parts],
            [part for parameter in true for part in self._own(parameter)],
        )
        decays = shares is not None and -1.0 < rounded(shares[1]) < 0.0
        if not shares or not decays or any(self._penalized(each, found) for each in true):
            return None
        self.decay = shares[1]
        return shares[0]

    def _let_all_decay(
        self, matches: dict[Key, Match | None], true: Mapping[Parameter, Values], size: float
    ) -> None:
        """Let parameters lose the share of themselves that others lose, where that fits better.

        A few numbers do not tell a share by themselves, nor whether a small one is there.
        """
        usual = [rounded(match.factor) for match in matches.values() if match and match.whole]
        for parameter, gradient in true.items():
            match = matches[parameter.key]
            if parameter.overwritten or (match and usual.count(rounded(match.factor)) > 1):
                continue
            pairs = zip(self.change_of(parameter), self._own(parameter), strict=True)
            rest = [change - self.decay * own for change, own in pairs]
            factor = multiple_as_it_is(rest, gradient, self.noise(parameter, size))
            if factor is not None and (match is None or rounded(factor) in usual):
                matches[parameter.key] = Match(factor, None)

    def _penalized(self, parameter: Parameter, found: Gradients) -> bool:
        """Whether a part of a parameter's true gradient is its own numbers: the loss has them."""
        for link in found.links.get(self.parameters[parameter], ()):
            node = full(link.contribution, link.contribution.shape)
            part = [evaluate([node], draw)[node] for draw in self.draws]
            if multiple(map(parameter.taken, part), self._own(parameter)) is not None:
                return True
        return False

    def _own(self, parameter: Parameter) -> Values:
        """Return a parameter's numbers in all draws."""
        return list(map(parameter.taken, self.numbers(self.parameters[parameter])))

    def inner_matches(self, parameter: Parameter, true: Values) -> Iterator[Match]:
        """Yield the multiples of the true gradient behind an update, last first.

        Some gradients, as of the hinge loss, are computed from data alone.
        """
        size, notes = true[0].size, self.tape.notes
        for entry in sorted(self.behind[parameter.key], reverse=True):
            own = entry >= self.step.first and notes[entry].call not in ("leaf", "constant")
            if entry not in self.dependent and not own:
                continue
            node = self.graph.node(entry)
            ends = entry in (parameter.before, parameter.after)
            if not ends and int(np.prod(node.shape)) == size:
                factor = multiple(self.numbers(node), true)
                if factor is not None:
                    yield Match(factor, entry)

    def adapted(self, key: Key, entry: int) -> bool:
        """Whether an optimizer makes something else of a gradient, before it updates."""
        return adapted(self, key[0], entry, self.behind[key])
