"""The screen on a program: status line, panels, key line, and how they share the room."""

from __future__ import annotations

import numpy as np
from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Size
from textual.screen import Screen

from bptui.app.lines import Line, fitted, pressing, spot
from bptui.app.numbers import loss
from bptui.app.panels.derivation import DIGITS, FEW_DIGITS, FormsPanel, Reports
from bptui.app.panels.loss import HIT, ChartPanel, Losses
from bptui.app.panels.panel import TAB, Panel
from bptui.app.panels.status import LOSS_ROOM, CaptionLine, KeyLine, Told, TopLine
from bptui.app.program.commands import PROGRAM
from bptui.app.program.derivation import UNKNOWN, Writer
from bptui.app.program.graph import GraphPanel
from bptui.app.program.moment import Moment, ProgramPanel
from bptui.app.program.source import SourcePanel
from bptui.app.program.values import ValuesPanel
from bptui.app.styles import Styles
from bptui.app.view import Direction
from bptui.explain.explain import Explanation
from bptui.explain.lines import Span, TextLine
from bptui.explain.pieces import Form
from bptui.explain.report import Report
from bptui.explain.words import matters
from bptui.presets.build import counted
from bptui.terminal.display import FrontCompositor

LOW, NARROW = 28, 100
"""Rows and columns below which the source has a row for itself, and the loss a line."""
OPTIONAL = (
    *("copy", "graph", "scale", "export", "zoom", "breakpoints", "goto", "reload", "faster", ""),
    *("goes_to", "came_from", "derivation", "run"),
)
"""Commands whose keys give way where there is little room, the first one first."""


class ProgramStatus(TopLine[Moment]):
    """The program, what was found of it; the update, the operation within it, the loss."""

    def where(self, view: Moment, styles: Styles, width: int) -> Line:
        record, line = view.record, Line()
        first, behind = record.span(view.update)
        count, updates, number = behind - first, len(record.steps), view.update + 1
        digits = 4 if view.present else 6
        line.add("▶ " if view.running else "  ", styles.accent)
        line.add(f"update {number:>{len(str(updates))}}", styles.strong + spot(pressing("g")))
        line.add(f"/{updates}  ", styles.dim)
        word = "operation" if width >= NARROW else "op"
        operation = f"{word} {view.stop - first + 1:>{len(str(count))}}/{count}  "
        line.add(operation, styles.text)
        diverged = record.diverged_at is not None and view.update >= record.diverged_at
        said = f"loss {loss(float(record.losses[view.update]), digits)}".ljust(LOSS_ROOM)
        return line.add(said, styles.warning if diverged else styles.strong)

    def what(self, view: Moment, styles: Styles, room: int) -> Line:
        report, wrong = view.record.checked.report, view.record.wrong_lines
        said, style = report.verdict, styles.accent
        if wrong:
            more = len(wrong) - 1
            file, number = view.record.source.files.where(wrong[0])
            where = f"{file}:{number}" if file else f"line {number}"
            said = f"wrong at {where}" + (f" and {more} more" * bool(more))
            style = styles.warning + spot(pressing("w"))
        name = report.file.rpartition("/")[2]
        line = Line().add(fitted(f" {name}", max(room - len(said) - 3, 6)), styles.strong)
        return line.add(fitted(f"   {said}", max(room - line.width, 0)), style)


class LineCaption(CaptionLine[Moment]):
    """Says which line was just carried out, what it gives, and whether that is right."""

    def say(self, view: Moment) -> Told:
        record, entry, claim = view.record, view.entry, view.claims.of(view.entry)
        shape = record.shape(entry)
        gives = f"gives {record.name(entry)}{f', {shape}' * bool(shape)}"
        verdict, found = "right" if claim is None else claim.verdict, Told("", "", gives)
        if claim is not None:
            stands = view.claims.text(claim)
            if verdict == "right" and claim.factor == 1.0 and not claim.updated:
                stands += f", {matters(record.name(claim.source))}"
            form = {
                "right": "{}, which is {}",
                "wrong": "{}, which is wrong: it should be {}",
                "follows": "{}, which is wrong because of what it reads: it should be {}",
            }
            found = found._replace(how=form[verdict].format(gives, stands))
        text = record.text(view.line).strip()
        return found._replace(where=record.told(view.line), what=text, wrong=verdict != "right")


