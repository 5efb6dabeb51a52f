"""Lines of a program: comments, arrays and long lists laid out as formatters do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from textwrap import wrap

from bptui.core.arrays import Array

WIDTH, INDENT = 100, "    "
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
    """``before``, the items and ``after`` on one line, or over several where that is too long.

    ``before`` ends with the opening bracket, ``after`` begins with the closing one.
    """
    return _laid_out(before, items, after, f"{before}{', '.join(items)}{after}")


def unpacked(items: Sequence[str], value: str) -> list[str]:
    """``a, b = value``."""
    return _laid_out("(", items, f") = {value}", f"{', '.join(items)} = {value}")


def returned(items: Sequence[str]) -> list[str]:
    """``return a, b``, the lines indented."""
    lines = _laid_out("return (", items, ")", f"return {', '.join(items)}")
    return indented(lines)


def _laid_out(before: str, items: Sequence[str], after: str, short: str) -> list[str]:
    room = WIDTH - len(INDENT)
    if len(short) <= room:
        return [short]
    middle = ", ".join(items)
    if len(INDENT + middle) <= room:
        return [before, INDENT + middle, after]
    return [before, *(f"{INDENT}{each}," for each in items), after]


def indented(lines: Iterable[str]) -> list[str]:
    return [f"{INDENT}{line}" if line else "" for line in lines]


def comment(text: str, indent: str = "") -> list[str]:
    """``text`` as comment lines, no longer than lines of a program are; shapes stay whole."""
    whole = SHAPES.sub(lambda found: found[0].replace(" ", "\xa0"), text)
    lines = wrap(
        whole, WIDTH - len(INDENT), initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# "
    )
    return [line.replace("\xa0", " ") for line in lines]


def array_lines(name: str, array: Array, make: str) -> list[str]:
    """``name = make([...])`` with all digits: what it makes has the same bits and shape.

    A row a line. Where rows are too long or too many, the numbers stand in a text, for the function
    :data:`NUMBERS` of the program.
    """
    if needs_text(array):
        return _text_lines(name, array)
    rows = _rows(array)
    short = rows[0] if array.ndim == 1 else f"[{', '.join(rows)}]"
    if len(f"{name} = {make}({short})") <= WIDTH:
        return [f"{name} = {make}({short})"]
    if array.ndim == 1:
        return [f"{name} = {make}(", f"{INDENT}{short}", ")"]
    inner = [f"{INDENT * 2}{row}," for row in rows]
    return [f"{name} = {make}(", f"{INDENT}[", *inner, f"{INDENT}]", ")"]


def _broken(numbers: str) -> list[str]:
    return wrap(
        numbers, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def needs_text(array: Array) -> bool:
    return array.size > MOST_LITERAL or max(map(len, _rows(array)), default=0) > WIDTH - 10


def _rows(array: Array) -> list[str]:
    """Each row, or the one that there is, as a list of numbers."""
    rows = array if array.ndim == 2 else [array]
    return [f"[{', '.join(map(repr, row.tolist()))}]" for row in rows]


def _text_lines(name: str, array: Array) -> list[str]:
    shape = ", ".join(map(str, array.shape))
    lines = [f"{name} = numbers(", f'{INDENT}"""']
    for row in array if array.ndim == 2 else [array]:
        # 255.0 as 255, which reads back the same
        text = " ".join(repr(each).removesuffix(".0") for each in row.tolist())
        lines += [text] if len(text) <= WIDTH else _broken(text)
    return [*lines, f'{INDENT}""",', *(f"{INDENT}{each}," for each in shape.split(", ")), ")"]
