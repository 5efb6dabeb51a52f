"""Says which gradients count as right where factors do not agree, and what optimizers adapt."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from bptui.trace.step.multiples import (
    Match,
    Values,
    along,
    combination,
    largest,
    rounded,
)
from bptui.trace.step.possible_losses import Judged, Key
from bptui.trace.step.sums import product_of, whole_of
from bptui.trace.step.training_steps import Parameter
from bptui.trace.tape import ROOTS, Reference, Tape

if TYPE_CHECKING:
    from bptui.trace.step.truth import StepTruth


LEFT = 1e3
"""Times as large as what is lost in rounding: a change that is larger would not be lost."""


def settle(truth: StepTruth, judged: Judged) -> None:
    """Let only what agrees with the rest count as right: one factor for all parameters.

    Those whose change an optimizer makes of the gradient are compared with each other.
    """
    for parameter in truth.parameters if judged.whole else ():
        match, noise = judged.matches[parameter.key], truth.noise(parameter, judged.size).values
        nothing = match is not None and match.entry is None and np.isnan(match.factor)
        if nothing and largest(truth.change_of(parameter)) <= noise:
            gradient = largest(truth.true_of(parameter, judged.gradients))
            if min(map(abs, judged.whole.values())) * gradient > LEFT * noise:
                judged.matches[parameter.key] = None  # there is one to apply
    if len(set(map(rounded, judged.whole.values()))) > 1:
        _settle_whole(truth, judged, judged.whole)
    _settle_adapted(truth, judged)
    if judged.uphill and judged.loss.entry is not None and _climbs(truth, judged):
        judged.misapplied.update(judged.matches)


def _climbs(truth: StepTruth, judged: Judged) -> bool:
    """Whether one statement climbs along right gradients, or all do along what functions return.

    Where there are more it is likelier that the error has the wrong sign.
    """
    returned = {b.entry for b in truth.tape.bindings if b.name.startswith("return ")}
    places = {parameter.statements[-1].place for parameter in truth.parameters}
    one = len(places) == 1
    for parameter in truth.parameters:
        inner = truth.inner(parameter, judged)
        given = [match.factor for match in inner if match.entry in returned]
        if not (given or one):
            return False
        if (given[0] if given else _inner_factor(truth, parameter, judged)) <= 0:
            return False
    return True


def _settle_whole(truth: StepTruth, judged: Judged, factors: dict[Key, float]) -> None:
    by_key = {parameter.key: parameter for parameter in truth.parameters}
    for key, ratio in _without_mean(truth, by_key, factors).items():
        judged.matches[key], judged.ratios[key] = None, ratio
        judged.misapplied.add(key)
        factors = {other: factor for other, factor in factors.items() if other != key}
    sizes = {key: rounded(factor) for key, factor in factors.items()}
    falling = [key for key in sizes if sizes[key] < 0]
    going = falling or [*sizes]  # a loss is made small
    down = [sizes[key] for key in going]
    # rows of one array that are updated one by one are not as many as arrays of their own
    arrays = {size: {key[0] for key in going if sizes[key] == size} for size in down}
    most = max(map(len, arrays.values()))
    usual = {size for size in arrays if len(arrays[size]) == most}
    if len({frozenset(arrays[size]) for size in usual}) == 1:
        usual = {size for size in usual if down.count(size) == max(map(down.count, usual))}
    if len(usual) > 1:  # a gradient that is right as it is, with a rate, of the last layer
        rates = {rounded(rate) for parameter in truth.parameters for rate in parameter.scalars}
        exact = [
            key for key in factors if rounded(abs(_inner_factor(truth, by_key[key], judged))) == 1
        ] or [key for key, size in sizes.items() if abs(size) in rates]
        latest = max(
            exact or factors, key=lambda key: (by_key[key].rated, _last_use(truth, key[0]))
        )
        usual = {rounded(factors[latest])}
    own_loss = {sizes[key] for key in _exact(truth, judged, map(by_key.__getitem__, factors))}
    mark = (own_loss if len(own_loss) == 1 else usual).pop()
    own = next(key for key, factor in factors.items() if rounded(factor) == mark)
    reference = _inner_factor(truth, by_key[own], judged)
    rated = {key: _is_rated(truth, parameter, judged) for key, parameter in by_key.items()}
    for key, factor in factors.items():
        inner = rounded(_inner_factor(truth, by_key[key], judged))
        same = inner == rounded(reference)
        turned = by_key[own].sign == -by_key[key].sign != 0 and inner * reference > 0
        plain = rounded(abs(factor)) in {1.0, rounded(abs(reference))} - {abs(mark)}
        forgotten = rated[own] and not rated[key]  # the rate, in this update
        goes_up = mark < 0 < factor  # rates may differ, but none is negative
        if rounded(factor) != mark and (forgotten or goes_up or not same):
            judged.matches[key] = None
            judged.ratios[key] = factor / factors[own]
            if same or (goes_up and turned) or (plain and forgotten):
                judged.misapplied.add(key)


def _exact(truth: StepTruth, judged: Judged, parameters: Iterable[Parameter]) -> set[Key]:
    """Return the parameters whose gradients are as they are where only those are right.

    A program's own loss tells them, though more are half or twice as large: what is so by more
    may have its mean taken at another time.
    """
    sizes = {p.key: [abs(one) for one in named_factors(truth, judged, p)] for p in parameters}
    exact = {key for key, found in sizes.items() if 1.0 in found}
    others = [found[-1] for key, found in sizes.items() if found and key not in exact]
    counts = samples(truth, truth.early)

    def taken(size: float) -> bool:
        many = (max(size, 1.0 / size) / count for count in counts - {1})
        return any(abs(times - round(times)) < 1e-3 for times in many)

    later = any(taken(size) for size in others if not 1.0 / FEW < size < FEW)
    return exact if judged.loss.named and others and not later else set()


def samples(truth: StepTruth, forward: Collection[int]) -> set[int]:
    """Return what may be the number of samples: a length that all values of units have."""
    tape = truth.tape
    alone = {parameter.before for parameter in truth.parameters}  # computed of parameters alone
    for entry in sorted(truth.dependent - alone):
        if all(one in alone or not tape.shape(one) for one in tape.inputs[entry]):
            alone.add(entry)
    shapes = [tape.shape(entry) for entry in truth.dependent.intersection(forward) - alone]
    most = min(2, max(map(len, shapes), default=0))
    wide = [set(shape) for shape in shapes if len(shape) >= most > 0]
    return set.intersection(*wide) if wide else set()


def named_factors(truth: StepTruth, judged: Judged, parameter: Parameter) -> list[float]:
    """Return the multiples of a parameter's gradient that have names, else all; the last first."""
    found = truth.inner(parameter, judged)
    named = [one for one in found if one.entry in truth.tape.named] or found
    return [rounded(one.factor) for one in named]


