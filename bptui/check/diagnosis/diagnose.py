"""What was computed instead: the mistakes whose results are those of a user's code."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from bptui.check.diagnosis.comparing import Called, calls_of, factor_of, is_result
from bptui.check.diagnosis.judging import Finding, findings_of
from bptui.check.diagnosis.rewrites import Cause, Rewrites, cause_of, others_for, rewritten
from bptui.check.diagnosis.trials import Case, Trial
from bptui.core.arrays import Array
from bptui.core.graph.node import Node, ordered
from bptui.core.mistakes import MISTAKES
from bptui.explain.report import assignment
from bptui.explain.symbols import Symbols

MOST_TOGETHER, MOST_WITH_OTHER = 4, 2
"""Mistakes that are tried together; fewer where one is not in the catalogue."""
LARGE, MOST_TOGETHER_LARGE = 20_000, 2
UPDATING = frozenset(name for name, each in MISTAKES.items() if each.shows_in == "update")


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """``findings`` in the order of a step; ``causes`` the smallest that fit, all of them."""

    findings: tuple[Finding, ...]
    causes: tuple[Cause, ...]

    @property
    def right(self) -> bool:
        """Tell whether nothing given is wrong."""
        return all(each.verdict not in ("wrong", "follows") for each in self.findings)

    @property
    def first_wrong(self) -> Finding | None:
        """The first link of the chain that is wrong."""
        return next((each for each in self.findings if each.verdict == "wrong"), None)


def diagnose(trials: Sequence[Trial]) -> Diagnosis:
    """Return a verdict for each quantity of the step, and the smallest causes that fit.

    ``trials`` are those of one function, at least one. There are no causes where nothing that was
    given is wrong, and where no combination gives the same numbers in every trial. A mistake that
    is made in one layer only is looked for where none that is made in the whole network fits.
    :func:`~bptui.check.diagnosis.judging.findings_of` gives the verdicts alone, which is cheaper.
    """
    findings = findings_of(trials)
    wrong = [each.name for each in findings if each.verdict in ("wrong", "follows")]
    given = [each.name for each in findings if each.verdict != "not given"]
    results = [name for name in given if is_result(name)]
    clear = [each for each in trials if not any(call.kinked for call in calls_of([each]))]
    causes: tuple[Cause, ...] = ()
    with np.errstate(all="ignore"):
        if wrong and (not results or set(results) & set(wrong)):
            causes = _Search(clear or trials, results or given, findings).causes()
        if wrong and not causes and clear:
            names = list(dict.fromkeys((*wrong, *results)))
            search = _Search(clear, names, findings)
            causes = search.local_causes()
            told = any(one.ratio or one.notice for one in findings if one.verdict == "wrong")
            causes = causes or (() if told else search.edited_causes(wrong))
    return Diagnosis(findings, causes)


class _Search:
    """Looks for what explains ``names`` in the first trial, and then in the others."""

    def __init__(
        self, trials: Sequence[Trial], names: Sequence[str], findings: Sequence[Finding]
    ) -> None:
        self.trials, self.names = sorted(trials, key=_telling), names
        self.verdicts = {each.name: each.verdict for each in findings}
        self.calls = {trial: calls_of([trial]) for trial in trials}
        self.rewrites = {trial: Rewrites(trial.case) for trial in trials}
        self.first = self.trials[0]
        self.fitting: dict[tuple[str, frozenset[str]], bool] = {}
        self.finite = all(
            np.isfinite(call.found[name]).all()
            for calls in self.calls.values()
            for call in calls
            for name in names
            if name in call.found
        )

    def causes(self) -> tuple[Cause, ...]:
        """Return the smallest combinations that fit every trial in which they can be made."""
        if not self.finite:
            return ()
        self.touched = {name: self._touched(self.first, name) for name in MISTAKES}
        mistakes = [
            name
            for name in MISTAKES
            if self.touched[name] or any(self._touched(trial, name) for trial in self.trials)
        ]
        # what is carried back may come through weights that are not updated
        self.early = frozenset(name for name in mistakes if self._reads_updates(name))
        if self.early:
            mistakes = [name for name in MISTAKES if name in mistakes or name in UPDATING]
        large = self.first.case.experiment.network.parameter_count > LARGE
        for size in range(1, (MOST_TOGETHER_LARGE if large else MOST_TOGETHER) + 1):
            found = self._of_size(mistakes, size)
            if found:
                return self._best(found)
        return ()

    def _of_size(self, mistakes: Sequence[str], size: int) -> list[frozenset[str]]:
        """Return the combinations that fit, at most one of each not in the catalogue."""
        known = map(frozenset, combinations(mistakes, size))
        found = [each for each in known if self._explains(each)]
        if size > MOST_WITH_OTHER:
            return found
        companions = [frozenset(each) for each in combinations(mistakes, size - 1)]
        if found and size > 1:  # what else could stand for one of them
            companions = list(dict.fromkeys(each - {name} for each in found for name in each))
        beside = [each | {name} for each in companions for name in self._others]
        return found + [each for each in beside if self._explains(each)]

    @property
    def _others(self) -> list[str]:
        """Deviations outside the catalogue that the code's own forward pass does not rule out."""
        network = self.first.case.experiment.network
        outs = [network.names.out(layer) for layer in range(1, network.depth + 1)]
        right = [self.verdicts.get(name) == "right" for name in outs]
        known = {"": False, "output": right[-1], "hidden": any(right)}
        others = others_for(self.first.case.experiment)
        return [name for name, (_, whose) in others.items() if not known[whose]]

    def _touched(self, trial: Trial, name: str) -> frozenset[str]:
        """Return the quantities whose formula a mistake changes, where it can be made."""
        right, made = (
            self.rewrites[trial].formulas(each, self.names) for each in (Cause(()), Cause((name,)))
        )
        return frozenset(each for each in made if made[each] is not right[each])

    def _reads_updates(self, name: str) -> bool:
        step = self.rewrites[self.first].step(cause_of({name}))
        return step is not None and not {*step.changed.values()}.isdisjoint(
            ordered(step.nodes.values())
        )

    def _explains(self, names: frozenset[str]) -> bool:
        """Tell whether these deviations together give what was found, in every trial.

        In the first one a quantity depends on those alone that touch it, so that most combinations
        need not be looked at.
        """
        for name in self.names:
            acting = frozenset(n for n in names if name in self.touched.get(n, self.names))
            if acting & self.early:  # then it matters which weights are updated
                acting |= names & UPDATING
            if (name, acting) not in self.fitting:
                self.fitting[name, acting] = self._fits(self.first, cause_of(acting), [name])
            if not self.fitting[name, acting]:
                return False
        return all(self._fits(trial, cause_of(names), self.names) for trial in self.trials)

    def _fits(self, trial: Trial, cause: Cause, names: Sequence[str]) -> bool:
        """Tell whether ``cause`` gives what was found; yes where it cannot be made."""
        values = self.rewrites[trial].values(cause, _with_data_loss(names))
        if not values:
            return trial is not self.first
        return all(
            _agrees(call, name, values[call.number])
            for call in self.calls[trial]
            for name in names
            if name in call.found
        )

    def _best(self, found: list[frozenset[str]]) -> tuple[Cause, ...]:
        """Return those that agree best with what else the code gives."""
        causes = [cause_of(each) for each in found]
        scores = [self._agreement(each) if len(causes) > 1 else 0 for each in causes]
        best = max(scores)
        return tuple(each for each, score in zip(causes, scores, strict=True) if score == best)

    def _agreement(self, cause: Cause) -> int:
        """Return how many intermediates of the trials are as ``cause`` makes them."""
        agreed = 0
        for trial in self.trials:
            calls = self.calls[trial]
            names = {name for call in calls for name in call.found} - set(self.names)
            values = self.rewrites[trial].values(cause, _with_data_loss(names))
            for call in calls if values else ():
                for name in call.found.keys() & names:
                    if _agrees(call, name, values[call.number]):
                        agreed += 2
                    elif name.startswith("delta"):
                        made = values[call.number][name]
                        agreed += factor_of(call, name, made) is not None
        return agreed

    def local_causes(self) -> tuple[Cause, ...]:
        """Return every mistake that, made in a single layer, explains all that is wrong.

        It shows in numbers that were drawn: those of a preset may hide the difference between two
        mistakes. The last layer comes first, as in the backward pass.
        """
        if not self.finite:
            return ()
        layers = range(self.first.case.experiment.network.depth, 0, -1)
        causes = [Cause((name,), layer=layer) for layer in layers for name in MISTAKES]
        return tuple(each for each in causes if self._explains_locally(each))

    def edited_causes(self, wrong: Sequence[str]) -> tuple[Cause, ...]:
        """Return the edits of a single operation that explain all that is wrong.

        They are looked for in networks of the preset's own sizes, which have the same edits; one
        alone says too little.
        """
        layers = self.first.case.experiment.network.layers
        same = [each for each in self.trials if each.case.experiment.network.layers == layers]
        drawn = [each for each in same if not each.case.own]
        if not drawn or not self.finite:
            return ()
        first = max(drawn, key=lambda each: each.case.samples > 1)
        rewrites, base, seen = self.rewrites[first], Cause(()), set[tuple[Node, ...]]()
        count = len(rewrites.edits)
        trials = [each for each in same if len(self.rewrites[each].edits) == count]
        found: list[Cause] = []
        for cause in (Cause((), edit=number) for number in range(count if len(trials) > 1 else 0)):
            right, made = (rewrites.formulas(each, self.names) for each in (base, cause))
            formulas = tuple(made.values())
            if formulas in seen or any(made[name] is right[name] for name in wrong):
                continue
            seen.add(formulas)
            if all(self._fits(trial, cause, self.names) for trial in trials):
                found.append(replace(cause, other=(_line(cause, first.case),)))
        return tuple(found)

    def _explains_locally(self, cause: Cause) -> bool:
        telling = False
        for trial in self.trials:
            values = self.rewrites[trial].values(cause, _with_data_loss(self.names))
            for call in self.calls[trial] if values else ():
                made = values[call.number]
                given = [name for name in self.names if name in call.found]
                if not all(_agrees_or_scales(call, name, made) for name in given):
                    return False
                telling |= not call.own and any(call.shows(name, made[name]) for name in given)
        return telling


