"""What the terminal is sent, and how soon a key's result shows at the end of a slow line."""

import re
from pathlib import Path
from time import perf_counter

import numpy as np

from .measuring import Table, percentile_95
from .slow_line import SlowLine
from .test_latency import SMALL

PRESSES, PLAIN_PRESSES = 40, 10
RATE, ROUND_TRIP = 20_000, 0.15
FRAMES = 30
SECONDS = 4.0
SPEED = re.compile(r"([\d.]+ (?:step|operation)s?/s|full speed)")


def test_bytes_of_a_run(table: Table, tmp_path: Path) -> None:
    # so fast that every number changes in each frame, so slowly that they go on doing so
    (tmp_path / "endless.toml").write_text(SMALL.replace("1e-6", "0.02"))
    options = (str(tmp_path / "endless.toml"), "--fps", str(FRAMES))
    with SlowLine(*options, rate=1e9, round_trip=0.0) as line:
        line.shows("step 0 ")
        line.press(" ")
        line.shows("▶")
        rate = line.read_for(SECONDS) / SECONDS / 1e3
        line.press(" q")
        assert line.ends() == 0
    measured = f"{SECONDS:g} s at {FRAMES} frames/s"
    table.add("bytes per second, running", measured, rate, 60.0, "kB")


def slow_keys(folder: Path, presses: int, *options: str) -> list[float]:
    """Seconds from the key for faster or slower to the new speed on the screen, while running."""
    rng, seconds = np.random.default_rng(2), []
    ssh = "10.0.0.1 1 10.0.0.2 22"
    arguments = (str(folder / "endless.toml"), *options)
    with SlowLine(*arguments, rate=RATE, round_trip=ROUND_TRIP, SSH_CONNECTION=ssh) as line:
        line.shows("200 steps/s")
        line.press(" ")
        line.shows("▶")
        line.read_for(1.0)
        for press in range(presses):
            before, pressed = SPEED.findall(line.text), perf_counter()
            line.press("+-"[press % 2])
            line.until(
                lambda old=before: SPEED.findall(line.text) not in (old, []), "another speed"
            )
            seconds.append(perf_counter() - pressed)
            line.read_for(rng.uniform(0.1, 0.5))
        line.press("q")
    return seconds


def test_keys_on_a_slow_line(table: Table, tmp_path: Path) -> None:
    """20 kB/s and 150 ms there and back, while training runs."""
    (tmp_path / "endless.toml").write_text(SMALL)
    plain = slow_keys(tmp_path, PLAIN_PRESSES, "--plain-driver")
    ours = table.play(lambda: slow_keys(tmp_path, PRESSES), 1)
    value, other = percentile_95(ours), percentile_95(plain)
    measured = f"95 % of {PRESSES} keys while running; {other:.1f} s with --plain-driver"
    table.add("key on 20 kB/s, 150 ms", measured, value, 0.8, "s")
