"""The Python of a notebook: its code cells, without what only IPython understands."""

from __future__ import annotations

import ast
import re

AROUND = ("%%time", "%%timeit", "%%capture", "%%prun", "%%memit")
"""Magics of a cell that is Python all the same."""
ASSIGNED = re.compile(r"(\s*)([\w, ]+?)\s*=\s*[!%].*")
ASKED = re.compile(r"\s*(\?{1,2}[\w.]+|[\w.]+\?{1,2})\s*")


def plain(cell: str) -> str:
    """Return a cell as Python, in as many rows: a magic becomes a comment."""
    rows = cell.split("\n")
    first = next((row.split()[0] for row in rows if row.strip()), "")
    if first.startswith("%%") and first not in AROUND:
        return "\n".join(f"# {row}" for row in rows)
    try:
        ast.parse(cell)
    except (SyntaxError, ValueError):
        return "\n".join(map(_row, rows))
    return cell


def _row(row: str) -> str:
    assigned = ASSIGNED.fullmatch(row)
    if assigned:
        return f"{assigned[1]}{assigned[2]} = None  # {row.strip()}"
    if row.lstrip().startswith(("%", "!")) or ASKED.fullmatch(row):
        return f"{row[: len(row) - len(row.lstrip())]}pass  # {row.strip()}"
    return row
