"""Starts the app: settings that must stand before textual is imported, then the app itself."""

from __future__ import annotations

import os

from bptui.core.experiment import Experiment

DEFAULT_FPS = 30


def launch(experiment: Experiment, *, fps: int | None = None, theme: str | None = None) -> int:
    """Run the app on ``experiment`` until the user quits; returns the exit code.

    Raises ValueError for a theme that does not exist, naming those that do.
    """
    fps = fps or DEFAULT_FPS
    os.environ["TEXTUAL_FPS"] = str(fps)  # read when textual is imported
    from bptui.app.app import BptuiApp

    app = BptuiApp(experiment, fps=fps)
    if theme is not None:
        if theme not in app.available_themes:
            raise ValueError(f"found {theme!r}; expected one of {', '.join(app.available_themes)}")
        app.theme = theme
    app.run()
    return app.return_code or 0
