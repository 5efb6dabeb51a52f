"""Slips: changes of the true computation, and what a step with some of them gives."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from types import CodeType
from typing import NamedTuple

import numpy as np

from bptui.check.trials import Case
from bptui.core.activations import ACTIVATIONS
from bptui.core.arrays import Array
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.core.graph.elementwise import positive
from bptui.core.graph.node import LEAF, SAMPLE_COUNT, Node, Shape, evaluate, leaf, ordered
from bptui.core.losses import LOSSES
from bptui.core.mistakes import MISTAKES, check_mistakes
from bptui.core.optimizers import OPTIMIZERS
from bptui.core.step import Step, training_step
from bptui.explain.equation import Equation
from bptui.explain.expression import Constant, Expression, Quantity, Scope, quantities, rebuild
from bptui.explain.formulas import define
from bptui.explain.report import assignment
from bptui.explain.symbols import Symbols

ANOTHER_UPDATE = "the update is that of"
"""And the name of an optimizer: its gradients are right."""
DATA = {
    "{0} = {0}[::-1]": "the rows of {0} are in the opposite order",
    "{0} = {0}.mean(axis=0) + 0 * {0}": "{0} is averaged over the batch, as where shapes (n,) and "
    "(n, 1) are combined to (n, n)",
}
"""What may happen to samples: the line that does it, and how it is said."""


class Line(NamedTuple):
    """The line of code that computes a quantity, and what may stand in it by its names."""

    code: str
    sight: Mapping[str, Node]

    @property
    def name(self) -> str:
        """What the quantity is called in the code."""
        return self.code.partition(" ")[0]

    def named(self, numbers: Mapping[Node, Array]) -> dict[str, Array]:
        """Return the numbers of what is in sight."""
        return {name: numbers[node] for name, node in self.sight.items()}


@lru_cache(maxsize=20_000)
def _compiled(code: str) -> CodeType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the compiler has its doubts about some edits
        return compile(code.partition(" = ")[2], "<line>", "eval")


def evaluated(code: str, named: Mapping[str, Array], shape: Shape) -> Array | None:
    """Return what an assignment makes of numbers by name; None where that has another shape."""
    try:
        with np.errstate(all="ignore"):
            found = np.asarray(eval(_compiled(code), {"np": np, **named}), dtype=np.float64)
    except Exception:  # whatever an edited line may raise
        return None
    return found if found.shape == shape else None


def lines_of(step: Step) -> Iterator[tuple[str, Line]]:
    """Yield the quantities of a step in their order, and the lines that compute them.

    None where the step has a formula that nobody would write down.
    """
    symbols, samples = Symbols(step.names), f"1 / {step.samples}"

    def counted(part: Expression) -> Expression:
        if isinstance(part, Constant) and part.code == samples:
            return replace(part, code=f"1 / {SAMPLE_COUNT}")
        return rebuild(part, counted)

    given = (n for n in ordered(step.outputs) if n.op is LEAF and n.name not in ("", "k"))
    sight = {symbols.code(node.name): node for node in given}
    yield from ((name, Line(f"{name} = {name}", sight)) for name in ("input", "target"))
    try:
        every = define(step).every
    except (ValueError, KeyError):
        return
    for made in every:
        sources = step.computed[made.name].inputs
        if any(source.name or source.inputs for source in sources):  # no other line, nor frozen
            left, right = Quantity(made.name, new=made.new), counted(made.expression)
            new = {read.name: step.updated[read.name] for read in quantities(right) if read.new}
            code = assignment(Equation(left, right, Scope({}, {})), symbols)
            yield made.name, Line(code, sight | new)
        if not made.new:
            sight = {**sight, symbols.code(made.name): step.nodes[made.name]}


def solved(
    line: Line,
    named: Mapping[str, Sequence[Array]],
    made: Sequence[Array],
    found: Sequence[Array],
    settings: Mapping[str, float],
) -> Iterator[str]:
    """Yield lines that make ``found`` in each call of what the right one has ``made``.

    The same number is added to all of it, a multiple of another quantity, or it is that.
    """
    flat = np.concatenate([(b - a).ravel() for a, b in zip(made, found, strict=True)])
    if not np.isfinite(flat).all():
        return
    if np.ptp(flat) <= 1e-6 * np.abs(flat).max():
        yield f"{line.code} {'-' if flat.mean() < 0.0 else '+'} {abs(flat.mean()):.6g}"
    for name, numbers in named.items():
        if numbers[0].ndim and numbers[0].shape[1:] == made[0].shape:
            yield f"{line.name} = {name}.mean(axis=0)"
        if numbers[0].shape != made[0].shape:
            continue
        yield f"{line.name} = {name}"
        base = np.concatenate([each.ravel() for each in numbers])
        square = float(base @ base)
        factor = float(base @ flat) / square if square else 0.0
        if factor and np.abs(flat - factor * base).max() <= 1e-6 * np.abs(flat).max():
            for scale in _scales(settings, abs(factor)):
                yield f"{line.code} {'-' if factor < 0.0 else '+'} {scale} * {name}"


def _scales(settings: Mapping[str, float], factor: float) -> Iterator[str]:
    """Yield how a factor may be written: with a setting, or in digits."""
    for setting, value in settings.items():
        for times, text in ((1.0, ""), (2.0, "2 * ")):
            if value and abs(factor / (times * value) - 1.0) < 1e-6:
                yield f"{text}{setting}"
    yield f"{factor:.6g}"


@dataclass(frozen=True)
class Slip:
    """A mistake of the catalogue, another network or loss than the preset's, or another line.

    ``name`` is that of the mistake, or what is said of another deviation. ``line`` is the code that
    computes the quantity ``of``.
    """

    name: str
    of: str = ""
    line: str = ""

    @property
    def known(self) -> bool:
        """Tell whether it is a mistake of the catalogue."""
        return self.name in MISTAKES

    @property
    def outside(self) -> bool:
        """Tell whether it is another network, loss or setting, for which the step is written."""
        return not self.of and not self.known


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
        """Tell whether the lines among them are said as such."""
        return all(slip.name == slip.line for slip in self.slips if slip.of)

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
        self.lines = cache(self._lines)

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
        if last.of:
            node = before.computed[last.of]
            return before.with_changes({node: positive(leaf("", node.shape)).named(node.name)})
        experiment = before.experiment
        if last.outside:
            return training_step(others_for(experiment)[last.name](), self.case.samples)
        check_mistakes(Cause(slips).mistakes, experiment.network, experiment.training.reduction)
        return MISTAKES[last.name].rewrite(before)

    def values(
        self, slips: tuple[Slip, ...], names: Collection[str], calls: int = 99
    ) -> list[dict[str, Array]]:
        """Return what a program gives in each call, by name; nothing where it cannot be made."""
        step = self.step(slips)
        computed = {} if step is None else step.computed
        nodes = {name: computed[name] for name in names if name in computed}
        return [
            {name: np.atleast_1d(found[node]) for name, node in nodes.items()}
            for found in self.numbers(slips, nodes.values(), calls)
        ]

    def numbers(
        self, slips: tuple[Slip, ...], nodes: Collection[Node], calls: int = 99
    ) -> Iterator[dict[Node, Array]]:
        """Yield the numbers of nodes, and of what they are computed from, in each call.

        Each call begins with the parameters of its right step, in one life: gradients that are
        never cleared go on from call to call.
        """
        step = self.step(slips)
        if step is None:
            return
        kept = {step.before[name]: step.updated[name] for name in step.updated.keys() - step.nodes}
        slots = {old: np.zeros(old.shape) for old in kept}
        for call in range(min(calls, len(self.case.right))):
            known = self.known(_changed(slips), call) | slots
            if not self._with_lines(slips, known):
                return
            found = evaluate([*nodes, *kept.values()], known)
            slots = {old: found[new] for old, new in kept.items()}
            yield found

    def _lines(self, slips: tuple[Slip, ...]) -> dict[str, Line]:
        step = self.step(slips)
        return {} if step is None else dict(lines_of(step))

    def _with_lines(self, slips: tuple[Slip, ...], known: dict[Node, Array]) -> bool:
        """Add what the lines among some slips give to known numbers; return whether they do."""
        for place, slip in enumerate(slips):
            if slip.of:
                line, step = self.lines(slips[:place]).get(slip.of), self.step(slips[: place + 1])
                if line is None or step is None:
                    return False
                named = line.named(evaluate(line.sight.values(), known))
                node = step.computed[slip.of]
                made = evaluated(slip.line, named, node.shape)
                if made is None:
                    return False
                known[node.inputs[0]] = made
        return True

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
