"""Weights and gradients: the same panel class, so that the eye pairs the cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from rich.style import Style
from textual.geometry import Offset, Region, Size
from textual.strip import Strip

from bptui.app.numbers import Form, form_of, largest, signed
from bptui.app.panels.panel import Panel
from bptui.app.panels.table import Cell, Row, Table, painted
from bptui.app.styles import GLYPHS, PENDING, Styles, highlight
from bptui.app.view import Direction, Selection, View
from bptui.core.arrays import Array
from bptui.core.network import Network, Parameters

GAP = 3
DECIMALS = (6, 4, 3)
"""Tried in this order; four where not even three fit, as one must scroll anyway."""
STEPS: dict[Direction, tuple[int, int]] = {
    "left": (0, -1),
    "right": (0, 1),
    "up": (-1, 0),
    "down": (1, 0),
}
"""By how many rows and columns each direction moves."""


class MatrixPanel(Panel):
    """Shows one matrix a layer, with its bias row.

    ``select`` picks the parameters out of a view, ``prefix`` is "" for W1, b1 and "g" for gW1, gb1.
    ``remark`` gives the text of the lower border.
    """

    def __init__(
        self,
        title: str,
        panel_id: str,
        select: Callable[[View], Parameters],
        prefix: str = "",
        remark: Callable[[View], str] = lambda view: "",
    ) -> None:
        super().__init__(title, panel_id)
        self._select, self._prefix, self._remark = select, prefix, remark

    def tables(self, view: View, width: int) -> tuple[Table, ...]:
        """Return the matrices' places in a panel ``width`` cells wide."""
        return arrange(view.snapshot.experiment.network, width)

    def _shown(self, view: View) -> tuple[Table, ...]:
        return self.tables(view, self.container_size.width)

    def extent(self, view: View, width: int, height: int) -> Size:
        tables = self.tables(view, width)
        return Size(max(table.right for table in tables), max(table.bottom for table in tables))

    def rows(self, view: View, width: int) -> int:
        """Return the lines needed to show every matrix in ``width`` columns."""
        return self.extent(view, width, 0).height

    def neighbour(self, view: View, direction: Direction) -> Selection:
        network = view.snapshot.experiment.network
        return neighbour(network, self._shown(view), view.selection, direction)

    def pick(self, view: View, x: int, y: int) -> Selection | None:
        network = view.snapshot.experiment.network
        return pick(network, self._shown(view), x, y, self.scroll_offset)

    def spot(self, view: View) -> Region | None:
        return region_of(view.snapshot.experiment.network, self._shown(view), view.selection)

    def operation_spot(self, view: View) -> Region | None:
        """Return the first matrix of the operation, unless some of one is in sight.

        Decided for the weights and their gradients together: the panels are to stay side by side.
        """
        names, seen = view.snapshot.experiment.network.names, self.seen(view)
        regions = [
            table.region
            for layer, table in enumerate(self._shown(view), 1)
            if highlight(view, names.weights(layer), names.weight_gradient(layer))
        ]
        if any(region.intersection(seen).height > 1 for region in regions):
            return None
        return next(iter(regions), None)

    def paint(self, view: View, width: int, height: int) -> list[Strip]:
        self.note(self._remark(view))
        parameters, styles = self._select(view), self.text_styles
        tables, seen = self.tables(view, width), self.seen(view)
        painters = [
            _Painter(view, parameters, styles, self.has_focus, self._prefix, layer, table.cell - 5)
            for layer, table in enumerate(tables, 1)
        ]
        window = Region(seen.x, seen.y, seen.width, height)
        return painted(tables, window, styles.text, lambda at, *row: painters[at].row(*row))