def _line(cause: Cause, case: Case) -> str:
    """Return what the code probably has where one operation is another one."""
    symbols = Symbols(case.experiment.network.names)
    lines = [assignment(each.mistaken, symbols) for each in rewritten(cause, case)]
    return f"probably {lines[0]}" if lines else "a mistake in a single operation"


def _with_data_loss(names: Collection[str]) -> list[str]:
    return [*names, "data_loss"] if "loss" in names else [*names]


def _agrees(call: Called, name: str, made: Mapping[str, Array]) -> bool:
    # a loss without its penalty is the loss of the data, and no mistake
    return call.gives(name, made[name]) or (
        name == "loss" and "data_loss" in made and call.gives(name, made["data_loss"])
    )


def _agrees_or_scales(call: Called, name: str, made: Mapping[str, Array]) -> bool:
    if _agrees(call, name, made):
        return True
    # deltas may be in another convention, without the 1/n of the mean, where there are results
    proportional = name.startswith("delta") and any(map(is_result, call.found))
    return proportional and factor_of(call, name, made[name]) is not None


def _telling(trial: Trial) -> tuple[bool, int, bool, int, bool, int]:
    """Sort first the trial in which most mistakes can be made and show, at little cost."""
    experiment, calls = trial.case.experiment, len(trial.observed)
    network, reduction = experiment.network, experiment.training.reduction
    refused = sum(each.refusal(network, reduction) is not None for each in MISTAKES.values())
    samples, size = trial.case.samples, network.parameter_count
    return trial.case.own, refused, size > LARGE, -calls, samples == 1, size * samples
