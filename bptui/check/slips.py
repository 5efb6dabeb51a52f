"""Slips: changes of the true computation, and what a step with some of them gives."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from bptui.check.trials import Case
from bptui.core.activations import ACTIVATIONS
from bptui.core.arrays import Array
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.core.graph.elementwise import multiply, positive
from bptui.core.graph.neighbours import Edit, neighbours
from bptui.core.graph.node import (
    CONSTANT,
    LEAF,
    SAMPLE_COUNT,
    Node,
    constant,
    evaluate,
    ordered,
    samples,
)
from bptui.core.graph.reductions import mean
from bptui.core.graph.shaping import item
from bptui.core.losses import LOSSES
from bptui.core.mistakes import MISTAKES, check_mistakes
from bptui.core.optimizers import OPTIMIZERS
from bptui.core.step import Step, training_step
from bptui.explain.equation import Equation
from bptui.explain.expression import Expression, Quantity, Scope
from bptui.explain.formulas import define
from bptui.explain.report import assignment
from bptui.explain.symbols import Symbols

ANOTHER_UPDATE = "the update is that of"
"""And the name of an optimizer: its gradients are right."""


def carried_over(edit: Edit, of: Sequence[Node], step: Step) -> Step | None:
    """Return the step with the edit of a step that has the same operations; None if it has not."""
    order = ordered(step.outputs)
    if order == [*of]:
        return step.with_changes({edit.node: edit.instead})
    if [node.op.name for node in order] != [node.op.name for node in of]:
        return None
    found = dict(zip(of, order, strict=True))
    sizes = {SAMPLE_COUNT: samples(step.samples)}

    def made(node: Node) -> Node:
        if node not in found:
            if node.op in (LEAF, CONSTANT):
                found[node] = sizes.get(node.settings.get("code", ""), node)
            else:
                inputs = [made(source) for source in node.inputs]
                found[node] = node.op(*inputs, **node.settings).named(node.name)
        return found[node]

    node, instead = found[edit.node], made(edit.instead)
    return step.with_changes({node: instead}) if instead.shape == node.shape else None


def edits_of(step: Step, within: Collection[Node]) -> Iterator[Edit]:
    """Yield the edits of single nodes ``within``, other slopes, and data out of place."""
    count = samples(step.samples)
    yield from neighbours(step.outputs, within, factors=[count] if step.samples > 1 else [])
    for layer in range(1, step.depth + 1):
        names = step.names
        net, out, upstream, delta = (
            step.nodes[name(layer)]
            for name in (names.net, names.out, names.out_gradient, names.delta)
        )
        for activation in ACTIVATIONS.values() if delta in within else ():
            if activation.slope is not None:
                slope = upstream * activation.slope(net, out)
                yield Edit(delta, slope.named(delta.name), "another function")
    for name in ("input", "target"):
        if step.nodes[name] in within:
            data = step.nodes[name]
            turned = item(data, index=slice(None, None, -1))
            yield Edit(data, turned, f"the rows of {name} are in the opposite order")
            # with as many rows as there are, in any batch
            average = mean(data, axis=0, keepdims=True) + 0.0 * data
            broadcast = "as where shapes (n,) and (n, 1) are combined to (n, n)"
            yield Edit(data, average, f"{name} is averaged over the batch, {broadcast}")


def solved(
    step: Step,
    name: str,
    made: Sequence[Array],
    found: Sequence[Array],
    known: Sequence[dict[Node, Array]],
) -> Iterator[Edit]:
    """Yield what may be done to a quantity that is ``made`` in each call and should be ``found``.

    The same number is added to all of it, a multiple of another quantity, or it is that.
    """
    node = step.computed[name]
    apart = [b - a for a, b in zip(made, found, strict=True)]
    flat = np.concatenate([each.ravel() for each in apart])
    if not np.isfinite(flat).all():
        return
    plain = node.named("")
    if np.ptp(flat) <= 1e-6 * np.abs(flat).max():
        yield Edit(node, (plain + constant(float(f"{flat.mean():.6g}"))).named(node.name), "offset")
    after = {*step.updated.values()}
    order = ordered(step.outputs)
    for other in order[: order.index(node)]:
        if not other.name or not all(other in numbers for numbers in known):
            continue
        if other.shape[1:] == node.shape and other.op is not LEAF:
            yield Edit(node, mean(other, axis=0).named(name), "operand")
        if other.shape != node.shape or other in after or other.name == f"g{name}":
            continue
        base = np.concatenate([numbers[other].ravel() for numbers in known])
        yield Edit(node, positive(other).named(name), "operand")
        square = float(base @ base)
        factor = float(base @ flat) / square if square else 0.0
        if factor and np.abs(flat - factor * base).max() <= 1e-6 * np.abs(flat).max():
            for scale in _scales(step, factor):
                yield Edit(node, (plain + scale * other).named(node.name), "added")


def _scales(step: Step, factor: float) -> Iterator[Node]:
    """Yield how a factor may be written: with a setting, divided by the samples, or in digits."""
    for setting, value in step.settings.items():
        for times in (1.0, 2.0, -1.0, -2.0):
            if value and abs(factor / (times * value) - 1.0) < 1e-6:
                yield multiply(constant(times), setting) if times != 1.0 else setting
    yield constant(float(f"{factor:.6g}"))


@dataclass(frozen=True)
class Slip:
    """A mistake of the catalogue, another network or loss than the preset's, or an edit of a node.

    ``name`` is that of the mistake, or what is said of another deviation. ``edit`` is one of the
    graph whose nodes are ``of``: in another network it is made at the same place.
    """

    name: str
    edit: Edit | None = None
    of: tuple[Node, ...] = field(default=(), repr=False, compare=False)

    @property
    def known(self) -> bool:
        """Tell whether it is a mistake of the catalogue."""
        return self.name in MISTAKES

    @property
    def outside(self) -> bool:
        """Tell whether it is another network, loss or setting, for which the step is written."""
        return self.edit is None and not self.known


@dataclass(frozen=True)
class Cause:
    """Slips that, made together, give what the code gave, on every trial."""

    slips: tuple[Slip, ...] = ()

    @property
    def mistakes(self) -> tuple[str, ...]:
        """The mistakes of the catalogue among them, in its order."""
        made = {slip.name for slip in self.slips}
        return tuple(name for name in MISTAKES if name in made)

    @property
    def other(self) -> tuple[str, ...]:
        """What is said of those that are not: "the L2 penalty is left out", "gW2 = ..."."""
        return tuple(slip.name for slip in self.slips if not slip.known)

    @property
    def written(self) -> bool:
        """Tell whether the edits among them are said in lines of code."""
        return all(" = " in slip.name for slip in self.slips if slip.edit is not None)

    @property
    def size(self) -> int:
        return len(self.slips)


def others_for(experiment: Experiment) -> dict[str, Callable[[], Experiment]]:
    """Return deviations that are not in the catalogue, by what is said about them."""
    training, network = experiment.training, experiment.network
    used, made = network.activations, dict[str, Callable[[], Experiment]]()

    def may_be(said: str, activations: Sequence[str] = used, **settings: object) -> None:
        made[said] = partial(with_settings, experiment, activations, **settings)

    if training.l2:
        may_be("the L2 penalty is left out", l2=0.0)
        half = "the factor 2 of the L2 penalty's gradient is left out"
        may_be(half, l2=0.5 * training.l2)
    if training.learning_rate != 1.0:
        may_be("the learning rate is 1", learning_rate=1.0)
    for name, optimizer in OPTIMIZERS.items():
        if name != training.optimizer and not optimizer.counts:
            may_be(f"{ANOTHER_UPDATE} {name}", optimizer=name, settings=())
    for loss in LOSSES:
        if loss != training.loss:
            may_be(f"the loss is {loss}", loss=loss)
    *hidden, last = used
    whose = "the hidden layer's activation" if len(hidden) == 1 else "the hidden activation"
    for name, activation in ACTIVATIONS.items():
        if any(each != name for each in hidden) and activation.pullback is None:
            may_be(f"{whose} is {name}", [*(name for _ in hidden), last])
        if name != last and (activation.pullback is None or network.layers[-1] > 1):
            may_be(f"the output layer's activation is {name}", [*hidden, name])
    return made


def exclusive(slips: Sequence[Slip]) -> bool:
    """Tell whether some set the same: "the loss is ..." twice, of which the last one counts."""
    whose = [slip.name.split(" is ")[0] for slip in slips if slip.outside]
    return len({*whose}) < len(whose)


def with_settings(
    experiment: Experiment, activations: Sequence[str], **settings: object
) -> Experiment:
    """Return the experiment with other activations, and other settings of its training."""
    training = replace(experiment.training, **settings)  # type: ignore[arg-type]
    network = replace(experiment.network, activations=tuple(activations))
    return replace(experiment, network=network, training=training)


def another_network(cause: Cause, experiment: Experiment) -> Experiment | None:
    """Return the experiment of which right code gives just that; None where a mistake is made."""
    if cause.size < 2 or not all(slip.outside for slip in cause.slips):
        return None
    for name in cause.other:
        experiment = others_for(experiment)[name]()
    return experiment


class Steps:
    """The steps of a case with slips in them, and what they give in each call."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._steps: dict[tuple[Slip, ...], Step | None] = {}
        self._known: dict[tuple[tuple[str, ...], int], dict[Node, Array]] = {}

    def step(self, slips: tuple[Slip, ...] = ()) -> Step | None:
        """Return the step with these slips, made in turn; None where it cannot have them."""
        if slips not in self._steps:
            try:
                self._steps[slips] = self._made(slips)
            except (UnusableError, KeyError, ValueError, TypeError, IndexError):
                self._steps[slips] = None  # there may be no such layer, or no such matrix
        return self._steps[slips]

    def _made(self, slips: tuple[Slip, ...]) -> Step | None:
        if not slips:
            return training_step(self.case.experiment, self.case.samples)
        *_, last = slips
        before = self.step(slips[:-1])
        if before is None:
            return None
        if last.edit is not None:
            return carried_over(last.edit, last.of, before)
        experiment = before.experiment
        if last.outside:
            return training_step(others_for(experiment)[last.name](), self.case.samples)
        check_mistakes(Cause(slips).mistakes, experiment.network, experiment.training.reduction)
        return MISTAKES[last.name].rewrite(before)

    def values(
        self, slips: tuple[Slip, ...], names: Collection[str], calls: int = 99
    ) -> list[dict[str, Array]]:
        """Return what a program gives in each call, by name; nothing where it cannot be made.

        Each call begins with the parameters of its right step, in one life: gradients that are
        never cleared go on from call to call.
        """
        step = self.step(slips)
        if step is None:
            return []
        kept = [name for name in step.updated if name not in step.nodes]
        computed = step.computed
        nodes = {name: computed[name] for name in (*names, *kept) if name in computed}
        slots = {name: np.zeros(step.before[name].shape) for name in kept}
        made: list[dict[str, Array]] = []
        for call in range(min(calls, len(self.case.right))):
            known = self.known(_changed(slips), call)
            known = known | {step.before[name]: value for name, value in slots.items()}
            found = evaluate(nodes.values(), known)
            slots = {name: found[nodes[name]] for name in kept}
            made.append({name: np.atleast_1d(found[node]) for name, node in nodes.items()})
        return made

    def known(self, changed: tuple[str, ...], call: int) -> dict[Node, Array]:
        """Return the numbers of the step without slips, which most nodes of others are, too."""
        if (changed, call) not in self._known:
            step = self.step(tuple(map(Slip, changed)))
            assert step is not None, "a step with mistakes in it was made of one without"
            right = self.case.right[call]
            data = {name: right.values[name] for name in ("input", "target")}
            given = step.given({**data, **right.parameters.named()})
            # most combinations are tried once, for a single quantity
            wanted = step.nodes.values() if len(changed) < 2 else ()
            self._known[changed, call] = evaluate(wanted, given)
        return self._known[changed, call]


