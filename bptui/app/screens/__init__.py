"""The screens that open over the main one: what closes once, works beside, needs room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from threading import Thread
from typing import Any, ClassVar, TypeVar

from textual.app import App, ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding
from textual.events import Resize
from textual.geometry import Size
from textual.screen import ModalScreen, Screen, ScreenResultType
from textual.widgets import Static

LEAST_WIDTH, LEAST_HEIGHT = 60, 16
"""Columns and rows with which every panel and dialog can still be used."""
Result = TypeVar("Result")


class ClosesOnce(Screen[ScreenResultType]):
    """A screen of which only the first answer counts. Stands last among the bases.

    Keys and clicks that arrive together (a key held down, a double click, a slow line) may answer
    twice before it has gone.
    """

    answered = False
    _late: Callable[[], object] | None = None

    @property
    def busy(self) -> bool:
        """Whether the work that the last key led to is still to be done."""
        return False

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


class TooSmallScreen(ModalScreen[None], ClosesOnce[None]):
    """One sentence over everything; what is below it waits, and training goes on."""

    CSS = "TooSmallScreen { background: $background; overflow: hidden; }"  # bars take the room
    BINDINGS: ClassVar = [Binding("q", "app.quit", "Quit", show=False)]

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    def on_resize(self, event: Resize) -> None:
        needed, (width, height) = f"{LEAST_WIDTH}x{LEAST_HEIGHT}", event.size
        said = f"needs {needed}, is {width}x{height}; q quits"
        self.query_one(Static).update(said)

    def on_screen_resume(self) -> None:
        """Leave, if the screen has grown while a dialog that came by itself lay over this one."""
        require_room(self.app, self.app.size)


def require_room(app: App[Any], size: Size) -> None:
    """Cover what ``app`` shows while ``size`` is too small for it, and uncover it again."""
    small, screen = size.width < LEAST_WIDTH or size.height < LEAST_HEIGHT, app.screen
    if isinstance(screen, TooSmallScreen):
        if not small:
            screen.dismiss()
    elif small:
        app.push_screen(TooSmallScreen())


async def in_background(function: Callable[..., Result], *arguments: object) -> Result:
    """Call ``function`` in a thread that leaving the program does not wait for.

    For what only reads: it may be broken off anywhere.
    """
    future = Future[Result]()
    future.set_running_or_notify_cancel()  # whoever waits may be cancelled, and the work goes on

    def run() -> None:
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return await asyncio.wrap_future(future)
