"""How soon a key is answered: at rest, and while training runs at full speed."""

from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import pytest

from ..terminal.support import Terminal as Emulated
from .measuring import Table, percentile_95
from .terminal import SMALLEST, Terminal

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
MOST_OF_SMALLEST, MOST_MILLISECONDS = {"n": 3.0, "s": 6.0}, 15.0
"""A whole step writes every panel anew, an operation a few numbers."""


@pytest.mark.parametrize("key", ["n", "s"])
def test_keys_at_rest(key: str, table: Table, tmp_path: Path) -> None:
    """From the key to the frame with its numbers, all panels in sight; the chart comes later.

    A frame is written at once, so it is there with the first output.
    """
    (tmp_path / "smallest.py").write_text(SMALLEST)
    commands = {"bptui": ["-m", "bptui", "article"], "smallest": [str(tmp_path / "smallest.py")]}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    both = [Terminal(command, tmp_path) for command in commands.values()]
    with both[0] as ours, both[1] as smallest:
        ours.wait_for("quit", "200 steps/s")
        smallest.wait_for("step 0")

        def press() -> None:
            for name, screen in (("bptui", ours), ("smallest", smallest)):
                screen.read_for(0.2)
                pressed = screen.press(key)
                seconds[name].append(screen.frame() - pressed)

        table.play(press, PRESSES)
        for screen in (ours, smallest):
            assert screen.quit("q") == 0
    mine, other = (median(seconds[name]) * 1e3 for name in commands)
    measured = f"median of {PRESSES} keys {mine:.1f} ms, the smallest app {other:.1f} ms"
    table.add(f"key {key} at rest, article", measured, mine / other, MOST_OF_SMALLEST[key], "x")
    table.add(f"key {key} at rest", measured, mine, MOST_MILLISECONDS, "ms")


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
def test_keys_at_full_speed(what: str, preset: str, table: Table, tmp_path: Path) -> None:
    """Each press is of the key for slower, at full speed, at a random moment between frames."""
    (tmp_path / "endless.toml").write_text(preset)
    write_pixels(tmp_path / "pixels.csv")
    rng, milliseconds = np.random.default_rng(1), []
    # only cells that change are written, so texts are looked for on the emulated screen
    with Emulated(str(tmp_path / "endless.toml"), XDG_STATE_HOME=str(tmp_path)) as screen:
        screen.shows("quit", "200 steps/s")
        for speed in FASTER:
            screen.press("+")
            screen.shows(f"{speed} steps/s")
        screen.press(" ")
        screen.shows("▶")

        def slower() -> None:
            screen.press("+")
            screen.shows("full speed")
            screen.read_for(rng.uniform(0.05, 0.15))
            pressed = perf_counter()
            screen.press("-")
            screen.shows("10000 steps/s")
            milliseconds.append((perf_counter() - pressed) * 1e3)
            screen.read_for(0.02)

        table.play(slower, PRESSES)
        screen.press("q")
        assert screen.ends() == 0
    measured = f"95 % of {PRESSES} keys, slowest {max(milliseconds):.0f} ms"
    value = percentile_95(milliseconds)
    table.add(f"key at full speed, {what}", measured, value, 50.0, "ms")
