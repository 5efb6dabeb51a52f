"""A field of the form on the screen: its label, what one types into, and what is said of it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from bptui.app.form.choice import Choice
from bptui.app.form.controls import Area, Line, LongText, NameSuggester, Note
from bptui.app.form.draft import Text
from bptui.app.form.fields import Field
from bptui.app.form.texts import LONGEST_SHOWN, Kept, matrix_text

MOST_OPENED = 30_000
"""Numbers, and 20 characters for each, that are shown when they are asked for, within a second."""


class FieldRow(Widget):
    """Shows the text it is given last; what is typed into it leaves as a message."""

    DEFAULT_CSS = """
    FieldRow {
        layout: horizontal;
        height: auto;
        & .label { width: 17; padding: 0 1 0 0; text-align: right; }
        & .side { width: 41; padding: 0 0 0 1; color: $text-muted; }
        & .side.wrong { color: $text-warning; }
        & .label.current { text-style: bold; }
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
        self.field, self._text, self._said = field, text, ("", False)
        self._known = text
        """The text that the form knows of; what is typed may be ahead of it."""
        self._open = False
        """Whether a long text is shown all the same."""
        self._label = Static(field.label, classes="label", markup=False)
        self._side = Static(field.help, classes="side", markup=False)
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

    def compose(self) -> ComposeResult:
        yield self._label
        yield self._control
        yield self._side

    def show(self, field: Field, text: Text, problem: str, wrong: bool) -> None:
        """Show ``text``, and ``problem`` in the place of the help; ``wrong``: in a loud voice."""
        if field.label != self.field.label:
            self._label.update(field.label, layout=False)
        said = (f"! {problem}" if wrong else problem or field.help), wrong
        if said != self._said:
            self._said = said
            self._side.update(said[0])
            self._side.set_class(wrong, "wrong")
        if field.placeholder != self.field.placeholder and isinstance(self._control, Line):
            self._control.placeholder = field.placeholder
        self.field = field
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
        return f"{said}: enter shows, delete clears them"

    def _made(self) -> Widget:
        field, text = self.field, self._text
        if field.kind == "choice":
            return Choice(field.options, str(text))
        if not self._is_short:
            return Note(self._note)
        if field.kind == "block":
            return Area(str(text), wraps=field.key == "description")
        suggester = NameSuggester(field.options) if field.options else None
        return Line(str(text), placeholder=field.placeholder, suggester=suggester)

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
        self._label.add_class("current")

    def on_descendant_blur(self) -> None:
        self._label.remove_class("current")

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
            self.notify("Too many numbers to show; pasting others replaces them.")
            return
        self._open = True
        self._text = matrix_text(text.rows) if isinstance(text, Kept) else text
        self._replace()
        self._edited()
