"""Where the tour is: what it shows, which key it waits for, and when it goes on."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from textual.events import Key
from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from bptui.app.commands.table import SHOWN_KEYS
from bptui.app.lines import Line, pressing, spot
from bptui.app.panels.derivation import DerivationPanel, FormsPanel
from bptui.app.panels.status import Told, tour_rows
from bptui.app.styles import styles_of
from bptui.app.tour.stops import FORWARD, Stop, every_stop

if TYPE_CHECKING:
    from bptui.app.base import TerminalApp

OPERATOR = re.compile(r" ([-+*/@=<]) ")
"""Stands within a formula; lines are not broken there."""
GLUE = "\N{NO-BREAK SPACE}"


class TourPanel(Widget):
    """Below the panels, in the place of the caption and of the keys."""

    ALLOW_SELECT = False
    text: reactive[str] = reactive("")
    hint: reactive[str] = reactive("")

    def __init__(self) -> None:
        super().__init__(id="tour")
        self.styles.height = "auto"
        self._stop: Stop | None = None
        self._behind = self._does = ""

    def show(self, stop: Stop, told: Told | None, file: str, behind: str, hint: str) -> None:
        """Show a stop, the operation's caption first where it has no title of its own."""
        self._stop, self._behind, self.hint = stop, behind, hint
        title, text = stop.title.format(file=file), stop.text.format(file=file)
        self._does = stop.does.format(file=file)
        if not title and told is not None:
            title = f"{told.where}: {told.what}\n{told.sentence}"
        self.text = f"{title}\n{text}"

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return tour_rows(width)

    def render_line(self, y: int) -> Strip:
        width, styles, line = self.size.width, styles_of(self.app), Line()
        if y < self.size.height - 1:
            paragraphs = OPERATOR.sub(rf"{GLUE}\1{GLUE}", self.text).split("\n")
            rows = [row for text in paragraphs for row in wrap(text, max(width - 2, 20))]
            row = rows[y].replace(GLUE, " ") if y < len(rows) else ""
            line.add(f" {row}", styles.text if y else styles.accent + styles.bold)
        elif self._stop is not None:
            press = spot(pressing(self._stop.key))
            key = SHOWN_KEYS.get(self._stop.key, self._stop.key)
            line.add(" ", styles.text)
            line.add(f" {key} ", styles.accent + styles.bold + styles.chosen + press)
            said = self.hint or self._does
            line.add(f" {said}", styles.warning if self.hint else styles.strong + press)
            if line.width + len(self._behind) < width:
                line.pad(width - len(self._behind), styles.text).add(self._behind, styles.dim)
        return line.strip().adjust_cell_length(width).apply_style(self.rich_style)


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
    *("q", "question_mark", "d", "m", "tab", "ctrl+q", "ctrl+c"),
    *("up", "down", "left", "right", "pageup", "pagedown", "home", "end"),
}
"""Keys that lead nowhere else: they look around in what is shown, or leave the program."""
FOLLOWS = {"enter": "go_to_factor", "backspace": "come_back"}
"""Keys that look around in the derivation of a network."""
BACK = "N"
LEAVING = ("escape", "ctrl+q", "ctrl+c")
EXAMPLE_NAME = "my_net"


