"""The first wrong link of the chain, and what should stand there."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from bptui.check.check import FunctionCheck
from bptui.check.diagnosis.findings import Diagnosis, Finding
from bptui.check.reporting.words import INDENT, own_words
from bptui.core.network import Names
from bptui.explain.code import assignment, folded
from bptui.explain.equation import Comparison, Equation, Statement
from bptui.explain.explain import Explainer
from bptui.presets.errors import printable


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
    text = f"First wrong quantity: {first.name}{', ' if told else ''}{told}. It should be:"
    yield from textwrap.wrap(text, width, subsequent_indent=INDENT)
    for line in right_lines(first, check, set(right), width):
        yield f"{INDENT}{line}"
    wrong = [each for each in diagnosis.findings if each.verdict in ("wrong", "follows")]
    since = min((each.call for each in wrong if each.trial and each.trial.case.own), default=0)
    if since:
        yield from textwrap.wrap(_since(since, check), width, subsequent_indent=INDENT)
    if check.examined.attempt.kept:
        text = (
            "Called with the same numbers right after loading, it gives different ones than after "
            "other calls: it keeps something from call to call."
        )
        yield from textwrap.wrap(text, width, subsequent_indent=INDENT)
    for other in diagnosis.findings if not diagnosis.causes else ():
        own = other.verdict == "wrong" and not missing(other, diagnosis)
        if own and other is not first:
            text = f"Also wrong on its own, not only because of earlier errors: {other.name}."
            yield from textwrap.wrap(f"{text} It should be:", width, subsequent_indent=INDENT)
            for line in right_lines(other, check, set(right), width):
                yield f"{INDENT}{line}"


def _since(call: int, check: FunctionCheck) -> str:
    """Which steps are right on the preset's own numbers, and the first that is not."""
    before = "step 0 is" if call == 1 else f"steps 0 to {call - 1} are"
    return (
        f"With {printable(check.experiment.name)}'s own data, {before} right; step {call} "
        "is the first that differs."
    )


def missing(finding: Finding, diagnosis: Diagnosis) -> list[str]:
    """What the quantity is computed from and the code has not given."""
    if finding.trial is None:
        return []
    names = finding.trial.case.experiment.network.names
    given = {each.name for each in diagnosis.findings if each.verdict != "not given"}
    reads: dict[str, list[tuple[str, ...]]] = {"loss": [(names.out(names.depth),)]}
    for layer in range(1, names.depth + 1):
        before: list[tuple[str, ...]] = [(names.out(layer - 1),)] if layer > 1 else []
        shape = (names.out(layer), names.net(layer))
        reads[names.net(layer)] = before
        reads[names.out(layer)] = [(names.net(layer),)]
        later = [(names.delta(layer + 1),)] if layer < names.depth else []
        reads[names.delta(layer)] = [shape, *later]
        reads[names.weight_gradient(layer)] = [*before, (names.delta(layer),)]
        reads[names.bias_gradient(layer)] = [(names.delta(layer),)]
        reads[names.weights(layer)] = [(names.weight_gradient(layer),)]
        reads[names.bias(layer)] = [(names.bias_gradient(layer),)]
    return [each[0] for each in reads[finding.name] if not given & set(each)]


def right_lines(
    finding: Finding, check: FunctionCheck, known: set[str], width: int = 10**6
) -> list[str]:
    """The lines of code that give the quantity, from what is known to be right before it."""
    case = (finding.trial or check.examined.attempt.trials[0]).case
    explainer = Explainer(case.experiment)
    snapshot = case.right[min(finding.call, len(case.right) - 1)]
    symbols = explainer.symbols
    wanted = _links(finding, explainer.names, known)
    lines: list[str] = []
    for name in wanted:
        for statement in explainer.explain(snapshot, name).arrays:
            code = own_words(assignment(_right(statement), symbols))
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
