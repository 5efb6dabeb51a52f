"""The rows of a report, and how they are laid out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bptui.explain.report import folded


@dataclass(frozen=True)
class Row:
    """A sentence, ``indent`` columns in, whose further lines stand ``hang`` columns further in.

    ``kind`` "code" is folded as Python may be, "row" stays as it is.
    """

    text: str = ""
    indent: int = 0
    kind: str = "sentence"
    hang: int = 2


def laid_out(lines: Iterable[Row], width: int) -> Iterator[str]:
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


def as_plain(lines: Iterable[Row]) -> str:
    """Return ``lines`` for a record, in which sentences stay whole."""
    return "\n".join(f"{' ' * line.indent}{line.text}" for line in lines)


def listed(names: Iterable[str]) -> str:
    """Return ``a, b and c``, each once."""
    *most, last = dict.fromkeys(names)
    return f"{', '.join(most)} and {last}" if most else last
