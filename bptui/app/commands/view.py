"""Commands that change what the screen shows, and the one that leaves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bptui.app.commands.copy import copy
from bptui.app.commands.table import PALETTE_KEY, Entry
from bptui.app.styles import counterpart
from bptui.app.view import Curve

if TYPE_CHECKING:
    from bptui.app.app import BptuiApp
    from bptui.app.base import TerminalApp

PALETTE, THEME = "Command palette", "Theme: light or dark"
"""Titles of commands on the pages of keys."""


def _look_in_batch(app: BptuiApp, by: int) -> None:
    """Look ``by`` samples further in the batch, whose first one follows the last."""
    batch = app.player.snapshot.batch
    if len(batch) == 1:
        app.tell("The batch of this step has only one sample.", app.place)
    app.main.look(int(batch[(app.main.view.row + by) % len(batch)]))


def keep(app: BptuiApp) -> None:
    """Keep the loss curve under a name."""
    from bptui.app.screens.curves import CurveScreen, proposed

    view = app.player.view()
    name = proposed(view.snapshot.experiment, [each.name for each in view.kept])
    app.ask(CurveScreen(Curve(name, view.losses.summary), view.kept), app.player.keep)


def show_help(app: TerminalApp[Any], topic: str = "keys") -> None:
    """Open the manual at a page."""
    from bptui.app.screens.help import HelpScreen

    app.push_screen(HelpScreen(topic))


def change_theme(app: TerminalApp[Any]) -> None:
    """Go over to the light theme, or to the dark one."""
    app.theme = counterpart(app.current_theme, app.presenting)


def present(app: TerminalApp[Any]) -> None:
    """Show it to a class, or to one person again."""
    app.present(not app.presenting)


COMMANDS: list[Entry[BptuiApp]] = [
    Entry("learned", "o", lambda app: app.main.show_learned(), "learned"),
    Entry("graph", "v", lambda app: app.main.show_numbers(), "numbers"),
    Entry("samples", "i", lambda app: app.main.show_samples(), "samples"),
    Entry("sample", "right_square_bracket", lambda app: _look_in_batch(app, +1)),
    Entry("sample_back", "left_square_bracket", lambda app: _look_in_batch(app, -1)),
    Entry("names", "m", lambda app: app.main.toggle_names(), "names"),
    Entry("keep", "a", keep, "compare", at_rest=True),
    Entry("scale", "l", lambda app: app.main.loss.toggle_scale(), "log"),
    Entry("copy", "y", copy, "copy", at_rest=True),
    Entry("zoom", "z", lambda app: app.main.zoom(), "zoom"),
    Entry("present", "P", present),
    Entry("tour", "", lambda app: app.take_tour(), titled="Tour"),
    Entry("show_help", "question_mark", show_help, "help"),
    Entry("palette", PALETTE_KEY, lambda app: app.action_command_palette(), titled=PALETTE),
    Entry("theme", "", change_theme, titled=THEME),
    Entry("leave", "q", lambda app: app.exit(), "quit"),
]
