"""Single statements, mended by the smallest edit that gives the right numbers."""

import ast
import sys
from pathlib import Path

import numpy as np
import pytest

from bptui.trace.mend.mending import Evaluation, Sight, written
from bptui.trace.mend.origins import blame_origins
from bptui.trace.mend.statement_edits import edits
from bptui.trace.paths import within
from bptui.trace.step.multiples import Values, right_value
from tests.trace.kinds import HEAD, program
from tests.trace.support import Judged

RNG = np.random.default_rng(3)
NAMES = {
    name: [RNG.standard_normal(shape) for _ in range(2)]
    for name, shape in {
        **dict.fromkeys("dabs", (5, 2)),
        "x": (5, 3),
        "w": (3, 2),
        "v": (2, 2),
        "r": (),
        "p": (2,),
        "k": (5, 2, 3, 3),
    }.items()
}


def evaluated(statement: ast.stmt, names: dict[str, Values]) -> Values | None:
    """Return what a statement gives with some values in sight."""
    return Evaluation(Sight(names, {}, None, "g")).of(statement)


def mended(wrong: str, right: str) -> str | None:
    """Return the wrong statement with the first edit that gives what the right one gives."""
    wanted = evaluated(ast.parse(right).body[0], NAMES)
    assert wanted is not None
    for edited in edits(ast.parse(wrong).body[0], NAMES):
        found = evaluated(edited, NAMES)
        if found is not None and right_value(found, wanted, True):
            return written(edited)
    return None


def test_factors_are_turned_before_their_product() -> None:
    statement = ast.parse("g = d.T @ x").body[0]
    known = evaluated(statement, NAMES)
    assert known is not None
    said = [written(edited) for edited in edits(statement, {**NAMES, "d.T @ x": known})]
    assert said.index("g = x.T @ d") < said.index("g = (d.T @ x).T")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("g = x.T @ a", "g = x.T @ d"),  # an operand for another
        ("g = d @ v", "g = d @ v.T"),  # a transpose that is missing
        ("g = d @ v.T", "g = d @ v"),
        ("g = k.reshape(-1, 2)", "g = k.transpose(0, 2, 3, 1).reshape(-1, 2)"),  # a channel
        ("g = d * s", "g = d * s * (1 - s)"),  # a slope that is missing
        ("g = d * (1 - s)", "g = d * (1 - s ** 2)"),
        ("g = d * (1 - s ** 2)", "g = d * (s * (1 - s))"),  # of another activation
        ("g = d * a * s", "g = d * a"),  # a factor too many
        ("g = d + a", "g = d - a"),
        ("g = a - d", "g = d - a"),
        ("g = np.diag(p)", "g = np.diag(p) - np.outer(p, p)"),  # a softmax's Jacobian
        ("g = d.sum()", "g = d.sum(axis=0)"),
        ("g = np.sum(d, axis=1)", "g = np.sum(d, axis=0)"),
        ("g = d[:, :-1]", "g = d[:, 1:]"),
        ("g = v[0][1] * d", "g = v[1][0] * d"),
        ("g = d * 2", "g = d"),
        ("g = d * (2 + s ** 3)", "g = d * (2 + 4 * s ** 3)"),  # the exponent of a power
        ("g = d * (a > 1)", "g = d * (a > 0)"),
        ("g = d * d * (1 - d)", "g = d * s * (1 - s)"),  # a slope of something else
        ("g = d", "g = r * d"),  # a rate that is forgotten
        ("g = d.sum(axis=0)", "g = d.mean(axis=0)"),  # a function for one that is alike
        ("g = np.maximum(d, 0) * a", "g = np.minimum(d, 0) * a"),
        ("g = x.T @ d", "g = x.T @ d / len(x)"),
        ("g = d / 4", "g = d / len(x)"),
        ("g = a * s", "g = a * np.sign(s)"),
        ("g = d @ w.T", "g = d @ w.T + a @ w.T"),
        ("g = d[0] * 3", "g = a * 3"),  # a part for a whole
        ("g = d * a", "g = a * (d - np.sum(d * a, axis=-1, keepdims=True))"),
        # the slope of a sigmoid for a softmax, of an error without a name
        (
            "g = (a - b) * a * (1 - a)",
            "g = a * (a - b - np.sum((a - b) * a, axis=-1, keepdims=True))",
        ),
        ("g = d * (a > 0) * s", "g = d * (a > 0) * (s > 0)"),  # a value for its slope
        ("g = d / r", "g = (d - a * np.sum(d * a, axis=-1, keepdims=True)) / r"),  # of a unit
        ("g = s", "g = s - a * np.mean(d * a, axis=0, keepdims=True)"),  # of what is normalised
        ("g = d.reshape(2, 5)", "g = d.reshape(5, 2).transpose(1, 0)"),
        ("g = d[:, :1]", "g = d[:, :1][::-1]"),  # the other way in time
        ("g = np.concatenate([d, a])", "g = np.concatenate([a, d])"),
        ("g = x @ w * d", "g = x @ w * d + s * b"),  # another way that a gradient takes
    ],
)
def test_a_statement_is_mended(wrong: str, right: str) -> None:
    said = mended(wrong, right)
    assert said is not None
    values = evaluated(ast.parse(said).body[0], NAMES)
    wanted = evaluated(ast.parse(right).body[0], NAMES)
    assert values is not None
    assert wanted is not None
    assert right_value(values, wanted, True)
    assert len(said) <= len(right) + 12


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("g = d * (s * 1 - s)", "g = d * (s * (1 - s))"),
        ("g = d * (a - s * b)", "g = d * ((a - s) * b)"),
        ("g = d * s", "g = a @ v.T * s"),  # the weights that carry a delta back
    ],
)
def test_what_is_forgotten_is_put_where_it_belongs(wrong: str, right: str) -> None:
    assert mended(wrong, right) == right


