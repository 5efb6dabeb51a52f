"""What a diagnosis found: a verdict for each named quantity, and the causes that fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from bptui.check.diagnosis.trials import Trial

Verdict: TypeAlias = Literal["right", "convention", "wrong", "follows", "not given"]
"""
``convention``: a constant factor away from bptui's, with which all results are right all the same
(delta without the 1/n of the mean, or -dL/dnet). ``follows``: wrong, but what the right formula
makes of the code's own earlier quantities, so only those need mending.
"""


@dataclass(frozen=True)
class Ratio:
    """``found`` is a constant times what was expected, in every number of every trial.

    ``meanings`` says what that constant is: "twice", "half", "the batch size", "1/the batch size",
    "the learning rate", "the opposite sign", ...; several where several fit; empty for a constant
    that has no name, whose ``value`` is then the same everywhere.
    """

    value: float
    meanings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Finding:
    """The verdict on one quantity, and the place where it is (first) wrong.

    ``error`` is the largest difference over the largest expected number, of the worst trial.
    """

    name: str
    verdict: Verdict
    error: float = 0.0
    trial: Trial | None = None
    call: int = 0
    index: tuple[int, ...] = ()
    expected: float = 0.0
    found: float = 0.0
    ratio: Ratio | None = None
    source: str = ""
    """The earlier quantity that it ``follows`` from."""
    notice: str = ""
    """What is striking about a wrong array: "it is the transpose of what is right", ..."""


@dataclass(frozen=True)
class Cause:
    """Mistakes of the catalogue that, made together, give what the code gave, on every trial.

    ``other`` names what is not in the catalogue: "the L2 penalty is left out", ...
    """

    mistakes: tuple[str, ...]
    other: tuple[str, ...] = ()
    layer: int = 0
    """The only layer in which the mistakes are made; 0: wherever they can be."""

    @property
    def size(self) -> int:
        return len(self.mistakes) + len(self.other)


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """``findings`` in the order of a step; ``causes`` the smallest that fit, all of them."""

    findings: tuple[Finding, ...]
    causes: tuple[Cause, ...]

    @property
    def right(self) -> bool:
        """Whether nothing given is wrong."""
        return all(each.verdict not in ("wrong", "follows") for each in self.findings)

    @property
    def first_wrong(self) -> Finding | None:
        """The first link of the chain that is wrong."""
        return next((each for each in self.findings if each.verdict == "wrong"), None)
