"""Derives the true gradients of a recorded step from a loss, and tells which parameters fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TypeVar

import numpy as np

from bptui.core.graph.backward import Gradients, backward
from bptui.core.graph.node import Node, constant, evaluate
from bptui.core.graph.shaping import full
from bptui.trace.step.drawn import SPREADS, Drawn, inputs_of
from bptui.trace.step.lowering import Lowered
from bptui.trace.step.multiples import (
    Match,
    Noise,
    Values,
    largest,
    multiple,
    multiple_as_it_is,
    rounded,
)
from bptui.trace.step.possible_losses import (
    ADDING,
    SCALING,
    UNDERIVED,
    Judged,
    Key,
    Loss,
    added_up,
    compared,
    computed,
    hinges,
    implied,
    outputs,
)
from bptui.trace.step.settling import adapted, beside_memory
from bptui.trace.step.sums import partial_sums
from bptui.trace.step.training_steps import Parameter, TrainingStep
from bptui.trace.step.weight_decay import WeightDecay
from bptui.trace.tape import ABSOLUTES, ROOTS, Tape

K = TypeVar("K")
SIZES = frozenset(("norm", *ABSOLUTES, *ROOTS))
ROUNDING = 1e-13
"""Of the largest gradient: what is smaller is what rounding has made of zero."""
LOST = 16 * float(np.finfo(np.float64).eps)
"""Of the largest number: a change that is smaller is lost in rounding."""


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
        fixed = step.fixed - befores
        for entry in fixed:
            self.graph.nodes[entry] = self.graph._leaf(entry)
        self.dependent = self.graph.dependent = tape.dependents(befores, step.end, fixed)
        self.later = tape.dependents({parameter.after for parameter in step.parameters}, step.end)
        self.early = dict.fromkeys(sorted(self.dependent - self.later))
        """What is computed from parameters before the first update, in order."""
        for entry in sorted(self.dependent):
            self.graph.node(entry)
        self.behind = {p.key: tape.ancestors(p.after, fixed) for p in step.parameters}
        """What a parameter's new value is computed from."""
        self.unknown = {
            entry: why
            for node, why in self.graph.unknown.items()
            if (entry := self.graph.entry[node]) in self.dependent
        }
        """Entries that depend on parameters, and why nothing can be derived from them."""
        self.underived: dict[int, str] = {}
        """Losses by name whose gradients could not be computed, by their entries."""
        nodes = self.parameters.values()
        self.outputs = outputs(tape, self.graph, self.early)
        ends = (self.graph.entry[out] for out in self.outputs)
        self.forward = tape.behind(ends) if self.outputs else self.dependent
        """What outputs are computed from, as far as they are known."""
        data = inputs_of(self.graph, nodes, self.early, self.dependent, self.forward)
        self.spread = 0.0 if self.unknown else spread
        self.drawn = Drawn(self.graph, nodes, data, self.early, self.spread, seed)
        if not self.unknown:
            self.drawn.away_from_limits(self.outputs)
        self.draws, self.numbers = self.drawn.draws, self.drawn.numbers
        self._true: tuple[Gradients | None, dict[Node, Values]] = None, {}
        self.decay = WeightDecay(self)
        self._adapted: dict[tuple[Key, int], bool] = {}

    def true_of(self, parameter: Parameter, found: Gradients) -> Values:
        """Return a parameter's true gradient in all draws."""
        if self._true[0] is not found:  # those of all parameters at once
            wanted = {node for node in self.parameters.values() if node in found.of}
            self._true = found, self.in_draws({node: (node, found.of[node]) for node in wanted})
        return list(map(parameter.taken, self._true[1][self.parameters[parameter]]))

    def in_draws(self, gradients: Mapping[K, tuple[Node, Node]]) -> dict[K, Values]:
        """Return gradients, each with the value that it is of before it, in all draws."""
        draws = [evaluate([node for _, node in gradients.values()], draw) for draw in self.draws]
        return {
            key: [np.broadcast_to(1.0 * draw[gradient], of.shape) for draw in draws]
            for key, (of, gradient) in gradients.items()
        }

    def change_of(self, parameter: Parameter) -> Values:
        """Return what a parameter's update adds to it, in all draws."""
        after = self.numbers(self.graph.nodes[parameter.after])
        before = self.numbers(self.parameters[parameter])
        return [parameter.taken(new - old) for new, old in zip(after, before, strict=True)]

    def held(self, node: Node) -> Node:
        """Return what has a node's values in all draws and is computed of nothing."""
        made = self.graph._leaf(self.graph.entry[node])
        for draw, values in zip(self.draws, self.numbers(node), strict=True):
            draw[made] = values
        return made

    @cached_property
    def partial(self) -> set[int]:
        """Return the sums that are only a part of what one call of ``sum`` adds up."""
        return partial_sums(self.tape, self.dependent)

    # losses

    @cached_property
    def losses(self) -> list[Loss]:
        """What may be the loss: numbers computed from parameters, what differences imply."""
        reach = {parameter.before for parameter in self.step.parameters}
        inner = [entry for entry in self.early if entry not in reach]
        used = set().union(*self.behind.values())
        decided = self.tape.behind(compared(self.tape, self.early))
        own = [*computed(self.tape, self.graph, self.early, inner, used)]
        own += added_up(self.tape, own)
        step = self.tape, self.graph, self.early
        known = (loss for loss in own if loss.named or loss.entry not in decided)
        return [*known, *implied(*step, self._shares), *hinges(*step)]

    def _shares(self, out: Node) -> bool:
        return all(part.size and part.min() > 0 and part.max() < 1 for part in self.numbers(out))

    def judged(self, loss: Loss) -> Judged | None:
        """Return how the parameters fare if this is the loss; None where it has no gradient."""
        try:
            found = self._with_zeros(backward(loss.node, self.parameters.values()))
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
            # one number does not tell its decay, all of them together do, or those of a statement
            single = {p: t for p, t in true.items() if not matches[p.key] and t[0].size == 1}
            groups: dict[int, dict[Parameter, Values]] = {}
            for parameter, values in single.items():
                groups.setdefault(parameter.statements[-1].place, {})[parameter] = values
            tried = [single, *groups.values()] if single else []
            decay = self.decay
            if decay.known or any(decay.factor(some, found) is not None for some in tried):
                decay.let_all_decay(matches, true, size)
            elif None in matches.values():
                decay.as_written(true, found)
        except UNDERIVED:
            if loss.entry is not None and loss.named:
                self.underived[loss.entry] = loss.text
            return None
        missing = [parameter.key for parameter in self.parameters if parameter not in true]
        lost = {parameter.key for parameter in self.parameters if parameter.overwritten}
        return Judged(loss, found, matches, missing, size, misapplied=lost)

    def _with_zeros(self, found: Gradients) -> Gradients:
        """Return gradients with those of parameters at rest that the loss does not depend on.

        A number that feeds only a unit that is off has no gradient, and gets none.
        """
        resting = {
            node: full(constant(0.0), node.shape)
            for parameter, node in self.parameters.items()
            if node not in found.of and largest(self.change_of(parameter)) == 0.0
        }
        return found._replace(of={**found.of, **resting})

    def told(self, loss: Loss, factor: float) -> Judged | None:
        """Return how the parameters fare with a loss and the factor of their changes, both told."""
        self.decay.may_be = False  # a loss that is told has all penalties
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

    def has_data(self, loss: Loss) -> bool:
        """Tell whether data come into a loss after the parameters: a penalty by itself has none.

        What is computed after an update has the outputs of before it, beside new weights.
        """
        tape, befores = self.tape, {parameter.before for parameter in self.parameters}
        behind = tape.ancestors(loss.entry or 0) & self.early.keys() - befores
        given = {source for entry in behind for source in tape.inputs[entry]} - self.dependent
        older = {source for entry in befores for source in tape.inputs[entry]}
        told = (tape.ancestors(entry) for entry in given)
        leaves = (own for own in told if older.isdisjoint(own))
        data = any(tape.notes[entry].call != "constant" for own in leaves for entry in own)
        return data or any(map(self._mixes, behind))

    def _mixes(self, entry: int) -> bool:
        """Tell whether parameters come together otherwise than in a sum: data may be literals."""
        tape, befores = self.tape, {parameter.before for parameter in self.parameters}
        given = [one for one in tape.inputs[entry] if one in self.dependent]
        linear = tape.notes[entry].call in (*ADDING, *SCALING) and len(given) == 1
        summed = linear or tape.notes[entry].call in ADDING
        return not summed and len(befores & tape.behind(given)) > 1

    # parameters

    @cached_property
    def _largest(self) -> dict[Key, float]:
        """The largest number of each parameter, or of all changes where that is larger."""
        change = max(largest(self.change_of(parameter)) for parameter in self.parameters)
        return {p.key: max(largest(self.own(p)), change) for p in self.parameters}

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
            factor = self.decay.factor({parameter: true}, found)
            if factor is not None:
                return Match(factor, None)
            if inner.entry is not None and self.adapted(parameter.key, inner.entry):
                return inner
        if (beside := beside_memory(self, parameter, true)) is not None:
            return beside
        # of what rounding has made of no gradient an optimizer makes a step of any size
        if largest(true) <= size and any(
            self.tape.shape(entry) == self.tape.shape(parameter.before)
            and largest(self.numbers(self.graph.nodes[entry])) <= size
            and self.adapted(parameter.key, entry)
            for entry in self.behind[parameter.key] & self.dependent
        ):
            return Match(float("nan"), None)
        return None

    def own(self, parameter: Parameter) -> Values:
        """Return a parameter's numbers in all draws."""
        return list(map(parameter.taken, self.numbers(self.parameters[parameter])))

    @cached_property
    def _made(self) -> set[int]:
        """What the step computes itself, and not what parameters begin with."""
        notes, entries = self.tape.notes, {*range(self.step.first, len(self.tape.notes))}
        entries -= self.tape.behind(parameter.before for parameter in self.parameters)
        return {entry for entry in entries if notes[entry].call not in ("leaf", "constant")}

    @cached_property
    def sizes(self) -> set[int]:
        """What is computed of sizes alone: a norm of one number looks like a multiple of it."""
        found: set[int] = set()
        for entry in sorted(self.dependent):
            given = self.dependent.intersection(self.tape.inputs[entry])
            if self.tape.notes[entry].call in SIZES or (given and given <= found):
                found.add(entry)
        return found

    def inner_matches(self, parameter: Parameter, true: Values) -> Iterator[Match]:
        """Yield the multiples of the true gradient behind an update, last first.

        Some gradients, as of the hinge loss, are computed from data alone.
        """
        size, behind = true[0].size, self.behind[parameter.key]
        own = behind & (self.dependent | self._made)
        for entry in sorted(own - self.sizes, reverse=True):
            node = self.graph.node(entry)
            ends = entry in (parameter.before, parameter.after)
            if not ends and int(np.prod(node.shape)) == size:
                compare = multiple if self.may_turn(parameter, entry) else multiple_as_it_is
                factor = compare(self.numbers(node), true)
                if factor is not None:
                    yield Match(factor, entry)

    def may_turn(self, parameter: Parameter, entry: int) -> bool:
        """Tell whether an entry may be a transposed gradient: a square that is turned later."""
        shape = self.tape.shape(entry)
        if shape != self.tape.shape(parameter.before) or not shape or shape[1:] != shape[:1]:
            return True
        later = self.tape.dependents({entry}, parameter.after) & self.behind[parameter.key]
        return any(self.tape.notes[one].call == "transpose" for one in later - {entry})

    def inner(self, parameter: Parameter, judged: Judged) -> list[Match]:
        """Return the multiples of a parameter's true gradient behind its update, last first."""
        if parameter.key not in judged.inner:
            true = self.true_of(parameter, judged.gradients)
            judged.inner[parameter.key] = list(self.inner_matches(parameter, true))
        return judged.inner[parameter.key]

    @cached_property
    def of_arrays(self) -> set[int]:
        """What is computed of arrays that depend on no parameter: of data."""
        tape, befores = self.tape, {parameter.before for parameter in self.parameters}
        found: set[int] = set()
        for entry in range(self.step.end):
            array = entry not in self.dependent and np.size(tape.values[entry]) > 1
            if entry not in befores and (array or not found.isdisjoint(tape.inputs[entry])):
                found.add(entry)
        return found

    def adapted(self, key: Key, entry: int) -> bool:
        """Tell whether an optimizer makes something else of a gradient, before it updates."""
        if (key, entry) not in self._adapted:
            self._adapted[key, entry] = adapted(self, key[0], entry, self.behind[key])
        return self._adapted[key, entry]
