"""Holds the timeline and the shown place in it; goes to a step, or to one of its operations.

Keys are answered between slices of work. Where a single step takes longer than a frame, the slices
run in a thread, which numpy leaves the event loop free to work beside.
"""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from bptui.app.playback.history import Course, Courses, Place
from bptui.app.playback.run import BREATH, DEFAULT, SEEKING_FRAME, SLICE, SPEEDS, Run, Speed
from bptui.app.view import Curve, View
from bptui.core.engine import Snapshot
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline

if TYPE_CHECKING:
    from bptui.app.playback.breakpoints import Breakpoint
    from bptui.app.playback.search import Hit
    from bptui.app.session.state import Resumed

LONG_STEP = 0.02
"""Seconds from which a step is played in a thread."""

RESUMING = 0.1
"""Seconds that a session may take to come back before anything is on the screen."""

Result = TypeVar("Result")


class Errand(Awaitable[Result], Generic[Result]):
    """Work to be awaited, once; nothing is lost or warned about where it never is."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> None:
        self._work = work

    def __await__(self) -> Generator[Any, Any, Result]:
        return self._work().__await__()


def _silent(*news: object) -> None:
    """Tell nobody."""


class Player:
    """Moves through the timeline; every move takes effect at once, its errand does the work.

    ``show`` is called with every new view, ``drawn`` waits until it is on the screen, ``tell`` is
    called with what the user should know, and with what gives the same as long as it is true.
    """

    def __init__(
        self,
        experiment: Experiment,
        show: Callable[[View], None],
        drawn: Callable[[], Awaitable[None]],
        fps: int,
        tell: Callable[..., None] = _silent,
    ) -> None:
        self._show, self.drawn, self._tell = show, drawn, tell
        self.frame = 1.0 / fps
        self._speed = DEFAULT
        self._lock = asyncio.Lock()
        self.wake = asyncio.Event()
        self.attention = False
        self._errand = 0
        self._running = self._backwards = False
        self._breakpoints: dict[Breakpoint, bool] = {}
        self._kept: tuple[Curve, ...] = ()
        self._courses = Courses(Course(Timeline(experiment)))
        self._course = self._courses.current
        self.snapshot = self.timeline.snapshot(0)
        self.position: int | None = None
        self._goal = Place(0)

    @property
    def timeline(self) -> Timeline:
        """The timeline of what is shown."""
        return self._course.timeline

    @property
    def running(self) -> bool:
        return self._running

    @property
    def speed(self) -> Speed:
        return SPEEDS[self._speed]

    @property
    def place(self) -> Place:
        """What is shown."""
        return Place(self.snapshot.step, self.position)

    @property
    def breakpoints(self) -> Mapping[Breakpoint, bool]:
        """Those that are set, and whether each is switched on."""
        return self._breakpoints

    def set_breakpoints(self, breakpoints: Mapping[Breakpoint, bool]) -> None:
        """Set these alone; the hits of those that are gone are forgotten."""
        self._breakpoints = dict(breakpoints)
        self._course.hits = {
            step: hit
            for step, hit in self._course.hits.items()
            if any(each in self._breakpoints for each in hit.breakpoints)
        }
        self.show()

    @property
    def saved(self) -> Path | None:
        """The file that what is shown was saved as, if it was."""
        return self._course.saved

    @saved.setter
    def saved(self, file: Path | None) -> None:
        self._course.saved = file
        self.show()

    @property
    def kept(self) -> tuple[Curve, ...]:
        """The curves kept for comparison."""
        return self._kept

    def keep(self, curves: Sequence[Curve]) -> None:
        """Keep these curves alone."""
        self._kept = tuple(curves)
        self.show()

    @property
    def active_breakpoints(self) -> tuple[Breakpoint, ...]:
        return tuple(each for each, on in self._breakpoints.items() if on)

    def view(self, seeking: int | None = None) -> View:
        """What there is to see now."""
        losses = self.timeline.losses
        return View(
            self.snapshot,
            losses,
            len(losses),
            self._running,
            self.speed,
            backwards=self._running and self._backwards,
            seeking=seeking,
            diverged_at=self.timeline.first_not_finite,
            position=self.position,
            hits=tuple(sorted(self._course.hits)),
            kept=self._kept,
            edits=self.timeline.edits,
            before=self._course.before,
            test_losses=self.timeline.test_losses,
            saved=self.saved,
        )

    def show(self, snapshot: Snapshot | None = None, position: int | None = None) -> None:
        """Show the view, of another place where a snapshot is given."""
        if snapshot is not None:
            self.snapshot, self.position = snapshot, position
        self._show(self.view())

    def open(
        self, experiment: Experiment, before: Curve | None = None, saved: Path | None = None
    ) -> Errand[None]:
        """Go over to another experiment, at its step 0; breakpoints it has no names for go.

        ``before`` is a curve to compare it with, ``saved`` the file that it was saved as.
        """
        return self._change(Course(Timeline(experiment), before=before, saved=saved), Place(0))

    def edit(self, fork: Timeline, place: Place) -> Errand[None]:
        """Go over to a fork of the shown timeline, at ``place``."""
        before = Curve("before the edit", self.timeline.losses.summary())
        first = max(fork.edits, default=0)
        hits = {step: hit for step, hit in self._course.hits.items() if step < first}
        course = Course(fork, before=before, fork=True, hits=hits, saved=self.saved)
        return self._change(course, place)

    def _change(self, course: Course, place: Place) -> Errand[None]:
        self._courses.current.place = self.goal
        self._courses.change(course)
        return self._adopt(course, place)

    def undo(self) -> Errand[None] | None:
        """Take the last change back; None where there is none."""
        place = self._courses.undo(self.goal)
        return None if place is None else self._adopt(self._courses.current, place)

    def redo(self) -> Errand[None] | None:
        """Make the change again that was taken back last; None where there is none."""
        place = self._courses.redo(self.goal)
        return None if place is None else self._adopt(self._courses.current, place)

    def resume(self, session: Resumed) -> Errand[None]:
        """Go on where a session ended; there is nothing to be undone.

        Where the steps before are quickly played it is shown at once.
        """
        state, timeline = session.state, session.timeline
        place = Place(state.step, state.position)
        saved = None if state.saved is None else Path(os.fsdecode(state.saved))
        self._courses = Courses(Course(timeline, saved=saved))
        self._course = self._courses.current
        self._breakpoints = dict(session.breakpoints)
        names = [str(speed) for speed in SPEEDS]
        self._speed = names.index(state.speed) if state.speed in names else DEFAULT
        quick = timeline.move_towards(place.step, RESUMING)
        self.snapshot = timeline.snapshot(place.step if quick else 0)
        if place.position is not None and place.position >= self.operations:
            place = Place(place.step)
        self.position = place.position if quick else None
        return self._go(place)

    @property
    def standing(self) -> tuple[Course, Place]:
        """The course that the last change led to, and the place that the last key led to."""
        return self._courses.current, self.goal

    @property
    def turned(self) -> bool:
        """Whether the course is shown that the last change led to."""
        return self._course is self._courses.current

    @property
    def at_rest(self) -> bool:
        """Whether what the last keys led to is shown."""
        return self.turned and not self._running and self.place == self._goal

    async def rest(self, patience: float) -> None:
        """Wait until it is; a way that takes more than ``patience`` seconds is given up."""
        deadline = perf_counter() + patience
        while not self.turned or (not self.at_rest and perf_counter() < deadline):
            await asyncio.sleep(BREATH)
        if not self.at_rest:
            self.pause()

    def _adopt(self, course: Course, place: Place) -> Errand[None]:
        return Errand(partial(self._turn, course, place, self._begin(place)))

    async def _turn(self, course: Course, place: Place, errand: int) -> None:
        """Show ``place`` of a course."""
        async with self._lock:
            self._course = course
            self._courses.settle()
            # a step that is known, so that there is something to show on the way to a far one
            near = min(place.step, max(course.timeline.furthest, 0))
            self.snapshot = await self.work(self.timeline.snapshot, near)
            self.position = None
            if near == place.step:
                self.position = place.position
            self._drop_breakpoints(self.snapshot.experiment)
            self.show()
            await self._reach(place, errand)

    def _drop_breakpoints(self, experiment: Experiment) -> None:
        """Drop those that the experiment has no names for, and say so."""
        from bptui.app.playback.breakpoints import BreakpointError, parse

        dropped = []
        for each in list(self._breakpoints):
            try:
                parse(str(each), experiment.network)
            except BreakpointError:
                dropped.append(str(each))
                del self._breakpoints[each]
        if dropped:
            gone = f"breakpoint{'s' * (len(dropped) > 1)} {', '.join(dropped)}"
            self._tell(f"{experiment.name} has no such quantity: removed the {gone}.")

    def give_way(self) -> None:
        """A key or the mouse was used: while running, wait until its effect is on the screen."""
        self.attention = True
        self.wake.set()

    async def gave_way(self) -> bool:
        """Let a key that was pressed have its effect on the screen first; whether there was one."""
        if not self.attention:
            return False
        self.attention = False
        await self.drawn()
        return True

    def change_speed(self, by: int) -> None:
        """Faster or slower by so many places in :data:`~bptui.app.playback.run.SPEEDS`."""
        self._speed = min(max(self._speed + by, 0), len(SPEEDS) - 1)
        self.wake.set()
        self.show()

    def pause(self) -> None:
        """Stop running at the shown place, and give up a jump under way."""
        self._begin(self.place)

    def _begin(self, goal: Place) -> int:
        """Make ``goal`` the one thing to be done; its number, which a later one replaces."""
        self._running, self._goal = False, goal
        self._errand += 1
        self.wake.set()
        return self._errand

    def current(self, errand: int) -> bool:
        """Whether no later key has replaced the errand."""
        return self._errand == errand

    def move(self, by: int) -> Errand[None]:
        """Go ``by`` steps further from where the last key led, not before step 0.

        Like all moves it takes effect at once, so that keys in a burst count in their order; the
        errand that it returns does the work.
        """
        return self._go(self.goal.moved(by))

    def walk(self, by: int) -> Errand[None]:
        """Go to the next operation (``by`` > 0) or to the previous one, across steps too."""
        here = self.goal
        return self._go(here.next(self.operations) if by > 0 else here.previous(self.operations))

    @property
    def goal(self) -> Place:
        """Where the last key led; a run under way has led to what is shown."""
        return self.place if self._running else self._goal

    @property
    def operations(self) -> int:
        """Operations of a step: the same number in each."""
        return len(self.snapshot.operations)

    def go(self, step: int) -> Errand[None]:
        """Show ``step`` as a whole; a later call replaces this one while it is under way."""
        return self._go(Place(step))

    def _go(self, place: Place) -> Errand[None]:
        return Errand(partial(self._seek, place, self._begin(place)))

    async def _seek(self, place: Place, errand: int) -> None:
        async with self._lock:
            await self._reach(place, errand)

    async def _reach(self, place: Place, errand: int) -> None:
        """Go to ``place`` in slices, unless the errand is replaced meanwhile."""
        step, sought, shown_at = place.step, False, -math.inf
        while self.current(errand) and self.place != place:
            if self.snapshot.step == step:
                self.show(self.snapshot, place.position)
            elif await self.work(self.timeline.move_towards, step, SLICE):
                snapshot = await self.work(self.timeline.snapshot, step)
                if self.current(errand):
                    self.show(snapshot, place.position)
            elif self.current(errand):
                if perf_counter() - shown_at > SEEKING_FRAME:  # drawing would take most of the time
                    self._show(self.view(seeking=step))
                    sought, shown_at = True, perf_counter()
                if not await self.gave_way():
                    await asyncio.sleep(BREATH)
        if sought and not self.current(errand):
            self.show()

    def run(self, last: int, backwards: bool = False) -> Errand[Hit | None]:
        """Run from where the last key led to step ``last`` at the chosen speed.

        Until paused, diverged, or at a breakpoint: its hit is returned.
        """
        start = self.goal
        errand = self._begin(Place(last))
        self._running, self._backwards = True, backwards
        return Errand(partial(self._run, start, last, backwards, errand))

    async def _run(self, start: Place, last: int, backwards: bool, errand: int) -> Hit | None:
        hit = None
        async with self._lock:
            await self._reach(start, errand)
            if self.current(errand):
                hit = await Run(self, last, backwards, errand).play()
        if not self.current(errand):
            self.show()
            return None
        if hit is not None:
            self._course.hits[hit.step] = hit
        self.pause()
        self.show()
        if hit is not None:
            self._tell(f"stopped at {hit}", lambda: self.place)
        return hit

    async def work(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Call ``function``, in a thread where steps take long."""
        if self.timeline.seconds_per_step > LONG_STEP:
            return await asyncio.to_thread(function, *arguments)
        return function(*arguments)
