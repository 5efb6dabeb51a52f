"""What the first screen does not show is not loaded before it, so that it comes soon."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest

from bptui.main import plainly_opened

PROGRAM = """
import json, sys
from bptui.main import main
from bptui.presets import load
from bptui.app.app import BptuiApp
from bptui.app.driver.driver import DifferenceDriver
from bptui.app.session import ending, keeper
BptuiApp(load("article"))
classes = {
    each
    for name, module in list(sys.modules.items())
    for each in vars(module).values()
    if isinstance(each, type) and each.__module__ == name and name.startswith("bptui.")
    if "__dataclass_fields__" in vars(each)
}
print(json.dumps([sorted(sys.modules), sorted(each.__qualname__ for each in classes)]))
"""
LATER = (
    "click",
    "plotext",
    "numpy.typing",
    "shlex",
    "csv",
    "hashlib",
    "textual.widgets._text_area",
    "textual.widgets._data_table",
    "bptui.program",
    "bptui.charts",
    "bptui.export",
    "bptui.checking",
    "bptui.app.form",
    "bptui.app.panels.learned",
    "bptui.app.panels.samples",
    "bptui.app.screens.dialog",
    "bptui.app.session.continuing",
    "bptui.app.session.record",
    "bptui.app.session.writing",
    "bptui.core.breakpoints",
    "bptui.core.derivation",
    "bptui.core.diagnosis",
    "bptui.core.evaluation",
    "bptui.core.gradcheck",
    "bptui.core.search",
    "bptui.presets.csv_file",
    "bptui.presets.save",
)
MOST_DATA_CLASSES = 8
"""To make one takes as long as to make five named tuples, and there were 52 of them."""


def test_only_what_the_first_screen_needs_is_loaded_before_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )
    loaded, data_classes = json.loads(done.stdout)
    assert {"bptui.app.panels.network", "numpy", "textual.app"} <= set(loaded)
    assert not set(LATER) & set(loaded)
    assert 0 < len(data_classes) <= MOST_DATA_CLASSES, data_classes


class Stream:
    """Standard input or output, which is a terminal or not."""

    def __init__(self, terminal: bool) -> None:
        self.isatty = lambda: terminal


@pytest.mark.parametrize(
    ("arguments", "preset"),
    [
        ([], "article"),
        (["xor"], "xor"),
        (["list"], None),
        (["-h"], None),
        (["-"], None),
        (["--resume"], None),
        (["xor", "--ascii"], None),
        (["xor", "mazur"], None),
    ],
)
def test_a_name_alone_needs_no_click(
    arguments: list[str], preset: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Stream(terminal=True))
    monkeypatch.setattr(sys, "stdout", Stream(terminal=True))
    assert plainly_opened(arguments, {"TERM": "xterm"}) == preset
    for unusual in ({"TERM": "dumb"}, {"TERM": "xterm", "_BPTUI_COMPLETE": "bash_complete"}):
        assert plainly_opened(arguments, unusual) is None
    monkeypatch.setattr(sys, "stdout", Stream(terminal=False))
    assert plainly_opened(arguments, {"TERM": "xterm"}) is None


def test_on_a_terminal_click_says_what_is_wrong_with_a_preset() -> None:
    parent, child = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bptui", "no-such-preset"],
            stdin=child,
            stdout=child,
            stderr=subprocess.PIPE,
            env={**os.environ, "TERM": "xterm"},
            text=True,
            timeout=60,
        )
    finally:
        os.close(parent)
        os.close(child)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: no-such-preset: found no preset and no file")
