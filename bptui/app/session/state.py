"""A session as the lines of its file and back: preset, edits, one checkpoint, and the view.

The file is three lines of JSON: a mark, where the session stands, and what every step of it can be
played again from. The first two are all that is read to choose a session. Arrays are base64 of
float64 numbers; nothing in the file is executed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta, Struct
from msgspec.structs import replace

from bptui.app.playback.breakpoints import Breakpoint, parse
from bptui.app.view import Selection
from bptui.core.arrays import Array, frozen
from bptui.core.data import Data
from bptui.core.edits import Edit
from bptui.core.engine import Snapshot
from bptui.core.errors import MOST_STEPS
from bptui.core.experiment import Experiment
from bptui.core.history import SPANS, LossHistory, Summary
from bptui.core.state import Layout
from bptui.core.timeline import Timeline
from bptui.presets.build import origin_of
from bptui.presets.describe import table_of
from bptui.presets.errors import PresetError, printable
from bptui.presets.files import loads
from bptui.presets.folders import working_folder
from bptui.presets.save import SaveError, document, shown_path

FORMAT, VERSION = "bptui session", 3
USELESS = "; the file can be deleted"
"""Is said of what no version of the program can continue."""
DAMAGED = f"a damaged session ({{}}){USELESS}"
LARGEST_FILE = 64 * 2**20
"""Bytes; no larger session is written, nor read."""
MOST_WRITTEN_OUT = 100_000
"""Numbers of a CSV file that are kept in the session, too; of more the file is needed."""
LONG_RUN = 0.03
"""Seconds of playing from which a run is not played again to continue it."""

Count = Annotated[int, Meta(ge=0, le=2**31)]
Step = Annotated[int, Meta(ge=0, le=MOST_STEPS * 10)]
FileName = bytes
"""Of a file or a folder, as the system has it, which need not be text."""


class Mark(Struct, frozen=True):
    """The first line: whose file it is. What another version adds to it is no error."""

    format: str
    version: int


class Look(Struct, frozen=True, forbid_unknown_fields=True):
    """What the panels show: each by itself, none of it part of the calculation."""

    selection: Selection = Selection()
    pointed: bool = False
    """Whether it is what is explained."""
    sample: Count | None = None
    logarithmic: bool = False
    derivation: Literal["scalar", "matrix", "numpy"] = "scalar"
    learned: bool = False
    picture: Count = 0
    """Which of the pictures of what was learned."""
    samples: bool = False
    zoomed: bool = False
    focused: str | None = None
    """The id of the panel that has the focus."""

    def __post_init__(self) -> None:
        kind, *place = self.selection
        if min(place) < 0 or self.selection.layer < (kind != "unit"):
            raise ValueError("no such selection")


class SessionState(Struct, frozen=True, forbid_unknown_fields=True):
    """The second line: where in its timeline the session stands, and how it ended."""

    ended: bool
    """Whether the user has quit."""
    name: str
    step: Step
    position: Count | None
    breakpoints: list[tuple[str, bool]]
    speed: str
    saved: FileName | None
    look: Look
    touched: bool = True
    """Whether the user has done anything in it."""


class Losses(Struct, frozen=True, forbid_unknown_fields=True):
    """The losses of a long run as the chart shows them, so that it need not be played again."""

    width: Annotated[int, Meta(gt=0, le=2**40)]
    lows: bytes
    highs: bytes
    rest: bytes
    first_not_finite: Step | None
    test_losses: list[tuple[Step, float | None]]
    """None where one is not finite, which JSON has no number for."""


class Past(Struct, frozen=True, forbid_unknown_fields=True):
    """The third line: what every step can be played again from."""

    text: str
    """The preset's."""
    folder: FileName
    """Where its CSV file is looked for."""
    file: FileName | None
    csv: str | None
    """The checksum of its samples, where they are in a CSV file."""
    numbers: str | None
    """The same preset with all numbers in it, for when that file has changed or is gone."""
    edits: list[tuple[Step, Edit]]
    checkpoint: tuple[Step, bytes] | None
    """The step that was shown, and the numbers of its state."""
    losses: Losses | None
    """Those before it, where it takes long to play them again."""


