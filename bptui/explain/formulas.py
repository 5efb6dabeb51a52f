"""The formulas of one training step for readers: the step's graph as expressions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from bptui.core.activations import ACTIVATIONS, APPLIED, LOG_SUM_EXP
from bptui.core.backprop import parts_of
from bptui.core.engine import Snapshot
from bptui.core.graph.node import CONSTANT, STABLE, Node
from bptui.core.losses import TERMS, TINY
from bptui.core.mistakes import with_mistakes
from bptui.core.step import Step, training_step
from bptui.explain.elements import SAMPLES, UNITS
from bptui.explain.expression import (
    HALF,
    ONE,
    Activated,
    Choice,
    Constant,
    Expression,
    Function,
    LastSample,
    LogSumExp,
    MatrixProduct,
    Maximum,
    Minimum,
    Negative,
    Power,
    Quantity,
    Quotient,
    Setting,
    Stable,
    Sum,
    Total,
    Transposed,
    minus,
    quantities,
    square,
    times,
)

FUNCTION_NAMES = {"log": "ln", "absolute": "abs"}
"""The names that functions have in formulas, where it is not that of their operation."""
TINY_CODE = "np.finfo(float).tiny"
ZERO = Constant(0.0)


@dataclass(frozen=True)
class Definition:
    """``name`` is computed from ``expression``; ``new``: it is the value after the update."""

    name: str
    expression: Expression
    new: bool = False


@dataclass(frozen=True)
class StepFormulas:
    """The definitions of a step: by operation, in order, and by quantity."""

    operations: Mapping[str, tuple[Definition, ...]]

    @property
    def definitions(self) -> dict[str, Expression]:
        """What each quantity of the passes is computed from; updates are left out."""
        found = [each for group in self.operations.values() for each in group if not each.new]
        return {each.name: each.expression for each in found}

    def updates(self, parameter: str) -> tuple[Definition, ...]:
        """How a parameter (W1, b2) changes: its slots' updates first."""
        every = [each for group in self.operations.values() for each in group if each.new]
        slot = f"_{parameter}"
        return tuple(each for each in every if each.name == parameter or each.name.endswith(slot))


def define_for(snapshot: Snapshot) -> StepFormulas:
    """Return the formulas of the step that ``snapshot`` shows."""
    experiment = snapshot.experiment
    step = training_step(experiment, len(snapshot.batch))
    step = with_mistakes(step, experiment.training.mistakes)
    return define(step, saturated=is_saturated(snapshot))


def is_saturated(snapshot: Snapshot) -> bool:
    """Tell whether an output cannot be told from 0 or from 1, where the loss divides by that."""
    outputs = snapshot.outputs
    if not snapshot.experiment.loss.logarithms:
        return False
    divisors = (
        np.minimum(outputs, 1.0 - outputs) if snapshot.experiment.loss.each_alone else outputs
    )
    return bool(np.any(divisors < TINY))


def define(step: Step, *, saturated: bool = False) -> StepFormulas:
    """Return the formulas of a step.

    ``saturated``: whether outputs are so nearly 0 or 1 that what divides by them is kept finite.
    """
    network = step.experiment.network
    reader = _Reader.of(step, saturated)
    operations: dict[str, tuple[Definition, ...]] = {}
    for part in parts_of(step):
        if part.stage != "update":
            operations[part.name] = tuple(
                Definition(name, reader.formula(step.nodes[name]))
                for name in part.writes
                if name in step.nodes
            )
            continue
        made: list[Definition] = []
        for name in (each for layer in part.layers for each in network.parameters_of(layer)):
            slots = [f"{slot}_{name}" for slot in step.experiment.optimizer.slots]
            for label in [name] if name in step.experiment.frozen else [*slots, name]:
                node = step.updated[label]
                kept = node is step.before[label]
                made.append(
                    Definition(label, Quantity(label) if kept else reader.formula(node), new=True)
                )
        operations[part.name] = tuple(made)
    return StepFormulas(operations)


def formula_of(node: Node) -> Expression:
    """Return what a node is computed from, back to the leaves."""
    return _Reader().formula(node)


