"""The dialog that saves: where it will be, what is saved, nothing overwritten unasked."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from bptui.app.screens.save import SaveScreen
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline
from bptui.presets import load
from bptui.presets.describe import same_experiment

from .support import Session, diverging, drawn_experiment, opened

COMMENTED = """\
# exercise 7
[network]
layers = [2, 1] # small
[training]
learning_rate = 0.50
[data]
inputs = [[0, 1]]
targets = [[1]]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folder; the one they are in is empty."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "data" / "bptui" / "presets"


class Dialog:
    """The open dialog; ``answers`` holds what it gave."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.answers: list[Path | None] = []

    async def type(self, text: str) -> None:
        self.session.app.screen.query_one(Input).value = text
        await self.session.pilot.pause()

    async def answer(self) -> Path | None:
        await self.session.until(lambda: self.answers, "the dialog to close")
        return self.answers[-1]

    async def says(self, *texts: str) -> None:
        """Wait until the words are on the screen, wherever its lines break."""

        def there() -> bool:
            box = self.session.app.screen.query_one(".dialog").content_region
            lines = self.session.lines()[box.y : box.bottom]
            words = "".join("".join(line[box.x : box.right] for line in lines).split())
            return all("".join(text.split()) in words for text in texts)

        await self.session.until(there, f"{texts}")


@asynccontextmanager
async def asked(
    experiment: Experiment | str,
    step: int = 0,
    edited: bool = False,
    size: tuple[int, int] = (120, 36),
) -> AsyncIterator[Dialog]:
    """The dialog on ``experiment`` with ``step`` shown."""
    made = load(experiment) if isinstance(experiment, str) else experiment
    async with opened(made, size) as session:
        dialog = Dialog(session)
        screen = SaveScreen(made, Timeline(made).snapshot(step), edited)
        session.app.push_screen(screen, dialog.answers.append)
        await session.shows("Save as a preset")
        yield dialog


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_enter_saves_under_the_proposed_name(folder: Path, size: tuple[int, int]) -> None:
    async with asked("article", size=size) as dialog:
        await dialog.says("article-2", "presets/article-2.toml")
        await dialog.session.press("enter")
        assert await dialog.answer() == folder / "article-2.toml"
    assert same_experiment(load("article-2"), load("article"))


async def test_where_it_will_be_is_said_as_one_types(folder: Path) -> None:
    async with asked("article") as dialog:
        await dialog.type("网络 a")
        await dialog.says("presets/网络 a.toml")
        await dialog.type("./mine")
        await dialog.says("here/mine.toml")
        for wrong, message in {
            "": "Enter a name",
            "xor": "xor is the name of a shipped preset",
            "./": "Enter a name",
        }.items():
            await dialog.type(wrong)
            await dialog.says(message)
            await dialog.session.press("enter")
        assert dialog.answers == []
        await dialog.session.press("escape")
        assert await dialog.answer() is None
    assert not folder.exists()


async def test_a_file_that_exists_is_overwritten_at_the_second_enter(folder: Path) -> None:
    file = Path("mine.toml").absolute()
    file.write_text(COMMENTED)
    experiment = load("mine.toml")
    changed = replace(experiment, training=replace(experiment.training, learning_rate=0.25))
    async with asked(changed) as dialog:
        await dialog.says("here/mine.toml")
        await dialog.session.press("enter")
        await dialog.says("mine.toml exists: enter again to overwrite it, or type another name")
        assert file.read_text() == COMMENTED
        await dialog.session.press("enter")
        assert await dialog.answer() == file
    assert file.read_text() == COMMENTED.replace("0.50", "0.25")


async def test_another_name_is_asked_about_anew(folder: Path) -> None:
    for name in ("a.toml", "b.toml"):
        Path(name).write_text("not to be lost")
    async with asked("article") as dialog:
        for name in ("a.toml", "b.toml", "a.toml"):
            await dialog.type(name)
            await dialog.session.press("enter")
            await dialog.says(f"{name} exists")
        assert dialog.answers == []
    assert {file.read_text() for file in Path().iterdir()} == {"not to be lost"}


async def test_a_file_that_appears_meanwhile_is_asked_about(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, fsync = Path("mine.toml").absolute(), os.fsync

    def appears(descriptor: int) -> None:
        fsync(descriptor)
        file.write_text("another's")

    async with asked("article") as dialog:
        await dialog.type("mine.toml")
        monkeypatch.setattr(os, "fsync", appears)
        await dialog.session.press("enter")
        await dialog.says("mine.toml exists")
    assert file.read_text() == "another's"


async def test_errors_stay_in_the_dialog() -> None:
    async with asked("article") as dialog:
        await dialog.type("nowhere/mine")
        await dialog.session.press("enter")
        await dialog.says("There is no folder", "nowhere.")
        await dialog.type("n" * 252 + ".toml")
        await dialog.session.press("enter")
        await dialog.says("the name is too long")
        await dialog.type("mine")
        await dialog.session.press("enter")
        assert await dialog.answer() is not None


async def test_at_step_0_there_is_nothing_to_choose() -> None:
    async with asked("article") as dialog:
        await dialog.session.press("down")
        assert "start values" not in dialog.session.screen()


async def test_the_weights_of_a_later_step_can_become_the_start_values() -> None:
    experiment = drawn_experiment((2, 3, 1))
    async with asked(experiment, 3) as dialog:
        await dialog.says("(•) the start values (step 0)", "( ) the weights of step 3")
        await dialog.session.press("down")
        await dialog.says("( ) the start values (step 0)", "(•) the weights of step 3")
        assert "Not kept" not in dialog.session.screen()  # plain descent on all samples
        await dialog.type("later")
        await dialog.session.press("enter")
        await dialog.answer()
    original, saved = Timeline(experiment), Timeline(load("later"))
    for step in range(3):
        one, other = saved.snapshot(step), original.snapshot(step + 3)
        assert one.values["loss"].tobytes() == other.values["loss"].tobytes()


async def test_the_start_values_are_saved_unless_another_choice_is_made() -> None:
    experiment = drawn_experiment((2, 3, 1))
    async with asked(experiment, 3) as dialog:
        await dialog.session.pilot.click("#choices", offset=(3, 1))
        await dialog.says("(•) the weights of step 3")
        await dialog.session.press("up")
        await dialog.says("(•) the start values")
        await dialog.type("again")
        await dialog.session.press("enter")
        await dialog.answer()
    assert same_experiment(load("again"), experiment)


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_what_a_preset_cannot_hold_is_said(size: tuple[int, int]) -> None:
    experiment = drawn_experiment((2, 3, 1), optimizer="adam", batch_size=2)
    async with asked(experiment, 3, size=size) as dialog:
        await dialog.session.press("down")
        await dialog.says("what adam remembers of earlier gradients", "the position in the epoch")


async def test_changes_at_later_steps_make_the_shown_step_the_choice() -> None:
    async with asked(drawn_experiment((2, 3, 1)), 3, edited=True) as dialog:
        await dialog.says("(•) the weights of step 3")
        await dialog.session.press("up")
        await dialog.says("Without your changes at later steps")


async def test_a_diverged_step_cannot_be_a_start() -> None:
    async with asked(diverging(), 400) as dialog:
        await dialog.session.press("down", "enter")
        await dialog.says("Step 400 cannot be the start: a number that is not finite")
        assert dialog.answers == []


async def test_two_apps_may_have_the_same_file_open() -> None:
    Path("mine.toml").write_text(COMMENTED)
    for rate in (0.25, 0.75):
        experiment = load("mine.toml")
        changed = replace(experiment, training=replace(experiment.training, learning_rate=rate))
        async with asked(experiment), asked(changed) as dialog:
            await dialog.session.press("enter")
            await dialog.says("exists")
            await dialog.session.press("enter")
            await dialog.answer()
        assert load("mine.toml").training.learning_rate == rate
