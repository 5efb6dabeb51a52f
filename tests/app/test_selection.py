"""One selection for all panels: moved with the arrows and the mouse, kept in sight."""

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.geometry import Offset

from bptui.app.diagram.layout import arrange as arrange_diagram
from bptui.app.numbers import form_of, signed
from bptui.app.panels import matrices
from bptui.app.panels import network as network_panel
from bptui.app.view import Direction, Selection, View
from bptui.core.network import Names, Network

from .styled import cell, unit_rows
from .support import Session, drawn_experiment, opened
from .test_diagram import network

DIRECTIONS: list[Direction] = ["left", "right", "up", "down"]
LAYERS = st.lists(st.integers(1, 6), min_size=2, max_size=5).map(tuple)


def everything(of: Network) -> set[Selection]:
    """Every weight and bias of a network."""
    depth = range(1, of.depth + 1)
    weights = {
        Selection("weight", layer, unit, source)
        for layer in depth
        for unit in range(of.layers[layer])
        for source in range(of.layers[layer - 1])
    }
    if not of.bias:
        return weights
    return weights | {
        Selection("bias", layer, unit) for layer in depth for unit in range(of.layers[layer])
    }


def view_of(session: Session) -> View:
    panels = [session.panel(name).view for name in ("#network", "#weights", "#gradients")]
    assert all(view.selection == panels[0].selection for view in panels)
    assert isinstance(panels[0], View)
    return panels[0]


async def selected(session: Session, selection: Selection) -> None:
    await session.until(lambda: view_of(session).selection == selection, f"{selection}")


def reachable(of: Network, go: Callable[[Selection, Direction], Selection]) -> set[Selection]:
    """What arrows reach, each of which leads to something that there is."""
    reached, left = {Selection()}, [Selection()]
    while left:
        at = left.pop()
        there = {go(at, direction) for direction in DIRECTIONS}
        assert there == {each.within(of) for each in there}
        left += there - reached
        reached |= there
    return reached


@given(LAYERS, st.booleans(), st.integers(30, 160))
@settings(deadline=None, max_examples=20)
def test_arrows_and_clicks_reach_every_cell_of_the_matrices(
    layers: tuple[int, ...], bias: bool, width: int
) -> None:
    drawn = network(layers, bias=bias)
    arranged = matrices.arrange(drawn, width)
    tables = arranged.tables

    def go(at: Selection, direction: Direction) -> Selection:
        return arranged.neighbour(at, direction)

    in_line = len({table.y for table in tables}) in (1, len(tables))
    assert reachable(drawn, go) == everything(drawn) or not in_line
    for at in everything(drawn):
        table = tables[at.layer - 1]
        x = table.x + table.name + at.unit * table.cell + table.cell - 1
        y = table.y + arranged.row_of(at)
        assert arranged.pick(x, y, Offset(0, 0)) == at
        for direction, back in (("left", "right"), ("up", "down")):
            there = go(at, direction)  # type: ignore[arg-type]  # one of four words
            if there.layer == at.layer and there != at and in_line:
                assert go(there, back) == at  # type: ignore[arg-type]  # as above


@given(LAYERS)
@settings(deadline=None, max_examples=20)
def test_the_arrows_reach_every_unit_and_edge_of_the_diagram(layers: tuple[int, ...]) -> None:
    drawn = network(layers)
    reached = reachable(drawn, partial(network_panel.neighbour, drawn))
    units = {
        Selection("unit", at, unit) for at, count in enumerate(layers) for unit in range(count)
    }
    assert reached == units | {each for each in everything(drawn) if each.kind == "weight"}


@given(
    st.lists(st.integers(1, 550), min_size=2, max_size=4).map(tuple),
    st.integers(30, 120),
    st.integers(6, 40),
    st.data(),
)
@settings(deadline=None, max_examples=20)
def test_the_diagram_draws_the_selection(
    layers: tuple[int, ...], width: int, height: int, data: st.DataObject
) -> None:
    drawn = network(layers)
    layer = data.draw(st.integers(1, drawn.depth))
    unit = data.draw(st.integers(0, layers[layer] - 1))
    source = data.draw(st.integers(0, layers[layer - 1] - 1))
    usual = arrange_diagram(drawn, width, height)
    layout = arrange_diagram(drawn, width, height, Selection("weight", layer, unit, source).units)
    assert layout.place(layer, unit)
    assert layout.place(layer - 1, source)
    assert [len(column) for column in layout.columns] == [len(each) for each in usual.columns]
    for column in layout.columns:
        assert [place.unit for place in column] == sorted({place.unit for place in column})


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_all_panels_show_the_selection(size: tuple[int, int]) -> None:
    async with opened("mazur", size) as session:
        session.panel("#weights").focus()
        await session.press("down")
        there = Selection("weight", 1, 0, 1)
        await selected(session, there)
        number = f"{0.20:+.6f}"
        await session.until(lambda: cell(session, "#weights", there).reversed, "the cell")
        assert cell(session, "#weights", there).text.strip() == number
        assert cell(session, "#weights", there).style.bold
        assert cell(session, "#gradients", there).reversed
        assert not cell(session, "#gradients", there).style.bold  # calmer without the focus
        others = [Selection("weight", 1, 1, 1), Selection("weight", 2, 0, 1)]
        assert not any(cell(session, "#weights", other).reversed for other in others)
        # its row and its column, in both panels alike
        for panel in ("#weights", "#gradients"):
            every = everything(view_of(session).snapshot.experiment.network) - {there}
            lit = {each for each in every if cell(session, panel, each).lit}
            assert lit == {
                *(Selection("weight", 1, 1, 1), Selection("weight", 1, 0, 0)),
                Selection("bias", 1, 0),
            }
        await session.press("down")
        await selected(session, Selection("bias", 1, 0))
        assert not cell(session, "#weights", there).reversed
        await session.press("P")  # few digits; gradients of weights are as small beside biases'
        await session.until(
            lambda: cell(session, "#gradients", there).text.strip() == "+9e-04", "a digit of it"
        )


