"""What people type or paste: all that numpy prints reads back, all else is answered."""

# ruff: noqa: RUF001  full-width characters are what input methods write
import io
from contextlib import suppress
from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bptui.presets.number_parsing import (
    EntryError,
    layers,
    matrix,
    names,
    number,
    switches,
    vector,
    whole,
)

READERS = [number, whole, layers, names, switches, matrix, vector]
FLOATS = st.floats(-1e300, 1e300)
SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 12))
MATRICES = arrays(np.float64, SHAPES, elements=FLOATS)


@given(MATRICES)
def test_exact_prints_read_back_to_the_same_bits(values: np.ndarray) -> None:
    stream = io.StringIO()
    np.savetxt(stream, values, fmt="%r")
    tabs, commas = io.StringIO(), io.StringIO()
    np.savetxt(tabs, values, fmt="%.17g", delimiter="\t", header="weights")
    np.savetxt(commas, values, fmt="%.17e", delimiter=",")
    rows = values.tolist()
    toml = "[\n" + "".join(f"  {row},\n" for row in rows) + "]"
    with np.printoptions(floatmode="unique", threshold=10_000):
        prints = [repr(values), str(values), np.array2string(values, separator=", ")]
        prints += [
            repr([*map(list, values)]),
            repr(values.astype(np.float64)),
            f"W1 = np.{values!r}",
        ]
    for text in (*prints, stream.getvalue(), tabs.getvalue(), commas.getvalue(), str(rows), toml):
        assert np.array(matrix(text)).tobytes() == values.tobytes(), text
    row = matrix(repr(values[0].tolist()))
    assert row == [vector(str(values[0].tolist()))] == [values[0].tolist()]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("0.15 0.20\n0.25 0.30", [[0.15, 0.2], [0.25, 0.3]]),
        ("[0.15 0.20; 0.25 0.30]", [[0.15, 0.2], [0.25, 0.3]]),
        ("array([[1., 2.],\n       [3., 4.]], dtype=float32)", [[1, 2], [3, 4]]),
        ("weights = [\n  [1, 2], # first\n  [3, 4],\n]", [[1, 2], [3, 4]]),
        ("１，２\n３、４", [[1, 2], [3, 4]]),
        ("−1 –2", [[-1, -2]]),
        ("[[1 2\n  3]\n [4 5\n  6]]", [[1, 2, 3], [4, 5, 6]]),
        ("\n\n1 2\n\n3 4\n", [[1, 2], [3, 4]]),
        ("W1 = {{1, 2}, {3, 4}};", [[1, 2], [3, 4]]),
        ("W[0] =\n1 2\n3 4", [[1, 2], [3, 4]]),
        ("\N{EM DASH}1 \N{HYPHEN}2 \N{NON-BREAKING HYPHEN}3", [[-1, -2, -3]]),
        ("0,1,1", [[0, 1, 1]]),
        ("0.15,0.20;0.25,0.30", [[0.15, 0.2], [0.25, 0.3]]),
        ("0, 35", [[0, 35]]),
        ("[[  0,  5, 10],\n [100, 12,  0]]", [[0, 5, 10], [100, 12, 0]]),
        ("[0,12],[3,4]", [[0, 12], [3, 4]]),
        ("0,0,12\n0,7,100", [[0, 0, 12], [0, 7, 100]]),
        ("1\N{NO-BREAK SPACE}2\N{EM SPACE}3\N{IDEOGRAPHIC SPACE}4", [[1, 2, 3, 4]]),
    ],
)
def test_rows(text: str, rows: list[list[float]]) -> None:
    assert matrix(text) == rows


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "missing"),
        ("1 2\n3 4 5", "row 2 has 3 numbers, row 1 has 2"),
        ("1 2\nabc 4", "row 2: not a number: 'abc'"),
        ("1 nan", "row 1: not a number: 'nan'"),
        ("1 1e999", "row 1: too large for a 64-bit number: '1e999'"),
        ("1 1_0", "row 1: not a number: '1_0'"),
        ("1,,2", "missing beside a comma"),
        ("[[1, 2], [3, 4]", "expected those of one matrix"),
        ("[[[1]]]", "expected those of one matrix"),
        ("[[1, 2], 3]", "'3' is outside the rows"),
        ("[[1], []]", "row 2 has no numbers"),
        ("[[0. 0. ... 0.]]", "left out"),
        ("0,15;0,20", "0,15 is two numbers here; write 0.15 with a point, or 0, 15 with a space"),
        ("1 0,5", "write 0.5 with a point"),
        ("[0,15 0,25; 0,20 0,30]", "write 0.15 with a point"),
        ("0,5;1;0,25", "with a point"),
        ("-0,5", "write -0.5 with a point"),
        ("\N{MINUS SIGN}1,05", "write -1.05 with a point"),
        ("\x1b[2J", "'"),
    ],
)
def test_rows_that_are_none(text: str, said: str) -> None:
    for read in (matrix, vector):
        with pytest.raises(EntryError) as caught:
            read(text)
        assert said in str(caught.value)
        assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "text",
    [
        *("2-3-1", " 2 3 1 ", "2,3,1", "2×3×1", "[2, 3, 1]", "{2, 3, 1}", "２－３－１"),
        *(
            "2 - 3 x 1",
            "2→3→1",
            "2\N{EM DASH}3\N{EN DASH}1",
            "2\N{HYPHEN}3\N{NON-BREAKING HYPHEN}1",
        ),
    ],
)
def test_layers(text: str) -> None:
    assert layers(text) == [2, 3, 1]


