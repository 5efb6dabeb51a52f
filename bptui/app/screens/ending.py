"""Paths in dialogs: their ends say more than their beginnings."""

from __future__ import annotations

from rich.cells import cell_len


def ending(text: str, width: int) -> str:
    """``text``, or as much of its end as fits into ``width`` cells."""
    if cell_len(text) <= width:
        return text
    while text and cell_len(text) >= width:
        text = text[1:]
    return f"…{text}"
