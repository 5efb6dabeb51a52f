"""The form: the whole experiment as texts, checked while one types."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import DescendantFocus, Resize
from textual.widget import AwaitMount, Widget
from textual.widgets import Button, Static

from bptui.app.form.checking import Outcome, Place, checked, listed, summary
from bptui.app.form.choice import Choice
from bptui.app.form.controls import Area, Line
from bptui.app.form.draft import Draft
from bptui.app.form.fields import fields, sections
from bptui.app.form.names import NamesScreen
from bptui.app.form.pages import Pages, empty
from bptui.app.form.row import FieldRow
from bptui.app.screens.dialog import Dialog
from bptui.core.experiment import Experiment
from bptui.presets.build import origin_of
from bptui.presets.describe import table_of
from bptui.presets.folders import working_folder

WIDEST = 150
"""Columns that the form takes at most."""
WIDE = 100
"""Columns from which messages stand beside their fields."""
PATIENCE = 0.2
"""Seconds without a key after which the whole experiment is checked."""
LONGEST_WAIT = 5.0
"""Seconds that a key waits for those before it."""


class FormScreen(Dialog[Experiment | None]):
    """Gives the experiment that was made of the form, or None where the user thought better of it.

    Without an experiment to begin with the form is empty.
    """

    DEFAULT_CSS = """
    FormScreen { align: center middle; }
    FormScreen.covering { background: $surface; }
    FormScreen #form {
        border: round $border;
        border-title-style: bold;
        background: $surface;
        padding: 0 1;
        width: 100%;
        max-width: 150;
        height: 100%;
    }
    FormScreen #form-fields {
        height: 1fr;
        scrollbar-gutter: stable;
        scrollbar-size: 1 1;
        scrollbar-color: $foreground 30%;
        scrollbar-background: $surface;
    }
    FormScreen .section { height: auto; margin: 0 0 1 0; }
    FormScreen .heading { text-style: bold; color: $text-accent; }
    FormScreen.narrow FieldRow {
        & > Line, & > Area, & > Choice, & > Note { margin: 0 0 0 17; }
    }
    FormScreen #form-help { height: 1; color: $text-muted; display: none; }
    FormScreen.narrow #form-help { display: block; }
    FormScreen #form-end { height: auto; }
    FormScreen.narrow #form-said { min-height: 2; }
    FormScreen #form-said { width: 1fr; height: auto; max-height: 3; padding: 0 1; }
    FormScreen #form-said.wrong { color: $text-warning; }
    FormScreen #form-end Button { margin: 0 0 0 1; min-width: 10; }
    """
    BINDINGS: ClassVar = [
        # handled before the keys that follow are given to a widget, so that fast typing, which may
        # come as a burst, goes into the fields it is meant for
        Binding("ctrl+s", "finish", "OK", priority=True),
        Binding("escape", "cancel", "Cancel", priority=True),
        Binding("ctrl+n", "clear", "Empty form", priority=True),
        Binding("f2", "names", "Names", priority=True),
        Binding("tab", "next_field", "Next field", priority=True),
        Binding("shift+tab", "previous_field", "Previous field", priority=True),
        Binding("enter", "enter_field", "Next field", priority=True),
        Binding("up", "field_above", "Previous field", priority=True),
        Binding("down", "field_below", "Next field", priority=True),
    ]

    def __init__(self, experiment: Experiment | None) -> None:
        super().__init__()
        self._place, self._draft = empty() if experiment is None else _of(experiment)
        self._pages = Pages(self._place, self._draft)
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
        self._wanted = self._asked = False
        self._mounting: list[AwaitMount] = []
        self._said = ""

    def compose(self) -> ComposeResult:
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
        return Content(f"Experiment: {self._place.name}")

    def on_mount(self) -> None:
        self._fit(self.app.size.width)

    def on_resize(self, event: Resize) -> None:
        self._fit(event.size.width)
        if not self._rows:
            self.call_next(self._fill)

    def _fit(self, width: int) -> None:
        self.set_class(width < WIDE, "narrow")
        # what cannot be seen need not be drawn behind it
        self.set_class(width <= WIDEST, "covering")

    async def _fill(self) -> None:
        """Mount the fields: now that their place is known, they are laid out once."""
        boxes = []
        for title, group in sections(self._draft):
            rows = {each.key: FieldRow(each, self._draft.text(each.key)) for each in group}
            self._rows |= rows
            heading = Static(title, classes="heading", markup=False)
            boxes.append(Vertical(heading, *rows.values(), classes="section"))
        with self.app.batch_update():
            await self._fields.mount_all(boxes)
            self._sections = boxes
            self.set_focus(self._rows["network.layers"].entry)
            self._show()
        self._check(0.0)

    def on_field_row_edited(self, event: FieldRow.Edited) -> None:
        self._take(event.row)

    def _take(self, row: FieldRow) -> None:
        """Take over what stands in a field."""
        key, text = row.field.key, row.taken()
        if text == self._draft.text(key):
            return
        self._touched.add(key)
        self._asked = self._wanted = False  # what was asked for was another draft
        self._draft = self._draft.with_text(key, text)
        self._show()
        self._check(PATIENCE)

    async def _catch_up(self) -> None:
        """Wait until the keys pressed so far have done their work in the field they went into."""
        focused = self.focused
        row = None if focused is None else _row_of(focused)
        if focused is None or row is None:
            return
        try:
            # keys, then what they have led to, then what the row makes of that
            for each in (focused, focused, row):
                done = asyncio.Event()
                if each.is_running and each.call_later(done.set):
                    await asyncio.wait_for(done.wait(), LONGEST_WAIT)
            self._take(row)
            mounting, self._mounting = self._mounting, []
            for rows in mounting:
                await asyncio.wait_for(rows, LONGEST_WAIT)
        except TimeoutError:  # a huge text being read: the keys are answered all the same
            return

    async def action_next_field(self) -> None:
        await self._go_on(+1)

    async def action_previous_field(self) -> None:
        await self._go_on(-1)

    async def _go_on(self, by: int) -> None:
        """Focus the next field, or one of the buttons after the last.

        The order is that of the form: the screen's own follows the places of widgets, and those
        that have just come have none yet.
        """
        await self._catch_up()
        stops = [self._rows[each.key].entry for each in fields(self._draft)]
        stops += [each for each in self.query(Button) if not each.disabled]
        at = stops.index(self.focused) if self.focused in stops else -1
        self.set_focus(stops[(at + by) % len(stops)])

    async def action_enter_field(self) -> None:
        await self.action_next_field()

    async def action_field_above(self) -> None:
        await self.action_previous_field()

    async def action_field_below(self) -> None:
        await self.action_next_field()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enter leaves a field of one line only; the arrows stay in one of many lines."""
        if not self._sections and action != "cancel":
            return False
        if action == "enter_field":
            return isinstance(self.focused, Line | Choice)
        if action == "names":
            row = _row_of(self.focused) if isinstance(self.focused, Line) else None
            return row is not None and bool(row.field.options)
        return action not in ("field_above", "field_below") or not isinstance(self.focused, Area)

    async def action_names(self) -> None:
        """List the names that the field takes, to choose from."""
        await self._catch_up()
        row = None if self.focused is None else _row_of(self.focused)
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
        if event.button.id == "form-ok":
            await self.action_finish()
        else:
            await self.action_cancel()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        row = _row_of(event.widget)
        self._help.update(row.field.help if row else "", layout=False)
        if self._asked:
            self._asked = False
            self._say()

    async def action_finish(self) -> None:
        """Give the experiment back as soon as it is made, or show what is wrong."""
        await self._catch_up()
        self._wanted = True
        self._touched |= {each.key for each in fields(self._draft)}
        if self._outcome is not None and self._outcome.draft is self._draft:
            self._conclude(self._outcome)
        else:
            self._check(0.0)

    @property
    def ready(self) -> bool:
        return bool(self._sections)

    @property
    def busy(self) -> bool:
        return self._wanted

    async def action_cancel(self) -> None:
        """Leave; what was changed is lost only when asked for twice."""
        await self._catch_up()
        if self._asked or not self._pages.unsaved(self._draft):
            self.dismiss(None)
            return
        self._asked = True
        self._say()

    async def action_clear(self) -> None:
        """Empty the form; again: bring back what stood in it, and what stood in it before."""
        await self._catch_up()
        self._place, self._draft = self._pages.turned(self._place, self._draft)
        self._asked = False
        self._touched.clear()
        self.query_one("#form").border_title = self._heading
        self._show()
        self._check(0.0)
        self._rows["network.layers"].entry.focus()

    def _show(self) -> None:
        """Show the draft: its fields in their order, and what is wrong as far as is known."""
        if not self._sections or not all(box.is_running for box in self._sections):
            return
        draft = self._draft
        problems = draft.problems(at_once=True)
        if self._outcome is not None and self._outcome.draft is draft:
            problems |= self._outcome.problems
        shown = set[str]()
        for box, (_, group) in zip(self._sections, sections(draft), strict=True):
            before: Widget = box.children[0]
            for each in group:
                text = draft.text(each.key)
                row = self._rows.get(each.key)
                if row is None:
                    row = self._rows[each.key] = FieldRow(each, text)
                    self._mounting.append(box.mount(row, after=before))
                elif box.children.index(row) < box.children.index(before):
                    # it was made for a draft that had other fields before it
                    box.move_child(row, after=before)
                problem = problems.get(each.key, "")
                row.show(each, text, problem, bool(problem) and self._is_loud(each.key))
                before = row
                shown.add(each.key)
        for key, row in self._rows.items():
            if row.display is not (key in shown):
                row.display = key in shown
        self._ok.disabled = bool(problems)
        self._say(problems)

    def _is_loud(self, key: str) -> bool:
        """Whether a problem is a mistake, and not a field that nobody has come to yet."""
        return key in self._touched or self._draft.text(key) != ""

    def _say(self, problems: dict[str, str] | None = None) -> None:
        """The line beside OK."""
        line, outcome = self._line, self._outcome
        latest = outcome if outcome is not None and outcome.draft is self._draft else None
        if problems is None:
            problems = dict(latest.problems) if latest else self._draft.problems(at_once=True)
        text, wrong = "", False
        if self._asked:
            what = "your changes" if self._pages.changed(self._draft) else "your draft"
            text, wrong = f"Discard {what}? Press esc again to discard", True
        elif problems:
            text, wrong = self._said_of(problems)
        elif latest is not None and latest.general:
            text, wrong = latest.general, True
        elif latest is not None and latest.experiment is not None:
            text = summary(latest.experiment)
        else:
            return  # what was said stays until the check has an answer
        text = f"! {text}" if wrong else text
        if text != self._said:
            before, after = (_height(each, line.content_size.width) for each in (self._said, text))
            self._said = text
            line.update(text, layout=before != after)
            line.set_class(wrong, "wrong")

    def _said_of(self, problems: Collection[str]) -> tuple[str, bool]:
        """2 fields are wrong: W1, targets; or, as calmly as that, which are still missing."""
        loud = [key for key in problems if self._is_loud(key)]
        if not loud:
            return f"Still missing: {listed(self._draft, problems)}", False
        count = "1 field is" if len(loud) == 1 else f"{len(loud)} fields are"
        return f"{count} wrong: {listed(self._draft, loud)}", True

    def _check(self, patience: float) -> None:
        self.run_worker(self._checked(self._draft, patience), group="check", exclusive=True)

    async def _checked(self, draft: Draft, patience: float) -> None:
        await asyncio.sleep(patience)
        outcome = await asyncio.to_thread(checked, draft, self._place)
        if draft is self._draft:
            self._conclude(outcome)

    def _conclude(self, outcome: Outcome) -> None:
        self._outcome = outcome
        wanted, self._wanted = self._wanted, False
        if wanted and outcome.experiment is not None:
            self.dismiss(outcome.experiment)
            return
        self._show()
        if outcome.general:
            self._ok.disabled = True
        if wanted:
            wrong = (each.key for each in fields(self._draft) if each.key in outcome.problems)
            first = next(wrong, None)
            if first is not None:
                self._rows[first].entry.focus()


def _height(text: str, width: int) -> int:
    return Content(text).get_height({}, max(width, 1))


def _row_of(widget: Widget) -> FieldRow | None:
    return next((each for each in widget.ancestors if isinstance(each, FieldRow)), None)


def _of(experiment: Experiment) -> tuple[Place, Draft]:
    origin = origin_of(experiment)
    if origin is None:
        place = Place(experiment.name, working_folder())
    else:
        place = Place(experiment.name, origin.folder, origin.file, origin.text)
    return place, Draft.of(table_of(experiment), place.folder)
