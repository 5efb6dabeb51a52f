"""Asks what to export and where, and writes it beside the event loop."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path
from typing import NamedTuple, TextIO

from rich.console import Console
from textual.content import Content
from textual.strip import Strip, StripRenderable
from textual.widgets import OptionList
from textual.worker import Worker

from bptui.app.screens.dialog import FileQuestion, where
from bptui.core.engine import Snapshot
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline
from bptui.export.formats import written
from bptui.export.history import WRITERS, default_every, history, steps_of
from bptui.export.programs import numpy_program, toml_preset, torch_program
from bptui.export.worksheet import worksheet
from bptui.presets.errors import cleaned
from bptui.presets.save import SaveError, file_at, saving

LONGEST = 60
"""Characters of a preset's name in the names of files."""
PROGRESS = 0.1
"""Seconds between two looks at how far an export is."""


Write = Callable[["ExportScreen", TextIO], object]


def _program(make: Callable[[Experiment], str]) -> Write:
    return lambda job, stream: stream.write(make(job.timeline.experiment))


def _history(form: str) -> Write:
    def write(job: ExportScreen, stream: TextIO) -> None:
        played = job.timeline.until(len(job.timeline.losses))
        WRITERS[form](history(played, job.steps, job.tick), stream)

    return write


def _worksheet(form: str) -> Write:
    def write(job: ExportScreen, stream: TextIO) -> None:
        sheet = worksheet(job.snapshot, "all")
        for line in written(sheet, form):
            job.tick(0)
            stream.write(line + "\n")

    return write


def _text(job: ExportScreen, stream: TextIO) -> None:
    stream.writelines(f"{strip.text.rstrip()}\n" for strip in job.strips)


def _svg(job: ExportScreen, stream: TextIO) -> None:
    console = Console(
        width=max(strip.cell_length for strip in job.strips),
        height=len(job.strips),
        file=StringIO(),
        force_terminal=True,
        color_system="truecolor",
        record=True,
        legacy_windows=False,
        safe_box=False,
    )
    console.print(StripRenderable([*job.strips]), end="")
    title = cleaned(job.snapshot.experiment.title or job.shown).replace("\n", " ")
    # the file stands alone: without the fonts that it would fetch, it uses those there are
    stream.write(re.sub(r"\s*@font-face \{[^}]*\}", "", console.export_svg(title=title)))


class Format(NamedTuple):
    """A format of a kind; ``tail`` follows the preset's name in the names of its files."""

    kind: str
    name: str
    tail: str
    meaning: str
    write: Write

    @property
    def ending(self) -> str:
        """The ending of its files."""
        return self.tail[self.tail.rindex(".") :]

    def proposed(self, name: str, step: int) -> str:
        """Return the name of a file of this format for a preset's ``name``."""
        return stem_of(name) + self.tail.format(step=step)


_ALONE = "A self-contained program: it trains this network and prints the same losses"
_PRESET = "A self-contained preset: `bptui FILE` opens it."
_ROWS = "Loss, learning rate, weights, biases and gradients: one"
_ARRAYS = "Arrays for numpy.load: step, loss, W1 (steps, fan_in, fan_out), gW1, …"
_SCREEN = "The screen behind this dialog as"
_SHEET = "The calculation of this step with its numbers, operation by operation,"
_FORMULAS, _DOCUMENT = "with formulas as GitHub shows them.", "as a document for pdflatex."
_ON_PAPER = "-worksheet-step-{step}"
FORMATS = (
    Format("program", "numpy", ".py", f"{_ALONE}.", _program(numpy_program)),
    Format("", "torch", "-torch.py", f"{_ALONE}; gradients by autograd.", _program(torch_program)),
    Format("preset", "TOML", ".toml", _PRESET, _program(toml_preset)),
    Format("history", "CSV", "-history.csv", f"{_ROWS} row per step.", _history("csv")),
    Format("", "JSON", "-history.json", f"{_ROWS} object per step.", _history("json")),
    Format("", "NPZ", "-history.npz", _ARRAYS, _history("npz")),
    Format("screen", "SVG", "-step-{step}.svg", f"{_SCREEN} a picture.", _svg),
    Format("", "text", "-step-{step}.txt", f"{_SCREEN} text.", _text),
    Format(
        "worksheet", "Markdown", f"{_ON_PAPER}.md", f"{_SHEET} {_FORMULAS}", _worksheet("markdown")
    ),
    Format("", "LaTeX", f"{_ON_PAPER}.tex", f"{_SHEET} {_DOCUMENT}", _worksheet("latex")),
    Format("", "text", f"{_ON_PAPER}.txt", f"{_SHEET} as plain text.", _worksheet("text")),
)
"""What can be exported; a kind is named at its first format."""


