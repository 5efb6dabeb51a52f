"""What people type or paste -> numbers and names, with what is wrong said in words."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import NoReturn

from bptui.core.errors import LARGEST_FILE

Rows = list[list[float]]

_FOLDED = ("<wide>", "<narrow>", "<small>", "<noBreak>")
"""Forms that stand for a plain character; raised, lowered and circled digits are others."""
_ALSO = str.maketrans(
    dict.fromkeys("\N{MINUS SIGN}\N{HYPHEN}\N{EN DASH}\N{EM DASH}", "-") | {"。": ".", "、": ","}
)
"""Signs and points as input methods and word processors write them, beyond the full-width ones."""
_LONGEST = 30
_MOST_DIGITS = 18
_LONGEST_NUMBER = 1000
"""Characters."""
_MOST_ITEMS = 1000
_YES, _NO = ("yes", "true", "on", "1", "y", "是"), ("no", "false", "off", "0", "n", "否")
_CROSS = "\N{MULTIPLICATION SIGN}"
_BETWEEN_LAYERS = re.compile(rf"\s*(?:->|[-{_CROSS}x*,;→])\s*|\s+", re.IGNORECASE)
# from the first of its blanks on only: thousands of them would be gone through again from each
_TIMES = re.compile(rf"(?<!\s)\s*[{_CROSS}*]\s*(?=\d)")

_HEAD = re.compile(
    r"\s*(?:[a-z_]\w*(?:\[\d+\])?\s*[=:]\s*)?"
    r"(?:Parameter containing:\s*)?(?P<call>(?:\w+\.)?(?:as)?(?:array|tensor|matrix)\()?",
    re.IGNORECASE,
)
"""W1 = np.array( before the brackets; W1: or W[0] = before any rows."""
_TAIL = re.compile(r"\s*(?:,\s*[a-z_]+\s*=[^\[\]=]*)*,?\s*\)[\s,;]*", re.IGNORECASE)
""", dtype=float32) after them."""
_LONGEST_TAIL = 200
_SCALAR = re.compile(r"\b(?:np|numpy)\.(?:float|int)\d+\(([^()\[\]]*)\)")
"""A number as numpy writes it inside a list."""
_BRACKET = re.compile(r"([\[\](){}])")
_CLOSING = {"[": "]", "(": ")", "{": "}"}

_COMMA = re.compile(r"([+-]?\d*),(\d+)((?:e[+-]?\d+)?)", re.IGNORECASE)
_PAIR = re.compile(r"[+-]?\d+,\d+(?:e[+-]?\d+)?", re.IGNORECASE)
_DECIMAL = re.compile(r"[+-]?\d+,0\d+|[+-]0,\d+|0,(?![01]$)\d+")
"""1,05 or 0,5: nobody writes the whole number 05, and few a row of 0 and 5."""
_SWITCHES = re.compile(r"[+-]?[01],[01]")


class EntryError(ValueError):
    """A text that cannot be used; the message is one short sentence for people."""


def normalized(text: str) -> str:
    """Return ``text`` with full-width digits, signs, commas, points and blanks as plain ones."""
    if text.isascii():
        return text
    return text.translate({ord(found): _plain(found) for found in set(text) if not found.isascii()})


def _plain(character: str) -> str:
    tag = unicodedata.decomposition(character).partition(" ")[0]
    if tag in _FOLDED or (tag == "<compat>" and character.isspace()):
        character = unicodedata.normalize("NFKC", character)
    return character.translate(_ALSO)


def shortened(text: str) -> str:
    """Return ``text`` in quotes, without what a terminal would obey, not endlessly long."""
    shown = "".join(
        character if character.isprintable() else " " for character in text[: _LONGEST + 1]
    )
    return f"'{shown}'" if len(shown) <= _LONGEST else f"'{shown[:_LONGEST]}...'"


def _float(text: str) -> float:
    """Return the number that ``text`` is; nan where it is none, inf where it is too large."""
    try:
        value = math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) or re.search(r"\d", text) else math.nan


def number(text: str) -> float:
    """Return the finite number that ``text`` is; raises :class:`EntryError`."""
    plain = normalized(text[: _LONGEST_NUMBER + 1]).strip()
    if not plain:
        raise EntryError("a number is missing")
    value = _float(plain) if len(text) <= _LONGEST_NUMBER else math.nan
    if math.isinf(value):
        raise EntryError("too large for a 64-bit number")
    if math.isnan(value):
        raise EntryError(_with_comma(plain) or f"not a number: {shortened(text.strip())}")
    return value


def _with_comma(plain: str) -> str:
    """Return what to say of a number with a decimal comma; nothing if it has none."""
    found = _COMMA.fullmatch(plain) if len(plain) <= _LONGEST else None
    if found is None:
        return ""
    before, after, exponent = found.groups()
    said = f"write {before or '0'}.{after}{exponent} with a point"
    if len(after) == 3 and before.lstrip("+-0") and not exponent:
        said += f", or {before}{after} without the comma"
    return said


def whole(text: str) -> int:
    """Return the whole number that ``text`` is, also written 1e6 or 20.0."""
    plain = normalized(text[: _LONGEST_NUMBER + 1]).strip()
    if re.fullmatch(rf"[+-]?[0-9]{{1,{_MOST_DIGITS}}}", plain):
        return int(plain)
    if re.fullmatch(r"[+-]?[0-9]{1,3}(,[0-9]{3})+", plain):
        raise EntryError(f"write {shortened(plain.replace(',', ''))[1:-1]} without commas")
    value = number(text)
    if value != math.floor(value):
        raise EntryError(f"not a whole number: {shortened(plain)}")
    if abs(value) >= 2.0**53:  # beyond it a float no longer tells whole numbers apart
        raise EntryError("too large for a whole number here")
    return int(value)


def layers(text: str) -> list[int]:
    """Return units per layer: 2-3-1, also with blanks, commas, crosses or brackets."""
    plain = _without_brackets(normalized(text))
    if not plain:
        raise EntryError("units per layer are missing, such as 2-3-1")
    found = []
    for token in _BETWEEN_LAYERS.split(plain):
        if not re.fullmatch(r"[0-9]+", token):
            said = f"not a number of units: {shortened(token)}" if token else "a number is missing"
            raise EntryError(f"{said}; such as 2-3-1")
        if len(token) > _MOST_DIGITS:
            raise EntryError("too many units")
        found.append(int(token))
    return found


def names(text: str) -> list[str]:
    """Return the names between commas or blanks; ``relu*3`` stands for relu three times."""
    plain = _TIMES.sub("*", _without_brackets(normalized(text).lower()))
    found = list[str]()
    for token in re.split(r"[\s,;]+", plain):
        name, _, times = token.partition("*")
        name = name.strip("'\"")
        if not name:
            if token:
                raise EntryError(f"a name is missing at {shortened(token)}")
            continue
        if "*" in token and not re.fullmatch("[0-9]+", times):
            raise EntryError(f"not a name: {shortened(token)}")
        count = int(times[:_MOST_DIGITS]) if times else 1
        if len(found) + count > _MOST_ITEMS:
            raise EntryError("too many names")
        found += [name] * count
    return found


def switches(text: str) -> list[bool]:
    """Return yes or no, or several of them, as truth values."""
    found = names(text)
    for name in found:
        if name not in _YES + _NO:
            raise EntryError(f"neither yes nor no: {shortened(name)}")
    if not found:
        raise EntryError("yes or no is missing")
    return [name in _YES for name in found]


def _without_brackets(text: str) -> str:
    """Return ``text`` without a pair of brackets around it and without a comma at its end."""
    text = text.strip()
    if text[:1] in _CLOSING and text[-1:] == _CLOSING[text[0]]:
        text = text[1:-1].strip()
    return text.removesuffix(",").strip()


def matrix(text: str) -> Rows:
    """Return the rows of numbers in ``text``, all of one length; raises :class:`EntryError`.

    Rows end with their line, with a semicolon or with their bracket: plain rows, lists, and what
    numpy prints. Numbers stand apart by blanks, tabs or commas; commas that may be decimal ones are
    refused.
    """
    rows = _rows(_without_call(text))
    for index, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            count = "1 number" if len(row) == 1 else f"{len(row)} numbers"
            raise EntryError(f"row {index} has {count}, row 1 has {len(rows[0])}")
    return rows


def vector(text: str) -> list[float]:
    """Return the numbers of one row or of one column; raises :class:`EntryError`."""
    rows = matrix(text)
    if len(rows) > 1 and len(rows[0]) > 1:
        raise EntryError(f"{len(rows)} rows of {len(rows[0])} numbers; expected one row")
    return [value for row in rows for value in row]


def _without_call(text: str) -> str:
    """Return ``text`` in plain characters, without comments and what surrounds its brackets."""
    if len(text) > LARGEST_FILE:
        raise EntryError(f"more than {LARGEST_FILE:,} characters")
    plain = re.sub(r"#[^\n]*", "", normalized(text))
    if "..." in plain:
        raise EntryError("numbers are left out at '...': print all of them")
    if "np." in plain or "numpy." in plain:
        plain = _SCALAR.sub(r"\1", plain)
    head = _HEAD.match(plain)
    plain = plain[head.end() :] if head else plain
    if head and head["call"]:
        end = plain.rfind("]") + 1
        if len(plain) - end > _LONGEST_TAIL or not _TAIL.fullmatch(plain, end):
            raise EntryError(f"a bracket '(' is not closed after {shortened(plain[end:].strip())}")
        plain = plain[:end]
    if not plain.strip():
        raise EntryError("numbers are missing")
    return plain


def _rows(plain: str) -> Rows:
    pieces = _BRACKET.split(plain)
    texts, listed = list[str](), False
    if len(pieces) == 1:
        texts = [row for line in plain.splitlines() for row in line.split(";") if row.strip()]
        if not texts:
            raise EntryError("numbers are missing")
    else:
        listed = _is_list(pieces[1::2])
        # text and brackets in turn: a row is what stands between an opening and a closing one
        around = ["", *pieces[1::2], ""]
        for piece, (before, after) in zip(pieces[::2], pairwise(around), strict=True):
            if before in _CLOSING and after and after not in _CLOSING:
                texts += [row for row in piece.split(";") if row.strip()] or [""]
            elif piece.strip() not in ("", ",", ";"):
                raise EntryError(f"{shortened(piece.strip(' ,;'))} is outside the rows")
    _refuse_decimal_commas(texts, listed, len(pieces) == 1 and ";" in plain)
    return [_row(row, index) for index, row in enumerate(texts, 1)]


def _is_list(brackets: list[str]) -> bool:
    """Return whether each row has brackets of its own.

    Raises :class:`EntryError` unless they are those of one matrix, or of its rows alone.
    """
    opened, groups, deepest = list[str](), 0, 0
    for bracket in brackets:
        if bracket in _CLOSING:
            groups += not opened
            opened.append(bracket)
            deepest = max(deepest, len(opened))
        elif not opened or bracket != _CLOSING[opened.pop()]:
            raise EntryError(f"a bracket '{bracket}' was never opened")
    if opened:
        raise EntryError(f"a bracket '{opened[-1]}' is not closed")
    if deepest > 2 or (groups > 1 and deepest > 1):
        raise EntryError("brackets nested too deeply, or several matrices: expected one matrix")
    return groups > 1 or deepest > 1


def _row(text: str, index: int) -> list[float]:
    tokens = text.split()
    if "," in text:
        parts = [part.split() for part in text.rstrip().removesuffix(",").split(",")]
        if not all(parts):
            raise EntryError(f"row {index}: a number is missing beside a comma")
        tokens = [token for part in parts for token in part]
    if not tokens:
        raise EntryError(f"row {index} has no numbers")
    values = [_float(token) for token in tokens]
    for value, token in zip(values, tokens, strict=True):
        if math.isinf(value):
            raise EntryError(f"row {index}: {shortened(token)} is too large for a 64-bit number")
        if math.isnan(value):
            raise EntryError(f"not a number in row {index}: {shortened(token)}")
    return values


def _refuse_decimal_commas(rows: Sequence[str], listed: bool, semicolons: bool) -> None:
    """Raise :class:`EntryError` where a comma between two digits may be a decimal one.

    It separates two numbers only where nothing else does, blanks or semicolons, and they do not
    look like a decimal, as ``0,35`` and ``1,05`` do; the rows of XOR are accepted. Rows that are
    ``listed``, with brackets of their own, hold no decimals alone.
    """
    for row in rows:
        chunks = [chunk.strip(",") for chunk in row.split()]
        for pair in filter(_PAIR.fullmatch, chunks):
            if len(chunks) > 1 or (not listed and _DECIMAL.fullmatch(pair)):
                _refuse(pair)
            if semicolons and not _SWITCHES.fullmatch(pair):
                _refuse(pair)


def _refuse(pair: str) -> NoReturn:
    point, blank = pair.replace(",", "."), pair.replace(",", ", ")
    said = f"{shortened(pair)[1:-1]} is two numbers here; write {shortened(point)[1:-1]}"
    said += " with a point"
    if not re.search(r"^[+-]0,|,0\d", pair):
        said += f", or {shortened(blank)[1:-1]} with a space"
    raise EntryError(said)
