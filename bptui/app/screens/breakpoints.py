"""Breakpoints as a text: a condition a line, one behind a # is switched off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from textual.widget import Widget
from textual.widgets import Static

from bptui.app.playback.breakpoints import Breakpoint
from bptui.app.screens.dialog import Dialog, TextBox
from bptui.core.network import Network
from bptui.presets.number_parsing import EntryError

ABOUT = "A run stops when a condition on any number on the screen becomes true."
OFF = "#"


def examples(network: Network) -> list[str]:
    """Return breakpoints of each kind with names of this network."""
    weight = f"w{min(network.weight_count, 5)}"
    first, last = network.names.unit(1, 0), network.names.unit(network.depth, 0)
    return [
        *("loss < 0.01", f"g{weight} < 0", f"out_{last} >= 0.9", f"delta_{first} = 0"),
        *("loss rising", f"|{weight}| > 2", f"dL/dout_{last} < 0", f"W{network.depth}[0][0] > 1"),
        *("norm < 1e-6", "every 100"),
    ]


class BreakpointScreen(Dialog[Mapping[Breakpoint, bool]]):
    """Gives the breakpoints that are set then, and whether each is switched on.

    ``shown`` are examples; ``parse`` makes one of a text.
    """

    def __init__(
        self,
        breakpoints: Mapping[Breakpoint, bool],
        shown: Sequence[str],
        parse: Callable[[str], Breakpoint],
    ) -> None:
        super().__init__("Breakpoints", f"enter: next line, {OFF} before one: off, esc: close")
        lines = [f"{f'{OFF} ' * (not on)}{each}\n" for each, on in breakpoints.items()]
        self._text, self._parse, self._asked = TextBox("".join(lines)), parse, False
        said = f"One a line, such as:  {',  '.join(shown)}"
        self._examples = Static(said, classes="keys", markup=False)

    def rows(self) -> Iterable[Widget]:
        return self._text, self.said, self._examples

    def on_mount(self) -> None:
        self._text.focus()
        self._text.move_cursor(self._text.document.end)
        self.say(ABOUT)

    def on_text_area_selection_changed(self) -> None:
        self.on_text_area_changed()

    def on_text_area_changed(self) -> None:
        """Say what the line of the cursor means, or what is wrong with it."""
        line, self._asked = self._text.document.get_line(self._text.cursor_location[0]), False
        try:
            made, on = self._read(line)
        except EntryError as error:
            said = str(error)
            self.say(said[:1].upper() + said[1:], wrong=True)
        else:
            said = ABOUT if made is None else f"Stops {made.meaning}"
            self.say(said if on or made is None else f"Switched off: {said}")

    def _read(self, line: str) -> tuple[Breakpoint | None, bool]:
        """Return the condition in a line, if any, and whether it is switched on."""
        plain = line.strip()
        text = plain.removeprefix(OFF).strip()
        return self._parse(text) if text else None, not plain.startswith(OFF)

    def action_close(self) -> None:
        """Give what is set; lines that cannot be read are lost, if esc asks for that twice."""
        found, lost = dict[Breakpoint, bool](), dict[str, EntryError]()
        for line in self._text.text.splitlines():
            try:
                made, on = self._read(line)
            except EntryError as error:
                lost[line.strip()] = error
            else:
                found |= {} if made is None else {made: on}
        if lost and not self._asked:
            (first, reason), more = next(iter(lost.items())), len(lost) - 1
            others = f" and {more} more" * bool(more)
            self.say(f"esc again leaves out {first}{others}: {reason}", wrong=True)
            self._asked = True
        else:
            self.dismiss(found)
