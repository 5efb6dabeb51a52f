"""What a command is: one entry feeds its key, the key line and the palette."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeAlias, TypeVar

from msgspec import Struct
from textual.binding import Binding, BindingType

from bptui.help import key_rows

AppT = TypeVar("AppT")
PALETTE_KEY = "ctrl+p"
SHOWN_KEYS = {
    "escape": "esc",
    "question_mark": "?",
    "plus": "+",
    "minus": "-",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
}
"""Keys that people write in another way than Textual."""


class Entry(Struct, Generic[AppT], frozen=True):
    """Something the user can do with an app: its key, its words, and the function that does it."""

    name: str
    key: str
    """As Textual writes it; empty where only the palette has the command."""
    run: Callable[[AppT], object]
    hint: str = ""
    """Its word in the key line; empty where it has no place there."""
    also: str = ""
    """A key with the opposite effect that shares this one's place in the key line."""
    at_rest: bool = False
    """Whether it is about what is shown, so that what the keys before have led to comes first."""
    titled: str = ""
    """The title under which the page tells of it, where that is not by its key alone."""
    page: str = "keys"
    """The page of the manual that has its title and its explanation."""

    @property
    def shown_key(self) -> str:
        """The key as people write it."""
        return SHOWN_KEYS.get(self.key, self.key)

    @property
    def other_key(self) -> str:
        """The key with the opposite effect, as Textual writes it."""
        return next((key for key, shown in SHOWN_KEYS.items() if shown == self.also), self.also)

    @property
    def action(self) -> str:
        """The action by which Textual runs it."""
        return f"app.command('{self.name}')"

    @property
    def title(self) -> str:
        return self._told[0]

    @property
    def explanation(self) -> str:
        return self._told[1]

    @property
    def _told(self) -> tuple[str, str]:
        for shown, text in key_rows(self.page):
            title, _, explanation = text.partition(". ")
            if title == self.titled or (not self.titled and shown == self.shown_key):
                return title, explanation.removesuffix(".")
        raise LookupError(f"the page {self.page} says nothing of {self.titled or self.key}")


Command: TypeAlias = Entry[Any]


def bindings(commands: list[Command]) -> list[BindingType]:
    """Return an app's key bindings; the palette's counts in dialogs, too."""
    made = [
        Binding(each.key, each.action, each.title, show=False, priority=each.key == PALETTE_KEY)
        for each in commands
        if each.key
    ]
    without_shift = Binding("equals_sign", "app.command('faster')", "Run faster", show=False)
    return [*made, without_shift]
