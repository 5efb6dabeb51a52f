"""The numpy form: expressions on arrays as lines of Python that compute them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bptui.core.arrays import Array
from bptui.core.graph.node import PRODUCT, SUM, UNARY
from bptui.explain.equation import Equation
from bptui.explain.expression import (
    Activated,
    Apply,
    Constant,
    Expression,
    Quantity,
    Scope,
    Setting,
    Stable,
    quantities,
)
from bptui.explain.lines import aligned
from bptui.explain.printer import Path, Printer, Token, operator, symbols_of
from bptui.explain.symbols import Symbols

MOST_PRINTED = 32
"""Numbers of an array that are printed whole."""
_EDGES = [0, 1, -2, -1]


def digits_of(value: float) -> str:
    """Write the shortest digits that read back as ``value``; 2 for 2.0."""
    return repr(value).removesuffix(".0")


@dataclass(frozen=True)
class NumpyPrinter(Printer):
    """Writes numpy code, which binds as Python does; ``numbers`` for the values themselves."""

    form = "code"
    minus = (UNARY, UNARY)
    own: ClassVar[Mapping[str, str]] = {
        "sum None": "np.sum({0})",
        "sum 0": "{0:atom}.sum(axis=0)",
        "sum 1": "{0:atom}.sum(axis=1, keepdims=True)",
        "log_sum_exp": "np.logaddexp.reduce({0}, axis=1, keepdims=True)",
        "ln_one_plus_exp": "np.logaddexp(0, {0})",
    }

    def code(self, node: Expression, level: int = SUM) -> str:
        """Return Python for an expression."""
        return symbols_of(self.tokens(node, level))

    def written(self, node: Expression, level: int, path: Path, nest: int) -> list[Token]:
        match node:
            case Activated(_, (_, body)) | Stable((_, body)):
                return self.tokens(body, level)
            case Apply("transpose" | "power"):
                template, binds = self.notation(node)
                return self.wrapped(self.filled(template, node, path, nest), level > binds)
            case Constant():
                found = self.leaf(node)
                fraction = "/" in found.symbol.split("(")[0]
                return self.wrapped([found], fraction and level > PRODUCT)
        return super().written(node, level, path, nest)

    def leaf(self, node: Expression) -> Token:
        match node:
            case Quantity(name):
                value = array_code(np.asarray(self.scope.value(node))) if self.numbers else ""
                return operator(value or self.symbols.code(name))
            case Setting(name, value):
                return operator(repr(value) if self.numbers else name)
            case Constant(value, text, code):
                # what has digits only in its code, such as len(target), is a name as others are
                named = code and (text or not self.numbers)
                return operator(code if named else digits_of(value))
        raise AssertionError(f"{type(node).__name__} is no leaf")

    def is_array(self, node: Expression) -> bool:
        return True

    def bracketed(self, tokens: Sequence[Token]) -> list[Token]:
        return [*tokens]

    def times(self, elementwise: bool = False) -> str:
        return " * "


def array_code(array: Array) -> str:
    """Write ``np.array([[0.9, 0.1]])``, a plain number for one without axes."""
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


def assignment(equation: Equation, symbols: Symbols) -> str:
    """Write ``gW1 = input.T @ delta_h``: needs numpy as np and the names that it reads."""
    return f"{symbols.code(equation.left.name)} = {expression_code(equation.expression, symbols)}"


def remarked(equation: Equation, symbols: Symbols, *remarks: str) -> str:
    """Write the assignment with ``remarks`` and what else is to be said of it as a comment."""
    new = [read.name for read in quantities(equation.expression) if symbols.is_new(read)]
    updated = f"{', '.join(dict.fromkeys(new))} after the update" if new else ""
    said = ", ".join(filter(None, [*remarks, updated, equation.note]))
    return f"{assignment(equation, symbols)}{f'  # {said}' if said else ''}"


def expression_code(
    node: Expression, symbols: Symbols, level: int = SUM, numbers: Equation | None = None
) -> str:
    """Write Python for an expression on arrays; with ``numbers`` values in place of names."""
    scope = Scope({}, {}) if numbers is None else numbers.scope
    return NumpyPrinter(symbols, scope, numbers=numbers is not None).code(node, level)


def array_lines(array: Array, digits: int = 7, columns: int = 75) -> list[str]:
    """Write the array much as numpy prints it in so many columns, large ones with dots."""
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
    """Write a long assignment over several lines, in parentheses, so that it stays one."""
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
