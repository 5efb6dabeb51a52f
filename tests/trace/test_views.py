"""Arrays that share memory and change in place: whatever is done to them, the graph knows it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trace.kinds import assert_judged
from tests.trace.support import Run, unknown_to_graph

HEAD = """
import numpy as np
t = np.arange(24.0) * 0.1 - 1
v0 = t[:12].reshape(3, 4)
v1 = t[12:].reshape(4, 3)
v2 = v0.T
v3 = np.asfortranarray(v0 * 1.5)
l = [v0, v1]
"""
END = "\ntotal = sum(v.sum() for v in (v0, v1, v2, v3)) + t @ t\n"
ARRAYS = ("v0", "v1", "v2", "v3")
NUMBERS = ("0.5", "1.5", "-0.25")
INDICES = (
    *("0", ":, 1", "::-1", "1:, ::2", "..., 0", "[0, 2]", ":, [1, 0]", "0, 1", "-1, :2"),
    *("(0, 1), (1, 0)", "{a} > 0", ":, None"),
)
STATEMENTS = (
    "{a}[{i}] = {x}",
    "{a}[{i}] += {x}",
    "{a}[{i}] *= {b}.sum()",
    "{a} -= 0.1 * {a}",
    "{a} *= {b}[0, 1]",
    "{a} = {b} + {x}",
    "u = {a}[::-1]; u[0] *= 2.0",
    "u = {a}.T @ {a}; u += 1",
    "np.multiply({a}, {x}, out={a})",
    "np.exp({a}[0], out={a}[1])",
    "{a}.T[0] = {a}[:, 1]",
    "u = {a}.ravel(); u[3] = {x}",
    "u = {a}.reshape(-1); u[1:4] += {x}",
    "t[3:17] -= {x}",
    "t.reshape(4, 6)[1] *= {x}",
    "for r in {a}: r *= {x}",
    "for n, r in enumerate({a}): r[0] = n * {x}",
    "l[0] = l[0] - {x}; u = l[0] + {x}",
    "l[1] *= {x}",
    "{a}.flat[2] = {x}",
    "{a}.fill({x})",
    "np.add.at({a}, [0, 0], {x})",
    "u = np.where({a} > 0, {b}.sum(), {a})",
    "{a}[{a} < 0] *= {x}",
    "u, *z = {a}; u += {x}",
    "{a}[0], {a}[1] = {a}[1], {a}[0]",
    "u = {a}[:, None]; u[1] = {x}; u = u.sum()",
    "u = np.split(t, 3)[1]; u *= {x}",
    "u = {a}.diagonal() * {x}",
    "u = {a}.swapaxes(0, 1); u[0, 1] -= {x}",
    "u = np.lib.stride_tricks.sliding_window_view({a}, 2, axis=0) * {x}",
    "u = np.concatenate([{a}.ravel(), t]).sum()",
    "{a}.shape = {a}.shape[::-1]",
    "with np.nditer({a}, op_flags=['readwrite']) as it:\n    for u in it: u[...] = {x} * u",
)
statements = st.builds(
    lambda text, i, **words: text.format(i=i.format(**words), **words),
    st.sampled_from(STATEMENTS),
    st.sampled_from(INDICES),
    a=st.sampled_from(ARRAYS),
    b=st.sampled_from(ARRAYS),
    x=st.sampled_from(NUMBERS),
)


def _arrays(run: Run) -> dict[str, bytes]:
    return {
        name: value.tobytes() for name, value in run.names.items() if isinstance(value, np.ndarray)
    }


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(statements, min_size=1, max_size=12))
def test_what_arrays_hold_is_what_the_graph_gives(lines: list[str]) -> None:
    source = HEAD + "\n".join(lines) + END
    recorded, alone = Run(source), Run(source, recorded=False)
    assert recorded.error == alone.error
    assert _arrays(recorded) == _arrays(alone)
    assert not unknown_to_graph(recorded.recorder)


def test_rows_are_added_to_by_a_view_of_all() -> None:
    assert_judged("""
U, i = rng.normal(size=(2, 8)), [5, 5, 7, 1, 0, 5]
for step in range(2):
    h = x @ W
    s = 1 / (1 + np.exp(-(h * U[:, i].T).sum(axis=1)))
    loss = -np.mean(np.log(s))
    d = (s - 1)[:, None] / 6
    dU = d * h  #! dU = d * h * h
    W -= 0.1 * x.T @ (d * U[:, i].T)
    np.add.at(U.T, i, -0.1 * dU)
""")
