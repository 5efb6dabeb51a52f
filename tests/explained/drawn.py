"""The experiments whose explanations are kept as files: the shipped presets, and drawn ones."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.core.mistakes import MISTAKES
from bptui.core.optimizers import OPTIMIZERS
from bptui.presets.files import load
from bptui.presets.folders import shipped_names
from tests.core.support import HIDDEN, PAIRS, experiment

SEEDS = (7, 8, 10, 12, 26, 30, 32, 34, 42, 45, 50, 54, 57, 60, 64, 65, 74, 76)
"""Together they have every function, optimizer and mistake, and every way to tell of them."""
SHAPES = ((1, 1), (2, 2), (2, 2, 2), (2, 3, 1), (3, 2, 2), (2, 2, 2, 2), (1, 3, 2, 1))


def drawn(seed: int) -> Experiment:
    """One small experiment of every kind: pairs of functions, optimizers, mistakes, penalties."""
    rng = np.random.default_rng(seed)
    layers = SHAPES[seed % len(SHAPES)]
    output, loss = PAIRS[seed % len(PAIRS)]
    hidden = [HIDDEN[(seed + place) % len(HIDDEN)] for place in range(len(layers) - 2)]
    made = experiment(
        layers,
        (*hidden, output),
        samples=1 + seed % 4,
        bias=bool(seed % 3),
        seed=seed,
        loss=loss,
        optimizer=list(OPTIMIZERS)[seed % len(OPTIMIZERS)],
        reduction=("mean", "sum")[seed % 2],
        l2=(0.0, 0.03)[seed // 2 % 2],
        learning_rate=0.1,
    )
    for name in rng.permutation(list(MISTAKES))[: seed % 3]:
        try:
            mistakes = (*made.training.mistakes, str(name))
            made = replace(made, training=replace(made.training, mistakes=mistakes))
        except UnusableError:
            continue
    return replace(made, name=f"drawn-{seed}")


def kept() -> Iterator[Experiment]:
    """Yield every experiment whose explanation is kept."""
    yield from (load(name) for name in shipped_names())
    yield from map(drawn, SEEDS)
