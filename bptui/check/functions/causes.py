"""Says in words what is wrong with a function, or what stopped it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import isfinite, log10
from pathlib import Path

from bptui.check.functions.calls import FORMS, Failure, Form, NotLoadedError
from bptui.check.functions.check import FunctionCheck
from bptui.check.numbers.comparing import ADDED_TO_NOTHING, UNCHANGED
from bptui.check.numbers.judging import Finding
from bptui.check.numbers.search import ANOTHER_UPDATE, Cause, lines_of
from bptui.check.reports.report import Row
from bptui.check.running.interpreter import IMPORTS, Interpreter
from bptui.core.network import Network
from bptui.core.step import training_step
from bptui.explain.words import listed
from bptui.presets.errors import printable

MOST_LINES = 2
"""Wrong lines that are written as they should be."""
MOST_CALLS = 6
"""On the way to an error."""
NEARLY = 1e-3
"""Errors below are not those of a mistake in a formula, as a rule."""


# wrong numbers


def what_stands_out(finding: Finding) -> str:
    """Return what is striking about a wrong quantity: a constant ratio, or a notice."""
    if not finding.wrong:
        return ""
    if finding.ratio is not None:
        return f"the correct numbers {finding.ratio.text}"
    return finding.notice or ("" if isfinite(finding.found) else "numbers that are not finite")


def striking(findings: Sequence[Finding]) -> str:
    """Return what is striking about all that is wrong; "" where there is more to say."""
    groups: dict[str, list[str]] = {}
    for one in findings:
        if one.verdict == "wrong":
            groups.setdefault(what_stands_out(one), []).append(one.name)
    said = "; ".join(f"{listed(names)}: {text}" for text, names in groups.items())
    return "" if "" in groups else said


def not_a_slip(check: FunctionCheck) -> str:
    """Return what makes the numbers others without any slip in a formula; "" for nothing known."""
    found, notices = check.traced, {one.notice for one in check.findings if one.wrong}
    if not notices or check.attempt.unstable:
        return ""
    whole = all(one.wrong or one.verdict == "not given" for one in check.findings)
    if whole and notices == {UNCHANGED}:
        return (
            "it changes nothing: W1 = W1 - ... gives a new value to a local name alone; "
            "return the new parameters, or change them in place: W1 -= ..."
        )
    if found.ignored:
        return (
            f"the result does not depend on the {listed(found.ignored)} that it is given (is a "
            "global name used?)"
        )
    if whole and notices == {ADDED_TO_NOTHING}:
        return "it returns the changes alone: the old parameters are missing in W - rate * gradient"
    if found.updates > 1:
        return (
            f"it makes {found.updates} updates, one after the other, in a call; a step is one "
            "update, by the gradient of the whole batch"
        )
    for cause in check.causes:
        if cause.network or any(one.startswith(ANOTHER_UPDATE) for one in cause.other):
            return name_of(cause, check)
    return ""


def name_of(cause: Cause, check: FunctionCheck) -> str:
    """Return ``transposed-weights + doubled``, or what else gives such numbers."""
    if cause.network is not None:
        network, training = cause.network.network, cause.network.training
        used = listed([*network.activations, training.loss])
        return f"right for {used}; {check.experiment.name} is another network: use --preset"
    lines = [own_words(f"probably {listed(cause.lines)}")] if cause.lines else []
    names = " + ".join([*cause.mistakes, *cause.other, *lines])
    wrong = any(one.name == "loss" and one.verdict == "wrong" for one in check.findings)
    return names if wrong else names.replace("the loss is", "the gradient is that of")


def what_is_wrong(check: FunctionCheck) -> str:
    """Return what a wrong function computes instead, or where it goes wrong, in a few words."""
    if told := not_a_slip(check):
        return told
    for name, why in check.attempt.spoiled.items():
        return f"{name}: {why}"
    if check.causes:
        return " or ".join(dict.fromkeys(name_of(cause, check) for cause in check.causes))
    names = [one.name for one in check.findings if one.verdict == "wrong"]
    are = f"{listed(names)} {'are' if len(names) > 1 else 'is'}"
    worst = max(one.error for one in check.findings if one.wrong)
    if 0.0 < worst < NEARLY:
        digits = int(-log10(worst))
        look_for = "rounding, numerical differentiation or approximations"
        return f"{are} right to only {digits} digits: look for {look_for}"
    if all(one.ratio for one in check.findings if one.verdict == "wrong"):
        return striking(check.findings)
    wrong = check.traced.wrong
    mistakes = dict.fromkeys(line.mistake for line in wrong)
    if mistakes and None not in mistakes:
        return " + ".join(filter(None, mistakes))
    better = (f", which should be {line.should_be}" * bool(line.should_be) for line in wrong)
    places = (check.attempt.files.told(line.line or 0) for line in wrong)
    lines = [f"{place}{words}" for place, words in zip(places, better, strict=True)]
    said = "; ".join(lines[:MOST_LINES]) + "; ..." * (len(lines) > MOST_LINES)
    if any(line.should_be for line in wrong):
        return said
    return striking(check.findings) or said or f"{are} wrong"


def right_code(finding: Finding, check: FunctionCheck, known: set[str]) -> list[str]:
    """Return the lines of code that give a quantity, from what is ``known`` to be right before."""
    case = (finding.trial or check.attempt.trials[0]).case
    lines = lines_of(training_step(case.experiment, case.samples))
    way = _way(finding.name, case.experiment.network, known)
    return [own_words(lines[name]) for name in way if name in lines]


def _way(name: str, network: Network, known: set[str]) -> list[str]:
    """Return the backward quantities of its layer that lead to ``name`` from what is known."""
    names = network.names
    for layer in range(1, network.depth + 1):
        for parameter in network.parameters_of(layer):
            way = [names.out_gradient(layer), names.delta(layer), f"g{parameter}", parameter]
            if name in way:
                way = way[: way.index(name) + 1]
                start = max((at + 1 for at, one in enumerate(way[:-1]) if one in known), default=0)
                return way[start:]
    return [name]


def own_words(code: str) -> str:
    """Return ``code`` with the words of user's functions, which call the batch x and t."""
    return re.sub(r"\btarget\b", "t", re.sub(r"\binput\b", "x", code))


