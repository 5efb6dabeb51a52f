"""The form: the whole experiment as texts, checked while one types."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import DescendantFocus, Resize
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from bptui.app.form.checking import Outcome, Place, checked, summary, wrong_fields
from bptui.app.form.draft import EMPTY, Draft
from bptui.app.form.fields import fields, sections
from bptui.app.form.row import FieldRow
from bptui.core.experiment import Experiment
from bptui.presets.describe import table_of
from bptui.presets.origin import origin_of

WIDE = 100
"""Columns from which messages stand beside their fields."""
PATIENCE = 0.2
"""Seconds without a key after which the whole experiment is checked."""


class Fields(VerticalScroll, can_focus=False):
    """All rows; the arrow keys go from one to the next."""

    BINDINGS: ClassVar = [
        Binding("up", "screen.focus_previous", "Previous field", show=False),
        Binding("down,enter", "screen.focus_next", "Next field", show=False),
    ]


class FormScreen(ModalScreen[Experiment | None]):
    """Gives the experiment that was made of the form, or None where the user thought better of it.

    Without an experiment to begin with the form is empty.
    """

    DEFAULT_CSS = """
    FormScreen { align: center middle; }
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
        scrollbar-size: 1 1;
        scrollbar-color: $foreground 30%;
        scrollbar-background: $surface;
    }
    FormScreen .section { height: auto; margin: 0 0 1 0; }
    FormScreen .heading { text-style: bold; color: $text-accent; }
    FormScreen.narrow FieldRow {
        layout: vertical;
        & .entry { width: 100%; }
        & .side { width: 100%; padding: 0 0 0 17; display: none; }
        & .side.wrong { display: block; }
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
        Binding("ctrl+s", "finish", "OK"),
        Binding("escape", "cancel", "Cancel"),
        Binding("ctrl+n", "clear", "Empty form"),
    ]

    def __init__(self, experiment: Experiment | None) -> None:
        super().__init__()
        self._place, self._draft = _empty(Path.cwd()) if experiment is None else _of(experiment)
        self._opened = self._draft
        self._put_aside: tuple[Place, Draft] | None = None
        """What stood in the form before it was emptied."""
        self._rows: dict[str, FieldRow] = {}
        self._touched = set[str]()
        """Fields that have been written in, so that they are not merely still empty."""
        self._outcome: Outcome | None = None
        self._wanted = self._asked = False

    def compose(self) -> ComposeResult:
        with Vertical(id="form") as box:
            box.border_title = f"Experiment: {self._place.name}"
            box.border_subtitle = "ctrl+s OK, esc cancels, ctrl+n empties the form"
            with Fields(id="form-fields"):
                for number, (title, group) in enumerate(sections(self._draft)):
                    with Vertical(classes="section", id=f"section-{number}"):
                        yield Static(title, classes="heading")
                        for each in group:
                            row = self._rows[each.key] = FieldRow(each, self._draft.text(each.key))
                            yield row
            yield Static(id="form-help", markup=False)
            with Horizontal(id="form-end"):
                yield Static(id="form-said", markup=False)
                yield Button("OK", id="form-ok", variant="primary", compact=True, disabled=True)
                yield Button("Cancel", id="form-cancel", compact=True)

    def on_mount(self) -> None:
        self._rows["network.layers"].entry.focus()
        self._show()
        self._check(0.0)

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width < WIDE, "narrow")

    def on_field_row_edited(self, event: FieldRow.Edited) -> None:
        key = event.row.field.key
        self._touched.add(key)
        self._asked = False
        self._draft = self._draft.with_text(key, event.text)
        self._show()
        self._check(PATIENCE)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.focus_next()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "form-ok":
            self.action_finish()
        else:
            self.action_cancel()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        row = next((each for each in event.widget.ancestors if isinstance(each, FieldRow)), None)
        self.query_one("#form-help", Static).update(row.field.help if row else "")
        if self._asked:
            self._asked = False
            self._say()

    def action_finish(self) -> None:
        """Give the experiment back as soon as it is made, or show what is wrong."""
        self._wanted = True
        self._touched |= {each.key for each in fields(self._draft)}
        if self._outcome is not None and self._outcome.draft is self._draft:
            self._conclude(self._outcome)
        else:
            self._check(0.0)

    def action_cancel(self) -> None:
        """Leave; what was changed is lost only when asked for twice."""
        if self._asked or not self._draft.changed(self._opened):
            self.dismiss(None)
            return
        self._asked = True
        self._say()

    def action_clear(self) -> None:
        """Empty the form; again: bring back what stood in it."""
        aside = self._put_aside
        if aside is not None and not self._draft.changed(_empty(self._place.folder)[1]):
            self._put_aside = None
            self._place, self._draft = aside
        else:
            self._put_aside = self._place, self._draft
            self._place, self._draft = _empty(Path.cwd())
        self._touched.clear()
        self.query_one("#form").border_title = f"Experiment: {self._place.name}"
        self._show()
        self._check(0.0)
        self._rows["network.layers"].entry.focus()

    def _show(self) -> None:
        """Show the draft: its fields in their order, and what is wrong as far as is known."""
        draft = self._draft
        problems = draft.problems(at_once=True)
        if self._outcome is not None and self._outcome.draft is draft:
            problems |= self._outcome.problems
        shown = set[str]()
        for number, (_, group) in enumerate(sections(draft)):
            box = self.query_one(f"#section-{number}")
            before: Widget = box.children[0]
            for each in group:
                text = draft.text(each.key)
                row = self._rows.get(each.key)
                if row is None:
                    row = self._rows[each.key] = FieldRow(each, text)
                    box.mount(row, after=before)
                problem = problems.get(each.key, "")
                row.show(each, text, problem, bool(problem) and self._is_loud(each.key))
                before = row
                shown.add(each.key)
        for key, row in self._rows.items():
            row.display = key in shown
        self.query_one("#form-ok", Button).disabled = bool(problems)
        self._say(problems)

    def _is_loud(self, key: str) -> bool:
        """Whether a problem is a mistake, and not a field that nobody has come to yet."""
        return key in self._touched or self._draft.text(key) != ""

    def _say(self, problems: dict[str, str] | None = None) -> None:
        """The line beside OK."""
        line, outcome = self.query_one("#form-said", Static), self._outcome
        latest = outcome if outcome is not None and outcome.draft is self._draft else None
        if problems is None:
            problems = dict(latest.problems) if latest else self._draft.problems(at_once=True)
        text, wrong = "", False
        if self._asked:
            text, wrong = "Discard what you changed? esc again discards it", True
        elif problems:
            text, wrong = wrong_fields(self._draft, problems), True
        elif latest is not None and latest.general:
            text, wrong = latest.general, True
        elif latest is not None and latest.experiment is not None:
            text = summary(latest.experiment)
        else:
            return  # what was said stays until the check has an answer
        line.update(f"! {text}" if wrong else text)
        line.set_class(wrong, "wrong")

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
            self.query_one("#form-ok", Button).disabled = True
        if wanted:
            wrong = (each.key for each in fields(self._draft) if each.key in outcome.problems)
            first = next(wrong, None)
            if first is not None:
                self._rows[first].entry.focus()


def _of(experiment: Experiment) -> tuple[Place, Draft]:
    origin = origin_of(experiment)
    if origin is None:
        place = Place(experiment.name, Path.cwd())
    else:
        place = Place(experiment.name, origin.folder, origin.file, origin.text)
    return place, Draft.of(table_of(experiment), place.folder)


def _empty(folder: Path) -> tuple[Place, Draft]:
    return Place("untitled", folder), Draft.of(EMPTY, folder)
