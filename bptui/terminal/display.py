"""From frames to the terminal: the cells that changed, what is to be shown, what is to be sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias

from rich.color import ColorSystem
from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate, Compositor, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from bptui.terminal.screen import PLAIN, CellWriter, ScreenBuffer, change, draw, style_of

Span: TypeAlias = tuple[int, int, int]
"""A row, its first cell, and the one after the last."""


class Piece(NamedTuple):
    """A strip, and the column and the row of its first cell."""

    x: int
    y: int
    strip: Strip


class PiecesUpdate(CompositorUpdate):
    """Some cells of a screen."""

    def __init__(self, pieces: list[Piece]) -> None:
        self.pieces = pieces

    def render_segments(self, console: Console) -> str:
        """Return what writes them, for drivers that know of no pieces."""
        return "".join(
            Control.move_to(x, y).segment.text + strip.render(console)
            for x, y, strip in self.pieces
        )


class FrontCompositor(Compositor):
    """Has only those widgets drawn, and only their lines, that are in front where cells changed.

    Textual's own asks all between the first change and the last, and divides each of their lines
    where any widget begins or ends.
    """

    def render_partial_update(self) -> PiecesUpdate | None:  # type: ignore[override]
        screen, pieces = self.size.region, list[Piece]()
        dirty = [region.intersection(screen) for region in self._dirty_regions]
        self._dirty_regions.clear()
        wanted = list(self._regions_to_spans(region for region in dirty if region))
        for widget, (whole, clip) in self.visible_widgets.items():
            region, found, left = whole.intersection(clip), list[Span](), list[Span]()
            for span in wanted:
                y, begin, end = span
                if region.y <= y < region.bottom and begin < region.right and region.x < end:
                    x, stop = max(begin, region.x), min(end, region.right)
                    found.append((y, x, stop))
                    left += [(y, *rest) for rest in ((begin, x), (stop, end)) if rest[0] < rest[1]]
                else:
                    left.append(span)
            for area in _areas(found):
                strips = widget.render_lines(area.translate(-whole.offset))
                pieces += [Piece(area.x, y, strip) for y, strip in enumerate(strips, area.y)]
            wanted = left
            if not wanted:
                break
        return PiecesUpdate(pieces) if pieces else None


def _areas(spans: Iterable[Span]) -> Iterator[Region]:
    """Put spans together that lie below each other."""
    x = y = end = bottom = 0
    for row, begin, stop in spans:
        if (row, begin, stop) != (bottom, x, end):
            if bottom > y:
                yield Region(x, y, end - x, bottom - y)
            x, y, end = begin, row, stop
        bottom = row + 1
    if bottom > y:
        yield Region(x, y, end - x, bottom - y)


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
