"""How an operation is written: templates, and how tightly what they give binds."""

from __future__ import annotations

from functools import cache
from string import Formatter
from typing import NamedTuple

SUM, PRODUCT, UNARY, POWER, ATOM = 1, 2, 3, 4, 5
"""How tightly an operation binds when it is written down, loosest first; ``@`` as ``*``."""
LEVELS = {"": SUM, "product": PRODUCT, "unary": UNARY, "power": POWER, "atom": ATOM}


class Notation(NamedTuple):
    """How an operation is written: templates with ``{0}``, ``{1}`` for what it is applied to.

    ``{0:product}`` stands in brackets where it binds less tightly than a product, ``{all}`` for all
    inputs, ``{axis}`` for a setting and ``{settings}`` for all of them. ``binds`` is how tightly
    the whole binds.
    """

    code: str
    text: str
    latex: str
    binds: int = ATOM


@cache
def slots(template: str) -> tuple[tuple[str, str, str], ...]:
    """Return the pieces of a template: text, what stands behind it, how tightly that has to bind.

    No slot stands behind the last piece.
    """
    found: list[tuple[str, str, str]] = []
    before = ""
    for text, field, level, _ in Formatter().parse(template):
        before += text  # it ends at every doubled brace
        if field is not None:
            found.append((before, field, level or ""))
            before = ""
    return (*found, (before, "", "")) if before else tuple(found)
