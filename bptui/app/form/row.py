"""A field of the form on the screen: its label, what one types into, and what is said of it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from bptui.app.form.choice import Choice
from bptui.app.form.controls import Area, Line, NameSuggester, Note
from bptui.app.form.draft import Text
from bptui.app.form.fields import Field
from bptui.app.form.texts import LONGEST_SHOWN, Kept, matrix_text

MOST_OPENED = 500_000
"""Numbers, and 20 characters for each, that are shown when they are asked for."""


class FieldRow(Widget):
    """Shows the text it is given last; what is typed into it leaves as a message."""

    DEFAULT_CSS = """
    FieldRow {
        layout: horizontal;
        height: auto;
        & .entry { width: 1fr; height: auto; }
        & .label { width: 17; padding: 0 1 0 0; text-align: right; }
        & .side { width: 41; padding: 0 0 0 1; color: $text-muted; }
        & .side.wrong { color: $text-warning; }
        &:focus-within .label { text-style: bold; }
    }
    """

    class Edited(Message):
        """Something was typed, pasted or chosen; ``by_hand`` unless it only was shown."""

        def __init__(self, row: FieldRow, text: Text) -> None:
            super().__init__()
            self.row, self.text = row, text

        @property
        def control(self) -> FieldRow:
            return self.row

    def __init__(self, field: Field, text: Text) -> None:
        super().__init__()
        self.field, self._text, self._said = field, text, ("", False)
        self._open = False
        """Whether a long text is shown all the same."""
        self._label = Static(field.label, classes="label", markup=False)
        self._side = Static(field.help, classes="side", markup=False)
        self._control = self._made()

    @property
    def entry(self) -> Widget:
        """What one types into, or chooses with."""
        return self._control

    def compose(self) -> ComposeResult:
        with Horizontal(classes="entry"):
            yield self._label
            yield self._control
        yield self._side

    def show(self, field: Field, text: Text, problem: str, wrong: bool) -> None:
        """Show ``text``, and ``problem`` in the place of the help; ``wrong``: in a loud voice."""
        if field.label != self.field.label:
            self._label.update(field.label)
        said = (f"! {problem}" if wrong else problem or field.help), wrong
        if said != self._said:
            self._said = said
            self._side.update(said[0])
            self._side.set_class(wrong, "wrong")
        self.field, before, self._text = field, self._text, text
        control = self._control
        if isinstance(control, Note) == self._is_short or type(before) is not type(text):
            self._replace()
        elif isinstance(control, Line):
            if control.value != text:
                control.value = str(text)
            control.placeholder = field.placeholder
        elif isinstance(control, Choice):
            control.options, control.chosen = field.options, str(text)
        elif isinstance(control, Area):
            if control.text != text:
                control.text = str(text)
            control.fit()
        elif isinstance(control, Note) and before is not text:
            control.update(self._note)

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
        return Line(
            str(text), placeholder=field.placeholder, suggester=suggester, select_on_focus=False
        )

    def _replace(self) -> None:
        """Put the control that suits the text in the place of the other."""
        before, self._control = self._control, self._made()
        focused = before.has_focus
        if before.parent is not None:
            assert isinstance(before.parent, Widget)
            before.parent.mount(self._control, after=before)
        before.remove()
        if focused:
            self._control.focus()

    def _edited(self, text: Text) -> None:
        if text != self._text:
            self._text = text
            self.post_message(self.Edited(self, text))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.input is self._control:
            self._edited(event.value)

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        if event.text_area is self._control:
            self._edited(event.text_area.text)

    def on_choice_chosen(self, event: Choice.Chosen) -> None:
        event.stop()
        self._edited(event.option)

    def on_area_long(self, event: Area.Long) -> None:
        event.stop()
        self._open = False
        self._edited(event.text)
        self._replace()

    def on_note_changed(self, event: Note.Changed) -> None:
        event.stop()
        if event.text is not None:
            self._open = False
            self._edited(event.text)
            if self._is_short:
                self._replace()
            return
        text = self._text
        numbers = len(text.rows) * len(text.rows[0]) if isinstance(text, Kept) else len(text) // 20
        if numbers > MOST_OPENED:
            self.notify("Too many numbers to show; pasting others replaces them.")
            return
        self._open = True
        self._edited(matrix_text(text.rows) if isinstance(text, Kept) else text)
        self._replace()
