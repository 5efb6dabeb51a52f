"""What people type or paste -> numbers and names, with what is wrong said in words."""

from __future__ import annotations

import math
import re

from bptui.core.errors import LARGEST_FILE
from bptui.presets.errors import printable

Rows = list[list[float]]

_PLAIN = str.maketrans(
    {0xFF01 + place: 0x21 + place for place in range(94)}  # full width
    | dict.fromkeys("\N{IDEOGRAPHIC SPACE}\N{NO-BREAK SPACE}", " ")
    | dict.fromkeys("\N{MINUS SIGN}\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{EN DASH}\N{EM DASH}", "-")
    | {"。": ".", "、": ","}
)
"""Digits, letters, signs and blanks as input methods and word processors write them."""
_LONGEST = 30
_MOST_DIGITS = 18
_MOST_ITEMS = 1000
_YES, _NO = ("yes", "true", "on", "1", "y", "是"), ("no", "false", "off", "0", "n", "否")
_BETWEEN_LAYERS = re.compile("\\s*(?:->|[-\N{MULTIPLICATION SIGN}x*,;→])\\s*|\\s+", re.IGNORECASE)

_HEAD = re.compile(r"\s*(?:[a-z_]\w*(?:\[\d+\])?\s*[=:]\s*)?(?:Parameter containing:\s*)?", re.I)
"""W1 = or W[0]: before any rows."""
_CALL = re.compile(r"(?:\w+\.)?(?:as)?(?:array|tensor|matrix)\(", re.I)
_OPTION = re.compile(r",\s*[a-z_]+\s*=[^\[\]=(),]*", re.I)
""", dtype=float32 after them."""
_SCALAR = re.compile(r"\b(?:np|numpy)\.(?:float|int)\d+\(([^()\[\]]*)\)")
"""A number as numpy writes it inside a list."""
_ROW = re.compile(r"\[([^\[\]]*)\]")
_PAIR = re.compile(r"[+-]?\d+,\d+(?:e[+-]?\d+)?", re.IGNORECASE)
_DECIMAL = re.compile(r"[+-]?\d+,0\d+|[+-]0,\d+|0,(?![01]$)\d+")
"""1,05 or 0,5: nobody writes the whole number 05, and few a row of 0 and 5."""
_SWITCHES = re.compile(r"[+-]?[01],[01]")


class EntryError(ValueError):
    """A text that cannot be used; the message is one short sentence for people."""


def normalized(text: str) -> str:
    """Return ``text`` with full-width digits, signs, commas, points and blanks as plain ones."""
    return text.translate(_PLAIN)


def shortened(text: str) -> str:
    """Return ``text`` in quotes, without what a terminal would obey, not endlessly long."""
    return f"'{printable(text, _LONGEST)}'"


def number(text: str) -> float:
    """Return the finite number that ``text`` is; raises :class:`EntryError`."""
    plain = normalized(text).strip()
    if not plain:
        raise EntryError("a number is missing")
    try:
        value = math.nan if "_" in plain else float(plain)
    except ValueError:
        value = math.nan
    if math.isfinite(value):
        return value
    if math.isinf(value) and re.search(r"\d", plain):
        raise EntryError(f"too large for a 64-bit number: {shortened(plain)}")
    comma = re.fullmatch(r"([+-]?\d{0,9}),(\d{1,20})", plain)
    if comma is None:
        raise EntryError(f"not a number: {shortened(plain)}")
    before, after = comma.groups()
    thousands = f", or {before}{after} without the comma" if len(after) == 3 else ""
    raise EntryError(f"write {before or '0'}.{after} with a point{thousands}")


def whole(text: str) -> int:
    """Return the whole number that ``text`` is, also written 1e6 or 20.0."""
    plain = normalized(text).strip()
    if re.fullmatch(rf"[+-]?[0-9]{{1,{_MOST_DIGITS}}}", plain):
        return int(plain)
    value = number(plain)
    if value != math.floor(value):
        raise EntryError(f"not a whole number: {shortened(plain)}")
    if abs(value) >= 2.0**53:  # beyond it a float no longer tells whole numbers apart
        raise EntryError("too large for a whole number here")
    return int(value)


