"""Ten million steps at full speed in the app: memory, keys, and the chart at the end."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from bptui.charts import loss_chart
from bptui.core.arrays import Array

from ..terminal.support import Terminal
from .listings import INPUT, RATE, TARGET
from .report import Row, Table
from .timing import percentile_95

MILLION = 1_000_000
STEPS = 10 * MILLION
SLOW, FULL = "10000 steps/s", "full speed"
ALIKE = 0.99
"""Of the cells of the chart: a column may begin a span too early or too late."""
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


def losses() -> Array:
    """The loss of every step, from a loop that ends where rounding keeps the weights still."""
    x, t = np.array(INPUT), np.array(TARGET)
    w1, w2 = np.array([[0.15, 0.20], [0.25, 0.30]]), np.array([[0.40, 0.45], [0.50, 0.55]])
    found: list[float] = []
    while len(found) <= STEPS:
        h = 1 / (1 + np.exp(-(x @ w1)))
        o = 1 / (1 + np.exp(-(h @ w2)))
        found.append(((o - t) ** 2).sum() / 2)
        delta = (o - t) * o * (1 - o)
        hidden = (w2 @ delta) * h * (1 - h)
        before = w1, w2
        w1, w2 = w1 - RATE * np.outer(x, hidden), w2 - RATE * np.outer(h, delta)
        if np.array_equal(before[0], w1) and np.array_equal(before[1], w2):
            break
    return np.concatenate([found, np.full(STEPS + 1 - len(found), found[-1])])


def resident(terminal: Terminal) -> int:
    """KiB of memory that the program holds."""
    status = Path(f"/proc/{terminal.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def step(terminal: Terminal) -> int:
    found = re.search(r"step (\d+)", terminal.status)
    return int(found.group(1)) if found else 0


def chart_on(terminal: Terminal) -> list[str]:
    """The lines within the border of Loss and the blank beside it."""
    rows = terminal.screen.display
    top = next(number for number, row in enumerate(rows) if "─ Loss ─" in row)
    left = rows[top].rindex("╭", 0, rows[top].index("─ Loss ─"))
    right = rows[top].index("╮", left)
    bottom = next(y for y in range(top + 1, len(rows)) if rows[y][left] == "╰")
    return [row[left + 2 : right - 1] for row in rows[top + 1 : bottom]]


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
    exact = losses()
    state = {"XDG_STATE_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    with Terminal(str(tmp_path / "article-long.toml"), **state) as terminal:
        terminal.shows("quit", "200 steps/s")
        for faster in ("500", "1000", "2000", "5000", "10000"):
            answered(terminal, "+", f"{faster} steps/s")
        answered(terminal, "+", FULL)
        terminal.press("l")
        terminal.shows("logarithmic")

        def play() -> float:
            return run(
                terminal,
                milliseconds,
                lambda million: memory.update({million: resident(terminal)}),
            )

        speed = benchmark.pedantic(play, rounds=1)
        terminal.shows(f"step {STEPS}", f"{STEPS:,}".replace(",", " "))
        # drawn after the numbers
        terminal.until(lambda: same_cells(chart_on(terminal), exact) > ALIKE, "the chart")
        alike = same_cells(chart_on(terminal), exact)
        terminal.press("q")
        assert terminal.ends() == 0
    every = " ".join(f"{kibibytes / 1024:.1f}" for kibibytes in memory.values())
    growth = max(memory.values()) / memory[1]
    measured = f"{every} MiB after 1 to 10 million steps, {speed:.0f} a second"
    table.add(Row(f"memory in a long run, {what}", measured, growth, 1.05, at_most=True))
    table.add(Row(f"chart of a long run, {what}", "equal cells", alike * 100, ALIKE * 100, "%"))
    keys = f"95 % of {len(milliseconds)} keys, slowest {max(milliseconds):.0f} ms"
    value = percentile_95(milliseconds)
    table.add(Row(f"keys in a long run, {what}", keys, value, 100.0, "ms", at_most=True))


def same_cells(shown: list[str], exact: Array) -> float:
    """The share of cells in which a chart equals that of all losses, column by column."""
    width, height = len(shown[0]), len(shown)
    starts = np.unique(np.linspace(0, len(exact), width, endpoint=False).astype(np.intp))
    lows, highs = np.fmin.reduceat(exact, starts), np.fmax.reduceat(exact, starts)
    expected = loss_chart(
        np.append(starts, STEPS),
        np.append(lows, exact[-1]),
        np.append(highs, exact[-1]),
        last=STEPS,
        width=width,
        height=height,
        logarithmic=True,
    )
    assert expected is not None
    pairs = [
        (one, other)
        for line, row in zip(shown, expected.lines, strict=True)
        for one, other in zip(line, row, strict=True)
        if one not in "┊●"  # the shown step
    ]
    return sum(one == other for one, other in pairs) / len(pairs)
