"""What the user can do with a program; the table of the other app in small."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bptui.app.commands.table import Command, Entry
from bptui.app.commands.view import ALWAYS, DERIVATION, SCALE, copy_of_program
from bptui.app.program.breakpoints import examples, parser

if TYPE_CHECKING:
    from bptui.app.program.app import ProgramApp


def move(app: ProgramApp, by: int) -> None:
    """Go so many operations on."""
    app.show(app.moment.at(app.moment.stop + by))


def wrong_line(app: ProgramApp) -> None:
    """Go to the first wrong line, or the next one."""
    moment = app.moment
    wrong = moment.record.wrong
    if not wrong and moment.record.wrong_lines:  # what they give was not computed: a plain number
        app.show(replace(moment, row=moment.record.wrong_lines[0]))
        return
    if not wrong:
        report = moment.record.checked.report
        app.tell(
            f"{app.file.name} is {report.verdict}: {report.reason or 'there is no wrong line'}."
        )
        return
    stops = [*wrong]
    at = stops.index(moment.stop) + 1 if moment.stop in wrong else 0
    there = moment.jumped(stops[at % len(stops)])
    line = wrong[there.stop]
    app.show(there if line == there.line else replace(there, row=line))


def step_back(app: ProgramApp) -> None:
    """Go to the beginning of the update, or of the one before."""
    moment = app.moment
    within = moment.stop > moment.record.starts[moment.update]
    app.go(moment.update - (0 if within else 1))


def came_from(app: ProgramApp) -> None:
    """Go to where what is selected was computed."""
    moment = app.moment
    record = moment.record
    if moment.row is not None:
        lines = [record.line_of[entry] for entry in record.stops]
        ahead = [*range(moment.stop + 1, len(lines)), *range(moment.stop)]
        found = next((stop for stop in ahead if lines[stop] == moment.row), None)
        if found is None:
            app.tell(f"Nothing is computed in {record.told(moment.row)}.", app.place)
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


def goes_to(app: ProgramApp) -> None:
    """Go to where what is selected is used next."""
    moment = app.moment
    record = moment.record
    stops = map(record.stop_of.get, record.consumers.get(moment.subject, ()))
    users = [stop for stop in stops if stop is not None]
    later = [stop for stop in users if stop > moment.stop] or users
    if later:
        app.show(moment.jumped(later[0]))
    else:
        app.tell("Nothing that was recorded uses it.", app.place)


def back(app: ProgramApp) -> None:
    """Return from the last jump."""
    if not app.moment.trail:
        app.tell("There was no jump to return from.", app.place)
    app.show(app.moment.back())


def graph(app: ProgramApp) -> None:
    """Show the graph, or what else it can show."""
    app.main.graph.next_kind()


def goto(app: ProgramApp) -> None:
    """Ask for an update and go there."""
    from bptui.app.screens.questions import Goals, GotoScreen

    count = len(app.moment.record.steps)
    goals = Goals("updates", 1, count, count)
    app.ask(GotoScreen(app.moment.update + 1, goals), app.action_go)


def breakpoints(app: ProgramApp) -> None:
    """Set breakpoints."""
    from bptui.app.screens.breakpoints import BreakpointScreen

    dialog = BreakpointScreen(app.breakpoints, examples(app.moment), parser(app.moment))
    app.ask(dialog, partial(setattr, app, "breakpoints"))


def export(app: ProgramApp) -> None:
    """Ask what to export and where."""
    from bptui.app.screens.export import ExportScreen, program_formats

    formats = program_formats(app.moment.record.checked, app.moment.update + 1)
    app.export(ExportScreen(app.file.stem, app.file.name, formats, app.file))


ENTRIES: list[Entry[ProgramApp]] = [
    Entry("wrong_line", "w", wrong_line, "wrong line", at_rest=True),
    Entry("operation", "n", lambda app: move(app, +1), "operation", "N", at_rest=True),
    Entry("operation_back", "N", lambda app: move(app, -1), at_rest=True),
    Entry("step", "s", lambda app: app.go(app.moment.update + 1), "update", "S", at_rest=True),
    Entry("step_back", "S", step_back, at_rest=True),
    Entry("run", "space", lambda app: app.pause() if app.moment.running else app.play(), "run"),
    Entry("faster", "plus", lambda app: app.change_speed(+1), "speed", "-"),
    Entry("slower", "minus", lambda app: app.change_speed(-1)),
    Entry("came_from", "enter", came_from, "from", at_rest=True),
    Entry("goes_to", "u", goes_to, "to", at_rest=True),
    Entry("back", "backspace", back, at_rest=True),
    DERIVATION,
    Entry("graph", "v", graph, "graph"),
    Entry("goto", "g", goto, "go to", at_rest=True),
    Entry("breakpoints", "b", breakpoints, "breakpoints", at_rest=True),
    Entry("reload", "r", lambda app: app.reload(), "reload"),
    Entry("export", "x", export, "export", at_rest=True),
    Entry("stop", "escape", lambda app: app.pause()),
    SCALE,
    Entry("copy", "y", copy_of_program, "copy", at_rest=True),
    *ALWAYS,
]
PROGRAM: list[Command] = [replace(each, page="own-program") for each in ENTRIES]
"""Those of the app on somebody's own program, in the order in which they are listed."""
