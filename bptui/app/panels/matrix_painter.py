"""Paints one layer's matrix row by row: what is selected, read, written or yet to be computed."""

from __future__ import annotations

from bptui.app.lines import Line
from bptui.app.numbers import form_of, largest, signed
from bptui.app.panels.blocks import Block
from bptui.app.panels.cells import row_of
from bptui.app.styles import GLYPHS, PENDING, Highlight, Styles, highlight
from bptui.app.view import View
from bptui.core.arrays import Array
from bptui.core.network import Parameters


class MatrixPainter:
    """Paints the rows of ``block`` in one view; ``focused`` is whether its panel has the focus."""

    def __init__(
        self, block: Block, view: View, parameters: Parameters, styles: Styles, focused: bool
    ) -> None:
        self.block, self._view, self._parameters = block, view, parameters
        self._styles, self._focused = styles, focused
        self._names = view.snapshot.experiment.network.names
        self._largest = largest(parameters.weights[block.layer - 1])
        biases = 0.0 if parameters.biases is None else largest(parameters.biases[block.layer - 1])
        self._form = form_of(max(self._largest, biases), block.decimals)
        selection = view.selection
        own, unit = selection.layer == block.layer, selection.kind == "unit"
        self._column = selection.unit if own else -1
        self._row = row_of(block, selection) if own and not unit else -1
        # an input has no weights into it, so its name is lit in the rows of those out of it
        self._unit_row = selection.unit + 1 if unit and selection.layer == block.layer - 1 else -1
        self._unit_column = selection.unit if own and unit else -1

    def paint(self, line: Line, row: int, left: int, right: int) -> None:
        """Add a row, its name moved to column ``left`` of the content and cut at ``right``."""
        block, styles = self.block, self._styles
        title = self._title(row)
        touched: Highlight = highlight(self._view, title) if title else ""
        at = min(max(block.x, left), block.right - block.label_width)
        line.pad(at, styles.text)
        if title:
            line.add(
                title + GLYPHS[touched] * bool(touched), styles.highlighted(styles.strong, touched)
            )
        else:
            self._add_source(line, row)
        first = -(-(at - block.x) // block.cell)
        start = block.x + block.label_width + first * block.cell
        line.pad(start, styles.text)
        # no cell that the edge would cut: the rest of a number reads as another one
        room = right - block.x - block.label_width
        cells = slice(first, max(room // block.cell, first))
        # every cell begins with a blank: the glyph may have taken that of the first one
        taken = line.width - start
        if row == 0:
            self._add_units(line, range(*cells.indices(block.columns)), taken)
        else:
            self._add_values(line, row, cells, taken)

    def _title(self, row: int) -> str:
        """The name of the quantity that begins in a row, if one does."""
        if row == 0:
            return self.block.title
        return self.block.bias_title if row > self.block.sources else ""

    def _add_source(self, line: Line, row: int) -> None:
        styles = self._styles
        name = self._names.unit(self.block.layer - 1, row - 1)
        if row == self._unit_row:
            line.add(name, styles.selected(styles.strong, self._focused))
        else:
            line.add(name, styles.strong if row == self._row else styles.dim)

    def _add_units(self, line: Line, columns: range, taken: int) -> None:
        styles = self._styles
        for column in columns:
            name = self._names.unit(self.block.layer, column)
            text, style = name.rjust(self.block.cell)[taken:], styles.dim
            taken = 0
            if column == self._column:
                style = styles.strong
            if column == self._unit_column:
                line.add(text[: len(text) - len(name)], styles.text)
                text, style = name, styles.selected(styles.strong, self._focused)
            line.add(text, style)

    def _add_values(self, line: Line, row: int, cells: slice, taken: int) -> None:
        styles, block, view = self._styles, self.block, self._view
        values = self._values(row)[cells]
        biases = row > block.sources
        quantity = block.bias_title if biases else block.title
        touched, computed = highlight(view, quantity), view.computed(quantity)
        chosen = self._column - cells.start if row == self._row else -1
        for index, value in enumerate(values.tolist()):
            number = signed(value, self._form).lstrip() if computed else PENDING
            usual = style = styles.sign(value, self._largest) if computed else styles.dim
            if index == chosen:
                # as wide as most numbers are: it shall not change its width
                number = number.rjust(block.decimals + 3)
                style = styles.selected(style, self._focused)
            else:
                style = styles.highlighted(style, touched)
            # the blanks keep the number's usual style, and so stay what they are when it is lit
            line.add(" " * (block.cell - taken - len(number)), usual).add(number, style)
            taken = 0

    def _values(self, row: int) -> Array:
        layer = self.block.layer - 1
        if row <= self.block.sources:
            weights: Array = self._parameters.weights[layer][row - 1]
            return weights
        assert self._parameters.biases is not None, "a bias row stands only where there are biases"
        return self._parameters.biases[layer]
