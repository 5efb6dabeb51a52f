"""Reads the screen with its styles: numbers, what is underlined, tinted or reversed, and where."""

from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from rich.color import ColorSystem
from rich.style import Style
from textual.geometry import Region

from bptui.app.diagram.drawing import drawn_values, quantities, quantity_of
from bptui.app.diagram.layout import Layout
from bptui.app.panels.network import NetworkPanel
from bptui.app.panels.pictures import Table
from bptui.app.styles import DARK, PALETTES
from bptui.app.view import Selection
from bptui.core.arrays import Array
from bptui.core.backprop import Operation
from bptui.core.engine import Snapshot
from bptui.core.evaluation import Evaluator
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline

from .support import Session, reads_as


@dataclass(frozen=True)
class Text:
    """A piece of the screen and the style of its last character."""

    text: str
    style: Style
    glyph: str = " "
    """What stands right behind it."""

    @property
    def touch(self) -> str:
        """How it is lit, as far as this can be told without colours other than a background's."""
        if self.style.underline:
            return "read"
        return "written" if self.style.bold and self._background not in UNTOUCHED else ""

    @property
    def lit(self) -> bool:
        """Whether it is in the row or the column of the selection, and nothing else is with it."""
        return bool(self.style.bold) and self._background == LIT

    @property
    def _background(self) -> str | None:
        return self.style.bgcolor and self.style.bgcolor.get_truecolor().hex

    @property
    def reversed(self) -> bool:
        return bool(self.style.reverse)


LIT = PALETTES[True, False].split()[3]
UNTOUCHED = (DARK.background, LIT)
"""Backgrounds of what no operation has written."""
GLYPHS = {"": " ", "read": "▸", "written": "◂"}
"""What stands behind what the operation has read or written."""


def touch(operation: Operation, *quantities: str) -> str:
    """Return what an operation does with any of the quantities."""
    if set(quantities) & set(operation.writes):
        return "written"
    return "read" if set(quantities) & set(operation.reads) else ""


async def walk(session: Session) -> AsyncIterator[tuple[Operation, set[str]]]:
    """Go through the operations of a step; each with the names of what is not computed yet."""
    operations = session.app.player.snapshot.operations
    for number, operation in enumerate(operations, 1):
        await session.press("n")
        place = f" {number}/{len(operations)} "
        await session.until(lambda text=place: text in session.status(), place)
        yield operation, {name for each in operations[number:] for name in each.writes}


def content(session: Session, selector: str) -> Region:
    """A panel's inner area on the screen."""
    return session.panel(selector).content_region


class Screen:
    """The cells of the screen, as they are drawn."""

    def __init__(self, session: Session) -> None:
        self._strips = session.app.screen._compositor.render_strips()
        self._rows: dict[int, list[tuple[str, Style]]] = {}

    @property
    def lines(self) -> list[str]:
        return [strip.text for strip in self._strips]

    def row(self, y: int) -> list[tuple[str, Style]]:
        """Every character of a line with its style."""
        if y not in self._rows:
            self._rows[y] = [
                (char, segment.style or Style())
                for segment in self._strips[y]
                for char in segment.text
            ]
        return self._rows[y]

    def piece(self, x: int, y: int, width: int) -> Text:
        """``width`` characters from (x, y) on."""
        row = self.row(y)
        cells = row[x : x + width]
        return Text("".join(char for char, _ in cells), cells[-1][1], row[x + width][0])


def cell(session: Session, selector: str, selection: Selection) -> Text:
    """The number of a weight or a bias in a matrix panel, which is not scrolled."""
    x, y, table = _matrix(session, selector, selection.layer)
    row = selection.source + 1 if selection.kind == "weight" else table.rows - 1
    x += table.name + selection.unit * table.cell + 1
    return Screen(session).piece(x, y + row, table.cell - 1)


def title(session: Session, selector: str, layer: int, *, bias: bool = False) -> Text:
    """W1, gW1, b1 or gb1 in a matrix panel, and the glyph behind it."""
    x, y, table = _matrix(session, selector, layer)
    name = ("g" if selector == "#gradients" else "") + ("b" if bias else "W") + str(layer)
    return Screen(session).piece(x, y + (table.rows - 1 if bias else 0), len(name))


def _matrix(session: Session, selector: str, layer: int) -> tuple[int, int, Table]:
    """Where on the screen a matrix begins."""
    panel, area = session.panel(selector), content(session, selector)
    assert panel.view is not None
    assert (panel.scroll_x, panel.scroll_y) == (0, 0)
    table = panel.arranged(panel.view, panel.container_size.width).tables[layer - 1]
    return area.x + table.x, area.y + table.y, table


