"""The form: the whole experiment as a list of texts, each changed in a dialog of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.binding import Binding
from textual.content import Content
from textual.events import Key, Paste
from textual.widget import Widget
from textual.widgets import Static
from textual.widgets.option_list import Option

from bptui.app.form.controls import AreaScreen, LineScreen, NamesScreen
from bptui.app.form.draft import Outcome, checked, empty, filled
from bptui.app.form.fields import Field, sections
from bptui.app.form.rows import field_content
from bptui.app.key_queue import LONGEST_LINE
from bptui.app.screens.dialog import Dialog, Rows
from bptui.core.experiment import Experiment


class FormScreen(Dialog[Experiment | None]):
    """Gives the experiment that was made of the form, or None where the user thought better of it.

    Without an experiment to begin with the form is empty. What is typed goes into the field that is
    highlighted.
    """

    CSS_PATH: ClassVar = [*Dialog.CSS_PATH, Path(__file__).with_name("form.tcss")]

    BINDINGS: ClassVar = [
        Binding("ctrl+s", "finish", "OK"),
        Binding("ctrl+n", "clear", "Empty form"),
        Binding("f2", "names", "Names"),
        # before the list takes them to scroll, or the focus moves
        Binding("left", "choose(-1)", "Previous", priority=True),
        Binding("right", "choose(1)", "Next", priority=True),
        Binding("space", "choose(1)", "Next"),
        Binding("tab", "move(1)", "Next field", priority=True),
        Binding("shift+tab", "move(-1)", "Previous field", priority=True),
    ]

    def __init__(self, experiment: Experiment | None) -> None:
        super().__init__("", "enter: change, ctrl+s: OK, esc: cancel, ctrl+n: empty")
        self._draft = empty() if experiment is None else filled(experiment)
        self._opened = self._draft
        self._fields = dict[str, Field]()
        self._list = Rows(markup=False)
        self._help = Static(id="form-help", markup=False)
        self._said = Static(id="form-said", markup=False)
        self._outcome: Outcome | None = None
        """Of the last check, which may have been that of an earlier draft."""
        self._wanted, self._asked = False, ""

    def rows(self) -> Iterable[Widget]:
        return self._list, self._help, self._said

    def on_mount(self) -> None:
        self._list.focus()
        self._begin()

    def _begin(self) -> None:
        self.box.border_title = Content(f"Experiment: {self._draft.place.name}")
        self._fill()
        self._go_to(next(iter(self._fields)))
        self._check()

    def on_resize(self) -> None:
        self.call_after_refresh(self._fill)

    @property
    def busy(self) -> bool:
        """Whether the experiment is being made that OK asked for."""
        return self._wanted

    @property
    def _field(self) -> Field:
        """The field that is highlighted."""
        option = self._list.highlighted_option
        return self._fields[(option and option.id) or next(iter(self._fields))]

    def _fill(self) -> None:
        """List the fields in their order, with what is wrong with them as far as is known."""
        key = self._field.key if self._fields else ""
        problems = self._outcome.problems if self._outcome is not None else {}
        width, options = self._list.scrollable_content_region.width, list[Option]()
        self._fields.clear()
        for title, group in sections(self._draft):
            heading = Content.assemble("\n" if options else "", (title, "bold $text-accent"))
            options.append(Option(heading, disabled=True))
            for field in group:
                text = self._draft.chosen(field.key)
                problem = problems.get(field.key, "") if text else ""
                content = field_content(field, text, problem, width)
                options.append(Option(content, id=field.key))
                self._fields[field.key] = field
        top = self._list.scroll_offset.y
        self._list.set_options(options)
        self._list.scroll_to(y=top, animate=False, force=True)
        if key in self._fields:
            self._go_to(key)
        self._say()

    def _go_to(self, key: str) -> None:
        """Highlight the field with this key."""
        self._list.highlighted = self._list.get_option_index(key)

    def on_option_list_option_highlighted(self) -> None:
        self._help.update(self._field.help, layout=False)

    def on_option_list_option_selected(self) -> None:
        self._edit(self._field)

    def on_key(self, event: Key) -> None:
        """Replace the text of the field with what is typed."""
        if event.character and event.is_printable and not self._field.is_choice:
            self._edit(self._field, event.character)

    def on_paste(self, event: Paste) -> None:
        """Have it pasted into the text of the field."""
        field = self._field
        if field.is_block or (not field.is_choice and len(event.text) <= LONGEST_LINE):
            self._edit(field)
            self.app.call_after_refresh(self.app.post_message, Paste(event.text))

    def _edit(self, field: Field, typed: str = "") -> None:
        """Ask for the text of a field, or have one of its options chosen."""
        if field.is_choice:
            self.action_names()
            return
        screen = AreaScreen if field.is_block else LineScreen
        self.app.push_screen(screen(self._draft, field, typed), partial(self._write, field, 1))

    def _write(self, field: Field, by: int, text: str | None) -> None:
        """Take over the text of a field, and go so many fields further."""
        if text is None:
            return
        if text != self._draft.chosen(field.key):
            self._asked, self._wanted = "", False  # what was asked for was another draft
            self._draft = self._draft.with_text(field.key, text)
            self._fill()
            self._check()
        self.action_move(by)

    def action_move(self, by: int) -> None:
        """Go to the next field, or the one before."""
        keys, self._asked = [*self._fields], ""
        self._go_to(keys[(keys.index(self._field.key) + by) % len(keys)])
        self._say()

    def action_choose(self, by: int) -> None:
        """Choose the next option, or the one before."""
        field = self._field
        if field.is_choice:
            options = [*field.options]
            at = options.index(self._draft.chosen(field.key)) + by
            self._write(field, 0, options[at % len(options)])

    def action_names(self) -> None:
        """List the names that the field takes, to choose from."""
        field = self._field
        if field.options:
            names = NamesScreen(field, self._draft.chosen(field.key))
            self.app.push_screen(names, partial(self._write, field, 0))

    def action_finish(self) -> None:
        """Give the experiment back as soon as it is made, or show what is wrong."""
        self._wanted = True
        if self._outcome is not None and self._outcome.draft is self._draft:
            self._conclude(self._outcome)
        else:
            self._check()

    def _may_lose(self, key: str) -> bool:
        """Return whether what was changed may be lost: if ``key`` asks for that twice."""
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
            self._opened, self._asked = self._draft, ""
            self._begin()

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
    async def _check(self) -> None:
        draft = self._draft
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
        self._fill()
        if wanted and outcome.problems:
            self._go_to(next(iter(outcome.problems)))
