"""What was computed instead: the smallest change of the true computation with the code's results.

Tried are the mistakes of the catalogue, in the whole network and in one layer, another network or
loss than the preset's, and every edit of one line. Several slips are found one after the other, in
the order of the backward pass: each must give the first quantity that is still wrong.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, combinations, islice

import numpy as np

from bptui.check.comparing import Called, calls_of, factor_of, is_result
from bptui.check.judging import Finding
from bptui.check.slips import (
    DATA,
    Cause,
    Line,
    Slip,
    Steps,
    evaluated,
    exclusive,
    others_for,
    solved,
)
from bptui.check.trials import Trial
from bptui.core.arrays import Array
from bptui.core.graph.node import Node, evaluate, ordered
from bptui.core.mistakes import MISTAKES
from bptui.trace.edits import edits

MOST, MOST_IN_ONE = 4, 3
"""Slips that are looked for together, and mistakes of the catalogue in one quantity."""
MOST_BESIDE = 4
"""Explanations that are followed at once."""
LARGE, MOST_EDITED = 20_000, 3
"""Parameters, and layers, up to which lines are edited."""
MOST_TRIED = 1500
"""Edits of a line."""
Slips = tuple[Slip, ...]


def diagnose(trials: Sequence[Trial], findings: Sequence[Finding]) -> tuple[Cause, ...]:
    """Return the smallest causes that fit what was found in trials of one function.

    None where nothing that was given is wrong, and where no combination gives the same numbers in
    every trial.
    """
    if not any(each.wrong for each in findings):
        return ()
    clear = [each for each in trials if not any(call.kinked for call in calls_of([each]))]
    with np.errstate(all="ignore"):
        return _Search(clear or trials, findings).causes()


class _Search:
    """What slips give in trials, beside what was found; the most telling trial comes first."""

    def __init__(self, trials: Sequence[Trial], findings: Sequence[Finding]) -> None:
        self.trials = sorted(trials, key=_telling)
        self.first, self.findings = self.trials[0], findings
        self.calls = {trial: calls_of([trial]) for trial in trials}
        self.steps = {trial: Steps(trial.case) for trial in trials}
        given = [each.name for each in findings if each.verdict != "not given"]
        wrong = {each.name for each in findings if each.wrong}
        results = [name for name in given if is_result(name)]
        # results follow from the rest, which may be in another convention
        self.names = results if wrong & {*results} else given
        self.beside = [name for name in given if name not in self.names]
        own = [one for one in findings if one.verdict == "wrong"]
        self.told = all(one.ratio or one.notice for one in own)
        """Whether all that is wrong can be said without a search."""
        self.known: dict[tuple[Slips, str], bool] = {}
        self.edited: dict[str, list[str]] = {}
        """The edits of lines."""

    def causes(self) -> tuple[Cause, ...]:
        """Return the smallest combinations of slips that explain all that is wrong."""
        found = [call.found[name] for call in self.all_calls for name in call.found]
        if not all(np.isfinite(each).all() for each in found):
            return ()
        waiting: dict[int, list[Slips]] = {0: [()]}
        for size in range(MOST + 1):
            longer = self.different(waiting.pop(size, []))
            done = [slips for slips in longer if self.wrong_after(slips) is None]
            # right code of another network is not to be accused of mistakes
            outside = [slips for slips in done if all(slip.outside for slip in slips)]
            done = outside or done if size > 1 else done
            if done:
                return self.best(done)
            for slips in sorted(longer, key=self.unexplained)[:MOST_BESIDE]:
                for more in self.explaining(slips):
                    waiting.setdefault(len(more), []).append(more)
        return ()

    @property
    def all_calls(self) -> list[Called]:
        return [call for calls in self.calls.values() for call in calls]

    # what slips explain

    def wrong_after(self, slips: Slips) -> str | None:
        """Return the first quantity that the slips do not explain."""
        return next((name for name in self.names if not self.gives(slips, name)), None)

    def unexplained(self, slips: Slips) -> int:
        return sum(not self.gives(slips, name) for name in self.names)

    def gives(self, slips: Slips, name: str) -> bool:
        """Tell whether slips give what was found in every trial in which they can be made."""
        if (slips, name) not in self.known:
            self.known[slips, name] = all(self.fits(trial, slips, name) for trial in self.trials)
        return self.known[slips, name]

    def fits(self, trial: Trial, slips: Slips, name: str) -> bool:
        """Tell whether slips give what was found; yes where they cannot be made."""
        wanted = [name, "data_loss"] if name == "loss" else [name]
        for calls in dict.fromkeys((1, len(self.calls[trial]))):  # most do not fit the first
            values = self.steps[trial].values(slips, wanted, calls)
            if not values:
                return trial is not self.first
            for call, made in zip(self.calls[trial], values, strict=False):
                if name not in call.found or any(
                    call.gives(name, made[x]) for x in made if x in wanted
                ):
                    continue
                scales = name in self.beside and name.startswith("delta")
                if not scales or factor_of(call, name, made[name]) is None:
                    return False
        return True

    # candidates

    def explaining(self, slips: Slips) -> Iterator[Slips]:
        """Yield the slips with others that give the first quantity which is still wrong."""
        wrong = self.wrong_after(slips)
        right = [name for name in self.names if self.gives(slips, name)]

        def fit(more: Slips) -> bool:
            longer = together(slips, more)
            if wrong is None or not self.touches(longer, slips, wrong):
                return False
            return self.gives(longer, wrong) and all(
                self.gives(longer, name) for name in right if self.touches(longer, slips, name)
            )

        used = {slip.name for slip in slips}
        mistakes = [Slip(name) for name in MISTAKES if name not in used]
        others = [] if slips else [Slip(name) for name in others_for(self.first.case.experiment)]
        found: list[Slips] = []
        for candidates in (
            ((slip,) for slip in (*mistakes, *others)),
            self.lines(slips, wrong or "", right),
        ):
            if not any(self.wrong_after(together(slips, more)) is None for more in found):
                found += filter(fit, candidates)
        acting = [slip for slip in mistakes if wrong and self.touches((*slips, slip), slips, wrong)]
        others = [slip for slip in others if wrong and self.changes(slip, wrong)]
        strange = all(one.notice for one in self.findings if one.verdict == "wrong")
        for size in range(2, 2 if strange else MOST_IN_ONE + 1):
            if all(more[-1].of and self.wrong_after(together(slips, more)) for more in found):
                some = [*others, *acting] if size == 2 else acting
                mixed = (more for more in combinations(some, size) if not exclusive(more))
                found += filter(fit, mixed)
        yield from (together(slips, more) for more in found)

    def touches(self, longer: Slips, slips: Slips, name: str) -> bool:
        """Tell whether more slips than before change how a quantity is computed."""
        steps = [self.steps[self.first].step(made) for made in (longer, slips)]
        one, other = (step and step.computed[name] for step in steps)
        return one is not None and one is not other

    def changes(self, slip: Slip, name: str) -> bool:
        """Tell whether another network or loss gives other numbers, or cannot be made alone."""
        steps = self.steps[self.first]
        one, other = (steps.values(made, [name], 1) for made in ((slip,), ()))
        return not one or not np.array_equal(one[0][name], other[0][name])

    def lines(self, slips: Slips, wrong: str, right: Sequence[str]) -> Iterator[Slips]:
        """Yield other lines for those that ``wrong`` is computed by, and nothing that is right."""
        network, steps = self.first.case.experiment.network, self.steps[self.first]
        large = network.parameter_count > LARGE or network.depth > MOST_EDITED
        step = steps.step(slips)
        if step is None or large or (self.told and not slips):
            return
        nodes, numbers = step.computed, [*steps.numbers(slips, step.outputs)]
        settled = {*ordered(nodes[name] for name in right)}
        within = {*ordered([nodes[wrong]])} - settled
        lines = {of: line for of, line in steps.lines(slips).items() if nodes[of] in within}
        targets = _targets(self.calls[self.first], wrong)
        settings = {node.name: value for node, value in step.settings.items()}
        for of, line in lines.items():
            codes: Iterator[str] = iter(())
            if of in ("input", "target"):
                for code, words in DATA.items():
                    yield (Slip(words.format(of), of, code.format(of)),)
            else:
                codes = self.others(line, nodes[of], nodes[wrong], wrong, numbers[0])
            if of in targets:
                made = [each[nodes[of]] for each in numbers]
                named = {n: [each[node] for each in numbers] for n, node in line.sight.items()}
                codes = chain(codes, solved(line, named, made, targets[of], settings))
            yield from ((Slip(code, of, code),) for code in codes)

    def others(
        self, line: Line, node: Node, goal: Node, wrong: str, numbers: Mapping[Node, Array]
    ) -> Iterator[str]:
        """Yield edits of the line that computes ``node`` with which the first call is explained."""
        call, later = self.calls[self.first][0], {node}
        for each in ordered([goal]):
            if not later.isdisjoint(each.inputs):
                later.add(each)
        known = {each: value for each, value in numbers.items() if each not in later}
        named, seen = line.named(numbers), {_digits(numbers[node])}
        if line.code not in self.edited:
            every = edits(ast.parse(line.code).body[0], {n: [array] for n, array in named.items()})
            assigned = (edit for edit in islice(every, MOST_TRIED) if isinstance(edit, ast.Assign))
            self.edited[line.code] = [*dict.fromkeys(map(ast.unparse, assigned))]
        for code in self.edited[line.code]:
            made = evaluated(code, named, node.shape)
            if made is None or (digits := _digits(made)) in seen:
                continue
            seen.add(digits)
            if call.gives(wrong, evaluate([goal], {**known, node: made})[goal]):
                yield code

    # answers

    def different(self, found: Sequence[Slips]) -> list[Slips]:
        """Return all known slips, and lines that give different numbers, the shortest of each."""
        best: dict[object, Slips] = {}
        for slips in sorted(found, key=lambda slips: sum(len(slip.line) for slip in slips)):
            values = self.steps[self.first].values(slips, [*self.names, *self.beside], 1)
            if not any(slip.of for slip in slips):
                best[slips] = slips
            else:
                best.setdefault(tuple(map(_digits, values[0].values())), slips)
        return [*best.values()]

    def best(self, done: Sequence[Slips]) -> tuple[Cause, ...]:
        """Return those that fit what else the code gives, of names before lines."""
        fitting = [one for one in done if all(self.gives(one, name) for name in self.beside)]
        kept = fitting or done
        lines = [sum(bool(slip.of) for slip in slips) for slips in kept]
        return tuple(
            Cause(slips) for slips, own in zip(kept, lines, strict=True) if own == min(lines)
        )


def together(slips: Slips, more: Slips) -> Slips:
    """Return all of the slips, mistakes of the catalogue in its order where no line is another."""
    every = (*slips, *more)
    if any(slip.of for slip in every):
        return every
    order = {name: place for place, name in enumerate(("", *MISTAKES))}
    return tuple(sorted(every, key=lambda slip: order.get("" if slip.outside else slip.name, 0)))


def _targets(calls: Sequence[Called], name: str) -> dict[str, list[Array]]:
    """Return what a quantity should be in each call; of a parameter also its gradient."""
    found = [call.found[name] for call in calls]
    rate = calls[0].snapshot.experiment.training.learning_rate
    if name not in calls[0].before or not rate:
        return {name: found}
    gradient = [-call.change(name, each) / rate for call, each in zip(calls, found, strict=True)]
    return {f"g{name}": gradient, name: found}


def _telling(trial: Trial) -> tuple[bool, int, bool, int, bool, int]:
    """Sort first the trial in which most mistakes can be made and show, at little cost."""
    experiment, calls = trial.case.experiment, len(trial.observed)
    network, reduction = experiment.network, experiment.training.reduction
    refused = sum(each.refusal(network, reduction) is not None for each in MISTAKES.values())
    samples, size = trial.case.samples, network.parameter_count
    return trial.case.own, refused, size > LARGE, -calls, samples == 1, size * samples


def _digits(array: Array) -> bytes:
    return np.round(array, 9).tobytes()