def test_an_element_of_a_dict_is_mended_by_itself() -> None:
    statement = ast.parse("g = dict(a=x.T @ d, b=d)").body[0]
    place = within(statement, (1, 11, 1, 18))
    assert place is not None
    assert ast.unparse(place[1]) == "_ = x.T @ d"


def test_a_former_value_is_told_without_what_only_the_loops_of_its_update_know() -> None:
    text = """
A, B = rng.normal(size=3).tolist(), rng.normal(size=(2, 1)).tolist()
for step in range(3):
    h = sum(a * b for a, b in zip(A, x[0].tolist()))
    error = [B[i][0] * h - y[0].tolist()[i] for i in range(2)]
    loss = 0.5 * sum(e ** 2 for e in error)
    for i in range(2):
        g = error[i] * h
        B[i][0] -= 0.1 * g
    for j in range(3):
        dA = sum(error[i] * B[i][0] for i in range(2)) * x[0].tolist()[j]
        A[j] -= 0.1 * dA
"""
    mended = program(text).mended()
    assert "error[i] * (B[i][0] + 0.1 * (error[i] * h))" in mended
    assert Judged(mended).verdict.right


def test_what_turns_in_a_comprehension_is_no_fixed_value() -> None:
    names = {**NAMES, "x[j]": [RNG.standard_normal(3) for _ in range(2)]}
    statement = ast.parse("g = [x[j].sum() for j in range(5)]").body[0]
    found = evaluated(statement, names)
    assert found is not None
    assert right_value(found, [x.sum(axis=1) for x in NAMES["x"]], True)


HELPED = """
import numpy as np
from counted import loaded

rng = np.random.default_rng(0)
X, y = rng.normal(size=(8, 3)), rng.random((8, 2))
W1, W2 = rng.normal(size=(3, 4)), rng.normal(size=(4, 2))

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

class Layer:
    def slope(self, a):
        with open({log!r}, "a") as log:
            log.write("x")
        return a * (1 - a)

def slope_of(a):
    with open({log!r}, "a") as log:
        log.write("x")
    return a * (1 - a)

layer = Layer()
for step in range(3):
    z1 = X @ W1
    a1 = sigmoid(z1)
    a2 = sigmoid(a1 @ W2)
    loss = np.sum((a2 - y) ** 2)
    d2 = 2 * (a2 - y) * slope_of(a2)
    d1 = d2 @ W2.T * {slope}(z1)
    W2 -= 0.1 * a1.T @ d2
    W1 -= 0.1 * X.T @ d1
"""


