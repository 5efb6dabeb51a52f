"""Reads the screen with its styles: what is underlined, tinted or reversed, and where."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from rich.style import Style
from textual.geometry import Region

from bptui.app.panels.matrices import MatrixPanel
from bptui.app.panels.network import NetworkPanel
from bptui.app.panels.table import Table
from bptui.app.styles import DARK
from bptui.app.view import Selection
from bptui.core.backprop import Operation

from .support import Session


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
        background = self.style.bgcolor and self.style.bgcolor.get_truecolor().hex
        return "written" if self.style.bold and background != DARK.background else ""

    @property
    def reversed(self) -> bool:
        return bool(self.style.reverse)


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


def piece(session: Session, x: int, y: int, width: int) -> Text:
    """``width`` characters of the screen from (x, y) on."""
    strip = session.app.screen._compositor.render_strips()[y]
    cells = [(char, segment.style) for segment in strip for char in segment.text]
    text = "".join(char for char, _ in cells[x : x + width])
    style = cells[x + width - 1][1] or Style()
    return Text(text, style, cells[x + width][0])


def cell(session: Session, selector: str, selection: Selection) -> Text:
    """The number of a weight or a bias in a matrix panel, which is not scrolled."""
    x, y, table = _matrix(session, selector, selection.layer)
    row = selection.source + 1 if selection.kind == "weight" else table.rows - 1
    x += table.name + selection.unit * table.cell + 1
    return piece(session, x, y + row, table.cell - 1)


def title(session: Session, selector: str, layer: int, *, bias: bool = False) -> Text:
    """W1, gW1, b1 or gb1 in a matrix panel, and the glyph behind it."""
    x, y, table = _matrix(session, selector, layer)
    name = ("g" if selector == "#gradients" else "") + ("b" if bias else "W") + str(layer)
    return piece(session, x, y + (table.rows - 1 if bias else 0), len(name))


def _matrix(session: Session, selector: str, layer: int) -> tuple[int, int, Table]:
    """Where on the screen a matrix begins."""
    panel, area = session.panel(selector), content(session, selector)
    assert isinstance(panel, MatrixPanel)
    assert panel.view is not None
    table = panel.arranged(panel.view, panel.container_size.width).tables[layer - 1]
    return area.x + table.x, area.y + table.y, table


def unit_rows(session: Session, layer: int, unit: int) -> dict[str, Text]:
    """A box of the diagram: its name and each of its numbers by its label."""
    panel, area = session.panel("#network"), content(session, "#network")
    assert isinstance(panel, NetworkPanel)
    assert panel.view is not None
    network = panel.view.snapshot.experiment.network
    layout, _ = panel.layout_of(network, *panel.container_size, panel.view.selection)
    place = layout.place(layer, unit)
    assert place is not None
    x, y = area.x + place.x, area.y + place.y
    name = network.names.unit(layer, unit)
    at = x + 2 * layout.style.bordered
    found = {"name": piece(session, at, y, len(name))}
    for value in layout.boxes[layer].values:
        width = value.end - value.start
        found[value.name] = piece(session, x + value.start, y + value.y, width)
    return found
