"""Colours of surfaces: few levels, so that neighbouring cells run together and seldom change."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

LEVELS = 32
"""Of a single output: half of them on either side of its middle."""
SHADES = 8
"""Of each class: how clearly it wins."""

DARK_MIDDLE, LIGHT_MIDDLE = "#15181e", "#f4f4f2"
DARK_HUES = (
    "#94541c",
    "#23589a",
    "#2a7350",
    "#83336f",
    "#7d6c17",
    "#1f757b",
    "#8e333d",
    "#54439a",
    "#587220",
    "#646973",
)
LIGHT_HUES = (
    "#f2ab63",
    "#7db0ec",
    "#83cda0",
    "#dd98d1",
    "#dccb63",
    "#79cdd2",
    "#ef989d",
    "#ae9feb",
    "#b6d174",
    "#bcc0c7",
)


def mixed(one: str, other: str, part: float) -> str:
    """The colour ``part`` of the way from ``one`` to ``other``, both as #rrggbb."""
    pairs = zip(_parts(one), _parts(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


@dataclass(frozen=True)
class Palette:
    """The colours of one background."""

    middle: str
    hues: tuple[str, ...]
    """Of classes 0, 1, ...: orange and blue are the two of a single output."""
    mark: str
    """Drawn over a surface."""

    def hue(self, index: int) -> str:
        return self.hues[index % len(self.hues)]

    def glyph(self, index: int) -> str:
        """The colour of the samples of a class: readable on every surface."""
        return mixed(self.hue(index), self.mark, 0.66)

    def diverging(self) -> tuple[str, ...]:
        """From orange over the middle to blue, :data:`LEVELS` colours."""
        half = LEVELS // 2
        sides = [
            [
                mixed(self.middle, self.hues[side], ((step + 0.5) / half) ** 0.8)
                for step in range(half)
            ]
            for side in (0, 1)
        ]
        return (*reversed(sides[0]), *sides[1])

    def of_classes(self, count: int) -> tuple[str, ...]:
        """:data:`SHADES` colours a class, from doubtful to clear."""
        return tuple(
            mixed(self.middle, self.hue(index), 0.15 + 0.85 * (shade + 0.5) / SHADES)
            for index in range(count)
            for shade in range(SHADES)
        )


@lru_cache(maxsize=2)
def palette(dark: bool) -> Palette:
    """The palette for a dark or a light background."""
    if dark:
        return Palette(DARK_MIDDLE, DARK_HUES, "#ffffff")
    return Palette(LIGHT_MIDDLE, LIGHT_HUES, "#000000")