class Tour:
    """Goes from stop to stop with the keys that are pressed in an app.

    ``file`` is the user's own program, to be written or open by now; ``before`` is the number of
    stops behind us. ``begin`` is the place of the first stop to be read: the tour goes there by the
    keys of those before it, as a reader does.
    """

    def __init__(
        self,
        app: TerminalApp[Any],
        file: Path,
        every: tuple[Stop, ...],
        before: int = 0,
        begin: int = 0,
    ) -> None:
        self._app, self.file, self.every, self._before = app, file, every, before
        self._wanted, self._beginning = begin, min(begin, len(every) - 1)
        self.number = 0
        self._pressed, self._leaving, self._hint = False, False, ""
        self._own, self._held = list[Key](), list[Key]()
        self._ways: list[Callable[[Callable[[], object]], object]] = []
        """Back to what was shown as each stop began; then they call a function."""
        self.panel = TourPanel()

    @property
    def stop(self) -> Stop:
        return self.every[self.number]

    @property
    def _former(self) -> int | None:
        """The place of the stop to go back to: the nearest before that is still to be read."""
        before = range(self.number - 1, -1, -1)
        return next((at for at in before if not self.every[at].over(self._app)), None)

    @property
    def again(self) -> str:
        """How it is taken again: from where it is, except on a program, which has to be opened."""
        if self._before:
            own = f"`bptui {self.file.name}` opens this program again"
            return f"`bptui tutorial {self._before}` writes another one, {own}."
        return f"`bptui tutorial {self.number + 1}` goes on from here."

    def holds(self, event: Key) -> bool:
        """Keep a key for the first stop to be read, unless it is one of those that lead there."""
        held = bool(self._beginning) and event not in self._own and event.key not in LEAVING
        self._held += [event] * held
        return held

    def allows(self, key: str) -> bool:
        """Take note of a key on the main screen; return whether it is to have its effect."""
        wanted = SHOWN_KEYS.get(self.stop.key, self.stop.key)
        if key == "escape":
            if self._leaving or key == self.stop.key:
                self._app.end_tour()
            else:  # one more than a dialog takes is soon pressed
                self._leaving = True
                self._hint = f"esc again leaves the tour; {wanted} goes on"
                self.show()
            return False
        self._leaving = False
        free = key in FREE or self._follows(key)
        if self._pressed:  # its effect is still to come
            return free
        if key in SCROLLS and (key not in ARROWS or self.stop in FORWARD[:SELECTED]):
            panel = self._app.main.query_one("#derivation", FormsPanel)
            getattr(panel, SCROLLS[key])(animate=False)
            return False
        if key == self.stop.key:
            run = self.stop.run
            self._hint = (run and run(self._app)) or ""
            self._pressed = not self._hint
            if run is not None:
                self.look()
            return run is None
        if key == BACK and self._former is not None:
            self._hint = ""
            self._begin(self._former)
            self.show()
        elif not free:
            self._hint = f"{SHOWN_KEYS.get(key, key)} does nothing here; press {wanted}"
            self.show()
        return free

    def _follows(self, key: str) -> bool:
        """Return whether a key goes from the factor under the cursor to another derivation."""
        action, main = FOLLOWS.get(key, ""), self._app.main
        reads = action and isinstance(self._app.focused, DerivationPanel)
        return bool(reads and main.check_action(action, ()))

    def look(self, over: int | None = None) -> None:
        """Go on where the effect of the key is there; at stop ``over`` none will come any more."""
        if self._pressed and len(self._app.screen_stack) == 1:
            if self.stop.done(self._app):
                self._pressed = False
                self.number += 1
                self.arrive()
            elif over == self.number:
                self._pressed, self._hint = False, self.stop.otherwise
                self._begin(self.number)  # something else may have been changed
        self.show()

    def _begin(self, number: int) -> None:
        """Go back to a stop, and to what was shown as it began."""
        self.number = number
        self._ways[number](self.arrive)

    def arrive(self) -> None:
        """Have the app show what the stop is about; go on from one that is not to be read."""
        self._ways[self.number :] = [self._app.way_back()]
        if self.stop.over(self._app):
            self.number += 1
            self.arrive()
            return
        self.stop.begin(self._app)
        panel = self._app.main.query_one(f"#{self.stop.look}").focus()
        if isinstance(panel, FormsPanel):
            panel.show_form("all")  # whatever the reader has tried
        if self.number < self._beginning:
            keys = (self.stop.key, *self.stop.then)
            self._own = [Key(key, key if len(key) == 1 else None) for key in keys]
            for event in self._own:
                self._app.post_message(event)
        elif self._beginning:
            self._beginning = 0
            for event in self._held:
                self._app.post_message(event)
            if self._wanted > self.number:
                self._hint = (
                    f"stop {self._wanted + 1} needs {self.file.name}: {self.stop.key} writes it"
                )

    def show(self) -> None:
        """Show the stop, with the caption of what was just carried out."""
        number = f"{self._before + self.number + 1}/{every_stop()}"
        back = "N: back  " if self._former is not None else ""
        going = f"going to stop {self._beginning + 1} …" if self.number < self._beginning else ""
        self.panel.show(
            self.stop,
            self._app.main.caption.told,
            self.file.name,
            f"{number}  {back}esc: leave ",
            self._hint or going,
        )


def example_file(folder: Path) -> Path:
    """Return a file that does not exist: my_net.py, else my_net_2.py, ..."""
    number, file = 1, folder / f"{EXAMPLE_NAME}.py"
    while file.exists():
        number += 1
        file = folder / f"{EXAMPLE_NAME}_{number}.py"
    return file
