"""The app: the main screen, which hands the player's views to the panels, and its dialogs."""

from __future__ import annotations

import asyncio
import gc
import importlib
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.events import Event, InputEvent, Resize
from textual.geometry import Size

from bptui.app.commands import bindings
from bptui.app.diagram.layout import wanted
from bptui.app.looking import LookingApp
from bptui.app.palette import CommandProvider, Palette
from bptui.app.panels.derivation import DerivationPanel
from bptui.app.panels.loss import LossPanel
from bptui.app.panels.matrices import MatrixPanel
from bptui.app.panels.network import NetworkPanel
from bptui.app.panels.panel import Panel
from bptui.app.panels.status import KeyLine, StatusLine
from bptui.app.screens.too_small import TooSmallScreen, require_room
from bptui.app.styles import DARK, LIGHT, counterpart, fitting
from bptui.app.view import Direction, Selection, View
from bptui.core.engine import Snapshot
from bptui.core.experiment import Experiment
from bptui.core.network import Network
from bptui.presets.build import origin_of
from bptui.terminal.capabilities import USUAL, Capabilities

if TYPE_CHECKING:
    from rich.console import RenderableType

    from bptui.app.screens.presets import New
    from bptui.app.session.autosave import Autosave
    from bptui.app.session.store import Continued

YOUNG = 10_000
"""Objects made since the last collection that call for another: some keys' worth of drawing."""
LOW = 28
"""Rows below which a screen has no room for the weights beside the diagram and the derivation."""
NARROW = 100
"""Columns below which the diagram needs all of them."""
CHART = 32
"""Columns that are always left to the loss, where it is drawn as a chart."""


def mistakes_made(view: View) -> str:
    """The names of the preset's mistakes: its gradients are not the true ones."""
    names = view.snapshot.experiment.training.mistakes
    return f"with {', '.join(names)}" if names else ""


