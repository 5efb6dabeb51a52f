"""Rewrites a program's source so that every operation on numbers passes through a recorder.

What the program computes stays the same to the bit: the recorder carries out each operation with
the very objects that the program has, and only takes notes. This module and the recorder run in
the user's Python, so they import the standard library and numpy alone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

RECORDER = "__bptui__"
"""The name by which rewritten code reaches its recorder."""
PLAIN_CALLS = frozenset(
    "super locals globals vars dir eval exec compile input print range len isinstance issubclass "
    "type open getattr hasattr callable id hash repr str format super iter next".split()
)
"""Built-ins that compute no numbers, or look at the frame that calls them."""
WATCHED_ATTRIBUTES = frozenset({"T", "mT", "real", "flat"})


class Positions:
    """The places of expressions in the source: each place is known by its number in a list."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.places: list[tuple[int, int, int, int]] = []

    def number(self, node: ast.AST) -> int:
        """Return the number of a node's place (first line, column, last line, column)."""
        line, column = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
        end = getattr(node, "end_lineno", None) or line
        self.places.append((line, column, end, getattr(node, "end_col_offset", None) or column))
        return len(self.places) - 1


def instrumented(source: str, file: str, first_place: int = 0) -> tuple[ast.Module, Positions]:
    """Return the rewritten program, ready to compile, and its places, counted from ``first_place``.

    Raises :class:`SyntaxError` as the compiler would.
    """
    tree = ast.parse(source, file)
    positions = Positions(file)
    tree = _Rewriter(positions, first_place).visit(tree)
    return ast.fix_missing_locations(tree), positions


