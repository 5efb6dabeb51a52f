"""The table of commands: one entry feeds its key, the key line, the palette and the help."""

from __future__ import annotations

from msgspec import Struct
from textual.binding import Binding


class Command(Struct, frozen=True):
    """Something the user can do: ``action`` of the app; ``hint`` is its word in the key line."""

    key: str
    action: str
    title: str
    explanation: str
    hint: str = ""
    also: str = ""
    """A key with the opposite effect that shares this one's place in the key line."""

    @property
    def shown_key(self) -> str:
        """The key as people write it."""
        names = {
            "escape": "esc",
            "question_mark": "?",
            "plus": "+",
            "minus": "-",
            "equals_sign": "=",
        }
        names |= {"left_square_bracket": "[", "right_square_bracket": "]"}
        return names.get(self.key, self.key)


COMMANDS = (
    Command(
        "n",
        "operation",
        "Next operation",
        "Go through what a step computes, one thing after another",
        "operation",
        "N",
    ),
    Command("N", "operation_back", "Previous operation", "Across the borders of steps too"),
    Command("s", "step", "Next step", "Train one step: state k becomes state k + 1", "step", "S"),
    Command(
        "S", "step_back", "Previous step", "Go back one step; the numbers are the same as before"
    ),
    Command(
        "space",
        "run",
        "Run or pause",
        "Train on to the preset's last step or to a breakpoint, or stop",
        "run",
    ),
    Command(
        "backspace", "run_back", "Run backwards", "To the breakpoint before or to step 0, or stop"
    ),
    Command("plus", "faster", "Run faster", "Up to full speed", "speed", "-"),
    Command("minus", "slower", "Run slower", "Down to one operation in 2 seconds"),
    Command(
        "g", "goto", "Go to a step", "By its number, +n, -n, end, or e12 for epoch 12", "go to"
    ),
    Command("r", "restart", "Back to step 0", "Show the start values again", "restart"),
    Command(
        "b",
        "breakpoints",
        "Breakpoints",
        "Stop runs where the loss, a weight or a gradient passes a value",
        "breakpoints",
    ),
    Command("escape", "stop", "Stop", "Give up a long jump, or pause the run"),
    Command(
        "d",
        "derivation",
        "Derivation",
        "Explain the numbers in the next form: scalar, matrix, numpy",
        "derivation",
    ),
    Command(
        "enter",
        "edit",
        "Edit the selected number",
        "A weight, bias, input, target or the learning rate; what follows is computed anew",
        "change",
    ),
    Command("u", "undo", "Undo", "Take the last change back", "undo"),
    Command("ctrl+r", "redo", "Redo", "Make it again"),
    Command(
        "e",
        "form",
        "Edit everything",
        "The whole experiment as a form: network, start values, training, data",
        "edit",
    ),
    Command("w", "save", "Save", "Write the experiment as a preset file", "save"),
    Command(
        "c",
        "gradcheck",
        "Gradient check",
        "Hold every gradient of the shown step against a numerical one",
        "check",
    ),
    Command(
        "x",
        "export",
        "Export",
        "A program, the history, the screen or the step's worksheet as a file",
        "export",
    ),
    Command("p", "presets", "Presets", "Choose another example, or one of your own", "presets"),
    Command(
        "o",
        "learned",
        "What it has learned",
        "In the place of the network: map or curve, classes, outputs beside targets",
        "learned",
    ),
    Command(
        "i",
        "samples",
        "Samples",
        "In the place of the loss: every sample with its target and output",
        "samples",
    ),
    Command("right_square_bracket", "sample", "Next sample", "Look at the next one of the batch"),
    Command("left_square_bracket", "sample_back", "Previous sample", "Look at the one before"),
    Command(
        "a",
        "keep",
        "Compare",
        "Keep the loss curve in the chart under a name, up to six of them",
        "compare",
    ),
    Command(
        "l", "scale", "Loss scale", "Switch the loss chart between linear and logarithmic", "log"
    ),
    Command("z", "zoom", "Zoom", "Give the focused panel the whole screen, and back", "zoom"),
    Command(
        "question_mark",
        "help",
        "Help",
        "What every key does, and the manual",
        "help",
    ),
    Command("ctrl+p", "command_palette", "Command palette", "Find a command by its name"),
    Command("", "learning_rate", "Learning rate", "Edit it, from the shown step on"),
    Command("", "toggle_theme", "Light or dark", "Switch between the light and the dark theme"),
    Command("q", "quit", "Quit", "Leave; the terminal is as it was before", "quit"),
)


def bindings() -> list[Binding]:
    """The app's key bindings."""
    made = [
        Binding(each.key, each.action, each.title, id=each.action, show=False)
        for each in COMMANDS
        if each.key and each.action != "command_palette"
    ]
    # the plus key without shift
    return [*made, Binding("equals_sign", "faster", "Run faster", show=False)]
