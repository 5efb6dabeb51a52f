"""The manual: a page of Markdown for each topic, in files beside this one."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

TOPICS = (
    *("first-steps", "keys", "own-network", "presets", "mistakes", "check", "own-program"),
    *("gradcheck", "commands", "json", "ssh", "sessions", "terminals", "files", "limits"),
    *("install", "how-it-works", "measurements", "sources"),
)
"""In the order in which they are read."""


_ROW = re.compile(r"^\| `(.+?)` \| (.+) \|$", re.MULTILINE)


def page(topic: str) -> str:
    """The page's Markdown; it begins with its title."""
    return Path(__file__).with_name(f"{topic}.md").read_text(encoding="utf-8")


def title_of(topic: str) -> str:
    return page(topic).partition("\n")[0].removeprefix("# ")


@cache
def key_rows(topic: str) -> list[tuple[str, str]]:
    """The rows of the tables on a page: a key or a sign, and its meaning."""
    return _ROW.findall(page(topic).replace(r"\|", "|"))
