"""Numbers as text: of a fixed width, of one form in a group, read back as what they were."""

import math
import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bptui.app.numbers import form_of, largest, loss, plain, signed

from .support import reads_as

FLOATS = st.floats(width=64)
GROUPS = st.lists(FLOATS, min_size=1, max_size=6)
DECIMALS = st.sampled_from([3, 4, 6])


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
    size = largest(np.array(values))
    form = form_of(size, decimals)
    texts = [signed(value, form) for value in values]
    for value, text in zip(values, texts, strict=True):
        assert len(text) == decimals + 4
        assert math.isnan(value) or (text.strip()[0] in "+-") == (value != 0.0)
        assert "nan" in text if math.isnan(value) else reads_as(text.strip(), value)
        without = plain(value, form)  # differs by the plus sign alone
        assert (len(without), without.lstrip()) == (len(text), text.lstrip().removeprefix("+"))
    points = {text.find(".") for text in texts if any(digit in text for digit in "0123456789")}
    # exponents of three digits take a decimal away
    if 1e-99 < size < 1e99:
        assert len({"e" in text for text in texts if "n" not in text}) <= 1
        assert len(points) <= 1 or any(re.search(r"e[+-]\d{3}", text) for text in texts)
        assert any(digit in text.partition("e")[0] for text in texts for digit in "123456789")
    if 0.01 <= size < 9999.4:
        assert not any("e" in text for text in texts)


@given(FLOATS)
@example(math.inf)
def test_a_loss_reads_back_with_six_digits(value: float) -> None:
    text = loss(value)
    assert float(text) == pytest.approx(value, rel=5.1e-6, abs=0.0, nan_ok=True)
    assert len(text) <= len("-2.46503e-308")
    written = {0.16328681495493247: "0.163287", 2.4650321573198e-08: "2.46503e-08"}
    written |= {0.25: "0.250000", 1.5: "1.50000", 123.0: "123.000", 0.0: "0"}
    assert [*map(loss, written)] == [*written.values()]
