"""What the panels on a program share."""

from __future__ import annotations

from rich.style import Style

from bptui.app.panels.panel import LinePanel
from bptui.app.program.moment import Moment
from bptui.app.styles import Styles
from bptui.app.view import Direction

SIGNS = {"right": "✓", "wrong": "✗", "follows": "↳", "": " "}
"""Verdicts: right, the first wrong one, and what follows from that."""


def verdict_style(styles: Styles, verdict: str) -> Style:
    """Return the colour of a verdict."""
    return {"right": styles.accent, "wrong": styles.warning}.get(verdict, styles.negative[1])


class ProgramPanel(LinePanel[Moment]):
    """A panel that keeps what is selected in it in sight."""

    def watch_view(self, before: Moment | None, view: Moment | None) -> None:
        super().watch_view(before, view)
        if view is not None and (before is None or before.picture != view.picture):
            self.call_after_refresh(self._follow)

    def _follow(self) -> None:
        if self.view is not None:
            self.follow(self.view, self.spot(self.view))

    def neighbour(self, view: Moment, direction: Direction) -> Moment:
        """Return the moment with what an arrow reaches; by default one operation in time."""
        return view.at(view.stop + (1 if direction in ("right", "down") else -1))
