"""Writes the session soon after every change and how it ended; brings back what was kept."""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections.abc import Awaitable
from time import monotonic, perf_counter
from typing import TYPE_CHECKING

from msgspec.structs import replace
from textual.css.query import NoMatches
from textual.timer import Timer

from bptui.app.looking import LookingApp
from bptui.app.panels.derivation import DerivationPanel
from bptui.app.panels.loss import LossPanel
from bptui.app.panels.panel import Panel
from bptui.app.view import Selection
from bptui.core.experiment import Experiment
from bptui.presets.errors import printable
from bptui.terminal.capabilities import Capabilities

if TYPE_CHECKING:  # loaded when it is needed, after the first paint
    from rich.console import RenderableType
    from textual.notifications import SeverityLevel

    from bptui.app.panels.learned.panel import LearnedPanel
    from bptui.app.session.state import Look, Past, Session
    from bptui.app.session.store import Continued, SessionFile

PAUSE = 1.0
"""Seconds from a change until it is written: what an end without warning can cost."""
SHARE = 30
"""Nor before so many times what writing took: it never takes much of the time."""
PATIENCE = 2.0
"""Seconds to wait for a write under way when the program is to end."""
OFFER_SECONDS = 20.0
"""So long the offer to continue stays, unless something else is to be said."""
READING = 4.0
"""Seconds after which a key takes the offer away: it has been read, and panels lie below it."""


