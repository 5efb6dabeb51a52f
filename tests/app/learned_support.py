"""Networks evaluated, and the pictures read off the screen."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from rich.color import ColorSystem
from rich.style import Style

from bptui.core.arrays import Array
from bptui.core.evaluation import Evaluator
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline

from .styled import Screen, content
from .support import Session


def evaluated(experiment: Experiment, step: int, inputs: Array) -> Array:
    """Return the outputs at a step, which are tested to be those of training itself."""
    parameters = Timeline(experiment).snapshot(step).parameters
    return Evaluator(experiment.network, np.array(inputs)).outputs(parameters).copy()


class Place(NamedTuple):
    """A character on the screen, in a panel's row and column."""

    row: int
    column: int
    character: str
    style: Style


def characters(session: Session, selector: str) -> Iterator[Place]:
    """Yield every character within a panel, with its style."""
    area, screen = content(session, selector), Screen(session)
    for row in range(area.height):
        cells = screen.row(area.y + row)[area.x : area.right]
        for column, (character, style) in enumerate(cells):
            yield Place(row, column, character, style)


def in_full_colour(session: Session) -> None:
    """Draw as on a terminal with all colours."""
    session.app.console._color_system = ColorSystem.TRUECOLOR


async def open_picture(session: Session, title: str) -> None:
    """Press ``o`` until a picture of that title is drawn."""
    for _ in range(5):
        await session.press("o")
        await session.until(
            lambda: "─ Learned" in session.screen() or "─ Network" in session.screen(), "a picture"
        )
        await session.pilot.pause()
        if f"─ Learned: {title} ─" in session.screen():
            break
    await session.shows(f"─ Learned: {title} ─")
