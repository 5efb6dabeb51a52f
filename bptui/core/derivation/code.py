"""The numpy form: expressions on arrays as lines of Python that compute them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from bptui.core.arrays import Array
from bptui.core.derivation.equation import Equation
from bptui.core.derivation.expression import (
    Activated,
    Choice,
    Constant,
    Expression,
    Function,
    LastSample,
    LogSumExp,
    MatrixProduct,
    Maximum,
    Negative,
    Power,
    Product,
    Quantity,
    Quotient,
    Setting,
    Stable,
    Sum,
    Total,
    Transposed,
    quantities,
    signed,
)
from bptui.core.derivation.symbols import Symbols
from bptui.core.derivation.tokens import aligned

SUM, PRODUCT, UNARY, POWER, ATOM = 1, 2, 3, 4, 5
"""How tightly Python binds; ``@`` as ``*``."""
MOST_PRINTED = 32
"""Numbers of an array that are printed whole."""
_EDGES = [0, 1, -2, -1]
Spelling: TypeAlias = Callable[[Expression], "str | None"]


def assignment(equation: Equation, symbols: Symbols) -> str:
    """``gW1 = input.T @ delta_h``: needs numpy as np and the names that it reads."""
    return f"{symbols.code(equation.left.name)} = {expression_code(equation.expression, symbols)}"


def remarked(equation: Equation, symbols: Symbols, *remarks: str) -> str:
    """The assignment, with ``remarks`` and what else there is to be said of it as a comment."""
    new = [each.name for each in quantities(equation.expression) if symbols.is_new(each)]
    updated = f"{', '.join(dict.fromkeys(new))} after the update" if new else ""
    said = ", ".join(filter(None, [*remarks, updated, equation.note]))
    return f"{assignment(equation, symbols)}{f'  # {said}' if said else ''}"


def expression_code(
    node: Expression,
    symbols: Symbols,
    level: int = SUM,
    numbers: Equation | None = None,
    spell: Spelling = lambda node: None,
) -> str:
    """Python for an expression on arrays; with ``numbers``, their values instead of names.

    ``spell`` may have another way to write a part, as a name or a call.
    """

    def code(part: Expression, inner: int = SUM) -> str:
        return expression_code(part, symbols, inner, numbers, spell)

    def wrapped(text: str, own: int) -> str:
        return f"({text})" if own < level else text

    spelt = spell(node)
    if spelt is not None:
        return spelt
    match node:
        case Quantity(name):
            if numbers is None:
                return symbols.code(name)
            return array_code(np.asarray(numbers.scope.value(node)))
        case Setting(name, value):
            return name if numbers is None else repr(value)
        case Constant(value, shown, text):
            # what has digits only in its code, such as len(target), is a name as others are
            written = digits(value) if not text or (numbers and not shown) else text
            return wrapped(written, PRODUCT) if "/" in written.split("(")[0] else written
        case Sum(terms):
            written = code(terms[0])
            for term in terms[1:]:
                sign, part = signed(term)
                written += f" {sign} {code(part, PRODUCT)}"
            return wrapped(written, SUM)
        case Product(factors):
            # the first factor may be a quotient: a / b * c is (a / b) * c
            parts = [code(factors[0], PRODUCT), *(code(each, UNARY) for each in factors[1:])]
            return wrapped(" * ".join(parts), PRODUCT)
        case Quotient(top, bottom):
            return wrapped(f"{code(top, PRODUCT)} / {code(bottom, UNARY)}", PRODUCT)
        case MatrixProduct(left, right):
            return wrapped(f"{code(left, UNARY)} @ {code(right, UNARY)}", PRODUCT)
        case Negative(of):
            return wrapped(f"-{code(of, UNARY)}", UNARY)
        case Power(base, exponent):
            return wrapped(f"{code(base, ATOM)} ** {code(exponent, POWER)}", POWER)
        case Activated(_, _, body) | Stable(_, body):
            return code(body, level)
        case Function("ln_one_plus_exp", argument):
            return f"np.logaddexp(0, {code(argument)})"
        case Function(name, argument):
            return f"np.{'log' if name == 'ln' else name}({code(argument)})"
        case LogSumExp(of):
            return f"np.logaddexp.reduce({code(of)}, axis=1, keepdims=True)"
        case Maximum(first, second):
            return f"np.maximum({code(first)}, {code(second)})"
        case Choice(condition, positive, otherwise):
            condition_code = code(condition, SUM)
            return f"np.where({condition_code} > 0, {code(positive)}, {code(otherwise)})"
        case Transposed(of):
            return f"{code(of, ATOM)}.T"
        case Total(of, axis):
            if axis is None:
                return f"np.sum({code(of)})"
            keep = ", keepdims=True" if axis == 1 else ""
            return f"{code(of, ATOM)}.sum(axis={axis}{keep})"
        case LastSample(of):
            return f"{code(of, ATOM)}[-1]"
        case _:
            raise AssertionError(f"{type(node).__name__} is no expression on arrays")


def digits(value: float) -> str:
    """The shortest digits that read back as ``value``; 2 for 2.0."""
    return repr(value).removesuffix(".0")


def array_code(array: Array) -> str:
    """``np.array([[0.9, 0.1]])``, a plain number for one without axes."""
    if array.ndim == 0:
        return f"{float(array):.6g}"
    text = np.array2string(
        array,
        separator=", ",
        max_line_width=10**9,
        threshold=10**9,
        formatter={"float_kind": lambda value: f"{value:.6g}"},
    )
    return f"np.array({' '.join(text.split())})"


def array_lines(array: Array, digits: int = 7, columns: int = 75) -> list[str]:
    """The array much as numpy prints it in so many columns, large ones with dots."""
    if array.ndim == 0:
        return [f"{float(array):.{digits}g}"]
    seen = array
    if array.size > MOST_PRINTED:
        for axis in range(array.ndim):
            seen = seen.take(_EDGES, axis, mode="wrap")
    texts = [f"{value:.{digits}g}" for value in seen.ravel().tolist()]
    padded = dict(zip(texts, aligned(texts), strict=True))
    text = np.array2string(
        array,
        separator=", ",
        max_line_width=columns,
        threshold=MOST_PRINTED,
        edgeitems=2,
        prefix="array(",
        formatter={"float_kind": lambda value: padded[f"{value:.{digits}g}"]},
    )
    return f"array({text})".split("\n")


def folded(code: str, width: int) -> list[str]:
    """A long assignment over several lines, in parentheses, so that it stays one."""
    if len(code) <= width:
        return [code]
    name, _, expression = code.partition(" = ")
    expression, hash_sign, remark = expression.partition("  # ")
    inner = textwrap.wrap(expression, width - 4, break_long_words=False, break_on_hyphens=False)
    return [
        f"{name} = ({hash_sign}{remark}",
        *(f"    {line}" for line in inner),
        ")",
    ]
