"""The loss of every step played so far: eight bytes a step, and a summary for drawing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bptui.core.arrays import Array

CHUNK = 65_536
SPAN = 256
"""Steps that one entry of the summary stands for."""


class LossHistory:
    """Losses of steps 0, 1, 2, ...; growing never copies what is there."""

    def __init__(self) -> None:
        self._chunks: list[Array] = []
        self._length = 0
        self._lows: list[float] = []
        self._highs: list[float] = []
        self.first_not_finite: int | None = None

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, step: int) -> float:
        if not 0 <= step < self._length:
            raise IndexError(f"step {step} has not been played")
        return float(self._chunks[step // CHUNK][step % CHUNK])

    def until(self, length: int) -> LossHistory:
        """A history of its own that begins with the first ``length`` losses of this one."""
        if not 0 <= length <= self._length:
            raise IndexError(f"step {length - 1} has not been played")
        copy, full = LossHistory(), length // CHUNK
        copy._chunks = self._chunks[:full]  # full ones never change
        copy._length = full * CHUNK
        summarized = copy._length // SPAN
        copy._lows, copy._highs = self._lows[:summarized], self._highs[:summarized]
        copy.extend(self.values(copy._length, length))
        diverged = self.first_not_finite
        copy.first_not_finite = None if diverged is None or diverged >= length else diverged
        return copy

    def extend(self, losses: Array) -> None:
        """Append the losses of the steps that follow the last one."""
        if self.first_not_finite is None:
            bad = np.flatnonzero(~np.isfinite(losses))
            if bad.size:
                self.first_not_finite = self._length + int(bad[0])
        while losses.size:
            start = self._length % CHUNK
            if start == 0:
                self._chunks.append(np.empty(CHUNK))
            part = losses[: CHUNK - start]
            self._chunks[-1][start : start + part.size] = part
            self._length += part.size
            losses = losses[part.size :]
        self._summarize()

    def _summarize(self) -> None:
        full = self._length // SPAN
        if full > len(self._lows):
            fresh = self.values(len(self._lows) * SPAN, full * SPAN).reshape(-1, SPAN)
            self._highs += np.fmax.reduce(_finite(fresh), axis=1).tolist()
            self._lows += np.fmin.reduce(_finite(fresh), axis=1).tolist()

    def values(self, start: int, stop: int) -> Array:
        """A copy of the losses of steps ``start`` to ``stop`` - 1."""
        stop = min(stop, self._length)
        pieces = [
            self._chunks[index][max(start - index * CHUNK, 0) : stop - index * CHUNK]
            for index in range(start // CHUNK, -(-stop // CHUNK))
        ]
        return np.concatenate(pieces) if pieces else np.empty(0)

    def envelope(self, columns: int) -> tuple[npt.NDArray[np.intp], Array, Array]:
        """Steps and the lowest and highest finite loss around each, about ``columns`` of them.

        Both are NaN where a column holds no finite loss. Another thread may extend meanwhile.
        """
        length, full = self._length, len(self._lows)
        if length <= max(columns, 1) * 2:
            values = _finite(self.values(0, length))
            return np.arange(length), values, values
        if length <= columns * SPAN * 4:
            lows = highs = _finite(self.values(0, length))
            width = 1
        else:
            rest = _finite(self.values(full * SPAN, max(length, full * SPAN)))
            lows = np.append(self._lows[:full], np.fmin.reduce(rest, initial=np.nan))
            highs = np.append(self._highs[:full], np.fmax.reduce(rest, initial=np.nan))
            width = SPAN
        starts = np.unique(np.linspace(0, lows.size, columns, endpoint=False).astype(np.intp))
        steps = starts * width
        return steps, np.fmin.reduceat(lows, starts), np.fmax.reduceat(highs, starts)


def _finite(losses: Array) -> Array:
    return np.where(np.isfinite(losses), losses, np.nan)
