"""The report of a check as lines of plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from bptui.checking.answers import Frame, Signature, Stopped
from bptui.checking.attempt import Failure
from bptui.checking.causes import cause_lines, link_lines, named
from bptui.checking.check import Check, Examined, FunctionCheck
from bptui.checking.quantities import ratio_lines, table_lines
from bptui.checking.template import not_written
from bptui.core.diagnosis.trials import Trial
from bptui.core.experiment import Experiment
from bptui.presets.errors import cleaned, printable

INDENT = "  "
MOST_PRINTED, MOST_WARNINGS = 12, 5
"""Lines of the code's own output, and warnings, that are shown."""


def report_lines(check: Check, width: int) -> Iterator[str]:
    """The whole report, in lines of at most ``width`` columns, but for code."""
    experiment = check.experiment
    title = f"{printable(check.file.name)}, checked with {printable(experiment.name)}"
    yield title
    yield "=" * min(len(title), width)
    for name, text in _facts(experiment):
        yield from textwrap.wrap(
            text, width, initial_indent=f"{name:12}", subsequent_indent=" " * 12
        )
    shown: set[str] = set()
    for each in check.functions:
        yield ""
        yield from _function(each, width, shown)
    yield ""
    for each in check.functions:
        yield from wrapped(_result(each), width, "", INDENT)


def _facts(experiment: Experiment) -> Iterator[tuple[str, str]]:
    training = experiment.training
    over = {"mean": "averaged", "sum": "added up"}[training.reduction]
    yield "network", str(experiment.network)
    batch = f", {over} over the batch" if experiment.schedule.batch_size > 1 else ""
    penalty = f", plus {training.l2:g} times the sum of all squared weights" if training.l2 else ""
    yield "loss", f"{training.loss}{batch}{penalty}"


def heading(function: str, signature: Signature) -> str:
    """``gradients(x, t, weights), line 12``."""
    names = ", ".join(map(printable, signature.names))
    return f"{function}({names}), line {signature.line}"


def _function(check: FunctionCheck, width: int, shown: set[str]) -> Iterator[str]:
    title = heading(check.function, check.signature)
    yield title
    yield "-" * min(len(title), width)
    examined = check.examined
    made = examined.attempt
    for text in _called(check):
        yield from wrapped(text, width)
    for warning in made.warnings[:MOST_WARNINGS]:
        text = f"line {warning.line}: {printable(warning.category)}: {printable(warning.message)}"
        yield from wrapped(text, width)
    if len(made.warnings) > MOST_WARNINGS:
        yield f"and {len(made.warnings) - MOST_WARNINGS} more warnings"
    yield from _printed(made.printed)
    if examined.diagnosis is None:
        yield ""
        yield from _failed(check, width)
        return
    if made.unstable:
        yield ""
        yield from wrapped(UNSTABLE, width)
        return
    yield ""
    yield from table_lines(examined.diagnosis.findings, width)
    yield from ratio_lines(examined.diagnosis.findings, width)
    if not examined.diagnosis.right:
        yield from link_lines(check, width)
        yield from cause_lines(check, width, shown)


UNSTABLE = (
    "Loaded afresh and called with the same numbers, it gave other numbers. Backpropagation has "
    "nothing random in it; look for np.random, dropout, an uninitialised np.empty, or the time."
)


