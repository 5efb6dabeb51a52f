"""The app's part in its session: what is to be kept of it, and going on from what was kept."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

from textual.css.query import NoMatches
from textual.timer import Timer

from bptui.app.looking import LookingApp
from bptui.app.panels.derivation import DerivationPanel
from bptui.app.panels.loss import LossPanel
from bptui.app.panels.panel import Panel
from bptui.app.selection import Selection
from bptui.app.surroundings import Surroundings
from bptui.core.experiment import Experiment

if TYPE_CHECKING:  # loaded when it is needed, after the first paint
    from rich.console import RenderableType
    from textual.notifications import SeverityLevel

    from bptui.app.panels.learned.panel import LearnedPanel
    from bptui.app.session.continuing import Kept
    from bptui.app.session.keeper import Keeper
    from bptui.app.session.record import Look
    from bptui.app.session.standing import Standing

OFFER_SECONDS = 20.0
"""So long the offer to continue stays, unless something else is to be said."""
READING = 4.0
"""Seconds after which a key takes the offer away: it has been read, and panels lie below it."""


class RememberingApp(LookingApp):
    """Has its session written soon after every change, and nothing while idle."""

    def __init__(self, experiment: Experiment, around: Surroundings) -> None:
        super().__init__(experiment, around)
        self._keeper: Keeper | None = None
        self._continued: Kept | None = None
        self._continuing: Awaitable[None] | None = None
        self._running_loop: asyncio.AbstractEventLoop | None = None
        self._at_start: object = None
        self._first: Standing | None = None
        self._touched = self._begun = False
        self._write_timer: Timer | None = None
        self._last: Standing | None = None
        self._look: Look | None = None
        self._told = False
        self._offered_at: float | None = None

    @property
    def selection(self) -> Selection:
        """What is selected."""
        raise NotImplementedError

    @property
    def pointed(self) -> bool:
        """Whether the selection is what is explained, rather than the operation."""
        raise NotImplementedError

    def select(self, selection: Selection, pointed: bool = True) -> None:
        """Select something, to explain it where it is ``pointed`` at."""
        raise NotImplementedError

    def remember(self, keeper: Keeper, kept: Kept | None) -> None:
        """Have ``keeper`` write the session; go on where ``kept`` ended. Before the app runs."""
        self._keeper, self._continued = keeper, kept
        if kept is not None:
            self._look = kept.stand.look
            self._continuing = self._player.resume(
                kept.timeline, kept.place, kept.breakpoints, kept.speed, kept.saved
            )

    def on_mount(self) -> None:
        self._running_loop = asyncio.get_running_loop()
        self._at_start = self._player.standing

    def begin_session(self) -> None:
        """The app is on the screen: from now on everything that the user does is kept."""
        if self._continued is not None:
            self._show_look(self._continued.stand.look)
            self.run_worker(self._continue(self._continued), group="play")
        if self._keeper is not None:
            self.run_worker(self._begin(), group="session")

    async def _begin(self) -> None:
        await asyncio.to_thread(_load)
        untouched = self._continued is None or not self._continued.stand.touched
        if untouched and self._player.standing == self._at_start:
            self._first = self._standing()
        self._begun = True
        if self._continued is not None:
            self.changed()
        else:  # at once: however soon the program is killed, there is something to continue
            await self._write()
            from bptui.app.session.continuing import offer

            text = await asyncio.to_thread(offer)
            if text is not None:
                self.notify(text, timeout=OFFER_SECONDS, markup=False)
                self._offered_at = monotonic()

    async def _continue(self, kept: Kept) -> None:
        if self._continuing is not None:
            await self._continuing
        await self._tell_continued(kept)
        if kept.problem is not None:
            self._warn(kept.problem)

    async def _tell_continued(self, kept: Kept) -> None:
        place, known = self._player.place, kept.stand.digest
        if place.step != kept.place.step:
            return  # another key was quicker
        from bptui.app.session.writing import digest

        snapshot = self._player.snapshot
        if known is not None and await asyncio.to_thread(digest, snapshot) != known:
            self.notify(
                f"Step {place.step:,} has not quite the numbers it had: they are computed anew, "
                "and another computer or version of numpy may round in another way.",
                severity="warning",
                markup=False,
            )
        else:
            self._tell(f"Continued at step {place.step:,}.", self._place)

    def changed(self) -> None:
        """Something may be other than it was: have it written before long."""
        if self._offered_at is not None and monotonic() - self._offered_at > READING:
            self._offered_at = None
            self.clear_notifications()
        if self._begun and self._keeper is not None and self._write_timer is None:
            self._write_timer = self.set_timer(self._keeper.pause, self._write_in_background)

    def _write_in_background(self) -> None:
        self.run_worker(self._write(), group="session")

    async def _write(self) -> None:
        standing = self.standing()
        if self._keeper is not None and standing != self._last:
            self._last = standing
            self.tell_problem(await asyncio.to_thread(self._keeper.write, standing))
        self._write_timer = None
        if self.standing() != self._last:
            self.changed()  # while it was being written

    @property
    def written(self) -> Standing | None:
        """What was written last, or tried to be."""
        return self._last

    def tell_problem(self, problem: str | None) -> None:
        """Say once that the session cannot be kept."""
        if problem is not None and not self._told:
            self._told = True
            self._warn(f"The session cannot be kept, but you can work on. {problem}", "Not kept")

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        self._offered_at = None  # what takes the offer away would take this away, too
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)

    def _warn(self, text: str, title: str = "") -> None:
        self.notify(text, title=title, severity="warning", timeout=OFFER_SECONDS, markup=False)

    @property
    def told(self) -> bool:
        """Whether the user knows that the session cannot be kept."""
        return self._told

    def to_be_kept(self) -> Standing | None:
        """What is to be written when the app ends; None where it ends before it has begun."""
        begun = self._begun or self._player.standing != self._at_start
        return self.standing() if begun and self._at_start is not None else None

    def leave(self, code: int) -> bool:
        """End the app from another thread; whether it runs."""
        loop = self._running_loop
        if loop is None or loop.is_closed():
            return False
        loop.call_soon_threadsafe(lambda: self.exit(return_code=code))
        return True

    def exit(
        self,
        result: None = None,
        return_code: int = 0,
        message: RenderableType | None = None,
    ) -> None:
        try:
            if self._begun and self.is_running:
                self._look = self._seen()  # the panels go before the session is written
        finally:
            super().exit(result, return_code, message)

    def standing(self) -> Standing:
        """What is to be kept of the session, as it is now."""
        now = self._standing()
        self._touched = self._touched or now != self._first
        return replace(now, touched=self._touched)

    def _standing(self) -> Standing:
        from bptui.app.session.record import Look
        from bptui.app.session.standing import Standing

        player = self._player
        course, place = player.standing
        snapshot = player.snapshot
        known = player.turned and snapshot.step == place.step
        if self.is_running:
            self._look = self._seen()
        return Standing(
            timeline=course.timeline,
            name=course.timeline.experiment.name,
            place=place,
            breakpoints=tuple(player.breakpoints.items()),
            speed=player.speed,
            saved=course.saved,
            look=self._look or Look(),
            snapshot=snapshot if known else None,
        )

    def _seen(self) -> Look | None:
        """What the panels show; what was seen last where they are gone already."""
        from bptui.app.session.record import Look, Selected

        screen, selected = self.screen_stack[0], self.selection
        alone = next((each for each in screen.query(Panel) if each.has_class("alone")), None)
        panel = screen.focused if isinstance(screen.focused, Panel) else alone
        learned = self._learned
        try:
            return Look(
                selection=Selected(selected.kind, selected.layer, selected.unit, selected.source),
                pointed=self.pointed,
                sample=self._sample,
                logarithmic=screen.query_one(LossPanel).logarithmic,
                derivation=screen.query_one(DerivationPanel).form,
                learned=self.shows("learned"),
                samples=self.shows("samples"),
                picture=0 if learned is None else learned.number,
                zoomed=screen.has_class("zoomed"),
                focused=None if panel is None else panel.id,
            )
        except NoMatches:
            return self._look

    @property
    def _learned(self) -> LearnedPanel | None:
        """The panel of what was learned, once it has been asked for."""
        for panel in self.screen_stack[0].query("#learned"):
            from bptui.app.panels.learned.panel import LearnedPanel

            if isinstance(panel, LearnedPanel):
                return panel
        return None

    def _show_look(self, look: Look) -> None:
        """Bring back what the panels showed."""
        screen, kept = self.screen_stack[0], look.selection
        selection = Selection(kept.kind, kept.layer, kept.unit, kept.source)
        self.select(selection.within(self._player.snapshot.experiment.network), look.pointed)
        self.look(look.sample)
        if look.logarithmic:
            screen.query_one(LossPanel).toggle_scale()
        derivation = screen.query_one(DerivationPanel)
        while derivation.form != look.derivation:
            derivation.next_form()
        if look.learned:
            self.action_learned()
            if (learned := self._learned) is not None:
                learned.show_picture(look.picture)
        if look.samples:
            self.action_samples()
        self.call_after_refresh(self._focus_again, look)

    def _focus_again(self, look: Look) -> None:
        screen = self.screen_stack[0]
        for panel in screen.query(Panel):
            if panel.id == look.focused and not panel.has_class("absent"):
                screen.set_focus(panel)
        if look.zoomed and not screen.has_class("zoomed"):
            self.action_zoom()


def _load() -> None:
    """Import what writing a session needs: on another thread, so that keys are answered."""
    importlib.import_module("bptui.app.session.standing")
    importlib.import_module("bptui.app.session.continuing")
    importlib.import_module("bptui.app.session.pieces")
