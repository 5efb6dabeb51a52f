"""Runs somebody's program in a process of its own, and reads what was recorded of it."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bptui.trace.recording import Recording
from bptui.trace.tape import Binding, Note, Reference, Value

CHILD = Path(__file__).with_name("child.py")
ENTRIES, LOOK, STEPS = 300_000, 2_000, 3
"""The longest tape, the length at which it is first looked at, and the steps that are enough."""
MOST_OUTPUT = 1 << 16
"""Bytes of what the program prints that are kept."""
GRACE = 10.0
"""Seconds after the time limit in which a program may still hand over what was recorded."""


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
    output: str = ""


def out_of_time(limit: float, line: int | None = None) -> str:
    """Return the sentence for a program that has not come to its first training step."""
    where = f"; it was at line {line}" if line else ""
    return f"no training step within the time limit: {limit:g} s{where}"


def source_of(file: Path) -> str:
    """Return a program's text; of a notebook its code cells, without magics.

    Raises :class:`NotRecordedError` for what is neither.
    """
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    if file.suffix != ".ipynb":
        return text
    try:
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        rows = "\n".join("".join(cell["source"]) for cell in cells).splitlines()
    except (ValueError, KeyError, TypeError):
        raise NotRecordedError("it is no notebook: its JSON has no cells") from None
    return "\n".join(
        f"pass  # {row}" if row.lstrip().startswith(("%", "!")) else row for row in rows
    )


def recorded(
    file: Path, python: str, limit: float, call: str = "", arguments: tuple[str, ...] = ()
) -> Run:
    """Run a program for at most ``limit`` seconds and return what was recorded.

    Raises :class:`NotRecordedError` where nothing was, with the reason.
    """
    request = {
        "file": str(file.absolute()),
        "source": source_of(file),
        "call": call,
        "arguments": list(arguments),
        "entries": ENTRIES,
        "look": LOOK,
        "steps": STEPS,
        "limit": limit,
    }
    with tempfile.TemporaryDirectory(prefix="bptui-") as folder:
        place = Path(folder) / "request.json"
        place.write_text(json.dumps(request), encoding="utf-8")
        output, in_time = _run(
            [python, str(CHILD), str(place), folder], file.absolute().parent, limit + GRACE
        )
        tape = Path(folder) / "tape.json"
        if not in_time:
            raise NotRecordedError(out_of_time(limit))
        if not tape.exists():
            last = output.strip().splitlines()[-1:] or ["it ended without a word"]
            raise NotRecordedError(last[0])
        made = json.loads(tape.read_text(encoding="utf-8"))
        with np.load(Path(folder) / "arrays.npz") as arrays:
            return _read(made, dict(arrays), output)


def _run(command: list[str], folder: Path, limit: float) -> tuple[str, bool]:
    """Run a command with its own session; the end of what it printed, and whether it ended."""
    environment = {
        **os.environ,
        "MPLBACKEND": "Agg",
        "PYTHONIOENCODING": "utf-8",
        "OPENBLAS_NUM_THREADS": "1",
    }
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout is not None
    kept, end = b"", time.monotonic() + limit
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while (left := end - time.monotonic()) > 0:
                if selector.select(min(left, 0.2)):
                    data = os.read(process.stdout.fileno(), 1 << 16)
                    kept = (kept + data)[-MOST_OUTPUT:]
                    if not data:
                        break
                if process.poll() is not None:
                    break
        ended = process.poll() is not None
        if not ended:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(min(end - time.monotonic(), 1.0), 0.0))
                ended = True
        return kept.decode(errors="replace"), ended
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def _read(made: dict[str, Any], arrays: dict[str, Any], output: str) -> Run:
    def value(part: Value) -> Value:
        if isinstance(part, dict):
            if "entry" in part:
                return Reference(part["entry"])
            if "array" in part:
                return arrays[part["array"]]
            return tuple(value(inner) for inner in part["tuple"])
        return [value(inner) for inner in part] if isinstance(part, list) else part

    values: list[Any] = []
    for number, (scalar, kind) in enumerate(zip(made["scalars"], made["kinds"], strict=True)):
        if f"v{number}" in arrays:
            values.append(arrays[f"v{number}"])
        else:
            plain = float.fromhex(scalar) if isinstance(scalar, str) else scalar
            values.append(np.dtype(kind).type(plain))
    recording = Recording()
    recording.tape = [
        Note(call, tuple(value(given)), {name: value(held) for name, held in words.items()}, at)
        for call, given, words, at in made["notes"]
    ]
    recording.values = values
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
    return Run(recording, places, made["end"], message, made.get("line"), output)
