"""A field of the form on the screen: its label, what one types into, and what is said of it."""

from __future__ import annotations

from itertools import zip_longest

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, TextArea

from bptui.app.form.controls import (
    LONGEST_SHOWN,
    Area,
    Choice,
    Control,
    Line,
    LongText,
    NameSuggester,
    Note,
)
from bptui.app.form.fields import Field

LONGEST_OPENED = 600_000
"""Characters that are shown when they are asked for, within a second: some 30,000 numbers."""
LABEL, SIDE = 16, 40
"""Columns of the label, before the control, and of what is said, behind it."""


class FieldRow(Widget):
    """Shows the text it is given last; what is typed into it leaves as a message.

    It draws the label and what is said around its control itself: a form has many rows.
    """

    class Edited(Message):
        """Something was typed, pasted or chosen."""

        def __init__(self, row: FieldRow) -> None:
            super().__init__()
            self.row = row

    def __init__(self, field: Field, text: str) -> None:
        super().__init__()
        self.field, self.said, self.is_wrong = field, field.help, False
        self._known = text
        """The text that the form knows of; what is typed may be ahead of it."""
        self._current = False
        self._control = self._made(text, len(text) > LONGEST_SHOWN)

    @property
    def entry(self) -> Control:
        """What one types into, or chooses with."""
        return self._control

    def taken(self) -> str:
        """Return what stands in the field at this moment; shown again, it changes nothing there."""
        self._known = self._control.text
        return self._known

    def compose(self) -> ComposeResult:
        """Make the control alone."""
        yield self._control

    def on_click(self) -> None:
        """Go to what it is the label of."""
        self._control.focus()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the rows of the control, or of the words around it."""
        height = super().get_content_height(container, viewport, width)
        return max(height, len(self._beside)) + len(self._below(width))

    @property
    def _is_narrow(self) -> bool:
        """Whether what is said stands below the control, and only if it is a loud word."""
        return self.screen.has_class("narrow")

    @property
    def _beside(self) -> list[tuple[Content, Content]]:
        """Lines of the label, and of what is said on the other side of the control."""
        style = "bold $foreground" if self._current else "$foreground"
        label = Content.styled(self.field.label, style)
        said = [] if self._is_narrow else self._said.wrap(SIDE)
        lines = zip_longest(label.wrap(LABEL), said, fillvalue=Content())
        return [(line.pad_left(LABEL - line.cell_length), side) for line, side in lines]

    def _below(self, width: int) -> list[Content]:
        loud = self._is_narrow and self.is_wrong
        return self._said.wrap(max(width - LABEL - 1, 1)) if loud else []

    @property
    def _said(self) -> Content:
        return Content.styled(self.said, "$text-warning" if self.is_wrong else "")

    def render(self) -> Content:
        """Draw the label and what is said around the control."""
        width, height = self.size
        between = " " * max(width - LABEL - SIDE, 0)
        lines = [Content.assemble(label, between, said) for label, said in self._beside]
        below = self._below(width)
        lines += [Content()] * (height - len(lines) - len(below))
        return Content("\n").join([*lines, *(line.pad_left(LABEL + 1) for line in below)])

    def show(self, field: Field, text: str, problem: str, wrong: bool) -> None:
        """Show ``text``, and ``problem`` in the place of the help; ``wrong``: in a loud voice."""
        said = f"! {problem}" if wrong else problem or field.help
        if (field.label, said, wrong) != (self.field.label, self.said, self.is_wrong):
            before = len(self._beside), len(self._below(self.size.width))
            self.field, self.said, self.is_wrong = field, said, wrong
            taller = before != (len(self._beside), len(self._below(self.size.width)))
            self.refresh(layout=taller)
            if taller and self._current:  # what is said of it may be below the lower edge
                self.call_after_refresh(self.scroll_visible, animate=False)
        self.field = field
        if isinstance(self._control, Line):
            self._control.placeholder = field.placeholder
        if text != self._known:
            self._put(text)

    def _put(self, text: str) -> None:
        """Put a text that was not typed here into the control."""
        self._known = text
        long = len(text) > LONGEST_SHOWN
        if long or isinstance(self._control, Note):
            self._replace(self._made(text, long))
        else:
            self._control.text = text

    def _made(self, text: str, long: bool) -> Control:
        field = self.field
        if field.kind == "choice":
            return Choice(field.options, text)
        if long:
            return Note(text, "word" if field.key == "description" else "number")
        if field.kind == "block":
            return Area(text, wraps=field.key == "description")
        suggester = NameSuggester(field.options) if field.options else None
        # validated when it is submitted, which is never: what is typed is judged by the form
        return Line(text, field.placeholder, suggester=suggester, validate_on=["submitted"])

    def _replace(self, control: Control) -> None:
        """Put another control in the place of the one there is."""
        before, self._control = self._control, control
        focused = before.has_focus
        if before.is_attached:
            self.mount(control, after=before)
            before.remove()
        if focused:
            control.focus()

    def on_descendant_focus(self) -> None:
        """Mark the label."""
        self._current = True
        self.refresh()

    def on_descendant_blur(self) -> None:
        """Unmark the label."""
        self._current = False
        self.refresh()

    @on(Input.Changed)
    @on(TextArea.Changed)
    @on(Choice.Chosen)
    def _tell(self, event: Message) -> None:
        """Tell the form of what was typed or chosen."""
        event.stop()
        if isinstance(self._control, Area):
            self._control.fit()
        if self._control.text != self._known:
            self.post_message(self.Edited(self))

    def on_long_text(self, event: LongText) -> None:
        """Keep a text without showing all of it."""
        event.stop()
        self._put(event.text)
        self.post_message(self.Edited(self))

    def on_note_opened(self, event: Note.Opened) -> None:
        """Show the numbers that the note stands for."""
        event.stop()
        if len(self._known) > LONGEST_OPENED:
            self.notify("Too many numbers to show; paste others to replace them.")
        else:
            self._replace(self._made(self._known, long=False))
