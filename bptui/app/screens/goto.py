"""Asks for a step to go to, and says where the answer leads as it is typed."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from bptui.app.screens.dialog import Dialog
from bptui.core.errors import MOST_STEPS
from bptui.core.experiment import Experiment

SEPARATED = re.compile(r"[0-9]{1,3}(?:([ _,'])[0-9]{3})(?:\1[0-9]{3})*")
PLAIN = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e\+?[0-9]+)?")


class DestinationError(ValueError):
    """A text that leads nowhere; the message is one sentence for people."""


def destination(text: str, shown: int, experiment: Experiment) -> int:
    """The step that ``text`` leads to from step ``shown``.

    Raises :class:`DestinationError` where it leads nowhere.
    """
    plain = unicodedata.normalize("NFKC", text).replace("\N{MINUS SIGN}", "-").strip().lower()
    if not plain:
        raise DestinationError("A step: 12, +5, -5, end, or e3 for epoch 3")
    if plain == "end":
        step = float(experiment.training.steps)
    elif plain[0] == "e":
        step = _whole(plain[1:]) * experiment.schedule.batches_per_epoch
    elif plain[0] in "+-":
        step = shown + (1 if plain[0] == "+" else -1) * _whole(plain[1:])
    else:
        step = _whole(plain)
    if step < 0:
        raise DestinationError(f"There is no step {step:.0f}; the first step is 0")
    if step > MOST_STEPS:
        raise DestinationError(f"The last possible step is {MOST_STEPS:,}")
    return int(step)


def described(step: int, experiment: Experiment) -> str:
    """``step 144, epoch 12``."""
    return f"step {step}, epoch {experiment.schedule.epoch(step)}"


def _whole(text: str) -> float:
    """A whole number, with or without separators or an exponent; inf where it is too large.

    As a float, which is exact up to the largest step and never takes long.
    """
    digits = text.strip()
    if SEPARATED.fullmatch(digits):
        digits = re.sub("[^0-9]", "", digits)
    if not PLAIN.fullmatch(digits):
        said = f"Not a number: {text.strip()!r}" if digits else "A number is missing"
        raise DestinationError(f"{said}; enter 12, +5, -5, end, or e3 for epoch 3")
    value = float(digits)
    if math.isfinite(value) and value != math.floor(value):
        raise DestinationError(f"Not a whole number: {digits}")
    return value


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
