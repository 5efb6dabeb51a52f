"""What people type or paste -> numbers, with what is wrong said in words."""

from __future__ import annotations

import math
import re
import unicodedata

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
_COMMA = re.compile(r"([+-]?\d*),(\d+)((?:e[+-]?\d+)?)", re.IGNORECASE)
_CROSS = "\N{MULTIPLICATION SIGN}"
_BETWEEN_LAYERS = re.compile(rf"\s*(?:->|[-{_CROSS}x*,;→])\s*|\s+", re.IGNORECASE)
# from the first of its blanks on only: thousands of them would be gone through again from each
_TIMES = re.compile(rf"(?<!\s)\s*[{_CROSS}*]\s*(?=\d)")


class EntryError(ValueError):
    """A text that cannot be used; the message is one short sentence for people."""


def normalized(text: str) -> str:
    """``text`` with full-width digits, signs, commas, points and blanks as plain ones."""
    if text.isascii():
        return text
    return text.translate({ord(each): _plain(each) for each in set(text) if not each.isascii()})


def _plain(character: str) -> str:
    tag = unicodedata.decomposition(character).partition(" ")[0]
    if tag in _FOLDED or (tag == "<compat>" and character.isspace()):
        character = unicodedata.normalize("NFKC", character)
    return character.translate(_ALSO)


def number(text: str) -> float:
    """The finite number that ``text`` is; raises :class:`EntryError`."""
    if len(text) > _LONGEST_NUMBER:
        raise EntryError(f"not a number: {shortened(text.strip())}")
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
        raise EntryError(_with_comma(plain) or f"not a number: {shortened(text.strip())}")
    return value


def whole(text: str) -> int:
    """The whole number that ``text`` is, also written 1e6 or 20.0."""
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
    """Units per layer: 2-3-1, also with blanks, commas, crosses or brackets."""
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
    """Names between commas or blanks; ``relu*3`` stands for relu three times."""
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
    """Yes or no, or several of them."""
    found = list[bool]()
    for name in names(text):
        if name not in _YES + _NO:
            raise EntryError(f"neither yes nor no: {shortened(name)}")
        found.append(name in _YES)
    if not found:
        raise EntryError("yes or no is missing")
    return found


def shortened(text: str) -> str:
    """``text`` in quotes on one line, without what a terminal would obey, not endlessly long."""
    text = "".join(each if each.isprintable() else " " for each in text[: _LONGEST + 1])
    return f"'{text}'" if len(text) <= _LONGEST else f"'{text[:_LONGEST]}...'"


def _without_brackets(text: str) -> str:
    """``text`` without a pair of brackets around it and without a comma at its end."""
    text = text.strip()
    if text[:1] in ("[", "(", "{") and text[-1:] == {"[": "]", "(": ")", "{": "}"}[text[0]]:
        text = text[1:-1].strip()
    return text.removesuffix(",").strip()


def _with_comma(plain: str) -> str:
    """What to say of a number with a decimal comma; nothing if it has none."""
    found = _COMMA.fullmatch(plain) if len(plain) <= _LONGEST else None
    if found is None:
        return ""
    before, after, exponent = found.groups()
    with_point = f"{before or '0'}.{after}{exponent}"
    if len(after) == 3 and before.lstrip("+-0") and not exponent:
        return f"write {with_point} with a point, or {before}{after} without the comma"
    return f"write {with_point} with a point"
