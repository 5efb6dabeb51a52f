"""Calls the user's function on cases in a recorded run, in one of the forms in which it may be."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from bptui.check.functions.played import AGAIN
from bptui.check.functions.reading import UnreadableError
from bptui.check.functions.signatures import Takes
from bptui.check.numbers.comparing import chain
from bptui.check.numbers.judging import Finding, findings_of
from bptui.check.numbers.trials import CALLS, Case, FunctionName, Trial
from bptui.check.running.interpreter import Interpreter
from bptui.check.running.runner import recorded
from bptui.core.arrays import Array, frozen
from bptui.core.engine import Engine, Snapshot
from bptui.core.experiment import Experiment
from bptui.core.network import Parameters
from bptui.trace.run import NotRecordedError, OutOfTimeError, Run
from bptui.trace.source import ONE_FILE, Files

Form: TypeAlias = Literal["batch", "row", "vector"]
FORMS: dict[Form, str] = {
    "batch": "with several samples at once, in rows",
    "row": "with one sample at a time, as arrays of one row",
    "vector": "with one sample at a time, as vectors",
}
"""How a function may be called: x as (samples, units); as (1, units); as (units,)."""
LONG = 10_000
"""Entries of a tape from which on it may be what keeps the calls from their end."""
MOST_ELEMENTS = 400
"""Numbers of a matrix that may be returned one by one."""


class NotLoadedError(Exception):
    """The file cannot be loaded, because of a ``failure``."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclass(frozen=True, eq=False)
class Failure:
    """What ended a call without anything to compare: ``kind`` "" of a value that is unreadable.

    Else it has raised, exited, crashed or hung, in a ``line`` of the file, to which calls led on
    their ``way``.
    """

    message: str
    kind: str = ""
    line: int | None = None
    way: Sequence[tuple[str, int, str, str]] = ()
    case: Case | None = None
    answered: int = 0
    """The calls that came back before."""

    @property
    def not_written(self) -> bool:
        """Tell whether the code ended at a blank that is still to be filled in."""
        return self.kind == "raised" and self.message.startswith("NotImplementedError")

    @property
    def fatal(self) -> bool:
        return self.kind not in ("", "raised")


