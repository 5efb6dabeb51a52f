"""The end of a report: the first wrong link, and the mistakes that explain the numbers."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import replace

from bptui.checking.check import FunctionCheck
from bptui.core.derivation.code import assignment, folded
from bptui.core.derivation.equation import Comparison, Equation
from bptui.core.derivation.explain import Explainer, Statement
from bptui.core.derivation.expression import quantities
from bptui.core.derivation.report import Report
from bptui.core.derivation.symbols import Symbols
from bptui.core.diagnosis.findings import Cause, Diagnosis, Finding
from bptui.core.diagnosis.rewritten import rewritten
from bptui.core.diagnosis.trials import Case
from bptui.core.mistakes import MISTAKES
from bptui.core.names import Names
from bptui.core.training import Engine

INDENT = "  "
MOST_CAUSES, MOST_DIFFERENCES = 4, 3
FEW_NUMBERS = 12
"""A network of so few numbers is also explained in single numbers."""


def link_lines(check: FunctionCheck, width: int) -> Iterator[str]:
    """Where the chain of right numbers breaks, and what should stand there."""
    diagnosis = check.examined.diagnosis
    first = diagnosis.first_wrong if diagnosis is not None else None
    if diagnosis is None or first is None:
        return
    yield ""
    before = diagnosis.findings[: diagnosis.findings.index(first)]
    right = [each.name for each in before if each.verdict in ("right", "convention")]
    told = f"after {', '.join(right)}, which are right" if len(right) > 1 else ""
    told = f"after {right[0]}, which is right" if len(right) == 1 else told
    text = f"First wrong link: {first.name}{', ' if told else ''}{told}. It should be:"
    yield from textwrap.wrap(text, width, subsequent_indent=INDENT)
    case = (first.trial or check.examined.attempt.trials[0]).case
    for line in _right_lines(first, case, set(right), width):
        yield f"{INDENT}{line}"
    if first.call and first.trial is not None:
        yield from textwrap.wrap(_since(first, check), width, subsequent_indent=INDENT)
    for other in diagnosis.findings if not diagnosis.causes else ():
        if other.verdict == "wrong" and other is not first:
            text = f"Wrong of its own, not only from what is wrong before it: {other.name}."
            yield from textwrap.wrap(f"{text} It should be:", width, subsequent_indent=INDENT)
            for line in _right_lines(other, case, set(right), width):
                yield f"{INDENT}{line}"


def _since(first: Finding, check: FunctionCheck) -> str:
    """Which calls are right and which is the first that is not."""
    assert first.trial is not None, "asked with one"
    case, call = first.trial.case, first.call
    if case.own:
        before = "step 0 is" if call == 1 else f"steps 0 to {call - 1} are"
        return (
            f"On {check.experiment.name}'s own numbers {before} right; step {call} is the first "
            "that differs."
        )
    return (
        f"The first {f'{call} calls are' if call > 1 else 'call after loading is'} right and the "
        "next is not: something is kept from call to call."
    )


def _right_lines(finding: Finding, case: Case, known: set[str], width: int) -> list[str]:
    """The lines of code that give the quantity, from what is known to be right before it."""
    explainer = Explainer(case.experiment)
    snapshot = case.right[min(finding.call, len(case.right) - 1)]
    symbols = explainer.symbols
    wanted = _links(finding, explainer.names, known)
    lines: list[str] = []
    for name in wanted:
        for statement in explainer.explain(snapshot, name).arrays:
            code = assignment(_right(statement), symbols)
            lines += folded(code, width - len(INDENT))
    return lines


def _links(finding: Finding, names: Names, known: set[str]) -> list[str]:
    """The quantities on the way back to what is known, and that one itself."""
    name = finding.name
    for layer in range(1, names.depth + 1):
        delta, upstream = names.delta(layer), names.out_gradient(layer)
        gradients = (names.weight_gradient(layer), names.bias_gradient(layer))
        parameters = (names.weights(layer), names.bias(layer))
        if name == delta:
            return [upstream, delta]
        if name in gradients:
            return [name] if delta in known else [upstream, delta, name]
        if name in parameters:
            return [upstream, delta, gradients[parameters.index(name)], name]
    return [name]


def _right(statement: Statement) -> Equation:
    return statement.correct if isinstance(statement, Comparison) else statement


def cause_lines(check: FunctionCheck, width: int, shown: set[str]) -> Iterator[str]:
    """The diagnosis: what was probably written, and what it should be.

    ``shown`` holds what the report has shown before and does not repeat; it is added to.
    """
    diagnosis = check.examined.diagnosis
    if diagnosis is None:
        return
    yield ""
    if not diagnosis.causes:
        yield from _no_cause(check, width)
        return
    causes = named(diagnosis)
    later = check.examined.later
    since = f", from step {later} on; before it all is right" if later else ""
    if len(causes) > 1:
        yield f"Diagnosis: {len(causes)} explanations fit equally"
    for place, cause in enumerate(causes[:MOST_CAUSES], 1):
        start = f"{place}. " if len(causes) > 1 else "Diagnosis: "
        text = f"{start}{_name(cause)}{since}"
        yield from textwrap.wrap(text, width, subsequent_indent=INDENT)
        yield from _cause(cause, check, width, shown)
    if len(causes) > MOST_CAUSES:
        yield f"and {len(causes) - MOST_CAUSES} more that fit equally"
    same = [_name(each) for each in diagnosis.causes if each not in causes]
    if same:
        yield from _hanging(f"the same numbers come where {', or where '.join(same)}", width)


def named(diagnosis: Diagnosis) -> tuple[Cause, ...]:
    """The causes that are put first: of mistakes of the catalogue alone, where there are such."""
    known = tuple(each for each in diagnosis.causes if not each.other)
    return known or diagnosis.causes


def _name(cause: Cause) -> str:
    return " + ".join((*cause.mistakes, *cause.other))


def _cause(cause: Cause, check: FunctionCheck, width: int, shown: set[str]) -> Iterator[str]:
    for name in cause.mistakes:
        text = f"{name}: {MISTAKES[name].summary}" if cause.size > 1 else MISTAKES[name].summary
        yield from _hanging(text, width)
    cases = [each.case for each in check.examined.attempt.trials if not each.case.own]
    layers = check.experiment.network.layers
    case = next((each for each in cases if each.experiment.network.layers == layers), cases[0])
    symbols = Symbols(case.experiment.network.names)
    report = Report(symbols, width)
    for comparison in rewritten(cause, case):
        lines = [
            f"{INDENT}you probably wrote",
            *_code(comparison.published, symbols, width),
            f"{INDENT}it should be",
            *_code(comparison.correct, symbols, width),
        ]
        told = [report.difference(each, comparison, "numpy") for each in comparison.differences]
        unchanged = comparison.published.expression == replace(comparison.published.left, new=False)
        for text in [] if unchanged else list(dict.fromkeys(told))[:MOST_DIFFERENCES]:
            lines += _hanging(text, width)
        if "\n".join(lines) not in shown:
            shown.add("\n".join(lines))
            yield from lines
    for text in _single_numbers(cause, case, report):
        if text not in shown:
            shown.add(text)
            yield from _hanging(text, width)


def _hanging(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, initial_indent=INDENT, subsequent_indent=INDENT * 2)


def _code(equation: Equation, symbols: Symbols, width: int) -> list[str]:
    """The line of code; an update that leaves a parameter as it is, in words."""
    if equation.expression == replace(equation.left, new=False):
        return [f"{INDENT * 2}nothing: {symbols.code(equation.left.name)} stays as it is"]
    updated = [each.name for each in quantities(equation.expression) if symbols.is_new(each)]
    remark = f"  # {', '.join(dict.fromkeys(updated))} after the update" if updated else ""
    lines = folded(assignment(equation, symbols) + remark, width - 2 * len(INDENT))
    return [f"{INDENT * 2}{line}" for line in lines]


def _single_numbers(cause: Cause, case: Case, report: Report) -> Iterator[str]:
    """For code in the article's style: which number stands where which other belongs."""
    network = case.experiment.network
    if network.parameter_count > FEW_NUMBERS or not cause.mistakes or case.samples > 1:
        return
    training = replace(case.experiment.training, mistakes=cause.mistakes)
    experiment = replace(case.experiment, training=training)
    explainer, snapshot = Explainer(experiment), Engine(experiment).record()
    for layer in range(1, network.depth + 1):
        name = network.names.weight(layer, 0, 0)
        for section in explainer.explain(snapshot, f"g{name}").numbers:
            for statement in section.statements:
                if isinstance(statement, Comparison):
                    told = [report.difference(each, statement) for each in statement.differences]
                    yield f"in g{name}: {'; '.join(dict.fromkeys(told))}"


