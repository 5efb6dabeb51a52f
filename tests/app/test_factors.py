"""The cursor of the derivation goes over its factors, lights what each is, goes there and back."""

import pytest

from bptui.app.view import Cursor, Selection
from bptui.presets.files import load

from .styled import Screen, content, diagram
from .support import Session, drawn_experiment, opened


def factor(session: Session) -> Cursor | None:
    found: Cursor | None = session.app.main.view.cursor
    return found


async def until_told(session: Session, text: str) -> None:
    await session.until(lambda: text in session.border("#derivation"), text)


async def test_factors_are_lit_told_of_and_gone_to() -> None:
    async with opened("article", (120, 44)) as session:
        await session.shows("so both paths add up")
        await session.press("d")  # one form alone, in which a path has a line
        await session.until(lambda: "│ numpy" not in session.screen(), "the scalar form")
        session.panel("#derivation").focus()
        told = ("dL/dout_oj: error", "dout_oj/dnet_oj: slope", "dnet_oj/dout_h1 = w5, w7")
        told += ("dout_h1/dnet_h1: slope", "dnet_h1/dw1 = i1")
        told += ("out_o1: in dL/dout_o1, the error", "t1: in dL/dout_o1, the error")
        told += tuple(f"out_o1: in dout_o1/dnet_o1, the slope ({at} of 2)" for at in (1, 2))
        for text in (*told, "w5 = dnet_o1/dout_h1"):
            await session.press("right")
            await until_told(session, text)
        assert factor(session) is not None
        assert session.app.main.selection == Selection("weight", 1, 0, 0)
        await session.press("down")  # the same place on the other path
        await until_told(session, "w7 = dnet_o2/dout_h1")
        await session.press("enter")
        await session.until(
            lambda: session.app.main.selection == Selection("weight", 2, 1, 0), "w7"
        )
        await session.shows("w7: weight from h1 to o2")
        assert factor(session) is None  # another derivation
        await until_told(session, "backspace: come back")
        await session.press("backspace")
        await session.until(
            lambda: session.app.main.selection == Selection("weight", 1, 0, 0), "w1"
        )
        assert not session.app.player.running
        await session.press("right", *["s"] * 2)  # it stays while the numbers change
        await until_told(session, "dL/dout_oj: error")
        await session.press("n")
        await session.until(lambda: factor(session) is None, "no factor of another operation")


@pytest.mark.parametrize("preset", ["iris", "xor", "article-listing-1"])
async def test_every_number_of_a_formula_belongs_to_something(preset: str) -> None:
    async with opened(preset, (120, 60)) as session:
        await session.shows("weight from")
        session.panel("#derivation").focus()
        names, last = session.app.main.view.snapshot.experiment.network.names, -1
        for _ in range(12):
            await session.press("right")
            await session.until(lambda: factor(session) is not None, "a factor")
            found = factor(session)
            assert found.place == last + 1
            assert found.selection(names) is not None
            assert found.told
            last = found.place


async def test_what_belongs_to_nothing_leads_nowhere() -> None:
    made = drawn_experiment((2, 2, 1), optimizer="adam", l2=0.1)
    async with opened(made, (120, 44)) as session:
        await session.press(*["n"] * 5)  # the loss, with its penalty
        names = made.network.names
        for _ in range(2):
            session.panel("#derivation").focus()
            await session.until(lambda: session.app.main.focused_panel is not None, "the focus")
            for _ in range(12):
                await session.press("right")
                found = factor(session)
                leads = found.selection(names) is not None
                await session.until(
                    lambda wanted=leads: ("go there" in session.border("#derivation")) is wanted,
                    f"{found}",
                )
                if not leads:
                    await session.press("enter")
                    assert len(session.app.screen_stack) == 1
            await session.press("s", "N")  # the update


async def test_a_factor_of_several_paths_is_lit_on_all_of_them() -> None:
    async with opened("article", (120, 44)) as session:
        await session.press(*["n"] * 9, "d")  # dL/dout_h, by paths through o1 and o2
        session.panel("#derivation").focus()
        for told, name, places in (
            ("dL/dnet_oj = delta_oj", "delta_o", {(0, 0), (0, 1)}),
            ("dnet_oj/dout_h1 = w5, w7", "W2", {(0, 0), (0, 1)}),
        ):
            await session.press("right")
            await until_told(session, told)
            cursor = factor(session)
            assert (cursor.name, {cursor.at, *cursor.also}) == (name, places)
        session.app.main.select(Selection("weight", 1, 0, 1))  # all the way to the loss
        await session.shows("so both paths add up")
        for told, name in (("error", "dL/dout_o"), ("slope", "out_o")):
            await session.press("right")
            await until_told(session, told)
            cursor = factor(session)
            assert (cursor.name, {cursor.at, *cursor.also}) == (name, {(0, 0), (0, 1)})
            lit = {
                Screen(session).piece(x, y, 1).reversed
                for y, row in enumerate(session.lines())
                for x in [row.find(" 0.5106" if told == "error" else " 0.6206") + 1]
                if x > 0 and y < 16
            }
            assert lit == {True}


async def test_arrays_and_their_numbers_are_factors_in_the_other_forms_too() -> None:
    async with opened("article", (120, 44)) as session:
        await session.press(*["n"] * 9, "d", "d")
        await session.until(lambda: session.app.main.derivation.shown == ("matrix",), "it alone")
        session.panel("#derivation").focus()
        weights, w7 = "W2: in dnet_o/dout_h", "w7: weight from h1 to o2, W2[0][1]"
        gradient = "gradient with respect to the"
        for keys, told, lit in (
            ("right", f"delta_o: {gradient} pre-activations", 0),
            ("right", weights, 4),
            ("right right right down", w7, 1),  # in W2 transposed
            ("d right right", weights, 4),
            ("right right", f"dL/dout_h2: {gradient} activation", 0),
        ):
            await session.press(*keys.split())
            await until_told(session, told)
            panel, area = diagram(session)[0], content(session, "#network")
            labels = [each.cell for each in panel.wires.labels if each.edge.layer == 2]
            pieces = [Screen(session).piece(area.x + x, area.y + y, 2) for y, x in labels]
            assert [piece.reversed for piece in pieces].count(True) == lit, told
        await session.press("enter")
        await session.until(
            lambda: session.app.main.selection == Selection("unit", 1, 1), "what it belongs to"
        )
        await session.app.player.open(load("xor")).wait()
        await session.press(*["n"] * 4, "d", "d", "d", *["right"] * 2, "down")
        await until_told(session, "net_o1: pre-activation, sample s")
