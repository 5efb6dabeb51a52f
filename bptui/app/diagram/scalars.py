"""Draws a computation number by number: boxes with value and gradient, operations, edges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from textual.geometry import Region, Size

from bptui.app.diagram.drawing import Canvas
from bptui.app.diagram.edges import dotted
from bptui.app.lines import fitted
from bptui.app.numbers import form_of, plain, signed
from bptui.app.panels.pictures import Picture
from bptui.app.styles import PENDING, Highlight, Styles

if TYPE_CHECKING:  # loaded when the first picture is asked for
    from bptui.explain.scalars import Scalar

DECIMALS, NUMBER = 4, 7
"""Of a number, and its columns."""
WIDTH, HEIGHT, GAP = 2 * NUMBER + 7, 3, 5
"""Of a box, and between two columns of boxes."""
Inputs = tuple[tuple[int, ...], ...]


class Look(NamedTuple):
    """How a number is shown: whether it and its gradient are computed, what is done with them."""

    known: bool
    gradient_known: bool
    touched: Highlight = ""
    gradient_touched: Highlight = ""
    selected: bool = False


@lru_cache(maxsize=8)
def arranged(inputs: Inputs) -> tuple[Region, ...]:
    """Return the boxes of numbers, each from ``inputs`` before it; the last one is at the right.

    Each stands beside the first that reads it, as level with all of these as others leave room.
    """
    readers: list[list[int]] = [[] for _ in inputs]
    for at, sources in enumerate(inputs):
        for source in sources:
            readers[source].append(at)
    away = [0] * len(inputs)
    for at in reversed(range(len(inputs))):
        away[at] = max((away[reader] + 1 for reader in readers[at]), default=0)
    rows = [0.0] * len(inputs)
    for distance in range(1, max(away) + 1):
        mine = [at for at in range(len(inputs)) if away[at] == distance]
        wanted = {at: fmean(rows[reader] for reader in readers[at]) for at in mine}
        mine.sort(key=wanted.__getitem__)
        for at, row in zip(mine, _apart([wanted[at] for at in mine]), strict=True):
            rows[at] = row
    top = min(rows)
    return tuple(
        Region((max(away) - far) * (WIDTH + GAP), round(row - top), WIDTH, HEIGHT)
        for far, row in zip(away, rows, strict=True)
    )


def _apart(wanted: list[float]) -> list[float]:
    """Return rows that are a box apart, as near to the ``wanted`` ones, in order, as can be."""
    blocks: list[list[float]] = []
    for at, row in enumerate(wanted):
        blocks.append([row - at * HEIGHT])
        while len(blocks) > 1 and fmean(blocks[-2]) >= fmean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    tops = [round(fmean(block)) for block in blocks for _ in block]
    return [float(top + at * HEIGHT) for at, top in enumerate(tops)]


@lru_cache(maxsize=2)
def _background(inputs: Inputs, titles: tuple[str, ...], styles: Styles) -> Canvas:
    """Draw what stays: edges, boxes, and what they are called."""
    boxes = arranged(inputs)
    whole = Region.from_union(boxes)
    canvas = Canvas(whole.right, whole.bottom, styles.dim)
    for at, sources in enumerate(inputs):
        end = boxes[at].x - 1, boxes[at].y + 1
        for source in sources:
            for row, column, bits, _ in dotted((boxes[source].right, boxes[source].y + 1), end):
                canvas.dot(row, column, bits, styles.faint)
    for box, title in zip(boxes, titles, strict=True):
        inner = WIDTH - 2
        canvas.write(box.y, box.x, f"╭ {title} ".ljust(inner + 1, "─") + "╮", styles.dim)
        canvas.write(box.y + 1, box.x, f"│{'│':^{inner}}│", styles.dim)
        canvas.write(box.y + 2, box.x, f"╰{'─' * inner}╯", styles.dim)
        canvas.write(box.y, box.x + 2, title, styles.text)
    return canvas


def picture(
    found: Sequence[Scalar],
    looks: Sequence[Look],
    styles: Styles,
    focused: bool,
    chosen: Callable[[int], object],
) -> Picture:
    """Draw numbers; ``chosen`` gives what is selected with the one in a place."""
    canvas = _drawn(found, looks, styles, focused)
    boxes = arranged(tuple(one.inputs for one in found))
    marks = [{look.touched, look.gradient_touched} for look in looks]
    written, read = (
        [box for box, mark in zip(boxes, marks, strict=True) if kind in mark]
        for kind in ("written", "read")
    )

    def pick(x: int, y: int) -> object:
        return next((chosen(at) for at, box in enumerate(boxes) if box.contains(x, y)), None)

    return Picture(
        Size(canvas.width, canvas.height),
        canvas.part,
        spot=next((box for box, look in zip(boxes, looks, strict=True) if look.selected), None),
        touched=Region.from_union(written or read) if written or read else None,
        pick=pick,
    )


def _drawn(found: Sequence[Scalar], looks: Sequence[Look], styles: Styles, focused: bool) -> Canvas:
    """Draw ``value | gradient`` below the name and the operation of each number."""
    inputs = tuple(one.inputs for one in found)
    titles = [" = ".join(filter(None, (one.name, one.sign))) for one in found]
    titles = [fitted(title, WIDTH - 4) for title in titles]
    canvas = _background(inputs, tuple(titles), styles).copy()
    largest = max((abs(one.gradient) for one in found if one.gradient is not None), default=0.0)
    for one, title, look, box in zip(found, titles, looks, arranged(inputs), strict=True):
        if look.selected:
            style = styles.selected(styles.strong, focused)
            canvas.write(box.y, box.x + 2, title, style)
        usual = styles.strong if one.name else styles.text
        numbers = [(plain, one.value, look.known, look.touched, usual, box.x + 2)]
        if one.gradient is not None:
            style = styles.sign(one.gradient, largest)
            place = box.x + WIDTH // 2 + 2
            known, touched = look.gradient_known, look.gradient_touched
            numbers += [(signed, one.gradient, known, touched, style, place)]
        for write, value, known, touched, style, column in numbers:
            text = write(value, form_of(abs(value), DECIMALS, 3)) if known else PENDING
            drawn = styles.highlighted(style if known else styles.dim, touched)
            canvas.write(box.y + 1, column + NUMBER - len(text), text, drawn)
    return canvas
