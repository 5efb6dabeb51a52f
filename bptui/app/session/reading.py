"""The lines of a session file -> a timeline and where it stands; nothing in them is executed."""

from __future__ import annotations

import math
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec
import numpy as np

from bptui.app.session.record import FORMAT, VERSION, Edit, Mark, Past, Preset, Samples, Stand
from bptui.core.arrays import Array, frozen
from bptui.core.data import Data
from bptui.core.experiment import Experiment
from bptui.core.network import Network
from bptui.core.state import Layout
from bptui.core.timeline import Segment, Timeline
from bptui.presets import build
from bptui.presets.errors import PresetError, cleaned, printable
from bptui.presets.files import loads
from bptui.presets.save import shown_path

LARGEST_FILE = 64 * 2**20
"""Bytes; no larger session is written, nor read."""
LONGEST_STAND = 2**20
"""Bytes that the mark, and where a session stands, may take."""
_NUMBER = 8

Line = TypeVar("Line", bound=msgspec.Struct)


class SessionError(Exception):
    """A file that is no session, or not one that can be continued; the message names it."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(f"{shown_path(file)}: {printable(reason)}")


class UselessSessionError(SessionError):
    """One that no version of the program can continue."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(file, f"{reason}; the file can be deleted")


class DamagedSessionError(UselessSessionError):
    """One of ours that is not as it was written; ``error`` tells what is amiss."""

    def __init__(self, file: Path, error: object) -> None:
        super().__init__(file, f"a damaged session ({error})")


def read_stand(file: Path) -> Stand:
    """Where the session in ``file`` stands. Raises :class:`SessionError`."""
    with _opened(file) as stream:
        return _stand(file, stream.readline(LONGEST_STAND), stream.readline(LONGEST_STAND))


def read(file: Path) -> tuple[Stand, Timeline]:
    """All of the session in ``file``, nothing of it played yet. Raises :class:`SessionError`."""
    with _opened(file) as stream:
        stand = _stand(file, stream.readline(LONGEST_STAND), stream.readline(LONGEST_STAND))
        line = stream.read(LARGEST_FILE + 1)
    if len(line) > LARGEST_FILE:
        raise UselessSessionError(file, f"more than {LARGEST_FILE // 2**20} MiB")
    past = _decoded(file, line, Past)
    try:
        return stand, timeline_of(past)
    except ValueError as error:
        raise DamagedSessionError(file, error) from None


def _opened(file: Path) -> BinaryIO:
    """The stream of a regular file; a pipe would be waited for without end."""
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        stream = os.fdopen(descriptor, "rb")
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return stream
        stream.close()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SessionError(file, f"a session that cannot be read ({reason})") from None
    raise SessionError(file, "no regular file")


def _stand(file: Path, mark: bytes, line: bytes) -> Stand:
    """The second line, once the first says that it is one of ours."""
    try:
        found = msgspec.json.decode(mark, type=Mark)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise UselessSessionError(file, "not a session of bptui") from None
    if found.format != FORMAT:
        raise UselessSessionError(file, "not a session of bptui")
    if found.version != VERSION:
        raise SessionError(
            file,
            f"a session in format {found.version}; this version of bptui reads format {VERSION}, "
            "and the one that wrote it can continue it",
        )
    stand = _decoded(file, line, Stand)
    pointed = stand.look.selection
    if pointed.layer == 0 and pointed.kind != "unit":
        raise DamagedSessionError(file, "no weights lead into the input")
    return stand


def _decoded(file: Path, line: bytes, kind: type[Line]) -> Line:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise DamagedSessionError(file, error) from None


def timeline_of(past: Past) -> Timeline:
    """The timeline that was written. Raises :class:`ValueError` where its parts do not fit."""
    network, training = past.network, past.training
    data = _data(past.data, network)
    start = Layout(network).unflatten(
        _numbers(past.start, (network.parameter_count,), "start values")
    )
    name = printable(past.name)
    experiment = Experiment(
        name=name,
        network=network,
        start=start,
        training=training,
        data=data,
        title=cleaned(past.title),
        description=cleaned(past.description),
        source=cleaned(past.source),
        origin=None if past.preset is None else _origin(past.preset, name),
    )
    segments = [Segment(0, experiment, None)]
    for edit in past.edits:
        segments.append(_segment(edit, segments[-1].experiment))
    return Timeline.of_segments(segments)


def _segment(edit: Edit, before: Experiment) -> Segment:
    training = replace(before.training, learning_rate=edit.learning_rate)
    data = before.data
    if edit.data is not None:
        data = _data(edit.data, before.network)
        if (data.samples, len(data.test_inputs)) != (
            before.data.samples,
            len(before.data.test_inputs),
        ):
            raise ValueError("an edit that changes how many samples there are")
    state = _numbers(edit.state, (-1,), "weights and biases after an edit")
    return Segment(edit.step, replace(before, training=training, data=data), state)


def _data(samples: Samples, network: Network) -> Data:
    units, outputs = network.layers[0], network.layers[-1]
    return Data(
        _numbers(samples.inputs, (samples.count, units), "inputs"),
        _numbers(samples.targets, (samples.count, outputs), "targets"),
        _numbers(samples.test_inputs, (samples.tests, units), "test inputs"),
        _numbers(samples.test_targets, (samples.tests, outputs), "test targets"),
        tuple(map(cleaned, samples.input_names)),
        tuple(map(cleaned, samples.class_names)),
        samples.source,
    )


def _numbers(content: bytes, shape: tuple[int, ...], what: str) -> Array:
    """The array in ``content``, which must have just as many numbers as ``shape`` says."""
    count = len(content) // _NUMBER if shape == (-1,) else math.prod(shape)
    if len(content) != count * _NUMBER:
        raise ValueError(f"its {what} are too many or too few numbers")
    return frozen(np.frombuffer(content, dtype="<f8").reshape(shape))


def _origin(preset: Preset, name: str) -> object:
    """What it came from, for saving it in the same words; None where that is gone."""
    folder = Path(os.fsdecode(preset.folder))
    file = None if preset.file is None else Path(os.fsdecode(preset.file))
    try:
        if preset.table is None:
            return loads(preset.text, name, folder, path=file).origin
        return build.experiment(preset.table, name, folder, file).origin
    except (PresetError, ValueError, OSError, MemoryError):
        return None  # its CSV file, say: saving writes the numbers out instead
