"""The program's variables at a moment; the selected one in full, beside what it should be."""

from __future__ import annotations

from collections import Counter

import numpy as np
from msgspec.structs import replace
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip

from bptui.app.lines import BLANK, Line, fitted
from bptui.app.numbers import form_of, largest, loss, signed
from bptui.app.panels.pictures import Picture
from bptui.app.program.moment import SIGNS, Moment, ProgramPanel, verdict_style
from bptui.app.program.record import Variable
from bptui.app.styles import GLYPHS, Highlight
from bptui.app.view import Direction
from bptui.explain.printer import kept

LONGEST = 18
"""Columns of a variable's name."""
DECIMALS = 4
HIDDEN = "right here by chance: equal numbers"
"""Said of wrong values that happen to be right."""


class ValuesPanel(ProgramPanel):
    """A line for each variable; below them the numbers of the selected one, as a matrix."""

    def __init__(self) -> None:
        super().__init__("Values", "values")

    def neighbour(self, view: Moment, direction: Direction) -> Moment:
        step = 1 if direction in ("right", "down") else -1
        if direction in ("left", "right"):
            last = max(view.record.array(view.subject).size - 1, 0)
            place = min(max(view.number + step, 0), last)
            return replace(view, chosen=view.subject, place=place)
        entries = [variable.entry for variable in view.record.variables(view.stop)]
        if view.subject not in entries:
            return view.choosing(entries[-1]) if entries else view
        at = max(at for at, entry in enumerate(entries) if entry == view.subject)
        return view.choosing(entries[min(max(at + step, 0), len(entries) - 1)])

    def draw(self, view: Moment, width: int, height: int) -> Picture:
        variables, top = view.record.variables(view.stop), int(self.scroll_offset.y)
        shown = max(height - min(max(height // 2, 4), 12), 1)  # above the selected variable
        # the detail stays where it is: only the list is scrolled
        rows = max(len(variables) + height - shown, height)
        width -= rows > height
        name = min(max((len(variable.name) for variable in variables), default=1), LONGEST)
        shape = max((len(view.record.shape(variable.entry)) for variable in variables), default=0)
        counts = Counter(variable.name for variable in variables)
        listed = [
            self._row(view, variable, name, shape, width, counts[variable.name] > 1)
            for variable in variables[top : top + shown]
        ]
        detail = self._detail(view, width, height - shown)
        strips = [*listed, *[BLANK] * (shown - len(listed)), *detail]
        # the selected variable, or the one that was given last
        entries = [variable.entry for variable in variables]
        entry = view.subject if view.subject in entries else max(entries, default=0)
        at = entries.index(entry) if entry in entries else 0

        def pick(x: int, y: int) -> Moment | None:
            there = y < len(variables) and y - top < shown
            return view.choosing(variables[y].entry) if there else None

        return Picture(
            Size(width, rows),
            lambda seen: strips,
            notes=["is │ should be" * any("│" in line.text for line in detail)],
            spot=Region(0, at, 1, 1 + height - shown),
            pick=pick,
        )

    def _row(
        self, view: Moment, variable: Variable, name: int, shape: int, width: int, doubled: bool
    ) -> Strip:
        """Return a variable with its verdict, its shape and as many numbers as find room.

        ``name`` and ``shape`` are the widths of these; its function is told where it is
        ``doubled``: where another one has a variable of the same name.
        """
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
        most = largest(array)
        form = form_of(most, DECIMALS - view.present)
        scope = f" {variable.scope}" if variable.scope and doubled else ""
        room = (width - line.width - len(scope)) // (form.width + 1)
        count = array.size if array.size <= room else max(room, 1) if array.size < 1000 else 0
        for value in array[:count].tolist():
            line.add(" " + signed(value, form), styles.sign(value, most))
        if count < array.size and line.width + 2 + len(scope) <= width:
            line.add(" …", styles.dim)
        if scope and line.width + len(scope) <= width:
            line.pad(width - len(scope), styles.text).add(scope, styles.dim)
        return line.strip()

    def _detail(self, view: Moment, width: int, height: int) -> list[Strip]:
        """Return the lines on the selected variable: what it is, and its numbers."""
        record, styles, entry = view.record, self.text_styles, view.subject
        claim, index = view.claims.of(entry), view.index
        name = fitted(record.name(entry), max(width // (2 if claim is None else 3), 12))
        head = Line().add(f" {name}", styles.strong)
        head.add(f" {record.shape(entry)}".rstrip(), styles.dim)
        if claim is not None:
            stands = view.claims.text(claim)
            said = f"{'=' if claim.verdict == 'right' else 'should be'} {stands}"
            style = verdict_style(styles, claim.verdict)
            head.add(f"  {fitted(said, width - head.width - 2)}", style)
        if len(index) > 2:
            head.add(f"  [{', '.join(map(str, index[:-2]))}]", styles.dim)
        size = record.array(entry).size
        if not size:
            return [head.add("  empty", styles.dim).strip()]
        numbers = self._number(view) if size == 1 else self._matrix(view, width, max(height - 1, 1))
        return [head.strip(), *(line.strip() for line in numbers)]

    def _number(self, view: Moment) -> list[Line]:
        """Return a single number, and what it should be."""
        own, true, styles = view.record.array(view.subject), view.true, self.text_styles
        line = Line().add(f"   {loss(own.item())}", styles.strong)
        if true is not None and view.claims.is_wrong(view.subject):
            form = form_of(largest(true), DECIMALS)
            right = [signed(value, form).strip() for value in true.reshape(-1).tolist()]
            said = f"true {loss(true.item())}" if true.size == 1 else f"right: {' '.join(right)}"
            line.add(f"   {said}", styles.accent)
        return [line]

    def _matrix(self, view: Moment, width: int, rows: int) -> list[Line]:
        """Return the numbers around the selected one, beside the right ones where they differ."""
        styles, claims, index = self.text_styles, view.claims, view.index
        own, true, claim = view.record.array(view.subject), view.true, claims.of(view.subject)
        here = (index[-2] if len(index) > 1 else 0, index[-1])
        matrix, beside, below = np.atleast_2d(own[index[:-2]]), None, list[Line]()
        mask = np.zeros(matrix.shape, dtype=np.bool_)
        if true is not None and true.shape == own.shape:
            differs = claims.differs(view.subject)
            mask = np.atleast_2d(mask if differs is None else differs[index[:-2]])
            if mask.any():
                beside = np.atleast_2d(true[index[:-2]])
            elif claim is not None and claim.verdict != "right":
                below = [Line().add(f"  {HIDDEN}", styles.dim)]
        most = max(largest(matrix), 0.0 if beside is None else largest(beside))
        # numbers to be compared may differ little
        finer = [DECIMALS + 1] * (beside is not None)
        forms = [form_of(most, decimals) for decimals in (*finer, DECIMALS, 3, 2)]
        cells = [len(signed(-most, form).strip()) + 1 for form in forms]
        columns, half = matrix.shape[1], width - 2 if beside is None else (width - 5) // 2
        at = next((at for at, cell in enumerate(cells) if cell * columns <= half), -2)
        form, cell = forms[at], cells[at]
        if beside is not None and half < min(4, columns) * cell:
            said = f"  [{', '.join(map(str, index))}] right: {loss(float(beside[here]))}"
            below, beside, half = [Line().add(said, styles.accent)], None, width - 2
        # where some are left out, cells say so
        room = half // cell
        counts = (kept(columns, count, index[-1]) for count in range(room, 1, -1))
        places = next((places for places in counts if len(places) <= room), [index[-1]])

        def add(line: Line, numbers: np.ndarray, row: int, wrong: np.ndarray) -> None:
            largest_one = largest(numbers)
            for column in places:
                value = 0.0 if column is None else float(numbers[row, column])
                text, style = signed(value, form).strip(), styles.sign(value, largest_one)
                if column is None:
                    text, style = "…", styles.dim
                elif wrong[row, column]:
                    style = styles.warning + Style(underline=True)
                if (row, column) == here:
                    style = styles.selected(style, self.has_focus)
                line.add(" " * (cell - len(text)), styles.text).add(text, style)

        rows -= len(below)
        first = min(max(here[0] - rows // 2, 0), max(matrix.shape[0] - rows, 0))
        lines = []
        for row in range(first, min(first + rows, matrix.shape[0])):
            lines.append(Line().add("  ", styles.text))
            add(lines[-1], matrix, row, mask)
            if beside is not None:
                add(lines[-1].add("  │", styles.faint), beside, row, np.zeros_like(mask))
        return [*lines, *below]
