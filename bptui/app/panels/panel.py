"""A panel: a bordered, scrollable area drawn line by line from a view."""

from __future__ import annotations

from rich.style import Style
from textual.events import Resize
from textual.geometry import Region, Size
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.strip import Strip

from bptui.app.ink import Ink, ink
from bptui.app.lines import BLANK
from bptui.app.view import View


class Panel(ScrollView, can_focus=True):
    """Draws :meth:`paint`'s strips and refreshes only the lines that changed."""

    view: var[View | None] = var(None, always_update=True, init=False)

    def __init__(self, title: str, panel_id: str) -> None:
        super().__init__(id=panel_id)
        self.border_title = title
        self._strips: list[Strip] = []
        self._base = Style()
        self._finished: dict[int, Strip] = {}

    @property
    def ink(self) -> Ink:
        return ink(self.app.current_theme.dark)

    def paint(self, view: View, width: int, height: int) -> list[Strip]:
        """The visible lines, at most ``height``, from the scroll offset on."""
        raise NotImplementedError

    def extent(self, view: View, width: int, height: int) -> Size:
        """The size of the whole content; larger than the panel where it scrolls."""
        return Size(width, height)

    def watch_view(self, before: View | None, view: View | None) -> None:
        if view is None or before is None or view.picture != before.picture:
            self.repaint()

    def repaint(self) -> None:
        """Draw anew from the view, and refresh what differs."""
        if self.view is None or not self.size.area:
            return
        # the whole inner size, below scroll bars too: whether those show may still change
        width, height = self.container_size
        extent = self.extent(self.view, width, height)
        if extent != self.virtual_size:
            self.virtual_size = extent
        base = self.rich_style
        if base != self._base:
            self._base = base
            self._finished.clear()
        fresh = self.paint(self.view, width, height)
        for y in range(max(len(fresh), len(self._strips))):
            before = self._strips[y] if y < len(self._strips) else BLANK
            after = fresh[y] if y < len(fresh) else BLANK
            if before != after:
                self._finished.pop(y, None)
                self.refresh(Region(0, y, width, 1))
        self._strips = fresh

    def note(self, text: str) -> None:
        """Put ``text`` into the lower border; setting it draws the whole border anew."""
        if self.border_subtitle != text:
            self.border_subtitle = text

    def render_line(self, y: int) -> Strip:
        if y not in self._finished:
            strip = self._strips[y] if y < len(self._strips) else BLANK
            strip = strip.crop_extend(0, self.container_size.width, Style())
            self._finished[y] = strip.apply_style(self._base)
        return self._finished[y]

    def on_resize(self, event: Resize) -> None:
        self._strips, self._finished = [], {}
        self.resized()
        self.refresh()

    def resized(self) -> None:
        """Draw at the new size."""
        self.repaint()

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_x(old_value, new_value)
        self.repaint()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.repaint()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if self.is_mounted and self.view is not None:
            self.repaint()
