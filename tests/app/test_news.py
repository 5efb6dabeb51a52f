"""News stand in the bottom line, cover nothing that they speak of, and go with what made them."""

from __future__ import annotations

from textual.widgets._toast import Toast

from bptui.app.panels.panel import Panel
from bptui.app.panels.status import StatusLine
from bptui.app.playback.breakpoints import parse
from bptui.presets import load

from .support import Session, diverging, first_not_finite, opened


async def told(session: Session, text: str) -> None:
    """Wait for the news; they lie over the keys and over nothing else."""
    await session.until(lambda: text in session.notices(), f"the news that {text}")
    screen = session.app.screen_stack[0]
    regions = [each.region for each in screen.query(Toast)]
    assert regions == [screen.query_one("#keys").region]
    assert not any(
        each.region.overlaps(regions[0])
        for each in (*screen.query(Panel), screen.query_one(StatusLine))
        if each.region.area
    )


async def gone(session: Session) -> None:
    await session.until(lambda: not session.notices(), "the end of the news")


async def change(session: Session, number: str) -> None:
    await session.press("enter", "ctrl+u", *number, "enter")


async def test_news_go_when_they_are_true_no_longer() -> None:
    async with opened("article", (80, 24)) as session:
        player = session.app.player
        await session.press("u")
        await told(session, "nothing to undo")
        await change(session, "0.9")
        await told(session, "w1 changed from 0.15 to 0.9")
        await session.press("s", "n", "down")
        assert "w1 changed" in session.notices()  # it still is
        await session.press("u")
        await gone(session)
        await session.press("ctrl+r", "ctrl+r")
        await told(session, "nothing to redo")
        await session.press("u")
        await gone(session)
        await session.press("r", "right_square_bracket")
        await told(session, "only one sample")
        await session.press("s")
        await gone(session)
        await session.press("right", "enter")  # from the weight to a hidden unit
        await told(session, "Computed: edit a weight")
        await session.press("right")
        await gone(session)
        player.set_breakpoints({parse("every 7", load("article").network): True})
        await session.press("space")
        await told(session, "stopped at step 7: every 7")
        await session.press("S")
        await gone(session)


async def test_that_training_has_diverged_is_told_where_it_has() -> None:
    experiment = diverging()
    async with opened(experiment, (80, 24)) as session:
        await session.app.player.go(first_not_finite(experiment)).wait()
        await told(session, "training has diverged")
        await session.press("S")
        await gone(session)
        await session.press("s", "space")
        await told(session, "diverged here")
        await session.press("S")
        await gone(session)