@pytest.mark.parametrize("slope", ["slope_of", "layer.slope"])
def test_nothing_of_the_program_runs_when_a_line_is_mended(
    slope: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    log, module = tmp_path / "log", tmp_path / "counted.py"
    module.write_text(f"with open({str(log)!r}, 'a') as log:\n    loaded = log.write('i')\n")
    program = Judged(HELPED.format(log=str(log), slope=slope), tmp_path / "program.py", None)
    written_by_it = log.read_text()
    monkeypatch.delitem(sys.modules, "counted")
    assert f"d1 = d2 @ W2.T * {slope}(a1)" in program.mended()
    assert log.read_text() == written_by_it


def test_no_edit_changes_how_many_numbers_there_are() -> None:
    names = {"d": [np.ones((2, 1))], "rate": [np.array(1e-9)], "n": [np.array(3.0)]}
    (statement,) = ast.parse("e = np.repeat(d, n, axis=1)").body
    texts = [written(made) or "" for made in edits(statement, names)]
    assert all("repeat(" not in text or ", n, axis=1)" in text for text in texts)
    assert "e = np.repeat(-d, n, axis=1)" in texts


LISTS = """
import math
batch = [(rng.normal(size=3), rng.normal(size=2)) for _ in range(4)]
W, b = [rng.normal(size=(2, 3)), rng.normal(size=(2, 2))], [rng.normal(size=2) for _ in "ab"]
rate = 0.1
for epoch in range(3):
    dW, db = [0.0 * w for w in W], [0.0 * c for c in b]
    loss = 0.0
    for x, t in batch:
        h = np.tanh(W[0] @ x + b[0])
        o = []
        for k in range(2):
            o.append(math.tanh(float(W[1][k] @ h + b[1][k])))
        loss = loss + sum((o[k] - t[k]) ** 2 for k in range(2))
        e = []
        for k in range(2):
            e.append(2 * (o[k] - t[k]))
        d = [e[k] * (1 - o[k] ** 2) for k in range(2)]
        g = W[1].T @ np.array(d) * (1 - h ** 2)
        dW = [dW[0] + np.outer(g, x), dW[1] + np.outer(d, h)]
        db = [db[0] + g, db[1] + np.array(d)]
    W = [w - rate / len(batch) * g for w, g in zip(W, dW)]
    b = [c - rate / len(batch) * g for c, g in zip(b, db)]
"""
SLOPE_AND_COPY = """
k = np.arange(6) % 2
for step in range(3):
    h = np.tanh(x @ W)
    g = h / (1 + np.exp(-h))
    e = np.exp(g @ V + b)
    p = e / np.sum(e, axis=1, keepdims=True)
    loss = -np.log(p[np.arange(6), k]).sum() + 0.05 * (V ** 2).sum()
    d = p.copy()
    d[np.arange(6), k] -= 1
    s = 1 / (1 + np.exp(-h))
    dh = d @ V.T * (s + h * s * (1 - s)) * (1 - h * h)
    dV = g.T @ d
    dV += 0.1 * V
    parts = [dV, d.sum(axis=0), x.T @ dh]
    V -= 0.1 * parts[0]
    b -= 0.1 * parts[1]
    W -= 0.1 * parts[2]
"""


STARRED = """
for step in range(2):
    h = np.tanh(x @ W)
    d = h @ V - y
    loss = (d ** 2).sum() / 2
    parts = [h.T @ d, *d @ V.T]
    W -= 0.1 * x.T @ (np.array(parts[1:]) * (1 - h ** 2))
    V -= 0.1 * parts[0]
"""


TIMED = """
U, A = rng.normal(size=(2, 2)), {'h0': np.zeros((2, 1))}
for step in range(3):
    h, c = {-1: np.zeros((2, 1))}, [np.ones((2, 1))]
    for t in range(4):
        h[t] = np.tanh(W.T @ x[t].reshape(-1, 1) + U @ h[t - 1])
        A['h' + str(t + 1)] = h[t]
        c.append(c[t] * h[t])
    loss = sum(((c[t + 1] - 0.5) ** 2).sum() for t in range(4))
    dU, dW, dh, dc = np.zeros_like(U), np.zeros_like(W), 0, 0
    for t in range(4)[::-1]:
        dc = dc + 2 * (c[t + 1] - 0.5)
        dh = dh + dc * c[t]
        dc = dc * h[t]
        dz = (1 - A['h' + str(t + 1)] ** 2) * dh
        dU = dU + np.dot(dz, h[t - 1].T)
        dW = dW + x[t].reshape(-1, 1) @ dz.T
        dh = U.T @ dz
    U, W = U - 0.1 * dU, W - 0.1 * dW
"""


SCALED = """
s = np.array([1.0, 2.0])
for step in range(2):
    n = (x @ W - b) / np.sqrt((x @ W) ** 2 + 1).mean(axis=0)
    h = np.tanh(s * n)
    loss = ((h - y) ** 2).sum()
    d = 2 * (h - y) * (1 - h ** 2)
    ds, dn = (d * n).sum(axis=0), d * s
    b -= 0.1 * (-dn / np.sqrt((x @ W) ** 2 + 1).mean(axis=0)).sum(axis=0)
    s -= 0.1 * ds
"""
COLUMNS = """
for step in range(2):
    h = np.tanh(x[step] @ W)
    loss = ((h @ V - y[step]) ** 2).sum()
    d = 2 * (h @ V - y[step])
    dV = np.zeros((2, 2))
    for j in range(2):
        dV[:, j] = {}d[j] * h
    W -= 0.1 * np.outer(x[step], d @ V.T * (1 - h ** 2))
    V = V - 0.1 * dV
"""


PARTS = "parts = [dV, d.sum(axis=0), x.T @ dh]"


LAYERS = """
class Net:
    def __init__(self):
        self.Ws = [W, V, rng.normal(size=(2, 2))]
    def step(self):
        a = [x]
        for M in self.Ws:
            a.append(np.tanh(a[-1] @ M))
        loss = ((a[-1] - y) ** 2).sum() / 2
        d, grads = (a[-1] - y) * (1 - a[-1] ** 2), [None] * 3
        for i in (2, 1, 0):
            grads[i] = a[i].T @ d
            if i:
                d = (d @ self.Ws[i].T) * (1 - a[i] ** 2)
        for i in range(3):
            self.Ws[i] -= 0.1 * grads[i]
net = Net()
for step in range(2):
    net.step()
"""


INTO = """
dh, gW, gV = np.empty((6, 2)), np.empty_like(W), np.empty_like(V)
for step in range(2):
    h = np.tanh(x @ W)
    d = h @ V - y
    loss = (d ** 2).sum() / 2
    np.matmul(h.T, d, out=gV)
    np.matmul(d, V.T, out=dh)
    np.multiply(dh, 1 - h ** 2, out=dh)
    np.matmul(x.T, dh, out=gW)
    W -= 0.1 * gW
    V -= 0.1 * gV
"""


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (INTO, "np.matmul(d, V.T", "np.matmul(d, V"),
        (LAYERS, "* (1 - a[i] ** 2)", "* (1 - a[i - 1] ** 2).any()"),
        (LISTS, "e.append(2 * (o[k] - t[k]))", "e.append(2 * (o[k] + t[k]))"),
        (LISTS, "(1 - o[k] ** 2)", "(1 - o[k] ** 3)"),
        (LISTS, "(1 - o[k] ** 2)", "(1 + o[k] ** 2)"),
        (LISTS, "[w - rate / len(batch) * g", "[w + rate / len(batch) * g"),
        (LISTS, "[w - rate / len(batch) * g", "[w - rate / len(batch) * g * g"),
        (SLOPE_AND_COPY, "d = p.copy()", "d = -p.copy()"),
        (SLOPE_AND_COPY, "s = 1 / (1 + np.exp(-h))", "s = 2 / (1 + np.exp(-h))"),
        (SLOPE_AND_COPY, "d = p.copy()", "d = e"),
        (SLOPE_AND_COPY, "dV += 0.1 * V", "dV += 0.1 * dV"),
        (SLOPE_AND_COPY, "V -= 0.1 * parts[0]", "V -= 0.1 * V"),
        (SLOPE_AND_COPY, PARTS, "parts = [dV, p.sum(axis=0), x.T @ dh]"),
        (SLOPE_AND_COPY, PARTS, "parts = [dV, d.sum(axis=0), x.T @ d]"),
        (STARRED, "*d @ V.T]", "*d @ V]"),
        (SCALED, "axis=0), d * s", "axis=0), s"),
        (COLUMNS.format(""), "d[j] * h", "h"),
        (TIMED, "np.dot(dz, h[t - 1].T)", "np.dot(dz, h[t].T)"),
        (TIMED, "dh + dc * c[t]", "dh + dc * c[t + 1]"),
        (TIMED, "A['h' + str(t + 1)] ** 2", "A['h' + str(t)] ** 2"),
    ],
)
def test_that_line_is_blamed_of_which_an_edit_mends_all(text: str, right: str, wrong: str) -> None:
    judged = program(text.replace(right, wrong))
    assert program(judged.mended().removeprefix(HEAD)).verdict.right
    (line,) = judged.first_wrong
    assert right in (HEAD + text).splitlines()[line - 1]


@pytest.mark.parametrize("slip", ["-", "0.5 * "])
def test_an_update_that_would_make_up_for_a_factor_is_not_blamed(slip: str) -> None:
    judged = program(COLUMNS.format(slip))
    blame_origins(judged.verdict.lines, judged.view)
    rows = (HEAD + COLUMNS.format(slip)).splitlines()
    assert judged.first_wrong == {rows.index(f"        dV[:, j] = {slip}d[j] * h") + 1}


def test_starred_arguments_are_edited_as_what_they_are() -> None:
    statement = ast.parse("a = np.hypot(*x)").body[0]
    assert all(map(written, edits(statement, NAMES)))
