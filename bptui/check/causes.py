"""Says where the right numbers end, which mistakes explain it, and what should stand there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import log10

from bptui.check.check import RIGHT, WRONG, FunctionCheck
from bptui.check.comparing import Ratio
from bptui.check.judging import Finding
from bptui.check.search import Diagnosis
from bptui.check.slips import Cause, another_network, rewritten
from bptui.check.trials import Case
from bptui.check.words import Row, listed, own_words
from bptui.core.engine import Engine, Snapshot
from bptui.core.mistakes import MISTAKES
from bptui.explain.equation import Comparison, Equation
from bptui.explain.explain import Explainer
from bptui.explain.expression import quantities
from bptui.explain.printer import number
from bptui.explain.report import Report, assignment
from bptui.explain.symbols import Symbols
from bptui.explain.words import layer_words
from bptui.presets.errors import printable

MOST_CAUSES, MOST_DIFFERENCES = 4, 3
ENDLESS = 10**6
"""Columns of a line that is folded later."""
FEW_NUMBERS = 12
"""A network of so few numbers is also explained in single numbers."""
NEARLY = 1e-3
"""Errors below are not those of a mistake in a formula, as a rule."""
FACTORS = {
    "twice": "times 2",
    "half": "divided by 2",
    "the opposite sign": "with the opposite sign",
}


def phrases(ratio: Ratio) -> list[str]:
    """Return what a constant ratio makes of the right numbers, in all the ways to read it."""
    return [_phrase(meaning) for meaning in ratio.meanings] or [f"times {number(ratio.value)}"]


def _phrase(meaning: str) -> str:
    base, both, other = meaning.partition(" and ")
    if both:
        return f"{_phrase(other)} and {_phrase(base)}"
    if meaning.startswith("1/"):
        return f"divided by {meaning.removeprefix('1/')}"
    return FACTORS.get(meaning, f"times {meaning}")


def ratio_text(finding: Finding) -> str:
    """Return ``every number is the correct one times 2``; "" where there is no constant ratio."""
    ratio = finding.ratio
    if ratio is None:
        return ""
    if finding.name == "loss":  # no learning rate is ever in a loss
        kept = tuple(meaning for meaning in ratio.meanings if "learning rate" not in meaning)
        return f"it is the correct one {' or '.join(phrases(Ratio(ratio.value, kept)))}"
    what = "change" if finding.name.startswith(("W", "b")) else "number"
    return f"every {what} is the correct one {' or '.join(phrases(ratio))}"


def plural(text: str) -> str:
    """Return a notice as one about several quantities."""
    for one, several in (("it is", "each is"), ("it has", "each has"), ("its ", "their ")):
        text = text.replace(one, several, 1)
    return text


def striking(diagnosis: Diagnosis) -> str:
    """Return what is striking about all that is wrong: a factor, or a notice; "" for nothing."""
    texts = {ratio_text(one) for one in diagnosis.findings if one.verdict in WRONG}
    if len(texts) == 1 and (text := texts.pop()):
        return text
    groups: dict[str, list[str]] = {}
    for one in diagnosis.findings:
        if one.verdict == "wrong":
            groups.setdefault(ratio_text(one) or one.notice, []).append(one.name)
    if "" in groups:
        return ""
    told = [
        (listed(names), plural(text) if len(names) > 1 else text) for text, names in groups.items()
    ]
    return "; ".join(f"{names}: {text}" for names, text in told)


def digits_right(findings: Sequence[Finding]) -> int:
    """Return to how many digits all that is wrong is right all the same; 0 for fewer than three."""
    worst = max((one.error for one in findings if one.verdict in WRONG), default=1.0)
    return int(-log10(worst)) if 0.0 < worst < NEARLY else 0


def named(diagnosis: Diagnosis) -> tuple[Cause, ...]:
    """Return the causes put first: of mistakes of the catalogue alone, where there are such.

    None where several deviations together only make up a constant that has a name of its own.
    """
    known = tuple(cause for cause in diagnosis.causes if not cause.other) or diagnosis.causes
    plain = any(one.ratio is not None and one.ratio.meanings for one in diagnosis.findings)
    if plain and known and known[0].other and known[0].size > 1 and striking(diagnosis):
        return ()
    return known


def name_of(cause: Cause, check: FunctionCheck) -> str:
    """Return ``transposed-weights + doubled``; with the layer where it is made in one only."""
    wrong = any(one.name == "loss" and one.verdict == "wrong" for one in check.examined.findings)
    another = another_network(cause, check.experiment)
    if another is not None:
        network, training = another.network, another.training
        used = listed([*network.activations, training.loss])
        return f"right for {used}, which are not the preset's"
    names = [name + _within(layer, check) for name, layer in cause.places]
    names += [
        slip.name if wrong else slip.name.replace("the loss is", "the gradient is that of")
        for slip in cause.slips
        if slip.outside
    ]
    edits = [slip.name for slip in cause.slips if slip.edit is not None]
    if edits:
        names.append(f"probably {listed(edits)}" if cause.written else listed(edits))
    return " + ".join(map(own_words, names))


def _within(layer: int, check: FunctionCheck) -> str:
    return f", in {layer_words(check.experiment.network, layer)} only" if layer else ""


def right_code(finding: Finding, check: FunctionCheck, known: set[str]) -> list[str]:
    """Return the lines of code that give a quantity, from what is ``known`` to be right before."""
    case = (finding.trial or check.examined.attempt.trials[0]).case
    explainer = Explainer(case.experiment)
    snapshot = case.right[min(finding.call, len(case.right) - 1)]
    made: list[str] = []
    for name in _way(finding.name, _reads(snapshot), known):
        for statement in explainer.explain(snapshot, name).arrays:
            right = statement.correct if isinstance(statement, Comparison) else statement
            made.append(own_words(assignment(right, explainer.symbols)))
    return made


def _reads(snapshot: Snapshot) -> dict[str, set[str]]:
    """Return what each quantity is computed from, but for the data and the parameters."""
    parameters = snapshot.parameters.named()
    reads = {
        written: {*operation.reads} - {"input", "target", *parameters}
        for operation in snapshot.operations
        for written in operation.writes
    }
    return reads | {name: {f"g{name}"} for name in parameters}


def _way(name: str, reads: dict[str, set[str]], known: set[str]) -> list[str]:
    """Return the backward quantities of its layer that lead to ``name`` from what is known."""
    before = reads.get(name, set()) - known
    back = [source for source in before if source.startswith(("dL", "delta", "g"))]
    if name.startswith("dL"):  # what is carried back begins with the layer above
        back = []
    return [step for source in back for step in _way(source, reads, known)] + [name]


def _has_inputs(name: str, check: FunctionCheck) -> bool:
    """Tell whether the code has given all that a quantity is computed from."""
    reads, findings = (
        _reads(check.examined.attempt.trials[0].case.right[0]),
        check.examined.findings,
    )
    shown = {finding.name for finding in findings}
    given = {finding.name for finding in findings if finding.verdict != "not given"}

    def known(source: str) -> bool:
        if source in given or source not in shown:
            return source in given or all(map(known, reads[source]))
        return source.startswith("out") and reads[source] <= given  # that of the pre-activation

    return check.function == "gradients" and all(map(known, reads[name]))


def first_wrong(check: FunctionCheck, code: dict[str, list[str]]) -> Iterator[Row]:
    """Yield where the chain of right numbers breaks, and what should stand there: ``code``."""
    diagnosis = check.examined.diagnosis
    assert diagnosis is not None, "asked only with a diagnosis"
    first = diagnosis.first_wrong
    if first is None or any(another_network(one, check.experiment) for one in diagnosis.causes):
        return
    before = diagnosis.findings[: diagnosis.findings.index(first)]
    right = [one.name for one in before if one.verdict in RIGHT]
    verb = "are" if len(right) > 1 else "is"
    after = f", after {', '.join(right)}, which {verb} right" if right else ""
    yield Row(f"First wrong quantity: {first.name}{after}. It should be:")
    yield from (Row(line, 2, "code") for line in code[first.name])
    own = [one for one in diagnosis.findings if one.trial is not None and one.trial.case.own]
    since = min((one.call for one in own if one.verdict in WRONG), default=0)
    if since:
        steps = "step 0 is" if since == 1 else f"steps 0 to {since - 1} are"
        preset = printable(check.experiment.name)
        yield Row(
            f"With {preset}'s own data, {steps} right; step {since} is the first that differs."
        )
    if check.examined.attempt.kept:
        yield Row(
            "Called with the same numbers right after loading, it gives different ones than after "
            "other calls: it keeps something from call to call."
        )
    for other in code if not diagnosis.causes else ():
        if other != first.name and _has_inputs(other, check):
            text = f"Also wrong on its own, not only because of earlier errors: {other}."
            yield Row(f"{text} It should be:")
            yield from (Row(line, 2, "code") for line in code[other])


def explanations(check: FunctionCheck, told: set[str], right: set[str]) -> Iterator[Row]:
    """Yield the diagnosis: what was probably written, and what it should be.

    ``told`` are the causes explained before, to which it adds; ``right`` is known to be right.
    """
    diagnosis = check.examined.diagnosis
    assert diagnosis is not None, "asked only with a diagnosis"
    causes = named(diagnosis)
    if not causes:
        yield from _no_cause(check, diagnosis)
        return
    later = check.examined.later
    when = f"call {later + 1}" if check.examined.attempt.kept else f"step {later}"
    since = f", from {when} on; everything before is right" if later else ""
    if len(causes) > 1:
        yield Row(f"Diagnosis: {len(causes)} explanations fit equally well")
    for place, cause in enumerate(causes[:MOST_CAUSES], 1):
        start, name = f"{place}. " if len(causes) > 1 else "Diagnosis: ", name_of(cause, check)
        yield Row(f"{start}{name}{since}")
        yield from [Row("as above", 2)] if name in told else _cause(cause, check, right)
        told.add(name)
    if len(causes) > MOST_CAUSES:
        yield Row(f"and {len(causes) - MOST_CAUSES} more that fit equally well")
    same = [name_of(cause, check) for cause in diagnosis.causes if cause not in causes]
    if same:
        yield Row(f"the same numbers could also mean: {'; or '.join(same)}", 2)


def _cause(cause: Cause, check: FunctionCheck, right: set[str]) -> Iterator[Row]:
    if another_network(cause, check.experiment) is not None:
        yield Row(
            "Everything is right for another network than that of the preset. If it is the one "
            "that you mean, check your code with --preset and a preset of it.",
            2,
        )
        return
    for name in cause.mistakes:
        summary = MISTAKES[name].summary
        yield Row(f"{name}: {summary}" if cause.size > 1 else summary, 2)
    every = [trial.case for trial in check.examined.attempt.trials]
    cases = [case for case in every if not case.own] or every
    layers = check.experiment.network.layers
    case = next((case for case in cases if case.experiment.network.layers == layers), cases[0])
    comparisons = rewritten(cause, case)
    possible = [one for one in comparisons if _may_be(one, check, right)]
    if comparisons and not possible:
        names = [finding.name for finding in check.examined.findings if finding.verdict in WRONG]
        yield Row(
            f"everything before is right, so the mistake is where {listed(names)} "
            f"{'are' if len(names) > 1 else 'is'} computed",
            2,
        )
        return
    for comparison in possible:
        yield from _compared(comparison, cause, case)
    yield from (Row(text, 2) for text in _single_numbers(cause, case))


def _may_be(comparison: Comparison, check: FunctionCheck, right: set[str]) -> bool:
    """Tell whether the code may have that line: not if what it computes is known to be right."""
    name = comparison.mistaken.left.name
    if name == "loss":
        return any(one.name == name and one.verdict == "wrong" for one in check.examined.findings)
    names = check.experiment.network.names
    for layer in range(1, names.depth + 1):
        # where the gradient of the weights is right, so is the delta that it is made of
        if name in (names.delta(layer), names.out_gradient(layer)):
            return not right & {names.delta(layer), names.weight_gradient(layer)}
    return name not in right


def _compared(comparison: Comparison, cause: Cause, case: Case) -> list[Row]:
    symbols = Symbols(case.experiment.network.names)
    wrote, right = (_code(one, symbols) for one in (comparison.mistaken, comparison.correct))
    if wrote == right:  # with another learning rate
        return []
    lines = [Row("you probably wrote", 2), wrote, Row("it should be", 2), right]
    if _unchanged(comparison.mistaken) or any("the loss is" in text for text in cause.other):
        return lines
    report = Report(symbols, ENDLESS)
    texts = [report.difference(one, comparison, "numpy") for one in comparison.differences]
    several = list(dict.fromkeys(texts))[:MOST_DIFFERENCES]
    return lines + [Row(own_words(text), 2) for text in several]


def _unchanged(equation: Equation) -> bool:
    return equation.expression == replace(equation.left, new=False)


def _code(equation: Equation, symbols: Symbols) -> Row:
    """Return the line of code; an update that leaves a parameter as it is, in words."""
    if _unchanged(equation):
        return Row(f"nothing: {symbols.code(equation.left.name)} is left unchanged", 4)
    new = [one.name for one in quantities(equation.expression) if symbols.is_new(one)]
    remark = f"  # {', '.join(dict.fromkeys(new))} after the update" if new else ""
    return Row(own_words(assignment(equation, symbols)) + remark, 4, "code")


def _single_numbers(cause: Cause, case: Case) -> Iterator[str]:
    """Yield, for code in the article's style, which number stands where which other belongs."""
    network = case.experiment.network
    few = network.parameter_count <= FEW_NUMBERS and case.samples == 1
    if not few or any(slip.layer or not slip.known for slip in cause.slips):
        return
    report = Report(Symbols(network.names), ENDLESS)
    training = replace(case.experiment.training, mistakes=cause.mistakes)
    experiment = replace(case.experiment, training=training)
    explainer, snapshot = Explainer(experiment), Engine(experiment).record()
    for layer in range(1, network.depth + 1):
        name = network.names.weight(layer, 0, 0)
        for section in explainer.explain(snapshot, f"g{name}").numbers:
            for statement in section.statements:
                if isinstance(statement, Comparison):
                    texts = [report.difference(one, statement) for one in statement.differences]
                    yield f"in g{name}: {'; '.join(dict.fromkeys(texts))}"