class _Painter:
    """Paints the rows of one layer's matrix: what is selected, read, written or yet to come."""

    def __init__(
        self,
        view: View,
        parameters: Parameters,
        styles: Styles,
        focused: bool,
        prefix: str,
        layer: int,
        decimals: int,
    ) -> None:
        network = view.snapshot.experiment.network
        self._view, self._styles, self._focused, self._layer = view, styles, focused, layer
        self._names, self._sources = network.names, network.layers[layer - 1]
        self._titles = [prefix + names(layer) for names in (self._names.weights, self._names.bias)]
        biases = None if parameters.biases is None else parameters.biases[layer - 1]
        self._weights, self._biases = parameters.weights[layer - 1], biases
        self._largest = largest(self._weights)
        most = max(self._largest, 0.0 if biases is None else largest(biases))
        self._form: Form = form_of(most, decimals)
        self._decimals = decimals

    def row(self, row: int, columns: range) -> Row:
        """Return the heading, row 0, or numbers with the name of where they come from."""
        if row == 0:
            return Row([self._title(self._titles[0])], self._units(columns))
        if row > self._sources:
            assert self._biases is not None, "a bias row stands only where there are biases"
            title = self._titles[1]
            return Row([self._title(title)], self._values(title, self._biases, row, columns))
        name = self._names.unit(self._layer - 1, row - 1)
        cells = self._values(self._titles[0], self._weights[row - 1], row, columns)
        return Row([(name, self._source_style(row))], cells)

    def _title(self, title: str) -> tuple[str, Style]:
        touched = highlight(self._view, title)
        style = self._styles.highlighted(self._styles.strong, touched)
        return title + GLYPHS[touched] * bool(touched), style

    def _source_style(self, row: int) -> Style:
        """Return the style of the name of a row, lit with what is selected in it."""
        styles, selection = self._styles, self._view.selection
        # an input has no weights into it, so its name is lit in the rows of those out of it
        if selection == Selection("unit", self._layer - 1, row - 1):
            return styles.selected(styles.strong, self._focused)
        return styles.strong if row == self._selected_row() else styles.dim

    def _selected_row(self) -> int:
        """Return the row of the selection where it is in this matrix, else -1."""
        selection = self._view.selection
        if selection.layer != self._layer or selection.kind == "unit":
            return -1
        return selection.source + 1 if selection.kind == "weight" else self._sources + 1

    def _units(self, columns: range) -> Iterator[Cell]:
        """Yield the names of the columns."""
        styles, selection = self._styles, self._view.selection
        for column in columns:
            name = self._names.unit(self._layer, column)
            style = blank = styles.dim
            if selection.layer == self._layer and selection.unit == column:
                style = blank = styles.strong
                if selection.kind == "unit":
                    style, blank = styles.selected(style, self._focused), styles.text
            yield Cell(name, style, blank)

    def _values(self, quantity: str, values: Array, row: int, columns: range) -> Iterator[Cell]:
        """Yield numbers; the blanks keep the usual style, and stay when the number is lit."""
        styles, view = self._styles, self._view
        touched, computed = highlight(view, quantity), view.computed(quantity)
        chosen = view.selection.unit if row == self._selected_row() else -1
        for column in columns:
            value = float(values[column])
            text = signed(value, self._form).lstrip() if computed else PENDING
            usual = styles.sign(value, self._largest) if computed else styles.dim
            if column == chosen:
                # as wide as most numbers are: it shall not change its width
                text = text.rjust(self._decimals + 3)
                yield Cell(text, styles.selected(usual, self._focused), usual)
            else:
                yield Cell(text, styles.highlighted(usual, touched), usual)


@lru_cache(maxsize=8)
def arrange(network: Network, width: int) -> tuple[Table, ...]:
    """Return a table a layer: beside each other where they fit in ``width``, else stacked."""
    tried = [_flow(network, width, decimals + 5) for decimals in DECIMALS]
    beside = (
        tables for tables in tried if tables[-1].right <= width and tables[-1].y == tables[0].y
    )
    # what is stacked may need a scroll bar
    fitting = [tables for tables in tried if max(table.right for table in tables) < width]
    return next(beside, fitting[0] if fitting else tried[1])


