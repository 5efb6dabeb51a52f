"""The app: one main screen, the player whose views it shows, and the commands."""

from __future__ import annotations

import asyncio
import gc
import importlib
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App
from textual.events import Event, InputEvent, Key, MouseDown, Paste, Resize
from textual.screen import Screen

from bptui.app.commands import CommandProvider, Palette, bindings
from bptui.app.commands.table import COMMANDS
from bptui.app.key_queue import KeyQueue, Passed
from bptui.app.main_screen import MainScreen
from bptui.app.playback.player import Player
from bptui.app.screens import ClosesOnce
from bptui.app.screens.too_small import TooSmallScreen, require_room
from bptui.app.styles import ANSI, DARK, LIGHT, fitting
from bptui.app.view import View
from bptui.core.engine import Snapshot
from bptui.core.experiment import Experiment
from bptui.terminal.capabilities import USUAL, Capabilities, driver_for

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.notifications import SeverityLevel

    from bptui.app.session.autosave import Autosave
    from bptui.app.session.store import Continued

YOUNG = 10_000
"""Objects made since the last collection that call for another: some keys' worth of drawing."""
PATIENCE = 0.2
"""Seconds that steps under way may take before a dialog opens; after them a jump is given up."""


class BptuiApp(App[None]):
    """Hands keys to commands, and what the player shows to the main screen."""

    TITLE = "bptui"
    CSS_PATH = "app.tcss"
    BINDINGS = bindings()  # type: ignore[assignment]  # a list of Binding, made from the table
    COMMANDS: ClassVar = {CommandProvider}
    ENABLE_COMMAND_PALETTE = False  # its key is one of the table's
    AUTO_FOCUS = "Panel, .dialog, .dialog *"  # not the status line, though it comes first
    _theme_chosen = False

    def __init__(self, experiment: Experiment, around: Capabilities = USUAL) -> None:
        theme = fitting(around)
        # else Textual puts colours of its own in the place of the terminal's
        super().__init__(
            driver_class=driver_for(around), ansi_color=True if theme in ANSI else None
        )
        self.surroundings = around
        self.player = Player(
            experiment,
            start=partial(self.run_worker, group="play", exclusive=True),
            show=self.show_view,
            drawn=self._drawn,
            tell=self.tell,
            fps=around.fps,
        )
        self.keys = KeyQueue(self, super().on_event)
        self.autosave: Autosave | None = None
        """What keeps the session on disk, once it has begun to."""
        self._continued: Continued | None = None
        self._keeps_session = False
        self._news_of: tuple[Callable[[], object], object] | None = None
        self._announced: Snapshot | None = None
        for own in (DARK, LIGHT):
            self.register_theme(own)
        # set without its watcher, which would have textual read all style sheets twice
        self.set_reactive(App.theme, theme)
        self._theme_chosen = True
        self.stylesheet.set_variables(self.get_css_variables())

    def get_css_variables(self) -> dict[str, str]:
        """Return those of the theme; textual asks before it is chosen, and they take long."""
        return super().get_css_variables() if self._theme_chosen else {}

    def get_default_screen(self) -> Screen[None]:
        return MainScreen(self.player, self.keys.when_drawn)

    @property
    def main(self) -> MainScreen:
        """The screen below all dialogs."""
        screen = self.screen_stack[0]
        assert isinstance(screen, MainScreen), "made by get_default_screen"
        return screen

    def on_mount(self) -> None:
        self.show_view(self.player.view())
        # what is there now stays: collecting it again and again would delay answers to keys
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        gc.freeze()
        gc.set_threshold(YOUNG)
        gc.enable()
        if self._keeps_session:
            self.run_worker(self._autosave(), group="session")

    # the session

    def keep_session(self, continued: Continued | None) -> None:
        """Have the session kept on disk; go on with one that was kept. Before the app runs."""
        self._keeps_session, self._continued = True, continued
        if continued is not None:
            self.player.resume(continued.session)

    async def _autosave(self) -> None:
        # loaded on another thread, so that keys are answered
        module = await asyncio.to_thread(importlib.import_module, "bptui.app.session.autosave")
        self.autosave = autosave = module.Autosave(self, self._continued)
        await autosave.keep()

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

    # what is shown and said

    def show_view(self, view: View) -> None:
        """Show a view, and say what follows from it."""
        self.main.show(view)
        if self._news_of is not None and self._news_of[0]() != self._news_of[1]:
            self._news_of = None
            self.clear_notifications()
        diverged = view.diverged_at == view.snapshot.step and not view.running
        if diverged and self._announced is not view.snapshot:
            self._announced = view.snapshot
            self.tell(
                f"The loss is not finite from step {view.diverged_at} on: training has diverged. "
                "S goes back.",
                self.place,
                "warning",
            )
        self.session_changed()

    async def _drawn(self) -> None:
        """Wait until what was shown last is on the screen."""
        done = asyncio.Event()
        self.call_after_refresh(done.set)
        await done.wait()

    def tell(
        self,
        message: str,
        of: Callable[[], object] | None = None,
        severity: SeverityLevel = "information",
        seconds: float | None = None,
    ) -> None:
        """Say something, in the place of what was said before, for some ``seconds``.

        It is taken back when ``of`` gives anything else than now: it is true no longer.
        """
        self.clear_notifications()
        self._news_of = None if of is None else (of, of())
        self.notify(message, severity=severity, timeout=seconds, markup=False)

    def place(self) -> object:
        """Return what is shown, for :meth:`tell`."""
        return self.player.place

    def branch(self) -> object:
        """Return the branch that the last change has led to, for :meth:`tell`."""
        return self.player.standing[0]

    def ask(self, dialog: ClosesOnce[Any], then: Callable[[Any], object]) -> None:
        """Open a dialog and do something with its answer, if there is one."""

        def take(answer: object) -> None:
            self.keys.dialog = None
            if answer is not None:
                then(answer)

        self.keys.dialog = dialog
        self.push_screen(dialog, take)

    # keys, clicks and commands

    async def on_event(self, event: Event) -> None:
        if isinstance(event, InputEvent):
            self.player.attention = True
            self.session_changed()
        # on a screen too small for anything keys must not wait until it has grown
        small = any(isinstance(each, TooSmallScreen) for each in self.screen_stack[-1:])
        if isinstance(event, Key | Paste) and not event.is_forwarded and not small:
            await self.keys.put(event)
        elif (
            isinstance(event, MouseDown)
            # a copy that comes back from a widget has a time of its own, which may be much later
            and not event.is_forwarded
            and self.keys.meant_for_another_screen(event)
        ):
            return
        else:
            await super().on_event(event)

    def on_passed(self, message: Passed) -> None:
        message.arrived.set()

    def action_press(self, key: str) -> None:
        """Press a key for the mouse."""
        # from here: a key does not rise above the widget in whose name it was pressed
        self.call_later(self.simulate_key, key)

    def action_command(self, name: str) -> None:
        """Run a command by the name of its function."""
        command = next(each for each in COMMANDS if each.name == name)
        if not command.at_rest:
            command.run(self)
            return
        if self.player.running:
            self.player.pause()
        if self.player.at_rest:
            command.run(self)
        else:
            self.run_worker(self._at_rest(partial(command.run, self)), group="rest")

    async def _at_rest(self, run: Callable[[], object]) -> None:
        """Do something once what the last keys led to is shown; keys wait for it."""
        with self.keys.held():
            await self.player.rest(PATIENCE)
            run()

    def action_go(self, step: int) -> None:
        self.player.go(step)

    def action_command_palette(self) -> None:
        if not isinstance(self.screen, Palette | TooSmallScreen):
            self.push_screen(Palette(id="--command-palette"))

    def on_resize(self, event: Resize) -> None:
        self.main.fit_panels(event.size)
        require_room(self, event.size)
