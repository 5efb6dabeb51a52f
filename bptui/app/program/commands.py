"""What the user can do with a program; the table of the other app in small."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bptui.app.commands.table import PROGRAM
from bptui.app.commands.table import command as command_of
from bptui.app.program.breakpoints import examples, parser
from bptui.app.styles import counterpart

if TYPE_CHECKING:
    from bptui.app.program.app import ProgramApp

command = partial(command_of, table=PROGRAM, page="own-program")


@command("w", hint="wrong line", words="bug mistake error verdict blame", at_rest=True)
def wrong_line(app: ProgramApp) -> None:
    moment = app.moment
    wrong = moment.record.wrong
    if not wrong:
        report = moment.record.checked.report
        app.tell(
            f"{app.file.name} is {report.verdict}: {report.reason or 'there is no wrong line'}."
        )
        return
    at = wrong.index(moment.stop) + 1 if moment.stop in wrong else 0
    app.show(moment.jumped(wrong[at % len(wrong)]))


@command(
    "n", hint="operation", also="N", words="single forward advance continue line", at_rest=True
)
def operation(app: ProgramApp) -> None:
    app.show(app.moment.at(app.moment.stop + 1))


@command("N", words="single backward rewind line", at_rest=True)
def operation_back(app: ProgramApp) -> None:
    app.show(app.moment.at(app.moment.stop - 1))


@command(
    "s",
    hint="update",
    also="S",
    words="train iterate iteration step advance continue",
    at_rest=True,
)
def step(app: ProgramApp) -> None:
    app.go(app.moment.update + 1)


@command("S", words="backward rewind", at_rest=True)
def step_back(app: ProgramApp) -> None:
    moment = app.moment
    within = moment.stop > moment.record.starts[moment.update]
    app.go(moment.update - (0 if within else 1))


@command("space", hint="run", words="play start continue resume")
def run(app: ProgramApp) -> None:
    if app.moment.running:
        app.pause()
    else:
        app.play()


@command("plus", hint="speed", also="-", words="speed")
def faster(app: ProgramApp) -> None:
    app.change_speed(+1)


@command("minus", words="speed slow motion")
def slower(app: ProgramApp) -> None:
    app.change_speed(-1)


@command("enter", hint="from", words="origin computed source jump definition", at_rest=True)
def came_from(app: ProgramApp) -> None:
    moment = app.moment
    record = moment.record
    if moment.row is not None:
        lines = [record.line_of[entry] for entry in record.stops]
        ahead = [*range(moment.stop + 1, len(lines)), *range(moment.stop)]
        found = next((stop for stop in ahead if lines[stop] == moment.row), None)
        if found is None:
            app.tell(f"Line {moment.row} carries out no operation.", app.place)
        else:
            app.show(moment.jumped(found))
        return
    stop = record.stop_of.get(moment.subject)
    if stop is None or stop == moment.stop:
        sources = [source for source in record.sources(moment.subject) if source in record.stop_of]
        if not sources:
            app.tell("It is given: the program computes it from nothing.", app.place)
            return
        stop = max(record.stop_of[source] for source in sources)
    app.show(moment.jumped(stop))


@command("u", hint="to", words="used next consumer flows follow", at_rest=True)
def goes_to(app: ProgramApp) -> None:
    moment = app.moment
    record = moment.record
    users = [
        record.stop_of[e] for e in record.consumers.get(moment.subject, ()) if e in record.stop_of
    ]
    later = [stop for stop in users if stop > moment.stop] or users
    if later:
        app.show(moment.jumped(later[0]))
    else:
        app.tell("Nothing that was recorded uses it.", app.place)


@command("backspace", words="return trail history", at_rest=True)
def back(app: ProgramApp) -> None:
    if not app.moment.trail:
        app.tell("There was no jump to return from.", app.place)
    app.show(app.moment.back())


@command("d", hint="form", words="formula equation math chain rule why how calculation")
def derivation(app: ProgramApp) -> None:
    if not app.main.uncover_derivation():
        app.main.derivation.next_form()


@command("g", hint="go to", words="jump seek find", at_rest=True)
def goto(app: ProgramApp) -> None:
    from bptui.app.program.dialogs import GotoUpdate

    app.ask(GotoUpdate(app.moment.update, len(app.moment.record.steps)), app.go)


@command("b", hint="breakpoints", words="break watch condition when until pause", at_rest=True)
def breakpoints(app: ProgramApp) -> None:
    from bptui.app.screens.breakpoints import BreakpointScreen

    moment = app.moment

    def take(made: object) -> None:
        app.breakpoints = made  # type: ignore[assignment]  # the dialog's own kind

    app.ask(BreakpointScreen(app.breakpoints, examples(moment), parser(moment)), take)


@command("r", hint="reload", words="again refresh restart rerun file changed")
def reload(app: ProgramApp) -> None:
    app.reload()


@command("x", hint="export", words="save report numpy code", at_rest=True)
def export(app: ProgramApp) -> None:
    from bptui.app.program.dialogs import ExportScreen
    from bptui.presets.save import shown_path

    def exported(file: Path) -> None:
        app.tell(f"exported to {shown_path(file)}")

    app.ask(ExportScreen(app.moment.record.checked, app.file), exported)


@command("l", hint="log")
def scale(app: ProgramApp) -> None:
    app.main.loss.toggle_scale()


@command("z", hint="zoom")
def zoom(app: ProgramApp) -> None:
    app.main.zoom()


@command("escape", words="cancel abort interrupt halt")
def stop(app: ProgramApp) -> None:
    app.pause()


@command("question_mark", hint="help")
def show_help(app: ProgramApp) -> None:
    from bptui.app.screens.help import HelpScreen

    app.push_screen(HelpScreen("own-program"))


@command("ctrl+p", "Command palette")
def palette(app: ProgramApp) -> None:
    app.action_command_palette()


@command("", "Theme: light or dark", words="colours")
def theme(app: ProgramApp) -> None:
    app.theme = counterpart(app.current_theme)


@command("q", hint="quit", words="exit close")
def leave(app: ProgramApp) -> None:
    app.exit()
