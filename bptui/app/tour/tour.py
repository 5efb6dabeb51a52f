"""Where the tour is: which key it waits for, and when it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bptui.app.commands.table import SHOWN_KEYS
from bptui.app.panels.derivation import FormsPanel
from bptui.app.tour.panel import TourPanel
from bptui.app.tour.stops import FORWARD, Stop, every_stop

if TYPE_CHECKING:
    from bptui.app.base import TerminalApp

ARROWS = ("up", "down")
SCROLLS = {
    "up": "scroll_up",
    "down": "scroll_down",
    "pageup": "scroll_page_up",
    "pagedown": "scroll_page_down",
    "home": "scroll_home",
    "end": "scroll_end",
}
"""What keys do to the derivation, whichever panel has the focus; arrows until they select."""
SELECTED = next(at for at, stop in enumerate(FORWARD) if stop.key == "down")
FREE = {
    *("q", "question_mark", "d", "ctrl+q", "ctrl+c"),
    *("up", "down", "left", "right", "pageup", "pagedown", "home", "end"),
}
"""Keys that lead nowhere else: they look around in what is shown, or leave the program."""
EXAMPLE_NAME = "my_net"


class Tour:
    """Goes from stop to stop with the keys that are pressed in an app.

    ``file`` is the user's own program, to be written or open by now; ``before`` is the number of
    stops behind us.
    """

    def __init__(
        self, app: TerminalApp[Any], file: Path, every: tuple[Stop, ...], before: int = 0
    ) -> None:
        self._app, self.file, self.every, self._before = app, file, every, before
        self.number = 0
        self._pressed, self._hint = False, ""
        self.panel = TourPanel()

    @property
    def stop(self) -> Stop:
        return self.every[self.number]

    def allows(self, key: str) -> bool:
        """Take note of a key on the main screen; return whether it is to have its effect."""
        if key == "escape":
            self._app.end_tour()
            return False
        if self._pressed:  # its effect is still to come
            return key in FREE
        if key in SCROLLS and (key not in ARROWS or self.stop in FORWARD[:SELECTED]):
            panel = self._app.main.query_one("#derivation", FormsPanel)
            getattr(panel, SCROLLS[key])(animate=False)
            return False
        if key == self.stop.key:
            self._hint, self._pressed = "", True
            if self.stop.run is not None:
                self._pressed, self._hint = False, self.stop.run(self._app) or ""
                self.show()
                return False
            return True
        if key not in FREE:
            wanted = SHOWN_KEYS.get(self.stop.key, self.stop.key)
            self._hint = f"{SHOWN_KEYS.get(key, key)} is for later; now press {wanted}"
            self.show()
        return key in FREE

    def look(self, over: bool = False) -> None:
        """Go on where the effect of the key is there; ``over``: there will be none any more."""
        if self._pressed and len(self._app.screen_stack) == 1:
            if self.stop.done(self._app):
                self._pressed = False
                self.number += 1
                self.arrive()
            elif over:
                self._pressed, self._hint = False, self.stop.otherwise
        self.show()

    def arrive(self) -> None:
        """Have the app show what the stop is about."""
        self.stop.begin(self._app)
        panel = self._app.main.query_one(f"#{self.stop.look}").focus()
        if isinstance(panel, FormsPanel):
            panel.show_form("all")  # whatever the reader has tried

    def show(self) -> None:
        """Show the stop, with the caption of what was just carried out."""
        self.panel.show(
            self.stop,
            self._app.main.caption.told,
            self.file.name,
            f"{self._before + self.number + 1}/{every_stop()}",
            self._hint,
        )


def example_file(folder: Path) -> Path:
    """Return a file that does not exist: my_net.py, else my_net_2.py, ..."""
    number, file = 1, folder / f"{EXAMPLE_NAME}.py"
    while file.exists():
        number += 1
        file = folder / f"{EXAMPLE_NAME}_{number}.py"
    return file
