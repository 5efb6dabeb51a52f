"""The app on somebody's own program: the moment that is shown, runs, and reloading."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec.structs import replace
from textual.screen import Screen

from bptui.app.base import TerminalApp
from bptui.app.commands.table import Command, bindings
from bptui.app.playback.breakpoints import Breakpoint
from bptui.app.program.breakpoints import stops_at
from bptui.app.program.commands import PROGRAM
from bptui.app.program.moment import READABLE, Moment, opened
from bptui.app.program.record import Record
from bptui.app.program.screen import ProgramScreen
from bptui.app.screens import in_background
from bptui.atomic import saved_at
from bptui.check.program.writer import Checked
from bptui.check.reports.report import Report, as_plain
from bptui.check.running.interpreter import CannotStartError
from bptui.terminal.capabilities import USUAL, Capabilities
from bptui.trace.step.possible_losses import UnknownLossError

Check = Callable[[], Checked | Report]
"""Runs the program and judges it."""
LOOK = 0.5
"""Seconds between two looks at whether the file was saved."""


class ProgramApp(TerminalApp[ProgramScreen]):
    """Steps through what was recorded of a program; ``check`` runs it again."""

    BINDINGS = bindings(PROGRAM)
    table = PROGRAM

    def __init__(
        self,
        file: Path,
        checked: Checked,
        check: Check,
        around: Capabilities = USUAL,
        watch: bool = False,
        toured: bool = False,
    ) -> None:
        super().__init__(around)
        self.file, self.check, self.watch_file = file, check, watch
        self.breakpoints: Mapping[Breakpoint, bool] = {}
        self._first = opened(Record(checked))
        self._saved = self._times(self._first)
        self._loading, self._toured = False, toured

    def get_default_screen(self) -> Screen[None]:
        return ProgramScreen(self._first)

    @property
    def moment(self) -> Moment:
        """What is shown."""
        return self.main.moment

    def on_mount(self) -> None:
        self.show(self._first)
        self.call_after_refresh(gc.enable)
        if self._toured:
            from bptui.app.tour.stops import PROGRAM, stops
            from bptui.app.tour.tour import Tour

            self.begin_tour(Tour(self, self.file, PROGRAM, len(stops())))
        if self.watch_file:
            self.set_interval(LOOK, self._look)

    def show(self, moment: Moment) -> None:
        """Show a moment."""
        self.main.show(replace(moment, present=self.presenting))
        self.take_back_news()
        self.look_around()

    def show_again(self) -> None:
        self.show(self.moment)

    def place(self) -> object:
        """Return what is shown, for :meth:`tell`."""
        return self.moment.picture

    def run_command(self, command: Command) -> None:
        """Run a command; one that is about what is shown ends a run first."""
        if command.at_rest:
            self.pause()
        super().run_command(command)

    # time

    def go(self, update: int) -> None:
        """Go to the beginning of an update, the nearest that was recorded."""
        starts = self.moment.record.starts
        self.show(self.moment.at(starts[min(max(update, 0), len(starts) - 1)]))

    def action_go(self, number: int) -> None:
        """Go to an update by its number in the chart, which counts from 1."""
        self.go(number - 1)

    def pause(self) -> None:
        """End a run."""
        self.workers.cancel_group(self, "play")
        if self.moment.running:
            self.show(replace(self.moment, running=False))

    def play(self) -> None:
        """Run to the next breakpoint or to the end of the recording."""
        self.run_worker(self._play(), group="play", exclusive=True)

    async def _play(self) -> None:
        record, claims = self.moment.record, self.moment.claims
        on = [breakpoint_ for breakpoint_, on in self.breakpoints.items() if on]
        # of several at one stop the first one is told
        hits = {stop: each for each in reversed(on) for stop in stops_at(each, record, claims)}
        last = len(record.stops) - 1
        goal = min((stop for stop in hits if stop > self.moment.stop), default=last)
        self.show(replace(self.moment, running=True))
        while self.moment.stop < goal:
            await asyncio.sleep(1.0 / self.moment.speed.rate)
            here = self.moment
            stop = here.stop + 1
            if here.speed.unit == "step":
                stop = min((start for start in record.starts if start > here.stop), default=goal)
            self.show(here.at(min(stop, goal)))
        hit = (self.moment.update,) * (goal in hits)
        self.show(replace(self.moment, running=False, hits=(*self.moment.hits, *hit)))
        met = f"Breakpoint: {hits[goal]}" if hit else "The end of what was recorded."
        self.tell(met, self.place)

    def change_speed(self, by: int) -> None:
        """Run faster or slower."""
        at = READABLE.index(self.moment.speed) + by
        self.show(replace(self.moment, speed=READABLE[min(max(at, 0), len(READABLE) - 1)]))

    # the file

    def _look(self) -> None:
        if self._times(self.moment) != self._saved:
            self.reload()

    def _times(self, moment: Moment) -> list[object]:
        """Return when the program's files were saved."""
        names = moment.record.source.files.names
        return [saved_at(self.file.parent / name if name else self.file) for name in names]

    def reload(self) -> None:
        """Run the program as it now stands, and show the same place of it."""
        if not self._loading:
            self.run_worker(self._reload(), group="load")

    async def _reload(self) -> None:
        await self._load()
        self.look_around(over=None if self.tour is None else self.tour.number)

    async def _load(self) -> None:
        self._loading, self._saved = True, self._times(self.moment)
        self.pause()
        self.tell(f"running {self.file.name} …")
        try:
            found = await in_background(self.check)
        except (CannotStartError, UnknownLossError, OSError) as error:
            self.tell(str(error), severity="error", seconds=10)
            return
        finally:
            self._loading = False
        if isinstance(found, Report):
            self.tell(as_plain(found.trouble), severity="error", seconds=20)
            return
        former = self.moment
        fresh = opened(Record(found))
        if fresh.record.source.files != former.record.source.files:
            self._saved = self._times(fresh)
        line, record = former.record.text(former.line), fresh.record
        began = former.stop == former.record.starts[0]
        span = range(*record.span(min(former.update, len(record.steps) - 1)))
        lines = {} if began else {stop: record.line_of[record.stops[stop]] for stop in span}
        same = (stop for stop, number in lines.items() if line and record.text(number) == line)
        mended = (stop for stop, number in lines.items() if number == former.line)
        moment = fresh.at(next(same, next(mended, fresh.stop)))
        self.show(replace(moment, speed=former.speed))
        wrong = map(fresh.record.told, fresh.record.wrong_lines)
        self.tell(f"{self.file.name}: {'; '.join([found.report.verdict, *wrong])}")
