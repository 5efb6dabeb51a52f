"""Keeping loss curves for comparison: the key, the letters, the legend, what is drawn."""

import numpy as np
import pytest
from rich.style import Style

from bptui.app.panels.loss import Entry
from bptui.app.panels.loss import legend as legend_of
from bptui.app.view import LETTERS, Curve
from bptui.core.history import LossHistory
from bptui.presets.files import load

from .support import FASTEST, Session, opened

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
