"""The table of what can be exported, and how each format of it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TextIO

from bptui.app.screens.export.job import Job, Shown
from bptui.export.history import Rows
from bptui.presets.errors import cleaned
from bptui.presets.save import SaveError


@dataclass(frozen=True)
class Format:
    """A format, the ``ending`` of its files, and what follows the preset's name in theirs."""

    name: str
    ending: str
    follows: str
    meaning: str
    write: Callable[[Job, TextIO], None]

    def proposed(self, stem: str, shown: Shown) -> str:
        """The name of a file, without its folder."""
        return f"{stem}{self.follows.format(step=shown.snapshot.step)}{self.ending}"


@dataclass(frozen=True)
class Kind:
    """Something that can be exported."""

    name: str
    title: str
    formats: tuple[Format, ...]

    def titled(self, shown: Shown) -> str:
        return self.title.format(step=shown.snapshot.step, last=shown.timeline.furthest)


def _numpy(job: Job, stream: TextIO) -> None:
    from bptui.export.programs import numpy_program

    stream.write(numpy_program(job.shown.timeline.experiment))


def _torch(job: Job, stream: TextIO) -> None:
    from bptui.export.programs import RefusedError, torch_program

    experiment = job.shown.timeline.experiment
    try:
        stream.write(torch_program(experiment))
    except RefusedError:
        names = ", ".join(experiment.training.mistakes)
        raise SaveError(
            f"The preset makes mistakes ({names}), which autograd cannot: export the numpy program "
            "instead."
        ) from None


def _toml(job: Job, stream: TextIO) -> None:
    from bptui.export.programs import toml_preset

    stream.write(toml_preset(job.shown.timeline.experiment))


def _history(form: str, job: Job, stream: TextIO) -> None:
    from bptui.export.history import WRITERS, history

    assert job.history is not None, "a history is played on a timeline of its own"
    rows = Rows(job.shown.timeline.furthest, job.every)
    made = history(job.history, rows, job.tick)
    WRITERS[form](job.shown.timeline.experiment, rows, made, stream)


def _svg(job: Job, stream: TextIO) -> None:
    experiment = job.shown.snapshot.experiment
    title = cleaned(experiment.title or job.shown.name).replace("\n", " ")
    stream.write(job.picture.svg(title))


def _text(job: Job, stream: TextIO) -> None:
    stream.write(job.picture.text())


def _worksheet(form: str, job: Job, stream: TextIO) -> None:
    from bptui.explain.explain import Explainer
    from bptui.export.formats import written
    from bptui.export.worksheet import worksheet

    snapshot = job.shown.snapshot
    for line in written(worksheet(Explainer(snapshot.experiment), snapshot, "all"), form):
        job.tick(0)
        stream.write(line + "\n")


_ALONE = "A self-contained program: it trains this network and prints the same losses"
_PRESET = "A self-contained preset: `bptui FILE` opens it."
_SHEET = "The calculation of this step with its numbers, operation by operation, "

PROGRAM = Kind(
    "program",
    "the program",
    (
        Format("numpy", ".py", "", f"{_ALONE}.", _numpy),
        Format("torch", ".py", "-torch", f"{_ALONE}; gradients by autograd.", _torch),
        Format("TOML", ".toml", "", _PRESET, _toml),
    ),
)
HISTORY = Kind(
    "history",
    "the history, steps 0 to {last}",
    tuple(
        Format(form.upper(), f".{form}", "-history", meaning, partial(_history, form))
        for form, meaning in (
            ("csv", "Loss, learning rate, weights, biases and gradients: one row per step."),
            ("json", "Loss, learning rate, weights, biases and gradients: one object per step."),
            ("npz", "Arrays for numpy.load: step, loss, W1 (steps, fan_in, fan_out), gW1, …"),
        )
    ),
)
SCREEN = Kind(
    "screen",
    "the screen",
    (
        Format("SVG", ".svg", "-step-{step}", "The screen behind this dialog as a picture.", _svg),
        Format("text", ".txt", "-step-{step}", "The screen behind this dialog as text.", _text),
    ),
)
WORKSHEET = Kind(
    "worksheet",
    "the worksheet of step {step}",
    tuple(
        Format(name, ending, "-worksheet-step-{step}", meaning, partial(_worksheet, name.lower()))
        for name, ending, meaning in (
            ("Markdown", ".md", f"{_SHEET}with formulas as GitHub shows them."),
            ("LaTeX", ".tex", f"{_SHEET}as a document for pdflatex."),
            ("text", ".txt", f"{_SHEET}as plain text."),
        )
    ),
)
KINDS = (PROGRAM, HISTORY, SCREEN, WORKSHEET)
ENDINGS = {form.ending for kind in KINDS for form in kind.formats}


def with_ending(ending: str, kind: Kind, form: Format) -> tuple[Kind, Format] | None:
    """What a file with that ending holds: of several, what is chosen or comes close to it."""
    if form.ending == ending:
        return kind, form
    for each in (kind, *KINDS):
        for other in each.formats:
            if other.ending == ending:
                return each, other
    return None
