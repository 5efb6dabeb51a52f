"""Weights and gradients: the same panel class, so that the eye pairs the cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from textual.geometry import Offset, Region

from bptui.app.numbers import form_of, largest, signed
from bptui.app.panels.panel import ViewPanel
from bptui.app.panels.pictures import Cell, Picture, Row, Table, drawn
from bptui.app.styles import GLYPHS, PENDING, highlight
from bptui.app.view import Direction, Kind, Selection, View
from bptui.core.network import Network, Parameters

GAP = 3
DECIMALS = (6, 4, 3)
"""Tried in this order; four where not even three fit, as one must scroll anyway."""
Naming: TypeAlias = Literal["", "beside", "instead"]
KINDS: tuple[Kind, ...] = ("weight", "bias")
STEPS: dict[Direction, tuple[int, int]] = {
    "left": (0, -1),
    "right": (0, 1),
    "up": (-1, 0),
    "down": (1, 0),
}
"""By how many rows and columns each direction moves."""


class MatrixPanel(ViewPanel):
    """Shows one matrix a layer, with its bias row.

    ``select`` picks the parameters out of a view, ``prefix`` is "" for W1, b1 and "g" for gW1, gb1:
    the preset's mistakes stand in the lower border of these, which are not the true gradients.
    """

    def __init__(
        self,
        title: str,
        panel_id: str,
        select: Callable[[View], Parameters],
        prefix: str = "",
    ) -> None:
        super().__init__(title, panel_id)
        self._select, self._prefix = select, prefix

    def arranged(self, view: View, width: int) -> Arrangement:
        """Return the matrices' places in a panel ``width`` cells wide."""
        network = view.snapshot.experiment.network
        return arrange(network, width, view.named, view.present)

    def neighbour(self, view: View, direction: Direction) -> Selection:
        return self.arranged(view, self.container_size.width).neighbour(view.selection, direction)

    def _touched(self, view: View, tables: Sequence[Table], seen: Region) -> Region | None:
        """Return the first matrix of the operation, unless some of one is in sight.

        Decided for the weights and their gradients together: the panels are to stay side by side.
        """
        names = view.snapshot.experiment.network.names
        regions = [
            table.region
            for layer, table in enumerate(tables, 1)
            if highlight(view, names.weights(layer), names.weight_gradient(layer))
        ]
        if view.pointed or any(region.intersection(seen).height > 1 for region in regions):
            return None
        return next(iter(regions), None)

    def draw(self, view: View, width: int, height: int) -> Picture:
        mistakes = view.snapshot.experiment.training.mistakes if self._prefix else ()
        parameters, arranged = self._select(view), self.arranged(view, width)
        network, selection, focused = arranged.network, view.selection, self.has_focus
        styles, names = self.text_styles, network.names
        biases = parameters.biases or ()
        sizes = [largest(weights) for weights in parameters.weights]

        def row_of(number: int, row: int, columns: range) -> Row:
            """Return the heading, or numbers: what is selected, read, written or yet to come."""
            layer, sources, size = number + 1, network.layers[number], sizes[number]
            # biases by themselves: beside larger ones gradients of weights would read 0.000
            own_size = largest(biases[number]) if row > sources else size
            form = form_of(own_size, arranged.decimals)
            own = selection.layer == layer
            here = (arranged.row_of(selection), selection.unit) if own else (-1, -1)
            lit_row, lit_column = arranged.lit(selection, layer)
            title = self._prefix + (names.bias if row > sources else names.weights)(layer)
            touched, computed = highlight(view, title), view.computed(title)
            name = (
                title + GLYPHS[touched] * bool(touched),
                styles.highlighted(styles.strong, touched),
            )
            if 1 <= row <= sources:
                style = styles.strong if row == lit_row else styles.dim
                # an input has no weights into it: its name is lit in the rows of those out of it
                if selection == arranged.at(layer, row, -1):
                    style = styles.selected(styles.strong, focused)
                name = names.unit(number, row - 1), style
            values = parameters.weights[number][row - 1] if row <= sources else biases[number]
            cells = []
            for column in columns:
                if row == 0:
                    text = names.unit(layer, column)
                    usual = style = blank = styles.strong if column == lit_column else styles.dim
                else:
                    value = float(values[column])
                    text = signed(value, form).lstrip() if computed else PENDING
                    # the blanks keep the usual style, and so stay what they are when it is touched
                    usual = blank = styles.sign(value, size) if computed else styles.dim
                    if row == lit_row or column == lit_column:
                        blank += styles.lit
                    style = styles.highlighted(blank, touched)
                if (row, column) == here:
                    # as wide as most numbers are: it shall not change its width
                    text = text.rjust(form.width - 1) if row else text
                    style = styles.selected(usual, focused)
                    blank = blank if row else styles.text
                at = (column,) if row > sources else (row - 1, column)
                if row and view.cursor and view.cursor.is_at(title, *at):
                    style = styles.factor
                called = ""
                if row and arranged.naming:
                    called = self._prefix + arranged.at(layer, row, column).name(names)
                if called and arranged.naming == "instead":
                    text, called = called, ""
                cells.append(Cell(text, style, blank, called))
            return Row([name], cells)

        picture = drawn(arranged.tables, styles.text, row_of)
        return picture._replace(
            notes=[f"with {', '.join(mistakes)}", "with mistakes"] if mistakes else [""],
            spot=arranged.spot(selection),
            touched=self._touched(view, arranged.tables, self.seen(picture.size)),
            pick=lambda x, y: arranged.pick(x, y, self.scroll_offset),
        )


