"""What there is to say about the functions of a file: their reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path

from bptui.check.functions.calls import FORMS
from bptui.check.functions.causes import (
    failed,
    not_a_slip,
    not_loaded,
    right_code,
    striking,
    what_is_wrong,
    what_stands_out,
    why,
)
from bptui.check.functions.check import Check, FunctionCheck
from bptui.check.numbers.comparing import UNCHANGED
from bptui.check.numbers.trials import Trial
from bptui.check.reports.report import Example, Line, Parameter, Report, Row, as_plain
from bptui.check.running.interpreter import Interpreter
from bptui.core.experiment import Experiment
from bptui.core.mistakes import MISTAKES
from bptui.explain.captions import loss_formula
from bptui.explain.words import OVER, listed
from bptui.presets.errors import cleaned, printable

MOST_PRINTED, LONGEST = 12, 200
"""Lines of the code's own output that are shown, and columns."""
KEPT = (
    "Called with the same numbers right after loading, it gives different ones than after other "
    "calls: it keeps something from call to call."
)
UNSTABLE = (
    "Reloaded and called with the same numbers, it gave different results. Backpropagation has "
    "nothing random in it; look for np.random, dropout, an uninitialised np.empty, or the time."
)


def reports_of(check: Check) -> list[Report]:
    """Return what a check has found out, a report for each function."""
    reports = list[Report]()
    name, formula = check.experiment.training.loss, loss_formula(check.experiment)
    loss = {"name": name, "line": None, "formula": formula, "given": True}
    parameters = [*_parameters(check)]
    for one in check.functions:
        reports.append(replace(_report(one, check), loss=loss, parameters=parameters))
    return reports


def unchecked(file: Path, error: Exception, python: Interpreter) -> Report:
    """Return the report on a file in which nothing could be checked."""
    return Report(str(file), "failed", trouble=[*not_loaded(file, error, python)])


def _facts(check: Check) -> Iterator[tuple[str, str]]:
    experiment, training = check.experiment, check.experiment.training
    yield "preset", printable(experiment.name)
    yield "network", str(experiment.network)
    batch = (
        f", {OVER[training.reduction]} over the batch" if experiment.schedule.batch_size > 1 else ""
    )
    penalty = f", plus {training.l2:g} times the sum of all squared weights" if training.l2 else ""
    yield "loss", f"{training.loss}{batch}{penalty}"
    if not check.python.is_own:
        yield "python", printable(str(check.python))


def _report(check: FunctionCheck, whole: Check) -> Report:
    signature, made = check.signature, check.attempt
    names = ", ".join([*map(printable, signature.names), *(["..."] if signature.variable else [])])
    line = f", line {signature.line}" if signature.line else ""
    report = Report(
        str(whole.file),
        check.outcome,
        heading=f"{printable(whole.file.name)}, {check.function}({names}){line}",
        facts=[*_facts(whole), *zip(chain(["called"], repeat("")), _called(check), strict=False)],
        files=made.files,
    )
    rows = [*_printed(made.run.printed if made.run else "")]
    if not made.findings:
        trouble = [*failed(check, whole.python)]
        return replace(report, reason=as_plain(trouble), rows=[*rows, *trouble])
    lines, quantities, result = [*_lines(check)], _quantities(check), _result(check)
    if check.outcome != "right":
        report = replace(report, reason=result)
    if not lines:
        lines, quantities = quantities, []
    own = [one for one in made.findings if one.trial is not None and one.trial.case.own]
    since = min((one.call for one in own if one.wrong), default=0)
    if since and check.function == "step" and not made.unstable:
        name = printable(check.experiment.name)
        rows += [Row(f"With {name}'s own data, step {since} is the first that differs.")]
    rows += [Row(UNSTABLE)] * made.unstable + [Row(KEPT)] * made.kept
    mistakes = list(dict.fromkeys(name for cause in check.causes for name in cause.mistakes))
    told = {line.mistake for line in lines}
    rows += [Row(f"{name}: it {MISTAKES[name].summary}") for name in mistakes if name not in told]
    rows += [Row()] * bool(rows) + [Row(f"{result}.")]
    named = check.causes[0].mistakes if check.causes else ()
    return replace(report, lines=lines, quantities=quantities, rows=rows, mistakes=named)


def _lines(check: FunctionCheck) -> Sequence[Line]:
    """Return the lines of the code with their verdicts; none that do not tell it."""
    right, found = check.attempt.right, check.traced
    if bool(found.wrong) == right or (not_a_slip(check) and not found.spoiled):
        return []
    return found.lines


def _result(check: FunctionCheck) -> str:
    """Return what came out, in a few words."""
    made, faults = check.attempt, list[str]()
    if made.unstable:
        faults.append("different numbers every time")
    elif not made.right:
        faults.append(what_is_wrong(check))
    if made.damaged:
        faults.append(f"changes {listed(made.damaged)} in place")
    given = [one.name for one in made.findings if one.verdict != "not given"]
    batch = check.in_batches
    split = batch is not None and bool(batch.findings) and not batch.right
    right = f"right{' for one sample at a time' if split else ''} ({listed(given)})"
    return f"{check.function}: {'; '.join(faults) or right}"


