"""Asks for a step to go to, and says where the answer leads as it is typed."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from bptui.app.destination import DestinationError, described, destination
from bptui.app.screens.dialog import Dialog
from bptui.core.experiment import Experiment


class GotoScreen(Dialog[int | None]):
    """Gives the step, or None where the user thought better of it."""

    BINDINGS: ClassVar = [("escape", "dismiss(None)", "Close")]

    def __init__(self, shown: int, experiment: Experiment) -> None:
        super().__init__()
        self._shown, self._experiment = shown, experiment

    def compose(self) -> ComposeResult:
        with Vertical(id="goto", classes="dialog") as box:
            box.border_title = "Go to"
            box.border_subtitle = "enter: go, esc: close"
            yield Input(id="goto-step", placeholder="12, +5, -5, end, e3", select_on_focus=False)
            yield Static(id="goto-meaning", markup=False)

    def on_mount(self) -> None:
        self._say("")

    def on_input_changed(self, event: Input.Changed) -> None:
        self._say(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        step = self._say(event.value)
        if step is not None:
            self.dismiss(step)

    def _say(self, text: str) -> int | None:
        """Show where ``text`` leads or why nowhere; the step."""
        step, wrong, meaning = None, bool(text.strip()), self.query_one("#goto-meaning", Static)
        try:
            step = destination(text, self._shown, self._experiment)
        except DestinationError as error:
            meaning.update(str(error))
        else:
            wrong = False
            meaning.update(f"→ {described(step, self._experiment)}")
        meaning.set_class(wrong, "wrong")
        return step
