"""What stopped the code, with its own lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from bptui.check.calls import FORMS, Attempt, Failure
from bptui.check.check import FunctionCheck, UncheckableError
from bptui.check.interpreter import Interpreter
from bptui.check.reporting.words import INDENT, wrapped
from bptui.check.runner import Frame, Stopped
from bptui.presets.errors import printable

_IMPORTS = ("ModuleNotFoundError", "ImportError")


def failed(check: FunctionCheck, python: Interpreter, width: int) -> Iterator[str]:
    """What stopped each form of calling; once where it is the same."""
    every = (check.examined, *check.others)
    first = [
        (each.attempt, failure)
        for each in every
        for failure in each.attempt.failures[:1]
        if each.diagnosis is None
    ]
    first.sort(key=lambda each: list(FORMS).index(each[0].form))
    # it came back with something, or to a blank: what happens elsewhere is beside the point
    said = [each for each in first if each[1].stopped is None or each[1].stopped.not_written]
    first = said[:1] or first
    messages = list(dict.fromkeys(failure.message for _, failure in first))
    for message in messages:
        made, failure = next(each for each in first if each[1].message == message)
        how = f"Called {FORMS[made.form]}: " if len(messages) > 1 else ""
        yield from wrapped(f"{how}{failure_text(check.function, failure, made)}", width)
        if failure.stopped is not None:
            frames = failure.stopped.frames
            blank = failure.stopped.not_written and frames[-1:] and frames[-1].function == "fill_in"
            yield from frame_lines(frames[:-1] if blank else frames, failure.stopped.omitted)
            yield from wrapped(import_hint(failure.stopped, python), width)
    for each in every:
        if each.hopeless:
            yield from wrapped(
                f"Called {FORMS[each.attempt.form]} it runs, but none of its numbers are right.",
                width,
            )


def not_loaded(file: Path, error: UncheckableError, python: Interpreter) -> list[str]:
    """Why nothing of a file could be checked, with the user's lines that led there."""
    name, stopped = printable(file.name), error.stopped
    if stopped is None:
        return [f"{name}: {printable(str(error))}"]
    hint = import_hint(stopped, python)
    return [
        f"{name}: {stopped_text(stopped, file.name)}",
        *frame_lines(stopped.frames),
        *filter(None, [hint]),
    ]


def failure_text(function: str, failure: Failure, made: Attempt) -> str:
    """What went wrong in a call, in a sentence."""
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
    return stopped_text(stopped, function)


def stopped_text(stopped: Stopped, function: str) -> str:
    """What ended the code, in a sentence."""
    where = "while the file was loaded" if stopped.while_loading else f"in {function}"
    message = printable(stopped.message)
    return {
        "raised": f"An exception {where}: {message}",
        "exited": f"The code ended the program {where}: {message}",
        "crashed": f"The interpreter crashed {where}: {message}",
        "hung": f"No result {where} within the time limit: {message}",
    }[stopped.kind]


def import_hint(stopped: Stopped, python: Interpreter) -> str:
    """Which Python it was that could not import something; "" where that was not the trouble."""
    if stopped.kind != "raised" or not stopped.message.startswith(_IMPORTS):
        return ""
    return f"It was run with {printable(f'{python}{python.advice}')}."


def frame_lines(frames: Iterable[Frame], omitted: int = 0, most: int = 6) -> Iterator[str]:
    """The way to an error through the user's files; ``omitted`` frames are not even known."""
    every = list(frames)
    left = max(len(every) - most, 0) + omitted
    if left:
        yield f"{INDENT}... {left} more calls"
    for frame in every[-most:]:
        within = f", in {printable(frame.function)}" if frame.function else ""
        yield f"{INDENT}{printable(frame.file)}, line {frame.line}{within}"
        if frame.source:
            yield f"{INDENT * 2}{printable(frame.source.strip())}"


def why(failure: Failure) -> str:
    """``it raises ValueError: ... (line 12)``."""
    stopped = failure.stopped
    if stopped is None:
        return printable(failure.message)
    line = f" (line {stopped.frames[-1].line})" if stopped.frames else ""
    verb = {"raised": "it raises", "exited": "it ends the program with", "crashed": "it crashes:"}
    return f"{verb.get(stopped.kind, 'it hangs after')} {printable(stopped.message)}{line}"


def end(check: FunctionCheck) -> str:
    """Why there was nothing to compare, in a few words."""
    failure = check.examined.attempt.failures[0]
    stopped = failure.stopped
    if stopped is None:
        return "its result cannot be read"
    if stopped.not_written:
        return "not written yet"
    if stopped.kind == "hung" and check.examined.attempt.answered:
        return "too slow for its time limit"
    return {
        "raised": f"raises {printable(stopped.message.partition(':')[0])}",
        "exited": "ends the program",
        "crashed": "crashes the interpreter",
        "hung": "does not return",
    }[stopped.kind]
