"""What can be exported, how each format of it is written, and what its file is called."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path
from typing import NamedTuple, TextIO

from rich.console import Console
from textual.strip import Strip, StripRenderable

from bptui.core.engine import Snapshot
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline
from bptui.explain.explain import Explainer
from bptui.export.formats import written
from bptui.export.history import WRITERS, Rows, history, replayed
from bptui.export.programs import RefusedError, numpy_program, toml_preset, torch_program
from bptui.export.worksheet import worksheet
from bptui.presets.errors import cleaned
from bptui.presets.folders import working_folder
from bptui.presets.save import SaveError, saving, sentence, shown_path

LONGEST = 60
"""Characters of a preset's name in the names of files."""


class StoppedError(Exception):
    """The user has stopped the export."""


class Job:
    """What one export writes: in one thread, watched and stopped from another.

    ``strips`` are the lines of the screen, ``every`` is the distance of a history's rows.
    """

    def __init__(
        self,
        name: str,
        timeline: Timeline,
        snapshot: Snapshot,
        strips: Sequence[Strip] = (),
        every: int = 1,
    ) -> None:
        self.name, self.timeline, self.snapshot = name, timeline, snapshot
        self.strips, self.rows = strips, Rows(timeline.furthest, every)
        self.done = 0
        """Rows written so far."""
        self.stopped = False

    def tick(self, done: int) -> None:
        """Note how far it is; raise :class:`StoppedError` where it is not wanted any more."""
        self.done = done
        if self.stopped:
            raise StoppedError

    def write(self, form: Format, path: Path, overwrite: bool) -> None:
        """Write the file, as :func:`~bptui.presets.save.saving` does; the same errors."""
        with saving(path, overwrite) as stream:
            form.write(self, stream)
            self.tick(self.done)


Write = Callable[[Job, TextIO], None]


def _program(make: Callable[[Experiment], str]) -> Write:
    def write(job: Job, stream: TextIO) -> None:
        try:
            stream.write(make(job.timeline.experiment))
        except RefusedError:
            names = ", ".join(job.timeline.experiment.training.mistakes)
            raise SaveError(
                f"The preset makes mistakes ({names}), which autograd cannot: export the numpy "
                "program instead."
            ) from None

    return write


def _history(form: str) -> Write:
    def write(job: Job, stream: TextIO) -> None:
        played = replayed(job.timeline, job.snapshot)  # a timeline of its own
        rows = history(played, job.rows, job.tick)
        WRITERS[form](job.timeline.experiment, job.rows, rows, stream)

    return write


def _worksheet(form: str) -> Write:
    def write(job: Job, stream: TextIO) -> None:
        sheet = worksheet(Explainer(job.snapshot.experiment), job.snapshot, "all")
        for line in written(sheet, form):
            job.tick(0)
            stream.write(line + "\n")

    return write


def _text(job: Job, stream: TextIO) -> None:
    stream.writelines(f"{strip.text.rstrip()}\n" for strip in job.strips)


def _svg(job: Job, stream: TextIO) -> None:
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
    title = cleaned(job.snapshot.experiment.title or job.name).replace("\n", " ")
    # the file stands alone: without the fonts that it would fetch, it uses those there are
    stream.write(re.sub(r"\s*@font-face \{[^}]*\}", "", console.export_svg(title=title)))


class Format(NamedTuple):
    """A format of a kind; ``ending`` is that of its files."""

    kind: str
    name: str
    ending: str
    meaning: str
    write: Write

    def proposed(self, name: str, step: int) -> str:
        """Return the name of a file of this format for a preset's ``name``."""
        torch = "-torch" if self.name == "torch" else ""  # beside the numpy program
        return f"{stem_of(name)}{torch}{KINDS[self.kind][1].format(step=step)}{self.ending}"


KINDS = {
    "program": ("the program", ""),
    "history": ("the history, steps 0 to {last}", "-history"),
    "screen": ("the screen", "-step-{step}"),
    "worksheet": ("the worksheet of step {step}", "-worksheet-step-{step}"),
}
"""What can be exported, how it is called, and what follows the preset's name in its files'."""
_ALONE = "A self-contained program: it trains this network and prints the same losses"
_PRESET = "A self-contained preset: `bptui FILE` opens it."
_ROWS = "Loss, learning rate, weights, biases and gradients: one"
_ARRAYS = "Arrays for numpy.load: step, loss, W1 (steps, fan_in, fan_out), gW1, …"
_SCREEN = "The screen behind this dialog as"
_SHEET = "The calculation of this step with its numbers, operation by operation,"
_FORMULAS, _DOCUMENT = "with formulas as GitHub shows them.", "as a document for pdflatex."
FORMATS = (
    Format("program", "numpy", ".py", f"{_ALONE}.", _program(numpy_program)),
    Format("program", "torch", ".py", f"{_ALONE}; gradients by autograd.", _program(torch_program)),
    Format("program", "TOML", ".toml", _PRESET, _program(toml_preset)),
    Format("history", "CSV", ".csv", f"{_ROWS} row per step.", _history("csv")),
    Format("history", "JSON", ".json", f"{_ROWS} object per step.", _history("json")),
    Format("history", "NPZ", ".npz", _ARRAYS, _history("npz")),
    Format("screen", "SVG", ".svg", f"{_SCREEN} a picture.", _svg),
    Format("screen", "text", ".txt", f"{_SCREEN} text.", _text),
    Format("worksheet", "Markdown", ".md", f"{_SHEET} {_FORMULAS}", _worksheet("markdown")),
    Format("worksheet", "LaTeX", ".tex", f"{_SHEET} {_DOCUMENT}", _worksheet("latex")),
    Format("worksheet", "text", ".txt", f"{_SHEET} as plain text.", _worksheet("text")),
)


def of_kind(kind: str) -> list[Format]:
    """Return the formats of a kind, in order."""
    return [form for form in FORMATS if form.kind == kind]


def with_ending(ending: str, now: Format) -> Format | None:
    """Return the format of files with that ending: of several, ``now`` or what is close to it."""
    for forms in ((now,), of_kind(now.kind), FORMATS):
        for form in forms:
            if form.ending == ending:
                return form
    return None


def stem_of(name: str) -> str:
    """Return the name of a preset as the beginning of a file's."""
    return re.sub(r"[^\w.+-]+", "-", name).strip("-.")[:LONGEST] or "network"


def file_of(typed: str, ending: str) -> Path:
    """Return the file that people mean; ``ending`` is added where it has another one.

    Raises :class:`SaveError` with the reason why there can be no such file.
    """
    typed = typed.strip()
    if not typed or typed.endswith(os.sep):
        raise SaveError("Enter a name.")
    if not typed.isprintable():
        raise SaveError("A name cannot contain control characters.")
    try:
        path = working_folder() / Path(typed).expanduser()
        if path.name.lower() == ending:
            raise SaveError("Enter a name.")
        if not path.is_dir() and path.suffix.lower() != ending:
            path = path.with_name(path.name + ending)
        if path.is_dir():
            raise SaveError(f"{shown_path(path)} is a folder.")
    except OSError as error:
        raise SaveError(sentence(Path(typed), error)) from None
    except (RuntimeError, ValueError):
        raise SaveError("No file can have this name.") from None
    return path
