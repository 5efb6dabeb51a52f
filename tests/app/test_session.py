"""Sessions: what is written, what comes back and is seen of it, and what is refused."""

import errno
import os
from pathlib import Path
from time import time

import pytest

from bptui.app.app import BptuiApp
from bptui.app.playback.breakpoints import parse
from bptui.app.playback.history import Place
from bptui.app.session import autosave
from bptui.app.session.autosave import Autosave
from bptui.app.session.state import Session as Kept
from bptui.app.session.state import SessionError, SessionState, read, written
from bptui.app.session.store import (
    Continued,
    NothingToContinueError,
    SessionFile,
    clear,
    continued,
    offer,
    sessions_folder,
)
from bptui.core.edits import Number
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline
from bptui.presets.files import load, loads
from bptui.presets.save import document
from bptui.terminal.capabilities import USUAL

from ..core.support import assert_same_bits
from .support import Session


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for the sessions of each test; they are written without delay."""
    monkeypatch.setattr(autosave, "PAUSE", 0.05)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return sessions_folder()


def app_of(experiment: Experiment, kept: Continued | None = None) -> BptuiApp:
    app = BptuiApp(experiment, USUAL)
    app.keep_session(kept)
    return app


async def saving(session: Session) -> Autosave:
    """The app's, once it is there."""
    app = session.app
    await session.until(lambda: app.autosave, "the autosave")
    assert app.autosave is not None
    return app.autosave


def edited_twice(timeline: Timeline) -> Timeline:
    """A weight at step 12, a sample and the rate at 30, another weight after the update of 40."""
    timeline = timeline.edited(timeline.snapshot(12), Number("weight", (1, 0, 2)), -0.25)
    timeline = timeline.edited(timeline.snapshot(30), Number("input", (4, 1)), 0.5)
    timeline = timeline.edited(timeline.snapshot(30), Number("learning rate"), 0.01)
    return timeline.edited(timeline.snapshot(40), Number("weight", (2, 0, 0)), 1.5, updated=True)


def kept_at(timeline: Timeline, step: int) -> Kept:
    name, loss = timeline.opened.name, repr(timeline.snapshot(step).loss)
    return Kept(SessionState(False, name, step, None, [], "1/s", None, loss), timeline)


def lying(ended: bool, step: int = 3, age: float = 0.0) -> SessionFile:
    """A session that no app is working on: xor, a weight of which was changed at step 1."""
    timeline = Timeline(load("xor"))
    timeline = timeline.edited(timeline.snapshot(1), Number("weight", (2, 0, 0)), 0.25)
    file = SessionFile.new()
    file.write(written(kept_at(timeline, step), ended))
    file.release()
    then = file.path.stat().st_mtime - age
    os.utime(file.path, (then, then))
    return file


async def test_quitting_before_the_session_is_kept_is_no_crash() -> None:
    app = app_of(load("xor"))
    await app._autosave()  # where the last screen has gone while it was loaded
    assert app.autosave is None


async def test_everything_comes_back_bit_by_bit() -> None:
    experiment = load("spirals")
    breakpoints = {parse(f"loss < 1e-{at}", experiment.network): at > 3 for at in (3, 4)}
    app = app_of(experiment)
    async with app.run_test(size=(120, 36)):
        session, player = Session(app), app.player
        saves = await saving(session)
        await player.edit(edited_twice(player.timeline), Place(0)).wait()
        player.set_breakpoints(breakpoints)
        await player.go(57).wait()
        await session.press("plus", "l", "d", "right", "right_square_bracket", "n", "n")
        await session.until(lambda: player.place == Place(57, 1), "the second operation")
        await session.until(lambda: saves.kept, "a write")
        expected, standing = player.view(), saves.session()
        explained = session.inside("#derivation")
        assert saves.close(ended=False) is None

    kept = continued()
    assert kept.session.state == standing.state
    again = app_of(kept.session.timeline.experiment, kept)
    async with again.run_test(size=(120, 36), notifications=True):
        session, player = Session(again), again.player
        await session.until(lambda: "Continued at step 57" in session.notices(), "the message")
        view = player.view()
        assert player.place == Place(57, 1)
        assert_same_bits(view.snapshot, expected.snapshot)
        assert view.edits == expected.edits == (12, 30, 41)
        for mine, other in zip(view.losses.envelope(29), expected.losses.envelope(29), strict=True):
            assert mine.tobytes() == other.tobytes()
        assert player.breakpoints == breakpoints
        assert str(player.speed) == standing.state.speed
        saves = await saving(session)
        await session.until(lambda: saves.session().state == standing.state, "the look")
        await session.until(lambda: session.inside("#derivation") == explained, "the same words")
        # it goes on as the other would have, and is saved in the words of its preset
        await player.go(90).wait()
        assert_same_bits(player.snapshot, edited_twice(Timeline(experiment)).snapshot(90))
        assert document(player.timeline.experiment) == document(experiment)


