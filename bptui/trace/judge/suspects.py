"""What may be wrong in a backward pass, and what may belong there: the likeliest comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bptui.trace.judge.backward_pass import computed_again, settled_by, turns_with_both
from bptui.trace.judge.candidates import ALL, PART, Candidates, Source
from bptui.trace.judge.held import wrong_parts
from bptui.trace.judge.meant import Meant
from bptui.trace.judge.named_anew import NamedAnew
from bptui.trace.judge.sizes import Sizes
from bptui.trace.judge.split_paths import SplitPaths
from bptui.trace.step.drawn import VIEWS, views_of
from bptui.trace.step.multiples import rounded
from bptui.trace.step.parts import WRITES
from bptui.trace.step.possible_losses import Key

if TYPE_CHECKING:
    from bptui.trace.judge.wrong_lines import Lines


class _Suspect(NamedTuple):
    """A place that may be wrong, with its entries and the first of them in doubt.

    They may be wrong only for those that read them by another name, ``since`` they got it.
    """

    first: int
    place: int
    entries: list[int]
    since: dict[int, Collection[int]]


class Attempt(NamedTuple):
    """What the entries of a place may stand for."""

    place: int
    pairs: dict[int, Source]
    since: Mapping[int, Collection[int]]
    exact: bool = False
    """Whether it has to fit as it is, times no factor."""


class Suspects:
    """The places of a backward pass that may be wrong, as far as its lines are known."""

    def __init__(self, lines: Lines) -> None:
        self.lines, self.truth, self.backward = lines, lines.truth, lines.backward
        self.sizes = Sizes(lines)
        again = computed_again(self.truth, lines.forward, self.backward)
        # an error is a gradient, too
        self.computed_again = {entry for entry in again if not lines.standing.of(entry)}
        values = self.truth.tape.values  # a layer's mask is made on the way forward
        floats = (e for e in self.backward if np.asarray(values[e]).dtype.kind == "f")
        self.names = NamedAnew(lines, self._reading, self.computed_again)
        going_back = sorted(self.truth.dependent.intersection(floats))
        starts = turns_with_both(lines.turns, lines.forward, going_back)
        self.candidates = Candidates(self.truth, lines.true, lines.values, starts)
        self.named: dict[int, tuple[int, dict[int, Collection[int]]]] = {}
        """The places that name something anew: when they first do so, and what reads it so."""

    def attempts(self, right: set[Key]) -> Iterator[Attempt]:
        """Yield what may be wrong, and what may belong there.

        First come terms of another size than the rest, then where a path is left out of a sum or
        taken for another, then what is no true gradient or has the wrong sign, then what is that
        of another value, then what has another size, at once for all that a function of slopes
        has made, at last the gradient of a parameter itself: there any mistake could be mended.
        """
        wrong = [p for p in self.truth.parameters if p.key in self.lines.wrong]
        suspects = set().union(
            *(self.truth.behind[p.key] - self.lines.updates.leading(p) for p in wrong)
        )
        usual = self.sizes.usual(right)
        sign = 0.0 if right else self.sizes.sign(suspects)
        known = self.sizes.known(right, usual, sign)
        had = self._idle.union(*known.values())
        settled = settled_by(self.truth.tape, self.backward, known) | self.computed_again
        done = {(repair.place, e) for repair in self.lines.repairs for e in repair.entries}
        of_right = self.lines.behind_right
        plain = set(self.lines.values) - self.truth.dependent
        # as 1 - beta, where right parameters are updated by the same line
        usual_numbers = set(map(self._number, plain & of_right))
        plain = {entry for entry in plain if self._number(entry) in usual_numbers}
        suspected: list[_Suspect] = []
        for place, group in self.lines.places.items():
            entries = [e for e in group if e in suspects - plain and (place, e) not in done]
            # slopes are right where they are made
            if not self.names.right_slopes.issuperset(entries):
                first = next((entry for entry in entries if entry not in settled), entries[0])
                suspected.append(_Suspect(first, place, entries, {}))
        self.named = self.names.of(suspects, settled)
        for place, (when, since) in self.named.items():
            if entries := [entry for entry in sorted(since) if (place, entry) not in done]:
                suspected.append(_Suspect(when, place, entries, since))
        suspected.sort(key=lambda suspect: (suspect.first, not suspect.since))
        begin_sums = [one for one in suspected if all(map(self._begins_a_sum, one.entries))]
        suspected = [one for one in suspected if one not in begin_sums]
        certain = [one for one in suspected if not one.since and one.first in settled]
        doubtful = [one for one in suspected if one not in certain]
        meant = Meant(self.lines)
        turned = [one for one in certain if meant.turned(self._as_it_is(one.entries))]
        reshaped = [one for one in suspected if any(map(meant.reshaped, one.entries))]
        certain = [one for one in certain if not all(map(self._shown, one.entries))]
        graph, early = self.truth.graph, self.truth.early
        views = views_of(graph, self.truth.parameters.values(), early)
        parameters = {graph.entry[node] for node in views}

        def paired(places: Iterable[_Suspect], *sizes: bool) -> Iterator[Attempt]:
            for suspect in places:
                # of all that a line has made a part may be right, as with a sign that is lost twice
                group = suspect.entries if suspect.since else self.lines.places[suspect.place]
                apart = tuple(entry for entry in suspect.entries if entry not in of_right)
                groups = [*filter(None, {apart: 0, tuple(suspect.entries): 0, tuple(group): 0})]
                for pairs in chain.from_iterable(
                    self.candidates.of([*entries], odd) for odd in sizes for entries in groups
                ):
                    if not (suspect.since and scaled(pairs)):
                        yield Attempt(suspect.place, pairs, suspect.since)

        def scaled(pairs: Mapping[int, Source]) -> bool:  # another name makes nothing larger
            return all(source in self.lines.factors(entry) for entry, source in pairs.items())

        def inner(attempt: Attempt) -> bool:
            return all(entry not in parameters for entry, _ in attempt.pairs.values())

        sizes_of_right = {
            rounded(factor)
            for entry in self.truth.tape.named.intersection(self.backward, self.lines.behind_right)
            for source, factor in self.lines.factors(entry).items()
            if source[0] in parameters
        }

        def right_already(attempt: Attempt) -> bool:
            factors = (self.lines.factors(e).get(s) for e, s in attempt.pairs.items())
            return all(factor and rounded(factor) in sizes_of_right for factor in factors)

        def rescaled(attempt: Attempt) -> bool:  # of another value it is the gradient as it is
            factors = map(self.lines.factors, attempt.pairs)
            pairs = zip(factors, attempt.pairs.values(), strict=True)
            return all(source in of and 1.0 in map(rounded, of.values()) for of, source in pairs)

        repaired = {repair.place for repair in self.lines.repairs}
        for place, pairs in wrong_parts(self.lines):
            if place not in repaired and not suspects.isdisjoint(pairs):
                yield Attempt(place, pairs, {})
        for suspect in turned:
            yield Attempt(suspect.place, self._as_it_is(suspect.entries), {})
        yield from filter(inner, paired(reshaped, False))
        named = [*certain, *(one for one in suspected if one.since)]
        both = chain(product(named, (False,)), product(suspected, (True,)))
        for suspect, odd in both:
            for pairs in self.candidates.of(suspect.entries, odd):
                apart = len({*pairs.values()}) == len(suspect.entries)  # no sum that grows
                anew = suspect.place if suspect.since else None
                called = all(meant.called(*pair, anew) for pair in pairs.items())
                if apart and (called or (odd and self._is_for_update(suspect, pairs))):
                    yield Attempt(suspect.place, pairs, suspect.since)
        # of two terms of different sizes the one of the size of its true gradient is right
        factors = {one.first: self.lines.first_factor(one.first) or 1.0 for one in certain}
        for suspect in sorted(certain, key=lambda one: rounded(factors[one.first]) == 1.0):
            same = self._as_it_is(suspect.entries)
            if any(part >= 0 for _, part in same.values()):
                yield Attempt(suspect.place, same, {})
        paths = SplitPaths(self.truth.tape, known)
        incomplete = [one for one in suspected if paths.suspicious(one.entries)]
        incomplete.sort(key=lambda one: not one.since)  # who takes a part for all of it
        mended = (a for a in paired(incomplete, False) if paths.mended_by(a.pairs))
        yield from (attempt._replace(exact=True) for attempt in mended)
        for users in self._of_one_line(known):
            same = self._as_it_is(users)
            attempt = Attempt(self.truth.tape.notes[users[0]].place, same, {})
            if len(same) == len(users) and inner(attempt):
                yield attempt
        twice = usual and not usual.isdisjoint(-size for size in usual)  # a sign may be lost
        made = (one.place for one in suspected if not one.since)
        for place in self._turned(made) if twice else ():
            if same := self._as_it_is(self.lines.places[place]):
                yield Attempt(place, same, {}, exact=True)

        def seldom(one: _Suspect) -> tuple[bool, bool]:
            sizes = {rounded(self.lines.first_factor(entry) or 0.0) for entry in one.entries}
            later = not sizes.isdisjoint(self.lines.samples - {1})  # the mean may be taken
            return one.place in self.lines.in_forward, later

        for suspect in sorted(doubtful, key=seldom):
            # a name may be given to anything, but for what is right under it
            shown = bool(suspect.since) or all(map(self._shows_forward, suspect.entries))
            anything = shown and not any(map(self.lines.standing.of, suspect.entries))
            sizes = (False, True) if anything else (False,)
            yield from filter(inner, paired([suspect], *sizes))
        # what follows from the first turn is right in the others
        begun = (one._replace(entries=one.entries[:1]) for one in doubtful if not one.since)
        yield from filter(inner, paired(begun, False))
        for attempt in filter(inner, paired(certain[::-1], False)):
            already = (s in self.lines.factors(e) for e, s in attempt.pairs.items())
            if had.isdisjoint(attempt.pairs.values()) and not any(already):
                yield attempt
        for suspect in sorted(certain, key=seldom) if usual is None else ():
            if same := self._as_it_is(suspect.entries):
                yield Attempt(suspect.place, same, {})
        claims = [(one.place, self._claimed(one.entries)) for one in suspected if not one.since]
        claims = [(place, pairs) for place, pairs in claims if pairs]
        for place, pairs in claims:
            if all(self.lines.values[entry][0].size == 1 for entry in pairs):
                yield Attempt(place, pairs, {})
        sizes_in_turn = chain(paired(suspected, False), paired(suspected, True))
        whole = (a for a in sizes_in_turn if not inner(a) and not right_already(a))
        whole = (a for a in whole if not self._hands_on(a))
        for a in sorted(whole, key=rescaled):
            yield a._replace(exact=not paths.terms.keys().isdisjoint(a.pairs))
        yield from (Attempt(place, pairs, {}) for place, pairs in claims if scaled(pairs))
        for suspect in suspected:
            if suspect.since and (same := self._as_it_is(suspect.entries)):
                yield Attempt(suspect.place, same, suspect.since)
        for suspect in certain[::-1] if usual is not None else ():  # one for several of a factor
            if same := self._as_it_is(suspect.entries):
                yield Attempt(suspect.place, same, {})
        yield from paired(begin_sums, False)

    def _is_for_update(self, suspect: _Suspect, pairs: Mapping[int, Source]) -> bool:
        """Whether all that reads something is for updates by what it may stand for."""
        inputs = self.truth.tape.inputs
        return all(
            {p.before for p in self.truth.parameters if reading in self.truth.behind[p.key]}
            == {source[0]}
            for entry, source in pairs.items()
            for reading in suspect.since.get(entry)
            or [user for user in self.backward if entry in inputs[user]]
        )

    @cached_property
    def _idle(self) -> set[Source]:
        """The values whose true gradients have a name, and lead to no update."""
        named = self.truth.tape.named & self.truth.dependent - self.lines.forward
        idle = (self.truth.graph.nodes[entry] for entry in sorted(named - {*self.backward}))
        return set().union(*(self.lines.standing.compared(self.truth.numbers(n)) for n in idle))

    @cached_property
    def _reading(self) -> Counter[int]:
        """How many entries of the backward pass read each one."""
        inputs = self.truth.tape.inputs
        return Counter(one for entry in self.backward for one in {*inputs[entry]})

    def _shown(self, entry: int) -> bool:
        """Whether an entry shows all of another that nothing else reads: that one is to blame."""
        tape, values = self.truth.tape, self.lines.values
        first = tape.inputs[entry][0]
        whole = first in values and values[first][0].size == values[entry][0].size
        return tape.notes[entry].call in VIEWS and whole and self._reading[first] == 1

    def _number(self, entry: int) -> tuple[int, bytes]:
        """Return the place of an entry with its value."""
        return self.truth.tape.notes[entry].place, self.lines.values[entry][0].tobytes()

    def _begins_a_sum(self, entry: int) -> bool:
        """Whether an entry is the zeros that gradients are added to, or written into."""
        notes, inputs = self.truth.tape.notes, self.truth.tape.inputs
        values = self.lines.values
        users = (user for user in self.backward if entry in inputs[user])
        sums = (user for user in users if notes[user].call in ("add", *WRITES) and user in values)
        return not values[entry][0].any() and any(values[user][0].any() for user in sums)

    def _hands_on(self, attempt: Attempt) -> bool:
        """Whether a line that makes right gradients, too, is given each wrong one by another line.

        As a function is that updates one number a call.
        """
        notes, inputs = self.truth.tape.notes, self.truth.tape.inputs
        given = {notes[one].place for entry in attempt.pairs for one in inputs[entry]}
        lines = given.intersection(self.lines.places) - {attempt.place}
        group = self.lines.places.get(attempt.place, ())
        shared = not self.lines.behind_right.isdisjoint(group)
        return shared and 1 < len(attempt.pairs) == len(lines)

    def _shows_forward(self, entry: int) -> bool:
        """Whether an entry has a name of its own, and is a view of a forward value."""
        tape = self.truth.tape
        named = entry in tape.named
        while tape.notes[entry].call in VIEWS:
            entry = tape.inputs[entry][0]
        return named and entry in self.lines.forward

    def _claimed(self, entries: Sequence[int]) -> dict[int, Source]:
        """Return the gradients of wrong parameters that some entries are: of each the last."""
        found: dict[int, Source] = {}
        for parameter in self.truth.parameters:
            behind = self.truth.behind[parameter.key]
            last = next((e for e in reversed(entries) if e in behind), None)
            if parameter.key in self.lines.wrong and last is not None:
                places = parameter.places
                source = parameter.before, ALL if places is None else PART - min(places)
                true, size = self.lines.true.get(source), self.lines.values[last][0].size
                if last in found or true is None or true[0].size != size:
                    return {}
                found[last] = source
        return found if len(found) > 1 else {}

    def _as_it_is(self, entries: Iterable[int]) -> dict[int, Source]:
        """Return what entries are multiples of, for those that are."""
        own = {parameter.before for parameter in self.truth.parameters}
        found = {
            entry: min(self.lines.factors(entry), key=lambda source: source[0] in own, default=None)
            for entry in entries
        }
        return {entry: source for entry, source in found.items() if source is not None}

    @cached_property
    def _first(self) -> float:
        """The multiple of its true gradient that the first of the gradients is."""
        return next(filter(None, map(self.lines.first_factor, self.backward)), 1.0)

    def _turned(self, places: Iterable[int]) -> list[int]:
        """Return places that give gradients of another sign than the first one, in their order."""
        found = {
            place: entry
            for place in places
            for entry in reversed(self.lines.places[place])
            if (self.lines.first_factor(entry) or 0.0) * self._first < 0.0
        }
        return sorted(found, key=lambda place: found[place])

    def _of_one_line(self, known: Mapping[int, Collection[Source]]) -> Iterator[list[int]]:
        """Yield the products of several lines with what one line, that of slopes, has given.

        The first of them is another multiple of a gradient than what it is computed from.
        """
        notes, inputs = self.truth.tape.notes, self.truth.tape.inputs
        users: dict[int, dict[int, None]] = {}
        for user in self.backward:
            for entry in inputs[user]:
                place = notes[entry].place
                if notes[user].call == "multiply" and entry in known and not known[entry]:
                    users.setdefault(place, {})[user] = None
        for place, found in users.items():
            several = len({notes[user].place for user in found}) > 1
            own, *given = (
                rounded(next(iter(self.lines.factors(entry).values()), 0.0))
                for entry in (min(found), *inputs[min(found)])
                if entry in self.lines.values
            )
            if several and own not in given and len(self.lines.places.get(place, ())) == len(found):
                yield list(found)
