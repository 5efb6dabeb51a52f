"""What a report says, line by line, before it is laid out to a width."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bptui.explain.code import folded


@dataclass(frozen=True)
class Line:
    """A sentence, ``indent`` columns in, whose further lines stand ``hang`` columns further in.

    ``kind`` "code" is folded as Python may be, "row" stays as it is.
    """

    text: str = ""
    indent: int = 0
    kind: str = "sentence"
    hang: int = 2


def laid_out(lines: Iterable[Line], width: int) -> Iterator[str]:
    """Yield ``lines`` of at most ``width`` columns, but for rows and code that cannot be folded."""
    for line in lines:
        margin = " " * line.indent
        if line.kind == "code":
            yield from (f"{margin}{part}" for part in folded(line.text, width - line.indent))
        elif line.kind == "row" or not line.text:
            yield f"{margin}{line.text}".rstrip()
        else:  # broken at blanks alone: 4-5-3 and paths stay whole
            yield from textwrap.wrap(
                line.text,
                width,
                initial_indent=margin,
                subsequent_indent=margin + " " * line.hang,
                break_long_words=False,
                break_on_hyphens=False,
            )


def as_plain(lines: Iterable[Line]) -> str:
    """Return ``lines`` for a record, in which sentences stay whole."""
    return "\n".join(f"{' ' * line.indent}{line.text}" for line in lines)


def listed(names: Iterable[str]) -> str:
    """Return ``a, b and c``, each once."""
    *most, last = dict.fromkeys(names)
    return f"{', '.join(most)} and {last}" if most else last


def own_words(code: str) -> str:
    """Return ``code`` with the words of user's functions, which call the batch x and t."""
    return re.sub(r"\btarget\b", "t", re.sub(r"\binput\b", "x", code))
