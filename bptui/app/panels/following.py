"""A panel that follows a fast run now and then, so that keys and the numbers come first."""

from __future__ import annotations

from time import perf_counter

from bptui.app.panels.panel import Panel
from bptui.app.view import View

REDRAW_SECONDS = 0.05
"""In a fast run it is drawn at most this often."""
REDRAW_SHARE = 8
"""Nor before so many times what drawing it took: a key seldom has to wait for it."""


class FollowingPanel(Panel):
    """Drawn after the numbers of the other panels; in a fast run every few frames."""

    def __init__(self, title: str, panel_id: str) -> None:
        super().__init__(title, panel_id)
        self._drawn: object = None
        self._drawn_at = self._cost = 0.0

    def watch_view(self, before: View | None, view: View | None) -> None:
        if view is None or self.away:
            return
        pause = max(REDRAW_SECONDS, REDRAW_SHARE * self._cost)
        if view.hurries and perf_counter() - self._drawn_at < pause:
            return
        # at rest it may be drawn with more care
        wanted = (view.picture, view.running or view.seeking is not None)
        if self._drawn != wanted:
            self._drawn, self._drawn_at = wanted, perf_counter()
            self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        began = perf_counter()
        self.repaint()
        self._cost = perf_counter() - began

    def resized(self) -> None:
        self.call_after_refresh(self._draw)