def _changed(slips: Sequence[Slip]) -> tuple[str, ...]:
    """Return the slips that change what the step is written for."""
    return tuple(slip.name for slip in slips if slip.outside)


def with_line(slips: tuple[Slip, ...], case: Case) -> tuple[Slip, ...]:
    """Return the slips, edits among them named after the line that the code probably has."""
    if not slips:
        return ()
    *_, last = slips
    if last.edit is not None:
        name = last.edit.kind  # of what no line computes
        if last.edit.node.op is not LEAF:
            steps = Steps(case)
            before, now = (_formulas(steps.step(each)) for each in (slips[:-1], slips))
            new = [left for left, formula in now.items() if before.get(left) != formula]
            name = "a mistake in a single operation"
            if new:
                equation = Equation(new[0], now[new[0]], Scope.of(case.right[0]))
                name = assignment(equation, Symbols(case.experiment.network.names))
        last = replace(last, name=name)
    return (*with_line(slips[:-1], case), last)


def _formulas(step: Step | None) -> dict[Quantity, Expression]:
    """Return the formulas of a step, whole arrays at once; none of what nobody would write down."""
    try:
        return {
            Quantity(one.name, new=one.new): one.expression
            for definitions in (define(step).operations.values() if step else ())
            for one in definitions
        }
    except (ValueError, KeyError):
        return {}
