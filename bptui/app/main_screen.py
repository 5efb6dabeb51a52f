"""The main screen: status line, panels and key line, and how they share the room."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget

from bptui.app.commands import COMMANDS
from bptui.app.diagram.layout import wanted
from bptui.app.panels.derivation import DerivationPanel
from bptui.app.panels.loss import LossPanel
from bptui.app.panels.matrices import MatrixPanel
from bptui.app.panels.network import DIAGRAM, NUMBERS, NetworkPanel
from bptui.app.panels.panel import TAB, Panel, ViewPanel
from bptui.app.panels.status import (
    OPTIONAL,
    ROWS,
    KeyLine,
    OperationCaption,
    StatusLine,
    tour_rows,
)
from bptui.app.playback.player import Player
from bptui.app.view import Cursor, Direction, Selection, View
from bptui.terminal.display import FrontCompositor

if TYPE_CHECKING:
    from bptui.app.panels.samples import SamplesPanel

LOW = 28
"""Rows below which a screen has no room for the weights beside the diagram and the derivation."""
NARROW = 100
"""Columns below which the diagram needs all of them."""
CHART = 32
"""Columns that are always left to the loss, where it is drawn as a chart."""


class Box(Horizontal):
    """Panels beside each other."""

    BLANK = True  # they cover it, so no time is spent on what lies below


class MainScreen(Screen[None]):
    """Gives every panel the view that the player shows, with what is selected in it.

    ``when_drawn`` calls a function after the next frame; keys wait for that.
    """

    BLANK = True
    BINDINGS = TAB

    def __init__(self, player: Player, when_drawn: Callable[[Callable[[], object]], None]) -> None:
        super().__init__(id="main")
        self._compositor = FrontCompositor()
        self._player, self._when_drawn = player, when_drawn
        self.status, self.keys = StatusLine(id="status"), KeyLine(COMMANDS, OPTIONAL)
        self.caption = OperationCaption()
        self.network, self.derivation = NetworkPanel(), DerivationPanel()
        self.loss: LossPanel = LossPanel()
        self.weights = MatrixPanel("Weights", "weights", lambda view: view.parameters)
        self.gradients = MatrixPanel(
            "Gradients", "gradients", lambda view: view.snapshot.gradients, "g"
        )
        self.panels: list[ViewPanel] = [
            *(self.network, self.loss, self.weights, self.gradients, self.derivation)
        ]
        self._boxes = self._pictures, self._parameters, self._explanation = (
            Box(self.network, self.loss, id="pictures"),
            Box(self.weights, self.gradients, id="parameters"),
            Box(self.derivation, id="explanation"),
        )
        self.samples: SamplesPanel | None = None
        self.view = player.view()
        """What is shown, with what is selected in it."""
        self._trail: list[Selection] = []
        """Where the cursor of the derivation has come from."""
        self._fitted_to: object = None
        self._came_from: Widget | None = None

    def compose(self) -> ComposeResult:
        yield from (self.status, *self._boxes, self.caption, self.keys)

    # what is shown, and what is selected in it

    def show(self, view: View) -> None:
        """Give every panel the view, with what was selected before as far as it is there."""
        before, experiment = self.view, view.snapshot.experiment
        if before.snapshot.experiment.network != experiment.network:
            self._trail.clear()
        selection = before.selection.within(experiment.network)
        same = before.snapshot.experiment == experiment and before.position == view.position
        last = experiment.data.samples + len(experiment.data.test_inputs) - 1
        self.view = replace(
            view,
            selection=selection,
            cursor=before.cursor if same and selection == before.selection else None,
            pointed=before.pointed and same and before.snapshot == view.snapshot,
            named=before.named,
            sample=None if before.sample is None else min(max(before.sample, 0), last),
        )
        self.status.view = self.view
        self.keys.speed = view.speed
        for panel in self.panels:
            panel.view = self.view
        if view.present:
            self.caption.show(self.view)
        if self._fitted_to != (experiment.network, view.present):
            self.fit_panels()

    @property
    def selection(self) -> Selection:
        return self.view.selection

    @property
    def focused_panel(self) -> ViewPanel | None:
        return self.focused if isinstance(self.focused, Panel) else None

    def select(self, selection: Selection, pointed: bool = True) -> None:
        """Select something at the shown place in time.

        Where it is ``pointed`` at it is explained, until time moves on.
        """
        cursor = self.view.cursor if selection == self.selection else None
        self._show_with(selection=selection, cursor=cursor, pointed=pointed)

    def _show_with(self, **selected: object) -> None:
        """Show the same with something else selected in it."""
        self.view = replace(self.view, **selected)
        self._player.show()

    def action_select(self, direction: Direction) -> None:
        """Move the selection as the focused panel draws it, or as Weights does."""
        view, focused = self.view, self.focused_panel or self.weights
        factor = self.derivation.step(view, direction) if focused is self.derivation else None
        if focused is self.derivation:
            if factor is not None:
                self.look_at(factor)
            return
        self._trail.clear()
        self.select(focused.neighbour(view, direction) or self.weights.neighbour(view, direction))

    def on_panel_selected(self, message: Panel.Selected) -> None:
        if isinstance(message.selection, Selection):
            self._trail.clear()
            self.select(message.selection)
        elif isinstance(message.selection, int):
            self.look(message.selection)
        elif isinstance(message.selection, Cursor):
            self.look_at(message.selection)

    def look_at(self, factor: Cursor) -> None:
        """Light a factor of the derivation in all panels."""
        self._show_with(cursor=factor)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave keys to others where there is no factor to go to, or nothing to come back to."""
        if action == "go_to_factor":
            return self.view.cursor is not None  # which keeps enter from editing something else
        return bool(self._trail) if action == "come_back" else True

    def action_go_to_factor(self) -> None:
        """Select what the factor under the cursor belongs to."""
        names = self.view.snapshot.experiment.network.names
        wanted = self.view.cursor and self.view.cursor.selection(names)
        if wanted:
            self._trail.append(self.selection)
            self.select(wanted)

    def action_come_back(self) -> None:
        """Select what was selected before the last factor."""
        self.select(self._trail.pop())

    def look(self, sample: int | None) -> None:
        """Look at a sample: one of training, or a test sample, counted on after those."""
        self._show_with(sample=sample)

    def action_look(self, by: int) -> None:
        """Look at the sample so many further, of all there are."""
        self.look(self.view.looked_at + by)

    def show_names(self, named: bool) -> None:
        """Show weights and gradients by their names, or as numbers alone."""
        self._show_with(named=named)

    def toggle_names(self) -> None:
        """Go from names to numbers alone, or back; say so where no matrix shows them."""
        self.show_names(not self.view.named)
        if not self._parameters.region:
            self.notify("Names change the matrices alone; tab shows them.")

    # who has which part of the screen

    def fit_panels(self, size: Size | None = None) -> None:
        """Divide the screen: the diagram first gets what all numbers of its units take.

        A narrow or a low screen has the loss in a line; a low one has the weights and gradients in
        the place of the diagram while one of them has the focus. Samples, which stand in the place
        of the loss, take that of the derivation there.
        """
        size = size or self.app.size  # which a resize has yet to change
        view, whole = self.view, self.zoomed
        network = view.snapshot.experiment.network
        present = view.present
        low = present or size.height < LOW
        slim = low or size.width < NARROW
        matrices = low and isinstance(self.focused, MatrixPanel)  # also below a dialog
        half = size.width // 2 - 4
        needed = max(table.bottom for table in self.weights.arranged(view, half).tables)
        rows = 0 if low else min(needed + 2, max(size.height // 4, 5))
        touring = self.has_class("touring")
        # the tour takes the place of the caption, the keys and the loss
        taken = tour_rows(size.width) - 1 if touring else ROWS * present
        body = size.height - 2 - (slim and not touring) - taken
        least = max(size.height // 4, min(8, body * 2 // 5) - present)
        width = size.width if slim else size.width - CHART
        diagram = wanted(network, Size(width - 2, body - rows - least - 2), present)
        spared = body - rows - max(diagram.height + 2, body // 3)
        below = min(max(spared, least), max(size.height * 2 // 5, 12))
        self._fitted_to = network, present
        listing = slim and is_there(self.samples)
        shapes = {"low": low, "slim": slim, "listing": listing}
        for name, on in shapes.items():
            self.set_class(on and not whole, name)
        self.set_class(present, "presenting")
        self._parameters.styles.height = "1fr" if whole or matrices else rows
        # beside matrices only the line of the loss is left of the pictures
        self._pictures.styles.height = int(not touring) if matrices and not whole else "1fr"
        self._explanation.styles.height = "1fr" if whole else below
        if self.samples is not None:
            self.samples.styles.height = below if slim and not whole else "1fr"
        share = size.width * 3 // 5
        if not is_there(self.samples):  # beside them the diagram does without names
            share = max(share, min(diagram.width + 2, width))
        self.network.styles.width = "1fr" if slim or whole else share

    def on_descendant_focus(self) -> None:
        if self.has_class("low"):
            self.fit_panels()

    @property
    def zoomed(self) -> bool:
        """Whether one panel has the screen for itself."""
        return self.has_class("zoomed")

    def zoom(self) -> None:
        """Show the focused panel alone, or all panels again."""
        alone = None if self.zoomed else self.focused_panel
        self.set_class(alone is not None, "zoomed")
        for panel in self.panels:
            panel.set_class(panel is alone, "alone")
        for box in self._boxes:
            box.set_class(alone is not None and box is alone.parent, "alone")
        self.fit_panels()

    def uncover_derivation(self) -> bool:
        """Bring the derivation to the screen; return whether it was not there."""
        if self.derivation.size.area:
            return False
        if self.zoomed:
            self.zoom()  # another panel had the screen for itself
        else:
            self.show_samples()  # which stood in its place
        return True

    def show_learned(self) -> None:
        """Go from the diagram to one picture after another of what was learned, and back to it."""
        self._show_picture(self.network.next_learned, self.network.kind not in (DIAGRAM, NUMBERS))

    def show_numbers(self) -> None:
        """Show the network number by number in the place of the diagram, or the diagram again."""
        there = self.network.kind == NUMBERS
        self._show_picture(DIAGRAM if there else NUMBERS, there)

    def _show_picture(self, kind: str, there: bool) -> None:
        """Show a picture of the network; one that is ``there``, but covered, comes to sight."""
        if not (self._bring(self.network) and there):
            self.network.action_kind(kind)

    def _bring(self, panel: ViewPanel) -> bool:
        """Bring a panel to the screen: another is alone, or has the focus; say whether it was."""
        covered = not panel.size.area
        if covered:
            if self.zoomed:
                self.zoom()
            self.set_focus(panel)
        return covered

    def show_samples(self) -> None:
        """Show the samples in the place of the loss, to move through them; or the loss again.

        Zoomed and focused as that was; where something else covers them, they come to the screen.
        """
        from bptui.app.panels.samples import SamplesPanel  # made when first asked for

        if self.samples is None:
            self.samples = SamplesPanel()
            self.samples.away = True
            self._pictures.mount(self.samples.add_class("absent"), after=self.loss)
            self.panels.append(self.samples)
            self.samples.view = self.view
        here, focused = is_there(self.samples), self.focused
        old, new = (self.samples, self.loss) if here else (self.loss, self.samples)
        if not self._bring(old) or not here:
            old.add_class("absent")
            new.remove_class("absent")
            new.set_class(old.has_class("alone"), "alone")
            old.remove_class("alone")
            if not here:
                self._came_from = focused
            if not here or old.has_focus:
                back = here and not self.zoomed and self._came_from
                self._when_drawn(partial(self.set_focus, back or new))
        self.fit_panels()


def is_there(panel: ViewPanel | None) -> bool:
    """Whether a panel was asked for, rather than the one whose place it takes."""
    return panel is not None and not panel.has_class("absent")
