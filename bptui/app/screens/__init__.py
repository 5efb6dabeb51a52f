"""The screens that open over the main one, and what they share: closing once, work beside."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import Screen, ScreenResultType

Result = TypeVar("Result")


class ClosesOnce(Screen[ScreenResultType]):
    """A screen of which only the first answer counts. Stands last among the bases.

    Keys and clicks that arrive together (a key held down, a double click, a slow line) may answer
    twice before it has gone.
    """

    answered = False
    _late: Callable[[], object] | None = None

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        if self.answered:
            return AwaitComplete()
        self.answered = True
        if not self.is_active:  # a line for a screen that is too small covers it
            self._late = partial(super().dismiss, result)
            return AwaitComplete()
        return super().dismiss(result)

    def on_screen_resume(self) -> None:
        """Close, if the answer came while something else lay over the screen."""
        late, self._late = self._late, None
        if late is not None:
            late()


async def in_background(function: Callable[..., Result], *arguments: object) -> Result:
    """Call ``function`` in a thread that leaving the program does not wait for.

    For what only reads: it may be broken off anywhere.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def tell(settle: Callable[[], None]) -> None:
        if not future.done():  # who waited may have been cancelled
            settle()

    def run() -> None:
        settle: Callable[[], None]
        try:
            settle = partial(future.set_result, function(*arguments))
        except Exception as error:
            settle = partial(future.set_exception, error)
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(tell, settle)

    Thread(target=run, daemon=True).start()
    return await future
