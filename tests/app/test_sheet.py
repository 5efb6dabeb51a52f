"""The sheet with the whole experiment: typed key by key, checked, and not lost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.events import Key, Paste
from textual.widgets import Static

from bptui.app.screens.sheet import NamesScreen, SheetScreen
from bptui.core.experiment import Experiment
from bptui.core.mistakes import MISTAKES
from bptui.presets.build import origin_of
from bptui.presets.files import load, loads
from bptui.presets.save import same_experiment

from .support import Session, drawn_experiment, opened
from .test_sheet_text import XOR

KEYS = {"\n": "enter", "\t": "tab", " ": "space", "-": "minus", ",": "comma", ".": "full_stop"}


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
