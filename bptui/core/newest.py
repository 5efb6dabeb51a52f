"""The newest numbers of a series that may grow without end."""

from __future__ import annotations

import numpy as np

from bptui.core.arrays import Array

CHUNK = 65_536
CHUNKS = 16
"""So many chunks are kept: 8 MiB."""


class Newest:
    """Numbers ``first`` to ``length`` - 1 of a series; growing never copies what is there."""

    def __init__(self, first: int = 0) -> None:
        self.first = self.length = first
        self._chunks: list[Array] = []
        """The last one has room for more; the others are full and never change."""

    @property
    def nbytes(self) -> int:
        return sum(each.nbytes for each in self._chunks)

    @property
    def _start(self) -> int:
        """The place in the series at which the first chunk begins."""
        return (-(-self.length // CHUNK) - len(self._chunks)) * CHUNK

    def extend(self, numbers: Array) -> None:
        """Append a copy of ``numbers``."""
        while numbers.size:
            at = self.length % CHUNK
            if at == 0 or not self._chunks:
                self._chunks.append(np.empty(CHUNK))
            part = numbers[: CHUNK - at]
            self._chunks[-1][at : at + part.size] = part
            self.length += part.size
            numbers = numbers[part.size :]

    def values(self, start: int, stop: int) -> Array:
        """A copy of numbers ``start`` to ``stop`` - 1; IndexError where they are not kept."""
        if not self.first <= start <= stop <= self.length:
            raise IndexError(f"{start} to {stop} is not within {self.first} to {self.length}")
        if start == stop:
            return np.empty(0)
        begin = self._start
        pieces = [
            self._chunks[index][
                max(start - begin - index * CHUNK, 0) : stop - begin - index * CHUNK
            ]
            for index in range((start - begin) // CHUNK, -(-(stop - begin) // CHUNK))
        ]
        return np.concatenate(pieces)

    def until(self, length: int) -> Newest:
        """What there is of the first ``length`` numbers, to go on from separately."""
        full = (length - self._start) // CHUNK
        copy = Newest(max(self.first, length // CHUNK * CHUNK))
        copy.extend(self.values(copy.first, length))
        copy._chunks[:0] = self._chunks[:full]
        copy.first = self.first
        return copy

    def forget(self, before: int, most: int = 0) -> None:
        """Give up whole chunks of numbers before number ``before``, but not the newest ``most``."""
        gone = min((before - self._start) // CHUNK, len(self._chunks) - most)
        if gone > 0:
            del self._chunks[:gone]
            self.first = max(self.first, self._start)
