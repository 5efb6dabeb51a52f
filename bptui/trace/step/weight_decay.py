"""What an update takes from parameters by themselves, beside their gradients: a weight decay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bptui.core.graph.backward import Gradients, backward
from bptui.core.graph.node import Node, evaluate
from bptui.core.graph.shaping import full
from bptui.trace.step.drawn import views_of
from bptui.trace.step.multiples import (
    Match,
    Numbers,
    Values,
    combination,
    multiple,
    multiple_as_it_is,
    rounded,
    varies,
)
from bptui.trace.step.possible_losses import UNDERIVED, Key

if TYPE_CHECKING:
    from bptui.trace.step.training_steps import Parameter
    from bptui.trace.step.truth import StepTruth

Of = Callable[[Any], Any]


def _but(kind: Of, axis: int, place: int) -> Of:
    """Return ``kind`` with zeros at one end of an axis, where the biases stand in a matrix."""

    def of(numbers: Numbers) -> Numbers:
        made = np.array(kind(numbers), dtype=float)
        if made.ndim > axis:
            made.swapaxes(0, axis)[place] = 0.0
        return made

    return of


BOTH: tuple[Of, ...] = (np.positive, np.sign)
ENDS = product((0, 1), (0, -1))
KINDS = tuple(
    kinds
    for both in (BOTH, *(tuple(_but(kind, *end) for kind in BOTH) for end in ENDS))
    for kinds in (both[:1], both[1:], both)
)
"""What parameters lose shares of: their numbers, the signs of them, both; of all or but biases."""


class Decay(NamedTuple):
    """Shares, below 0, of what is made of parameters' own numbers."""

    shares: tuple[float, ...]
    of: tuple[Of, ...]

    def without(self, change: Values, own: Values) -> Values:
        """Return what is left of a change when the decay is taken from it."""
        pairs = zip(change, own, strict=True)
        terms = [*zip(self.shares, self.of, strict=True)]
        return [part - sum(share * of(numbers) for share, of in terms) for part, numbers in pairs]


class WeightDecay:
    """The decay of a step's updates, which the loss need not have; the same for all parameters."""

    def __init__(self, truth: StepTruth) -> None:
        self.truth = truth
        self.known: Decay | None = None
        self.may_be = True

    def factor(self, true: Mapping[Parameter, Values], found: Gradients) -> float | None:
        """Return the multiple of gradients by which parameters change that lose a share, too.

        The share is remembered; None where there is none.
        """
        change = [part for parameter in true for part in self.truth.change_of(parameter)]
        gradients = [part for parts in true.values() for part in parts]
        own = [part for parameter in true for part in self.truth.own(parameter)]
        for kinds in KINDS if self.may_be else ():
            parts = ([kind(part) for part in own] for kind in kinds)
            factors = combination(change, gradients, *parts)
            if factors and self._takes(Decay(factors[1:], kinds), true, found):
                return factors[0]
        return None

    def as_written(self, true: Mapping[Parameter, Values], found: Gradients) -> None:
        """Remember what the terms of updates take that are made of the parameters alone.

        Where no gradient is right, changes do not tell it.
        """
        truth, nodes = self.truth, self.truth.graph.nodes
        for parameter in true if self.may_be else ():
            views = views_of(truth.graph, [truth.parameters[parameter]], truth.early)
            later = map(nodes.get, truth.behind[parameter.key] & truth.dependent - truth.forward)
            terms = [node for node in later if node and _scales(node) and {*node.inputs} & views]
            after = nodes[parameter.after]
            pairs = zip(truth.numbers(after), truth.drawn.without(after, terms), strict=True)
            with np.errstate(invalid="ignore"):  # what grows without limit has no decay
                taken = [parameter.taken(one - other) for one, other in pairs]
            for kinds in KINDS:
                shares = combination(
                    taken, *([kind(part) for part in truth.own(parameter)] for kind in kinds)
                )
                if shares and self._takes(Decay(shares, kinds), true, found):
                    return

    def _takes(self, decay: Decay, true: Mapping[Parameter, Values], found: Gradients) -> bool:
        """Tell whether shares are a decay that gradients have not already, because the loss has."""
        if not all(-1.0 < rounded(share) < 0.0 for share in decay.shares):
            return False
        for kind in decay.of:
            if self._is_penalty(kind) or any(self._penalized(p, found, kind) for p in true):
                return False
        self.known = decay
        return True

    def _is_penalty(self, decay: Of) -> bool:
        """Tell whether a number that is computed of data, as a loss may be, has a decay."""
        for loss in self.truth.losses:
            if loss.entry is not None and self.truth.has_data(loss):
                try:
                    found = backward(loss.node, self.truth.parameters.values())
                except UNDERIVED:
                    continue
                if any(self._penalized(p, found, decay) for p in self.truth.parameters):
                    return True
        return False

    def let_all_decay(
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
            rest = self.without(parameter, self.truth.change_of(parameter))
            factor = multiple_as_it_is(rest, gradient, self.truth.noise(parameter, size))
            if factor is not None and (match is None or rounded(factor) in usual):
                matches[parameter.key] = Match(factor, None)

    def without(self, parameter: Parameter, change: Values) -> Values:
        """Return what is left of a parameter's change when its decay is taken from it."""
        if self.known is None:
            return change
        return self.known.without(change, self.truth.own(parameter))

    def _penalized(self, parameter: Parameter, found: Gradients, decay: Of) -> bool:
        """Tell whether a part of a parameter's true gradient is its own decay: the loss has it."""
        for link in found.links.get(self.truth.parameters[parameter], ()):
            node = full(link.contribution, link.contribution.shape)
            part = [evaluate([node], draw)[node] for draw in self.truth.draws]
            own = list(map(decay, self.truth.own(parameter)))
            if not varies(np.stack(own)):
                continue  # of the sign of one number anything constant is a multiple
            if multiple(map(parameter.taken, part), own) is not None:
                return True
        return False


def _scales(node: Node) -> bool:
    return node.op.name in ("multiply", "divide", "sign")
