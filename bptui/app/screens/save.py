"""Asks for a name and saves the experiment under it; nothing is overwritten unasked."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from bptui.app.screens.dialog import Dialog
from bptui.app.screens.ending import ending
from bptui.core.engine import Snapshot
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.presets.errors import printable
from bptui.presets.own import destination, proposed
from bptui.presets.save import ExistsError, SaveError, save, shown_path

HINT = "A plain name goes to your presets; with / or .toml it is a path."


def lost_at(snapshot: Snapshot) -> str:
    """What of the shown step a preset cannot hold, in a sentence; empty where it is nothing."""
    experiment = snapshot.experiment
    lost = []
    if snapshot.slots:
        lost.append(f"what {experiment.training.optimizer} remembers of earlier gradients")
    if not experiment.schedule.full_batch:
        lost.append("the position in the epoch")
    return f"Not kept: {', '.join(lost)}." if lost else ""


class Choice(Static):
    """One of the two experiments that can be saved."""

    def __init__(self, text: str, at_shown_step: bool) -> None:
        super().__init__(markup=False, classes="choice")
        self._text, self._at_shown_step = text, at_shown_step

    def show(self, chosen: bool) -> None:
        mark, style = ("(•)", "bold") if chosen else ("( )", "")
        self.update(Content.styled(f"{mark} {self._text}", style))

    def on_click(self) -> None:
        screen = self.screen
        assert isinstance(screen, SaveScreen)
        screen.action_choose(self._at_shown_step)


class SaveScreen(Dialog[Path | None]):
    """Gives the file that was written, or None.

    ``experiment`` is that of step 0, ``shown`` the step on the screen. What was edited after step 0
    only the weights of a later step can show. ``file`` is where it was saved before, if it was.
    """

    BINDINGS: ClassVar = [
        Binding("escape", "close", "Close"),
        Binding("up", "choose(False)", "The start values", show=False),
        Binding("down", "choose(True)", "The current step", show=False),
    ]
    DEFAULT_CSS = """
    SaveScreen {
        align: center middle;
    }
    #save {
        max-width: 84;
        overflow-y: auto;
    }
    #save Input {
        border: none;
        height: 1;
        padding: 0 1;
        background: $foreground 10%;
    }
    #save-place {
        height: auto;
        min-height: 2;
        max-height: 6;
        margin: 1 0 0 0;
    }
    #save-place.wrong {
        color: $text-warning;
    }
    #save-what {
        height: auto;
        margin: 1 0 0 0;
    }
    #save-hint, #save-meaning {
        color: $text-muted;
    }
    #save-meaning {
        height: 2;
        margin: 1 0 0 0;
    }
    """

    def __init__(
        self,
        experiment: Experiment,
        shown: Snapshot,
        edited_after_start: bool,
        file: Path | None = None,
    ) -> None:
        super().__init__()
        self._proposed = printable(proposed(experiment, file))
        self._experiment, self._shown = experiment, shown
        self._edited_after_start = edited_after_start
        self._at_shown_step = edited_after_start and shown.step > 0
        self._overwrites: Path | None = None
        self._saving = False

    def compose(self) -> ComposeResult:
        step = self._shown.step
        with Vertical(id="save", classes="dialog") as box:
            box.border_title = "Save as a preset"
            choose = "↑ ↓: choose, " if step > 0 else ""
            box.border_subtitle = f"{choose}enter: save, esc: close"
            yield Input(self._proposed, id="save-name")
            yield Static(id="save-place", markup=False)
            yield Static(HINT, id="save-hint", markup=False)
            if step > 0:
                with Vertical(id="save-what"):
                    yield Choice("the start values (step 0)", False)
                    yield Choice(f"the weights of step {step} as start values", True)
                    yield Static(id="save-meaning", markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self._choose()

    def on_resize(self) -> None:
        # once there is a width for the path; a question or an error stays
        if not self.query_one("#save-place").has_class("wrong"):
            self.call_after_refresh(self._say)

    def on_input_changed(self, event: Input.Changed) -> None:
        self._overwrites = None
        if self.query(Input):  # a closed dialog may still be told of what was typed
            self._say()

    def _say(self) -> Path | None:
        """Show where the file will be, or why nowhere; the path."""
        try:
            path = destination(self.query_one(Input).value)
        except SaveError as error:
            self._complain(str(error))
            return None
        place = self.query_one("#save-place", Static)
        place.remove_class("wrong").update(f"→ {ending(shown_path(path), place.size.width - 2)}")
        return path

    def _complain(self, text: str) -> None:
        self.query_one("#save-place", Static).add_class("wrong").update(text)

    def action_choose(self, at_shown_step: bool) -> None:
        """Save the start values, or the weights of the shown step."""
        self._at_shown_step = at_shown_step and self._shown.step > 0
        self._choose()

    def _choose(self) -> None:
        for index, choice in enumerate(self.query(Choice)):
            choice.show(index == self._at_shown_step)
        for meaning in self.query("#save-meaning").results(Static):
            meaning.update(self._meaning())

    def _meaning(self) -> str:
        """What the choice means, in a sentence or two."""
        if self._at_shown_step:
            return f"Step {self._shown.step} becomes step 0. {lost_at(self._shown)}"
        if self._edited_after_start:
            return "Without your changes at later steps: a preset cannot hold them."
        return "Training starts again; every step will have the same numbers."

    def on_input_submitted(self, event: Input.Submitted) -> None:
        path = self._say()
        if path is not None and not self._saving:
            self._save(path, overwrite=path == self._overwrites)

    @work
    async def _save(self, path: Path, overwrite: bool) -> None:
        """Write the file, off the event loop: a large one takes seconds."""
        self._saving, self._overwrites = True, None
        self.query_one("#save-place", Static).update("saving …")
        try:
            await asyncio.to_thread(save, self._chosen(), path, overwrite)
        except ExistsError:
            self._overwrites = path
            self._complain(
                f"{path.name} exists: enter again to overwrite it, or type another name."
            )
        except SaveError as error:
            self._complain(str(error))
        except UnusableError as error:
            self._complain(f"Step {self._shown.step} cannot be the start: {error.found}.")
        else:
            self.dismiss(path)
        finally:
            self._saving = False

    def _chosen(self) -> Experiment:
        """What is to be saved; raises :class:`UnusableError` where training has diverged."""
        if not self._at_shown_step:
            return self._experiment
        return replace(self._shown.experiment, start=self._shown.parameters)

    def action_close(self) -> None:
        if not self._saving:
            self.dismiss(None)
