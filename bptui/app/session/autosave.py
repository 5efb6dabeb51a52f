"""Writes the session soon after every change, and how it ended; shows what was kept of another."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from time import monotonic, perf_counter
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace
from textual.worker import WorkerCancelled

from bptui.app.main_screen import is_there
from bptui.app.playback.history import Place
from bptui.app.session.state import Look, Session, SessionState, file_name, state_of, written
from bptui.app.session.store import Continued, SessionFile, clear, offer, sessions_folder
from bptui.presets.errors import printable
from bptui.presets.save import SaveError, sentence

if TYPE_CHECKING:
    from bptui.app.app import BptuiApp

PAUSE = 1.0
"""Seconds from a change until it is written: what an end without warning can cost."""
SHARE = 30
"""Nor before so many times what writing took: it never takes much of the time."""
PATIENCE = 2.0
"""Seconds to wait for a write under way when the program is to end."""
OFFER_SECONDS = 20.0
"""So long the offer to continue stays, unless something else is to be said."""
READING = 4.0
"""Seconds after which a key takes the offer away: it has been read."""


class Autosave:
    """Keeps the session of an app on disk; goes on with the file of one that is continued.

    Any thread may write or close, one at a time.
    """

    def __init__(self, app: BptuiApp, continued: Continued | None) -> None:
        self._app, self._continued = app, continued
        self._file = None if continued is None else continued.file
        self._lock, self._changed = threading.Lock(), asyncio.Event()
        self._closed, self._cost = False, 0.0
        self._look = Look() if continued is None else continued.session.state.look
        self._touched = continued is not None and continued.session.state.touched
        first = self._session()
        fresh = not first.timeline.all_edits and app.player.goal == Place(0)
        self._first = first if fresh or continued is not None else None
        self.written: Session | None = None
        """What was written last, or tried to be."""
        self.kept = False
        """Whether what was to be kept last is on the disk, and the user has done anything."""
        self.told = False
        """Whether the user knows that the session cannot be kept."""

    async def keep(self) -> None:
        """Write at once, so that there is something to continue; then after every change."""
        if self._continued is not None:
            self._show_look(self._continued.session.state.look)
            self._app.run_worker(self._arrive(self._continued), group="rest")
        await self._write()
        if self._continued is None and (text := await asyncio.to_thread(offer)) is not None:
            read = monotonic() + READING
            self._app.tell(text, lambda: monotonic() > read, seconds=OFFER_SECONDS)
        while True:
            await self._changed.wait()
            await asyncio.sleep(max(PAUSE, SHARE * self._cost))
            await self._write()

    async def _write(self) -> None:
        self._changed.clear()
        session = self.session()
        if session.same_as(self.written):
            return
        self.written = session
        problem = await asyncio.to_thread(self._write_now, session)
        if problem is not None and not self.told:
            self.told = True
            self._warn(f"The session cannot be saved, but you can go on working. {problem}")

    def changed(self) -> None:
        """Note that something may be other than it was."""
        self._changed.set()

    def _write_now(self, session: Session) -> str | None:
        with self._lock:
            return None if self._closed else self._put(session, ended=False)

    def close(self, ended: bool) -> str | None:
        """Write for the last time and let go of the file; return what went wrong, if anything.

        Where the user has quit without having done anything, no file is left.
        """
        if not self._lock.acquire(timeout=PATIENCE):
            return None
        try:
            if self._closed:
                return None
            self._closed = True
            session = self.session()
            left = session.state.touched or not ended
            problem = self._put(session, ended) if left else None
            if self._file is not None:
                self._file.release(left)
            return problem
        finally:
            self._lock.release()

    def _put(self, session: Session, ended: bool) -> str | None:
        """Write the file; return what went wrong."""
        began, self.kept = perf_counter(), False
        try:
            if self._file is None:
                self._file = SessionFile.new()
                clear()
            self._file.write(written(session, ended))
            self.kept = session.state.touched
        except OSError as error:
            return sentence(sessions_folder() if self._file is None else self._file.path, error)
        except (MemoryError, ValueError, SaveError) as error:  # half a character in a name, say
            reason = printable(str(error)).rstrip(".") or "not enough memory"
            return f"It cannot be written: {reason}."
        finally:
            self._cost = perf_counter() - began
        return None

    def session(self) -> Session:
        """Return what is to be kept, as it is now."""
        now = self._session()
        self._touched = self._touched or not now.same_as(self._first)
        now.state = replace(now.state, touched=self._touched)
        return now

    def _session(self) -> Session:
        player, (course, place) = self._app.player, self._app.player.standing
        if self._app.is_running:
            self.look_again()
        state = SessionState(
            ended=False,
            name=course.timeline.experiment.name,
            step=place.step,
            position=place.position,
            breakpoints=[(str(stop), on) for stop, on in player.breakpoints.items()],
            speed=str(player.speed),
            saved=file_name(course.saved),
            look=self._look,
        )
        return Session(state, course.timeline, player.snapshot if player.turned else None)

    def look_again(self) -> None:
        """Note what the panels show, unless they are gone; before they go, too."""
        main = self._app.main
        alone = next((panel for panel in main.panels if panel.has_class("alone")), None)
        focused = main.focused_panel or alone
        self._look = Look(
            selection=main.selection,
            pointed=main.pointed,
            sample=main.sample,
            logarithmic=main.loss.logarithmic,
            derivation=main.derivation.form,
            learned=is_there(main.learned),
            samples=is_there(main.samples),
            picture=0 if main.learned is None else main.learned.number,
            zoomed=main.zoomed,
            focused=None if focused is None else focused.id,
        )

    def _show_look(self, look: Look) -> None:
        """Bring back what the panels showed."""
        main = self._app.main
        network = self._app.player.snapshot.experiment.network
        main.select(look.selection.within(network), look.pointed)
        main.look(look.sample)
        if look.logarithmic:
            main.loss.toggle_scale()
        main.derivation.action_form(look.derivation)
        if look.learned:
            main.show_learned()
            assert main.learned is not None, "made when it is shown"
            main.learned.show_picture(look.picture)
        if look.samples:
            main.show_samples()
        self._app.call_after_refresh(self._focus_again, look)

    def _focus_again(self, look: Look) -> None:
        main = self._app.main
        for panel in main.panels:
            if panel.id == look.focused and is_there(panel):
                main.set_focus(panel)
        if look.zoomed and not main.zoomed:
            main.zoom()

    async def _arrive(self, continued: Continued) -> None:
        """Go to where the session stands, and say how it has come back."""
        with suppress(WorkerCancelled):  # another key was quicker
            await self._app.player.go_on().wait()
        app, step, warnings = self._app, continued.session.state.step, []
        before, snapshot = continued.session.checkpoint, app.player.snapshot
        if before is not None and before[0] == step == snapshot.step:
            now = await asyncio.to_thread(state_of, snapshot)
            if not np.array_equal(now, before[1], equal_nan=True):
                warnings.append(
                    f"The numbers of step {step:,} differ slightly: they were recomputed, and "
                    "another computer or version of numpy may round differently."
                )
        if continued.problem is not None:
            warnings.append(continued.problem)
        if warnings:
            self._warn(" ".join(warnings))
        elif snapshot.step == step:
            app.tell(f"Continued at step {step:,}.", app.place)

    def _warn(self, text: str) -> None:
        self._app.notify(text, severity="warning", timeout=OFFER_SECONDS, markup=False)
