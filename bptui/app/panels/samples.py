"""Every sample of the data, in the place of the loss: inputs, targets, and what comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from rich.cells import cell_len
from rich.style import Style
from textual.binding import Binding
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from bptui.app.lines import Line, justified
from bptui.app.numbers import largest, places, short
from bptui.app.panels.following import FollowingPanel
from bptui.app.panels.learned.picture import input_name, inputs_of, looked_at, targets_of
from bptui.app.view import View
from bptui.core.arrays import Array
from bptui.core.experiment import Experiment

if TYPE_CHECKING:  # loaded with the first list of samples
    from bptui.core.evaluation import Classes, ForwardPass

Cell = tuple[Literal["input", "target"], int, int]
DECIMALS = (4, 3, 2)
"""Tried in this order; two where not even two fit, as one must scroll anyway."""
HEAD = 1
"""The line of the headings."""
FAR = 1 << 40


class SamplesPanel(FollowingPanel):
    """A row a sample, of which only those in sight are computed.

    The arrows move the sample that is looked at, and the cell in its row that can be changed.
    """

    BINDINGS: ClassVar = [
        Binding("up", "app.look(-1)", "Previous sample", show=False),
        Binding("down", "app.look(1)", "Next sample", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", f"app.look({-FAR})", "First sample", show=False),
        Binding("end", f"app.look({FAR})", "Last sample", show=False),
        Binding("left", "column(-1)", "Previous number", show=False),
        Binding("right", "column(1)", "Next number", show=False),
    ]

    class Looked(Message):
        """A sample was chosen with the mouse."""

        def __init__(self, sample: int) -> None:
            super().__init__()
            self.sample = sample

    def __init__(self) -> None:
        super().__init__("Samples", "samples")
        self._column = 0
        self._table: Table | None = None
        self._pass: tuple[object, ForwardPass] | None = None
        self.add_class("absent")
        self.away = True

    def table(self, view: View, width: int) -> Table:
        """The columns of the samples in a panel ``width`` cells wide."""
        experiment = view.snapshot.experiment
        if self._table is None or self._table.experiment is not experiment:
            self._table = Table(experiment)
        self._table.fit(width)
        return self._table

    def edited_cell(self) -> Cell | None:
        """Which number is selected: its kind, its sample, its column; None where none is.

        Test samples are counted on after those of training.
        """
        if self.view is None or self.away or not self.size.area:
            return None
        table = self.table(self.view, self.container_size.width)
        column = min(self._column, table.editable - 1)
        sample = looked_at(self.view)
        if column < table.inputs:
            return ("input", sample, column)
        return ("target", sample, column - table.inputs)

    async def action_page(self, sign: int) -> None:
        """As many samples further as are in sight."""
        rows = max(self.container_size.height - HEAD - 2, 1)
        await self.run_action(f"app.look({sign * rows})")

    def action_column(self, by: int) -> None:
        """The number beside it; from the last one on to the first."""
        if self.view is not None:
            table = self.table(self.view, self.container_size.width)
            self._column = (min(self._column, table.editable - 1) + by) % table.editable
            self._follow(self.view, self._sight(self.view))
            self.repaint()

    def watch_view(self, before: View | None, view: View | None) -> None:
        super().watch_view(before, view)
        if view is not None and before is not None and view.sample != before.sample:
            self._follow(view, self._sight(view))

    def resized(self) -> None:
        super().resized()
        self.call_after_refresh(self._bring_into_sight)

    def _bring_into_sight(self) -> None:
        if self.view is not None:
            self._follow(self.view, self._sight(self.view))

    def extent(self, view: View, width: int, height: int) -> Size:
        table = self.table(view, width)
        return Size(table.width, HEAD + table.rows)

    def spot(self, view: View) -> Region:
        """The row with the line above it, which the headings cover, and the selected number."""
        table = self.table(view, self.container_size.width)
        left, right = table.reach(min(self._column, table.editable - 1))
        y = table.row_of(looked_at(view))
        return Region(left - table.fixed, y, right - left + table.fixed, 1 + HEAD)

    def _sight(self, view: View) -> Region:
        """What should be in sight: beside a target as many of the outputs as possible."""
        table, spot = self.table(view, self.container_size.width), self.spot(view)
        if self.selected_column(table) < table.inputs:
            return spot
        right = min(table.width, spot.x + self.seen(view).width)
        return Region(spot.x, spot.y, right - spot.x, spot.height)

    async def on_click(self, event: Click) -> None:
        place = event.get_content_offset(self)
        if place is None or self.view is None or place.y < HEAD:
            return
        table = self.table(self.view, self.container_size.width)
        sample = table.sample_at(place.y + int(self.scroll_offset.y) - HEAD)
        if sample is None:
            return
        if place.x >= table.fixed:
            column = (place.x + int(self.scroll_offset.x) - table.fixed) // table.cell
            self._column = min(column, table.editable - 1)
        self.post_message(self.Looked(sample))
        self.repaint()
        await self.edit_at_double_click(event)

    def paint(self, view: View, width: int, height: int) -> list[Strip]:
        table = self.table(view, width)
        left, top = int(self.scroll_offset.x), int(self.scroll_offset.y)
        extent = self.extent(view, width, height)
        room = width - (extent.height > height - (extent.width > width))
        columns = table.columns_within(left, room)
        rows = range(top, min(top + height - HEAD, table.rows))
        samples = [table.sample_at(row) for row in rows]
        present = [each for each in samples if each is not None]
        outputs = self._outputs(view, present)
        painter = _Painter(self, view, table, columns, left, present, outputs)
        strips, done = [painter.headings()], 0
        for sample in samples:
            if sample is None:
                strips.append(painter.divider())
                continue
            strips.append(painter.row(sample, outputs[done]))
            done += 1
        self.note(*self._remarks(table))
        return [strip.crop(0, room) for strip in strips]

    def selected_column(self, table: Table) -> int:
        """Among inputs and targets, counted through."""
        return min(self._column, table.editable - 1)

    def _remarks(self, table: Table) -> list[str]:
        """What the columns are and how many samples there are, in ever fewer words."""
        column, tests = self.selected_column(table), table.tests
        named = column < table.inputs and table.experiment.data.input_names and not table.named
        name = f"{table.heading(column)} is {table.input_name(column)}, " if named else ""
        count = f"{table.samples:,} sample{'s' * (table.samples > 1)}"
        held_out = f", {tests:,} test samples" if tests else ""
        short = f"{table.samples:,} + {tests:,} test" if tests else count
        return [f"{name}{count}{held_out}", f"{count}{held_out}", short]

    def _outputs(self, view: View, samples: list[int]) -> Array:
        """The outputs for these few samples at the shown step."""
        from bptui.core.evaluation import ForwardPass

        experiment = view.snapshot.experiment
        network = experiment.network
        key = (network, len(samples))
        if self._pass is None or self._pass[0] != key:
            self._pass = (key, ForwardPass(network, len(samples)))
        forward = self._pass[1]
        for row, sample in enumerate(samples):
            forward.inputs[row] = inputs_of(experiment, sample)
        return forward.run(view.snapshot.parameters)


class Table:
    """Where the columns of a list of samples stand.

    Marks and the sample's number, which stay in sight; then inputs, targets and outputs.
    """

    def __init__(self, experiment: Experiment) -> None:
        from bptui.core.evaluation import classes_of

        self.experiment, network, data = experiment, experiment.network, experiment.data
        self.classes: Classes | None = classes_of(data)
        self.inputs, self.outputs = network.layers[0], network.layers[-1]
        self.samples, self.tests = data.samples, len(data.test_inputs)
        self.digits = max(len(str(max(self.samples, self.tests))), 2)
        # the mark of the one looked at, its number, that of the batch, right or wrong
        self.fixed = 1 + self.digits + 1 + (self.classes is not None)
        self.decimals, self.named = DECIMALS[-1], False
        given = [
            np.hstack([data.inputs, data.targets]),
            np.hstack([data.test_inputs, data.test_targets]),
        ]
        self.largest = np.max([np.abs(each).max(axis=0, initial=0.0) for each in given], axis=0)
        """The greatest size in each column of inputs and targets."""
        # whether the names of the inputs' columns fit above them
        self._widest_name = max(cell_len(name) for name in data.input_names or (" ",))

    @property
    def cell(self) -> int:
        """The width of a number with the blank before it."""
        return self.decimals + 4

    @property
    def editable(self) -> int:
        """Inputs and targets."""
        return self.inputs + self.outputs

    @property
    def rows(self) -> int:
        return self.samples + (1 + self.tests if self.tests else 0)

    @property
    def width(self) -> int:
        return self.fixed + (self.editable + self.outputs) * self.cell

    def fit(self, width: int) -> None:
        """As many decimals as leave room for all columns."""
        numbers = self.editable + self.outputs
        fitting = (each for each in DECIMALS if self.fixed + numbers * (each + 4) < width)
        self.decimals = next(fitting, DECIMALS[-1])
        self.named = self._widest_name < self.cell

    def columns_within(self, left: int, room: int) -> range:
        """The columns of numbers that are whole in ``room`` cells, scrolled by ``left``."""
        first = -(-left // self.cell)
        last = (left + room - self.fixed) // self.cell
        return range(min(first, last), min(last, self.editable + self.outputs))

    def reach(self, column: int) -> tuple[int, int]:
        """The first cell of a column, and the first one after it."""
        return self.fixed + column * self.cell, self.fixed + (column + 1) * self.cell

    def sample_at(self, row: int) -> int | None:
        """Which sample stands in a row; None for the line between the two parts and beyond."""
        if row < self.samples:
            return row
        return row - 1 if self.samples < row < self.rows else None

    def input_name(self, column: int) -> str:
        return input_name(self.experiment, column)

    def row_of(self, sample: int) -> int:
        return sample + (sample >= self.samples)

    def heading(self, column: int) -> str:
        names = self.experiment.network.names
        if column < self.inputs:
            return self.input_name(column) if self.named else names.unit(0, column)
        index = column - self.inputs
        if index < self.outputs:
            return "target" if self.outputs == 1 and self.cell > len("target") else f"t{index + 1}"
        return names.unit(names.depth, index - self.outputs)


class _Painter:
    """Paints the rows that are in sight."""

    def __init__(
        self,
        panel: SamplesPanel,
        view: View,
        table: Table,
        columns: range,
        left: int,
        samples: list[int],
        outputs: Array,
    ) -> None:
        self._view, self._table, self._columns = view, table, columns
        self._styles, self._focused = panel.text_styles, panel.has_focus
        self._chosen = panel.selected_column(table)
        self._indent = columns.start * table.cell - left
        self._looked_at = looked_at(view)
        self._places = {
            column: places(
                float(table.largest[column])
                if column < table.editable
                else largest(outputs[:, column - table.editable]),
                table.cell - 1,
            )
            for column in columns
        }
        # the batch may be as large as the data: looked through once, not for every row
        whole = table.experiment.schedule.full_batch
        self._in_sight = (
            set()
            if whole
            else set(np.array(samples)[np.isin(samples, view.snapshot.batch)].tolist())
        )

    def headings(self) -> Strip:
        table, styles = self._table, self._styles
        line = Line().add("#".rjust(1 + table.digits), styles.dim)
        line.pad(table.fixed + self._indent, styles.text)
        for column in self._columns:
            style = styles.strong if column == self._chosen else styles.dim
            line.add(justified(table.heading(column), table.cell), style)
        return line.strip()

    def divider(self) -> Strip:
        return Line().add(" test samples, not used for training", self._styles.dim).strip()

    def row(self, sample: int, outputs: Array) -> Strip:
        table, styles, data = self._table, self._styles, self._table.experiment.data
        here, held_out = sample == self._looked_at, sample - data.samples
        line = Line().add("▸" if here else " ", styles.accent)
        shown = sample + 1 if held_out < 0 else held_out + 1
        line.add(str(shown).rjust(table.digits), styles.strong if here else styles.dim)
        line.add("•" if self._in_batch(sample) else " ", styles.accent)
        if table.classes is not None:
            line.add(*self._judged(table.classes, sample, outputs))
        line.pad(table.fixed + self._indent, styles.text)
        inputs = inputs_of(table.experiment, sample)
        targets = targets_of(table.experiment, sample)
        for column in self._columns:
            if column < table.inputs:
                value, style = float(inputs[column]), styles.text
            elif column < table.editable:
                value, style = float(targets[column - table.inputs]), styles.dim
            else:
                value, style = float(outputs[column - table.editable]), styles.strong
            text = short(value, table.cell - 1, self._places[column])
            if here and column == self._chosen:
                style = styles.selected(styles.text, self._focused)
                text = text.rjust(table.cell - 1)
            line.add(" " * (table.cell - len(text)), styles.text).add(text, style)
        return line.strip()

    def _in_batch(self, sample: int) -> bool:
        if self._table.experiment.schedule.full_batch:
            return sample < self._table.samples
        return sample in self._in_sight

    def _judged(self, classes: Classes, sample: int, outputs: Array) -> tuple[str, Style]:
        right = int(classes.predicted(outputs[None, :])[0]) == _label(classes, sample)
        return ("✓", self._styles.dim) if right else ("✗", self._styles.warning)


def _label(classes: Classes, sample: int) -> int:
    trained = len(classes.training)
    return int(classes.training[sample] if sample < trained else classes.test[sample - trained])
