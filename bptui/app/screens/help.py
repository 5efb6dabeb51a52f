"""What every key does, what the signs on the screen mean, and where to read on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from bptui.app.commands import COMMANDS
from bptui.app.ink import ink_of
from bptui.app.screens.dialog import Dialog

Row = tuple[str, str]

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
    ("mouse", "A click selects, on a key in the lowest line it presses it."),
)
DIALOGS: tuple[Row, ...] = (
    ("esc", "Closes the dialog; enter gives its answer."),
    ("Help", "up, down, pageup, pagedown, home, end scroll; q and ? close, too."),
    (
        "Presets",
        "What is typed filters the list. ctrl+d duplicates a preset; f2 renames and delete removes "
        "one of your own: then enter or y deletes, esc or n keeps.",
    ),
    (
        "Form",
        "tab, shift+tab, enter, up, down go from field to field; left, right, space choose; "
        "enter shows a group of numbers, delete or backspace clears it; ctrl+n empties the form; "
        "ctrl+s is OK.",
    ),
    (
        "Breakpoints",
        "enter adds one. down leads to the list: space turns one off or on, delete or backspace "
        "removes it.",
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
    ("W, b", "weights and biases; gW, gb are the gradients of the loss by them"),
    ("operation", "one thing that a step computes; what it has not computed yet is a dot"),
    ("▸  ◂", "what the operation reads; what it writes"),
    ("◆  ▲", "on the axis of the loss chart: a breakpoint stopped a run there; an edit"),
    ("A B  ·  ∘", "in the loss chart: curves that were kept; before the last edit; test samples"),
    ("+  -", "the sign of a number; an edge with a negative weight is dashed"),
)
SESSIONS: tuple[Row, ...] = (
    (
        "session",
        "It is on disk a second after a change. Whatever ends the program, a lost connection too: "
        "`bptui --resume` goes on at the same step with the same numbers.",
    ),
    (
        "slow line",
        "Only what changes is sent, and late frames are dropped. `--fps 5` draws fewer of them; "
        "30 a second are the most, over SSH 15.",
    ),
    (
        "odd signs",
        "`--ascii` draws with ASCII alone; `--theme ansi-dark` and `ansi-light` take the colours "
        "of the terminal, NO_COLOR=1 in the environment none.",
    ),
    ("disorder", "A new size of the window draws all anew; `--plain-driver` writes more, plainly."),
)
READ_ON: tuple[Row, ...] = (
    ("shell", "`bptui --help`, and `bptui COMMAND --help` with examples: run, explain, check."),
    ("README.md", "The first five minutes, presets, your own code, SSH, how it works inside."),
)


class HelpScreen(Dialog[None]):
    """The table of commands by section, then dialogs, signs, sessions."""

    BINDINGS: ClassVar = [("escape,q,question_mark", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        commands = {each.action: each for each in COMMANDS}
        with VerticalScroll(id="help", classes="dialog") as box:
            box.border_title = "Help"
            box.border_subtitle = "↑ ↓ scroll, esc closes"
            for title, actions in SECTIONS.items():
                shown = [commands[action] for action in actions]
                rows = [
                    (each.shown_key or "ctrl+p", f"{each.title}. {each.explanation}.")
                    for each in shown
                ]
                yield self._section(title, [*rows, *(PANELS if title == "Looking" else ())])
            yield self._section("In dialogs", DIALOGS)
            yield self._section("On the screen", WORDS)
            yield self._section("Sessions, SSH, terminals", SESSIONS)
            yield self._section("Where to read on", READ_ON)

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
