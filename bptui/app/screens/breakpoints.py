"""Sets breakpoints, switches them on and off, and removes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any, ClassVar, Protocol

from textual.binding import Binding
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static

from bptui.app.lines import clickable
from bptui.app.screens.dialog import Collection
from bptui.core.network import Network
from bptui.presets.number_parsing import EntryError


class Condition(Protocol):
    """A condition at which a run stops; its text is what was typed."""

    @property
    def meaning(self) -> str:
        """Where it stops, in words."""

    def __hash__(self) -> int: ...


def examples(network: Network) -> list[list[str]]:
    """Return breakpoints of each kind with names of this network, in rows."""
    weight = f"w{min(network.weight_count, 5)}"
    first, last = network.names.unit(1, 0), network.names.unit(network.depth, 0)
    return [
        ["loss < 0.01", f"g{weight} < 0", f"out_{last} >= 0.9", f"delta_{first} = 0"],
        ["loss rising", f"|{weight}| > 2", f"dL/dout_{last} < 0", f"W{network.depth}[0][0] > 1"],
        ["norm < 1e-6", "every 100"],
    ]


class BreakpointScreen(Collection[Mapping[Condition, bool], Condition, Condition]):
    """Gives the breakpoints that are set then, and whether each is switched on.

    ``shown`` are examples, in rows; ``parse`` makes one of a text.
    """

    BINDINGS: ClassVar = [Binding("space", "switch", "On or off")]

    def __init__(
        self,
        breakpoints: Mapping[Any, bool],
        shown: Sequence[Sequence[str]],
        parse: Callable[[str], Condition],
    ) -> None:
        below = (
            "tab or ↓: list, space: on or off, delete: remove",
            "None is set yet: type one and press enter.",
        )
        asked = "Breakpoints", "esc: close", "", f"such as {shown[0][0]}"
        super().__init__(*asked, items=breakpoints, below=below)
        self._off = {item for item, on in breakpoints.items() if not on}
        self._shown, self._parse = shown, parse

    def rows(self) -> Iterable[Widget]:
        table = self._shown
        widths = [max(map(len, column)) + 2 for column in zip_longest(*table, fillvalue="")]
        rows = [
            Content("").join(
                clickable(text, f"screen.write({text!r})") + " " * (width - len(text))
                for text, width in zip(row, widths, strict=False)
            )
            for row in table
        ]
        shown = Content.assemble("Examples: ", Content("\n          ").join(rows))
        return *super().rows(), Static(shown, classes="keys linked")

    def line(self, item: Condition) -> Content:
        on, width = item not in self._off, max(len(str(other)) for other in self.items)
        return Content.assemble(
            "[x] " if on else "[ ] ",
            (str(item).ljust(width), "bold" if on else "$text-muted"),
            (f"   {item.meaning}" if on else "   switched off", "$text-muted"),
        )

    def read(self, text: str) -> tuple[Condition, str]:
        if not text.strip():
            raise EntryError(
                "A run stops when a condition on any number on the screen becomes true."
            )
        made = self._parse(text)
        return made, f"Stops {made.meaning}"

    def take(self, value: Condition) -> None:
        if value not in self.items:
            self.items.append(value)
        self._off.discard(value)
        self._field.clear()
        self.fill(self.items.index(value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if not event.value.strip():
            self.action_close()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.action_switch()

    def action_switch(self) -> None:
        if self.highlighted is not None:
            self._off ^= {self.highlighted}
            self.fill()

    def action_close(self) -> None:
        self.dismiss({item: item not in self._off for item in self.items})
