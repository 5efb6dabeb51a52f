"""What all dialogs have in common: they close once, whatever keys come in a burst."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.screen import ModalScreen, ScreenResultType

from bptui.app.key_queue import Busy
from bptui.app.lines import key_hints
from bptui.app.screens.once import ClosesOnce


class Dialog(Busy, ModalScreen[ScreenResultType], ClosesOnce[ScreenResultType]):
    """A modal screen that closes once."""

    CSS_PATH = Path(__file__).with_name("dialogs.tcss")  # read with the first dialog
    WAITED_FOR: ClassVar = "default"
    """The group of workers that answer a key; the keys after it wait for them."""

    @property
    def busy(self) -> bool:
        waited_for = (each for each in self.workers if each.group == self.WAITED_FOR)
        return any(each.node is self and not each.is_finished for each in waited_for)

    def on_mount(self) -> None:
        """Have the keys that the lower border names pressed by a click."""
        for box in self.children:
            if box.border_subtitle:
                box.border_subtitle = key_hints(box.border_subtitle)
