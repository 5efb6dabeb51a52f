"""What was written for the terminal, and what is to be sent so that it shows that."""

from __future__ import annotations

import re

from bptui.terminal.difference import CellWriter, draw
from bptui.terminal.screen import PLAIN, ScreenBuffer, change, selected

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
TOGETHER, SHOWN = "\x1b[?2026h", "\x1b[?2026l"
"""Around a frame, where the terminal can show it in one piece."""


class Display:
    """A terminal of ``width`` x ``height`` cells: the buffer that is wanted, and the one shown.

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
        """Begin with an empty buffer; the terminal may show anything."""
        self._wanted = ScreenBuffer(width, height)
        self._drawn = False
        self.forget()

    def forget(self) -> None:
        """Forget what the terminal shows: the next frame writes every cell."""
        self._shown: ScreenBuffer | None = None
        self._writer = CellWriter(self._erases, self._returns)

    def repaint(self) -> None:
        """Have the next frame write every cell, also where nothing changes until then."""
        self.forget()
        if self._drawn:
            self._wanted.changed.update(range(self._wanted.height))

    def write(self, data: str) -> None:
        """Draw ``data`` into the buffer; what is no part of it is owed as it is."""
        for part in _PART.finditer(data):
            buffer, what = self._wanted, part.lastgroup
            if what == "styled":
                self._select(part["style"])
                buffer.draw(part["inside"])
                self._select("0")
            elif what == "text":
                buffer.draw(part[0])
            elif what == "moves":
                row, _, column = part["place"].partition(";")
                buffer.move(int(column or 1) - 1, int(row or 1) - 1)
            elif what == "selects":
                self._select(part["select"])
            elif what == "control":
                # the terminal turns a line feed into the beginning of the next line
                buffer.move(0, buffer.y + (part[0] == "\n"))
            elif what == "link":
                link = part["link"]
                buffer.style = buffer.style._replace(link="" if link == ";" else link)
            elif _TOGETHER.fullmatch(part[0]):
                self._together = True
            elif _SCREEN.fullmatch(part[0]):
                self._owed += [change(self._writer.style, PLAIN), part[0]]
                self.resize(*self.size)
            elif _HARMLESS.fullmatch(part[0]):
                self._owed.append(part[0])
            else:
                self._pass(part[0])

    def _select(self, parameters: str) -> None:
        style = selected(self._wanted.style, parameters)
        if style is None:
            self._pass(f"\x1b[{parameters}m")
        else:
            self._wanted.style = style

    def _pass(self, sequence: str) -> None:
        """Let through what may depend on what was written before; nothing is known after it."""
        self._owed += [self._frame(), change(self._writer.style, self._wanted.style), sequence]
        self.forget()

    @property
    def owes(self) -> bool:
        """Return whether there is something to send that does not wait for a frame."""
        return bool(self._owed)

    def owed(self) -> str:
        """Return what is to be sent at once; it is not owed any more then."""
        out = "".join(self._owed)
        self._owed.clear()
        return out

    def frame(self) -> str:
        """Return what brings the terminal up to the buffer; "" where it is."""
        frame = self._frame()
        return f"{TOGETHER}{frame}{SHOWN}" if frame and self._together else frame

    def _frame(self) -> str:
        wanted = self._wanted
        if wanted.changed:
            self._drawn = True
            self._shown = draw(self._writer, self._shown, wanted)
        if self._shown is not None:
            self._writer.move(min(wanted.x, wanted.width - 1), wanted.y)
        return self._writer.taken()
