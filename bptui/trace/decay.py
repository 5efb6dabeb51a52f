"""Recognises what parameters lose in an update beside the gradient: a weight decay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from bptui.trace.comparing import Values, multiple_and_share, rounded

Of = Callable[[Any], Any]
KINDS: tuple[Of, ...] = (np.positive, np.sign)
"""What parameters lose a share of: their numbers, or the signs of them."""


class Decay(NamedTuple):
    """A share, below 0, of parameters' own numbers, or of what is made of each."""

    share: float
    of: Of = np.positive

    def without(self, change: Values, own: Values) -> Values:
        """Return what is left of a change when the decay is taken from it."""
        pairs = zip(change, own, strict=True)
        return [part - self.share * self.of(numbers) for part, numbers in pairs]


def decay_in(
    change: Values, true: Values, own: Values, penalized: Callable[[Of], bool]
) -> tuple[float, Decay] | None:
    """Return the multiple of gradients that a change is beside a decay, and that; else None.

    ``penalized`` tells whether gradients have it already, because the loss has.
    """
    for kind in KINDS:
        shares = multiple_and_share(change, true, [kind(part) for part in own])
        if shares and -1.0 < rounded(shares[1]) < 0.0 and not penalized(kind):
            return shares[0], Decay(shares[1], kind)
    return None
