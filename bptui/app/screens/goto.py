"""Asks for a step to go to, and says where the answer leads as it is typed."""

from __future__ import annotations

import math
import re
import unicodedata

from bptui.app.screens.dialog import Question
from bptui.core.errors import MOST_STEPS
from bptui.core.experiment import Experiment

SEPARATED = re.compile(r"[0-9]{1,3}(?:([ _,'])[0-9]{3})(?:\1[0-9]{3})*")
PLAIN = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e\+?[0-9]+)?")


class DestinationError(ValueError):
    """A text that leads nowhere; the message is one sentence for people."""


def destination(text: str, shown: int, experiment: Experiment) -> int:
    """Return the step that ``text`` leads to from step ``shown``.

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


def _whole(text: str) -> float:
    """Return a whole number, with or without separators or an exponent; inf where it is too large.

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


class GotoScreen(Question[int | None, int]):
    """Gives the step, or None where the user thought better of it."""

    def __init__(self, shown: int, experiment: Experiment) -> None:
        super().__init__("Go to", "enter: go, esc: close", hint="12, +5, -5, end, e3")
        self._shown, self._experiment = shown, experiment

    def read(self, text: str) -> tuple[int, str]:
        step = destination(text, self._shown, self._experiment)
        return step, f"→ step {step}, epoch {self._experiment.schedule.epoch(step)}"

    def take(self, value: int) -> None:
        self.dismiss(value)
