"""Numbers and arrays as people compute with them.

Every snippet runs with and without a recorder: what it prints, every global name to the last bit,
and the error, if there is one, are the same; what was recorded gives the same as a graph.
"""

import pytest

from tests.trace.odd import compare, source
from tests.trace.support import Run, unknown_to_graph

pytestmark = pytest.mark.filterwarnings("ignore:the matrix subclass")

SNIPPETS = {
    "slices": """
        v = np.arange(24.0).reshape(2, 3, 4)
        r = (v[..., -1], v[:, None, 0], v[1, ::-1, 1:3], v[[0, 1], [2, 0]], v[v > 5.0],
            v[:, [True, False, True]])
        s = slice(1, None); q = v[0][s], [1.0, 2.0, 3.0][s], "text"[s], (1.5, 2.5)[-1]
        i = (0, slice(None), 2); v[i] = 0.5; v[1][v[1] > 20] *= -1.0
        v[:, 0] += v[:, 1]; v[0, 0, 0] -= 3; v[[0, 0], 1] += 1.0
    """,
    "out": """
        o = np.zeros(3)
        np.multiply(w, 2.0, out=o); a = o + 0.0
        np.add(o, w, o); b = o * 1.0
        np.clip(o, 0.2, 0.7, o); c = o * 1.0
        np.dot(x, w, out=o[:2]); d = o * 1.0
        np.exp(o, out=o, where=o > 0); e = o * 1.0
        x.sum(0, out=o); x.mean(axis=0, out=o); f = o * 2.0
        np.maximum(w, 0.15, out=w); w.clip(0.1, 0.25, out=w); g = w + o
    """,
    "taken from places, and put there": """
        i = np.argsort(x, axis=-1); a = np.take_along_axis(x, i, -1)
        b = np.take_along_axis(x, i, axis=1)
        np.put_along_axis(x, i[:, :1], a[:, 1:2] - 1, axis=1); c = x * 1.0
        np.put_along_axis(x, np.array([[1, 0, 1]]), 3.0, 0); d = x * 1.0
        np.copyto(x, 2.0, where=x > 1.5); np.putmask(x, x > 1.9, 0.5); e = x * 1.0
        np.put(x, [0, -2], [1.0, 2.0]); np.copyto(w, x[0] * 2); f = w + x
        np.copyto(x, 4 * x, where=x[:, :1] > 1); np.putmask(x, (x > 2).astype(int), 0.25); g = x + 1
        np.putmask(x, x > 0.5, [1.0, 2.0]); np.put(x, [], 5.0); np.put(x[:0], [], 5.0); h = x * 1.0
    """,
    "in place": """
        w.sort(); a = w * 2.0
        w.fill(0.5); b = w * 2.0
        np.add.at(w, [0, 0, 1], 1.5); c = w * 1.0
        np.copyto(w, x[0]); d = w * 1.0
        np.fill_diagonal(x, 0.5); w.put([0], 3.5); e = x @ w
        np.random.shuffle(w); f = w * 1.0
        x.shape = (3, 2); g = x @ np.ones(2); x.flat[1] = 0.5; x.flat[::2] *= 3.0; h = x.sum(1)
        for v in x.flat: h = h + v
        w[:] = w[::-1]; w[...] = w * 2; i = w - 1
    """,
    "integers and truth": """
        n = np.arange(6).reshape(2, 3); m = n.astype(float); k = n[0] / 2
        i = 7 // 2 + 2 ** 3 - (5 & 3 | 8 ^ 1) % 4 << 1 >> 1; j = ~i
        b = (x > 0) & ~(x > 1) | (x == 0.25); c = b * x; d = b.sum(), b.any(), b.all(axis=0)
        e = not w.any(), 0.1 < w[1] < 0.3, w[0] in w, w is w, x.argmax(axis=1)
        f = (w[0] > 0) * w[1], np.where(b, x, -x)[0], x[np.arange(2), x.argmax(1)]
        g = np.eye(3)[x.argmax(axis=1)] * x; m[b] = 0.0; m[1, ~b[1]] -= 0.5
    """,
    "plain numbers": """
        a, b = 0.5, -2.0
        c = a * b ** 2 / 3 - abs(b) % 1.5 + (a if a > b else b) // 0.3
        d = 1 / (1 + math.exp(-c)), math.tanh(c), math.log(3.0), math.log(8.0, 2), math.sqrt(2.0)
        e = [[0.1, 0.2], [0.3, 0.4]]; e[0][1] -= 0.5 * d[0]; f = [0.0] * 3; f[1] = a; f[2] += b
        g = (float(w[0]), w[1].item(), w.tolist(), int(3.7), round(2.567, 2), divmod(7.5, 2.0),
            a + 1j)
        h = -a, +b, max(a, b), min(0.0, a), sum(e[0]), a.__add__(b), a is a, pow(a, 2)
        o = {"k": {"w": [1.5, 2.5]}}; o["k"]["w"][0] *= d[0]; o["k"]["w"].append(o["k"]["w"][0] * 2)
    """,
    "many functions": """
        a = (np.concatenate([w, x[0]]), np.stack([w, w], axis=1), np.vstack([x, w]),
            np.hstack((x, x)))
        b = (np.c_[x, np.ones(2)], np.r_[w, 0.5], np.column_stack((w, w)), np.append(w, 1.5),
            np.insert(x, 1, 0.5, axis=1))
        c = (np.einsum("ij,j->i", x, w), np.einsum("ij,ik", x, x), np.tensordot(x, w, 1),
            np.outer(w, w), np.multiply.outer(w, w))
        d = (np.linalg.norm(x), np.linalg.norm(x, axis=1, keepdims=True), x.std(ddof=1),
            np.var(x, 0), x.trace(), np.ptp(x))
        e = (np.sum(x, where=x > 0), np.add.reduce(x), np.maximum.reduce(x, axis=1), np.cumsum(w),
            np.prod(w), np.mean(x, keepdims=True))
        f = (np.pad(x, 1), np.pad(x, ((0, 1), (2, 0))), np.tile(w, 2), np.repeat(x, 2, axis=1),
            np.roll(w, 1), np.flip(x, 1), np.rot90(x))
        g = (np.expand_dims(w, 0), w[np.newaxis], x.ravel(), x.swapaxes(0, 1), np.transpose(x),
            x.reshape(-1, 1), np.atleast_2d(w), np.squeeze(x[:1]))
        h = (np.tril(x @ x.T), np.diag(w), np.diagonal(x @ x.T), np.clip(x, -1, 1),
            np.minimum(x, 0), np.abs(x), np.sign(x), np.square(w))
        i = (np.full((2, 2), w[0]), np.zeros_like(x) + x, np.array([w[0], 0.5, w[2]]),
            np.array([[w[0]], [w[1]]]), np.delete(x, 1, axis=1))
        j = (np.lib.stride_tricks.as_strided(x, (2, 2), x.strides) * 2.0, np.round(x, 1),
            x.take([0, 2], axis=1), np.floor_divide(x, 0.7), x % 0.7)
        k = (np.mean([w, w], axis=0), np.dot([1.0, 2.0], x), np.sqrt(2.0), np.hypot(w, 2.0),
            np.float64(0.5) * w, np.log1p(w), np.broadcast_to(w, (2, 3)) * x)
    """,
    "other kinds of numbers": """
        a = x.astype(np.float32); b = a * np.float32(0.5) + a.sum(); c = x.astype(int) * w
        z = x + 1j; d = z.real * 2.0, z.view(float)[0, 0], abs(z).sum()
        e = w.view(np.int64); e[0] = 0; f = w * 2.0
        o = np.empty(2, dtype=object); o[0], o[1] = x, w; g = o[0] @ o[1]; o[1] = o[1] - 0.5 * o[1]
        r = np.zeros(2, dtype=[("w", float)]); r["w"] += 0.5; h = r["w"] * 2.0
        l = np.array([], dtype=float); m = l.sum() + l[:0].sum(), np.concatenate([l, w])
    """,
    "matrices": """
        m = np.matrix(x); k = m * m.T + 1.0; n = m.T * np.asmatrix(np.ones((2, 1))); m *= 0.5
        q = (k.A @ x, m[:, 0] * 2.0, m.sum(axis=1) + 1.0, np.multiply(m, m), m[0] - m[1], k.I,
            m.mean())
    """,
    "copies": """
        import copy
        a = copy.deepcopy(w); b = copy.copy(w); c = copy.deepcopy({"w": w, "l": [x]})
        d = copy.deepcopy(x={"w": w})
        class Fresh(dict):
            def __deepcopy__(self, memo): return Fresh(x=np.zeros(3))
        class Other:
            def __init__(self, **held): vars(self).update(held)
            def __deepcopy__(self, memo): return Other(w=self.w * 2, v=self.v.copy())
        e = copy.deepcopy(Fresh(w=w, x=w)); o = copy.deepcopy(Other(x=x, v=w, w=w))
        e["x"] += 1.0; s = e["x"] + o.w + o.v + d["w"]
        a -= 0.5; b *= 2.0; c["w"][0] = 9.0; r = a @ b, w + c["w"], c["l"][0] @ w
    """,
}


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_recorder_changes_nothing(snippet: str) -> None:
    compare(SNIPPETS[snippet], known=snippet != "other kinds of numbers")


def test_functions_that_people_use_are_known_to_the_graph() -> None:
    assert not unknown_to_graph(Run(source(SNIPPETS["many functions"])).recorder)
