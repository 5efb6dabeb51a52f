"""Rows in which a comma may be the point of a number: they are refused, not guessed at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NoReturn

from bptui.presets.entry import EntryError, shortened

Separated = Literal["lines", "semicolons", "brackets", "list"]
"""How rows stand apart: ``brackets`` is one pair around all of them, ``list`` one for each."""

_PAIR = re.compile(r"[+-]?\d+,\d+(?:e[+-]?\d+)?", re.IGNORECASE)
_WHOLE = re.compile(r"[+-]?\d+")
_DECIMAL = re.compile(r"(?<![\w.])[+-]?(?:0|[1-9]\d*),0\d+(?![\d.])")
"""1,05: nobody writes the whole number 05."""
_TIGHT = re.compile(r"\d,\d")


def refuse_decimal_commas(rows: Sequence[str], separated: Separated) -> None:
    """Raise :class:`EntryError` where a comma between two digits may be a decimal one.

    It separates two numbers only where nothing else separates numbers: neither blanks in its row
    nor semicolons after it, and so not in ``0,15 0,25`` or ``1,5;2,5``. A row that is one pair of
    whole numbers is read as two of them unless it looks like a decimal, as ``0,35`` does, or all
    rows begin with ``0,`` and go on with more than 0 and 1, so that the rows of XOR are accepted.
    """
    tight = [row.strip() for row in rows if _TIGHT.search(row)]
    for row in tight:
        if found := _DECIMAL.search(row):
            _refuse(found[0])
        _refuse_mixed(row, separated)
    if not tight or separated == "list":
        return
    plain = [row.strip().removesuffix(",") for row in rows]
    if all(_PAIR.fullmatch(row) or _WHOLE.fullmatch(row) for row in plain):
        _refuse_pairs([row for row in plain if "," in row], separated, len(plain))


def _refuse_mixed(row: str, separated: Separated) -> None:
    """Refuse pairs with blanks between them, and lists of pairs such as 0,15, 0,25."""
    chunks = row.split()
    if len(chunks) == 1:
        return
    pairs = [chunk for each in chunks if _PAIR.fullmatch(chunk := each.strip(","))]
    blanks = any(
        not before.endswith(",") and not after.startswith(",") for before, after in pairwise(chunks)
    )
    if pairs and (blanks or (len(pairs) == len(chunks) and separated != "list")):
        _refuse(pairs[0])


def _refuse_pairs(pairs: Sequence[str], separated: Separated, rows: int) -> None:
    """Refuse rows of one pair each that may be one number each."""
    parts = [pair.split(",") for pair in pairs]
    only_0_and_1 = all(each in ("0", "1") for pair in parts for each in pair)
    for pair, (before, after) in zip(pairs, parts, strict=True):
        if before in ("-0", "+0") or (before == "0" and len(after) > 1):
            _refuse(pair)
    apart = separated == "semicolons" and rows > 1
    if not only_0_and_1 and (apart or all(before == "0" for before, _ in parts)):
        _refuse(next(pair for pair in pairs if pair not in ("0,0", "0,1", "1,0", "1,1")))


def _refuse(pair: str) -> NoReturn:
    point, blank = pair.replace(",", "."), pair.replace(",", ", ")
    said = f"{shortened(pair)[1:-1]} is two numbers here; write {shortened(point)[1:-1]}"
    said += " with a point"
    if not re.search(r"^[+-]0,|,0\d", pair):
        said += f", or {shortened(blank)[1:-1]} with a space"
    raise EntryError(said)
