"""What the user's function returned, taken apart, and answers that are no answers."""

from __future__ import annotations

import json
from collections import OrderedDict, deque, namedtuple
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from bptui.check.answers import Answer
from bptui.check.process.messages import UnreadableError, read
from bptui.check.process.output import KEPT, Output
from bptui.check.process.values import Taker

Pair = namedtuple("Pair", "weights biases")
MATRIX, VECTOR = np.ones((2, 2)), np.ones(2)
ROWS = [[1.0, 2.0], [3.0, 4.0]]
AROUND: list[object] = []
AROUND.append(AROUND)


class Tensor:
    """Something that numpy can read, as tensors of other libraries are."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:  # noqa: ANN401  # numpy's protocol
        return np.ones((2, 2), np.float32)


class Recording:
    """A tensor that remembers how it was made, and so is not read as it is: torch has such."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:  # noqa: ANN401  # numpy's protocol
        raise RuntimeError("use tensor.detach().numpy() instead")

    def detach(self) -> Recording:
        return self

    def cpu(self) -> Tensor:
        return Tensor()


def ragged(*arrays: Any) -> np.ndarray[Any, Any]:  # noqa: ANN401  # anything
    made = np.empty(len(arrays), object)
    made[:] = arrays
    return made


@pytest.mark.parametrize(
    ("value", "kind", "shapes"),
    [
        (None, "nothing", []),
        (1, "array", [()]),
        (True, "array", [()]),
        (np.float32(1), "array", [()]),
        (MATRIX, "array", [(2, 2)]),
        (np.ones((2, 3, 3)), "array", [(2, 3, 3)]),
        (np.ones((1, 2)).view(np.matrix), "array", [(1, 2)]),
        (np.ma.array([1.0, 2.0], mask=[True, False]), "array", [(2,)]),
        (Tensor(), "array", [(2, 2)]),
        (Recording(), "array", [(2, 2)]),
        (Fraction(1, 3), "array", [()]),
        ([], "sequence", []),
        ([MATRIX], "sequence", [(2, 2)]),
        ([MATRIX, np.ones((2, 3))], "sequence", [(2, 2), (2, 3)]),
        ((MATRIX, MATRIX), "sequence", [(2, 2), (2, 2)]),
        ([ROWS, ROWS], "sequence", [(2, 2), (2, 2)]),
        ([[VECTOR, VECTOR], [VECTOR, VECTOR]], "sequence", [(2, 2), (2, 2)]),
        ([ROWS, ROWS, ROWS], "sequence", [(2, 2)] * 3),
        ([Tensor(), Tensor()], "sequence", [(2, 2), (2, 2)]),
        ([Recording(), Recording()], "sequence", [(2, 2), (2, 2)]),
        ([[MATRIX, VECTOR]] * 3, "sequence", [(2, 2), (2,)] * 3),
        ([[MATRIX, None]], "sequence", [(2, 2)]),
        ([1.0, 2, Decimal("0.5")], "sequence", [(), (), ()]),
        ([10**30, 1], "sequence", [(), ()]),
        (deque([MATRIX]), "sequence", [(2, 2)]),
        (range(3), "sequence", [(), (), ()]),
        ((each for each in [MATRIX, VECTOR]), "sequence", [(2, 2), (2,)]),
        (map(np.asarray, [MATRIX, MATRIX]), "sequence", [(2, 2), (2, 2)]),
        (zip([1.0, 2.0], [3.0, 4.0], strict=True), "sequence", [(2,), (2,)]),
        (OrderedDict(a=MATRIX).values(), "sequence", [(2, 2)]),
        (ragged(MATRIX, np.ones((2, 3))), "sequence", [(2, 2), (2, 3)]),
        (np.array([1.5, Fraction(1, 2)], object), "array", [(2,)]),
        (([MATRIX, MATRIX], [VECTOR, VECTOR]), "pair", [(2, 2), (2, 2), "|", (2,), (2,)]),
        ([[MATRIX], [VECTOR]], "pair", [(2, 2), "|", (2,)]),
        (Pair([MATRIX], (VECTOR,)), "pair", [(2, 2), "|", (2,)]),
        (([ROWS, ROWS], ROWS), "pair", [(2, 2), (2, 2), "|", (2,), (2,)]),
        (([MATRIX, np.ones((2, 3))], [VECTOR, np.ones(3)]), "pair",
         [(2, 2), (2, 3), "|", (2,), (3,)]),
        (([MATRIX, MATRIX], None), "pair", [(2, 2), (2, 2), "|"]),
        (([MATRIX], [None]), "pair", [(2, 2), "|"]),
        ((np.ones((3, 2, 2)), np.ones((3, 2))), "pair", [(2, 2)] * 3 + ["|"] + [(2,)] * 3),
        ((np.ones((3, 2, 2)), np.ones((3, 2, 2))), "sequence", [(3, 2, 2)] * 2),
        ((map(np.asarray, [MATRIX]), iter([VECTOR])), "pair", [(2, 2), "|", (2,)]),
        (([VECTOR, np.ones(3)], [VECTOR]), "pair", [(2,), (3,), "|", (2,)]),
        ("text", "other", "a str"),
        (MATRIX * 1j, "other", "an array of complex numbers"),
        (np.array(["a"]), "other", "an array of dtype <U1"),
        ([MATRIX, "a"], "other", "a list of an array of 4 numbers, a str"),
        ([{"a": 1}, {"b": 2}], "other", "a list of 2 dicts"),
        ([["a", "b"], [1, 2]], "other", "a list of 2 lists, where [0][0] is a str"),
        ([[[1, 2], [3, 1j]]], "other", "a list of a list, where [0][1][1] is a complex"),
        ([ROWS, [[1, 2], [3]]], "other",
         "a list of 2 lists, where the parts of [1] differ in shape, (2,) and (1,)"),
        ([[10**400, 1]], "other",
         "a list of a list, where [0][0] is a whole number too large for a float"),
        (AROUND, "other", "a list of a list, where [0] is nested too deeply"),
        ([MATRIX, None], "other", "a list of an array of 4 numbers, None"),
        ({1: MATRIX}, "other", "a dict whose keys are not names but int"),
        (object(), "other", "an object"),
        (([MATRIX, VECTOR], [VECTOR], 0.5), "other", "a tuple of a list, a list, a float"),
    ],
)  # fmt: skip
def test_every_kind_of_value_is_taken_apart(value: object, kind: str, shapes: object) -> None:
    given = Taker(1 << 20).given(value)
    assert given.kind == kind
    if kind == "other":
        assert given.text == shapes
        return
    found = [each.shape for each in given.arrays]
    assert (
        found + (["|"] if kind == "pair" else []) + [each.shape for each in given.second] == shapes
    )
    assert all(type(each) is np.ndarray for each in given.arrays)


