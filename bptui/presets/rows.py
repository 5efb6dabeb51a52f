"""Pasted rows of numbers -> lists: plain rows, lists, what numpy prints."""

from __future__ import annotations

import math
import re

from bptui.core.errors import LARGEST_FILE
from bptui.presets.decimal_commas import refuse_decimal_commas
from bptui.presets.entry import EntryError, normalized, shortened

Rows = list[list[float]]

_HEAD = re.compile(
    r"\s*(?:[a-z_]\w*(?:\[\d+\])?\s*[=:]\s*)?"
    r"(?:Parameter containing:\s*)?(?P<call>(?:\w+\.)?(?:as)?(?:array|tensor|matrix)\()?",
    re.IGNORECASE,
)
"""W1 = np.array( before the brackets; W1: or W[0] = before any rows."""
_TAIL = re.compile(r"\s*(?:,\s*[a-z_]+\s*=[^\[\]=]*)*,?\s*", re.IGNORECASE)
""", dtype=float32) after them."""
_LONGEST_TAIL = 200
_SCALAR = re.compile(r"\b(?:np|numpy)\.(?:float|int)\d+\(([^()\[\]]*)\)")
"""A number as numpy writes it inside a list."""
_COMMENT = re.compile(r"#[^\n]*")
_BRACKET = re.compile(r"([\[\](){}])")
_CLOSING = {"[": "]", "(": ")", "{": "}"}


def matrix(text: str) -> Rows:
    """The rows of numbers in ``text``, all of one length; raises :class:`EntryError`.

    Rows end with their line, with a semicolon or with their bracket. Numbers stand apart by
    blanks, tabs or commas; commas that may be decimal ones are refused.
    """
    rows = _rows(_plain(text))
    for index, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise EntryError(f"row {index} has {_numbers(len(row))}, row 1 has {len(rows[0])}")
    return rows


def vector(text: str) -> list[float]:
    """The numbers of one row or of one column; raises :class:`EntryError`."""
    rows = matrix(text)
    if len(rows) > 1 and len(rows[0]) > 1:
        raise EntryError(f"{len(rows)} rows of {len(rows[0])} numbers; expected one row")
    return [value for row in rows for value in row]


def _plain(text: str) -> str:
    """``text`` in plain characters, without comments and without what surrounds its brackets."""
    if len(text) > LARGEST_FILE:
        raise EntryError(f"more than {LARGEST_FILE:,} characters")
    plain = _COMMENT.sub("", normalized(text))
    if "..." in plain:
        raise EntryError("numbers are left out at '...': print all of them")
    if "np." in plain or "numpy." in plain:
        plain = _SCALAR.sub(r"\1", plain)
    head = _HEAD.match(plain)
    plain = plain[head.end() :] if head else plain
    if head and head["call"]:
        end = plain.rfind("]") + 1
        closing = plain.rfind(")")
        if closing < end or plain[closing + 1 :].strip(" \t\r\n,;"):
            raise EntryError("a bracket '(' is not closed")
        tail = plain[end:closing]
        if len(tail) > _LONGEST_TAIL or not _TAIL.fullmatch(tail):
            raise EntryError(f"not a number: {shortened(tail.strip())}")
        plain = plain[:end]
    if not plain.strip():
        raise EntryError("numbers are missing")
    return plain


def _rows(plain: str) -> Rows:
    pieces = _BRACKET.split(plain)
    if len(pieces) == 1:
        return _lines(plain)
    listed = _is_list(pieces[1::2])
    texts = list[str]()
    for index, piece in enumerate(pieces):
        inside = 0 < index < len(pieces) - 1
        innermost = inside and pieces[index - 1] in _CLOSING and pieces[index + 1] not in _CLOSING
        if index % 2 == 0 and innermost:
            texts += _group(piece)
        elif index % 2 == 0 and piece.strip() not in ("", ",", ";"):
            raise EntryError(f"{shortened(piece.strip(' ,;'))} is outside the rows")
    refuse_decimal_commas(texts, "list" if listed else "brackets")
    return [_row(text, index) for index, text in enumerate(texts, 1)]


def _is_list(brackets: list[str]) -> bool:
    """Whether each row has brackets of its own.

    Raises :class:`EntryError` unless they are those of one matrix, or of its rows alone.
    """
    opened, groups, deepest = list[str](), 0, 0
    for each in brackets:
        if each in _CLOSING:
            groups += not opened
            opened.append(each)
            deepest = max(deepest, len(opened))
        elif not opened or each != _CLOSING[opened.pop()]:
            raise EntryError(f"a bracket '{each}' was never opened")
    if opened:
        raise EntryError(f"a bracket '{opened[-1]}' is not closed")
    if deepest > 2:
        raise EntryError("brackets nested too deeply: expected one matrix")
    if groups > 1 and deepest > 1:
        raise EntryError(f"{groups} matrices; expected one")
    return groups > 1 or deepest > 1


def _group(text: str) -> list[str]:
    """The row in a pair of brackets, which may go on in the next line, or rows with semicolons."""
    return [each for each in text.split(";") if each.strip()] or [""]


def _lines(text: str) -> Rows:
    lines = [part for line in text.splitlines() for part in line.split(";") if part.strip()]
    if not lines:
        raise EntryError("numbers are missing")
    refuse_decimal_commas(lines, "semicolons" if ";" in text else "lines")
    return [_row(line, index) for index, line in enumerate(lines, 1)]


def _row(text: str, index: int) -> list[float]:
    tokens = text.split() if "," not in text else _between_commas(text, index)
    try:
        values = [float(token) for token in tokens]
    except ValueError:
        values = []
    if values and "_" not in text and all(map(math.isfinite, values)):
        return values
    for token in tokens:
        try:
            value = math.nan if "_" in token else float(token)
        except ValueError:
            value = math.nan
        if math.isinf(value) and any(each.isdigit() for each in token):
            raise EntryError(f"row {index}: {shortened(token)} is too large for a 64-bit number")
        if not math.isfinite(value):
            raise EntryError(f"not a number in row {index}: {shortened(token)}")
    raise EntryError(f"row {index} has no numbers")


def _between_commas(text: str, index: int) -> list[str]:
    """The tokens of a row with commas, of which one may stand at its end."""
    parts = text.rstrip().removesuffix(",").split(",")
    tokens = [part.split() for part in parts]
    if not all(tokens):
        raise EntryError(f"row {index}: a number is missing beside a comma")
    return [token for each in tokens for token in each]


def _numbers(count: int) -> str:
    return "1 number" if count == 1 else f"{count} numbers"
