"""A check's report as a record for other programs, of the form that ``bptui help json`` tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from bptui.check.check import Check, FunctionCheck, UncheckableError
from bptui.check.diagnosis.notices import UNCHANGED
from bptui.check.interpreter import Interpreter
from bptui.check.reporting.causes import named
from bptui.check.reporting.failures import failed, not_loaded
from bptui.check.reporting.links import right_lines
from bptui.check.reporting.quantities import ratio_text
from bptui.check.reporting.report import result
from bptui.explain.words import loss_formula

Record: TypeAlias = dict[str, Any]
SCHEMA = 1
ENDLESS = 10**6
"""Columns: sentences stay on one line."""
WRONG = ("wrong", "follows")


def record(check: Check, seconds: float) -> Record:
    """What was found out about the functions of a file."""
    loss, formula = check.experiment.training.loss, loss_formula(check.experiment)
    return _record(check.file, check.outcome, _reasons(check), seconds) | {
        "loss": {"name": loss, "line": None, "formula": formula, "given": True},
        "parameters": [*_parameters(check)],
        "lines": [line for each in check.functions for line in _lines(each)],
        "mistakes": [*dict.fromkeys(_mistakes(check))],
    }


def unchecked(file: Path, error: UncheckableError, python: Interpreter, seconds: float) -> Record:
    """The same of a file in which nothing could be checked."""
    return _record(file, "failed", not_loaded(file, error, python), seconds)


def _record(file: Path, verdict: str, reasons: Iterable[str], seconds: float) -> Record:
    return {
        "schema": SCHEMA,
        "file": str(file),
        "verdict": verdict,
        "reason": "\n".join(reasons) or None,
        "loss": None,
        "parameters": [],
        "lines": [],
        "first_wrong_lines": [],
        "mistakes": [],
        "seconds": seconds,
    }


def _mistakes(check: Check) -> Iterator[str]:
    """Those of the explanation that is put first."""
    for each in check.functions:
        if each.examined.diagnosis is not None and not each.examined.attempt.unstable:
            for cause in named(each.examined.diagnosis)[:1]:
                yield from cause.mistakes


def _reasons(check: Check) -> Iterator[str]:
    for each in check.functions:
        if each.examined.diagnosis is None:
            yield from failed(each, check.python, ENDLESS)
        elif each.outcome != "right":
            yield result(each)


def _lines(check: FunctionCheck) -> Iterator[Record]:
    """A record for each quantity that the function gave, in the order of a step."""
    right: set[str] = set()
    for finding in check.examined.diagnosis.findings if check.examined.diagnosis else ():
        if finding.verdict == "not given":
            continue
        wrong = finding.verdict in WRONG
        if not wrong:
            right.add(finding.name)
        code = right_lines(finding, check, right) if finding.verdict == "wrong" else []
        yield {
            "line": None,
            "text": None,
            "variable": finding.name,
            "stands_for": _stands_for(finding.name),
            "verdict": finding.verdict if wrong else "right",
            "should_be": "\n".join(code) or None,
            "difference": (ratio_text(finding) or finding.notice or None) if wrong else None,
            "example": {
                "index": [*finding.index],
                "found": finding.found,
                "expected": finding.expected,
            }
            if wrong
            else None,
        }


def _stands_for(name: str) -> str | None:
    """The derivative that a quantity is; None where it is none."""
    if name.startswith("delta_"):
        return f"dL/dnet_{name.removeprefix('delta_')}"
    return f"dL/d{name.removeprefix('g')}" if name.startswith("g") else None


def _parameters(check: Check) -> Iterator[Record]:
    """A record for each matrix and vector of biases: its gradient and its update."""
    found = {
        finding.name: finding
        for each in check.functions
        if each.examined.diagnosis is not None
        for finding in each.examined.diagnosis.findings
        if finding.verdict != "not given"
    }
    layers, names = check.experiment.network.layers, check.experiment.network.names
    biases = any(each.examined.attempt.biases for each in check.functions)
    for layer in range(1, names.depth + 1):
        shapes = {names.weights(layer): [layers[layer - 1], layers[layer]]}
        if biases:
            shapes[names.bias(layer)] = [layers[layer]]
        for name, shape in shapes.items():
            given = [found[each] for each in (f"g{name}", name) if each in found]
            wrong = [each for each in given if each.verdict in WRONG]
            verdict = "wrong" if wrong else "right" if given else "unclear"
            if any(each.notice == UNCHANGED for each in wrong):
                verdict = "not updated"
            ratios = [each.ratio.value for each in wrong if each.ratio is not None]
            yield {
                "name": name,
                "shape": shape,
                "gradient": f"g{name}" if f"g{name}" in found else None,
                "verdict": verdict,
                "ratio": ratios[0] if ratios else None,
                "max_error": max((each.error for each in given), default=0.0),
            }
