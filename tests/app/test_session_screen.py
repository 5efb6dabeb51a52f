"""What is seen of sessions: the offer to continue, and the view that comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from bptui.app.session.store import continued
from bptui.presets import load

from .support import Session
from .test_session import app_of, written


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own for the sessions of each test; they are written without delay."""
    monkeypatch.setattr("bptui.app.session.autosave.PAUSE", 0.05)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


async def test_a_key_takes_the_offer_away_once_it_has_been_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written(ended=False, step=1234)
    monkeypatch.setattr("bptui.app.session.autosave.READING", 1000.0)
    app, _ = app_of(load("article"))
    async with app.run_test(size=(80, 24), notifications=True):
        session = Session(app)
        await session.until(lambda: "unexpectedly" in session.notices(), "the offer")
        await session.press("s")
        await session.step(1)
        assert "unexpectedly" in session.notices()
        monkeypatch.setattr("bptui.app.session.autosave.READING", 0.0)
        await session.press("s")
        await session.step(2)
        await session.until(lambda: not session.notices(), "no offer")


async def test_what_is_said_after_the_offer_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    written(ended=False, step=1234)
    monkeypatch.setattr("bptui.app.session.autosave.READING", 0.0)
    app, _ = app_of(load("article"))
    async with app.run_test(size=(80, 24), notifications=True):
        session = Session(app)
        await session.until(lambda: "unexpectedly" in session.notices(), "the offer")
        app.notify("a warning")
        await session.press("s")
        await session.step(1)
        assert "a warning" in session.notices()


async def test_a_view_changed_at_the_last_moment_comes_back() -> None:
    """Which picture, and which panel alone, also where the focus was on the top line."""
    app, keeper = app_of(load("circles"))
    async with app.run_test(size=(120, 36)):
        session = Session(app)
        await session.until(lambda: app._begun, "the session")
        await session.press("i", "z", "shift+tab", "o", "o")
        app.exit()
    standing = app.to_be_kept()
    assert standing is not None
    assert keeper.close(standing, ended=False) is None
    kept = continued()
    assert (kept.session.state.look.learned, kept.session.state.look.picture) == (True, 1)
    again, _ = app_of(kept.session.timeline.experiment, kept)
    async with again.run_test(size=(120, 36)):
        session = Session(again)
        await session.shows("Learned: classes")
