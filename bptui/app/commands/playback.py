"""Commands that move through time and explain what is shown there."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bptui.app.commands.table import command
from bptui.app.playback.history import Place

if TYPE_CHECKING:
    from bptui.app.app import BptuiApp


@command(
    "n",
    "Next operation",
    "Go through the operations of a step, one by one",
    hint="operation",
    also="N",
    words="single forward advance continue",
)
def operation(app: BptuiApp) -> None:
    app.player.walk(+1)


@command(
    "N",
    "Previous operation",
    "Go back one operation, into the previous step too",
    words="single backward rewind",
)
def operation_back(app: BptuiApp) -> None:
    app.player.walk(-1)


@command(
    "s",
    "Next step",
    "Train one step: state k becomes state k + 1",
    hint="step",
    also="S",
    words="train iterate iteration update advance continue",
)
def step(app: BptuiApp) -> None:
    app.player.move(+1)


@command(
    "S",
    "Previous step",
    "Go back one step; the numbers are the same as before",
    words="backward rewind previous update",
)
def step_back(app: BptuiApp) -> None:
    app.player.move(-1)


@command(
    "space",
    "Run or pause",
    "Train to the preset's last step or a breakpoint, or pause",
    hint="run",
    words="play start train continue resume learn",
)
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


@command(
    "backspace",
    "Run backwards",
    "To the previous breakpoint or step 0, or pause",
    words="reverse rewind play",
)
def run_back(app: BptuiApp) -> None:
    player = app.player
    if player.running or player.goal == Place(0):
        player.pause()
    else:
        player.run(0, backwards=True)


@command(
    "plus", "Run faster", "Up to full speed", hint="speed", also="-", words="speed accelerate quick"
)
def faster(app: BptuiApp) -> None:
    app.player.change_speed(+1)


@command("minus", "Run slower", "Down to one operation every 2 seconds", words="speed slow motion")
def slower(app: BptuiApp) -> None:
    app.player.change_speed(-1)


@command(
    "g",
    "Go to a step",
    "By number, +n, -n, end, or e12 for epoch 12",
    hint="go to",
    words="jump seek skip move find end",
    at_rest=True,
)
def goto(app: BptuiApp) -> None:
    from bptui.app.screens.goto import GotoScreen

    snapshot = app.player.snapshot
    app.ask(GotoScreen(snapshot.step, snapshot.experiment), app.player.go)


@command(
    "r",
    "Back to step 0",
    "Show the start values again",
    hint="restart",
    words="reset start over begin beginning first initial rewind",
)
def restart(app: BptuiApp) -> None:
    app.player.go(0)


@command(
    "b",
    "Breakpoints",
    "Stop runs when the loss, a gradient or another number passes a value",
    hint="breakpoints",
    words="break watch condition when until pause",
    at_rest=True,
)
def breakpoints(app: BptuiApp) -> None:
    from bptui.app.playback.breakpoints import parse
    from bptui.app.screens.breakpoints import BreakpointScreen, examples

    player = app.player
    network = player.snapshot.experiment.network
    dialog = BreakpointScreen(
        player.breakpoints, examples(network), partial(parse, network=network)
    )
    app.ask(dialog, player.set_breakpoints)


@command(
    "escape", "Stop", "Cancel a long jump, or pause the run", words="cancel abort interrupt halt"
)
def stop(app: BptuiApp) -> None:
    app.player.pause()


@command(
    "d",
    "Derivation",
    "Explain the numbers in the next form: scalar, matrix, numpy",
    hint="form",
    words="formula equation math chain rule why how calculation latex",
)
def derivation(app: BptuiApp) -> None:
    if not app.main.uncover_derivation():
        app.main.derivation.next_form()
