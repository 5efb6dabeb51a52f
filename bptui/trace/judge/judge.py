"""Judges a recorded program: the first training step that goes wrong, its first wrong lines."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bptui.core.graph.node import evaluate
from bptui.trace.judge.arguments import (
    blame_arguments,
    blame_callers,
    blame_functions,
    blame_gradients,
    blame_values,
)
from bptui.trace.judge.backward_pass import handed_on
from bptui.trace.judge.helpers import blame_helpers
from bptui.trace.judge.jacobians import blame_jacobians
from bptui.trace.judge.softmax_axis import blame_softmax
from bptui.trace.judge.wrong_lines import Lines
from bptui.trace.step.drawn import SPREADS, VIEWS
from bptui.trace.step.likely import claimed, likely
from bptui.trace.step.multiples import rounded
from bptui.trace.step.overwritten import overwriting_steps, with_overwritten
from bptui.trace.step.possible_losses import Judged
from bptui.trace.step.training_steps import Parameter, TrainingStep, training_steps
from bptui.trace.step.truth import ROUNDING, StepTruth
from bptui.trace.tape import Reference, Tape

LOOKED_AT = 2
"""Steps of each parameter: gradients that are never cleared are right only in the first."""
MOST = 8
"""Steps that are looked at, where networks are trained in turns, or steps use other lines."""


@dataclass
class Verdict:
    """What is said of a program: of its first wrong step, else of its first one."""

    step: TrainingStep
    number: int
    """Of the training step, from 1."""
    lines: Lines
    squares: list[int]
    """Entries in which a column and a row of the same length made a square."""
    grown: list[int]
    """Places of gradients of another shape than their parameter, which takes that shape."""

    @property
    def broadcast(self) -> list[int]:
        """Places where broadcasting made more numbers than were meant."""
        notes = self.lines.truth.tape.notes
        return list(dict.fromkeys([*(notes[entry].place for entry in self.squares), *self.grown]))

    @property
    def right(self) -> bool:
        """Whether all gradients are right."""
        judged = self.lines.judged
        return not (self.broadcast or judged.uphill or None in judged.matches.values())

    @property
    def unknown(self) -> dict[int, str]:
        """What the loss is computed through and has no rule, by its entry: wrong says nothing."""
        known = self.lines.truth.unknown
        return {entry: known[entry] for entry in sorted(self.lines.forward & known.keys())}


def judge(
    tape: Tape,
    turns: Sequence[tuple[int, int]],
    lines: Callable[[int], int],
    first: int = 0,
    told: Callable[[StepTruth], Judged | None] | None = None,
    limit: float = math.inf,
) -> Verdict | None:
    """Return the verdict; None where no training step with a loss was recorded.

    The loss is what the program makes likely, or what is ``told``. Wrong lines are looked for
    during ``limit`` seconds: a verdict may come without them.
    """
    until = time.monotonic() + limit
    verdict: Verdict | None = None
    unlike: Verdict | None = None  # any training, as a simulation that makes data is
    steps = training_steps(tape) or overwriting_steps(tape)

    def losses_of(truth: StepTruth) -> list[Judged]:
        return likely(truth) if told is None else [*filter(None, [told(truth)])]

    choice = _Choice(tape, steps)
    for number, sure in enumerate(steps[first:], first + 1):
        if not choice.takes(sure):
            continue
        found: Verdict | None = None
        step = sure
        for spread in SPREADS:
            truth = StepTruth(tape, step, lines, spread=spread)
            losses = losses_of(truth)
            if step is sure:
                every = (with_overwritten(truth, one) for one in losses)
                step = max(every, key=lambda one: len(one.parameters), default=step)
            if step != sure and truth.step is sure:
                if not step.parameters:
                    return None
                truth = StepTruth(tape, step, lines, spread=spread)
                losses = losses_of(truth)
            tried = [Lines(truth, judged, turns, until) for judged in losses]
            wrong = all(one.uphill or None in one.matches.values() for one in losses)
            if wrong and truth.drawn.undecided and (not tried or spread != SPREADS[-1]):
                continue  # nearer to the program's own numbers there may be a loss, or it is right
            if not tried or (verdict is not None and not _finite(truth, losses)):
                break  # what grows without limit, or has no slope left, says nothing more
            for candidate in tried:
                candidate.find()
            best = min(tried, key=_how_much)
            if best.repairs and (other := _at_the_rate(best)) is not None:
                equal = (other, best) if _lacks_mean(best) else (best, other)
                best = min(equal, key=_how_much)
            if time.monotonic() <= until:
                blame_jacobians(best)
                blame_helpers(best, lines)
                blame_functions(best)
                blame_arguments(best)
                blame_softmax(best)
                blame_callers(best)
                blame_gradients(best)
                blame_values(best)
            together = squares(best)
            larger = grown(tape, best)
            odd = {p.key for p in other_shape(truth)} if larger else set()
            best.repairs = [r for r in best.repairs if r.place in larger or not r.mended <= odd]
            found = Verdict(step, number, best, together, larger)
            if found.right or not truth.drawn.undecided:
                break
        if found is None:
            continue
        if told is None and not _explains(found) and _others(step, steps[number:]):
            unlike = unlike or found
            continue
        if not found.right and (verdict is None or not found.lines.truth.drawn.limited):
            return found
        verdict = verdict or found
    return verdict or unlike


def _explains(verdict: Verdict) -> bool:
    """Whether a step has a loss that is called so, or any gradient that is right."""
    judged = verdict.lines.judged
    return judged.loss.named or bool(judged.right)


def _others(step: TrainingStep, later: Iterable[TrainingStep]) -> bool:
    """Whether some later step updates nothing that a step does."""
    return any(_updated(step).isdisjoint(_updated(one)) for one in later)


class _Choice:
    """Chooses the steps that are looked at: those that show something new."""

    def __init__(self, tape: Tape, steps: Sequence[TrainingStep]) -> None:
        self.tape, self.steps = tape, steps
        self.looked_at = 0
        self._counts: Counter[int] = Counter()
        """How often the updates at each place were looked at."""
        self._seen: set[int] = set()
        """The places that gradients were computed at."""

    def takes(self, step: TrainingStep) -> bool:
        """Whether parameters are updated that were not twice, or lines used that were not yet."""
        updated = _updated(step)
        if self._lacks(step):
            return False
        if not self._learns(step) and any(map(self._learns, self.steps)):
            return False
        used = self._used(step)
        known = all(self._counts[place] >= LOOKED_AT for place in updated) and used <= self._seen
        if known or self.looked_at == MOST:
            return False
        self.looked_at += 1
        self._counts.update(updated)
        self._seen |= used
        return True

    def _lacks(self, step: TrainingStep) -> bool:
        """Whether it is the first one, and the next updates more: what was a plain 0 until then."""
        first, second = (*self.steps[:2], step)[:2]
        return step is first and _updated(first) < _updated(second)

    def _learns(self, step: TrainingStep) -> bool:
        """Whether arrays come to some parameter, or it is a number: else they only decay."""
        tape = self.tape
        for before, after in ((p.before, p.after) for p in step.parameters):
            if not tape.shape(before):
                return True
            own = tape.dependents({before}, after) | {after}
            if any(map(tape.shape, tape.behind([after], {before}) - own)):
                return True
        return False

    def _used(self, step: TrainingStep) -> set[int]:
        """Return the places at which a step computes what its updates are made of."""
        afters = (parameter.after for parameter in step.parameters)
        behind = self.tape.behind(afters, short_of=range(step.first))
        return {self.tape.notes[entry].place for entry in behind if entry >= step.first}


def _updated(step: TrainingStep) -> set[int]:
    return {parameter.statements[-1].place for parameter in step.parameters}


def _finite(truth: StepTruth, losses: Iterable[Judged]) -> bool:
    """Whether some loss is still a number, and so are its gradients, which have not vanished."""
    lost = min(truth.noise(parameter, 0.0).values for parameter in truth.parameters)
    nodes = [one.loss.node for one in losses if lost < one.size / ROUNDING < np.inf]
    values = [evaluate(nodes, draw) for draw in truth.draws]
    return any(np.isfinite(draw[node]).all() for draw in values for node in nodes)


def _how_much(lines: Lines) -> tuple[int, int, bool]:
    """Return how much has to be wrong in a program if these are its lines, what tells more first.

    Less is told where the gradients of parameters themselves are wrong: there any mistake could be.
    """
    own = {parameter.before for parameter in lines.truth.parameters}
    last = any(source in own for repair in lines.repairs for source, _ in repair.stands_for)
    return len(lines.wrong), len(lines.repairs), last


def _at_the_rate(lines: Lines) -> Lines | None:
    """Return the lines as they are if gradients that are all off by one factor are wrong, too.

    A mean that is not taken is one slip, though what is added to it later is added rightly.
    """
    truth, judged = lines.truth, lines.judged
    factors = set(claimed(truth, judged))
    if lines.factor is None or len(factors) != 1 or factors == {1.0}:
        return None
    factor = lines.factor / factors.pop()  # rounded, so take the rate that the program has
    rates = (np.copysign(rate, factor) for each in truth.parameters for rate in each.scalars)
    same = (float(rate) for rate in rates if np.isclose(rate, factor, rtol=1e-4))
    told = truth.told(judged.loss, next(same, factor))
    if told is None:
        return None
    found = Lines(truth, told, lines.turns, lines.until)
    found.find()
    return found


def _lacks_mean(lines: Lines) -> bool:
    """Whether a mean over samples is not taken, or taken twice, in gradients of the program."""
    factors = filter(np.isfinite, filter(None, claimed(lines.truth, lines.judged)))
    sizes = {rounded(size) for factor in factors for size in (factor, 1.0 / factor)}
    return not sizes.isdisjoint(lines.samples - {1})


def squares(lines: Lines) -> list[int]:
    """Return the entries in which (n, 1) and (n,) met: the result is (n, n), and seldom meant.

    Where all gradients are right it is meant on the way back, of a parameter itself, and of what a
    line makes a column of.
    """
    truth, tape, found = lines.truth, lines.truth.tape, list[int]()
    right = None not in lines.judged.matches.values()
    differences = {truth.graph.entry.get(node, -1) for node in lines.judged.loss.differences}
    shown = lines.forward | differences if right else truth.dependent
    own = {parameter.before for parameter in truth.parameters}
    for entry in sorted(truth.dependent.intersection(shown)):
        note = tape.notes[entry]
        if note.call in ("add", "subtract", "multiply", "divide"):
            operands = [part.entry for part in note.arguments if isinstance(part, Reference)]
            shapes = sorted((tape.shape(operand) for operand in operands), key=len)
            column = max(operands, key=lambda one: len(tape.shape(one)), default=entry)
            here = column not in tape.named and tape.notes[column].call in VIEWS
            here = here and tape.shape(tape.inputs[column][0]) == shapes[0]
            meant = right and (here or not own.isdisjoint(operands))
            if len(shapes) == 2 and len(shapes[0]) == 1 and shapes[1] == (*shapes[0], 1) != (1, 1):
                found += [] if meant else [entry]
    return found


def grown(tape: Tape, lines: Lines) -> list[int]:
    """Return the places of gradients by which a parameter gets another shape in its update."""
    found: dict[int, None] = {}
    end = lines.truth.step.end
    bound = {binding.entry for binding in tape.bindings if binding.when <= end}
    for entry in sorted(bound & lines.truth.dependent - lines.forward):
        note = tape.notes[entry]
        if note.call not in ("add", "subtract") or len(note.arguments) < 2:
            continue
        old, change = note.arguments[:2]
        if not isinstance(old, Reference) or not isinstance(change, Reference):
            continue
        updates = {parameter.after for parameter in lines.truth.parameters}
        single = tape.shape(old.entry) == () and entry not in updates
        larger = np.size(tape.values[old.entry]) != np.size(tape.values[entry]) and not single
        learned = old.entry in lines.forward & lines.truth.dependent
        if larger and learned and tape.depends(change.entry, {old.entry}):
            claimed = _claimed(tape, change.entry, bound)
            named = handed_on(tape, {claimed: end}).get(claimed)
            where = named[0].place if named else tape.notes[claimed].place
            behind = tape.ancestors(entry)
            used = any(claimed in tape.inputs[one] for one in lines.backward if one not in behind)
            # what is the gradient of another value, and is used as such, is right where it is
            right = used and not named and lines.standing.of(claimed)
            found[note.place if right else where] = None
    return list(found)


def other_shape(truth: StepTruth) -> list[Parameter]:
    """Return the parameters that their update gives another shape."""
    shape = truth.tape.shape
    return [p for p in truth.parameters if shape(p.before) != shape(p.after)]


def _claimed(tape: Tape, entry: int, bound: Collection[int]) -> int:
    """Return what is multiplied with a rate."""
    while entry not in bound and tape.notes[entry].call in ("multiply", "divide"):
        shape = tape.shape(entry)
        given = tape.inputs[entry][: 1 if tape.notes[entry].call == "divide" else None]
        whole = [part for part in given if tape.shape(part) == shape]
        if len(whole) != 1:
            break
        entry = whole[0]
    return entry
