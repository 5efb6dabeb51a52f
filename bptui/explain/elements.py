"""From expressions on arrays to expressions on single numbers, and those written out further."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from bptui.core.arrays import Array
from bptui.explain.expression import (
    Expression,
    Index,
    LastSample,
    LogSumExp,
    MatrixProduct,
    Product,
    Quantity,
    Rest,
    Series,
    Sum,
    Total,
    Transposed,
    rebuild,
    times,
)
from bptui.explain.printer import MOST_TERMS
from bptui.explain.scope import Scope, evaluate

SAMPLES, UNITS = "samples", "units"
LONGEST = 100
"""Terms of a sum, of which a node each is made; of longer ones only for those written out."""


def element(node: Expression, index: Index, scope: Scope) -> Expression:
    """One number of an expression on arrays: ``(x W)[n, j]`` is a series of products.

    ``index`` counts from 0; (sample, unit) for what a batch has, (source, unit) for weights.
    """

    def part(of: Expression, at: Index) -> Expression:
        return element(of, at, scope)

    match node:
        case Quantity():
            shape = scope.value(node).shape
            aligned = index[len(index) - len(shape) :]
            # broadcast: a size of 1 is there once for all
            place = tuple(map(min, aligned, (n - 1 for n in shape)))
            return Quantity(node.name, place, node.new)
        case Transposed(of):
            return part(of, index[::-1])
        case MatrixProduct(left, right):
            row, column = index
            # the error's part first, as it is written by hand
            order = -1 if isinstance(left, Transposed) else 1
            terms = _terms(
                scope.shape(left)[1],
                lambda k: times(*[part(left, (row, k)), part(right, (k, column))][::order]),
                lambda: evaluate(left, scope)[row] * evaluate(right, scope)[:, column],
            )
            return series(terms, _inner(left))
        case Total(of, axis, rows_of):
            rows, columns = scope.shape(of)
            if axis is not None:
                (at,) = index[:1]
                terms = _terms(
                    columns if axis else rows,
                    lambda k: part(of, (at, k) if axis else (k, at)),
                    lambda: evaluate(of, scope).take([at], 1 - axis).ravel(),
                )
                return series(terms, UNITS if axis else SAMPLES)
            if rows_of == UNITS:
                terms = _terms(
                    rows * columns,
                    lambda cell: part(of, (cell % rows, cell // rows)),
                    lambda: evaluate(of, scope).ravel("F"),
                )
                return series(terms, UNITS)
            terms = _terms(
                rows, lambda n: part(Total(of, 1), (n,)), lambda: evaluate(of, scope).sum(axis=1)
            )
            return series(terms, SAMPLES)
        case LastSample(of):
            return part(of, (scope.shape(of)[0] - 1, *index))
        case LogSumExp(of):
            terms = _terms(
                scope.shape(of)[1],
                lambda k: part(of, (index[0], k)),
                lambda: evaluate(of, scope)[index[0]],
                np.logaddexp,
            )
            return LogSumExp(Series(terms, UNITS))
        case Sum(terms):
            parts = tuple(part(each, index) for each in terms)
            if all(isinstance(each, Series) and each.over == UNITS for each in parts):
                return series(parts, UNITS)  # the squared weights of one layer after the other
            return Sum(parts)
        case _:
            return rebuild(node, lambda each: part(each, index))


def _terms(
    count: int,
    term: Callable[[int], Expression],
    values: Callable[[], Array],
    add: np.ufunc = np.add,
) -> tuple[Expression, ...]:
    """The terms of a sum; of a long one those that are written out, and the sum of the others.

    ``values`` are those of all terms.
    """
    if count <= LONGEST:
        return tuple(map(term, range(count)))
    first, last = range(MOST_TERMS - 1), count - 1
    rest = Rest(last - len(first), float(add.reduce(values()[len(first) : last])))
    return (*map(term, first), rest, term(last))


def _inner(left: Expression) -> str:
    """What a matrix product sums over: a transposed batch is summed over its samples."""
    return SAMPLES if isinstance(left, Transposed) else UNITS


def series(terms: Iterable[Expression], over: str) -> Expression:
    """A sum over samples or units; the only term where there is one.

    The terms of a sum over the same within it become its own.
    """
    flat: list[Expression] = []
    for each in terms:
        flat += each.terms if isinstance(each, Series) and each.over == over else (each,)
    return flat[0] if len(flat) == 1 else Series(tuple(flat), over)


def expand(
    node: Expression, definitions: Mapping[str, Expression], scope: Scope, names: frozenset[str]
) -> Expression:
    """Single numbers of the quantities in ``names`` replaced by what they are computed from.

    Products are multiplied out over series: the article's way, a term for every path.
    """
    if isinstance(node, Quantity):
        if node.name not in names or node.index is None or node.new:
            return node
        inner = element(definitions[node.name], node.index, scope)
        return expand(inner, definitions, scope, names)
    changed = rebuild(node, lambda each: expand(each, definitions, scope, names))
    if isinstance(changed, Series):
        return series(changed.terms, changed.over)
    return distributed(changed) if isinstance(changed, Product) else changed


def distributed(product: Product) -> Expression:
    """(a + b) c as a c + b c, for the first series among the factors."""
    for place, factor in enumerate(product.factors):
        if isinstance(factor, Series):
            before, after = product.factors[:place], product.factors[place + 1 :]
            terms = [times(*before, term, *after) for term in factor.terms]
            return series(
                (distributed(each) if isinstance(each, Product) else each for each in terms),
                factor.over,
            )
    return product
