"""Breakpoints and "go to" as they are used in the app."""

import pytest

from bptui.app.playback.breakpoints import parse
from bptui.app.playback.history import Place
from bptui.app.screens.breakpoints import examples
from bptui.core.network import Network
from bptui.core.timeline import Timeline

from ..core.support import assert_same_bits
from . import settling
from .support import Session, drawn_experiment, opened
from .test_player import ARTICLE, breakpoint_of, hits_of


async def test_the_dialog_sets_a_breakpoint_and_a_run_stops_there() -> None:
    stop = hits_of(["loss < 0.1"], 300)[0]
    async with opened("article") as session:
        await session.press("b")
        await session.shows("Breakpoints", "One a line, such as:  loss < 0.01")
        await session.press(*"loss", "<")
        await session.shows("Write a quantity")
        await session.press(*"0.1")
        await session.shows("Stops when the loss falls below 0.1")
        await session.press("enter", "escape")
        await session.press(*["plus"] * 8, "space")
        await session.step(stop)
        said = f"stopped at step {stop}: loss < 0.1"
        await session.until(lambda: said in session.notices(), "the notice")
        await session.until(lambda: "◆" in "".join(session.inside("#loss")), "the mark")
        await session.press("s", "backspace")
        await session.step(stop)
        await session.press("b")
        await session.shows("loss < 0.1")
        await session.press("up", "#")
        await session.shows("#loss < 0.1", "Switched off: Stops when the loss")
        await session.press("escape")
        player = session.app.player
        await session.until(lambda: [*player.breakpoints.values()] == [False], "it to be off")
        await session.press("b")
        await session.shows("# loss < 0.1")
        await session.press(*"nonsense", "enter", *"more", "escape")
        await session.shows("esc again leaves out nonsense and 1 more: write a quantity")
        await session.press("f7", "delete", "escape")
        await session.until(lambda: "◆" not in session.screen(), "no mark")
        await session.press("space")
        await session.step(1000)


@pytest.mark.parametrize("network", [ARTICLE.network, Network((3, 2), ("tanh",))])
def test_the_examples_are_breakpoints_of_the_network(network: Network) -> None:
    for text in examples(network):
        parse(text, network)


async def test_breakpoints_survive_another_preset_where_they_fit() -> None:
    async with opened("article") as session:
        player = session.app.player
        player.set_breakpoints({breakpoint_of("loss < 0.1"): True, breakpoint_of("|w8| > 2"): True})
        await player.open(drawn_experiment((2, 2, 1))).wait()
        assert player.breakpoints == {breakpoint_of("loss < 0.1"): True}
        said = "drawn has no such quantity: removed the breakpoint |w8| > 2."
        await session.until(lambda: said in session.notices(), "the notice")


async def test_backspace_runs_back_and_pauses() -> None:
    async with opened("article") as session:
        player = session.app.player
        await session.press("backspace")  # nothing lies before step 0
        assert not player.running
        session.app.action_go(900)
        await session.step(900)
        await session.press(*["minus"] * 3, "backspace")  # so that it is not back at 0 too soon
        await session.until(
            lambda: session.shown_step < 890 and "◀" in session.status(), "some steps back"
        )
        await session.press("backspace")
        stopped = await session.rest()
        assert not player.running
        assert_same_bits(player.snapshot, Timeline(ARTICLE).snapshot(stopped))
        await session.press("backspace")
        await session.until(lambda: session.shown_step < stopped, "more steps")
        await session.press("space")
        await session.rest()
        assert not player.running
        await session.press(*["plus"] * 11, "backspace")
        await session.step(0)


async def type_into(session: Session, text: str) -> None:
    names = {"+": "plus", "-": "minus", " ": "space", ",": "comma"}
    await session.press(*(names.get(each, each) for each in text))


async def test_go_to_says_where_it_leads_and_goes_there() -> None:
    async with opened("iris") as session:
        await session.press("s", "s", "n")
        await session.rest()
        await session.press("g")
        await session.shows("─ Go to ─", "A step: 12, +5, -5, end")
        await type_into(session, "-3")
        await session.shows("There are steps 0 to 1,000,000,000")
        await session.press("enter")  # does nothing
        await session.shows("─ Go to ─")
        await session.press("escape")
        await session.until(lambda: "Go to" not in session.screen(), "the dialog to close")
        assert session.app.player.place == Place(2, 0)
        await session.press("g")
        await type_into(session, "+10")
        await session.shows("→ step 12, epoch 1")
        await session.press("enter")
        await session.step(12)
        assert session.app.player.place == Place(12)
        await session.press("g", *"end", "enter")
        await session.step(session.app.player.snapshot.experiment.training.steps)


async def test_escape_gives_up_a_long_jump(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "LONGEST", 0.05)  # pauses would wait for the jump
    async with opened("article") as session:
        await session.press("s", "g", *"1e9", "enter")
        await session.until(lambda: "seeking 1000000000" in session.status(), "the seek")
        await session.press("escape")
        await session.step(1)
        assert await session.rest() == 1
        assert "seeking" not in session.status()
        await session.press("s")
        await session.step(2)
