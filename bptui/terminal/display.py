"""What was written for the terminal, and what is to be sent so that it shows that."""

from __future__ import annotations

from bptui.terminal.difference import Pen, draw
from bptui.terminal.picture import Picture
from bptui.terminal.reading import Kind, read
from bptui.terminal.styles import PLAIN, change

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
