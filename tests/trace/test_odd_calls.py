"""Functions and classes as people write them, each called as without a recorder.

Every snippet runs with and without a recorder: what it prints, every global name to the last bit,
and the error, if there is one, are the same; what was recorded gives the same as a graph.
"""

import pytest

from tests.trace.odd import compare

SNIPPETS = {
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
}


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_recorder_changes_nothing(snippet: str) -> None:
    compare(SNIPPETS[snippet])
