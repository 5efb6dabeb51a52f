"""The mistakes that explain the numbers, and where to look when none does."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import replace

from bptui.checking.check import FunctionCheck
from bptui.checking.reporting.links import missing
from bptui.checking.reporting.quantities import (
    digits_right,
    phrases,
    ratio_text,
)
from bptui.checking.reporting.words import INDENT, hanging, own_words
from bptui.core.derivation.code import assignment, folded
from bptui.core.derivation.equation import Comparison, Equation
from bptui.core.derivation.explain import Explainer
from bptui.core.derivation.expression import quantities
from bptui.core.derivation.report import Report
from bptui.core.derivation.symbols import Symbols
from bptui.core.diagnosis.findings import Cause, Diagnosis, Finding, Ratio
from bptui.core.diagnosis.rewritten import rewritten
from bptui.core.diagnosis.trials import Case
from bptui.core.mistakes import MISTAKES
from bptui.core.training import Engine

MOST_CAUSES, MOST_DIFFERENCES = 4, 3


CONSTANTS = {
    "doubled": "twice",
    "missing-half": "half",
    "wrong-sign": "the opposite sign",
    "not-averaged": "the batch size",
    "averaged-twice": "1/the batch size",
}
"""Mistakes that are nothing but a constant factor."""


FEW_NUMBERS = 12
"""A network of so few numbers is also explained in single numbers."""


def cause_lines(check: FunctionCheck, width: int, shown: set[str]) -> Iterator[str]:
    """The diagnosis: what was probably written, and what it should be.

    ``shown`` holds what the report has shown before and does not repeat; it is added to.
    """
    diagnosis = check.examined.diagnosis
    if diagnosis is None:
        return
    yield ""
    if not diagnosis.causes:
        yield from no_cause(check, width)
        return
    causes = named(diagnosis)
    later = check.examined.later
    when = f"call {later + 1}" if check.examined.attempt.kept else f"step {later}"
    since = f", from {when} on; before it all is right" if later else ""
    if len(causes) > 1:
        yield f"Diagnosis: {len(causes)} explanations fit equally"
    for place, cause in enumerate(causes[:MOST_CAUSES], 1):
        start = f"{place}. " if len(causes) > 1 else "Diagnosis: "
        text = f"{start}{_name(cause)}{since}"
        yield from textwrap.wrap(text, width, subsequent_indent=INDENT)
        yield from _cause(cause, check, width, shown)
    if len(causes) > MOST_CAUSES:
        yield f"and {len(causes) - MOST_CAUSES} more that fit equally"
    same = [f"where {_name(each)}" for each in diagnosis.causes if each not in causes]
    same += [f"where every number is the right one {each}" for each in readings(diagnosis)]
    if same:
        yield from hanging(f"the same numbers come {', or '.join(same)}", width)


def readings(diagnosis: Diagnosis) -> list[str]:
    """What a constant ratio may mean besides the mistake that is named for it."""
    (first, *more) = named(diagnosis)
    results = [
        each
        for each in diagnosis.findings
        if each.verdict in ("wrong", "follows") and each.name.startswith(("g", "W", "b"))
    ]
    ratios = [each.ratio for each in results]
    if more or len(first.mistakes) != 1 or not ratios or ratios[0] is None:
        return []
    if any(each is None or each.meanings != ratios[0].meanings for each in ratios):
        return []
    same = CONSTANTS.get(first.mistakes[0])
    rest = tuple(each for each in ratios[0].meanings if each != same)
    return phrases(Ratio(ratios[0].value, rest)) if rest and same in ratios[0].meanings else []


def named(diagnosis: Diagnosis) -> tuple[Cause, ...]:
    """The causes that are put first: of mistakes of the catalogue alone, where there are such."""
    known = tuple(each for each in diagnosis.causes if not each.other)
    return known or diagnosis.causes


def _name(cause: Cause) -> str:
    return " + ".join((*cause.mistakes, *cause.other))


def _cause(cause: Cause, check: FunctionCheck, width: int, shown: set[str]) -> Iterator[str]:
    for name in cause.mistakes:
        text = f"{name}: {MISTAKES[name].summary}" if cause.size > 1 else MISTAKES[name].summary
        yield from hanging(text, width)
    cases = [each.case for each in check.examined.attempt.trials if not each.case.own]
    layers = check.experiment.network.layers
    case = next((each for each in cases if each.experiment.network.layers == layers), cases[0])
    symbols = Symbols(case.experiment.network.names)
    report = Report(symbols, width)
    given = {each.name for each in _findings(check) if each.verdict != "not given"}
    for comparison in rewritten(cause, case):
        if comparison.published.left.name == "loss" and "loss" not in given:
            continue
        lines = [
            f"{INDENT}you probably wrote",
            *_code(comparison.published, symbols, width),
            f"{INDENT}it should be",
            *_code(comparison.correct, symbols, width),
        ]
        told = [report.difference(each, comparison, "numpy") for each in comparison.differences]
        unchanged = comparison.published.expression == replace(comparison.published.left, new=False)
        silent = unchanged or any("the loss is" in each for each in cause.other)
        for text in [] if silent else list(dict.fromkeys(told))[:MOST_DIFFERENCES]:
            lines += hanging(text, width)
        if "\n".join(lines) not in shown:
            shown.add("\n".join(lines))
            yield from lines
    for text in _single_numbers(cause, case, report):
        if text not in shown:
            shown.add(text)
            yield from hanging(text, width)


def _findings(check: FunctionCheck) -> tuple[Finding, ...]:
    diagnosis = check.examined.diagnosis
    return diagnosis.findings if diagnosis is not None else ()


def _code(equation: Equation, symbols: Symbols, width: int) -> list[str]:
    """The line of code; an update that leaves a parameter as it is, in words."""
    if equation.expression == replace(equation.left, new=False):
        return [f"{INDENT * 2}nothing: {symbols.code(equation.left.name)} stays as it is"]
    updated = [each.name for each in quantities(equation.expression) if symbols.is_new(each)]
    remark = f"  # {', '.join(dict.fromkeys(updated))} after the update" if updated else ""
    lines = folded(own_words(assignment(equation, symbols)) + remark, width - 2 * len(INDENT))
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


def no_cause(check: FunctionCheck, width: int) -> Iterator[str]:
    diagnosis = check.examined.diagnosis
    assert diagnosis is not None, "asked only with a diagnosis"
    first = diagnosis.first_wrong
    if first is None:
        return
    constant = constant_of(diagnosis)
    if constant:
        text = (
            f"Diagnosis: a constant factor: {constant}. No mistake of the catalogue is just that."
        )
        yield from textwrap.wrap(text, width, subsequent_indent=INDENT)
        return
    digits = digits_right(diagnosis.findings)
    if digits:
        text = (
            f"Diagnosis: none. The numbers are right to {digits} digits, so the formulas may well "
            "be: look for rounding, numerical differentiation, or an approximation of a function."
        )
        yield from textwrap.wrap(text, width, subsequent_indent=INDENT)
        return
    text = "Diagnosis: none. No combination of the mistakes that bptui knows gives these numbers."
    yield from textwrap.wrap(text, width, subsequent_indent=INDENT)
    wrong = [each for each in diagnosis.findings if each.verdict == "wrong"]
    unknown = list(dict.fromkeys(name for each in wrong for name in missing(each, diagnosis)))
    if check.function == "step":
        text = "Define gradients too, which can return what is between: it shows where to look."
    elif unknown:
        free = [each.name for each in diagnosis.findings if each.verdict == "not given"]
        more = ", ".join(each for each in free if not each.startswith("g"))
        text = (
            f"Look at the line that computes {first.name}, and at what it reads: return a dict "
            f"that has more of {more}, and the first wrong link is found."
        )
    elif len(wrong) > 1:
        names = [each.name for each in wrong]
        text = f"Look at the lines that compute {', '.join(names[:-1])} and {names[-1]}."
    else:
        text = f"Look at the line that computes {first.name}: what it reads is right."
    yield from textwrap.wrap(text, width, subsequent_indent=INDENT)


def constant_of(diagnosis: Diagnosis) -> str:
    """What all that is wrong is, where that is one constant times the right numbers; or ""."""
    wrong = [each for each in diagnosis.findings if each.verdict in ("wrong", "follows")]
    texts = {ratio_text(each) for each in wrong}
    return texts.pop() if len(texts) == 1 else ""
