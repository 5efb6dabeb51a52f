"""Says what stopped the code, and the way there through the user's lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bptui.check.calls import FORMS, Attempt, Failure, UncheckableError
from bptui.check.check import FunctionCheck
from bptui.check.interpreter import Interpreter
from bptui.check.process import Frame, Stopped
from bptui.check.rows import Row
from bptui.presets.errors import printable

IMPORTS = ("ModuleNotFoundError", "ImportError")
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
    first = [
        (one.attempt, one.attempt.failures[0])
        for one in check.tried
        if not one.findings and one.attempt.failures
    ]
    # it came back with something, or to a blank: what happens elsewhere is beside the point
    said = [one for one in first if one[1].stopped is None or one[1].stopped.not_written]
    messages = {failure.message: (made, failure) for made, failure in reversed(said[:1] or first)}
    for made, failure in reversed(messages.values()):
        how = f"Called {FORMS[made.form]}: " if len(messages) > 1 else ""
        yield Row(f"{how}{_failure_text(check.function, failure, made)}")
        if failure.stopped is not None:
            yield from _way(failure.stopped, python)


def not_loaded(name: str, error: UncheckableError, python: Interpreter) -> Iterator[Row]:
    """Yield why nothing of a file could be checked, with the user's lines that led there."""
    name, stopped = printable(name), error.stopped
    if stopped is None:
        yield Row(f"{name}: {printable(str(error))}")
        return
    yield Row(f"{name}: {_stopped_text(stopped, name)}")
    yield from _way(stopped, python)
    if stopped.kind == "hung" or stopped.message.startswith("EOFError"):
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


def _stopped_text(stopped: Stopped, function: str) -> str:
    where = "while the file was loaded" if stopped.while_loading else f"in {function}"
    return f"{ENDS[stopped.kind][0].format(where)}: {printable(stopped.message)}"


def _way(stopped: Stopped, python: Interpreter) -> Iterator[Row]:
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
    made = check.examined.attempt
    stopped = made.failures[0].stopped
    if stopped is None:
        return "its result cannot be read"
    if stopped.not_written:
        return "not written yet"
    if stopped.kind == "hung" and made.answered:
        return "too slow for its time limit"
    return ENDS[stopped.kind][2].format(printable(stopped.message.partition(":")[0]))