@dataclass(eq=False)
class Attempt:
    """What the function gave on all cases in one form.

    ``damaged`` names the arguments that calls have changed although they must not; it and ``notes``
    have each text once. ``plain``: nothing is on the tape. ``kept``: the same call gave something
    else later; ``unstable``: so did another run. ``spoiled`` says of results why they cannot be
    right, whatever they hold.

    ``findings`` are about the ``telling`` trials, on the preset's own sizes; none: it failed there.
    ``fixed`` is the failure, or the wrong trial, on a network of other sizes or with another number
    of samples, where these alone went wrong.
    """

    form: Form
    takes: Takes
    plain: bool = False
    run: Run | None = None
    trials: list[Trial] = field(default_factory=list)
    failure: Failure | None = None
    damaged: dict[str, None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    unstable: bool = False
    kept: bool = False
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
    def told(self) -> list[dict[str, Any]]:
        """Return what was told of each call."""
        return self.run.told if self.run else []

    @property
    def files(self) -> Files:
        """Return the files that it computes in."""
        return self.run.source.files if self.run else ONE_FILE

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
            return self.failure is not None and (self.failure.not_written or self.failure.fatal)
        return self.unstable or self.right

    @property
    def biases(self) -> bool:
        return any("b1" in one for one in self.takes)


def attempt(
    file: Path,
    python: Interpreter,
    limit: float,
    function: FunctionName,
    made: Attempt,
    cases: Sequence[Case],
) -> Attempt:
    """Call ``function`` on the cases, those of the first one's sizes on the tape.

    Where the tape gets long and the calls do not come to an end, they are made without it; so they
    are where they raise something: the code may be none that can be rewritten.
    """
    request = _request(function, made, cases) | {"plain": made.plain}
    call = "\n".join(_program(function, made, cases))
    try:
        run = recorded(file, python, limit, call, function=request, steps=sys.maxsize)
    except OutOfTimeError as error:
        made.failure = Failure(f"{limit:g} s", "hung", error.line)
        return made
    except NotRecordedError as error:
        message = str(error).removeprefix("it ends with ")
        kind = "exited" if message.startswith("os._exit") else "crashed"
        made.failure = Failure(message, kind, error.line)
        return made
    made.run = run
    told: dict[int, list[dict[str, Any]]] = {}
    for one in run.told:
        told.setdefault(one["case"], []).append(one)
    made.kept = any(not same_calls(told[0][0], one) for one in told.pop(AGAIN, []))
    for number, calls in told.items():
        good = [one for one in calls if "found" in one]
        for one in good:
            made.damaged |= dict.fromkeys(one["damaged"])
            made.notes |= dict.fromkeys(one["notes"])
            made.misshapen |= one["misshapen"]
            made.spoiled = {**one["spoiled"], **made.spoiled}
        if good:
            made.trials.append(_trial(function, cases[number], good))
        elif made.fixed is None:
            made.fixed = _raised(calls[0]["message"], calls[0]["line"], case=cases[number])
    enough = len(told.get(0, [])) >= CALLS
    if run.end in ("error", "exit") or not (run.end == "ran" or enough):
        made.failure = _ended(run, limit, len(run.told))
        if not run.began:
            raise NotLoadedError(made.failure)
        long = made.failure.kind == "hung" and len(run.recording.tape) > LONG
        raised = made.failure.kind == "raised" and not made.failure.not_written
        if not made.plain and (long or raised):
            plain = Attempt(made.form, made.takes, plain=True)
            return attempt(file, python, limit, function, plain, cases)
    return made


def _ended(run: Run, limit: float, answered: int) -> Failure:
    """Return what ended a run before there was enough to compare."""
    if run.end == "error":
        return _raised(run.message, run.line, run.way)
    if run.end == "exit":
        return Failure(run.message, "exited", run.line, run.way)
    return Failure(f"{limit:g} s", "hung", run.line, run.way, answered=answered)


def _raised(
    message: str,
    line: int | None,
    way: Sequence[tuple[str, int, str, str]] = (),
    case: Case | None = None,
) -> Failure:
    """Return that something was raised, or that what was returned could not be read."""
    kind, _, text = message.partition(": ")
    if kind == UnreadableError.__name__:
        return Failure(text, case=case)
    return Failure(message, "raised", line, way, case)


def same_calls(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Tell whether two calls gave the same but for rounding."""
    found, again = one["found"], other.get("found", {})
    return found.keys() == again.keys() and all(
        np.allclose(found[name], again[name], rtol=1e-6, atol=1e-9, equal_nan=True)
        for name in found
    )


def _trial(function: FunctionName, case: Case, calls: Sequence[dict[str, Any]]) -> Trial:
    """Return what calls gave, beside what is right on the parameters that each was given."""
    right, observed = list[Snapshot](), list[dict[str, Array]]()
    for one in calls:
        given = one["given"]
        if right and not all(np.isfinite(array).all() for array in given.values()):
            break
        right.append(_step_on(case.experiment, given))
        observed.append(one["found"])
    precision = max(one["precision"] for one in calls)
    return Trial(replace(case, right=tuple(right)), function, tuple(observed), precision)


def _step_on(experiment: Experiment, given: dict[str, Array]) -> Snapshot:
    start = Parameters.by_name({n: frozen(array) for n, array in given.items() if n not in "xt"})
    return Engine(replace(experiment, start=start)).record()


def _request(function: FunctionName, made: Attempt, cases: Sequence[Case]) -> dict[str, Any]:
    """Return what is to be handed to the calls."""
    return {
        "function": function,
        "takes": made.takes,
        "cases": [
            {
                "given": _given(case, made.form),
                "rate": case.experiment.training.learning_rate,
                "right": [right_of(function, one) for one in case.right],
            }
            for case in cases
        ],
    }


def right_of(function: str, snapshot: Snapshot) -> dict[str, Array]:
    """Return what a function should give in a step, by name."""
    known = {**snapshot.values}
    if function == "step":
        known = snapshot.updated_parameters.named()
    return {name: known[name] for name in chain(snapshot.experiment.network, function)}


def _given(case: Case, form: Form) -> dict[str, Array]:
    """Return x, t and the parameters that the first call of a case is given."""
    right, names = case.right[0], ("input", "target")
    x, t = (right.values[name][0 if form == "vector" else ...] for name in names)
    return {"x": x, "t": t, **right.parameters.named()}


def _program(function: FunctionName, made: Attempt, cases: Sequence[Case]) -> Iterator[str]:
    """Yield the lines that call the function, and go on with what it returns.

    They stand among the names of the file, so they use none that it may have given to anything.
    """
    yield "import numpy"
    layers = cases[0].experiment.network.layers
    for number, case in enumerate(cases):
        if case.experiment.network.layers != layers:
            yield f"played.play({number}, {function})"
            continue
        names = [*_given(case, made.form)]
        yield from (f"{name} = played.given[{number}][{name!r}]" for name in names)
        yield f"for call in {(*range(CALLS),)}:"
        copies = ", ".join(f"{name!r}: {name}.copy()" for name in names)
        yield f"    taken = played.taken({number}, {{{copies}}})"
        yield f"    result = {function}(*taken)"
        yield "    found = played.read(result)"
        for name in names[2:]:
            yield from (f"    {line}" for line in _applied(function, name, case))
        if number == 0:
            yield f"played.again({function})"


def _applied(function: FunctionName, name: str, case: Case) -> Iterator[str]:
    """Yield the lines that update a parameter by what was found of it."""
    shape = case.experiment.network.shapes[name]
    result, local = (name, f"new_{name}") if function == "step" else (f"g{name}", f"g{name}")
    yield f"if {result!r} in found:"
    yield f"    if {result!r} in played.reading.singles:"
    yield "        pass"
    for place in np.ndindex(*shape if np.prod(shape) <= MOST_ELEMENTS else (0,)):
        found = "".join(f"[{at}]" for at in place)
        yield f"        {name}[{', '.join(map(str, place))}] -= found[{result!r}]{found}"
    yield "    else:"
    yield f"        {local} = found[{result!r}]"
    yield f"        if {result!r} in played.reading.turned:"
    yield f"            {local} = numpy.transpose({local})"
    yield f"        if {result!r} not in played.reading.misshapen:"
    yield f"            if numpy.shape({local}) != {shape} or {local}.__class__ is list:"
    yield f"                {local} = numpy.reshape(numpy.asarray({local}), {shape})"
    change = f"- {local}" if function == "gradients" else f"+ ({local} - {name})"
    yield f"            if {result!r} not in played.reading.spoiled:"
    yield f"                {name} = {name} {change}"