class BptuiApp(LookingApp):
    """The main screen: status line, four panels, key line."""

    TITLE = "bptui"
    CSS_PATH = "app.tcss"
    BINDINGS = bindings()  # type: ignore[assignment]  # a list of Binding, made from the table
    COMMANDS: ClassVar = {CommandProvider}
    ENABLE_COMMAND_PALETTE = True
    _theme_chosen = False

    def __init__(self, experiment: Experiment, around: Capabilities = USUAL) -> None:
        super().__init__(experiment, around)
        self._selection = Selection()
        self._pointed_at: object = None
        self._announced: Snapshot | None = None
        self._fitted_to: Network | None = None
        self.autosave: Autosave | None = None
        """What keeps the session on disk, once it has begun to."""
        self._continued: Continued | None = None
        self._way_back: Awaitable[object] | None = None
        self._keeps_session = False
        for own in (DARK, LIGHT):
            self.register_theme(own)
        # set without its watcher, which would have textual read all style sheets twice
        self.set_reactive(App.theme, fitting(around))
        self._theme_chosen = True
        self.stylesheet.set_variables(self.get_css_variables())

    def get_css_variables(self) -> dict[str, str]:
        """Those of the theme; textual asks before it is chosen too, and they take milliseconds."""
        return super().get_css_variables() if self._theme_chosen else {}

    def compose(self) -> ComposeResult:
        yield StatusLine(id="status")
        with Horizontal(id="pictures"):
            yield NetworkPanel()
            yield LossPanel()
        with Horizontal(id="parameters"):
            yield MatrixPanel("Weights", "weights", lambda view: view.parameters)
            yield MatrixPanel(
                "Gradients", "gradients", lambda view: view.snapshot.gradients, "g", mistakes_made
            )
        with Horizontal(id="explanation"):
            yield DerivationPanel()
        yield KeyLine(id="keys")

    def on_mount(self) -> None:
        self.show_view(self._player.view())
        # what is there now stays: collecting it again and again would delay answers to keys
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        gc.freeze()
        gc.set_threshold(YOUNG)
        gc.enable()
        if self._keeps_session:
            self.run_worker(self._autosave(), group="session")

    def keep_session(self, continued: Continued | None) -> None:
        """Have the session kept on disk; go on with one that was kept. Before the app runs."""
        self._keeps_session, self._continued = True, continued
        if continued is not None:
            self._way_back = self._player.resume(continued.session)

    async def _autosave(self) -> None:
        # loaded on another thread, so that keys are answered
        module = await asyncio.to_thread(importlib.import_module, "bptui.app.session.autosave")
        self.autosave = autosave = module.Autosave(self, self._continued)
        await autosave.keep(self._way_back)

    def session_changed(self) -> None:
        """Note that what is kept of the session may be other than it was."""
        if self.autosave is not None:
            self.autosave.changed()

    def exit(
        self,
        result: None = None,
        return_code: int = 0,
        message: RenderableType | None = None,
    ) -> None:
        if self.autosave is not None and self.is_running:
            self.autosave.look_again()  # the panels go before the session is written
        super().exit(result, return_code, message)

    def show_view(self, view: View) -> None:
        """Give every panel the view, and the selection with it."""
        experiment = view.snapshot.experiment
        self._selection = self._selection.within(experiment.network)
        if self._pointed_at != (view.snapshot, view.position):
            self._pointed_at = None
        pointed = self._pointed_at is not None
        sample = self.look_within(experiment)
        view = replace(view, selection=self._selection, pointed=pointed, sample=sample)
        screen = self.screen_stack[0]
        screen.query_one(StatusLine).view = view
        screen.query_one(KeyLine).view = view
        for panel in screen.query(Panel):
            panel.view = view
        if self._fitted_to != experiment.network:
            self.fit_panels()
        self.forget_stale_news()
        diverged = view.diverged_at == view.snapshot.step and not view.running
        if diverged and self._announced is not view.snapshot:
            self._announced = view.snapshot
            self._tell(
                f"The loss is not finite from step {view.diverged_at} on: training has diverged. "
                "S goes back.",
                self._place,
                "warning",
            )
        self.session_changed()

    @property
    def selection(self) -> Selection:
        return self._selection

    @property
    def pointed(self) -> bool:
        return self._pointed_at is not None

    def select(self, selection: Selection, pointed: bool = True) -> None:
        """Select something at the shown place in time.

        Where it is ``pointed`` at it is explained, until time moves on.
        """
        view = self._player.view()
        self._selection = selection
        self._pointed_at = (view.snapshot, view.position) if pointed else None
        self.show_view(view)

    def action_select(self, direction: Direction) -> None:
        """Move the selection as the focused panel draws it, or as Weights does."""
        view = replace(self._player.view(), selection=self._selection)
        panels = self.screen_stack[0].query(Panel)
        weights = self.screen_stack[0].query_one("#weights", MatrixPanel)
        focused = next((each for each in panels if each.has_focus), weights)
        self.select(focused.neighbour(view, direction) or weights.neighbour(view, direction))

    def on_panel_selected(self, message: Panel.Selected) -> None:
        self.select(message.selection)

    def on_resize(self, event: Resize) -> None:
        self.fit_panels(event.size)
        require_room(self, event.size)

    @property
    def in_order(self) -> bool:
        """Not on a screen too small for anything: keys must not wait there until it has grown."""
        return not any(isinstance(each, TooSmallScreen) for each in self.screen_stack[-1:])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key may do that now: on a screen too small for anything, only leave."""
        if isinstance(self.screen, TooSmallScreen) and action not in ("quit", "help_quit"):
            return False
        return super().check_action(action, parameters)

    def fit_panels(self, size: Size | None = None) -> None:
        """Divide the screen: the diagram first gets what all numbers of its units take.

        A narrow or a low screen has the loss in a line; a low one has the weights and gradients in
        the place of the diagram while one of them has the focus. Samples, which stand in the place
        of the loss, take that of the derivation there.
        """
        size = size or self.size  # which a resize has yet to change
        view, screen = self._player.view(), self.screen_stack[0]
        network, whole = view.snapshot.experiment.network, screen.has_class("zoomed")
        low, slim = size.height < LOW, size.height < LOW or size.width < NARROW
        matrices = low and isinstance(screen.focused, MatrixPanel)  # also below a dialog
        needed = max(panel.rows(view, size.width // 2 - 4) for panel in screen.query(MatrixPanel))
        rows = 0 if low else min(needed + 2, max(size.height // 4, 5))
        body = size.height - 2 - slim
        least = max(size.height // 4, min(8, body * 2 // 5))
        width = size.width if slim else size.width - CHART
        diagram = wanted(network, Size(width - 2, body - rows - least - 2))
        spared = body - rows - max(diagram.height + 2, body // 3)
        below = min(max(spared, least), max(size.height * 2 // 5, 12))
        self._fitted_to = network
        for name, on in (
            ("low", low),
            ("slim", slim),
            ("matrices", matrices),
            ("listing", slim and self.shows("samples")),
        ):
            screen.set_class(on and not whole, name)
        screen.query_one("#parameters").styles.height = "1fr" if whole or matrices else rows
        screen.query_one("#pictures").styles.height = 1 if matrices and not whole else "1fr"
        screen.query_one("#explanation").styles.height = "1fr" if whole else below
        for panel in screen.query("#samples"):
            panel.styles.height = below if slim and not whole else "1fr"
        share = max(size.width * 3 // 5, min(diagram.width + 2, width))
        for panel in screen.query("#network, #learned"):
            panel.styles.width = "1fr" if slim or whole else share

    def on_descendant_focus(self) -> None:
        if self.screen_stack[0].has_class("low"):
            self.fit_panels()

    async def on_event(self, event: Event) -> None:
        if isinstance(event, InputEvent):
            self._player.give_way()
            self.session_changed()
        await super().on_event(event)

    def action_scale(self) -> None:
        self.query_one(LossPanel).toggle_scale()

    def action_derivation(self) -> None:
        """The next form, where the derivation is on the screen."""
        if not self.show_derivation():
            self.screen_stack[0].query_one(DerivationPanel).next_form()

    def show_derivation(self) -> bool:
        """Bring the derivation to the screen; whether it was not there."""
        screen = self.screen_stack[0]
        if screen.query_one(DerivationPanel).size.area:
            return False
        if screen.has_class("zoomed"):
            self.action_zoom()  # another panel had the screen for itself
        else:
            self.action_samples()  # which stood in its place
        return True

    def action_zoom(self) -> None:
        """The focused panel alone, or all panels again."""
        screen = self.screen_stack[0]
        alone = None if screen.has_class("zoomed") else self.focused
        screen.set_class(isinstance(alone, Panel), "zoomed")
        for panel in screen.query(Panel):
            panel.set_class(panel is alone, "alone")
        for box in screen.query("#pictures, #parameters, #explanation"):
            box.set_class(isinstance(alone, Panel) and box is alone.parent, "alone")
        self.fit_panels()

    def action_learned(self) -> None:
        super().action_learned()
        self.fit_panels()

    def action_samples(self) -> None:
        super().action_samples()
        self.fit_panels()

    def action_command_palette(self) -> None:
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def action_toggle_theme(self) -> None:
        self.theme = counterpart(self.current_theme)

    def action_presets(self) -> None:
        self._at_rest(self._ask_preset)

    def _ask_preset(self) -> None:
        from bptui.app.screens.presets import PresetScreen  # the list is not needed at the start

        self.push_screen(PresetScreen(self._file, self._file_moved), self._open_preset)

    @property
    def _file(self) -> Path | None:
        """The file that what is shown was saved as, or came from."""
        origin = origin_of(self._player.snapshot.experiment)
        return self._player.saved or (None if origin is None else origin.file)

    def _file_moved(self, old: Path, new: Path | None) -> None:
        """Go on with the new name of a preset where it is the one that is open."""
        if self._file is not None and self._file.absolute() == old.absolute():
            self._player.saved = new

    def action_help(self) -> None:
        from bptui.app.screens.help import HelpScreen

        self.push_screen(HelpScreen())

    def _open_preset(self, chosen: Experiment | New | None) -> None:
        from bptui.app.screens.presets import NEW

        if chosen is NEW:
            self.open_form(None)
        elif chosen is not None:
            self.look(None)
            self._play(self._player.open(chosen))
