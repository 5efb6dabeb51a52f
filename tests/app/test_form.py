"""The form as a newcomer uses it: worked examples typed from a sheet, and what it does not lose."""

from dataclasses import replace
from pathlib import Path

import pytest

from bptui.app.form.draft import checked, filled
from bptui.app.form.screen import FormScreen
from bptui.presets.files import load, loads
from bptui.presets.save import document, same_experiment, table_of

from .form_support import form
from .support import drawn_experiment, opened

NAMES = sorted(file.stem for file in (Path(__file__).parents[2] / "presets").glob("*.toml"))
XOR = """
[network]
layers = [2, 3, 1]
activation = "tanh"
[init]
seed = 4
[training]
batch_size = 4
learning_rate = 0.3
optimizer = "momentum"
momentum = 0.8
[data]
inputs = [[0, 0], [0, 1], [1, 0], [1, 1]]
targets = [[0], [1], [1], [0]]
"""


TYPED = (
    "2-3-1\ntanh\n\t\t\t\t4\n\t\t\t \t0.3\n0.8\n\t\t4\n\t\t\t\t\t0 0\n0 1\n1 0\n1 1\t0\n1\n1\n0\t"
)


async def test_an_example_typed_key_by_key_into_the_empty_form() -> None:
    async with form(None, (80, 24)) as made:
        await made.type(TYPED)
        await made.session.press("ctrl+s")
        given = await made.finished()
    assert same_experiment(given, loads(XOR, "typed", Path()))
    assert given.name == "untitled"


@pytest.mark.parametrize("name", NAMES)
def test_drafts_of_presets_make_the_same_presets(name: str) -> None:
    experiment = load(name)
    draft = filled(experiment)
    made = checked(draft).experiment
    assert made is not None
    assert table_of(made) == table_of(experiment)
    assert same_experiment(made, experiment)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("parameters.weights[0]", "90.15 0.2\n0.25 0.3"),
        ("training.learning_rate", "0.25"),
        ("training.l2", "0.1"),
        ("title", "My network"),
    ],
)
def test_what_was_changed_in_the_form_can_be_saved(key: str, text: str) -> None:
    made = checked(filled(load("article")).with_text(key, text)).experiment
    assert made is not None
    again = loads(document(made), "again", Path())
    assert table_of(again) == table_of(made) != table_of(load("article"))


async def test_leaving_and_emptying_ask_before_something_is_lost() -> None:
    async with form(load("article")) as made:
        await made.session.press("escape")
        assert await made.finished() is None
    async with form(load("mazur")) as made:
        await made.write("training.learning_rate", "0.7")
        for key, shown in (("escape", "esc"), ("ctrl+n", "ctrl+n")):
            await made.session.press(key)
            await made.session.until(lambda s=shown: f"Press {s} again" in made.said(), "it")
            assert made.text("training.learning_rate") == "0.7"
            await made.session.press("tab")
            await made.session.until(lambda: "Discard" not in made.said(), "the question's end")
        await made.session.press("ctrl+n", "ctrl+n")
        await made.session.until(lambda: "Still missing: layers" in made.said(), "the empty form")
        assert not made.ready
        await made.session.shows("untitled")
        await made.session.press("escape")
        assert await made.finished() is None


async def test_fields_come_and_go_and_keep_what_was_typed() -> None:
    async with form(load("mazur")) as made:
        await made.write("parameters.weights[1]", "1 2\n3 4")
        await made.write("network.layers", "2-2")
        await made.session.until(lambda: not made.shown("parameters.weights[1]"), "W2 to go")
        await made.write("network.layers", "2-2-2")
        await made.session.until(lambda: made.shown("parameters.weights[1]"), "W2 to come")
        await made.write("training.optimizer", "adam")
        await made.write("training.beta1", "0.8")
        await made.write("training.optimizer", "sgd")
        await made.session.until(lambda: not made.shown("training.beta1"), "beta1 to go")
        await made.write("training.optimizer", "adam")
        await made.write("network.bias", "no")
        await made.session.until(lambda: not made.shown("parameters.biases"), "biases to go")
        await made.write("network.bias", "yes")
        await made.session.until(lambda: made.ready, "the check")
        await made.session.press("ctrl+s")
        given = await made.finished()
    assert given.start.weights[1].tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert given.start.biases[0].tolist() == [0.35, 0.35]
    assert dict(given.training.settings) == {"beta1": 0.8, "beta2": 0.999, "epsilon": 1e-8}


