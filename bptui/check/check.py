"""Checks a file with a user's own backpropagation: each of its functions, in the form it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bptui.check.calls import FORMS, Attempt, Takes, UncheckableError, attempt, taken
from bptui.check.driver import Traced, traced
from bptui.check.interpreter import OWN, Interpreter
from bptui.check.judging import Finding, findings_of
from bptui.check.runner import Loaded, Signature, UserCode
from bptui.check.search import Cause, diagnose
from bptui.check.trials import FunctionName, Trial, cases_for
from bptui.core.experiment import Experiment
from bptui.core.mistakes import MISTAKES


@dataclass(frozen=True, eq=False)
class FunctionCheck:
    """What was found out about one function: ``attempt`` is the one that counts of ``tried``.

    ``causes`` tell what was computed instead.
    """

    function: FunctionName
    signature: Signature
    attempt: Attempt
    tried: Sequence[Attempt]
    experiment: Experiment
    traced: Traced = field(default_factory=Traced)
    causes: tuple[Cause, ...] = ()

    @property
    def findings(self) -> Sequence[Finding]:
        return self.attempt.findings

    @property
    def in_batches(self) -> Attempt | None:
        """Return what came of several samples at once, where that is not the form that counts."""
        return None if self.tried[0] is self.attempt else self.tried[0]

    @property
    def outcome(self) -> str:
        made = self.attempt
        if not made.findings:
            return "failed"
        return "wrong" if made.damaged or made.unstable or not made.right else "right"


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
    experiment = experiment.with_training(mistakes=())
    checks: list[FunctionCheck] = []
    with UserCode(file, limit, python) as code:
        for function, signature in _functions(code.load()):
            takes = taken(function, signature, experiment)
            made, tried = _best(code, function, experiment, takes)
            checks.append(FunctionCheck(function, signature, made, tried, experiment))
            if made.stopped is not None:
                break
    explained = tuple(_explained(one, file, python, limit) for one in checks)
    return Check(file, experiment, explained, python)


def _explained(
    check: FunctionCheck, file: Path, python: Interpreter, limit: float
) -> FunctionCheck:
    """Return the check with what its lines say, and what else explains what is wrong."""
    made = check.attempt
    if not made.findings or made.unstable:
        return check
    drawn = [one for one in made.telling if not one.case.own] or [*made.telling]
    telling = next((one for one in [*drawn, *made.telling] if _wrong([one])), drawn[0])
    check = replace(check, traced=traced(file, python, limit, made, telling))
    if made.right:
        return check
    known, wrong = check.traced, check.traced.wrong
    told = known.ignored or known.updates > 1 or (wrong and all(line.should_be for line in wrong))
    others = [one for one in made.trials if one is not telling and not one.case.own]
    causes = diagnose(telling, made.findings, others, told=bool(told))
    # a line has seen the numbers of one network only, in which a factor may be many things
    named = {name for cause in causes for name in cause.mistakes}
    factors = {name for name, mistake in MISTAKES.items() if mistake.factor} - named
    lines = [
        replace(line, mistake=None) if line.mistake in factors else line for line in known.lines
    ]
    return replace(check, causes=causes, traced=replace(known, lines=lines))


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


def _best(
    code: UserCode, function: FunctionName, experiment: Experiment, takes: Takes
) -> tuple[Attempt, Sequence[Attempt]]:
    """Try the forms until nothing better can come; return the one that counts, and all."""
    tried, before = list[Attempt](), code.answered
    for form in FORMS:
        made = Attempt(form, takes)
        tried.append(made)
        _examine(code, function, experiment, made)
        if made.stopped is not None or made.settled:
            break
    first, last, chosen = tried[0], tried[-1], min(tried, key=lambda one: one.rank)
    if last.stopped is not None and not chosen.right:
        if last.out_of_time:  # the code may just be slow: what it gave settles nothing
            ended = [one for one in last.failures if one.stopped is last.stopped]
            only = replace(last, failures=ended, answered=code.answered - before)
            only.findings, only.fixed = (), None
            return only, [only]
        chosen = last
    elif experiment.schedule.batch_size > 1 and first.rank[0] == 1:
        chosen = first  # it takes batches, so these are what it is judged by
    return chosen, tried


def _examine(code: UserCode, function: FunctionName, experiment: Experiment, made: Attempt) -> None:
    """Call a function in one form, and judge what it gives on the preset's own sizes."""
    single, layers = made.form != "batch", experiment.network.layers
    cases = cases_for(experiment, bias=made.biases, single=single, function=function)
    attempt(code, function, cases, made)
    own = [one for one in made.trials if one.case.experiment.network.layers == layers]
    if not own or any(one.case.experiment.network.layers == layers for one in made.failures):
        return
    samples = own[0].case.samples
    alike = [one for one in own if samples in (1, one.case.samples)]
    judged = own if _wrong(own) <= _wrong(alike) else alike
    made.judge(judged)
    others = [one for one in made.trials if one not in judged]
    elsewhere = (one for one in others if not _wrong([one]) <= _wrong(judged))
    made.fixed = next(iter(made.failures), None) or next(elsewhere, None)


def _wrong(trials: Sequence[Trial]) -> set[str]:
    """Return the quantities that are wrong in some of the trials."""
    return {one.name for one in findings_of(trials) if one.wrong}
