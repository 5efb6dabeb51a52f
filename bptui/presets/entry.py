"""What people type or paste -> numbers, with what is wrong said in words."""

from __future__ import annotations

import math
import unicodedata

_ALSO = str.maketrans({"\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "。": ".", "、": ","})
"""Signs and points as input methods and word processors write them, beyond the full-width ones."""
_LONGEST = 30


class EntryError(ValueError):
    """A text that cannot be used; the message is one short sentence for people."""


def normalized(text: str) -> str:
    """``text`` with full-width digits, signs, commas, points and blanks as plain ones."""
    return unicodedata.normalize("NFKC", text).translate(_ALSO)


def number(text: str) -> float:
    """The finite number that ``text`` is; raises :class:`EntryError`."""
    plain = normalized(text).strip()
    if not plain:
        raise EntryError("a number is missing")
    try:
        value = math.nan if "_" in plain else float(plain)
    except ValueError:
        value = math.nan
    if math.isinf(value) and any(each.isdigit() for each in plain):
        raise EntryError("too large for a 64-bit number")
    if not math.isfinite(value):
        raise EntryError(f"{shortened(text.strip())} is no number")
    return value


def shortened(text: str) -> str:
    """``text`` in quotes on one line, without what a terminal would obey, not endlessly long."""
    text = "".join(each if each.isprintable() else " " for each in text)
    return f"'{text}'" if len(text) <= _LONGEST else f"'{text[:_LONGEST]}...'"