async def check_matrices(session: Session) -> int:
    """Compare every number of Weights and Gradients in sight with the engine's; how many."""
    await session.bring("#weights")
    experiment, screen, checked = session.app.player.snapshot.experiment, Screen(session), 0
    snapshot, names = Timeline(experiment).snapshot(session.shown_step), experiment.network.names
    for selector, prefix, parameters in (
        ("#weights", "", snapshot.parameters),
        ("#gradients", "g", snapshot.gradients),
    ):
        seen, panel = content(session, selector), session.panel(selector)
        seen = seen.shrink((0, panel.show_vertical_scrollbar, panel.show_horizontal_scrollbar, 0))
        for layer, weights in enumerate(parameters.weights, 1):
            x, y, table = _matrix(session, selector, layer)
            biases = () if parameters.biases is None else (parameters.biases[layer - 1],)
            labels = [prefix + names.weights(layer)]
            labels += [names.unit(layer - 1, source) for source in range(len(weights))]
            labels += [prefix + names.bias(layer)]
            columns = range((seen.right - x - table.name) // table.cell)[: weights.shape[1]]
            forms = set[tuple[bool, int]]()
            rows = range(seen.bottom - y if columns else 0)
            for row, values in zip(rows, ((), *weights, *biases), strict=False):
                assert screen.piece(x, y + row, len(labels[row])).text == labels[row]
                for column in columns:
                    at = x + table.name + column * table.cell + 1
                    text = screen.piece(at, y + row, table.cell - 1).text.strip()
                    if row == 0:
                        assert text == names.unit(layer, column)
                        continue
                    value = float(values[column])
                    assert reads_as(text, value), f"{labels[0]}, {labels[row]}: {text} for {value}"
                    if np.isfinite(value):
                        forms.add(("e" in text, len(text.partition("e")[0].partition(".")[2])))
                    checked += 1
            assert len(forms) <= 1, f"not written alike: {forms}"
    return checked


async def check_diagram(
    session: Session, operation: Operation | None = None, left: Collection[str] = ()
) -> int:
    """Compare every number in the diagram's units in sight with the engine's; how many.

    After an ``operation`` those ``left`` are dots, and what it has touched is lit.
    """
    await session.bring("#network")
    panel, layout = diagram(session)
    snapshot = session.app.player.snapshot
    if operation is None:
        snapshot = Timeline(snapshot.experiment).snapshot(snapshot.step)
    names, screen, checked = snapshot.experiment.network.names, Screen(session), 0
    area, seen = content(session, "#network"), Region(0, 0, *panel.size)
    for place in (place for column in layout.columns for place in column):
        x, y, layer = area.x + place.x - int(panel.scroll_x), area.y + place.y, place.layer
        if not seen.contains_region(Region(x - area.x, place.y, place.width, place.height)):
            continue
        unit = names.unit(layer, place.unit)
        name = screen.piece(x + 2 * layout.style.bordered, y, len(unit))
        assert name.text == unit
        lit = touch(operation, *quantities(names, layer)) if operation else ""
        assert operation is None or name.glyph == GLYPHS[lit]
        assert panel.view is not None
        for _, value in drawn_values(panel.view, layout, layer):
            text = screen.piece(x + value.start, y + value.y, value.end - value.start)
            quantity = quantity_of(names, layer, value.name) if layer else "input"
            numbers = units_values(snapshot, layer, value.name)
            if value.name == "b" and operation and quantity in operation.writes:
                numbers = (snapshot.updated_parameters.biases or ())[layer - 1]
            named = value.name in ("b", "gb") and layout.style.columns == 1
            label = f"{value.name}_{unit}" if named else value.label
            assert text.text.strip().startswith(label)
            number = text.text.strip(" ▸◂").removeprefix(label).strip(" ▸◂")
            if quantity in left and value.name != "b":
                assert number == "·"
            else:
                assert reads_as(number, float(numbers[place.unit])), (unit, value, number)
            if operation:
                assert text.touch == touch(operation, quantity), (operation.name, value)
                assert not (layer and text.touch) or GLYPHS[text.touch] in text.text
            checked += 1
    return checked


def units_values(snapshot: Snapshot, layer: int, value: str) -> Array:
    """What the units of a layer show under the name that it has in their boxes."""
    if value in ("b", "gb"):
        parameters = snapshot.parameters if value == "b" else snapshot.gradients
        return parameters.biases[layer - 1]
    values: Array = snapshot.values[quantity_of(snapshot.experiment.network.names, layer, value)][0]
    return values


def diagram(session: Session) -> tuple[NetworkPanel, Layout]:
    """The panel, and where its units are."""
    panel = session.panel("#network")
    assert panel.view is not None
    return panel, panel.layout_of(panel.view, *panel.container_size)[0]


def unit_rows(session: Session, layer: int, unit: int) -> dict[str, Text]:
    """A box of the diagram: its name and each of its numbers by its label."""
    layout, area, screen = diagram(session)[1], content(session, "#network"), Screen(session)
    place = layout.place(layer, unit)
    x, y = area.x + place.x, area.y + place.y
    name = session.app.player.snapshot.experiment.network.names.unit(layer, unit)
    found = {"name": screen.piece(x + 2 * layout.style.bordered, y, len(name))}
    for value in layout.boxes[layer].values:
        width = value.end - value.start
        found[value.name] = screen.piece(x + value.start, y + value.y, width)
    return found


def evaluated(experiment: Experiment, step: int, inputs: Array) -> Array:
    """Return the outputs at a step, which are tested to be those of training itself."""
    parameters = Timeline(experiment).snapshot(step).parameters
    return Evaluator(experiment.network, np.array(inputs)).outputs(parameters).copy()


class Place(NamedTuple):
    """A character on the screen, in a panel's row and column."""

    row: int
    column: int
    character: str
    style: Style


def characters(session: Session, selector: str) -> Iterator[Place]:
    """Yield every character within a panel, with its style."""
    area, screen = content(session, selector), Screen(session)
    for row in range(area.height):
        cells = screen.row(area.y + row)[area.x : area.right]
        for column, (character, style) in enumerate(cells):
            yield Place(row, column, character, style)


def in_full_colour(session: Session) -> None:
    """Draw as on a terminal with all colours."""
    session.app.console._color_system = ColorSystem.TRUECOLOR


async def open_picture(session: Session, title: str) -> None:
    """Press ``o`` until a picture of that title is drawn."""
    for _ in range(5):
        await session.press("o")
        await session.until(
            lambda: "─ Learned" in session.screen() or "─ Network" in session.screen(), "a picture"
        )
        await session.pilot.pause()
        if f"─ Learned: {title} ─" in session.screen():
            break
    await session.shows(f"─ Learned: {title} ─")
