"""What the operation just carried out has read and written, as glyphs beside names."""

from __future__ import annotations

from typing import Literal

from bptui.app.view import View

Touch = Literal["", "read", "written"]

GLYPHS: dict[Touch, str] = {"": " ", "read": "▸", "written": "◂"}
"""One cell each, so that nothing moves: out of what is read, into what is written."""
PENDING = "·"
"""Stands for a number that this step has yet to compute."""


def touch(view: View, *quantities: str) -> Touch:
    """Whether the operation has written one of the quantities; else whether it has read one."""
    operation = view.operation
    if operation is None:
        return ""
    for each in quantities:
        if each in operation.writes:
            return "written"
    for each in quantities:
        if each in operation.reads:
            return "read"
    return ""
