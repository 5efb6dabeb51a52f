"""Searches for the smallest combinations of mistakes whose results are those of the code."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations

import numpy as np

from bptui.check.diagnosis.compared import Called, calls_of, is_result
from bptui.check.diagnosis.findings import Cause, Finding
from bptui.check.diagnosis.ratios import constant_factor
from bptui.check.diagnosis.simulation import Values, simulated
from bptui.check.diagnosis.trials import Trial
from bptui.check.diagnosis.variants import TRAINED, others_for
from bptui.core.mistakes import MISTAKES

MOST_TOGETHER, MOST_WITH_OTHER = 4, 2
"""Mistakes that are tried together; fewer where one is not in the catalogue."""
CONSTANTS = frozenset(("wrong-sign", "doubled", "missing-half", "not-averaged", "averaged-twice"))
"""Mistakes that multiply the gradient of the data."""
UPDATING = frozenset(each.name for each in MISTAKES.values() if each.shows_in == "update")
LARGE, MOST_TOGETHER_LARGE = 20_000, 2


def causes_of(trials: Sequence[Trial], findings: Sequence[Finding]) -> tuple[Cause, ...]:
    """The smallest combinations that fit every trial in which they can be made."""
    wrong = [each.name for each in findings if each.verdict in ("wrong", "follows")]
    given = [each.name for each in findings if each.verdict != "not given"]
    results = [name for name in given if is_result(name)]
    if not wrong or (results and not set(results) & set(wrong)):
        return ()
    clear = [each for each in trials if not any(call.kinked for call in calls_of([each]))]
    with np.errstate(all="ignore"):
        return _Search(clear or list(trials), findings, results or given).causes()


class _Search:
    def __init__(
        self, trials: Sequence[Trial], findings: Sequence[Finding], names: Sequence[str]
    ) -> None:
        self.trials = sorted(trials, key=_telling)
        self.first, self.names = self.trials[0], names
        self.everything = not all(is_result(name) for name in names)
        self.verdicts = {each.name: each.verdict for each in findings}
        self.calls = {trial: calls_of([trial]) for trial in trials}
        self.influence: dict[str, frozenset[str]] = {}
        """By deviation: the quantities of the first trial that it changes."""
        self.multiples: dict[tuple[str, frozenset[str]], bool] = {}
        self.penalised = self.first.case.experiment.training.l2 > 0.0
        self.fitting: dict[tuple[str, frozenset[str]], bool] = {}
        self.others = self._others()

    def causes(self) -> tuple[Cause, ...]:
        if not all(_finite(call, self.names) for calls in self.calls.values() for call in calls):
            return ()
        mistakes = [name for name in MISTAKES if self._matters(name)]
        others = [name for name in self.others if self._matters(name)]
        large = self.first.case.experiment.network.parameter_count > LARGE
        for size in range(1, (MOST_TOGETHER_LARGE if large else MOST_TOGETHER) + 1):
            found = self._of_size(mistakes, others, size)
            if found:
                return self._best(found)
        return ()

    def _of_size(
        self, mistakes: Sequence[str], others: Sequence[str], size: int
    ) -> list[frozenset[str]]:
        """The combinations of ``size`` that fit, at most one of each not in the catalogue."""
        known = map(frozenset, combinations(mistakes, size))
        found = [each for each in known if self._explains(each)]
        if size > MOST_WITH_OTHER:
            return found
        companions = [frozenset(each) for each in combinations(mistakes, size - 1)]
        if found and size > 1:  # what else could stand for one of them
            companions = list(dict.fromkeys(each - {name} for each in found for name in each))
        beside = [each | {name} for each in companions for name in others]
        return found + [each for each in beside if self._explains(each)]

    def _others(self) -> list[str]:
        """Deviations outside the catalogue that the code's own forward pass does not rule out."""
        network = self.first.case.experiment.network
        outs = [network.names.out(layer) for layer in range(1, network.depth + 1)]
        right = [self.verdicts.get(name) == "right" for name in outs]
        known = {"none": False, "output": right[-1], "hidden": any(right)}
        others = others_for(self.first.case.experiment)
        return [name for name, each in others.items() if not known[each.layers]]

    def _matters(self, name: str) -> bool:
        """Whether the deviation changes anything that is observed; notes what in the first."""
        if name in UPDATING and all(each.function == "gradients" for each in self.trials):
            self.influence[name] = frozenset()
            # what is carried past two layers may come through weights that are not updated
            deep = self.first.case.experiment.network.depth > 2
            return deep and name == "frozen-last-layer"
        self.influence[name] = self._changed(self.first, name)
        # where the hidden units of the first are all on the same side, as it were
        return any(self.influence[name] or self._changed(trial, name) for trial in self.trials)

    def _changed(self, trial: Trial, name: str) -> frozenset[str]:
        """What the deviation changes in ``trial``; nothing where it cannot be made."""
        values = self._simulated(trial, _cause({name}))
        if values is None:
            return frozenset()
        return frozenset(
            each
            for each in self.names
            if not all(
                call.near(each, values[call.number][each])
                for call in self.calls[trial]
                if each in call.found
            )
        )

    def _explains(self, names: frozenset[str]) -> bool:
        """Whether these deviations together give what was found, in the first trial and the rest.

        In the first a quantity depends on those alone that change it, so most combinations need
        not be played.
        """
        for name in self.names:
            acting = frozenset(each for each in names if name in self.influence[each])
            if "updated-weights" in acting:  # then it matters which weights are updated
                acting |= names & UPDATING
            if TRAINED in acting:
                acting = names
            key = name, acting
            if key not in self.fitting:
                possible = self._is_multiple(name, acting)
                self.fitting[key] = possible and self._fits(self.first, _cause(acting), [name])
            if not self.fitting[key]:
                return False
        cause = _cause(names)
        return all(self._fits(trial, cause, self.names) for trial in self.trials)

    def _is_multiple(self, name: str, acting: frozenset[str]) -> bool:
        """Whether what was found is a multiple of what the deviations but for constants give.

        Gradients of the data are linear in those constants, so that all of them can be ruled out
        at once. Yes where this cannot be told.
        """
        bare = acting - CONSTANTS
        if self.penalised or bare == acting or "updated-weights" in acting or not is_result(name):
            return True
        key = name, bare
        if key not in self.multiples:
            values = self._simulated(self.first, _cause(bare))
            self.multiples[key] = values is None or all(
                not _moved(call, name, values)
                or constant_factor(call, name, values[call.number][name]) is not None
                for call in self.calls[self.first]
                if name in call.found
            )
        return self.multiples[key]

    def _fits(self, trial: Trial, cause: Cause, names: Sequence[str]) -> bool:
        """Whether ``cause`` gives what was found; yes where it cannot be made."""
        values = self._simulated(trial, cause)
        if values is None:
            return trial is not self.first
        return all(
            _agrees(call, name, values)
            for call in self.calls[trial]
            for name in names
            if name in call.found
        )

    def _simulated(self, trial: Trial, cause: Cause, everything: bool = False) -> Values | None:
        """What code with these deviations gives; None where they cannot be made."""
        return simulated(trial.case, cause, everything=everything or self.everything)

    def _best(self, found: list[frozenset[str]]) -> tuple[Cause, ...]:
        """Those that agree best with what else the code gives."""
        causes = [_cause(each) for each in found]
        if len(causes) == 1:
            return tuple(causes)
        scores = [self._agreement(each) for each in causes]
        best = max(scores)
        return tuple(each for each, score in zip(causes, scores, strict=True) if score == best)

    def _agreement(self, cause: Cause) -> int:
        """How many intermediates of the trials are as ``cause`` makes them."""
        agreed = 0
        for trial in self.trials:
            values = self._simulated(trial, cause, everything=True)
            for call in self.calls[trial] if values is not None else ():
                assert values is not None, "looked at above"
                for name in call.found.keys() - set(self.names):
                    if _agrees(call, name, values):
                        agreed += 2
                    elif name.startswith("delta"):
                        expected = values[call.number][name]
                        agreed += constant_factor(call, name, expected) is not None
        return agreed


