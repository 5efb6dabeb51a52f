"""Calls the user's function on cases, in one of the forms in which it may take its samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np

from bptui.check.answers import Answer, AnyArray, Argument, Noted, Stopped
from bptui.check.diagnosis.trials import Case, FunctionName, Trial
from bptui.check.process.user_code import UserCode
from bptui.check.reading.read import Reading, UnreadableError, in_columns, read
from bptui.core.arrays import Array

Form: TypeAlias = Literal["batch", "row", "vector"]
"""x as (samples, units); as (1, units), one sample at a time; as a vector (units,)."""
FORMS: tuple[Form, ...] = ("batch", "row", "vector")


@dataclass(frozen=True, eq=False)
class Failure:
    """A call that gave nothing to compare: stopped, or with an unreadable value."""

    case: Case
    call: int
    message: str
    stopped: Stopped | None = None


@dataclass(eq=False)
class Attempt:
    """What the function gave on all cases in one form.

    ``damaged`` names the arguments that calls have changed although they must not.
    """

    form: Form
    biases: bool
    trials: list[Trial] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[Noted] = field(default_factory=list)
    printed: str = ""
    """What the code printed in the first case, loading included."""
    unstable: bool = False
    """Whether another life of the code, given the same, gave something else."""
    kept: bool = False
    """Whether a call gave something else than the same call as the first of a life."""
    answered: int = 0
    """Calls of the function, in all its forms, that gave an answer before the time was over."""

    @property
    def stopped(self) -> Stopped | None:
        """What ended the process, where something did."""
        every = (each.stopped for each in self.failures)
        return next((each for each in every if each and each.kind != "raised"), None)

    @property
    def out_of_time(self) -> bool:
        return self.stopped is not None and self.stopped.kind == "hung"


def attempt(
    code: UserCode, function: FunctionName, cases: Sequence[Case], form: Form, biases: bool
) -> Attempt:
    """Call ``function`` on each case, in a life of its own; gives up after a fatal end."""
    made = Attempt(form, biases)
    before = len(code.output)
    for case in cases:
        played = play(code, function, case, made)
        made.printed = made.printed or code.output[before:]
        if played is not None:
            made.trials.append(played)
        if made.stopped is not None:
            break
    _turn(made)
    if made.stopped is None:
        _repeat(code, function, made)
    return made


def _repeat(code: UserCode, function: FunctionName, made: Attempt) -> None:
    """Calls once more, to see whether the code is random or keeps something between calls."""
    steady = next((each for each in made.trials if not each.case.own), None)
    if steady is None:
        return
    scratch = Attempt(made.form, made.biases)
    again = play(code, function, steady.case, scratch)
    if again is None:  # only slow, or out of its time: that says nothing about the numbers
        made.unstable = scratch.stopped is None
        return
    scratch.trials.append(again)
    _turn(scratch, made.notes)
    made.unstable = not _same(steady, scratch.trials[0])
    last = len(steady.case.right) - 1
    if made.unstable or not last:
        return
    alone = _part(steady, last)
    first = play(code, function, alone.case, scratch)
    if first is not None:
        scratch.trials = [first]
        _turn(scratch, made.notes)
        made.kept = not _same(alone, scratch.trials[0])


def _part(trial: Trial, call: int) -> Trial:
    """The trial of one of its calls alone."""
    case = replace(trial.case, right=trial.case.right[call : call + 1])
    return replace(trial, case=case, observed=trial.observed[call : call + 1])


def _turn(made: Attempt, notes: Sequence[str] = ()) -> None:
    """What came in columns somewhere is in columns everywhere: also where it is square."""
    known = {*made.notes, *notes}
    for place, trial in enumerate(made.trials):
        observed = [
            {
                name: array.T
                if in_columns(name) in known and array.ndim == 2 and len(set(array.shape)) == 1
                else array
                for name, array in quantities.items()
            }
            for quantities in trial.observed
        ]
        made.trials[place] = replace(trial, observed=tuple(observed))


def play(code: UserCode, function: FunctionName, case: Case, made: Attempt) -> Trial | None:
    """The calls of one case in a new life; None, and a failure in ``made``, where one fails."""
    loaded = code.load()
    if isinstance(loaded, Stopped):
        made.failures.append(Failure(case, 0, loaded.message, loaded))
        return None
    observed: list[dict[str, Array]] = []
    precision = 1e-9
    for call in range(len(case.right)):
        arguments = _arguments(case, call, function, made.form, made.biases)
        answer = code.call(function, arguments)
        if isinstance(answer, Stopped):
            made.failures.append(Failure(case, call, answer.message, answer))
            return None
        _damage(answer, arguments, function, made)
        made.warnings += [each for each in answer.warnings if each not in made.warnings]
        try:
            reading = read(answer, function, case, made.biases)
        except UnreadableError as error:
            made.failures.append(Failure(case, call, str(error)))
            return None
        _note(reading, made)
        observed.append(reading.quantities)
        precision = max(precision, reading.precision)
    return Trial(case, function, tuple(observed), precision)


def _arguments(
    case: Case, call: int, function: FunctionName, form: Form, biases: bool
) -> list[Argument]:
    snapshot = case.right[call]
    x, t = snapshot.values["input"], snapshot.values["target"]
    if form == "vector":
        x, t = x[0], t[0]
    arguments: list[Argument] = [x, t, list(snapshot.parameters.weights)]
    if biases:
        arguments.append(list(snapshot.parameters.biases or ()))
    if function == "step":
        arguments.append(case.experiment.training.learning_rate)
    return arguments


def _damage(
    answer: Answer, arguments: Sequence[Argument], function: FunctionName, made: Attempt
) -> None:
    names = ["x", "t", "weights", *(["biases"] if made.biases else [])]
    kept = names if function == "gradients" else names[:2]
    for place, name in enumerate(kept):
        if not _equal(arguments[place], answer.arguments[place]) and name not in made.damaged:
            made.damaged.append(name)


def _equal(before: Argument, after: AnyArray | tuple[AnyArray, ...]) -> bool:
    if isinstance(before, list):
        return (
            isinstance(after, tuple)
            and len(before) == len(after)
            and all(np.array_equal(one, two) for one, two in zip(before, after, strict=True))
        )
    return not isinstance(after, tuple) and np.array_equal(before, after)


def _note(reading: Reading, made: Attempt) -> None:
    made.notes += [each for each in reading.notes if each not in made.notes]


def _same(one: Trial, other: Trial) -> bool:
    """Whether two lives gave the same but for rounding."""
    for first, second in zip(one.observed, other.observed, strict=True):
        if first.keys() != second.keys():
            return False
        for name, array in first.items():
            scale = float(np.abs(array[np.isfinite(array)]).max(initial=0.0))
            with np.errstate(all="ignore"):
                near = np.isclose(array, second[name], rtol=1e-6, atol=1e-9 * scale, equal_nan=True)
            if not near.all():
                return False
    return True
