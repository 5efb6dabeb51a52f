"""A gradient check as a record for other programs, of the form that ``bptui help json`` tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from bptui.check.gradcheck.chain import Link
from bptui.check.gradcheck.check import GradientCheck
from bptui.check.gradcheck.comparison import Comparison
from bptui.check.gradcheck.report import summary
from bptui.core.experiment import Experiment

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
    name = comparison.name.removeprefix("g")
    frozen = check.snapshot.experiment.frozen.get(name)
    found = [*_numbers(check, comparison)]
    verdicts = {each["verdict"] for each in found}
    return {
        "name": name,
        "shape": check.snapshot.values[comparison.name].shape,
        "gradient": comparison.name,
        "frozen": None if frozen is None else frozen.reason,
        "verdict": next(each for each in ("wrong", "kink", "right") if each in verdicts),
        "ratio": comparison.ratio,
        "max_error": float(np.max(comparison.relative_error)),
        "numbers": found,
    }


def _numbers(check: GradientCheck, comparison: Comparison) -> Iterator[Record]:
    names, places = check.snapshot.experiment.network.names, comparison.places
    left, right, central = comparison.left, comparison.right, comparison.central
    for position in range(places.size):
        kink = bool(comparison.kink[position])
        yield {
            "name": places.parameter(names, position),
            "index": places.index(position),
            "analytic": comparison.analytic[position],
            "numerical": comparison.numerical[position],
            "central": None if kink or central is None else central[position],
            "one_sided": [left[position], right[position]]
            if comparison.at_kink[position]
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
