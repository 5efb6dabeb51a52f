"""What every key does, what the signs on the screen mean, and where to read on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from bptui.app.commands import COMMANDS
from bptui.app.ink import ink_of
from bptui.app.screens.dialog import Dialog
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
    "Program": ("help", "command_palette", "toggle_theme", "quit"),
}
"""The actions of all commands, by what people want to do."""
PANELS: tuple[Row, ...] = (
    ("tab", "Next panel, in the top line the learning rate; shift+tab goes back."),
    ("arrows", "Move the selection, which all panels share; in Samples, go from one to the next."),
    ("pages", "Page up, page down, home, end and the wheel scroll the panel."),
    (
        "mouse",
        "A click selects, a double click edits. On a key that is named anywhere it presses it, in "
        "the loss chart it goes to that step, on the speed it runs faster: slower with the other "
        "button.",
    ),
)
DIALOGS: tuple[Row, ...] = (
    ("esc", "Closes the dialog; enter gives its answer."),
    (
        "Help",
        "left, right turn the manual's pages; up, down, pageup, pagedown, home, end scroll; "
        "q and ? close, too.",
    ),
    (
        "Presets",
        "What is typed filters the list. ctrl+d duplicates a preset; f2 renames and delete removes "
        "one of your own: then enter or y deletes, esc or n keeps.",
    ),
    (
        "Form",
        "tab, shift+tab, enter, up, down go from field to field; left, right, space choose; "
        "enter shows a group of numbers, delete or backspace clears it; f2 lists the names that a "
        "field takes; ctrl+n empties the form; "
        "ctrl+s is OK.",
    ),
    (
        "Breakpoints",
        "Conditions on any number on the screen: loss < 0.01, gw5 < 0, |w5| > 2, out_o1 >= 0.9, "
        "W2[0][1] > 1, loss rising, norm < 1e-6 (of the whole gradient), every 100. What each "
        "sample has is that of the batch's first, or net_h[2][0] of the third. enter adds one; "
        "down leads to the list: space turns one off or on, delete or backspace removes it.",
    ),
    (
        "Compare",
        "enter keeps the curve. down leads to the list: enter renames one, delete or backspace "
        "removes it.",
    ),
    ("Save", "up, down: with the start values or with those of the shown step."),
    ("Export", "up, down: what to write; left, right, space: in which format."),
    ("Check", "enter explains the row; c and q close, too."),
)
WORDS: tuple[Row, ...] = (
    ("step", "state k is the parameters after k updates; step k shows the pass made at state k"),
    ("net, out", "a unit's weighted sum of inputs, and what its activation function makes of it"),
    ("t", "the target of an output unit"),
    (
        "dL/d",
        "the derivative of the loss with respect to what stands on the left: beside out it is "
        "dL/dout, beside net it is delta, beside b it is gb",
    ),
    ("W, b", "weights and biases; gW, gb are the gradients of the loss by them"),
    ("operation", "one thing that a step computes; what it has not computed yet is a dot"),
    ("▸  ◂", "what the operation reads; what it writes"),
    ("●", "in the loss chart: the shown step"),
    ("◆  ▲", "on the axis of the loss chart: a breakpoint stopped a run there; an edit"),
    ("A B  ·  ∘", "in the loss chart: curves that were kept; before the last edit; test samples"),
    (
        "+  -",
        "the sign of a number, in blue and orange, too; an edge of a negative weight is dashed",
    ),
    ("edge", "its weight, or while an operation computes the gradients, the gradient of it"),
    (
        "diagram",
        "the first sample of the batch, or the one chosen in the samples; of large layers some "
        "units, with the number of those left out; of many edges the strongest",
    ),
)


def sections() -> dict[str, tuple[Row, ...]]:
    """All rows by their titles; the manual's page `keys` is made of them, too."""
    commands = {each.action: each for each in COMMANDS}
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
        ("escape,q,question_mark", "dismiss", "Close"),
        Binding("left", "turn(-1)", "Page before", priority=True),
        Binding("right", "turn(1)", "Next page", priority=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._topic = KEYS

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help", classes="dialog") as box:
            box.border_subtitle = "← → pages, ↑ ↓ scroll, esc closes"
            yield from self._contents()

    def on_mount(self) -> None:
        self._name_page()

    async def action_turn(self, by: int) -> None:
        """Show the next page, or the one before."""
        self._topic = TOPICS[(TOPICS.index(self._topic) + by) % len(TOPICS)]
        self._name_page()
        box = self.query_one("#help", VerticalScroll)
        with self.app.batch_update():
            await box.remove_children()
            await box.mount_all(self._contents())
        box.scroll_home(animate=False)

    def _name_page(self) -> None:
        self.query_one("#help").border_title = f"Help: {title_of(self._topic)}"

    def _contents(self) -> Iterator[Static]:
        if self._topic == KEYS:
            yield from (self._section(heading, rows) for heading, rows in sections().items())
        else:
            yield Static(Page(page(self._topic).partition("\n")[2]))

    def _section(self, title: str, rows: Iterable[Row]) -> Static:
        """Two columns, so that a long explanation goes on under itself."""
        colours = ink_of(self.app)
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(justify="right", min_width=11, no_wrap=True)
        table.add_column()
        table.add_row("", Text(title, style=colours.strong))
        for key, explanation in rows:
            table.add_row(Text(key, style=colours.accent), Text(explanation, style=colours.text))
        return Static(table, classes="second")