@pytest.mark.parametrize("text", ["", "a", "2--1", "2,-1", "2.5-1", "9" * 30])
def test_layers_that_are_none(text: str) -> None:
    with pytest.raises(EntryError):
        layers(text)


def test_names_and_switches() -> None:
    assert names("tanh, Sigmoid") == names("['tanh' 'sigmoid']") == ["tanh", "sigmoid"]
    assert switches("yes, no") == switches("true false") == [True, False]
    with pytest.raises(EntryError, match="neither yes nor no"):
        switches("yes, perhaps")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0,5", "write 0.5 with a point"),
        ("－１，５", "write -1.5 with a point"),
        ("1,000", "1000 without the comma"),
        ("1,2,3", "not a number: '1,2,3'"),
    ],
)
def test_numbers_that_are_none(text: str, said: str) -> None:
    with pytest.raises(EntryError) as caught:
        number(text)
    assert said in str(caught.value)


def test_whole_numbers() -> None:
    assert [whole(text) for text in ("12", "1e6", "２０", "3.0", "-4")] == [12, 10**6, 20, 3, -4]
    for text in ("1.5", "1e300", "9" * 5000, "", "10,000"):
        with pytest.raises(EntryError):
            whole(text)


def test_a_matrix_of_images_is_read_within_moments() -> None:
    values = np.random.default_rng(0).random((200, 784))
    text = "\n".join("\t".join(map(repr, row)) for row in values.tolist())
    began = process_time()
    assert np.array_equal(matrix(text), values)
    assert process_time() - began < 10.0  # about one; the machine may be slow


@pytest.mark.parametrize("text", ["0," + "9" * 5_000, "9" * 5_000 + ",5", "9" * 5_000, "a" * 10**6])
def test_nobody_is_told_thousands_of_digits(text: str) -> None:
    for read in (number, whole, layers, switches):
        with pytest.raises(EntryError) as caught:
            read(text)
        assert len(str(caught.value)) < 200


HOSTILE = ["a" + " " * 300_000 + "b", "np.array([1]" + "   ,a=1" * 30 + "=)", "1 x " * 80_000]


@pytest.mark.parametrize("text", HOSTILE, ids=["blanks", "what follows an array", "layers"])
def test_no_text_takes_for_ever(text: str) -> None:
    """Read with the square of its length, or worse, each would take minutes."""
    for read in READERS:
        with suppress(EntryError):
            read(text)


@pytest.mark.parametrize("text", ["5²", "0.15¹", "①", "2₁", "1⁻²"])
def test_raised_lowered_and_circled_digits_are_no_digits(text: str) -> None:
    for read in (number, matrix, layers):
        with pytest.raises(EntryError, match="not a number"):
            read(text)
