"""Sets breakpoints, switches them on and off, and removes them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from bptui.app.lines import clickable, key_hints
from bptui.app.playback.breakpoints import Breakpoint, BreakpointError, parse
from bptui.app.screens.dialog import Dialog
from bptui.core.network import Network

Switches = Mapping[Breakpoint, bool]


def examples(network: Network) -> list[list[str]]:
    """Breakpoints of each kind with names of this network, in rows."""
    weight = f"w{min(network.weight_count, 5)}"
    first, last = network.names.unit(1, 0), network.names.unit(network.depth, 0)
    return [
        ["loss < 0.01", f"g{weight} < 0", f"out_{last} >= 0.9", f"delta_{first} = 0"],
        ["loss rising", f"|{weight}| > 2", f"dL/dout_{last} < 0", f"W{network.depth}[0][0] > 1"],
        ["norm < 1e-6", "every 100"],
    ]


class BreakpointScreen(Dialog[Switches]):
    """A line to write a breakpoint in, above the list of those that are set."""

    BINDINGS: ClassVar = [
        Binding("escape", "close", "Close"),
        Binding("space", "switch", "On or off"),
        Binding("delete,backspace", "remove", "Remove"),
        Binding("down", "to_list", "To the list", show=False),
    ]

    def __init__(self, breakpoints: Switches, network: Network) -> None:
        super().__init__()
        self._breakpoints, self._network = dict(breakpoints), network

    def compose(self) -> ComposeResult:
        with Vertical(id="breakpoints", classes="dialog") as box:
            box.border_title = "Breakpoints"
            box.border_subtitle = "esc: close"
            yield Input(id="breakpoint-text", placeholder="loss < 0.01", select_on_focus=False)
            yield Static(id="breakpoint-meaning", markup=False)
            yield OptionList(id="breakpoint-list")
            yield Static(id="breakpoint-keys", markup=False)
            table = examples(self._network)
            widths = [max(map(len, column)) + 2 for column in zip_longest(*table, fillvalue="")]
            rows = [
                Content.assemble(
                    *(
                        clickable(each, f"screen.example({each!r})") + " " * (width - len(each))
                        for each, width in zip(row, widths, strict=False)
                    )
                )
                for row in table
            ]
            shown = Content("\n          ").join(rows)
            yield Static(Content.assemble("Examples: ", shown), id="breakpoint-examples")

    def on_mount(self) -> None:
        self._say("")
        self._list()

    def on_input_changed(self, event: Input.Changed) -> None:
        self._say(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        made = self._say(event.value)
        if made is not None:
            self._breakpoints[made] = True
            event.input.clear()
            self._list([*self._breakpoints].index(made))
        elif not event.value.strip():
            self.action_close()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.action_switch()

    def _say(self, text: str) -> Breakpoint | None:
        """Show what ``text`` means or what is wrong with it; the breakpoint."""
        meaning = self.query_one("#breakpoint-meaning", Static)
        meaning.remove_class("wrong")
        if not text.strip():
            meaning.update("A run stops when a condition on any number on the screen becomes true.")
            return None
        try:
            made = parse(text, self._network)
        except BreakpointError as error:
            said = str(error)
            meaning.update(f"{said[:1].upper()}{said[1:]}")
            meaning.add_class("wrong")
            return None
        meaning.update(f"Stops {made.meaning}")
        return made

    def _list(self, highlighted: int | None = None) -> None:
        """Show the breakpoints that are set."""
        listing = self.query_one(OptionList)
        place = listing.highlighted if highlighted is None else highlighted
        width = max((len(str(each)) for each in self._breakpoints), default=0)
        listing.clear_options()
        for each, on in self._breakpoints.items():
            name = str(each).ljust(width)
            text = Content.assemble(
                ("[x] " if on else "[ ] "),
                (name, "bold" if on else "$text-muted"),
                (f"   {each.meaning}" if on else "   switched off", "$text-muted"),
            )
            listing.add_option(Option(text))
        listing.display = bool(self._breakpoints)
        keys = "tab or ↓: list, space: on or off, delete: remove"
        self.query_one("#breakpoint-keys", Static).update(
            key_hints(keys if self._breakpoints else "None is set yet: type one and press enter.")
        )
        if self._breakpoints:
            listing.highlighted = min(place or 0, len(self._breakpoints) - 1)
        else:
            self.query_one(Input).focus()

    def _highlighted(self) -> Breakpoint | None:
        listing = self.query_one(OptionList)
        if not listing.has_focus or listing.highlighted is None:
            return None
        return [*self._breakpoints][listing.highlighted]

    def action_switch(self) -> None:
        each = self._highlighted()
        if each is not None:
            self._breakpoints[each] = not self._breakpoints[each]
            self._list()

    def action_remove(self) -> None:
        each = self._highlighted()
        if each is not None:
            del self._breakpoints[each]
            self._list()

    def action_example(self, text: str) -> None:
        """Write one of the examples into the line."""
        line = self.query_one(Input)
        line.value = text
        line.action_end()
        line.focus()

    def action_to_list(self) -> None:
        if self._breakpoints:
            self.query_one(OptionList).focus()

    def action_close(self) -> None:
        self.dismiss(self._breakpoints)
