"""From expressions on arrays to expressions on single numbers, and those written out further."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bptui.core.derivation.expression import (
    Expression,
    Index,
    LastSample,
    LogSumExp,
    MatrixProduct,
    Product,
    Quantity,
    Series,
    Sum,
    Total,
    Transposed,
    rebuild,
    times,
)
from bptui.core.derivation.scope import Scope

SAMPLES, UNITS = "samples", "units"


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
            count = scope.shape(left)[1]
            lefts = _numbers(left, [(row, k) for k in range(count)], scope)
            rights = _numbers(right, [(k, column) for k in range(count)], scope)
            # the error's part first, as it is written by hand
            pairs = (
                zip(rights, lefts, strict=True)
                if isinstance(left, Transposed)
                else zip(lefts, rights, strict=True)
            )
            return series([_product(*pair) for pair in pairs], _inner(left))
        case Total(of, axis, rows_of):
            samples, units = scope.shape(of)
            if axis == 0:
                return series([part(of, (n, *index)) for n in range(samples)], SAMPLES)
            if axis == 1:
                return series([part(of, (index[0], k)) for k in range(units)], UNITS)
            if rows_of == UNITS:
                cells = [part(of, (i, k)) for k in range(units) for i in range(samples)]
                return series(cells, UNITS)
            rows = [series([part(of, (n, k)) for k in range(units)], UNITS) for n in range(samples)]
            return series(rows, SAMPLES)
        case LastSample(of):
            return part(of, (scope.shape(of)[0] - 1, *index))
        case LogSumExp(of):
            units = scope.shape(of)[1]
            terms = tuple(part(of, (index[0], k)) for k in range(units))
            return LogSumExp(Series(terms, UNITS, tuple(range(units))))
        case Sum(terms):
            parts = tuple(part(each, index) for each in terms)
            if all(isinstance(each, Series) and each.over == UNITS for each in parts):
                return series(parts, UNITS)  # the squared weights of one layer after the other
            return Sum(parts)
        case _:
            return rebuild(node, lambda each: part(each, index))


def _numbers(node: Expression, places: list[Index], scope: Scope) -> list[Expression]:
    """The numbers of an expression at these places; quickly where it is a matrix: they are many."""
    match node:
        case Quantity(name, _, new):
            return [Quantity(name, place, new) for place in places]
        case Transposed(Quantity(name, _, new)):
            return [Quantity(name, place[::-1], new) for place in places]
        case _:
            return [element(node, place, scope) for place in places]


def _product(first: Expression, second: Expression) -> Expression:
    if isinstance(first, Quantity) and isinstance(second, Quantity):
        return Product((first, second))
    return times(first, second)


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
    return flat[0] if len(flat) == 1 else Series(tuple(flat), over, tuple(range(len(flat))))


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
