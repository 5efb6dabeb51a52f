"""The text of the whole experiment: typed as from an exercise sheet, checked, and not lost."""

# ruff: noqa: RUF001  full-width characters are what input methods write

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.events import Key, Paste
from textual.widgets import Static

from bptui.app.sheet.names import template
from bptui.app.sheet.screen import NamesScreen, Outcome, Place, SheetScreen, checked
from bptui.app.sheet.typed import entries, matrices, tidied
from bptui.core.experiment import Experiment
from bptui.core.mistakes import MISTAKES
from bptui.core.optimizers import OPTIMIZERS
from bptui.presets.build import origin_of
from bptui.presets.files import load, loads
from bptui.presets.save import document, preset_text, same_experiment, table_of

from .support import Session, drawn_experiment, opened

NAMES = sorted(file.stem for file in (Path(__file__).parents[2] / "presets").glob("*.toml"))
KEYS = {"\n": "enter", "\t": "tab", " ": "space", "-": "minus", ",": "comma", ".": "full_stop"}
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


def text_of(experiment: Experiment) -> str:
    return preset_text(table_of(experiment), origin_of(experiment))


def outcome(text: str) -> Outcome:
    return checked(text, Place("typed", Path()))


def with_value(text: str, key: str, value: str) -> str:
    """Write another value behind a key, where it stands in one line."""
    lines = text.splitlines()
    (at,) = (place for place, line in enumerate(lines) if line.startswith(f"{key} ="))
    return "\n".join([*lines[:at], f"{key} = {value}", *lines[at + 1 :]])


class Sheet:
    """An open sheet, and what it gave in the end."""

    def __init__(self, session: Session, screen: SheetScreen) -> None:
        self.session, self.screen = session, screen
        self.given: list[Experiment | None] = []

    async def type(self, text: str) -> None:
        """Press the keys of ``text`` in a burst; a line's end is enter, a tab is tab."""
        for each in text:
            key = KEYS.get(each, each)
            self.session.app.post_message(Key(key, each if each.isprintable() else None))
        await self.session.pilot.pause()
        await self.session.until(lambda: not self.session.app.keys.answering, "all of them")

    @property
    def text(self) -> str:
        return self.screen._sheet.text

    async def to(self, path: str) -> None:
        """Select the value of a key."""
        self.screen._go_to(path)
        await self.session.pilot.pause()

    async def says(self, text: str) -> None:
        said = self.screen.query_one(".said", Static)
        await self.session.until(lambda: text in str(said.render()), text)

    async def finished(self) -> Experiment | None:
        """Press OK and wait until the sheet has closed; what it gave."""
        await self.session.press("ctrl+s")
        await self.session.until(lambda: self.given, "the sheet to close")
        return self.given[0]


@asynccontextmanager
async def sheet(
    experiment: Experiment | None, size: tuple[int, int] = (120, 36)
) -> AsyncIterator[Sheet]:
    """The sheet of ``experiment``, or that of a new one, after its first check."""
    async with opened("article", size) as session:
        screen = SheetScreen(experiment)
        made = Sheet(session, screen)
        await session.app.push_screen(screen, made.given.append)
        await session.until(lambda: screen._outcome.said, "the first check")
        await session.until(lambda: screen._sheet.cursor_location[0], "the first value")
        yield made


async def test_an_example_typed_key_by_key_into_an_empty_sheet() -> None:
    async with sheet(None, (80, 24)) as made:
        await made.says("network.layers: found nothing; expected units per layer")
        await made.type("2-3-1\ttanh")
        for key, value in {
            "init.seed": "4",
            "training.optimizer": "momentum",
            "training.momentum": "0.8",
            "training.learning_rate": "0,3",
            "training.batch_size": "4",
            "data.inputs": "0 0\n0 1\n1 0\n1 1\t0\n1\n1\n0",
        }.items():
            await made.to(key)
            await made.type(value)
        await made.says("training.learning_rate: write 0.3 with a point")
        await made.session.press("ctrl+s")  # which goes there
        await made.type("0.3")
        await made.says("2-3-1 tanh: 13 weights and biases, 4 samples")
        given = await made.finished()
    assert given is not None
    assert same_experiment(given, loads(XOR, "typed", Path()))
    assert given.name == "untitled"