def test_dicts_keep_their_names() -> None:
    value = {"gW1": ROWS, "loss": np.float32(0.5), "gW": [MATRIX, np.ones((2, 3))], "gb1": None,
             "note": "a string"}  # fmt: skip
    given = Taker(1 << 20).given(value)
    items = dict(given.items)
    assert list(items) == ["gW1", "loss", "gW"]
    assert np.array_equal(items["gW1"], np.array(ROWS))
    assert isinstance(items["loss"], np.ndarray)
    assert (items["loss"].shape, items["loss"].dtype) == ((), np.float32)
    assert [each.shape for each in items["gW"]] == [(2, 2), (2, 3)]
    assert given.text == "note is a str"


def test_arguments_that_no_longer_hold_numbers_are_empty() -> None:
    assert Taker(1 << 20).argument([MATRIX, "gone"]) == ()
    assert Taker(8).argument(MATRIX) == ()


NUMBERS = np.array([1.0]).tobytes()
ARRAY = {"dtype": "<f8", "shape": [1], "start": 0}
GIVEN = {"kind": "array", "arrays": [ARRAY], "second": [], "items": [], "text": ""}
ANSWER = {"kind": "answer", "number": 4, "given": GIVEN, "arguments": [], "warnings": []}


def test_only_honest_answers_are_read() -> None:
    number, reply = read(json.dumps(ANSWER).encode(), NUMBERS)
    assert number == 4
    assert isinstance(reply, Answer)
    assert reply.given.arrays[0].tolist() == [1.0]
    bad_arrays: list[dict[str, object]] = [
        {"dtype": "O"}, {"dtype": "V8"}, {"dtype": "no such"}, {"dtype": "<c16"}, {"shape": [2]},
        {"shape": [-1]}, {"shape": [0, 10**30]}, {"shape": [1] * 65}, {"start": 1}, {"start": -1},
        {"start": 10**30}, {"start": "0"}, {"shape": [10**9, 10**9]},
    ]  # fmt: skip
    hostile = [
        json.dumps({**ANSWER, "given": {**GIVEN, "arrays": [{**ARRAY, **bad}]}})
        for bad in bad_arrays
    ]
    hostile += ["", "null", "{}", "[" * 100_000, '{"kind": "new"}', '{"kind": "answer"}']
    hostile += [json.dumps({**ANSWER, "given": {**GIVEN, "kind": "surprise"}})]
    for line in hostile:
        with pytest.raises(UnreadableError):
            read(line.encode(), NUMBERS)
    with pytest.raises(UnreadableError):
        read(b"\xff\x80\x04garbage", NUMBERS)


def test_much_output_keeps_its_head_and_tail() -> None:
    little = Output()
    little.add("grün\n".encode())
    little.add(b"\xff")
    assert str(little) == "grün\n\\xff"
    much, lines = Output(), [f"line {each}\n" for each in range(100_000)]
    for each in lines:
        much.add(each.encode())
    head, tail = str(much).split("[... ")
    left_out, tail = tail.split(" bytes left out ...]\n")
    assert "".join(lines).startswith(head)
    assert "".join(lines).endswith(tail)
    assert int(left_out.replace(",", "")) == sum(map(len, lines)) - len(head) - len(tail)
    assert KEPT - 20 < len(head) <= KEPT
