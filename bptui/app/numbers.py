"""Numbers as text of a fixed width, so that digits stay in their columns."""

from __future__ import annotations

import math


def signed(value: float, decimals: int) -> str:
    """+0.150000, or +4.756e-08 where that shows too little; always ``decimals`` + 4 wide."""
    width = decimals + 4
    size = abs(value)
    if not math.isfinite(value):
        return f"{value:+}".rjust(width)
    if value == 0.0 or 10.0 ** -((decimals + 3) // 2) <= size < 99.5:
        return f"{value:+.{decimals}f}".rjust(width)
    if 99.5 <= size < 99_999.5:
        for places in range(decimals - 1, -1, -1):
            text = f"{value:+.{places}f}"
            if len(text) <= width:
                return text.rjust(width)
    for digits in range(max(decimals - 3, 0), 0, -1):
        text = f"{value:+.{digits}e}"
        if len(text) <= width:
            return text.rjust(width)
    return f"{value:+.0e}".rjust(width)


def label(value: float, decimals: int) -> str:
    """+0.150 for an edge, with no blanks: at most ``decimals`` + 3 wide, +5e-09 excepted."""
    for places in range(decimals, -1, -1):
        text = f"{value:+.{places}f}"
        if len(text) <= decimals + 3:
            break
    shown = any(digit in text for digit in "123456789")
    if not math.isfinite(value) or ((shown or value == 0.0) and len(text) <= decimals + 3):
        return text
    return f"{value:+.0e}"


def plain(value: float, decimals: int) -> str:
    """Like :func:`signed` with a space for the plus sign."""
    text = signed(value, decimals)
    return text.replace("+", " ", 1) if text.lstrip().startswith("+") else text


def loss(value: float) -> str:
    """At least six significant digits: 0.163287, 2.46503e-08."""
    text = f"{value:.6g}"
    mantissa, _, exponent = text.partition("e")
    digits = len(mantissa.replace("-", "").replace(".", "").lstrip("0"))
    if not math.isfinite(value) or value == 0.0 or digits >= 6 or exponent:
        return text
    return f"{value:#.6g}"


def short(value: float, width: int) -> str:
    """As many decimals as ``width`` has room for beside a digit and a sign: -0.25, 12.30, 1234."""
    for places in range(width - 3, -1, -1):
        text = f"{value:.{places}f}"
        if len(text) <= width:
            return text.lstrip("-") if not text.strip("-0.") else text
    return f"{value:.0e}"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, ... 11th, ..."""
    endings = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{endings.get(number % 10 if number // 10 % 10 != 1 else 0, 'th')}"
