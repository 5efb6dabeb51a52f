"""Jumps to any of a million steps, and the memory that they need."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

from bptui import presets
from bptui.core.timeline import Timeline

from .report import Row, Table
from .timing import percentile_95

STEPS, JUMPS = 1_000_000, 300


def test_jumps_over_a_million_steps(
    benchmark: Any,  # noqa: ANN401  pytest-benchmark's fixture has no public type
    table: Table,
) -> None:
    timeline, most, there = Timeline(presets.load("article")), 0, False
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

    benchmark.pedantic(jump, rounds=JUMPS)
    measured = f"95 % of {JUMPS} jumps, slowest {max(milliseconds):.2f} ms"
    table.add(
        Row(
            "jump to one of 1,000,000 steps",
            measured,
            percentile_95(milliseconds),
            50.0,
            "ms",
            at_most=True,
        )
    )
    table.add(
        Row("checkpoints of 1,000,000 steps", "peak", most / 2**20, 64.0, "MiB", at_most=True)
    )
