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
from bptui.app.numbers import form_of, largest, plain
from bptui.app.panels.facts import Facts, looked_at
from bptui.app.panels.panel import FollowingPanel
from bptui.app.panels.table import Cell, Row, Table, painted
from bptui.app.view import Selection, View
from bptui.core.evaluation import ForwardPass
from bptui.core.experiment import Experiment
from bptui.core.network import Network

Edited = tuple[Literal["input", "target"], int, int]
DECIMALS = (4, 3, 2)
"""Tried in this order; two where not even two fit, as one must scroll anyway."""
FAR = 1 << 40


class Listing(Facts):
    """What a list of samples holds: its rows, its columns, and how wide they are."""

    def __init__(self, experiment: Experiment) -> None:
        super().__init__(experiment)
        self.tests, self.wide = self.count - self.training, self.network.layers[0]
        self.editable = self.wide + self.outputs
        """Inputs and targets, which come before the outputs."""
        self.digits = max(len(str(max(self.training, self.tests))), 2)
        self.largest = np.abs(np.hstack([self.inputs, self.targets])).max(axis=0)
        """The greatest size in each column of inputs and targets."""
        self.widest_name = max(map(cell_len, self.data.input_names), default=1)

    def table(self, width: int) -> Table:
        """Return the table with as many decimals as leave room for all columns."""
        numbers = self.editable + self.outputs
        # the mark of the one looked at, its number, that of the batch, right or wrong
        name = 1 + self.digits + 1 + (self.classes is not None)
        fitting = (count for count in DECIMALS if name + numbers * (count + 4) < width)
        rows = 1 + self.count + (self.tests > 0)
        return Table(0, 0, name, next(fitting, DECIMALS[-1]) + 4, rows, numbers)

    def sample_at(self, row: int) -> int | None:
        """Return the sample in a row; None for headings, the line between the parts, beyond."""
        sample = row - 1 - (row > self.training)
        apart = row == self.training + 1
        return sample if 0 <= sample < self.count and not apart else None

    def row_of(self, sample: int) -> int:
        return 1 + sample + (sample >= self.training)

    def heading(self, column: int, cell: int) -> str:
        """Return the name of a column: that in the data where all of these have room."""
        if column < self.wide:
            fits = self.widest_name < cell
            return self.input_name(column) if fits else self.network.names.unit(0, column)
        if column < self.editable:
            one = self.outputs == 1 and cell > len("target")
            return "target" if one else f"t{column - self.wide + 1}"
        return self.output_name(column - self.editable)

    def remarks(self, column: int, cell: int) -> list[str]:
        """Say what a column is and how many samples there are, in ever fewer words."""
        name = ""
        if column < self.wide and self.data.input_names and self.widest_name >= cell:
            name = f"{self.heading(column, cell)} is {self.input_name(column)}, "
        count = f"{self.training:,} sample{'s' * (self.training > 1)}"
        if not self.tests:
            return [f"{name}{count}", count]
        whole = f"{count}, {self.tests:,} test samples"
        return [f"{name}{whole}", whole, f"{self.training:,} + {self.tests:,} test"]


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
        column, inputs = self._column(self.view), listing_of(self.view.snapshot.experiment).wide
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
        if self._column(self.view) >= listing_of(self.view.snapshot.experiment).wide:
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
        forward = _pass_of(listing.network, len(samples))
        forward.inputs[:] = listing.inputs[samples]
        outputs = forward.run(view.snapshot.parameters)
        values = np.hstack([listing.inputs[samples], listing.targets[samples], outputs])
        # the batch may be as large as the data: looked through once, not for every row
        in_batch = np.isin(samples, view.snapshot.batch)
        sizes = [*listing.largest.tolist(), *map(largest, outputs.T)]
        forms = [form_of(size, table.cell - 4, 3) for size in sizes]

        def row_of(_: int, row: int, columns: range) -> Row:
            if row == 0:
                lit = [styles.strong if column == chosen else styles.dim for column in columns]
                texts = [fitted(listing.heading(at, table.cell), table.cell) for at in columns]
                cells = [Cell(*pair, pair[1]) for pair in zip(texts, lit, strict=True)]
                return Row([("#".rjust(1 + listing.digits), styles.dim)], cells)
            sample = listing.sample_at(row)
            if sample is None:
                return Row([(" test samples, not used for training", styles.dim)], ())
            at, here = samples.index(sample), sample == looked_at(view)
            number = f"{listing.number(sample):>{listing.digits}}"
            marks = [
                ("▸" if here else " ", styles.accent),
                (number, styles.strong if here else styles.dim),
                ("•" if in_batch[at] else " ", styles.accent),
            ]
            if listing.classes is not None:
                right = listing.classes.predicted(outputs[[at]])[0] == listing.labels[sample]
                marks.append(("✓", styles.dim) if right else ("✗", styles.warning))
            cells = []
            for column in columns:
                text = plain(float(values[at, column]), forms[column])
                kinds = (styles.text, styles.dim, styles.strong)
                style = kinds[(column >= listing.wide) + (column >= listing.editable)]
                if here and column == chosen:
                    style = styles.selected(styles.text, self.has_focus)
                cells.append(Cell(text, style, styles.text))
            return Row(marks, cells)

        window = Region(seen.x, seen.y, seen.width, min(height, table.rows - seen.y))
        return painted([table], window, styles.text, row_of)