def stem_of(name: str) -> str:
    """Return the name of a preset as the beginning of a file's."""
    return re.sub(r"[^\w.+-]+", "-", name).strip("-.")[:LONGEST] or "network"


class ExportScreen(FileQuestion):
    """Gives the file that was written, or None. ``own`` is the preset's file, if it has one.

    ``name``, ``timeline`` and ``snapshot`` are what is shown behind it.
    """

    def __init__(
        self, name: str, timeline: Timeline, snapshot: Snapshot, own: Path | None = None
    ) -> None:
        forms = [Content.assemble((form.kind.ljust(11), "bold"), form.name) for form in FORMATS]
        self._proposed = [form.proposed(name, snapshot.step) for form in FORMATS]
        super().__init__("Export", "enter: write, esc: close", self._proposed[0], forms)
        self.shown, self.timeline, self.snapshot, self._own = name, timeline, snapshot, own
        self.strips: Sequence[Strip] = ()
        """The lines of the screen."""
        self._form, self._done, self.stopped = 0, 0, False

    @property
    def steps(self) -> list[int]:
        """Those of a history: neither too many nor too large."""
        last = self.timeline.furthest
        return steps_of(last, default_every(self.timeline.experiment, last))

    def tick(self, done: int) -> None:
        """Note the rows written; raise :class:`SaveError` where no more are wanted."""
        self._done = done
        if self.stopped:
            raise SaveError("Stopped. Nothing was written.")

    def on_mount(self) -> None:
        self.set_interval(PROGRESS, self._show_progress)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Have the name follow what is chosen."""
        before, self._form = self._form, event.option_index
        typed, ending = self._field.value.rstrip(), FORMATS[before].ending
        if typed == self._proposed[before]:
            self._field.value = self._proposed[self._form]
        elif Path(typed).suffix.lower() == ending:
            self._field.value = typed[: -len(ending)] + FORMATS[self._form].ending
        self._field.action_end()

    def read(self, text: str) -> tuple[Path, str]:
        path = file_at(text, FORMATS[self.chosen].ending)
        if self._own is not None and path.exists() and os.path.samefile(path, self._own):
            raise SaveError("This is the preset's own file: use w to save it.")
        return path, where(path)

    def about(self) -> str:
        form, edits = FORMATS[self.chosen], self.timeline.edits
        said = form.meaning
        if form in FORMATS[:3]:
            said += " It starts at step 0"
            said += ", without your changes at later steps." if edits else "."
        elif form in FORMATS[3:6]:
            every = self.steps[1] if len(self.steps) > 2 else 1
            said += f" Every {every:,} steps." if every > 1 else ""
            said += " Your changes are included." if edits else ""
        return said

    def take(self, value: Path) -> Worker[None]:
        self.strips = self.app.screen_stack[0]._compositor.render_strips()
        self._done, self.stopped = 0, False
        return super().take(value)

    def put(self, value: Path, overwrite: bool) -> Path:
        with saving(value, overwrite) as stream:
            FORMATS[self.chosen].write(self, stream)
            self.tick(self._done)
        return value

    def stop(self) -> None:
        self.stopped = True

    def _show_progress(self) -> None:
        if self._field.disabled and not self.answered:
            rows = f"  row {self._done:,} of {len(self.steps):,}" * (self._done > 0)
            self.say("stopping …" if self.stopped else f"writing …{rows}  esc: stop")
