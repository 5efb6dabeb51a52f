"""The app's commands that change the experiment: single numbers, all of it, undo, redo, save."""

from __future__ import annotations

from bptui.app.comparing import ComparingApp


class EditingApp(ComparingApp):
    """Turns what the user changes into experiments and forks of the timeline."""