class LossPanel(ChartPanel[Moment, Moment]):
    """The losses of all updates, counted from 1."""

    def losses(self, view: Moment, width: int) -> Losses:
        values, steps = view.record.losses, np.arange(1, view.record.losses.size + 1)
        implied, diverged = view.record.lines.judged.loss, view.record.diverged_at
        title = "Loss" if implied.entry is not None else f"Loss: {implied.text}, inferred"
        made = counted(values.size, "update")
        numbers = f"{loss(float(values[0]))} → {loss(float(values[-1]))}, {made}"
        if diverged is not None:
            title += f", not finite from update {diverged + 1}"
            numbers = f"{loss(float(values[0]))}, not finite from update {diverged + 1}"
        here, value = view.update + 1, float(values[view.update])
        marks = {hit + 1: HIT for hit in view.hits}
        lines = (steps, values, values, values.size)
        return Losses(*lines, here, value, numbers, marks, title=title)


class DerivationPanel(FormsPanel[Moment, Moment]):
    """One quantity, and the gradient that it stands for or should be."""

    def explanation(self, view: Moment) -> tuple[Explanation, Reports]:
        writer = Writer(view, self.around.few_characters)
        few = FEW_DIGITS if view.present else DIGITS
        return writer.explanation(), lambda width, _: Report(
            writer.symbols, width, *few, brief=True
        )

    def lines(self, view: Moment, report: Report, made: Explanation, form: Form) -> list[TextLine]:
        has_form = form != "scalar" or made.numbers
        try:
            lines = report.lines(made, form if has_form else "matrix")
        except UNKNOWN:
            lines = []
        return lines or self._without(view)

    def _without(self, view: Moment) -> list[TextLine]:
        """Return what is said where there is no formula in this form."""
        number = view.record.line_of[view.subject]
        if not number:
            given = "given: the program computes it from nothing that was recorded"
            return [(Span(given, "label"),)]
        said: list[TextLine] = [(Span(view.record.text(number).strip(), "code"),)]
        judged = view.record.judged.get(number)
        if judged is not None and judged.verdict == "wrong" and judged.should_be:
            said.append((Span("should be: ", "label"), Span(judged.should_be, "code")))
        return said


class ProgramScreen(Screen[None]):
    """Gives every panel the moment that is shown."""

    BINDINGS = TAB

    def __init__(self, moment: Moment) -> None:
        super().__init__(id="main")
        self._compositor = FrontCompositor()
        self.moment = moment
        self.status, self.keys = ProgramStatus(id="status"), KeyLine(PROGRAM, OPTIONAL)
        self.caption = LineCaption()
        self.source, self.values, self.graph = SourcePanel(), ValuesPanel(), GraphPanel()
        self.loss: LossPanel = LossPanel()
        self.derivation = DerivationPanel()
        self.panels: list[ProgramPanel] = [
            *(self.source, self.values, self.graph, self.loss, self.derivation)
        ]
        self.body = Container(*self.panels, id="program")

    def compose(self) -> ComposeResult:
        yield from (self.status, self.body, self.caption, self.keys)

    def show(self, moment: Moment) -> None:
        """Show a moment."""
        self.moment = self.status.view = moment
        self.keys.speed = moment.speed
        if moment.present:
            self.caption.show(moment)
        for panel in self.panels:
            panel.view = moment

    @property
    def focused_panel(self) -> ProgramPanel:
        """The panel that the arrows are for."""
        return self.focused if isinstance(self.focused, Panel) else self.source

    def action_select(self, direction: Direction) -> None:
        """Select what an arrow reaches in the focused panel, or go one operation in time."""
        step = 1 if direction in ("right", "down") else -1
        found = self.focused_panel.neighbour(self.moment, direction)
        self.show(found or self.moment.at(self.moment.stop + step))

    def on_panel_selected(self, message: Panel.Selected) -> None:
        assert isinstance(message.selection, Moment), "in a panel of this screen"
        self.show(message.selection)

    def fit_panels(self, size: Size) -> None:
        """Divide the screen."""
        self.set_class(size.height < LOW or size.width < NARROW, "slim")
        self.set_class(self.moment.present, "presenting")
        # where the tour takes much of a low screen, the source gets more of the rest
        self.set_class(self.has_class("touring") and size.height < LOW, "tight")

    def uncover_derivation(self) -> bool:
        """Bring the derivation to the screen; return whether it was not there."""
        covered = not self.derivation.size.area
        if covered:
            self.zoom()
        return covered

    def zoom(self) -> None:
        """Show the focused panel alone, or all panels again."""
        alone = None if self.has_class("zoomed") else self.focused_panel
        self.set_class(alone is not None, "zoomed")
        for panel in self.panels:
            panel.set_class(panel is alone, "alone")
