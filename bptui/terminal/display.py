"""What was written for the terminal, and what is to be sent so that it shows that."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum, auto

from bptui.terminal.difference import Pen, draw
from bptui.terminal.screen import PLAIN, Picture, change, selected

_PART = re.compile(
    # what Textual writes most of all: a style, text in it, and no style any more
    r"\x1b\[(?P<style>[\d;]*)m(?P<inside>[^\x00-\x1f\x7f-\x9f]+)(?P<styled>\x1b\[0m)"
    r"|\x1b\[(?P<select>[\d;]*)(?P<selects>m)"
    r"|\x1b\[(?P<place>[\d;]*)(?P<moves>H)"
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
        what = part.lastgroup
        if what == "styled":
            _select(picture, part["style"], passed)
            picture.draw(part["inside"])
            _select(picture, "0", passed)
        elif what == "text":
            picture.draw(part[0])
        elif what == "moves":
            row, _, column = part["place"].partition(";")
            picture.move(int(column or 1) - 1, int(row or 1) - 1)
        elif what == "selects":
            _select(picture, part["select"], passed)
        elif what == "control":
            # the terminal turns a line feed into the beginning of the next line
            picture.move(0, picture.y + (part[0] == "\n"))
        elif what == "link":
            link = part["link"]
            picture.style = picture.style._replace(link="" if link == ";" else link)
        else:
            passed(kind_of(part[0]), part[0])


def _select(picture: Picture, parameters: str, passed: Callable[[Kind, str], None]) -> None:
    style = selected(picture.style, parameters)
    if style is None:
        passed(Kind.UNKNOWN, f"\x1b[{parameters}m")
    else:
        picture.style = style


def kind_of(sequence: str) -> Kind:
    """What is to be done with a whole sequence that is not one of the picture's."""
    if _TOGETHER.fullmatch(sequence):
        return Kind.TOGETHER
    if _SCREEN.fullmatch(sequence):
        return Kind.SCREEN
    return Kind.HARMLESS if _HARMLESS.fullmatch(sequence) else Kind.UNKNOWN


TOGETHER, SHOWN = "\x1b[?2026h", "\x1b[?2026l"
"""Around a frame, where the terminal can show it in one piece."""


class Display:
    """A terminal of ``width`` x ``height`` cells: the picture that is wanted, and the one shown.

    ``erases``: it gives cells that are erased the colour that is written in. ``returns``: it gets a
    carriage return with each line feed.
    """

    def __init__(
        self, width: int, height: int, erases: bool = False, returns: bool = False
    ) -> None:
        self._erases, self._returns = erases, returns
        self._owed: list[str] = []
        self._together = False
        self.resize(width, height)

    @property
    def size(self) -> tuple[int, int]:
        return self._wanted.width, self._wanted.height

    def resize(self, width: int, height: int) -> None:
        """Begin with an empty picture; the terminal may show anything."""
        self._wanted = Picture(width, height)
        self._drawn = False
        self.forget()

    def forget(self) -> None:
        """The terminal may show anything: the next frame writes every cell."""
        self._shown: Picture | None = None
        self._pen = Pen(self._erases, self._returns)

    def repaint(self) -> None:
        """Have the next frame write every cell, also where nothing changes until then."""
        self.forget()
        if self._drawn:
            self._wanted.changed.update(range(self._wanted.height))

    def write(self, data: str) -> None:
        """Draw ``data`` into the picture; what is no part of it is owed as it is."""
        read(data, self._wanted, self._passed)

    def _passed(self, kind: Kind, sequence: str) -> None:
        if kind is Kind.TOGETHER:
            self._together = True
            return
        if kind is Kind.UNKNOWN:  # its effect may depend on what was written before
            self._owed.append(self._frame() + change(self._pen.style, self._wanted.style))
            self.forget()
        elif kind is Kind.SCREEN:
            self._owed.append(change(self._pen.style, PLAIN))
            self.resize(*self.size)
        self._owed.append(sequence)

    @property
    def owes(self) -> bool:
        """Whether there is something to send that does not wait for a frame."""
        return bool(self._owed)

    def owed(self) -> str:
        """What is to be sent at once; it is not owed any more then."""
        out = "".join(self._owed)
        self._owed.clear()
        return out

    def frame(self) -> str:
        """What brings the terminal up to the picture; "" where it is."""
        frame = self._frame()
        return f"{TOGETHER}{frame}{SHOWN}" if frame and self._together else frame

    def _frame(self) -> str:
        wanted = self._wanted
        if wanted.changed:
            self._drawn = True
            self._shown = draw(self._pen, self._shown, wanted)
        if self._shown is not None:
            self._pen.move(min(wanted.x, wanted.width - 1), wanted.y)
        return self._pen.taken()
