"""Sets breakpoints, switches them on and off, and removes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any, ClassVar, Protocol

from textual.binding import Binding
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from bptui.app.lines import clickable, key_hints
from bptui.app.screens.dialog import Question, Rows
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


class BreakpointScreen(Question[Mapping[Condition, bool], Condition]):
    """Gives the breakpoints that are set then, and whether each is switched on.

    ``shown`` are examples, in rows; ``parse`` makes one of a text.
    """

    BINDINGS: ClassVar = [
        Binding("space", "switch", "On or off"),
        Binding("delete,backspace", "remove", "Remove"),
        Binding("down", "to_list", "To the list", show=False),
    ]

    def __init__(
        self,
        breakpoints: Mapping[Any, bool],
        shown: Sequence[Sequence[str]],
        parse: Callable[[str], Condition],
    ) -> None:
        super().__init__("Breakpoints", "enter: add, esc: close", hint=f"such as {shown[0][0]}")
        self._set: dict[Condition, bool] = {**breakpoints}
        self._shown, self._parse = shown, parse
        self._list = Rows(markup=False)
        self._list_keys = Static(classes="keys", markup=False)

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
        yield from super().rows()
        yield from (self._list, self._list_keys, Static(shown, classes="keys linked"))

    def on_mount(self) -> None:
        self._fill()

    def _fill(self, highlighted: Condition | None = None) -> None:
        """Show the list as it is now."""
        items, at = [*self._set], self._list.highlighted or 0
        self._list.set_options(map(self._line, items))
        self._list.display = bool(items)
        keys = "tab or ↓: list, space: on or off, delete: remove"
        self._list_keys.update(key_hints(keys if items else "None is set yet."))
        if items:
            at = items.index(highlighted) if highlighted else min(at, len(items) - 1)
            self._list.highlighted = at
        else:
            self._field.focus()
        self.check()

    def _line(self, item: Condition) -> Content:
        on, width = self._set[item], max(len(str(other)) for other in self._set)
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
        self._set[value] = True
        self._field.clear()
        self._fill(value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if not event.value.strip():
            self.action_close()

    @property
    def _chosen(self) -> Condition | None:
        """The one that is highlighted, while the list has the focus."""
        at = self._list.highlighted
        return [*self._set][at] if self._list.has_focus and at is not None else None

    def on_option_list_option_selected(self) -> None:
        self.action_switch()

    def action_switch(self) -> None:
        if self._chosen is not None:
            self._set[self._chosen] = not self._set[self._chosen]
            self._fill()

    def action_remove(self) -> None:
        if self._chosen is not None:
            del self._set[self._chosen]
            self._fill()

    def action_to_list(self) -> None:
        if self._set:
            self._list.focus()

    def action_close(self) -> None:
        self.dismiss(self._set)
