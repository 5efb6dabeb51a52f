"""The graphs of a step with mistakes in it, and what they give in the calls of a case."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bptui.check.diagnosis.trials import Case, cases_for
from bptui.core.activations import ACTIVATIONS
from bptui.core.arrays import Array
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.core.graph.compile import Plain
from bptui.core.graph.neighbours import Edit, neighbours
from bptui.core.graph.node import Node, evaluate, ordered
from bptui.core.losses import LOSSES
from bptui.core.mistakes import MISTAKES, check_mistakes
from bptui.core.step import Step, training_step
from bptui.explain.equation import Comparison, Equation, compare
from bptui.explain.expression import Quantity, Scope
from bptui.explain.formulas import define

BACKWARD = ("dL/d", "delta", "g")
"""How the names of what the backward pass computes begin."""
MOST_EDITED = 3
"""Layers up to which every single operation is edited."""
MOST_KEPT = 2_000
"""Parameters of a network up to which what was computed is kept: it is asked for again."""
Change = Callable[[Experiment], Experiment]


@dataclass(frozen=True)
class Cause:
    """Mistakes of the catalogue that, made together, give what the code gave, on every trial.

    ``other`` names what is not in the catalogue: "the L2 penalty is left out", ...
    """

    mistakes: tuple[str, ...]
    other: tuple[str, ...] = ()
    layer: int = 0
    """The only layer in which the mistakes are made; 0: wherever they can be."""
    edit: int | None = None
    """The number of the only operation that is another one, in networks of the same sizes."""

    @property
    def size(self) -> int:
        return len(self.mistakes) + len(self.other)

    @property
    def base(self) -> tuple[str, ...]:
        """What the step is written for before anything is rewritten."""
        return self.other if self.edit is None else ()


def cause_of(names: Collection[str]) -> Cause:
    """Return the cause with these names, mistakes in the order of the catalogue."""
    mistakes = tuple(name for name in MISTAKES if name in names)
    return Cause(mistakes, tuple(sorted(name for name in names if name not in MISTAKES)))


def others_for(experiment: Experiment) -> dict[str, tuple[Change, str]]:
    """Return deviations that are not in the catalogue, by what is said about them.

    With each whose activation it changes: that of the ``hidden`` or of the ``output`` layers.
    """
    training, network = experiment.training, experiment.network
    made: dict[str, tuple[Change, str]] = {}
    if training.l2:
        made["the L2 penalty is left out"] = _training(l2=0.0), ""
        half = _training(l2=0.5 * training.l2)
        made["the factor 2 of the L2 penalty's gradient is left out"] = half, ""
    for loss in LOSSES:
        if loss != training.loss:
            made[f"the loss is {loss}"] = _training(loss=loss), ""
    *hidden, last = network.activations
    whose = "the hidden layer's activation" if len(hidden) == 1 else "the hidden activation"
    for name, activation in ACTIVATIONS.items():
        if any(each != name for each in hidden):
            others = (*(name for _ in hidden), last)
            made[f"{whose} is {name}"] = _activations(others), "hidden"
        if name != last and (activation.pullback is None or network.layers[-1] > 1):
            change = _activations((*hidden, name))
            made[f"the output layer's activation is {name}"] = change, "output"
    return made


def _training(**settings: float | str) -> Change:
    def change(experiment: Experiment) -> Experiment:
        return replace(experiment, training=replace(experiment.training, **settings))  # type: ignore[arg-type]

    return change


def _activations(names: tuple[str, ...]) -> Change:
    return lambda made: replace(made, network=replace(made.network, activations=names))


class Rewrites:
    """The steps of a case with deviations in them, and what they give in each call."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._steps: dict[Cause, Step | None] = {}
        self._plain: dict[tuple[str, ...], Plain] = {}
        self._known: dict[tuple[tuple[str, ...], int], dict[Node, Array]] = {}

    def step(self, cause: Cause = Cause(())) -> Step | None:
        """Return the step with what is wrong; None where that cannot be made in the network."""
        if cause not in self._steps:
            try:
                self._steps[cause] = self._made(cause)
            except (UnusableError, KeyError, ValueError):  # there may be no such layer or matrix
                self._steps[cause] = None
        return self._steps[cause]

    def _made(self, cause: Cause) -> Step | None:
        """Return the step with the last of the mistakes made in that with all before it."""
        experiment = self.case.experiment
        if cause.edit is not None:
            edit, base = self.edits[cause.edit], self.step()
            return base and base.with_changes({edit.node: edit.instead})
        if not cause.mistakes:
            for name in cause.other:
                experiment = others_for(experiment)[name][0](experiment)
            return training_step(experiment, self.case.samples)
        last = MISTAKES[cause.mistakes[-1]]
        before = self.step(replace(cause, mistakes=cause.mistakes[:-1], layer=0))
        if before is None:
            return None
        network = before.experiment.network
        if not cause.layer:
            check_mistakes(cause.mistakes, network, before.experiment.training.reduction)
            return last.rewrite(before)
        if last.shows_in == "gradient":
            return last.rewrite(before._replace(only=cause.layer))
        frozen = [name for name in last.freezes(network) if int(name[1:]) == cause.layer]
        # of a layer without its bias: with that, it is everywhere
        return before.keeping(frozen[:1]) if frozen and network.bias else None

    @cached_property
    def edits(self) -> list[Edit]:
        """Every edit of one operation of the backward pass and the update."""
        base, made = self.step(), list[Edit]()
        if base is None or base.depth > MOST_EDITED:
            return made
        backward = [node for name, node in base.nodes.items() if name.startswith(BACKWARD)]
        named = {*base.nodes.values(), *base.before.values()}
        for node in (*backward, *base.updated.values()):
            within = {node}
            for part in reversed(ordered([node])):  # what uses it comes first
                if part in within:
                    within |= {each for each in part.inputs if each not in named}
            made += neighbours(base.outputs, within)
        return made

    def formulas(self, cause: Cause, names: Collection[str]) -> dict[str, Node]:
        """Return what computes the quantities: the same nodes for the same formulas.

        None where that cannot be made; parameters are those after the step.
        """
        step = self.step(cause)
        if step is None:
            return {}
        plain = self._plain.setdefault(cause.base, Plain(step.settings))
        known = {**step.nodes, **step.updated}
        given = [name for name in names if name in known]
        return dict(zip(given, plain(known[name] for name in given), strict=True))

    def values(self, cause: Cause, names: Collection[str]) -> list[dict[str, Array]]:
        """Return what a program gives in each call, by name; nothing where it cannot be made.

        Each call begins with the parameters of its right step, in one life: gradients that are
        never cleared go on from call to call.
        """
        step = self.step(cause)
        if step is None:
            return []
        kept = [name for name in step.updated if name not in step.nodes]
        nodes = self.formulas(cause, (*names, *kept))
        slots = {name: np.zeros(step.before[name].shape) for name in kept}
        made: list[dict[str, Array]] = []
        for number, right in enumerate(self.case.right):
            known = self._known.get((cause.base, number))
            if known is None:
                data = {name: right.values[name] for name in ("input", "target")}
                known = step.given({**data, **right.parameters.named()})
            known = known | {step.before[name]: value for name, value in slots.items()}
            known = evaluate(nodes.values(), known)
            if cause.edit is None and self.case.experiment.network.parameter_count <= MOST_KEPT:
                self._known[cause.base, number] = known
            slots = {name: known[nodes[name]] for name in kept}
            made.append({name: np.atleast_1d(known[node]) for name, node in nodes.items()})
        return made


