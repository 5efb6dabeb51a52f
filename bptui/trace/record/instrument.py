"""Rewrites a program's source so that every operation on numbers passes through a recorder.

What the program computes stays the same to the bit: the recorder carries out every operation with
the very objects that the program has, and only takes notes. This runs in the user's Python, so it
imports the standard library alone.
"""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterable

from bptui.trace.record.expressions import Expressions, Positions

DEEPEST = 20_000
"""Calls within calls that rewriting a long sum may take."""


def instrumented(source: str, file: str, first_place: int = 0) -> tuple[ast.Module, Positions]:
    """Return the rewritten program, ready to compile, and its places, counted from ``first_place``.

    Raises :class:`SyntaxError` as the compiler would.
    """
    tree = ast.parse(source, file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the compiler says it of the rewritten program, too
        compile(tree, file, "exec", dont_inherit=True)
    positions = Positions(file, first_place)
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(max(usual, DEEPEST))
    try:
        tree = _Statements(positions).visit(tree)
        return ast.fix_missing_locations(tree), positions
    finally:
        sys.setrecursionlimit(usual)


class _Statements(Expressions):
    """Rewrites statements: the recorder is told of every name that is given to a value."""

    def block(self, statements: Iterable[ast.stmt]) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for statement in statements:
            new = self.visit(statement)
            made += new if isinstance(new, list) else [new]
        return made

    # assignments

    def visit_Assign(self, node: ast.Assign) -> list[ast.stmt]:  # noqa: N802  called by that name
        value = self.expression(node.value)
        if len(node.targets) == 1:
            return self.assigned(node.targets[0], value, node)
        name = self.fresh()
        made: list[ast.stmt] = [_store(name, value)]
        for place, target in enumerate(node.targets):
            again: ast.expr = ast.Name(name, ast.Load())
            made += self.assigned(target, self.hook("again", again) if place else again, node)
        made.append(_forget([name]))
        return [ast.copy_location(statement, node) for statement in made]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt | list[ast.stmt]:  # noqa: N802
        if node.value is None:
            return node
        value = self.expression(node.value)
        if not isinstance(node.target, ast.Name):
            return self.assigned(node.target, value, node)
        node.value = self.bound(node.target.id, value, node)
        return node

    def assigned(self, target: ast.expr, value: ast.expr, node: ast.stmt) -> list[ast.stmt]:
        """Return the statements that put a value into a target, and tell the recorder."""
        if isinstance(target, ast.Tuple | ast.List):
            made = self._taken_apart(target, value, node)
        elif isinstance(target, ast.Name):
            made = [_store(target.id, self.bound(target.id, value, node))]
        else:
            at, text = self.at(node), ast.Constant(ast.unparse(target))
            if isinstance(target, ast.Attribute):
                owner, name = self.expression(target.value), self.private(target.attr)
                put = self.hook("set_attribute", at, value, text, owner, ast.Constant(name))
            elif isinstance(target, ast.Subscript):
                owner, index = self.expression(target.value), self.index(target.slice)
                put = self.hook("set_item", at, value, text, owner, index)
            else:
                raise TypeError(f"nothing is assigned to {ast.dump(target)}")
            made = [ast.Expr(put)]
        return [ast.copy_location(statement, node) for statement in made]

    def _taken_apart(
        self, target: ast.Tuple | ast.List, value: ast.expr, node: ast.stmt
    ) -> list[ast.stmt]:
        """Take a value apart first, and then carry out the targets from left to right."""
        inner: list[tuple[str, ast.expr]] = []
        simple: list[ast.expr] = []
        for element in target.elts:
            name = self.fresh()
            stored: ast.expr = ast.Name(name, ast.Store())
            if isinstance(element, ast.Starred):
                element, stored = element.value, ast.Starred(stored, ast.Store())
            inner.append((name, element))
            simple.append(stored)
        parts = self.hook("apart", self.at(node), value, ast.Constant(None))
        made: list[ast.stmt] = [ast.Assign([ast.Tuple(simple, ast.Store())], parts)]
        for name, element in inner:
            made += self.assigned(element, ast.Name(name, ast.Load()), node)
        if inner:
            made.append(_forget([name for name, _ in inner]))
        return made

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:  # noqa: N802
        at, sign, target = self.at(node), ast.Constant(type(node.op).__name__), node.target
        text = ast.Constant(ast.unparse(target))
        value = self.expression(node.value)
        made: ast.stmt
        if isinstance(target, ast.Name):
            scope = "update_global" if self.is_global(target.id) else "update"
            old: ast.expr = ast.Name(target.id, ast.Load())
            made = _store(target.id, self.hook(scope, at, text, sign, old, value))
        elif isinstance(target, ast.Attribute):
            name = ast.Constant(self.private(target.attr))
            old = self.hook("old_attribute", self.expression(target.value), name)
            made = ast.Expr(self.hook("update_attribute", at, text, sign, _spread(old), value))
        else:
            owner, index = self.expression(target.value), self.index(target.slice)
            old = self.hook("old_item", at, owner, index)
            made = ast.Expr(self.hook("update_item", at, text, sign, _spread(old), value))
        return ast.copy_location(made, node)

    # loops

    def visit_For(self, node: ast.For) -> ast.stmt:  # noqa: N802
        at, target = self.at(node), node.target
        node.iter = self.hook("loop", at, self.expression(node.iter))
        if isinstance(target, ast.Name):
            bind = ast.Expr(self.bound(target.id, ast.Name(target.id, ast.Load()), node))
            first: list[ast.stmt] = [ast.copy_location(bind, node)]
        else:
            name = self.fresh()
            node.target = ast.Name(name, ast.Store())
            first = self.assigned(target, ast.Name(name, ast.Load()), node)
            first.append(ast.copy_location(_forget([name]), node))
        node.body, node.orelse = [*first, *self.block(node.body)], self.block(node.orelse)
        return node

    def visit_While(self, node: ast.While) -> ast.stmt:  # noqa: N802
        turn = ast.copy_location(ast.Expr(self.hook("turn", self.at(node))), node)
        node.test = self.expression(node.test)
        node.body, node.orelse = [turn, *self.block(node.body)], self.block(node.orelse)
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:  # noqa: N802
        caught = ast.copy_location(ast.Expr(self.hook("caught")), node)
        everything = node.type is None or "BaseException" in ast.dump(node.type)
        node.body = [*([caught] if everything else []), *self.block(node.body)]
        node.type = node.type and self.expression(node.type)
        return node

    # functions and classes

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
        node.decorator_list = [self.expression(part) for part in node.decorator_list]
        self.defaults(node.args)
        self.functions.append(node.name)
        self.globals.append(_global_names(node.body))
        body = self.block(node.body)
        self.globals.pop()
        self.functions.pop()
        given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        given += [part for part in (node.args.vararg, node.args.kwarg) if part]
        parameters: list[ast.expr] = []
        for part in given:
            parameters += [ast.Constant(part.arg), ast.Name(part.arg, ast.Load())]
        enter = ast.copy_location(ast.Expr(self.hook("enter", self.at(node), *parameters)), node)
        first = 0 if ast.get_docstring(node, clean=False) is None else 1
        node.body = [*body[:first], enter, *body[first:]]
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = _function  # noqa: N815

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:  # noqa: N802
        node.decorator_list = [self.expression(part) for part in node.decorator_list]
        node.bases = [self.expression(base) for base in node.bases]
        for word in node.keywords:
            word.value = self.expression(word.value)
        self.classes.append(node.name)
        self.globals.append(_global_names(node.body))
        node.body = self.block(node.body)
        self.globals.pop()
        self.classes.pop()
        return node

    def visit_Return(self, node: ast.Return) -> ast.stmt:  # noqa: N802
        if node.value is not None:
            at, name = self.at(node), ast.Constant(f"return {self.functions[-1]}")
            node.value = self.hook("bind", at, name, self.expression(node.value))
        return node

    def visit_match_case(self, node: ast.match_case) -> ast.match_case:
        node.guard = node.guard and self.expression(node.guard)
        node.body = self.block(node.body)
        return node  # patterns hold literals, not expressions


def _store(name: str, value: ast.expr) -> ast.Assign:
    return ast.Assign([ast.Name(name, ast.Store())], value)


def _forget(names: Iterable[str]) -> ast.stmt:
    return ast.Delete([ast.Name(name, ast.Del()) for name in names])


def _spread(value: ast.expr) -> ast.expr:
    return ast.Starred(value, ast.Load())


def _global_names(body: Iterable[ast.stmt]) -> set[str]:
    """Return the names that a function declares as global, not those of functions within it."""
    found: set[str] = set()
    rest: list[ast.AST] = list(body)
    while rest:
        node = rest.pop()
        if isinstance(node, ast.Global):
            found.update(node.names)
        elif not isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
        ):
            rest += ast.iter_child_nodes(node)
    return found
