"""Asks what to export and where, and writes it beside the event loop."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from functools import partial
from io import StringIO
from pathlib import Path
from typing import NamedTuple, TextIO

from rich.console import Console
from textual.content import Content
from textual.strip import Strip, StripRenderable
from textual.widgets import OptionList
from textual.worker import Worker

from bptui.app.screens.dialog import FileQuestion, where
from bptui.check.program.writer import Checked
from bptui.check.reports.report import as_json
from bptui.check.reports.text import as_text as report_text
from bptui.core.engine import Snapshot
from bptui.core.timeline import Timeline
from bptui.export.derived import BackwardPass, NotWrittenError
from bptui.export.formats import written
from bptui.export.history import WRITERS, default_every, history, steps_of
from bptui.export.programs import numpy_program, toml_preset, torch_program
from bptui.export.worksheet import worksheet
from bptui.presets.errors import cleaned
from bptui.presets.save import SaveError, file_at, saving

COLUMNS = 100
"""Of a report in a file."""
LONGEST = 60
"""Characters of a preset's name in the names of files."""

Write = Callable[["ExportScreen", TextIO], object]


class Format(NamedTuple):
    """A format of a kind, which is named at the first of its formats.

    ``tail`` follows what is exported in the names of files.
    """

    kind: str
    name: str
    tail: str
    meaning: str
    write: Write

    @property
    def ending(self) -> str:
        """The ending of its files."""
        return self.tail[self.tail.rindex(".") :]


def as_text(make: Callable[[], str]) -> Write:
    """Return what writes a text, made only then."""
    return lambda job, stream: stream.write(make())


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
    picture = console.export_svg(title=cleaned(job.about_what).replace("\n", " "))
    # the file stands alone: without the fonts that it would fetch, it uses those there are
    stream.write(re.sub(r"\s*@font-face \{[^}]*\}", "", picture))


def screen_formats(step: int) -> list[Format]:
    """Return those of the screen behind the dialog, at a step or an update."""
    said = "The screen behind this dialog as"
    return [
        Format("screen", "SVG", f"-step-{step}.svg", f"{said} a picture.", _svg),
        Format("", "text", f"-step-{step}.txt", f"{said} text.", _text),
    ]


def network_formats(timeline: Timeline, snapshot: Snapshot) -> list[Format]:
    """Return what there is to export of the training of a network."""
    experiment, edits = timeline.experiment, timeline.edits
    start = f" It starts at step 0{', without your changes at later steps' * bool(edits)}."
    alone = "A self-contained program: it trains this network and prints the same losses"
    preset = f"A self-contained preset: `bptui FILE` opens it.{start}"
    steps = steps_of(timeline.furthest, default_every(experiment, timeline.furthest))
    every = f" Every {steps[1]:,} steps." if len(steps) > 2 and steps[1] > 1 else ""
    included = every + " Your changes are included." * bool(edits)
    rows = "Loss, learning rate, weights, biases and gradients: one"
    arrays = "Arrays for numpy.load: step, loss, W1 (steps, fan_in, fan_out), gW1, …"
    sheet = "The calculation of this step with its numbers, operation by operation,"
    on_paper = f"-worksheet-step-{snapshot.step}"

    def played(form: str, job: ExportScreen, stream: TextIO) -> None:
        WRITERS[form](history(timeline.until(len(timeline.losses)), steps, job.tick), stream)

    def explained(form: str, job: ExportScreen, stream: TextIO) -> None:
        for line in written(worksheet(snapshot, "all"), form):
            job.tick()
            stream.write(line + "\n")

    numpy, torch, toml = (
        as_text(partial(make, experiment)) for make in (numpy_program, torch_program, toml_preset)
    )
    csv, objects, npz = (partial(played, form) for form in ("csv", "json", "npz"))
    markdown, latex, text = (partial(explained, form) for form in ("markdown", "latex", "text"))
    return [
        Format("program", "numpy", ".py", f"{alone}.{start}", numpy),
        Format("", "torch", "-torch.py", f"{alone}; gradients by autograd.{start}", torch),
        Format("preset", "TOML", ".toml", preset, toml),
        Format("history", "CSV", "-history.csv", f"{rows} row per step.{included}", csv),
        Format("", "JSON", "-history.json", f"{rows} object per step.{included}", objects),
        Format("", "NPZ", "-history.npz", f"{arrays}{included}", npz),
        *screen_formats(snapshot.step),
        Format(
            *("worksheet", "Markdown", f"{on_paper}.md"),
            *(f"{sheet} with formulas as GitHub shows them.", markdown),
        ),
        Format("", "LaTeX", f"{on_paper}.tex", f"{sheet} as a document for pdflatex.", latex),
        Format("", "text", f"{on_paper}.txt", f"{sheet} as plain text.", text),
    ]


