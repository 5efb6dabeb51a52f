"""Runs exported programs in this process and reads the losses that they print."""

from __future__ import annotations

import io
import re
import warnings
from contextlib import redirect_stdout
from dataclasses import replace
from typing import Any

import numpy as np

from bptui.core.engine import Engine
from bptui.core.experiment import Experiment


def output(program: str) -> str:
    """What the program prints; numpy may warn of nothing, and its settings end with it."""
    stream = io.StringIO()
    with redirect_stdout(stream), np.errstate(all="warn"), warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        exec(compile(program, "program.py", "exec"), {"__name__": "__main__"})
    return stream.getvalue()


def losses(text: str) -> dict[int, float]:
    """By step; nothing else may be printed but for the test loss."""
    found: dict[int, float] = {}
    for line in text.splitlines():
        if not line.startswith("test loss "):
            match = re.fullmatch(r"step +(\d+)  loss (\S+)", line)
            assert match, line
            found[int(match[1])] = float(match[2])
    return found


def assert_prints_losses_of(made: Experiment, program: str, tolerance: float) -> None:
    """The program's losses are the engine's, from step 0 to the last one."""
    assert max(map(len, program.splitlines())) <= 100
    steps = made.training.steps
    expected = np.empty(steps + 1)
    Engine(made).advance(expected)
    if not np.isfinite(expected).all():  # it diverged, and that is where the program ends
        steps = int(np.argmin(np.isfinite(expected)))
    found = losses(output(program))
    assert min(found) == 0
    assert max(found) == steps
    assert len(found) <= 22
    for step, loss in found.items():
        if not np.isfinite(expected[step]):
            continue
        # outputs near their targets differ from them by few digits, and squares by twice as many
        allowed = tolerance * expected[step] + 1e-14 * np.sqrt(expected[step]) + 1e-30
        assert abs(loss - expected[step]) <= allowed, f"step {step}: {loss!r}, {expected[step]!r}"


def training_with(made: Experiment, **changes: Any) -> Experiment:  # noqa: ANN401  fields of Training
    """``made``, trained in another way."""
    return replace(made, training=replace(made.training, **changes))
