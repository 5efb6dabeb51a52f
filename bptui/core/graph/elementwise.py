"""Operations element by element: arithmetic, powers, exponentials, comparisons, choices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bptui.core.graph.node import (
    ATOM,
    OPS,
    POWER,
    PRODUCT,
    SUM,
    UNARY,
    Node,
    Notation,
    Op,
    Values,
    broadcast,
    constant,
    enter,
    number,
)

Slope = Callable[[Node, Node], Node]


def _infix(sign: str, binds: int, text: str = "", latex: str = "") -> Notation:
    """Write ``a - b``: what stands behind must bind more tightly than what is before."""
    before, behind = ("{0}", "{1:product}") if binds == SUM else ("{0:product}", "{1:unary}")
    code, shown, formula = (
        f"{before} {mark} {behind}" for mark in (sign, text or sign, latex or sign)
    )
    return Notation(code, shown, formula, binds)


def _named(name: str, latex: str = "", text: str = "") -> Notation:
    shown = latex or rf"\mathrm{{{{{name}}}}} \left({{all}}\right)"
    return Notation(f"np.{name}({{all}})", f"{text or name}({{all}})", shown)


def _alike(code: str, latex: str = "", binds: int = ATOM) -> Notation:
    """Write in a text as in code, and in LaTeX too unless that is another way."""
    return Notation(code, code, latex or code, binds)


def _unary(
    name: str,
    slope: Slope | None = None,
    notation: Notation | None = None,
    evaluate: Callable[..., Values] | None = None,
) -> Op:
    """Enter a function of one number that is numpy's of the same name.

    ``slope(x, y)`` is its derivative; None where it is 0, as then the real part decides.
    """
    ufunc: np.ufunc = getattr(np, name)

    def rule(node: Node, g: Node) -> list[Node | None]:
        return [None if slope is None else g * slope(node.inputs[0], node)]

    def real(x: Values) -> Values:
        return np.asarray(ufunc(np.real(x)))

    computed = evaluate or (real if slope is None else ufunc)
    return enter(Op(name, computed, rule, broadcast, notation or _named(name), ufunc))


def _binary(
    name: str,
    rule: Callable[[Node, Node, Node, Node], list[Node | None]],
    notation: Notation,
    evaluate: Callable[..., Values] | None = None,
) -> Op:
    """Enter one of two numbers; ``rule(a, b, y, g)`` gives g times both derivatives."""
    ufunc: np.ufunc = getattr(np, name)

    def whole(node: Node, g: Node) -> list[Node | None]:
        return rule(node.inputs[0], node.inputs[1], node, g)

    return enter(Op(name, evaluate or ufunc, whole, broadcast, notation, ufunc))


# arithmetic


def _of_masks(ufunc: np.ufunc) -> Callable[..., Values]:
    """Return a function that takes masks, too, as the numbers 0 and 1: numpy subtracts none."""

    def evaluate(*arrays: Values) -> Values:
        try:
            return np.asarray(ufunc(*arrays))
        except TypeError:
            return np.asarray(ufunc(*(array * 1.0 for array in arrays)))

    return evaluate


add = _binary("add", lambda a, b, y, g: [g, g], _infix("+", SUM))
subtract = _binary("subtract", lambda a, b, y, g: [g, -g], _infix("-", SUM), _of_masks(np.subtract))
multiply = _binary(
    "multiply", lambda a, b, y, g: [g * b, g * a], _infix("*", PRODUCT, "·", r"\cdot")
)
# where e^z overflows, and np.where takes another formula, 0 times inf or nan would be no number
_finite = Op("finite", np.nan_to_num, lambda node, g: [g], broadcast, Notation("{0}", "{0}", "{0}"))
divide = _binary(
    "divide",
    lambda a, b, y, g: [g / b, -(g * _finite(y) / b)],
    _alike("{0:product} / {1:unary}", r"\frac{{{0}}}{{{1}}}", PRODUCT),
)
negative = _unary(
    "negative",
    lambda x, y: constant(-1.0),
    _alike("-{0:unary}", binds=UNARY),
    _of_masks(np.negative),
)
positive = _unary("positive", lambda x, y: constant(1.0), _alike("{0}", binds=SUM))


def _power_rule(a: Node, b: Node, y: Node, g: Node) -> list[Node | None]:
    exponent = number(b)
    if exponent is not None:
        return [g * (exponent * a ** (exponent - 1.0)), None]
    return [g * (b * a ** (b - 1.0)), g * (y * log(a))]


power = _binary(
    "power",
    _power_rule,
    Notation("{0:atom} ** {1:power}", "{0:atom}^{1:atom}", "{0:atom}^{{{1}}}", POWER),
)
square = _unary(
    "square", lambda x, y: 2.0 * x, Notation("{0:atom} ** 2", "{0:atom}^2", "{0:atom}^{{2}}", POWER)
)
reciprocal = _unary(
    "reciprocal", lambda x, y: -(y * y), _alike("1 / {0:unary}", r"\frac{{1}}{{{0}}}", PRODUCT)
)
sqrt = _unary("sqrt", lambda x, y: 0.5 / y, _named("sqrt", r"\sqrt{{{0}}}", "√"))

# exponentials, logarithms, trigonometry

exp = _unary("exp", lambda x, y: _finite(y), Notation("np.exp({0})", "e^({0})", "e^{{{0}}}"))
expm1 = _unary("expm1", lambda x, y: y + 1.0)
log = _unary("log", lambda x, y: 1.0 / x, _named("log", r"\ln \left({0}\right)", "ln"))
log1p = _unary(
    "log1p",
    lambda x, y: 1.0 / (1.0 + x),
    Notation("np.log1p({0})", "ln(1 + {0})", r"\ln\left(1 + {0}\right)"),
)
log2 = _unary("log2", lambda x, y: float(1.0 / np.log(2.0)) / x)
log10 = _unary("log10", lambda x, y: float(1.0 / np.log(10.0)) / x)
sin = _unary("sin", lambda x, y: cos(x))
cos: Op = _unary("cos", lambda x, y: -sin(x))
tan = _unary("tan", lambda x, y: 1.0 + y * y)
sinh = _unary("sinh", lambda x, y: cosh(x))
cosh: Op = _unary("cosh", lambda x, y: sinh(x))
tanh = _unary("tanh", lambda x, y: 1.0 - y**2.0, _named("tanh", r"\tanh \left({0}\right)"))
arctan = _unary("arctan", lambda x, y: 1.0 / (1.0 + x * x))


# what overflows or has kinks: decided by the real part, so that the complex step sees one side


def _complex(*arrays: Values) -> bool:
    return any(map(np.iscomplexobj, arrays))


def _logaddexp(a: Values, b: Values) -> Values:
    if not _complex(a, b):
        return np.asarray(np.logaddexp(a, b))
    top = np.maximum(np.real(a), np.real(b))
    return np.asarray(top + np.log(np.exp(a - top) + np.exp(b - top)))


logaddexp = _binary(
    "logaddexp",
    lambda a, b, y, g: [g * exp(a - y), g * exp(b - y)],
    Notation(
        "np.logaddexp({0}, {1})", "ln(e^({0}) + e^({1}))", r"\ln\left(e^{{{0}}} + e^{{{1}}}\right)"
    ),
    _logaddexp,
)


def _maximum(a: Values, b: Values) -> Values:
    found = np.where(np.real(a) >= np.real(b), a, b) if _complex(a, b) else np.maximum(a, b)
    return np.asarray(found)


def _minimum(a: Values, b: Values) -> Values:
    return -_maximum(-a, -b)


absolute = _unary(
    "absolute",
    lambda x, y: sign(x),
    Notation("np.abs({0})", "abs({0})", r"\left|{0}\right|"),
    lambda x: np.where(np.real(x) < 0.0, -x, x) if _complex(x) else np.absolute(x),
)
sign: Op = _unary("sign", None, _named("sign", r"\mathrm{{sgn}} \left({0}\right)"))
floor, ceil, rint = map(_unary, ("floor", "ceil", "rint"))
logical_not = _unary("logical_not")

TRUTHS: set[str] = set()
"""What gives no numbers, and has no sign."""


def _truth(name: str, mark: str, latex: str = "") -> Op:
    """Enter a comparison, or what joins two; it has no derivative."""
    TRUTHS.add(name)
    ufunc: np.ufunc = getattr(np, name)
    return _binary(
        name,
        lambda a, b, y, g: [None, None],
        _infix(mark, SUM, latex=latex),
        lambda a, b: ufunc(np.real(a), np.real(b)),
    )


greater = _truth("greater", ">", ">")
greater_equal = _truth("greater_equal", ">=", r"\ge")
less = _truth("less", "<", "<")
less_equal = _truth("less_equal", "<=", r"\le")
equal = _truth("equal", "==", "=")
not_equal = _truth("not_equal", "!=", r"\ne")
logical_and = _truth("logical_and", "&")
logical_or = _truth("logical_or", "|")


def _taken(a: Node, b: Node, larger: Op, at_least: Op) -> tuple[Node, Node]:
    """Return where a and where b is taken; of equal ones a number, else b."""
    return larger(a, b), larger(b, a) if number(a) is not None else at_least(b, a)


def _kept(taken: Node, g: Node) -> Node:
    """Return g where it is taken, as numbers: a truth value alone cannot be added or negated."""
    return OPS["multiply"](g, taken) if number(g) is not None else g * taken


maximum = _binary(
    "maximum",
    lambda a, b, y, g: [_kept(taken, g) for taken in _taken(a, b, greater, greater_equal)],
    _named("maximum", r"\max\left({all}\right)", "max"),
    _maximum,
)
minimum = _binary(
    "minimum",
    lambda a, b, y, g: [_kept(taken, g) for taken in _taken(a, b, less, less_equal)],
    _named("minimum", r"\min\left({all}\right)", "min"),
    _minimum,
)


def _where_rule(node: Node, g: Node) -> list[Node | None]:
    condition, zero = node.inputs[0], constant(0.0)
    return [None, where(condition, g, zero), where(condition, zero, g)]


_CHOICE = Notation(
    "np.where({0}, {1}, {2})",
    "({1} if {0} else {2})",
    r"\begin{{cases}} {1} & {0} \\ {2} & \text{{else}} \end{{cases}}",
)


def _where(condition: Values, yes: Values, no: Values) -> Values:
    return np.asarray(np.where(np.real(condition), yes, no))


where = enter(Op("where", _where, _where_rule, broadcast, _CHOICE))


def _clip(x: Values, low: Values, high: Values) -> Values:
    return _minimum(_maximum(x, low), high)


def _clip_rule(node: Node, g: Node) -> list[Node | None]:
    x, low, high = node.inputs
    inside = greater_equal(x, low) * less_equal(x, high)
    return [_kept(taken, g) for taken in (inside, less(x, low), greater(x, high))]


clip = enter(Op("clip", _clip, _clip_rule, broadcast, _named("clip")))


def _astype(x: Values, dtype: np.dtype[Any]) -> Values:
    """Return x in another type; complex numbers stay complex."""
    return x if np.iscomplexobj(x) else x.astype(dtype)


_CAST = Notation("{0:atom}.astype({dtype})", "{0:atom}", "{0:atom}")
as_type = enter(Op("astype", _astype, lambda node, g: [g], broadcast, _CAST))
