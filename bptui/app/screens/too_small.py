"""What stands on a screen that is too small for anything else."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.events import Resize
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Static

from bptui.app.screens import ClosesOnce

LEAST_WIDTH, LEAST_HEIGHT = 60, 16
"""Columns and rows with which every panel and dialog can still be used."""


class TooSmallScreen(ModalScreen[None], ClosesOnce[None]):
    """One line over everything; what is below it waits, and training goes on."""

    CSS = """
    TooSmallScreen, TooSmallScreen Static {
        background: $background;
        text-wrap: nowrap;
    }
    """
    BINDINGS: ClassVar = [Binding("q", "app.quit", "Quit", show=False)]

    def __init__(self) -> None:
        super().__init__()
        self._line = Static(markup=False)

    def compose(self) -> ComposeResult:
        yield self._line

    def on_resize(self, event: Resize) -> None:
        width, height = event.size
        least = f"{LEAST_WIDTH}x{LEAST_HEIGHT}"
        forms = (
            f"bptui needs {least}, this is {width}x{height}; q quits",
            f"needs {least}, has {width}x{height}",
            f"needs {least}",
        )
        self._line.update(next((text for text in forms if len(text) <= width), least))

    def on_screen_resume(self) -> None:
        """Leave, if the screen has grown while a dialog that came by itself lay over this one."""
        if not _is_small(self.app.size):
            self.dismiss()


def _is_small(size: Size) -> bool:
    return size.width < LEAST_WIDTH or size.height < LEAST_HEIGHT


def require_room(app: App[Any], size: Size) -> None:
    """Cover what ``app`` shows while ``size`` is too small for it, and uncover it again."""
    small, screen = _is_small(size), app.screen
    if isinstance(screen, TooSmallScreen):
        if not small:
            screen.dismiss()
    elif small:
        app.push_screen(TooSmallScreen())
