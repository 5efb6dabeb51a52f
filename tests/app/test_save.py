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


async def test_enter_saves_under_the_proposed_name(folder: Path) -> None:
    async with asked("article", size=(80, 24)) as dialog:
        await dialog.says("article-2", "presets/article-2.toml")
        await dialog.session.press("down")
        assert "start values" not in dialog.session.screen()  # at step 0 there is no choice
        await dialog.session.press("enter")
        assert await dialog.answer() == folder / "article-2.toml"
    assert same_experiment(load("article-2"), load("article"))


async def test_where_it_will_be_or_why_it_cannot_is_said_as_one_types(folder: Path) -> None:
    async with asked("article") as dialog:
        await dialog.type("网络 a")
        await dialog.says("presets/网络 a.toml")
        await dialog.type("./mine")
        await dialog.says("here/mine.toml")
        for wrong, message in {
            "": "Enter a name",
            "xor": "xor is the name of a shipped preset",
            "./": "Enter a name",
            "nowhere/mine": "There is no folder",
            "n" * 252 + ".toml": "the name is too long",
        }.items():
            await dialog.type(wrong)
            await dialog.session.press("enter")
            await dialog.says(message)
        assert dialog.answers == []
        await dialog.session.press("escape")
        assert await dialog.answer() is None
    assert not folder.exists()


async def test_a_file_that_exists_is_overwritten_at_the_second_enter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file, other, fsync = Path("mine.toml").absolute(), Path("b.toml").absolute(), os.fsync
    file.write_text(COMMENTED)
    other.write_text("not to be lost")
    experiment = load("mine.toml")
    changed = replace(experiment, training=replace(experiment.training, learning_rate=0.25))

    def appears(descriptor: int) -> None:
        fsync(descriptor)
        Path("c.toml").write_text("another's")

    async with asked(changed) as dialog:
        await dialog.says("here/mine.toml")
        for name in ("./b", "./mine"):  # another name is asked about anew
            await dialog.type(name)
            await dialog.session.press("enter")
            await dialog.says(f"{name[2:]}.toml exists: enter again to overwrite it, or type")
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(os, "fsync", appears)
            await dialog.type("./c")
            await dialog.session.press("enter")
            await dialog.says("c.toml exists")
        assert file.read_text() == COMMENTED
        assert other.read_text() == "not to be lost"
        await dialog.type("./mine")
        await dialog.session.press("enter")
        await dialog.says("mine.toml exists")
        await dialog.session.press("enter")
        assert await dialog.answer() == file
    assert file.read_text() == COMMENTED.replace("0.50", "0.25")
    assert Path("c.toml").read_text() == "another's"


async def test_the_weights_of_a_later_step_can_become_the_start_values() -> None:
    experiment = drawn_experiment((2, 3, 1))
    async with asked(experiment, 3) as dialog:
        await dialog.says("(•) the start values (step 0)", "( ) the weights of step 3")
        await dialog.session.pilot.click("#choices", offset=(3, 1))
        await dialog.says("( ) the start values (step 0)", "(•) the weights of step 3")
        await dialog.session.press("up")
        await dialog.says("(•) the start values")
        await dialog.session.press("down")
        await dialog.says("Step 3 becomes step 0.")
        assert "Not kept" not in dialog.session.screen()  # plain descent on all samples
        await dialog.type("later")
        await dialog.session.press("enter")
        await dialog.answer()
    original, saved = Timeline(experiment), Timeline(load("later"))
    for step in range(3):
        one, other = saved.snapshot(step), original.snapshot(step + 3)
        assert one.values["loss"].tobytes() == other.values["loss"].tobytes()


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_what_a_preset_cannot_hold_is_said(size: tuple[int, int]) -> None:
    experiment = drawn_experiment((2, 3, 1), optimizer="adam", batch_size=2)
    async with asked(experiment, 3, edited=True, size=size) as dialog:
        await dialog.says("(•) the weights of step 3")  # since only they show what was edited
        await dialog.says("what adam remembers of earlier gradients", "the position in the epoch")
        await dialog.session.press("up")
        await dialog.says("Without your changes at later steps")


async def test_a_diverged_step_cannot_be_a_start() -> None:
    async with asked(diverging(), 400) as dialog:
        await dialog.session.press("down", "enter")
        await dialog.says("Step 400 cannot be the start: a number that is not finite")
        assert dialog.answers == []
