"""What all parts of a report share: wrapping, lists, the names that users give things."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field

INDENT = "  "


@dataclass
class Told:
    """What a report has said before: lines and causes it does not repeat, what is right."""

    lines: set[str] = field(default_factory=set)
    causes: set[str] = field(default_factory=set)
    right: set[str] = field(default_factory=set)


def listed(names: list[str]) -> str:
    """``a, b and c``, each once."""
    unique = list(dict.fromkeys(names))
    return " and ".join([", ".join(unique[:-1]), unique[-1]] if len(unique) > 1 else unique)


def wrapped(text: str, width: int, first: str = "", later: str = INDENT) -> list[str]:
    """``text`` in lines of ``width``, broken at blanks alone: 4-5-3 and paths stay whole."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )


def hanging(text: str, width: int) -> list[str]:
    """``text`` in indented lines, those after the first further in."""
    return textwrap.wrap(text, width, initial_indent=INDENT, subsequent_indent=INDENT * 2)


def own_words(code: str) -> str:
    """The user's functions call the batch x and t."""
    return re.sub(r"\btarget\b", "t", re.sub(r"\binput\b", "x", code))
