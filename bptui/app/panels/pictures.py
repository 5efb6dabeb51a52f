"""A panel that shows one of several pictures, which is drawn once for all that is asked of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip

from bptui.app.panels.panel import ChosenT, Panel, ShownT


class Picture(NamedTuple):
    """A drawn picture; larger than its panel where it scrolls."""

    size: Size
    part: Callable[[Region], list[Strip]]
    """Returns the lines of a part, as far as there are such."""
    notes: Sequence[str | Content] = ("",)
    """Forms of what stands in the lower border, the longest first."""
    title: str = ""
    spot: Region | None = None
    """Where the selection is."""
    touched: Region | None = None
    """Where the operation has read or written something."""
    pick: Callable[[int, int], Any] = lambda x, y: None
    """Returns what is drawn at a cell."""


def by_rows(size: Size, row: Callable[[int], Strip]) -> Picture:
    """Return the picture whose rows a function draws, each when it is in sight."""

    def part(seen: Region) -> list[Strip]:
        rows = range(seen.y, min(seen.bottom, size.height))
        return [row(at).crop(seen.x, seen.right) for at in rows]

    return Picture(size, part)


class PicturesPanel(Panel[ShownT, ChosenT]):
    """Shows the ``kind`` of picture that was asked for last."""

    def __init__(self, title: str, panel_id: str, kind: str) -> None:
        super().__init__(title, panel_id)
        self.kind = kind
        self._made: tuple[object, Picture] | None = None

    def draw(self, view: ShownT, width: int, height: int) -> Picture:
        """Draw the picture for a panel of that size."""
        raise NotImplementedError

    def action_kind(self, kind: str) -> None:
        """Show another kind of picture."""
        self.kind = kind
        self.scroll_home(animate=False)
        self.repaint()
        if self.view is not None:
            self.follow(self.spot(self.view))

    def picture(self, view: ShownT, width: int, height: int) -> Picture:
        """Return the picture of the view as it is to be drawn now."""
        look = self.text_styles, self.has_focus, width, height
        key = view.picture, view.running, self.kind, look
        if self._made is None or self._made[0] != key:
            self._made = key, self.draw(view, width, height)
        return self._made[1]

    def extent(self, view: ShownT, width: int, height: int) -> Size:
        return self.picture(view, width, height).size

    def spot(self, view: ShownT) -> Region | None:
        return self.picture(view, *self.container_size).spot

    def operation_spot(self, view: ShownT) -> Region | None:
        return self.picture(view, *self.container_size).touched

    def pick(self, view: ShownT, x: int, y: int) -> ChosenT | None:
        chosen: ChosenT | None = self.picture(view, *self.container_size).pick(x, y)
        return chosen

    def paint(self, view: ShownT, width: int, height: int) -> list[Strip]:
        picture = self.picture(view, width, height)
        self.entitle(picture.title)
        self.note(*picture.notes)
        return picture.part(Region.from_offset(self.scroll_offset, (width, height)))
