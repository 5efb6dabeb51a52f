"""The Derivation panel: what it explains, in which form, and where there is room for it."""

from pathlib import Path

from bptui.presets.files import load, loads

from .styled import walk
from .support import NUMBER, Session, opened, reads_as

FORMS = ("gW1 = input^T @ delta_h", "gW1 = input.T @ delta_h", "dL/dw1 = (out_o1")
"""What the forms begin with, from the second one on and back to the first."""


def text(session: Session) -> str:
    return "\n".join(session.inside("#derivation"))


async def until_shown(session: Session, *words: str) -> None:
    await session.until(
        lambda: all(word in text(session) for word in words), f"the derivation to show {words}"
    )


async def until_titled(session: Session, *words: str) -> None:
    def titled() -> bool:
        region = session.panel("#derivation").region
        title = session.lines()[region.y][region.x : region.right]
        return all(word in title for word in words)

    await session.until(titled, f"the derivation of {words}")


async def test_explains_the_selected_weight_in_three_forms() -> None:
    async with opened("article", (108, 44)) as session:
        await until_shown(session, "dL/dw1 = Σj dL/dout_oj · ", "so both paths add up")
        await until_shown(session, "dL/dw1 = (out_o1", "= 0.004756131", "w1 ← w1")
        await until_titled(session, "w1: weight from i1 to h1, W1[0][0]")
        symbols, numbers = text(session).splitlines()[3], text(session).splitlines()[5]
        for name, number in (("w5", "0.4"), ("out_h1", "0.539915"), ("i1", "0.9")):
            assert symbols.rindex(name) == numbers.rindex(number), "aligned under each other"
        await session.press("d")
        await until_shown(session, FORMS[0], "⎡0.9⎤", "W1 ← W1 - learning_rate · gW1")
        await session.press("d")
        await until_shown(session, FORMS[1], "# input (1, 2), delta_h (1, 2)")
        await session.press("d")
        await until_shown(session, FORMS[2])
        session.panel("#weights").focus()
        await session.press("d", "right", "right")  # the form stays while the selection moves
        await until_shown(session, "gW2 = out_h^T @ delta_o")
        await until_titled(session, "w5: weight from h1 to o1")
        await session.press("n", "n")  # time asks for the operation, an arrow for the selection
        await until_titled(session, "out_h")
        await session.press("right")
        await until_titled(session, "w7: weight")
        await session.press("n")
        await until_titled(session, "net_o")
        await session.press("z")  # another panel has the screen: d brings the derivation back
        await session.until(lambda: not session.panel("#network").size.area, "the zoom")
        await session.press("d")
        await until_shown(session, "net_o")
        await session.app.player.open(load("mazur")).wait()
        await session.press("d", "d")
        await until_shown(session, "= -0.02260254")


async def test_shows_the_published_expression_beside_the_correct_one_and_scrolls() -> None:
    wanted = ("as published", "= 0.004090009", "correct", "= 0.004756131")
    wanted += ("w6 (W2[1][0]) should be w7 (W2[0][1])", "(86 %, off by -0.000666122)")
    async with opened("article-listing-1", (140, 66)) as session:
        await until_shown(session, *wanted)
    async with opened("article-listing-1") as session:
        assert "2 mistakes" in session.status()
        assert "transposed-weights, frozen-last-layer" in session.border("#gradients")
        await session.until(
            lambda: "more lines below" in session.border("#derivation"), "a sign that there is more"
        )
        session.panel("#derivation").focus()
        await session.press("end")
        await until_shown(session, "w1 ← w1")
        await session.until(
            lambda: "more lines below" not in session.border("#derivation"), "no such sign"
        )


async def test_reason_and_number_of_every_operation_are_read_at_once_on_a_low_screen() -> None:
    async with opened("article", (80, 24)) as session:
        async for operation, _ in walk(session):
            await until_titled(session, operation.label)
            values, name = session.app.player.snapshot.values, operation.writes[0]
            if operation.stage == "backward" and name in values:
                found = [each for each in NUMBER.findall(text(session)) if len(each) > 3]
                assert any(reads_as(each, float(values[name].flat[0])) for each in found), name
                assert "why: " in text(session), name


FROZEN = """
[network]
layers = [2, 2, 2]
bias = false
[training]
train_weights = false
[data]
inputs = [[0.9, 0.1]]
targets = [[0.11, 0.89]]
"""


async def test_what_is_frozen_is_called_so_in_every_form_and_window() -> None:
    reason = "frozen: train_weights = false"
    async with opened(loads(FROZEN, "own", Path.cwd()), (120, 44)) as session:
        await until_shown(session, f"w1 ← w1   {reason}")
        await session.press("d")
        await until_shown(session, f"W1 ← W1   {reason}")
        await session.press("d")
        await until_shown(session, f"W1 = W1  # {reason}")
        await session.press("d", *["n"] * 12)  # the last operation of a step: an update of nothing
        await until_shown(session, f"w5 ← w5   {reason}")
        await session.press("c")
        await session.shows(reason, "right")
        await session.press("escape", "e")
        await session.shows("train_weights = false")


def columns(session: Session) -> dict[str, list[str]]:
    """The forms that stand beside each other, each with its lines."""
    lines = [line[1:] for line in session.inside("#derivation")]
    at = next((k for k, line in enumerate(lines) if line.split("│")[0].strip() == "scalar"), None)
    if at is None:
        return {}
    cells = [[cell.rstrip() for cell in line.split(" │ ")] for line in lines[at:]]
    forms = [cell.strip() for cell in cells[0]]
    rows = [row for row in cells[1:] if len(row) == len(forms)]
    return {form: [row[place] for row in rows] for place, form in enumerate(forms)}


async def test_forms_stand_side_by_side_where_they_find_room() -> None:
    async with opened("article", (200, 60)) as session:
        bars = set[tuple[int, ...]]()
        async for operation, _ in walk(session):
            await until_titled(session, operation.label)
            shown, values = columns(session), session.app.player.snapshot.values
            assert [*shown] == ["scalar", "matrix", "numpy"], operation
            head = next(line for line in session.inside("#derivation") if line[1:7] == "scalar")
            bars.add(tuple(at for at, sign in enumerate(head) if sign == "│"))
            assert len(bars) == 1, "columns stay where they are"
            name = operation.writes[0]
            if operation.stage == "update" or name not in values:
                continue
            number = float(values[name].flat[0])
            for form, lines in shown.items():
                found = [each for line in lines for each in NUMBER.findall(line)]
                assert any(reads_as(each, number) for each in found if len(each) > 3), (form, name)
        border = session.border("#derivation")
        for form in ("scalar", "matrix", "numpy"):  # one after the other alone, then all again
            await session.press("d")
            await session.until(lambda: not columns(session), f"{form} alone")
        await session.press("d")
        await session.until(
            lambda: len(columns(session)) == 3 and session.border("#derivation") == border,
            "all of them",
        )
        session.resize(120, 36)  # fewer where lines would be cut or a screenful be out of sight
        await session.until(lambda: len(session.lines()[0]) == 120, "the smaller size")
        await session.press("r", "n")
        await until_titled(session, "net_h")
        await session.until(lambda: len(columns(session)) == 3, "a short operation")
        await session.press(*["n"] * 6)
        await until_titled(session, "delta_o")
        await session.until(lambda: len(columns(session)) == 2, "a longer one")
        session.resize(108, 36)
        await session.until(lambda: not columns(session), "one form")
