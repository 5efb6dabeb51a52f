"""Takes a recorded program's updates apart into training steps, each with its parameters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import numpy as np

from bptui.trace.step.updates import Update, updates_of
from bptui.trace.tape import Binding, Reference, Tape, Value


class Parameter(NamedTuple):
    """A parameter in one training step, or a part of one: its value before and after, its name."""

    before: int
    after: int
    name: str
    statements: tuple[Binding, ...]
    places: Value = None
    """Which numbers of an array these are, for one that is updated piece by piece."""
    sign: int = 0
    """Of the gradient that the update goes against; 0 where it is not told."""
    scalars: frozenset[float] = frozenset()
    """The sizes of the numbers that the update multiplies with, or divides by: the rate is one."""
    overwritten: bool = False
    """Whether it is given its change alone, without its old value."""

    @property
    def rated(self) -> bool:
        """Whether the update multiplies with a number, as a rate is."""
        return bool(self.scalars)

    @property
    def key(self) -> tuple[int, str]:
        return self.before, repr(self.places)

    def taken(self, array: Value) -> Value:
        """Return the parameter's own numbers of an array of its shape."""
        if self.places is None:
            return array
        return np.asarray(array).reshape(-1)[list(self.places)]

    def put(self, array: Value, right: Value) -> Value:
        """Return an array of its shape with other numbers in the place of the parameter's own."""
        if self.places is None:
            return right
        made = np.array(array, dtype=np.float64)
        made.reshape(-1)[list(self.places)] = right
        return made


class TrainingStep(NamedTuple):
    """One training step on the tape: from entry ``first`` to before ``end``."""

    parameters: tuple[Parameter, ...]
    first: int
    end: int
    fixed: frozenset[int] = frozenset()
    """What earlier steps have made of other parameters: of no concern is how."""


def training_steps(tape: Tape) -> list[TrainingStep]:
    """Return the training steps that were recorded as a whole."""
    found, made_of = updates_of(tape)
    updates = _of_what_is_given(tape, found, made_of)
    root: dict[int, int] = {}
    turn: dict[tuple[int, int, str], tuple[int, int]] = {}
    """The step that comes next for a variable in a statement, and what it is given there so far."""
    steps: list[dict[int, list[Update]]] = []
    versions = _versions(tape, updates)
    begun = 0  # the step before which no other part of an array is updated any more
    last = 0
    shared = _shared(updates)
    either = {place for place, signs in _signs(tape, updates).items() if signs >= {1, -1}}
    for update in updates:
        if update.before in shared:  # b = c = np.zeros(3) are two from their first update on
            root[update.after] = update.after
            turn[update.after, update.binding.place, update.part] = 1, update.after
            continue
        left = made_of.get(update.before, update.before)
        origin = root[update.after] = root.get(left, update.before)
        key = (origin, update.binding.place, update.part)
        if steps and _begins_anew(tape, update, versions, last):
            begun = len(steps)
        last = update.after
        coming, former = turn.get(key, (0, -1))
        number = max(coming, begun)
        if number > begun and _goes_on(tape, update, former):
            number -= 1
        begun = begun if update.part else number
        turn[key] = number + 1, update.after
        while len(steps) <= number:
            steps.append({})
        steps[number].setdefault(origin, []).append(update)
    made: list[TrainingStep] = []
    names = names_of(tape)
    _drop_what_feeds_nothing(tape, steps)
    ends = [max(u.after for group in step.values() for u in group) for step in steps]
    for number, step in enumerate(steps):
        parameters = tuple(
            part
            for origin, group in step.items()
            for part in _parts(tape, origin, group, names, either)
        )
        following = steps[number + 1].values() if number + 1 < len(steps) else ()
        end = min((u.after for group in following for u in group), default=len(tape.notes))
        fixed = frozenset(p.after for earlier in made for p in earlier.parameters)
        made.append(TrainingStep(parameters, ends[number - 1] if number else 0, end, fixed))
    return made


def _of_what_is_given(
    tape: Tape, updates: list[Update], made_of: Mapping[int, int]
) -> list[Update]:
    """Leave out the updates, all before any of a parameter, of what is computed from that.

    What is updated later on, too, only begins with the numbers of another parameter.
    """
    root, first, last = dict[int, int](), dict[int, int](), dict[int, int]()
    for update in updates:
        left = made_of.get(update.before, update.before)
        origin = root[update.after] = root.get(left, update.before)
        first.setdefault(origin, update.after)
        last[origin] = update.after if np.any(tape.values[origin]) else first[origin]
    computed = {
        origin
        for origin, when in last.items()
        if tape.depends(origin, {one for one in first if one < origin and when < first[one]})
    }
    return [update for update in updates if root[update.after] not in computed]


