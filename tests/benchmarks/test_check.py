"""The whole of ``bptui check`` on a small file, against starting Python with numpy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from .report import Row, Table
from .test_start import environment
from .timing import in_turns

WRONG = """\
import numpy as np

def gradients(x, t, weights):
    h = 1 / (1 + np.exp(-(x @ weights[0])))
    o = 1 / (1 + np.exp(-(h @ weights[1])))
    d = (o - t) * o * (1 - o) / len(x)
    return [x.T @ ((d @ weights[1]) * h * (1 - h)), h.T @ d]
"""
TURNS = 12


def test_check(
    benchmark: Any,  # noqa: ANN401  pytest-benchmark's fixture has no public type
    table: Table,
    tmp_path: Path,
) -> None:
    (tmp_path / "wrong.py").write_text(WRONG)

    def started(arguments: list[str], code: int) -> Callable[[], None]:
        def play() -> None:
            done = subprocess.run(
                [sys.executable, *arguments],
                cwd=tmp_path,
                env=environment(tmp_path),
                capture_output=True,
                check=False,
            )
            assert done.returncode == code

        return play

    contestants = {
        "bptui": started(["-m", "bptui", "check", "wrong.py"], 1),
        "numpy": started(["-c", "import numpy"], 0),
    }
    times = in_turns(benchmark, contestants, TURNS)
    ours, other = (median(times[name]) * 1e3 for name in ("bptui", "numpy"))
    measured = f"bptui {ours:.0f} ms, Python with numpy {other:.0f} ms"
    table.add(Row("check of a 2-2-2 file", measured, ours / other, 6.0, at_most=True))
