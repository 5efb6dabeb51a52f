"""Edits one number where it stands, and says what is wrong with it as it is typed."""

from __future__ import annotations

from collections.abc import Callable

from textual.geometry import Offset

from bptui.app.screens.dialog import Question
from bptui.core.errors import UnusableError
from bptui.presets.number_parsing import EntryError, number

WIDTH, HEIGHT = 40, 4


class NumberScreen(Question[float | None, float]):
    """Gives the number, or None where it is to stay; ``check`` raises what is wrong with one.

    ``at`` is where the number stands on the screen; None: in the middle.
    """

    def __init__(
        self, title: str, value: float, usable: Callable[[float], object], at: Offset | None
    ) -> None:
        super().__init__(title, "enter: apply, esc: cancel", repr(value))
        self._value, self._usable, self._at = value, usable, at

    def on_mount(self) -> None:
        self._size_then = self.app.size
        if self._at is not None:  # the line lies over the number, as far as the screen allows
            room = self.app.size
            x = min(max(self._at.x - 3, 0), max(room.width - WIDTH, 0))
            y = min(max(self._at.y - 1, 0), max(room.height - HEIGHT - 1, 0))
            self.styles.align = ("left", "top")
            self.box.styles.offset = (x, y)

    def on_resize(self) -> None:
        if self.app.size != self._size_then:  # the number stands elsewhere now
            self.styles.align = ("center", "middle")
            self.box.styles.offset = (0, 0)

    def read(self, text: str) -> tuple[float, str]:
        value = number(text)
        try:
            self._usable(value)
        except UnusableError as error:
            raise EntryError(f"expected {error.expected}") from None
        return value, f"It was {self._value!r}" if value != self._value else ""
