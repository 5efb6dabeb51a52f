"""Which samples make up the batch of an update: a pure function of the update's number."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from bptui.core.arrays import Integers

Indices = Integers


@lru_cache(maxsize=8)
def _shuffled(samples: int, seed: int, epoch: int) -> Indices:
    # Philox is counter-based: the epoch is part of its counter, so that the order of any epoch
    # comes without drawing those before it
    generator = np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 0, epoch]))
    order = generator.permutation(samples)
    order.setflags(write=False)
    return order


class BatchSchedule(NamedTuple):
    """Mini-batches of ``batch_size`` out of ``samples``; each epoch uses every sample once.

    The last batch of an epoch is smaller where the sizes do not divide.
    """

    samples: int
    batch_size: int
    shuffle: bool = False
    seed: int = 0

    @property
    def batches_per_epoch(self) -> int:
        return -(-self.samples // self.batch_size)

    @property
    def full_batch(self) -> bool:
        """Whether every batch is the data as it stands."""
        return self.batch_size == self.samples and not self.shuffle

    def epoch(self, step: int) -> int:
        """The epoch, from 0, that the batch of step ``step`` belongs to."""
        return step // self.batches_per_epoch

    def size(self, step: int) -> int:
        """Samples in the batch of step ``step``."""
        start = step % self.batches_per_epoch * self.batch_size
        return min(self.batch_size, self.samples - start)

    def indices(self, step: int) -> Indices:
        """The samples of the batch of step ``step``, in the order they are used."""
        epoch, position = divmod(step, self.batches_per_epoch)
        start = position * self.batch_size
        stop = min(start + self.batch_size, self.samples)
        if not self.shuffle:
            return np.arange(start, stop)
        return _shuffled(self.samples, self.seed, epoch)[start:stop]
