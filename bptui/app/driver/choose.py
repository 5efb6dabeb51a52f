"""Which driver the app runs on."""

from __future__ import annotations

from textual.driver import Driver

from bptui.app.surroundings import Surroundings


def driver_for(surroundings: Surroundings) -> type[Driver] | None:
    """The driver's class, made for these surroundings; None: the platform's own as it is."""
    return None
