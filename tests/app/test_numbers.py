"""Numbers as text: always of one width, with their sign, as exact as the digits that are shown."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bptui.app.numbers import form_of, label, largest, loss, places, plain, short, signed

from .support import reads_as

FLOATS = st.floats(width=64)
GROUPS = st.lists(FLOATS, min_size=1, max_size=6)
DECIMALS = st.sampled_from([3, 4, 6])


def written(values: list[float], decimals: int) -> list[str]:
    form = form_of(largest(np.array(values)), decimals)
    return [signed(value, form) for value in values]


@given(GROUPS, DECIMALS)
@example([0.0, -0.0], 6)
@example([99.5], 3)
@example([99.499999999, 1.0], 4)
@example([999.96, 0.1], 4)
@example([99_999.5, -3.0], 6)
@example([9.99999e99, 0.0], 4)
@example([-1.7976931348623157e308, 5e-324], 4)
@example([-9.9995e-05, 0.0, 1e-7], 4)
def test_numbers_of_a_group_are_written_alike_and_read_back(
    values: list[float], decimals: int
) -> None:
    texts = written(values, decimals)
    for value, text in zip(values, texts, strict=True):
        assert len(text) == decimals + 4
        if value == 0.0:
            assert text.strip()[0] not in "+-"
        elif math.isnan(value):
            assert "nan" in text
        else:
            assert text.strip()[0] in "+-"
            assert reads_as(text.strip(), value)
    size = largest(np.array(values))
    points = {text.find(".") for text in texts if any(digit in text for digit in "0123456789")}
    # exponents of three digits take a decimal away
    if 1e-99 < size < 1e99:
        assert len({"e" in text for text in texts if "n" not in text}) <= 1
        assert len(points) <= 1 or any(re.search(r"e[+-]\d{3}", text) for text in texts)
        assert any(digit in text.partition("e")[0] for text in texts for digit in "123456789")


def test_a_small_number_keeps_the_form_of_those_around_it() -> None:
    assert written([0.0223, 4.7e-04, -4e-05, 0.0], 4) == [
        " +0.0223",
        " +0.0005",
        " -0.0000",
        "  0.0000",
    ]
    assert written([2.23e-5, -4e-7], 4) == ["+2.2e-05", "-4.0e-07"]
    assert written([1234.5, -0.25], 4) == ["+1234.50", "   -0.25"]


@given(GROUPS, DECIMALS)
def test_plain_differs_by_the_plus_sign_alone(values: list[float], decimals: int) -> None:
    form = form_of(largest(np.array(values)), decimals)
    for value, other in zip(values, written(values, decimals), strict=True):
        text = plain(value, form)
        assert len(text) == len(other)
        assert text.lstrip() == other.lstrip().removeprefix("+")


@given(FLOATS, st.integers(2, 4))
@example(-9.9996, 3)
@example(99_999.6, 2)
@example(-5e-324, 2)
def test_a_label_fits_and_reads_back(value: float, decimals: int) -> None:
    text = label(value, abs(value), decimals)
    assert text == text.strip()
    assert len(text) <= max(decimals + 3, len("-5e-324"))
    if not math.isnan(value):
        assert text[0] in "+-"
        assert reads_as(text, value)


def test_labels_of_a_layer_all_have_exponents_or_none() -> None:
    gradients = [0.0048, -0.00053, 0.0]
    assert [label(each, 0.0048, 2) for each in gradients] == ["+5e-03", "-5e-04", "+0e+00"]
    assert [label(each, 0.0048, 4) for each in gradients] == ["+0.0048", "-0.0005", "+0.0000"]
    assert label(0.004, 0.27, 2) == "+0.00"


@given(st.floats(-1e5, 1e5), DECIMALS)
def test_ordinary_numbers_have_no_exponent(value: float, decimals: int) -> None:
    if value == 0.0 or 0.01 <= abs(value) < 9999.4:
        assert "e" not in written([value], decimals)[0]


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=5), st.integers(6, 8))
def test_short_numbers_of_a_column_have_the_same_decimals(values: list[float], width: int) -> None:
    decimals = places(largest(np.array(values)), width)
    texts = [short(value, width, decimals) for value in values]
    assert all(len(text) <= width for text in texts)
    assert all(
        reads_as(text, value) or value < 0 for text, value in zip(texts, values, strict=True)
    )
    found = {len(text.partition(".")[2]) for text in texts if "e" not in text}
    assert found <= {decimals}


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
