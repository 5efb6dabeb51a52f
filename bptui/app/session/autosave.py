"""Writes the session soon after every change, and how it ended; shows what was kept of another."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from time import monotonic, perf_counter
from typing import TYPE_CHECKING

from textual.worker import WorkerCancelled

from bptui.app.session.state import Session, SessionState, written
from bptui.app.session.store import (
    Continued,
    SessionFile,
    clear,
    first_start,
    offer,
    sessions_folder,
)
from bptui.presets.errors import printable
from bptui.presets.save import SaveError, sentence

if TYPE_CHECKING:
    from bptui.app.app import BptuiApp

PAUSE = 1.0
"""Seconds between looks for what is to be written: what an end without warning can cost."""
SHARE = 30
"""Nor before so many times what writing took: it never takes much of the time."""
PATIENCE = 2.0
"""Seconds to wait for a write under way when the program is to end."""
OFFER_SECONDS = 20.0
"""So long the offer to continue stays, unless something else is to be said."""
TOUR = "New here? `bptui tutorial` explains it step by step; any key hides this line."
READING = 4.0
"""Seconds after which a key takes the offer away: it has been read."""


class Autosave:
    """Keeps the session of an app on disk; goes on with the file of one that is continued.

    Any thread may write or close, one at a time.
    """

    def __init__(self, app: BptuiApp, continued: Continued | None) -> None:
        self._app, self._main, self._continued = app, app.main, continued
        self._file = None if continued is None else continued.file
        self._lock, self._closed, self._cost = threading.Lock(), False, 0.0
        self._first = self.session().state
        self.written: Session | None = None
        """What was written last, or tried to be."""
        self.kept = False
        """Whether what was to be kept last is on the disk."""
        self.told = False
        """Whether the user knows that the session cannot be kept."""

    async def keep(self) -> None:
        """Write after every change; before, say what there is to say of the session before."""
        if self._continued is not None:
            self._show_again(self._continued.session.state)
            self._app.run_worker(self._arrive(self._continued), group="rest")
        elif (text := await asyncio.to_thread(offer)) is not None:
            read = monotonic() + READING
            self._app.tell(text, lambda: monotonic() > read, seconds=OFFER_SECONDS)
        elif not self._app.surroundings.served and await asyncio.to_thread(first_start):
            self._app.tell(TOUR, lambda: self._app.keys_pressed, seconds=OFFER_SECONDS)
        while True:
            await self._write()
            await asyncio.sleep(max(PAUSE, SHARE * self._cost))

    async def _write(self) -> None:
        session = self.session()
        if session == self.written or self._is_untouched(session):
            return
        self.written = session
        problem = await asyncio.to_thread(self._put, session)
        if problem is not None and not self.told:
            self.told = True
            self._warn(f"The session cannot be saved, but you can go on working. {problem}")

    def _is_untouched(self, session: Session) -> bool:
        """Whether nothing was done that would be missed."""
        untouched = self._app.player.untouched and session.state == self._first
        return untouched and self._file is None

    def close(self, ended: bool) -> str | None:
        """Write for the last time and let go of the file; return what went wrong, if anything."""
        return self._put(self.session(), ended, last=True)

    def _put(self, session: Session, ended: bool = False, *, last: bool = False) -> str | None:
        """Write the file, unless it was let go of; return what went wrong."""
        if not self._lock.acquire(timeout=PATIENCE if last else -1):
            return None
        began = perf_counter()
        try:
            if not (self._closed or self._is_untouched(session)):
                self.kept = False
                if self._file is None:
                    self._file = SessionFile.new()
                    clear()
                self._file.write(written(session, ended))
                self.kept = True
        except OSError as error:
            return sentence(sessions_folder() if self._file is None else self._file.path, error)
        except (MemoryError, ValueError, SaveError) as error:  # half a character in a name, say
            reason = printable(str(error)).rstrip(".") or "not enough memory"
            return f"It cannot be written: {reason}."
        finally:
            self._cost, self._closed = perf_counter() - began, self._closed or last
            if self._closed and self._file is not None:
                self._file.release()
            self._lock.release()
        return None

    def session(self) -> Session:
        """Return what is to be kept, as it is now."""
        main, player = self._main, self._app.player
        branch, place = player.standing
        shown = player.turned and player.snapshot.step == place.step
        state = SessionState(
            ended=False,
            name=branch.timeline.experiment.name,
            step=place.step,
            position=place.position,
            breakpoints=[(str(stop), on) for stop, on in player.breakpoints.items()],
            speed=str(player.speed),
            saved=branch.saved,
            loss=repr(player.snapshot.loss) if shown else "",
            selection=main.view.selection,
            pointed=main.view.pointed,
            sample=main.view.sample,
            logarithmic=main.loss.logarithmic,
            form=main.derivation.form,
        )
        return Session(state, branch.timeline)

    def _show_again(self, state: SessionState) -> None:
        """Bring back what the panels showed."""
        main, network = self._main, self._app.player.snapshot.experiment.network
        main.select(state.selection.within(network), state.pointed)
        main.look(state.sample)
        if state.logarithmic:
            main.loss.toggle_scale()
        main.derivation.show_form(state.form)

    async def _arrive(self, continued: Continued) -> None:
        """Go to where the session stands, and say how it has come back."""
        with suppress(WorkerCancelled):  # another key was quicker
            await self._app.player.go_on().wait()
        app, state, warnings = self._app, continued.session.state, []
        step, snapshot = state.step, app.player.snapshot
        if snapshot.step == step and state.loss not in ("", repr(snapshot.loss)):
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
        self._app.tell(text, severity="warning", seconds=OFFER_SECONDS)
