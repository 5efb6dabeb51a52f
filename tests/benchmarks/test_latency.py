"""How soon a key is answered while training runs at full speed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .report import Row, Table
from .terminal import Terminal
from .test_start import environment
from .timing import percentile_95

PRESSES = 60
FASTER = ("500", "1000", "2000", "5000", "10000")
SMALL = """\
[network]
layers = [2, 2, 2]
bias = false
[training]
learning_rate = 1e-6
steps = 1_000_000_000
[data]
inputs = [[0.9, 0.1]]
targets = [[0.11, 0.89]]
"""
LARGE = """\
[network]
layers = [784, 128, 10]
activation = ["relu", "softmax"]
[init]
scheme = "he_normal"
[training]
loss = "cross_entropy"
learning_rate = 1e-6
batch_size = 32
steps = 1_000_000_000
[data]
csv = "pixels.csv"
class_column = "digit"
"""


def write_pixels(file: Path) -> None:
    rng = np.random.default_rng(0)
    pixels, digits = rng.integers(0, 256, (256, 784)) / 255.0, rng.permutation(256) % 10
    head = ",".join([*(f"p{number}" for number in range(784)), "digit"])
    rows = [
        ",".join([*map("{:.3f}".format, row), str(digit)])
        for row, digit in zip(pixels, digits, strict=True)
    ]
    file.write_text("\n".join([head, *rows]) + "\n")


@pytest.mark.parametrize(
    ("what", "preset"), [("2-2-2", SMALL), ("784-128-10, 32", LARGE)], ids=["small", "large"]
)
def test_keys_at_full_speed(
    what: str,
    preset: str,
    benchmark: Any,  # noqa: ANN401  pytest-benchmark's fixture has no public type
    table: Table,
    tmp_path: Path,
) -> None:
    """Each press is of the key for slower, at full speed, at a random moment between frames."""
    (tmp_path / "endless.toml").write_text(preset)
    write_pixels(tmp_path / "pixels.csv")
    command = [sys.executable, "-m", "bptui", "endless.toml"]
    rng, milliseconds = np.random.default_rng(1), []
    with Terminal(command, tmp_path, environment(tmp_path)) as screen:
        screen.wait_for("quit", "200 steps/s")
        for speed in FASTER:
            screen.press("+")
            screen.wait_for(f"{speed} steps/s")
        screen.press(" ")
        screen.wait_for("▶")

        def slower() -> None:
            screen.press("+")
            screen.wait_for("full speed")
            screen.drain(rng.uniform(0.05, 0.15))
            pressed = screen.press("-")
            milliseconds.append((screen.wait_for("10000 steps/s") - pressed) * 1e3)
            screen.drain(0.02)

        benchmark.pedantic(slower, rounds=PRESSES)
        assert screen.quit("q") == 0
    measured = f"95 % of {PRESSES} keys, slowest {max(milliseconds):.0f} ms"
    value = percentile_95(milliseconds)
    table.add(Row(f"key at full speed, {what}", measured, value, 50.0, "ms", at_most=True))
