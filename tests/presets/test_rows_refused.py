"""What looks like numbers and may be others than those that were meant is refused."""

from __future__ import annotations

import numpy as np
import pytest

from bptui.presets.number_parsing import EntryError, layers, matrix, number, vector


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0,05;0,10", "0,05 is two numbers here; write 0.05 with a point"),
        ("0,15;0,20", "0,15 is two numbers here; write 0.15 with a point, or 0, 15 with a space"),
        ("0,15 0,25\n0,20 0,30", "write 0.15 with a point"),
        ("0,15\t0,25", "write 0.15 with a point"),
        ("0,15, 0,25", "write 0.15 with a point"),
        ("0,5 1 2", "write 0.5 with a point"),
        ("1 0,5", "write 0.5 with a point"),
        ("[0,15 0,25; 0,20 0,30]", "write 0.15 with a point"),
        ("[[0,15 0,25], [0,20 0,30]]", "write 0.15 with a point"),
        ("1,5;2,5", "write 1.5 with a point, or 1, 5 with a space"),
        ("1,5;\n2,5;", "write 1.5 with a point"),
        ("0,5;1;0,25", "with a point"),
        ("0,35", "write 0.35 with a point"),
        ("[0,35]", "write 0.35 with a point"),
        ("0,5", "write 0.5 with a point"),
        ("0,5\n0,3", "write 0.5 with a point"),
        ("-0,5", "write -0.5 with a point"),
        ("1,05", "write 1.05 with a point"),
        ("0,05,0,10", "write 0.05 with a point"),
        ("\N{MINUS SIGN}1,05", "write -1.05 with a point"),
    ],
)
def test_decimal_commas_are_refused(text: str, said: str) -> None:
    for read in (matrix, vector):
        with pytest.raises(EntryError) as caught:
            read(text)
        assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("1,2", [[1, 2]]),
        ("0,1", [[0, 1]]),
        ("0,1,1", [[0, 1, 1]]),
        ("0,0\n0,1\n1,0\n1,1", [[0, 0], [0, 1], [1, 0], [1, 1]]),
        ("0,0;0,1;1,0;1,1", [[0, 0], [0, 1], [1, 0], [1, 1]]),
        ("-1,1;1,-1", [[-1, 1], [1, -1]]),
        ("0.15,0.20;0.25,0.30", [[0.15, 0.2], [0.25, 0.3]]),
        ("0, 35", [[0, 35]]),
        ("1, 5; 2, 5", [[1, 5], [2, 5]]),
        ("[1,2;3,4]", [[1, 2], [3, 4]]),
        ("[[0,12],[3,4]]", [[0, 12], [3, 4]]),
        ("[0,12],[3,4]", [[0, 12], [3, 4]]),
        ("1,2\n3,4", [[1, 2], [3, 4]]),
        ("0,5\n3,2", [[0, 5], [3, 2]]),
        ("-0,0.5", [[0, 0.5]]),
        ("0,0,12\n0,7,100", [[0, 0, 12], [0, 7, 100]]),
    ],
)
def test_commas_that_separate_numbers_are_accepted(text: str, rows: list[list[float]]) -> None:
    assert matrix(text) == rows


@pytest.mark.parametrize("separator", [",", ", ", " , "])
def test_whole_numbers_that_numpy_prints_with_commas_are_accepted(separator: str) -> None:
    values = np.array([[0, 5, 10], [100, 12, 0]])
    assert matrix(np.array2string(values, separator=separator)) == values.tolist()


@pytest.mark.parametrize("text", ["5²", "0.15¹", "①", "2₁", "1⁻²"])
def test_raised_lowered_and_circled_digits_are_no_digits(text: str) -> None:
    for read in (number, matrix, layers):
        with pytest.raises(EntryError, match="not a number"):
            read(text)
