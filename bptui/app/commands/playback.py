"""Commands that move through time and explain what is shown there."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bptui.app.commands.table import Entry
from bptui.app.commands.view import DERIVATION
from bptui.app.playback.history import Place

if TYPE_CHECKING:
    from bptui.app.app import BptuiApp


def run(app: BptuiApp) -> None:
    """Run to the next multiple of the preset's steps, or pause."""
    player = app.player
    here, diverged = player.goal.step, player.timeline.first_not_finite
    if player.running:
        player.pause()
    elif diverged is not None and here >= diverged:
        app.tell("Training has diverged here; S and r go back.", app.place, "warning")
    else:
        steps = max(player.snapshot.experiment.training.steps, 1)
        player.run((here // steps + 1) * steps)


def run_back(app: BptuiApp) -> None:
    """Run to step 0, or pause."""
    player = app.player
    if player.running or player.goal == Place(0):
        player.pause()
    else:
        player.run(0, backwards=True)


def goto(app: BptuiApp) -> None:
    """Ask for a step and go there."""
    from bptui.app.screens.questions import Goals, GotoScreen

    player = app.player
    app.ask(GotoScreen(player.goal.step, Goals.of(player.snapshot.experiment)), player.go)


def breakpoints(app: BptuiApp) -> None:
    """Set breakpoints."""
    from bptui.app.playback.breakpoints import parse
    from bptui.app.screens.breakpoints import BreakpointScreen, examples

    player = app.player
    network = player.snapshot.experiment.network
    dialog = BreakpointScreen(
        player.breakpoints, examples(network), partial(parse, network=network)
    )
    app.ask(dialog, player.set_breakpoints)


COMMANDS: list[Entry[BptuiApp]] = [
    Entry("operation", "n", lambda app: app.player.walk(+1), "operation", "N"),
    Entry("operation_back", "N", lambda app: app.player.walk(-1)),
    Entry("step", "s", lambda app: app.player.move(+1), "step", "S"),
    Entry("step_back", "S", lambda app: app.player.move(-1)),
    Entry("run", "space", run, "run"),
    Entry("run_back", "backspace", run_back),
    Entry("faster", "plus", lambda app: app.player.change_speed(+1), "speed", "-"),
    Entry("slower", "minus", lambda app: app.player.change_speed(-1)),
    Entry("goto", "g", goto, "go to", at_rest=True),
    Entry("restart", "r", lambda app: app.player.go(0), "restart"),
    Entry("breakpoints", "b", breakpoints, "breakpoints", at_rest=True),
    Entry("stop", "escape", lambda app: app.player.pause()),
    DERIVATION,
]