def layers(text: str) -> list[int]:
    """Return units per layer: 2-3-1, also with blanks, commas, crosses or brackets."""
    plain = _without_brackets(text)
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
    """Return the names between commas or blanks."""
    found = re.findall(r"[^\s,;'\"]+", _without_brackets(text).lower())
    if len(found) > _MOST_ITEMS:
        raise EntryError("too many names")
    return found


def switches(text: str) -> bool | list[bool]:
    """Return yes or no as a truth value, or a list of several of them."""
    found = names(text)
    for name in found:
        if name not in _YES + _NO:
            raise EntryError(f"neither yes nor no: {shortened(name)}")
    if not found:
        raise EntryError("yes or no is missing")
    return found[0] in _YES if len(found) == 1 else [name in _YES for name in found]


def _without_brackets(text: str) -> str:
    """Return ``text`` in plain characters without brackets around it or a comma at its end."""
    text = normalized(text).strip()
    if text[:1] + text[-1:] in ("[]", "()", "{}"):
        text = text[1:-1].strip()
    return text.removesuffix(",").strip()


def matrix(text: str) -> Rows:
    """Return the rows of numbers in ``text``, all of one length; raises :class:`EntryError`.

    Rows end with their line, with a semicolon or with their bracket: plain rows, lists, and what
    numpy prints. Numbers stand apart by blanks, tabs or commas; commas that may be decimal ones are
    refused.
    """
    plain = _without_call(text)
    listed = "[" in plain or "]" in plain
    pieces, around = plain.splitlines(), ""
    if listed:
        pieces, around = _ROW.findall(plain), re.sub(r"[\s,;]", "", _ROW.sub("", plain))
        if outside := around.strip("[]"):
            raise EntryError(f"{shortened(outside)} is outside the rows")
        if around not in ("", "[]"):
            raise EntryError("brackets of no matrix, or of several: expected those of one matrix")
    texts = [row for piece in pieces for row in piece.split(";") if listed or row.strip()]
    if not texts:
        raise EntryError("numbers are missing")
    # rows that have brackets of their own hold no decimals alone
    nested, apart = bool(around) or plain.count("[") > 1, ";" in plain and not listed
    rows = [_row(row, index, nested, apart) for index, row in enumerate(texts, 1)]
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
    """Return the rows in ``text`` in plain characters and square brackets, and nothing around."""
    if len(text) > LARGEST_FILE:
        raise EntryError(f"more than {LARGEST_FILE:,} characters")
    plain = re.sub(r"#[^\n]*", "", normalized(text))
    if "..." in plain:
        raise EntryError("numbers are left out at '...': print all of them")
    plain = _SCALAR.sub(r"\1", plain)
    plain = _HEAD.sub("", plain, count=1).strip().rstrip(";,")
    if call := _CALL.match(plain):
        plain = _OPTION.sub("", plain[call.end() :]).removesuffix(")")
    return plain.translate(str.maketrans("(){}", "[][]"))


def _row(text: str, index: int, nested: bool, apart: bool) -> list[float]:
    """Return the numbers of a row, ``nested`` in brackets or ``apart`` by semicolons.

    Raises :class:`EntryError` also where a comma between two digits may be a decimal one: it
    separates two numbers only where nothing else does, blanks or semicolons, and they do not look
    like a decimal, as ``0,35`` and ``1,05`` do; the rows of XOR are accepted.
    """
    chunks = [chunk.strip(",") for chunk in text.split()]
    for pair in filter(_PAIR.fullmatch, chunks) if "," in text else ():
        alone = _DECIMAL.fullmatch(pair) or (apart and not _SWITCHES.fullmatch(pair))
        if len(chunks) > 1 or (alone and not nested):
            pair = pair[:_LONGEST]
            said = f"{pair} is two numbers here; write {pair.replace(',', '.')} with a point, or "
            raise EntryError(said + pair.replace(",", ", ") + " with a space")
    if re.match(r"\s*,", text) or re.search(r",\s*,", text):
        raise EntryError(f"row {index}: a number is missing beside a comma")
    tokens = text.replace(",", " ").split()
    if not tokens:
        raise EntryError(f"row {index} has no numbers")
    try:
        return [number(token) for token in tokens]
    except EntryError as error:
        raise EntryError(f"row {index}: {error}") from None
