"""Every operation's derivative rule against the complex step, and central differences."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from bptui.core.activations import LOG_SUM_EXP
from bptui.core.graph import elementwise, reductions, shaping
from bptui.core.graph.backward import backward
from bptui.core.graph.compile import SUM_OF_SQUARES, Plain
from bptui.core.graph.node import OPS, Node, Setting, constant, evaluate, leaf, samples

STEP = 1e-30
STEPS = ["sign", "floor", "ceil", "rint"]  # their derivative is 0 wherever they have one
MASK = np.array([[True, False, True, False], [False, False, True, True], [True] * 4])
ROWS, COLUMNS = np.array([0, 2, 2, 1]), np.array([1, 3, 3, 0])


def op(name: str, **settings: Setting) -> Callable[..., Node]:
    return lambda *nodes: OPS[name](*nodes, **settings)


def _gate(name: str) -> Callable[..., Node]:
    return lambda a, b: OPS[name](a, b) * a


ANALYTIC = ["negative", "positive", "square", "reciprocal", "exp", "expm1"]
UNARY = [*ANALYTIC, "sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan", "absolute", *STEPS]
POSITIVE = ["sqrt", "log", "log1p", "log2", "log10"]
BINARY = ["add", "subtract", "multiply", "divide", "maximum", "minimum", "logaddexp"]
ORDERED = ["greater", "greater_equal", "less", "less_equal"]
COMPARED = [*ORDERED, "equal", "not_equal", "logical_and", "logical_or"]
M, V, T = (3, 4), (4,), (2, 3, 4)
Case = tuple[Callable[..., Node], list[tuple[int, ...]]]

CASES: dict[str, list[Case]] = {
    **{name: [(op(name), [M]), (op(name), [()])] for name in (*UNARY, *POSITIVE)},
    **{
        name: [(op(name), shapes) for shapes in ([M, M], [M, V], [V, M], [M, (3, 1)], [(), M])]
        for name in BINARY
    },
    **{name: [(_gate(name), [M, V])] for name in COMPARED},
    "logical_not": [(lambda a: OPS["logical_not"](elementwise.greater(a, constant(0.0))) * a, [M])],
    "power": [(lambda a: a**3.0, [M]), (lambda a, b: OPS["power"](elementwise.exp(a), b), [M, V])],
    "where": [(lambda a, b, c: elementwise.where(OPS["greater"](a, b), b, c), [M, V, (3, 1)])],
    "clip": [(lambda a: OPS["clip"](a, constant(-0.5), constant(0.5)), [M])],
    "log_sum_exp": [(LOG_SUM_EXP, [M])],
    "astype": [(op("astype", dtype=np.float64), [M])],
    **{
        name: [
            (op(name, axis=axis, keepdims=keepdims), [shape])
            for shape, axis in ((M, None), (M, 0), (M, 1), (M, -1), (T, (0, 2)), (V, 0))
            for keepdims in (False, True)
        ]
        for name in ("sum", "mean", "prod", "max", "min", "var", "std", "norm")
    },
    **{
        name: [(lambda a, name=name: OPS[name](a, axis=1, keepdims=True) * a, [M])]
        for name in ("argmax", "argmin", "any", "all")
    },
    "cumsum": [(op("cumsum", axis=axis), [M]) for axis in (None, 0, 1)],
    "matmul": [
        (op("matmul"), shapes)
        for shapes in (
            [M, (4, 2)],
            [V, (4, 2)],
            [M, V],
            [V, V],
            [T, (4, 5)],
            [T, (2, 4, 3)],
            [M, (2, 4, 3)],
            [T, V],
        )
    ],
    "einsum": [
        (op("einsum", subscripts=subscripts), shapes)
        for subscripts, shapes in (
            ("ij,jk->ik", [M, (4, 2)]),
            ("ni,nj->ij", [M, (3, 2)]),
            ("ij->j", [M]),
            ("ij,ij", [M, M]),
            ("ij,k->i", [M, (2,)]),
            ("...j,jk->...k", [T, (4, 2)]),
            ("bij,bjk,k->bi", [T, (2, 4, 5), (5,)]),
        )
    ],
    "transpose": [(op("transpose"), [M]), (op("transpose", axes=(2, 0, 1)), [T])],
    "swapaxes": [(op("swapaxes", axis1=0, axis2=2), [T])],
    "reshape": [(op("reshape", shape=(2, 6)), [M]), (op("reshape", shape=(-1,)), [M])],
    "expand_dims": [(op("expand_dims", axis=(-1,)), [M]), (op("expand_dims", axis=0), [M])],
    "broadcast_to": [
        (op("broadcast_to", shape=(5, 3, 4)), [M]),
        (op("broadcast_to", shape=M), [(3, 1)]),
    ],
    "flip": [(op("flip", axis=axis), [M]) for axis in (None, 0, 1)],
    "roll": [(op("roll", shift=2, axis=1), [M]), (op("roll", shift=3), [M])],
    "tril": [(op("tril", k=k), [M]) for k in (0, -1, 1)],
    "triu": [(op("triu", k=k), [M]) for k in (0, -1, 1)],
    "diag": [(op("diag"), [(4, 4)]), (op("diag", k=1), [V]), (op("diag", k=-1), [(4, 4)])],
    "getitem": [
        *(
            (op("getitem", index=index), [M])
            for index in (
                0,
                slice(1, None),
                (slice(None), -1),
                (ROWS, COLUMNS),
                (slice(None), None),
                MASK,
                (Ellipsis, slice(None, None, 2)),
                ROWS,
            )
        ),
        (op("getitem", index=MASK), [M]),
    ],
    "scatter": [(op("scatter", index=(ROWS, COLUMNS), shape=M), [V])],
    "setitem": [
        *(
            (op("setitem", index=index), [M, value])
            for index, value in (
                (0, V),
                ((slice(None), 1), (3,)),
                (slice(1, 3), ()),
                ((0, 1), ()),
                (MASK, ()),
            )
        ),
        (op("setitem", index=MASK), [M, ()]),
    ],
    "add_at": [(op("add_at", index=(ROWS, COLUMNS)), [M, V]), (op("add_at", index=ROWS), [M, V])],
    "concatenate": [(op("concatenate", axis=axis), [M, M]) for axis in (0, 1, -1)],
    "stack": [(op("stack", axis=axis), [M, M]) for axis in (0, 1, -1)],
    "pad": [(op("pad", pad_width=((0, 1), (2, 0))), [M]), (op("pad", pad_width=1), [M])],
    "repeat": [(op("repeat", repeats=2, axis=1), [M]), (op("repeat", repeats=3), [M])],
    "tile": [(op("tile", reps=(2, 3)), [M])],
}
HELPERS: dict[str, list[Case]] = {
    "dot": [(reductions.dot, shapes) for shapes in ([M, (4, 2)], [(), M], [M, (2, 4, 3)])],
    "outer": [(reductions.outer, [V, (3,)])],
    "inner": [(reductions.inner, [M, (2, 4)])],
    "tensordot": [
        (partial(reductions.tensordot, axes=axes), [M, other])
        for axes, other in ((1, (4, 2)), (((0,), (1,)), (2, 3)), (2, M))
    ],
    "squeeze": [(shaping.squeeze, [(3, 1, 4)])],
    "moveaxis": [(lambda x: shaping.moveaxis(x, 0, -1), [T])],
}


@pytest.mark.parametrize("name", [*CASES, *HELPERS])
def test_the_rule_is_the_derivative(name: str) -> None:
    rng = np.random.default_rng(7)
    for build, shapes in (CASES | HELPERS)[name]:
        leaves = [leaf(f"x{place}", shape) for place, shape in enumerate(shapes)]
        result = build(*leaves)
        drawn = {each: np.asarray(rng.normal(size=each.shape)) for each in leaves}
        if name in POSITIVE:
            drawn = {each: np.asarray(np.abs(value) + 0.1) for each, value in drawn.items()}
        values = evaluate([result], drawn)
        assert values[result].shape == result.shape, (name, shapes)
        factors = constant(rng.normal(size=result.shape))
        loss = (result * factors).sum()
        gradients = backward(loss, leaves).of
        found = evaluate([gradients[each] for each in leaves if each in gradients], drawn)
        for each in leaves:
            expected = np.zeros(each.shape)
            for index in np.ndindex(each.shape):
                moved = drawn[each].astype(np.complex128)
                moved[index] += STEP * 1j
                value = evaluate([loss], {**drawn, each: moved})[loss]
                expected[index] = np.imag(value) / STEP
            got = found[gradients[each]] if each in gradients else np.zeros(each.shape)
            assert got.shape == each.shape
            np.testing.assert_allclose(
                got, expected, rtol=1e-9, atol=1e-12, err_msg=f"{name} {shapes}"
            )


def test_every_operation_is_tried() -> None:
    assert set(OPS) - set(CASES) == set()


def test_what_is_broadcast_gets_the_sum_over_its_copies() -> None:
    """Also where the gradient from above is one number for all of them."""
    b, x = leaf("b", (3,)), leaf("x", (4, 3))
    values = {b: np.ones(3), x: np.ones((4, 3))}
    for loss in ((x + b).sum(), shaping.broadcast_to(b, shape=(4, 3)).sum(), (b - x).sum()):
        gradient = backward(loss, [b]).of[b]
        assert evaluate([gradient], values)[gradient].tolist() == [4.0, 4.0, 4.0]


def test_squares_are_summed_alike_also_where_two_is_the_size_of_the_batch() -> None:
    weights = leaf("W1", (2, 3))
    squares = (weights**2.0).sum()
    alone = Plain({})([squares])[0]
    assert alone.op is SUM_OF_SQUARES
    assert Plain({})([samples(2) * weights, squares])[1].op is SUM_OF_SQUARES
