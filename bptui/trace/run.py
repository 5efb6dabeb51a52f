"""What is asked of a run of somebody's program, and what was recorded of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bptui.trace.notebook import plain
from bptui.trace.recording import Recording
from bptui.trace.tape import ALIGNED, Binding, Note, Reference, Value

ENTRIES, LOOK, STEPS = 300_000, 2_000, 3
"""The longest tape, the length at which it is first looked at, and the steps that are enough."""


class NotRecordedError(Exception):
    """Says why a program could not be recorded; ``line`` is the program's."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


@dataclass
class Run:
    """What a program did, and how it ended."""

    recording: Recording
    places: list[tuple[str, int, int, int, int]]
    """File, first line, column, last line, column."""
    end: str
    """ran, exit, enough (all that is looked at was seen), time, error."""
    message: str = ""
    line: int | None = None


class OutOfTimeError(NotRecordedError):
    """Says that a program did not come to its first training step in time, or to be recorded."""

    def __init__(self, limit: float, line: int | None = None) -> None:
        super().__init__(out_of_time(limit, line), line)


def out_of_time(limit: float, line: int | None = None, step: int = 1) -> str:
    """Return the sentence for a program that has not come to a training step."""
    where = f"; it was at line {line}" if line else ""
    missing = "no training step" if step == 1 else f"training step {step} (--step) is not reached"
    return f"{missing} within the time limit: {limit:g} s{where}; --timeout SECONDS gives more"


def source_of(file: Path) -> str:
    """Return a program's text; of a notebook its code cells, without magics.

    Raises :class:`NotRecordedError` for what is neither.
    """
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    if file.suffix != ".ipynb":
        return text
    try:
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        return "\n".join(plain("".join(cell["source"])) for cell in cells)
    except (ValueError, KeyError, TypeError):
        raise NotRecordedError("it is no notebook: its JSON has no cells") from None


def read_run(folder: Path) -> Run | None:
    """Return what a run has left in a folder; None where it has left nothing."""
    tape = folder / "tape.json"
    if not tape.exists():
        return None
    made = json.loads(tape.read_text(encoding="utf-8"))
    return _read(made, bytearray((folder / "arrays.bin").read_bytes()))


def _read(made: dict[str, Any], memory: bytearray) -> Run:
    arrays: list[Value] = []
    start = 0
    for kind, shape in made["arrays"]:
        array = np.ndarray(shape, kind, memory, start)
        arrays.append(array)
        start += array.nbytes + -array.nbytes % ALIGNED

    def value(part: Value) -> Value:
        if isinstance(part, dict):
            if "entry" in part:
                return Reference(part["entry"])
            if "array" in part:
                return arrays[part["array"]]
            return tuple(value(inner) for inner in part["tuple"])
        return [value(inner) for inner in part] if isinstance(part, list) else part

    recording = Recording()
    recording.tape = [
        Note(call, tuple(value(given)), {name: value(held) for name, held in words.items()}, at)
        for call, given, words, at in made["notes"]
    ]
    recording.values = [value(held)[()] for held in made["values"]]
    recording.bindings = [
        Binding(when, frame, name, entry, at, value(location))
        for when, frame, name, entry, at, location in made["bindings"]
    ]
    recording.turns = [(when, at) for when, at in made["turns"]]
    recording.reads = [(when, at, entry) for when, at, entry in made["reads"]]
    recording.plain = [
        (when, frame, name, value(held)) for when, frame, name, held in made["plain"]
    ]
    message = f"{made['error']}: {made['message']}".removesuffix(": ") if "error" in made else ""
    places = [(file, *place) for file, *place in made["places"]]
    return Run(recording, places, made["end"], message, made.get("line"))
