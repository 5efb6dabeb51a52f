"""The table of commands: one entry feeds its key, the key line and the palette."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from bptui.help import key_rows

Run = Callable[[Any], object]
"""Is given the app that the command belongs to."""

SHOWN_KEYS = {
    "escape": "esc",
    "question_mark": "?",
    "plus": "+",
    "minus": "-",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
}
"""Keys that people write in another way than Textual."""


class Command(Struct, frozen=True):
    """Something the user can do: its key, its words, and the function that does it."""

    run: Run
    key: str
    """As Textual writes it; empty where only the palette has the command."""
    title: str
    explanation: str
    hint: str
    """Its word in the key line; empty where it has no place there."""
    also: str
    """A key with the opposite effect that shares this one's place in the key line."""
    words: str
    """What people may look for in the palette that neither title nor explanation says."""
    at_rest: bool
    """Whether it is about what is shown, so that what the keys before have led to comes first."""

    @property
    def name(self) -> str:
        return self.run.__name__

    @property
    def shown_key(self) -> str:
        """The key as people write it."""
        return SHOWN_KEYS.get(self.key, self.key)

    @property
    def other_key(self) -> str:
        """The key with the opposite effect, as Textual writes it."""
        names = {shown: key for key, shown in SHOWN_KEYS.items()}
        return names.get(self.also, self.also)


COMMANDS: list[Command] = []
"""Those of the app on a network, in the order in which they are listed to the user."""
PROGRAM: list[Command] = []
"""Those of the app on somebody's own program."""


def command(
    key: str,
    title: str = "",
    *,
    hint: str = "",
    also: str = "",
    words: str = "",
    at_rest: bool = False,
    table: list[Command] = COMMANDS,
    page: str = "keys",
) -> Callable[[Run], Run]:
    """Make a function a command of a table; the others are the fields of :class:`Command`.

    Title and explanation are what a page of the manual says of the key, or under the title.
    """

    def register(run: Run) -> Run:
        said = told(page, SHOWN_KEYS.get(key, key), title)
        table.append(Command(run, key, *said, hint, also, words, at_rest))
        return run

    return register


def told(page: str, key: str, title: str = "") -> tuple[str, str]:
    """Return the title and the explanation of a command on a page of the manual."""
    for shown, text in key_rows(page):
        named, _, explanation = text.partition(". ")
        if (title or key) == (named if title else shown):
            return named, explanation.removesuffix(".")
    raise LookupError(f"the page {page} says nothing of {title or key}")
