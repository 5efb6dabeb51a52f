"""Keeping loss curves for comparison: the dialog, the letters, the legend, what is drawn."""

from dataclasses import replace

import numpy as np
import pytest
from rich.cells import cell_len
from rich.style import Style

from bptui.app.panels.loss import Entry
from bptui.app.panels.loss import legend as legend_of
from bptui.app.screens.curves import proposed
from bptui.app.view import LETTERS, NAME_ROOM, Curve
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
        await session.shows("─ Compare ─", "keeps steps 0 to 1000", "article-listing-1")
        await session.press("enter")
        await session.closed()
        await session.until(lambda: legend(session).endswith("A article-listing-1"), "the legend")
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


async def test_a_name_is_typed_and_a_curve_removed() -> None:
    async with opened("article", (80, 24)) as session:
        player = session.app.player
        await session.press("s", "a")
        await session.shows("article sgd 0.5")
        await session.press("delete")  # what is proposed is selected
        await session.shows("Enter a name.")
        await session.press("enter")  # does nothing
        await session.press(*"one", "enter")
        await session.closed()
        await session.press("s", "a", *"one")
        await session.shows("Another curve is already called one.")
        await session.press(*"12", "enter")
        await session.closed()
        await session.press("a", "down")
        await session.shows("A one")
        await session.press("delete", "escape")
        await session.closed()
        assert [(kept.name, kept.letter) for kept in player.kept] == [("one12", "B")]
        await session.press("s", "a", "enter")
        await session.closed()
        assert [kept.letter for kept in player.kept] == ["B", "A"]


async def test_a_seventh_curve_is_refused_and_nothing_is_lost() -> None:
    async with opened("article", (60, 16)) as session:
        player = session.app.player
        player.keep(six())
        await session.press("a")
        await session.shows("At most 6 curves can be kept: remove one first.", "esc: close")
        await session.press("enter")
        await session.shows("─ Compare ─")
        await session.press("down", "end")
        await session.shows("F curve F")
        await session.press("home", "down", "delete", "escape")
        await session.closed()
        assert [kept.letter for kept in player.kept] == ["A", "C", "D", "E", "F"]
        await session.press("a", "enter")
        await session.closed()
        assert player.kept[-1].letter == "B"


@pytest.mark.parametrize("name", ["article", "x" * 60, "网络" * 20, "a\nb\x1b[0m", "  ", ""])
def test_proposed_names_are_short_and_of_their_own(name: str) -> None:
    experiment, taken = replace(ARTICLE, name=name), list[str]()
    for _ in range(10):
        made = proposed(experiment, taken)
        assert made not in taken
        assert made.isprintable()
        assert 0 < cell_len(made) <= NAME_ROOM
        taken.append(made)
    assert taken[0] == "article sgd 0.5" or name != "article"


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
