"""What the screen shows: a moment of a program, one immutable value that all panels draw."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from rich.style import Style

from bptui.app.panels.panel import Panel
from bptui.app.playback.run import SPEEDS, Speed
from bptui.app.program.claims import Claims
from bptui.app.program.record import Record
from bptui.app.styles import Styles
from bptui.core.arrays import Array

READABLE = tuple(speed for speed in SPEEDS if speed.readable)
"""Speeds of a run: what was recorded is there to be looked at."""
USUAL = Speed(10, "operation")
SIGNS = {"right": "✓", "wrong": "✗", "follows": "↳", "": " "}
"""Verdicts: right, the first wrong one, and what follows from that."""


class Moment(Struct, frozen=True, eq=False):
    """A stop of the recording that was just carried out, and what is selected."""

    record: Record
    claims: Claims
    stop: int
    chosen: int | None = None
    """The entry that was selected; None: what the stop has given."""
    place: int | None = None
    """Which of its numbers, counted along its rows; None: the one that is furthest from right."""
    row: int | None = None
    """The line that is selected in the source; None: the stop's."""
    origin: tuple[int, int] | None = None
    """The entry that the selection was reached from, and -1 or +1: against or with the flow."""
    trail: tuple[int, ...] = ()
    """The stops that backspace goes back to."""
    hits: tuple[int, ...] = ()
    """The updates in which breakpoints have stopped a run."""
    running: bool = False
    present: bool = False
    """As in :class:`~bptui.app.view.View`."""
    speed: Speed = USUAL

    @property
    def entry(self) -> int:
        """The entry that was just computed."""
        return self.record.stops[self.stop]

    @property
    def subject(self) -> int:
        """The entry that is explained."""
        return self.entry if self.chosen is None else self.chosen

    @property
    def update(self) -> int:
        """The update that is under way."""
        return self.record.update(self.entry)

    @property
    def line(self) -> int:
        """The line that was just carried out, at least in part."""
        return self.record.line_of[self.entry]

    @property
    def picture(self) -> object:
        """Equal for moments that look the same in the panels."""
        at = self.stop, self.chosen, self.place, self.row, self.origin
        return id(self.record), at, self.hits, self.present

    @property
    def selection(self) -> object:
        """Equal where the same is selected: with the stop that changes, too."""
        return self.picture

    @property
    def hurries(self) -> bool:
        """Whether what is shown changes faster than one can look at it: see READABLE."""
        return False

    def at(self, stop: int) -> Moment:
        """Return another moment of the same program, with nothing selected."""
        stop = min(max(stop, 0), len(self.record.stops) - 1)
        return replace(self, stop=stop, chosen=None, place=None, row=None, origin=None)

    def jumped(self, stop: int) -> Moment:
        """Return the same, from which there is a way back to this moment."""
        return replace(self.at(stop), trail=(*self.trail, self.stop))

    def back(self) -> Moment:
        """Return the moment that the last jump came from."""
        return replace(self.at(self.trail[-1]), trail=self.trail[:-1]) if self.trail else self

    def choosing(self, entry: int, origin: tuple[int, int] | None = None) -> Moment:
        """Return the same moment with an entry selected."""
        place = self.place if entry == self.subject else None
        return replace(self, chosen=entry, place=place, row=None, origin=origin)

    @property
    def number(self) -> int:
        """The selected number, counted along the rows of its array."""
        return self.claims.worst(self.subject) if self.place is None else self.place

    @property
    def true(self) -> Array | None:
        """The numbers that the selected value should be."""
        return self.claims.true(self.subject)

    @property
    def index(self) -> tuple[int, ...]:
        """Where the selected number stands in its array."""
        shape = self.record.tape.shape(self.subject)
        return tuple(map(int, np.unravel_index(self.number, shape))) if np.prod(shape) else ()


def opened(record: Record) -> Moment:
    """Return the start of the update that was looked at."""
    return Moment(record, Claims(record), record.starts[record.first])


ProgramPanel: TypeAlias = Panel[Moment, Moment]
"""A panel of the app on a program: to select something is to show another moment."""


def verdict_style(styles: Styles, verdict: str) -> Style:
    """Return the colour of a verdict."""
    return {"right": styles.accent, "wrong": styles.warning}.get(verdict, styles.negative[1])
