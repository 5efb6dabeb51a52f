"""Commands that change what the screen shows, and the one that leaves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bptui.app.commands.table import command
from bptui.app.styles import counterpart
from bptui.app.view import Curve

if TYPE_CHECKING:
    from bptui.app.app import BptuiApp


@command(
    "o",
    hint="learned",
    words="decision boundary plot graph confusion matrix accuracy predictions outputs result",
)
def learned(app: BptuiApp) -> None:
    app.main.show_learned()


@command("i", hint="samples", words="data dataset table rows inputs predictions test")
def samples(app: BptuiApp) -> None:
    app.main.show_samples()


@command("right_square_bracket", words="batch forward")
def sample(app: BptuiApp) -> None:
    _look_in_batch(app, +1)


@command("left_square_bracket", words="batch previous backward")
def sample_back(app: BptuiApp) -> None:
    _look_in_batch(app, -1)


def _look_in_batch(app: BptuiApp, by: int) -> None:
    """Look ``by`` samples further in the batch, whose first one follows the last."""
    batch = app.player.snapshot.batch
    rows = (batch == app.main.sample).nonzero()[0]
    # from a sample elsewhere on, or none, the first of the batch was shown
    row = int(rows[0]) if rows.size else 0
    if len(batch) == 1:
        app.tell("The batch of this step has only one sample.", app.place)
    app.main.look(int(batch[(row + by) % len(batch)]))


@command("a", hint="compare", words="overlay curves history remember experiments", at_rest=True)
def keep(app: BptuiApp) -> None:
    from bptui.app.screens.curves import CurveScreen, proposed

    view = app.player.view()
    names = [each.name for each in view.kept]
    name = proposed(view.snapshot.experiment, bool(view.edits), names)
    app.ask(CurveScreen(Curve(name, view.losses.summary()), view.kept), app.player.keep)


@command("l", hint="log", words="log axis chart plot y")
def scale(app: BptuiApp) -> None:
    app.main.loss.toggle_scale()


@command("z", hint="zoom", words="maximize full fullscreen enlarge bigger expand window")
def zoom(app: BptuiApp) -> None:
    app.main.zoom()


@command("question_mark", hint="help", words="keys shortcuts bindings documentation docs tutorial")
def show_help(app: BptuiApp) -> None:
    from bptui.app.screens.help import HelpScreen

    app.push_screen(HelpScreen())


@command("ctrl+p", "Command palette")
def palette(app: BptuiApp) -> None:
    app.action_command_palette()


@command(
    "",
    "Theme: light or dark",
    words="colours colors mode appearance background bright night contrast",
)
def theme(app: BptuiApp) -> None:
    app.theme = counterpart(app.current_theme)


@command("q", hint="quit", words="exit close bye end")
def leave(app: BptuiApp) -> None:
    app.exit()
