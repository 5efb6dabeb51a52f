"""Keys that come in a burst, over a slow line or from a fast typist, count in their order.

Textual hands a key to the focused widget and goes on to the next one at once; so keys that follow
one which opens or closes a dialog would go to the screen that is about to be left.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any

from textual.app import App, ScreenStackError
from textual.events import Event, Key, Paste
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from bptui.app.screens import ClosesOnce

LONGEST = 10.0
"""Seconds that a key waits at most for the effect of the one before it."""
PATIENCE = 1.0
"""Seconds that keys wait at most for work that a screen does."""
LOOK = 0.005
"""Seconds between looks at what does not tell that it is done."""
ROUNDS = 3
"""A key in a dialog leads to messages, and those to others, before the dialog acts on them."""


class Passed(Message):
    """Goes from the focused widget up to the app, behind the key that went there before it."""

    def __init__(self, arrived: asyncio.Event) -> None:
        super().__init__()
        self.arrived = arrived


class KeyQueue:
    """Has an app answer a key, or pasted text, once the one before it has had its effect.

    ``answer`` is what Textual does with an event.
    """

    def __init__(self, app: App[Any], answer: Callable[[Event], Awaitable[None]]) -> None:
        self._app, self._answer = app, answer
        self._events = deque[Key | Paste]()
        self._task: asyncio.Task[None] | None = None
        self._preparing = 0
        self.allows: Callable[[str], bool] = lambda key: True
        """Whether a key that is pressed on the main screen is to have an effect."""
        self.dialog: ClosesOnce[Any] | None = None
        """The one whose answer is to be taken: once it is given, keys wait for that."""

    @property
    def answering(self) -> bool:
        """Whether the effect of a key is still to come."""
        return self._task is not None and not self._task.done()

    async def put(self, event: Key | Paste) -> None:
        """Answer a key or pasted text after all that came before."""
        self._events.append(event)
        if not self.answering:
            self._task = asyncio.create_task(self._answer_all())
            await asyncio.sleep(0)  # it begins before more keys are here

    @contextmanager
    def held(self) -> Iterator[None]:
        """Have keys wait within."""
        self._preparing += 1
        try:
            yield
        finally:
            self._preparing -= 1

    def when_drawn(self, then: Callable[[], object]) -> None:
        """Do something after the next frame, on which the keys to come wait."""

        def do() -> None:
            self._preparing -= 1
            then()

        self._preparing += self._app.call_after_refresh(do)

    async def _answer_all(self) -> None:
        try:
            while self._events:
                with suppress(ScreenStackError):  # or the app has ended
                    await self._answer_one(self._events.popleft())
        except Exception as error:  # it ends the app, before others that follow are told
            self._app._handle_exception(error)

    async def _answer_one(self, event: Key | Paste) -> None:
        screen, widget = self._app.screen, self._app.focused or self._app.screen
        on_main = len(self._app.screen_stack) == 1
        if on_main and isinstance(event, Key) and not self.allows(event.key):
            return
        rounds = 0 if await self._acts_at_once(event, screen) else ROUNDS
        if rounds:
            await self._answer(event)
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST):
                for _ in range(rounds):
                    arrived = asyncio.Event()
                    widget.post_message(Passed(arrived))
                    await self._until_told(arrived, screen, widget)
                await self._until_settled(screen)

    async def _acts_at_once(self, event: Key | Paste, screen: Screen[object]) -> bool:
        """Do what a key is bound to where nothing but a binding acts on keys; return whether so.

        Textual would hand it from the focused widget up to the app before, each time in a message.
        """
        if not isinstance(event, Key) or screen is not self._app.screen_stack[0]:
            return False
        focused = self._app.focused
        if focused is not None and focused.check_consume_key(event.key, event.character):
            return False
        return await self._app._check_bindings(event.key)

    async def _until_settled(self, screen: Screen[object]) -> None:
        """Wait for the screen that a key has led to, and for the work that it does first."""
        end = monotonic() + PATIENCE
        while True:
            if self._app.screen is not screen:
                screen, drawn = self._app.screen, asyncio.Event()
                screen.call_after_refresh(drawn.set)
                await self._until_told(drawn, screen, screen)
            elif (
                self._preparing
                or (self.dialog is not None and self.dialog.answered)
                or (isinstance(screen, ClosesOnce) and screen.busy and not self._gives_up(end))
            ):
                await asyncio.sleep(LOOK)
            else:
                return

    def _gives_up(self, end: float) -> bool:
        """Whether a key waits that may give up what is under way, or has waited long enough."""
        escapes = any(isinstance(each, Key) and each.key == "escape" for each in self._events)
        return escapes or monotonic() > end

    async def _until_told(
        self, told: asyncio.Event, screen: Screen[object], widget: Widget
    ) -> None:
        """Wait for what nobody may tell any more once the screen or the widget has gone."""
        while not told.is_set() and self._app.screen is screen and widget.is_attached:
            with suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), LOOK)
