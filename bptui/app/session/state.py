"""A session as the lines of its file and back: preset, edits, one checkpoint, and the view.

The file is four lines: a mark, where the session stands, the preset's text with all edits, and the
state of the step that was shown. The first two are all that is read to choose a session; the last
one is base64 of float64 numbers, everything else JSON. Nothing in them is executed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, BinaryIO, Literal, NamedTuple, TypeVar

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
from bptui.core.history import MOST as MOST_TESTS
from bptui.core.history import SPANS, LossHistory, Summary
from bptui.core.state import Layout
from bptui.core.timeline import Timeline
from bptui.presets.describe import table_of
from bptui.presets.errors import PresetError, printable
from bptui.presets.files import loads
from bptui.presets.origin import origin_of
from bptui.presets.save import SaveError, document, shown_path
from bptui.presets.working import working_folder

FORMAT, VERSION = "bptui session", 2
USELESS = "; the file can be deleted"
"""Is said of what no version of the program can continue."""
LARGEST_FILE = 64 * 2**20
"""Bytes; no larger session is written, nor read."""
MOST_WRITTEN_OUT = 100_000
"""Numbers of a CSV file that are kept in the session, too; of more the file is needed."""
LONGEST_STATE = 2**20
"""Bytes that each of the first two lines may take."""
MOST_EDITED = 2**28
"""Edits times what the experiment has of numbers, which each of them may copy."""
LONG_RUN = 0.03
"""Seconds of playing from which a run is not played again to continue it."""
PIECE = 3 * 2**17
"""Bytes that are encoded at a time, between which other threads go on; divisible by three, so that
no piece but the last is padded."""

Count = Annotated[int, Meta(ge=0, le=2**31)]
Step = Annotated[int, Meta(ge=0, le=MOST_STEPS * 10)]
Short = Annotated[str, Meta(max_length=1000)]
FileName = Annotated[bytes, Meta(max_length=10_000)]
"""Of a file or a folder, as the system has it, which need not be text."""
Line = TypeVar("Line", bound=Struct)


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
    focused: Short | None = None
    """The id of the panel that has the focus."""


class SessionState(Struct, frozen=True, forbid_unknown_fields=True):
    """The second line: where in its timeline the session stands, and how it ended."""

    ended: bool
    """Whether the user has quit."""
    name: str
    step: Step
    position: Count | None
    breakpoints: Annotated[list[tuple[Short, bool]], Meta(max_length=1000)]
    speed: Short
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
    test_steps: Annotated[list[Step], Meta(max_length=MOST_TESTS)]
    test_losses: bytes


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
    edits: Annotated[list[tuple[Step, Edit]], Meta(max_length=10_000)]
    checkpoint: Step | None
    """The step whose state the last line holds."""
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


def preset_of(experiment: Experiment) -> Past:
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
        made.update(np.ascontiguousarray(array, dtype="<f8").data)
    return made.hexdigest()


def lines_of(session: Session, preset: Past, ended: bool) -> Iterator[bytes]:
    """Return the lines of a session of this preset, in pieces."""
    timeline, snapshot = session.timeline, session.snapshot
    step = None if snapshot is None else snapshot.step
    past = replace(
        preset,
        edits=timeline.all_edits,
        checkpoint=step,
        losses=_losses_before(timeline, step or 0),
    )
    for part in (Mark(FORMAT, VERSION), replace(session.state, ended=ended), past):
        yield msgspec.json.encode(part) + b"\n"
    content = memoryview(b"" if snapshot is None else _bytes(state_of(snapshot)))
    for start in range(0, len(content), PIECE):
        yield b2a_base64(content[start : start + PIECE], newline=False)
    yield b"\n"


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
        test_steps=[] if tests is None else tests.steps,
        test_losses=_bytes(np.array([] if tests is None else tests.values)),
    )


def state_of(snapshot: Snapshot) -> Array:
    """Return all numbers of its state, as the engine holds them."""
    layout = Layout(snapshot.experiment.network)
    parts = (snapshot.parameters, *snapshot.slots.values())
    return np.concatenate([layout.flatten(each) for each in parts])


def _bytes(numbers: Array) -> bytes:
    return numbers.astype("<f8").tobytes()


def read_state(file: Path) -> SessionState:
    """Return where the session in ``file`` stands. Raises :class:`SessionError`."""
    with _opened(file) as stream:
        return _state(file, stream)


def read(file: Path) -> Resumed:
    """Return the session in ``file``, nothing of it played. Raises :class:`SessionError`."""
    with _opened(file) as stream:
        state = _state(file, stream)
        line, _, base64 = stream.read(LARGEST_FILE + 1).partition(b"\n")
    if len(line) + len(base64) > LARGEST_FILE:
        raise SessionError(file, f"more than {LARGEST_FILE // 2**20} MiB{USELESS}")
    past = _decoded(file, line, Past)
    try:
        opened = _loaded(past, printable(state.name))
    except (PresetError, ValueError, OSError, MemoryError) as error:
        reason = f"a session whose preset cannot be loaded ({error or 'not enough memory'})"
        raise SessionError(file, reason) from None
    try:
        _check_count(past, opened)
        timeline, checkpoint = Timeline.replayed(opened, past.edits), None
        numbers = _numbers(a2b_base64(base64.strip(), strict_mode=True))
        if past.checkpoint is not None:
            if not numbers.size or numbers.size % opened.network.parameter_count:
                raise ValueError("a state of too many or too few numbers")
            checkpoint = past.checkpoint, numbers
            if past.losses is not None:
                _go_on(timeline, *checkpoint, past.losses)
        breakpoints = {parse(text, opened.network): on for text, on in state.breakpoints}
    except (ValueError, MemoryError) as error:
        raise _damaged(file, error) from None
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


def _check_count(past: Past, opened: Experiment) -> None:
    data = opened.data
    numbers = opened.network.parameter_count + data.inputs.size + data.targets.size
    if len(past.edits) * numbers > MOST_EDITED:
        raise ValueError("more edits than an experiment of its size can have")


def _go_on(timeline: Timeline, step: int, state: Array, kept: Losses) -> None:
    """Have a timeline go on from a long run. Raises :class:`ValueError`."""
    width, lows, highs = kept.width, _numbers(kept.lows), _numbers(kept.highs)
    if width & (width - 1) or lows.shape != highs.shape or lows.size >= SPANS:
        raise ValueError("no such losses")
    summary = Summary(width, lows, highs, _numbers(kept.rest))
    tests, values = timeline.test_losses, _numbers(kept.test_losses).tolist()
    if tests is not None:
        if kept.test_steps != sorted(set(kept.test_steps)):
            raise ValueError("no such test losses")
        count = min(len(values), len(kept.test_steps))  # more came while they were written
        tests.steps, tests.values = kept.test_steps[:count], values[:count]
        tests = tests.until(step)
    losses = LossHistory.of(summary, kept.first_not_finite)
    timeline.go_on_from(step, state, losses, tests)


def _numbers(content: bytes) -> Array:
    return frozen(np.frombuffer(content, dtype="<f8"))


def _opened(file: Path) -> BinaryIO:
    """Return the stream of a regular file; a pipe would be waited for without end."""
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        stream = os.fdopen(descriptor, "rb")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SessionError(file, f"a session that cannot be read ({reason})") from None
    if not file.is_file():
        stream.close()
        raise SessionError(file, "not a regular file")
    return stream


def _state(file: Path, stream: BinaryIO) -> SessionState:
    """Return the second line, once the first says that it is one of ours."""
    try:
        mark = msgspec.json.decode(stream.readline(LONGEST_STATE), type=Mark)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        mark = Mark("", 0)
    if mark.format != FORMAT:
        raise SessionError(file, f"not a session of bptui{USELESS}")
    if mark.version != VERSION:
        raise SessionError(
            file,
            f"a session in format {mark.version}; this version of bptui reads format {VERSION}, "
            "and the one that wrote it can continue it",
        )
    state = _decoded(file, stream.readline(LONGEST_STATE), SessionState)
    selected = state.look.selection
    first = 0 if selected.kind == "unit" else 1
    if selected.layer < first or min(selected.unit, selected.source) < 0:
        raise _damaged(file, "no such selection")
    return state


def _decoded(file: Path, line: bytes, kind: type[Line]) -> Line:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise _damaged(file, error) from None


def _damaged(file: Path, error: object) -> SessionError:
    """Return the error for one of ours that is not as it was written."""
    return SessionError(file, f"a damaged session ({error}){USELESS}")
