"""Networks of any shape, on screens of any size."""

import re

import pytest
from textual.events import Hide

from .styled import check_diagram, check_matrices
from .support import Session, drawn_experiment, opened

DEEP = (2, 3, 3, 3, 3, 3, 3, 3, 1)
SHAPES = [(1, 1), (784, 128, 10), (40, 40), DEEP, (3, 990, 990, 2)]


async def resized(session: Session, width: int, height: int) -> None:
    await session.pilot.resize_terminal(width, height)
    await session.until(
        lambda: max(line.rfind("╮") for line in session.lines()) == width - 1, "the width"
    )
    await session.pilot.pause()


async def test_a_diagram_that_comes_back_unannounced_is_drawn() -> None:
    async with opened("xor", (80, 24)) as session:
        panel = session.panel("#network")
        panel.post_message(Hide())  # the message of its return is lost where a scroll came between
        await session.pilot.pause()
        await session.press("s")
        panel.refresh()
        await session.step(1)
        assert await check_diagram(session) > 0


@pytest.mark.parametrize("layers", SHAPES, ids=str)
async def test_networks_of_any_shape(layers: tuple[int, ...]) -> None:
    async with opened(drawn_experiment(layers), (80, 24)) as session:
        for size in ((80, 24), (120, 36)):
            await resized(session, *size)
            assert await check_matrices(session) > 0
            assert await check_diagram(session) > 0
            if layers[0] == 784:  # what is left out is counted
                diagram = "\n".join(session.inside("#network"))
                units = sum(f"i{unit} " in diagram for unit in range(1, 785))
                assert f"… {784 - units} more" in diagram
            await session.press("s")
            await session.step(session.shown_step)


async def test_a_large_matrix_scrolls_with_the_selection() -> None:
    async with opened(drawn_experiment((40, 40)), (80, 24)) as session:
        await session.bring("#weights")
        panel, top = session.panel("#weights"), session.inside("#weights")
        await session.press(*["down"] * 14, *["right"] * 6)
        value = session.app.player.snapshot.parameters.weights[0][14][6]
        await session.shows(f"{value:+.4f}")
        rows = session.inside("#weights")
        assert rows[0].split()[:2] == ["W1", "o5"]  # the heading stays in sight
        assert f"{value:+.4f}" in next(row for row in rows if " i15 " in row)
        await session.press(*["up"] * 14, *["left"] * 6)
        await session.until(lambda: session.inside("#weights") == top, "the way back")
        await session.press("end", "pagedown")
        await session.until(lambda: panel.scroll_y > 0, "a scroll")
        await session.press("p", "home", "enter")
        await session.until(lambda: " article" in session.status(), "the preset")
        await session.until(lambda: panel.scroll_y == 0, "the top")
        assert await check_matrices(session) == 16


async def test_no_number_is_cut_by_the_edge_of_a_panel() -> None:
    """What is left of a cut number would read as another number."""
    async with opened("iris", (60, 24)) as session:
        await session.bring("#weights")
        await session.press("s")
        await session.step(1)
        for width in range(60, 90, 3):
            await resized(session, width, 24)
            for panel in ("#weights", "#gradients"):
                rows = session.inside(panel)[1:]
                texts = [text for row in rows for text in re.findall(r"[+-][\d.e+-]*", row)]
                assert texts
                for text in texts:
                    number = re.fullmatch(r"[+-]\d+\.\d{3,6}|[+-]\d(\.\d+)?e[+-]\d+", text)
                    assert number, (width, text, rows)


async def test_a_word_that_is_cut_by_the_edge_of_the_diagram_says_so() -> None:
    async with opened(drawn_experiment(DEEP), (80, 24)) as session:
        panel, cut = session.panel("#network"), 0
        for left in range(40):
            panel.scroll_to(x=left, animate=False)
            await session.until(lambda x=left: panel.scroll_offset.x == x, "the scroll")
            await session.pilot.pause()
            row = session.inside("#network")[0]
            for word in row.split():
                cut += "…" in word
                assert word in ("input", "tanh", "sigmoid", "dL/d") or "…" in word, row
        assert cut
