"""A pilot that goes on as soon as the app has nothing left to do.

Textual's own takes an app for idle when the process has hardly used the processor for 20 ms, twice
after each key: 40 ms at least, and up to two seconds while a run goes on. Whether every part of
the app waits for its next message can be asked instead, which is both sooner and surer.
"""

import asyncio
import unicodedata
from time import monotonic, process_time

from textual.events import Key
from textual.keys import REPLACED_KEYS, _character_to_key, _get_unicode_name_from_key
from textual.message_pump import MessagePump
from textual.pilot import Pilot

from bptui.app.base import TerminalApp

LONGEST, WORK = 1.0, 0.5
"""So long it waits at most, in seconds, as Textual's own does: a run may go on for ever.

Four times as long where the app got the processor for less than WORK of them: others have it then.
"""
TURNS = 2
"""So many turns of the event loop must pass in which nothing is found to do."""


class SettlingPilot(Pilot[None]):
    """Presses, clicks and pauses wait until the app has dealt with them and shows it."""

    def __init__(self, app: TerminalApp) -> None:
        super().__init__(app)
        app.animation_level = "none"  # else a scroll goes on for a second
        self._bptui = app
        self._latest: MessagePump = app

    async def press(self, *keys: str) -> None:
        for key in keys:
            self._bptui.post_message(key_event(key))
            await self.settle()

    async def pause(self, delay: float | None = None) -> None:
        if delay is not None:
            await asyncio.sleep(delay)
        await self.settle()

    async def settle(self) -> None:
        """Wait until nothing is under way: no message, drawing, animation or move to a step."""
        began, worked, quiet, turns = monotonic(), process_time(), 0, 0
        while quiet < TURNS:
            waited = monotonic() - began
            if waited > LONGEST and (process_time() - worked > WORK or waited > 4 * LONGEST):
                return
            # threads and timers get their share when a few turns have not been enough
            await asyncio.sleep(0 if turns < 20 or quiet else 0.001)
            turns += 1
            quiet = quiet + 1 if self.is_quiet() else 0

    def is_quiet(self) -> bool:
        """Tell whether there is nothing to do."""
        app = self._bptui
        if not app.is_running or app._exception is not None:
            return True
        if not waits(self._latest):  # mostly the same one: all are a few hundred in a form
            return False
        for each in (app, *app._registry):
            if not waits(each):
                self._latest = each
                return False
        if app.keys.answering:
            return False
        moves = not (getattr(app, "player", None) or app.moment).running
        if moves and any(
            each.group in ("play", "rest", "ahead") and each.is_running for each in app.workers
        ):
            return False
        if not app._animator._complete_event.is_set():
            return False
        screen = app.screen
        if (
            screen._layout_required
            or screen._scroll_required
            or screen._repaint_required
            or screen._recompose_required
            or screen._dirty_widgets
            or screen._callbacks
        ):
            screen._on_timer_update()  # what would come with the next frame, up to 16 ms later
            return False
        return True


def waits(pump: MessagePump) -> bool:
    """Whether it waits for its next message, or takes none at all."""
    if not pump._running or pump._closing or pump._closed:
        return True
    waiters = pump._message_queue.ready_event._waiters  # type: ignore[attr-defined]  # private
    return any(not each.done() for each in waiters)


def key_event(key: str) -> Key:
    """The event of a key by its name, as Textual's pilot makes it."""
    if len(key) == 1 and not key.isalnum():
        key = _character_to_key(key)
    name = _get_unicode_name_from_key(REPLACED_KEYS.get(key, key))
    try:
        return Key(key, unicodedata.lookup(name))
    except KeyError:
        return Key(key, key if len(key) == 1 else None)
