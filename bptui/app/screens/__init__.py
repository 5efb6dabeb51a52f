"""The screens that open over the main one, and what all of them share: each closes once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual.await_complete import AwaitComplete
from textual.screen import Screen, ScreenResultType


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
