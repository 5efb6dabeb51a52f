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
    words: str = ""
    """What people may look for in the palette that neither title nor explanation says."""

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
        "Go through the operations of a step, one by one",
        "operation",
        "N",
        words="single forward advance continue",
    ),
    Command(
        "N",
        "operation_back",
        "Previous operation",
        "Go back one operation, into the previous step too",
        words="single backward rewind",
    ),
    Command(
        "s",
        "step",
        "Next step",
        "Train one step: state k becomes state k + 1",
        "step",
        "S",
        words="train iterate iteration update advance continue",
    ),
    Command(
        "S",
        "step_back",
        "Previous step",
        "Go back one step; the numbers are the same as before",
        words="backward rewind previous update",
    ),
    Command(
        "space",
        "run",
        "Run or pause",
        "Train to the preset's last step or a breakpoint, or pause",
        "run",
        words="play start train continue resume learn",
    ),
    Command(
        "backspace",
        "run_back",
        "Run backwards",
        "To the previous breakpoint or step 0, or pause",
        words="reverse rewind play",
    ),
    Command(
        "plus",
        "faster",
        "Run faster",
        "Up to full speed",
        "speed",
        "-",
        words="speed accelerate quick",
    ),
    Command(
        "minus",
        "slower",
        "Run slower",
        "Down to one operation every 2 seconds",
        words="speed slow motion",
    ),
    Command(
        "g",
        "goto",
        "Go to a step",
        "By number, +n, -n, end, or e12 for epoch 12",
        "go to",
        words="jump seek skip move find end",
    ),
    Command(
        "r",
        "restart",
        "Back to step 0",
        "Show the start values again",
        "restart",
        words="reset start over begin beginning first initial rewind",
    ),
    Command(
        "b",
        "breakpoints",
        "Breakpoints",
        "Stop runs when the loss, a gradient or another number passes a value",
        "breakpoints",
        words="break watch condition when until pause",
    ),
    Command(
        "escape",
        "stop",
        "Stop",
        "Cancel a long jump, or pause the run",
        words="cancel abort interrupt halt",
    ),
    Command(
        "d",
        "derivation",
        "Derivation",
        "Explain the numbers in the next form: scalar, matrix, numpy",
        "form",
        words="formula equation math chain rule why how calculation latex",
    ),
    Command(
        "enter",
        "edit",
        "Edit the selected number",
        "A weight, bias, input, target or the learning rate; everything after it is recomputed",
        "change",
        words="change set modify value enter",
    ),
    Command(
        "u",
        "undo",
        "Undo",
        "Reverse the last change",
        "undo",
        words="revert back take",
    ),
    Command(
        "ctrl+r",
        "redo",
        "Redo",
        "Apply the reversed change again",
        words="repeat again",
    ),
    Command(
        "e",
        "form",
        "Edit everything",
        "The whole experiment as a form: network, start values, training, data",
        "edit",
        words="settings options configuration preferences hyperparameters new architecture layers "
        "units activation optimizer momentum adam batch size seed dataset regularization mistakes",
    ),
    Command(
        "w",
        "save",
        "Save",
        "Write the experiment as a preset file",
        "save",
        words="write store keep file toml",
    ),
    Command(
        "c",
        "gradcheck",
        "Gradcheck",
        "Compare every gradient of the current step with a numerical one",
        "gradcheck",
        words="gradient check verify test numerical finite difference debug correct",
    ),
    Command(
        "x",
        "export",
        "Export",
        "A program, the history, the screen or the step's worksheet as a file",
        "export",
        words="numpy torch pytorch python code script csv json latex markdown pdf svg picture "
        "screenshot image print download",
    ),
    Command(
        "p",
        "presets",
        "Presets",
        "Choose another example, or one of your own",
        "presets",
        words="open load file network examples list browse mazur iris xor",
    ),
    Command(
        "o",
        "learned",
        "What the network has learned",
        "In place of the network: map or curve, classes, outputs and targets",
        "learned",
        words="decision boundary plot graph confusion matrix accuracy predictions outputs result",
    ),
    Command(
        "i",
        "samples",
        "Samples",
        "In place of the loss: every sample with its target and output",
        "samples",
        words="data dataset table rows inputs predictions test",
    ),
    Command(
        "right_square_bracket",
        "sample",
        "Next sample",
        "Show the next sample of the batch",
        words="batch forward",
    ),
    Command(
        "left_square_bracket",
        "sample_back",
        "Previous sample",
        "Show the previous sample of the batch",
        words="batch previous backward",
    ),
    Command(
        "a",
        "keep",
        "Compare",
        "Keep the loss curve in the chart under a name; up to six curves",
        "compare",
        words="overlay curves history remember experiments",
    ),
    Command(
        "l",
        "scale",
        "Loss scale",
        "Switch the loss chart between linear and logarithmic",
        "log",
        words="log axis chart plot y",
    ),
    Command(
        "z",
        "zoom",
        "Zoom",
        "Show the focused panel on the whole screen, or go back",
        "zoom",
        words="maximize full fullscreen enlarge bigger expand window",
    ),
    Command(
        "question_mark",
        "help",
        "Help",
        "What every key does, and the manual",
        "help",
        words="keys shortcuts bindings documentation docs tutorial",
    ),
    Command("ctrl+p", "command_palette", "Command palette", "Find a command by its name"),
    Command(
        "",
        "learning_rate",
        "Learning rate",
        "Edit it from the current step on",
        words="lr eta alpha size hyperparameter",
    ),
    Command(
        "",
        "toggle_theme",
        "Theme: light or dark",
        "Switch between the light and the dark theme",
        words="colours colors mode appearance background bright night contrast",
    ),
    Command(
        "q",
        "quit",
        "Quit",
        "Leave bptui; the terminal is restored",
        "quit",
        words="exit close bye end",
    ),
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
