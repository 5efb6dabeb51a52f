"""What a cell of the terminal looks like besides its character, and the codes that change it.

The codes are those of ECMA-48, "select graphic rendition", with the colours of xterm.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

_CLEARED_BY = {
    "1": "22",
    "2": "22",
    "3": "23",
    "4": "24",
    "5": "25",
    "6": "25",
    "7": "27",
    "8": "28",
    "9": "29",
    "21": "24",
    "51": "54",
    "52": "54",
    "53": "55",
}
"""Attributes that are switched on, and what switches each off."""
_COLOURS = {
    *map(str, (*range(30, 38), *range(40, 48), *range(90, 98), *range(100, 108))),
}


class Style(NamedTuple):
    """Colours and attributes as the parameters that select them; "" is the terminal's own colour.

    ``link`` is the whole parameter of a hyperlink (OSC 8), or "".
    """

    foreground: str = ""
    background: str = ""
    attributes: tuple[str, ...] = ()
    link: str = ""


PLAIN = Style()


@lru_cache(maxsize=8192)
def selected(style: Style, parameters: str) -> Style | None:
    """``style`` after ``ESC [ parameters m``; None where a parameter is none of those known."""
    foreground, background, attributes, link = style
    left = [each.lstrip("0") or "0" for each in parameters.split(";")]
    while left:
        code = left.pop(0)
        if code == "0":
            foreground, background, attributes = "", "", ()
        elif code in _CLEARED_BY:
            attributes = tuple(sorted({*attributes, code}))
        elif code in _CLEARED_BY.values():
            attributes = tuple(each for each in attributes if _CLEARED_BY[each] != code)
        elif code in ("39", "49"):
            foreground, background = ("", background) if code == "39" else (foreground, "")
        elif code in ("38", "48"):
            size = {"5": 2, "2": 4}.get(left[0] if left else "", 0)
            if not size or len(left) < size:
                return None
            colour = ";".join((code, *left[:size]))
            left = left[size:]
            foreground, background = (colour, background) if code == "38" else (foreground, colour)
        elif code in _COLOURS:
            is_background = code[-2] == "4" or len(code) == 3
            foreground, background = (foreground, code) if is_background else (code, background)
        else:
            return None
    return Style(foreground, background, attributes, link)


@lru_cache(maxsize=8192)
def change(before: Style | None, after: Style) -> str:
    """The shortest codes that lead from one style to another; from None: from any."""
    link = ""
    if before is None or before.link != after.link:
        link = f"\x1b]8;{after.link or ';'}\x1b\\" if after.link or before else ""
    whole = ("0", *after.attributes, *filter(None, (after.foreground, after.background)))
    parameters = ";".join(whole).removeprefix("0;") if before == PLAIN else ";".join(whole)
    if before is not None:
        parameters = min(parameters, ";".join(_steps(before, after)), key=len)
        if before[:3] == after[:3]:
            return link
        if parameters == "0":
            parameters = ""
    return f"{link}\x1b[{parameters}m"


def _steps(before: Style, after: Style) -> list[str]:
    """The parameters for what differs alone."""
    gone = {_CLEARED_BY[each] for each in before.attributes if each not in after.attributes}
    kept = {each for each in before.attributes if _CLEARED_BY[each] not in gone}
    codes = sorted(gone) + [each for each in after.attributes if each not in kept]
    if before.foreground != after.foreground:
        codes.append(after.foreground or "39")
    if before.background != after.background:
        codes.append(after.background or "49")
    return codes
