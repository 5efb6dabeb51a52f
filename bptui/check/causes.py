"""Says in words what is wrong with a function: what it computes instead of what is right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite, log10

from bptui.check.check import FunctionCheck
from bptui.check.comparing import ADDED_TO_NOTHING, UNCHANGED, Ratio
from bptui.check.judging import WRONG, Finding
from bptui.check.rows import listed
from bptui.check.slips import Cause, another_network
from bptui.check.words import own_words
from bptui.core.network import Names
from bptui.explain.equation import Comparison
from bptui.explain.explain import Explainer
from bptui.explain.report import assignment

NEARLY = 1e-3
"""Errors below are not those of a mistake in a formula, as a rule."""


def ratio_text(finding: Finding) -> str:
    """Return ``every number is the correct one times 2``; "" where there is no constant ratio."""
    ratio = finding.ratio
    if ratio is None:
        return ""
    if finding.name == "loss":  # no learning rate is ever in a loss
        kept = tuple(meaning for meaning in ratio.meanings if "learning rate" not in meaning)
        return f"it is the correct one {Ratio(ratio.value, kept).text}"
    what = "change" if finding.name.startswith(("W", "b")) else "number"
    return f"every {what} is the correct one {ratio.text}"


def what_stands_out(finding: Finding) -> str:
    """Return what is striking about a wrong quantity: a constant ratio, or a notice."""
    if finding.verdict not in WRONG or ratio_text(finding):
        return ratio_text(finding) if finding.verdict in WRONG else ""
    if not isfinite(finding.found):
        return finding.notice or "it has numbers that are not finite"
    return finding.notice


def together(said: Iterable[tuple[str, str]]) -> list[tuple[list[str], str]]:
    """Return names and what is said of each, if anything; those of which the same is together."""
    groups: dict[str, list[str]] = {}
    for name, text in said:
        groups.setdefault(text, []).append(name)
    groups.pop("", None)
    return [(names, _plural(text) if len(names) > 1 else text) for text, names in groups.items()]


def _plural(text: str) -> str:
    for one, several in (("it is", "each is"), ("it has", "each has"), ("its ", "their ")):
        text = text.replace(one, several, 1)
    return text


def striking(findings: Sequence[Finding]) -> str:
    """Return what is striking about all that is wrong; "" where there is more to say."""
    texts = {ratio_text(one) for one in findings if one.verdict in WRONG}
    if len(texts) == 1 and (text := texts.pop()):
        return text
    told = [(one.name, what_stands_out(one)) for one in findings if one.verdict == "wrong"]
    every = all(text for _, text in told)
    return "; ".join(f"{listed(names)}: {text}" for names, text in together(told)) if every else ""


def digits_right(findings: Sequence[Finding]) -> int:
    """Return to how many digits all that is wrong is right all the same; 0 for fewer than three."""
    worst = max((one.error for one in findings if one.verdict in WRONG), default=1.0)
    return int(-log10(worst)) if 0.0 < worst < NEARLY else 0


def named(check: FunctionCheck) -> tuple[Cause, ...]:
    """Return the causes put first: of mistakes of the catalogue alone, where there are such.

    None where several deviations together only make up a constant that has a name of its own.
    """
    findings = check.examined.findings
    known = tuple(cause for cause in check.causes if not cause.other) or check.causes
    plain = any(one.ratio is not None and one.ratio.meanings for one in findings)
    if plain and known and known[0].other and known[0].size > 1 and striking(findings):
        return ()
    return known


def name_of(cause: Cause, check: FunctionCheck) -> str:
    """Return ``transposed-weights + doubled``; with the layer where it is made in one only."""
    wrong = any(one.name == "loss" and one.verdict == "wrong" for one in check.examined.findings)
    another = another_network(cause, check.experiment)
    if another is not None:
        network, training = another.network, another.training
        used = listed([*network.activations, training.loss])
        return f"right for {used}; {check.experiment.name} is another network: use --preset"
    names = [*cause.mistakes]
    names += [
        slip.name if wrong else slip.name.replace("the loss is", "the gradient is that of")
        for slip in cause.slips
        if slip.outside
    ]
    edits = [slip.name for slip in cause.slips if slip.edit is not None]
    if edits:
        names.append(f"probably {listed(edits)}" if cause.written else listed(edits))
    return " + ".join(map(own_words, names))


def not_a_slip(check: FunctionCheck) -> str:
    """Return what makes the numbers others without any slip in a formula; "" for nothing known."""
    findings, found = check.examined.findings, check.traced
    wrong = [one for one in findings if one.verdict in WRONG]
    if not wrong or check.examined.attempt.unstable:
        return ""
    whole = len(wrong) == sum(one.verdict != "not given" for one in findings)
    if whole and all(one.notice == UNCHANGED for one in wrong):
        return (
            "it changes nothing: W1 = W1 - ... gives a new value to a local name alone; "
            "return the new parameters, or change them in place: W1 -= ..."
        )
    if found.ignored:
        which = listed(found.ignored)
        return f"the result does not depend on the {which} that it is given: is a global name used?"
    if whole and all(one.notice == ADDED_TO_NOTHING for one in wrong):
        return "it returns the changes alone: the old parameters are missing in W - rate * gradient"
    if found.updates > 1:
        return (
            f"it makes {found.updates} updates, one after the other, in a call; a step is one "
            "update, by the gradient of the whole batch"
        )
    for cause in check.causes:
        if another_network(cause, check.experiment) is not None:
            return name_of(cause, check)
    return ""


def what_is_wrong(check: FunctionCheck) -> str:
    """Return what a wrong function computes instead, or where it goes wrong, in a few words."""
    told = not_a_slip(check)
    if told:
        return told
    for name, why in check.examined.attempt.spoiled.items():
        return f"{name}: {why}"
    causes, wrong = named(check), check.traced.wrong
    if causes:
        return " or ".join(dict.fromkeys(name_of(cause, check) for cause in causes))
    findings = check.examined.findings
    if common := striking(findings):
        return common
    mistakes = dict.fromkeys(line.mistake for line in wrong)
    if mistakes and None not in mistakes:
        return " + ".join(filter(None, mistakes))
    if wrong:
        numbers = [str(line.line) for line in wrong]
        return f"line{'s' * (len(wrong) > 1)} {listed(numbers)}"
    names = [one.name for one in findings if one.verdict == "wrong"]
    digits = digits_right(findings)
    said = f"right to only {digits} digits" if digits else "wrong"
    return f"{listed(names)} {'are' if len(names) > 1 else 'is'} {said}"


def right_code(finding: Finding, check: FunctionCheck, known: set[str]) -> list[str]:
    """Return the lines of code that give a quantity, from what is ``known`` to be right before."""
    case = (finding.trial or check.examined.attempt.trials[0]).case
    snapshot = case.right[min(finding.call, len(case.right) - 1)]
    explainer, made = Explainer(case.experiment), list[str]()
    for name in _way(finding.name, case.experiment.network.names, known):
        if name in snapshot.values or name == finding.name:
            for statement in explainer.explain(snapshot, name).arrays:
                right = statement.correct if isinstance(statement, Comparison) else statement
                made.append(own_words(assignment(right, explainer.symbols)))
    return made


def _way(name: str, names: Names, known: set[str]) -> list[str]:
    """Return the backward quantities of its layer that lead to ``name`` from what is known."""
    for layer in range(1, names.depth + 1):
        way = [names.out_gradient(layer), names.delta(layer)]
        for parameter in (names.weights(layer), names.bias(layer)):
            whole = [*way, f"g{parameter}", parameter]
            if name in whole:
                end = whole.index(name)
                start = max((at + 1 for at in range(end) if whole[at] in known), default=0)
                return whole[start : end + 1]
    return [name]
