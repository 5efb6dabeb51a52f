"""Points at the first wrong line: the earliest value that, put right, puts the gradients right.

Each value of the program's backward pass is replaced by true gradients of its shape, one after the
other, and what follows from it is computed again as the program computes it. Where gradients of
parameters that were wrong come out right and none that was right breaks, that value is where the
mistake was made. What a loop computes again and again is replaced in all of its turns at once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from bptui.core.graph.node import ordered
from bptui.trace.judge.activated import activated, inside
from bptui.trace.judge.backward_pass import aside
from bptui.trace.judge.candidates import Source, Standing, true_gradients
from bptui.trace.judge.fitting import Fitting
from bptui.trace.judge.handed_over import handed_over, read_too_late, turned_terms
from bptui.trace.judge.optimized import Optimized
from bptui.trace.judge.repair import Repair
from bptui.trace.judge.replay import Changes, Replay
from bptui.trace.judge.suspects import Suspects
from bptui.trace.judge.wrong_updates import WrongUpdates
from bptui.trace.step.likely import convention, may_rise
from bptui.trace.step.multiples import Match, Values, multiple, right_value, rounded, shaped
from bptui.trace.step.parts import WRITES
from bptui.trace.step.possible_losses import Judged, Key
from bptui.trace.step.settling import samples
from bptui.trace.step.training_steps import Parameter
from bptui.trace.step.truth import StepTruth

MORE = 500
"""Places that are tried behind one that mends all gradients, but at a rate that nobody gave."""
CLIPS = 50
"""Clips on the way back that are left out one by one, the last ones in time."""


@dataclass
class Lines:
    """The program's backward pass, judged."""

    truth: StepTruth
    judged: Judged
    turns: Sequence[tuple[int, int]]
    """When each turn of a loop began, and the loop's place."""
    until: float = math.inf
    """When the search ends, as ``time.monotonic`` counts: what is known by then is said."""
    repairs: list[Repair] = field(default_factory=list)
    follows: set[int] = field(default_factory=set)
    """Entries that are wrong only because of those."""
    current: Changes = field(default_factory=dict)
    """The right values of entries that were wrong, and of all that is computed from them."""
    said: dict[tuple[int, tuple[int, ...]], str | None] = field(default_factory=dict)
    """How the lines of repairs should stand, by the place and the entries of each.

    Nothing is said of a line that is right in other turns.
    """
    wrong: set[Key] = field(default_factory=set)
    """Parameters that no repair puts right."""

    def __post_init__(self) -> None:
        truth, graph = self.truth, self.truth.graph
        loss = ordered([self.judged.loss.node])
        back = self.judged.loss.differences
        forward = (node for node in loss if node in graph.entry and node not in back)
        self.forward = {graph.entry[node] for node in forward}
        behind = set().union(*truth.behind.values())
        self.backward = sorted(
            behind & truth.dependent - self.forward | aside(truth, self.forward, behind)
        )
        self.replay = Replay(truth, self.backward)
        self.layers = activated(truth, self.forward)
        self.true = true_gradients(truth, self.judged, inside(truth, self.layers))
        self.in_forward = {truth.tape.notes[entry].place for entry in self.forward}
        """The places that the forward pass carries out, too: they are seldom wrong."""
        self.values = {entry: truth.numbers(graph.nodes[entry]) for entry in self.backward}
        self.standing = Standing(self.true, self.values, convention(truth, self.judged))
        self.places: dict[int, list[int]] = {}
        """The entries of the backward pass by their place in the source."""
        used = self.forward & truth.dependent - {parameter.before for parameter in truth.parameters}
        begun = min(used, default=0)
        for entry in self.backward:
            note = truth.tape.notes[entry]
            memory = entry < begun and note.call.endswith("_like")  # an optimizer's, still empty
            kind = np.asarray(truth.tape.values[entry]).dtype.kind
            cut = note.call in WRITES  # gradients that are written into integers
            if (kind in "fb" or cut) and not memory and entry not in truth.partial:
                self.places.setdefault(note.place, []).append(entry)
        self.fitting = Fitting(truth, self.judged, self.true, self.values)
        self.samples = samples(truth, self.forward)
        """What may be the number of samples."""
        whole = list(self.judged.whole.values())
        self.factor = max(set(whole), key=whole.count) if whole else self.judged.factor
        """The factor between gradients and changes of most parameters."""
        self.rates = self.fitting.rates(self.factor)
        """How many times the rate of most parameters each is updated at."""
        if self.judged.uphill and self.factor is not None:
            self.factor = -self.factor

    # the search

    @cached_property
    def suspects(self) -> Suspects:
        return Suspects(self)

    @cached_property
    def updates(self) -> WrongUpdates:
        return WrongUpdates(self)

    def find(self) -> None:
        """Look for repairs until all gradients are right, or no more is found."""
        matches, missing = self.judged.matches, self.judged.missing
        self.wrong = {key for key, match in matches.items() if match is None and key not in missing}
        if self.judged.uphill:
            self.wrong |= set(self.judged.whole) or {key for key, match in matches.items() if match}
        Optimized(self).blame()
        clipped = self._clipped() if self.wrong else frozenset()
        matches |= {key: Match(float("nan"), key[0]) for key in clipped}
        self.wrong = self.wrong - clipped
        right = set(matches) - self.wrong
        self.updates.blame_known()
        wrong = frozenset(self.wrong)
        while self.wrong:
            found = (None if self.repairs else handed_over(self)) or self._next(right)
            if found is None:
                break
            repair, self.current = found
            self.repairs.append(repair)
            self.wrong = self.wrong - repair.mended
            right |= repair.mended
        several = not wrong or any(map(self.truth.tape.shape, dict(wrong)))
        doubtful = self.wrong or len(self.repairs) > several
        other = doubtful and (read_too_late(self, wrong) or turned_terms(self, wrong))
        if other and {one.place for one in other[0]} != {one.place for one in self.repairs}:
            (self.repairs, self.current), self.wrong = other, set()
        if time.monotonic() <= self.until:  # else what is wrong before them is not found yet
            left = [p for p in self.truth.parameters if p.key in self.wrong]
            self.updates.blame(list(filter(self.updates.wrong, left)))
        self.follow()

    def _clipped(self) -> frozenset[Key]:
        """Return the wrong parameters where all are right but for clips on the way of gradients."""
        tape, nodes, changed = self.truth.tape, self.truth.graph.nodes, Changes()
        clips = [entry for entry in self.backward if tape.notes[entry].call == "clip"]
        for number, entry in enumerate(clips[:CLIPS]):
            given = tape.inputs[entry][0]
            left = {entry: changed.get(given) or self.truth.numbers(nodes[given])}
            changed = self.replay.carried(left, changed, clips[:number]) or {}
        wrong = (p for p in self.truth.parameters if changed and p.key in self.wrong)
        fits = {p.key: self.fitting.fits(p, changed) or np.nan for p in wrong}
        right = frozenset(key for key, c in fits.items() if not np.isnan(c) and self.agrees(key, c))
        return right if right == self.wrong else frozenset()

    def _next(self, right: set[Key]) -> tuple[Repair, Changes] | None:
        best: tuple[Repair, Changes, dict[int, tuple[Collection[int], Values]]] | None = None
        most, left = (0, False), MORE
        failed: set[tuple[object, ...]] = set()
        for place, pairs, since, exact in self.suspects.attempts(right):
            whole = most[0] == len(self.wrong)
            left -= whole
            if time.monotonic() > self.until and not whole:
                return None  # a better one might have come
            if whole and (most[1] or not left):
                break
            attempt = (*pairs.items(), *since, exact)
            if attempt in failed:
                continue
            tried = None
            for scale in self._scales(min(pairs), exact):
                made = self._tried(pairs, right, scale, since, exact)
                if made and (tried is None or len(made[0]) > len(tried[0])):
                    tried = made
                if tried and len(tried[0]) == len(self.wrong):
                    break
            if tried is None:
                failed.add(attempt)
            if tried is None or len(tried[0]) < most[0]:
                continue
            mended, changed, replaced = tried
            names = {entry: (since[entry], replaced[entry]) for entry in since if entry in pairs}
            repair = Repair(place, tuple(pairs), tuple(pairs.values()), mended, frozenset(names))
            if (fits := (len(mended), self._at_rate(repair, changed))) > most:
                best, most = (repair, changed, names), fits
        if best is None:
            return None
        for entry, name in best[2].items():
            self.replay.renamed.setdefault(entry, []).insert(0, name)
        return best[:2]

    def _at_rate(self, repair: Repair, changed: Changes) -> bool:
        """Whether a repair lets parameters change by their gradients at a rate of the program.

        A right line may make a multiple of all of them. Where right gradients tell the factor, or
        an optimizer adapts it, any will do; but such a multiple as they are has to stay one.
        """
        if repair.pinned and self._usual:
            first, source = repair.pinned[0], repair.stands_for[0]
            pair = self.values[first], changed[first]
            found = [self.standing.compared(values, single=True) for values in pair]
            if pair[0][0].size == 1:  # which is a multiple of many
                found = [{source: factors.get(source, 0.0)} for factors in found]
            odd, made_odd = (self._usual.isdisjoint(map(rounded, k.values())) for k in found)
            if made_odd and not odd:
                return False
        parameters = self.truth.parameters if self.factor is None else ()
        own = {parameter.before for parameter in parameters}
        usual = (1.0, 2.0, *(1.0 / size for size in self.samples))
        rates = {rounded(-size * rate) for p in parameters for rate in p.scalars for size in usual}
        factors = [self.fitting.fits(p, changed) for p in parameters if p.key in repair.mended]
        known = {rounded(factor) for factor in factors if factor and not np.isnan(factor)}
        return not rates or (known <= rates and all(one not in own for one, _ in repair.stands_for))

    @cached_property
    def _usual(self) -> set[float]:
        """The multiples of true gradients that stand behind gradients that are right."""
        named = self.truth.tape.named.intersection(self.backward, self.behind_right)
        known = (self.standing.of(entry) for entry in named if self.values[entry][0].size > 1)
        found = {rounded(factor) for factors in known for factor in factors.values()}
        return found and found | self.standing.usual

    def _tried(
        self,
        pairs: dict[int, Source],
        right: Collection[Key],
        scale: float,
        since: Mapping[int, Collection[int]],
        exact: bool,
    ) -> tuple[frozenset[Key], Changes, Changes] | None:
        """Return what a replacement mends, all that it changes, and what was put where.

        None where it breaks a thing.
        """
        for _ in range(1 if exact else 2):
            replaced = {
                entry: [
                    scale * shaped(part, self.values[entry][0].shape) for part in self.true[source]
                ]
                for entry, source in pairs.items()
            }
            pinned = {entry for repair in self.repairs for entry in repair.pinned}
            if since:
                names = {entry: (since[entry], values) for entry, values in replaced.items()}
                changed = self.replay.renaming(names, self.current, pinned)
            else:
                changed = self.replay.carried(replaced, self.current, pinned)
            if changed is None:
                return None
            factors: dict[Key, float] = {}
            off: set[float] = set()
            for parameter in self.truth.parameters:
                factor = self.fitting.fits(parameter, changed)
                if factor is not None:
                    factors[parameter.key] = factor
                elif parameter.key in right:
                    several = len(pairs) > 1 and self.fitting.keeps_its_shape(parameter, changed)
                    factor = self.fitting.factor_after(parameter, changed) if several else None
                    if factor is None:
                        return None
                    off.add(factor / self.rates[parameter.key])
            fitting = self.wrong & set(factors)
            mended = frozenset(key for key in fitting if self.agrees(key, factors[key]))
            if mended and not off:  # what is still off by a factor has a mistake of its own
                return mended, changed, replaced
            off |= {factors[key] / self.rates[key] for key in fitting - mended}
            if len(set(map(rounded, off))) != 1:
                return None
            scale *= self.factor / next(iter(off)) if self.factor is not None else -1.0
            (entry, *others) = pairs
            single = not others and self.values[entry][0].size == 1
            whole = any(pairs[entry][0] == parameter.before for parameter in self.truth.parameters)
            sizes = self.standing.usual | self.samples
            sizes |= {rounded(abs(self.factor))} if whole and self.factor else set()
            if single and rounded(abs(scale)) not in sizes:
                return None  # any number is a multiple of any other
        return None

    def _scales(self, entry: int, exact: bool) -> Iterable[float]:
        """Return the multiples of true gradients that the program may have in an entry.

        Where no other parameter tells it, that is what it has before, or the mean is taken later.
        What has to fit exactly has the size that the entry has.
        """
        if self.factor is not None:
            return (abs(self.first_factor(entry) or 1.0) if exact else 1.0,)
        factors = (self.first_factor(e) for e in reversed(self.backward) if e < entry)
        before = next((factor for factor in factors if factor), 1.0)
        others = [match.factor for match in self.judged.matches.values() if match]
        sizes = [before, 1.0, *map(float, self.samples), *filter(np.isfinite, others)]
        return dict.fromkeys([*sizes, *(-size for size in sizes if self.judged.uphill)])

    def agrees(self, key: Key, factor: float) -> bool:
        """Whether a factor is that of most parameters at their rates, or makes a loss small."""
        if self.factor is None or np.isnan(factor):
            loss = self.judged.loss
            falls = loss.entry is None or (loss.named and not may_rise(self.truth, loss))
            return not (factor > 0 and falls)
        return abs(factor / self.rates[key] - self.factor) <= 1e-5 * abs(self.factor)

    @property
    def behind_right(self) -> set[int]:
        """What parameters are computed from that are right as they are."""
        wrong = self.wrong.union(*(repair.mended for repair in self.repairs))
        return set().union(*(own for key, own in self.truth.behind.items() if key not in wrong))

    def first_factor(self, entry: int) -> float | None:
        """Return the factor to the gradient of the earliest forward value that has this one."""
        return next(iter(self.factors(entry).values()), None)

    def factors(self, entry: int) -> dict[Source, float]:
        """Return the forward values of whose true gradients a value is a multiple, and which."""
        if entry in self._changed:
            return {}
        changed = self.current.get(entry)
        return self.standing.of(entry) if changed is None else self.standing.compared(changed)

    @cached_property
    def _changed(self) -> set[int]:
        """Parameters with their changes: what was 0 before looks like a gradient, and is none."""
        inputs, parameters = self.truth.tape.inputs, self.truth.parameters
        return {p.after for p in parameters if p.before in inputs[p.after]} | self.fitting.turned

    def others(self, *repairs: Repair) -> Changes:
        """Return the right values of what the other repairs put right."""
        return {
            entry: self.current[entry]
            for other in self.repairs
            if other not in repairs
            for entry in other.pinned
        }

    def without(self, *repairs: Repair) -> Changes:
        """Return what changes by the other repairs alone."""
        others = self.others(*repairs)
        return (self.replay.carried(others, {}) or {}) if others else {}

    def mends(self, changed: Changes, *repairs: Repair) -> bool:
        """Whether changes put right what repairs do, and break nothing."""
        mended = frozenset().union(*(repair.mended for repair in repairs))
        judged = (p for p in self.truth.parameters if p.key in mended or p.key not in self.wrong)
        fits = ((p.key, self.fitting.fits(p, changed)) for p in judged)
        return all(c is not None and (key not in mended or self.agrees(key, c)) for key, c in fits)

    def mended_by(
        self, repair: Repair, edit: Callable[[Changes, Collection[int]], Changes | None]
    ) -> bool:
        """Whether an edit puts right what a repair does: carried out on the graph, in all turns."""
        changed = edit(self.without(repair), self.others(repair))
        return changed is not None and self.mends(changed, repair)

    def put(self, repair: Repair, others: Collection[Repair], current: Changes) -> None:
        """Put a repair in the place of others, with all that is known to be right then."""
        self.repairs = [repair, *(one for one in self.repairs if one not in others)]
        self.current = current
        self.follow()

    def follow(self) -> None:
        """Note what is wrong only because of what was repaired, short of the updates."""
        tape = self.truth.tape
        first = {entry for repair in self.repairs for entry in repair.pinned}
        updating: set[int] = set()
        for parameter in self.truth.parameters:
            if claims := self.claims(parameter):
                updating |= self.truth.behind[parameter.key] - tape.ancestors(min(claims))
        self.follows = {
            entry
            for entry, values in self.current.items()
            if entry not in first and entry not in updating
            if rounded(multiple(values, self.values[entry]) or 0.0) != 1.0
        }

    def claims(self, parameter: Parameter) -> dict[int, float]:
        """Return what should be a multiple of a parameter's gradient in its update, and is not."""
        true, behind = self.fitting.true_of(parameter), self.truth.behind[parameter.key]
        return {
            entry: factor
            for entry, values in self.current.items()
            if true and entry in behind and values[0].size == true[0].size
            if (factor := multiple(values, true)) is not None
        }

    def right_value(self, entry: int) -> Values | None:
        """Return what a wrong entry should be; None for one that is right."""
        renamed = self.replay.renamed.get(entry)
        return renamed[0][1] if renamed else self.current.get(entry)

    def is_wrong(self, entry: int) -> bool:
        """Whether an entry is other than it should be."""
        right = self.right_value(entry)
        own = self.truth.numbers(self.truth.graph.nodes[entry])
        return right is not None and not right_value(own, right, exact=True)

    def value(self, entry: int) -> Values:
        """Return the right value of an entry that was wrong, else its own."""
        return self.current.get(entry) or self.truth.numbers(self.truth.graph.node(entry))
