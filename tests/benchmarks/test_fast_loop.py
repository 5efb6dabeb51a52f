"""The fast loop on the article's 2-2-2 network against loops written by hand and against torch."""

from collections.abc import Callable

import numpy as np
import pytest

from bptui.core.arrays import Array
from bptui.core.engine import Engine
from bptui.presets.files import load

from .measuring import Table

STEPS, ROUNDS = 500, 60
INPUT, TARGET = (0.9, 0.1), (0.11, 0.89)
RATE = 0.5


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def _slope(a: Array) -> Array:
    return a * (1 - a)


def column_loops(steps: int) -> list[float]:
    """Return the loss of every step of a loop as people write it by hand.

    It is in the style of the second listing of the article whose network the preset ``article`` is,
    with the same numpy calls, the same slips and without printing.
    """
    x, t = np.array(INPUT), np.array(TARGET)
    w1, w2 = np.full((2, 2), 0.5), np.full((2, 2), 0.5)
    losses = []
    for _ in range(steps):
        h = _sigmoid(np.dot(x, w1))
        o = _sigmoid(np.dot(np.array(h), w2))
        losses.append(sum([pow(wanted - got, 2) / 2 for wanted, got in zip(t, o)]))  # noqa: B905  as in the listing
        g2 = np.zeros_like(w2)
        for i in range(g2.shape[1]):
            g2[:, i] = (o[i] - t[i]) * _slope(o[i]) * h
        g1 = np.zeros_like(w1)
        for i in range(g1.shape[1]):
            row = -1 * (t - o) * o * _slope(h)
            column = np.reshape(w2[:, i], (-1, 1))
            g1[:, i] = np.dot([row], column) * x
        w1 = w1 - RATE * g1
        w2 = w2 - RATE * g2
    return losses


def fast_loop(preset: str, steps: int) -> Callable[[], Array]:
    """A call that trains ``steps`` steps from the start values and returns their losses."""
    engine, losses = Engine(load(preset)), np.empty(steps)
    start = engine.save()

    def train() -> Array:
        engine.load(start, 0)
        engine.advance(losses)
        return losses

    return train


def test_against_the_listing(table: Table) -> None:
    """The program of the listing is known by its losses; it is raced with the true gradients."""
    published = fast_loop("article-listing-2", STEPS)()
    np.testing.assert_allclose(column_loops(STEPS), published, rtol=1e-10)
    ours = fast_loop("article-matrix", STEPS)
    contestants = {"bptui": ours, "other": lambda: column_loops(STEPS)}
    seconds = table.in_turns(contestants, ROUNDS)
    add(table, "2-2-2, the article's listing 2", seconds, STEPS, 2.0)


def test_against_torch(table: Table) -> None:
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
    seconds = table.in_turns({"bptui": train, "other": eager}, ROUNDS)
    add(table, "2-2-2, torch eager", seconds, steps, 15.0)


def add(
    table: Table, what: str, seconds: dict[str, list[float]], steps: int, wanted: float
) -> None:
    ours, other = (min(seconds[name]) / steps * 1e6 for name in ("bptui", "other"))
    measured = f"{other:.1f} us per step, bptui {ours:.2f} us"
    table.add(what, measured, other / ours, wanted)
