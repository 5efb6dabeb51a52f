"""Asks for a name and saves the experiment under it; nothing is overwritten unasked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from textual.content import Content

from bptui.app.screens.dialog import FileQuestion, where
from bptui.core.engine import Snapshot
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.presets.errors import printable
from bptui.presets.own import destination, proposed
from bptui.presets.save import SaveError, save

HINT = "A plain name goes to your presets; with / or .toml it is a path."


class SaveScreen(FileQuestion):
    """Gives the file that was written, or None.

    ``experiment`` is that of step 0, ``shown`` the step on the screen. What was edited after step 0
    only the weights of a later step can show. ``file`` is where it was saved before, if it was.
    """

    def __init__(
        self, experiment: Experiment, shown: Snapshot, edited: bool, file: Path | None = None
    ) -> None:
        name, step = printable(proposed(experiment, file)), f"the weights of step {shown.step}"
        options = ["the start values (step 0)", f"{step} as start values"] if shown.step else []
        super().__init__(
            "Save as a preset", "enter: save, esc: close", name, [*map(Content, options)]
        )
        self._experiment, self._shown, self._edited = experiment, shown, edited
        if edited and shown.step:
            self._options.highlighted = 1

    def read(self, text: str) -> tuple[Path, str]:
        path = destination(text)
        return path, where(path)

    def about(self) -> str:
        """Return what the choice means, and what of it no preset can hold."""
        snapshot, lost = self._shown, list[str]()
        if not snapshot.step:
            return HINT
        if not self.chosen:
            if self._edited:
                return f"Without your changes at later steps: a preset cannot hold them.\n{HINT}"
            return f"Training starts again; every step will have the same numbers.\n{HINT}"
        if snapshot.slots:
            optimizer = snapshot.experiment.training.optimizer
            lost.append(f"what {optimizer} remembers of earlier gradients")
        if not snapshot.experiment.schedule.full_batch:
            lost.append("the position in the epoch")
        not_kept = f" Not kept: {', '.join(lost)}." if lost else ""
        return f"Step {snapshot.step} becomes step 0.{not_kept}\n{HINT}"

    def put(self, value: Path, overwrite: bool) -> Path:
        experiment = self._experiment
        try:
            if self.chosen:
                experiment = replace(self._shown.experiment, start=self._shown.parameters)
        except UnusableError as error:  # training has diverged
            raise SaveError(
                f"Step {self._shown.step} cannot be the start: {error.found}."
            ) from None
        save(experiment, value, overwrite)
        return value
