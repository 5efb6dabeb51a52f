"""Checks a file with a user's own backpropagation: each of its functions, in the form it takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from bptui.check.calls import FORMS, Attempt, Failure, Form, attempt, part
from bptui.check.diagnosis.cases import cases_for
from bptui.check.diagnosis.diagnose import diagnose
from bptui.check.diagnosis.findings import Cause, Diagnosis
from bptui.check.diagnosis.judging import findings_of
from bptui.check.diagnosis.trials import FunctionName, Trial
from bptui.check.interpreter import OWN, Interpreter
from bptui.check.runner import Loaded, Signature, Stopped, UserCode
from bptui.core.experiment import Experiment

Outcome: TypeAlias = Literal["right", "wrong", "failed"]
OF_BATCHES = frozenset({"not-averaged", "averaged-twice", "bias-gradient-not-summed"})
"""Mistakes that make no difference with one sample."""
_ORDER = ("right", "explained", "unexplained", "failed")


class UncheckableError(Exception):
    """The file has nothing that can be checked; the message says why."""

    def __init__(self, message: str, stopped: Stopped | None = None) -> None:
        super().__init__(message)
        self.stopped = stopped


@dataclass(frozen=True, eq=False)
class Examined:
    """One form of calling, with its diagnosis on the preset's own sizes.

    ``fixed`` is the failure, or the wrong trial, on a network of other sizes, where these alone
    went wrong. ``later``: the causes explain only calls from that one on, the earlier being right.
    """

    attempt: Attempt
    diagnosis: Diagnosis | None
    fixed: Failure | Trial | None = None
    later: int = 0

    @property
    def rank(self) -> tuple[int, int, int]:
        """Smaller is better: right, explained by few mistakes, unexplained, failed."""
        if self.diagnosis is None:
            return _ORDER.index("failed"), 0, 0
        if self.diagnosis.right:
            return _ORDER.index("right"), 0, 0
        wrong = sum(each.verdict in ("wrong", "follows") for each in self.diagnosis.findings)
        if self.diagnosis.causes:
            return _ORDER.index("explained"), self.diagnosis.causes[0].size, wrong
        return _ORDER.index("unexplained"), 0, wrong

    @property
    def hopeless(self) -> bool:
        """Whether nothing that was given is right, and nothing explains it."""
        return self.rank[0] == _ORDER.index("unexplained") and not any(
            each.verdict in ("right", "convention") or each.ratio is not None
            for each in (self.diagnosis.findings if self.diagnosis else ())
        )


@dataclass(frozen=True, eq=False)
class FunctionCheck:
    """What was found out about one function.

    ``examined`` is the form that counts; ``others`` were tried besides, and did worse, or tell
    something about batches.
    """

    function: FunctionName
    signature: Signature
    examined: Examined
    others: tuple[Examined, ...]
    experiment: Experiment
    file: str = ""
    """The name of the file, to tell its own lines from others."""

    @property
    def outcome(self) -> Outcome:
        made = self.examined.attempt
        if self.examined.diagnosis is None:
            return "failed"
        if made.damaged or made.unstable or not self.examined.diagnosis.right:
            return "wrong"
        return "right"

    @property
    def batch_cause(self) -> Cause | None:
        """What is wrong with batches alone, where the preset never sees any."""
        if self.examined.attempt.form == "batch":
            return None
        for each in self.others:
            if each.attempt.form == "batch" and each.diagnosis and each.diagnosis.causes:
                return each.diagnosis.causes[0]
        return None


@dataclass(frozen=True, eq=False)
class Check:
    """The checks of all functions of a file."""

    file: Path
    experiment: Experiment
    functions: tuple[FunctionCheck, ...]
    python: Interpreter = OWN

    @property
    def right(self) -> bool:
        return self.outcome == "right"

    @property
    def outcome(self) -> Outcome:
        """Wrong where any function is, whatever became of the others; else failed where one did."""
        found = {each.outcome for each in self.functions}
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
            done = _check(code, function, signature, experiment)
            checks.append(replace(done, file=file.name))
            if done.examined.attempt.stopped is not None:
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


def takes_biases(function: FunctionName, signature: Signature, experiment: Experiment) -> bool:
    """Whether the function is to be called with biases.

    Raises :class:`UncheckableError` where it takes neither number of arguments.
    """
    without = 3 if function == "gradients" else 4
    most = 99 if signature.variable else len(signature.names)
    can = [count for count in (without, without + 1) if signature.required <= count <= most]
    if not can:
        rate = ", learning_rate" if function == "step" else ""
        count = len(signature.names)
        raise UncheckableError(
            f"{function} takes {count} argument{'s' * (count != 1)} "
            f"({', '.join(signature.names)}); expected {function}(x, t, weights{rate}) or "
            f"{function}(x, t, weights, biases{rate})"
        )
    if len(can) == 2:
        return experiment.network.bias
    return can[0] > without


def _check(
    code: UserCode, function: FunctionName, signature: Signature, experiment: Experiment
) -> FunctionCheck:
    biases = takes_biases(function, signature, experiment)
    batches = experiment.schedule.batch_size > 1
    tried: list[Examined] = []
    before = code.answered
    for form in FORMS:
        tried.append(_lenient(code, function, experiment, form, biases))
        if tried[-1].attempt.stopped is not None or _settled(tried[-1], batches):
            break
    chosen = min(tried, key=lambda each: each.rank)
    fatal = tried[-1] if tried[-1].attempt.stopped is not None else None
    if fatal is not None and chosen.rank[0] > 0:
        if fatal.attempt.out_of_time:
            ended = _out_of_time(fatal.attempt, code.answered - before)
            return FunctionCheck(function, signature, ended, (), experiment)
        chosen = fatal
    elif batches and tried[0].diagnosis is not None:
        chosen = tried[0]  # it takes batches, so these are what it is judged by
    elif chosen.hopeless and tried[0].diagnosis is None:
        chosen = tried[0]  # it ran by accident: what stopped it elsewhere says more
    others = tuple(each for each in tried if each is not chosen)
    return FunctionCheck(function, signature, chosen, others, experiment)


def _out_of_time(made: Attempt, answered: int) -> Examined:
    """Of the form in which the time was over only the end counts.

    What it and the forms before it gave settled nothing, and the code may just be slow.
    """
    ended = [each for each in made.failures if each.stopped is made.stopped]
    return Examined(replace(made, failures=ended, answered=answered), None)


def _settled(examined: Examined, batches: bool) -> bool:
    """Whether no other form of calling could show the code in a better light."""
    if examined.attempt.unstable:
        return True
    diagnosis = examined.diagnosis
    if diagnosis is None:
        stopped = examined.attempt.failures[0].stopped if examined.attempt.failures else None
        return stopped is not None and stopped.not_written
    if diagnosis.right:
        return True
    causes = diagnosis.causes
    if examined.attempt.form != "batch" or batches:
        return bool(causes)
    # with one sample, as the preset trains, what only batches show is no mistake
    return bool(causes) and not any(OF_BATCHES & set(each.mistakes) for each in causes)


def _lenient(
    code: UserCode, function: FunctionName, experiment: Experiment, form: Form, biases: bool
) -> Examined:
    """A step may train what the preset keeps fixed: its code need not know of that."""
    examined = _examine(code, function, experiment, form, biases)
    training = experiment.training
    fixed = training.train_weights is not True or training.train_biases is not True
    if function == "gradients" or not fixed or examined.diagnosis is None:
        return examined
    if examined.diagnosis.right:
        return examined
    training = replace(training, train_weights=True, train_biases=True)
    free = _examine(code, function, replace(experiment, training=training), form, biases)
    if free.attempt.out_of_time:
        return free
    free.attempt.notes.append(
        f"it trains what {experiment.name} keeps frozen, which is not a mistake"
    )
    return min(examined, free, key=lambda each: each.rank)


def _examine(
    code: UserCode, function: FunctionName, experiment: Experiment, form: Form, biases: bool
) -> Examined:
    cases = cases_for(experiment, bias=biases, single=form != "batch", function=function)
    made = attempt(code, function, cases, form, biases)
    layers = experiment.network.layers
    own_sizes = [each for each in made.trials if each.case.experiment.network.layers == layers]
    failed = [each for each in made.failures if each.case.experiment.network.layers == layers]
    if failed or not own_sizes:
        return Examined(made, None)
    fixed: Failure | Trial | None = next(iter(made.failures), None)
    findings = findings_of(own_sizes)
    fitting = Diagnosis(findings, ())
    others = [each for each in made.trials if each not in own_sizes]
    if fitting.right:
        wrong = [each for each in others if not Diagnosis(findings_of([each]), ()).right]
        return Examined(made, fitting, fixed or next(iter(wrong), None))
    diagnosis = diagnose(made.trials)
    if not diagnosis.causes and others and not _constant(others):
        # code that is made for these sizes alone says nothing about others
        alone = diagnose(own_sizes)
        if alone.causes:
            diagnosis, fixed = alone, fixed or others[0]
    if not diagnosis.causes:
        later = _from_later_calls(own_sizes)
        if later is not None:
            causes, call = later
            return Examined(made, replace(diagnosis, causes=causes), fixed, call)
    return Examined(made, diagnosis, fixed)


def _constant(trials: list[Trial]) -> bool:
    """Whether the wrong numbers are the right ones times a constant: made with care, not chance."""
    wrong = [each for each in findings_of(trials) if each.verdict in ("wrong", "follows")]
    return any(each.ratio is not None for each in wrong)


def _from_later_calls(trials: list[Trial]) -> tuple[tuple[Cause, ...], int] | None:
    """Causes of the wrong calls alone, where in some trial the calls before them are right."""
    wrong: list[Trial] = []
    first = 0
    for trial in trials:
        calls = [part(trial, call) for call in range(len(trial.observed))]
        right = [Diagnosis(findings_of([each]), ()).right for each in calls]
        if all(right):
            continue
        call = right.index(False)
        first = first or call
        wrong.append(part(trial, call, len(trial.observed)))
    if not first:
        return None
    causes = diagnose(wrong).causes
    return (causes, first) if causes else None