class Arrangement(NamedTuple):
    """The matrices of a network as tables, one a layer, with what is in their cells.

    ``naming`` says whether names stand there, and where; ``decimals`` are those of the numbers.
    """

    network: Network
    tables: tuple[Table, ...]
    decimals: int
    naming: Naming = ""

    def lit(self, selection: Selection, layer: int) -> tuple[int, int]:
        """Return the row and the column of a matrix that the selection is in; -1 for none.

        A unit has its column in the matrix into it, and its row in the one out of it.
        """
        kind, own, unit, _ = selection
        if own == layer:
            return (-1 if kind == "unit" else self.row_of(selection)), unit
        return (unit + 1 if kind == "unit" and own == layer - 1 else -1), -1

    def row_of(self, selection: Selection) -> int:
        """Return the row of a weight or a bias; a unit is in the heading."""
        if selection.kind == "weight":
            return selection.source + 1
        return 0 if selection.kind == "unit" else self.network.layers[selection.layer - 1] + 1

    def at(self, layer: int, row: int, column: int) -> Selection:
        """Return the weight, bias or unit in a row and column; in column -1 are the sources."""
        if column < 0:
            return Selection("unit", layer - 1, row - 1)
        if row == 0:
            return Selection("unit", layer, column)
        if row > self.network.layers[layer - 1]:
            return Selection("bias", layer, column)
        return Selection("weight", layer, column, row - 1)

    def spot(self, selection: Selection) -> Region:
        """Return the cell with its headings, or the name of a unit."""
        if selection.kind == "unit" and selection.layer == 0:
            return self.tables[0].sight(selection.unit + 1, 0)
        row = max(self.row_of(selection), 1)
        return self.tables[selection.layer - 1].sight(row, selection.unit)

    def pick(self, x: int, y: int, scrolled: Offset) -> Selection | None:
        """Return what is drawn at a cell of the content: a number, or the name of a unit."""
        for layer, table in enumerate(self.tables, 1):
            row, column = table.cell_at(x, y, scrolled) or (0, -1)
            if column >= 0 or 1 <= row <= self.network.layers[layer - 1]:
                return self.at(layer, row, column)
        return None

    def neighbour(self, selection: Selection, direction: Direction) -> Selection:
        """Return what lies one cell further, beyond the border of a matrix in the next layer's.

        From a unit the first weight into it is reached, from an input the first weight out of it.
        """
        layer, unit = selection.layer, selection.unit
        if selection.kind == "unit":
            return Selection("weight", layer, unit) if layer else Selection("weight", 1, 0, unit)
        table, here = self.tables[layer - 1], self.row_of(selection)
        down, along = STEPS[direction]
        row, column = here + down, unit + along
        if 1 <= row < table.rows and 0 <= column < table.columns:
            return self.at(layer, row, column)
        number = layer + down + along
        if not 1 <= number <= self.network.depth:
            return selection
        other, sources = self.tables[number - 1], self.network.layers[number - 1]
        if down:
            return self.at(number, 1 if down > 0 else other.rows - 1, min(unit, other.columns - 1))
        row = other.rows - 1 if selection.kind == "bias" else min(here, sources)
        return self.at(number, row, 0 if along > 0 else other.columns - 1)


@lru_cache(maxsize=8)
def arrange(
    network: Network, width: int, named: bool = False, present: bool = False
) -> Arrangement:
    """Return the tables beside each other where they fit in ``width``, else stacked.

    Names stand beside the numbers where all of it fits, else in their place; where there is no
    presentation, with more room, they do not have tables stacked that stand beside each other.
    With few decimals where they are to ``present``.
    """
    every = DECIMALS[-1:] if present else DECIMALS
    longest = _longest_name(network) + 1

    def fitting(more: int, stack: bool) -> tuple[tuple[Table, ...], int] | None:
        """Return the first tables that fit, with so much ``more`` in a cell, and their decimals."""
        tried = [(_flow(network, width, decimals + 5 + more), decimals) for decimals in every]
        beside = [each for each in tried if _fits(each[0], width)]
        # what is stacked may need a scroll bar
        narrow = [each for each in tried if max(table.right for table in each[0]) < width]
        return next(iter((*beside, *narrow * stack)), None)

    usual = every[len(every) // 2]
    tables, decimals = fitting(0, True) or (_flow(network, width, usual + 5), usual)
    if not named:
        return Arrangement(network, tables, decimals)
    roomy = fitting(longest, present or not _fits(tables, width))
    if roomy is not None:
        return Arrangement(network, *roomy, "beside")
    cell = max(decimals + 5, longest)
    return Arrangement(network, _flow(network, width, cell), decimals, "instead")


def _fits(tables: tuple[Table, ...], width: int) -> bool:
    """Return whether all tables stand beside each other."""
    return tables[-1].right <= width and tables[-1].y == tables[0].y


def _longest_name(network: Network) -> int:
    """Return the length of the longest name of a gradient, which is longer than its weight's."""
    names = network.names
    last = [
        Selection(kind, layer, network.layers[layer] - 1, network.layers[layer - 1] - 1).name(names)
        for layer in range(1, network.depth + 1)
        for kind in KINDS[: 1 + network.bias]
    ]
    return 1 + max(map(len, last))


def _flow(network: Network, width: int, cell: int) -> tuple[Table, ...]:
    names, tables = network.names, list[Table]()
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
