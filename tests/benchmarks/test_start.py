"""From the start of the program to its first full screen, against the smallest app of its kind."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from .report import Row, Table
from .terminal import Terminal
from .timing import in_turns

SMALLEST = """\
import numpy as np
from textual.app import App, ComposeResult
from textual.widgets import Static


class Smallest(App):
    def compose(self) -> ComposeResult:
        yield Static(f"loss {np.float64(0.163287)}")


Smallest().run()
"""
INSTALLED = """\
from bptui.main import main

main()
"""
"""What the command ``bptui`` runs."""
PAINTED = ("Network", "Loss", "Weights", "Gradients", "quit", "loss 0.163287")
STARTS = 20


def environment(folder: Path) -> dict[str, str]:
    """Compiled modules are kept, as after an installation, in a folder that all of them share."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
    return {**kept, **terminal, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}


def test_start(
    benchmark: Any,  # noqa: ANN401  pytest-benchmark's fixture has no public type
    table: Table,
    tmp_path: Path,
) -> None:
    (tmp_path / "smallest.py").write_text(SMALLEST)
    (tmp_path / "installed.py").write_text(INSTALLED)
    painted: dict[str, list[float]] = {"bptui": [], "smallest": []}

    def start(name: str, arguments: list[str], texts: tuple[str, ...], leave: str) -> Callable:
        def play() -> None:
            with Terminal([sys.executable, *arguments], tmp_path, environment(tmp_path)) as screen:
                painted[name].append(screen.wait_for(*texts) - screen.began)
                assert screen.quit(leave) == 0

        return play

    contestants = {
        "bptui": start("bptui", ["installed.py"], PAINTED, "q"),
        "smallest": start("smallest", ["smallest.py"], ("loss 0.163287",), "\x11"),
    }
    in_turns(benchmark, contestants, STARTS)
    ours, other = (median(painted[name][-STARTS:]) * 1e3 for name in ("bptui", "smallest"))
    benchmark.extra_info.update(painted)
    measured = f"bptui {ours:.0f} ms, ten-line Textual app {other:.0f} ms"
    table.add(Row("start to first full screen", measured, ours / other, 1.25, at_most=True))
