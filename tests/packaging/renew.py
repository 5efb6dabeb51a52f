"""Renew what the manual shows of the program: ``python -m tests.packaging.renew``.

These are the screens of the first session, the page of keys, which is that of the app's help, and
the first page's picture.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from bptui.app.screens.help import sections

from . import picture, walk_through

PAGES = Path(__file__).parents[2] / "bptui" / "help"
FIRST_STEPS, KEYS = PAGES / "first-steps.md", PAGES / "keys.md"
PICTURE = Path(__file__).with_name("bptui.svg")
HEADS = {"In dialogs": "dialog", "On the screen": "sign"}
"""What stands over the first column, where it is not a key."""


def keys_page() -> str:
    """The app's help as a page."""
    parts = ["# Keys and signs"]
    for title, rows in sections().items():
        lines = [(HEADS.get(title, "key"), "meaning"), ("---", "---"), *map(_cells, rows)]
        parts += [f"## {title}", "\n".join(f"| {key} | {text} |" for key, text in lines)]
    return "\n\n".join(parts) + "\n"


def _cells(row: tuple[str, str]) -> tuple[str, str]:
    key, text = (each.replace("|", "\\|") for each in row)
    return f"`{key}`", text


if __name__ == "__main__":
    KEYS.write_text(keys_page(), encoding="utf-8")
    text = FIRST_STEPS.read_text(encoding="utf-8")
    FIRST_STEPS.write_text(asyncio.run(walk_through.recorded(text)), encoding="utf-8")
    PICTURE.write_text(asyncio.run(picture.recorded()), encoding="utf-8")
