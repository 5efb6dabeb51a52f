"""The form where things go wrong around it, and where typed work could be lost."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from bptui.app.form import row
from bptui.app.form.draft import EMPTY, Draft, Place, checked
from bptui.core.experiment import Experiment
from bptui.core.optimizers import OPTIMIZERS
from bptui.presets import load
from bptui.presets.describe import table_of
from bptui.presets.folders import working_folder
from bptui.presets.own import destination, proposed
from bptui.presets.save import SaveError, document

from .form_support import Form, assert_same_numbers, form

LAYERS, RATE = "network.layers", "training.learning_rate"


@pytest.fixture
def gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the program works in, deleted meanwhile."""
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    return folder


async def test_the_form_opens_and_empties_where_the_working_folder_is_gone(gone: Path) -> None:
    async with form(load("article")) as made:
        await made.session.press("ctrl+n")
        await made.session.until(lambda: "Still missing: layers" in made.said(), "the empty form")
        await made.write("data", "CSV file")
        await made.write("data.csv", "own.csv")
        await made.session.until(lambda: "does not exist" in made.beside("data.csv"), "a word")
    async with form(None) as made:
        assert "Still missing: layers" in made.said()


def test_saving_where_the_working_folder_is_gone(gone: Path) -> None:
    article = load("article")
    assert working_folder() == Path.home()
    assert proposed(article)
    assert proposed(article, gone / "own.toml").endswith("own.toml")
    made = Experiment(
        "made", article.network, article.start, article.training, article.data
    )  # by a program, so that it comes from nowhere
    assert "[network]" in document(made)
    with pytest.raises(SaveError):
        destination(f"here{os.sep}own.toml")


async def test_leaving_asks_for_what_was_put_aside_too() -> None:
    async with form(None) as made:
        await made.type("2-3-1")
        await made.session.press("ctrl+n")
        await layers_become(made, "")
        await made.session.press("escape")
        await made.session.until(lambda: "Discard your draft?" in made.said(), "a question")
        assert not made.given
        await made.session.press("ctrl+n")
        await layers_become(made, "2-3-1")
        await made.session.until(lambda: "Discard" not in made.said(), "the end of the question")
        await made.session.press("escape")
        await made.session.until(lambda: "Discard your changes?" in made.said(), "a question")
        await made.session.press("escape")
        assert await made.finished() is None


async def test_emptying_the_form_again_loses_no_draft() -> None:
    async with form(None) as made:
        await made.type("2-3-1")
        await made.session.press("ctrl+n")
        await layers_become(made, "")
        await made.type("4")
        await made.session.press("ctrl+n")
        for text in ("", "4", "2-3-1", "", "4"):
            await layers_become(made, text)
            await made.session.press("ctrl+n")
        await layers_become(made, "2-3-1")
        await made.session.press(
            "end", "9"
        )  # what was brought back and changed is put aside as it is now
        await made.session.press("ctrl+n")
        for text in ("", "2-3-19", "4", ""):
            await layers_become(made, text)
            await made.session.press("ctrl+n")


async def layers_become(made: Form, text: str) -> None:
    entry = made.row(LAYERS).entry
    await made.session.until(
        lambda: getattr(entry, "value", None) == text and entry.has_focus, f"{text!r} as layers"
    )


async def test_leaving_an_emptied_form_that_holds_nothing_asks_nothing() -> None:
    async with form(None) as made:
        await made.session.press("ctrl+n", "ctrl+n", "escape")
        assert await made.finished() is None


@pytest.mark.parametrize("between", ";\t")
def test_other_separators_of_columns_are_known(tmp_path: Path, between: str) -> None:
    rows = [["a", "b", "kind"], ["1", "2", "x"], ["3", "4", "y"]]
    (tmp_path / "own.csv").write_text("\n".join(map(between.join, rows)), encoding="utf-8")
    draft = csv_draft(tmp_path).with_text("data.csv", "own.csv")
    assert draft.column_names == ("a", "b", "kind")
    made = checked(draft.with_text("network.layers", "2-1"), Place("own", tmp_path)).experiment
    assert made is not None
    assert made.data.inputs.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def csv_draft(folder: Path) -> Draft:
    return Draft.of(EMPTY, folder).with_text("data", "CSV file")


