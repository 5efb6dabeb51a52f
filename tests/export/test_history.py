"""Histories as files: the numbers of every step, bit by bit, edits included."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from bptui.cli.run import as_csv, jsonl
from bptui.core.edits import Number
from bptui.core.engine import Engine
from bptui.core.experiment import Experiment
from bptui.core.network import Network, Parameters
from bptui.core.timeline import Timeline
from bptui.export.history import MOST_BYTES, MOST_ROWS, WRITERS, default_every, history, steps_of
from bptui.presets.files import load

from ..core.support import data, diverging, first_not_finite, held_out_loss

IRIS = load("iris")
"""Mini-batches in a new order each epoch, biases, test samples."""


def written(form: str, timeline: Timeline, every: int = 1) -> bytes:
    """The file of all steps that ``timeline`` has played."""
    last = timeline.furthest
    steps, ticks, raw = steps_of(last, every), list[None](), io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="utf-8", newline="")
    own = timeline.until(len(timeline.losses))
    WRITERS[form](history(own, steps, lambda: ticks.append(None)), stream)
    stream.flush()
    assert len(ticks) >= len(steps)
    return raw.getvalue()


def played(experiment: Experiment, last: int) -> Timeline:
    timeline = Timeline(experiment)
    timeline.snapshot(last)
    return timeline


def test_csv_and_json_have_the_keys_and_the_digits_of_run() -> None:
    stream, objects, engine = io.StringIO(), io.StringIO(), Engine(IRIS)
    write, other_write, losses = as_csv(IRIS, stream), jsonl(IRIS, objects), []
    for _ in range(13):  # beyond an epoch, whose last batch is smaller
        snapshot = engine.record()
        write(snapshot)
        other_write(snapshot)
        losses.append(repr(held_out_loss(IRIS, snapshot.parameters)))
    expected = list(csv.DictReader(io.StringIO(stream.getvalue())))
    rows = list(csv.DictReader(io.StringIO(written("csv", played(IRIS, 12)).decode())))
    assert [each.pop("test_loss") for each in rows] == losses
    assert {each.pop("learning_rate") for each in rows} == {"0.1"}
    for row, other in zip(rows, expected, strict=True):
        assert row == {name: cell for name, cell in other.items() if not name.startswith("out_")}
    rows = json.loads(written("json", played(IRIS, 12)))
    assert [str(row.pop("test_loss")) for row in rows] == losses
    assert {row.pop("learning_rate") for row in rows} == {0.1}
    assert rows == [json.loads(line) for line in objects.getvalue().splitlines()]


@pytest.mark.parametrize("experiment", [IRIS, load("article")], ids=["iris", "article"])
def test_npz_has_arrays_by_name(experiment: Experiment) -> None:
    archive = np.load(io.BytesIO(written("npz", played(experiment, 8), 3)), allow_pickle=False)
    assert archive["step"].tolist() == [0, 3, 6, 8]
    assert archive["step"].dtype.kind == archive["epoch"].dtype.kind == "i"
    engine = Engine(experiment)
    snapshots = [engine.record() for _ in range(9)]
    for at, step in enumerate([0, 3, 6, 8]):
        shot = snapshots[step]
        arrays = shot.parameters.named()
        arrays |= {f"g{name}": array for name, array in shot.gradients.named().items()}
        facts = {"step": step, "epoch": shot.epoch, "loss": shot.loss, "learning_rate": None}
        tested = {"test_loss"} if experiment is IRIS else set()
        assert set(archive) == arrays.keys() | facts.keys() | tested
        assert [archive[name][at] for name in ("epoch", "loss")] == [shot.epoch, shot.loss]
        assert all(archive[name][at].tobytes() == arrays[name].tobytes() for name in arrays)


def test_edits_are_part_of_it_and_the_timeline_stays_as_it_is() -> None:
    timeline = played(load("article"), 9)
    timeline = timeline.edited(timeline.snapshot(4), Number("learning rate"), 2.5)
    timeline = timeline.edited(timeline.snapshot(6), Number("weight", (1, 0, 1)), -3.0)
    timeline.snapshot(11)
    timeline.snapshot(2)  # going back loses nothing
    before = timeline.reached, len(timeline.losses)
    archive = np.load(io.BytesIO(written("npz", timeline)))
    assert archive["step"].tolist() == [*range(12)]
    assert archive["learning_rate"].tolist() == [0.5] * 4 + [2.5] * 8
    assert archive["W1"][6, 0, 1] == -3.0
    assert archive["loss"].tolist() == timeline.losses.envelope(12)[1].tolist()
    # plain descent, but for what was edited
    for step in set(range(11)) - {5}:
        change = archive["W1"][step + 1] - archive["W1"][step]
        expected = -archive["learning_rate"][step] * archive["gW1"][step]
        np.testing.assert_allclose(change, expected, rtol=1e-12, atol=1e-15)
    timeline.snapshot(2)
    assert (timeline.reached, len(timeline.losses)) == before


def test_numbers_that_are_not_finite_are_words() -> None:
    timeline = Timeline(diverging())
    first = first_not_finite(timeline)
    timeline.snapshot(first + 2)
    # whether inf or nan comes first is for the processor to say, and what it says is written
    last = timeline.snapshot(timeline.furthest)
    loss, weight = str(last.loss), str(last.parameters.weights[0][0, 0])
    assert {loss, weight} <= {"inf", "-inf", "nan"}
    rows = json.loads(written("json", timeline))
    assert len(rows) == first + 3
    assert isinstance(rows[first - 1]["loss"], float)
    assert (rows[-1]["loss"], rows[-1]["weights"][0][0][0]) == (loss, weight)
    cells = list(csv.DictReader(io.StringIO(written("csv", timeline).decode())))
    assert (cells[-1]["loss"], cells[-1]["W1[0][0]"]) == (loss, weight)
    archive = np.load(io.BytesIO(written("npz", timeline)))
    assert (str(archive["loss"][-1]), str(archive["W1"][-1, 0, 0])) == (loss, weight)


def test_what_is_proposed_is_neither_long_nor_large() -> None:
    large = replace(
        load("article"),
        network=Network((100, 200, 2), ("sigmoid", "sigmoid"), bias=False),
        start=Parameters.of([np.zeros((100, 200)), np.zeros((200, 2))], None),
        data=data(np.zeros((1, 100)), np.full((1, 2), 0.5)),
    )
    for experiment in (load("article"), IRIS, large):
        for last in (0, 1, 9_999, 10_001, 123_456, 10**9):
            rows = len(steps_of(last, default_every(experiment, last)))
            assert rows <= MOST_ROWS + 1
            assert (rows - 2) * 40 * experiment.network.parameter_count <= MOST_BYTES
    assert default_every(load("article"), 10_000) == 1
