"""Keys that come in a burst, over a slow line or from a fast typist, count in their order.

Textual hands a key to the focused widget and goes on to the next one at once; so keys that follow
one which opens or closes a dialog would go to the screen that is about to be left.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from textual.app import App, ScreenStackError
from textual.driver import Driver
from textual.events import Event, Key, MouseDown, MouseUp, Paste
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from bptui.terminal.incoming import MOST_TYPED

LONGEST = 10.0
"""Seconds that a key waits at most for the effect of the one before it."""
PATIENCE = 1.0
"""Seconds that keys wait at most for work that a screen does."""
LOOK = 0.005
"""Seconds between looks at what does not tell that it is done."""
TOGETHER = 0.03
"""Seconds within which nobody types ^ and another key."""
PAUSE = 0.5
"""Seconds without a key after which they are typed again, and no more text."""
LONGEST_LINE = 40_000
"""Characters on one line that are shown, and read, within a moment."""
ROUNDS = 3
"""A key in a dialog leads to messages, and those to others, before the dialog acts on them."""


class Passed(Message):
    """Goes from the focused widget up to the app, behind the key that went there before it."""

    def __init__(self, arrived: asyncio.Event) -> None:
        super().__init__()
        self.arrived = arrived


class Busy:
    """A screen on which a key may take effect later."""

    @property
    def ready(self) -> bool:
        """Whether it can take keys already."""
        return True

    @property
    def busy(self) -> bool:
        """Whether the work that the last key led to is still to be done."""
        return False


class InOrderApp(App[None]):
    """An app that answers a key, or pasted text, once the one before it has had its effect."""

    def __init__(self, driver_class: type[Driver] | None, ansi_color: bool | None) -> None:
        super().__init__(driver_class=driver_class, ansi_color=ansi_color)
        self._held = deque[Event]()
        self._answering: asyncio.Task[None] | None = None
        self._preparing = 0
        self._slow: Screen[object] | None = None
        self._unclear: Event | None = None
        self._text_until = 0.0
        self._pressed: tuple[MouseDown, Screen[object]] | None = None
        self._in_vain = False

    @property
    def answering(self) -> bool:
        """Whether the effect of a key is still to come."""
        return self._answering is not None

    @property
    def in_order(self) -> bool:
        """Whether keys wait for each other."""
        return True

    def action_press(self, key: str) -> None:
        """Press a key for the mouse."""
        # from here: a key does not rise above the widget in whose name it was pressed
        self.call_later(self.simulate_key, key)

    async def on_event(self, event: Event) -> None:
        if event.is_forwarded:  # back from a widget that had no use for it
            await super().on_event(event)
        elif isinstance(event, MouseDown | MouseUp) and self._was_meant_for_another_screen(event):
            return
        elif not isinstance(event, Key | Paste) or not self.in_order:
            await super().on_event(event)
        else:
            self._held.append(event)
            if not self.answering:
                await self._go_on()

    def _was_meant_for_another_screen(self, event: MouseDown | MouseUp) -> bool:
        """Whether it is the second of a double click of which the first has changed the screen."""
        # a copy that comes back from a widget has a time of its own, which may be much later
        if isinstance(event, MouseDown) and not event.is_forwarded:
            self._in_vain, screen = False, self.screen
            if self._pressed is not None:
                first, on = self._pressed
                soon = event.time - first.time <= self.CLICK_CHAIN_TIME_THRESHOLD
                if soon and event.screen_offset == first.screen_offset:
                    self._in_vain, screen = on is not screen, on
            self._pressed = event, screen
        return self._in_vain and not event.is_forwarded

    async def _answer(self, event: Event) -> None:
        screen, widget = self.screen, self.focused or self.screen
        if isinstance(event, Paste) and _has_no_room(widget, event.text):
            self.notify(
                f"Too long for one line: {len(event.text):,} characters, at most {LONGEST_LINE:,}.",
                severity="warning",
            )
        else:
            await super().on_event(event)
        self._answering = asyncio.create_task(self._follow(screen, widget))

    async def _follow(self, screen: Screen[object], widget: Widget) -> None:
        """Wait for the effect of a key that was handed to ``widget``, then answer the next."""
        try:
            # no longer than that, or the app has ended
            with suppress(TimeoutError, ScreenStackError):
                async with asyncio.timeout(LONGEST):
                    for _ in range(1 if screen is self.screen_stack[0] else ROUNDS):
                        await self._passed(screen, widget)
                    await self._can_take_keys(screen)
        finally:
            self.call_later(self._go_on)

    async def _go_on(self) -> None:
        answering, self._answering = self._answering, None
        if answering is not None and answering.done() and not answering.cancelled():
            answering.result()  # raises what went wrong, if anything did
        if len(self._held) > MOST_TYPED or (self._held and self._held[0].time < self._text_until):
            # nobody types so far ahead: it is text, pasted where the terminal does not tell
            self._text_until = self._held[-1].time + PAUSE
            text = "".join(map(_text, self._held))
            self._held = deque([Paste(text)])
        if self._held and _may_be_escape(self._held[0]) and self._held[0] is not self._unclear:
            self._unclear = self._held[0]
            self._answering = asyncio.create_task(self._look_ahead())
        elif self._held:
            event = self._held.popleft()
            if _may_be_escape(event) and self._held and self._held[0].time - event.time < TOGETHER:
                event = Key("escape", "\x1b")
            await self._answer(event)

    async def _look_ahead(self) -> None:
        await asyncio.sleep(TOGETHER)
        self.call_later(self._go_on)

    def when_drawn(self, then: Callable[..., object], *arguments: object) -> None:
        """Do something after the next frame, on which the keys to come wait."""

        def do() -> None:
            self._preparing -= 1
            then(*arguments)

        self._preparing += self.call_after_refresh(do)

    async def _passed(self, screen: Screen[object], widget: Widget) -> None:
        """Wait until what is on its way from ``widget`` has arrived, or the screen has changed."""
        arrived = asyncio.Event()
        widget.post_message(Passed(arrived))
        await self._until_told(arrived, screen, widget)

    async def _until_told(
        self, told: asyncio.Event, screen: Screen[object], widget: Widget
    ) -> None:
        """Wait for what nobody may tell any more once the screen or the widget has gone."""
        while not told.is_set() and self.screen is screen and widget.is_attached:
            with suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), LOOK)

    def on_passed(self, message: Passed) -> None:
        message.arrived.set()

    async def _can_take_keys(self, screen: Screen[object]) -> None:
        """Wait until the screen that a key has led to, if not ``screen``, can take keys."""
        busy_until = monotonic() + PATIENCE
        while True:
            if self.screen is not screen:
                screen, drawn = self.screen, asyncio.Event()
                screen.call_after_refresh(drawn.set)
                await self._until_told(drawn, screen, screen)
            elif self._preparing or (isinstance(screen, Busy) and not screen.ready):
                await asyncio.sleep(LOOK)
            elif not (isinstance(screen, Busy) and screen.busy):
                self._slow = None
                return
            elif screen is self._slow or self._escaping:
                return
            elif monotonic() > busy_until:
                self._slow = screen  # one wait for it is enough
                return
            else:
                await asyncio.sleep(LOOK)

    @property
    def _escaping(self) -> bool:
        """Whether a key waits that may give up what is under way."""
        return any(isinstance(each, Key) and each.key == "escape" for each in self._held)


def _text(event: Event) -> str:
    """The text of a key, or what was pasted."""
    if isinstance(event, Key):
        return (event.character or "") if event.is_printable else "\n" * (event.key == "enter")
    return event.text if isinstance(event, Paste) else ""


def _has_no_room(widget: Widget, text: str) -> bool:
    """Whether it is a line, and would become too long with ``text`` in it."""
    return isinstance(widget, Input) and len(widget.value) + len(text) > LONGEST_LINE


def _may_be_escape(event: Event) -> bool:
    """Whether it is what Textual makes of an escape too, where another key comes with it."""
    return isinstance(event, Key) and event.character == "^"