class Keeper:
    """Keeps one session. May be called by several threads; they wait for each other."""

    def __init__(self, file: SessionFile | None = None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._closed = False
        self._preset: tuple[Experiment, Past] | None = None
        self._cost = 0.0
        self.kept = False
        """Whether what was to be kept last is on the disk, and the user has done anything."""

    @property
    def pause(self) -> float:
        """Seconds to wait until the next write."""
        return max(PAUSE, SHARE * self._cost)

    def write(self, session: Session) -> str | None:
        """Write while the session goes on; return what went wrong, if anything did."""
        with self._lock:
            return None if self._closed else self._write(session, ended=False)

    def close(self, session: Session | None, ended: bool) -> str | None:
        """Write for the last time, unless there is nothing to write; let go of the file.

        Where the user has quit without having done anything, no file is left.
        """
        if not self._lock.acquire(timeout=PATIENCE):
            return None
        try:
            if self._closed:
                return None
            self._closed = True
            problem, left = None, session is None or session.state.touched or not ended
            if session is not None and left:
                problem = self._write(session, ended)
            if self._file is not None:
                self._file.release(left)
            return problem
        finally:
            self._lock.release()

    def _write(self, session: Session, ended: bool) -> str | None:
        from bptui.app.session.state import LARGEST_FILE, lines_of, preset_of
        from bptui.app.session.store import SessionFile, clear, sessions_folder
        from bptui.presets.save import SaveError, sentence

        began, self.kept = perf_counter(), False
        opened = session.timeline.opened
        try:
            if self._file is None:
                self._file = SessionFile.new()
                clear()
            if self._preset is None or self._preset[0] is not opened:
                self._preset = opened, preset_of(opened)
            pieces = list(lines_of(session, self._preset[1], ended))
            if sum(map(len, pieces)) > LARGEST_FILE:
                return f"It would take more than {LARGEST_FILE // 2**20} MiB."
            self._file.write(pieces)
            self.kept = session.state.touched
        except OSError as error:
            return sentence(sessions_folder() if self._file is None else self._file.path, error)
        except (MemoryError, ValueError, SaveError) as error:  # half a character in a name, say
            reason = printable(str(error)).rstrip(".") or "not enough memory"
            return f"It cannot be written: {reason}."
        finally:
            self._cost = perf_counter() - began
        return None


class AutosavingApp(LookingApp):
    """Has its session written soon after every change, and nothing while idle."""

    def __init__(self, experiment: Experiment, around: Capabilities) -> None:
        super().__init__(experiment, around)
        self._keeper: Keeper | None = None
        self._continued: Continued | None = None
        self._continuing: Awaitable[None] | None = None
        self._running_loop: asyncio.AbstractEventLoop | None = None
        self._at_start: object = None
        self._first: Session | None = None
        self._touched = self._begun = False
        self._write_timer: Timer | None = None
        self._last: Session | None = None
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

    def remember(self, keeper: Keeper, continued: Continued | None) -> None:
        """Have ``keeper`` write the session; go on with one that was kept. Before the app runs."""
        self._keeper, self._continued = keeper, continued
        if continued is not None:
            self._look = continued.session.state.look
            self._continuing = self._player.resume(continued.session)

    def on_mount(self) -> None:
        self._running_loop = asyncio.get_running_loop()
        self._at_start = self._player.standing

    def begin_session(self) -> None:
        """The app is on the screen: from now on everything that the user does is kept."""
        if self._continued is not None:
            self._show_look(self._continued.session.state.look)
            self.run_worker(self._continue(self._continued), group="play")
        if self._keeper is not None:
            self.run_worker(self._begin(), group="session")

    async def _begin(self) -> None:
        # on another thread, so that keys are answered
        await asyncio.to_thread(importlib.import_module, "bptui.app.session.store")
        untouched = self._continued is None or not self._continued.session.state.touched
        if untouched and self._player.standing == self._at_start:
            self._first = self._session()
        self._begun = True
        if self._continued is not None:
            self.changed()
        else:  # at once: however soon the program is killed, there is something to continue
            await self._write()
            from bptui.app.session.store import offer

            text = await asyncio.to_thread(offer)
            if text is not None:
                self.notify(text, timeout=OFFER_SECONDS, markup=False)
                self._offered_at = monotonic()

    async def _continue(self, continued: Continued) -> None:
        if self._continuing is not None:
            await self._continuing
        await self._tell_continued(continued)
        if continued.problem is not None:
            self._warn(continued.problem)

    async def _tell_continued(self, continued: Continued) -> None:
        from bptui.app.session.state import state_of

        state, was = continued.session.state, continued.session.checkpoint
        snapshot = self._player.snapshot
        if snapshot.step != state.step:
            return  # another key was quicker
        if was is not None and was[0] == state.step:
            now = await asyncio.to_thread(state_of, snapshot)
            if now.tobytes() != was[1].tobytes():
                self.notify(
                    f"The numbers of step {state.step:,} differ slightly: they were recomputed, "
                    "and another computer or version of numpy may round differently.",
                    severity="warning",
                    markup=False,
                )
                return
        self._tell(f"Continued at step {state.step:,}.", self._place)

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
        session = self.session()
        if self._keeper is not None and not session.same_as(self._last):
            self._last = session
            self.tell_problem(await asyncio.to_thread(self._keeper.write, session))
        self._write_timer = None
        if not self.session().same_as(self._last):
            self.changed()  # while it was being written

    @property
    def written(self) -> Session | None:
        """What was written last, or tried to be."""
        return self._last

    def tell_problem(self, problem: str | None) -> None:
        """Say once that the session cannot be kept."""
        if problem is not None and not self._told:
            self._told = True
            self._warn(
                f"The session cannot be saved, but you can go on working. {problem}", "Not saved"
            )

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

    def to_be_kept(self) -> Session | None:
        """What is to be written when the app ends; None where it ends before it has begun."""
        begun = self._begun or self._player.standing != self._at_start
        return self.session() if begun and self._at_start is not None else None

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

    def session(self) -> Session:
        """Return what is to be kept, as it is now."""
        now = self._session()
        self._touched = self._touched or not now.same_as(self._first)
        now.state = replace(now.state, touched=self._touched)
        return now

    def _session(self) -> Session:
        from bptui.app.session.state import Look, Session, SessionState, file_name

        player = self._player
        course, place = player.standing
        if self.is_running:
            self._look = self._seen()
        state = SessionState(
            ended=False,
            name=course.timeline.experiment.name,
            step=place.step,
            position=place.position,
            breakpoints=[(str(each), on) for each, on in player.breakpoints.items()],
            speed=str(player.speed),
            saved=file_name(course.saved),
            look=self._look or Look(),
        )
        return Session(state, course.timeline, player.snapshot if player.turned else None)

    def _seen(self) -> Look | None:
        """What the panels show; what was seen last where they are gone already."""
        from bptui.app.session.state import Look

        screen = self.screen_stack[0]
        alone = next((each for each in screen.query(Panel) if each.has_class("alone")), None)
        panel = screen.focused if isinstance(screen.focused, Panel) else alone
        learned = self._learned
        try:
            return Look(
                selection=self.selection,
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
        screen = self.screen_stack[0]
        self.select(look.selection.within(self._player.snapshot.experiment.network), look.pointed)
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
