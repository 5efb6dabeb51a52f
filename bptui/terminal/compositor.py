"""What of a screen is drawn anew: the cells that changed, by the widget in front there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from rich.console import Console
from rich.control import Control
from textual._compositor import Compositor, CompositorUpdate
from textual.geometry import Region
from textual.strip import Strip

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
