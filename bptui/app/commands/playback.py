"""Commands that move through time and explain what is shown there."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bptui.app.commands.table import command
from bptui.app.playback.history import Place

if TYPE_CHECKING:
    from bptui.app.app import BptuiApp


@command("n", hint="operation", also="N", words="single forward advance continue")
def operation(app: BptuiApp) -> None:
    app.player.walk(+1)


@command("N", words="single backward rewind")
def operation_back(app: BptuiApp) -> None:
    app.player.walk(-1)


@command("s", hint="step", also="S", words="train iterate iteration update advance continue")
def step(app: BptuiApp) -> None:
    app.player.move(+1)


@command("S", words="backward rewind previous update")
def step_back(app: BptuiApp) -> None:
    app.player.move(-1)


@command("space", hint="run", words="play start train continue resume learn")
def run(app: BptuiApp) -> None:
    player = app.player
    here, diverged = player.goal.step, player.timeline.first_not_finite
    if player.running:
        player.pause()
    elif diverged is not None and here >= diverged:
        app.tell("Training has diverged here; S and r go back.", app.place, "warning")
    else:
        steps = max(player.snapshot.experiment.training.steps, 1)
        player.run((here // steps + 1) * steps)


@command("backspace", words="reverse rewind play")
def run_back(app: BptuiApp) -> None:
    player = app.player
    if player.running or player.goal == Place(0):
        player.pause()
    else:
        player.run(0, backwards=True)


@command("plus", hint="speed", also="-", words="speed accelerate quick")
def faster(app: BptuiApp) -> None:
    app.player.change_speed(+1)


@command("minus", words="speed slow motion")
def slower(app: BptuiApp) -> None:
    app.player.change_speed(-1)


@command("g", hint="go to", words="jump seek skip move find end", at_rest=True)
def goto(app: BptuiApp) -> None:
    from bptui.app.screens.goto import GotoScreen

    snapshot = app.player.snapshot
    app.ask(GotoScreen(snapshot.step, snapshot.experiment), app.player.go)


@command("r", hint="restart", words="reset start over begin beginning first initial rewind")
def restart(app: BptuiApp) -> None:
    app.player.go(0)


@command("b", hint="breakpoints", words="break watch condition when until pause", at_rest=True)
def breakpoints(app: BptuiApp) -> None:
    from bptui.app.playback.breakpoints import parse
    from bptui.app.screens.breakpoints import BreakpointScreen, examples

    player = app.player
    network = player.snapshot.experiment.network
    dialog = BreakpointScreen(
        player.breakpoints, examples(network), partial(parse, network=network)
    )
    app.ask(dialog, player.set_breakpoints)


@command("escape", words="cancel abort interrupt halt")
def stop(app: BptuiApp) -> None:
    app.player.pause()


@command("d", hint="form", words="formula equation math chain rule why how calculation latex")
def derivation(app: BptuiApp) -> None:
    if not app.main.uncover_derivation():
        app.main.derivation.next_form()
