"""What was computed instead: slips in the right step with which it gives the code's numbers.

They are found one after the other: each gives the first quantity that is still wrong, and as many
behind it as can be. Tried are the mistakes of the catalogue, other settings than the preset's, and
edits of the right lines of code. Right code of another network makes no slip.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import combinations, islice

import numpy as np

from bptui.check.numbers.comparing import Called, calls_of, is_result
from bptui.check.numbers.inferring import most_right, with_settings
from bptui.check.numbers.judging import Finding
from bptui.check.numbers.trials import Trial
from bptui.core.arrays import Array
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.core.graph.node import STABLE, Node, Values, evaluate, ordered
from bptui.core.mistakes import MISTAKES, check_mistakes, with_mistakes
from bptui.core.optimizers import OPTIMIZERS
from bptui.core.step import Step, training_step
from bptui.explain.equation import Equation
from bptui.explain.expression import Scope
from bptui.explain.formulas import define
from bptui.explain.report import assignment
from bptui.explain.symbols import Symbols
from bptui.trace.mend.mending import Evaluation, Sight, written
from bptui.trace.mend.statement_edits import edits

MOST, MOST_IN_ONE = 4, 3
"""Turns in which slips are looked for, and mistakes that are tried together in one."""
LARGE, MOST_TRIED = 2_000, 400
"""Parameters up to which lines are edited, and edits of a line."""
LARGEST = 20_000
"""Parameters up to which another network is looked for."""
ANOTHER_UPDATE = "the update is that of"
"""And the name of an optimizer: its gradients are right."""


@dataclass(frozen=True)
class Cause:
    """What gives the code's numbers, all together.

    ``mistakes`` are those of the catalogue, ``other`` are deviations as they are said, ``lines``
    are right lines of code that are edited. Or it is right for another ``network``.
    """

    mistakes: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    network: Experiment | None = None


def diagnose(
    trial: Trial, findings: Sequence[Finding], others: Sequence[Trial] = (), told: bool = False
) -> tuple[Cause, ...]:
    """Return the causes that fit what was found in the calls of a trial; several fit equally well.

    Mistakes have to give what was found in ``others`` as well, where they can be made there.

    None where nothing is wrong, or nothing that is looked for gives the same numbers in every call.
    Where lines have ``told`` what is wrong already, only the one slip that has a name, or
    another network, is looked for; where a ratio says all, no edits of lines are.
    """
    calls, given = calls_of([trial]), [one for one in findings if one.verdict != "not given"]
    finite = all(np.isfinite(each).all() for call in calls for each in call.found.values())
    if not finite or not any(one.wrong for one in given):
        return ()
    # results follow from the rest, which may be in another convention
    results = [one for one in given if is_result(one.name)]
    judged = results if any(one.wrong for one in results) else given
    names = [one.name for one in judged if one.verdict != "convention"]
    step = training_step(trial.case.experiment, trial.case.samples)
    plain = all(one.ratio or one.notice for one in judged if one.wrong)
    with np.errstate(all="ignore"):
        program = _Program(step, calls, names)
        if not program.wrong:  # only other trials are
            return ()
        if told:
            causes = [one.cause for one in program.slipped(1) if not one.wrong]
            causes = causes or [*_another_network(program)]
        else:
            causes = _found(program, True, not plain) or _found(program, False, not plain)
        for other in others:
            step = training_step(other.case.experiment, other.case.samples)
            known = [one for one in causes if one.mistakes and not (one.other or one.lines)]
            made = [one for one in known if _mistaken(step, one.mistakes) is not None]
            unfit = [one for one in made if _Program(step, calls_of([other]), names, one).wrong]
            causes = [one for one in causes if one not in unfit]
    return tuple(causes)


def _found(program: _Program, naming: bool, editing: bool) -> list[Cause]:
    """Return the causes that explain everything: slips with names, and else edited lines.

    The former where ``naming`` is wanted, the latter where ``editing`` is.
    """
    first = program
    for _ in range(MOST):
        found = program.slipped(MOST_IN_ONE) if naming else []
        done = [one.cause for one in found if not one.wrong]
        if naming and program is first and not done:
            done = [*_another_network(program)]
        if done:
            return done
        if not found and editing:
            found = program.edited_in()
        if not found:
            break  # what it gives behind an edited line may differ, too
        best = max(found, key=_count)
        if not best.wrong:
            return [best.cause]
        program = best
    return []


def _another_network(program: _Program) -> Iterator[Cause]:
    """Yield the other activations and the other loss that give everything, if there are such."""
    call, experiment = program.calls[0], program.step.experiment
    if experiment.network.parameter_count > LARGEST:
        return
    own = replace(experiment, start=call.snapshot.parameters)
    found = {name: call.found[name] for name in program.names}
    other, right = most_right(own, found)
    made = training_step(other, program.step.samples)
    if right == len(found) and not _Program(made, program.calls, program.names).wrong:
        said = [*_differences(experiment, other)]
        yield Cause(other=(*said,)) if len(said) == 1 else Cause(network=other)


def _differences(experiment: Experiment, other: Experiment) -> Iterator[str]:
    """Yield what is said of other activations and of another loss."""
    (*own, output), (*hidden, last) = experiment.network.activations, other.network.activations
    if hidden != own:
        whose = "the hidden layer's" if len(hidden) == 1 else "the hidden"
        yield f"{whose} activation is {hidden[0]}"
    if last != output:
        yield f"the output layer's activation is {last}"
    if other.training.loss != experiment.training.loss:
        yield f"the loss is {other.training.loss}"
    if other.training.reduction != experiment.training.reduction:
        yield f"the reduction is {other.training.reduction}"


def _others(experiment: Experiment) -> Iterator[tuple[str, Experiment]]:
    """Yield deviations that are not in the catalogue, and what is said about them."""
    training, used = experiment.training, experiment.network.activations
    if training.l2:
        half = "the factor 2 of the L2 penalty's gradient is left out"
        for said, l2 in (("the L2 penalty is left out", 0.0), (half, 0.5 * training.l2)):
            yield said, with_settings(experiment, used, l2=l2)
    if training.learning_rate != 1.0:
        yield "the learning rate is 1", with_settings(experiment, used, learning_rate=1.0)
    for name, optimizer in OPTIMIZERS.items():
        if name != training.optimizer and not optimizer.counts:
            made = with_settings(experiment, used, optimizer=name, settings=())
            yield f"{ANOTHER_UPDATE} {name}", made


def lines_of(step: Step) -> dict[str, str]:
    """Return the lines of code that compute a step's quantities, in the network's names."""
    symbols, lines = Symbols(step.names), dict[str, str]()
    for made, formula in define(step).every.items():
        if step.computed[made.name].inputs:
            lines[made.name] = assignment(Equation(made, formula, Scope({}, {})), symbols)
    return lines


class _Program:
    """A step with what went wrong in it, and what it gives in each call.

    Each call begins with the parameters of its right step, in one life: gradients that are never
    cleared go on from call to call. ``edited`` has for each call the numbers of edited lines.
    ``given`` are the ``names`` that are as they were found; calls are looked at until it is clear
    that these are not all of the ``needed`` ones.
    """

    def __init__(
        self,
        step: Step,
        calls: Sequence[Called],
        names: Sequence[str],
        cause: Cause = Cause(),
        edited: Sequence[Mapping[str, Array]] = (),
        needed: Set[str] = frozenset(),
    ) -> None:
        self.step, self.calls, self.names, self.cause = step, calls, names, cause
        self.edited = edited or [{} for _ in calls]
        mistaken = with_mistakes(step, cause.mistakes)
        # what keeps digits takes other numbers than those given
        shown = {node: node.inputs[0] for node in ordered(mistaken.outputs) if node.op is STABLE}
        self.made = mistaken.with_changes(shown)
        self.given, self.values = {*names}, list[dict[str, Values]]()
        slots = self.made.updated.keys() - self.made.nodes
        kept = {name: np.zeros(self.made.before[name].shape) for name in slots}
        for call, own in zip(calls, self.edited, strict=True):
            found = self._carried_out(call, kept, own)
            kept = {name: np.asarray(found[name]) for name in slots}
            self.values.append(found)
            known = self.given & call.found.keys()
            self.given -= {name for name in known if not _gives(call, name, found)}
            if not needed <= self.given:
                break

    def _carried_out(
        self, call: Called, kept: Mapping[str, Array], edited: Mapping[str, Array]
    ) -> dict[str, Values]:
        """Return the quantities of a call by name."""
        computed = self.made.computed
        data = {name: call.expected[name] for name in ("input", "target")}
        known: dict[Node, Values] = self.made.given({**data, **call.before})
        known |= {self.made.before[name]: array for name, array in kept.items()}
        known |= {computed[name]: array for name, array in edited.items()}
        found = evaluate(computed.values(), known)
        return {name: found[node] for name, node in computed.items()}

    @property
    def wrong(self) -> str | None:
        """The first quantity that is not as it was found."""
        return next((name for name in self.names if name not in self.given), None)

    # what else may have gone wrong

    def slipped(self, most: int) -> list[_Program]:
        """Return this with more mistakes, as few as give more, or with other settings."""
        cause, found = self.cause, list[_Program]()
        more = [name for name in MISTAKES if name not in cause.mistakes]
        more = [name for name in more if self._acts(name)]
        for size in range(1, most + 1):
            for names in combinations(more, size):
                made = (*(n for n in MISTAKES if n in cause.mistakes or n in names),)
                if _mistaken(self.step, made) is not None:
                    found += self._next(self.step, replace(cause, mistakes=made), self.edited)
            if size == 1 and cause == Cause():
                for said, other in _others(self.step.experiment):
                    step = training_step(other, self.step.samples)
                    found += self._next(step, Cause(other=(said,)), self.edited)
            if found:
                break
        return found

    def _acts(self, mistake: str) -> bool:
        """Tell whether one more mistake changes how the first wrong quantity is computed."""
        assert self.wrong is not None, "of what explains everything no more is wanted"
        made = _mistaken(self.step, (*self.cause.mistakes, mistake))
        before = with_mistakes(self.step, self.cause.mistakes)
        return made is not None and made.computed[self.wrong] is not before.computed[self.wrong]

    def _next(
        self, step: Step, cause: Cause, edited: Sequence[Mapping[str, Array]]
    ) -> list[_Program]:
        """Return the program of a step with what went wrong in it, if it gives more than this."""
        needed = self.given | {name for name in [self.wrong] if name}
        with suppress(ValueError):  # of another shape, an edited value goes into no product
            made = _Program(step, self.calls, self.names, cause, edited, needed)
            return [made] if needed <= made.given else []
        return []

    def edited_in(self) -> list[_Program]:
        """Return this with each edit of one line that gives more.

        It is one that the first wrong quantity, and nothing right, comes from.
        """
        found, wrong = list[_Program](), self.wrong
        assert wrong is not None, "of what explains everything no more is wanted"
        if self.step.experiment.network.parameter_count > LARGE:
            return found
        lines = lines_of(with_mistakes(self.step, self.cause.mistakes))
        within = self._behind([wrong]) - self._behind(self.given)
        sight = self._sight(lines)
        evaluation = Evaluation(Sight(sight, {}))
        for quantity in reversed([one for one in lines if one in within]):
            seen = {_rounded(np.asarray(self.values[0][quantity]))}
            for edit in self._edits(quantity, lines[quantity], sight):
                values = evaluation.of(edit)
                if values is None or _rounded(values[0]) in seen:
                    continue
                seen.add(_rounded(values[0]))
                edited = [{**a, quantity: b} for a, b in zip(self.edited, values, strict=True)]
                cause = replace(self.cause, lines=(*self.cause.lines, written(edit) or ""))
                found += self._next(self.step, cause, edited)
                if found and not found[-1].wrong:
                    return found
        return found

    def _sight(self, lines: Mapping[str, str]) -> dict[str, list[Array]]:
        """Return what lines can read in each call, by its names in the code."""
        training, known = self.step.experiment.training, dict[str, list[Array]]()
        settings = {"learning_rate": training.learning_rate, "l2": training.l2}
        for call, values in zip(self.calls, self.values, strict=True):
            data = {name: call.expected[name] for name in ("input", "target")}
            made = {_target(line): values[name] for name, line in lines.items()}
            # parameters are those before the step
            for name, value in {**settings, **data, **made, **call.before}.items():
                known.setdefault(name, []).append(np.asarray(value))
        return known

    def _edits(
        self, quantity: str, line: str, sight: Mapping[str, list[Array]]
    ) -> Iterator[ast.stmt]:
        """Yield edits of a line; first with a number more, where that is what is off."""
        if quantity == self.wrong:
            off = self.calls[0].found[quantity] - np.asarray(self.values[0][quantity])
            if np.ptp(off) <= 1e-6 * np.abs(off).max():
                sign = "-" if off.mean() < 0.0 else "+"
                yield from ast.parse(f"{line} {sign} {abs(off.mean()):.6g}").body
        others = {name: values for name, values in sight.items() if name != _target(line)}
        tried = islice(edits(ast.parse(line).body[0], others), MOST_TRIED)
        yield from (edit for edit in tried if isinstance(edit, ast.Assign))

    def _behind(self, names: Iterable[str]) -> set[str]:
        """Return what quantities are computed from, with these."""
        computed = self.made.computed
        behind = {*ordered([computed[name] for name in names])}
        return {name for name, node in computed.items() if node in behind}


def _mistaken(step: Step, mistakes: tuple[str, ...]) -> Step | None:
    """Return the step with mistakes; None where it cannot have them."""
    experiment = step.experiment
    try:
        check_mistakes(mistakes, experiment.network, experiment.training.reduction)
        return with_mistakes(step, mistakes)
    except (UnusableError, KeyError, ValueError, TypeError, IndexError):
        return None  # there may be no such layer, or no such matrix


def _count(program: _Program) -> int:
    return len(program.given)


def _gives(call: Called, name: str, found: Mapping[str, Values]) -> bool:
    """Tell whether a quantity is what was found; a loss may be without its penalty."""
    wanted, names = call.found[name], [name, "data_loss"] if name == "loss" else [name]
    made = [np.asarray(found[one]) for one in names if one in found]
    return any(
        one.size == wanted.size and call.gives(name, one.reshape(wanted.shape)) for one in made
    )


def _target(line: str) -> str:
    return line.partition(" = ")[0]


def _rounded(array: Array) -> bytes:
    return np.round(array, 9).tobytes()
