"""Draws the units: names, values, and which of them the operation has read or written."""

from __future__ import annotations

from bptui.app.diagram.layout import Place
from bptui.app.diagram.scene import Scene
from bptui.app.numbers import form_of, largest, plain
from bptui.app.styles import GLYPHS, PENDING, highlight
from bptui.app.view import Selection
from bptui.core.arrays import Array
from bptui.core.network import Names


def draw_box(scene: Scene, place: Place) -> None:
    """The outline of a unit and the labels of its rows, as far as there is room for them.

    An operation changes nothing of it: the outline alone would be many bytes on the way to the
    terminal.
    """
    canvas, style, styles = scene.canvas, scene.layout.style, scene.styles
    if style.bordered:
        inner, name = place.width - 2, scene.names.unit(place.layer, place.unit)
        canvas.write(place.y, place.x, f"╭ {name} ".ljust(inner + 1, "─") + "╮", styles.dim)
        for y in range(place.y + 1, place.y + place.height - 1):
            canvas.write(y, place.x, f"│{' ' * inner}│", styles.dim)
        canvas.write(place.y + place.height - 1, place.x, "╰" + "─" * inner + "╯", styles.dim)
    if style.labelled(place.layer):
        x, y = _start(scene, place)
        for down, row in enumerate(style.rows(scene.network, place.layer)):
            canvas.write(y + down, x, style.label(row), styles.dim)


def _start(scene: Scene, place: Place) -> tuple[int, int]:
    """The column and the row at which the values of a unit begin."""
    across, down = scene.layout.style.start(scene.network, place.layer)
    return place.x + across, place.y + down


def draw_unit(scene: Scene, place: Place) -> None:
    """Its name and its values, each in its row."""
    style = scene.layout.style
    _draw_name(scene, place)
    rows, (x, y) = style.rows(scene.network, place.layer), _start(scene, place)
    right = place.x + place.width - style.bordered
    columns = max(map(len, rows))
    for down, row in enumerate(rows):
        for column, value in enumerate(row):
            end = right - style.cell * (columns - 1 - column)
            mark = end - style.cell if column else x + len(style.label(row))
            _draw_value(scene, place, value, y + down, mark, end)


def _draw_name(scene: Scene, place: Place) -> None:
    """The unit's name, lit, reversed where it is selected; after it the glyph of the operation."""
    styles, selection, style = scene.styles, scene.view.selection, scene.layout.style
    name = scene.names.unit(place.layer, place.unit)
    selected = selection == Selection("unit", place.layer, place.unit)
    if selection == Selection("bias", place.layer, place.unit):
        rows = style.rows(scene.network, place.layer)
        selected = not any("b" in row for row in rows)
    touched = highlight(scene.view, *quantities(scene.names, place.layer))
    lit = styles.highlighted(styles.strong, touched)
    x = place.x + 2 * style.bordered
    scene.canvas.write(place.y, x, name + GLYPHS[touched], lit)
    if selected:
        scene.canvas.write(place.y, x, name, styles.selected(lit, scene.focused))


def _draw_value(scene: Scene, place: Place, value: str, y: int, mark: int, end: int) -> None:
    """A number that ends before the column ``end``; the operation's glyph at ``mark``."""
    canvas, style, styles = scene.canvas, scene.layout.style, scene.styles
    quantity = quantity_of(scene.names, place.layer, value)
    touched, computed = highlight(scene.view, quantity), scene.view.computed(quantity)
    layer = _values(scene, place.layer, value)
    # one column less than there is: a blank stays before the longest number
    form = form_of(largest(layer), style.decimals, 3)
    number = plain(float(layer[place.unit]), form) if computed else PENDING
    ordinary = styles.strong if value == "out" and style.bordered else styles.text
    text = number.strip()
    if touched and style.labelled(place.layer):
        canvas.write(y, mark, GLYPHS[touched], styles.strong)
    number_style = styles.highlighted(ordinary if computed else styles.dim, touched)
    if value == "b" and scene.view.selection == Selection("bias", place.layer, place.unit):
        number_style = styles.selected(number_style, scene.focused)
    canvas.write(y, end - len(text), text, number_style)


def quantity_of(names: Names, layer: int, value: str) -> str:
    """The quantity of which a value of a unit is one element."""
    if value == "target":
        return value
    of_layer = {
        "b": names.bias,
        "gb": names.bias_gradient,
        "net": names.net,
        "out": names.out,
        "dL/dout": names.out_gradient,
        "delta": names.delta,
    }
    return of_layer[value](layer)


def quantities(names: Names, layer: int) -> tuple[str, ...]:
    """Every quantity of a layer that has one element for each of its units."""
    if layer == 0:
        return (names.out(0),)
    target = ("target",) if layer == names.depth else ()
    values = ("b", "gb", "net", "out", "dL/dout", "delta", *target)
    return tuple(quantity_of(names, layer, value) for value in values)


def _values(scene: Scene, layer: int, value: str) -> Array:
    """The numbers that the units of a layer show in a row: all of them are written alike."""
    view = scene.view
    if value in ("b", "gb"):
        biases = view.parameters.biases if value == "b" else view.snapshot.gradients.biases
        assert biases is not None, "b is a row only where there are biases"
        return biases[layer - 1]
    values: Array = view.snapshot.values[quantity_of(scene.names, layer, value)][view.row]
    return values
