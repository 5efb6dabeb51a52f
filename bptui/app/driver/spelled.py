"""Textual's own driver for terminals that do not show all of Unicode."""

from __future__ import annotations

from textual.drivers.linux_driver import LinuxDriver

from bptui.app.surroundings import Surroundings


class SpelledDriver(LinuxDriver):
    """Everything that Textual writes goes out in characters that the terminal has."""

    def write(self, data: str) -> None:
        around: Surroundings = self._app.surroundings
        super().write(around.spelling(data) if around.spelling else data)
