"""Checks a file with a user's own backpropagation: each of its functions, in the form it takes."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import compress
from pathlib import Path

from bptui.check.functions.calls import (
    FORMS,
    Attempt,
    Failure,
    Form,
    NotLoadedError,
    attempt,
    same_calls,
)
from bptui.check.functions.signatures import Signature, Takes, defined, taken
from bptui.check.functions.traced import Traced, judged
from bptui.check.numbers.judging import Finding, findings_of
from bptui.check.numbers.search import Cause, diagnose
from bptui.check.numbers.trials import Case, FunctionName, Trial, cases_for
from bptui.check.running.interpreter import OWN, Interpreter
from bptui.core.experiment import Experiment
from bptui.core.mistakes import MISTAKES
from bptui.trace.run import source_of


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

    Raises :class:`NotLoadedError` where the file cannot be loaded, :class:`UncheckableError` where
    it has no function to check, and :class:`CannotStartError` where ``python`` runs nothing.
    """
    experiment = experiment.with_training(mistakes=())
    checks: list[FunctionCheck] = []
    for function, signature in _functions(file, experiment):
        checks.append(_Function(file, python, limit, function, signature, experiment).checked())
        made = checks[-1].attempt
        if made.failure is not None and made.failure.fatal:
            break
    return Check(file, experiment, tuple(checks), python)


def _functions(file: Path, experiment: Experiment) -> Iterator[tuple[FunctionName, Signature]]:
    """Yield the functions of a file that are to be checked; of what it imports, as expected."""
    try:
        found = defined(ast.parse(source_of(file)))
    except SyntaxError as error:
        way = [(file.name, error.lineno or 0, "", (error.text or "").strip())]
        failure = Failure(f"SyntaxError: {error.msg}", "raised", error.lineno, way)
        raise NotLoadedError(failure) from None
    names: tuple[FunctionName, ...] = ("gradients", "step")
    for name in (name for name in names if name in found):
        expected = ["x", "t", "weights", "biases", "learning_rate"]
        kept = [True, True, True, experiment.network.bias, name == "step"]
        yield name, found[name] or Signature([*compress(expected, kept)], sum(kept), 0)


@dataclass(frozen=True)
class _Function:
    """A function of a file, and how it is run."""

    file: Path
    python: Interpreter
    limit: float
    name: FunctionName
    signature: Signature
    experiment: Experiment

    def checked(self) -> FunctionCheck:
        """Return what its calls say, what its lines do, and what else explains what is wrong."""
        made, tried = self._best(taken(self.name, self.signature, self.experiment))
        check = FunctionCheck(self.name, self.signature, made, tried, self.experiment)
        if not made.findings or made.unstable:
            return check
        drawn = [one for one in made.telling if not one.case.own] or [*made.telling]
        telling = next((one for one in [*drawn, *made.telling] if _wrong([one])), drawn[0])
        told_by = made
        if telling is not made.trials[0]:  # its calls are to be the first on the tape
            told_by = self._tried(made.form, made.takes, telling.case)
        if told_by.trials and not told_by.plain:
            check = replace(check, traced=judged(self.file, told_by, told_by.trials[0]))
        if made.right:
            return check
        known, wrong = check.traced, check.traced.wrong
        told = bool(known.ignored) or known.updates > 1
        told = told or (bool(wrong) and all(line.should_be for line in wrong))
        others = [one for one in made.trials if one is not telling and not one.case.own]
        causes = diagnose(telling, made.findings, others, told)
        # a line has seen the numbers of one network only, in which a factor may be many things
        named = {name for cause in causes for name in cause.mistakes}
        factors = {name for name, mistake in MISTAKES.items() if mistake.factor} - named
        lines = [
            replace(line, mistake=None) if line.mistake in factors else line for line in known.lines
        ]
        return replace(check, causes=causes, traced=replace(known, lines=lines))

    def _best(self, takes: Takes) -> tuple[Attempt, Sequence[Attempt]]:
        """Try the forms until nothing better can come; return the one that counts, and all."""
        tried, batches = list[Attempt](), self.experiment.schedule.batch_size > 1
        for form in FORMS:
            tried.append(made := self._tried(form, takes))
            if made.settled or (batches and made.rank[0] == 1):
                break  # what takes batches is judged by these
        chosen = min(tried, key=lambda one: one.rank)
        if made.failure is not None and made.failure.fatal and not chosen.right:
            chosen = made
        return chosen, tried

    def _tried(self, form: Form, takes: Takes, only: Case | None = None) -> Attempt:
        """Call it in one form on all cases, or one only; judge it on the preset's own sizes."""
        bias, layers = Attempt(form, takes).biases, self.experiment.network.layers
        drawn = partial(cases_for, self.experiment, bias=bias, function=self.name)
        cases = (only,) if only else drawn(single=form != "batch")
        run = partial(attempt, self.file, self.python, self.limit, self.name)
        made = run(Attempt(form, takes), cases)
        own = [one for one in made.trials if one.case.experiment.network.layers == layers]
        if made.failure is not None or not own:
            return made
        own.sort(key=lambda one: not one.case.own)  # whose numbers people know
        presets = [one for one in own if one.case.own and one.case.samples > 1]
        made.judge(presets if presets and not _wrong(own) <= _wrong(presets) else own)
        if made.kept:  # so what comes later says little
            again = run(Attempt(form, takes), cases[:1])
            made.unstable = not (again.told and same_calls(made.told[0], again.told[0]))
            made.kept, made.fixed = not made.unstable, None
            return made
        others = (one for one in made.trials if one not in made.telling)
        elsewhere = (one for one in others if not _wrong([one]) <= _wrong(made.telling))
        made.fixed = made.fixed or next(elsewhere, None)
        return made


def _wrong(trials: Sequence[Trial]) -> set[str]:
    """Return the quantities that are wrong in some of the trials."""
    return {one.name for one in findings_of(trials) if one.wrong}