async def test_a_csv_file_proposes_its_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "my own.csv"
    file.write_text("size,weight,kind\n1,2,a\n3,4,b\n5,6,a\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    async with form(None) as made:
        await made.type("2-2\n")
        await made.write("data", "CSV file")
        assert "No file" in await made.refused("data.csv", "no.csv")
        await made.write("data.csv", "my own.csv")
        await made.session.until(lambda: made.ready, "the check")  # the last one is the class
        await made.to("data.class_column")
        await made.session.shows("f2 lists them: size, weight, kind")
        await made.write("data.target", "numbers")
        await made.write("data.target_columns", "weight")
        await made.session.until(
            lambda: "'a' in line 2" in made.wrong().get("data.csv", ""), "the column of names"
        )
        await made.write("data.input_columns", "size")
        await made.session.until(
            lambda: "1 input columns" in made.wrong().get("data.csv", ""), "the width of the input"
        )
        await made.write("network.layers", "1-1")
        await made.session.until(lambda: made.ready, "the check")
        await made.session.press("ctrl+s")
        given = await made.finished()
    assert given.data.inputs.tolist() == [[1.0], [3.0], [5.0]]
    assert given.data.targets.tolist() == [[2.0], [4.0], [6.0]]


async def test_the_focused_field_is_on_the_screen_even_of_the_smallest() -> None:
    async with form(load("mazur"), (60, 16)) as made:
        seen = set[str]()
        while made.at not in seen:
            seen.add(made.at)
            await made.session.shows(f" {made.screen._field.label} ")
            await made.session.press("tab")
        assert {"network.layers", "parameters.weights[1]", "data.targets", "source"} <= seen


@pytest.mark.parametrize("layers", [(1,) * 65, (784, 128, 10)], ids=["65 layers", "784-128-10"])
async def test_an_experiment_of_a_program_of_any_size_can_be_edited(
    layers: tuple[int, ...],
) -> None:
    experiment = drawn_experiment(layers)
    assert experiment.origin is None
    async with form(experiment) as made:
        await made.session.until(lambda: made.ready, "the check")
        await made.write("training.learning_rate", "0.3")
        await made.session.press("ctrl+s")
        given = await made.finished()
    assert given is not None
    training = replace(experiment.training, learning_rate=0.3)
    assert same_experiment(given, replace(experiment, training=training))


async def test_the_key_opens_the_form_on_what_is_shown_and_ok_keeps_what_is_not_changed() -> None:
    async with opened("mazur") as session:
        await session.press("s", "s", "s")
        await session.step(3)
        timeline = session.app.player.timeline
        await session.press("e")
        await session.until(lambda: isinstance(session.app.screen, FormScreen), "the form")
        await session.shows("Experiment: mazur", "2-2-2")
        await session.press("ctrl+s")
        await session.until(lambda: not isinstance(session.app.screen, FormScreen), "its end")
        assert await session.rest() == 3
        assert session.app.player.timeline is timeline
        assert "before the edit" not in session.screen()
        await session.press("e", *["tab"] * 12, *"0.4", "enter", "ctrl+s")
        await session.until(lambda: session.app.player.timeline is not timeline, "the change")
        assert await session.rest() == 0
        assert session.app.player.snapshot.experiment.training.learning_rate == 0.4
        await session.shows("before the edit")


async def test_the_form_opens_and_empties_where_the_working_folder_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    async with form(load("article")) as made:
        await made.session.press("ctrl+n")
        await made.session.until(lambda: "Still missing: layers" in made.said(), "the empty form")
        await made.write("data", "CSV file")
        assert "No file" in await made.refused("data.csv", "own.csv")