@pytest.mark.parametrize("name", NAMES)
def test_texts_of_presets_make_the_same_presets(name: str) -> None:
    experiment = load(name)
    made = checked(text_of(experiment), Place.of(experiment)).experiment
    assert made is not None
    assert table_of(made) == table_of(experiment)
    assert same_experiment(made, experiment)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_key_stands_in_the_sheet_of_a_new_experiment(optimizer: str) -> None:
    text = with_value(template(), "layers", "2-2-1")
    text = with_value(with_value(text, "inputs", "0 1; 1 0"), "targets", "0; 1")
    assert outcome(text).experiment is not None
    text = with_value(text, "optimizer", optimizer)
    for name in OPTIMIZERS[optimizer].defaults:
        found = [outcome(with_value(text, name, value)) for value in ("-1", "0.5", "x")]
        assert [each.key == f"training.{name}" for each in found] == [True, False, True]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("layers", "2-b-2", "network.layers: not a number of units: 'b'; such as 2-3-1"),
        ("layers", "-".join("2" * 70), "at most 65 layers"),
        ("activation", "xyz", "network.activation: found 'xyz'"),
        ("activation", "softmax, sigmoid", "network.activation[0]: found softmax in a hidden"),
        ("weights", "0.15 abc\n0.2 0.3", "parameters.weights: row 1: not a number: 'abc'"),
        ("weights", "1 2\n3 4\n5 6\n\n1\n2", "shape 3x2; expected 2x2"),
        ("weights", "\x1b[2J\x07", "'"),
        ("learning_rate", "0,5", "training.learning_rate: write 0.5 with a point"),
        ("l2", "-0.1", "training.l2: found -0.1; expected a finite number, 0 or more"),
        ("steps", "1.5", "training.steps: not a whole number: '1.5'"),
        ("train_weights", "perhaps", "neither yes nor no: 'perhaps'"),
        ("mistakes", "wrong-sing", "training.mistakes[0]: found 'wrong-sing'"),
        ("inputs", "0.05", "data.inputs: found inputs of 1 numbers"),
        ("targets", "0.01\n0.5", "data.targets: found 2 samples; expected 1"),
        ("test_fraction", "1", "from 0 to below 1"),
    ],
)
def test_what_is_wrong_is_said_with_its_key(key: str, value: str, said: str) -> None:
    text = with_value(template(), "layers", "2-2-1")
    text = with_value(with_value(text, "inputs", "0 1"), "targets", "1")
    found = outcome(with_value(text, key, value))
    assert found.experiment is None
    assert found.key.partition("[")[0].rpartition(".")[2] == key
    assert said in found.said
    assert found.said.replace("\n", "").isprintable()


@pytest.mark.parametrize("text", ["x", 'title = """', "[network]\nfoo\nlayers = 2-1", "=\n[a", ""])
def test_a_text_of_any_kind_is_refused_with_a_reason(text: str) -> None:
    found = outcome(text)
    assert found.experiment is None
    assert found.said.startswith("! ")
    assert next(entries(text.split("\n"))).first == 0  # what stands at the cursor can be told


def test_what_input_methods_spreadsheets_and_numpy_write_is_accepted() -> None:
    text = template()
    for key, value in {
        "layers": "２－２－２",
        "learning_rate": "０．５",
        "steps": "1e4",
        "weights": "０．１５，０．２５\n０．２０　０．３０\n\narray([[0.4, 0.5],\n [0.45, 0.55]])",
        "biases": "0.35 0.35\n0.6\t0.6",
        "inputs": "0.05\t0.10\r",
        "targets": "[0.01, 0.99]",
        "train_biases": "no",
    }.items():
        text = with_value(text, key, value)
    given = outcome(text).experiment
    assert given is not None
    assert same_experiment(given, load("mazur"))


def test_what_was_changed_can_be_saved_with_all_else_as_it_was() -> None:
    text = text_of(load("article")).replace("[training]", "# mine\n[training]", 1)
    made = outcome(with_value(text, "learning_rate", ".25")).experiment
    assert made is not None
    assert made.training.learning_rate == 0.25
    saved = document(made)
    assert "# mine\n[training]" in saved
    assert table_of(loads(saved, "again", Path())) == table_of(made) != table_of(load("article"))
    assert "description" in tidied(text)  # whose text may look like keys and tables


