"""A gradient check as a record for other programs, of the form that ``bptui help json`` tells."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan
from typing import Any, TypeAlias

import numpy as np

from bptui.core.experiment import Experiment
from bptui.core.gradcheck.chain import Link
from bptui.core.gradcheck.check import GradientCheck
from bptui.core.gradcheck.comparison import Comparison
from bptui.core.gradcheck.report import summary
from bptui.core.gradcheck.table import parameter_name

Record: TypeAlias = dict[str, Any]
SCHEMA = 1


def record(check: GradientCheck) -> Record:
    """Every gradient that was checked, and the chain of operations."""
    snapshot = check.snapshot
    behind = [name for link in check.links for name in link.mistakes]
    return _record(snapshot.experiment, snapshot.step) | {
        "loss": snapshot.loss,
        "verdict": "right" if check.right else "wrong",
        "reason": None if check.right else "\n".join(summary(check)),
        "parameters": [_parameter(check, each) for each in check.gradients],
        "chain": [_link(each) for each in check.links],
        "first_wrong": check.first_wrong.operation if check.first_wrong else None,
        "mistakes": [*dict.fromkeys(behind)],
        "hidden_mistakes": check.hidden_mistakes,
        "idle_mistakes": check.idle_mistakes,
        "checked": check.checked,
        "total": check.total,
    }


def unchecked(experiment: Experiment, step: int, reason: str) -> Record:
    """The same of a step that has no gradients to check."""
    return _record(experiment, step) | {"verdict": "failed", "reason": reason}


def _record(experiment: Experiment, step: int) -> Record:
    return {
        "schema": SCHEMA,
        "preset": experiment.name,
        "step": step,
        "loss": None,
        "verdict": None,
        "reason": None,
        "parameters": [],
        "chain": [],
        "first_wrong": None,
        "mistakes": [],
        "hidden_mistakes": [],
        "idle_mistakes": [],
        "checked": 0,
        "total": experiment.network.parameter_count,
    }


def _parameter(check: GradientCheck, comparison: Comparison) -> Record:
    experiment = check.snapshot.experiment
    name = comparison.name.removeprefix("g")
    frozen = experiment.frozen.get(name)
    found = [*_numbers(check, comparison)]
    verdicts = {each["verdict"] for each in found}
    order = ("wrong", "unclear", "kink", "right")
    return {
        "name": name,
        "shape": check.snapshot.values[comparison.name].shape,
        "gradient": comparison.name,
        "frozen": None if frozen is None else frozen.reason,
        "verdict": next(each for each in order if each in verdicts),
        "ratio": comparison.ratio,
        "max_error": float(np.max(comparison.relative_error)),
        "numbers": found,
    }


def _numbers(check: GradientCheck, comparison: Comparison) -> Iterator[Record]:
    names, derivatives = check.snapshot.experiment.network.names, comparison.derivatives
    differences = comparison.differences
    for position in range(comparison.analytic.size):
        central = float(differences.values[position]) if differences is not None else float("nan")
        kink = comparison.verdict(position) == "kink"
        yield {
            "name": parameter_name(names, derivatives.places, position),
            "index": derivatives.places.index(position),
            "analytic": comparison.analytic[position],
            "numerical": comparison.numerical[position],
            "central": None if isnan(central) else central,
            "one_sided": [derivatives.left[position], derivatives.right[position]]
            if kink
            else None,
            "relative_error": comparison.relative_error[position],
            "verdict": comparison.verdict(position),
        }


def _link(link: Link) -> Record:
    verdict = "right" if not link.wrong else "follows" if link.follows_from else "wrong"
    return {
        "operation": link.operation,
        "verdict": verdict,
        "follows_from": link.follows_from,
        "mistakes": link.mistakes,
        "faults": [
            {"parameter": each.name, "never_applied": each.never_applied} for each in link.faults
        ],
    }
