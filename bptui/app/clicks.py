"""What a click on a piece of text does: an action, or what the key does that it names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from rich.style import Style
from textual.content import Content
from textual.style import Style as ContentStyle

NAMED = {"esc": "escape", "↑": "up", "↓": "down", "←": "left", "→": "right"}
KEY = r"(?<![\w+])(?:ctrl\+\w|f\d+|enter|esc|tab|space|delete)(?!\w)|[↑↓←→]"
HINT = re.compile(rf"({KEY})(?:(?!,|\s\s|{KEY}).)*")
"""A key and what is said of it, up to the next one."""


def pressing(key: str) -> str:
    """The action of pressing a key."""
    return f"app.press('{key}')"


@lru_cache(maxsize=64)
def spot(action: str) -> Style:
    """To be added to the style of text in a line: a click there runs the action."""
    return Style(meta={"@click": action})


def clickable(text: str, action: str, style: str = "") -> Content:
    """The same for a border or a widget of text; the action is the widget's own, or ``app.``'s."""
    return Content.styled(text, style).stylize(ContentStyle.from_meta({"@click": action}))


def tabs(names: Sequence[str], chosen: str, action: str) -> Content:
    """The names side by side, one underlined; ``action`` is done with the one that is clicked."""
    return Content("  ").join(
        clickable(each, f"{action}('{each}')", "bold underline" if each == chosen else "")
        for each in names
    )


def key_hints(text: str) -> Content:
    """``enter opens, esc closes``: what the keys do; a click on it presses the key."""
    made = Content(text)
    for found in HINT.finditer(text):
        style = ContentStyle.from_meta({"@click": pressing(NAMED.get(found[1], found[1]))})
        made = made.stylize(style, found.start(), found.start() + len(found[0].rstrip()))
    return made
