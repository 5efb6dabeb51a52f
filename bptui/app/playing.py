"""The app's commands that move through time: operations, steps, jumps, runs, breakpoints."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from bptui.app.key_queue import InOrderApp
from bptui.app.playback.history import Place
from bptui.app.playback.player import Player
from bptui.app.styles import ANSI, fitting
from bptui.app.view import View
from bptui.core.experiment import Experiment
from bptui.terminal.capabilities import Capabilities, driver_for

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel

    from bptui.app.playback.breakpoints import Breakpoint

PATIENCE = 0.2
"""Seconds that steps under way may take before a dialog opens; after them a jump is given up."""


class PlayingApp(InOrderApp):
    """Owns the player and turns its commands into moves."""

    def __init__(self, experiment: Experiment, around: Capabilities) -> None:
        # else Textual puts colours of its own in the place of the terminal's
        own_colours = True if fitting(around) in ANSI else None
        super().__init__(driver_class=driver_for(around), ansi_color=own_colours)
        self.capabilities = around
        self._player = Player(experiment, self.show_view, self._drawn, around.fps, self._tell)
        self._news_of: tuple[Callable[[], object], object] | None = None

    @property
    def player(self) -> Player:
        return self._player

    def show_view(self, view: View) -> None:
        """Give every panel the view."""
        raise NotImplementedError

    def _tell(
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

    def forget_stale_news(self) -> None:
        """Take back what was said last where it is true no longer."""
        if self._news_of is not None and self._news_of[0]() != self._news_of[1]:
            self._news_of = None
            self.clear_notifications()

    def _place(self) -> object:
        """What is shown."""
        return self._player.place

    def _course(self) -> object:
        """The timeline that the last change has led to."""
        return self._player.standing[0]

    async def _drawn(self) -> None:
        """Wait until what was shown last is on the screen."""
        done = asyncio.Event()
        self.call_after_refresh(done.set)
        await done.wait()

    def action_operation(self) -> None:
        self._play(self._player.walk(+1))

    def action_operation_back(self) -> None:
        self._play(self._player.walk(-1))

    def action_step(self) -> None:
        self._play(self._player.move(+1))

    def action_step_back(self) -> None:
        self._play(self._player.move(-1))

    def action_restart(self) -> None:
        self._play(self._player.go(0))

    def _play(self, moving: Awaitable[object]) -> None:
        self.run_worker(moving, group="play")

    def action_run(self) -> None:
        player = self._player
        if player.running:
            player.pause()
            return
        step, diverged = player.goal.step, player.timeline.first_not_finite
        if diverged is not None and step >= diverged:
            self._tell("Training has diverged here; S and r go back.", self._place, "warning")
            return
        steps = max(player.snapshot.experiment.training.steps, 1)
        self._play(player.run((step // steps + 1) * steps))

    def action_run_back(self) -> None:
        player = self._player
        if player.running or player.goal == Place(0):
            player.pause()
        else:
            self._play(player.run(0, backwards=True))

    def action_stop(self) -> None:
        """Give up a jump under way; a run pauses."""
        self._player.pause()

    def _at_rest(self, then: Callable[[], None]) -> None:
        """Do something with what is shown: where the last keys led to, or where a run pauses."""
        if self._player.running:
            self._player.pause()
        if self._player.at_rest:
            then()
        else:
            self._preparing += 1
            self.run_worker(self._once_at_rest(then), group="play")

    async def _once_at_rest(self, then: Callable[[], None]) -> None:
        try:
            await self._player.rest(PATIENCE)
            then()
        finally:
            self._preparing -= 1

    def action_goto(self) -> None:
        self._at_rest(self._ask_where)

    def _ask_where(self) -> None:
        from bptui.app.screens.goto import GotoScreen  # dialogs are not needed at the start

        snapshot = self._player.snapshot
        self.push_screen(GotoScreen(snapshot.step, snapshot.experiment), self._go)

    def _go(self, step: int | None) -> None:
        if step is not None:
            self.action_go(step)

    def action_go(self, step: int) -> None:
        self._play(self._player.go(step))

    def action_breakpoints(self) -> None:
        self._at_rest(self._ask_breakpoints)

    def _ask_breakpoints(self) -> None:
        from bptui.app.screens.breakpoints import BreakpointScreen

        player = self._player
        screen = BreakpointScreen(player.breakpoints, player.snapshot.experiment.network)
        self.push_screen(screen, self._set_breakpoints)

    def _set_breakpoints(self, breakpoints: Mapping[Breakpoint, bool] | None) -> None:
        if breakpoints is not None:
            self._player.set_breakpoints(breakpoints)

    def action_faster(self) -> None:
        self._player.change_speed(+1)

    def action_slower(self) -> None:
        self._player.change_speed(-1)
