"""The app's commands that move through time: steps, running, back to the start."""

from __future__ import annotations

import asyncio

from textual.app import App

from bptui.app.player import Player
from bptui.app.view import View
from bptui.core.experiment import Experiment


class PlayingApp(App[None]):
    """Owns the player and turns its commands into moves."""

    def __init__(self, experiment: Experiment, fps: int) -> None:
        super().__init__()
        self._player = Player(experiment, self.show_view, self._drawn, fps)

    @property
    def player(self) -> Player:
        return self._player

    def show_view(self, view: View) -> None:
        """Give every panel the view."""
        raise NotImplementedError

    async def _drawn(self) -> None:
        """Wait until what was shown last is on the screen."""
        done = asyncio.Event()
        self.call_after_refresh(done.set)
        await done.wait()

    def action_step(self) -> None:
        self._move(+1)

    def action_step_back(self) -> None:
        self._move(-1)

    def _move(self, by: int) -> None:
        self.run_worker(self._player.move(by), group="play")

    def action_restart(self) -> None:
        self.run_worker(self._player.go(0), group="play")

    def action_run(self) -> None:
        player = self._player
        if player.running:
            player.pause()
            return
        snapshot = player.snapshot
        if player.timeline.first_not_finite is not None and (
            snapshot.step >= player.timeline.first_not_finite
        ):
            self.notify("Training has diverged here; S and r go back.", severity="warning")
            return
        steps = max(snapshot.experiment.training.steps, 1)
        last = (snapshot.step // steps + 1) * steps
        self.run_worker(player.run(last), group="play")

    def action_faster(self) -> None:
        self._player.change_speed(+1)

    def action_slower(self) -> None:
        self._player.change_speed(-1)
