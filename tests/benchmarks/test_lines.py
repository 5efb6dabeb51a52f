"""What the terminal is sent, and how soon a key's result shows at the end of a slow line."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from .report import Row, Table
from .slow_line import SlowLine
from .test_latency import SMALL
from .test_start import environment
from .timing import percentile_95

OPERATIONS, STEPS, PRESSES, PLAIN_PRESSES = 24, 12, 40, 10
RATE, ROUND_TRIP = 20_000, 0.15
FRAMES = 30
RUNNING = 4.0
"""Seconds."""
QUIET = 0.3
"""Seconds after which a key has had all its effect, the chart included."""
SPEED = re.compile(r"([\d.]+ (?:step|operation)s?/s|full speed)")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "bptui", *arguments]


def sent(folder: Path, *options: str) -> dict[str, float]:
    """Bytes of the start, of the keys' median, and of half a second at rest."""
    with SlowLine(command("article", *options), folder, truecolor(folder)) as line:
        line.wait_for(lambda text: "step 0 " in text and "linear" in text)
        line.read_for(QUIET)
        start, idle = line.written, line.read_for(0.5)
        found = {"start": float(start), "idle": float(idle)}
        for name, key, count in (("operation", "n", OPERATIONS), ("step", "s", STEPS)):
            sizes = []
            for _ in range(count):
                line.press(key)
                sizes.append(line.read_for(QUIET))
            found[name] = float(median(sizes))
        assert line.quit() == 0
    return found


def truecolor(folder: Path) -> dict[str, str]:
    return {**environment(folder), "TERM": "xterm-256color", "COLORTERM": "truecolor"}


def test_bytes(table: Table, tmp_path: Path) -> None:
    """120 x 40, all panels in sight; beside what Textual's own driver sends."""
    ours, plain = sent(tmp_path), sent(tmp_path, "--plain-driver")
    wanted = {"step": 2.0, "idle": 0.0, "start": 15.0, "operation": 1.0}
    for name, most in wanted.items():
        measured = f"{plain[name] / 1e3:.1f} kB with --plain-driver"
        row = Row(f"bytes, {name}", measured, ours[name] / 1e3, most, "kB", at_most=True)
        table.add(row)


def test_bytes_of_a_run(table: Table, tmp_path: Path) -> None:
    # so fast that every number changes in each frame, so slowly that they go on doing so
    (tmp_path / "endless.toml").write_text(SMALL.replace("1e-6", "0.02"))
    options = ("endless.toml", "--fps", str(FRAMES))
    with SlowLine(command(*options), tmp_path, truecolor(tmp_path)) as line:
        line.wait_for(lambda text: "step 0 " in text)
        line.press(" ")
        line.wait_for(lambda text: "▶" in text)
        rate = line.read_for(RUNNING) / RUNNING / 1e3
        line.press(" ")
        assert line.quit() == 0
    measured = f"{RUNNING:g} s at {FRAMES} frames/s"
    table.add(Row("bytes per second, running", measured, rate, 60.0, "kB", at_most=True))


def slow_keys(folder: Path, presses: int, *options: str) -> list[float]:
    """Seconds from the key for faster or slower to the new speed on the screen, while running."""
    rng, seconds = np.random.default_rng(2), []
    around = truecolor(folder) | {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}
    arguments = command("endless.toml", *options)
    with SlowLine(arguments, folder, around, rate=RATE, round_trip=ROUND_TRIP) as line:
        line.wait_for(lambda text: "200 steps/s" in text)
        line.press(" ")
        line.wait_for(lambda text: "▶" in text)
        line.read_for(1.0)
        for press in range(presses):
            before = SPEED.findall(line.text)
            pressed = line.press("+-"[press % 2])
            shown = line.wait_for(lambda text, old=before: SPEED.findall(text) not in (old, []))
            seconds.append(shown - pressed)
            line.read_for(rng.uniform(0.1, 0.5))
        line.press("q")
    return seconds


def test_keys_on_a_slow_line(
    benchmark: Any,  # noqa: ANN401  pytest-benchmark's fixture has no public type
    table: Table,
    tmp_path: Path,
) -> None:
    """20 kB/s and 150 ms there and back, while training runs."""
    (tmp_path / "endless.toml").write_text(SMALL)
    plain = slow_keys(tmp_path, PLAIN_PRESSES, "--plain-driver")
    ours = benchmark.pedantic(slow_keys, args=(tmp_path, PRESSES), rounds=1)
    value, other = percentile_95(ours), percentile_95(plain)
    measured = f"95 % of {PRESSES} keys while running; {other:.1f} s with --plain-driver"
    table.add(Row("key on 20 kB/s, 150 ms", measured, value, 0.8, "s", at_most=True))
