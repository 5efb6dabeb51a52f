"""Lines of styled text for the line API, and what a click on a piece of them does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.strip import Strip
from textual.style import Style as ContentStyle


class Line:
    """Collects text with styles into a strip."""

    def __init__(self) -> None:
        self._parts: list[tuple[str, Style]] = []
        self.width = 0

    def add(self, text: str, style: Style) -> Line:
        if text:
            if self._parts and self._parts[-1][1] is style:
                self._parts[-1] = (self._parts[-1][0] + text, style)
            else:
                self._parts.append((text, style))
            self.width += len(text) if text.isascii() else cell_len(text)
        return self

    def pad(self, column: int, style: Style) -> Line:
        """Blanks up to ``column``."""
        return self.add(" " * max(column - self.width, 0), style)

    def strip(self) -> Strip:
        return Strip([Segment(text, style) for text, style in self._parts], self.width)


BLANK = Strip([], 0)


def fitted(text: str, room: int) -> str:
    """Cut ``text`` to ``room`` cells, and show the cut."""
    if cell_len(text) <= room:
        return text
    return set_cell_size(text, room - 1) + "…" if room > 0 else ""


def justified(text: str, room: int) -> str:
    """Put ``text`` at the right end of ``room`` cells."""
    text = fitted(text, room)
    return " " * (room - cell_len(text)) + text


NAMED = {"esc": "escape", "↑": "up", "↓": "down", "←": "left", "→": "right"}
KEY = r"(?<![\w+])(?:ctrl\+\w|f\d+|enter|esc|tab|space|delete)(?!\w)|[↑↓←→]"
HINT = re.compile(rf"({KEY})(?:(?!,|\s\s|{KEY}).)*")
"""A key and what is said of it, up to the next one."""


def pressing(key: str) -> str:
    """Return the action of pressing a key."""
    return f"app.press('{key}')"


@lru_cache(maxsize=64)
def spot(action: str) -> Style:
    """To be added to the style of text in a line: a click there runs the action."""
    return Style(meta={"@click": action})


def clickable(text: str, action: str, style: str = "") -> Content:
    """Make text of a border or a widget run an action, the widget's own or ``app.``'s."""
    return Content.styled(text, style).stylize(ContentStyle.from_meta({"@click": action}))


def tabs(names: Sequence[str], chosen: Sequence[str], action: str) -> Content:
    """Put names side by side, the chosen underlined; ``action`` is done with the one clicked."""
    return Content("  ").join(
        clickable(each, f"{action}('{each}')", "bold underline" if each in chosen else "")
        for each in names
    )


def key_hints(text: str) -> Content:
    """Make ``enter opens, esc closes`` press the keys that are clicked."""
    made = Content(text)
    for found in HINT.finditer(text):
        style = ContentStyle.from_meta({"@click": pressing(NAMED.get(found[1], found[1]))})
        made = made.stylize(style, found.start(), found.start() + len(found[0].rstrip()))
    return made
