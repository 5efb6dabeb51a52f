"""Python as people write it: a recorder changes nothing, and what it records is what was computed.

Every snippet runs with and without one: what is printed, every global name to the last bit, and
the error, if there is one, are the same. What was recorded, evaluated as a graph, gives the same.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bptui.trace.instrument import RECORDER, instrumented
from bptui.trace.recorder import Enough, Recorder
from tests.trace.support import Run

pytestmark = pytest.mark.filterwarnings("ignore:the matrix subclass")

HEAD = """
import functools, itertools, math, operator
import numpy as np
x = np.array([[0.5, -1.5, 2.0], [1.0, 0.25, -0.75]])
w = np.array([0.1, 0.2, 0.3])
log = []
def say(name, value):
    log.append(name)
    return value
"""
SNIPPETS = {
    # assignments: everything once, in Python's order
    "order of an assignment": """
        d = {}
        say("owner", d)[say("index", 1)] = say("value", 0.5 * w)
        say("owner", w)[say("index", 0)] = say("value", 2.0)
    """,
    "order of an update": """
        v = w.copy()
        say("owner", v)[say("index", 1)] += say("value", 2.5)
        say("owner", [v])[say("index", 0)] *= say("value", 0.5)
    """,
    "update of a subscript reads first": """
        v = [1.0, 2.0]
        def other():
            v[0] = 100.0
            return 1.0
        v[0] += other()
        w[0] += w.fill(3.0) or 1.0
    """,
    "update of an attribute reads first": """
        class A: pass
        a = A(); a.v = 1.0
        def other():
            a.v = 50.0
            return 1.0
        a.v += other()
        b = a.v
    """,
    "index that is used up": """
        turns = iter([0, 1, 2])
        v = w * 1.0
        v[next(turns)] -= 0.5
        v[next(turns)] **= 2
        q = next(turns)
    """,
    "several targets": """
        a = b = c = w * 2.0
        b[0] = 7.0
        (p, q), r = (1.5, 2.5), w + 1.0
        e = [0.0] * 2
        e[0], e[1] = e[1] + 1.0, e[0] + 2.0
        i = 0
        i, e[i] = 1, 9.0
        first, *rest = w
        [*most, last] = x
        s = sum(rest) + most[0].sum() + last @ w
    """,
    "attributes of a class in a tuple": """
        class A:
            a, b = 1.5, 2.5
            c = d = 3.5
            for e, f in [(1.0, 2.0)]: pass
        names = sorted(k for k in vars(A) if not k.startswith("_"))
        stray = [k for k in vars(A) if "bptui_1" in k] + [k for k in dir() if "bptui_1" in k]
    """,
    "annotated": """
        a: float = 0.5
        b: "anything"
        d = {}
        d["k"]: float = a * 2.0
        def f(v: float = 0.25, *, u: float = 0.75) -> float:
            t: np.ndarray = w * v
            return t.sum() + u
        r = f()
    """,
    "global and nonlocal": """
        n = 1.0
        def outer():
            total = 0.5
            def inner(by):
                nonlocal total
                global n
                total += by
                n = n * 2.0
                n += total
                return total
            inner(1.0); inner(2.0)
            return total
        r = outer()
    """,
    "walrus": """
        if (h := w * 2.0).sum() > 1: r = h + 1.0
        squares = [y for v in w if (y := v * v) > 0.02]
        while (k := len(squares)) < 4: squares.append(k * 0.5)
        z = [u := 1.5, u ** 2]
        v = w.copy(); v[(j := 1)] += (g := 0.5) * 2.0
    """,
    "del": """
        a = w * 2.0
        l = [a, 1.5, a + 1.0]
        del l[0], l[-1:]
        class B: pass
        o = B(); o.a = a; o.b = 2.5
        del o.b
        t = hasattr(o, "b"); r = o.a[::2]
        d = {"a": 1.5, "b": a}; del d["a"]
        del a
    """,
    # calls
    "star arguments": """
        def f(*a, scale=1.5, **k):
            return sum(a) * scale + sum(k.values())
        r = f(*w), f(*[1.0, 2.0], scale=2.0), f(w, w, **{"p": 0.5, "q": w})
        s = [*w, *x[0]]
        print(*w, sep=" ")
        q = np.add(*x)
    """,
    "decorators": """
        def twice(f):
            @functools.wraps(f)
            def g(*a, **k): return 2.0 * f(*a, **k)
            return g
        def by(factor):
            return lambda f: lambda *a: factor * f(*a)
        @twice
        @by(0.5)
        def h(v): "doc"; return v ** 2
        class N:
            @property
            def out(self): return w * 0.5
            @staticmethod
            def s(v): return v + 0.5
            @classmethod
            def c(cls, v=1.5): return cls.s(v) * 2
            @functools.lru_cache(maxsize=None)
            def m(self, n): return n * 0.5
        n = N(); r = h(w), n.out, N.s(1.5), N.c(), n.m(3)
    """,
    "generators": """
        def rows(a, k=0.5):
            for row in a:
                got = yield row * k
                if got: k = got
        g = rows(x); a = next(g); b = g.send(2.0)
        def both():
            yield from w
            total = yield from iter([w, w + 1.0])
            return total
        c = list(both()); d = sum(v * v for v in w); e = max(v.sum() for v in rows(x))
        it = iter(w)
        for v in it: break
        rest = [v for v in it]
    """,
    "lambdas": """
        f = lambda v, k=0.5, *r, **o: (v * k) if k else (lambda: v)()
        r = f(w), f(w, 0), list(map(f, w)), sorted(w, key=lambda v: -v)
        act = {"relu": (lambda v: np.maximum(v, 0.0), lambda v: (v > 0) * 1.0)}
        q = act["relu"][0](x), act["relu"][1](x)
    """,
    "deep recursion": """
        import sys
        def depth(n, v): return v if n == 0 else depth(n - 1, v) + 0.5
        room = sys.getrecursionlimit()
        r = depth(700, w)
    """,
    "errors": """
        try: w @ np.ones(5)
        except ValueError as error: kind = type(error).__name__
        try: a, b = w
        except ValueError as error: said = str(error)
        try: 1.0 / 0
        except ZeroDivisionError: r = w * 0.5
        else: r = None
        finally: done = True
        w.nothing()
    """,
    "operators as functions": """
        r = functools.reduce(operator.add, [w, w, w * 2.0])
        s = functools.reduce(lambda a, b: a @ b, [np.eye(2), x, w])
        v = operator.iadd(w, 1.5), functools.reduce(operator.imul, [w, x[0], 2.0])
        operator.setitem(x, (0, 1), 2.5); y = x @ w
        t = operator.mul(w, 2.0), list(map(math.exp, w)), list(map(operator.neg, w))
        u = sum([0.1] * 10), sum([0.1, 1e100, 0.3, -1e100]), sum([w, w], w), sum([]), sum(x, 0.5)
    """,
    "reversed, enumerate, zip": """
        r = [v * 2.0 for v in reversed(w)], [(i, v * 1.5) for i, v in enumerate(w, 1)]
        s = [a @ b for a, b in zip(x, x[::-1])], dict(zip("abc", w)), list(reversed([w, x]))
        for i, (a, b) in enumerate(zip(x.T, w)): w[i] = a.sum() * b
        t = min(w), max(w), max(0.0, w[0]), sorted(x[0])
    """,
    # classes
    "slots and private names": """
        class Layer:
            __slots__ = ("w", "__b", "d")
            def __init__(self, w): self.w = w; self.__b = 0.5; self.d = None
            def __step(self, g): self.w -= 0.1 * g; self.__b -= 0.1 * g.sum()
            def train(self, __g):
                self.d = [__g]
                self.d[0] *= 2.0
                self.__step(self.d[0]); return self.__b
        l = Layer(w.copy()); r = l.train(w), l.w, l.d
        class _P(Layer):
            __slots__ = ()
            def train(self, g):
                self.w *= super().train(g)
                out = super(_P, self).train(g)
                return out + super().train(g)
        q = _P(w.copy()).train(w)
    """,
    "number-like classes": """
        class V:
            def __init__(self, v, back=()): self.v, self.back, self.g = v, back, 0.0
            def __add__(self, o): return V(self.v + o.v, ((self, 1.0), (o, 1.0)))
            def __mul__(self, o): return V(self.v * o.v, ((self, o.v), (o, self.v)))
            def __neg__(self): return self * V(-1.0)
            def __lt__(self, o): return self.v < o.v
            def __getitem__(self, k): return self.v * k
            def __setitem__(self, k, v): self.v = k * v
            def __iadd__(self, o): self.v += o.v; return self
            def __call__(self, g=1.0):
                self.g += g
                for p, d in self.back: p(g * d)
        a, b = V(1.5), V(-2.0)
        c = a * b + -a; c(); a += b; b[2] = 0.5; b[3] += 1.0
        r = a.g, b.g, c.v, a < b, c[2.0], a.v, b.v, sum([a, b], V(0.0)).v
    """,
    "dataclass, enum, namedtuple": """
        import collections, dataclasses, enum
        @dataclasses.dataclass
        class P:
            w: object
            rate: float = 0.5
            seen: list = dataclasses.field(default_factory=list)
            def step(self, g): self.w = self.w - self.rate * g; self.seen.append(g)
        p = P(w); p.step(w * 2.0)
        class E(enum.Enum):
            A = 0.5
            B, C = 1.5, 2.5
        T = collections.namedtuple("T", "w b")
        t = T(w * 1.0, 0.25)
        t2 = t._replace(b=t.b * 2); q, k = t2
        r = p.w, [e.value for e in E], t.w @ w + k, dataclasses.asdict(p)["rate"]
    """,
    "setattr, vars, getattr": """
        class A: pass
        a = A()
        for n, v in {"w": w, "b": 0.5}.items(): setattr(a, n, v * 2.0)
        for n in ("w", "b"): setattr(a, n, getattr(a, n) - 0.1 * getattr(a, n))
        vars(a)["c"] = 1.5
        r = a.w, a.b, a.__dict__["c"], locals()["w"] is w
    """,
    "with and match": """
        import contextlib
        @contextlib.contextmanager
        def scaled(v, by=0.5):
            yield v * by, v / by
        with scaled(w) as (small, large), np.errstate(all="ignore"):
            r = small * large
        def f(v):
            match v:
                case {"w": a, "k": 0.5}: return a * 0.5
                case [a, -1.5 | 2.0, *_] if a > 0.25: return a * 2.0
                case float() as b: return b + 1.0
                case _: return None
        q = f({"w": w, "k": 0.5}), f([0.5, 2.0, 3.0]), f(0.5), f("s")
    """,
    "texts": """
        v = w.sum()
        t = f"{v * 2.0:.3f} {v!r:>20} {1.5:{6}.{2}f} {w[0]=} {'a' if v > 0.5 else 'b'}"
        u = "%.2f and %s" % (v, 0.5), "{:.1f}".format(v * 2.0), "=" * 10, "a" + "b"
        k = "%d" ; k = k % 3.7
        print(t, u, repr(0.1 + 0.2), -0.0, 1e-320, float("nan"))
    """,
    "comprehensions": """
        a = [[i * j * 0.5 for j in range(3)] for i in range(2)]
        b = {k: v * 2.0 for k, v in zip("ab", w) if v > 0.15}
        c = {round(v * 2.0, 3) for v in w}
        d = [p * q for p, (q, r) in [(1.0, (2.0, 3.0))] for s in (0.5,) if s < q]
        e = np.array([[sum(a * b for a, b in zip(r, c)) for c in zip(*x)] for r in x])
        g = [*(v for v, *_ in [(1.5, 2), (2.5,)])]
    """,
    # numbers and arrays
    "slices": """
        v = np.arange(24.0).reshape(2, 3, 4)
        r = (
            v[..., -1],
            v[:, None, 0],
            v[1, ::-1, 1:3],
            v[[0, 1], [2, 0]],
            v[v > 5.0],
            v[:, [True, False, True]],
        )
        s = slice(1, None); q = v[0][s], [1.0, 2.0, 3.0][s], "text"[s], (1.5, 2.5)[-1]
        i = (0, slice(None), 2); v[i] = 0.5; v[1][v[1] > 20] *= -1.0
        v[:, 0] += v[:, 1]; v[0, 0, 0] -= 3; v[[0, 0], 1] += 1.0
    """,
    "views share memory": """
        theta = np.arange(8.0) * 0.5
        a, b = theta[:6].reshape(2, 3), theta[6:]
        a[0] += 1.0; b *= 2.0; theta -= 0.25
        t = a.T; t[1] = 9.0; r = a @ a.T, theta.sum()
        a.T[0, 0] += 0.5
        c = np.split(theta, 4); c[1][:] = -1.0; s = theta * 2.0
        d = theta[::-2]; d[1:] = theta[1:4]; u = theta @ theta
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
        g = (
            float(w[0]),
            w[1].item(),
            w.tolist(),
            int(3.7),
            round(2.567, 2),
            divmod(7.5, 2.0),
            a + 1j,
        )
        h = -a, +b, max(a, b), min(0.0, a), sum(e[0]), a.__add__(b), a is a, pow(a, 2)
        o = {"k": {"w": [1.5, 2.5]}}; o["k"]["w"][0] *= d[0]; o["k"]["w"].append(o["k"]["w"][0] * 2)
    """,
    "many functions": """
        a = (
            np.concatenate([w, x[0]]),
            np.stack([w, w], axis=1),
            np.vstack([x, w]),
            np.hstack((x, x)),
        )
        b = (
            np.c_[x, np.ones(2)],
            np.r_[w, 0.5],
            np.column_stack((w, w)),
            np.append(w, 1.5),
            np.insert(x, 1, 0.5, axis=1),
        )
        c = (
            np.einsum("ij,j->i", x, w),
            np.einsum("ij,ik", x, x),
            np.tensordot(x, w, 1),
            np.outer(w, w),
            np.multiply.outer(w, w),
        )
        d = (
            np.linalg.norm(x),
            np.linalg.norm(x, axis=1, keepdims=True),
            x.std(ddof=1),
            np.var(x, 0),
            x.trace(),
            np.ptp(x),
        )
        e = (
            np.sum(x, where=x > 0),
            np.add.reduce(x),
            np.maximum.reduce(x, axis=1),
            np.cumsum(w),
            np.prod(w),
            np.mean(x, keepdims=True),
        )
        f = (
            np.pad(x, 1),
            np.pad(x, ((0, 1), (2, 0))),
            np.tile(w, 2),
            np.repeat(x, 2, axis=1),
            np.roll(w, 1),
            np.flip(x, 1),
            np.rot90(x),
        )
        g = (
            np.expand_dims(w, 0),
            w[np.newaxis],
            x.ravel(),
            x.swapaxes(0, 1),
            np.transpose(x),
            x.reshape(-1, 1),
            np.atleast_2d(w),
            np.squeeze(x[:1]),
        )
        h = (
            np.tril(x @ x.T),
            np.diag(w),
            np.diagonal(x @ x.T),
            np.clip(x, -1, 1),
            np.minimum(x, 0),
            np.abs(x),
            np.sign(x),
            np.square(w),
        )
        i = (
            np.full((2, 2), w[0]),
            np.zeros_like(x) + x,
            np.array([w[0], 0.5, w[2]]),
            np.array([[w[0]], [w[1]]]),
            np.delete(x, 1, axis=1),
        )
        j = (
            np.lib.stride_tricks.as_strided(x, (2, 2), x.strides) * 2.0,
            np.round(x, 1),
            x.take([0, 2], axis=1),
            np.floor_divide(x, 0.7),
            x % 0.7,
        )
        k = (
            np.mean([w, w], axis=0),
            np.dot([1.0, 2.0], x),
            np.sqrt(2.0),
            np.hypot(w, 2.0),
            np.float64(0.5) * w,
            np.log1p(w),
            np.broadcast_to(w, (2, 3)) * x,
        )
    """,
    "other kinds of numbers": """
        a = x.astype(np.float32); b = a * np.float32(0.5) + a.sum(); c = x.astype(int) * w
        z = x + 1j; d = z.real * 2.0, z.view(float)[0, 0], abs(z).sum()
        e = w.view(np.int64); e[0] = 0; f = w * 2.0
        o = np.empty(2, dtype=object); o[0], o[1] = x, w; g = o[0] @ o[1]; o[1] = o[1] - 0.5 * o[1]
        r = np.zeros(2, dtype=[("w", float)]); r["w"] += 0.5; h = r["w"] * 2.0
        l = np.array([], dtype=float); m = l.sum() + l[:0].sum(), np.concatenate([l, w])
    """,
    "a function that writes elsewhere": """
        def sub(a, b, out): np.subtract(a, b, out=out)
        v = w.copy(); sub(v, 0.1 * v, v); r = v @ v
        with np.nditer(v, op_flags=["readwrite"]) as it:
            for e in it: e[...] = 2.0 * e
        s = v * 1.0
        for i, e in np.ndenumerate(x): s[i[1]] += e * 0.5
        for i in np.ndindex(2, 3): x[i] *= 2.0
        t = np.vectorize(lambda e: e * 2.0)(v), np.apply_along_axis(lambda r: r * 0.5, 1, x)
        rng = np.random.default_rng(1)
        rng.shuffle(v)
        p = v * 1.0, rng.permutation(v), rng.normal(v[0], 0.5)
        u = v * 2.0, x.sum(1)
    """,
    "matrices": """
        m = np.matrix(x); k = m * m.T + 1.0; n = m.T * np.asmatrix(np.ones((2, 1))); m *= 0.5
        q = (
            k.A @ x,
            m[:, 0] * 2.0,
            m.sum(axis=1) + 1.0,
            np.multiply(m, m),
            m[0] - m[1],
            k.I,
            m.mean(),
        )
    """,
    "copies": """
        import copy
        a = copy.deepcopy(w); b = copy.copy(w); c = copy.deepcopy({"w": w, "l": [x]})
        a -= 0.5; b *= 2.0; c["w"][0] = 9.0; r = a @ b, w + c["w"], c["l"][0] @ w
    """,
    "whatever is raised": """
        try: w.nothing
        except: a = 0.5 * w
        try: raise KeyboardInterrupt
        except (ValueError, BaseException) as e: b = type(e).__name__
        def f():
            try: return w * 2.0
            finally: log.append(1.5)
        for i in range(3):
            try:
                if i == 1: continue
                c = f()[i]
            except BaseException: raise
            else: a = a + c
    """,
    "async": """
        import asyncio
        class Data:
            def __init__(self): self.left = [w, w * 2.0]
            def __aiter__(self): return self
            async def __anext__(self):
                if not self.left: raise StopAsyncIteration
                return self.left.pop()
            async def __aenter__(self): return self
            async def __aexit__(self, *error): return None
        async def f(v: float, *r):
            await asyncio.sleep(0); t = [p async for p in Data()]; s = 0.5
            async with Data() as d:
                async for p in d: s += p.sum() * v
            s += await g(v)
            return s, [q for p, q in [(1.5, 2.5)]], t
        async def g(v): return v * 2.0
        loop = asyncio.new_event_loop()
        r = loop.run_until_complete(f(0.5, 1.5)); loop.close(); del loop
    """,
    "nested functions": """
        def network(sizes, rate=0.5):
            weights = [np.ones((b, a)) * 0.1 for a, b in zip(sizes, sizes[1:])]
            def forward(v):
                steps = [v]
                for m in weights:
                    def act(z, *, by=rate): return np.tanh(z * by)
                    steps.append(act(m @ steps[-1]))
                return steps
            def train(v, t):
                steps = forward(v); d = steps[-1] - t
                for l in range(len(weights) - 1, -1, -1):
                    g = np.outer(d, steps[l]); d = weights[l].T @ d * (1 - steps[l] ** 2)
                    weights[l] -= rate * g
                return 0.5 * np.sum((steps[-1] - t) ** 2)
            return train, lambda: [m.copy() for m in weights]
        train, now = network((3, 2, 1)); losses = [train(w, 0.5) for _ in range(3)]; r = now()
    """,
    "yields within": """
        def g(v):
            v += yield v * 0.5
            l = [v, 1.5]
            l[0] *= yield l[0] * 2.0
            class A: pass
            a = A(); a.v = l[0]; a.v -= (yield a.v) * 0.5
            l[(yield 0.0)] = yield a.v
            return l
        c = g(w.copy()); r = [next(c)] + [c.send(v) for v in (w, 2.0, 0.25, 9.5)]
        try: c.send(1)
        except StopIteration as end: s = end.value
        def f(v):
            try: return v * 2.0
            finally: v *= 0.5; log.append(v.sum())
        q = f(w)
    """,
    "properties and protocols": """
        class M(type):
            rate = 0.5
            def __call__(cls, *a): o = super().__call__(*a); o.made = cls.rate * 2.0; return o
        class N(metaclass=M):
            def __init_subclass__(cls, by=0.25, **k): super().__init_subclass__(**k); cls.by = by
            def __init__(self, w): self._w = w; self.p = {"a": {"b": w * 2.0}}
            @property
            def w(self): return self._w
            @w.setter
            def w(self, v): log.append(float(v.sum())); self._w = v * self.by
            def __getattr__(self, name): return getattr(np, name)
            def __enter__(self): return self
            def __exit__(self, *error): return True
            def __matmul__(self, o): return self._w @ o
            def __len__(self): return 3
            def __contains__(self, v): return v in self._w
        class O(N, by=0.75): pass
        o = O(w.copy()); o.w -= 0.1; o.w *= 2.0; o.p["a"]["b"][1] -= 0.5; o.p["a"]["b"] += w
        with o as k, O(w) as l: q = (k @ w, k.exp(w), len(l), 0.1 in l, k.made); raise ValueError
        r = o.w, o.p["a"]["b"]
    """,
    "loops and parameters": """
        def f(a, /, b=0.5, *r, c, d=w * 2.0, **k): a = a * b; b += c; return a @ d + b
        for n in range(3):
            if n > 5: break
        else: s = f(w, c=1.5)
        n = 3
        while n > 0:
            n -= 1
            if n == 1: continue
            s = s * 0.5 + f(w, 0.25, c=s)
        else: n = -1.5
        def rec(l): return sum((rec(p) if isinstance(p, list) else p * 2.0) for p in l)
        t = rec([0.5, [1.5, [2.5, w]], []]), (lambda *a, **k: (a, k))(w, *[1.5], b=w[0])
        for w[0], l in [(1.5, 2.5), (0.5, 4.5)]: s += w[0] * l
        for k, (i, *j) in {"a": (0.5, w, 1.5)}.items(): u = i * j[0]
        e = exec("z = w * 2.0") or eval("z + 1.0"); assert e is not None, 0.5
        v = 0.1 < w[1] <= 2.5 and not w[2] > 0.35 or w[0]; y = w if v else -w
    """,
}


def _source(snippet: str) -> str:
    lines = SNIPPETS[snippet].strip("\n").splitlines()
    return HEAD + "\n".join(line[8:] for line in lines) + "\n"


def _plain(value: object) -> object:
    """Return a value as what can be compared to the last bit."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        return [_plain(part) for part in value.ravel()]
    if isinstance(value, np.ndarray | np.generic):
        return type(value).__name__, value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value).__name__, [_plain(part) for part in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain(vars(value))
    if isinstance(value, bool | int | str | set | complex) or value is None:
        return repr(value)
    return "iterator" if isinstance(value, Iterator) else type(value).__name__


def _names(run: Run) -> dict[str, object]:
    return {
        name: _plain(value)
        for name, value in run.names.items()
        if not name.startswith("__") and not isinstance(value, types.ModuleType)
    }


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_recorder_changes_nothing(snippet: str) -> None:
    source = _source(snippet)
    recorded, alone = Run(source), Run(source, recorded=False)
    assert recorded.printed == alone.printed
    assert recorded.error == alone.error
    assert snippet == "errors" or not alone.error
    assert _names(recorded) == _names(alone)


@pytest.mark.parametrize("snippet", [s for s in SNIPPETS if s != "other kinds of numbers"])
def test_what_is_recorded_is_what_was_computed(snippet: str) -> None:
    assert Run(_source(snippet)).disagreements() == []


def test_functions_that_people_use_are_known_to_the_graph() -> None:
    unknown = Run(_source("many functions")).graph()[0].unknown
    assert sorted(set(unknown.values())) == []


@pytest.mark.parametrize(
    "source", ["return 1.5", "x = (", "break", "def f(): x = 1; global x", "f() = 1"]
)
def test_what_is_no_python_is_refused_as_the_compiler_does(source: str) -> None:
    with pytest.raises(SyntaxError) as ours:
        instrumented(source, "program.py")
    with pytest.raises(SyntaxError) as compilers:
        compile(source, "program.py", "exec")
    assert (ours.value.msg, ours.value.lineno) == (compilers.value.msg, compilers.value.lineno)


def test_names_say_whose_they_are() -> None:
    run = Run(HEAD + "def f(v):\n    global w\n    w = w - v\n    u = v * 2.0\nf(0.5)\nf(0.25)\n")
    frames = {name: [b.frame for b in run.recorder.bindings if b.name == name] for name in "wvu"}
    assert set(frames["w"]) == {0}
    first, second = frames["v"]
    assert 0 != first != second != 0
    assert frames["u"] == [first, second]


def test_places_are_those_of_the_source() -> None:
    source = "a = 1.5\nb = (a +\n     2.5) * a\n"
    run = Run(source)
    product = [note for note in run.recorder.tape if note.call == "multiply"]
    assert [run.places[note.place] for note in product] == [(2, 4, 3, 13)]
    whole = ast.get_source_segment(source, ast.parse(source).body[1].value)  # type: ignore[attr-defined]
    assert whole == "(a +\n     2.5) * a"


def test_recursion_goes_as_deep_as_without() -> None:
    source = "def f(n):\n    return 0.5 if n == 0 else f(n - 1)\nf(DEPTH)\n"
    depth = sys.getrecursionlimit() - 200
    assert not Run(source.replace("DEPTH", str(depth))).error


def test_a_sum_of_many_terms_is_rewritten() -> None:
    run = Run("a = 0.5\nb = " + " + ".join(["a"] * 600) + "\n")
    assert run.error == ""
    assert run.names["b"] == 300.0


def test_a_long_list_of_data_is_no_long_tape() -> None:
    run = Run("import numpy as np\na = np.array([i / 7 for i in range(5000)])\nb = a * 2.0\n")
    assert len(run.recorder.tape) < 10


def test_the_recorder_runs_in_older_pythons() -> None:
    loaded = "import sys, bptui.trace.instrument, bptui.trace.recorder, bptui.trace.updates\n"
    code = loaded + "print(*(m for m in sys.modules if m.startswith('bptui')))"
    names = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {name.rpartition(".")[0] for name in names} == {"", "bptui", "bptui.trace"}
    for name in names:
        text = Path(str(importlib.import_module(name).__file__)).read_text("utf-8")
        ast.parse(text, feature_version=(3, 10))


@pytest.mark.parametrize(
    "body",
    [
        "try: w = w * 0.5\n    except: pass",
        "try: w = f(w)\n    except BaseException: w = w * 2.0",
        "with contextlib.suppress(BaseException): w = f(w)",
        "f(w)",
    ],
)
def test_an_endless_program_ends_when_enough_was_seen(body: str) -> None:
    head = "import contextlib\nw = 1.5\ndef f(v): return v * 0.5\n"
    run = Run(f"{head}while True:\n    {body}\n", limit=200)
    assert 200 < len(run.recorder.tape) < 250
    assert run.error == ""


def test_a_program_ends_before_its_values_fill_the_memory() -> None:
    source = "import numpy as np\nw = np.zeros(10**5)\nfor i in range(10**5): w[i] = 0.5 * i\n"
    tree, _ = instrumented(source, "program.py")
    recorder = Recorder()
    recorder.room = 50 * 10**6
    names = {RECORDER: recorder}
    with pytest.raises(Enough):
        exec(compile(tree, "program.py", "exec", dont_inherit=True), names)
    assert 50 < len(recorder.tape) < 500
