"""The steps that were trained, as files: which of them, played again, and how they are written.

All numbers read back bit-identically.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, TextIO, TypeAlias

import numpy as np

from bptui.charts.axes import round_up
from bptui.core.arrays import Array, as_json
from bptui.core.engine import Snapshot
from bptui.core.experiment import Experiment
from bptui.core.network import Parameters
from bptui.core.timeline import Timeline

SHOWN = 20
"""Steps after the first of which a table shows the losses, at most."""
MOST_ROWS, MOST_BYTES = 10_000, 100_000_000
"""A history is not longer or larger than about this."""
SLICE = 0.05
"""Seconds of training after which a look is taken at whether it is still wanted."""


def shown_every(last: int) -> int:
    """Return from which step to which the losses are shown."""
    return round_up(last / SHOWN, 1)


def steps_of(last: int, every: int) -> list[int]:
    """Return 0, ``every``, 2 ``every``, ... and always ``last``."""
    return [*range(0, last, every), last]


Row: TypeAlias = tuple[Snapshot, Mapping[str, object]]
"""A step and its facts: step, epoch, loss, test_loss if there is one, and learning_rate."""


def history(timeline: Timeline, steps: Iterable[int], tick: Callable[[], None]) -> Iterator[Row]:
    """Play ``steps``; ``tick`` may raise to break it off."""
    for step in steps:
        tick()
        while not timeline.move_towards(step, SLICE):
            tick()
        shot, tests = timeline.snapshot(step), timeline.test_losses
        facts: dict[str, float] = {"step": shot.step, "epoch": shot.epoch, "loss": shot.loss}
        if tests is not None:
            facts["test_loss"] = tests.loss(shot.experiment, shot.parameters)
        yield shot, facts | {"learning_rate": shot.experiment.training.learning_rate}


def arrays(shot: Snapshot) -> dict[str, Array]:
    """Return a step's parameters and gradients: W1, b1, W2, ..., gW1, gb1, ..."""
    gradients = shot.gradients.named().items()
    return {**shot.parameters.named(), **{f"g{name}": array for name, array in gradients}}


# files

CSV_BYTES = 20.5
"""What a number takes: 17 digits with sign, point and comma; a few have an exponent too."""


def default_every(experiment: Experiment, last: int) -> int:
    """Return what gives neither too many rows nor too large a CSV file."""
    row = CSV_BYTES * 2 * (1 + experiment.network.parameter_count)
    return round_up(last / max(min(MOST_ROWS, int(MOST_BYTES / row)), 1), 1)


def csv_rows(stream: TextIO) -> Callable[[Snapshot, Mapping[str, object]], None]:
    """Return what writes a step and its facts as a row, before the first one a header.

    W1[i][j] is the weight from unit i to unit j, b1[j] a bias, gW1[i][j] and gb1[j] gradients.
    """
    writer, begun = csv.writer(stream, lineterminator="\n"), list[str]()

    def write(shot: Snapshot, facts: Mapping[str, object]) -> None:
        every = arrays(shot)
        if not begun:
            for name, array in every.items():
                begun.extend(name + "".join(f"[{i}]" for i in at) for at in np.ndindex(array.shape))
            writer.writerow([*facts, *begun])
        numbers = (array.ravel().tolist() for array in every.values())
        writer.writerow([*facts.values(), *chain.from_iterable(numbers)])

    return write


def write_csv(made: Iterable[Row], stream: TextIO) -> None:
    """Write one row a step; with ``test_loss`` where samples are kept back for testing."""
    write = csv_rows(stream)
    for row in made:
        write(*row)


def record(snapshot: Snapshot) -> dict[str, object]:
    """Return what a step computed, by the keys of ``run --format jsonl``."""

    def listed(parameters: Parameters) -> dict[str, object]:
        return {"weights": parameters.weights, "biases": parameters.biases}

    return {
        "step": snapshot.step,
        "epoch": snapshot.epoch,
        "loss": snapshot.loss,
        "outputs": snapshot.outputs,
        **listed(snapshot.parameters),
        "gradients": listed(snapshot.gradients),
    }


def write_json(made: Iterable[Row], stream: TextIO) -> None:
    """Write a list of one object a step, on a line each: the keys of ``run --format jsonl``.

    ``test_loss``, null without test samples, and ``learning_rate`` are there beside them. A number
    that is not finite is the string nan, inf or -inf.
    """
    for place, (shot, facts) in enumerate(made):
        more = {"test_loss": None, **facts}
        stream.write((",\n" if place else "[\n") + as_json(record(shot) | more))
    stream.write("\n]\n")


def write_npz(made: Iterable[Row], stream: TextIO) -> None:
    """Write arrays by name, the steps along their first axis, all of them held in memory.

    step, epoch, loss, learning_rate (steps,), test_loss where there are test samples, W1 and gW1
    (steps, fan_in, fan_out), b1 and gb1 (steps, fan_out), W2, ... Written to the bytes below
    ``stream``, to which nothing may have been written yet. Raises :class:`MemoryError`.
    """
    columns: dict[str, list[Any]] = {}
    for shot, facts in made:
        for name, value in {**facts, **arrays(shot)}.items():
            columns.setdefault(name, []).append(value)
    whole = {name: np.array(values) for name, values in columns.items()}
    np.savez(stream.buffer, **whole)  # type: ignore[arg-type]  # the stubs think of a switch


WRITERS: dict[str, Callable[[Iterable[Row], TextIO], None]] = {
    "csv": write_csv,
    "json": write_json,
    "npz": write_npz,
}
