"""Edits of one statement, those first that change least.

An operand for another one in sight, a transpose, a factor or a term too many or missing, another
axis, a slice of the other end, ``+=`` for ``=``.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from itertools import combinations, permutations

from bptui.trace.mend.layouts import layouts, opposite
from bptui.trace.paths import SINGLE, at, called, of_numpy, places, put, replaced
from bptui.trace.step.multiples import Values

SLOPES = (
    *("{x} * (1 - {x})", "(1 - {x} ** 2)", "({x} > 0)", "{x} ** 2", "1 / {x}"),
    *("(1 - {x})", "np.sign({x})", "(1 - np.tanh({x}) ** 2)", "({x} - 1)"),
)
RECENT = 12
"""Names in sight whose products are tried."""
OFTEN = 4
"""How often an operand may stand in an expression of which some are exchanged."""


def edits(
    statement: ast.stmt, names: Mapping[str, Values], counts: Collection[str] = ()
) -> Iterator[ast.stmt]:
    """Yield the statement with one edit each, those first that change least.

    ``names`` are the expressions in sight with their values, one for each draw; ``counts`` the
    whole numbers that may be indices.
    """
    every = places(statement)
    for level in (_indices, _operands, layouts, _fewer, _numbers, _renamed):
        if level is _fewer:
            yield from turned_round(statement)
        for path in every:
            for new in level(at(statement, path), names):
                yield put(statement, path, new)
    for path in every:
        for new in _known(at(statement, path), names) if len(path) > 1 else ():
            yield put(statement, path, new)
    yield from _statements(statement, names, counts)
    for path in every[:1]:
        for new in _paths(at(statement, path), names):
            yield put(statement, path, new)
    for level in (_sloped, _more, _carried, _kinds, _centred, _wholes):
        for path in every[::-1] if level is _centred else every:
            for new in level(at(statement, path), names):
                yield put(statement, path, new)
    for path in reversed(every):  # of what has a name, where that will do
        for new in _sums(at(statement, path), names):
            yield put(statement, path, new)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> ast.expr:
    """Return an expression, which the edits of a statement share: most have it in many places."""
    return ast.parse(text, mode="eval").body


def _indices(node: ast.expr, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """Exchanged indices, or one that is not moved: the item at i, for the one at i - 1."""
    if not isinstance(node, ast.Subscript):
        return
    own = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    for index in own:
        match index:
            case ast.BinOp(left, ast.Add() | ast.Sub(), ast.Constant()):
                yield replaced(node, [index], left)
    inner = node.value
    if isinstance(inner, ast.Subscript):
        swapped = ast.Subscript(inner.value, node.slice, ast.Load())
        yield ast.Subscript(swapped, inner.slice, ast.Load())
    elif isinstance(node.slice, ast.Tuple) and len(node.slice.elts) == 2:
        turned = ast.Tuple(node.slice.elts[::-1], ast.Load())
        yield ast.Subscript(inner, turned, ast.Load())


def _operands(node: ast.AST, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """Another operand, of the same shape first; another length."""
    own = ast.unparse(node)
    if isinstance(node, ast.Call) and called(node) == "len":
        yield from (_parsed(name) for name in names if name.startswith("len(") and name != own)
        yield from _lengths(names)
    if own not in names or not isinstance(node, SINGLE):
        return
    shape = names[own][0].shape
    same = [name for name, values in names.items() if values[0].shape == shape and name != own]
    other = [
        name for name, values in names.items() if values[0].shape != shape and values[0].size > 1
    ]
    for name in [*same, *other]:
        yield _parsed(name)


def _fewer(node: ast.expr, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """One factor, term or function less."""
    if isinstance(node, ast.BinOp):
        yield node.left
        yield node.right
        for part in ast.walk(node):
            if isinstance(part, ast.BinOp | ast.Name | ast.Attribute | ast.Subscript):
                known = isinstance(part, ast.BinOp) or ast.unparse(part) in names
                if known and part is not node:
                    yield part
        for op in (ast.Add(), ast.Sub(), ast.Mult(), ast.Div()):
            if type(op) is not type(node.op):
                yield ast.BinOp(node.left, op, node.right)
    if isinstance(node, ast.UnaryOp):
        yield node.operand
    if isinstance(node, ast.Call):
        for part in ast.walk(node):
            if part is not node and isinstance(part, ast.expr) and ast.unparse(part) in names:
                yield part
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        yield node.args[0]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not of_numpy(node):
        yield node.func.value


def _numbers(node: ast.expr, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """Another small number for a number, another sign, twice or half as much, a slope of it.

    A power is a slope times the exponent that is one more.
    """
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield from (ast.Constant(other) for other in (0, 1, 2) if other != node.value)
        yield from _lengths(names)
    yield ast.UnaryOp(ast.USub(), node)
    yield ast.BinOp(ast.Constant(2), ast.Mult(), node)
    yield ast.BinOp(node, ast.Div(), ast.Constant(2))
    yield ast.BinOp(node, ast.Pow(), ast.Constant(2))
    match node:
        case ast.BinOp(_, ast.Pow(), ast.Constant(int(exponent))):
            yield ast.BinOp(ast.Constant(exponent + 1), ast.Mult(), node)
    own = ast.unparse(node)
    if own in names and _varies(names[own]):
        yield from (_parsed(slope.format(x=own)) for slope in SLOPES[1:])
    for name in [name for name, one in names.items() if not one[0].shape and "[" not in name]:
        of_array = own in names and names[own][0].shape
        pair = (_parsed(name), node) if of_array else (node, _parsed(name))
        yield ast.BinOp(pair[0], ast.Mult(), pair[1])
        yield ast.BinOp(node, ast.Div(), _parsed(name))


def _renamed(node: ast.expr, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """Another operand wherever, or in some of the places where, one stands: a slope of it."""
    if not isinstance(node, ast.BinOp):
        return
    found: dict[str, list[ast.expr]] = {}
    for part in ast.walk(node):
        if isinstance(part, SINGLE) and (own := ast.unparse(part)) in names:
            found.setdefault(own, []).append(part)
    for own, parts in found.items():
        shape = names[own][0].shape
        same = [name for name, one in names.items() if one[0].shape == shape and name != own]
        sizes = range(len(parts), 1, -1) if len(parts) <= OFTEN else ()
        for some in (some for size in sizes for some in combinations(parts, size)):
            for name in same:
                yield replaced(node, some, _parsed(name))


def _known(node: ast.AST, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """What has a name, for what is computed or is a part of something."""
    if isinstance(node, ast.BinOp | ast.Call | ast.Subscript):
        yield from (_parsed(name) for name, values in names.items() if values[0].shape)


def _sloped(node: ast.expr, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """Times a slope of its shape: of a gradient, rather than of what it is multiplied with."""
    shape = _shape(node, names)
    for name, values in names.items() if shape else ():
        if values[0].shape == shape:
            for slope in SLOPES:
                inverse = slope.startswith("1 / ")
                op, text = (ast.Div(), "{x}") if inverse else (ast.Mult(), slope)
                yield ast.BinOp(node, op, _parsed(text.format(x=name)))


def _shape(node: ast.expr, names: Mapping[str, Values]) -> tuple[int, ...]:
    """Return the shape of what has a name, or is made of that number by number."""
    if (own := names.get(ast.unparse(node))) is not None:
        return tuple(own[0].shape)
    if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.MatMult):
        return max(_shape(node.left, names), _shape(node.right, names), key=len)
    return ()


def _more(node: ast.expr, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """One factor, divisor or term more, a length or a slope of something in sight too."""
    for name in names:
        other = _parsed(name)
        if isinstance(node, ast.Constant) and node.value == 1:
            yield other
        terms = () if isinstance(node, ast.Constant) else (ast.Add(), ast.Sub())
        for op in (ast.Mult(), ast.Div(), *terms):
            yield ast.BinOp(node, op, other)
    for length in _lengths(names):
        for op in (ast.Div(), ast.Mult()):
            yield ast.BinOp(node, op, length)
    shape = _shape(node, names)
    for name, values in names.items():
        known = shape and values[0].shape == shape  # it was tried, as _sloped
        if not known and (values[0].size > 1 or (len(names) < 40 and _varies(names[name]))):
            for slope in SLOPES:
                yield ast.BinOp(node, ast.Mult(), _parsed(slope.format(x=name)))


def _varies(values: Values) -> bool:
    """Whether values are others in other draws, or many: a rate or a count has no slope."""
    first, *others = values
    return first.size > 1 or any((first != other).any() for other in others)


def _lengths(names: Mapping[str, Values]) -> list[ast.expr]:
    """Return the lengths of what is in sight, each once: by 1 nothing is divided."""
    lengths = {values[0].shape[0]: name for name, values in names.items() if values[0].ndim}
    return [_parsed(f"len({name})") for length, name in lengths.items() if length > 1]


def _carried(node: ast.expr, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """A product of two matrices for an operand: what weights carry back."""
    own = ast.unparse(node)
    if own not in names or names[own][0].ndim != 2:
        return
    matrices = {name: values[0].shape for name, values in names.items() if values[0].ndim == 2}
    for a, b in permutations([*matrices][:RECENT], 2):
        for fits, text in (
            (matrices[a][0] == matrices[b][0], f"{a}.T @ {b}"),
            (matrices[a][1] == matrices[b][1], f"{a} @ {b}.T"),
            (matrices[a][1] == matrices[b][0], f"{a} @ {b}"),
        ):
            if fits:
                yield _parsed(text)


def _kinds(node: ast.expr, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """A slope of something else for a whole factor, or times what a function is given."""
    if isinstance(node, ast.Call):
        for argument in node.args:
            for name in names:
                for slope in SLOPES if _varies(names[name]) else ():
                    yield ast.BinOp(argument, ast.Mult(), _parsed(slope.format(x=name)))
    for name in names:
        for slope in SLOPES if _varies(names[name]) else ():
            yield _parsed(slope.format(x=name))


def _centred(node: ast.expr, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """What flows back through a mean, too."""
    text = ast.unparse(node)
    axes = range(max([2, *(values[0].ndim for values in names.values())]))
    for axis in axes if isinstance(node, ast.BinOp | ast.Call | ast.Name) else ():
        yield _parsed(f"{text} - np.mean({text}, axis={axis})")
        yield _parsed(f"{text} - np.mean({text}, axis={axis}, keepdims=True)")


def _wholes(node: ast.expr, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """What flows back through a softmax and a norm, for all that is computed; its Jacobian, too."""
    if not isinstance(node, ast.BinOp | ast.Call | ast.Name):
        return
    text = ast.unparse(node)
    parts = (part for part in ast.walk(node) if isinstance(part, ast.BinOp) and part is not node)
    backs = [*dict.fromkeys((*names, *map(ast.unparse, parts)))]
    for out, shape in ((name, values[0].shape) for name, values in names.items()):
        if len(shape) == 1:
            yield _parsed(f"np.diag({out}) - np.outer({out}, {out})")
        elif shape[1:] == (1,):
            yield _parsed(f"np.diagflat({out}) - {out} @ {out}.T")
        for axis in (0, -1) if len(shape) > 1 else (0,)[: len(shape)]:
            for back in backs if shape[axis] > 1 else ():
                if back != out:
                    total = f"(({back}) * {out}, axis={axis}, keepdims=True)"
                    yield _parsed(f"{out} * ({back} - np.sum{total})")
                    if back == text or (back in names and names[back][0].shape == shape):
                        yield _parsed(f"{text} - {out} * np.sum{total}")
                        yield _parsed(f"{text} - {out} * np.mean{total}")


def _paths(node: ast.expr, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """Yield a sum with what goes another way: a product of two things of one shape in sight."""
    read = {ast.unparse(part) for part in ast.walk(node) if isinstance(part, SINGLE)}
    for one, two in combinations([name for name in names if name not in read], 2):
        if names[one][0].shape == names[two][0].shape:
            product = _parsed(f"{one} * {two}")
            yield ast.BinOp(node, ast.Add(), product)
            yield ast.BinOp(node, ast.Sub(), product)


def accumulated(statement: ast.stmt) -> Iterator[ast.AugAssign]:
    """Yield the statement with ``+=`` for the ``=`` of a variable, or of a part of something."""
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], SINGLE):
        yield _augmented(statement, ast.Add())


def exchanged(statement: ast.stmt, texts: Mapping[str, str]) -> Iterator[ast.stmt]:
    """Yield the statement with expressions exchanged for what ``texts`` have for them."""
    for path in places(statement):
        text = texts.get(ast.unparse(at(statement, path)))
        if text is not None:
            yield put(statement, path, _parsed(text))


def simpler(made: ast.stmt, original: ast.stmt) -> Iterator[ast.stmt]:
    """Yield an edited statement without a square or a mean that the original has not.

    Of numbers that are 0 or 1 squares change nothing, nor do means over a length of 1.
    """
    known = ast.unparse(original)
    for path in places(made):
        node = at(made, path)
        if ast.unparse(node) not in known:
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
                yield put(made, path, node.left)
            elif isinstance(node, ast.Call) and called(node) == "mean" and node.args:
                yield put(made, path, node.args[0])


def _augmented(statement: ast.Assign, op: ast.operator) -> ast.AugAssign:
    target = copy.deepcopy(statement.targets[0])
    assert isinstance(target, SINGLE)
    return ast.AugAssign(target, op, copy.deepcopy(statement.value))


def turned_round(statement: ast.stmt) -> Iterator[ast.AugAssign]:
    """``-=`` for ``+=``, or the other way round."""
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add | ast.Sub):
        op = ast.Sub() if isinstance(statement.op, ast.Add) else ast.Add()
        yield ast.AugAssign(statement.target, op, statement.value)


def _statements(
    statement: ast.stmt, names: Mapping[str, Values], counts: Collection[str]
) -> Iterator[ast.stmt]:
    """Another kind of assignment, or other numbers of an array that get something."""
    target = getattr(statement, "target", getattr(statement, "targets", [None])[0])
    for part in ast.walk(getattr(target, "slice", ast.Pass())):
        own = ast.unparse(part)
        others = [name for name in counts if name != own] if own in counts else ()
        named = (*_operands(part, names), *_known(part, names))
        for other in (*opposite(part), *map(_parsed, others), *named):
            yield replaced(statement, [part], other)
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], SINGLE):
        for op in (ast.Sub(), ast.Add(), ast.Mult()):
            yield _augmented(statement, op)
    if isinstance(statement, ast.AugAssign):
        if isinstance(statement.target, ast.Subscript) and isinstance(
            statement.op, ast.Add | ast.Sub
        ):
            at = "np.add.at" if isinstance(statement.op, ast.Add) else "np.subtract.at"
            array = copy.deepcopy(statement.target.value)
            for part in ast.walk(array):
                if hasattr(part, "ctx"):
                    part.ctx = ast.Load()
            index = statement.target.slice
            if any(isinstance(part, ast.Slice) for part in ast.walk(index)):
                index = ast.Subscript(_parsed("np.s_"), index, ast.Load())
            arguments = [array, index, statement.value]
            yield ast.Expr(ast.Call(_parsed(at), arguments, []))
        yield ast.Assign(
            [copy.deepcopy(statement.target)], copy.deepcopy(statement.value), lineno=0
        )


def _sums(node: ast.expr, names: Mapping[str, Values]) -> Iterator[ast.expr]:
    """Yield the sums over the samples of what is kept for each; for a number those in sight."""
    of_number = [name for name, values in names.items() if values[0].ndim]
    for text in of_number if isinstance(node, ast.Constant) else [f"({ast.unparse(node)})"]:
        for axis in (0, 1):
            for keep in ("", ", keepdims=True"):
                yield _parsed(f"{text}.sum(axis={axis}{keep})")
