"""The lists of names in the form, and messages in sight on a small screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import OptionList

from bptui.app.form.controls import Line
from bptui.app.form.names import NamesScreen
from bptui.core.activations import ACTIVATIONS
from bptui.core.mistakes import MISTAKES
from bptui.presets import load

from .form_support import Form, form

MISTAKE_FIELD, ACTIVATION = "training.mistakes", "network.activation"


async def listed(made: Form, key: str) -> list[str]:
    """Open the list of a field's names; its lines."""
    await made.to(key)
    await made.session.press("f2")
    await made.session.until(lambda: isinstance(made.session.app.screen, NamesScreen), "the list")
    listing = made.session.app.screen.query_one(OptionList)
    return [str(option.prompt) for option in listing.options]


async def closed(made: Form) -> None:
    await made.session.until(lambda: made.session.app.screen is made.screen, "the form again")


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_mistakes_are_chosen_from_a_list_that_says_what_they_do(
    size: tuple[int, int],
) -> None:
    async with form(load("article"), size) as made:
        lines = await listed(made, MISTAKE_FIELD)
        assert [line[4:].split()[0] for line in lines] == [*MISTAKES]
        for key in ("down", "space", "down", "down", "enter"):
            await made.session.press(key)
        chosen = [*MISTAKES][1], [*MISTAKES][3]
        await made.session.shows(f"[x] {chosen[0]}", MISTAKES[chosen[1]].summary)
        await made.session.press("escape")
        await closed(made)
        line = made.row(MISTAKE_FIELD).entry
        await made.session.until(
            lambda: isinstance(line, Line) and line.value == ", ".join(chosen), "the names"
        )
        lines = await listed(made, MISTAKE_FIELD)
        assert [line[4:].split()[0] for line in lines if line.startswith("[x]")] == [*chosen]
        await made.session.press("escape")
        await closed(made)
        await made.checked()
        assert made.wrong() == {}
        await made.session.press("ctrl+s")
        given = await made.finished()
        assert given is not None
        assert given.training.mistakes == chosen


async def test_one_activation_or_column_is_chosen_from_a_list(tmp_path: Path) -> None:
    (tmp_path / "some.csv").write_text('a,"b, c",kind\n1,2,x\n3,4,y\n', encoding="utf-8")
    async with form(load("article")) as made:
        assert await listed(made, ACTIVATION) == [*ACTIVATIONS]
        await made.session.press("home", "enter")
        await closed(made)
        assert made.screen._draft.chosen(ACTIVATION) == next(iter(ACTIVATIONS))
        await made.to("training.learning_rate")
        await made.session.press("f2")  # a field without names
        assert made.session.app.screen is made.screen
        await made.write("data", "CSV file")
        await made.write("data.csv", str(tmp_path / "some.csv"))
        await made.session.until(lambda: made.screen._draft.column_names, "the columns")
        await made.checked()
        assert await listed(made, "data.class_column") == ["a", "b, c", "kind"]
        await made.session.press("escape")
        await closed(made)
        await listed(made, "data.input_columns")
        await made.session.press("home", "space", "down", "space", "escape")
        await closed(made)
        line = made.row("data.input_columns").entry
        await made.session.until(
            lambda: isinstance(line, Line) and line.value == 'a, "b, c"', "both columns"
        )
        assert made.screen._draft.value("data.input_columns") == ["a", "b, c"]


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_what_is_said_of_a_field_is_in_sight_whole(size: tuple[int, int]) -> None:
    async with form(load("article-listing-1"), size) as made:
        for key, text in (
            (MISTAKE_FIELD, "foo"),
            (MISTAKE_FIELD, "x" * 60),
            ("training.steps", "1e12"),
            ("training.train_weights", "yes, no, yes"),
            ("data.test_fraction", "2"),
        ):
            await made.write(key, text)
            await made.session.until(lambda k=key: made.row(k).is_wrong, f"a word on {key}")
            await made.checked()
            said = made.beside(key).split()
            row, area = made.row(key), made.screen.query_one("#form-fields")
            await made.session.until(
                lambda r=row, a=area: a.content_region.contains_region(r.region), f"{key} in sight"
            )
            shown = " ".join(made.session.screen().split())
            assert said[-1] in shown
            if size == (80, 24):
                lines = row._below(row.size.width)
                assert 1 <= len(lines) <= 3
                assert all(str(each).strip() in made.session.screen() for each in lines)


async def test_what_is_said_below_the_last_field_in_sight_comes_into_sight() -> None:
    async with form(load("iris"), (80, 24)) as made:
        area = made.screen.query_one("#form-fields")
        while not made.row("training.steps").entry.has_focus:
            await made.session.press("tab")
        row = made.row("training.steps")
        await made.session.until(
            lambda: row.region.bottom == area.content_region.bottom, "it as the last one in sight"
        )
        await made.session.press("exclamation_mark")
        await made.session.until(lambda: row.is_wrong, "a word on it")
        await made.session.until(
            lambda: area.content_region.contains_region(row.region), "the word in sight"
        )
        assert row.region.height > 1