# what stopped it

ENDS = {
    "raised": "raises",
    "exited": "ends the program with",
    "crashed": "crashes the interpreter:",
    "hung": "does not return within",
}
"""How code ends, before its message."""


def why(failure: Failure) -> str:
    """Return ``raises ValueError: ... (line 12)``, after so many calls that returned."""
    told = printable(failure.message)
    if not failure.kind:
        return told
    if failure.not_written:
        return f"not written yet: {told}"
    if failure.kind == "hung" and failure.answered:
        return (
            f"too slow for its time limit ({told} ran out after {failure.answered} calls that "
            "returned); --timeout gives it more"
        )
    line = f" (line {failure.line})" if failure.line else ""
    return f"{ENDS[failure.kind]} {told}{line}"


def failed(check: FunctionCheck, python: Interpreter) -> Iterator[Row]:
    """Yield what stopped each form of calling; once where it is the same."""
    first = [(one.form, one.failure) for one in check.tried if one.failure and not one.findings]
    # it came back with something, or to a blank: what happens elsewhere is beside the point
    said = [one for one in first if not one[1].kind or one[1].not_written]
    messages: dict[str, tuple[Form, Failure]] = {}
    for form, failure in said[:1] or first:
        messages.setdefault(failure.message, (form, failure))
    for form, failure in messages.values():
        how = f", called {FORMS[form]}" if len(messages) > 1 else ""
        yield Row(f"{check.function}{how}: {why(failure)}.")
        yield from _traceback(failure, python)


def not_loaded(file: Path, error: Exception, python: Interpreter) -> Iterator[Row]:
    """Yield why nothing of a file could be checked, with the user's line that led there."""
    name = printable(file.name)
    if not isinstance(error, NotLoadedError):
        yield Row(f"{name}: {printable(str(error))}")
        return
    failure = error.failure
    yield Row(f"{name}, while it is loaded: {ENDS[failure.kind]} {printable(failure.message)}")
    yield from _traceback(failure, python)
    if failure.kind == "hung" or failure.message.startswith("EOFError"):
        yield Row(
            "What trains or asks belongs below `if __name__ == '__main__':`, which is not run here."
        )


def _traceback(failure: Failure, python: Interpreter) -> Iterator[Row]:
    """Yield the last calls on the way to an error, and which Python could not import."""
    if omitted := len(failure.way[:-MOST_CALLS]):
        yield Row(f"... {omitted} more calls", 2, "row")
    for file, line, function, text in failure.way[-MOST_CALLS:]:
        within = f", in {function}" if function else ""
        yield Row(printable(f"{file}, line {line}{within}"), 2, "row")
        yield Row(printable(text), 4, "row")
    if failure.kind == "raised" and failure.message.startswith(IMPORTS):
        yield Row(f"It was run with {printable(f'{python}{python.advice}')}.")
