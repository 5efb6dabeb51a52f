"""Bad entries of every kind: a message beside the field, and nothing else in the form changes."""

# ruff: noqa: RUF001  full-width characters are what input methods write

from pathlib import Path

import pytest
from textual.widgets import OptionList

from bptui.app.form.controls import NamesScreen
from bptui.app.form.draft import checked, filled
from bptui.core.activations import ACTIVATIONS
from bptui.core.mistakes import MISTAKES
from bptui.core.optimizers import OPTIMIZERS
from bptui.presets.files import load
from bptui.presets.save import same_experiment, table_of

from .form_support import Form, form

W1, B1 = "parameters.weights[0]", "parameters.biases[0]"
MISTAKES_FIELD = "training.mistakes"
LAYERS, ACTIVATION, RATE = "network.layers", "network.activation", "training.learning_rate"
INPUTS, TARGETS = "data.inputs", "data.targets"
BAD = [
    (LAYERS, "", "missing"),
    (LAYERS, "2-b-2", "not a number of units: 'b'"),
    (ACTIVATION, "xyz", "f2 lists them"),
    (ACTIVATION, "softmax, sigmoid", "softmax in the last layer only"),
    (W1, "", "numbers are missing"),
    (W1, "0.15 abc\n0.2 0.3", "row 1: not a number: 'abc'"),
    (W1, "\x1b[2J\x07", "'"),
    (RATE, "0,5", "write 0.5 with a point"),
    ("training.batch_size", "2", "1 to 1, the number of samples"),
    ("training.train_weights", "perhaps", "neither yes nor no"),
    ("training.mistakes", "wrong-sing", "f2 lists them"),
    ("training.mistakes", "doubled doubled", "each mistake once"),
    (TARGETS, "0.01 0.99\n0.5 0.5", "2 samples; expected 1"),
]
GOOD = {
    LAYERS: "２－２－２",
    RATE: "０．５",
    W1: "０．１５，０．２５\n０．２０　０．３０",
    "parameters.weights[1]": "array([[0.4, 0.5],\n       [0.45, 0.55]])",
    B1: "0.35\n0.35",
    INPUTS: "0.05\t0.10\r\n",
}


@pytest.mark.parametrize(("key", "text", "said"), BAD)
def test_what_is_wrong_is_said_of_its_field_alone(key: str, text: str, said: str) -> None:
    outcome = checked(filled(load("mazur")).with_text(key, text))
    assert outcome.experiment is None
    assert [*outcome.problems] == [key]
    assert said in outcome.problems[key]
    assert not outcome.general


async def test_a_message_stands_below_its_field() -> None:
    async with form(load("mazur"), (60, 24)) as made:
        assert await made.refused(LAYERS, "2-b-2") == "Not a number of units: 'b'; such as 2-3-1"
        assert made.text(LAYERS) == "2-2-2"
        await made.write(ACTIVATION, "softmax, sigmoid")  # which only all of it shows to be wrong
        await made.session.shows("! Wrong: activation")
        lines = made.session.lines()
        (at,) = (place for place, line in enumerate(lines) if "softmax, sigmoid" in line)
        assert "activation" in lines[at]
        assert "! softmax in a hidden layer" in lines[at + 1]


def test_what_input_methods_spreadsheets_and_numpy_write_is_accepted() -> None:
    draft = filled(load("mazur"))
    for key, text in GOOD.items():
        draft = draft.with_text(key, text)
    given = checked(draft).experiment
    assert given is not None
    assert same_experiment(given, load("mazur"))


async def test_all_that_is_wrong_shows_at_once() -> None:
    async with form(load("mazur"), (80, 24)) as made:
        await made.write(RATE, "-1")
        await made.write(W1, "1 2 3")
        await made.write(TARGETS, "1")
        await made.session.until(lambda: len(made.wrong()) == 3, "three messages")
        assert made.said() == "! Wrong: W1 2x2, learning rate, targets"
        await made.session.press("ctrl+s")
        await made.session.until(lambda: made.at == W1, "the first of them")
        await made.session.shows("! shape 1x3; expected 2x2 (inputs x hidden units)")


def test_a_field_that_is_emptied_has_its_default_again() -> None:
    seeded = filled(load("xor")).with_text("init.seed", "4")
    made = checked(seeded).experiment
    assert made is not None
    assert table_of(made).init.seed == 4
    again = checked(filled(made).with_text("init.seed", "")).experiment
    assert again is not None
    assert table_of(again).init.seed == 0


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_settings_are_read_by_the_rules_of_their_optimizer(optimizer: str) -> None:
    draft = filled(load("xor")).with_text("training.optimizer", optimizer)
    for name in OPTIMIZERS[optimizer].defaults:
        key = f"training.{name}"
        problems = [checked(draft.with_text(key, text)).problems for text in ("-1", "0.5", "x")]
        assert [key in each for each in problems] == [True, False, True]


async def listed(made: Form, key: str) -> list[str]:
    """Open the list of a field's names; its lines."""
    await made.to(key)
    await made.session.press("f2")
    await made.session.until(lambda: isinstance(made.session.app.screen, NamesScreen), "the list")
    listing = made.session.app.screen.query_one(OptionList)
    return [str(option.prompt).partition("\n")[0] for option in listing.options]


async def closed(made: Form) -> None:
    await made.session.until(lambda: made.session.app.screen is made.screen, "the form again")


async def test_mistakes_are_chosen_from_a_list_that_says_what_they_do() -> None:
    async with form(load("article"), (80, 24)) as made:
        lines = await listed(made, MISTAKES_FIELD)
        assert [line[4:].split()[0] for line in lines] == [*MISTAKES]
        for key in ("down", "space", "down", "down", "enter"):
            await made.session.press(key)
        chosen = [*MISTAKES][1], [*MISTAKES][3]
        await made.session.shows(f"[x] {chosen[0]}", "at the activation, f'(a)")
        await made.session.press("escape")
        await closed(made)
        await made.session.until(lambda: made.text(MISTAKES_FIELD) == ", ".join(chosen), "them")
        lines = await listed(made, MISTAKES_FIELD)
        assert [line[4:].split()[0] for line in lines if line.startswith("[x]")] == [*chosen]
        await made.session.press("escape")
        await closed(made)
        await made.checked()
        assert made.wrong() == {}
        await made.session.press("ctrl+s")
        given = await made.finished()
        assert given.training.mistakes == chosen


async def test_one_activation_or_column_is_chosen_from_a_list(tmp_path: Path) -> None:
    (tmp_path / "some.csv").write_text('a,"b, c",kind\n1,2,x\n3,4,y\n', encoding="utf-8")
    async with form(load("article")) as made:
        assert await listed(made, ACTIVATION) == [*ACTIVATIONS]
        await made.session.press("home", "enter")
        await closed(made)
        assert made.text(ACTIVATION) == next(iter(ACTIVATIONS))
        await made.to("training.learning_rate")
        await made.session.press("f2")  # a field without names
        assert made.session.app.screen is made.screen
        await made.write("data", "CSV file")
        await made.write("data.csv", str(tmp_path / "some.csv"))
        await made.session.until(lambda: made.screen._draft.columns, "the columns")
        await made.checked()
        assert await listed(made, "data.class_column") == ["a", "b, c", "kind"]
        await made.session.press("escape")
        await closed(made)
        await listed(made, "data.input_columns")
        await made.session.press("home", "space", "down", "space", "escape")
        await closed(made)
        columns = 'a, "b, c"'
        await made.session.until(lambda: made.text("data.input_columns") == columns, "both columns")
