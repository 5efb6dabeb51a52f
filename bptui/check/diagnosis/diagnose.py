"""The diagnosis of a user's code: what is wrong in what it gave, and which mistakes explain it."""

from __future__ import annotations

from collections.abc import Sequence

from bptui.check.diagnosis.causes import causes_of
from bptui.check.diagnosis.findings import Diagnosis
from bptui.check.diagnosis.judging import findings_of
from bptui.check.diagnosis.local import local_causes_of
from bptui.check.diagnosis.trials import Trial


def diagnose(trials: Sequence[Trial]) -> Diagnosis:
    """A verdict for each quantity of the step, and the smallest combinations of mistakes that fit.

    ``trials`` are those of one function, at least one. There are no causes where nothing that was
    given is wrong, and where no combination gives the same numbers in every trial. A mistake that
    is made in one layer only is looked for where none that is made in the whole network fits.
    :func:`~bptui.check.diagnosis.judging.findings_of` gives the verdicts alone, which is cheaper.
    """
    findings = findings_of(trials)
    causes = causes_of(trials, findings) or local_causes_of(trials, findings)
    return Diagnosis(findings, causes)
