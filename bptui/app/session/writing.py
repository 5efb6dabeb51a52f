"""A timeline and where it stands -> the lines of a session file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from bptui.app.session.record import (
    FORMAT,
    VERSION,
    Edit,
    Mark,
    Past,
    Preset,
    Samples,
    Stand,
)
from bptui.core.arrays import Array
from bptui.core.data import Data
from bptui.core.snapshot import Snapshot
from bptui.core.state import Layout
from bptui.core.timeline import Timeline
from bptui.presets.origin import Origin, origin_of

MARK = msgspec.json.encode(Mark(FORMAT, VERSION))
SOURCES: tuple[Literal["inputs", "dataset", "csv"], ...] = ("inputs", "dataset", "csv")


def stand_line(stand: Stand) -> bytes:
    return msgspec.json.encode(stand)


def timeline_line(timeline: Timeline) -> bytes:
    """The line that :func:`~bptui.app.session.reading.timeline_of` makes the same timeline of."""
    return encoded(past_of(timeline, number_bytes))


def encoded(past: Past) -> bytes:
    return msgspec.json.encode(past, enc_hook=_plain)


def past_of(timeline: Timeline, numbers: Callable[[Array], bytes]) -> Past:
    """What is to be written of a timeline; ``numbers`` makes the bytes of an array."""
    first, *edits = timeline.segments
    experiment, before = first.experiment, first.experiment.data
    kept = []
    for each in edits:
        data, state = each.experiment.data, each.state
        assert state is not None, "every edit has a state to go on from"
        changed = None if data is before else _samples(data, numbers)
        rate = float(each.experiment.training.learning_rate)
        kept.append(Edit(each.first, rate, numbers(state), changed))
        before = data
    origin = origin_of(experiment)
    return Past(
        name=experiment.name,
        title=experiment.title,
        description=experiment.description,
        source=experiment.source,
        network=experiment.network,
        training=experiment.training,
        start=numbers(Layout(experiment.network).flatten(experiment.start)),
        data=_samples(experiment.data, numbers),
        preset=None if origin is None else _preset(origin),
        edits=kept,
    )


def digest(snapshot: Snapshot) -> str:
    """Equal for the same parameters and optimizer slots, bit by bit."""
    made = hashlib.sha256()
    for parameters in (snapshot.parameters, *snapshot.slots.values()):
        for array in (*parameters.weights, *(parameters.biases or ())):
            made.update(np.ascontiguousarray(array, dtype="<f8").data)
    return made.hexdigest()


def path_bytes(path: Path | None) -> bytes | None:
    return None if path is None else os.fsencode(path)


def number_bytes(array: Array) -> bytes:
    return np.asarray(array, dtype="<f8").tobytes()


def _samples(data: Data, numbers: Callable[[Array], bytes]) -> Samples:
    return Samples(
        count=data.samples,
        tests=len(data.test_inputs),
        inputs=numbers(data.inputs),
        targets=numbers(data.targets),
        test_inputs=numbers(data.test_inputs),
        test_targets=numbers(data.test_targets),
        input_names=list(data.input_names),
        class_names=list(data.class_names),
        source=next(each for each in SOURCES if each == data.source),
    )


def _preset(origin: Origin) -> Preset:
    table = None if origin.text else origin.table
    folder = os.fsencode(origin.folder.absolute())
    file = None if origin.file is None else origin.file.absolute()
    return Preset(origin.text, table, folder, path_bytes(file))


def _plain(value: object) -> object:
    """A number of numpy's, which programs may give, as Python's own."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a session cannot hold {type(value).__name__}")