class _Rewriter(ast.NodeTransformer):
    def __init__(self, positions: Positions, first_place: int) -> None:
        self.positions, self.first_place = positions, first_place
        self.classes: list[str] = []
        self.functions: list[str] = []
        self.made = 0

    # helpers

    def hook(self, name: str, *arguments: ast.expr) -> ast.Call:
        recorder = ast.Name(RECORDER, ast.Load())
        return ast.Call(ast.Attribute(recorder, name, ast.Load()), list(arguments), [])

    def at(self, node: ast.AST) -> ast.Constant:
        return ast.Constant(self.first_place + self.positions.number(node))

    def like(self, new: ast.expr, old: ast.AST) -> ast.expr:
        return ast.copy_location(new, old)

    def fresh(self) -> str:
        self.made += 1
        return f"__bptui_{self.made}"

    def private(self, attribute: str) -> str:
        """Return an attribute's name as the compiler mangles it within a class."""
        if self.classes and attribute.startswith("__") and not attribute.endswith("__"):
            return f"_{self.classes[-1].lstrip('_')}{attribute}"
        return attribute

    # expressions

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if type(node.value) is float:
            return self.like(self.hook("number", ast.Constant(node.value)), node)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                part.value = self.visit(part.value)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        at, sign = self.at(node), ast.Constant(type(node.op).__name__)
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
            return self.like(ast.BinOp(left, node.op, right), node)  # formats a text
        return self.like(self.hook("binary", at, sign, left, right), node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        at, operand = self.at(node), self.visit(node.operand)
        if isinstance(node.op, ast.Not):
            return self.like(ast.UnaryOp(node.op, operand), node)
        return self.like(self.hook("unary", at, ast.Constant(type(node.op).__name__), operand), node)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        at, left = self.at(node), self.visit(node.left)
        others = [self.visit(other) for other in node.comparators]
        kinds = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
        if len(others) == 1 and isinstance(node.ops[0], kinds):
            sign = ast.Constant(type(node.ops[0]).__name__)
            return self.like(self.hook("compare", at, sign, left, others[0]), node)
        return self.like(ast.Compare(left, node.ops, others), node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        at, value, index = self.at(node), self.visit(node.value), self.index(node.slice)
        if isinstance(node.ctx, ast.Load):
            return self.like(self.hook("item", at, value, index), node)
        return self.like(ast.Subscript(value, index, node.ctx), node)

    def index(self, node: ast.expr) -> ast.expr:
        """Return an index as an expression: slices are calls of ``slice``."""
        if isinstance(node, ast.Slice):
            none = ast.Constant(None)
            parts = [self.visit(part) if part else none for part in (node.lower, node.upper, node.step)]
            return ast.copy_location(self.hook("slice", *parts), node)
        if isinstance(node, ast.Tuple):
            parts = [self.index(part) for part in node.elts]
            return ast.copy_location(ast.Tuple(parts, ast.Load()), node)
        return self.visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        value = self.visit(node.value)
        if isinstance(node.ctx, ast.Load) and node.attr in WATCHED_ATTRIBUTES:
            return self.like(self.hook("attribute", self.at(node), value, ast.Constant(node.attr)), node)
        return self.like(ast.Attribute(value, node.attr, node.ctx), node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        function = node.func
        arguments = [self.visit(argument) for argument in node.args]
        keywords = [ast.keyword(word.arg, self.visit(word.value)) for word in node.keywords]
        if isinstance(function, ast.Name) and function.id in PLAIN_CALLS:
            return self.like(ast.Call(function, arguments, keywords), node)
        at = self.at(node)
        if isinstance(function, ast.Attribute) and not _is_super(function.value):
            name = ast.Constant(self.private(function.attr))
            made = self.hook("method", at, self.visit(function.value), name)
        else:
            made = self.hook("call", at, self.visit(function))
        made.args += arguments
        made.keywords = keywords
        return self.like(made, node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.expr:
        value = self.bound(node.target.id, self.visit(node.value), node)
        return self.like(ast.NamedExpr(node.target, value), node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        node.body = self.visit(node.body)
        return node

    # comprehensions: what is iterated over, and arrays that are taken apart

    def _comprehension(self, node: ast.expr) -> ast.expr:
        generators: list[ast.comprehension] = []
        for generator in node.generators:  # type: ignore[attr-defined]  # one of four kinds that have them
            at = self.at(generator.iter)
            generator.iter = self.hook("iterate", at, self.visit(generator.iter))
            generator.ifs = [self.visit(test) for test in generator.ifs]
            generators.append(generator)
            if isinstance(generator.target, ast.Tuple | ast.List):
                target, name = generator.target, self.fresh()
                generator.target = ast.Name(name, ast.Store())
                parts = self.hook("apart", at, ast.Name(name, ast.Load()), _shape_of(target))
                tests, generator.ifs = generator.ifs, []
                once = ast.Tuple([parts], ast.Load())
                generators.append(ast.comprehension(target, once, tests, 0))
        node.generators = generators  # type: ignore[attr-defined]
        for part in ("elt", "key", "value"):
            if hasattr(node, part):
                setattr(node, part, self.visit(getattr(node, part)))
        return node

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension

    # statements

    def bound(self, name: str, value: ast.expr, node: ast.AST) -> ast.expr:
        return self.hook("bind", self.at(node), ast.Constant(name), value)

    def visit_Assign(self, node: ast.Assign) -> list[ast.stmt]:
        value = self.visit(node.value)
        if len(node.targets) == 1:
            return self.assigned(node.targets[0], value, node)
        name = self.fresh()
        made: list[ast.stmt] = [_store(name, value)]
        for target in node.targets:
            made += self.assigned(target, ast.Name(name, ast.Load()), node)
        return [ast.copy_location(statement, node) for statement in made]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt | list[ast.stmt]:
        if node.value is None or not isinstance(node.target, ast.Name):
            return node if node.value is None else self.assigned(node.target, self.visit(node.value), node)
        node.value = self.bound(node.target.id, self.visit(node.value), node)
        return node

    def assigned(self, target: ast.expr, value: ast.expr, node: ast.stmt) -> list[ast.stmt]:
        """Return the statements that put a value into a target, and tell the recorder."""
        made: list[ast.stmt]
        if isinstance(target, ast.Name):
            made = [_store(target.id, self.bound(target.id, value, node))]
        elif isinstance(target, ast.Attribute):
            owner, name = self.visit(target.value), self.private(target.attr)
            text = ast.Constant(ast.unparse(target))
            made = [ast.Expr(self.hook("set_attribute", self.at(node), text, owner, ast.Constant(name), value))]
        elif isinstance(target, ast.Subscript):
            text = ast.Constant(ast.unparse(target))
            owner, index = self.visit(target.value), self.index(target.slice)
            made = [ast.Expr(self.hook("set_item", self.at(node), text, owner, index, value))]
        elif isinstance(target, ast.Tuple | ast.List):
            # Python carries out the targets from left to right once the value is there
            parts, names = self.hook("apart", self.at(node), value, _shape_of(target)), []
            simple: list[ast.expr] = []
            for element in target.elts:
                starred = isinstance(element, ast.Starred)
                inner = element.value if isinstance(element, ast.Starred) else element
                name = self.fresh()
                names.append((name, inner))
                stored: ast.expr = ast.Name(name, ast.Store())
                simple.append(ast.Starred(stored, ast.Store()) if starred else stored)
            made = [ast.Assign([ast.Tuple(simple, ast.Store())], parts)]
            for name, inner in names:
                made += self.assigned(inner, ast.Name(name, ast.Load()), node)
        else:
            made = [ast.Assign([target], value)]
        return [ast.copy_location(statement, node) for statement in made]

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        at, sign = self.at(node), ast.Constant(type(node.op).__name__)
        value, target = self.visit(node.value), node.target
        made: ast.stmt
        if isinstance(target, ast.Name):
            old = ast.Name(target.id, ast.Load())
            made = _store(target.id, self.hook("update", at, ast.Constant(target.id), sign, old, value))
        elif isinstance(target, ast.Attribute):
            text, name = ast.Constant(ast.unparse(target)), ast.Constant(self.private(target.attr))
            owner = self.visit(target.value)
            made = ast.Expr(self.hook("update_attribute", at, text, sign, owner, name, self.later(value)))
        else:
            text = ast.Constant(ast.unparse(target))
            owner, index = self.visit(target.value), self.index(target.slice)
            made = ast.Expr(self.hook("update_item", at, text, sign, owner, index, self.later(value)))
        return ast.copy_location(made, node)

    def later(self, value: ast.expr) -> ast.expr:
        """The right side is computed after the old value was read, as Python does it."""
        arguments = ast.arguments([], [], None, [], [], None, [])
        return value if _has_yield(value) else ast.Lambda(arguments, value)

    def visit_For(self, node: ast.For) -> ast.stmt:
        at = self.at(node)
        node.iter = self.hook("loop", at, self.visit(node.iter))
        body = self.block(node.body)
        if isinstance(node.target, ast.Name):
            bind = self.bound(node.target.id, ast.Name(node.target.id, ast.Load()), node)
            body.insert(0, ast.copy_location(ast.Expr(bind), node))
        else:
            name, target = self.fresh(), node.target
            node.target = ast.Name(name, ast.Store())
            body = self.assigned(target, ast.Name(name, ast.Load()), node) + body
        node.body, node.orelse = body, self.block(node.orelse)
        return node

    def visit_While(self, node: ast.While) -> ast.stmt:
        turn = ast.Expr(self.hook("turn", self.at(node)))
        node.test = self.visit(node.test)
        node.body = [ast.copy_location(turn, node), *self.block(node.body)]
        node.orelse = self.block(node.orelse)
        return node

    def block(self, statements: Iterable[ast.stmt]) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for statement in statements:
            new = self.visit(statement)
            made += new if isinstance(new, list) else [new]
        return made

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.stmt:
        return self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
        node.decorator_list = [self.visit(decorator) for decorator in node.decorator_list]
        node.args.defaults = [self.visit(default) for default in node.args.defaults]
        node.args.kw_defaults = [part and self.visit(part) for part in node.args.kw_defaults]
        self.functions.append(node.name)
        body = self.block(node.body)
        self.functions.pop()
        given = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
        names = [
            ast.copy_location(
                ast.Expr(self.bound(part.arg, ast.Name(part.arg, ast.Load()), node)), node
            )
            for part in given
        ]
        first = 1 if ast.get_docstring(node) is not None else 0
        node.body = [*body[:first], *names, *body[first:]]
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        self.classes.append(node.name)
        node.body = self.block(node.body)
        self.classes.pop()
        return node

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        if node.value is not None:
            node.value = self.bound(f"return {self.functions[-1]}", self.visit(node.value), node)
        return node

    def visit_match_case(self, node: ast.match_case) -> ast.match_case:
        node.guard = node.guard and self.visit(node.guard)  # patterns hold literals, not expressions
        node.body = self.block(node.body)
        return node


def _is_super(value: ast.expr) -> bool:
    """Whether it is ``super()``, which the compiler must see as it stands."""
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "super"


def _store(name: str, value: ast.expr) -> ast.Assign:
    return ast.Assign([ast.Name(name, ast.Store())], value)


def _shape_of(target: ast.expr) -> ast.expr:
    """How a target takes a value apart, as nested tuples with None for a single one."""
    if isinstance(target, ast.Tuple | ast.List):
        if any(isinstance(element, ast.Starred) for element in target.elts):
            return ast.Constant(True)
        return ast.Tuple([_shape_of(element) for element in target.elts], ast.Load())
    return ast.Constant(None)


def _has_yield(value: ast.expr) -> bool:
    kinds = (ast.Yield, ast.YieldFrom, ast.Await, ast.NamedExpr)
    return any(isinstance(part, kinds) for part in ast.walk(value))
