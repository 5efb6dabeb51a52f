"""Long lists of numbers, read and changed beside the parsers of TOML: nobody sees a difference."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bptui.core.arrays import frozen
from bptui.core.network import Parameters
from bptui.presets import PresetError, loads
from bptui.presets.outline import LONG, LONGEST_REST, outline
from bptui.presets.save import document

NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(2**64), 2**64).map(str),
    st.sampled_from(
        ["+1.5", "1_000", "0x1F", "1e5", "-0", "-0.0", "inf", "01", "1.", "2020-01-01"]
    ),
)
ROWS = st.lists(st.lists(NUMBERS, min_size=1, max_size=5), min_size=1, max_size=4)
TEXTS = [
    '"""a [1, 2] # \\" "" b"""',
    "'''[[1]] '' '''",
    '"[1]\\""',
    "'[2'",
    "# [1, 2] '\n3",
    "true",
]


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Some lists, of which some are long enough to be set aside, between what looks like lists."""
    parts = []
    for index in range(draw(st.integers(1, 4))):
        rows = draw(ROWS)
        times = draw(st.sampled_from([1, LONG // 8]))
        row = draw(st.sampled_from([", ", ",", " ,\n\t", ",\r\n", ", # [\n"]))
        lines = [f"[{row.join(each)}{draw(st.sampled_from(['', ',']))}]" for each in rows * times]
        parts.append(f"k{index} = [{row.join(lines)}]{draw(st.sampled_from(['', ' # [3', ' x']))}")
        parts.append(f"t{index} = {draw(st.sampled_from(TEXTS))}")
    return "\n".join(parts)


def outcome(load: Callable[[], object]) -> str:
    """What was loaded, or the message up to the column."""
    try:
        return repr(load())
    except tomllib.TOMLDecodeError as error:
        return str(error).partition(", column")[0].removesuffix(")")


@given(documents())
@settings(max_examples=20, deadline=None, phases=[Phase.generate])  # to shrink takes minutes
def test_loads_what_the_standard_library_does(text: str) -> None:
    found, wanted = outcome(lambda: outline(text).loaded()), outcome(lambda: tomllib.loads(text))
    assert found == wanted or pytest.fail(f"{found[-60:]} for {wanted[-60:]} in {text[:300]!r}")


LAYERS = [2, 90, 90, 1]


def large(comment: str = "") -> str:
    """A preset whose weights stand in it, in long rows."""
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=each).tolist() for each in pairwise(LAYERS)]
    return (
        f"# the top\n[network]\nlayers = {LAYERS}\nbias = false\n[parameters]\n"
        f"weights = [ # {comment}\n{','.join(map(str, weights))},\n] # after\n[data]\n"
        "inputs = [[0, 1]]\ntargets = [[1]]\n"
    )


@pytest.mark.parametrize("comment", ["", "a list beside comments"])
def test_one_number_of_many_is_changed_and_all_else_kept(comment: str) -> None:
    text = large(comment).replace("[ # \n", "[\n")
    experiment = loads(text, "large", Path("/"))
    weights = [np.array(each) for each in experiment.start.weights]
    old = float(weights[1][2, 3])
    weights[1][2, 3] = 0.25
    changed = Parameters(tuple(map(frozen, weights)), None)
    assert document(replace(experiment, start=changed)) == text.replace(repr(old), "0.25")


def test_a_large_list_of_another_shape_is_written_anew() -> None:
    experiment = loads(large(), "large", Path("/"))
    smaller = replace(experiment.network, layers=(2, 200, 1), activations=("tanh", "sigmoid"))
    start = Parameters((frozen(np.ones((2, 200))), frozen(np.ones((200, 1)))), None)
    text = document(replace(experiment, network=smaller, start=start))
    assert "# the top\n[network]\nlayers = [2, 200, 1]\n" in text
    assert loads(text, "large", Path("/")).start.weights[0].shape == (2, 200)


LONG_ROW = f"[{'1,' * 5_000_000}]"
TOO_LONG = {
    "numbers": (f"a = {LONG_ROW}", "more than 4,000,000 numbers"),
    "lists": (f"a = [{'[],' * 1_100_000}]", "more than 1,000,000 nested lists"),
    "text": (f"title = '{'a' * LONGEST_REST}'", "more than 250,000 characters outside"),
    "brackets": (f"a = {'[' * 10_000_000}", "more than 250,000 characters outside"),
    "quotes": ('"' * 10_000_000, "more than 250,000 characters outside"),
    "an open string": ('a = "' + '\\"' * 9_000_000, "more than 250,000 characters outside"),
    "an open text": ("a = '''" + "''a" * 6_000_000, "more than 250,000 characters outside"),
    "no numbers": (f"a = [{'1-1,' * 400_000}]", "more than 250,000 characters outside"),
    "a dotted key": (f"{'a.' * 10_000}a = 1", "a key with many parts"),
    "a dotted header": ("[" + '"a" . ' * 10_000 + "a]", "a key with many parts"),
}


@pytest.mark.parametrize(("text", "found"), TOO_LONG.values(), ids=TOO_LONG)
def test_sizes_are_limited_before_anything_is_built(text: str, found: str) -> None:
    with pytest.raises(PresetError) as caught:
        loads(text, "mine", Path("/"))
    assert found in str(caught.value)


def test_dots_in_text_and_comments_are_no_keys() -> None:
    dots = "a.b.c.d.e.f.g.h.i.j.k"
    assert outline(f"# {dots}\nt = '{dots}'").loaded() == {"t": dots}
