"""What all dialogs have in common: they close once, whatever keys come in a burst."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, ScreenResultType

from bptui.app.bursts import Busy


class Dialog(Busy, ModalScreen[ScreenResultType]):
    """A modal screen of which only the first answer counts.

    Keys that arrive together (a key held down, a slow line) may answer twice before it has gone.
    """

    CSS_PATH = Path(__file__).with_name("dialogs.tcss")  # read with the first dialog
    WAITED_FOR: ClassVar = "default"
    """The group of workers that answer a key; the keys after it wait for them."""
    _answered = False
    _late: Callable[[], object] | None = None

    @property
    def busy(self) -> bool:
        waited_for = (each for each in self.workers if each.group == self.WAITED_FOR)
        return any(each.node is self and not each.is_finished for each in waited_for)

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        if self._answered:
            return AwaitComplete()
        self._answered = True
        if not self.is_active:  # a line for a screen that is too small covers it
            self._late = partial(super().dismiss, result)
            return AwaitComplete()
        return super().dismiss(result)

    def on_screen_resume(self) -> None:
        """Close, if the answer came while something else lay over the dialog."""
        late, self._late = self._late, None
        if late is not None:
            late()
