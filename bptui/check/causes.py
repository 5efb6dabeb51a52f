"""Says in words what is wrong with a function, or what stopped it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from math import isfinite, log10

from bptui.check.calls import FORMS, Attempt, Failure
from bptui.check.check import FunctionCheck
from bptui.check.comparing import ADDED_TO_NOTHING, UNCHANGED, Ratio
from bptui.check.edited import lines_of
from bptui.check.interpreter import IMPORTS, Interpreter
from bptui.check.judging import Finding
from bptui.check.process import Frame, StoppedError
from bptui.check.report import Row
from bptui.check.slips import ANOTHER_UPDATE, Cause
from bptui.core.network import Names
from bptui.explain.words import listed
from bptui.presets.errors import printable

MOST_LINES = 2
"""Wrong lines that are written as they should be."""
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
    if not finding.wrong or ratio_text(finding):
        return ratio_text(finding) if finding.wrong else ""
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
    texts = {ratio_text(one): one.name for one in findings if one.wrong}
    for text, name in texts.items() if len(texts) == 1 else ():
        if text:
            return f"loss: {text}" if name == "loss" else text
    told = [(one.name, what_stands_out(one)) for one in findings if one.verdict == "wrong"]
    every = all(text for _, text in told)
    return "; ".join(f"{listed(names)}: {text}" for names, text in together(told)) if every else ""


def digits_right(findings: Sequence[Finding]) -> int:
    """Return to how many digits all that is wrong is right all the same; 0 for fewer than three."""
    worst = max((one.error for one in findings if one.wrong), default=1.0)
    return int(-log10(worst)) if 0.0 < worst < NEARLY else 0


def named(check: FunctionCheck) -> tuple[Cause, ...]:
    """Return the causes put first: of mistakes of the catalogue alone, where there are such.

    None where several deviations together only make up a constant that has a name of its own.
    """
    findings = check.findings
    known = tuple(cause for cause in check.causes if cause.mistakes) or check.causes
    plain = any(one.ratio is not None and one.ratio.meanings for one in findings)
    return () if plain and known and known[0].lines and striking(findings) else known


def name_of(cause: Cause, check: FunctionCheck) -> str:
    """Return ``transposed-weights + doubled``, or what else gives such numbers."""
    if cause.network is not None:
        network, training = cause.network.network, cause.network.training
        used = listed([*network.activations, training.loss])
        return f"right for {used}; {check.experiment.name} is another network: use --preset"
    if cause.lines:
        return own_words(f"probably {listed(cause.lines)}")
    names = " + ".join([*cause.mistakes, *cause.other])
    wrong = any(one.name == "loss" and one.verdict == "wrong" for one in check.findings)
    return names if wrong else names.replace("the loss is", "the gradient is that of")


def not_a_slip(check: FunctionCheck) -> str:
    """Return what makes the numbers others without any slip in a formula; "" for nothing known."""
    findings, found = check.findings, check.traced
    wrong = [one for one in findings if one.wrong]
    if not wrong or check.attempt.unstable:
        return ""
    whole = len(wrong) == sum(one.verdict != "not given" for one in findings)
    if whole and all(one.notice == UNCHANGED for one in wrong):
        return (
            "it changes nothing: W1 = W1 - ... gives a new value to a local name alone; "
            "return the new parameters, or change them in place: W1 -= ..."
        )
    if found.ignored:
        which = listed(found.ignored)
        return (
            f"the result does not depend on the {which} that it is given (is a global name used?)"
        )
    if whole and all(one.notice == ADDED_TO_NOTHING for one in wrong):
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


def what_is_wrong(check: FunctionCheck) -> str:
    """Return what a wrong function computes instead, or where it goes wrong, in a few words."""
    told = not_a_slip(check)
    if told:
        return told
    for name, why in check.attempt.spoiled.items():
        return f"{name}: {why}"
    causes, wrong = named(check), check.traced.wrong
    if causes:
        return " or ".join(dict.fromkeys(name_of(cause, check) for cause in causes))
    findings = check.findings
    if common := striking(findings):
        return common
    names = [one.name for one in findings if one.verdict == "wrong"]
    are, digits = f"{listed(names)} {'are' if len(names) > 1 else 'is'}", digits_right(findings)
    if digits:
        look_for = "rounding, numerical differentiation or approximations"
        return f"{are} right to only {digits} digits: look for {look_for}"
    mistakes = dict.fromkeys(line.mistake for line in wrong)
    if mistakes and None not in mistakes:
        return " + ".join(filter(None, mistakes))
    better = (f", which should be {line.should_be}" * bool(line.should_be) for line in wrong)
    lines = [f"line {line.line}{words}" for line, words in zip(wrong, better, strict=True)]
    return "; ".join(lines[:MOST_LINES]) + "; ..." * (len(lines) > MOST_LINES) or f"{are} wrong"


def right_code(finding: Finding, check: FunctionCheck, known: set[str]) -> list[str]:
    """Return the lines of code that give a quantity, from what is ``known`` to be right before."""
    case = (finding.trial or check.attempt.trials[0]).case
    lines, way = lines_of(case), _way(finding.name, case.experiment.network.names, known)
    return [own_words(lines[name]) for name in way if name in lines]


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


ENDS = {
    "raised": ("An exception {}", "raises", "raises {}"),
    "exited": ("The code ended the program {}", "ends the program with", "ends the program"),
    "crashed": ("The interpreter crashed {}", "crashes:", "crashes the interpreter"),
    "hung": ("No result {} within the time limit", "hangs after", "does not return"),
}
"""How code ends: where, before its message; in a clause; and in a result, with its first word."""


def own_words(code: str) -> str:
    """Return ``code`` with the words of user's functions, which call the batch x and t."""
    return re.sub(r"\btarget\b", "t", re.sub(r"\binput\b", "x", code))


