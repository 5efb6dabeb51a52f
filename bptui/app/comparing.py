"""The app's command that keeps loss curves for comparison."""

from __future__ import annotations

from bptui.app.playing import PlayingApp


class ComparingApp(PlayingApp):
    """Keeps the curves that the chart draws beside the current one."""
