"""What every key does, what the signs on the screen mean, and where to read on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from bptui.app.commands.table import COMMANDS
from bptui.app.screens.dialog import Dialog
from bptui.app.styles import styles_of
from bptui.help import TOPICS, page, title_of
from bptui.help.text import Page

Row = tuple[str, str]

KEYS = "keys"
"""The topic of the page that opens."""

SECTIONS = {
    "Moving": ("operation", "operation_back", "step", "step_back", "goto", "restart"),
    "Running": ("run", "run_back", "faster", "slower", "breakpoints", "stop"),
    "Editing": ("edit", "undo", "redo", "learning_rate", "form"),
    "Looking": (
        "derivation",
        "learned",
        "samples",
        "sample",
        "sample_back",
        "keep",
        "scale",
        "zoom",
        "gradcheck",
    ),
    "Files": ("presets", "save", "export"),
    "Program": ("show_help", "palette", "theme", "leave"),
}
"""The actions of all commands, by what people want to do."""
PANELS: tuple[Row, ...] = (
    ("tab", "Next panel, including the learning rate in the top line; shift+tab goes back."),
    ("arrows", "Move the selection, which all panels share; in Samples, go to the next sample."),
    ("pages", "Page up, page down, home, end and the mouse wheel scroll the panel."),
    (
        "mouse",
        "A click selects, a double click edits. A click on a key's name presses it, one in the "
        "loss chart goes to that step, one on the speed runs faster, or slower with the "
        "other button.",
    ),
)
DIALOGS: tuple[Row, ...] = (
    ("esc", "Closes the dialog; enter confirms it."),
    (
        "Help",
        "left, right turn the manual's pages; up, down, pageup, pagedown, home, end scroll; "
        "q and ? also close it.",
    ),
    (
        "Presets",
        "Typing filters the list. ctrl+d duplicates a preset; f2 renames one of your own, delete "
        "removes it: enter or y confirms, esc or n keeps it.",
    ),
    (
        "Form",
        "tab, shift+tab, enter, up, down move between fields; left, right, space choose; enter "
        "shows a group of numbers, delete or backspace clears it; f2 lists the names "
        "that a field takes; ctrl+n empties the form; ctrl+s is OK.",
    ),
    (
        "Breakpoints",
        "Conditions on any number on the screen: loss < 0.01, gw5 < 0, |w5| > 2, out_o1 >= 0.9, "
        "W2[0][1] > 1, loss rising, norm < 1e-6 (of the whole gradient), every 100. Numbers of "
        "a sample are those of the batch's first; net_h[2][0] is the third's. enter adds one; down "
        "leads to the list: space turns one on or off, delete or backspace removes it.",
    ),
    (
        "Compare",
        "enter keeps the curve. down leads to the list: enter renames one, delete or backspace "
        "removes it.",
    ),
    ("Save", "up, down: with the start values or with those of the current step."),
    ("Export", "up, down: what to write; left, right, space: the format."),
    ("Gradcheck", "enter explains the row; c and q also close it."),
)
WORDS: tuple[Row, ...] = (
    ("step", "state k is the parameters after k updates; step k is computed with state k"),
    ("net, out", "a unit's pre-activation (the weighted sum of its inputs) and its activation"),
    ("t", "the target of an output unit"),
    (
        "dL/d",
        "the derivative of the loss with respect to the quantity on its left: beside out it is "
        "dL/dout, beside net it is delta, beside b it is gb",
    ),
    ("W, b", "weights and biases; gW, gb are the gradients of the loss with respect to them"),
    ("operation", "one of the calculations of a step; a dot is a number not computed yet"),
    ("▸  ◂", "what the operation reads, and what it writes"),
    ("●", "in the loss chart: the current step"),
    ("◆  ▲", "on the axis of the loss chart: where a breakpoint stopped a run; an edit"),
    ("A B  ·  ∘", "in the loss chart: kept curves; the curve before the last edit; the test loss"),
    (
        "+  -",
        "the sign of a number, also in blue and orange; edges of negative weights are dashed",
    ),
    ("edge", "its weight; while an operation computes gradients, its gradient"),
    (
        "diagram",
        "the first sample of the batch, or the one chosen in Samples; some units of large layers, "
        "with the number of those left out; the strongest of many edges",
    ),
)


def sections() -> dict[str, tuple[Row, ...]]:
    """Return all rows by their titles; the manual's page `keys` is made of them, too."""
    commands = {each.name: each for each in COMMANDS}
    shown = {
        title: tuple(
            (each.shown_key or "ctrl+p", f"{each.title}. {each.explanation}.")
            for each in map(commands.__getitem__, actions)
        )
        for title, actions in SECTIONS.items()
    }
    shown["Looking"] += PANELS
    return shown | {"In dialogs": DIALOGS, "On the screen": WORDS}


class HelpScreen(Dialog[None]):
    """The manual: the page of keys in colours, the others as they are in the shell."""

    BINDINGS: ClassVar = [
        ("q,question_mark", "close", "Close"),
        Binding("left", "turn(-1)", "Previous page", priority=True),
        Binding("right", "turn(1)", "Next page", priority=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._topic = KEYS

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog") as box:
            box.border_subtitle = "← →: pages, ↑ ↓: scroll, esc: close"
            yield from self._contents()

    def on_mount(self) -> None:
        self._name_page()

    async def action_turn(self, by: int) -> None:
        """Show the next page, or the one before."""
        self._topic = TOPICS[(TOPICS.index(self._topic) + by) % len(TOPICS)]
        self._name_page()
        with self.app.batch_update():
            await self.box.remove_children()
            await self.box.mount_all(self._contents())
        self.box.scroll_home(animate=False)

    def _name_page(self) -> None:
        self.box.border_title = f"Help: {title_of(self._topic)}"

    def _contents(self) -> list[Static]:
        if self._topic == KEYS:
            return [self._section(title, rows) for title, rows in sections().items()]
        return [Static(Page(page(self._topic).partition("\n")[2]))]

    def _section(self, title: str, rows: Iterable[Row]) -> Static:
        """Return two columns, so that a long explanation goes on under itself."""
        colours = styles_of(self.app)
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(justify="right", min_width=11, no_wrap=True)
        table.add_column()
        table.add_row("", Text(title, style=colours.strong))
        for key, explanation in rows:
            table.add_row(Text(key, style=colours.accent), Text(explanation, style=colours.text))
        return Static(table, classes="second")