def _flow(network: Network, width: int, cell: int) -> tuple[Table, ...]:
    names = network.names
    tables: list[Table] = []
    x = y = 0
    for layer in range(1, network.depth + 1):
        sources, columns = network.layers[layer - 1 : layer + 1]
        # gW1 is the longest title: weights and gradients are to stand in the same columns
        name = max(len(f"g{names.weights(layer)}"), len(names.unit(layer - 1, sources - 1)))
        if x and x + name + columns * cell > width:
            x, y = 0, max(table.bottom for table in tables) + 1
        tables.append(Table(x, y, name, cell, 1 + sources + network.bias, columns))
        x = tables[-1].right + GAP
    return tuple(tables)


def row_of(network: Network, selection: Selection) -> int:
    """Return the row of a weight or a bias in the table of its layer; a unit is in the heading."""
    if selection.kind == "unit":
        return 0
    weight = selection.kind == "weight"
    return selection.source + 1 if weight else network.layers[selection.layer - 1] + 1


def at(network: Network, layer: int, row: int, column: int) -> Selection:
    """Return the weight, bias or unit in a row and column; in column -1 are the sources."""
    if column < 0:
        return Selection("unit", layer - 1, row - 1)
    if row == 0:
        return Selection("unit", layer, column)
    if row > network.layers[layer - 1]:
        return Selection("bias", layer, column)
    return Selection("weight", layer, column, row - 1)


def region_of(network: Network, tables: Sequence[Table], selection: Selection) -> Region:
    """Return what must be in sight: the cell with its headings, or the name of a unit."""
    if selection.kind == "unit" and selection.layer == 0:
        return tables[0].sight(selection.unit + 1, 0)
    return tables[selection.layer - 1].sight(max(row_of(network, selection), 1), selection.unit)


def neighbour(
    network: Network, tables: Sequence[Table], selection: Selection, direction: Direction
) -> Selection:
    """Return what lies one cell further, in the next matrix beyond the border of one.

    From a unit the first weight into it is reached, from an input the first weight out of it.
    """
    layer, unit = selection.layer, selection.unit
    if selection.kind == "unit":
        return Selection("weight", layer, unit) if layer else Selection("weight", 1, 0, unit)
    table, here = tables[layer - 1], row_of(network, selection)
    down, along = STEPS[direction]
    row, column = here + down, unit + along
    if 1 <= row < table.rows and 0 <= column < table.columns:
        return at(network, layer, row, column)
    if along:
        beside = layer + along
        if not 1 <= beside <= len(tables) or tables[beside - 1].y != table.y:
            return selection
        other, biases = tables[beside - 1], selection.kind == "bias"
        row = other.rows - 1 if biases else min(here, network.layers[beside - 1])
        return at(network, beside, row, 0 if along > 0 else other.columns - 1)
    centre = table.x + table.name + column * table.cell + table.cell // 2
    further = [
        (abs(other.y - table.y), max(other.x - centre, centre - other.right, 0), number)
        for number, other in enumerate(tables, 1)
        if (other.y - table.y) * down > 0
    ]
    if not further:
        return selection
    number = min(further)[2]
    other = tables[number - 1]
    column = (centre - other.x - other.name) // other.cell
    row = 1 if down > 0 else other.rows - 1
    return at(network, number, row, min(max(column, 0), other.columns - 1))


def pick(
    network: Network, tables: Sequence[Table], x: int, y: int, scrolled: Offset
) -> Selection | None:
    """Return what is drawn at a cell of the panel's content: a number, or the name of a unit."""
    for layer, table in enumerate(tables, 1):
        found = table.cell_at(x, y, scrolled)
        if found is not None:
            row, column = found
            title = column < 0 and not 1 <= row <= network.layers[layer - 1]
            return None if title else at(network, layer, row, column)
    return None
