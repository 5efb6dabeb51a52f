"""What a check of functions finds out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from bptui.check.calls import Attempt, Failure
from bptui.check.driver import Traced
from bptui.check.interpreter import OWN, Interpreter
from bptui.check.judging import Finding
from bptui.check.process import Stopped
from bptui.check.runner import Signature
from bptui.check.slips import Cause
from bptui.check.trials import FunctionName, Trial
from bptui.core.experiment import Experiment

Outcome: TypeAlias = Literal["right", "wrong", "failed"]
WRONG = ("wrong", "follows")
"""Verdicts of findings that are not right."""
BEST, FAILED = 0, 3


class UncheckableError(Exception):
    """The file has nothing that can be checked; the message says why."""

    def __init__(self, message: str, stopped: Stopped | None = None) -> None:
        super().__init__(message)
        self.stopped = stopped


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
            return FAILED, 0
        return int(not self.right) + self.attempt.misshapen, sum(
            one.verdict in WRONG for one in self.findings
        )


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
    def outcome(self) -> Outcome:
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

    @property
    def outcome(self) -> Outcome:
        """Return wrong where any function is wrong; else failed where one is."""
        found = {one.outcome for one in self.functions}
        return "wrong" if "wrong" in found else "failed" if "failed" in found else "right"
