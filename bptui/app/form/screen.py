"""The form: the whole experiment as texts, checked while one types."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import DescendantFocus, Resize
from textual.widget import AwaitMount, Widget
from textual.widgets import Button, Static

from bptui.app.form.controls import Area, Choice, Line, NamesScreen
from bptui.app.form.draft import Draft, Outcome, checked, empty, filled, summary
from bptui.app.form.fields import WEIGHTS, fields, sections
from bptui.app.form.row import FieldRow
from bptui.app.form.texts import matrix
from bptui.app.screens.dialog import Dialog
from bptui.core.experiment import Experiment

WIDEST = 150
"""Columns that the form takes at most."""
WIDE = 100
"""Columns from which messages stand beside their fields."""
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
        Binding("tab", "next_field", "Next field", priority=True),
        Binding("shift+tab", "previous_field", "Previous field", priority=True),
        Binding("enter", "next_field('enter')", "Next field", priority=True),
        Binding("up", "previous_field('arrow')", "Previous field", priority=True),
        Binding("down", "next_field('arrow')", "Next field", priority=True),
    ]

    def __init__(self, experiment: Experiment | None) -> None:
        super().__init__()
        self._draft = empty() if experiment is None else filled(experiment)
        self._opened, self._aside = self._draft, empty()
        # kept here, since messages may still arrive while the screen is being taken down
        self._rows: dict[str, FieldRow] = {}
        self._sections: list[Vertical] = []
        self._fields = VerticalScroll(id="form-fields", can_focus=False)
        self._help = Static(id="form-help", markup=False)
        self._line = Static(id="form-said", markup=False)
        self._ok = Button("OK", id="form-ok", variant="primary", compact=True, disabled=True)
        self._touched = set[str]()
        """Fields that have been written in, so that they are not merely still empty."""
        self._outcome: Outcome | None = None
        """Of the last check, which may have been that of an earlier draft."""
        self._wanted = self._asked = False
        self._mounting: list[AwaitMount] = []

    def compose(self) -> ComposeResult:
        """Make the frame; the fields follow when there is a place for them."""
        with Vertical(id="form") as box:
            box.border_title = self._heading
            box.border_subtitle = "ctrl+s: OK, esc: cancel, ctrl+n: empty form"
            yield self._fields
            yield self._help
            with Horizontal(id="form-end"):
                yield self._line
                yield self._ok
                yield Button("Cancel", id="form-cancel", compact=True)

    @property
    def _heading(self) -> Content:
        return Content(f"Experiment: {self._draft.place.name}")

    def on_resize(self, event: Resize) -> None:
        """Have messages stand below their fields where there is no room beside them."""
        self.set_class(event.size.width < WIDE, "narrow")
        # what cannot be seen need not be drawn behind it
        self.set_class(event.size.width <= WIDEST, "covering")
        if not self._rows:
            self.call_next(self._fill)

    def on_unmount(self) -> None:
        """Forget what was read of huge texts."""
        matrix.cache_clear()

    async def _fill(self) -> None:
        """Mount the fields: now that their place is known, they are laid out once."""
        boxes = []
        for title, group in sections(self._draft):
            rows = {field.key: FieldRow(field, self._draft.chosen(field.key)) for field in group}
            self._rows |= rows
            heading = Static(title, classes="heading")
            boxes.append(Vertical(heading, *rows.values(), classes="section"))
        with self.app.batch_update():
            await self._fields.mount_all(boxes)
            self._sections = boxes
            self.set_focus(self._rows["network.layers"].entry)
        self._check(0.0)

    def on_field_row_edited(self, event: FieldRow.Edited) -> None:
        """Take over what was typed."""
        self._take(event.row)

    def _take(self, row: FieldRow) -> None:
        """Take over what stands in a field."""
        key, text = row.field.key, row.taken()
        if text == self._draft.chosen(key):
            return
        self._touched.add(key)
        self._asked = self._wanted = False  # what was asked for was another draft
        self._draft = self._draft.with_text(key, text)
        self._show()
        self._check(PATIENCE)

    async def _catch_up(self) -> None:
        """Take over what the keys so far have written, and have the fields that it leads to."""
        row = _row_of(self.focused)
        if row is not None:
            self._take(row)
        mounting, self._mounting = self._mounting, []
        for rows in mounting:
            await rows

    async def action_next_field(self, key: str = "tab") -> None:
        """Go to the next field, or to one of the buttons after the last."""
        await self._go_on(+1)

    async def action_previous_field(self, key: str = "tab") -> None:
        """Go to the field before."""
        await self._go_on(-1)

    async def _go_on(self, by: int) -> None:
        # in the order of the form: the screen's own follows the places of widgets, and those that
        # have just come have none yet
        await self._catch_up()
        stops: list[Widget] = [self._rows[field.key].entry for field in fields(self._draft)]
        stops += [button for button in self.query(Button) if not button.disabled]
        at = stops.index(self.focused) if self.focused in stops else -1
        self.set_focus(stops[(at + by) % len(stops)])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Have enter leave a field of one line only, and the arrows stay in one of many lines."""
        if not self._sections and action != "cancel":
            return False
        if parameters == ("enter",):
            return isinstance(self.focused, Line | Choice)
        if parameters == ("arrow",):
            return not isinstance(self.focused, Area)
        if action == "names":
            row = _row_of(self.focused) if isinstance(self.focused, Line) else None
            return row is not None and bool(row.field.options)
        return True

    async def action_names(self) -> None:
        """List the names that the field takes, to choose from."""
        await self._catch_up()
        row = _row_of(self.focused)
        if row is None or not isinstance(row.entry, Line):
            return
        line, value = row.entry, self._draft.value(row.field.key)

        def write(text: str | None) -> None:
            if text is not None:
                line.value = text
                line.action_end()
            line.focus()

        self.app.push_screen(NamesScreen(row.field, line.value, value), write)

    async def on_button_pressed(self, event: Button.Pressed) -> None:
        """Do what the button says."""
        await (self.action_finish() if event.button is self._ok else self.action_cancel())

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Say what the field is for, and forget a question that was not answered."""
        row = _row_of(event.widget)
        self._help.update(row.field.help if row else "", layout=False)
        if self._asked:
            self._asked = False
            self._say()

    async def action_finish(self) -> None:
        """Give the experiment back as soon as it is made, or show what is wrong."""
        await self._catch_up()
        self._wanted = True
        self._touched |= {field.key for field in fields(self._draft)}
        if self._outcome is not None and self._outcome.draft is self._draft:
            self._conclude(self._outcome)
        else:
            self._check(0.0)

    @property
    def ready(self) -> bool:
        """Whether there are fields that take keys already."""
        return bool(self._sections)

    @property
    def busy(self) -> bool:
        """Whether the experiment is being made that OK asked for."""
        return self._wanted

    async def action_cancel(self) -> None:
        """Leave; what was changed is lost only when asked for twice."""
        await self._catch_up()
        if self._asked or not (self._is_changed(self._draft) or self._is_changed(self._aside)):
            self.dismiss(None)
            return
        self._asked = True
        self._say()

    def _is_changed(self, draft: Draft) -> bool:
        """Return whether something was typed that would be lost."""
        return draft.differs_from(self._opened) and draft.differs_from(empty())

    async def action_clear(self) -> None:
        """Empty the form; again: bring back what stood in it, so that nothing is lost."""
        await self._catch_up()
        self._draft, self._aside = self._aside, self._draft
        self._asked, self._outcome = False, None
        self._touched.clear()
        self.query_one("#form").border_title = self._heading
        self._show()
        self._check(0.0)
        self._rows["network.layers"].entry.focus()

    def _show(self) -> None:
        """Show the draft: its fields in their order, and what is wrong as far as is known."""
        if not self._sections or not all(box.is_running for box in self._sections):
            return
        draft, shown = self._draft, set[str]()
        problems = self._outcome.problems if self._outcome is not None else {}
        for box, (_, group) in zip(self._sections, sections(draft), strict=True):
            before: Widget = box.children[0]
            for field in group:
                key, text = field.key, draft.chosen(field.key)
                row = self._rows.get(key)
                if row is None:
                    row = self._rows[key] = FieldRow(field, text)
                    self._mounting.append(box.mount(row, after=before))
                elif box.children.index(row) < box.children.index(before):
                    # it was made for a draft that had other fields before it
                    box.move_child(row, after=before)
                problem = problems.get(key, "")
                row.show(field, text, problem, bool(problem) and self._is_loud(key))
                before = row
                shown.add(key)
        for key, row in self._rows.items():
            if row.display is not (key in shown):
                row.display = key in shown
        self._say()

    def _is_loud(self, key: str) -> bool:
        """Return whether a problem is a mistake, and not a field that nobody has come to yet."""
        return key in self._touched or self._draft.chosen(key) != ""

    def _say(self) -> None:
        """Say beside OK what is known of the draft; until its check ends, what was said stays."""
        outcome = self._outcome
        if self._asked:
            what = "your changes" if self._is_changed(self._draft) else "your draft"
            self._tell(f"Discard {what}? Press esc again to discard", True)
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
        self._line.update(f"! {text}" if wrong else text)
        self._line.set_class(wrong, "wrong")

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
        wrong = [field.key for field in fields(self._draft) if field.key in outcome.problems]
        if wanted and wrong:
            self._rows[wrong[0]].entry.focus()


def _labels(draft: Draft, keys: Collection[str]) -> str:
    """Return ``W1, targets``: the labels of the fields with these keys, in the form's order."""
    labels = [
        field.label.split()[0] if field.key.startswith(f"{WEIGHTS}[") else field.label
        for field in fields(draft)
        if field.key in keys
    ]
    return ", ".join(labels[:NAMED]) + (", ..." if len(labels) > NAMED else "")


def _row_of(widget: Widget | None) -> FieldRow | None:
    ancestors: Iterable[object] = () if widget is None else widget.ancestors
    return next((found for found in ancestors if isinstance(found, FieldRow)), None)
