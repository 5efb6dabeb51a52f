"""Checks a file with a user's own backpropagation: each of its functions, in the form it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bptui.check.calls import (
    FORMS,
    Attempt,
    Failure,
    Form,
    Takes,
    UncheckableError,
    attempt,
    part,
    taken,
)
from bptui.check.driver import Traced, traced
from bptui.check.interpreter import OWN, Interpreter
from bptui.check.judging import WRONG, Finding, findings_of
from bptui.check.runner import Loaded, Signature, UserCode
from bptui.check.search import diagnose
from bptui.check.slips import Cause
from bptui.check.trials import FunctionName, Trial, cases_for
from bptui.core.experiment import Experiment


@dataclass(frozen=True, eq=False)
class Examined:
    """One form of calling, with its findings on the preset's own sizes; none: it failed there.

    ``fixed`` is the failure, or the wrong trial, on a network of other sizes or with another number
    of samples, where these alone went wrong. ``trials`` are those that the findings are about.
    """

    attempt: Attempt
    trials: tuple[Trial, ...] = ()
    findings: tuple[Finding, ...] = ()
    fixed: Failure | Trial | None = None

    @property
    def right(self) -> bool:
        """Tell whether it ran, and nothing given is wrong."""
        return bool(self.findings) and not any(one.verdict in WRONG for one in self.findings)

    @property
    def rank(self) -> tuple[int, int]:
        """Return the smaller the better: right, wrong in numbers, in shapes, failed."""
        if not self.findings:
            return 3, 0
        wrong = sum(one.verdict in WRONG for one in self.findings)
        return int(not self.right) + self.attempt.misshapen, wrong

    @property
    def settled(self) -> bool:
        """Tell whether no other form of calling could show the code in a better light."""
        if not self.findings:
            stopped = [one.stopped for one in self.attempt.failures[:1] if one.stopped]
            return bool(stopped) and stopped[0].not_written
        return self.attempt.unstable or self.right


@dataclass(frozen=True, eq=False)
class FunctionCheck:
    """What was found out about one function: ``examined`` is the form that counts of ``tried``.

    ``causes`` tell what was computed instead.
    """

    function: FunctionName
    signature: Signature
    examined: Examined
    tried: tuple[Examined, ...]
    experiment: Experiment
    traced: Traced = field(default_factory=Traced)
    causes: tuple[Cause, ...] = ()

    @property
    def outcome(self) -> str:
        made = self.examined.attempt
        if not self.examined.findings:
            return "failed"
        return "wrong" if made.damaged or made.unstable or not self.examined.right else "right"

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


def check(
    file: Path, experiment: Experiment, limit: float = 10.0, python: Interpreter = OWN
) -> Check:
    """Run the code of ``file`` for at most ``limit`` seconds and compare with ``experiment``.

    Raises :class:`~bptui.check.process.StoppedError` where the file cannot be loaded,
    :class:`UncheckableError` where it has no function to check, and
    :class:`~bptui.check.interpreter.CannotStartError` where ``python`` runs nothing.
    """
    experiment = replace(experiment, training=replace(experiment.training, mistakes=()))
    checks: list[FunctionCheck] = []
    with UserCode(file, limit, python) as code:
        for function, signature in _functions(code.load()):
            takes = taken(function, signature, experiment)
            examined, tried = _Examiner(code, function, experiment, takes).best()
            checks.append(FunctionCheck(function, signature, examined, tried, experiment))
            if examined.attempt.stopped is not None:
                break
    explained = tuple(_explained(one, file, python, limit) for one in checks)
    return Check(file, experiment, explained, python)


def _explained(
    check: FunctionCheck, file: Path, python: Interpreter, limit: float
) -> FunctionCheck:
    """Return the check with what its lines say, and what else explains what is wrong."""
    examined = check.examined
    if not examined.findings or examined.attempt.unstable:
        return check
    drawn = [one for one in examined.trials if not one.case.own] or list(examined.trials)
    telling = next((one for one in drawn if not _right(one)), drawn[0])
    found = traced(file, python, limit, examined.attempt, telling, examined.findings)
    check = replace(check, traced=found)
    if examined.right:
        return check
    causes = diagnose(examined.trials, examined.findings)
    if not causes:  # what is kept from call to call is wrong in later ones alone
        calls = [part(one, call) for one in examined.trials for call in range(len(one.observed))]
        wrong = [one for one in calls if not _right(one)]
        causes = diagnose(wrong, findings_of(wrong)) if 0 < len(wrong) < len(calls) else ()
    return replace(check, causes=causes)


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


@dataclass(frozen=True)
class _Examiner:
    """Tries the forms in which a function may be called until nothing better can come."""

    code: UserCode
    function: FunctionName
    experiment: Experiment
    takes: Takes

    def best(self) -> tuple[Examined, tuple[Examined, ...]]:
        """Return the form that counts, and all that were tried, in their order."""
        tried: list[Examined] = []
        before, batches = self.code.answered, self.experiment.schedule.batch_size > 1
        for form in FORMS:
            tried.append(self.examine(form))
            if tried[-1].attempt.stopped is not None or tried[-1].settled:
                break
        first, last, chosen = tried[0], tried[-1], min(tried, key=lambda one: one.rank)
        if last.attempt.stopped is not None and not chosen.right:
            if last.attempt.out_of_time:  # the code may just be slow: what it gave settles nothing
                made, answered = last.attempt, self.code.answered - before
                ended = [one for one in made.failures if one.stopped is made.stopped]
                examined = Examined(replace(made, failures=ended, answered=answered))
                return examined, (examined,)
            chosen = last
        elif batches and first.rank[0] == 1:
            chosen = first  # it takes batches, so these are what it is judged by
        return chosen, tuple(tried)

    def examine(self, form: Form) -> Examined:
        made, experiment = Attempt(form, self.takes), self.experiment
        cases = cases_for(
            experiment, bias=made.biases, single=form != "batch", function=self.function
        )
        made = attempt(self.code, self.function, cases, form, self.takes)
        layers = experiment.network.layers
        own = [one for one in made.trials if one.case.experiment.network.layers == layers]
        failed = [one for one in made.failures if one.case.experiment.network.layers == layers]
        if failed or not own:
            return Examined(made)
        others = [one for one in made.trials if one not in own]
        fixed: Failure | Trial | None = next(iter(made.failures), None)
        findings = judged(made, own)
        if any(one.verdict in WRONG for one in findings):
            if (other := _of_another_batch(own)) is not None:
                return Examined(made, (own[0],), judged(made, own[:1]), other)
            # code made for these sizes alone says nothing about others
            telling = own if others and not _by_a_constant(others) else made.trials
            return Examined(made, tuple(telling), judged(made, telling), fixed)
        wrong = (one for one in others if not _right(one))
        return Examined(made, tuple(own), findings, fixed or next(wrong, None))


def judged(made: Attempt, trials: Sequence[Trial]) -> tuple[Finding, ...]:
    """Return the findings on trials of ``made``; of a spoiled result the reason stands out."""
    findings = findings_of(trials)
    return tuple(replace(one, notice=made.spoiled.get(one.name, one.notice)) for one in findings)


def _right(trial: Trial) -> bool:
    return not any(one.verdict in WRONG for one in findings_of([trial]))


def _of_another_batch(trials: Sequence[Trial]) -> Trial | None:
    """Return the first trial that is wrong only since it is divided by the preset's batch size."""
    own, *others = trials
    wrong = [one for one in others if not _right(one)]
    if not own.case.own or own.case.samples == 1 or not _right(own):
        return None
    for trial in wrong:
        times = trial.case.samples / own.case.samples
        for one in findings_of([trial]):
            ratio = one.ratio.value if one.ratio else 0.0
            if one.verdict in WRONG and abs(ratio - times) > 1e-4 * times:
                return None
    return wrong[0]


def _by_a_constant(trials: Sequence[Trial]) -> bool:
    """Tell whether wrong numbers are a constant times the right ones: of care, not chance."""
    return any(one.verdict in WRONG and one.ratio is not None for one in findings_of(trials))
