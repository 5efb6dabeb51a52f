"""A panel: a bordered, scrollable area drawn line by line from a view."""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypeVar

from rich.segment import Segment, Segments
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBarRender
from textual.strip import Strip

from bptui.app.lines import BLANK, pressing
from bptui.app.panels.pictures import Picture
from bptui.app.styles import Styles, styles_of
from bptui.app.view import Direction, Selection, View
from bptui.terminal.capabilities import USUAL, Capabilities

if TYPE_CHECKING:
    from bptui.app.program.moment import Moment

BORDER = 6
"""Columns of a border, and of what stands on both sides of a text in it."""


ShownT = TypeVar("ShownT", bound="View | Moment")
"""What a panel is drawn from: of a network, or of a program."""
ChosenT = TypeVar("ChosenT")
"""What can be selected in a panel."""


TAB: list[BindingType] = [
    Binding("tab", "app.focus_next", "Next panel", show=False),
    Binding("shift+tab", "app.focus_previous", "Previous panel", show=False),
]
"""For screens of panels: what Textual binds, in words for people."""


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


class Panel(ScrollView, Generic[ShownT, ChosenT], can_focus=True):
    """Draws what is in sight of a picture, and refreshes only the lines that changed."""

    ALLOW_SELECT = False  # of text, which a double click would do
    # the arrows move the selection; pages, home, end and the wheel still scroll
    BINDINGS: ClassVar = [
        Binding(key, f"screen.select('{key}')", "Select", show=False)
        for key in ("left", "right", "up", "down")
    ]

    follows = False
    """Whether it is drawn after the numbers of the others, in a fast run only every few frames."""
    REDRAW_SECONDS = 0.1
    """Then it is drawn at most this often: a key seldom has to wait for it."""

    view: var[ShownT | None] = var(None, always_update=True, init=False)

    class Selected(Message):
        """Something was selected with the mouse."""

        def __init__(self, selection: object) -> None:
            super().__init__()
            self.selection = selection

    def __init__(self, title: str, panel_id: str) -> None:
        super().__init__(id=panel_id)
        self.border_title = title
        self.horizontal_scrollbar.renderer = LowBar  # type: ignore[misc]  # of this bar alone
        self._strips: list[Strip] = []
        self._picture: tuple[object, Picture] | None = None
        """What was drawn last, and for what."""
        self._base: Style | None = None
        """The colours of the panel; None: they may have changed."""
        self._painted_for = Size(0, 0)
        self._drawn: object = None
        self._drawn_view: ShownT | None = None
        self._drawn_at = 0.0
        self.away = False
        """Whether the panel has left the screen: then it draws nothing until it is back."""

    @property
    def text_styles(self) -> Styles:
        return styles_of(self.app)

    @property
    def around(self) -> Capabilities:
        """What the terminal can show."""
        found: Capabilities = getattr(self.app, "surroundings", USUAL)
        return found

    # what each panel has of its own

    def draw(self, view: ShownT, width: int, height: int) -> Picture:
        """Return the whole content, for a panel of that inner size."""
        raise NotImplementedError

    def neighbour(self, view: ShownT, direction: Direction) -> ChosenT | None:
        """Return what an arrow reaches; None where this panel shows nothing of the selection."""
        return None

    # drawing

    def drawn_from(self, view: ShownT) -> object:
        """Return what of the view is drawn."""
        return view.picture

    def watch_view(self, before: ShownT | None, view: ShownT | None) -> None:
        if view is None or self.away:
            return
        since = perf_counter() - self._drawn_at
        if self.follows and view.hurries and since < self.REDRAW_SECONDS:
            return
        wanted = self.drawn_from(view)
        if self._drawn != wanted:
            self._drawn, self._drawn_at = wanted, perf_counter()
            self._in_turn(self._draw)

    def _in_turn(self, draw: Callable[[], object]) -> None:
        """Draw now, or after the others."""
        if self.follows:
            self.call_after_refresh(draw)
        else:
            draw()

    def _draw(self) -> None:
        self.repaint()
        self.follow_on(self._drawn_view)
        self._drawn_view = self.view

    def follow_on(self, before: ShownT | None) -> None:
        """Have what was selected since another view in sight, else what the operation is about."""
        if self.view is not None and before is not None and self.size.area:
            moved = self.view.selection != before.selection
            self.follow(self.drawn.spot if moved else self.drawn.touched)

    @property
    def drawn(self) -> Picture:
        """The view as it is drawn in the room that there is."""
        made_for = self.view, self.container_size
        if self._picture is None or self._picture[0] != made_for:
            assert self.view is not None, "nothing is asked of an empty panel"
            self._picture = made_for, self.draw(self.view, *self.container_size)
        return self._picture[1]

    def seen(self, whole: Size) -> Region:
        """Return the part of a content of that size that is in sight."""
        width, height = self.container_size
        height -= whole.width > width
        width -= whole.height > height
        return Region.from_offset(self.scroll_offset, (width, height))

    def follow(self, spot: Region | None) -> None:
        """Scroll no further than needed to have a part of the content in sight."""
        if spot is None or self.view is None or not self.size.area:
            return
        seen = self.seen(self.drawn.size)
        x = max(min(seen.x, spot.x), min(spot.right, spot.x + seen.width) - seen.width)
        y = max(min(seen.y, spot.y), min(spot.bottom, spot.y + seen.height) - seen.height)
        if (x, y) != self.scroll_offset:
            self.scroll_to(x, y, animate=False, force=True)

    def repaint(self) -> None:
        """Draw anew from the view, and refresh what differs."""
        if self.view is None or self.away:
            return
        if not self.size.area:  # not on the screen by now, or not yet: drawn with its next line
            self._painted_for = Size(0, 0)
            self.refresh()
            return
        # the whole inner size, below scroll bars too: whether those show may still change
        self._painted_for = self.container_size
        self._picture = None
        extent = self.drawn.size
        if extent != self.virtual_size:  # set as such it would have the whole screen laid out
            self.set_reactive(ScrollView.virtual_size, extent)
            self._scroll_update(extent)  # has that done where scroll bars come or go
        picture = self.drawn  # maybe another one: then that has had the content scrolled
        fresh = picture.part(self.seen(extent))
        pairs, width = zip_longest(self._strips, fresh, fillvalue=BLANK), self._painted_for.width
        changed = [
            Region(0, y, min(max(old.cell_length, new.cell_length), width), 1)
            for y, (old, new) in enumerate(pairs)
            if old != new
        ]
        if changed:
            self.refresh(*changed)
        self._strips = fresh
        self.note(*picture.notes)
        if picture.title:
            title = Content(picture.title)
            self._write_in_border("_border_title", title, -self.styles.gutter.top)

    def note(self, *forms: str | Content) -> None:
        """Put a text into the lower border: the first of its forms that fits, or the last."""
        room = self.outer_size.width - BORDER
        texts = [Content(form) if isinstance(form, str) else form for form in forms]
        text = next((text for text in texts if text.cell_length <= room), texts[-1])
        y = self.outer_size.height - self.styles.gutter.top - 1
        self._write_in_border("_border_subtitle", text, y)

    def _write_in_border(self, name: str, text: Content, y: int) -> None:
        """Set the title or the subtitle by Textual's own name, which refreshes no other line."""
        before: Content | None = getattr(self, name)
        if before is None or not before.is_same(text):
            setattr(self, name, text)
            self.refresh(Region(-self.styles.gutter.left, y, self.outer_size.width, 1))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return lines; those of the content as they are drawn, since nothing is laid over them."""
        x, y = self.styles.gutter.top_left
        content = Region(x, y, *self.size)
        if not content.contains_region(crop) or self.get_line_filters():
            return super().render_lines(crop)
        begin, end = crop.x - x, crop.right - x
        lines = (self.render_line(line - y) for line in crop.line_range)
        return [line.crop_extend(begin, end, self._base) for line in lines]

    def render_line(self, y: int) -> Strip:
        # Textual tells neither of every new size nor, after a scroll, of every return to the screen
        if self.away or self._painted_for != self.container_size:
            self.away, self._painted_for = False, self.container_size
            self.call_later(self._fit)
        if self._base is None:
            self._base = self.rich_style
        strip = self._strips[y] if y < len(self._strips) else BLANK
        return strip.apply_style(self._base)

    def _fit(self) -> None:
        self._strips = []
        self.resized()
        self.refresh()

    def on_resize(self, event: Resize) -> None:
        self._fit()

    def on_hide(self) -> None:
        self.away = True

    def on_show(self) -> None:
        self.away = False
        self.resized()

    def resized(self) -> None:
        """Draw at the new size, with what is looked at in sight."""
        self._drawn_view = self.view
        self._in_turn(self._redraw)

    def _redraw(self) -> None:
        self.repaint()
        if self.view is not None and self.size.area and not self.away:
            self.follow(self.drawn.spot)
            self.follow(self.drawn.touched)

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_x(old_value, new_value)
        self.repaint()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.repaint()

    def notify_style_update(self) -> None:
        """Draw anew in other colours, or with the focus, which is a matter of style too."""
        super().notify_style_update()
        self._base = None
        if self.is_mounted:
            self.repaint()

    async def on_click(self, event: Click) -> None:
        """Select what was clicked; a second click does what enter does."""
        place = event.get_content_offset(self)
        if place is None or self.view is None:
            return
        if self.choose(self.view, *(place + self.scroll_offset)) and event.chain == 2:
            await self.run_action(pressing("enter"))

    def choose(self, view: ShownT, x: int, y: int) -> bool:
        """Select what is drawn at a cell of the content; return whether there is something."""
        selection = self.drawn.pick(x, y)
        if selection is not None:
            self.post_message(self.Selected(selection))
        return selection is not None


ViewPanel: TypeAlias = Panel[View, Selection]
"""A panel of the app on a network: what is selected in it is shared by all."""
