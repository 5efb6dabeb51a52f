"""What panels draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip


class Picture(NamedTuple):
    """All that a panel shows; larger than it where it scrolls."""

    size: Size
    part: Callable[[Region], list[Strip]]
    """Returns the lines of what is in sight, as far as there are such."""
    title: str = ""
    notes: Sequence[str | Content] = ("",)
    """Forms of what stands in the lower border, the longest first."""
    spot: Region | None = None
    """Where the selection is."""
    touched: Region | None = None
    """Where the operation that is explained has read or written something."""
    pick: Callable[[int, int], Any] = lambda x, y: None
    """Returns what is drawn at a cell."""


def by_rows(size: Size, row: Callable[[int], Strip]) -> Picture:
    """Return the picture whose rows a function draws, each when it is in sight."""

    def part(seen: Region) -> list[Strip]:
        strips = [row(at) for at in range(seen.y, min(seen.bottom, size.height))]
        whole = seen.x == 0 and size.width <= seen.width
        return strips if whole else [strip.crop(seen.x, seen.right) for strip in strips]

    return Picture(size, part)
