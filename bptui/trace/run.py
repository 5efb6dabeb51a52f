"""What is asked of a run of somebody's program, and what was recorded of it."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import decode_source
from pathlib import Path
from typing import Any

import numpy as np

from bptui.trace.record.recording import Recording
from bptui.trace.record.session import CALL
from bptui.trace.source import NOWHERE, Place, Source
from bptui.trace.stored import read
from bptui.trace.tape import Binding, Caller, Note, callers

ENTRIES, LOOK, STEPS = 300_000, 500, 3
"""The longest tape, the length at which it is first looked at, and the steps that are enough."""
AROUND = ("%%time", "%%timeit", "%%capture", "%%prun", "%%memit")
"""Magics of a cell that is Python all the same."""
ASSIGNED = re.compile(r"(\s*)([\w, ]+?)\s*=\s*[!%].*")
FUTURE = re.compile(r"^(from __future__ import [\w, ]+)$", re.MULTILINE)
ASKED = re.compile(r"\s*(\?{1,2}[\w.]+|[\w.]+\?{1,2})\s*")


class NotRecordedError(Exception):
    """Says why a program could not be recorded; ``line`` is the program's."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


@dataclass
class Run:
    """What a program did, and how it ended."""

    recording: Recording
    source: Source
    """The text of the program, with the modules of its own that computed anything."""
    places: list[Place]
    """In that text; of the code that calls the program, at line 0."""
    callers: dict[int, Caller]
    end: str
    """ran, exit, enough (all that is looked at was seen), time, error."""
    message: str = ""
    line: int | None = None
    way: list[tuple[str, int, str, str]] = field(default_factory=list)
    """The calls that led there, the outermost first: file, line, function, and the line's text."""
    told: list[dict[str, Any]] = field(default_factory=list)
    """What the calls of a function gave."""
    began: bool = False
    """Whether such calls were reached."""
    printed: str = ""

    def line_of(self, place: int) -> int:
        """Return the line of a place in the text; 0 where it is in none."""
        return self.places[place][0] if place >= 0 else 0


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
    text = text_of(file)
    if file.suffix != ".ipynb":
        return text
    try:
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        code = "\n".join(plain("".join(cell["source"])) for cell in cells)
        return FUTURE.sub(r"pass  # \1", code)  # which may stand at the begin of any cell
    except (ValueError, KeyError, TypeError):
        raise NotRecordedError("it is no notebook: its JSON has no cells") from None


def plain(cell: str) -> str:
    """Return a cell as Python, in as many rows: a magic becomes a comment."""
    rows = cell.split("\n")
    first = next((row.split()[0] for row in rows if row.strip()), "")
    if first.startswith("%%") and first not in AROUND:
        return "\n".join(f"# {row}" for row in rows)
    try:
        ast.parse(cell)
    except (SyntaxError, ValueError):
        return "\n".join(map(_row, rows))
    return cell


def _row(row: str) -> str:
    assigned = ASSIGNED.fullmatch(row)
    if assigned:
        return f"{assigned[1]}{assigned[2]} = None  # {row.strip()}"
    if row.lstrip().startswith(("%", "!")) or ASKED.fullmatch(row):
        return f"{row[: len(row) - len(row.lstrip())]}pass  # {row.strip()}"
    return row


def text_of(file: Path) -> str:
    """Return a file's text in the encoding that it tells, as Python reads it."""
    try:
        return decode_source(file.read_bytes())
    except (SyntaxError, UnicodeDecodeError):
        return file.read_text(encoding="utf-8-sig", errors="replace")


def read_run(folder: str, file: Path) -> Run | None:
    """Return what a run of ``file`` has left in a folder; None where it has left nothing."""
    try:
        made = read(folder, "run")
    except FileNotFoundError:
        return None
    recording = Recording()
    recording.tape = [Note(*one) for one in made["notes"]]
    recording.bindings = [Binding(*one) for one in made["bindings"]]
    recording.values = [np.asarray(one)[()] for one in made["values"]]
    recording.turns, recording.compared = made["turns"], made["compared"]
    recording.reads, recording.plain = made["reads"], made["plain"]
    recording.turning, recording.callers = made["turning"], made["callers"]
    source, places = _whole(file, recording, made["places"])
    called = callers(recording.callers, ((place[0], place[1]) for place in made["places"]))
    told = ("end", "message", "line", "way", "told", "began")
    return Run(
        recording, source, places, called, **{name: made[name] for name in told if name in made}
    )


def _whole(
    file: Path, recording: Recording, places: Sequence[Sequence[Any]]
) -> tuple[Source, list[Place]]:
    """Return a program's text with that of its modules that computed anything, and its places.

    ``places`` have each its file before them.
    """
    own = str(file.absolute())
    computing = dict.fromkeys(places[note.place][0] for note in recording.tape if note.place >= 0)
    modules = [other for other in computing if other not in (own, CALL)]
    names = [os.path.relpath(other, file.absolute().parent) for other in modules]
    texts = map(text_of, map(Path, modules))
    source = Source(source_of(file), dict(zip(names, texts, strict=True)))
    before = dict(zip([own, *modules], source.files.before, strict=True))
    return source, [
        (before[at] + first, column, before[at] + last, end) if at in before else NOWHERE
        for at, first, column, last, end in places
    ]
