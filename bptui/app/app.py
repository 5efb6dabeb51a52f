"""The app: one main screen, the player whose views it shows, and the commands."""

from __future__ import annotations

import asyncio
import gc
import importlib
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace
from textual.events import Event, InputEvent
from textual.screen import Screen

from bptui.app.base import TerminalApp
from bptui.app.commands import COMMANDS
from bptui.app.commands.table import Command, bindings
from bptui.app.main_screen import MainScreen
from bptui.app.playback.player import Player
from bptui.app.view import View
from bptui.core.engine import Snapshot
from bptui.core.errors import reason_of
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline
from bptui.terminal.capabilities import USUAL, Capabilities

if TYPE_CHECKING:
    from bptui.app.session.store import Continued

YOUNG = 10_000
"""Objects made since the last collection that call for another: some keys' worth of drawing."""
PATIENCE = 0.2
"""Seconds that steps under way may take before a dialog opens; after them a jump is given up."""


class BptuiApp(TerminalApp[MainScreen]):
    """Hands keys to commands, and what the player shows to the main screen."""

    BINDINGS = bindings(COMMANDS)
    table = COMMANDS

    def __init__(self, experiment: Experiment, around: Capabilities = USUAL) -> None:
        super().__init__(around)
        self.player: Player = Player(
            experiment,
            start=partial(self.run_worker, group="play", exclusive=True),
            show=self.show_view,
            drawn=self._drawn,
            tell=self.tell,
            fps=around.fps,
        )
        self._continued: Continued | None = None
        self._keeps_session = False
        self.first_stop: int | None = None
        """The place of the stop that a tour begins at, where one is to begin."""
        self.own_code: Path | None = None
        """The program to go on with after this."""
        self._announced: Snapshot | None = None
        self._looked_ahead: Timeline | None = None

    def get_default_screen(self) -> Screen[None]:
        return MainScreen(self.player, self.keys.when_drawn)

    def on_mount(self) -> None:
        self.show_view(self.player.view())
        # what is there now stays: collecting it again and again would delay answers to keys
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        gc.freeze()
        gc.set_threshold(YOUNG)
        gc.enable()
        if self.first_stop is not None:
            self.take_tour(self.first_stop)
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
        if self.screen_stack:  # else the user has quit meanwhile
            self.autosave = module.Autosave(self, self._continued)
            await self.autosave.keep()

    # what is shown and said

    def show_view(self, view: View) -> None:
        """Show a view, and say what follows from it."""
        if not self.screen_stack:
            return  # the app ends while it plays
        self.main.show(replace(view, present=self.presenting))
        self.take_back_news()
        self.look_around()
        if self._looked_ahead is not self.player.timeline:
            self._looked_ahead = self.player.timeline
            self.run_worker(self._look_ahead(), group="ahead", exclusive=True)
        diverged = view.diverged_at == view.snapshot.step and not view.running
        if diverged and self._announced is not view.snapshot:
            self._announced = view.snapshot
            self.tell(
                f"The loss is not finite from step {view.diverged_at} on: training has diverged. "
                "S goes back.",
                self.place,
                "warning",
            )

    async def _look_ahead(self) -> None:
        """Show the losses of the steps to come; that is no news."""
        await self.player.look_ahead()
        self.main.show(replace(self.player.view(), present=self.presenting))

    def take_tour(self, first: int = 0) -> None:
        """Begin the tour, at the start of its preset; the ``first`` stop is the one to be read."""
        from bptui.app.tour.stops import PRESET, stops
        from bptui.app.tour.tour import Tour, example_file
        from bptui.presets.files import load

        async def begin() -> None:
            await self.player.open(load(PRESET)).wait()
            self.begin_tour(Tour(self, example_file(Path.cwd()), stops(), begin=first))

        self.run_worker(begin(), group="rest")

    def write_example(self) -> str | None:
        """Write the tour's program and leave, to open it; return what is wrong where it cannot."""
        from bptui.app.tour.stops import EXAMPLE
        from bptui.atomic import written_whole

        assert self.tour is not None, "it asks for this"
        try:
            with written_whole(self.tour.file, overwrite=False) as stream:
                stream.write(EXAMPLE)
        except OSError as error:
            return f"{self.tour.file.name}: {reason_of(error)}"
        self.own_code = self.tour.file
        self.exit()
        return None

    def way_back(self) -> Callable[[Callable[[], object]], None]:
        branch, place = self.player.standing

        def go(then: Callable[[], object]) -> None:
            while self.player.standing[0] is not branch and self.player.undo():
                pass
            if self.player.standing != (branch, place):
                self.player.go(*place)
            self._when_at_rest(then)

        return go

    def show_again(self) -> None:
        self.player.show()

    async def _drawn(self) -> None:
        """Wait until what was shown last is on the screen."""
        done = asyncio.Event()
        self.call_after_refresh(done.set)
        await done.wait()

    def place(self) -> object:
        """Return what is shown, for :meth:`tell`."""
        return self.player.place

    def branch(self) -> object:
        """Return the branch that the last change has led to, for :meth:`tell`."""
        return self.player.standing[0]

    # keys, clicks and commands

    async def on_event(self, event: Event) -> None:
        if isinstance(event, InputEvent):
            self.player.attention = True
        await super().on_event(event)

    def run_command(self, command: Command) -> None:
        if not command.at_rest:
            command.run(self)
            return
        if self.player.running:
            self.player.pause()
        self._when_at_rest(partial(command.run, self))

    def _when_at_rest(self, run: Callable[[], object]) -> None:
        """Do something once what the last keys led to is shown; until then further keys wait."""
        if self.player.at_rest:
            run()
        else:
            keys = ExitStack()
            keys.enter_context(self.keys.held())  # the worker may begin later than the next key
            self.run_worker(self._at_rest(keys, run), group="rest")

    async def _at_rest(self, keys: ExitStack, run: Callable[[], object]) -> None:
        with keys:
            await self.player.rest(PATIENCE)
            run()

    def action_go(self, step: int) -> None:
        self.player.go(step)
