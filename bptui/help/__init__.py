"""The manual: a page of Markdown for each topic, in files beside this one."""

from __future__ import annotations

from importlib.resources import files

TOPICS = (
    "first-steps",
    "keys",
    "own-network",
    "presets",
    "mistakes",
    "check",
    "own-program",
    "gradcheck",
    "commands",
    "json",
    "ssh",
    "sessions",
    "terminals",
    "files",
    "limits",
    "install",
    "how-it-works",
    "measurements",
    "sources",
)
"""In the order in which they are read."""


def page(topic: str) -> str:
    """The page's Markdown; it begins with its title."""
    return (files(__name__) / f"{topic}.md").read_text(encoding="utf-8")


def title_of(topic: str) -> str:
    return page(topic).partition("\n")[0].removeprefix("# ")
