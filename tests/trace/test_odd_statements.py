"""Statements as people write them: everything once, in Python's order, and with the same errors.

Every snippet runs with and without a recorder: what it prints, every global name to the last bit,
and the error, if there is one, are the same; what was recorded gives the same as a graph.
"""

import pytest

from tests.trace.odd import compare

SNIPPETS = {
    "order of an assignment": """
        d = {}
        say("owner", d)[say("index", 1)] = say("value", 0.5 * w)
        say("owner", w)[say("index", 0)] = say("value", 2.0)
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


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_recorder_changes_nothing(snippet: str) -> None:
    compare(SNIPPETS[snippet], fails=snippet == "errors")
