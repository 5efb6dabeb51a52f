"""The fast loop on the article's 2-2-2 network against loops written by hand and against torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bptui import presets
from bptui.core.engine import Engine

from .listings import INPUT, RATE, TARGET, column_loops
from .report import Row, Table
from .timing import in_turns

STEPS, ROUNDS = 500, 60


def fast_loop(preset: str, steps: int) -> Callable[[], np.ndarray[Any, Any]]:
    """A call that trains ``steps`` steps from the start values and returns their losses."""
    engine, losses = Engine(presets.load(preset)), np.empty(steps)
    start = engine.save()

    def train() -> np.ndarray[Any, Any]:
        engine.load(start, 0)
        engine.advance(losses)
        return losses

    return train


def test_against_the_listing(
    benchmark: Any,  # noqa: ANN401  pytest-benchmark's fixture has no public type
    table: Table,
) -> None:
    """The program of the listing is known by its losses; it is raced with the true gradients."""
    published = fast_loop("article-listing-2", STEPS)()
    np.testing.assert_allclose(column_loops(STEPS), published, rtol=1e-10)
    ours = fast_loop("article-matrix", STEPS)
    contestants = {"bptui": ours, "other": lambda: column_loops(STEPS)}
    seconds = in_turns(benchmark, contestants, ROUNDS)
    add(table, "2-2-2, the article's listing 2", seconds, STEPS, 2.0)


def test_against_torch(
    benchmark: Any,  # noqa: ANN401  pytest-benchmark's fixture has no public type
    table: Table,
) -> None:
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    steps = 100
    x, t = (torch.tensor([row], dtype=torch.float64) for row in (INPUT, TARGET))

    def eager() -> list[float]:
        start = ([[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]])
        w1, w2 = (torch.tensor(w, dtype=torch.float64, requires_grad=True) for w in start)
        losses = []
        for _ in range(steps):
            out = torch.sigmoid(torch.sigmoid(x @ w1) @ w2)
            loss = 0.5 * ((out - t) ** 2).sum()
            loss.backward()
            with torch.no_grad():
                for w in (w1, w2):
                    w -= RATE * w.grad
                    w.grad = None
            losses.append(loss.item())
        return losses

    train = fast_loop("article", steps)
    np.testing.assert_allclose(eager(), train(), rtol=1e-10)
    seconds = in_turns(benchmark, {"bptui": train, "other": eager}, ROUNDS)
    add(table, "2-2-2, torch eager", seconds, steps, 15.0)


def add(
    table: Table, what: str, seconds: dict[str, list[float]], steps: int, wanted: float
) -> None:
    ours, other = (min(seconds[name]) / steps * 1e6 for name in ("bptui", "other"))
    measured = f"{other:.1f} us per step, bptui {ours:.2f} us"
    table.add(Row(what, measured, other / ours, wanted))