async def test_leaving_and_emptying_ask_before_something_is_lost() -> None:
    async with sheet(load("article")) as made:
        await made.session.press("escape")
        await made.session.until(lambda: made.given == [None], "the end")
    async with sheet(load("mazur")) as made:
        await made.to("training.learning_rate")
        await made.type("0.7")
        for key, shown in (("escape", "esc"), ("ctrl+n", "ctrl+n")):
            await made.session.press(key)
            await made.says(f"Press {shown} again")
            await made.type("1")
            await made.says("2-2-2 sigmoid")
        assert "learning_rate = 0.711" in made.text
        await made.session.press("ctrl+n", "ctrl+n")
        await made.says("network.layers: found nothing")
        await made.session.shows("untitled")
        await made.session.press("escape")
        await made.session.until(lambda: made.given == [None], "the end")


@pytest.mark.parametrize(
    ("typed", "toml"),
    [
        ("title = Exercise #3", 'title = "Exercise #3"'),
        ("[ training ]\nsteps = 1e3  # mine", "[ training ]\nsteps = 1000  # mine"),
        ("[training]\nlearning_rate = .5 # fast", "[training]\nlearning_rate = 0.5 # fast"),
        ("\ufeff[network]\nlayers = 2-1", "[network]\nlayers = [2, 1]"),
        ('[training]\noptimizer = "Adam"', '[training]\noptimizer = "adam"'),
        ("[parameters]\nbiases =\n1 2 # h\n3", "[parameters]\n# h\nbiases = [[1.0, 2.0], [3.0]]"),
    ],
)
def test_comments_and_titles_stay_as_they_are(typed: str, toml: str) -> None:
    assert tidied(typed) == toml


@pytest.mark.parametrize(
    "typed",
    [
        "[[[.1, 0.2], [0.3 0.4]], [[0.5],\n [0.6]]]",
        "[array([[0.1, 0.2],\n [0.3, 0.4]]), array([[0.5],\n [0.6]])]",
        "[[0.1 0.2]\n [0.3 0.4]]\n[[0.5]\n [0.6]]",
        "0.1 0.2\n0.3 0.4\n\n0.5\n0.6",
    ],
)
def test_all_weights_are_read_as_they_are_typed_or_printed(typed: str) -> None:
    assert matrices(typed) == [[[0.1, 0.2], [0.3, 0.4]], [[0.5], [0.6]]]


def test_weights_of_a_layer_stand_behind_its_own_key() -> None:
    typed = "[network]\nlayers = 2-3-1\n[parameters]\nb2 = 7\nW2 =\n1\n2\n3\nb1 = 4 5 6\n"
    data = "[data]\ninputs = 0 1\ntargets = 1\n"
    made = outcome(f"{typed}W1 = [[1, 2, 3],  # of x1\n      [4, 5, 6]]\n{data}").experiment
    assert made is not None
    first, second = made.start.weights
    assert first.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert second.tolist() == [[1], [2], [3]]
    assert [bias.tolist() for bias in made.start.biases or ()] == [[4, 5, 6], [7]]
    missing = outcome(typed + data)
    assert (missing.key, missing.said) == ("parameters.W1", "! parameters.W1: is missing")


@pytest.mark.parametrize(
    ("more", "key", "said"),
    [
        ("[data]", "data", "stands twice"),
        ("seed = 1\nseed = 2", "training.seed", "stands twice"),
        ("[parameters]\nW1", "parameters", "'W1' is no key with a value"),
    ],
)
def test_what_toml_has_no_place_for_is_told_with_its_key(more: str, key: str, said: str) -> None:
    text = "[network]\nlayers = 2-1\n[data]\ninputs = 0 1\ntargets = 1\n[training]\n"
    found = outcome(text + more)
    assert (found.key, found.said) == (key, f"! {key}: {said}")


def test_a_line_without_a_key_is_told_and_not_the_one_above() -> None:
    said = outcome(f"{XOR}\n".replace("seed = 4", "seed = 4\nthe scale 3")).said
    assert "init.seed: 'the scale 3' below 4 is no key with a value" in said


async def test_a_new_key_stands_below_what_is_there_and_a_comment_stays() -> None:
    text = '[network]\nlayers = [2, 1]\nactivation = "tanh" # mine\n[data]\ndataset = "xor"\n'
    async with sheet(loads(text, "mine", Path())) as made:
        await made.to("network.activation")
        await named(made, "enter")
        assert 'activation = "identity" # mine' in made.text
        made.screen._sheet.move_cursor((0, 0))
        await named(made, "enter")
        assert made.text.startswith("[network]\nbias = true\nlayers")


async def named(made: Sheet, *keys: str) -> list[str]:
    """Open the list of names, press keys in it, and wait until it has closed; its lines."""
    app = made.session.app
    await made.session.press("f2")
    await made.session.until(lambda: isinstance(app.screen, NamesScreen), "the list")
    lines = [str(option.prompt) for option in app.screen._list.options]
    await made.session.press(*keys)
    await made.session.until(lambda: app.screen is made.screen, "the sheet again")
    return lines