def rewritten(cause: Cause, case: Case) -> tuple[Comparison, ...]:
    """Return the whole-array equations that ``cause`` changes, in the order of the step.

    ``mistaken`` is what the code probably has, ``correct`` what it should be. None where the cause
    cannot be made in the network of ``case``.
    """
    rewrites, scope, made = Rewrites(case), Scope.of(case.right[0]), list[Comparison]()
    steps = rewrites.step(), rewrites.step(cause)
    try:
        right, mistaken = ({} if each is None else _equations(each, scope) for each in steps)
    except ValueError:  # an edited formula may be one that nobody would write down
        return ()
    for key, equation in mistaken.items():
        if key in right and right[key].expression != equation.expression:
            made.append(compare(equation, right[key]))
    return tuple(made)


def _equations(step: Step, scope: Scope) -> dict[tuple[str, bool], Equation]:
    return {
        (each.name, each.new): Equation(Quantity(each.name, new=each.new), each.expression, scope)
        for definitions in define(step).operations.values()
        for each in definitions
    }


def only_in_batches(name: str, experiment: Experiment) -> bool:
    """Tell whether a mistake makes no difference with one sample."""
    bias = experiment.network.bias
    case = cases_for(experiment, bias=bias, single=True, function="gradients")[1]
    names = [f"g{each}" for each in case.right[0].parameters.named()]
    right, made = (Rewrites(case).values(each, names) for each in (Cause(()), Cause((name,))))
    return bool(made) and all(
        np.allclose(made[0][each], right[0][each], rtol=1e-9) for each in names
    )
