"""The program's own functions as they were recorded: what one would give for other arguments.

Nothing of the program is carried out: what a call has computed is computed again on the graph.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bptui.core.graph.node import Node, broadcast, evaluate, ordered
from bptui.trace.record.recording import Recording
from bptui.trace.source import Place, Source
from bptui.trace.step.multiples import Numbers
from bptui.trace.step.truth import StepTruth
from bptui.trace.tape import Value

BRANCHES = (ast.If, ast.IfExp, ast.While, ast.Match, ast.Try)


class _Call(NamedTuple):
    """A recorded call: the entries of its arguments, those that are no numbers, and its result."""

    given: dict[str, int]
    plain: dict[str, Value]
    result: int


@dataclass(frozen=True)
class Recalled:
    """A function of the program with its calls, the latest first."""

    arguments: tuple[str, ...]
    defaults: Mapping[str, Value]
    """What arguments are that are not given, as far as that is written as a number or a text."""
    calls: Sequence[_Call]
    branches: bool
    truth: StepTruth

    def in_draw(self, draw: int) -> Callable[..., Numbers]:
        """Return the function on the numbers of a draw; it raises ValueError where it may err."""

        def function(*values: Value, **words: Value) -> Numbers:
            given = {**self.defaults, **dict(zip(self.arguments, values, strict=False)), **words}
            if len(values) > len(self.arguments) or not given.keys() <= {*self.arguments}:
                raise ValueError("other arguments than the function takes")
            tries = (self._again(call, given, self.truth.draws[draw]) for call in self.calls)
            found = next((made for made in tries if made is not None), None)
            if found is None:
                raise ValueError("no recorded call tells what the function gives")
            return found

        return function

    def _again(
        self, call: _Call, given: Mapping[str, Value], draw: Mapping[Node, Value]
    ) -> Numbers | None:
        """Return the result of a call with other numbers; None where it may be another formula."""
        nodes, put = self.truth.graph.nodes, dict[Node, Value]()
        if call.result not in nodes or given.keys() != call.given.keys() | call.plain.keys():
            return None
        for name, value in given.items():
            if name in call.plain:
                if type(value) is not type(call.plain[name]) or value != call.plain[name]:
                    return None
            elif call.given[name] in nodes:
                put[nodes[call.given[name]]] = value
            else:
                return None
        result = nodes[call.result]
        if all(np.array_equal(draw[node], value) for node, value in put.items() if node in draw):
            return np.asarray(draw[result]) if result in draw else None
        if self.branches:
            return None
        same = all(np.shape(value) == node.shape for node, value in put.items())
        stale = set() if same else _stale(result, put) - put.keys()
        if any(node.op.shape is not broadcast for node in stale):
            return None
        return computed(result, put, draw)


def computed(node: Node, put: Mapping[Node, Numbers], draw: Mapping[Node, Value]) -> Numbers:
    """Return what a node is in a draw if other nodes have the values that are put there."""
    stale = _stale(node, put)
    known = {one: value for one, value in draw.items() if one not in stale}
    return np.asarray(evaluate([node], {**known, **put})[node])


def _stale(node: Node, put: Mapping[Node, Numbers]) -> set[Node]:
    """Return what of a node's formula has other values where some are put."""
    found = {*put}
    order = ordered([node], lambda one: () if one in put else one.inputs)
    found.update(one for one in order if not found.isdisjoint(one.inputs))
    return found


def recalled(
    source: Source, recording: Recording, places: Sequence[Place], truth: StepTruth, before: int
) -> dict[str, Recalled]:
    """Return the functions whose calls were recorded ``before`` an entry, by their names."""
    defined, takes = _defined(source.tree), arguments_of(source.tree)
    at = {node.lineno: name for name, node in defined.items()}
    given: dict[int, dict[str, int]] = {}
    plain: dict[int, dict[str, Value]] = {}
    for _, frame, name, value in recording.plain:
        plain.setdefault(frame, {}).setdefault(name, value)
    calls: dict[str, list[_Call]] = {}
    for binding in recording.bindings:
        if binding.when > before:
            break
        if binding.frame == 0 or binding.place < 0:
            continue
        own = given.setdefault(binding.frame, {})
        name = binding.name.removeprefix("return ")
        if name != binding.name and name in takes:
            known = plain.get(binding.frame, {})
            held = {one: known[one] for one in takes[name] if one in known and one not in own}
            calls.setdefault(name, []).append(_Call(own, held, binding.entry))
        elif name in takes.get(at.get(places[binding.place][0], ""), ()):
            own.setdefault(name, binding.entry)
    return {
        name: Recalled(
            takes[name], _defaults(defined[name]), found[::-1], _branches(defined[name]), truth
        )
        for name, found in calls.items()
    }


def arguments_of(tree: ast.Module) -> dict[str, tuple[str, ...]]:
    """Return the names of the arguments of a program's functions and methods."""
    return {name: _arguments(node) for name, node in _defined(tree).items()}


def _defined(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    """Return the functions and methods of a program that no other has the name of."""
    found: dict[str, list[ast.FunctionDef]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, []).append(node)
    return {name: nodes[0] for name, nodes in found.items() if len(nodes) == 1}


def _arguments(node: ast.FunctionDef) -> tuple[str, ...]:
    """Return the names of a function's arguments, without the object that a method is of."""
    own = node.args
    names = [one.arg for one in [*own.posonlyargs, *own.args, *own.kwonlyargs]]
    return tuple(names[1:] if names[:1] in (["self"], ["cls"]) else names)


def _defaults(node: ast.FunctionDef) -> dict[str, Value]:
    """Return what the arguments of a function are that are not given, where it is a constant."""
    own = node.args
    names = [one.arg for one in [*own.posonlyargs, *own.args]][::-1]
    pairs = [*zip(names, own.defaults[::-1], strict=False)]
    pairs += [
        (one.arg, value)
        for one, value in zip(own.kwonlyargs, own.kw_defaults, strict=True)
        if value
    ]
    return {name: value.value for name, value in pairs if isinstance(value, ast.Constant)}


def _branches(node: ast.FunctionDef) -> bool:
    """Whether other numbers may take another way through a function: arguments alone may not."""
    tests = [part.test for part in ast.walk(node) if isinstance(part, ast.If | ast.IfExp)]
    other = any(isinstance(part, BRANCHES) and not hasattr(part, "test") for part in ast.walk(node))
    loops = any(isinstance(part, ast.While) for part in ast.walk(node))
    return other or loops or not all(map(_on_plain, tests))


def _on_plain(test: ast.expr) -> bool:
    """Whether a test is of a flag or of a name, not of numbers."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test = test.operand
    if isinstance(test, ast.Compare):
        sides: Iterable[ast.expr] = (test.left, *test.comparators)
        return any(isinstance(s, ast.Constant) and isinstance(s.value, str | bool) for s in sides)
    return isinstance(test, ast.Name)
