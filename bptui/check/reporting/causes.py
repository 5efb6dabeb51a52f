"""The mistakes that explain the numbers, and where to look when none does."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import replace

from bptui.check.check import FunctionCheck
from bptui.check.diagnosis.findings import Cause, Diagnosis, Finding, Ratio
from bptui.check.diagnosis.rewritten import rewritten
from bptui.check.diagnosis.trials import Case
from bptui.check.reporting.links import missing
from bptui.check.reporting.quantities import (
    digits_right,
    phrases,
    plural,
    ratio_text,
)
from bptui.check.reporting.words import INDENT, Told, hanging, listed, own_words
from bptui.core.engine import Engine
from bptui.core.mistakes import MISTAKES
from bptui.explain.code import assignment, folded
from bptui.explain.equation import Comparison, Equation
from bptui.explain.explain import Explainer
from bptui.explain.expression import quantities
from bptui.explain.report import Report
from bptui.explain.symbols import Symbols
from bptui.explain.words import layer_words

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


def cause_lines(check: FunctionCheck, width: int, told: Told) -> Iterator[str]:
    """The diagnosis: what was probably written, and what it should be.

    ``told`` is what the report has said before; it is added to.
    """
    diagnosis = check.examined.diagnosis
    if diagnosis is None:
        return
    yield ""
    causes = named(diagnosis)
    if not causes:
        yield from no_cause(check, width)
        return
    later = check.examined.later
    when = f"call {later + 1}" if check.examined.attempt.kept else f"step {later}"
    since = f", from {when} on; everything before is right" if later else ""
    if len(causes) > 1:
        yield f"Diagnosis: {len(causes)} explanations fit equally well"
    for place, cause in enumerate(causes[:MOST_CAUSES], 1):
        start = f"{place}. " if len(causes) > 1 else "Diagnosis: "
        text = f"{start}{name_of(cause, check)}{since}"
        yield from textwrap.wrap(text, width, subsequent_indent=INDENT)
        yield from _cause(cause, check, width, told)
    if len(causes) > MOST_CAUSES:
        yield f"and {len(causes) - MOST_CAUSES} more that fit equally well"
    same = [name_of(each, check) for each in diagnosis.causes if each not in causes]
    same += [f"every number is the correct one {each}" for each in readings(diagnosis)]
    if same:
        yield from hanging(f"the same numbers could also mean: {'; or '.join(same)}", width)


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
    """The causes that are put first: of mistakes of the catalogue alone, where there are such.

    None where several deviations together only make up a constant that has a name of its own.
    """
    known = tuple(each for each in diagnosis.causes if not each.other) or diagnosis.causes
    plain = any(each.ratio is not None and each.ratio.meanings for each in diagnosis.findings)
    if plain and known and known[0].other and known[0].size > 1 and striking_of(diagnosis):
        return ()
    return known


def name_of(cause: Cause, check: FunctionCheck) -> str:
    """``transposed-weights + doubled``; with the layer where it is made in one only."""
    wrong = any(each.name == "loss" and each.verdict == "wrong" for each in _findings(check))
    others = [
        each if wrong else each.replace("the loss is", "the gradient is that of")
        for each in cause.other
    ]
    name = " + ".join((*cause.mistakes, *others))
    if not cause.layer:
        return name
    return f"{name}, in {layer_words(check.experiment.network, cause.layer)} only"


def right_names(diagnosis: Diagnosis) -> set[str]:
    """What was given and is right."""
    return {each.name for each in diagnosis.findings if each.verdict in ("right", "convention")}


def _cause(cause: Cause, check: FunctionCheck, width: int, told: Told) -> Iterator[str]:
    whole = name_of(cause, check)
    if whole in told.causes:
        yield f"{INDENT}as above"
        return
    told.causes.add(whole)
    for name in cause.mistakes:
        text = f"{name}: {MISTAKES[name].summary}" if cause.size > 1 else MISTAKES[name].summary
        yield from hanging(text, width)
    cases = [each.case for each in check.examined.attempt.trials if not each.case.own]
    layers = check.experiment.network.layers
    case = next((each for each in cases if each.experiment.network.layers == layers), cases[0])
    comparisons = rewritten(cause, case)
    possible = [each for each in comparisons if _may_be(each, check, told)]
    for comparison in possible:
        lines = _compared(comparison, cause, case, width)
        if "\n".join(lines) not in told.lines:
            told.lines.add("\n".join(lines))
            yield from lines
    if comparisons and not possible:
        names = [each.name for each in _findings(check) if each.verdict in ("wrong", "follows")]
        yield from hanging(
            f"everything before is right, so the mistake is where {listed(names)} "
            f"{'are' if len(names) > 1 else 'is'} computed",
            width,
        )
        return
    for text in _single_numbers(cause, case):
        if text not in told.lines:
            told.lines.add(text)
            yield from hanging(text, width)


def _may_be(comparison: Comparison, check: FunctionCheck, told: Told) -> bool:
    """Whether the code may have that line: not if what it computes has been seen to be right."""
    name, findings = comparison.mistaken.left.name, _findings(check)
    if name == "loss":
        return any(each.name == name and each.verdict == "wrong" for each in findings)
    known = {each.name for each in findings if each.verdict in ("right", "convention")}
    known |= told.right
    names = check.experiment.network.names
    for layer in range(1, names.depth + 1):
        # where the gradient of the weights is right, so is the delta that it is made of
        if name in (names.delta(layer), names.out_gradient(layer)):
            return not known & {names.delta(layer), names.weight_gradient(layer)}
    return name not in known


def _compared(comparison: Comparison, cause: Cause, case: Case, width: int) -> list[str]:
    symbols = Symbols(case.experiment.network.names)
    report = Report(symbols, width)
    lines = [
        f"{INDENT}you probably wrote",
        *_code(comparison.mistaken, symbols, width),
        f"{INDENT}it should be",
        *_code(comparison.correct, symbols, width),
    ]
    told = [report.difference(each, comparison, "numpy") for each in comparison.differences]
    unchanged = comparison.mistaken.expression == replace(comparison.mistaken.left, new=False)
    silent = unchanged or any("the loss is" in each for each in cause.other)
    for text in [] if silent else list(dict.fromkeys(told))[:MOST_DIFFERENCES]:
        lines += hanging(own_words(text), width)
    return lines


def _findings(check: FunctionCheck) -> tuple[Finding, ...]:
    diagnosis = check.examined.diagnosis
    return diagnosis.findings if diagnosis is not None else ()


def _code(equation: Equation, symbols: Symbols, width: int) -> list[str]:
    """The line of code; an update that leaves a parameter as it is, in words."""
    if equation.expression == replace(equation.left, new=False):
        return [f"{INDENT * 2}nothing: {symbols.code(equation.left.name)} is left unchanged"]
    updated = [each.name for each in quantities(equation.expression) if symbols.is_new(each)]
    remark = f"  # {', '.join(dict.fromkeys(updated))} after the update" if updated else ""
    lines = folded(own_words(assignment(equation, symbols)) + remark, width - 2 * len(INDENT))
    return [f"{INDENT * 2}{line}" for line in lines]


def _single_numbers(cause: Cause, case: Case) -> Iterator[str]:
    """For code in the article's style: which number stands where which other belongs."""
    network = case.experiment.network
    few = network.parameter_count <= FEW_NUMBERS and case.samples == 1
    if not few or not cause.mistakes or cause.layer:
        return
    report = Report(Symbols(network.names), 10**6)
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
    striking = striking_of(diagnosis)
    if striking:
        text = f"Diagnosis: {striking}. No known mistake does exactly that."
        yield from textwrap.wrap(text, width, subsequent_indent=INDENT)
        return
    digits = digits_right(diagnosis.findings)
    if digits:
        text = (
            f"No known mistake gives these numbers. They are right to {digits} digits, so the "
            "formulas may be right: look for rounding, numerical differentiation or approximations."
        )
        yield from textwrap.wrap(text, width, subsequent_indent=INDENT)
        return
    text = "No known mistake gives these numbers."
    yield from textwrap.wrap(text, width, subsequent_indent=INDENT)
    wrong = [each for each in diagnosis.findings if each.verdict == "wrong"]
    unknown = list(dict.fromkeys(name for each in wrong for name in missing(each, diagnosis)))
    if check.function == "step":
        text = "Define gradients as well: the quantities it can return show where to look."
    elif unknown:
        free = [each.name for each in diagnosis.findings if each.verdict == "not given"]
        more = ", ".join(each for each in free if not each.startswith("g"))
        text = (
            f"Look at the line that computes {first.name} and at what it reads: if you return a "
            f"dict with more of {more}, bptui finds the first wrong quantity."
        )
    elif len(wrong) > 1:
        names = [each.name for each in wrong]
        text = f"Look at the lines that compute {', '.join(names[:-1])} and {names[-1]}."
    else:
        text = f"Look at the line that computes {first.name}: its inputs are right."
    yield from textwrap.wrap(text, width, subsequent_indent=INDENT)


def striking_of(diagnosis: Diagnosis) -> str:
    """What all that is wrong has in common: a constant factor, or a notice; "" for nothing."""
    wrong = [each for each in diagnosis.findings if each.verdict in ("wrong", "follows")]
    texts = {ratio_text(each) for each in wrong}
    if len(texts) == 1 and (text := texts.pop()):
        return text
    own = [each for each in wrong if each.verdict == "wrong"]
    notices = {each.notice for each in own}
    if len(notices) != 1 or not (notice := notices.pop()):
        return ""
    return f"{listed([each.name for each in own])}: {plural(notice) if len(own) > 1 else notice}"
