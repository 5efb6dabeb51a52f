"""What stands at the sides of a panel's lines, kept while its styles stay what they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.segment import Segment, Segments
from rich.style import Style
from textual._styles_cache import StylesCache
from textual.color import Color
from textual.css.styles import StylesBase
from textual.geometry import Size, Spacing
from textual.scrollbar import ScrollBarRender
from textual.strip import Strip

from bptui.app.lines import BLANK


class KeptSides(StylesCache):
    """Textual's own for a widget, which looks up a dozen styles for each line with a border.

    Here the sides are looked up once; Textual has all cleared when anything but lines changes.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sides: tuple[Strip, Strip] | None = None
        self._blank: Style | None = None

    def clear(self) -> None:
        super().clear()
        self._sides = None

    def render_line(
        self,
        styles: StylesBase,
        y: int,
        size: Size,
        content_size: Size,
        padding: Spacing,
        base_background: Color,
        background: Color,
        render_content_line: Callable[[int], Strip],
        *labels: Any,  # noqa: ANN401  handed on as they come
        **named: Any,  # noqa: ANN401
    ) -> Strip:
        gutter = styles.gutter

        def whole(line: Callable[[int], Strip]) -> Strip:
            sizes = size, content_size, padding
            return StylesCache.render_line(
                self, styles, y, *sizes, base_background, background, line, *labels, **named
            )

        if not 0 <= y - gutter.top < content_size.height:
            return whole(render_content_line)
        if self._sides is None:
            line = whole(lambda y: BLANK)
            end = size.width - gutter.right
            self._sides = line.crop(0, gutter.left), line.crop(end)
            self._blank = next((each.style for each in line.crop(gutter.left, end)), None)
        left, right = self._sides
        line = render_content_line(y - gutter.top)
        gap = content_size.width - line.cell_length
        if gap < 0:
            line, gap = line.crop(0, content_size.width), 0
        filled = [Segment(" " * gap, self._blank)] if gap else []
        return Strip([*left, *line, *filled, *right], size.width)


class LowBar(ScrollBarRender):
    """A horizontal scroll bar half as high as a row: a whole one would be a block of colour."""

    @classmethod
    def render_bar(cls, *args: Any, **options: Any) -> Segments:  # noqa: ANN401  as Textual's
        bar = super().render_bar(*args, **options)
        low = [
            Segment("▄", style + Style(reverse=False))
            if style and style.color
            else Segment(text, style)
            for text, style, _ in bar.segments
        ]
        return Segments(low)