def test_columns_are_left_empty_where_none_can_be_proposed(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("a,b\nx,y\n", encoding="utf-8")
    draft = csv_draft(tmp_path).with_text("data.csv", "own.csv")
    assert draft.chosen("data.class_column") == "b"
    assert draft.chosen("data.target_columns") == ""


def test_a_proposal_goes_with_its_file_and_a_choice_stays(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("x,y,kind\n1,2,a\n", encoding="utf-8")
    (tmp_path / "two.csv").write_text("kind,x,y,sort\na,1,2,b\n", encoding="utf-8")
    (tmp_path / "three.csv").write_text("x,y,z\n1,2,3\n", encoding="utf-8")
    one = csv_draft(tmp_path).with_text("data.csv", "one.csv")
    assert one.chosen("data.class_column") == "kind"
    assert one.chosen("data.target") == "classes"
    two = one.with_text("data.csv", "two.csv")
    assert two.chosen("data.class_column") == "sort"
    three = two.with_text("data.csv", "three.csv")
    assert three.chosen("data.target") == "numbers"
    assert three.chosen("data.target_columns") == "z"
    mine = two.with_text("data.class_column", "kind").with_text("data.input_columns", "x")
    again = mine.with_text("data.csv", "one.csv")
    assert again.chosen("data.class_column") == "kind"
    assert again.chosen("data.input_columns") == "x"
    numbers = two.with_text("data.target", "numbers").with_text("data.csv", "one.csv")
    assert numbers.chosen("data.target") == "numbers"
    early = csv_draft(tmp_path).with_text("data.target", "numbers").with_text("data.csv", "two.csv")
    assert early.chosen("data.target") == "numbers"


async def test_the_split_seed_is_there_for_a_fraction_above_0() -> None:
    async with form(load("circles")) as made:
        for text, there in (("0.00", False), ("0.2", True), ("０", False), ("1e-1", True)):  # noqa: RUF001  a full-width digit
            await made.write("data.test_fraction", text)
            await made.session.until(
                lambda there=there: (
                    there
                    == any(
                        each.field.key == "data.split_seed" and each.display
                        for each in made.screen.query("FieldRow")
                    )
                ),
                f"the split seed at {text}",
            )


async def test_more_numbers_than_can_be_shown_at_once_stay_a_note(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(row, "LONGEST_OPENED", 48_000)
    values = np.random.default_rng(0).random((50, 50))
    async with form(None) as made:
        await made.type("50-1\n")
        await made.write("data.inputs", "\n".join(" ".join(map(repr, each)) for each in values))
        await made.to("data.inputs")
        await made.session.press("enter")
        await made.session.until(lambda: "Too many numbers" in made.session.notices(), "a notice")
        await made.session.shows("enter: show")


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_settings_are_read_by_the_rules_of_their_optimizer(optimizer: str) -> None:
    draft = Draft.of(table_of(load("xor")), Path()).with_text("training.optimizer", optimizer)
    for name in OPTIMIZERS[optimizer].defaults:
        key = f"training.{name}"
        problems = [
            checked(draft.with_text(key, text), Place("", Path())).problems
            for text in ("-1", "0.5", "x")
        ]
        assert [key in each for each in problems] == [True, False, True]


async def test_points_are_accepted_after_decimal_commas_were_refused() -> None:
    mazur = load("mazur")
    async with form(mazur) as made:
        await made.write("data.inputs", "0,05;0,10")
        await made.session.until(lambda: "data.inputs" in made.wrong(), "the message")
        assert made.wrong()["data.inputs"].startswith("0,05 is two numbers here; write 0.05")
        assert not made.ready
        await made.write("data.inputs", "0.05 0.10")
        await made.session.until(lambda: made.ready, "the check")
        await made.session.press("ctrl+s")
        given = await made.finished()
    assert given is not None
    assert_same_numbers(given, mazur)