@dataclasses.dataclass(eq=False)
class Session:
    """What is to be kept of a running app; ``snapshot`` is what it shows of the timeline."""

    state: SessionState
    timeline: Timeline
    snapshot: Snapshot | None

    def same_as(self, other: Session | None) -> bool:
        """Return whether only one of them need be written."""
        return (
            other is not None
            and self.timeline is other.timeline
            and self.state == replace(other.state, touched=self.state.touched)
        )


class Resumed(NamedTuple):
    """What was read: ``checkpoint`` is the step that was shown, and the numbers of its state."""

    state: SessionState
    timeline: Timeline
    checkpoint: tuple[int, Array] | None
    breakpoints: dict[Breakpoint, bool]


class SessionError(Exception):
    """A file that is no session, or not one that can be continued; the message names it."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(f"{shown_path(file)}: {printable(reason)}")


def written(session: Session, ended: bool) -> bytes:
    """Return the file of a session.

    Raises :class:`SaveError` where its experiment has no preset, or where it takes too many bytes.
    """
    timeline, snapshot = session.timeline, session.snapshot
    checkpoint = None if snapshot is None else (snapshot.step, _bytes(state_of(snapshot)))
    past = replace(
        _preset_of(timeline.opened),
        edits=timeline.all_edits,
        checkpoint=checkpoint,
        losses=None if checkpoint is None else _losses_before(timeline, checkpoint[0]),
    )
    lines = Mark(FORMAT, VERSION), replace(session.state, ended=ended), past
    content = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    if len(content) > LARGEST_FILE:
        raise SaveError(f"It would take more than {LARGEST_FILE // 2**20} MiB.")
    return content


@lru_cache(maxsize=1)
def _preset_of(experiment: Experiment) -> Past:
    """Return its preset, without edits. Raises :class:`SaveError` where it has none."""
    origin, data = origin_of(experiment), experiment.data
    table, numbers = table_of(experiment), None
    if table.data.csv and data.inputs.size + data.targets.size <= MOST_WRITTEN_OUT:
        with suppress(SaveError):
            numbers = document(dataclasses.replace(experiment, origin=None))
    if origin is not None and origin.text and table == origin.table:
        text = origin.text
    else:
        try:
            text = document(experiment)
        except SaveError:  # its CSV file has changed since
            if numbers is None:
                raise
            text = numbers
    return Past(
        text=text,
        folder=os.fsencode((working_folder() if origin is None else origin.folder).absolute()),
        file=None if origin is None else file_name(origin.file),
        csv=_checksum(data) if table.data.csv else None,
        numbers=numbers,
        edits=[],
        checkpoint=None,
        losses=None,
    )


def file_name(path: Path | None) -> bytes | None:
    """Return an absolute path as the system has it."""
    return None if path is None else os.fsencode(path.absolute())


def _checksum(data: Data) -> str:
    made = hashlib.sha256()
    for array in (data.inputs, data.targets, data.test_inputs, data.test_targets):
        made.update(_bytes(array))
    return made.hexdigest()


def _losses_before(timeline: Timeline, step: int) -> Losses | None:
    """Return those to be kept; None where they are soon played again, or too few are known."""
    if step * timeline.seconds_per_step < LONG_RUN or len(timeline.losses) < step:
        return None
    losses, tests = timeline.losses.until(step), timeline.test_losses
    if len(losses) < step:
        return None
    summary, tests = losses.summary(), None if tests is None else tests.until(step)
    return Losses(
        width=summary.width,
        lows=_bytes(summary.lows),
        highs=_bytes(summary.highs),
        rest=_bytes(summary.rest),
        first_not_finite=losses.first_not_finite,
        test_losses=[] if tests is None else [*zip(tests.steps, tests.values, strict=False)],
    )


def state_of(snapshot: Snapshot) -> Array:
    """Return all numbers of its state, as the engine holds them."""
    layout = Layout(snapshot.experiment.network)
    parts = (snapshot.parameters, *snapshot.slots.values())
    return np.concatenate([layout.flatten(part) for part in parts])


def _bytes(numbers: Array) -> bytes:
    return numbers.astype("<f8").tobytes()


def _numbers(content: bytes) -> Array:
    return frozen(np.frombuffer(content, dtype="<f8"))


def read_state(file: Path) -> SessionState:
    """Return where the session in ``file`` stands. Raises :class:`SessionError`."""
    return _state(file, *_lines(file, 2))


def read(file: Path) -> Resumed:
    """Return the session in ``file``, nothing of it played. Raises :class:`SessionError`."""
    mark, line, rest = _lines(file, 3)
    state = _state(file, mark, line)
    with _named(file, DAMAGED):
        past = msgspec.json.decode(rest, type=Past)
    with _named(file, "a session whose preset cannot be loaded ({})"):
        opened = _loaded(past, printable(state.name))
    with _named(file, DAMAGED):
        timeline, checkpoint = Timeline.replayed(opened, past.edits), None
        if past.checkpoint is not None:
            checkpoint = past.checkpoint[0], _numbers(past.checkpoint[1])
            if past.losses is not None:
                _go_on(timeline, *checkpoint, past.losses)
        breakpoints = {parse(text, opened.network): on for text, on in state.breakpoints}
    return Resumed(state, timeline, checkpoint, breakpoints)


def _loaded(past: Past, name: str) -> Experiment:
    folder = Path(os.fsdecode(past.folder))
    path = None if past.file is None else Path(os.fsdecode(past.file))
    try:
        opened = loads(past.text, name, folder, path=path)
        if past.csv in (None, _checksum(opened.data)):
            return opened
    except PresetError:
        if past.numbers is None:
            raise
    if past.numbers is None:
        raise ValueError("its CSV file has changed since")
    return loads(past.numbers, name, folder)


def _go_on(timeline: Timeline, step: int, state: Array, kept: Losses) -> None:
    """Have a timeline go on from a long run. Raises :class:`ValueError`."""
    width, lows, highs = kept.width, _numbers(kept.lows), _numbers(kept.highs)
    if width & (width - 1) or lows.shape != highs.shape or lows.size >= SPANS:
        raise ValueError("no such losses")
    summary, tests = Summary(width, lows, highs, _numbers(kept.rest)), timeline.test_losses
    if tests is not None:
        tests.steps = [step for step, _ in kept.test_losses]
        tests.values = [math.nan if loss is None else loss for _, loss in kept.test_losses]
        if tests.steps != sorted(set(tests.steps)):
            raise ValueError("no such test losses")
        tests = tests.until(step)
    timeline.go_on_from(step, state, LossHistory.of(summary, kept.first_not_finite), tests)


def _lines(file: Path, count: int) -> list[bytes]:
    with _named(file, "a session that cannot be read ({})"):
        if not file.is_file():
            raise OSError("not a regular file")
        with file.open("rb") as stream:
            return [stream.readline(LARGEST_FILE) for _ in range(count)]


def _state(file: Path, mark_line: bytes, state_line: bytes) -> SessionState:
    """Return the second line, once the first says that it is one of ours."""
    with _named(file, f"not a session of bptui{USELESS}"):
        mark = msgspec.json.decode(mark_line, type=Mark)
        if mark.format != FORMAT:
            raise ValueError("another program's")
    if mark.version != VERSION:
        raise SessionError(
            file,
            f"a session in format {mark.version}; this version of bptui reads format {VERSION}, "
            "and the one that wrote it can continue it",
        )
    with _named(file, DAMAGED):
        return msgspec.json.decode(state_line, type=SessionState)


FAULTS = (
    *(PresetError, ValueError, RecursionError, OSError, MemoryError),
    msgspec.MsgspecError,  # no ValueError before msgspec 0.20
)
"""What a file that is no session, or a damaged one, may raise."""


@contextmanager
def _named(file: Path, reason: str) -> Iterator[None]:
    """Turn what goes wrong with ``file`` into the one error; ``reason`` has room for its words."""
    try:
        yield
    except FAULTS as error:
        words = getattr(error, "strerror", None) or str(error) or "not enough memory"
        raise SessionError(file, reason.format(words)) from None