def program_formats(checked: Checked, update: int) -> list[Format]:
    """Return what there is to export of a program, the screen at an ``update`` too."""

    def as_program() -> str:
        lines, told = checked.verdict.lines, checked.source.files.told
        try:
            return BackwardPass(lines, checked.names, told).text()
        except NotWrittenError as error:
            raise SaveError(str(error)) from None

    reports = [checked.report]
    text = as_text(lambda: report_text(reports, COLUMNS))
    plain = as_text(lambda: json.dumps(as_json(reports, 0.0), indent=2) + "\n")
    said = "The true backward pass as a numpy function."
    return [
        Format("report", "text", "-report.txt", "What `bptui check` says of the program.", text),
        Format("", "JSON", "-report.json", "The same for other programs.", plain),
        Format("program", "numpy", "-backward.py", said, as_text(as_program)),
        *screen_formats(update),
    ]


def stem_of(name: str) -> str:
    """Return the name of a preset as the beginning of a file's."""
    return re.sub(r"[^\w.+-]+", "-", name).strip("-.")[:LONGEST] or "network"


class ExportScreen(FileQuestion):
    """Gives the file that was written, or None.

    ``name`` and ``about_what``, a title, are those of what is exported; ``own`` is its file, which
    is not to be written over.
    """

    WRITING = "writing …  esc: stop"

    def __init__(
        self, name: str, about_what: str, formats: Sequence[Format], own: Path | None = None
    ) -> None:
        said = [Content.assemble((form.kind.ljust(11), "bold"), form.name) for form in formats]
        self.formats, self._proposed = formats, [stem_of(name) + form.tail for form in formats]
        super().__init__("Export", "enter: write, esc: close", self._proposed[0], said)
        self.about_what, self._own = about_what, own
        self.strips: Sequence[Strip] = ()
        """The lines of the screen."""
        self._form, self.stopped = 0, False

    def tick(self) -> None:
        """Raise :class:`SaveError` where no more is wanted."""
        if self.stopped:
            raise SaveError("Stopped. Nothing was written.")

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Have the name follow what is chosen."""
        before, self._form = self._form, event.option_index
        typed, ending = self._field.value.rstrip(), self.formats[before].ending
        if typed == self._proposed[before]:
            self._field.value = self._proposed[self._form]
        elif Path(typed).suffix.lower() == ending:
            self._field.value = typed[: -len(ending)] + self.formats[self._form].ending
        self._field.action_end()

    def read(self, text: str) -> tuple[Path, str]:
        path = file_at(text, self.formats[self.chosen].ending)
        if self._own is not None and path.exists() and os.path.samefile(path, self._own):
            raise SaveError("This file is what is open: choose another name.")
        return path, where(path)

    def about(self) -> str:
        return self.formats[self.chosen].meaning

    def take(self, value: Path) -> Worker[None]:
        self.strips = self.app.screen_stack[0]._compositor.render_strips()
        self.stopped = False
        return super().take(value)

    def put(self, value: Path, overwrite: bool) -> Path:
        with saving(value, overwrite) as stream:
            self.formats[self.chosen].write(self, stream)
            self.tick()
        return value

    def stop(self) -> None:
        self.stopped = True
