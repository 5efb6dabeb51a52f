"""Reads presets beside the event loop, and nothing twice that has not changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from bptui.app.background import in_background
from bptui.core.experiment import Experiment
from bptui.presets import load
from bptui.presets.build import origin_of
from bptui.presets.folders import own_files
from bptui.presets.own import PresetEntry, own_entry, unread

BATCH = 0.1
"""Seconds that files are read for before what they say is shown."""
LARGE = 1_000_000
"""Bytes from which reading a file takes long."""


@dataclass(frozen=True)
class Stamp:
    """What changes when somebody writes the file."""

    file: Path
    written: int = 0
    changed: int = 0
    size: int = 0


def stamp(file: Path) -> Stamp:
    try:
        status = file.stat()
    except OSError:
        return Stamp(file)
    return Stamp(file, status.st_mtime_ns, status.st_ctime_ns, status.st_size)


@dataclass(frozen=True, eq=False)
class Opened:
    """The experiment of a preset, and the files that it was made of."""

    experiment: Experiment
    stamps: tuple[Stamp, ...]

    @property
    def up_to_date(self) -> bool:
        return self.stamps == tuple(stamp(each.file) for each in self.stamps)


def _opened(name_or_file: str, file: Path) -> Opened:
    before = stamp(file)
    experiment = load(name_or_file)
    origin = origin_of(experiment)
    if origin is None or origin.table.data.csv is None:
        return Opened(experiment, (before,))
    return Opened(experiment, (before, stamp(origin.folder / origin.table.data.csv)))


async def open_preset(name_or_file: str, file: Path) -> Opened:
    """Load a preset; raises :class:`~bptui.presets.PresetError`."""
    return await in_background(_opened, name_or_file, file)


class Opener:
    """Keeps the preset that was asked for last: looked at first, it is opened at once."""

    def __init__(self) -> None:
        self._key: tuple[str, Stamp] | None = None
        self._task: asyncio.Task[Opened] | None = None

    async def open(self, name_or_file: str, file: Path) -> Opened:
        """Like :func:`open_preset`; may be given up and asked again without starting over."""
        key, task = (name_or_file, stamp(file)), self._task
        if task is None or key != self._key or not _is_of_use(task):
            task = asyncio.create_task(open_preset(name_or_file, file))
            task.add_done_callback(_is_of_use)  # nobody may be left to hear of an error
            self._key, self._task = key, task
        return await asyncio.shield(task)


def _is_of_use(task: asyncio.Task[Opened]) -> bool:
    """Whether it is under way or has an experiment whose files are as they were."""
    if not task.done():
        return True
    return not task.cancelled() and task.exception() is None and task.result().up_to_date


_read: dict[Stamp, PresetEntry] = {}
"""Entries of the user's own presets as they were read."""


def known() -> list[PresetEntry]:
    """The user's own presets with what is known of them without reading a file."""
    stamps = [stamp(file) for file in own_files()]
    for gone in _read.keys() - set(stamps):
        del _read[gone]
    return [_read.get(each) or unread(each.file) for each in stamps]


def to_read(entries: Sequence[PresetEntry]) -> list[Path]:
    """The files of those that were not read, the small ones first."""
    stamps = sorted((stamp(each.file) for each in entries), key=lambda each: each.size)
    return [each.file for each in stamps if each not in _read]


def _some(files: Sequence[Path]) -> list[PresetEntry]:
    """The entries of the first of the files, of as many as there is time for."""
    started, entries = perf_counter(), list[PresetEntry]()
    for file in files:
        before = stamp(file)
        if entries and (before.size >= LARGE or perf_counter() - started > BATCH):
            break
        entries.append(own_entry(file))
        _read[before] = entries[-1]
    return entries


async def read_some(files: Sequence[Path]) -> list[PresetEntry]:
    """Read the first of the files: their entries."""
    return await in_background(_some, files)