async def test_weights_and_gradients_are_shown_by_their_names() -> None:
    async with opened("mazur") as session:
        for size, beside in (((120, 36), False), ((200, 60), True), ((80, 24), True)):
            session.resize(*size)
            await session.until(lambda s=size: len(session.lines()[0]) == s[0], "the size")
            await session.bring("#weights")
            await session.shows(" W1 ", " gW2 ")
            numbers = session.inside("#weights")
            assert not any("w5" in line for line in numbers)
            await session.press("m")
            for panel, prefix in (("#weights", ""), ("#gradients", "g")):
                await session.until(
                    lambda panel=panel: "w5" in "".join(session.inside(panel)), "the names"
                )
                for each in everything(view_of(session).snapshot.experiment.network):
                    text = cell(session, panel, each).text.split()
                    assert text[0] == prefix + each.name(Names((2, 2, 2)))
                    assert len(text) == 1 + beside
            await session.press("m")
            await session.until(lambda n=numbers: session.inside("#weights") == n, "the numbers")


async def test_where_names_change_nothing_that_is_said() -> None:
    async with opened("article", (80, 24)) as session:
        await session.shows("w5  ")
        await session.press("m")
        await session.until(lambda: "matrices alone" in session.notices(), "the reason")


async def test_a_moved_selection_stays_and_is_explained_until_time_moves() -> None:
    async with opened("article") as session:
        session.panel("#gradients").focus()
        await session.press("right", "right", "n", "n")
        await session.until(lambda: " 2/12 " in session.status(), "an operation")
        assert not view_of(session).pointed
        await session.press("down")
        there = Selection("weight", 2, 0, 1)
        await selected(session, there)
        assert view_of(session).pointed
        for key, number in (("n", 3), ("N", 2)):
            await session.press(key)
            await session.until(lambda n=number: f" {n}/12 " in session.status(), "the next one")
            assert not view_of(session).pointed
        assert view_of(session).selection == there
        assert cell(session, "#gradients", there).reversed
        session.panel("#loss").focus()  # where arrows move as in Weights
        await session.press("left")
        await selected(session, Selection("weight", 1, 1, 1))


async def test_a_walk_through_the_diagram() -> None:
    async with opened("article") as session:
        for key, there in (
            ("right", Selection("unit", 1, 0)),
            ("down", Selection("unit", 1, 1)),
            ("right", Selection("weight", 2, 0, 1)),
            ("down", Selection("weight", 2, 1, 0)),
            ("right", Selection("unit", 2, 1)),
            ("right", Selection("unit", 2, 1)),
        ):
            await session.press(key)
            await selected(session, there)
        assert unit_rows(session, 2, 1)["name"].reversed
        assert not unit_rows(session, 2, 0)["name"].reversed
        session.panel("#weights").focus()  # where a unit leads to its first weight
        await session.press("down")
        await selected(session, Selection("weight", 2, 1, 0))


async def test_the_diagram_follows_to_units_that_it_leaves_out() -> None:
    async with opened(drawn_experiment((300, 200, 3))) as session:
        session.panel("#weights").focus()
        session.app.main.select(Selection("weight", 1, 19, 30))
        await session.press("right")
        await selected(session, Selection("weight", 1, 20, 30))
        await session.shows("i31 ", "h21 ")
        text = "\n".join(session.inside("#network"))
        weight = float(session.app.player.snapshot.parameters.weights[0][30, 20])
        labels = [signed(weight, form_of(abs(weight), at, 3)).strip() for at in (2, 3, 4)]
        assert any(each in text for each in labels)
        for name in ("i31 ", "h21 ", "i300"):
            assert name in text
        for panel in ("#weights", "#gradients"):
            await session.until(
                lambda p=panel: (
                    any(line.startswith(" i31 ") for line in session.inside(p))
                    and "h21" in session.inside(p)[0]
                ),
                f"the weight in {panel}",
            )


async def test_another_experiment_clamps_the_selection() -> None:
    async with opened(drawn_experiment((5, 4, 3))) as session:
        session.panel("#weights").focus()
        await session.press(*["right"] * 6, *["down"] * 10)
        await selected(session, Selection("bias", 2, 2))
        await session.press("p", "home", "enter")
        await session.until(lambda: " article " in session.status(), "the article")
        await selected(session, Selection("weight", 2, 1, 0))  # without biases