def _called(check: FunctionCheck) -> Iterator[str]:
    """How the function was called, and what else is worth knowing."""
    examined, experiment = check.examined, check.experiment
    made, function = examined.attempt, check.function
    if made.trials:
        yield f"called {_HOW[made.form]}; compared on {_compared(made.trials, experiment)}"
    batch = next((each for each in check.others if each.attempt.form == "batch"), None)
    if made.form != "batch" and examined.diagnosis is not None and batch is not None:
        failure = next(iter(batch.attempt.failures), None)
        if failure is not None:
            yield f"with several samples in rows {_why(failure)}, so it got one at a time"
        elif check.batch_cause is not None:
            names = " + ".join((*check.batch_cause.mistakes, *check.batch_cause.other))
            yield (
                f"with several samples in rows it would make a mistake, {names}; "
                f"{printable(experiment.name)} trains on one at a time, where that makes no "
                "difference"
            )
        elif not (batch.diagnosis and batch.diagnosis.right):
            yield "with several samples in rows its numbers are wrong, so it got one at a time"
        if experiment.schedule.batch_size > 1:
            yield (
                f"{printable(experiment.name)} trains on batches of "
                f"{experiment.schedule.batch_size}: the gradients of the samples are still to be "
                f"{'averaged' if experiment.training.reduction == 'mean' else 'added up'}"
            )
    if made.biases != experiment.network.bias:
        yield (
            f"{printable(experiment.name)} has no biases, and the function takes some: it was "
            "compared with the same network with biases"
            if made.biases
            else f"{printable(experiment.name)} has biases, and the function takes none: it was "
            "compared with the same network without"
        )
    if function == "step" and experiment.training.optimizer != "sgd":
        yield (
            f"a step is compared with plain gradient descent; {printable(experiment.name)} trains "
            f"with {experiment.training.optimizer}, whose state a step does not get"
        )
    if examined.fixed is not None:
        yield _fixed(examined, experiment)
    if made.damaged:
        belong = "belongs" if made.damaged in (["x"], ["t"]) else "belong"
        yield (
            f"it changes {_listed(made.damaged)} in place, which {belong} to the caller: the next "
            "step would compute with other numbers"
        )
    yield from map(printable, made.notes)


def _compared(trials: list[Trial], experiment: Experiment) -> str:
    """``article's own numbers and random ones: 2-2-2 with 5, 6 and 7 samples, 3-4-2 with 8``."""
    drawn: dict[str, list[str]] = {}
    for each in trials:
        if not each.case.own:
            layers = "-".join(map(str, each.case.experiment.network.layers))
            drawn.setdefault(layers, []).append(str(each.case.samples))
    told = [f"{layers} with {_listed(counts)}" for layers, counts in drawn.items()]
    word = "samples" if any(count != "1" for counts in drawn.values() for count in counts) else ""
    if told:
        told[0] += f" {word or 'sample'}"
    own = any(each.case.own for each in trials)
    parts = [f"{printable(experiment.name)}'s own numbers"] if own else []
    if told:
        parts.append(f"random ones: {', '.join(told)}")
    return " and ".join(parts)


_HOW = {
    "batch": "with several samples at once, in rows",
    "row": "with one sample at a time, as arrays of one row",
    "vector": "with one sample at a time, as vectors",
}


def _fixed(examined: Examined, experiment: Experiment) -> str:
    layers = "-".join(map(str, experiment.network.layers))
    fixed = examined.fixed
    if isinstance(fixed, Trial):
        other = fixed.case.experiment.network.layers
        return f"it fits {layers} only: on {'-'.join(map(str, other))} its numbers are wrong"
    assert fixed is not None, "asked only where there is one"
    other = fixed.case.experiment.network.layers
    return f"it fits {layers} only: on {'-'.join(map(str, other))} {_why(fixed)}"


def _why(failure: Failure) -> str:
    """``it raises ValueError: ... (line 12)``."""
    stopped = failure.stopped
    if stopped is None:
        return printable(failure.message)
    line = f" (line {stopped.frames[-1].line})" if stopped.frames else ""
    verb = {"raised": "it raises", "exited": "it ends the program with", "crashed": "it crashes:"}
    return f"{verb.get(stopped.kind, 'it hangs after')} {printable(stopped.message)}{line}"


