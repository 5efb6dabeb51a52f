"""Asks what to export, in which format and where, and writes it; nothing is overwritten unasked."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from textual import work
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Click
from textual.style import Style
from textual.widget import Widget
from textual.widgets import Input, Static

from bptui.app.lines import key_hints
from bptui.app.screens.dialog import FileQuestion
from bptui.app.screens.export_formats import (
    FORMATS,
    KINDS,
    Format,
    Job,
    StoppedError,
    file_of,
    of_kind,
    with_ending,
)
from bptui.core.engine import Snapshot
from bptui.core.timeline import Timeline
from bptui.export.history import Rows, default_every, row_bytes
from bptui.presets.number_parsing import EntryError, whole
from bptui.presets.save import SaveError, shown_path

MOST_IN_MEMORY = 4e9
"""Bytes of an NPZ file, which has to be in memory before it is written."""
PROGRESS = 0.1
"""Seconds between two looks at how far an export is."""
KEYS = "↑ ↓ ← →: choose, enter: write, esc: close"
ENDINGS = {form.ending for form in FORMATS}


def sized(size: float) -> str:
    """Return a number of bytes in words, with two digits."""
    units = ["bytes", "kB", "MB", "GB"]
    while size >= 999.5 and len(units) > 1:
        size /= 1000
        del units[0]
    return f"{float(f'{size:.2g}'):,g} {units[0]}"


class Choices(Static, can_focus=True):
    """The list of kinds, each with its formats side by side; arrows and clicks choose."""

    BINDINGS: ClassVar = [
        Binding("left", "screen.turn(-1)", "Previous format", show=False),
        Binding("right,space", "screen.turn(1)", "Next format", show=False),
        Binding("enter", "screen.answer", "Export", show=False),
    ]

    def on_click(self, event: Click) -> None:
        screen, place = self.screen, event.style.meta.get("format")
        if isinstance(screen, ExportScreen) and place is not None:
            screen.action_choose(place)


class ExportScreen(FileQuestion[tuple[Path, Rows]]):
    """Gives the file that was written, or None. ``own`` is the preset's file, if it has one.

    ``name``, ``timeline`` and ``snapshot`` are what is shown behind it.
    """

    BINDINGS: ClassVar = [
        Binding("up", "move(-1)", "What is above", show=False),
        Binding("down", "move(1)", "What is below", show=False),
    ]

    def __init__(
        self, name: str, timeline: Timeline, snapshot: Snapshot, own: Path | None = None
    ) -> None:
        self._proposed = FORMATS[0].proposed(name, snapshot.step)
        super().__init__("Export", KEYS, self._proposed)
        self._name_shown, self._timeline, self._snapshot = name, timeline, snapshot
        self._own = own
        self._format = FORMATS[0]
        self._formats = {kind: of_kind(kind)[0] for kind in KINDS}
        """The format of each kind that is chosen, or was last."""
        self._job: Job | None = None
        every = default_every(timeline.experiment, timeline.furthest)
        self._choices, self._about = Choices(markup=False), Static(classes="about", markup=False)
        self._every, self._extent = Input(str(every)), Static(markup=False)
        self._rows = Horizontal(Static("every", markup=False), self._every, self._extent)

    def rows(self) -> Iterable[Widget]:
        return self._choices, *super().rows(), self._about, self._rows

    def on_mount(self) -> None:
        self.call_after_refresh(self._choices.focus)

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def on_descendant_focus(self) -> None:
        self._draw()

    def on_descendant_blur(self) -> None:
        self._draw()

    def _draw(self) -> None:
        """Show the kinds and formats, with short titles where there is no room for long ones."""
        places = {"step": self._snapshot.step, "last": self._timeline.furthest}
        titles = {kind: title.format(**places) for kind, (title, _) in KINDS.items()}
        widest = max(sum(len(form.name) + 2 for form in of_kind(kind)) for kind in KINDS)
        if max(map(cell_len, titles.values())) + 6 + widest > self._choices.size.width:
            titles = {kind: f"the {kind}" for kind in KINDS}
        column, lines = max(map(cell_len, titles.values())) + 2, []
        for kind, title in titles.items():
            chosen = kind == self._format.kind
            style, focused = "bold $text" if chosen else "", chosen and self._choices.has_focus
            text = f"{'(•)' if chosen else '( )'} {title}{' ' * (column - cell_len(title))}"
            line = [self._choice(text, self._formats[kind], style)]
            for form in of_kind(kind):
                if form is self._formats[kind]:
                    mark = "bold reverse" if focused else style
                    line.append(self._choice(f"[{form.name}]", form, mark))
                else:
                    line.append(self._choice(f" {form.name} ", form, ""))
            lines.append(Content("").join(line))
        self._choices.update(Content("\n").join(lines))

    def _choice(self, text: str, form: Format, style: str) -> Content:
        meta = Style.from_meta({"format": FORMATS.index(form)})
        return Content.styled(text, style).stylize(meta)

    def _choose(self, form: Format) -> None:
        if self._job is None:
            self._format = self._formats[form.kind] = form
            self._overwrites = None
            self._draw()

    def action_choose(self, place: int) -> None:
        """Choose a format; the name follows."""
        self._choose(FORMATS[place])
        typed = self._field.value.rstrip()
        suffix = Path(typed).suffix
        if typed == self._proposed:
            self._proposed = self._format.proposed(self._name_shown, self._snapshot.step)
            self._field.value = self._proposed
        elif suffix.lower() != self._format.ending:
            stem = typed.removesuffix(suffix) if suffix.lower() in ENDINGS else typed
            self._field.value = stem + self._format.ending
        self.check()

    def action_move(self, by: int) -> None:
        """Choose the kind above or below."""
        kinds = [*KINDS]
        at = min(max(kinds.index(self._format.kind) + by, 0), len(kinds) - 1)
        self.action_choose(FORMATS.index(self._formats[kinds[at]]))

    def action_turn(self, by: int) -> None:
        """Choose the next or the previous format, around the ends."""
        forms = of_kind(self._format.kind)
        form = forms[(forms.index(self._format) + by) % len(forms)]
        self.action_choose(FORMATS.index(form))

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input is self._field:  # the format follows the name, where its ending is of one
            found = with_ending(Path(event.value.strip()).suffix.lower(), self._format)
            if found is not None:
                self._choose(found)

    def read(self, text: str) -> tuple[tuple[Path, Rows], str]:
        """Return the file and the rows of a history, and where the file will be."""
        self._rows.visible = self._format.kind == "history"
        self._about.update(self._explained())
        rows = self._chosen_rows()
        path = file_of(text, self._format.ending)
        if self._own is not None and path.exists() and os.path.samefile(path, self._own):
            raise SaveError("This is the preset's own file: use w to save it.")
        return (path, rows), self.shown(shown_path(path))

    def _chosen_rows(self) -> Rows:
        last, form = self._timeline.furthest, self._format
        if form.kind != "history":
            return Rows(last, 1)
        self._extent.update("steps")
        try:
            every = whole(self._every.value)
        except EntryError as error:
            raise EntryError(f"{error}.") from None
        if every < 1:
            raise EntryError("Expected a row every step, or every 2, 3, ... steps.")
        rows = Rows(last, every)
        size = rows.count * row_bytes(self._timeline.experiment, form.name.lower())
        count = f"{rows.count:,} row{'s' * (rows.count > 1)}"
        self._extent.update(f"{'step' if every == 1 else 'steps'}: {count}, about {sized(size)}")
        if form.name == "NPZ" and size > MOST_IN_MEMORY:
            raise EntryError("This NPZ file may not fit in memory: write fewer rows, or CSV.")
        return rows

    def _explained(self) -> str:
        """Return what is written, and what of the shown is lost in it."""
        form, edits, step = self._format, self._timeline.edits, self._snapshot.step
        said = form.meaning
        if form.kind == "program":
            said += " It starts at step 0"
            if edits:
                said += ", without your changes at later steps"
            elif step:
                said += ", with the start values"
            said += "."
            if step and form.name == "TOML":
                said += f" To save the weights of step {step}, press w."
        elif form.kind == "history" and edits:
            said += " Your changes are included."
        return said

    def action_answer(self) -> None:
        """Write what is chosen."""
        value = self.check()
        if value is not None:
            self.take(value)

    @work
    async def take(self, value: tuple[Path, Rows]) -> None:
        """Write the file, off the event loop: a long history takes minutes."""
        path, rows = value
        strips = self.app.screen_stack[0]._compositor.render_strips()
        job = Job(self._name_shown, self._timeline, self._snapshot, strips, rows.every)
        self._job, left = job, self.focused or self._choices
        self._set_writing(True)
        progress = self.set_interval(PROGRESS, self._show_progress)
        try:
            await self.put(path, partial(job.write, self._format))
        except StoppedError:
            self.say("Stopped. Nothing was written.", wrong=True)
        finally:
            job.stopped = True  # where the app is left, the thread must not keep it
            self._job = None
        progress.stop()
        self._set_writing(False)
        left.focus()

    def _set_writing(self, writing: bool) -> None:
        """Say what the keys do, which is little while a file is being written."""
        if writing:
            self._choices.focus()
        for field in (self._field, self._every):
            field.disabled = writing
        self.box.border_subtitle = key_hints("esc: stop" if writing else KEYS)

    def _show_progress(self) -> None:
        job = self._job
        if job is not None:
            text = "stopping …" if job.stopped else "writing …"
            if self._format.kind == "history" and not job.stopped:
                count = job.rows.count
                text = f"writing …  row {job.done:,} of {count:,}, {job.done * 100 // count} %"
            self.say(text)

    def action_close(self) -> None:
        """Close the dialog, or stop what it writes."""
        if self._job is None:
            self.dismiss(None)
        else:
            self._job.stopped = True
            self._show_progress()