def _no_cause(check: FunctionCheck, diagnosis: Diagnosis) -> Iterator[Row]:
    first, common = diagnosis.first_wrong, striking(diagnosis)
    if first is None:
        return
    if common:
        yield Row(f"Diagnosis: {common}.")
        return
    digits = digits_right(diagnosis.findings)
    if digits:
        yield Row(
            f"No known mistake gives these numbers. They are right to {digits} digits, so the "
            "formulas may be right: look for rounding, numerical differentiation or approximations."
        )
        return
    yield Row("No known mistake gives these numbers.")
    wrong = [one for one in diagnosis.findings if one.verdict == "wrong"]
    free = [one.name for one in diagnosis.findings if one.verdict == "not given"]
    more = ", ".join(name for name in free if not name.startswith("g"))
    if check.function == "step":
        yield Row("Define gradients as well: the quantities it can return show where to look.")
    elif not all(_has_inputs(finding.name, check) for finding in wrong):
        yield Row(
            f"Look at the line that computes {first.name} and at what it reads: if you return a "
            f"dict with more of {more}, bptui finds the first wrong quantity."
        )
    elif len(wrong) > 1:
        yield Row(f"Look at the lines that compute {listed(one.name for one in wrong)}.")
    else:
        yield Row(f"Look at the line that computes {first.name}: its inputs are right.")
