"""Asks for a name and saves the experiment under it; nothing is overwritten unasked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.binding import Binding
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from bptui.app.lines import clickable
from bptui.app.screens.dialog import FileQuestion
from bptui.core.engine import Snapshot
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.presets.errors import printable
from bptui.presets.own import destination, proposed
from bptui.presets.save import save, shown_path

HINT = "A plain name goes to your presets; with / or .toml it is a path."


class SaveScreen(FileQuestion[Path]):
    """Gives the file that was written, or None.

    ``experiment`` is that of step 0, ``shown`` the step on the screen. What was edited after step 0
    only the weights of a later step can show. ``file`` is where it was saved before, if it was.
    """

    BINDINGS: ClassVar = [
        Binding("up", "choose(False)", "The start values", show=False),
        Binding("down", "choose(True)", "The current step", show=False),
    ]

    def __init__(
        self,
        experiment: Experiment,
        shown: Snapshot,
        edited_after_start: bool,
        file: Path | None = None,
    ) -> None:
        choose = "↑ ↓: choose, " if shown.step > 0 else ""
        name = printable(proposed(experiment, file))
        super().__init__("Save as a preset", f"{choose}enter: save, esc: close", name)
        self._experiment, self._snapshot = experiment, shown
        self._edited_after_start = edited_after_start
        self._at_shown_step = edited_after_start and shown.step > 0
        self._choices = Static(id="choices", markup=False)
        self._lost = Static(id="lost", markup=False)

    def rows(self) -> Iterable[Widget]:
        choices = [self._choices, self._lost] if self._snapshot.step > 0 else []
        return *super().rows(), Static(HINT, classes="hint", markup=False), *choices

    def on_mount(self) -> None:
        self._choose()

    def read(self, text: str) -> tuple[Path, str]:
        path = destination(text)
        return path, self.shown(shown_path(path))

    def action_choose(self, at_shown_step: bool) -> None:
        """Save the start values, or the weights of the shown step."""
        self._at_shown_step = at_shown_step and self._snapshot.step > 0
        self._choose()

    def _choose(self) -> None:
        lines = []
        for at_shown_step, text in (
            (False, "the start values (step 0)"),
            (True, f"the weights of step {self._snapshot.step} as start values"),
        ):
            chosen = at_shown_step == self._at_shown_step
            mark, style = ("(•)", "bold") if chosen else ("( )", "")
            lines.append(clickable(f"{mark} {text}", f"screen.choose({at_shown_step})", style))
        self._choices.update(Content("\n").join(lines))
        self._lost.update(self._explained())

    def _explained(self) -> str:
        """Return what the choice means, and what of it no preset can hold."""
        if not self._at_shown_step:
            if self._edited_after_start:
                return "Without your changes at later steps: a preset cannot hold them."
            return "Training starts again; every step will have the same numbers."
        snapshot, lost = self._snapshot, []
        if snapshot.slots:
            optimizer = snapshot.experiment.training.optimizer
            lost.append(f"what {optimizer} remembers of earlier gradients")
        if not snapshot.experiment.schedule.full_batch:
            lost.append("the position in the epoch")
        not_kept = f" Not kept: {', '.join(lost)}." if lost else ""
        return f"Step {snapshot.step} becomes step 0.{not_kept}"

    @work
    async def take(self, value: Path) -> None:
        """Write the file, off the event loop: a large one takes seconds."""
        experiment = self._experiment
        try:
            if self._at_shown_step:
                experiment = replace(self._snapshot.experiment, start=self._snapshot.parameters)
        except UnusableError as error:  # training has diverged
            self.say(f"Step {self._snapshot.step} cannot be the start: {error.found}.", wrong=True)
        else:
            await self.put(value, partial(save, experiment))