def _called(check: FunctionCheck) -> Iterator[str]:
    """Yield how the function was called, on what, and what else is worth knowing."""
    made, experiment, batch = check.attempt, check.experiment, check.in_batches
    name = printable(experiment.name)
    if made.trials:
        yield f"{FORMS[made.form]}; compared on {_compared(made.trials, name)}"
    if made.findings and batch is not None:
        # a failure on other sizes alone does not tell why it got one sample at a time
        because = striking(batch.findings) or "wrong numbers"
        if batch.failure is not None:
            because = why(batch.failure)
        also = (
            ""
            if experiment.schedule.batch_size == 1
            else (f"; {name} trains on batches, whose gradients must still be put together")
        )
        yield f"with several samples in rows: {because}; so it got one at a time{also}"
    if made.biases != experiment.network.bias:
        has, takes = ("no ", "some") if made.biases else ("", "none")
        yield (
            f"{name} has {has}biases, but the function takes {takes}: it was compared with the "
            f"same network {'with' if made.biases else 'without'} biases"
        )
    if check.function == "step" and experiment.training.optimizer != "sgd":
        yield (
            f"a step is compared with plain gradient descent; {name} trains with "
            f"{experiment.training.optimizer}, whose state step does not receive"
        )
    if (fixed := made.fixed) is not None:
        wrong = "its numbers are wrong" if isinstance(fixed, Trial) else why(fixed)
        assert fixed.case is not None, "of another case"
        only, other = _sizes(experiment), _sizes(fixed.case.experiment)
        if only == other:
            count = experiment.schedule.batch_size
            only, other = f"batches of {count}", f"{fixed.case.samples}"
            wrong += f"; is there a {count} where the number of samples belongs?"
        yield f"it works only for {only}; on {other}: {wrong}"
    if made.damaged:
        belong = "belongs" if [*made.damaged] in (["x"], ["t"]) else "belong"
        yield (
            f"it changes {listed(made.damaged)} in place, which {belong} to the caller: the next "
            "step would use different numbers"
        )
    yield from map(printable, made.notes)


def _compared(trials: list[Trial], name: str) -> str:
    """Return ``article's own data and random data for 2-2-2 and 4-5-3``."""
    own = [f"{name}'s own data"] if any(trial.case.own for trial in trials) else []
    drawn = [_sizes(trial.case.experiment) for trial in trials if not trial.case.own]
    return " and ".join([*own, *([f"random data for {listed(drawn)}"] if drawn else [])])


def _sizes(experiment: Experiment) -> str:
    return "-".join(map(str, experiment.network.layers))


def _printed(output: str) -> Iterator[Row]:
    lines = cleaned(output).splitlines()
    if any(line.strip() for line in lines):
        yield Row("output of the code:")
        for line in lines[:MOST_PRINTED]:
            text = line if len(line) <= LONGEST else f"{line[:LONGEST]}..."
            yield Row(text, 2, "row")
        if len(lines) > MOST_PRINTED:
            yield Row(f"... {len(lines) - MOST_PRINTED} more lines", 2, "row")


def _quantities(check: FunctionCheck) -> list[Line]:
    """Return each given quantity, with the code of those that are wrong of their own."""
    right, made = set[str](), list[Line]()
    sources = {name: of for of, name in check.experiment.network.gradients.items()}
    for finding in check.findings:
        if finding.verdict == "not given":
            continue
        name, wrong, code = finding.name, finding.wrong, None
        if not wrong:
            right.add(name)
        if finding.verdict == "wrong":
            code = "\n".join(right_code(finding, check, right))
        stands_for = f"dL/d{sources[name]}" if name in sources else None
        said = what_stands_out(finding) or None
        if finding.verdict == "convention" and finding.ratio is not None:
            said = finding.ratio.text
        example = Example(finding.index, finding.found, finding.expected) if wrong else None
        verdict = finding.verdict if wrong else "right"
        made.append(Line(None, None, name, stands_for, verdict, code, said, example))
    return made


def _parameters(check: Check) -> Iterator[Parameter]:
    """Yield the JSON of each matrix and vector of biases: its gradient and its update."""
    every = [one for function in check.functions for one in function.findings]
    found = {one.name: one for one in every if one.verdict != "not given"}
    biases = any(function.attempt.biases for function in check.functions)
    traced = [function.traced.checked for function in check.functions]
    named = {p.name: p.gradient for one in traced if one for p in one.report.parameters}
    for name, shape in replace(check.experiment.network, bias=biases).shapes.items():
        given = [found[one] for one in (f"g{name}", name) if one in found]
        wrong = [one for one in given if one.wrong]
        verdict = "wrong" if wrong else "right" if given else "unclear"
        if any(one.notice == UNCHANGED for one in wrong):
            verdict = "not updated"
        ratios = [one.ratio.value for one in wrong if one.ratio is not None]
        yield Parameter(
            name,
            shape,
            f"g{name}" if f"g{name}" in found else named.get(name),
            verdict,
            ratios[0] if ratios else None,
            max((one.error for one in given), default=0.0),
        )
