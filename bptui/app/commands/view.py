"""Commands that move through time, change what the screen shows, copy from it, or leave it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bptui.app.commands.experiment import name_of, number_in_focus, selected_number
from bptui.app.commands.table import PALETTE_KEY, Command, Entry
from bptui.app.panels.derivation import FormsPanel
from bptui.app.playback.history import Place
from bptui.app.styles import counterpart
from bptui.app.view import LETTERS, MOST_CURVES, Curve
from bptui.presets.errors import printable

if TYPE_CHECKING:
    from bptui.app.app import BptuiApp
    from bptui.app.base import TerminalApp
    from bptui.app.program.app import ProgramApp


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


SHOWN = 40
"""Characters of what was copied that are repeated in the news."""


def copy(app: BptuiApp) -> None:
    """Copy the derivation where it has the focus, else the selected number."""
    main, view = app.main, app.main.view
    focused, snapshot, selection = main.focused, view.snapshot, view.selection
    names, number = snapshot.experiment.network.names, number_in_focus(app)
    own, parameter = selection.name(names), selected_number(view)
    if isinstance(focused, FormsPanel):
        _copied(app, "derivation", focused.text)
    elif focused is main.gradients and parameter is not None and parameter.is_parameter:
        gradient = parameter.value(snapshot.experiment, snapshot.gradients)
        known = view.computed(names.weight_gradient(selection.layer))
        _copied(app, f"dL/d{own}", repr(gradient), known)
    elif number is not None and (number.kind != "target" or focused is main.samples):
        value = number.value(snapshot.experiment, view.parameters)
        _copied(app, name_of(number, view), repr(value))
    else:
        quantity = names.out(selection.layer)
        value = float(snapshot.values[quantity][view.row, selection.unit])
        _copied(app, f"out_{own}", repr(value), view.computed(quantity))


def copy_of_program(app: ProgramApp) -> None:
    """Copy the derivation where it has the focus, else the selected number of the program."""
    focused, moment = app.main.focused, app.moment
    name = moment.record.name(moment.subject)
    if isinstance(focused, FormsPanel):
        _copied(app, "derivation", focused.text)
    elif not moment.record.array(moment.subject).size:
        app.tell(f"{name} is empty.", app.place)
    else:
        index = "".join(f"[{at}]" for at in moment.index)
        value = float(moment.record.array(moment.subject)[moment.index])
        _copied(app, f"{name}{index}", repr(value))


def _copied(app: BptuiApp | ProgramApp, name: str, text: str, computed: bool = True) -> None:
    """Copy a text by the terminal, and say what was copied."""
    if not computed:
        app.tell(f"{name} has yet to be computed in this step.", app.place)
        return
    app.copy_to_clipboard(text)
    first, *more = text.splitlines() or [""]
    shown = f"{len(more) + 1} lines" if more else first if len(first) <= SHOWN else "1 line"
    app.tell(f"copied {name}: {shown}", app.place)


PALETTE, THEME = "Command palette", "Theme: light or dark"
"""Titles of commands on the pages of keys."""


def _look_in_batch(app: BptuiApp, by: int) -> None:
    """Look ``by`` samples further in the batch, whose first one follows the last."""
    batch = app.player.snapshot.batch
    if len(batch) == 1:
        app.tell("The batch of this step has only one sample.", app.place)
    app.main.look(int(batch[(app.main.view.row + by) % len(batch)]))


def keep(app: BptuiApp) -> None:
    """Keep the loss curve in the chart; once it is kept, remove all that are."""
    view, player = app.player.view(), app.player
    losses, kept = view.losses.summary, view.kept[1 - MOST_CURVES :]
    if any(curve.losses is losses for curve in kept):
        player.keep(())
        return
    letter = next(each for each in LETTERS if each not in [curve.letter for curve in kept])
    training = view.snapshot.experiment.training
    name = f"{printable(view.name)} {training.optimizer} {training.learning_rate:g}"
    player.keep((*kept, Curve(name, losses, letter)))
    app.tell(f"kept as curve {letter}, {name}; a: remove kept curves", app.place)


def derivation(app: TerminalApp[Any]) -> None:
    """Show the derivation, or its next form."""
    if not app.main.uncover_derivation():
        app.main.derivation.next_form()


def show_help(app: TerminalApp[Any], topic: str = "") -> None:
    """Open the manual at a page; that of the keys unless another one is named."""
    from bptui.app.screens.help import HelpScreen

    app.push_screen(HelpScreen(topic or app.table[0].page))


def change_theme(app: TerminalApp[Any]) -> None:
    """Go over to the light theme, or to the dark one."""
    app.theme = counterpart(app.current_theme, app.presenting)


def present(app: TerminalApp[Any]) -> None:
    """Show it to a class, or to one person again."""
    app.present(not app.presenting)


DERIVATION: Command = Entry("derivation", "d", derivation, "form")
SCALE: Command = Entry("scale", "l", lambda app: app.main.loss.toggle_scale(), "log")
ALWAYS: list[Command] = [
    Entry("zoom", "z", lambda app: app.main.zoom(), "zoom"),
    Entry("present", "P", present),
    Entry("show_help", "question_mark", show_help, "help"),
    Entry("palette", PALETTE_KEY, lambda app: app.action_command_palette(), titled=PALETTE),
    Entry("theme", "", change_theme, titled=THEME),
    Entry("leave", "q", lambda app: app.exit(), "quit"),
]
"""What both apps end their lists with."""
PLAYBACK: list[Entry[BptuiApp]] = [
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
COMMANDS: list[Entry[BptuiApp]] = [
    Entry("learned", "o", lambda app: app.main.show_learned(), "learned"),
    Entry("graph", "v", lambda app: app.main.show_numbers(), "numbers"),
    Entry("samples", "i", lambda app: app.main.show_samples(), "samples"),
    Entry("sample", "right_square_bracket", lambda app: _look_in_batch(app, +1)),
    Entry("sample_back", "left_square_bracket", lambda app: _look_in_batch(app, -1)),
    Entry("names", "m", lambda app: app.main.toggle_names(), "names"),
    Entry("keep", "a", keep, "compare", at_rest=True),
    SCALE,
    Entry("copy", "y", copy, "copy", at_rest=True),
    Entry("tour", "", lambda app: app.take_tour(), titled="Tour"),
    *ALWAYS,
]