def _no_cause(check: FunctionCheck, width: int) -> Iterator[str]:
    diagnosis = check.examined.diagnosis
    assert diagnosis is not None, "asked only with a diagnosis"
    first = diagnosis.first_wrong
    names = {each.name for each in diagnosis.findings if each.verdict != "not given"}
    results = {name for name in names if name.startswith(("gW", "gb", "W", "b"))}
    text = "Diagnosis: none. No combination of the mistakes that bptui knows gives these numbers."
    yield from textwrap.wrap(text, width, subsequent_indent=INDENT)
    if first is not None and first.ratio is not None:
        return
    if check.function == "gradients" and names == results:
        missing = [each.name for each in diagnosis.findings if each.verdict == "not given"]
        some = ", ".join(each for each in missing if not each.startswith("g"))
        text = (
            f"To find the first wrong link, return a dict that has these too: {some}, as far as "
            "the code computes them."
        )
        yield from textwrap.wrap(text, width, subsequent_indent=INDENT)
    elif first is not None:
        wrong = [each.name for each in diagnosis.findings if each.verdict == "wrong"]
        text = f"Look at the line that computes {first.name}: what it reads is right."
        if len(wrong) > 1:
            text = f"Look at the lines that compute {', '.join(wrong[:-1])} and {wrong[-1]}."
        yield from textwrap.wrap(text, width, subsequent_indent=INDENT)
