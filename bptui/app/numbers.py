"""Numbers as text of a fixed width, so that digits stay in their columns."""

from __future__ import annotations

import math


def signed(value: float, decimals: int) -> str:
    """+0.150000, or +4.756e-08 where that shows too little; always ``decimals`` + 4 wide."""
    width = decimals + 4
    if not math.isfinite(value):
        return f"{value:+}".rjust(width)
    size = abs(value)
    if value == 0.0 or 10.0 ** (2 - decimals) <= size < 99.5:
        return f"{value:+.{decimals}f}".rjust(width)
    if 99.5 <= size < 99999.5:
        return f"{value:+.{max(decimals - 3, 0)}f}".rjust(width)[:width]
    for digits in range(decimals - 3, -1, -1):
        text = f"{value:+.{digits}e}"
        if len(text) <= width:
            return text.rjust(width)
    return text


def plain(value: float, decimals: int) -> str:
    """Like :func:`signed` with a space for the plus sign."""
    return signed(value, decimals).replace("+", " ", 1)


def loss(value: float) -> str:
    """At least six significant digits: 0.163287, 2.46503e-08."""
    text = f"{value:.6g}"
    mantissa, _, exponent = text.partition("e")
    digits = len(mantissa.replace("-", "").replace(".", "").lstrip("0"))
    if not math.isfinite(value) or value == 0.0 or digits >= 6 or exponent:
        return text
    return f"{value:#.6g}"


def step_count(value: int) -> str:
    """1 000 000: thin groups for the eye, plain digits below 10 000."""
    return f"{value:,}".replace(",", " ") if value >= 10_000 else str(value)