def _falls(truth: StepTruth, judged: Judged, key: Key) -> bool:
    """Whether an optimizer moves a parameter against its gradient, as far as a step tells it."""
    (parameter,) = (one for one in truth.parameters if one.key == key)
    true = truth.true_of(parameter, judged.gradients)
    return bool(truth.step.first) or not along(truth.change_of(parameter), true)


def _without_mean(
    truth: StepTruth, parameters: Mapping[Key, Parameter], factors: Mapping[Key, float]
) -> dict[Key, float]:
    """Return what is updated at the rate itself where others are at the rate over the samples.

    How often a parameter is used, or a length of what is computed from it, is their number.
    """
    found: dict[Key, float] = {}
    for (key, factor), (other, mean) in permutations(factors.items(), 2):
        rates, more = parameters[key].scalars, parameters[other].scalars
        ratio = factor / mean
        over = any(rounded(rate / ratio) in set(map(rounded, more)) for rate in rates)
        if rates < more and over and rounded(ratio) in more - rates:
            uses = sum(other[0] in truth.tape.inputs[entry] for entry in truth.early)
            lengths = {size for entry in truth.early for size in truth.tape.shape(entry)}
            if rounded(ratio) > 1.0 and rounded(ratio) in {uses, *lengths}:
                found[key] = ratio
    return found


def _settle_adapted(truth: StepTruth, judged: Judged) -> None:
    """Let only gradients count as right that an optimizer is given with the usual factor."""
    matched = [p for p in truth.parameters if (m := judged.matches[p.key]) and not m.whole]
    factors = {p.key: named_factors(truth, judged, p) for p in matched}
    falling = [key for key in factors if _falls(truth, judged, key)] or list(factors)
    every = [factor for key in falling for factor in dict.fromkeys(factors[key])]
    usual = max(dict.fromkeys([1.0, *every]), key=every.count)
    least = len(falling) / 2  # of two halves that is right which has gradients as they are
    if every.count(usual) > least or (usual == 1.0 and every.count(usual) == least > 0):
        for key, found in factors.items():
            if found and usual not in found:
                judged.matches[key], judged.ratios[key] = None, found[-1] / usual


