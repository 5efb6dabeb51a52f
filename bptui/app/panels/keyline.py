"""The bottom line: what the keys do, clickable."""

from __future__ import annotations

from functools import lru_cache

from textual.events import Click, MouseEvent, MouseScrollDown, MouseScrollUp
from textual.reactive import var
from textual.strip import Strip
from textual.widget import Widget

from bptui.app.commands import COMMANDS, Command
from bptui.app.lines import Line, pressing, spot
from bptui.app.playback.run import SPEED_ROOM
from bptui.app.styles import styles_of
from bptui.app.view import View

RIGHT = 3
"""The button of the mouse."""
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
    "goto",
    "form",
    "",
    "presets",
    "derivation",
    "operation",
)
"""Actions whose keys give way where there is little room, the first one first.

At the empty one the second keys of those that have two give way.
"""


class KeyLine(Widget):
    """As many keys as fit, in the order of the table of commands; help and quit always."""

    view: var[View | None] = var(None, always_update=True)
    _speed_at = 0

    async def on_click(self, event: Click) -> None:
        """A click on the speed is faster, one with the other button slower; so is the wheel."""
        await self._change_speed(event, "minus" if event.button == RIGHT else "plus")

    async def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        await self._change_speed(event, "plus")

    async def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        await self._change_speed(event, "minus")

    async def _change_speed(self, event: MouseEvent, key: str) -> None:
        if event.x >= self._speed_at:
            await self.run_action(pressing(key))

    def watch_view(self, before: View | None, view: View | None) -> None:
        if before is None or view is None or before.speed is not view.speed:
            self.refresh()

    def render_line(self, y: int) -> Strip:
        colours, width = styles_of(self.app), self.size.width
        line, bold = Line().add(" ", colours.text), colours.accent + colours.bold
        shown, both = _shown(width)
        for place, each in enumerate(shown):
            line.add("  " if place else "", colours.text)
            line.add(each.shown_key, bold + PRESSING[each.shown_key])
            if each.also and both:
                line.add("/", bold).add(each.also, bold + PRESSING[each.also])
            line.add(f" {each.hint}", colours.dim + PRESSING[each.shown_key])
        self._speed_at = width
        if self.view is not None:
            speed = self.view.speed
            forms = (f" {speed} ", f" {speed.short} ", f" {speed.short}")
            text = next((each for each in forms if line.width + len(each) <= width), "")
            self._speed_at -= len(text)
            line.pad(self._speed_at, colours.text).add(text, colours.dim)
        return line.strip().adjust_cell_length(width).apply_style(self.rich_style)


@lru_cache(maxsize=4)
def _shown(width: int) -> tuple[list[Command], bool]:
    """The commands that find room beside the speed, and whether both keys of those with two do."""
    shown, both = [each for each in COMMANDS if each.hint], True
    for optional in (None, *OPTIONAL):
        shown = [each for each in shown if each.action != optional]
        both = both and optional != ""
        keys = (len(_key(each, both)) + len(each.hint) + 3 for each in shown)
        if sum(keys) + SPEED_ROOM <= width:
            break
    return shown, both


def _key(command: Command, both: bool) -> str:
    return f"{command.shown_key}/{command.also}" if command.also and both else command.shown_key


PRESSING = {each.shown_key: spot(pressing(each.key)) for each in COMMANDS}
