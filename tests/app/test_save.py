"""The dialog that saves: where it will be, what is saved, nothing overwritten unasked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import OptionList

from bptui.app.screens.questions import SaveScreen
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline
from bptui.presets.files import load
from bptui.presets.save import same_experiment

from ..core.support import diverging
from .support import Session, drawn_experiment, opened

pytestmark = pytest.mark.usefixtures("own")
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


@asynccontextmanager
async def asked(
    experiment: Experiment | str,
    step: int = 0,
    edited: bool = False,
    size: tuple[int, int] = (120, 36),
) -> AsyncIterator[tuple[Session, list[Path | None]]]:
    """The dialog on ``experiment`` with ``step`` shown, and what it gives."""
    made, answers = load(experiment) if isinstance(experiment, str) else experiment, []
    async with opened(made, size) as session:
        screen = SaveScreen(made, Timeline(made).snapshot(step), edited)
        session.app.push_screen(screen, answers.append)
        await session.shows("Save as a preset")
        yield session, answers


async def test_enter_saves_under_the_proposed_name(own: Path) -> None:
    async with asked("article", size=(80, 24)) as (session, answers):
        await session.says("article-2", "presets/article-2.toml")
        await session.press("down")
        assert "start values" not in session.screen()  # at step 0 there is no choice
        await session.press("enter")
        await session.closed()
        assert answers == [own / "article-2.toml"]
    assert same_experiment(load("article-2"), load("article"))


async def test_where_it_will_be_or_why_it_cannot_is_said_as_one_types(own: Path) -> None:
    async with asked("article") as (session, answers):
        await session.fill("网络 a")
        await session.says("presets/网络 a.toml")
        await session.fill("./mine")
        await session.says("here/mine.toml")
        for wrong, message in {
            "": "Enter a name",
            "xor": "xor is the name of a shipped preset",
            "nowhere/mine": "There is no folder",
            "n" * 252 + ".toml": "file name too long",
        }.items():
            await session.fill(wrong)
            await session.press("enter")
            await session.says(message)
        assert answers == []
        await session.press("escape")
        await session.closed()
        assert answers == [None]
    assert not own.exists()


async def test_a_file_that_exists_is_overwritten_at_the_second_enter() -> None:
    file, other = Path("mine.toml").absolute(), Path("b.toml").absolute()
    file.write_text(COMMENTED)
    other.write_text("not to be lost")
    experiment = load("mine.toml")
    changed = replace(experiment, training=replace(experiment.training, learning_rate=0.25))

    async with asked(changed) as (session, answers):
        await session.says("here/mine.toml")
        for name in ("./mine", "./b"):  # another name is asked about anew
            await session.fill(name)
            await session.press("enter")
            await session.says(f"{name[2:]}.toml exists: enter again to overwrite it, or type")
        assert file.read_text() == COMMENTED
        assert other.read_text() == "not to be lost"
        await session.fill("./mine")
        await session.press("enter")
        await session.says("mine.toml exists")
        await session.press("enter")
        await session.closed()
        assert answers == [file]
    assert file.read_text() == COMMENTED.replace("0.50", "0.25")


async def test_the_weights_of_a_later_step_can_become_the_start_values() -> None:
    experiment = drawn_experiment((2, 3, 1))
    async with asked(experiment, 3) as (session, _):
        await session.says("the start values (step 0)", "Training starts again")
        await session.pilot.click(OptionList, offset=(3, 1))
        await session.says("Step 3 becomes step 0.")
        await session.press("up")
        await session.says("Training starts again")
        await session.press("down")
        await session.says("Step 3 becomes step 0.")
        assert "Not kept" not in session.screen()  # plain descent on all samples
        await session.fill("later")
        await session.press("enter")
        await session.closed()
    original, saved = Timeline(experiment), Timeline(load("later"))
    for step in range(3):
        one, other = saved.snapshot(step), original.snapshot(step + 3)
        assert one.values["loss"].tobytes() == other.values["loss"].tobytes()


async def test_what_a_preset_cannot_hold_is_said() -> None:
    experiment = drawn_experiment((2, 3, 1), optimizer="adam", batch_size=2)
    async with asked(experiment, 3, edited=True, size=(80, 24)) as (session, _):
        # chosen from the start, since only they show what was edited
        await session.says("what adam remembers of earlier gradients", "the position in the epoch")
        await session.press("up")
        await session.says("Without your changes at later steps")


async def test_a_diverged_step_cannot_be_a_start() -> None:
    async with asked(diverging(), 400) as (session, answers):
        await session.press("down", "enter")
        await session.says("Step 400 cannot be the start: a number that is not finite")
        assert answers == []
