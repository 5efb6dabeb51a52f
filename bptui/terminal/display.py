"""What the terminal is to show, what it does show, and what is to be sent so that it shows that."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

from bptui.terminal.compositor import PiecesUpdate
from bptui.terminal.difference import CellWriter, draw
from bptui.terminal.screen import PLAIN, ScreenBuffer, change, style_of


class Display:
    """A terminal of ``width`` x ``height`` cells: the buffer that is wanted, and the one shown.

    ``erases``: it gives cells that are erased the colour that is written in. ``spelling`` gives
    text in the characters that it has.
    """

    def __init__(
        self,
        width: int,
        height: int,
        erases: bool = False,
        spelling: Callable[[str], str] | None = None,
    ) -> None:
        self._erases, self._spelling = erases, spelling
        self.resize(width, height)

    @property
    def size(self) -> tuple[int, int]:
        return self._wanted.width, self._wanted.height

    def resize(self, width: int, height: int) -> None:
        """Begin with an empty buffer; the terminal may show anything."""
        self._wanted = ScreenBuffer(width, height)
        self._strips: list[dict[int, Strip]] = [{} for _ in range(self._wanted.height)]
        """Those that were drawn last, by their places in a row."""
        self.cursor = (0, 0)
        """Where it is to be left."""
        self.forget()

    def forget(self) -> None:
        """Forget what the terminal shows: the next frame writes every cell."""
        self._shown: ScreenBuffer | None = None
        self._writer = CellWriter(self._erases)

    def left(self) -> str:
        """Return what leaves this screen for another, of which nothing is known."""
        plain = change(self._writer.style, PLAIN)
        self.resize(*self.size)
        return plain

    def draw(self, update: CompositorUpdate, colours: ColorSystem) -> None:
        """Draw what Textual gives anew into the buffer."""
        for x, y, strip in _strips(update):
            if y >= len(self._strips) or (row := self._strips[y]).get(x) is strip:
                continue
            end = x + strip.cell_length
            for place in [at for at in row if at < end and at + row[at].cell_length > x]:
                del row[place]
            row[x] = strip
            self._wanted.note(y, x, end)
            spelt = self._spelling or str
            pieces = [(spelt(text), style_of(style, colours)) for text, style, _ in strip]
            self._wanted.draw(x, y, pieces)

    def frame(self) -> str:
        """Return what brings the terminal up to the buffer; "" where it is."""
        if self._wanted.changed:
            self._shown = draw(self._writer, self._shown, self._wanted)
        if self._shown is not None:
            x, y = self.cursor
            self._writer.move(min(x, self._wanted.width - 1), min(y, self._wanted.height - 1))
        return self._writer.taken()


def _strips(update: CompositorUpdate) -> Iterator[tuple[int, int, Strip]]:
    """Yield the strips of an update, each with the column and the row of its first cell."""
    if isinstance(update, PiecesUpdate):
        yield from update.pieces
    elif isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in strips:
                yield x, y, strip
                x += strip.cell_length
    elif isinstance(update, ChopsUpdate):
        for y, begin, end in update.spans:
            for stop, (x, part) in zip(update.chop_ends[y], update.chops[y].items(), strict=True):
                if part is not None and x < end and stop > begin:
                    yield x, y, part
