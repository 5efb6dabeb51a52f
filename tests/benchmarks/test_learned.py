"""What it costs to watch the network learn: pictures that follow a run, beside prompt keys."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from ..terminal.support import Terminal
from .report import Row, Table
from .test_latency import FASTER, wait
from .timing import percentile_95

PRESSES = 60
WATCHED = 3.0
PRESET = """\
[network]
layers = [2, 8, 8, 1]
activation = ["tanh", "tanh", "sigmoid"]
[training]
loss = "binary_cross_entropy"
optimizer = "adam"
learning_rate = 0.003
batch_size = 20
steps = 1_000_000_000
[data]
dataset = "circles"
samples = 200
noise = 0.08
"""


class Watching(Terminal):
    """Notices when a part of the map was drawn."""

    def __init__(self, preset: Path) -> None:
        self.drawn: list[float] = []
        super().__init__(str(preset), COLORTERM="truecolor", XDG_STATE_HOME=str(preset.parent))

    def read(self, seconds: float) -> bool:
        before = len(self.written)
        came = super().read(seconds)
        if "▀".encode() in self.written[before:]:
            self.drawn.append(perf_counter())
        return came


def pictures(moments: list[float]) -> int:
    """How many pictures were drawn; one may arrive in several pieces."""
    return 1 + int((np.diff(moments) > 0.03).sum()) if moments else 0


def test_the_decision_map_follows_a_run(
    benchmark: Any,  # noqa: ANN401  pytest-benchmark's fixture has no public type
    table: Table,
    tmp_path: Path,
) -> None:
    """At full speed, the map on the screen."""
    (tmp_path / "rings.toml").write_text(PRESET)
    rng, milliseconds = np.random.default_rng(1), []
    with Watching(tmp_path / "rings.toml") as screen:
        screen.shows("quit", "200 steps/s")
        screen.press("o")
        screen.shows("decision map")
        for speed in FASTER:
            screen.press("+")
            screen.shows(f"{speed} steps/s")
        screen.press(" ")
        screen.shows("▶")
        wait(screen, 0.5)
        screen.drawn.clear()
        wait(screen, WATCHED)
        rate = pictures(screen.drawn) / WATCHED

        def slower() -> None:
            screen.press("+")
            screen.shows("full speed")
            wait(screen, rng.uniform(0.05, 0.15))
            pressed = perf_counter()
            screen.press("-")
            screen.shows("10000 steps/s")
            milliseconds.append((perf_counter() - pressed) * 1e3)
            wait(screen, 0.02)

        benchmark.pedantic(slower, rounds=PRESSES)
        screen.press("q")
        assert screen.ends() == 0
    table.add(Row("decision map, 2-8-8-1", "frames per second of a run", rate, 10.0, "Hz"))
    measured = f"95 % of {PRESSES} keys, slowest {max(milliseconds):.0f} ms"
    value = percentile_95(milliseconds)
    table.add(Row("key beside the map, 2-8-8-1", measured, value, 50.0, "ms", at_most=True))
