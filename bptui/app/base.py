"""What the apps are made on: keys answered in their order, dialogs, news, themes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from textual._compositor import CompositorUpdate
from textual.app import App
from textual.events import Event, Key, MouseDown, Paste, Resize
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Offset
from textual.screen import Screen

from bptui.app.commands import CommandProvider, Palette
from bptui.app.commands.table import SHOWN_KEYS, Command
from bptui.app.key_queue import KeyQueue, Passed
from bptui.app.screens import LEAST_HEIGHT, ClosesOnce, TooSmallScreen, require_room
from bptui.app.styles import ANSI, OWN, counterpart, fitting
from bptui.terminal.capabilities import Capabilities, driver_for

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.notifications import SeverityLevel

    from bptui.app.main_screen import MainScreen
    from bptui.app.program.screen import ProgramScreen
    from bptui.app.session.autosave import Autosave
    from bptui.app.tour.tour import Tour

MainT = TypeVar("MainT", bound="MainScreen | ProgramScreen")


class TerminalApp(App[None], Generic[MainT]):
    """Hands keys and clicks to the commands of its table, and asks with dialogs."""

    TITLE = "bptui"
    CSS_PATH = Path(__file__).with_name("app.tcss")
    COMMANDS: ClassVar = {CommandProvider}
    ENABLE_COMMAND_PALETTE = False  # its key is one of the table's
    table: ClassVar[list[Command]]
    """What the user can do."""
    autosave: Autosave | None = None
    """What keeps the session on disk, once it has begun to."""
    tour: Tour | None = None
    """The tour, while it goes on."""

    def __init__(self, around: Capabilities) -> None:
        theme, self.presenting = fitting(around), around.present
        # else Textual puts colours of its own in the place of the terminal's
        super().__init__(
            driver_class=driver_for(around), ansi_color=True if theme in ANSI else None
        )
        self.surroundings = around
        self.keys = KeyQueue(self, super().on_event)
        self._news_of: tuple[Callable[[], object], object] | None = None
        self.keys_pressed = 0
        self._pressed: tuple[Offset, float, Screen[object]] | None = None
        for own in OWN.values():
            self.register_theme(own)
        self._usual_theme = theme
        theme = self._presented(theme)
        # set without its watcher, which would have textual read all style sheets twice
        self.set_reactive(App.theme, theme)
        self.stylesheet.set_variables(self.get_css_variables())

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return those that are needed: panels have no colours of the terminal's to be changed."""
        filters = super().get_line_filters()
        if len(self.screen_stack) > 1:  # dialogs may
            return filters
        return [each for each in filters if not isinstance(each, ANSIToTruecolor)]

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Give frames to the driver as they are where it takes them so."""
        show = getattr(self._driver, "show", None)
        if show is None or not isinstance(renderable, CompositorUpdate):
            super()._display(screen, renderable)
        elif self._running and not self._closed and not self._batch_count:
            show(renderable, self.screen.outer_size.clamp_offset(self.cursor_position))

    @property
    def main(self) -> MainT:
        """The screen below all dialogs, as :meth:`get_default_screen` has made it."""
        return cast(MainT, self.screen_stack[0])

    # the tour

    def begin_tour(self, tour: Tour) -> None:
        """Show the first stop of a tour, in a presentation."""
        self.tour, self.keys.allows = tour, tour.allows
        self._presented_before = self.presenting
        self.main.mount(tour.panel)
        self.main.add_class("touring")
        self.present(True)
        self.call_after_refresh(tour.arrive)  # a program has yet to have its panels

    def look_around(self, over: int | None = None) -> None:
        """Have the tour go on where it can; at stop ``over`` what a key has led to is over."""
        if self.tour is not None and self.screen_stack:  # else the app is about to end
            self.tour.look(over)

    def on_descendant_focus(self) -> None:
        self.look_around()  # a stop may be about the focus

    def end_tour(self) -> None:
        """Leave the tour; what is shown stays."""
        if self.tour is not None:
            again = self.tour.again
            self.tour.panel.remove()
            self.tour, self.keys.allows = None, lambda key: True
            self.main.remove_class("touring")
            self.present(self._presented_before)
            self.tell(f"This was the tour; {again}", self.place)

    def way_back(self) -> Callable[[Callable[[], object]], object]:
        """Return what goes back to what is shown now, undoing changes, then calls a function.

        Here there is nothing to be undone.
        """
        return lambda then: then()

    def place(self) -> object:
        """Return what is shown, for :meth:`tell`."""
        raise NotImplementedError

    # presentations

    def _presented(self, theme: str) -> str:
        """Return the name of the theme to show for the usual one."""
        known = self.get_theme(theme)
        high = self.presenting and known is not None and not known.ansi
        return OWN[known.dark, True].name if high and known is not None else theme

    def present(self, on: bool) -> None:
        """Show it to a class, or to one person again, in the theme as light as it is now."""
        usual, now = self.get_theme(self._usual_theme), self.current_theme
        if not self.presenting:
            self._usual_theme = self.theme
        elif usual is not None and usual.dark != now.dark:
            self._usual_theme = counterpart(usual)
        self.presenting = on
        self.main.keys.pressed = None
        self.theme = self._presented(self._usual_theme)
        self.show_again()
        self.main.fit_panels(self.size)
        self.main.refresh()

    def show_again(self) -> None:
        """Show what is shown as it is to be shown now."""
        raise NotImplementedError

    def _show_key(self, key: str) -> None:
        """Show a class which key was pressed, and what it does."""
        active = self.main.active_bindings.get(key) if self.presenting else None
        shown = SHOWN_KEYS.get(key, key)
        self.main.keys.pressed = None if active is None else (shown, active.binding.description)

    # what is said and asked

    def tell(
        self,
        message: str,
        of: Callable[[], object] | None = None,
        severity: SeverityLevel = "information",
        seconds: float | None = None,
    ) -> None:
        """Say something, in the place of what was said before, for some ``seconds``.

        It is taken back when ``of`` gives anything else than now: it is true no longer. In the
        tour, which has its own words, only what is wrong is said.
        """
        self.clear_notifications()
        if self.tour is not None and severity == "information":
            return
        self._news_of = None if of is None else (of, of())
        self.notify(message, severity=severity, timeout=seconds, markup=False)

    def take_back_news(self) -> None:
        """Take back what was said where it is no longer true."""
        if self._news_of is not None and self._news_of[0]() != self._news_of[1]:
            self._news_of = None
            self.clear_notifications()

    def ask(self, dialog: ClosesOnce[Any], then: Callable[[Any], object]) -> None:
        """Open a dialog and do something with its answer, if there is one."""
        stop = None if self.tour is None else self.tour.number

        def take(answer: object) -> None:
            self.keys.dialog = None
            if answer is not None:
                then(answer)
            if self.tour is not None:
                self.call_after_refresh(self.look_around, over=stop)

        self.keys.dialog = dialog
        if self.tour is not None:
            from bptui.app.screens.dialog import Dialog  # loaded with the one that is asked

            rows = self.tour.panel.size.height
            if isinstance(dialog, Dialog) and self.size.height - rows >= LEAST_HEIGHT:
                dialog.stay_above(rows, self.size.height)  # what the tour says is read meanwhile
        self.push_screen(dialog, take)

    def export(self, dialog: ClosesOnce[Path | None]) -> None:
        """Ask what to export and where, and say where it went."""
        from bptui.presets.save import shown_path

        self.clear_notifications()  # which would cover a part of the screen in a picture of it
        self.ask(dialog, lambda file: self.tell(f"exported to {shown_path(file)}"))

    # keys, clicks and commands

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Key) and self.tour is not None and self.tour.holds(event):
            return
        # on a screen too small for anything keys must not wait until it has grown
        small = isinstance(self.screen_stack[-1], TooSmallScreen) if self.screen_stack else False
        if isinstance(event, Key | Paste):
            self._pressed = None  # what is clicked next begins anew
        if isinstance(event, Key) and not event.is_forwarded and len(self.screen_stack) == 1:
            self._show_key(event.key)
            self.keys_pressed += 1
            self.take_back_news()
        if isinstance(event, Key | Paste) and not event.is_forwarded and not small:
            await self.keys.put(event)
        elif not (
            isinstance(event, MouseDown)
            and (self._meant_for_another_screen(event) or self._goes_by_keys(event))
        ):
            await super().on_event(event)

    def _meant_for_another_screen(self, event: MouseDown) -> bool:
        """Return whether a double click begins here whose first click has changed the screen."""
        if event.is_forwarded:  # a copy that comes back from a widget, perhaps much later
            return False
        before, self._pressed = self._pressed, (event.screen_offset, event.time, self.screen)
        if before is None or event.time - before[1] > self.CLICK_CHAIN_TIME_THRESHOLD:
            return False
        if event.screen_offset == before[0] and before[2] is not self.screen:
            self._pressed = event.screen_offset, event.time, before[2]
            return True
        return False

    def _goes_by_keys(self, event: MouseDown) -> bool:
        """Return whether a click would lead away from the tour."""
        if self.tour is None or len(self.screen_stack) > 1:
            return False
        return not self.tour.panel.region.contains_point(event.screen_offset)

    def on_passed(self, message: Passed) -> None:
        message.arrived.set()

    def action_press(self, key: str) -> None:
        """Press a key for the mouse."""
        # from here: a key does not rise above the widget in whose name it was pressed
        self.call_later(self.simulate_key, key)

    def action_command(self, name: str) -> None:
        """Run a command by the name of its function."""
        self.run_command(next(command for command in self.table if command.name == name))

    def run_command(self, command: Command) -> None:
        """Run a command."""
        command.run(self)

    def action_command_palette(self) -> None:
        if not isinstance(self.screen, Palette | TooSmallScreen):
            self.push_screen(Palette(id="--command-palette"))

    def on_resize(self, event: Resize) -> None:
        self.main.fit_panels(event.size)
        require_room(self, event.size)
