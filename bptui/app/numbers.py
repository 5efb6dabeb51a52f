"""Numbers as text of a fixed width, so that digits stay in their columns."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bptui.core.arrays import Array


class Form(NamedTuple):
    """How all numbers of a column or a matrix are written: their digits stand below each other."""

    width: int
    digits: int
    """Behind the point."""
    kind: str = "f"
    """``f``, or ``e`` with an exponent."""


def largest(values: Array) -> float:
    """Return the greatest size of the finite numbers."""
    sizes = np.abs(values)
    return float(np.max(sizes, where=np.isfinite(sizes), initial=0.0))


def form_of(size: float, decimals: int, beside: int = 4) -> Form:
    """Return the form of numbers up to ``size`` in size, ``decimals`` + ``beside`` wide.

    It alone decides, and as rarely as possible: the digits shall not move while training goes on.
    Without an exponent, what is small beside it reads +0.0000 or -0.0000.
    """
    width = decimals + beside
    if size == 0.0 or 10.0 ** -((decimals + 3) // 2) <= size < 99_999.5:
        for digits in range(decimals, -1, -1):
            if len(f"{size:+.{digits}f}") <= width:
                return Form(width, digits)
    return Form(width, max(decimals - 3, 0), "e")


def signed(value: float, form: Form) -> str:
    """Write +0.1500 or -4.8e-05 in the width of ``form``; 0 and nan have no sign."""
    for digits in range(form.digits, -1, -1):
        text = f"{value:+.{digits}{form.kind}}"
        if len(text) <= form.width:
            break
    return (text[1:] if value == 0.0 or math.isnan(value) else text).rjust(form.width)


def plain(value: float, form: Form) -> str:
    """Write like :func:`signed`, with a space for the plus sign."""
    text = signed(value, form)
    return text.replace("+", " ", 1) if text.lstrip().startswith("+") else text


def loss(value: float, digits: int = 6) -> str:
    """Write so many significant digits: 0.163287, 2.46503e-08."""
    return f"{value:#.{digits}g}".removesuffix(".") if value else "0"


def ordinal(number: int) -> str:
    """Write 1st, 2nd, 3rd, 4th, ... 11th, ..."""
    endings = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{endings.get(number % 10 if number // 10 % 10 != 1 else 0, 'th')}"
