"""One of a few words, on one line: the arrows and first letters choose, so does the mouse."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding
from textual.content import Content
from textual.events import Click, Key
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


class Choice(Widget):
    """All options side by side, or the chosen one alone where there is no room for all."""

    DEFAULT_CSS = """
    Choice {
        height: 1;
        width: 1fr;
        color: $text-muted;
        &:focus { background: $foreground 10%; }
    }
    """
    BINDINGS: ClassVar = [
        Binding("left", "choose(-1)", "Previous", show=False),
        Binding("right,space", "choose(1)", "Next", show=False),
    ]
    can_focus = True
    chosen: reactive[str] = reactive("", init=False)
    options: reactive[tuple[str, ...]] = reactive((), init=False)

    class Chosen(Message):
        """The user has chosen ``option``."""

        def __init__(self, choice: Choice, option: str) -> None:
            super().__init__()
            self.choice, self.option = choice, option

        @property
        def control(self) -> Choice:
            return self.choice

    def __init__(self, options: tuple[str, ...], chosen: str) -> None:
        super().__init__()
        self.set_reactive(Choice.options, options)
        self.set_reactive(Choice.chosen, chosen)

    @property
    def _fits(self) -> bool:
        return sum(len(each) + 2 for each in self.options) <= self.size.width

    def render(self) -> Content:
        style = "bold reverse" if self.has_focus else "bold $text"
        if self._fits:
            parts: list[Content | tuple[str, str] | str] = [
                (f"[{each}]", style) if each == self.chosen else f" {each} "
                for each in self.options
            ]
            return Content.assemble(*parts)
        width = max(len(each) for each in self.options)
        blanks = " " * (width - len(self.chosen))
        place = f"{self._place + 1} of {len(self.options)}: left, right"
        return Content.assemble("< ", (self.chosen, style), f"{blanks} >  {place}")

    @property
    def _place(self) -> int:
        return self.options.index(self.chosen) if self.chosen in self.options else 0

    def action_choose(self, by: int) -> None:
        self._choose(self.options[(self._place + by) % len(self.options)])

    async def on_key(self, event: Key) -> None:
        """The next option that begins with the letter."""
        if not event.character or not event.character.isalnum():
            return
        event.stop()
        place = self._place + 1
        for each in self.options[place:] + self.options[:place]:
            if each.lower().startswith(event.character.lower()):
                self._choose(each)
                return

    def on_click(self, event: Click) -> None:
        if not self._fits:
            self.action_choose(-1 if event.x < len("< ") else 1)
            return
        end = 0
        for each in self.options:
            end += len(each) + 2
            if event.x < end:
                self._choose(each)
                return

    def _choose(self, option: str) -> None:
        if option != self.chosen:
            self.chosen = option
            self.post_message(self.Chosen(self, option))
