"""Draws the units: names, values, and which of them the operation has read or written."""

from __future__ import annotations

from bptui.app.diagram.layout import Place
from bptui.app.diagram.scene import Scene
from bptui.app.lighting import GLYPHS, PENDING, touch
from bptui.app.numbers import form_of, largest, plain
from bptui.app.selection import Selection
from bptui.core.arrays import Array
from bptui.core.names import Names


def draw_box(scene: Scene, place: Place) -> None:
    """The outline of a unit with the labels of its rows; nothing where there is no room for boxes.

    An operation changes nothing of it: the outline alone would be many bytes on the way to the
    terminal.
    """
    canvas, style, ink = scene.canvas, scene.layout.style, scene.ink
    if not style.bordered:
        return
    inner, name = place.width - 2, scene.names.unit(place.layer, place.unit)
    canvas.write(place.y, place.x, f"╭ {name} ".ljust(inner + 1, "─") + "╮", ink.dim)
    y = place.y
    for row in style.rows(scene.network, place.layer):
        y += 1
        label = row if style.everything and place.layer > 0 else ""
        canvas.write(y, place.x, f"│{label.ljust(inner)}│", ink.dim)
    canvas.write(y + 1, place.x, "╰" + "─" * inner + "╯", ink.dim)


def draw_unit(scene: Scene, place: Place) -> None:
    """Its name and its values, each in its row, or on a single line where there is no box."""
    style = scene.layout.style
    if not style.bordered:
        name = scene.names.unit(place.layer, place.unit)
        _draw_name(scene, place, place.x)
        rest = place.width - len(name) - 1
        _draw_value(scene, place, "out", place.y, place.x + len(name) + 1, rest)
        return
    _draw_name(scene, place, place.x + 2)
    for y, row in enumerate(style.rows(scene.network, place.layer), place.y + 1):
        _draw_value(scene, place, row, y, place.x + 1, place.width - 2)


def _draw_name(scene: Scene, place: Place, x: int) -> None:
    """The unit's name, lit, reversed where it is selected; after it the glyph of the operation."""
    ink, selection = scene.ink, scene.view.selection
    name = scene.names.unit(place.layer, place.unit)
    selected = selection == Selection("unit", place.layer, place.unit)
    if selection == Selection("bias", place.layer, place.unit):
        selected = "b" not in scene.layout.style.rows(scene.network, place.layer)
    touched = touch(scene.view, *quantities(scene.names, place.layer))
    style = ink.touched(ink.strong, touched)
    scene.canvas.write(place.y, x, name + GLYPHS[touched], style)
    if selected:
        scene.canvas.write(place.y, x, name, ink.selected(style, scene.focused))


def _draw_value(scene: Scene, place: Place, row: str, y: int, x: int, room: int) -> None:
    """The number of a row at the right end of the room; behind its label the operation's glyph."""
    canvas, style, ink = scene.canvas, scene.layout.style, scene.ink
    quantity = quantity_of(scene.names, place.layer, row)
    touched, computed = touch(scene.view, quantity), scene.view.computed(quantity)
    layer = _values(scene, place.layer, row)
    form = form_of(largest(layer), style.decimals)
    number = plain(float(layer[place.unit]), form) if computed else PENDING
    ordinary = ink.strong if row == "out" and style.bordered else ink.text
    text = number.strip()
    if touched and style.everything and place.layer > 0:
        canvas.write(y, x + len(row), GLYPHS[touched], ink.strong)
    number_style = ink.touched(ordinary if computed else ink.dim, touched)
    if row == "b" and scene.view.selection == Selection("bias", place.layer, place.unit):
        number_style = ink.selected(number_style, scene.focused)
    canvas.write(y, x + room - len(text), text, number_style)


def quantity_of(names: Names, layer: int, row: str) -> str:
    """The quantity of which a row of a unit's box shows one element."""
    if row == "target":
        return row
    of_row = {"b": names.bias, "net": names.net, "out": names.out, "delta": names.delta}[row]
    return of_row(layer)


def quantities(names: Names, layer: int) -> tuple[str, ...]:
    """Every quantity of a layer that has one element for each of its units."""
    if layer == 0:
        return (names.out(0),)
    target = ("target",) if layer == names.depth else ()
    rows = [quantity_of(names, layer, row) for row in ("b", "net", "out", "delta")]
    return (*rows, names.out_gradient(layer), *target)


def _values(scene: Scene, layer: int, row: str) -> Array:
    """The numbers that the units of a layer show in a row: all of them are written alike."""
    if row == "b":
        biases = scene.view.parameters.biases
        assert biases is not None, "b is a row only where there are biases"
        return biases[layer - 1]
    quantity = quantity_of(scene.names, layer, row)
    values: Array = scene.view.snapshot.values[quantity][scene.view.row]
    return values
