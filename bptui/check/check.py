"""Checks a file with a user's own backpropagation: each of its functions, in the form it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from bptui.check.calls import FORMS, Attempt, Failure, Form, attempt, part
from bptui.check.interpreter import OWN, Interpreter
from bptui.check.judging import Finding, findings_of
from bptui.check.process import Stopped
from bptui.check.runner import Loaded, Signature, UserCode
from bptui.check.search import Diagnosis, diagnose
from bptui.check.slips import only_in_batches
from bptui.check.trials import FunctionName, Trial, cases_for
from bptui.core.experiment import Experiment

Outcome: TypeAlias = Literal["right", "wrong", "failed"]
RIGHT, WRONG = ("right", "convention"), ("wrong", "follows")
"""The verdicts of findings."""
BEST, EXPLAINED, UNEXPLAINED, FAILED = range(4)


class UncheckableError(Exception):
    """The file has nothing that can be checked; the message says why."""

    def __init__(self, message: str, stopped: Stopped | None = None) -> None:
        super().__init__(message)
        self.stopped = stopped


@dataclass(frozen=True, eq=False)
class Examined:
    """One form of calling, with its diagnosis on the preset's own sizes; None: it failed there.

    ``fixed`` is the failure, or the wrong trial, on a network of other sizes, where these alone
    went wrong. ``later``: the causes explain only calls from that one on, the earlier being right.
    """

    attempt: Attempt
    diagnosis: Diagnosis | None
    fixed: Failure | Trial | None = None
    later: int = 0

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.diagnosis.findings if self.diagnosis else ()

    @property
    def rank(self) -> tuple[int, int, int]:
        """Return the smaller the better: right, explained by few mistakes, unexplained, failed."""
        if self.diagnosis is None:
            return FAILED, 0, 0
        if self.diagnosis.right:
            return BEST, 0, 0
        wrong = sum(finding.verdict in WRONG for finding in self.findings)
        if self.diagnosis.causes:
            return EXPLAINED, self.diagnosis.causes[0].size, wrong
        return UNEXPLAINED, 0, wrong

    @property
    def hopeless(self) -> bool:
        """Tell whether nothing that was given is right, and nothing explains it."""
        known = any(one.verdict in RIGHT or one.ratio is not None for one in self.findings)
        return self.rank[0] == UNEXPLAINED and not known


@dataclass(frozen=True, eq=False)
class FunctionCheck:
    """What was found out about one function: ``examined`` is the form that counts of ``tried``."""

    function: FunctionName
    signature: Signature
    examined: Examined
    tried: tuple[Examined, ...]
    experiment: Experiment

    @property
    def outcome(self) -> Outcome:
        made, diagnosis = self.examined.attempt, self.examined.diagnosis
        if diagnosis is None:
            return "failed"
        return "wrong" if made.damaged or made.unstable or not diagnosis.right else "right"

    @property
    def in_batches(self) -> Examined | None:
        """Return what came of several samples at once, where that is not the form that counts."""
        return next((one for one in self.tried[:1] if one is not self.examined), None)


@dataclass(frozen=True, eq=False)
class Check:
    """The checks of all functions of a file."""

    file: Path
    experiment: Experiment
    functions: tuple[FunctionCheck, ...]
    python: Interpreter = OWN

    @property
    def outcome(self) -> Outcome:
        """Return wrong where any function is wrong; else failed where one is."""
        found = {one.outcome for one in self.functions}
        return "wrong" if "wrong" in found else "failed" if "failed" in found else "right"


def check(
    file: Path, experiment: Experiment, limit: float = 10.0, python: Interpreter = OWN
) -> Check:
    """Run the code of ``file`` for at most ``limit`` seconds and compare with ``experiment``.

    Raises :class:`UncheckableError` where the file cannot be loaded or has no function to check,
    :class:`~bptui.check.interpreter.CannotStartError` where ``python`` runs nothing.
    """
    experiment = replace(experiment, training=replace(experiment.training, mistakes=()))
    checks: list[FunctionCheck] = []
    with UserCode(file, limit, python) as code:
        loaded = code.load()
        if isinstance(loaded, Stopped):
            raise UncheckableError(loaded.message, loaded)
        for function, signature in _functions(loaded):
            biases = _takes_biases(function, signature, experiment)
            examined, tried = _Examiner(code, function, experiment, biases).best()
            checks.append(FunctionCheck(function, signature, examined, tried, experiment))
            if examined.attempt.stopped is not None:
                break
    return Check(file, experiment, tuple(checks), python)


def _functions(loaded: Loaded) -> list[tuple[FunctionName, Signature]]:
    names: tuple[FunctionName, ...] = ("gradients", "step")
    found = [(name, loaded.functions[name]) for name in names if name in loaded.functions]
    if not found:
        others = f", only {', '.join(loaded.others[:5])}" if loaded.others else ""
        raise UncheckableError(
            "the file defines neither gradients(x, t, weights) nor "
            f"step(x, t, weights, learning_rate){others}; `bptui check --template` prints a "
            "skeleton"
        )
    return found


def _takes_biases(function: FunctionName, signature: Signature, experiment: Experiment) -> bool:
    """Tell whether the function is to be called with biases.

    Raises :class:`UncheckableError` where it takes neither number of arguments.
    """
    without, count = 3 if function == "gradients" else 4, len(signature.names)
    most = 99 if signature.variable else count
    can = [number for number in (without, without + 1) if signature.required <= number <= most]
    if not can:
        rate = ", learning_rate" if function == "step" else ""
        raise UncheckableError(
            f"{function} takes {count} argument{'s' * (count != 1)} "
            f"({', '.join(signature.names)}); expected {function}(x, t, weights{rate}) or "
            f"{function}(x, t, weights, biases{rate})"
        )
    return experiment.network.bias if len(can) == 2 else can[0] > without


@dataclass(frozen=True)
class _Examiner:
    """Tries the forms in which a function may be called until nothing better can come."""

    code: UserCode
    function: FunctionName
    experiment: Experiment
    biases: bool

    def best(self) -> tuple[Examined, tuple[Examined, ...]]:
        """Return the form that counts, and all that were tried, in their order."""
        tried: list[Examined] = []
        before, batches = self.code.answered, self.experiment.schedule.batch_size > 1
        for form in FORMS:
            tried.append(self.lenient(form))
            if tried[-1].attempt.stopped is not None or _settled(tried[-1], batches):
                break
        first, last, chosen = tried[0], tried[-1], min(tried, key=lambda one: one.rank)
        if last.attempt.stopped is not None and chosen.rank[0] > BEST:
            if last.attempt.out_of_time:  # the code may just be slow: what it gave settles nothing
                made, answered = last.attempt, self.code.answered - before
                ended = [one for one in made.failures if one.stopped is made.stopped]
                examined = Examined(replace(made, failures=ended, answered=answered), None)
                return examined, (examined,)
            chosen = last
        elif batches and first.diagnosis is not None:
            chosen = first  # it takes batches, so these are what it is judged by
        elif chosen.hopeless and first.diagnosis is None:
            chosen = first  # it ran by accident: what stopped it elsewhere says more
        return chosen, tuple(tried)

    def lenient(self, form: Form) -> Examined:
        """Examine; a step may train what the preset keeps fixed, of which it need not know."""
        examined, training = self.examine(form, self.experiment), self.experiment.training
        fixed = training.train_weights is not True or training.train_biases is not True
        if self.function == "gradients" or not fixed or examined.rank[0] in (BEST, FAILED):
            return examined
        training = replace(training, train_weights=True, train_biases=True)
        free = self.examine(form, replace(self.experiment, training=training))
        name = self.experiment.name
        free.attempt.notes[f"it trains what {name} keeps frozen, which is not a mistake"] = None
        return free if free.attempt.out_of_time else min(examined, free, key=lambda one: one.rank)

    def examine(self, form: Form, experiment: Experiment) -> Examined:
        single = form != "batch"
        cases = cases_for(experiment, bias=self.biases, single=single, function=self.function)
        made = attempt(self.code, self.function, cases, form, self.biases)
        layers = experiment.network.layers
        own = [one for one in made.trials if one.case.experiment.network.layers == layers]
        failed = [one for one in made.failures if one.case.experiment.network.layers == layers]
        if failed or not own:
            return Examined(made, None)
        others = [one for one in made.trials if one not in own]
        fixed: Failure | Trial | None = next(iter(made.failures), None)
        fitting = Diagnosis(findings_of(own), ())
        if fitting.right:
            wrong = (one for one in others if not _right(one))
            return Examined(made, fitting, fixed or next(wrong, None))
        diagnosis = diagnose(made.trials)
        if not diagnosis.causes and others and not _by_a_constant(others):
            alone = diagnose(own)  # code made for these sizes alone says nothing about others
            if alone.causes:
                diagnosis, fixed = alone, fixed or others[0]
        if not diagnosis.causes:
            later, since = _from_later_calls(own)
            return Examined(made, replace(diagnosis, causes=later.causes), fixed, since)
        return Examined(made, diagnosis, fixed)


def _settled(examined: Examined, batches: bool) -> bool:
    """Tell whether no other form of calling could show the code in a better light."""
    made, diagnosis = examined.attempt, examined.diagnosis
    if made.unstable:
        return True
    if diagnosis is None:
        stopped = made.failures[0].stopped if made.failures else None
        return stopped is not None and stopped.not_written
    # with one sample, as the preset trains, what only batches show is no mistake
    every = {slip for cause in diagnosis.causes for slip in cause.slips}
    experiment = made.trials[0].case.experiment
    doubted = made.form == "batch" and not batches
    doubted = doubted and any(only_in_batches(slip, experiment) for slip in every)
    return diagnosis.right or (bool(diagnosis.causes) and not doubted)


def _right(trial: Trial) -> bool:
    return Diagnosis(findings_of([trial]), ()).right


def _by_a_constant(trials: Sequence[Trial]) -> bool:
    """Tell whether wrong numbers are a constant times the right ones: of care, not chance."""
    return any(one.verdict in WRONG and one.ratio is not None for one in findings_of(trials))


def _from_later_calls(trials: Sequence[Trial]) -> tuple[Diagnosis, int]:
    """Return the diagnosis of the calls that are wrong where those before them are right.

    And the number of calls that are right. There are no causes where no call is right.
    """
    wrong, first = list[Trial](), 0
    for trial in trials:
        count = len(trial.observed)
        call = next((call for call in range(count) if not _right(part(trial, call))), None)
        if call is not None:
            first = first or call
            wrong.append(part(trial, call, count))
    diagnosis = diagnose(wrong) if first else Diagnosis((), ())
    return diagnosis, first if diagnosis.causes else 0
