"""The program's variables at a moment; the selected one in full, beside what it should be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from typing import TypeVar, cast

import numpy as np
from msgspec.structs import replace
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip

from bptui.app.lines import BLANK, Line, fitted
from bptui.app.numbers import Form, form_of, largest, loss, signed
from bptui.app.program.claims import Mask
from bptui.app.program.moment import Moment
from bptui.app.program.panel import SIGNS, ProgramPanel, verdict_style
from bptui.app.program.record import Variable
from bptui.app.styles import GLYPHS, Highlight
from bptui.app.view import Direction
from bptui.core.arrays import Array
from bptui.explain.lines import kept

Numbers = TypeVar("Numbers", Array, Mask)
LONGEST = 18
"""Columns of a variable's name."""
DECIMALS = 4
HIDDEN = "right here by chance: equal numbers"
"""Said of wrong values that happen to be right."""


class ValuesPanel(ProgramPanel):
    """A line for each variable; below them the numbers of the selected one, as a matrix."""

    def __init__(self) -> None:
        super().__init__("Values", "values")

    def detail(self, height: int) -> int:
        """Return the lines of the selected variable, below the list and a line between."""
        return min(max(height // 2, 4), 12)

    def _list_height(self, height: int) -> int:
        return max(height - self.detail(height), 1)

    def variables(self, view: Moment) -> list[Variable]:
        """Return the variables, with the value just computed where it has no name."""
        return view.record.variables(view.stop)

    def neighbour(self, view: Moment, direction: Direction) -> Moment:
        if direction in ("left", "right"):
            size = int(np.prod(view.record.tape.shape(view.subject)))
            step = 1 if direction == "right" else -1
            place = min(max(view.number + step, 0), max(size - 1, 0))
            return replace(view, chosen=view.subject, place=place)
        entries = [variable.entry for variable in self.variables(view)]
        at = self._at(view)
        if at is None:
            return view.choosing(entries[-1]) if entries else view
        at += 1 if direction == "down" else -1
        return view.choosing(entries[min(max(at, 0), len(entries) - 1)])

    def _at(self, view: Moment) -> int | None:
        """Return which variable is selected."""
        entries = [variable.entry for variable in self.variables(view)]
        found = [at for at, entry in enumerate(entries) if entry == view.subject]
        return found[-1] if found else None

    def _latest(self, view: Moment) -> int:
        """Return which variable was given last."""
        entries = [variable.entry for variable in self.variables(view)]
        return max(range(len(entries)), key=lambda at: entries[at], default=0)

    def extent(self, view: Moment, width: int, height: int) -> Size:
        # the detail stays where it is: only the list is scrolled
        below = height - self._list_height(height)
        rows = max(len(self.variables(view)) + below, height)
        return Size(width - (rows > height), rows)

    def spot(self, view: Moment) -> Region | None:
        at = self._at(view)
        height = self.container_size.height
        below = height - self._list_height(height)
        return Region(0, self._latest(view) if at is None else at, 1, 1 + below)

    def paint(self, view: Moment, width: int, height: int) -> list[Strip]:
        variables, top = self.variables(view), int(self.scroll_offset.y)
        width = self.extent(view, width, height).width
        shown = self._list_height(height)
        name = min(max((len(variable.name) for variable in variables), default=1), LONGEST)
        counted = Counter(variable.name for variable in variables)
        doubled = {known for known, count in counted.items() if count > 1}
        shapes = [view.record.shape(variable.entry) for variable in variables]
        shape = max(map(len, shapes), default=0)
        rows = [
            self._row(view, variable, name, shape, width, doubled)
            for variable in variables[top : top + shown]
        ]
        rows += [BLANK] * (shown - len(rows))
        return [*rows, *self._detail(view, width, height - shown)]

    def _row(
        self,
        view: Moment,
        variable: Variable,
        name: int,
        shape: int,
        width: int,
        doubled: Set[str],
    ) -> Strip:
        record, styles, entry = view.record, self.text_styles, variable.entry
        touched: Highlight = ""
        if entry in record.fresh(view.stop) or entry == view.entry:
            touched = "written"
        elif entry in record.tape.inputs[view.entry]:
            touched = "read"
        claim = view.claims.of(entry)
        verdict = "" if claim is None else claim.verdict
        line = Line().add(f"{SIGNS[verdict]} ", verdict_style(styles, verdict))
        style = styles.highlighted(styles.strong, touched)
        if entry == view.subject:
            style = styles.selected(style, self.has_focus)
        line.add(fitted(variable.name, name), style)
        line.add(GLYPHS[touched], styles.accent).pad(name + 4, styles.text)
        line.add(f"{record.shape(entry):>{shape}} ", styles.dim)
        array = record.array(entry).reshape(-1)
        form = form_of(largest(array), DECIMALS)
        scope = f" {variable.scope}" if variable.scope and variable.name in doubled else ""
        room = (width - line.width - len(scope)) // (form.width + 1)
        count = array.size if array.size <= room else max(room, 1) if array.size < 1000 else 0
        most = largest(array)
        for value in array[:count].tolist():
            line.add(" " + signed(value, form), styles.sign(value, most))
        if count < array.size and line.width + 2 + len(scope) <= width:
            line.add(" …", styles.dim)
        if scope and line.width + len(scope) <= width:
            line.pad(width - len(scope), styles.text).add(scope, styles.faint)
        return line.strip()

    # the selected one

    def _detail(self, view: Moment, width: int, height: int) -> list[Strip]:
        record, styles, entry = view.record, self.text_styles, view.subject
        claim, true = view.claims.of(entry), view.claims.true(entry)
        room = max(width // (2 if claim is None else 3), 12)
        head = Line().add(f" {fitted(record.name(entry), room)}", styles.strong)
        if record.shape(entry):
            head.add(f" {record.shape(entry)}", styles.dim)
        own, rows = record.array(entry), max(height - 1, 1)
        differs = None if true is None or true.shape != own.shape else view.claims.differs(entry)
        if claim is not None:
            stands = view.claims.gradient(claim.source, claim.factor)
            verb = "=" if claim.verdict == "right" else "should be"
            room = width - head.width - 2
            head.add(f"  {fitted(f'{verb} {stands}', room)}", verdict_style(styles, claim.verdict))
        if own.size == 1:
            number = Line().add(f"   {loss(float(own.reshape(-1)[0]))}", styles.strong)
            if true is not None and differs is not None and differs.any():
                number.add(f"   true {loss(float(true.reshape(-1)[0]))}", styles.accent)
            strips = [head.strip(), number.strip()]
            if true is not None and true.size > 1:
                line, form = Line().add("   right: ", styles.dim), form_of(largest(true), DECIMALS)
                for value in true.reshape(-1).tolist():
                    line.add(f" {signed(value, form).strip()}", styles.accent)
                strips.append(line.strip())
            return strips
        if not own.size:
            return [head.add("  empty", styles.dim).strip()]
        index = view.index
        if own.ndim > 2:
            head.add(f"  [{', '.join(map(str, index[:-2]))}]", styles.dim)
        matrix, beside = _matrix(own, index), None
        here = (index[-2] if own.ndim > 1 else 0, index[-1])
        mask = None if differs is None else _matrix(differs, index)
        if mask is not None and mask.any() and true is not None:
            beside = _matrix(true, index)
        most = max(largest(matrix), 0.0 if beside is None else largest(beside))
        half = (width - 5) // 2 if beside is not None else width - 2
        forms = [form_of(most, decimals) for decimals in (DECIMALS, 3, 2)]
        cells = [self._cell(form, most) for form in forms]
        fits = (at for at, cell in enumerate(cells) if cell * matrix.shape[1] <= half)
        at = next(fits, 1)
        form, cell = forms[at], cells[at]
        below: list[Strip] = []
        if claim is not None and claim.verdict != "right" and mask is not None and not mask.any():
            rows -= 1
            below = [Line().add(f"  {HIDDEN}", styles.dim).strip()]
        if beside is not None and half < 4 * cell and matrix.shape[1] * cell > half:
            right, beside, half, rows = float(beside[here]), None, width - 2, rows - 1
            where = f"[{', '.join(map(str, index))}]"
            said = Line().add(f"  {where} right: {loss(right)}", styles.accent)
            below = [said.strip()]
        room = half // cell  # where some are left out, cells say so
        counts = (kept(matrix.shape[1], most, index[-1]) for most in range(room, 1, -1))
        alone: list[int | None] = [index[-1]]
        columns = next((places for places in counts if len(places) <= room), alone)
        first = min(max(here[0] - rows // 2, 0), max(matrix.shape[0] - rows, 0))
        strips = [head.strip()]
        for row in range(first, min(first + rows, matrix.shape[0])):
            line = Line().add("  ", styles.text)
            self._cells(line, matrix, row, columns, form, cell, mask, here)
            if beside is not None:
                line.add("  │", styles.faint)
                self._cells(line, beside, row, columns, form, cell, None, here)
            strips.append(line.strip())
        return strips + below

    @staticmethod
    def _cell(form: Form, most: float) -> int:
        """Return how wide a column of numbers is."""
        return len(signed(-most, form).strip()) + 1

    def _cells(
        self,
        line: Line,
        matrix: Array,
        row: int,
        columns: list[int | None],
        form: Form,
        cell: int,
        mask: Mask | None,
        here: tuple[int, int],
    ) -> None:
        """Add a row of numbers; those that differ are marked, the selected one lit."""
        styles, most = self.text_styles, largest(matrix)
        for column in columns:
            if column is None:
                line.add("…".rjust(cell), styles.dim)
                continue
            value = float(matrix[row, column])
            wrong = mask is not None and bool(mask[row, column])
            style = styles.warning + Style(underline=True) if wrong else styles.sign(value, most)
            if (row, column) == here:
                style = styles.selected(style, self.has_focus)
            text = signed(value, form).strip()
            line.add(" " * (cell - len(text)), styles.text).add(text, style)

    def pick(self, view: Moment, x: int, y: int) -> Moment | None:
        variables, top = self.variables(view), int(self.scroll_offset.y)
        listed = y < len(variables) and y - top < self._list_height(self.size.height)
        return view.choosing(variables[y].entry) if listed else None


def _matrix(array: Numbers, index: tuple[int, ...]) -> Numbers:
    """Return the matrix of an array that a place is in: a row for an array with one axis."""
    found = array[index[:-2]] if array.ndim > 2 else array
    return cast(Numbers, np.atleast_2d(found))
