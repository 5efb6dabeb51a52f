"""How fast a run goes: the speeds to choose from, and how far one should have come by now."""

from __future__ import annotations

import math
from typing import Literal

from msgspec import Struct

SLICE = 0.005
"""Seconds of work between two looks at the keyboard."""
BREATH = 0.0005
"""Seconds left to everything else between two slices; a key that was pressed gets all it needs."""
SEEKING_FRAME = 0.1
"""Seconds between two pictures of how far a long jump has come."""


READABLE = 10.0
"""Steps or operations a second, up to which everything on the screen follows each of them."""


class Speed(Struct, frozen=True):
    """So many steps, or operations, a second; ``rate`` may be inf."""

    rate: float
    unit: Literal["step", "operation"] = "step"

    @property
    def readable(self) -> bool:
        """Whether one can look at each of them."""
        return self.rate <= READABLE

    def __str__(self) -> str:
        if math.isinf(self.rate):
            return "full speed"
        return f"{self.rate:g} {self.unit}{'' if self.rate == 1 else 's'}/s"

    @property
    def short(self) -> str:
        """The same where there is little room: 2 ops/s."""
        return str(self).replace("operation", "op")


SPEEDS = (
    *(Speed(rate, "operation") for rate in (0.5, 1, 2, 5, 10)),
    *(Speed(rate) for rate in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)),
    Speed(math.inf),
)
DEFAULT = SPEEDS.index(Speed(200))
ROOM = max(len(speed.short) for speed in SPEEDS)
"""The width of the longest speed."""


class Pace(Struct):
    """Steps due at ``rate`` a second from step ``base`` on, at which the clock stood at ``began``.

    ``sign`` is -1 backwards, else +1.
    """

    rate: float
    sign: int
    base: int
    began: float

    def due(self, now: float, last: int) -> int:
        """The step due by now, not beyond ``last``."""
        if math.isinf(self.rate):
            return last
        step = self.base + self.sign * int((now - self.began) * self.rate)
        return min(step, last) if self.sign > 0 else max(step, last)

    def restart(self, step: int, now: float) -> None:
        """Owe nothing for the time before."""
        self.base, self.began = step, now

    def seconds_to(self, step: int, now: float) -> float:
        """Until ``step`` is due."""
        if math.isinf(self.rate):
            return 0.0
        return self.began + (step - self.base) * self.sign / self.rate - now
