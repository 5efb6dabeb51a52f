"""The screen on a program: status line, panels, key line, and how they share the room."""

from __future__ import annotations

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Size
from textual.reactive import reactive
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from bptui.app.lines import Line, fitted, pressing, spot
from bptui.app.numbers import loss
from bptui.app.panels.status import LOSS_ROOM, KeyLine
from bptui.app.program.commands import PROGRAM
from bptui.app.program.derivation import DerivationPanel
from bptui.app.program.graph import GraphPanel
from bptui.app.program.loss import LossPanel
from bptui.app.program.moment import Moment
from bptui.app.program.panel import ProgramPanel
from bptui.app.program.source import SourcePanel
from bptui.app.program.values import ValuesPanel
from bptui.app.styles import styles_of
from bptui.app.view import Direction

LOW, NARROW = 28, 100
"""Rows and columns below which the source has a row for itself, and the loss a line."""
OPTIONAL = (
    *("scale", "export", "zoom", "breakpoints", "goto", "reload", "faster", ""),
    *("goes_to", "came_from", "derivation", "run"),
)
"""Commands whose keys give way where there is little room, the first one first."""


class ProgramStatus(Widget):
    """The program, what was found of it; the update, the operation within it, the loss."""

    ALLOW_SELECT = False
    view: reactive[Moment | None] = reactive(None, always_update=True)

    def render_line(self, y: int) -> Strip:
        width, styles, view = self.size.width, styles_of(self.app), self.view
        if view is None or y > 0:
            return Strip.blank(width, self.rich_style)
        record = view.record
        first, behind = record.span(view.update)
        count, digits = behind - first, len(str(behind - first))
        updates, right = len(record.steps), Line()
        number = view.update + 1
        right.add("▶ " if view.running else "  ", styles.accent)
        right.add(f"update {number:>{len(str(updates))}}", styles.strong + spot(pressing("g")))
        right.add(f"/{updates}  ", styles.dim)
        word = "operation" if width >= NARROW else "op"
        right.add(f"{word} {view.stop - first + 1:>{digits}}/{count}  ", styles.text)
        diverged = record.diverged_at is not None and view.update >= record.diverged_at
        style = styles.warning if diverged else styles.strong
        right.add(f"loss {loss(float(record.losses[view.update]))}".ljust(LOSS_ROOM), style)
        report = record.checked.report
        room = max(width - right.width - 2, 0)
        name = report.file.rpartition("/")[2]
        wrong = record.wrong_lines
        if wrong:
            more = len(wrong) - 1
            said = f"wrong at line {wrong[0]}" + (f" and {more} more" * bool(more))
            style = styles.warning + spot(pressing("w"))
        else:
            said, style = report.verdict, styles.accent
        left = Line().add(fitted(f" {name}", max(room - len(said) - 3, 6)), styles.strong)
        left.add(fitted(f"   {said}", max(room - left.width, 0)), style)
        left.pad(width - right.width, styles.text)
        strip = Strip.join([left.strip(), right.strip()])
        return strip.adjust_cell_length(width).apply_style(self.rich_style)


class ProgramScreen(Screen[None]):
    """Gives every panel the moment that is shown."""

    def __init__(self, moment: Moment) -> None:
        super().__init__(id="main")
        self.moment = moment
        self.status, self.keys = ProgramStatus(id="status"), KeyLine(PROGRAM, OPTIONAL)
        self.source, self.values, self.graph = SourcePanel(), ValuesPanel(), GraphPanel()
        self.loss: LossPanel = LossPanel()
        self.derivation = DerivationPanel()
        self.panels: list[ProgramPanel] = [
            *(self.source, self.values, self.graph, self.loss, self.derivation)
        ]
        self.body = Container(*self.panels, id="program")

    def compose(self) -> ComposeResult:
        yield from (self.status, self.body, self.keys)

    def show(self, moment: Moment) -> None:
        """Show a moment."""
        self.moment = self.status.view = moment
        self.keys.speed = moment.speed
        for panel in self.panels:
            panel.view = moment

    @property
    def focused_panel(self) -> ProgramPanel:
        """The panel that the arrows are for."""
        return self.focused if isinstance(self.focused, ProgramPanel) else self.source

    def action_select(self, direction: Direction) -> None:
        """Select what an arrow reaches in the focused panel."""
        self.show(self.focused_panel.neighbour(self.moment, direction))

    def action_choose(self, entry: int) -> None:
        """Select a value."""
        self.show(self.moment.choosing(entry))

    async def action_line(self, number: int, go: bool) -> None:
        """Select a line of the program; ``go`` to where it is carried out."""
        self.show(replace(self.moment, row=number))
        if go:
            await self.run_action("app.command('came_from')")

    def fit_panels(self, size: Size) -> None:
        """Divide the screen."""
        self.set_class(size.height < LOW or size.width < NARROW, "slim")

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
