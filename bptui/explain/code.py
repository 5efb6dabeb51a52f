"""The numpy form: expressions on arrays as lines of Python that compute them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bptui.core.arrays import Array
from bptui.explain.equation import Equation
from bptui.explain.expression import (
    Activated,
    Constant,
    Expression,
    Power,
    Quantity,
    Setting,
    Stable,
    Transposed,
    quantities,
)
from bptui.explain.printer import (
    ATOM,
    POWER,
    PRODUCT,
    SUM,
    UNARY,
    Path,
    Printer,
    Token,
    aligned,
    operator,
)
from bptui.explain.scope import Scope
from bptui.explain.symbols import Symbols

MOST_PRINTED = 32
"""Numbers of an array that are printed whole."""
_EDGES = [0, 1, -2, -1]


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
    node: Expression, symbols: Symbols, level: int = SUM, numbers: Equation | None = None
) -> str:
    """Python for an expression on arrays; with ``numbers``, their values instead of names."""
    scope = Scope({}, {}) if numbers is None else numbers.scope
    return NumpyPrinter(symbols, scope, numbers=numbers is not None).code(node, level)


@dataclass(frozen=True)
class NumpyPrinter(Printer):
    """Binds as Python does; ``numbers`` for the values themselves."""

    negative = negated = UNARY
    calls: ClassVar[Mapping[str, str]] = {
        "": "np.name(«0»)",
        "ln": "np.log(«0»)",
        "ln_one_plus_exp": "np.logaddexp(0, «0»)",
        "Maximum": "np.maximum(«0», «1»)",
        "Minimum": "np.minimum(«0», «1»)",
        "Choice": "np.where(«0» > 0, «1», «2»)",
        "Transposed": "«0:atom».T",
        "LastSample": "«0:atom»[-1]",
        "LogSumExp": "np.logaddexp.reduce(«0», axis=1, keepdims=True)",
        "Total": "np.sum(«0»)",
        "Total 0": "«0:atom».sum(axis=0)",
        "Total 1": "«0:atom».sum(axis=1, keepdims=True)",
    }

    def code(self, node: Expression, level: int = SUM) -> str:
        return "".join(token.symbol for token in self.tokens(node, level))

    def written(self, node: Expression, level: int, path: Path, nest: int) -> list[Token]:
        match node:
            case Activated(_, _, body) | Stable(_, body):
                return self.tokens(body, level)
            case Transposed(Quantity()):
                return self.called("Transposed", node, path, nest)
            case Constant():
                found = super().written(node, level, path, nest)
                fraction = "/" in found[0].symbol.split("(")[0]
                return self.wrapped(found, fraction and level > PRODUCT)
            case Power(base, exponent):
                found = [*self.tokens(base, ATOM), operator(" ** "), *self.tokens(exponent, POWER)]
                return self.wrapped(found, level > POWER)
            case _:
                return super().written(node, level, path, nest)

    def leaf(self, node: Expression) -> Token:
        match node:
            case Quantity(name) if self.numbers:
                return operator(array_code(np.asarray(self.scope.value(node))))
            case Quantity(name):
                return operator(self.symbols.code(name))
            case Setting(name, value):
                return operator(repr(value) if self.numbers else name)
            case Constant(value, shown, code):
                # what has digits only in its code, such as len(target), is a name as others are
                return operator(code if code and (shown or not self.numbers) else digits(value))
        raise AssertionError(f"{type(node).__name__} is no leaf")

    def is_array(self, node: Expression) -> bool:
        return True

    def sign(self, name: str, breaks: int = 0) -> Token:
        return operator(" @ " if name == "matrix_times" else " * ", breaks)


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