def _last_use(truth: StepTruth, parameter: int) -> int:
    return max(entry for entry in truth.early if parameter in truth.tape.inputs[entry])


def _inner_factor(truth: StepTruth, parameter: Parameter, judged: Judged) -> float:
    """Return the factor between the gradient and what was multiplied with the rate."""
    match, found = judged.matches[parameter.key], truth.inner(parameter, judged)
    if match is None or not found:
        return 0.0
    size = rounded(abs(match.factor))
    applied = next((inner for inner in found if rounded(abs(inner.factor)) == size), None)
    memories = _memories(truth, parameter, judged)
    if applied is not None:
        behind = truth.tape.ancestors(applied.entry or 0)  # not of another number of the array
        found = [one for one in found if one.entry in behind and one.entry not in memories]
    others = [inner for inner in found if rounded(abs(inner.factor)) != size]
    named = (inner for inner in others if inner.entry in truth.tape.named)
    return next(iter((*named, *others, found[-1]))).factor


def _memories(truth: StepTruth, parameter: Parameter, judged: Judged) -> list[int]:
    """Return the velocities behind an update: sums of a gradient and a part of what they were."""
    tape = truth.tape

    def empty(entry: int) -> bool:
        return entry not in truth.dependent or not np.any(tape.values[entry])

    entries = [match.entry or 0 for match in truth.inner(parameter, judged)]
    sums = [entry for entry in entries if tape.notes[entry].call in ("add", "subtract")]
    before = {entry: next(iter(tape.inputs[entry]), 0) for entry in sums}
    return [e for e, one in before.items() if tape.notes[one].call == "multiply" and empty(one)]


def _is_rated(truth: StepTruth, parameter: Parameter, judged: Judged) -> bool:
    """Whether an update multiplies with a number, or a velocity does."""
    notes = truth.tape.notes
    added = [notes[entry].arguments[-1] for entry in _memories(truth, parameter, judged)]
    return parameter.rated or any(product_of(truth.tape, part).scalars for part in added)


FEW = 2.5
"""Less than the number of samples."""
LIMITS = frozenset(
    (*ROOTS, "clip", "sign", "norm", "maximum", "minimum", "where", "round", "around", "svd")
)
"""What makes a step of a gradient that is no multiple of it."""
MOST_KEPT = 0.9999
"""The share of what it remembers that an optimizer keeps, at most: a memory fades."""
CURVED = frozenset(("solve", "inv", "pinv", "lstsq"))
"""So does Newton's method, by the inverse of a matrix."""


def adapted(truth: StepTruth, parameter: int, entry: int, behind: set[int]) -> bool:
    """Whether an optimizer stands between a gradient, an entry, and a parameter's new value.

    Gradients that are added up and never cleared are no memory: that one fades.
    """
    tape = truth.tape
    made = {entry}
    for later in sorted(one for one in behind if one > entry):
        if not made.isdisjoint(tape.inputs[later]):
            made.add(later)
    shape = tape.shape(parameter)
    memory = False
    added = {one for e in behind & made if tape.notes[e].call == "add" for one in tape.inputs[e]}
    mask = np.asarray(tape.values[entry]).dtype.kind == "b"  # which is no gradient
    if mask or _is_beside_its_limit(tape, entry, behind & made):
        return False
    for inner in sorted((behind - tape.ancestors(entry)) & made):
        call, inputs = tape.notes[inner].call, tape.inputs[inner]
        masks = (np.asarray(tape.values[one]).dtype.kind == "b" for one in made & {*inputs})
        curved = CURVED.intersection((call, *(tape.notes[one].call for one in inputs)))
        if call in LIMITS or curved or (call == "setitem" and any(masks)):
            return True
        if _is_meant(truth, entry, inner, made):
            return True
        if call not in ("add", "subtract"):
            continue
        if tape.shape(inner) == shape and any(_of_the_step(truth, one, made) for one in inputs):
            return False  # it is a part of a gradient
        old = [one for one in inputs if one not in truth.dependent and tape.shape(one) == shape]
        faded = any(tape.notes[one].call == "multiply" for one in old)
        approached = call == "subtract" and inputs[-1] in added.intersection(
            old
        )  # m += c * (g - m)
        memory = memory or faded or approached
    return memory


