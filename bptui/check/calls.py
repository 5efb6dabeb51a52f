"""Calls the user's function on cases, in one of the forms in which it may take its samples."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np

from bptui.check.process import Stopped
from bptui.check.reading import UnreadableError, in_columns, read
from bptui.check.runner import Answer, Argument, UserCode, Value
from bptui.check.trials import Case, FunctionName, Quantities, Trial

Form: TypeAlias = Literal["batch", "row", "vector"]
FORMS: dict[Form, str] = {
    "batch": "with several samples at once, in rows",
    "row": "with one sample at a time, as arrays of one row",
    "vector": "with one sample at a time, as vectors",
}
"""How a function may be called: x as (samples, units); as (1, units); as (units,)."""


@dataclass(frozen=True, eq=False)
class Failure:
    """A call that gave nothing to compare: stopped, or with an unreadable value."""

    case: Case
    message: str
    stopped: Stopped | None = None


@dataclass(eq=False)
class Attempt:
    """What the function gave on all cases in one form.

    ``damaged`` names the arguments that calls have changed although they must not; it and ``notes``
    have each text once. ``printed`` is from the first case. ``unstable``: another life of the code
    gave something else. ``kept``: a call gave something else than the same call as the first of a
    life. ``answered`` counts the calls in all forms that returned before the time was over.
    ``results`` has what the first call of each case returned, and the arrays that were read in it.
    ``spoiled`` says of results why they cannot be right, whatever they hold.
    """

    form: Form
    biases: bool
    trials: list[Trial] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    damaged: dict[str, None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    printed: str = ""
    turned: bool = False
    unstable: bool = False
    kept: bool = False
    answered: int = 0
    results: dict[Case, tuple[Value, Quantities]] = field(default_factory=dict)
    spoiled: dict[str, str] = field(default_factory=dict)
    misshapen: bool = False

    @property
    def stopped(self) -> Stopped | None:
        """Return what ended the process, where something did."""
        ends = (failure.stopped for failure in self.failures)
        return next((end for end in ends if end and end.kind != "raised"), None)

    @property
    def out_of_time(self) -> bool:
        return self.stopped is not None and self.stopped.kind == "hung"


def attempt(
    code: UserCode, function: FunctionName, cases: Sequence[Case], form: Form, biases: bool
) -> Attempt:
    """Call ``function`` on each case, in a life of its own; give up after a fatal end."""
    made, before = Attempt(form, biases), len(code.output)
    for case in cases:
        played = play(code, function, case, made)
        made.printed = made.printed or code.output[before:]
        if played is not None:
            made.trials.append(played)
        if made.stopped is not None:
            break
    made.trials = [_turned(trial, made.notes) for trial in made.trials]
    if made.stopped is None:
        _repeat(code, function, made)
    return made


def play(code: UserCode, function: FunctionName, case: Case, made: Attempt) -> Trial | None:
    """Make the calls of one case in a new life; None, and a failure, where one fails."""
    loaded = code.load()
    if isinstance(loaded, Stopped):
        made.failures.append(Failure(case, loaded.message, loaded))
        return None
    observed, precision = list[Quantities](), 1e-9
    for call in range(len(case.right)):
        arguments = _arguments(case, call, function, made)
        answer = code.call(function, arguments)
        if isinstance(answer, Stopped):
            made.failures.append(Failure(case, answer.message, answer))
            return None
        made.damaged |= dict.fromkeys(_damaged(answer, function))
        try:
            reading = read(answer, arguments, function, case, made.biases, made.turned)
        except UnreadableError as error:
            made.failures.append(Failure(case, str(error)))
            return None
        made.turned = reading.turned
        made.notes |= dict.fromkeys(reading.notes)
        observed.append(reading.quantities)
        came = {name: array for name, (array, _) in reading.spoiled.items()}
        made.results.setdefault(case, (answer.given, {**reading.quantities, **came}))
        made.misshapen |= bool(reading.misshapen)
        for name, (_, why) in reading.spoiled.items():
            made.spoiled.setdefault(name, why)
        precision = max(precision, reading.precision)
    return Trial(case, function, tuple(observed), precision)


def _arguments(case: Case, call: int, function: FunctionName, made: Attempt) -> list[Argument]:
    values, parameters = case.right[call].values, case.right[call].parameters
    x, t = values["input"], values["target"]
    arguments: list[Argument] = [x[0], t[0]] if made.form == "vector" else [x, t]
    arguments.append(list(parameters.weights))
    if made.biases:
        arguments.append(list(parameters.biases or ()))
    if function == "step":
        arguments.append(case.experiment.training.learning_rate)
    return arguments


def _damaged(answer: Answer, function: FunctionName) -> list[str]:
    """Return the arguments that belong to the caller, and were changed."""
    names = ("x", "t", "weights", "biases") if function == "gradients" else ("x", "t")
    return [name for place, name in enumerate(names) if place in answer.changed]


def _turned(trial: Trial, notes: Collection[str]) -> Trial:
    """Turn what came in columns somewhere, and so does everywhere: also where it is square."""
    observed = tuple(
        {
            name: array.T if in_columns(name) in notes and len({*array.shape}) == 1 else array
            for name, array in quantities.items()
        }
        for quantities in trial.observed
    )
    return replace(trial, observed=observed)


def _repeat(code: UserCode, function: FunctionName, made: Attempt) -> None:
    """Call once more, to see whether the code is random or keeps something between calls."""
    steady = next((trial for trial in made.trials if not trial.case.own), None)
    if steady is None:
        return
    scratch = replace(made, failures=[], damaged={})
    again = play(code, function, steady.case, scratch)
    if again is None:  # only slow, or out of its time: that says nothing about the numbers
        made.unstable = scratch.stopped is None
        return
    made.unstable = not _same(steady, _turned(again, made.notes))
    last = len(steady.case.right) - 1
    if not made.unstable and last:
        alone = part(steady, last)
        first = play(code, function, alone.case, scratch)
        made.kept = first is not None and not _same(alone, _turned(first, made.notes))


def part(trial: Trial, start: int, end: int | None = None) -> Trial:
    """Return the trial of the calls from ``start`` to before ``end``; of one without it."""
    some = slice(start, start + 1 if end is None else end)
    case = replace(trial.case, right=trial.case.right[some])
    return replace(trial, case=case, observed=trial.observed[some])


def _same(one: Trial, other: Trial) -> bool:
    """Tell whether two lives gave the same but for rounding."""
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
