"""Keeping loss curves for comparison: the dialog, the letters, the legend, what is drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs
from rich.cells import cell_len
from rich.style import Style

from bptui.app.panels.legend import Entry, arranged, between
from bptui.app.panels.loss import COLOURS
from bptui.app.screens.curves import CurveScreen, proposed
from bptui.app.view import LETTERS, MOST_CURVES, NAME_ROOM, Curve
from bptui.core.history import LossHistory
from bptui.presets import load

from .support import FASTEST, Session, opened

LISTING, ARTICLE = load("article-listing-1"), load("article")


def history(*losses: float) -> LossHistory:
    made = LossHistory()
    made.extend(np.array(losses))
    return made


def curve(name: str, letter: str, *losses: float) -> Curve:
    return Curve(name, history(*losses).summary(), letter)


def six() -> list[Curve]:
    return [curve(f"curve {letter}", letter, 0.2, 0.1, 0.05) for letter in LETTERS]


def names(session: Session) -> list[str]:
    return [each.name for each in session.app.player.kept]


def legend(session: Session) -> str:
    return " ".join(" ".join(session.inside("#loss")[-2:]).split())


async def charted(session: Session, end: str = "1 000") -> None:
    """Wait for the chart, which is drawn after the numbers: the shown step is at the right edge."""
    await session.until(
        lambda: (
            any(row.rstrip().endswith("┊") for row in session.inside("#loss"))
            and end in session.screen()
        ),
        "the chart",
    )


async def closed(session: Session) -> None:
    await session.until(lambda: not isinstance(session.app.screen, CurveScreen), "the end")


async def test_published_against_corrected() -> None:
    async with opened("article-listing-1") as session:
        await session.press(*FASTEST, "space")
        await session.step(1000)
        await session.press("a")
        await session.shows("─ Compare ─", "keeps steps 0 to 1000", "article-listing-1")
        await session.press("enter")
        await closed(session)
        await session.until(lambda: legend(session).endswith("A article-listing-1"), "the legend")
        await session.app.player.open(ARTICLE).wait()
        await session.press("space")
        await session.step(1000)
        kept = session.app.player.kept[0]
        assert kept.length == 1001
        assert kept.envelope(80)[1][-1] == pytest.approx(0.153862, rel=1e-5)
        await charted(session)

        def ends() -> tuple[list[int], int]:
            """The rows of the curves at the shown step, and that of the axis."""
            rows = session.inside("#loss")
            at = next(row.index("┊") for row in rows if "┊" in row)
            axis = next(y for y, row in enumerate(rows) if "└" in row)
            return [y for y, row in enumerate(rows[:axis]) if row[at] not in "┊ "], axis

        # at the last step the published one is high above the corrected one, once both are drawn
        await session.until(lambda: len(ends()[0]) == 2, "the ends of both curves")
        (high, low), axis = ends()
        rows = session.inside("#loss")
        assert low == axis - 1
        assert high < low / 2
        assert sum(row.count("A") for row in rows) >= 3


async def test_kept_curves_survive_edits_and_undo() -> None:
    async with opened("article") as session:
        await session.press("s", "a", "enter")
        await closed(session)
        kept = session.app.player.kept
        await session.press("enter")
        await session.until(lambda: len(session.app.screen_stack) > 1, "the dialog")
        await session.press(*"0.9", "enter")
        await session.until(lambda: "· before the edit" in legend(session), "the old curve")
        assert "A article sgd 0.5" in legend(session)
        assert session.app.player.kept == kept
        await session.press("u")
        await session.until(lambda: session.app.player.timeline.edits == (), "the undo")
        await session.rest()
        assert session.app.player.kept == kept
        assert kept[0].length == 2


async def test_a_name_is_typed_changed_and_removed() -> None:
    async with opened("article", (80, 24)) as session:
        await session.press("s", "a")
        await session.shows("article sgd 0.5")
        await session.press("delete")  # what is proposed is selected
        await session.shows("Enter a name.")
        await session.press("enter")  # does nothing
        await session.press(*"one", "enter")
        await closed(session)
        assert names(session) == ["one"]
        await session.press("a")
        await session.shows("This curve is already kept as A one.")
        await session.press("enter", "escape")  # enter does nothing
        await closed(session)
        await session.press("s", "a", *"one")
        await session.shows("Another curve is already called one.")
        await session.press(*"12", "enter")
        await closed(session)
        assert names(session) == ["one", "one12"]
        await session.press("a", "down", "enter")
        await session.shows("calls curve A one")
        await session.press("end", *"!", "enter")
        await session.shows("A one!")
        await session.press("delete", "escape")
        await closed(session)
        assert [(each.name, each.letter) for each in session.app.player.kept] == [("one12", "B")]
        await session.press("s", "a", "enter")
        await closed(session)
        assert [each.letter for each in session.app.player.kept] == ["B", "A"]


async def test_a_seventh_curve_is_refused_and_nothing_is_lost() -> None:
    async with opened("article") as session:
        session.app.player.keep(six())
        await session.press("a")
        await session.shows("At most 6 curves can be kept: remove one first.")
        await session.press("enter")
        await session.shows("─ Compare ─")
        await session.press("down", "down", "delete", "escape")
        await closed(session)
        assert names(session) == [f"curve {letter}" for letter in LETTERS if letter != "B"]
        await session.press("a", "enter")
        await closed(session)
        assert session.app.player.kept[-1].letter == "B"


async def test_renaming_is_given_up_with_escape() -> None:
    async with opened("article") as session:
        session.app.player.keep(six()[:2])
        await session.press("a", "down", "down", "enter", *"xyz", "escape")
        await session.shows("keeps steps 0 to 0")
        await session.press("escape")
        await closed(session)
        assert names(session) == ["curve A", "curve B"]


@pytest.mark.parametrize("size", [(120, 36), (60, 16)])
async def test_six_equal_curves_show_all_their_letters(size: tuple[int, int]) -> None:
    async with opened("article", size) as session:
        session.panel("#loss").focus()
        await session.press("z")
        await session.press(*FASTEST, "space")
        await session.step(1000)
        view = session.app.player.view()
        session.app.player.keep(
            [Curve(f"curve {each}", view.losses.summary(), each) for each in LETTERS]
        )

        def shown() -> bool:
            rows = session.inside("#loss")
            axis = next(y for y, row in enumerate(rows) if "└" in row)
            found = "".join(row[11:] for row in rows[:axis])
            return all(letter in found for letter in LETTERS)

        await session.until(shown, "the letters")


async def test_the_dialog_fits_with_six_curves() -> None:
    async with opened("article", (60, 16)) as session:
        session.app.player.keep(six())
        await session.press("a", "down", "end")
        await session.shows("F curve F", "esc: close")


async def test_curves_that_diverged_and_zero_losses_are_drawn_as_far_as_they_go() -> None:
    async with opened("article") as session:
        session.app.player.keep(
            [
                curve("diverged", "A", 0.1, 0.2, np.inf, np.nan),
                curve("nothing finite", "B", np.nan),
                curve("zero", "C", 0.0, 0.0),
            ]
        )
        await session.until(lambda: "C zero" in legend(session), "the legend")
        await session.press("l")
        await session.until(lambda: "logarithmic" in session.border("#loss"), "the other scale")
        assert "A" in "".join(session.inside("#loss")[:-2])


async def test_what_is_drawn_before_an_edit_and_of_the_test_samples() -> None:
    async with opened("article") as session:
        await session.press(*FASTEST, "space")
        await session.step(1000)
        await charted(session)
        view = session.app.player.view()
        without = session.inside("#loss")
        before = Curve("before", history(*np.linspace(0.16, 0.15, 900)).summary())
        session.app.show_view(structs.replace(view, before=before, edits=(400,)))
        await session.until(lambda: "· before the edit" in legend(session), "the legend")
        rows = session.inside("#loss")
        axis = next(row for row in rows if "└" in row)
        assert axis.count("▲") == 1
        at = axis.index("▲")
        fresh = [
            column
            for column in range(13, len(axis))  # the current curve falls steeply before
            if any(row[column] in "⠁⠂⠄⡀" for row in rows[:5])
        ]
        assert fresh
        assert at - 1 <= fresh[0] <= at + 1
        session.app.show_view(view)
        await session.until(lambda: session.inside("#loss") == without, "the picture as before")


@pytest.mark.parametrize("extra", [0, 1, 700, 40_000])
def test_a_curve_stays_as_it_was_kept(extra: int) -> None:
    losses = np.exp(-np.arange(5000 + extra) / 800)
    growing = history(*losses[:5000])
    kept, expected = Curve("", growing.summary()), growing.envelope(60)
    growing.extend(losses[5000:])
    assert kept.length == 5000
    for one, other in zip(kept.envelope(60), expected, strict=True):
        assert np.array_equal(one, other)
    steps, lows, _ = kept.envelope(60, 2500)
    assert steps.min() >= 2500
    assert lows.max() <= losses[2500]


def test_proposed_names_say_what_sets_the_experiment_apart() -> None:
    assert proposed(ARTICLE, False, []) == "article sgd 0.5"
    adam = replace(ARTICLE, training=replace(ARTICLE.training, optimizer="adam", settings=()))
    assert proposed(adam, True, ["article sgd 0.5"]) == "article adam 0.5"
    assert proposed(LISTING, False, []) == "article-listing-1"
    corrected = replace(LISTING, training=replace(LISTING.training, mistakes=()))
    assert proposed(corrected, True, ["article-listing-1"]) == "sgd 0.5 corrected"
    assert proposed(LISTING, True, []) == "sgd 0.5 2 mistakes"
    assert proposed(ARTICLE, True, ["article sgd 0.5"]) == "article edited"


@pytest.mark.parametrize("name", ["x" * 60, "网络" * 20, "a\nb\x1b[0m", "  ", ""])
def test_proposed_names_are_short_and_of_their_own(name: str) -> None:
    experiment, taken = replace(ARTICLE, name=name), list[str]()
    for edited in (False, True) * 5:
        made = proposed(experiment, edited, taken)
        assert made not in taken
        assert made.isprintable()
        assert 0 < cell_len(made) <= NAME_ROOM
        taken.append(made)


@pytest.mark.parametrize("width", [10, 18, 28, 40, 100])
@pytest.mark.parametrize("most", [1, 2])
def test_the_legend_fits(width: int, most: int) -> None:
    entries = [Entry(each, f"曲线 number {each}", Style()) for each in LETTERS]
    lines = arranged(entries, width, most)
    assert len(lines) <= most
    if width >= 18:
        assert [each.mark for line in lines for each in line] == list(LETTERS)
        gaps = [between(line) for line in lines]
        for line, gap in zip(lines, gaps, strict=True):
            assert sum(each.width + gap for each in line) - gap <= width
    assert arranged([], width, most) == []
    assert arranged(entries, width, 0) == []


def test_there_is_a_colour_for_each_curve() -> None:
    assert all(len(set(colours)) == MOST_CURVES for colours in COLOURS.values())


async def test_the_test_loss_is_drawn_where_there_are_test_samples() -> None:
    async with opened("iris") as session:
        await session.until(lambda: legend(session).endswith("∘ test"), "the legend")
        await session.press(*FASTEST, "space")
        await session.step(2000)
        await session.until(lambda: "2 000" in session.screen(), "the chart")
        rows = "\n".join(session.inside("#loss")[:-2])
        assert rows.count("∘") >= 5
        await session.press("l")
        await session.until(lambda: "logarithmic" in session.border("#loss"), "the other scale")
        assert "∘" in "\n".join(session.inside("#loss")[:-2])