def _is_beside_its_limit(tape: Tape, gradient: int, made: set[int]) -> bool:
    """Whether a gradient is added to what is limited of it: that belongs to the gradient."""
    return any(
        tape.notes[one].call in LIMITS
        for entry in made
        if tape.notes[entry].call in ("add", "subtract") and gradient in tape.inputs[entry]
        for other in made.intersection(tape.inputs[entry]) - {gradient}
        if tape.shape(other) == tape.shape(gradient)
        for one in (made & tape.ancestors(other)) - {gradient}
    )


def _is_meant(truth: StepTruth, gradient: int, entry: int, made: set[int]) -> bool:
    """Whether what is ``made`` of a gradient is that centred, masked, or with noise; 0 in a part.

    A mask, or rates of single numbers, and noise are nothing that the gradient is computed of.
    """
    tape, call, inputs = truth.tape, truth.tape.notes[entry].call, truth.tape.inputs[entry]
    size, others = np.size(tape.values[gradient]), [one for one in inputs if one not in made]
    if np.size(tape.values[entry]) != size:
        return False
    if call == "setitem":
        put = tape.notes[entry].arguments[-1]
        number = tape.values[put.entry] if isinstance(put, Reference) else put
        return inputs[0] in made and not (np.any(number) or truth.dependent & {*inputs[1:]})
    if call not in ("add", "subtract", "multiply"):
        return False
    if not others:
        behind = tape.ancestors(inputs[-1]) & made if call == "subtract" and size > 1 else ()
        return any(np.size(tape.values[one]) < size for one in behind)
    (other,) = others
    if not tape.shape(other):
        return False
    if other in truth.dependent:
        mask = np.isin(tape.values[other], (0, 1)).all()
        return bool(mask) and call == "multiply" and other not in truth.of_arrays
    used = truth.dependent & tape.ancestors(gradient) - {p.before for p in truth.parameters}
    data = {one for e in used for one in tape.inputs[e]} - truth.dependent
    behind = tape.ancestors(other)
    if any(map(tape.shape, behind & data)):
        return False
    if call == "multiply":
        return bool(np.min(tape.values[other]) >= 0.0)
    return any(tape.notes[one].call.startswith("random.") for one in behind)


def beside_memory(truth: StepTruth, parameter: Parameter, true: Values) -> Match | None:
    """Return where a gradient stands beside what an optimizer remembers, in one sum with that.

    In ``v = mu * v + X.T @ d + decay * W`` the gradient is nowhere by itself. What is remembered
    may be the parameter as it was: ``W - rate * g + mu * (W - W_old)``.
    """
    tape, behind = truth.tape, truth.behind[parameter.key]
    same = [e for e in sorted(behind) if tape.shape(e) == tape.shape(parameter.before)]
    read = {one for e in behind if e >= truth.step.first for one in tape.inputs[e]}
    older = [e for e in same if e in read - truth.dependent and e < truth.step.first]
    states = [(e, False) for e in older if _is_state(truth, e)]
    moved = [(e, True) for e in older if tape.depends(parameter.before, {whole_of(tape, e)})]
    for entry in same if older and parameter.places is None else ():
        if entry in truth.dependent and tape.notes[entry].call in ("add", "subtract"):
            whole = entry == parameter.after
            node = truth.graph.nodes[entry]
            values = truth.change_of(parameter) if whole else truth.numbers(node)
            for state, former in (*states, *(moved if whole else ())):
                own = truth.own(parameter) if former else [np.zeros(())] * len(values)
                memory = [one - np.asarray(tape.values[state]) for one in own]
                found = combination(values, true, memory)
                if found is not None and abs(found[1]) < MOST_KEPT:
                    return Match(found[0], entry)
                if found is not None and not former and found[1] < 0.0:
                    return None  # they are added up
    return None


def _of_the_step(truth: StepTruth, entry: int, made: Collection[int]) -> bool:
    """Whether an entry that is not ``made`` is computed of parameters and of data."""
    if entry not in truth.dependent or entry in made:
        return False
    return entry in truth.of_arrays


def _is_state(truth: StepTruth, entry: int) -> bool:
    """Whether an entry is an array from before the step that has something in it."""
    value = truth.tape.values[entry]
    return bool(entry < truth.step.first and np.size(value) > 1 and np.any(value))