async def test_names_are_listed_and_put_in(tmp_path: Path) -> None:
    (tmp_path / "some.csv").write_text('a,"b, c",kind\n1,2,x\n3,4,y\n', encoding="utf-8")
    async with sheet(None, (80, 24)) as made:
        await made.type("2-2\t")
        await made.session.shows("one name, or one per layer; f2 lists them")
        await named(made, "down", "enter")
        assert 'activation = "sigmoid"' in made.text
        await made.to("training.mistakes")
        lines = await named(made, "down", "enter")
        assert [line.split("\n")[0] for line in lines] == [*MISTAKES]
        await named(made, "enter")
        first, second, *_ = MISTAKES
        assert f'mistakes = ["{second}", "{first}"]' in made.text
        await named(made, "enter")  # again: it is taken out
        assert f'mistakes = ["{second}"]' in made.text
        await made.to("training.learning_rate")
        await made.session.press("f2")  # which takes no names
        assert made.session.app.screen is made.screen
        await made.to("data.csv")
        await made.type("3")  # which is no name
        await made.to("data.class_column")
        await made.session.press("f2")
        assert made.session.app.screen is made.screen
        await made.to("data.csv")
        await made.type(str(tmp_path / "some.csv"))
        await made.to("data.class_column")
        assert await named(made, "end", "enter") == ["a", "b, c", "kind"]
        await made.says("2-2 sigmoid: 6 weights and biases, 2 samples")
    async with sheet(load("article")) as made:
        await made.to("training.loss")
        await made.session.press("home", "enter", "up")
        assert "l2" in [line.split("\n")[0] for line in await named(made, "escape")]


async def test_pasted_text_replaces_a_value_and_can_be_taken_back() -> None:
    async with sheet(load("mazur")) as made:
        before = made.text
        await made.to("parameters.weights")
        made.session.app.post_message(Paste("1\t2\r\n3\t4\x1b\r\n\r\n5\t6\r\n7\t8"))
        await made.says("2-2-2 sigmoid")
        await made.session.press("ctrl+z")
        await made.session.until(lambda: made.text == before, "the text as it was")
        await made.session.press("ctrl+y")
        given = await made.finished()
    assert given is not None
    assert given.start.weights[1].tolist() == [[5.0, 6.0], [7.0, 8.0]]


@pytest.mark.parametrize("layers", [(1,) * 65, (200, 128, 10)], ids=["65 layers", "200-128-10"])
async def test_an_experiment_of_a_program_of_any_size_can_be_edited(
    layers: tuple[int, ...],
) -> None:
    experiment = drawn_experiment(layers)
    assert origin_of(experiment) is None
    async with sheet(experiment) as made:
        made.screen._sheet.text += "\n[training]\nlearning_rate = 0.3\n"
        await made.says("weights and biases" if experiment.network.bias else "weights")
        given = await made.finished()
    assert given is not None
    training = replace(experiment.training, learning_rate=0.3)
    assert same_experiment(given, replace(experiment, training=training))


async def test_the_key_opens_the_sheet_and_ok_keeps_what_is_not_changed() -> None:
    async with opened("mazur") as session:
        await session.press("s", "s", "s")
        await session.step(3)
        timeline = session.app.player.timeline
        await session.press("e")
        await session.until(lambda: isinstance(session.app.screen, SheetScreen), "the sheet")
        await session.shows("Experiment: mazur", "layers = [2, 2, 2]")
        await session.press("ctrl+s")
        await session.until(lambda: not isinstance(session.app.screen, SheetScreen), "its end")
        assert await session.rest() == 3
        assert session.app.player.timeline is timeline
        assert "before the edit" not in session.screen()
        await session.press("e")
        await session.until(lambda: isinstance(session.app.screen, SheetScreen), "the sheet")
        session.app.screen._go_to("training.learning_rate")
        await session.press(*"0.4", "ctrl+s")
        await session.until(lambda: session.app.player.timeline is not timeline, "the change")
        assert await session.rest() == 0
        assert session.app.player.snapshot.experiment.training.learning_rate == 0.4
        await session.shows("before the edit")


async def test_it_opens_and_empties_where_the_working_folder_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    async with sheet(load("article")) as made:
        await made.session.press("ctrl+n")
        await made.says("network.layers: found nothing")
