"""Asks what to export, in which format and where, and writes it; nothing is overwritten unasked."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Input, Static

from bptui.app.lines import key_hints
from bptui.app.screens.dialog import Dialog, ending
from bptui.app.screens.export.choices import Choices
from bptui.app.screens.export.files import file_of, opened, same_file, stem_of
from bptui.app.screens.export.job import Job, Shown, StoppedError
from bptui.app.screens.export.kinds import ENDINGS, HISTORY, PROGRAM, Format, with_ending
from bptui.app.screens.export.picture import Picture
from bptui.core.errors import UnusableError
from bptui.export.history import Rows, default_every, replayed, row_bytes
from bptui.presets.number_parsing import EntryError, whole
from bptui.presets.save import ExistsError, SaveError, shown_path

MOST_IN_MEMORY = 4e9
"""Bytes of an NPZ file, which has to be in memory before it is written."""
PROGRESS = 0.1
"""Seconds between two looks at how far an export is."""
KEYS = "↑ ↓ ← →: choose, enter: write, esc: close"


def sized(size: float) -> str:
    """A number of bytes in words, with two digits."""
    units = ["bytes", "kB", "MB", "GB"]
    while size >= 999.5 and len(units) > 1:
        size /= 1000
        del units[0]
    return f"{float(f'{size:.2g}'):,g} {units[0]}"


def _listed(steps: tuple[int, ...]) -> str:
    """Some numbers of steps in words, the first of many."""
    named = [str(each) for each in steps[:4]]
    if len(steps) > len(named):
        return f"{', '.join(named)} and later"
    return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)


def _written(job: Job, form: Format, path: Path, overwrite: bool) -> None:
    """Write the file; raises :class:`StoppedError`, and leaves none, where that was asked for."""
    with opened(path, overwrite) as stream:
        form.write(job, stream)
        job.tick(job.done)


class ExportScreen(Dialog[Path | None]):
    """Gives the file that was written, or None. ``own`` is the preset's file, if it has one."""

    BINDINGS: ClassVar = [
        Binding("escape", "close", "Close"),
        Binding("up", "move(-1)", "What is above", show=False),
        Binding("down", "move(1)", "What is below", show=False),
    ]

    def __init__(self, shown: Shown, own: Path | None = None) -> None:
        super().__init__()
        self._shown, self._own = shown, own
        self._proposed = ""
        self._overwrites: Path | None = None
        self._job: Job | None = None
        self._left: Widget = self
        """What has the focus while nothing is being written."""

    def compose(self) -> ComposeResult:
        every = default_every(self._shown.timeline.experiment, self._shown.timeline.furthest)
        with Vertical(id="export", classes="dialog") as box:
            box.border_title = "Export"
            box.border_subtitle = KEYS
            yield Choices(self._shown)
            yield Input(id="export-name")
            with Vertical(id="export-about"):
                yield Static(id="export-place", markup=False)
                yield Static(id="export-meaning", markup=False)
                with Horizontal(id="export-rows"):
                    yield Static("every", markup=False)
                    yield Input(str(every), id="export-every")
                    yield Static(id="export-size", markup=False)

    def on_mount(self) -> None:
        self._left = self.query_one(Choices)
        self._propose()
        self._left.focus()

    def on_resize(self) -> None:
        # once there is a width for the path; a question or an error stays
        if not self._place.has_class("wrong"):
            self.call_after_refresh(self._say)

    @property
    def _file_name(self) -> Input:
        return self.query_one("#export-name", Input)

    @property
    def _every(self) -> Input:
        return self.query_one("#export-every", Input)

    @property
    def _place(self) -> Static:
        return self.query_one("#export-place", Static)

    @property
    def _format(self) -> Format:
        return self.query_one(Choices).format

    def action_move(self, by: int) -> None:
        """The kind above or below."""
        self.query_one(Choices).move(by)

    def on_choices_chosen(self) -> None:
        """The name follows the format."""
        typed = self._file_name.value.rstrip()
        suffix = Path(typed).suffix
        if typed == self._proposed:
            self._propose()
        elif suffix.lower() != self._format.ending:
            stem = typed.removesuffix(suffix) if suffix.lower() in ENDINGS else typed
            self._file_name.value = stem + self._format.ending
        self._overwrites = None
        self._say()

    def _propose(self) -> None:
        """Propose a name for what is chosen."""
        stem = stem_of(self._shown.name)
        self._file_name.value = self._proposed = self._format.proposed(stem, self._shown)

    def on_input_changed(self, event: Input.Changed) -> None:
        if self._job is not None:
            return
        self._overwrites = None
        if event.input is self._file_name:
            self._follow(event.value)
        self._say()

    def _follow(self, typed: str) -> None:
        """The format follows the name, where its ending is that of one."""
        choices = self.query_one(Choices)
        found = with_ending(Path(typed.strip()).suffix.lower(), choices.kind, choices.format)
        if found is not None:
            choices.choose(*found)

    def on_choices_answered(self) -> None:
        self._answer()

    def on_input_submitted(self) -> None:
        self._answer()

    def _say(self) -> tuple[Path, Rows] | None:
        """Show what will be written and where, or why it cannot be; the file and the rows."""
        kind = self.query_one(Choices).kind
        self.query_one("#export-rows").display = kind is HISTORY
        self.query_one("#export-meaning", Static).update(self._meaning())
        try:
            rows = self._rows()
            path = file_of(self._file_name.value, self._format.ending)
            if same_file(path, self._own):
                raise SaveError("This is the preset's own file: use w to save it.")
        except (SaveError, EntryError) as error:
            self._complain(str(error))
            return None
        self._place.remove_class("wrong")
        self._place.update(f"→ {ending(shown_path(path), self._place.size.width - 2)}")
        return path, rows

    def _rows(self) -> Rows:
        """The rows of the history; raises :class:`EntryError`, for the user to read."""
        last, experiment = self._shown.timeline.furthest, self._shown.timeline.experiment
        size = self.query_one("#export-size", Static)
        if self.query_one(Choices).kind is not HISTORY:
            return Rows(last, 1)
        size.update("steps")
        try:
            every = whole(self._every.value)
        except EntryError as error:
            said = str(error)
            raise EntryError(f"{said[0].upper()}{said[1:]}.") from None
        if every < 1:
            raise EntryError("Expected a row every step, or every 2, 3, ... steps.")
        rows, form = Rows(last, every), self._format.name.lower()
        bytes_ = rows.count * row_bytes(experiment, form)
        count = f"{rows.count:,} row{'s' * (rows.count > 1)}"
        size.update(f"{'step' if every == 1 else 'steps'}: {count}, about {sized(bytes_)}")
        if form == "npz" and bytes_ > MOST_IN_MEMORY:
            raise EntryError("This NPZ file may not fit in memory: write fewer rows, or CSV.")
        return rows

    def _meaning(self) -> str:
        """What is written, and what of the shown is lost in it."""
        kind, said = self.query_one(Choices).kind, self._format.meaning
        timeline = self._shown.timeline
        if kind is PROGRAM:
            said += " It starts at step 0"
            if timeline.edits:
                said += f", without your changes at step {_listed(timeline.edits)}"
            elif self._shown.snapshot.step:
                said += ", with the start values"
            said += "."
            if self._shown.snapshot.step and self._format.name == "TOML":
                said += f" To save the weights of step {self._shown.snapshot.step}, press w."
        elif kind is HISTORY and timeline.edits:
            said += " Your changes are included."
        return said

    def _complain(self, text: str) -> None:
        self._place.add_class("wrong").update(text)

    def _show_keys(self) -> None:
        """Say what the keys do, which is little while a file is being written."""
        idle, choices = self._job is None, self.query_one(Choices)
        choices.locked = not idle
        if not idle:
            self._left = self.focused or choices
            choices.focus()
        for field in (self._file_name, self._every):
            field.disabled = not idle
        if idle:
            self._left.focus()
        self.query_one("#export").border_subtitle = key_hints(KEYS if idle else "esc: stop")

    def _answer(self) -> None:
        """Enter: write what is chosen, unless that is under way."""
        if self._job is not None:
            return
        said = self._say()
        if said is not None:
            path, rows = said
            self._write(path, rows, overwrite=path == self._overwrites)

    @work
    async def _write(self, path: Path, rows: Rows, overwrite: bool) -> None:
        """Write the file, off the event loop: a long history takes minutes."""
        shown, self._overwrites = self._shown, None
        picture = Picture.of(self.app.screen_stack[0])
        history = None
        if self.query_one(Choices).kind is HISTORY:
            history = replayed(shown.timeline, shown.snapshot)
        job = self._job = Job(shown, picture, rows.every, history)
        self._show_keys()
        self._show_progress()
        progress = self.set_interval(PROGRESS, self._show_progress)
        wrong = ""
        try:
            await asyncio.to_thread(_written, job, self._format, path, overwrite)
        except ExistsError:
            self._overwrites = path
            wrong = f"{path.name} exists: enter again to overwrite it, or type another name."
        except (SaveError, UnusableError) as error:
            wrong = str(error)
        except MemoryError:
            wrong = "Not enough memory: write fewer rows."
        except StoppedError:
            wrong = "Stopped. Nothing was written."
        except asyncio.CancelledError:  # the app is left: the thread must not keep it
            job.stopped = True
            raise
        progress.stop()
        self._job = None
        self._show_keys()
        if wrong:
            self._complain(wrong)
        else:
            self.dismiss(path)

    def _show_progress(self) -> None:
        job = self._job
        if job is None:
            return
        text = "stopping …" if job.stopped else "writing …"
        if job.history is not None and not job.stopped:
            count = Rows(job.shown.timeline.furthest, job.every).count
            text = f"writing …  row {job.done:,} of {count:,}, {job.done * 100 // count} %"
        self._place.remove_class("wrong").update(text)

    def action_close(self) -> None:
        """Close the dialog, or stop what it writes."""
        if self._job is None:
            self.dismiss(None)
        else:
            self._job.stopped = True
            self._show_progress()
