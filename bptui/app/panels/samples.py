"""Every sample of the data, in the place of the loss: inputs, targets, and what comes out."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np
from rich.cells import cell_len
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from bptui.app.lines import fitted
from bptui.app.numbers import largest, places, short
from bptui.app.panels.panel import FollowingPanel
from bptui.app.panels.picture import classes_in, input_name, looked_at, sample_of
from bptui.app.panels.table import Cell, Row, Table, painted
from bptui.app.view import Selection, View
from bptui.core.arrays import Array
from bptui.core.evaluation import ForwardPass
from bptui.core.experiment import Experiment
from bptui.core.network import Network

Edited = tuple[Literal["input", "target"], int, int]
DECIMALS = (4, 3, 2)
"""Tried in this order; two where not even two fit, as one must scroll anyway."""
FAR = 1 << 40


class Listing:
    """What a list of samples holds: its rows, its columns, and how wide they are."""

    def __init__(self, experiment: Experiment) -> None:
        network, data = experiment.network, experiment.data
        self.experiment, self.names = experiment, network.names
        self.classes = classes_in(experiment)
        self.inputs, self.outputs = network.layers[0], network.layers[-1]
        self.samples, self.tests = data.samples, len(data.test_inputs)
        self.editable = self.inputs + self.outputs
        """Inputs and targets, which come before the outputs."""
        self.digits = max(len(str(max(self.samples, self.tests))), 2)
        self.labels = np.concatenate(self.classes.both) if self.classes else np.zeros(0)
        inputs = np.concatenate([data.inputs, data.test_inputs])
        targets = np.concatenate([data.targets, data.test_targets])
        self.largest = np.abs(np.hstack([inputs, targets])).max(axis=0)
        """The greatest size in each column of inputs and targets."""
        self.widest_name = max(map(cell_len, data.input_names), default=1)

    def table(self, width: int) -> Table:
        """Return the table with as many decimals as leave room for all columns."""
        numbers = self.editable + self.outputs
        # the mark of the one looked at, its number, that of the batch, right or wrong
        name = 1 + self.digits + 1 + (self.classes is not None)
        fitting = (count for count in DECIMALS if name + numbers * (count + 4) < width)
        rows = self.samples + (1 + self.tests if self.tests else 0)
        return Table(0, 0, name, next(fitting, DECIMALS[-1]) + 4, 1 + rows, numbers)

    def sample_at(self, row: int) -> int | None:
        """Return the sample in a row; None for headings, the line between the parts, beyond."""
        if 1 <= row <= self.samples:
            return row - 1
        return row - 2 if 1 < row - self.samples <= self.tests + 1 else None

    def row_of(self, sample: int) -> int:
        return 1 + sample + (sample >= self.samples)

    def heading(self, column: int, cell: int) -> str:
        """Return the name of a column: that in the data where all of these have room."""
        if column < self.inputs:
            if self.widest_name < cell:
                return input_name(self.experiment, column)
            return self.names.unit(0, column)
        output = column - self.inputs
        if output < self.outputs:
            one = self.outputs == 1 and cell > len("target")
            return "target" if one else f"t{output + 1}"
        return self.names.unit(self.names.depth, output - self.outputs)

    def remarks(self, column: int, cell: int) -> list[str]:
        """Say what a column is and how many samples there are, in ever fewer words."""
        name = ""
        if column < self.inputs and self.experiment.data.input_names and self.widest_name >= cell:
            known = input_name(self.experiment, column)
            name = f"{self.heading(column, cell)} is {known}, "
        count = f"{self.samples:,} sample{'s' * (self.samples > 1)}"
        if not self.tests:
            return [f"{name}{count}", count]
        whole = f"{count}, {self.tests:,} test samples"
        return [f"{name}{whole}", whole, f"{self.samples:,} + {self.tests:,} test"]


@lru_cache(maxsize=2)
def listing_of(experiment: Experiment) -> Listing:
    """Return what is listed of an experiment."""
    return Listing(experiment)


@lru_cache(maxsize=2)
def _pass_of(network: Network, samples: int) -> ForwardPass:
    return ForwardPass(network, samples)


class SamplesPanel(FollowingPanel[View, Selection]):
    """A row a sample, of which only those in sight are computed.

    The arrows move the sample that is looked at, and the cell in its row that can be changed.
    """

    BINDINGS: ClassVar = [
        Binding("up", "screen.look(-1)", "Previous sample", show=False),
        Binding("down", "screen.look(1)", "Next sample", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", f"screen.look({-FAR})", "First sample", show=False),
        Binding("end", f"screen.look({FAR})", "Last sample", show=False),
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
        self._chosen = 0
        self.add_class("absent")
        self.away = True

    def _column(self, view: View) -> int:
        """Return the selected column, among inputs and targets."""
        return min(self._chosen, listing_of(view.snapshot.experiment).editable - 1)

    def edited_cell(self) -> Edited | None:
        """Return which number is selected: its kind, its sample, its column; None where none is.

        Test samples are counted on after those of training.
        """
        if self.view is None or self.away or not self.size.area:
            return None
        column, inputs = self._column(self.view), listing_of(self.view.snapshot.experiment).inputs
        sample = looked_at(self.view)
        return ("input", sample, column) if column < inputs else ("target", sample, column - inputs)

    async def action_page(self, sign: int) -> None:
        """Go as many samples further as are in sight."""
        await self.run_action(f"screen.look({sign * max(self.container_size.height - 3, 1)})")

    def action_column(self, by: int) -> None:
        """Select the number beside; after the last one comes the first."""
        if self.view is not None:
            columns = listing_of(self.view.snapshot.experiment).editable
            self._chosen = (self._column(self.view) + by) % columns
            self._bring_into_sight()
            self.repaint()

    def follow_on(self, before: View | None) -> None:
        if self.view is not None and before is not None and self.view.sample != before.sample:
            self._bring_into_sight()

    def resized(self) -> None:
        super().resized()
        self.call_after_refresh(self._bring_into_sight)

    def _bring_into_sight(self) -> None:
        """Scroll to the selected number, and to as many of the outputs as possible."""
        if self.view is None:
            return
        spot = self.spot(self.view)
        if self._column(self.view) >= listing_of(self.view.snapshot.experiment).inputs:
            width = self.extent(self.view, *self.container_size).width
            right = min(width, spot.x + self.seen(self.view).width)
            spot = Region(spot.x, spot.y, right - spot.x, spot.height)
        self.follow(spot)

    def extent(self, view: View, width: int, height: int) -> Size:
        table = listing_of(view.snapshot.experiment).table(width)
        return Size(table.right, table.bottom)

    def spot(self, view: View) -> Region:
        listing = listing_of(view.snapshot.experiment)
        table = listing.table(self.container_size.width)
        return table.sight(listing.row_of(looked_at(view)), self._column(view))

    def choose(self, view: View, x: int, y: int) -> bool:
        listing = listing_of(view.snapshot.experiment)
        found = listing.table(self.container_size.width).cell_at(x, y, self.scroll_offset)
        sample = listing.sample_at(found[0]) if found else None
        if found is None or sample is None:
            return False
        if found[1] >= 0:
            self._chosen = min(found[1], listing.editable - 1)
        self.post_message(self.Looked(sample))
        self.repaint()
        return True

    def paint(self, view: View, width: int, height: int) -> list[Strip]:
        listing, seen = listing_of(view.snapshot.experiment), self.seen(view)
        table, styles, chosen = listing.table(width), self.text_styles, self._column(view)
        self.note(*listing.remarks(chosen, table.cell))
        found = map(listing.sample_at, range(seen.y + 1, seen.y + height))
        samples = [sample for sample in found if sample is not None]
        outputs = _outputs(view, samples)
        # the batch may be as large as the data: looked through once, not for every row
        in_batch = np.isin(samples, view.snapshot.batch)
        sizes = [*listing.largest.tolist(), *(largest(column) for column in outputs.T)]
        decimals = [places(size, table.cell - 1) for size in sizes]

        def row_of(_: int, row: int, columns: range) -> Row:
            if row == 0:
                lit = [styles.strong if column == chosen else styles.dim for column in columns]
                texts = [fitted(listing.heading(at, table.cell), table.cell) for at in columns]
                cells = [Cell(*pair, pair[1]) for pair in zip(texts, lit, strict=True)]
                return Row([("#".rjust(1 + listing.digits), styles.dim)], cells)
            sample = listing.sample_at(row)
            if sample is None:
                return Row([(" test samples, not used for training", styles.dim)], ())
            at, one = samples.index(sample), sample_of(listing.experiment, sample)
            here = sample == looked_at(view)
            marks = [
                ("▸" if here else " ", styles.accent),
                (str(one.number).rjust(listing.digits), styles.strong if here else styles.dim),
                ("•" if in_batch[at] else " ", styles.accent),
            ]
            if listing.classes is not None:
                right = listing.classes.predicted(outputs[[at]])[0] == listing.labels[sample]
                marks.append(("✓", styles.dim) if right else ("✗", styles.warning))
            cells = []
            values = [*one.inputs.tolist(), *one.targets.tolist(), *outputs[at].tolist()]
            for column in columns:
                text = short(values[column], table.cell - 1, decimals[column])
                style = styles.strong
                if column < listing.editable:
                    style = styles.text if column < listing.inputs else styles.dim
                if here and column == chosen:
                    style = styles.selected(styles.text, self.has_focus)
                    text = text.rjust(table.cell - 1)
                cells.append(Cell(text, style, styles.text))
            return Row(marks, cells)

        window = Region(seen.x, seen.y, seen.width, min(height, table.rows - seen.y))
        return painted([table], window, styles.text, row_of)


def _outputs(view: View, samples: list[int]) -> Array:
    """Return the outputs for these few samples at the shown step."""
    experiment = view.snapshot.experiment
    forward = _pass_of(experiment.network, len(samples))
    for row, sample in enumerate(samples):
        forward.inputs[row] = sample_of(experiment, sample).inputs
    return forward.run(view.snapshot.parameters)
