"""Rewrites expressions: where numbers may be computed, a hook of the recorder stands instead."""

from __future__ import annotations

import ast

from bptui.trace.record.operators import PROGRAM

PLAIN_CALLS = frozenset(
    {"super", "locals", "globals", "vars", "dir", "eval", "exec", "compile", "input", "print"}
    | {"range", "len", "isinstance", "issubclass", "type", "open", "getattr", "hasattr", "delattr"}
    | {"callable", "id", "hash", "repr", "str", "format", "next"}
)
"""Built-ins that compute no numbers, or look at the frame that calls them."""
WATCHED_ATTRIBUTES = frozenset({"T", "mT", "real", "flat"})
COMPARED = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


class Positions:
    """The places of a file: first line, column, last line, column behind the last."""

    def __init__(self, file: str, first: int = 0) -> None:
        self.file, self.first = file, first
        self.places: list[tuple[int, int, int, int]] = []

    def number(self, node: ast.AST) -> int:
        """Return the number of a node's place, counted from the first of the file."""
        line, column = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
        end = getattr(node, "end_lineno", None) or line
        self.places.append((line, column, end, getattr(node, "end_col_offset", None) or column))
        return self.first + len(self.places) - 1


class Expressions(ast.NodeTransformer):
    """Puts hooks into expressions; Python's order of evaluation stays as it was."""

    def __init__(self, positions: Positions) -> None:
        self.positions = positions
        self.classes: list[str] = []
        self.functions: list[str] = []
        self.globals: list[set[str]] = []
        self._made = 0

    def hook(self, name: str, *arguments: ast.expr) -> ast.Call:
        """Return the call of a hook."""
        recorder = ast.Name(PROGRAM, ast.Load())
        return ast.Call(ast.Attribute(recorder, name, ast.Load()), list(arguments), [])

    def at(self, node: ast.AST) -> ast.Constant:
        """Return a node's place, as hooks are told it."""
        return ast.Constant(self.positions.number(node))

    def fresh(self) -> str:
        """Return a name that the program does not have; no class mangles it."""
        self._made += 1
        return f"__bptui_{self._made}__"

    def private(self, attribute: str) -> str:
        """Return an attribute's name as the compiler mangles it within a class."""
        owner = self.classes[-1].lstrip("_") if self.classes else ""
        if owner and attribute.startswith("__") and not attribute.endswith("__"):
            return f"_{owner}{attribute}"
        return attribute

    def expression(self, node: ast.expr) -> ast.expr:
        """Return the rewritten expression."""
        made: ast.expr = self.visit(node)
        return made

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if type(node.value) is float:
            return ast.copy_location(self.hook("number", ast.Constant(node.value)), node)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                part.value = self.expression(part.value)
                if isinstance(part.format_spec, ast.JoinedStr):
                    self.visit_JoinedStr(part.format_spec)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        at, sign = self.at(node), ast.Constant(type(node.op).__name__)
        left, right = self.expression(node.left), self.expression(node.right)
        made: ast.expr = self.hook("binary", at, sign, left, right)
        if isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
            made = ast.BinOp(left, node.op, right)  # formats a text
        return ast.copy_location(made, node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        at, operand = self.at(node), self.expression(node.operand)
        if isinstance(node.op, ast.Not):
            return ast.copy_location(ast.UnaryOp(node.op, operand), node)
        sign = ast.Constant(type(node.op).__name__)
        return ast.copy_location(self.hook("unary", at, sign, operand), node)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        at, left = self.at(node), self.expression(node.left)
        others = [self.expression(other) for other in node.comparators]
        made: ast.expr = ast.Compare(left, node.ops, others)
        if len(others) == 1 and isinstance(node.ops[0], COMPARED):
            made = self.hook(
                "compare", at, ast.Constant(type(node.ops[0]).__name__), left, others[0]
            )
        return ast.copy_location(made, node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        at, owner, index = self.at(node), self.expression(node.value), self.index(node.slice)
        made: ast.expr = ast.Subscript(owner, index, node.ctx)
        if isinstance(node.ctx, ast.Load):
            made = self.hook("item", at, owner, index)
        return ast.copy_location(made, node)

    def index(self, node: ast.expr) -> ast.expr:
        """Return an index as an expression: slices are calls of ``slice``."""
        made: ast.expr
        if isinstance(node, ast.Slice):
            ends = (node.lower, node.upper, node.step)
            parts = [self.expression(part) if part else ast.Constant(None) for part in ends]
            made = self.hook("slice", *parts)
        elif isinstance(node, ast.Tuple):
            made = ast.Tuple([self.index(part) for part in node.elts], ast.Load())
        else:
            return self.expression(node)
        return ast.copy_location(made, node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        owner = self.expression(node.value)
        made: ast.expr = ast.Attribute(owner, node.attr, node.ctx)
        of_self = isinstance(node.value, ast.Name) and node.value.id == "self"
        watched = node.attr in WATCHED_ATTRIBUTES or not (of_self or node.attr.startswith("__"))
        if isinstance(node.ctx, ast.Load) and watched:
            made = self.hook("attribute", self.at(node), owner, ast.Constant(node.attr))
        return ast.copy_location(made, node)

    def visit_Starred(self, node: ast.Starred) -> ast.expr:
        if isinstance(node.ctx, ast.Load):
            rows = self.hook("iterate", self.at(node), self.expression(node.value))
            return ast.copy_location(ast.Starred(rows, node.ctx), node)
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        function = node.func
        plain = isinstance(function, ast.Name) and function.id in PLAIN_CALLS
        made: ast.expr = function
        arguments = [self.expression(argument) for argument in node.args]
        if isinstance(function, ast.Attribute) and not _is_super(function.value):
            if function.attr == "append" and len(arguments) == 1:
                item = f"{ast.unparse(function.value)}[-1]"  # losses.append(...)
                arguments = [self.bound(item, arguments[0], node)]
            name = ast.Constant(self.private(function.attr))
            made = self.hook("method", self.at(node), self.expression(function.value), name)
        elif not plain:
            made = self.hook("function", self.at(node), self.expression(function))
        words = [ast.keyword(word.arg, self.expression(word.value)) for word in node.keywords]
        return ast.copy_location(ast.Call(ast.copy_location(made, node), arguments, words), node)

    def bound(self, name: str, value: ast.expr, node: ast.AST) -> ast.expr:
        """Return the hook that tells the recorder of a name's new value."""
        scope = "bind_global" if self.is_global(name) else "bind"
        return self.hook(scope, self.at(node), ast.Constant(name), value)

    def is_global(self, name: str) -> bool:
        """Whether a function has declared a name as global."""
        return bool(self.globals) and name in self.globals[-1]

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.expr:
        value = self.bound(node.target.id, self.expression(node.value), node)
        return ast.copy_location(ast.NamedExpr(node.target, value), node)

    def defaults(self, arguments: ast.arguments) -> None:
        """Rewrite the default values of parameters."""
        arguments.defaults = [self.expression(part) for part in arguments.defaults]
        arguments.kw_defaults = [part and self.expression(part) for part in arguments.kw_defaults]

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        self.defaults(node.args)
        node.body = self.expression(node.body)
        return node

    def _comprehension(self, node: Comprehension) -> ast.expr:
        """Rewrite what a comprehension goes through, and take rows of arrays apart as such."""
        generators: list[ast.comprehension] = []
        for generator in node.generators:
            at, target = self.at(generator.iter), generator.target
            generator.iter = self.hook("iterate", at, self.expression(generator.iter))
            tests = [self.expression(test) for test in generator.ifs]
            generators.append(generator)
            if isinstance(target, ast.Tuple | ast.List):
                name = self.fresh()
                parts = self.hook("apart", at, ast.Name(name, ast.Load()), shape_of(target))
                once = ast.Tuple([parts], ast.Load())
                generators.append(ast.comprehension(target, once, tests, 0))
                generator.target, tests = ast.Name(name, ast.Store()), []
            generator.ifs = tests
            generators += [self._seen(part) for part in ast.walk(target) if _is_name(part)]
        node.generators = generators
        if isinstance(node, ast.DictComp):
            node.key, node.value = self.expression(node.key), self.expression(node.value)
        else:
            node.elt = self.expression(node.elt)
        return node

    def _seen(self, name: ast.AST) -> ast.comprehension:
        """Return what tells the recorder of a comprehension's variable, once in each turn."""
        assert isinstance(name, ast.Name)
        told = self.hook("seen", self.at(name), ast.Name(name.id, ast.Load()))
        once = ast.Tuple([told], ast.Load())
        return ast.comprehension(ast.Name(self.fresh(), ast.Store()), once, [], 0)

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension  # noqa: N815


def shape_of(target: ast.expr) -> ast.expr:
    """Return how a target takes a value apart: nested tuples, None for a single name."""
    if isinstance(target, ast.Tuple | ast.List):
        if any(isinstance(element, ast.Starred) for element in target.elts):
            return ast.Constant(True)
        return ast.Tuple([shape_of(element) for element in target.elts], ast.Load())
    return ast.Constant(None)


def _is_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Name)


def _is_super(value: ast.expr) -> bool:
    """Whether it is ``super()``, whose methods are the program's own."""
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id == "super"
    )
