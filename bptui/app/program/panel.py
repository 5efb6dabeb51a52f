"""What the panels on a program share, and the loss over the recorded updates."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from rich.style import Style

from bptui.app.numbers import loss
from bptui.app.panels.loss import HIT, ChartPanel, Losses
from bptui.app.panels.panel import Panel
from bptui.app.program.moment import Moment
from bptui.app.styles import Styles

SIGNS = {"right": "✓", "wrong": "✗", "follows": "↳", "": " "}
"""Verdicts: right, the first wrong one, and what follows from that."""


def verdict_style(styles: Styles, verdict: str) -> Style:
    """Return the colour of a verdict."""
    return {"right": styles.accent, "wrong": styles.warning}.get(verdict, styles.negative[1])


ProgramPanel: TypeAlias = Panel[Moment, Moment]
"""A panel of the app on a program: to select something is to show another moment."""


class LossPanel(ChartPanel[Moment, Moment]):
    """The losses of all updates, counted from 1."""

    def losses(self, view: Moment, width: int) -> Losses:
        values, steps = view.record.losses, np.arange(1, view.record.losses.size + 1)
        implied, diverged = view.record.lines.judged.loss, view.record.diverged_at
        title = "Loss" if implied.entry is not None else f"Loss: {implied.text}, inferred"
        numbers = f"{loss(float(values[0]))} → {loss(float(values[-1]))}, {values.size} updates"
        if diverged is not None:
            title += f", not finite from update {diverged + 1}"
            numbers = f"{loss(float(values[0]))}, not finite from update {diverged + 1}"
        here, value = view.update + 1, float(values[view.update])
        marks = {hit + 1: HIT for hit in view.hits}
        lines = (steps, values, values, values.size)
        return Losses(*lines, here, value, numbers, marks, title=title)
