"""Lines of a program: comments, arrays and long lists laid out as formatters do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from textwrap import wrap

from bptui.core.arrays import Array

WIDTH, INDENT = 100, "    "
ROOM = WIDTH - len(INDENT)
"""Columns of what is going to be indented."""
MOST_LITERAL = 1000
"""Numbers of an array that stand as a list in the program; more are read out of a text."""

SHAPES = re.compile(r"\([n\d]+,[ n\d]*\)(?: [@+=] \([n\d]+,[ n\d]*\))*")
"""The shapes of a product in a comment, which reads ill in two parts: (3, n) @ (n, 1) = (3, 1)."""

NUMBERS = '''
def numbers(text, *shape):
    """An array of the numbers in a text, separated by spaces."""
    return {make}([float(each) for each in text.split()]).reshape(shape)
'''


def bracketed(before: str, items: Sequence[str], after: str) -> list[str]:
    """Return ``before``, the items and ``after`` in one line, or in several where that is too long.

    ``before`` ends with the opening bracket, ``after`` begins with the closing one.
    """
    return laid_out(before, items, after, f"{before}{', '.join(items)}{after}")


def laid_out(before: str, items: Sequence[str], after: str, short: str) -> list[str]:
    """Return ``short``, or where it is too long the items within brackets."""
    if len(short) <= ROOM:
        return [short]
    middle = ", ".join(items)
    if len(INDENT + middle) <= ROOM:
        return [before, INDENT + middle, after]
    return [before, *(f"{INDENT}{each}," for each in items), after]


def folded(before: str, expression: str) -> list[str]:
    """Return a statement, its expression in parentheses over several lines where it is too long."""
    if len(before + expression) <= ROOM:
        return [before + expression]
    parts = wrap(expression, ROOM - len(INDENT), break_long_words=False, break_on_hyphens=False)
    return [f"{before}(", *indented(parts), ")"]


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

    A row a line. Where rows are too long or too many, the numbers stand in a text, for the function
    :data:`NUMBERS` of the program.
    """
    rows = [f"[{', '.join(map(repr, row.tolist()))}]" for row in np_rows(array)]
    if array.size > MOST_LITERAL or max(map(len, rows), default=0) > WIDTH - 10:
        return _text_lines(name, array)
    short = rows[0] if array.ndim == 1 else f"[{', '.join(rows)}]"
    if len(f"{name} = {make}({short})") <= WIDTH:
        return [f"{name} = {make}({short})"]
    if array.ndim == 1:
        return [f"{name} = {make}(", f"{INDENT}{short}", ")"]
    inner = [f"{INDENT * 2}{row}," for row in rows]
    return [f"{name} = {make}(", f"{INDENT}[", *inner, f"{INDENT}]", ")"]


def np_rows(array: Array) -> Iterable[Array]:
    return array if array.ndim == 2 else [array]


def _text_lines(name: str, array: Array) -> list[str]:
    lines = [f"{name} = numbers(", f'{INDENT}"""']
    for row in np_rows(array):
        # 255.0 as 255, which reads back the same
        text = " ".join(repr(each).removesuffix(".0") for each in row.tolist())
        lines += wrap(
            text, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
    return [*lines, f'{INDENT}""",', *(f"{INDENT}{each}," for each in array.shape), ")"]