class _Reader:
    """Reads nodes as expressions; ``known`` ones stand for themselves."""

    def __init__(
        self,
        known: Mapping[Node, Expression] | None = None,
        weights: Collection[str] = (),
        saturated: bool = False,
    ) -> None:
        self.known, self.weights, self.saturated = known or {}, weights, saturated

    @classmethod
    def of(cls, step: Step, saturated: bool) -> _Reader:
        known: dict[Node, Expression] = {
            node: Setting(node.name, value) for node, value in step.settings.items()
        }
        for name, node in step.updated.items():
            known[node] = Quantity(name, new=True)
        for name, node in {**step.before, **step.nodes}.items():
            known[node] = Quantity(name)
        names = step.names
        return cls(known, {names.weights(layer) for layer in range(1, step.depth + 1)}, saturated)

    def read(self, node: Node) -> Expression:
        """Return what stands for a node in the formulas of others."""
        if node in self.known:
            return self.known[node]
        if node.op.name == "leaf":
            return Quantity(node.name)
        read = self.formula(node)
        if isinstance(read, Activated) and node.op in APPLIED.values():
            # applied once more, it keeps its name; a softmax needs the whole layer
            return replace(read, by_name=ACTIVATIONS[read.name].pullback is None)
        return read

    def formula(self, node: Node) -> Expression:
        """Return what a node is computed from."""
        name, inputs = node.op.name, node.inputs
        if node.op is LOG_SUM_EXP:
            return LogSumExp(self.read(inputs[0]))
        if node.op.textbook is not None:
            body = self.formula(node.op.textbook(*inputs))
            inlined = node.op in TERMS.values()
            return body if inlined else Activated(name, self.read(inputs[0]), body)
        if node.op is CONSTANT:
            return constant_expression(node)
        if node.op is STABLE and inputs[0].op in TERMS.values():
            return self.read(inputs[0])  # it has its own ways to keep digits
        parts = [self.read(each) for each in inputs]
        match name, parts:
            case "stable", [shown, computed]:
                return Stable(shown, computed)
            case "positive", [of]:
                return of
            case "add", [first, second]:
                return Sum((*_terms(first), *_terms(second)))
            case "subtract", [first, second]:
                return Sum((*_terms(first), Negative(second)))
            case "multiply", [first, second]:
                return times(first, second)
            case "divide", [Constant(1.0), Constant(count, _, "len(target)")]:
                return Constant(1.0 / count, f"1/{count:g}", f"1 / {count:g}")
            case "divide", [top, bottom]:
                return Quotient(top, bottom)
            case "negative", [of]:
                return Negative(of)
            case "power", [base, exponent]:
                return Power(base, exponent)
            case "logaddexp", [of, Constant(0.0)]:
                return Function("ln_one_plus_exp", of)
            case "maximum", [of, Constant(_, _, code)] if code == TINY_CODE:
                return Maximum(of, parts[1]) if self.saturated else of
            case "maximum", [first, second]:
                return Maximum(first, second)
            case "minimum", [first, second]:
                return Minimum(first, second)
            case "clip", [of, low, high]:
                return Minimum(Maximum(of, low), high)
            case "square", [of]:
                return square(of)
            case "reciprocal", [of]:
                return Quotient(ONE, of)
            case "where", [Choice(condition, Constant(0.0)), yes, no]:
                return Choice(condition, no, yes)
            case "where", [Choice(condition), yes, no]:
                return Choice(condition, yes, no)
            case "greater", [of, Constant(0.0)]:
                return Choice(of, ONE, ZERO)
            case "greater", [first, second]:
                return Choice(minus(first, second), ONE, ZERO)
            case "less", [first, second]:
                return Choice(minus(second, first), ONE, ZERO)
            case "less_equal", [first, second]:
                return Choice(minus(first, second), ZERO, ONE)
            case "greater_equal", [first, second]:
                return Choice(minus(second, first), ZERO, ONE)
            case "matmul", [left, right]:
                return MatrixProduct(left, right)
            case "transpose", [of]:
                return Transposed(of)
            case "sum", [of]:
                axis = {None: None, 0: 0, -1: 1, 1: 1}[node.settings["axis"]]
                weights = all(each.name in self.weights for each in quantities(of))
                return Total(of, axis, UNITS if weights else SAMPLES)
            case "getitem", [of]:
                return LastSample(of)
        (of,) = parts
        return Function(FUNCTION_NAMES.get(name, name), of)


def constant_expression(node: Node) -> Constant:
    """Return a number of a formula, written as the graph wants it written."""
    value, written = float(node.settings["value"]), node.settings
    if value == HALF.value:
        return HALF
    return Constant(value, written.get("text", ""), written.get("code", ""))


def _terms(node: Expression) -> tuple[Expression, ...]:
    return node.terms if isinstance(node, Sum) else (node,)
