"""Holds the timeline and the shown place in it; goes to a step, or to one of its operations.

Keys are answered between slices of work. Where a single step takes longer than a frame, the slices
run in a thread, which numpy leaves the event loop free to work beside.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from bptui.app.playback.history import Branch, Place, UndoHistory
from bptui.app.playback.run import BREATH, DEFAULT, SLICE, SPEEDS, Run, Speed, look_ahead
from bptui.app.view import Curve, View
from bptui.core.engine import Snapshot
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline

if TYPE_CHECKING:
    from textual.worker import Worker

    from bptui.app.playback.breakpoints import Breakpoint
    from bptui.app.session.state import Session
    from bptui.core.history import Summary

LONG_STEP = 0.02
"""Seconds from which a step is played in a thread."""
SEEKING_FRAME = 0.1
"""Seconds between two pictures of how far a long jump has come: drawing would take most of them."""
RESUMING = 0.1
"""Seconds that a session may take to come back before anything is on the screen."""

Result = TypeVar("Result")
Start = Callable[[Callable[[], Coroutine[Any, Any, None]]], "Worker[None]"]


class Player:
    """Moves through the timeline; every move takes effect at once, a worker does its work.

    ``start`` starts that worker and cancels the one before it; ``show`` is called with every new
    view, ``drawn`` waits until it is on the screen; ``tell`` says a message as long as what its
    second argument gives stays the same.
    """

    def __init__(
        self,
        experiment: Experiment,
        start: Start,
        show: Callable[[View], None],
        drawn: Callable[[], Awaitable[None]],
        tell: Callable[..., None],
        fps: int,
    ) -> None:
        self._start, self._show, self.drawn, self._tell = start, show, drawn, tell
        self.frame = 1.0 / fps
        self.attention = False
        """Whether a key or the mouse was used: its effect is drawn before work goes on."""
        self._speed = DEFAULT
        self.running = self._backwards = False
        self.breakpoints: Mapping[Breakpoint, bool] = {}
        """Those that are set, and whether each is switched on."""
        self.kept: tuple[Curve, ...] = ()
        """The curves kept for comparison."""
        self._history = UndoHistory(Branch(Timeline(experiment)))
        self._branch = self._history.current
        self.snapshot = self.timeline.snapshot(0)
        self.position: int | None = None
        self._goal = Place(0)
        self._ahead: tuple[Timeline, Summary] | None = None
        """The losses of the steps to come in a timeline."""
        self._thread: asyncio.Future[Any] | None = None
        self._worked = 0.0
        """Seconds of work so far."""

    # what there is to see

    @property
    def timeline(self) -> Timeline:
        """The timeline of what is shown."""
        return self._branch.timeline

    @property
    def speed(self) -> Speed:
        return SPEEDS[self._speed]

    @property
    def place(self) -> Place:
        """What is shown."""
        return Place(self.snapshot.step, self.position)

    @property
    def goal(self) -> Place:
        """Where the last key led; a run under way has led to what is shown."""
        return self.place if self.running else self._goal

    @property
    def operations(self) -> int:
        """Operations of a step: the same number in each."""
        return len(self.snapshot.operations)

    @property
    def saved(self) -> Path | None:
        """The file that what is shown was saved as, if it was."""
        return self._branch.saved

    @saved.setter
    def saved(self, file: Path | None) -> None:
        self._branch.saved = file
        self.show()

    def keep(self, curves: Sequence[Curve]) -> None:
        """Keep these curves alone."""
        self.kept = tuple(curves)
        self.show()

    def view(self, seeking: int | None = None) -> View:
        """Return what there is to see now."""
        timeline = self.timeline
        return View(
            self.snapshot,
            timeline.losses,
            len(timeline.losses),
            self.running,
            self.speed,
            backwards=self.running and self._backwards,
            seeking=seeking,
            diverged_at=timeline.first_not_finite,
            position=self.position,
            hits=tuple(sorted(self._branch.hits)),
            kept=self.kept,
            edits=timeline.edits,
            before=self._branch.before,
            test_losses=timeline.test_losses,
            saved=self.saved,
            ahead=self._ahead[1] if self._ahead and self._ahead[0] is timeline else None,
        )

    async def look_ahead(self) -> None:
        """Find the losses of the steps to come, which views hold from then on."""
        await self.drawn()
        timeline = self.timeline
        losses = await look_ahead(self)
        if losses is not None:
            self._ahead = timeline, losses

    def show(self, snapshot: Snapshot | None = None, position: int | None = None) -> None:
        """Show the view, of another place where a snapshot is given."""
        if snapshot is not None:
            self.snapshot, self.position = snapshot, position
        self._show(self.view())

    # moves

    def move(self, by: int) -> Worker[None]:
        """Go ``by`` steps further from where the last key led, not before step 0.

        Like all moves it takes effect at once, so that keys in a burst count in their order; the
        worker that it returns does the work, unless a later one replaces it.
        """
        return self.go(max(self.goal.step + by, 0))

    def walk(self, by: int) -> None:
        """Go to the next operation (``by`` > 0) or to the previous one, across steps too."""
        here = self.goal
        place = here.walked(by, self.operations)
        if self.at_rest and place.step == here.step:  # there is no work to be done
            self._goal = place
            self.show(self.snapshot, place.position)
        else:
            self._go(place)

    def go(self, step: int, position: int | None = None) -> Worker[None]:
        """Show ``step`` as a whole, or an operation of it."""
        return self._go(Place(step, position))

    def pause(self) -> None:
        """Stop running at the shown place, and give up a jump under way."""
        self._go(self.place if self.turned else self._near(self._goal))
        self.show()

    def _go(self, place: Place) -> Worker[None]:
        self.running, self._goal = False, place
        return self._start(partial(self._seek, place))

    async def _seek(self, place: Place) -> None:
        """Go to ``place`` in slices."""
        if not self.turned:
            await self._turn(place)
        shown_at = -math.inf
        while self.place != place:
            if self.snapshot.step == place.step:
                self.show(self.snapshot, place.position)
            elif await self.work(self.timeline.move_towards, place.step, SLICE):
                self.show(await self.work(self.timeline.snapshot, place.step), place.position)
            else:
                if perf_counter() - shown_at > SEEKING_FRAME:
                    self._show(self.view(seeking=place.step))
                    shown_at = perf_counter()
                await self.breathe(BREATH)

    async def breathe(self, seconds: float) -> None:
        """Leave time to all else; where a key was pressed, until its effect is on the screen."""
        if self.attention:
            self.attention = False
            await self.drawn()
        else:
            await asyncio.sleep(seconds)

    async def work(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Call ``function``, in a thread where steps take long.

        What a cancelled worker has begun there comes to its end before.
        """
        if self._thread is not None and not self._thread.done():
            await asyncio.wait([self._thread])
        began = perf_counter()
        try:
            if self._history.current.timeline.seconds_per_step <= LONG_STEP:
                return function(*arguments)
            self._thread = asyncio.ensure_future(asyncio.to_thread(function, *arguments))
            result: Result = await asyncio.shield(self._thread)
            return result
        finally:
            self._worked += perf_counter() - began

    # runs

    def run(self, last: int, backwards: bool = False) -> Worker[None]:
        """Run from where the last key led to step ``last`` at the chosen speed.

        Until paused, diverged, or at a breakpoint.
        """
        start = self.goal
        self.running, self._backwards, self._goal = True, backwards, Place(last)
        return self._start(partial(self._run, start, last, backwards))

    async def _run(self, start: Place, last: int, backwards: bool) -> None:
        await self._seek(start)
        hit = await Run(self, last, backwards).play()
        if hit is not None:
            self._branch.hits[hit.step] = hit
        self.running, self._goal = False, self.place
        self.show()
        if hit is not None:
            self._tell(f"stopped at {hit}", lambda: self.place)

    def change_speed(self, by: int) -> None:
        """Go faster or slower by so many places in :data:`~bptui.app.playback.run.SPEEDS`."""
        self._speed = min(max(self._speed + by, 0), len(SPEEDS) - 1)
        if self.running:
            self.run(self._goal.step, self._backwards)
        self.show()

    def set_breakpoints(self, breakpoints: Mapping[Breakpoint, bool]) -> None:
        """Set these alone; the hits of those that are gone are forgotten."""
        self.breakpoints = dict(breakpoints)
        self._branch.hits = {
            step: hit
            for step, hit in self._branch.hits.items()
            if any(each in breakpoints for each in hit.breakpoints)
        }
        self.show()

    def _drop_breakpoints(self, experiment: Experiment) -> None:
        """Drop those that the experiment has no names for, and say so."""
        if not self.breakpoints:
            return
        from bptui.app.playback.breakpoints import fits  # loaded with the first of them

        every, network = self.breakpoints, experiment.network
        self.breakpoints = {each: on for each, on in every.items() if fits(each, network)}
        gone = [str(each) for each in every if each not in self.breakpoints]
        if gone:
            names = f"breakpoint{'s' * (len(gone) > 1)} {', '.join(gone)}"
            self._tell(f"{experiment.name} has no such quantity: removed the {names}.")

    # changes, undo and redo

    def open(
        self, experiment: Experiment, before: Curve | None = None, saved: Path | None = None
    ) -> Worker[None]:
        """Go over to another experiment, at its step 0; breakpoints it has no names for go.

        ``before`` is a curve to compare it with, ``saved`` the file that it was saved as.
        """
        return self._change(Branch(Timeline(experiment), before=before, saved=saved), Place(0))

    def edit(self, fork: Timeline, place: Place) -> Worker[None]:
        """Go over to a fork of the shown timeline, at ``place``."""
        before = Curve("before the edit", self.timeline.losses.summary)
        first = max(fork.edits, default=0)
        hits = {step: hit for step, hit in self._branch.hits.items() if step < first}
        branch = Branch(fork, before=before, fork=True, hits=hits, saved=self.saved)
        return self._change(branch, place)

    def _change(self, branch: Branch, place: Place) -> Worker[None]:
        self._history.current.place = self.goal
        self._history.change(branch)
        return self._go(place)

    def undo(self, *, again: bool = False) -> Worker[None] | None:
        """Take the last change back, or make it ``again``; return None where there is none."""
        place = self._history.undo(self.goal, again=again)
        return None if place is None else self._go(place)

    async def _turn(self, place: Place) -> None:
        """Show the branch that the last change led to, on the way to ``place`` in it."""
        branch, near = self._history.current, self._near(place)
        snapshot = await self.work(branch.timeline.snapshot, near.step)
        self._branch, self.snapshot, self.position = branch, snapshot, near.position
        self._history.share_memory()
        self._drop_breakpoints(snapshot.experiment)
        self.show()

    def _near(self, place: Place) -> Place:
        """Return a place of the current branch that is known, on the way to one far away."""
        known = max(self._history.current.timeline.furthest, 0)
        return place if place.step <= known else Place(known)

    # sessions, and dialogs on what is shown

    @property
    def standing(self) -> tuple[Branch, Place]:
        """The branch that the last change led to, and the place that the last key led to."""
        return self._history.current, self.goal

    @property
    def untouched(self) -> bool:
        """Whether nothing was opened or changed, and step 0 was not left."""
        return self._history.empty and self.goal == Place(0)

    @property
    def turned(self) -> bool:
        """Whether the branch is shown that the last change led to."""
        return self._branch is self._history.current

    @property
    def at_rest(self) -> bool:
        """Whether what the last keys led to is shown."""
        return self.turned and not self.running and self.place == self._goal

    async def rest(self, patience: float) -> None:
        """Wait until it is; a way that takes more than ``patience`` seconds of work is given up."""
        worked = self._worked + patience
        while not self.turned or (not self.at_rest and self._worked < worked):
            await asyncio.sleep(BREATH)
        if not self.at_rest:
            self.pause()

    def resume(self, session: Session) -> None:
        """Go on where a session ended; there is nothing to be undone.

        Where the steps before are quickly played it is shown at once, else :meth:`go_on` does it.
        """
        state, timeline = session.state, session.timeline
        self._history = UndoHistory(Branch(timeline, saved=state.saved))
        self._branch = self._history.current
        self.breakpoints = dict(session.breakpoints)
        names = [str(speed) for speed in SPEEDS]
        self._speed = names.index(state.speed) if state.speed in names else DEFAULT
        quick = timeline.move_towards(state.step, RESUMING)
        self.snapshot = timeline.snapshot(state.step if quick else 0)
        known = state.position is None or state.position < self.operations
        self._goal = Place(state.step, state.position if known else None)
        self.position = self._goal.position if quick else None

    def go_on(self) -> Worker[None]:
        """Go to where a session ended."""
        return self._go(self._goal)
