"""The form: the whole experiment as texts, checked while one types.

All fields but the one that is being edited are drawn as text, above it and below it: however many
there are, there is one widget of each kind to type into.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from bptui.app.form.controls import Area, Choice, Line, NamesScreen
from bptui.app.form.draft import Outcome, checked, empty, filled
from bptui.app.form.fields import Field, fields, sections
from bptui.app.form.rows import Rows, Shown
from bptui.app.form.texts import columns
from bptui.app.screens.dialog import Dialog
from bptui.core.experiment import Experiment
from bptui.presets.number_parsing import EntryError

PATIENCE = 0.2
"""Seconds without a key after which the whole experiment is checked."""


class FormScreen(Dialog[Experiment | None]):
    """Gives the experiment that was made of the form, or None where the user thought better of it.

    Without an experiment to begin with the form is empty.
    """

    CSS_PATH: ClassVar = [*Dialog.CSS_PATH, Path(__file__).with_name("form.tcss")]

    BINDINGS: ClassVar = [
        # handled before the keys that follow are given to a widget, so that fast typing, which may
        # come as a burst, goes into the fields it is meant for
        Binding("ctrl+s", "finish", "OK", priority=True),
        Binding("escape", "close", "Cancel", priority=True),
        Binding("ctrl+n", "clear", "Empty form", priority=True),
        Binding("f2", "names", "Names", priority=True),
        Binding("tab", "go(1)", "Next field", priority=True),
        Binding("shift+tab", "go(-1)", "Previous field", priority=True),
        Binding("enter", "go(1, 'enter')", "Next field", priority=True),
        Binding("up", "go(-1, 'arrow')", "Previous field", priority=True),
        Binding("down", "go(1, 'arrow')", "Next field", priority=True),
    ]

    def __init__(self, experiment: Experiment | None) -> None:
        super().__init__("", "ctrl+s: OK, esc: cancel, ctrl+n: empty form")
        self._draft = empty() if experiment is None else filled(experiment)
        self._opened = self._draft
        self._field = fields(self._draft)[0]
        """The one that is being edited."""
        self._choice, self._line, self._area = self._controls = Choice(), Line(), Area()
        self._control: Choice | Line | Area = self._line
        self._above, self._below = Rows(self._go_to), Rows(self._go_to)
        self._label, self._wrong = Static(id="label"), Static(id="wrong")
        self._row = Vertical(Horizontal(self._label, *self._controls), self._wrong, id="row")
        self._help = Static(id="form-help", markup=False)
        self._said = Static(id="form-said", markup=False)
        self._outcome: Outcome | None = None
        """Of the last check, which may have been that of an earlier draft."""
        self._wanted, self._asked = False, ""

    def rows(self) -> Iterable[Widget]:
        parts = self._above, self._row, self._below
        yield VerticalScroll(*parts, id="form-fields", can_focus=False)
        yield from (self._help, self._said)

    def on_mount(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.box.border_title = Content(f"Experiment: {self._draft.place.name}")
        self._edit(fields(self._draft)[0])
        self._check(0.0)

    def on_resize(self) -> None:
        self._keep_in_sight()

    @property
    def busy(self) -> bool:
        """Whether the experiment is being made that OK asked for."""
        return self._wanted

    def _edit(self, field: Field) -> None:
        """Have a field edited; what stands in the one before has been taken over."""
        self._field, self._asked = field, ""
        self._control = self._area if field.is_block else self._line
        if field.is_choice:
            self._control = self._choice
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
        key, text = self._field.key, self._control.entered
        if text == self._draft.chosen(key):
            return
        self._asked, self._wanted = "", False  # what was asked for was another draft
        self._draft = self._draft.with_text(key, text)
        self._show()
        self._check(PATIENCE)

    def _go_to(self, key: str, x: int = -1) -> None:
        """Go to the field with this key; choose what was clicked there, in column ``x``."""
        self._take()
        for field in fields(self._draft):
            if field.key == key:
                self._edit(field)
                if field.is_choice and x >= 0:
                    self.call_after_refresh(self._choice.choose_at, x)

    def action_go(self, by: int, key: str = "tab") -> None:
        """Go to the next field, or the one before."""
        self._take()
        stops = fields(self._draft)
        self._edit(stops[(stops.index(self._field) + by) % len(stops)])

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
        chosen = [text.strip(), *text.replace(",", " ").split()]
        with suppress(EntryError):
            chosen += columns(text)

        def write(text: str | None) -> None:
            if text is not None:
                self._line.value = text
                self._line.action_end()
            self._line.focus()

        self.app.push_screen(NamesScreen(self._field, chosen), write)

    def action_finish(self) -> None:
        """Give the experiment back as soon as it is made, or show what is wrong."""
        self._take()
        self._wanted = True
        if self._outcome is not None and self._outcome.draft is self._draft:
            self._conclude(self._outcome)
        else:
            self._check(0.0)

    def _may_lose(self, key: str) -> bool:
        """Return whether what was changed may be lost: if ``key`` asks for that twice."""
        self._take()
        now, before = self._draft, self._opened
        changed = any(now.chosen(k) != before.chosen(k) for k in {*now.texts, *before.texts})
        if self._asked == key or not changed:
            return True
        self._asked = key
        self._say()
        return False

    def action_close(self) -> None:
        if self._may_lose("esc"):
            self.dismiss(None)

    def action_clear(self) -> None:
        if self._may_lose("ctrl+n"):
            self._draft, self._outcome = empty(), None
            self._opened = self._draft
            self._begin()

    def _show(self) -> None:
        """Show the draft: its fields in their order, and what is wrong as far as is known."""
        above, below = list[Shown](), list[Shown]()
        items = above
        problems = self._outcome.problems if self._outcome is not None else {}
        for title, group in sections(self._draft):
            items += [Shown(None, ""), Shown(None, title)][items is above and not above :]
            for field in group:
                text = self._draft.chosen(field.key)
                problem = problems.get(field.key, "") if text else ""
                if field.key == self._field.key:
                    self._field, items = field, below
                    self._show_edited(problem)
                else:
                    items.append(Shown(field, text, problem))
        self._above.put(above)
        self._below.put(below)
        self._say()

    def _show_edited(self, problem: str) -> None:
        self._label.update(Content.styled(self._field.label, "bold $foreground"))
        self._help.update(self._field.help, layout=False)
        wrong = f"! {problem}" if problem else ""
        if str(self._wrong.content) != wrong:
            self._wrong.update(Content(wrong))
            self._wrong.display = bool(wrong)
            self._keep_in_sight()

    def _say(self) -> None:
        """Say what is known of the draft; until its check ends, what was said before stays."""
        if self._asked:
            said = f"! Discard your changes? Press {self._asked} again to discard"
        elif self._outcome is not None and self._outcome.draft is self._draft:
            said = self._outcome.said
        else:
            return
        self._said.update(said)
        self._said.set_class(said.startswith("!"), "wrong")

    @work(group="check", exclusive=True)
    async def _check(self, patience: float) -> None:
        draft = self._draft
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
        self._show()
        if wanted and outcome.problems:
            self._go_to(next(iter(outcome.problems)))
