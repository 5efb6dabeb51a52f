"""Reads what is written for a terminal: what changes its picture, and what is no part of that."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum, auto

from bptui.app.driver.picture import Picture
from bptui.app.driver.styles import selected

_PART = re.compile(
    r"\x1b\[(?P<parameters>[\d;]*)(?P<final>[Hm])"
    r"|(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
    r"|(?P<control>[\n\r])"
    r"|\x1b\]8;(?P<link>[^;\x07\x1b]*;[^\x07\x1b]*)(?:\x1b\\|\x07)"
    r"|(?P<other>\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x1b\\|\x07)"
    r"|\x1b[PX^_][^\x1b]*\x1b\\|\x1b[ -/]*[0-~]|[\x00-\x1f\x7f-\x9f])"
)
_HARMLESS = re.compile(
    r"\x07"  # the bell
    r"|\x1b\[\?(?:7|12|25|10(?:0\d|1[56])|2004|2048)[hl]"  # wrapping, cursor, mouse, pasting
    r"|\x1b\[[<=>][\d;]*u"  # the keyboard's protocol
    r"|\x1b\[\??[\d;]*(?:\$p|[cn])|\x1b\[>[\d;]*[cq]"  # questions
    r"|\x1b\][^8].*",  # titles, clipboard, the pointer's shape
    re.DOTALL,
)
_TOGETHER = re.compile(r"\x1b\[\?2026[hl]")
"""Asks the terminal to show what stands between the two at once."""
_SCREEN = re.compile(r"\x1b\[\?(?:1049|1047|47)[hl]")


class Kind(Enum):
    """What there is to do with something that changes no cell in a known way."""

    HARMLESS = auto()
    """It goes through; the cells stay as they are."""
    TOGETHER = auto()
    """Frames are wanted in one piece."""
    SCREEN = auto()
    """The terminal goes over to its other screen."""
    UNKNOWN = auto()
    """It goes through; after it nothing is known of the cells."""


def read(data: str, picture: Picture, passed: Callable[[Kind, str], None]) -> None:
    """Apply ``data`` to the picture; ``passed`` is called with all that is no part of it."""
    for part in _PART.finditer(data):
        final = part["final"]
        if final == "m":
            style = selected(picture.style, part["parameters"])
            if style is None:
                passed(Kind.UNKNOWN, part[0])
            else:
                picture.style = style
        elif part["text"]:
            picture.draw(part["text"])
        elif final == "H":
            row, _, column = part["parameters"].partition(";")
            picture.move(int(column or 1) - 1, int(row or 1) - 1)
        elif part["control"]:
            # the terminal turns a line feed into the beginning of the next line
            picture.move(0, picture.y + (part[0] == "\n"))
        elif part["link"] is not None:
            link = part["link"]
            picture.style = picture.style._replace(link="" if link == ";" else link)
        elif part["other"]:
            passed(kind_of(part[0]), part[0])
        else:  # an ESC that begins nothing
            passed(Kind.UNKNOWN, part[0])


def kind_of(sequence: str) -> Kind:
    """What is to be done with a whole sequence that is not one of the picture's."""
    if _TOGETHER.fullmatch(sequence):
        return Kind.TOGETHER
    if _SCREEN.fullmatch(sequence):
        return Kind.SCREEN
    return Kind.HARMLESS if _HARMLESS.fullmatch(sequence) else Kind.UNKNOWN
