"""Lines of a program: comments, arrays and long lists laid out as formatters do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from textwrap import wrap

from bptui.core.arrays import Array

WIDTH, INDENT = 100, "    "
ROOM = WIDTH - len(INDENT)
"""Columns of what is going to be indented."""
NUMBERS = '''def numbers(text):
    """The numbers in a text, separated by spaces."""
    return {make}([float(each) for each in text.split()])'''
SHAPES = re.compile(r"\([n\d]+,[ n\d]*\)(?: [@+=] \([n\d]+,[ n\d]*\))*")
"""The shapes of a product in a comment, which reads ill in two parts: (3, n) @ (n, 1) = (3, 1)."""


def listed(before: str, items: Sequence[str], after: str, short: str = "") -> list[str]:
    """Return items within brackets, in several lines where one is too long.

    ``before`` ends with the opening bracket, ``after`` begins with the closing one; ``short`` is
    the one line if it is not these.
    """
    middle = ", ".join(items)
    short = short or f"{before}{middle}{after}"
    if len(short) <= ROOM:
        return [short]
    one = len(INDENT + middle) <= ROOM
    return [before, *indented([middle] if one else [f"{each}," for each in items]), after]


def folded(before: str, expression: str) -> list[str]:
    """Return a statement, its expression in parentheses over several lines where it is too long."""
    if len(before + expression) <= ROOM:
        return [before + expression]
    return [f"{before}(", *indented(_filled(expression, ROOM - len(INDENT))), ")"]


def _filled(text: str, width: int, indent: str = "") -> list[str]:
    return wrap(
        text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def indented(lines: Iterable[str]) -> list[str]:
    return [f"{INDENT}{line}" if line else "" for line in lines]


def commented(lines: Iterable[str]) -> list[str]:
    """Return code that does not run."""
    return [f"# {line}" for line in lines]


def comment(text: str) -> list[str]:
    """Return ``text`` as comment lines no longer than those of a program; shapes stay whole."""
    whole = SHAPES.sub(lambda found: found[0].replace(" ", "\xa0"), text)
    return [line.replace("\xa0", " ") for line in commented(wrap(whole, ROOM - len("# ")))]


def docstring(text: str) -> list[str]:
    """Return ``text`` as the docstring of a function."""
    lines = wrap(f'"""{text}', ROOM - len('"""'))
    return [f'{lines[0]}"""'] if len(lines) == 1 else [*lines, '"""']


def array_lines(name: str, array: Array, make: str) -> list[str]:
    """Return ``name = make([...])`` with all digits: what it makes has the same bits and shape.

    Long ones stand in a text, a row a line, for the function :data:`NUMBERS` of the program.
    """
    short = f"{name} = {make}({array.tolist()!r})"
    if len(short) <= WIDTH:
        return [short]
    # 255.0 as 255, which reads back the same
    rows = (
        " ".join(repr(each).removesuffix(".0") for each in row)
        for row in array.reshape(-1, array.shape[-1]).tolist()
    )
    text = [line for row in rows for line in _filled(row, ROOM, "  ")]
    shape = ", ".join(map(str, array.shape))
    return [f"{name} = numbers(", *indented(['"""', *text, '"""']), f").reshape({shape})"]
