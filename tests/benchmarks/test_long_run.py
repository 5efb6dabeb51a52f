"""Ten million steps at full speed in the app: memory and keys."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from ..terminal.support import Terminal
from .listings import INPUT, RATE, TARGET
from .report import Row, Table
from .timing import percentile_95

MILLION = 1_000_000
STEPS = 10 * MILLION
SLOW, FULL = "10000 steps/s", "full speed"
PRESET = f"""\
[network]
layers = [2, 2, 2]
bias = false
[parameters]
weights = [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]]
[training]
learning_rate = {RATE}
steps = {STEPS}
[data]
inputs = [{[*INPUT]}]
targets = [{[*TARGET]}]
"""


def resident(terminal: Terminal) -> int:
    """KiB of memory that the program holds."""
    status = Path(f"/proc/{terminal.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def step(terminal: Terminal) -> int:
    found = re.search(r"step (\d+)", terminal.status)
    return int(found.group(1)) if found else 0


def answered(terminal: Terminal, key: str, shows: str) -> float:
    """Milliseconds from the key to what it shows, in an emulator that takes its time as well."""
    pressed = perf_counter()
    terminal.press(key)
    terminal.shows(shows)
    return (perf_counter() - pressed) * 1e3


def run(terminal: Terminal, milliseconds: list[float], sampled: Callable[[int], object]) -> float:
    """Run to the last step; keys are pressed all along. Steps a second."""
    terminal.press(" ")
    terminal.until(lambda: step(terminal) > 0, "the first steps")
    began, million = perf_counter(), 1
    while million <= STEPS // MILLION:
        milliseconds.append(answered(terminal, "-", SLOW))
        milliseconds.append(answered(terminal, "+", FULL))
        rest = perf_counter() + 2.0
        while perf_counter() < rest and step(terminal) < STEPS:
            terminal.read(0.1)
        while million <= min(step(terminal), STEPS) // MILLION:
            sampled(million)
            million += 1
    return STEPS / (perf_counter() - began)


@pytest.mark.parametrize("what", ["2-2-2"])
def test_ten_million_steps(
    what: str,
    benchmark: Any,  # noqa: ANN401  pytest-benchmark's fixture has no public type
    table: Table,
    tmp_path: Path,
) -> None:
    (tmp_path / "article-long.toml").write_text(PRESET)
    milliseconds, memory, speed = list[float](), dict[int, int](), 0.0
    state = {"XDG_STATE_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    with Terminal(str(tmp_path / "article-long.toml"), **state) as terminal:
        terminal.shows("quit", "200 steps/s")
        for faster in ("500", "1000", "2000", "5000", "10000"):
            answered(terminal, "+", f"{faster} steps/s")
        answered(terminal, "+", FULL)

        def play() -> float:
            return run(
                terminal,
                milliseconds,
                lambda million: memory.update({million: resident(terminal)}),
            )

        speed = benchmark.pedantic(play, rounds=1)
        terminal.shows(f"step {STEPS}", f"{STEPS:,}".replace(",", " "))
        terminal.press("q")
        assert terminal.ends() == 0
    every = " ".join(f"{kibibytes / 1024:.1f}" for kibibytes in memory.values())
    growth = max(memory.values()) / memory[1]
    measured = f"{every} MiB after 1 to 10 million steps, {speed:.0f} a second"
    table.add(Row(f"memory in a long run, {what}", measured, growth, 1.05, at_most=True))
    keys = f"95 % of {len(milliseconds)} keys, slowest {max(milliseconds):.0f} ms"
    value = percentile_95(milliseconds)
    table.add(Row(f"keys in a long run, {what}", keys, value, 100.0, "ms", at_most=True))
