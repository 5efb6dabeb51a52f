"""From the start of the program to its first full screen, against the smallest app of its kind."""

from collections.abc import Callable
from pathlib import Path
from statistics import median

from .measuring import Table
from .terminal import SMALLEST, Terminal

INSTALLED = """\
from bptui.main import main

main()
"""
"""What the command ``bptui`` runs."""
PAINTED = ("Network", "Loss", "Weights", "Gradients", "quit", "loss 0.163287")
STARTS = 20


def test_start(table: Table, tmp_path: Path) -> None:
    (tmp_path / "smallest.py").write_text(SMALLEST)
    (tmp_path / "installed.py").write_text(INSTALLED)
    painted: dict[str, list[float]] = {"bptui": [], "smallest": []}

    def start(name: str, arguments: list[str], texts: tuple[str, ...], leave: str) -> Callable:
        def play() -> None:
            with Terminal(arguments, tmp_path) as screen:
                painted[name].append(screen.wait_for(*texts) - screen.began)
                assert screen.quit(leave) == 0

        return play

    contestants = {
        "bptui": start("bptui", [str(tmp_path / "installed.py")], PAINTED, "q"),
        "smallest": start("smallest", [str(tmp_path / "smallest.py")], ("step 0",), "q"),
    }
    table.in_turns(contestants, STARTS)
    ours, other = (median(painted[name][-STARTS:]) * 1e3 for name in ("bptui", "smallest"))
    table.benchmark.extra_info.update(painted)
    measured = f"bptui {ours:.0f} ms, ten-line Textual app {other:.0f} ms"
    table.add("start to first full screen", measured, ours / other, 1.25, "x")