def _failed(check: FunctionCheck, width: int) -> Iterator[str]:
    """What stopped each form of calling; once where it is the same."""
    first = [
        (each.attempt.form, failure)
        for each in (check.examined, *check.others)
        for failure in each.attempt.failures[:1]
    ]
    messages = list(dict.fromkeys(failure.message for _, failure in first))
    for message in messages:
        form, failure = next(each for each in first if each[1].message == message)
        how = f"Called {_HOW[form]}: " if len(messages) > 1 else ""
        yield from wrapped(f"{how}{failure_text(check.function, failure)}", width)
        if failure.stopped is not None:
            frames = failure.stopped.frames
            blank = (
                not_written(failure.stopped) and frames[-1:] and frames[-1].function == "fill_in"
            )
            yield from frame_lines(frames[:-1] if blank else frames)


def failure_text(function: str, failure: Failure) -> str:
    """What went wrong in a call, in a sentence."""
    stopped = failure.stopped
    if stopped is None:
        return f"{function}: {printable(failure.message)}."
    if not_written(stopped):
        return f"{function} is not written yet: {printable(stopped.message)}."
    return stopped_text(stopped, function)


def stopped_text(stopped: Stopped, function: str) -> str:
    """What ended the code, in a sentence."""
    where = "while the file was loaded" if stopped.while_loading else f"in {function}"
    message = printable(stopped.message)
    return {
        "raised": f"An exception {where}: {message}",
        "exited": f"The code ended the program {where}: {message}",
        "crashed": f"The interpreter crashed {where}: {message}",
        "hung": f"Nothing came back {where} before the time limit: {message}",
    }[stopped.kind]


def frame_lines(frames: Iterable[Frame], most: int = 6) -> Iterator[str]:
    """The way to an error through the user's files."""
    every = list(frames)
    if len(every) > most:
        yield f"{INDENT}... {len(every) - most} more calls"
    for frame in every[-most:]:
        within = f", in {printable(frame.function)}" if frame.function else ""
        yield f"{INDENT}{printable(frame.file)}, line {frame.line}{within}"
        if frame.source:
            yield f"{INDENT * 2}{printable(frame.source.strip())}"


def _printed(output: str) -> Iterator[str]:
    lines = cleaned(output).splitlines()
    if not any(line.strip() for line in lines):
        return
    yield "the code printed, the first time:"
    for line in lines[:MOST_PRINTED]:
        yield f"{INDENT}{line[:200]}"
    if len(lines) > MOST_PRINTED:
        yield f"{INDENT}... {len(lines) - MOST_PRINTED} more lines"


def _result(check: FunctionCheck) -> str:
    diagnosis, made = check.examined.diagnosis, check.examined.attempt
    if diagnosis is None:
        return f"{check.function}: {_end(check)}."
    faults: list[str] = []
    if made.unstable:
        faults.append("other numbers every time")
    elif not diagnosis.right:
        if diagnosis.causes:
            names = [" + ".join((*each.mistakes, *each.other)) for each in named(diagnosis)]
            faults.append(" or ".join(names))
        else:
            wrong = [each.name for each in diagnosis.findings if each.verdict == "wrong"]
            faults.append(f"{_listed(wrong)} {'are' if len(wrong) > 1 else 'is'} wrong")
    if made.damaged:
        faults.append(f"changes {_listed(made.damaged)} in place")
    if faults:
        return f"{check.function}: {'; '.join(faults)}."
    given = [each.name for each in diagnosis.findings if each.verdict != "not given"]
    return f"{check.function}: right ({_listed(given)})."


def _end(check: FunctionCheck) -> str:
    """Why there was nothing to compare, in a few words."""
    failure = check.examined.attempt.failures[0]
    stopped = failure.stopped
    if stopped is None:
        return "what it returns cannot be read"
    if not_written(stopped):
        return "not written yet"
    return {
        "raised": f"raises {printable(stopped.message.partition(':')[0])}",
        "exited": "ends the program",
        "crashed": "crashes the interpreter",
        "hung": "does not come back",
    }[stopped.kind]


def _listed(names: list[str]) -> str:
    unique = list(dict.fromkeys(names))
    return " and ".join([", ".join(unique[:-1]), unique[-1]] if len(unique) > 1 else unique)


def wrapped(text: str, width: int, first: str = "", later: str = INDENT) -> list[str]:
    """``text`` in lines of ``width``."""
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=later)