def _agrees(call: Called, name: str, values: Values) -> bool:
    made = values[call.number]
    if call.gives(name, made[name]):
        return True
    # a loss without its penalty is the loss of the data, and no mistake
    return name == "loss" and call.gives(name, made["data_loss"])


def _moved(call: Called, name: str, values: Values) -> bool:
    """Whether the array is not all zeros, or of a parameter, has changed."""
    made = values[call.number][name]
    return bool(np.any(made != call.before[name]) if name in call.before else made.any())


def _finite(call: Called, names: Sequence[str]) -> bool:
    return all(np.isfinite(call.found[name]).all() for name in names if name in call.found)


def _telling(trial: Trial) -> tuple[bool, int, bool, int, bool, int]:
    """Sorts first the trial in which most mistakes can be made and show, at little cost."""
    experiment, calls = trial.case.experiment, len(trial.observed)
    network, reduction = experiment.network, experiment.training.reduction
    refused = sum(each.refusal(network, reduction) is not None for each in MISTAKES.values())
    samples, size = trial.case.samples, network.parameter_count
    return trial.case.own, refused, size > LARGE, -calls, samples == 1, size * samples


def _cause(names: Collection[str]) -> Cause:
    """In the order of the catalogue."""
    mistakes = tuple(name for name in MISTAKES if name in names)
    return Cause(mistakes, tuple(sorted(name for name in names if name not in MISTAKES)))
