"""Runs what takes long beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import TypeVar

Result = TypeVar("Result")


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
