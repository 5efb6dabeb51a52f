"""The chart of losses: curves kept for comparison, their legend, and the steps to come."""

import numpy as np
import pytest
from rich.style import Style

from bptui.app.panels.loss import Entry
from bptui.app.panels.loss import legend as legend_of
from bptui.app.playback.run import MOST_STEPS, last_ahead
from bptui.app.view import LETTERS, Curve
from bptui.core.history import LossHistory
from bptui.core.timeline import Timeline
from bptui.presets.files import load

from .support import FASTEST, Session, drawn_experiment, opened
from .test_mouse import click

ARTICLE = load("article")


def curve(name: str, letter: str, *losses: float) -> Curve:
    history = LossHistory()
    history.extend(np.array(losses))
    return Curve(name, history.summary, letter)


def six() -> list[Curve]:
    return [curve(f"curve {letter}", letter, 0.2, 0.1, 0.05) for letter in LETTERS]


def legend(session: Session) -> str:
    return " ".join(" ".join(session.inside("#loss")[-2:]).split())


def plot(session: Session) -> list[str]:
    """The rows of the chart above its axis."""
    rows = session.inside("#loss")
    return rows[: next((y for y, row in enumerate(rows) if "└" in row), 0)]


async def test_published_against_corrected() -> None:
    async with opened("article-listing-1") as session:
        player = session.app.player
        await session.press(*FASTEST, "space")
        await session.step(1000)
        await session.press("a")
        await session.until(lambda: "A article-listing-1 sgd 0.5" in legend(session), "it")
        player.open(ARTICLE)
        await session.press("space")
        await session.step(1000)
        kept = player.kept[0]
        assert len(kept.losses) == 1001
        assert kept.envelope(80)[1][-1] == pytest.approx(0.153862, rel=1e-5)

        def ends() -> list[int]:
            """The rows of the curves at the shown step."""
            at = next((row.index("┊") for row in plot(session) if "┊" in row), 0)
            return [y for y, row in enumerate(plot(session)) if row[at] not in "┊ "]

        # at the last step the published one is high above the corrected one, once both are drawn
        await session.until(lambda: len(ends()) == 2, "the ends of both curves")
        high, low = ends()
        assert low == len(plot(session)) - 1
        assert high < low / 2
        assert "".join(plot(session)).count("A") >= 3
        # kept curves survive edits and undo
        await session.press("enter")
        await session.until(lambda: len(session.app.screen_stack) > 1, "the dialog")
        await session.press(*"0.9", "enter")
        await session.until(lambda: "· before the edit" in legend(session), "the old curve")
        assert "A article-listing-1" in legend(session)
        await session.press("u")
        await session.until(lambda: player.timeline.edits == (), "the undo")
        await session.rest()
        assert player.kept == (kept,)


async def test_a_curve_is_kept_and_all_are_removed_by_one_key() -> None:
    async with opened("article", (80, 24)) as session:
        player = session.app.player
        await session.press("s", "a")
        await session.until(lambda: "kept as curve A" in session.notices(), "the news")
        await session.press("s", "a")
        await session.until(lambda: len(player.kept) == 2, "another one")
        names = [(kept.name, kept.letter) for kept in player.kept]
        assert names == [("article sgd 0.5", "A"), ("article sgd 0.5", "B")]
        await session.press("a")
        await session.until(lambda: not player.kept, "none")
        player.keep(six())
        await session.press("a")  # of seven the oldest goes, and its letter is free
        await session.until(lambda: len(player.kept[-1].losses) == 3, "the newest one")
        assert [kept.letter for kept in player.kept] == [*LETTERS[1:], "A"]


@pytest.mark.parametrize("width", [10, 18, 28, 40, 100])
@pytest.mark.parametrize("most", [1, 2])
def test_the_legend_fits(width: int, most: int) -> None:
    entries = [Entry(each, f"曲线 number {each.lower()}", Style()) for each in LETTERS]
    lines = legend_of(entries, width, most, Style())
    assert len(lines) <= most
    assert all(line.cell_length <= width for line in lines)
    if width >= 18:
        words = " ".join(line.text for line in lines).split()
        assert [word for word in words if word in LETTERS] == list(LETTERS)


async def test_the_steps_to_come_are_those_that_come() -> None:
    async with opened("article") as session:
        player = session.app.player
        for size, to_come in (((120, 36), "dim: to come"), ((80, 24), "dim: to come, to 1000")):
            session.resize(*size)
            await session.until(lambda t=to_come: t in session.screen(), "the steps to come")
        session.resize(120, 36)
        assert player.timeline.furthest == 0
        before = player.view().ahead
        assert before is not None
        # another weight, another future: of the same timeline nothing is played for it
        await session.press("s", "s")
        await session.step(2)
        await click(session, "+0.5", "#weights", times=2)
        await session.shows("from step 2 on")
        await session.fill("-1.5")
        await session.press("enter")
        await session.until(lambda: player.view().ahead not in (None, before), "another outlook")
        ahead, timeline = player.view().ahead, player.timeline
        assert (len(ahead), timeline.furthest) == (1001, 2)
        assert np.array_equal(ahead.lows[:2], before.lows[:2])
        assert not np.isclose(ahead.lows[2], before.lows[2])
        await session.press(*FASTEST, "space")
        await session.step(1000)
        known = timeline.losses.summary
        assert np.array_equal(known.lows, ahead.lows[:1000])
        await session.until(lambda: "to come" not in session.border("#loss"), "nothing to come")


@pytest.mark.parametrize("name", ["article", "iris", "spirals"])
def test_how_far_is_looked_ahead_is_bounded(name: str) -> None:
    timeline = Timeline(load(name))
    assert 100 <= last_ahead(timeline) <= min(MOST_STEPS, timeline.experiment.training.steps)
    timeline.move_towards(timeline.experiment.training.steps)
    timeline.snapshot(timeline.experiment.training.steps)
    assert last_ahead(timeline) == -1


def test_nothing_is_played_ahead_of_a_large_network() -> None:
    assert last_ahead(Timeline(drawn_experiment((300, 200, 10), 64, steps=10_000))) == -1
