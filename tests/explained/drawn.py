"""The experiments whose explanations are kept as files: some presets, and drawn ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.core.mistakes import MISTAKES
from bptui.core.optimizers import OPTIMIZERS
from bptui.presets.files import load
from tests.core.support import HIDDEN, PAIRS, experiment

PRESETS = ["article", "article-listing-1", "article-listing-2", "hagan", "iris", "xor"]
DRAWN = 18
SHAPES = ((1, 1), (2, 2), (2, 2, 2), (2, 3, 1), (3, 2, 2), (2, 2, 2, 2), (1, 3, 2, 1))


def drawn(seed: int) -> Experiment:
    """One small experiment of every kind: pairs of functions, optimizers, mistakes, penalties."""
    layers = SHAPES[seed % len(SHAPES)]
    output, loss = PAIRS[4 * seed % len(PAIRS)]
    hidden = [HIDDEN[(seed + place) % len(HIDDEN)] for place in range(len(layers) - 2)]
    made = experiment(
        layers,
        (*hidden, output),
        samples=1 + seed % 4,
        bias=bool(seed % 3),
        seed=seed,
        loss=loss,
        optimizer=list(OPTIMIZERS)[seed % len(OPTIMIZERS)],
        reduction=("mean", "sum")[seed % 5 == 3],
        l2=(0.0, 0.03)[seed // 2 % 2],
        learning_rate=0.1,
    )
    first = seed - seed % 3 + (seed % 3 == 2)  # of three the first one makes none
    for place in range(first, first + seed % 3):
        name = [*MISTAKES][place % len(MISTAKES)]
        try:
            mistakes = (*made.training.mistakes, name)
            made = replace(made, training=replace(made.training, mistakes=mistakes))
        except UnusableError:
            continue
    return replace(made, name=f"drawn-{seed}")


def kept() -> Iterator[Experiment]:
    """Yield every experiment whose explanation is kept."""
    yield from map(load, PRESETS)
    yield from map(drawn, range(DRAWN))
