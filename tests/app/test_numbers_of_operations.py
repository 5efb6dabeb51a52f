"""Every operation of every shipped preset shows its numbers, and marks what it reads and writes."""

from __future__ import annotations

import pytest
from rich.style import Style

from bptui.app.diagram.drawing import quantities, quantity_of
from bptui.app.diagram.layout import Layout
from bptui.app.numbers import form_of, label, largest, loss, plain, signed
from bptui.app.panels.network import NetworkPanel
from bptui.core.backprop import Operation
from bptui.core.engine import Snapshot
from bptui.core.network import Parameters
from bptui.presets import load
from bptui.presets.own import shipped

from .styled import Text, content
from .support import Session, opened, units_values

SIZES = [(80, 24), (120, 36), (200, 60)]
GLYPHS = {"": " ", "read": "▸", "written": "◂"}
UNIT = {"net", "out", "dL/dout", "delta"}


def touch(operation: Operation, *names: str) -> str:
    if set(names) & set(operation.writes):
        return "written"
    return "read" if set(names) & set(operation.reads) else ""


class Screen:
    """The cells of the screen, as they are drawn."""

    def __init__(self, session: Session) -> None:
        strips = session.app.screen._compositor.render_strips()
        self._cells = [
            [(char, segment.style or Style()) for segment in strip for char in segment.text]
            for strip in strips
        ]

    def piece(self, x: int, y: int, width: int) -> Text:
        cells = self._cells[y][x : x + width]
        return Text("".join(char for char, _ in cells), cells[-1][1], self._cells[y][x + width][0])


def check_units(screen: Screen, session: Session, operation: Operation, left: set[str]) -> None:
    """The values of all units in the diagram, and which of them are lit."""
    _, layout = diagram(session)
    snapshot = session.app.player.snapshot
    names = snapshot.experiment.network.names
    area, style = content(session, "#network"), layout.style
    for place in (place for column in layout.columns for place in column):
        x, y, layer = area.x + place.x, area.y + place.y, place.layer
        rows = style.rows(snapshot.experiment.network, layer)
        assert layer == 0 or {value for row in rows for value in row} >= UNIT
        name = screen.piece(x + 2 * style.bordered, y, len(names.unit(layer, place.unit)))
        assert name.text == names.unit(layer, place.unit)
        assert name.glyph == GLYPHS[touch(operation, *quantities(names, layer))]
        across, down = style.start(snapshot.experiment.network, layer)
        right, columns = x + place.width - style.bordered, max(map(len, rows))
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                end = right - style.cell * (columns - 1 - column)
                start = end - style.cell if column else x + across
                text = screen.piece(start, y + down + number, end - start)
                quantity = quantity_of(names, layer, value) if layer else "input"
                numbers = units_values(snapshot, layer, value)
                if value == "b" and quantity in operation.writes:
                    numbers = (snapshot.updated_parameters.biases or ())[layer - 1]
                expected = plain(
                    float(numbers[place.unit]), form_of(largest(numbers), style.decimals, 3)
                )
                if quantity in left and value != "b":
                    expected = "·"
                found = (
                    text.text.removeprefix(style.label(row)) if not column and layer else text.text
                )
                assert found.strip(" ▸◂") == expected.strip(), (operation.name, value)
                assert text.touch == touch(operation, quantity), (operation.name, value)
                if layer:
                    assert (GLYPHS[text.touch] in found) or not text.touch


def diagram(session: Session) -> tuple[NetworkPanel, Layout]:
    panel = session.panel("#network")
    assert isinstance(panel, NetworkPanel)
    assert panel.view is not None
    network = panel.view.snapshot.experiment.network
    return panel, panel.layout_of(network, *panel.container_size, panel.view.selection)[0]


def check_edges(screen: Screen, session: Session, operation: Operation) -> set[int]:
    """The numbers on the edges; the layers that have some."""
    panel, layout = diagram(session)
    wires = panel.wires
    assert wires is not None
    area, view = content(session, "#network"), session.app.player.view()
    names, found = view.snapshot.experiment.network.names, set()
    for edge, (row, column) in wires.labels:
        shown, parameters = names.weights(edge.layer), view.parameters
        if names.weight_gradient(edge.layer) in operation.writes:
            shown, parameters = names.weight_gradient(edge.layer), view.snapshot.gradients
        numbers = parameters.weights[edge.layer - 1]
        value = float(numbers[edge.source, edge.destination])
        text = label(value, largest(numbers), layout.label_decimals)
        end = area.x + column + wires.label_width
        there = screen.piece(end - len(text), area.y + row, len(text))
        assert there.text == text, (operation.name, edge.layer)
        assert there.reversed or there.touch == touch(operation, shown)
        found.add(edge.layer)
    return found


def shown_in(session: Session, selector: str, parameters: Parameters, layer: int) -> bool:
    """Whether a number of a layer's matrix stands in a matrix panel."""
    numbers, biases = parameters.weights[layer - 1], parameters.biases
    text, size = "\n".join(session.inside(selector)), largest(numbers)
    size = size if biases is None else max(size, largest(biases[layer - 1]))
    forms = [form_of(size, decimals) for decimals in (6, 4, 3)]
    return any(signed(float(each), form).strip() in text for each in numbers.flat for form in forms)


def check_matrices(
    session: Session, operation: Operation, snapshot: Snapshot, on_edges: set[int]
) -> None:
    """Of gradients and new weights some stand in their panel, on the edges, or are derived."""
    names = snapshot.experiment.network.names
    derivation = "\n".join(session.inside("#derivation"))
    for panel, written, parameters in (
        ("#gradients", names.weight_gradient, snapshot.gradients),
        ("#weights", names.weights, snapshot.updated_parameters),
    ):
        layers = [each for each in range(1, names.depth + 1) if written(each) in operation.writes]
        if not layers:
            continue
        if session.panel(panel).size.area:
            assert any(shown_in(session, panel, parameters, layer) for layer in layers)
            assert any(f"{written(layer)}◂" in "\n".join(session.inside(panel)) for layer in layers)
        else:
            first = parameters.weights[layers[0] - 1][0, 0]
            assert set(layers) <= on_edges or f"= {float(first):.7g}" in derivation


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_every_operation_of_every_preset(size: tuple[int, int]) -> None:
    async with opened("article", size) as session:
        for name in (each.name for each in shipped()):
            await session.app.player.open(load(name)).wait()
            snapshot = session.app.player.snapshot
            operations = snapshot.operations
            for number, operation in enumerate(operations, 1):
                await session.press("n")
                place = f" {number}/{len(operations)} "
                await session.until(lambda text=place: text in session.status(), place)
                await session.shows(f"Derivation: {operation.label} ")
                left = {each for later in operations[number:] for each in later.writes}
                screen = Screen(session)
                check_units(screen, session, operation, left)
                check_matrices(
                    session, operation, snapshot, check_edges(screen, session, operation)
                )
                if operation.stage == "loss":
                    assert f"loss {loss(snapshot.loss)}" in session.status()
