"""Editing numbers where they stand, and taking it back."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual.widgets import Input

from bptui.app.screens.questions import NumberScreen
from bptui.app.view import Selection
from bptui.core.edits import Number
from bptui.core.engine import Snapshot
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline
from bptui.presets.files import load

from ..core.support import assert_same_bits
from .support import Session, drawn_experiment, opened


async def type_number(session: Session, text: str) -> None:
    """Press enter on what is selected and type over its number."""
    await session.press("enter")
    await session.until(
        lambda: (
            isinstance(session.app.screen, NumberScreen) and isinstance(session.app.focused, Input)
        ),
        "the editor",
    )
    session.app.screen.query_one(Input).value = text
    await session.pilot.pause()


async def change(session: Session, text: str) -> None:
    """Give what is selected another value."""
    await type_number(session, text)
    await session.press("enter")
    await session.until(lambda: len(session.app.screen_stack) == 1, "the main screen")
    await session.rest()


def shown(session: Session) -> Snapshot:
    return session.app.player.snapshot


def fresh(one: Experiment, edits: list[tuple[int, Number, float]]) -> Timeline:
    """A timeline of its own with the same edits."""
    timeline = Timeline(one)
    for step, number, value in edits:
        timeline = timeline.edited(timeline.snapshot(step), number, value)
    return timeline


keys = st.lists(
    st.sampled_from(["s", "s", "S", "n", "N", "r", "u", "ctrl+r", "0.3", "-0.75", "1.5"]),
    min_size=3,
    max_size=14,
)


@settings(
    deadline=None, max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(keys, st.sampled_from(["momentum", "sgd"]))
async def test_edits_among_other_keys(pressed: list[str], optimizer: str) -> None:
    """A model holds the edits; whatever is pressed, the numbers are those of a fresh timeline."""
    one = drawn_experiment((2, 2, 1), optimizer=optimizer, batch_size=2)
    number = Number("weight", (1, 0, 0))
    async with opened(one, (80, 24)) as session:
        done: list[list[tuple[int, Number, float]]] = [[]]
        at = 0
        for each in pressed:
            step = session.app.player.place.step
            if each[-1].isdigit():
                position = session.app.player.place.position
                last = len(shown(session).operations) - 1
                step += position == last  # where the update has been made
                before = number.value(one, session.app.player.view().parameters)
                await change(session, each)
                if before != float(each):
                    kept = [edit for edit in done[at] if edit[0] <= step and step > 0]
                    done[at + 1 :] = [[*kept, (step, number, float(each))]]
                    at += 1
            else:
                await session.press(each)
                at = min(max(at + {"u": -1, "ctrl+r": 1}.get(each, 0), 0), len(done) - 1)
                await session.rest()
            expected = fresh(one, done[at]).snapshot(session.app.player.place.step)
            assert_same_bits(shown(session), expected)


async def test_what_is_wrong_is_said_and_input_methods_are_understood() -> None:
    async with opened("article") as session:
        before = shown(session)
        for text, words in (
            ("", "A number is missing"),
            ("nan", "Not a number"),
            ("1e999", "Too large"),
            ("1_000", "Not a number"),
            ("0.1 0.2", "Not a number"),
            ("9" * 1000, "Too large"),
        ):
            await type_number(session, text)
            await session.shows(words)
            await session.press("enter")
            assert isinstance(session.app.screen, NumberScreen)
            await session.press("escape")
            await session.until(lambda: len(session.app.screen_stack) == 1, "the main screen")
        assert shown(session) is before
        for text in ("\uff10\uff0e\uff19", " 0.8 ", "+0.9", "8e-1", ".9", "0\u30028"):
            await change(session, text)
            assert shown(session).parameters.weights[0][0, 0] in (0.8, 0.9)
        assert len(session.app.player.timeline.edits) <= 1


async def test_an_input_a_target_and_a_hidden_unit() -> None:
    async with opened("xor") as session:
        session.app.main.select(Selection("unit", 0, 1))
        await change(session, "0.25")
        assert shown(session).experiment.data.inputs[0, 1] == 0.25
        depth = shown(session).experiment.network.depth
        session.app.main.select(Selection("unit", depth, 0))
        await type_number(session, "1.5")  # cross-entropy takes targets from 0 to 1
        if shown(session).experiment.loss.target_range[1] == 1.0:
            await session.shows("Expected targets from 0 to 1")
        await session.press("escape")
        await session.until(lambda: len(session.app.screen_stack) == 1, "the main screen")
        await change(session, "0.5")
        assert shown(session).experiment.data.targets[0, 0] == 0.5
        session.app.main.select(Selection("unit", 1, 1))
        await session.press("enter")
        await session.shows("Computed: edit a weight")
        assert len(session.app.screen_stack) == 1


async def test_the_learning_rate_by_its_command() -> None:
    async with opened("article") as session:
        await session.press("s", "s")
        await session.step(2)
        session.app.action_command("rate")
        await session.press("ctrl+u", *"-1")
        await session.shows("learning rate from step 2 on", "0 or more")
        await session.press("ctrl+u", *"0.05", "enter")
        await session.until(lambda: "sgd 0.05" in session.status(), "the new one")
        await session.press("s")
        await session.step(3)
        one = load("article")
        expected = fresh(one, [(2, Number("learning rate"), 0.05)])
        assert_same_bits(shown(session), expected.snapshot(3))


async def test_after_the_update_the_next_step_is_edited() -> None:
    async with opened("article") as session:
        await session.press("N", *["n"] * 12)
        await session.until(lambda: session.app.player.place.position == 11, "the update")
        new = shown(session).updated_parameters.weights[0][0, 0]
        await session.press("enter")
        await session.shows("w1 from step 1 on", repr(float(new)))
        session.app.screen.query_one(Input).value = "0.5"
        await session.press("enter")
        await session.step(1)
        await session.rest()
        assert session.app.player.timeline.edits == (1,)
        assert shown(session).parameters.weights[0][0, 0] == 0.5


async def test_a_run_goes_on_from_an_edit_made_while_running() -> None:
    async with opened("article") as session:
        await session.press("space")
        await session.until(lambda: session.shown_step > 10, "some steps")
        await change(session, "0.4")
        step = session.shown_step
        assert session.app.player.timeline.edits in ((step,), (step + 1,))
        await session.press("s")
        await session.step(step + 1)
