"""The formulas of one training step for readers: the step's graph as expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from bptui.core.activations import ACTIVATIONS, APPLIED, LOG_SUM_EXP
from bptui.core.backprop import operations_of
from bptui.core.engine import Snapshot
from bptui.core.experiment import Experiment
from bptui.core.graph.backward import carried_back
from bptui.core.graph.node import CONSTANT, LEAF, STABLE, Node, ordered
from bptui.core.losses import TERMS, TINY
from bptui.core.mistakes import mistaken_step
from bptui.core.step import Step
from bptui.explain.expression import (
    HALF,
    ONE,
    SAMPLES,
    UNITS,
    Activated,
    Apply,
    Constant,
    Expression,
    Index,
    Quantity,
    Rest,
    Scope,
    Series,
    Setting,
    Stable,
    times,
)

TINY_CODE = "np.finfo(float).tiny"
Formulas: TypeAlias = Mapping[Quantity, Expression]
"""What each quantity is computed from; ``new`` ones are those after the update."""
MOST_TERMS = 4
"""Terms of a sum that are written out; of more, the first three and the last."""
LONGEST = 100
"""Terms of a sum, of which a node each is made; of longer ones only for those written out."""


@dataclass(frozen=True, eq=False)
class StepFormulas:
    """What each quantity of a step is computed from, by operation, in order.

    ``last_link`` is the last layer's delta by the chain rule where it is computed in a shorter way.
    """

    operations: Mapping[str, Formulas]
    last_link: Expression | None = None

    @cached_property
    def every(self) -> Formulas:
        """All of them in the order of the step."""
        return {made: e for group in self.operations.values() for made, e in group.items()}

    def updates(self, parameter: str) -> list[Quantity]:
        """Return what changes of a parameter (W1, b2): its slots first."""
        changes = (made for made in self.every if made.new)
        return [made for made in changes if f"_{made.name}".endswith(f"_{parameter}")]


def define_for(snapshot: Snapshot) -> StepFormulas:
    """Return the formulas of the step that ``snapshot`` shows."""
    outputs, loss = snapshot.outputs, snapshot.experiment.loss
    # an output that cannot be told from 0 or from 1, where the loss divides by that
    divisors = np.minimum(outputs, 1.0 - outputs) if loss.each_alone else outputs
    saturated = loss.logarithms and bool(np.any(divisors < TINY))
    return _defined(snapshot.experiment, len(snapshot.batch), saturated)


@lru_cache(maxsize=4)
def _defined(experiment: Experiment, samples: int, saturated: bool) -> StepFormulas:
    return define(mistaken_step(experiment, samples), saturated=saturated)


def define(step: Step, *, saturated: bool = False) -> StepFormulas:
    """Return the formulas of a step.

    ``saturated``: whether outputs are so nearly 0 or 1 that what divides by them is kept finite.
    """
    experiment = step.experiment
    known: dict[Node, Expression] = {n: Setting(n.name, v) for n, v in step.settings.items()}
    known |= {node: Quantity(name, new=True) for name, node in step.updated.items()}
    known |= {node: Quantity(name) for name, node in {**step.before, **step.nodes}.items()}
    reader = _Reader(known, saturated)

    def changes(parameter: str) -> Iterator[tuple[Quantity, Expression]]:
        slots = [f"{slot}_{parameter}" for slot in experiment.optimizer.slots]
        for name in [parameter] if parameter in experiment.frozen else [*slots, parameter]:
            node = step.updated[name]
            kept = node is step.before[name]
            yield Quantity(name, new=True), Quantity(name) if kept else reader.formula(node)

    operations: dict[str, Formulas] = {}
    for part in operations_of(step):
        own = (name for layer in part.layers for name in experiment.network.parameters_of(layer))
        if part.stage == "update":
            made = dict(change for parameter in own for change in changes(parameter))
        else:
            written = (name for name in part.writes if name in step.nodes)
            made = {Quantity(name): reader.formula(step.nodes[name]) for name in written}
        operations[part.name] = made
    net, out, delta, slope = (
        step.nodes[name(step.depth)]
        for name in (step.names.net, step.names.out, step.names.delta, step.names.out_gradient)
    )
    direct = slope not in ordered([delta])
    link = reader.formula(carried_back(out, slope, net)) if direct else None
    return StepFormulas(operations, link)


def formula_of(node: Node, known: Mapping[Node, Expression] = MappingProxyType({})) -> Expression:
    """Return what a node is computed from, back to the leaves or to what is ``known``."""
    return _Reader(known).formula(node)


class _Reader:
    """Reads nodes as expressions; ``known`` ones stand for themselves."""

    def __init__(self, known: Mapping[Node, Expression], saturated: bool = False) -> None:
        self.known, self.saturated = known, saturated

    def read(self, node: Node) -> Expression:
        """Return what stands for a node in the formulas of others."""
        if node in self.known:
            return self.known[node]
        if node.op is LEAF:
            return Quantity(node.name)
        read = self.formula(node)
        if isinstance(read, Activated) and node.op in APPLIED.values():
            # applied once more, it keeps its name; a softmax needs the whole layer
            return replace(read, by_name=ACTIVATIONS[read.name].pullback is None)
        return read

    def formula(self, node: Node) -> Expression:
        name, inputs = node.op.name, node.inputs
        if node.op.textbook is not None and node.op is not LOG_SUM_EXP:
            body = self.formula(node.op.textbook(*inputs))
            inlined = node.op in TERMS.values()
            return body if inlined else Activated(name, (self.read(inputs[0]), body))
        if node.op is CONSTANT:
            value, given = float(node.settings["value"]), node.settings
            plain = Constant(value, given.get("text", ""), given.get("code", ""))
            return HALF if value == HALF.value else plain
        if node.op is STABLE and inputs[0].op in TERMS.values():
            return self.read(inputs[0])  # it has its own ways to keep digits
        parts = tuple(self.read(part) for part in inputs)
        match name, parts:
            case "stable", _:
                return Stable(parts)
            case "positive", (of,):
                return of
            case "add", (first, second):
                return Apply("add", (*first.terms_of("add"), *second.terms_of("add")))
            case "subtract", (first, second):
                return Apply("add", (*first.terms_of("add"), -second))
            case "multiply", _:
                return times(*parts)
            case "divide", (Constant(1.0), Constant(count, _, "len(target)")):
                return Constant(1.0 / count, f"1/{count:g}", f"1 / {count:g}")
            case "square", (of,):
                return Apply("power", (of, Constant(2.0)))
            case "reciprocal", (of,):
                return Apply("divide", (ONE, of))
            case "maximum", (of, Constant(_, _, code)) if code == TINY_CODE:
                return Apply(name, parts) if self.saturated else of
            case "sum", (of,):
                axis, keep = node.settings.get("axis"), node.settings.get("keepdims", False)
                axis = 1 if axis == -1 and len(inputs[0].shape) == 2 else axis
                return Apply(name, parts, (("axis", axis), ("keepdims", keep)))
        return Apply(name, parts, tuple(node.settings.items()))


# single numbers


def element(node: Expression, index: Index, scope: Scope) -> Expression:
    """Return one number of an expression on arrays: ``(x W)[n, j]`` is a series of products.

    ``index`` counts from 0; (sample, unit) for what a batch has, (source, unit) for weights.
    """

    def part(of: Expression, *at: int) -> Expression:
        return element(of, at, scope)

    def summed(count: int, over: str, term: Callable[[int], Expression]) -> Expression:
        def rest(shown: Iterable[Expression]) -> float:
            whole = scope.evaluate(node)
            found = float(whole[_aligned(index, whole.shape)])
            return found - sum(float(scope.evaluate(each)) for each in shown)

        return series(_terms(count, term, rest), over)

    match node:
        case Quantity():
            return Quantity(node.name, _aligned(index, np.shape(scope.value(node))), node.new)
        case Apply("reshape", (of,)):
            shape = scope.shape(node)
            place = int(np.ravel_multi_index(_aligned(index, shape), shape)) if shape else 0
            return part(of, *map(int, np.unravel_index(place, scope.shape(of))))
        case Apply("transpose", (of,)):
            return part(of, *index[::-1])
        case Apply("getitem", (of,), (("index", int(place)),)):
            return part(of, place % scope.shape(of)[0], *index)
        case Apply("matmul", (left, right)):
            # a vector on the left is a row, one on the right a column
            row = index[:1] if len(scope.shape(left)) > 1 else ()
            column = index[-1:] if len(scope.shape(right)) > 1 else ()
            over_samples = left.is_op("transpose")
            # the error's part first, as it is written by hand
            order = -1 if over_samples else 1
            return summed(
                scope.shape(left)[-1],
                SAMPLES if over_samples else UNITS,
                lambda k: times(*[part(left, *row, k), part(right, k, *column)][::order]),
            )
        case Apply("sum", (of,), (("axis", axis), *_)):
            rows, *columns = scope.shape(of)
            if not columns:
                return summed(rows, UNITS, lambda k: part(of, k))
            if axis is not None and axis > 0:
                return summed(columns[0], UNITS, lambda k: part(of, index[0], k))
            if axis == 0:
                return summed(rows, SAMPLES, lambda k: part(of, k, index[-1]))
            if all(read.name in scope.new for read in of.quantities()):  # made of weights
                return summed(rows * columns[0], UNITS, lambda k: part(of, k % rows, k // rows))
            by_sample = Apply("sum", (of,), (("axis", 1), ("keepdims", False)))
            return summed(rows, SAMPLES, lambda k: part(by_sample, k))
        case Apply(LOG_SUM_EXP.name, (of,)):
            middle = slice(MOST_TERMS - 1, -1)
            terms = _terms(
                scope.shape(of)[1],
                lambda k: part(of, index[0], k),
                lambda _: float(np.logaddexp.reduce(scope.evaluate(of)[index[0]][middle])),
            )
            return Apply(node.op, (Series(terms, UNITS),)) if len(terms) > 1 else terms[0]
        case Apply("add"):
            added = node.rebuilt(lambda term: part(term, *index))
            if all(isinstance(term, Series) and term.over == UNITS for term in added.parts):
                # the squared weights of one layer after the other
                return series(added.parts, UNITS)
            return added
    return node.rebuilt(lambda inner: part(inner, *index))


def _aligned(index: Index, shape: tuple[int, ...]) -> Index:
    """Return the place in an array that a place in a larger one is broadcast from."""
    # a size of 1 is there once for all
    return tuple(map(min, index[len(index) - len(shape) :], (n - 1 for n in shape)))


def _terms(
    count: int, term: Callable[[int], Expression], rest: Callable[[Iterable[Expression]], float]
) -> tuple[Expression, ...]:
    """Return the terms of a sum; of a long one those written out, and the ``rest`` beside them."""
    if count <= LONGEST:
        return tuple(map(term, range(count)))
    *first, last = map(term, (*range(MOST_TERMS - 1), count - 1))
    return (*first, Rest(count - MOST_TERMS, rest((*first, last))), last)


def series(terms: Iterable[Expression], over: str) -> Expression:
    """Return a sum over samples or units; the only term where there is one.

    The terms of a sum over the same within it become its own.
    """
    flat: list[Expression] = []
    for term in terms:
        flat += term.parts if isinstance(term, Series) and term.over == over else (term,)
    return flat[0] if len(flat) == 1 else Series(tuple(flat), over)


def expand(
    node: Expression, formulas: StepFormulas, scope: Scope, names: frozenset[str]
) -> Expression:
    """Return single numbers of the quantities in ``names`` as what they are computed from.

    Products are multiplied out over series: the article's way, a term for every path.
    """
    if isinstance(node, Quantity):
        if node.name not in names or node.index is None or node.new:
            return node
        inner = element(formulas.every[Quantity(node.name)], node.index, scope)
        return expand(inner, formulas, scope, names)
    changed = node.rebuilt(lambda part: expand(part, formulas, scope, names))
    if isinstance(changed, Series):
        return series(changed.parts, changed.over)
    return distributed(changed)


def distributed(node: Expression) -> Expression:
    """Return (a + b) c as a c + b c, for the first series among the factors of a product."""
    if node.is_op("multiply"):
        for place, factor in enumerate(node.parts):
            if isinstance(factor, Series):
                before, after = node.parts[:place], node.parts[place + 1 :]
                terms = [times(*before, term, *after) for term in factor.parts]
                return series(map(distributed, terms), factor.over)
    return node
