"""Writes a wrong line as it should stand: the smallest edit of it that gives the right numbers."""

from __future__ import annotations

import ast
import builtins
import operator
import warnings
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import repeat
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from bptui.trace.mend.held_values import Held
from bptui.trace.mend.recalled import Recalled
from bptui.trace.paths import SINGLE
from bptui.trace.step.multiples import Numbers, Values, right_value

TARGET = "__target"
LOADED = ast.Name(TARGET, ast.Load())
SAFE = (
    "abs divmod enumerate float int len list map max min pow range reversed round slice str sorted"
)
BUILTINS = {
    name: getattr(builtins, name) for name in (*SAFE.split(), "sum", "tuple", "zip", "bool")
}
BINARY: dict[type[ast.operator], tuple[Callable[..., Any], Callable[..., Any]]] = {
    ast.Add: (operator.add, operator.iadd),
    ast.Sub: (operator.sub, operator.isub),
    ast.Mult: (operator.mul, operator.imul),
    ast.MatMult: (operator.matmul, operator.imatmul),
    ast.Div: (operator.truediv, operator.itruediv),
    ast.FloorDiv: (operator.floordiv, operator.ifloordiv),
    ast.Mod: (operator.mod, operator.imod),
    ast.Pow: (operator.pow, operator.ipow),
    ast.BitAnd: (operator.and_, operator.iand),
    ast.BitOr: (operator.or_, operator.ior),
    ast.BitXor: (operator.xor, operator.ixor),
}
"""Python's operators, each with that which changes what stands before it."""
UNARY: dict[type[ast.unaryop], Callable[..., Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Invert: operator.invert,
}
COMPARISONS: dict[type[ast.cmpop], Callable[..., Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda one, several: one in several,
    ast.NotIn: lambda one, several: one not in several,
}
Seen: TypeAlias = dict[str, Any]
"""What is in sight, by its text."""
Computed: TypeAlias = Callable[[Seen], Any]


def written(statement: ast.stmt | None) -> str | None:
    """Return a statement's text, on one line."""
    return None if statement is None else ast.unparse(ast.fix_missing_locations(statement))


class Sight(NamedTuple):
    """What a statement can be evaluated with: all that is in its sight."""

    names: Mapping[str, Values]
    known: Mapping[str, Any]
    before: Values | None = None
    """What it changes, as it was."""
    variable: str = ""
    entry: int = -1
    """What it makes."""

    @property
    def counts(self) -> list[str]:
        """The names of whole numbers."""
        return [name for name, value in self.known.items() if type(value) is int]


class Evaluation:
    """Carries out statements with known values and numpy: nothing else of the program is there."""

    def __init__(self, *turns: Sight) -> None:
        """Take what is in sight in the turns of a loop, each of which changes what the last gave.

        ``before`` the first one, what they change has the value that is in its sight.
        """
        self.before, self.variable = turns[0].before, turns[0].variable
        names = list(dict.fromkeys(name for turn in turns for name in turn.names))
        known = (pair for turn in turns for pair in turn.known.items())
        functions = {name for name, one in known if isinstance(one, Recalled)}
        self.computing = _Computing(names, functions)
        self.changed = self.variable or TARGET
        """How the statement reads what it changes."""
        self.turns, draws = len(turns), range(len(next(iter(turns[0].names.values()), [])))
        self.draws = [[_seen(turn, draw) for turn in turns] for draw in draws]

    def of(self, statement: ast.stmt, wanted: Values | None = None) -> Values | None:
        """Return what a statement gives its target in each draw; None where it fails.

        It fails soon where the first draw is no multiple of what is ``wanted``.
        """
        made = list[Any]()
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # numpy has doubts about some edits
            try:
                change = self._change(statement)
                for turns, old in zip(self.draws, self.before or repeat(None), strict=False):
                    value = self._behind(change, turns, old)
                    if value is None:
                        return None
                    made.append(np.asarray(value, dtype=np.float64))
                    first = wanted if len(made) == 1 else None
                    if first and not right_value(made, first[:1], exact=False):
                        return None
            except Exception:  # whatever an edited statement may raise
                return None
        return made

    def each(self, texts: Iterable[str]) -> list[dict[str, Values]]:
        """Return for each turn the values of expressions that are arrays, or numbers."""
        found: list[dict[str, Values]] = [{} for _ in range(self.turns)]
        for text in texts:
            for turn, values in enumerate(found):
                with warnings.catch_warnings(), np.errstate(all="ignore"), suppress(Exception):
                    warnings.simplefilter("ignore")
                    of = self.computing.made(ast.parse(text, mode="eval").body)
                    made = [of(draw[turn]) for draw in self.draws]
                    if made and all(isinstance(n, float | np.ndarray | np.generic) for n in made):
                        values[text] = list(map(np.asarray, made))
        return found

    def _behind(self, change: Computed, turns: Iterable[Seen], old: Numbers | None) -> Any:  # noqa: ANN401
        """Return what the target is behind all turns."""
        before = None if old is None else np.array(old)
        given = {} if before is None else {TARGET: before if before.ndim else float(before)}
        for seen in turns:
            value = change(seen | given if given else seen)
            given = {TARGET: value, self.changed: value}
        return given[TARGET]

    def _change(self, statement: ast.stmt) -> Computed:
        """Return what computes the new value of the variable that a statement changes."""
        made = self.computing.made
        match statement:
            case ast.Return(value):
                return made(value or ast.Constant(None))
            case ast.Expr(ast.Call(func, arguments, words)):
                others = [one for one in words if one.arg != "out"]
                if len(others) < len(words):  # np.clip(array, -1, 1, out=array)
                    return made(ast.Call(func, arguments, others))
                # np.add.at(array, index, values)
                call = made(ast.Call(func, [LOADED, *arguments[1:]], words))
                return lambda seen: (call(seen), seen[TARGET])[1]
            case ast.Assign([target, *_], value) | ast.AnnAssign(target, _, ast.expr() as value):
                change = None
            case ast.AugAssign(target, op, value):
                change = BINARY[type(op)][1]
            case _:
                raise ValueError("it changes nothing")
        new = made(value)
        if not isinstance(target, ast.Subscript) or ast.unparse(target.value) != self.variable:
            return (lambda seen: change(seen[TARGET], new(seen))) if change else new
        index = made(target.slice)

        def put(seen: Seen) -> Any:  # noqa: ANN401  the variable of which a part is changed
            whole, at = seen[TARGET], index(seen)
            whole[at] = change(whole[at], new(seen)) if change else new(seen)
            return whole

        return put


def _seen(turn: Sight, draw: int) -> Seen:
    """Return what a statement sees in a turn."""
    seen: Seen = {**BUILTINS, "np": np}
    for name, one in turn.known.items():
        seen[name] = one.in_draw(draw) if isinstance(one, Recalled | Held) else one
    return seen | {name: drawn[draw] for name, drawn in turn.names.items()}


class _Computing:
    """Makes of expressions what computes them, from the values of those that are known.

    What holds the variable of a comprehension has another value in each of its turns. Statements
    share much: what was made of it once is made once.
    """

    def __init__(self, names: Container[str], functions: Container[str]) -> None:
        self.names, self.functions = names, functions
        self.known: dict[tuple[int, frozenset[str]], tuple[ast.AST, Computed]] = {}
        """What was made of nodes, which are kept alive."""

    def made(self, node: ast.expr, turning: frozenset[str] = frozenset()) -> Computed:
        """Return what computes an expression, in sight of the variables of comprehensions."""
        key = id(node), turning
        if key not in self.known:
            self.known[key] = node, self._new(node, turning)
        return self.known[key][1]

    def _new(self, node: ast.expr, turning: frozenset[str]) -> Computed:
        """Raise :class:`ValueError` or :class:`KeyError` for what is not carried out."""
        text = ast.unparse(node) if isinstance(node, SINGLE) else ""
        if text in self.names and not (turning and turning & read_in(node)):
            return operator.itemgetter(text)
        made = partial(self.made, turning=turning)
        match node:
            case ast.Name(name):
                return operator.itemgetter(name)
            case ast.Constant(value):
                return lambda seen: value
            case ast.BinOp(left, op, right):
                one, two, both = made(left), made(right), BINARY[type(op)][0]
                return lambda seen: both(one(seen), two(seen))
            case ast.UnaryOp(sign, operand):
                one, signed = made(operand), UNARY[type(sign)]
                return lambda seen: signed(one(seen))
            case ast.Compare(left, [comparison], [right]):
                one, two, both = made(left), made(right), COMPARISONS[type(comparison)]
                return lambda seen: both(one(seen), two(seen))
            case ast.Compare(left, ops, others):
                pairs = zip([left, *others], ops, others, strict=False)
                every: list[ast.expr] = [ast.Compare(a, [op], [b]) for a, op, b in pairs]
                return made(ast.BoolOp(ast.And(), every))
            case ast.BoolOp(op, [first, *rest]):
                one, two = made(first), made(ast.BoolOp(op, rest) if rest[1:] else rest[0])
                decisive = isinstance(op, ast.Or)
                return lambda seen: v if bool(v := one(seen)) is decisive else two(seen)
            case ast.Attribute(owner, name):
                one = made(owner)
                return lambda seen: getattr(one(seen), name)
            case ast.Subscript(array, index):
                one, two = made(array), made(index)
                return lambda seen: one(seen)[two(seen)]
            case ast.Slice():
                ends = [
                    made(end or ast.Constant(None)) for end in (node.lower, node.upper, node.step)
                ]
                return lambda seen: slice(*(end(seen) for end in ends))
            case ast.Call():
                return self._call(node, turning)
            case ast.List(parts):
                return self._several(parts, turning)
            case ast.Tuple(parts):
                several = self._several(parts, turning)
                return lambda seen: tuple(several(seen))
            case ast.IfExp(test, one_way, other_way):
                decides, one, two = made(test), made(one_way), made(other_way)
                return lambda seen: one(seen) if decides(seen) else two(seen)
            case ast.JoinedStr(parts):
                several = self._several(parts, turning)
                return lambda seen: "".join(several(seen))
            case ast.FormattedValue(value, -1, None):
                one = made(value)
                return lambda seen: str(one(seen))
            case ast.ListComp(part, loops) | ast.GeneratorExp(part, loops):
                return self._loop(part, loops, turning)
        raise ValueError(ast.unparse(node))

    def _several(self, parts: Sequence[ast.expr], turning: frozenset[str]) -> Computed:
        """Return what computes a list of expressions, some of which are unpacked."""
        unpacked = [isinstance(part, ast.Starred) for part in parts]
        inner = [part.value if isinstance(part, ast.Starred) else part for part in parts]
        made = [self.made(part, turning) for part in inner]
        if not any(unpacked):
            return lambda seen: [one(seen) for one in made]
        pairs = list(zip(made, unpacked, strict=True))
        return lambda seen: [
            value for one, many in pairs for value in (one(seen) if many else (one(seen),))
        ]

    def _call(self, node: ast.Call, turning: frozenset[str]) -> Computed:
        func, arguments = node.func, self._several(node.args, turning)
        if isinstance(func, ast.Attribute) and func.attr in self.functions:
            owner = ast.unparse(func.value)
            if owner not in self.names and owner not in ("np", "numpy"):
                func = ast.Name(func.attr)  # a method of a program's class
        function, words = self.made(func, turning), node.keywords
        if not words:
            return lambda seen: function(seen)(*arguments(seen))
        made = [(word.arg or "", self.made(word.value, turning)) for word in words]
        return lambda seen: function(seen)(
            *arguments(seen), **{name: one(seen) for name, one in made}
        )

    def _loop(
        self, part: ast.expr, loops: Sequence[ast.comprehension], turning: frozenset[str]
    ) -> Computed:
        """Return what computes the list of what a comprehension gives."""
        turning |= {name for loop in loops for name in read_in(loop.target)}
        made = [
            (loop.target, self.made(loop.iter, turning), self._several(loop.ifs, turning))
            for loop in loops
        ]
        of = self.made(part, turning)

        def turns(seen: Seen, number: int = 0) -> Iterator[Any]:
            if number == len(made):
                yield of(seen)
                return
            target, every, tests = made[number]
            for value in every(seen):
                now = seen | _given(target, value)
                if all(tests(now)):
                    yield from turns(now, number + 1)

        return lambda seen: list(turns(seen))


def _given(target: ast.expr, value: Any) -> Seen:  # noqa: ANN401  whatever a loop goes through
    """Return what names in the target of a loop are in one of its turns."""
    if isinstance(target, ast.Tuple | ast.List):
        parts = zip(target.elts, value, strict=True)
        return {name: one for pair in parts for name, one in _given(*pair).items()}
    return {ast.unparse(target): value}


def read_in(node: ast.AST) -> set[str]:
    """Return the names in a statement, or in a part of one."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
