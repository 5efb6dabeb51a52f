"""The bottom line: what the keys do, clickable."""

from __future__ import annotations

from functools import lru_cache

from rich.style import Style
from textual.reactive import var
from textual.strip import Strip
from textual.widget import Widget

from bptui.app.commands import COMMANDS, Command
from bptui.app.ink import ink_of
from bptui.app.lines import Line
from bptui.app.pace import ROOM
from bptui.app.view import View

OPTIONAL = (
    "export",
    "samples",
    "keep",
    "undo",
    "edit",
    "save",
    "learned",
    "scale",
    "zoom",
    "restart",
    "breakpoints",
    "faster",
    "gradcheck",
    "derivation",
    "goto",
    "operation",
)
"""Actions whose keys give way where there is little room, the first one first."""


class KeyLine(Widget):
    """As many keys as fit, in the order of the table of commands; help and quit always."""

    view: var[View | None] = var(None, always_update=True)

    def watch_view(self, before: View | None, view: View | None) -> None:
        if before is None or view is None or before.speed is not view.speed:
            self.refresh()

    def render_line(self, y: int) -> Strip:
        colours = ink_of(self.app)
        line = Line().add(" ", colours.text)
        shown = [each for each in COMMANDS if each.hint]
        for optional in OPTIONAL:
            needed = sum(len(_key(each)) + len(each.hint) + 3 for each in shown)
            if needed + ROOM + 1 > self.size.width:
                shown = [each for each in shown if each.action != optional]
        for place, each in enumerate(shown):
            key, hint = _styles(each.action, colours.accent, colours.dim)
            line.add("  " if place else "", colours.text)
            line.add(_key(each), key).add(f" {each.hint}", hint)
        speed = f" {self.view.speed} " if self.view is not None else ""
        if line.width + len(speed) <= self.size.width:
            line.pad(self.size.width - len(speed), colours.text).add(speed, colours.dim)
        return line.strip().adjust_cell_length(self.size.width).apply_style(self.rich_style)


@lru_cache(maxsize=64)
def _styles(action: str, key: Style, hint: Style) -> tuple[Style, Style]:
    click = Style(meta={"@click": f"app.{action}"})
    return key + Style(bold=True) + click, hint + click


def _key(command: Command) -> str:
    return f"{command.shown_key}/{command.also}" if command.also else command.shown_key