async def test_what_cannot_be_written_is_said_once_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch, state: Path
) -> None:
    def full(*arguments: object, **keywords: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    app = app_of(load("xor"))
    async with app.run_test(size=(120, 36), notifications=True):
        session = Session(app)
        saves = await saving(session)
        with monkeypatch.context() as broken:
            broken.setattr(os, "replace", full)
            await session.press("s")
            await session.until(lambda: "no space left" in session.notices(), "the message")
            assert "The session cannot be saved, but you can go on" in session.notices()
            app.clear_notifications()
            await session.press("s")
            standing = saves.session()
            await session.until(lambda: standing == saves.written, "another attempt")
            assert "full" not in session.notices()
            assert not saves.kept
        await session.until(lambda: not list(state.glob(".*.part")), "its end")
        with monkeypatch.context() as small:
            small.setattr("bptui.app.session.state.LARGEST_FILE", 2**9)
            assert "It would take more than" in str(saves._put(standing, ended=False))
        assert saves.close(ended=True) is None
    assert read(next(state.glob("*.json"))).state.step == 2


async def test_of_a_session_in_which_nothing_is_done_nothing_is_left(state: Path) -> None:
    done = lying(ended=True, step=1)
    app = app_of(load("article"))
    async with app.run_test(size=(120, 36)):
        session = Session(app)
        saves = await saving(session)
        await session.press("question_mark", "escape")
    assert saves.close(ended=False) is None
    assert not saves.kept  # so that nobody is told of it
    assert offer() is None
    assert [*state.glob("*.json")] == [done.path]


def next_one() -> Path:
    """The session that would be continued."""
    kept = continued()
    kept.file.release()
    return kept.file.path


def test_the_session_that_is_continued() -> None:
    assert offer() is None
    with pytest.raises(NothingToContinueError):
        continued()
    quit_before = lying(ended=True, step=1, age=50)
    assert offer() is None
    lost = lying(ended=False, step=1234, age=30)
    later = lying(ended=True, step=2)
    assert next_one() == lost.path  # though another was quit after it
    assert "unexpectedly at step 1,234 of xor" in str(offer())
    assert offer() is None  # it has been said
    os.utime(lost.path, (time() - 20.0,) * 2)
    assert offer()  # it went on, and ended so again
    held = SessionFile(lost.path)
    assert next_one() == later.path  # the other is being worked on
    held.release()
    os.utime(lost.path, (0, 0))
    assert offer() is None  # of days ago
    later.path.unlink()
    quit_before.path.unlink()
    held = SessionFile(lost.path)
    with pytest.raises(NothingToContinueError, match="another terminal"):
        continued()
    held.release()


def test_old_sessions_are_cleared_away_but_not_what_cannot_be_read(state: Path) -> None:
    for age in range(12):
        lying(ended=True, age=100 * age)
    (state / "session-of-tomorrow.json").write_text('{"format":"bptui session","version":9}\n')
    clear()
    assert len(list(state.glob("session-*.json"))) == 9  # the last eight, and tomorrow's


def test_files_that_are_refused_stay_and_are_named() -> None:
    file = lying(ended=False).path
    good = file.read_bytes()
    cases = {
        b"": "not a session",
        b"\x1b[2J\x00": "not a session",
        good.replace(b'"version":5', b'"version":4'): "in format 4",
        good[:-20]: "damaged",
        good.replace(b"layers = [2, 4, 1]", b"layers = [2, 1000000000, 1]"): "cannot be loaded",
        good.replace(b'"ended"', b'"begun"'): "damaged",
        good.replace(b"learning_rate = 0.5", b"learning_rate = 1e999"): "cannot be loaded",
        good.replace(b'["weight",[2,0,0]]', b'["weight",[2,-1,0]]'): "damaged",
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
    lying(ended=False, step=12, age=3600)
    kept = continued()
    assert kept.session.state.step == 12
    assert file.name in str(kept.problem)


async def test_numbers_that_do_not_come_back_are_said() -> None:
    file = lying(ended=False).path
    content = file.read_bytes()
    file.write_bytes(content.replace(b"learning_rate = 0.5", b"learning_rate = 0.4"))
    assert file.read_bytes() != content
    os.utime(file, (0, 0))
    lying(ended=False).path.write_bytes(b"{}")
    kept = continued()
    app = app_of(kept.session.timeline.experiment, kept)
    async with app.run_test(size=(120, 36), notifications=True):
        session = Session(app)
        await session.until(lambda: "differ slightly" in session.notices(), "the warning")
        await session.until(lambda: "can be deleted" in session.notices(), "what was passed over")
        assert app.player.place == Place(3)


CSV = "a,b,class\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n"
CHANGED = CSV.replace("1,1", "1,3")
OF_A_FILE = """\
network.layers = [2, 3, 1]
data = { csv = "t.csv", target_columns = ["class"] }
"""


@pytest.mark.parametrize("then", [CSV, CHANGED])
def test_samples_of_a_csv_file_come_back_unless_it_has_changed(then: str, tmp_path: Path) -> None:
    source, file = tmp_path / "t.csv", tmp_path / "s.json"
    source.write_text(CSV)
    first = loads(OF_A_FILE, "mine", tmp_path)
    file.write_bytes(written(kept_at(Timeline(first), 0), ended=True))
    source.write_text(then)
    if then != CSV:
        with pytest.raises(SessionError, match="CSV file has changed"):
            read(file)
    else:
        again = read(file).timeline
        assert again.experiment.data.inputs.tobytes() == first.data.inputs.tobytes()
        assert_same_bits(again.snapshot(3), Timeline(first).snapshot(3))


@pytest.mark.parametrize("reading", [1000.0, 0.01])
async def test_a_key_takes_the_offer_away_once_it_has_been_read(
    reading: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    lying(ended=False, step=1234)
    monkeypatch.setattr(autosave, "READING", reading)
    monkeypatch.setattr(autosave, "OFFER_SECONDS", 1000.0)
    app = app_of(load("article"))
    async with app.run_test(size=(80, 24), notifications=True):
        session = Session(app)
        await session.until(lambda: "unexpectedly" in session.notices(), "the offer")
        await session.press("s")
        await session.step(1)
        while reading < 1.0 and "unexpectedly" in session.notices():
            await session.press("s")
        assert ("unexpectedly" in session.notices()) == (reading > 1.0)
