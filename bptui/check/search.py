"""What was computed instead: the fewest slips that give the code's results.

Tried are the mistakes of the catalogue, and other settings than the preset's. Several are found one
after the other, in the order of the backward pass: each must give the first quantity that is still
wrong. Right code of another network is no mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from bptui.check.comparing import calls_of, factor_of, is_result
from bptui.check.inferring import most_right
from bptui.check.judging import Finding
from bptui.check.slips import Cause, Steps, others_for, with_settings
from bptui.check.trials import Trial
from bptui.core.experiment import Experiment
from bptui.core.mistakes import MISTAKES

MOST, MOST_IN_ONE = 4, 3
"""Slips that are looked for together, and mistakes in one quantity."""
MOST_BESIDE = 4
"""Explanations that are followed at once."""
LARGE = 20_000
"""Parameters up to which another network is looked for."""
Slips = tuple[str, ...]


def diagnose(trials: Sequence[Trial], findings: Sequence[Finding]) -> tuple[Cause, ...]:
    """Return the smallest causes that fit what was found in trials of one function.

    None where nothing that was given is wrong, and where no combination gives the same numbers in
    every trial.
    """
    calls = calls_of(trials)
    finite = all(np.isfinite(each).all() for call in calls for each in call.found.values())
    if not finite or not any(each.wrong for each in findings):
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
        self.known: dict[tuple[Slips, str], bool] = {}

    def causes(self) -> tuple[Cause, ...]:
        """Return the smallest combinations of slips that explain all that is wrong."""
        waiting: list[Slips] = [()]
        for size in range(1, MOST + 1):
            longer = dict.fromkeys(more for slips in waiting for more in self.explaining(slips))
            done = [slips for slips in longer if self.wrong_after(slips) is None]
            fitting = [one for one in done if all(self.gives(one, name) for name in self.beside)]
            if done:
                return tuple(map(Cause, fitting or done))
            network = self.another_network() if size == 1 else None
            if network is not None:
                return (Cause(network=network),)
            unexplained = {one: sum(not self.gives(one, n) for n in self.names) for one in longer}
            waiting = sorted(longer, key=unexplained.__getitem__)[:MOST_BESIDE]
        return ()

    # what slips explain

    def wrong_after(self, slips: Slips) -> str | None:
        """Return the first quantity that the slips do not explain."""
        return next((name for name in self.names if not self.gives(slips, name)), None)

    def gives(self, slips: Slips, name: str) -> bool:
        """Tell whether slips give what was found in every trial in which they can be made."""
        if (slips, name) not in self.known:
            fitting = (self.fits(trial, self.steps[trial], slips, name) for trial in self.trials)
            self.known[slips, name] = all(fitting)
        return self.known[slips, name]

    def fits(self, trial: Trial, steps: Steps, slips: Slips, name: str) -> bool:
        """Tell whether slips give what was found; yes where they cannot be made."""
        wanted = [name, "data_loss"] if name == "loss" else [name]
        for calls in dict.fromkeys((1, len(self.calls[trial]))):  # most do not fit the first
            values = steps.values(slips, wanted, calls)
            if not values:
                return trial is not self.first
            for call, made in zip(self.calls[trial], values, strict=False):
                if name not in call.found or any(call.gives(name, one) for one in made.values()):
                    continue
                scales = name in self.beside and name.startswith("delta")
                if not scales or factor_of(call, name, made[name]) is None:
                    return False
        return True

    # candidates

    def explaining(self, slips: Slips) -> Iterator[Slips]:
        """Yield the slips with others that give the first quantity which is still wrong."""
        wrong = self.wrong_after(slips)
        assert wrong is not None, "of slips that explain everything no more are wanted"
        right = [name for name in self.names if self.gives(slips, name)]

        def fit(more: Slips) -> bool:
            longer = _together(slips, more)
            return self.gives(longer, wrong) and all(self.gives(longer, name) for name in right)

        mistakes = [name for name in MISTAKES if name not in slips]
        acting = [
            name for name in mistakes if self.touches(_together(slips, (name,)), slips, wrong)
        ]
        others = [] if slips else [*others_for(self.first.case.experiment)]
        found: list[Slips] = [(name,) for name in (*acting, *others) if fit((name,))]
        strange = all(one.notice for one in self.findings if one.verdict == "wrong")
        for size in range(2, 2 if strange else MOST_IN_ONE + 1):
            if not any(self.wrong_after(_together(slips, more)) is None for more in found):
                found += filter(fit, combinations(acting, size))
        yield from (_together(slips, more) for more in found)

    def touches(self, longer: Slips, slips: Slips, name: str) -> bool:
        """Tell whether more slips than before change how a quantity is computed."""
        steps = [self.steps[self.first].step(made) for made in (longer, slips)]
        one, other = (step and step.computed[name] for step in steps)
        return one is not None and one is not other

    def another_network(self) -> Experiment | None:
        """Return the experiment with other activations and another loss that gives everything."""
        call, experiment = self.calls[self.first][0], self.first.case.experiment
        if experiment.network.parameter_count > LARGE:
            return None
        own = replace(experiment, start=call.snapshot.parameters)
        other, right = most_right(own, call.found)
        if right < len(call.found):
            return None
        used, training = other.network.activations, other.training
        settings = {"loss": training.loss, "reduction": training.reduction}
        for trial, calls in self.calls.items():
            made = with_settings(trial.case.experiment, used, **settings)
            steps = Steps(replace(trial.case, experiment=made))
            if not all(self.fits(trial, steps, (), name) for name in calls[0].found):
                return None
        return other


def _together(slips: Slips, more: Slips) -> Slips:
    """Return all of the slips, other settings first, then mistakes in the catalogue's order."""
    order = {name: place for place, name in enumerate(MISTAKES)}
    return tuple(sorted((*slips, *more), key=lambda slip: order.get(slip, -1)))


def _telling(trial: Trial) -> tuple[bool, int, bool, int, bool, int]:
    """Sort first the trial in which most mistakes can be made and show, at little cost."""
    experiment, calls = trial.case.experiment, len(trial.observed)
    network, reduction = experiment.network, experiment.training.reduction
    refused = sum(each.refusal(network, reduction) is not None for each in MISTAKES.values())
    samples, size = trial.case.samples, network.parameter_count
    return trial.case.own, refused, size > LARGE, -calls, samples == 1, size * samples
