"""Jumps to any of a million steps, and the memory that they need."""

from time import perf_counter

import numpy as np

from bptui.core.timeline import Timeline
from bptui.presets.files import load

from .measuring import Table, percentile_95

STEPS, JUMPS = 1_000_000, 300


def test_jumps_over_a_million_steps(table: Table) -> None:
    timeline, most, there = Timeline(load("article")), 0, False
    while not there:
        there = timeline.move_towards(STEPS, 0.05)
        most = max(most, timeline.checkpoint_bytes)
    places = iter(np.random.default_rng(0).integers(0, STEPS, JUMPS).tolist())
    milliseconds: list[float] = []

    def jump() -> None:
        nonlocal most
        step = next(places)
        began = perf_counter()
        shown = timeline.snapshot(step)
        milliseconds.append((perf_counter() - began) * 1e3)
        assert shown.step == step
        most = max(most, timeline.checkpoint_bytes)

    table.play(jump, JUMPS)
    measured = f"95 % of {JUMPS} jumps, slowest {max(milliseconds):.2f} ms"
    slowest = percentile_95(milliseconds)
    table.add("jump to one of 1,000,000 steps", measured, slowest, 50.0, "ms")
    table.add("checkpoints of 1,000,000 steps", "peak", most / 2**20, 64.0, "MiB")
