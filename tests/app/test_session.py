"""Sessions: what is written, what comes back, and what is refused."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bptui.app.app import BptuiApp
from bptui.app.playback.breakpoints import Breakpoint, parse
from bptui.app.playback.history import Place
from bptui.app.session.autosave import Keeper
from bptui.app.session.state import Session as Kept
from bptui.app.session.state import SessionError, read
from bptui.app.session.store import (
    Continued,
    NothingToContinueError,
    SessionFile,
    continued,
    offer,
    owners,
    sessions_folder,
    sessions_to_continue,
)
from bptui.core.edits import Number, edited
from bptui.core.engine import Snapshot
from bptui.core.experiment import Experiment
from bptui.core.network import Network
from bptui.core.timeline import Timeline
from bptui.main import cli
from bptui.presets import load, loads
from bptui.presets.save import document
from bptui.terminal.capabilities import USUAL

from .support import Session

ADAM = """\
[network]
layers = [2, 5, 3, 1]
activation = ["tanh", "relu", "sigmoid"]
[init]
seed = 3
[training]
loss = "binary_cross_entropy"
optimizer = "adam"
learning_rate = 0.05
batch_size = 7
shuffle = true
[data]
dataset = "moons"
samples = 40
noise = 0.1
test_fraction = 0.25
"""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for the sessions of each test; they are written without delay."""
    monkeypatch.setattr("bptui.app.session.autosave.PAUSE", 0.05)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return sessions_folder()


def app_of(experiment: Experiment, kept: Continued | None = None) -> tuple[BptuiApp, Keeper]:
    app, keeper = BptuiApp(experiment, USUAL), Keeper(None if kept is None else kept.file)
    app.remember(keeper, kept)
    return app, keeper


def bits(snapshot: Snapshot) -> list[bytes]:
    """Everything that a step's numbers consist of."""
    every = (snapshot.parameters, snapshot.updated_parameters, snapshot.gradients)
    arrays = [*snapshot.values.values(), snapshot.batch]
    for each in (*every, *snapshot.slots.values()):
        arrays += [*each.weights, *(each.biases or ())]
    return [np.ascontiguousarray(array).tobytes() for array in arrays]


def edited_twice(timeline: Timeline) -> Timeline:
    """A weight changes at step 12, a sample and the learning rate at step 30."""
    timeline = edited(timeline, timeline.snapshot(12), Number("weight", (1, 0, 2)), -0.25)
    timeline = edited(timeline, timeline.snapshot(30), Number("input", (4, 1)), 0.5)
    return edited(timeline, timeline.snapshot(30), Number("learning rate"), 0.01)


async def test_everything_comes_back_bit_by_bit() -> None:
    experiment = loads(ADAM, "mine", Path())
    app, keeper = app_of(experiment)
    async with app.run_test(size=(120, 36)):
        session, player = Session(app), app.player
        await player.edit(edited_twice(player.timeline), Place(0))
        network = experiment.network
        player.set_breakpoints(two_breakpoints(network))
        await player.go(57)
        await session.press("plus", "l", "d", "o", "right", "right_square_bracket", "n", "n")
        await session.until(lambda: player.place == Place(57, 1), "the second operation")
        await session.until(lambda: keeper.kept, "a write")
        expected, standing = player.view(), app.session()
        explained = session.inside("#derivation")
        assert keeper.close(standing, ended=False) is None

    kept = continued()
    assert kept.session.state.look == standing.state.look
    again, _ = app_of(kept.session.timeline.experiment, kept)
    async with again.run_test(size=(120, 36), notifications=True):
        session, player = Session(again), again.player
        await session.until(lambda: "Continued at step 57" in session.notices(), "the message")
        view = player.view()
        assert player.place == Place(57, 1)
        assert bits(view.snapshot) == bits(expected.snapshot)
        assert view.edits == expected.edits == (12, 30)
        assert view.losses.values(0, 58).tobytes() == expected.losses.values(0, 58).tobytes()
        assert player.breakpoints == two_breakpoints(network)
        assert str(player.speed) == standing.state.speed
        assert again.session().state.look == standing.state.look
        await session.until(lambda: session.inside("#derivation") == explained, "the same words")
        # it goes on as the other would have
        await player.go(90)
        assert bits(player.snapshot) == bits(expected_timeline(experiment).snapshot(90))
        # and is saved in the words of its preset
        assert document(player.timeline.experiment) == document(experiment)
        kept.file.release()


