"""A worksheet in the formats that there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bptui.export.worksheet.sheet import Worksheet

WIDTH = 100
"""Columns of text in a file."""


def written(sheet: Worksheet, form: str, width: int = WIDTH) -> Iterable[str]:
    """The lines of the worksheet in ``form``: text (``width`` columns), markdown or latex."""
    if form == "markdown":
        from bptui.export.worksheet.markdown import markdown_lines

        return markdown_lines(sheet)
    if form == "latex":
        from bptui.export.worksheet.latex import latex_lines

        return latex_lines(sheet)
    from bptui.export.worksheet.text import text_lines

    return text_lines(sheet, width)
