"""Every sample of the data, in the place of the loss: inputs, targets, and what comes out."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np
from textual.binding import Binding
from textual.geometry import Region, Size

from bptui.app.lines import fitted
from bptui.app.numbers import form_of, largest, plain
from bptui.app.panels.facts import facts_of
from bptui.app.panels.panel import ViewPanel
from bptui.app.panels.pictures import Cell, Picture, Row, drawn
from bptui.app.view import View
from bptui.core.evaluation import ForwardPass

Edited = tuple[Literal["input", "target"], int, int]
FAR = 1 << 40


_pass_of = lru_cache(maxsize=2)(ForwardPass)


class SamplesPanel(ViewPanel):
    """A row a sample, of which only those in sight are computed.

    The arrows move the sample that is looked at, and the cell in its row that can be changed.
    """

    BINDINGS: ClassVar = [
        Binding(key, action, "Select", show=False)
        for key, action in (
            *(("up", "screen.look(-1)"), ("down", "screen.look(1)")),
            *(("pageup", "page(-1)"), ("pagedown", "page(1)")),
            *(("home", f"screen.look({-FAR})"), ("end", f"screen.look({FAR})")),
            *(("left", "column(-1)"), ("right", "column(1)")),
        )
    ]

    follows = True

    def __init__(self) -> None:
        super().__init__("Samples", "samples")
        self._chosen = 0

    def _column(self, view: View) -> int:
        """Return the selected column, among inputs and targets."""
        return min(self._chosen, facts_of(view.snapshot.experiment).editable - 1)

    def edited_cell(self) -> Edited | None:
        """Return which number is selected: its kind, its sample, its column; None where none is.

        Test samples are counted on after those of training.
        """
        if self.view is None or self.away or not self.size.area:
            return None
        column, inputs = self._column(self.view), facts_of(self.view.snapshot.experiment).wide
        sample = self.view.looked_at
        return ("input", sample, column) if column < inputs else ("target", sample, column - inputs)

    async def action_page(self, sign: int) -> None:
        """Go as many samples further as are in sight."""
        await self.run_action(f"screen.look({sign * max(self.container_size.height - 3, 1)})")

    def action_column(self, by: int) -> None:
        """Select the number beside; after the last one comes the first."""
        if self.view is not None:
            columns = facts_of(self.view.snapshot.experiment).editable
            self._chosen = (self._column(self.view) + by) % columns
            self.repaint()
            self.follow(self.drawn.spot)

    def follow_on(self, before: View | None) -> None:
        if self.view is not None and before is not None and self.view.sample != before.sample:
            self.follow(self.drawn.spot)

    def choose(self, view: View, x: int, y: int) -> bool:
        facts = facts_of(view.snapshot.experiment)
        found = facts.table(self.container_size.width).cell_at(x, y, self.scroll_offset)
        sample = facts.sample_at(found[0]) if found else None
        if found is None or sample is None:
            return False
        if found[1] >= 0:
            self._chosen = min(found[1], facts.editable - 1)
        self.post_message(self.Selected(sample))
        self.repaint()
        return True

    def draw(self, view: View, width: int, height: int) -> Picture:
        facts = facts_of(view.snapshot.experiment)
        table, styles, chosen = facts.table(width), self.text_styles, self._column(view)
        seen = self.seen(Size(table.right, table.bottom))
        found = map(facts.sample_at, range(seen.y + 1, seen.y + height))
        samples = [sample for sample in found if sample is not None]
        forward = _pass_of(facts.network, len(samples))
        forward.inputs[:] = facts.inputs[samples]
        outputs = forward.run(view.snapshot.parameters)
        values = np.hstack([facts.inputs[samples], facts.targets[samples], outputs])
        # the batch may be as large as the data: looked through once, not for every row
        in_batch = np.isin(samples, view.snapshot.batch)
        sizes = [*facts.largest.tolist(), *map(largest, outputs.T)]
        forms = [form_of(size, table.cell - 4, 3) for size in sizes]

        def row_of(_: int, row: int, columns: range) -> Row:
            if row == 0:
                lit = [styles.strong if column == chosen else styles.dim for column in columns]
                texts = [fitted(facts.heading(at, table.cell), table.cell) for at in columns]
                cells = [Cell(*pair, pair[1]) for pair in zip(texts, lit, strict=True)]
                return Row([("#".rjust(1 + facts.digits), styles.dim)], cells)
            sample = facts.sample_at(row)
            if sample is None:
                return Row([(" test samples, not used for training", styles.dim)], ())
            at, here = samples.index(sample), sample == view.looked_at
            number = f"{facts.number(sample):>{facts.digits}}"
            marks = [
                ("▸" if here else " ", styles.accent),
                (number, styles.strong if here else styles.dim),
                ("•" if in_batch[at] else " ", styles.accent),
            ]
            if facts.classes is not None:
                right = facts.classes.predicted(outputs[[at]])[0] == facts.labels[sample]
                marks.append(("✓", styles.dim) if right else ("✗", styles.warning))
            cells = []
            for column in columns:
                text = plain(float(values[at, column]), forms[column])
                kinds = (styles.text, styles.dim, styles.strong)
                style = kinds[(column >= facts.wide) + (column >= facts.editable)]
                if here and column == chosen:
                    style = styles.selected(styles.text, self.has_focus)
                cells.append(Cell(text, style, styles.text))
            return Row(marks, cells)

        spot = table.sight(facts.row_of(view.looked_at), chosen)
        if chosen >= facts.wide:  # with a target as many of the outputs as possible
            spot = Region(spot.x, spot.y, min(table.right - spot.x, seen.width), spot.height)
        notes = facts.remarks(chosen, table.cell)
        return drawn([table], styles.text, row_of)._replace(notes=notes, spot=spot)