def failed(check: FunctionCheck, python: Interpreter) -> Iterator[Row]:
    """Yield what stopped each form of calling; once where it is the same."""
    first = [(one, one.failures[0]) for one in check.tried if not one.findings and one.failures]
    # it came back with something, or to a blank: what happens elsewhere is beside the point
    said = [one for one in first if one[1].stopped is None or one[1].stopped.not_written]
    messages = {failure.message: (made, failure) for made, failure in reversed(said[:1] or first)}
    for made, failure in reversed(messages.values()):
        how = f"Called {FORMS[made.form]}: " if len(messages) > 1 else ""
        yield Row(f"{how}{_failure_text(check.function, failure, made)}")
        if failure.stopped is not None:
            yield from _traceback(failure.stopped, python)


def not_loaded(name: str, error: Exception, python: Interpreter) -> Iterator[Row]:
    """Yield why nothing of a file could be checked, with the user's lines that led there."""
    name = printable(name)
    if not isinstance(error, StoppedError):
        yield Row(f"{name}: {printable(str(error))}")
        return
    yield Row(f"{name}: {_stopped_text(error, name)}")
    yield from _traceback(error, python)
    if error.kind == "hung" or error.message.startswith("EOFError"):
        yield Row(
            "What trains or asks belongs below `if __name__ == '__main__':`, which is not run here."
        )


def _failure_text(function: str, failure: Failure, made: Attempt) -> str:
    """Return what went wrong in a call, in a sentence."""
    stopped = failure.stopped
    if stopped is None:
        return f"{function}: {printable(failure.message)}."
    if stopped.not_written:
        return f"{function} is not written yet: {printable(stopped.message)}."
    if stopped.kind == "hung" and made.answered:
        return (
            f"The time limit of {printable(stopped.message)} ran out after {made.answered} calls "
            "that returned. If the code is just slow, raise the limit with --timeout."
        )
    return _stopped_text(stopped, function)


def _stopped_text(stopped: StoppedError, function: str) -> str:
    where = "while the file was loaded" if stopped.while_loading else f"in {function}"
    return f"{ENDS[stopped.kind][0].format(where)}: {printable(stopped.message)}"


def _traceback(stopped: StoppedError, python: Interpreter) -> Iterator[Row]:
    """Yield the way to an error through the user's files, and which Python could not import."""
    frames: Sequence[Frame] = stopped.frames
    if stopped.not_written and frames and frames[-1].function == "fill_in":
        frames = frames[:-1]
    if stopped.omitted:
        yield Row(f"... {stopped.omitted} more calls", 2, "row")
    for frame in frames:
        within = f", in {printable(frame.function)}" if frame.function else ""
        yield Row(f"{printable(frame.file)}, line {frame.line}{within}", 2, "row")
        if frame.source:
            yield Row(printable(frame.source), 4, "row")
    if stopped.kind == "raised" and stopped.message.startswith(IMPORTS):
        yield Row(f"It was run with {printable(f'{python}{python.advice}')}.")


def why(failure: Failure) -> str:
    """Return ``it raises ValueError: ... (line 12)``."""
    stopped = failure.stopped
    if stopped is None:
        return printable(failure.message)
    line = f" (line {stopped.frames[-1].line})" if stopped.frames else ""
    return f"it {ENDS[stopped.kind][1]} {printable(stopped.message)}{line}"


def end(check: FunctionCheck) -> str:
    """Return why there was nothing to compare, in a few words."""
    made = check.attempt
    stopped = made.failures[0].stopped
    if stopped is None:
        return "its result cannot be read"
    if stopped.not_written:
        return "not written yet"
    if stopped.kind == "hung" and made.answered:
        return "too slow for its time limit"
    return ENDS[stopped.kind][2].format(printable(stopped.message.partition(":")[0]))
