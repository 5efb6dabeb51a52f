"""Selecting among the cells of a panel's matrices: where a selection stands, what is beside it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Offset, Region

from bptui.app.panels.blocks import Block
from bptui.app.view import Direction, Selection

STEPS: dict[Direction, tuple[int, int]] = {
    "left": (0, -1),
    "right": (0, 1),
    "up": (-1, 0),
    "down": (1, 0),
}
"""By how many rows and columns each direction moves."""


def row_of(block: Block, selection: Selection) -> int:
    """The row of a weight or a bias in the block of its layer; 0 is the heading."""
    return selection.source + 1 if selection.kind == "weight" else block.sources + 1


def at(block: Block, row: int, column: int) -> Selection:
    """The weight or the bias in a row from 1 on."""
    if row > block.sources:
        return Selection("bias", block.layer, column)
    return Selection("weight", block.layer, column, row - 1)


def region_of(blocks: Sequence[Block], selection: Selection) -> Region:
    """What must be in sight: the cell with its headings, or the name of a unit.

    The names of rows stay in sight by themselves, and so does a heading in the line above.
    """
    if selection.kind == "unit" and selection.layer == 0:
        block, row, column = blocks[0], selection.unit + 1, 0
    else:
        block, column = blocks[selection.layer - 1], selection.unit
        row = 1 if selection.kind == "unit" else row_of(block, selection)
    x = block.x + column * block.cell
    return Region(x, block.y + row - 1, block.label_width + block.cell, 2)


def neighbour(blocks: Sequence[Block], selection: Selection, direction: Direction) -> Selection:
    """What lies one cell further, in the next matrix beyond the border of one; itself at the end.

    From a unit the first weight into it is reached, from an input the first weight out of it.
    """
    if selection.kind == "unit":
        layer, unit = selection.layer, selection.unit
        return Selection("weight", layer, unit) if layer else Selection("weight", 1, 0, unit)
    block = blocks[selection.layer - 1]
    down, along = STEPS[direction]
    row, column = row_of(block, selection) + down, selection.unit + along
    if 1 <= row <= block.last_row and 0 <= column < block.columns:
        return at(block, row, column)
    other = _beyond(blocks, block, column, direction)
    if other is None:
        return selection
    if along:
        biases = row > block.sources
        row = other.last_row if biases else min(row, other.sources)
        return at(other, row, 0 if along > 0 else other.columns - 1)
    column = (_centre(block, column) - other.x - other.label_width) // other.cell
    row = 1 if down > 0 else other.last_row
    return at(other, row, min(max(column, 0), other.columns - 1))


def pick(blocks: Sequence[Block], x: int, y: int, scrolled: Offset) -> Selection | None:
    """What is drawn at a cell of the panel's content: a number, or the name of a unit.

    ``scrolled`` moves the names of rows, and the first line in sight shows the heading.
    """
    for block in blocks:
        if not (block.y <= y < block.bottom and block.x <= x < block.right):
            continue
        row = 0 if y == scrolled.y else y - block.y
        named = min(max(block.x, scrolled.x), block.right - block.label_width)
        if named <= x < named + block.label_width:
            names_unit = 1 <= row <= block.sources
            return Selection("unit", block.layer - 1, row - 1) if names_unit else None
        column = (x - block.x - block.label_width) // block.cell
        if column >= 0:
            return at(block, row, column) if row else Selection("unit", block.layer, column)
    return None


def _centre(block: Block, column: int) -> int:
    return block.x + block.label_width + column * block.cell + block.cell // 2


def _beyond(
    blocks: Sequence[Block], block: Block, column: int, direction: Direction
) -> Block | None:
    """The next matrix in a direction: beside in the same line of matrices, or nearest below."""
    down, along = STEPS[direction]
    if along:
        beside = [b for b in blocks if b.y == block.y and (b.x - block.x) * along > 0]
        return min(beside, key=lambda b: abs(b.x - block.x), default=None)
    centre = _centre(block, column)
    further = [b for b in blocks if (b.y - block.y) * down > 0]
    return min(
        further,
        key=lambda b: (abs(b.y - block.y), max(b.x - centre, centre - b.right, 0)),
        default=None,
    )
