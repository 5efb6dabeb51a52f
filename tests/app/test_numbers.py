"""Numbers as text: always of one width, with their sign, as exact as the digits that are shown."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bptui.app.numbers import label, loss, plain, signed

from .support import reads_as

FLOATS = st.floats(width=64)
DECIMALS = st.sampled_from([3, 4, 6])


@given(FLOATS, DECIMALS)
@example(0.0, 6)
@example(-0.0, 6)
@example(99.5, 3)
@example(99.499999999, 4)
@example(999.96, 4)
@example(99_999.5, 6)
@example(9.99999e99, 4)
@example(-1.7976931348623157e308, 4)
@example(5e-324, 4)
@example(-9.9995e-05, 4)
def test_signed_is_of_one_width_and_reads_back(value: float, decimals: int) -> None:
    text = signed(value, decimals)
    assert len(text) == decimals + 4
    assert text.strip()[0] in "+-"
    if math.isnan(value):
        assert "nan" in text
    else:
        assert reads_as(text.strip(), value)
        if value != 0.0 and math.isfinite(value):
            assert any(digit in text.partition("e")[0] for digit in "123456789")


@given(FLOATS, DECIMALS)
def test_plain_differs_by_the_plus_sign_alone(value: float, decimals: int) -> None:
    text, other = plain(value, decimals), signed(value, decimals)
    assert len(text) == len(other)
    assert float(text) == float(other) or math.isnan(value)
    assert ("-" in text.partition("e")[0]) == ("-" in other.partition("e")[0])
    assert not text.strip().startswith("+")


@given(FLOATS, st.integers(2, 4))
@example(-9.9996, 3)
@example(99_999.6, 2)
@example(-5e-324, 2)
def test_a_label_fits_and_reads_back(value: float, decimals: int) -> None:
    text = label(value, decimals)
    assert text == text.strip()
    assert len(text) <= max(decimals + 3, len("-5e-324"))
    if not math.isnan(value):
        assert text[0] in "+-"
        assert reads_as(text, value)


@given(st.floats(-1e5, 1e5), DECIMALS)
def test_ordinary_numbers_have_no_exponent(value: float, decimals: int) -> None:
    if value == 0.0 or 0.01 <= abs(value) < 9999.4:
        assert "e" not in signed(value, decimals)


@given(FLOATS)
def test_loss_reads_back_with_six_digits(value: float) -> None:
    text = loss(value)
    if math.isnan(value):
        assert text == "nan"
        return
    assert float(text) == pytest.approx(value, rel=5.1e-6, abs=0.0)
    assert len(text) <= len("-2.46503e-308")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.16328681495493247, "0.163287"),
        (2.4650321573198e-08, "2.46503e-08"),
        (0.25, "0.250000"),
        (1.5, "1.50000"),
        (123.0, "123.000"),
        (0.0, "0"),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_losses(value: float, text: str) -> None:
    assert loss(value) == text
