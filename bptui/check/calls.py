"""Calls the user's function on cases, in one of the forms in which it may take its samples."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np

from bptui.check.judging import Finding, findings_of
from bptui.check.process import StoppedError
from bptui.check.reading import Reader, UnreadableError
from bptui.check.runner import Signature, UserCode
from bptui.check.trials import Case, FunctionName, Quantities, Trial
from bptui.check.values import Value
from bptui.core.arrays import Array
from bptui.core.experiment import Experiment

Form: TypeAlias = Literal["batch", "row", "vector"]
FORMS: dict[Form, str] = {
    "batch": "with several samples at once, in rows",
    "row": "with one sample at a time, as arrays of one row",
    "vector": "with one sample at a time, as vectors",
}
"""How a function may be called: x as (samples, units); as (1, units); as (units,)."""
PARAMETER = re.compile(r"([wb])(?:eights?|ias|iases)?_?(\d+)", re.IGNORECASE)
"""What a function may call a parameter that it takes by itself."""
Takes: TypeAlias = Sequence[str | tuple[str, ...]]
"""The arguments of a function: x, t, parameters, those in a list together, and rate."""
WHOLE = {"W1": "weights", "b1": "biases"}
"""What such a list is called, by its first member."""


class UncheckableError(Exception):
    """The file has nothing that can be checked; the message says why."""


@dataclass(frozen=True, eq=False)
class Failure:
    """A call that gave nothing to compare: stopped, or with an unreadable value."""

    case: Case
    message: str
    stopped: StoppedError | None = None


@dataclass(eq=False)
class Attempt:
    """What the function gave on all cases in one form.

    ``damaged`` names the arguments that calls have changed although they must not; it and ``notes``
    have each text once. ``printed`` is from the first case. ``unstable``: another life of the code
    gave something else; ``kept``: so did a call as the first of a life. ``answered`` counts the
    calls in all forms that returned before the time was over. ``places`` has for each case the
    expressions that give what was read in its first call. ``spoiled`` says of results why they
    cannot be right, whatever they hold.

    ``findings`` are about the ``telling`` trials, on the preset's own sizes; none: it failed there.
    ``fixed`` is the failure, or the wrong trial, on a network of other sizes or with another number
    of samples, where these alone went wrong.
    """

    form: Form
    takes: Takes
    trials: list[Trial] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    damaged: dict[str, None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    printed: str = ""
    turned: bool = False
    unstable: bool = False
    kept: bool = False
    answered: int = 0
    places: dict[Case, dict[str, list[str]]] = field(default_factory=dict)
    spoiled: dict[str, str] = field(default_factory=dict)
    misshapen: bool = False
    telling: Sequence[Trial] = ()
    findings: Sequence[Finding] = ()
    fixed: Failure | Trial | None = None

    def judge(self, trials: Sequence[Trial]) -> None:
        """Find what is right in some trials; of a spoiled result the reason stands out."""
        self.telling = trials
        self.findings = [
            replace(one, notice=self.spoiled.get(one.name, one.notice))
            for one in findings_of(trials)
        ]

    @property
    def right(self) -> bool:
        """Tell whether it ran, and nothing given is wrong."""
        return bool(self.findings) and not any(one.wrong for one in self.findings)

    @property
    def rank(self) -> tuple[int, int]:
        """Return the smaller the better: right, wrong in numbers, in shapes, failed."""
        if not self.findings:
            return 3, 0
        return int(not self.right) + self.misshapen, sum(one.wrong for one in self.findings)

    @property
    def settled(self) -> bool:
        """Tell whether no other form of calling could show the code in a better light."""
        if not self.findings:
            return any(one.stopped and one.stopped.not_written for one in self.failures[:1])
        return self.unstable or self.right

    @property
    def biases(self) -> bool:
        return any("b1" in one for one in self.takes)

    @property
    def stopped(self) -> StoppedError | None:
        """Return what ended the process, where something did."""
        ends = (failure.stopped for failure in self.failures)
        return next((end for end in ends if end and end.kind != "raised"), None)

    @property
    def out_of_time(self) -> bool:
        return self.stopped is not None and self.stopped.kind == "hung"


def taken(function: FunctionName, signature: Signature, experiment: Experiment) -> Takes:
    """Return what the arguments of a function are.

    Raises :class:`UncheckableError` where it takes neither number of arguments.
    """
    names, network = signature.names, experiment.network
    last = ["rate"] if function == "step" else []
    single = [PARAMETER.fullmatch(name) for name in names[2 : len(names) - len(last)]]
    parameters = [f"{'W' if one[1] in 'wW' else 'b'}{one[2]}" for one in single if one]
    layers = range(1, network.depth + 1)
    every = [name for layer in layers for name in network.parameters_of(layer)]
    if sorted(parameters) == sorted(every) and len(names) == 2 + len(every) + len(last):
        return ["x", "t", *parameters, *last]
    count, least = len(names), 3 + len(last)
    most = 99 if signature.variable else count
    can = [number for number in (0, 1) if signature.required <= least + number <= most]
    if not can:
        shown = ", ".join(["", *(["learning_rate"] if last else [])])
        raise UncheckableError(
            f"{function} takes {count} argument{'s' * (count != 1)} ({', '.join(names)}); expected "
            f"{function}(x, t, weights{shown}) or {function}(x, t, weights, biases{shown})"
        )
    bias = network.bias if len(can) == 2 else can == [1]
    return ["x", "t", *(tuple(f"{kind}{n}" for n in layers) for kind in "Wb"[: 1 + bias]), *last]


def attempt(code: UserCode, function: FunctionName, cases: Sequence[Case], made: Attempt) -> None:
    """Call ``function`` on each case, in a life of its own; give up after a fatal end."""
    before = len(code.output)
    for case in cases:
        played = play(code, function, case, made)
        made.printed = made.printed or code.output[before:]
        if played is not None:
            made.trials.append(played)
        if made.stopped is not None:
            return
    _repeat(code, function, made)


def play(code: UserCode, function: FunctionName, case: Case, made: Attempt) -> Trial | None:
    """Make the calls of one case in a new life; None, and a failure, where one fails."""
    observed, precision = list[Quantities](), 1e-9
    try:
        code.load()
        for call in range(len(case.right)):
            answer = code.call(function, _arguments(case, call, made))
            own = [made.takes[place] for place in answer.changed]
            # the parameters are a step's own
            own = [one for one in own if function == "gradients" or one in ("x", "t")]
            made.damaged |= dict.fromkeys(WHOLE.get(one[0], "".join(one)) for one in own)
            after = _parameters(answer.arguments, made.takes)
            reading = Reader(function, case, made.turned).read(answer.given, after)
            made.turned = reading.turned
            made.notes |= dict.fromkeys(reading.notes)
            observed.append(reading.quantities)
            made.places.setdefault(case, reading.places)
            made.misshapen |= bool(reading.misshapen)
            made.spoiled = {**reading.spoiled, **made.spoiled}
            precision = max(precision, reading.precision)
    except UnreadableError as error:
        made.failures.append(Failure(case, str(error)))
        return None
    except StoppedError as error:
        made.failures.append(Failure(case, str(error), error))
        return None
    return Trial(case, function, tuple(observed), precision)


def numbers_of(case: Case, call: int, form: Form) -> dict[str, Array]:
    """Return x, t and the parameters that a call is given."""
    right, names = case.right[call], ("input", "target")
    x, t = (right.values[name][0 if form == "vector" else ...] for name in names)
    return {"x": x, "t": t, **right.parameters.named()}


def _arguments(case: Case, call: int, made: Attempt) -> list[Value]:
    values: dict[str, Value] = {**numbers_of(case, call, made.form)}
    values["rate"] = case.experiment.training.learning_rate
    return [
        values[one] if isinstance(one, str) else [values[name] for name in one]
        for one in made.takes
    ]


def _parameters(after: Sequence[Value], takes: Takes) -> dict[str, Value]:
    """Return what the arguments of a call are now, by name, but for lists of another length."""
    found: dict[str, Value] = {}
    for taken, value in zip(takes, after, strict=True):
        if isinstance(taken, str):
            found[taken] = value
        elif isinstance(value, list) and len(value) == len(taken):
            found |= zip(taken, value, strict=True)
    return {name: value for name, value in found.items() if name not in ("x", "t", "rate")}


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
    made.unstable = not _same(steady, again)
    last = len(steady.case.right) - 1
    if not made.unstable and last:
        case = replace(steady.case, right=steady.case.right[last:])
        alone = play(code, function, case, scratch)
        made.kept = alone is not None and not _same(
            replace(steady, observed=steady.observed[last:]), alone
        )


@np.errstate(all="ignore")
def _same(one: Trial, other: Trial) -> bool:
    """Tell whether two lives gave the same but for rounding."""
    for first, second in zip(one.observed, other.observed, strict=True):
        if first.keys() != second.keys():
            return False
        for name, array in first.items():
            near = 1e-9 * float(np.abs(array[np.isfinite(array)]).max(initial=0.0))
            if not np.allclose(array, second[name], rtol=1e-6, atol=near, equal_nan=True):
                return False
    return True
