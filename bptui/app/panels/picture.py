"""What pictures of a network have in common: colours, marks of samples, planes with their axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from rich.cells import cell_len
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from bptui.app.diagram.drawing import Canvas
from bptui.app.lines import Line, fitted, justified
from bptui.app.panels.loss import Entry, legend
from bptui.app.panels.pictures import Picture, by_rows
from bptui.app.styles import Styles
from bptui.core.arrays import Array, Integers
from bptui.core.network import Network

StyleAt = Callable[[int, int], Style]


MOST_WORK, MOST_WORK_RUNNING = 10_000_000, 4_000_000
"""Nanoseconds, about, that the network may take for one drawing."""
UNIT_WORK, WEIGHTS_AT_ONCE = 20, 8
"""Nanoseconds for the activation of a unit; weights that a product takes in one."""


def affordable(network: Network, *, running: bool = False) -> int:
    """Return how many samples may go through the network for one drawing."""
    work = network.weight_count // WEIGHTS_AT_ONCE + UNIT_WORK * sum(network.layers[1:])
    return max((MOST_WORK_RUNNING if running else MOST_WORK) // work, 1)


LEVELS = 32
"""Colours of a single output: few, so that neighbouring cells run together and seldom change."""
SHADES = 8
"""Of each class: how clearly it wins."""
SHAPES, HOLLOW = "●▲■◆▼★", "○△□◇▽☆"
"""Of classes, for samples of training and of the test."""


def mixed(one: str, other: str, part: float) -> str:
    """Return the colour ``part`` of the way from ``one`` to ``other``, both as #rrggbb."""
    pairs = zip(bytes.fromhex(one[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)


class Palette(NamedTuple):
    """The colours of one background; orange and blue are the two of a single output."""

    middle: str
    hues: tuple[str, ...]
    mark: str
    """Drawn over a surface."""

    def hue(self, index: int) -> str:
        return self.hues[index % len(self.hues)]

    def glyph(self, index: int) -> str:
        """Return the colour of the samples of a class: readable on every surface."""
        return mixed(self.hue(index), self.mark, 0.66)

    def diverging(self) -> tuple[str, ...]:
        """Return :data:`LEVELS` colours from orange over the middle to blue."""
        half = LEVELS // 2
        parts = [((step + 0.5) / half) ** 0.8 for step in range(half)]
        low, high = ([mixed(self.middle, self.hues[side], p) for p in parts] for side in (0, 1))
        return (*reversed(low), *high)

    def of_classes(self, count: int) -> tuple[str, ...]:
        """Return :data:`SHADES` colours a class, from doubtful to clear."""
        parts = [0.15 + 0.85 * (shade + 0.5) / SHADES for shade in range(SHADES)]
        return tuple(mixed(self.middle, self.hue(at), p) for at in range(count) for p in parts)


DARK_HUES = (
    *("#94541c", "#23589a", "#2a7350", "#83336f", "#7d6c17"),
    *("#1f757b", "#8e333d", "#54439a", "#587220", "#646973"),
)
LIGHT_HUES = (
    *("#f2ab63", "#7db0ec", "#83cda0", "#dd98d1", "#dccb63"),
    *("#79cdd2", "#ef989d", "#ae9feb", "#b6d174", "#bcc0c7"),
)
PALETTES = {
    True: Palette("#15181e", DARK_HUES, "#ffffff"),
    False: Palette("#f4f4f2", LIGHT_HUES, "#000000"),
}
"""For a dark background, and for a light one."""


class Look(NamedTuple):
    """How to draw: ``plain`` is without colours for surfaces, told apart by characters alone.

    ``letters``: shapes of samples are letters.
    """

    styles: Styles
    palette: Palette
    plain: bool
    letters: bool = False

    def glyph(self, label: int, classes: int, test: bool | int) -> str:
        """Return the mark of a sample: a shape of its class, of many classes a letter.

        That of a test sample is hollow, or small. Without classes, ``classes`` is 0 or 1.
        """
        if not self.letters and classes <= len(SHAPES):
            return (HOLLOW if test else SHAPES)[label]
        if classes <= 1:
            return "o" if test else "*"
        return chr(ord("a" if test else "A") + label % 26)


MARGIN = 0.08
LEGEND_FROM = 6
"""Lines from which one is spared for the legend."""
LARGEST = 1e150
"""Differences of larger numbers could overflow."""


class Span(NamedTuple):
    """A range of numbers, ``low`` < ``high``."""

    low: float
    high: float

    @classmethod
    def around(cls, values: Array, margin: float = MARGIN) -> Span:
        """Return all of ``values`` and so much of their width on either side."""
        low, high = np.clip([values.min(), values.max()], -LARGEST, LARGEST).tolist()
        width, size = high - low, max(abs(low), abs(high))
        # a single number, or several that differ by rounding, get room around them
        if width <= 1e-9 * size:
            width, margin = max(size, 1.0), 0.5
        return cls(low - margin * width, high + margin * width)

    @property
    def width(self) -> float:
        return self.high - self.low

    def reaching(self, values: Array, most: float = LARGEST) -> Span:
        """Return a range wider by quarters until the values fit, each end by ``most`` widths."""
        low, high = self
        farthest = self.low - most * self.width, self.high + most * self.width
        finite = np.clip(values[np.isfinite(values)], *farthest)
        while finite.min(initial=low) < low:
            low -= (self.high - low) / 4.0
        while finite.max(initial=high) > high:
            high += (high - self.low) / 4.0
        return Span(low, high)

    def centres(self, count: int) -> Array:
        """Return the middles of ``count`` equal parts."""
        parts = np.arange(count, dtype=np.float64) + 0.5
        return self.low + parts * (self.width / count)

    def places(self, values: Array, count: int) -> Integers:
        """Return in which of ``count`` equal parts values lie; -1 or ``count`` where outside."""
        with np.errstate(all="ignore"):
            parts = np.floor((values - self.low) * (count / self.width))
        inside = np.where(np.isfinite(parts), np.clip(parts, -1, count), -1)
        # the upper end belongs to the last part
        return np.where(values == self.high, count - 1, inside).astype(np.intp)


def number(value: float) -> str:
    """Write a short form for the end of an axis: -1.24, 0, 3.1e+06."""
    return f"{value + 0.0:.3g}"


class Axes(NamedTuple):
    """So many cells: numbers at the left of the plane and below it, then perhaps a legend."""

    x: Span
    y: Span
    x_name: str
    y_name: str
    width: int
    full_height: int
    right: int = 1
    """Cells kept free at the right."""

    @property
    def gutter(self) -> int:
        """The cells to the left of the plane."""
        numbers = max(len(number(self.y.low)), len(number(self.y.high)))
        return max(numbers, min(cell_len(self.y_name), 8)) + 2

    @property
    def columns(self) -> int:
        return max(self.width - self.gutter - self.right, 1)

    @property
    def rows(self) -> int:
        return max(self.full_height - (self.full_height >= LEGEND_FROM) - 1, 1)

    def beside(self, row: int) -> str:
        """Return what stands to the left of a row of the plane."""
        texts = {self.rows // 2: self.y_name, self.rows - 1: number(self.y.low)}
        texts[0] = number(self.y.high)
        return justified(texts.get(row, ""), self.gutter - 1) + " "

    def below(self) -> str:
        """Return the row under the plane: the name between both ends, in the middle if it can."""
        low, high = number(self.x.low), number(self.x.high)
        room = self.columns - len(low) - len(high)
        name = fitted(self.x_name, max(room - 2, 0))
        blanks = room - cell_len(name)
        before = min(max((self.columns - cell_len(name)) // 2 - len(low), 1), blanks - 1)
        text = low + " " * max(before, 1) + name + " " * max(blanks - before, 1) + high
        return " " * self.gutter + text

    def cells_of(self, x: Array, y: Array) -> tuple[Integers, Integers, Integers]:
        """Return rows (-1: outside) and columns of points, and in which half of a row, 0 above."""
        columns = self.x.places(x, self.columns)
        halves = 2 * self.rows - 1 - self.y.places(y, 2 * self.rows)
        across = (columns >= 0) & (columns < self.columns)
        down = (halves >= 0) & (halves < 2 * self.rows)
        return np.where(across & down, halves // 2, -1), columns, halves % 2

    def bracket(self, canvas: Canvas, x: float, y: float, style_at: StyleAt) -> None:
        """Draw brackets around a point of the plane; ``style_at`` gives their style at a cell."""
        rows, columns, _ = self.cells_of(np.array([x]), np.array([y]))
        row, column = int(rows[0]), int(columns[0])
        for beside, character in ((column - 1, "["), (column + 1, "]")):
            if row >= 0 and 0 <= beside < self.columns:
                canvas.write(row, beside, character, style_at(row, beside))

    def picture(
        self, canvas: Canvas, look: Look, entries: Sequence[Entry], scale: Strip, note: str
    ) -> Picture:
        """Return the drawn plane with its axes and, if there is a line for it, a legend.

        The legend begins with the ``scale``, further left where the edge would cut it.
        """
        styles, room = look.styles, self.width - scale.cell_length

        def row_at(row: int) -> Strip:
            if row < self.rows:
                beside = Line().add(self.beside(row), styles.dim).strip()
                return Strip.join([beside, canvas.strip(row)])
            if row == self.rows:
                return Line().add(self.below(), styles.dim).strip()
            drawn = legend(entries, room, 1, styles.dim)
            left = max(min(self.gutter, room - sum(strip.cell_length for strip in drawn)), 0)
            return Strip.join([Line().pad(left, styles.text).strip(), scale, *drawn])

        picture = by_rows(Size(self.width, self.full_height), row_at)
        return picture._replace(notes=[note])