@pytest.mark.parametrize("far", [57, 12, 40_000])
def test_a_long_run_goes_on_without_being_played_again(
    far: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bptui.app.session.state.LONG_RUN", 0.0)
    experiment = load("xor") if far > 57 else loads(ADAM, "mine", Path())
    number = Number("weight", (1, 0, 2))
    timeline = edited(Timeline(experiment), Timeline(experiment).snapshot(0), number, 1.5)
    timeline = edited(timeline, timeline.snapshot(12), number, -0.25)
    timeline.snapshot(far)
    summary = timeline.losses.until(far).summary()
    timeline.snapshot(far + 5)  # of which nothing is kept
    app, keeper = app_of(experiment)
    state = replace(app.session().state, step=far)
    assert keeper.close(Kept(state, timeline, timeline.snapshot(far)), ended=False) is None
    kept = continued()
    again = kept.session.timeline
    assert (again.kept_before(far), len(again.losses), again.edits) == (far, far, (12,))
    assert np.array_equal(again.losses.summary().lows, summary.lows)
    assert np.array_equal(again.losses.summary().rest, summary.rest)
    for step in (far, far + 30, far, far - 1, 12, far + 1, 11, far + 31):
        assert bits(again.snapshot(step)) == bits(timeline.snapshot(step))
    if again.test_losses is not None and timeline.test_losses is not None:
        assert again.test_losses.steps == timeline.test_losses.steps
        assert again.test_losses.values == timeline.test_losses.values
    kept.file.release()
    fresh = read(kept.file.path).timeline
    for step, other in ((far, far + 20), (12, 20), (0, 20)):
        one = edited(fresh, fresh.snapshot(step), Number("learning rate"), 0.01)
        two = edited(timeline, timeline.snapshot(step), Number("learning rate"), 0.01)
        assert bits(one.snapshot(other)) == bits(two.snapshot(other))
        assert one.losses.values(other - 5, other).tobytes() == (
            two.losses.values(other - 5, other).tobytes()
        )


def two_breakpoints(network: Network) -> dict[Breakpoint, bool]:
    return {parse("loss < 1e-3", network): True, parse("every 7", network): False}


def expected_timeline(experiment: Experiment) -> Timeline:
    """The same edits on another timeline."""
    return edited_twice(Timeline(experiment))


def test_a_session_that_is_too_large_is_said(monkeypatch: pytest.MonkeyPatch, state: Path) -> None:
    keeper, standing = Keeper(), standing_at(3)
    with monkeypatch.context() as small:
        small.setattr("bptui.app.session.state.LARGEST_FILE", 2**9)
        assert "It would take more than" in str(keeper.write(standing))
        assert not keeper.kept
    assert keeper.close(standing, ended=True) is None
    assert read(next(state.glob("*.json")))[0].step == 3


def test_looking_at_a_session_keeps_nobody_from_taking_it() -> None:
    file, over = written(ended=False), threading.Event()

    def look() -> None:
        while not over.is_set():
            sessions_to_continue()
            owners()

    others = [threading.Thread(target=look) for _ in range(2)]
    for each in others:
        each.start()
    try:
        for _ in range(30):
            taken = SessionFile.taken_over(file.path)
            assert taken is not None
            assert SessionFile.taken_over(file.path) is None
            assert owners() == [os.getpid()]
            taken.release()
    finally:
        over.set()
        for each in others:
            each.join()


async def test_a_full_disk_is_said_once_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch, state: Path
) -> None:
    def full(*arguments: object, **keywords: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    app, keeper = app_of(load("xor"))
    async with app.run_test(size=(120, 36), notifications=True):
        session = Session(app)
        with monkeypatch.context() as broken:
            broken.setattr(os, "replace", full)
            await session.press("s")
            await session.until(lambda: "the disk is full" in session.notices(), "the message")
            app.clear_notifications()
            await session.press("s")
            standing = app.session()
            await session.until(lambda: standing.same_as(app.written), "another attempt")
            await session.until(lambda: not list(state.glob(".*.part")), "its end")
            assert "full" not in session.notices()
        await session.press("s")
        await session.until(lambda: keeper.kept, "a write")
        assert keeper.close(app.session(), ended=True) is None
    assert read(next(state.glob("*.json")))[0].step == 3


async def test_a_session_in_which_nothing_is_done(state: Path) -> None:
    """It is there from the start on, in case of an end without warning, but not in the way."""
    done = written(ended=True, step=1)
    app, keeper = app_of(load("article"))
    async with app.run_test(size=(120, 36)):
        session = Session(app)
        await session.until(lambda: len(list(state.glob("session-*.json"))) == 2, "the first write")
        await session.press("question_mark", "escape")
        standing = app.to_be_kept()
    assert keeper.close(standing, ended=False) is None
    assert not keeper.kept  # so that nobody is told of it
    assert offer() is None
    first, second = sessions_to_continue()
    assert (first.path, first.unexpected, second.unexpected) == (done.path, False, False)
    first.path.unlink()
    kept = continued()
    assert (kept.session.state.step, kept.session.state.name) == (0, "article")
    keeper = Keeper(kept.file)
    assert keeper.close(standing, ended=True) is None
    assert not list(state.iterdir())


def standing_at(step: int) -> Kept:
    """At a step of xor, a weight of which was changed at step 1."""
    app, _ = app_of(load("xor"))
    session, timeline = app.session(), app.player.timeline
    timeline = edited(timeline, timeline.snapshot(1), Number("weight", (2, 0, 0)), 0.25)
    return Kept(replace(session.state, step=step), timeline, timeline.snapshot(step))


def written(ended: bool, step: int = 3) -> SessionFile:
    """A session that no app is working on."""
    file = SessionFile.new()
    assert Keeper(file).close(standing_at(step), ended) is None
    return file


def aged(file: SessionFile, seconds: float) -> None:
    then = file.path.stat().st_mtime - seconds
    os.utime(file.path, (then, then))


def test_the_session_that_is_continued() -> None:
    assert offer() is None
    with pytest.raises(NothingToContinueError):
        continued()
    quit_before = written(ended=True, step=1)
    aged(quit_before, 50)
    assert offer() is None
    lost = written(ended=False, step=1234)
    aged(lost, 30)
    later = written(ended=True, step=2)
    assert sessions_to_continue()[0].path == lost.path  # though another was quit after it
    assert "unexpectedly at step 1,234 of xor" in str(offer())
    held = SessionFile.taken_over(lost.path)
    assert held is not None
    assert sessions_to_continue()[0].path == later.path  # the other is being worked on
    held.release()
    aged(lost, 2 * 24 * 3600)
    assert offer() is None  # of days ago
    later.path.unlink()
    quit_before.path.unlink()
    held = SessionFile.taken_over(lost.path)
    assert held is not None
    with pytest.raises(NothingToContinueError, match=f"another terminal .process {os.getpid()}"):
        continued()
    held.release()


def test_old_sessions_are_cleared_away_but_not_what_cannot_be_read(state: Path) -> None:
    for age in range(12):
        aged(written(ended=True), 100 * age)
    foreign = state / "session-of-tomorrow.json"
    foreign.write_text('{"format":"bptui session","version":3}\n')
    assert Keeper().close(standing_at(0), ended=True) is None  # a new one clears up
    assert len(list(state.glob("session-*.json"))) == 10  # the last eight, this and that
    assert foreign.exists()


def test_files_that_are_refused_stay_and_are_named(state: Path) -> None:
    file = written(ended=False).path
    good = file.read_bytes()
    lines = good.split(b"\n")
    cases = {
        b"": "not a session",
        b"\x1b[2J\x00": "not a session",
        good.replace(b'"version":2', b'"version":1'): "in format 1",
        good.replace(b'"version":2', b'"version":3'): "in format 3",
        good.replace(b"bptui session", b"other session"): "not a session",
        good.replace(lines[-2], lines[-2][:-3]): "damaged",
        lines[0] + b"\n" + b"[" * 100_000: "damaged",
        good.replace(b"layers = [2, 4, 1]", b"layers = [2, 1000000000, 1]"): "cannot be loaded",
        good.replace(b"layers = [2, 4, 1]", b"layers = [2, 5, 1]"): "damaged",
        good.replace(b'"step":3', b'"step":-3'): "damaged",
        good.replace(b'"ended"', b'"begun"'): "damaged",
        good.replace(b"learning_rate = 0.5", b"learning_rate = 1e999"): "cannot be loaded",
        good.replace(b'["weight",[2,0,0]]', b'["weight",[2,-1,0]]'): "damaged",
        good.replace(b'["weight",[2,0,0]]', b'["weight",[2,0,9]]'): "damaged",
        good.replace(b'["weight",[2,0,0]]', b'["bias",[2,0,0]]'): "damaged",
        good.replace(b"]],0.25]", b"]],1e999]"): "damaged",
    }
    for content, reason in cases.items():
        assert content != good, reason
        file.write_bytes(content)
        with pytest.raises(NothingToContinueError) as refused:
            continued()
        message = str(refused.value)
        assert reason in message, content[:80]
        assert file.name in message
        assert message.isprintable()
        assert file.read_bytes() == content
        assert ("can be deleted" in message) == (reason in ("damaged", "not a session"))
    older = written(ended=False, step=12)
    aged(older, 3600)
    kept = continued()
    assert kept.session.state.step == 12
    assert file.name in str(kept.problem)
    kept.file.release()
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(SessionError, match="not a regular file"):
        read(file)


SAMPLES: dict[str, bytes] = {}
"""The files as they were written."""


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_whatever_a_file_holds_it_is_read_or_refused(state: Path, data: st.DataObject) -> None:
    if not (files := list(state.glob("session-*.json"))):
        files = [written(ended=False).path]
    good = SAMPLES.setdefault(str(files[0]), files[0].read_bytes())
    place = data.draw(st.integers(0, len(good)))
    width = data.draw(st.integers(0, 40))
    files[0].write_bytes(good[:place] + data.draw(st.binary(max_size=40)) + good[place + width :])
    refused = None
    try:
        stand, timeline, _, _ = read(files[0])
    except SessionError as error:
        refused = str(error)
    if refused is None:
        assert stand.step >= 0
        timeline.snapshot(0)  # can be played
    else:
        assert refused.isprintable()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--resume", "xor"], "takes no preset"), (["--resume"], "needs a terminal")],
)
def test_resuming_is_refused(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    assert message in result.output


async def test_numbers_that_do_not_come_back_are_said(state: Path) -> None:
    file = written(ended=False).path
    content = file.read_bytes()
    file.write_bytes(content.replace(b"learning_rate = 0.5", b"learning_rate = 0.4"))
    assert file.read_bytes() != content
    os.utime(file, (0, 0))
    damaged = written(ended=False).path
    damaged.write_bytes(b"{}")
    kept = continued()
    app, _ = app_of(kept.session.timeline.experiment, kept)
    async with app.run_test(size=(120, 36), notifications=True):
        session = Session(app)
        await session.until(lambda: "differ slightly" in session.notices(), "the warning")
        await session.until(lambda: "can be deleted" in session.notices(), "what was passed over")
        assert app.player.place == Place(3)
    kept.file.release()


CSV = "a,b,class\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n"
OF_A_FILE = """\
[network]
layers = [2, 3, 1]
activation = "sigmoid"
[data]
csv = "t.csv"
target_columns = ["class"]
"""


def test_samples_of_a_csv_file_come_back_also_where_it_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "t.csv"
    for small, then, refusal in (
        (True, CSV.replace("1,1", "1,3"), ""),
        (True, "", ""),
        (False, CSV, ""),
        (False, CSV.replace("1,1", "1,3"), "CSV file has changed"),
    ):
        file.write_text(CSV)
        first = loads(OF_A_FILE, "mine", tmp_path)
        with monkeypatch.context() as limits:
            if not small:
                limits.setattr("bptui.app.session.state.MOST_WRITTEN_OUT", 1)
            app, keeper = app_of(first)
            assert keeper.close(app.session(), ended=True) is None
        file.write_text(then)
        if refusal:
            with pytest.raises(NothingToContinueError, match=refusal):
                continued()
            break
        kept = continued()
        again = kept.session.timeline.experiment
        assert again.data.inputs.tobytes() == first.data.inputs.tobytes()
        assert again.data.targets.tobytes() == first.data.targets.tobytes()
        assert bits(kept.session.timeline.snapshot(3)) == bits(Timeline(first).snapshot(3))
        kept.file.release(left=False)
