"""Which driver the app runs on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from bptui.terminal.capabilities import Surroundings

if TYPE_CHECKING:
    from textual.driver import Driver


def driver_for(around: Surroundings) -> type[Driver] | None:
    """The driver's class for these surroundings; None: the one that Textual takes, as it is."""
    if around.served or sys.platform == "win32":
        return None
    from bptui.terminal.continuing import ContinuingDriver
    from bptui.terminal.driver import DifferenceDriver

    base: type[Driver] = ContinuingDriver if around.plain_driver else DifferenceDriver
    return base if around.spelling is None else _spelling(base, around.spelling)


def _spelling(base: type[Driver], spelling: Callable[[str], str]) -> type[Driver]:
    class SpellingDriver(base):  # type: ignore[misc, valid-type]  # one of two known classes
        """Writes what the terminal's characters can say."""

        def write(self, data: str) -> None:
            super().write(spelling(data))

    return SpellingDriver
