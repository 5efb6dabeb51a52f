"""A session as the lines of its file and back: preset, edits, and the view.

The file is three lines of JSON: a mark, where the session stands, and what every step of it can be
played again from. The first two are all that is read to choose a session. Nothing in the file is
executed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from bptui.app.panels.derivation import Wanted
from bptui.app.playback.breakpoints import Breakpoint, parse
from bptui.app.view import Count, Selection
from bptui.core.data import Data
from bptui.core.edits import Edit
from bptui.core.errors import MOST_STEPS
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline
from bptui.presets.build import origin_of
from bptui.presets.errors import PresetError, printable
from bptui.presets.files import loads
from bptui.presets.folders import working_folder
from bptui.presets.save import SaveError, document, shown_path, table_of

FORMAT, VERSION = "bptui session", 5
USELESS = "; the file can be deleted"
"""Is said of what no version of the program can continue."""
DAMAGED = f"a damaged session ({{}}){USELESS}"
LARGEST_FILE = 64 * 2**20
"""Bytes; no larger session is written, nor read."""

Step = Annotated[int, Meta(ge=0, le=MOST_STEPS * 10)]


class Mark(Struct, frozen=True):
    """The first line: whose file it is. What another version adds to it is no error."""

    format: str
    version: int


class SessionState(Struct, frozen=True, forbid_unknown_fields=True):
    """The second line: where in its timeline the session stands, and how it ended."""

    ended: bool
    """Whether the user has quit."""
    name: str
    step: Step
    position: Count | None
    breakpoints: list[tuple[str, bool]]
    speed: str
    saved: Path | None
    loss: str = ""
    """Of the step, as far as it was shown: the one that is played again is to have the same."""
    selection: Selection = Selection()
    pointed: bool = False
    """Whether it is what is explained."""
    sample: Count | None = None
    logarithmic: bool = False
    form: Wanted = "all"
    """Of the derivation."""


class Past(Struct, frozen=True, forbid_unknown_fields=True):
    """The third line: what every step can be played again from."""

    text: str
    """The preset's."""
    folder: Path
    """Where its CSV file is looked for."""
    file: Path | None
    csv: str | None
    """The checksum of its samples, where they are in a CSV file, which must not change."""
    edits: list[tuple[Step, Edit]] = []


class Session(NamedTuple):
    """What is to be kept of a running app, or what was read: then nothing of it is played."""

    state: SessionState
    timeline: Timeline
    breakpoints: Mapping[Breakpoint, bool] = {}
    """Those of the state, as they were read."""


class SessionError(Exception):
    """A file that is no session, or not one that can be continued; the message names it."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(f"{shown_path(file)}: {printable(reason)}")


def written(session: Session, ended: bool) -> bytes:
    """Return the file of a session.

    Raises :class:`SaveError` where its experiment has no preset, or where it takes too many bytes.
    """
    timeline = session.timeline
    past = replace(_preset_of(timeline.opened), edits=timeline.all_edits)
    lines = Mark(FORMAT, VERSION), replace(session.state, ended=ended), past
    content = b"".join(msgspec.json.encode(line, enc_hook=_as_bytes) + b"\n" for line in lines)
    if len(content) > LARGEST_FILE:
        raise SaveError(f"It would take more than {LARGEST_FILE // 2**20} MiB.")
    return content


def _as_bytes(value: object) -> bytes:
    """Return what JSON has no form for: a path as the system has it."""
    assert isinstance(value, Path), "nothing else is in a session"
    return os.fsencode(value.absolute())


def _of_bytes(kind: type, value: object) -> Path:
    return Path(os.fsdecode(msgspec.convert(value, bytes)))


@lru_cache(maxsize=1)
def _preset_of(experiment: Experiment) -> Past:
    """Return its preset, without edits. Raises :class:`SaveError` where it has none."""
    origin, of_file = origin_of(experiment), table_of(experiment).data.csv is not None
    folder = working_folder() if origin is None else origin.folder
    file = None if origin is None else origin.file
    csv = _checksum(experiment.data) if of_file else None
    return Past(document(experiment), folder, file, csv)


def _checksum(data: Data) -> str:
    made = hashlib.sha256()
    for array in data.arrays:
        made.update(array.astype("<f8").tobytes())
    return made.hexdigest()


def read_state(file: Path) -> SessionState:
    """Return where the session in ``file`` stands. Raises :class:`SessionError`."""
    return _lines(file, 2)[0]


def read(file: Path) -> Session:
    """Return the session in ``file``, nothing of it played. Raises :class:`SessionError`."""
    state, line = _lines(file, 3)
    with _named(file, DAMAGED):
        past = msgspec.json.decode(line, type=Past, dec_hook=_of_bytes)
    with _named(file, "a session whose preset cannot be loaded ({})"):
        opened = loads(past.text, printable(state.name), past.folder, path=past.file)
        if past.csv not in (None, _checksum(opened.data)):
            raise ValueError("its CSV file has changed since")
    with _named(file, DAMAGED):
        timeline = Timeline.replayed(opened, past.edits)
        breakpoints = {parse(text, opened.network): on for text, on in state.breakpoints}
    return Session(state, timeline, breakpoints)


def _lines(file: Path, count: int) -> tuple[SessionState, bytes]:
    """Return the second line, once the first says that it is one of ours, and the last."""
    with _named(file, "a session that cannot be read ({})"):
        if not file.is_file():
            raise OSError("not a regular file")
        with file.open("rb") as stream:
            lines = [stream.readline(LARGEST_FILE) for _ in range(count)]
    with _named(file, f"not a session of bptui{USELESS}"):
        mark = msgspec.json.decode(lines[0], type=Mark)
        if mark.format != FORMAT:
            raise ValueError("another program's")
    if mark.version != VERSION:
        raise SessionError(
            file,
            f"a session in format {mark.version}; this version of bptui reads format {VERSION}, "
            "and the one that wrote it can continue it",
        )
    with _named(file, DAMAGED):
        state = msgspec.json.decode(lines[1], type=SessionState, dec_hook=_of_bytes)
    return state, lines[-1]


@contextmanager
def _named(file: Path, reason: str) -> Iterator[None]:
    """Turn what goes wrong with ``file`` into the one error; ``reason`` has room for its words."""
    try:
        yield
    except (
        *(PresetError, ValueError, RecursionError, OSError, MemoryError),
        msgspec.MsgspecError,  # no ValueError before msgspec 0.20
    ) as error:
        words = getattr(error, "strerror", None) or str(error) or "not enough memory"
        raise SessionError(file, reason.format(words)) from None
