"""The network number by number: filled in operation by operation, with one selection for all."""

from bptui.app.view import Selection

from .support import drawn_experiment, opened
from .test_mouse import click


async def test_numbers_fill_in_as_they_are_computed() -> None:
    async with opened("article", (200, 60)) as session:
        await session.press("v")
        await session.until(lambda: "net_h1 = +" in session.screen(), "the numbers")
        session.panel("#network").focus()
        await session.press("z")
        names = "w1", "net_h1 = +", "out_h1 = sigmoid", "net_o1 = +", "out_o1 = sigmoid"

        def shown() -> list[str]:
            """Return value and gradient below each of the names."""
            lines, found = session.lines(), []
            for name in names:
                y, x = next(
                    (y, x) for y, line in enumerate(lines) if (x := line.find(f"╭ {name} ")) > 0
                )
                found.append("".join(lines[y + 1][x : x + 20].split()))
            return found

        expected = {
            0: ["│0.1500│·", "│0.1600│·", "│·│·", "│·│·", "│·│·"],
            3: ["│0.1500│·", "│0.1600│·", "│0.5399│·", "│0.4921│·", "│0.6206│·"],
            5: ["│0.1500│·", "│0.1600│·", "│0.5399│·", "│0.4921│·", "│0.6206│+0.5106"],
            6: ["│0.1500│·", "│0.1600│·", "│0.5399│·", "│0.4921│+0.1202", "│0.6206│+0.5106"],
            11: [
                *("│0.1476│+0.0048", "│0.1600│+0.0053", "│0.5399│+0.0213"),
                *("│0.4921│+0.1202", "│0.6206│+0.5106"),
            ],
        }
        for position in range(12):
            await session.press("n")
            await session.until(
                lambda p=position: session.app.player.position == p, "the operation"
            )
            if position in expected:
                session.panel("#network").scroll_home(animate=False)
                await session.until(
                    lambda p=position: shown() == expected[p], str(expected[position])
                )
        # what is clicked is selected in all panels: of a product its weight
        selections = {
            "0.4661": Selection("weight", 2, 1, 0),
            "0.2762": Selection("weight", 2, 0, 1),
            "0.5523": Selection("unit", 1, 1),
        }
        for text, selection in selections.items():
            await click(session, text, "#network")
            await session.until(lambda s=selection: session.app.main.selection == s, text)
        await session.press("z", "o")
        await session.until(
            lambda: "Learned" in session.screen(), "the picture of what was learned"
        )
        await session.press("v")
        await session.until(lambda: "Numbers" in session.screen(), "the numbers again")
        await session.press("v")
        await session.until(lambda: "─ Network ─" in session.screen(), "the diagram")
        await session.pilot.pause()
    async with opened(drawn_experiment((40, 3, 2))) as session:
        await session.press("v")
        await session.shows("h1 has 40 inputs, too many to draw each; right leads")
        await session.press("right", "right", "right")
        await session.shows("o1 alone", "net_o1 = +", "W2[h3, o1]")
