"""The form: the whole experiment as texts, checked while one types.

All fields but the one that is being edited are drawn as text, above it and below it: however many
there are, there is one widget of each kind to type into.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.widget import Widget
from textual.widgets import Button, Input, Static, TextArea

from bptui.app.form.controls import (
    Area,
    Choice,
    Line,
    NamesScreen,
)
from bptui.app.form.draft import Draft, Outcome, checked, empty, filled, summary
from bptui.app.form.fields import WEIGHTS, Field, fields, sections
from bptui.app.form.rows import Rows, Shown
from bptui.app.form.texts import columns, matrix
from bptui.app.screens.dialog import Dialog
from bptui.core.experiment import Experiment
from bptui.presets.number_parsing import EntryError

WIDEST = 110
"""Columns that the form takes at most."""
PATIENCE = 0.2
"""Seconds without a key after which the whole experiment is checked."""
NAMED = 4
"""Fields that a sentence names."""


class FormScreen(Dialog[Experiment | None]):
    """Gives the experiment that was made of the form, or None where the user thought better of it.

    Without an experiment to begin with the form is empty.
    """

    CSS_PATH = Path(__file__).with_name("form.tcss")

    BINDINGS: ClassVar = [
        # handled before the keys that follow are given to a widget, so that fast typing, which may
        # come as a burst, goes into the fields it is meant for
        Binding("ctrl+s", "finish", "OK", priority=True),
        Binding("escape", "cancel", "Cancel", priority=True),
        Binding("ctrl+n", "clear", "Empty form", priority=True),
        Binding("f2", "names", "Names", priority=True),
        Binding("tab", "go(1)", "Next field", priority=True),
        Binding("shift+tab", "go(-1)", "Previous field", priority=True),
        Binding("enter", "go(1, 'enter')", "Next field", priority=True),
        Binding("up", "go(-1, 'arrow')", "Previous field", priority=True),
        Binding("down", "go(1, 'arrow')", "Next field", priority=True),
    ]

    def __init__(self, experiment: Experiment | None) -> None:
        super().__init__()
        self._draft = empty() if experiment is None else filled(experiment)
        self._opened, self._aside = self._draft, empty()
        self._field = fields(self._draft)[0]
        """The one that is being edited."""
        self._choice, self._line, self._area = Choice(), Line(), Area()
        self._controls = self._choice, self._line, self._area
        self._control: Choice | Line | Area = self._line
        self._above, self._below = Rows(), Rows()
        self._label, self._wrong = Static(id="label"), Static(id="wrong")
        self._row = Vertical(Horizontal(self._label, *self._controls), self._wrong, id="row")
        self._help = Static(id="form-help", markup=False)
        self._say_line = Static(id="form-said", markup=False)
        self._ok = Button("OK", id="form-ok", variant="primary", compact=True, disabled=True)
        self._touched = set[str]()
        """Fields that have been written in, so that they are not merely still empty."""
        self._outcome: Outcome | None = None
        """Of the last check, which may have been that of an earlier draft."""
        self._wanted = self._asked = False

    def compose(self) -> ComposeResult:
        with Vertical(id="form") as box:
            box.border_subtitle = "ctrl+s: OK, esc: cancel, ctrl+n: empty form"
            yield VerticalScroll(
                self._above, self._row, self._below, id="form-fields", can_focus=False
            )
            yield self._help
            with Horizontal(id="form-end"):
                yield self._say_line
                yield self._ok
                yield Button("Cancel", id="form-cancel", compact=True)

    def on_mount(self) -> None:
        """Begin at the first field."""
        self._begin()

    def _begin(self) -> None:
        self.query_one("#form").border_title = Content(f"Experiment: {self._draft.place.name}")
        self._edit(fields(self._draft)[0])
        self._check(0.0)

    def on_resize(self, event: Resize) -> None:
        """Cover the screen below, which need not be drawn where it cannot be seen."""
        self.set_class(event.size.width <= WIDEST, "covering")
        self._keep_in_sight()

    def on_unmount(self) -> None:
        """Forget what was read of huge texts."""
        matrix.cache_clear()

    @property
    def busy(self) -> bool:
        """Whether the experiment is being made that OK asked for."""
        return self._wanted

    def _edit(self, field: Field) -> None:
        """Have a field edited; what stands in the one before has been taken over."""
        self._field, self._asked = field, False
        if field.kind == "choice":
            self._control = self._choice
        else:
            self._control = self._area if field.is_block else self._line
        for control in self._controls:
            control.display = control is self._control
        self._control.put(field, self._draft.chosen(field.key))
        self._show()
        self.set_focus(self._control, scroll_visible=False)
        self._keep_in_sight()

    def _keep_in_sight(self) -> None:
        self.call_after_refresh(self._row.scroll_visible, animate=False)

    @on(Input.Changed)
    @on(TextArea.Changed)
    @on(Choice.Chosen)
    def _take(self) -> None:
        """Take over what stands in the field that is being edited."""
        self._area.fit()
        key, text = self._field.key, self._control.entered
        if text == self._draft.chosen(key):
            return
        self._touched.add(key)
        self._asked = self._wanted = False  # what was asked for was another draft
        self._draft = self._draft.with_text(key, text)
        self._show()
        self._check(PATIENCE)

    def on_rows_clicked(self, event: Rows.Clicked) -> None:
        """Go to the field that was clicked, and choose what was clicked there."""
        self._take()
        for field in fields(self._draft):
            if field.key == event.key:
                self._edit(field)
                if field.kind == "choice" and event.x >= 0:
                    self.call_after_refresh(self._choice.choose_at, event.x)

    def action_go(self, by: int, key: str = "tab") -> None:
        """Go to the next field, or the one before; to one of the buttons after the last."""
        self._take()
        stops: list[Field | Widget] = [*fields(self._draft)]
        stops += [button for button in self.query(Button) if not button.disabled]
        at = stops.index(self.focused if isinstance(self.focused, Button) else self._field)
        stop = stops[(at + by) % len(stops)]
        if isinstance(stop, Field):
            self._edit(stop)
        else:
            self._asked = False
            self._say()
            self.set_focus(stop)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Have enter leave a field of one line only, and the arrows stay in one of many lines."""
        if "enter" in parameters:
            return isinstance(self.focused, Line | Choice)
        if "arrow" in parameters:
            return not isinstance(self.focused, Area)
        if action == "names":
            return isinstance(self.focused, Line) and bool(self._field.options)
        return True

    def action_names(self) -> None:
        """List the names that the field takes, to choose from."""
        self._take()
        text = self._line.value
        try:
            chosen = [text.strip(), *columns(text), *text.replace(",", " ").split()]
        except EntryError:
            chosen = []

        def write(text: str | None) -> None:
            if text is not None:
                self._line.value = text
                self._line.action_end()
            self._line.focus()

        self.app.push_screen(NamesScreen(self._field, chosen), write)

    async def on_button_pressed(self, event: Button.Pressed) -> None:
        """Do what the button says."""
        (self.action_finish if event.button is self._ok else self.action_cancel)()

    def action_finish(self) -> None:
        """Give the experiment back as soon as it is made, or show what is wrong."""
        self._take()
        self._wanted = True
        self._touched |= {field.key for field in fields(self._draft)}
        if self._outcome is not None and self._outcome.draft is self._draft:
            self._conclude(self._outcome)
        else:
            self._check(0.0)

    def action_cancel(self) -> None:
        """Leave; what was changed is lost only when asked for twice."""
        self._take()
        lost = (
            draft.differs_from(self._opened) and draft.differs_from(empty())
            for draft in (self._draft, self._aside)
        )
        if self._asked or not any(lost):
            self.dismiss(None)
            return
        self._asked = True
        self._say()

    def action_clear(self) -> None:
        """Empty the form; again: bring back what stood in it, so that nothing is lost."""
        self._take()
        self._draft, self._aside = self._aside, self._draft
        self._asked, self._outcome = False, None
        self._touched.clear()
        self._begin()

    def _show(self) -> None:
        """Show the draft: its fields in their order, and what is wrong as far as is known."""
        above, below = list[str | Shown](), list[str | Shown]()
        items = above
        problems = self._outcome.problems if self._outcome is not None else {}
        for title, group in sections(self._draft):
            items += [title] if items is above and not above else ["", title]
            for field in group:
                problem = problems.get(field.key, "") if self._is_loud(field.key) else ""
                shown = Shown(field, self._draft.chosen(field.key), problem)
                if field.key == self._field.key:
                    self._field, items = field, below
                    self._show_edited(shown)
                else:
                    items.append(shown)
        self._above.put(above)
        self._below.put(below)
        self._say()

    def _show_edited(self, shown: Shown) -> None:
        self._label.update(Content.styled(shown.field.label, "bold $foreground"))
        self._help.update(shown.field.help, layout=False)
        wrong = f"! {shown.problem}" if shown.problem else ""
        if str(self._wrong.content) != wrong:
            self._wrong.update(Content(wrong))
            self._wrong.display = bool(wrong)
            self._keep_in_sight()

    def _is_loud(self, key: str) -> bool:
        """Return whether a problem is a mistake, and not a field that nobody has come to yet."""
        return key in self._touched or self._draft.chosen(key) != ""

    def _say(self) -> None:
        """Say beside OK what is known of the draft; until its check ends, what was said stays."""
        outcome = self._outcome
        if self._asked:
            self._tell("Discard your changes? Press esc again to discard", True)
        elif outcome is None or outcome.draft is not self._draft:
            return
        elif outcome.experiment is not None:
            self._tell(summary(outcome.experiment), False)
        elif outcome.general:
            self._tell(outcome.general, True)
        else:
            loud = [key for key in outcome.problems if self._is_loud(key)]
            if loud:
                count = "1 field is" if len(loud) == 1 else f"{len(loud)} fields are"
                self._tell(f"{count} wrong: {_labels(self._draft, loud)}", True)
            else:
                self._tell(f"Still missing: {_labels(self._draft, outcome.problems)}", False)

    def _tell(self, text: str, wrong: bool) -> None:
        self._say_line.update(f"! {text}" if wrong else text)
        self._say_line.set_class(wrong, "wrong")

    def _check(self, patience: float) -> None:
        self.run_worker(self._checked(self._draft, patience), group="check", exclusive=True)

    async def _checked(self, draft: Draft, patience: float) -> None:
        await asyncio.sleep(patience)
        outcome = await asyncio.to_thread(checked, draft)
        if draft is self._draft:
            self._conclude(outcome)

    def _conclude(self, outcome: Outcome) -> None:
        """Show what came of a check, or give the experiment if that was asked for."""
        self._outcome = outcome
        wanted, self._wanted = self._wanted, False
        if wanted and outcome.experiment is not None:
            self.dismiss(outcome.experiment)
            return
        self._ok.disabled = outcome.experiment is None
        self._show()
        wrong = [field for field in fields(self._draft) if field.key in outcome.problems]
        if wanted and wrong:
            self._edit(wrong[0])


def _labels(draft: Draft, keys: Collection[str]) -> str:
    """Return ``W1, targets``: the labels of the fields with these keys, in the form's order."""
    labels = [
        field.label.split()[0] if field.key.startswith(f"{WEIGHTS}[") else field.label
        for field in fields(draft)
        if field.key in keys
    ]
    return ", ".join(labels[:NAMED]) + (", ..." if len(labels) > NAMED else "")
