"""A network typed in as from an exercise sheet, saved, and run by its name."""

import json
from pathlib import Path

from ..cli.support import bptui
from .support import Terminal

TAB, ENTER, RIGHT, CTRL_N, CTRL_S = "\t", "\r", "\x1b[C", "\x0e", "\x13"
FIELDS = {
    CTRL_N: "Still missing",
    f"2-2-2{TAB}{TAB}{TAB}{RIGHT}": "random [typed in]",
    f"{TAB}0.15 0.25{ENTER}0.20 0.30{TAB}0.40,0.50{ENTER}0.45,0.55{TAB}{RIGHT}": "0 [typed in]",
    f"{TAB}0.35 0.35{TAB}0.60 0.60{TAB}{TAB}{TAB}{TAB}0.5{TAB * 6}no{TAB}": "train biases  no",
    f"{TAB}{TAB}0.05 0.10{TAB}0.01 0.99{TAB}": "12 weights and biases, 1 sample",
    CTRL_S: "loss 0.298371",
}
"""Keys in the form, and what the screen shows once they are typed."""


def test_mazur_typed_saved_and_run(tmp_path: Path) -> None:
    name = "mazur-typed"
    with Terminal(columns=80, lines=24, XDG_DATA_HOME=str(tmp_path)) as terminal:
        terminal.shows("step 0", "d: scalar")
        terminal.press("e")
        terminal.shows("Experiment:", "ctrl+s: OK")
        for keys, shown in FIELDS.items():
            terminal.press(keys)
            terminal.shows("untitled", shown)
        terminal.press("w")
        terminal.shows("Save as a preset")
        terminal.press(name + ENTER)
        terminal.until(lambda: name in terminal.status, "the name of the file")
        terminal.press("q")
        assert terminal.ends() == 0
    run = ("run", name, "--steps", "0", "--format", "jsonl")
    found = bptui(*run, XDG_DATA_HOME=str(tmp_path))
    assert abs(json.loads(found.stdout)["loss"] - 0.298371109) < 5e-10