def _signs(tape: Tape, updates: Iterable[Update]) -> dict[int, set[int]]:
    """Return the signs of numbers that statements multiply with: data have either one."""
    found: dict[int, set[int]] = {}
    for update in updates:
        found.setdefault(update.binding.place, set()).add(update.product(tape).sign)
    return found


def _shared(updates: list[Update]) -> set[int]:
    """Return the values that several variables begin with, each of which gets its own new one."""
    places: dict[int, set[int]] = {}
    for update in updates:
        if not update.part:
            places.setdefault(update.before, set()).add(update.binding.place)
    return {before for before, found in places.items() if len(found) > 1}


def _versions(tape: Tape, updates: Iterable[Update]) -> dict[int, int]:
    """Return the values that parameters have in turn, and the copies of them, as those values."""
    found = {entry: entry for update in updates for entry in (update.before, update.after)}
    for entry, note in enumerate(tape.notes):
        if note.call == "copy" and found.keys() & set(tape.inputs[entry]) and entry not in found:
            found[entry] = found[tape.inputs[entry][0]]
    return found


def _begins_anew(tape: Tape, update: Update, versions: Mapping[int, int], last: int) -> bool:
    """Whether all that is behind an update reads parameters after the ``last`` update so far.

    Then the forward pass was made anew: another network, or another row of the same array or of an
    embedding, is updated by another step. A whole parameter is read by that pass itself, which
    reads more than what decays, or decides by it.
    """
    own, others = bool(update.part), False
    seen, stack = {update.after}, [update.after]
    while stack:
        top = stack.pop()
        for source in tape.inputs[top]:
            if source in versions:
                if top <= last:
                    return False
                same = versions[source] == update.before
                own = own or (same and top != update.after)
                others = others or not same
            elif source not in seen:
                seen.add(source)
                stack.append(source)
    given = (entry for entry in seen if not tape.inputs[entry])
    reads = others or any(np.ndim(tape.values[entry]) for entry in given)
    between = (entry for entry, _ in tape.compared if last < entry < update.after)
    reads = reads or any(tape.depends(entry, {update.before}) for entry in between)
    return own and (bool(update.part) or reads)


def _goes_on(tape: Tape, update: Update, former: int) -> bool:
    """Whether an update adds to the same part once more, from before the ``former`` one.

    A word that stands twice in a sentence gets its share of the gradient twice.
    """
    added = update.sum.added
    own = update.sum.own and isinstance(added, Reference)
    return own and not tape.depends(added.entry, {former})


def _parts(
    tape: Tape, origin: int, group: list[Update], names: dict[int, str], either: Collection[int]
) -> list[Parameter]:
    """Return the parameter that a group of updates changes; its parts, where they go one by one.

    Of numbers of ``either`` sign in statements the sign is that of data.
    """
    name = names.get(origin, group[0].binding.name)
    before, after = group[0].before, group[-1].after
    parts: dict[str, list[Update]] = {}
    for update in group:
        parts.setdefault(update.part, []).append(update)
    found = []
    for updates in parts.values():
        first, statements = updates[0], tuple(update.binding for update in updates)
        product = first.product(tape)
        sign = 1 if first.binding.place in either else product.sign
        sign = sign if first.call == "subtract" else -sign
        places = first.places
        found.append(Parameter(before, after, name, statements, places, sign, product.scalars))
    return found


def _drop_what_feeds_nothing(tape: Tape, steps: list[dict[int, list[Update]]]) -> None:
    """Leave out what feeds nothing else in the first step."""
    if not steps:
        return
    own = {update.after for step in steps for group in step.values() for update in group}
    end = min((u.after for group in steps[0].values() for u in group), default=0)
    for origin in sorted(steps[0]):
        if not any(origin in tape.inputs[entry] for entry in range(end) if entry not in own):
            for step in steps:
                step.pop(origin, None)
    steps[:] = [step for step in steps if step]


def names_of(tape: Tape) -> dict[int, str]:
    """Return the first lasting name of each entry: a global one before a local one.

    But not what is that of several objects in turn, as layer.W in a loop over layers.
    """
    owners: dict[str, set[object]] = {}
    for binding in tape.bindings:
        if binding.location[0] == "attribute":
            owners.setdefault(binding.name, set()).add(binding.location[1])
    found: dict[int, str] = {}

    def order(given: Binding) -> tuple[bool, int]:
        return given.frame != 0 or len(owners.get(given.name, ())) > 1, given.when

    for binding in sorted(tape.bindings, key=order):
        if not binding.name.startswith("return "):
            found.setdefault(binding.entry, binding.name)
    return found
