"""A field of the form on the screen: its label, what one types into, and what is said of it."""

from __future__ import annotations

from itertools import zip_longest

from textual.app import ComposeResult
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, TextArea

from bptui.app.form.choice import Choice
from bptui.app.form.controls import Area, Line, LongText, NameSuggester, Note
from bptui.app.form.draft import Text
from bptui.app.form.fields import Field
from bptui.app.form.texts import LONGEST_SHOWN, Kept, matrix_text

MOST_OPENED = 30_000
"""Numbers, and 20 characters for each, that are shown when they are asked for, within a second."""


LABEL, SIDE = 16, 40
"""Columns of the label, before the control, and of what is said, behind it."""


class FieldRow(Widget):
    """Shows the text it is given last; what is typed into it leaves as a message.

    It draws the label and what is said around its control itself: a form has many rows.
    """

    DEFAULT_CSS = """
    FieldRow {
        height: auto;
        color: $text-muted;
        & > Line, & > Area, & > Choice, & > Note { margin: 0 41 0 17; }
    }
    """

    class Edited(Message):
        """Something was typed, pasted or chosen."""

        def __init__(self, row: FieldRow) -> None:
            super().__init__()
            self.row = row

        @property
        def control(self) -> FieldRow:
            return self.row

    def __init__(self, field: Field, text: Text) -> None:
        super().__init__()
        self.field, self._text = field, text
        self.said, self._wrong = field.help, False
        self._known = text
        """The text that the form knows of; what is typed may be ahead of it."""
        self._open = False
        """Whether a long text is shown all the same."""
        self._current = False
        self._control = self._made()

    @property
    def entry(self) -> Widget:
        """What one types into, or chooses with."""
        return self._control

    def taken(self) -> Text:
        """What stands in the field at this moment; shown again, it changes nothing there."""
        control = self._control
        if isinstance(control, Line):
            self._text = control.value
        elif isinstance(control, Area):
            self._text = control.text
        elif isinstance(control, Choice):
            self._text = control.chosen
        self._known = self._text
        return self._text

    @property
    def is_wrong(self) -> bool:
        """Whether it says so in a loud voice."""
        return self._wrong

    def compose(self) -> ComposeResult:
        yield self._control

    def on_click(self) -> None:
        """A click on the label goes to what it is the label of."""
        self._control.focus()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        height = super().get_content_height(container, viewport, width)
        return max(height, len(self._beside)) + len(self._below(width))

    @property
    def _rows_taken(self) -> tuple[int, int]:
        return len(self._beside), len(self._below(self.size.width))

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
        loud = self._is_narrow and self._wrong
        return self._said.wrap(max(width - LABEL - 1, 1)) if loud else []

    @property
    def _said(self) -> Content:
        return Content.styled(self.said, "$text-warning" if self._wrong else "")

    def render(self) -> Content:
        width, height = self.size
        between = " " * max(width - LABEL - SIDE, 0)
        lines = [Content.assemble(label, between, said) for label, said in self._beside]
        below = self._below(width)
        lines += [Content()] * (height - len(lines) - len(below))
        return Content("\n").join([*lines, *(each.pad_left(LABEL + 1) for each in below)])

    def show(self, field: Field, text: Text, problem: str, wrong: bool) -> None:
        """Show ``text``, and ``problem`` in the place of the help; ``wrong``: in a loud voice."""
        said, was = f"! {problem}" if wrong else problem or field.help, self.field
        if (field.label, said, wrong) == (was.label, self.said, self._wrong):
            self.field = field
        else:
            before = self._rows_taken
            self.field, self.said, self._wrong = field, said, wrong
            taller = self._rows_taken != before
            self.refresh(layout=taller)
            if taller and self._current:  # what is said of it may be below the lower edge
                self.call_after_refresh(self.scroll_visible, animate=False)
        if field.placeholder != was.placeholder and isinstance(self._control, Line):
            self._control.placeholder = field.placeholder
        if text is not self._known and text != self._known:
            self._known = text
            self._put(text)

    def _put(self, text: Text) -> None:
        """Put a text that was not typed here into the control."""
        self._text, self._open = text, False
        control = self._control
        if isinstance(control, Note) or not self._is_short:
            self._replace()
        elif isinstance(control, Line):
            control.value = str(text)
        elif isinstance(control, Choice):
            control.chosen = str(text)
        elif isinstance(control, Area):
            control.text = str(text)
            control.fit()

    @property
    def _is_short(self) -> bool:
        if isinstance(self._text, Kept):
            return False
        return self._open or len(self._text) <= LONGEST_SHOWN

    @property
    def _note(self) -> str:
        text = self._text
        if isinstance(text, Kept):
            said = f"{len(text.rows):,} rows of {len(text.rows[0]):,} numbers"
        else:
            said = f"{len(text):,} characters in {len(text.splitlines()):,} rows"
        return f"{said}; enter: show, delete: clear"

    def _made(self) -> Widget:
        field, text = self.field, self._text
        if field.kind == "choice":
            return Choice(field.options, str(text))
        if not self._is_short:
            return Note(self._note)
        if field.kind == "block":
            return Area(str(text), wraps=field.key == "description")
        suggester = NameSuggester(field.options) if field.options else None
        return Line(str(text), field.placeholder, suggester)

    def _replace(self) -> None:
        """Put the control that suits the text in the place of the other."""
        before, self._control = self._control, self._made()
        focused = before.has_focus
        if before.is_attached:
            self.mount(self._control, after=before)
            before.remove()
        if focused:
            self._control.focus()

    def _edited(self) -> None:
        self.post_message(self.Edited(self))

    def on_descendant_focus(self) -> None:
        self._current = True
        self.refresh()

    def on_descendant_blur(self) -> None:
        self._current = False
        self.refresh()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.input is self._control and event.value != self._known:
            self._edited()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        if event.text_area is self._control and isinstance(self._control, Area):
            self._control.fit()
            self._edited()

    def on_choice_chosen(self, event: Choice.Chosen) -> None:
        event.stop()
        self._edited()

    def on_long_text(self, event: LongText) -> None:
        event.stop()
        self._put(event.text)
        self._edited()

    def on_note_changed(self, event: Note.Changed) -> None:
        """Clear, replace or show the numbers that the note stands for."""
        event.stop()
        text = self._text
        if event.text is not None:
            self._put(event.text)
            self._edited()
            return
        numbers = len(text.rows) * len(text.rows[0]) if isinstance(text, Kept) else len(text) // 20
        if numbers > MOST_OPENED:
            self.notify("Too many numbers to show; paste others to replace them.")
            return
        self._open = True
        self._text = matrix_text(text.rows) if isinstance(text, Kept) else text
        self._replace()
        self._edited()
