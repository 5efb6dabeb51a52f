"""What was computed instead: the mistakes whose results are those of a user's code.

Each is a rewrite of the graph of a step. The graphs of combinations are put in one table of nodes,
so that no formula is evaluated twice on the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations

import numpy as np

from bptui.check.diagnosis.comparing import Called, calls_of, factor_of, is_result
from bptui.check.diagnosis.judging import Finding, findings_of
from bptui.check.diagnosis.trials import Case, Trial, cases_for
from bptui.core.activations import ACTIVATIONS
from bptui.core.arrays import Array
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.core.graph.compile import Plain
from bptui.core.graph.node import Node, evaluate, ordered
from bptui.core.losses import LOSSES
from bptui.core.mistakes import MISTAKES, check_mistakes
from bptui.core.step import Step, training_step
from bptui.explain.equation import Comparison, Equation, compare
from bptui.explain.expression import Quantity, Scope
from bptui.explain.formulas import define

MOST_TOGETHER, MOST_WITH_OTHER = 4, 2
"""Mistakes that are tried together; fewer where one is not in the catalogue."""
LARGE, MOST_TOGETHER_LARGE = 20_000, 2
MOST_KEPT = 2_000
"""Parameters of a network up to which what was computed is kept: it is asked for again."""
UPDATING = frozenset(name for name, each in MISTAKES.items() if each.shows_in == "update")


@dataclass(frozen=True)
class Cause:
    """Mistakes of the catalogue that, made together, give what the code gave, on every trial.

    ``other`` names what is not in the catalogue: "the L2 penalty is left out", ...
    """

    mistakes: tuple[str, ...]
    other: tuple[str, ...] = ()
    layer: int = 0
    """The only layer in which the mistakes are made; 0: wherever they can be."""

    @property
    def size(self) -> int:
        return len(self.mistakes) + len(self.other)


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """``findings`` in the order of a step; ``causes`` the smallest that fit, all of them."""

    findings: tuple[Finding, ...]
    causes: tuple[Cause, ...]

    @property
    def right(self) -> bool:
        """Whether nothing given is wrong."""
        return all(each.verdict not in ("wrong", "follows") for each in self.findings)

    @property
    def first_wrong(self) -> Finding | None:
        """The first link of the chain that is wrong."""
        return next((each for each in self.findings if each.verdict == "wrong"), None)


def diagnose(trials: Sequence[Trial]) -> Diagnosis:
    """Return a verdict for each quantity of the step, and the smallest causes that fit.

    ``trials`` are those of one function, at least one. There are no causes where nothing that was
    given is wrong, and where no combination gives the same numbers in every trial. A mistake that
    is made in one layer only is looked for where none that is made in the whole network fits.
    :func:`~bptui.check.diagnosis.judging.findings_of` gives the verdicts alone, which is cheaper.
    """
    findings = findings_of(trials)
    wrong = [each.name for each in findings if each.verdict in ("wrong", "follows")]
    given = [each.name for each in findings if each.verdict != "not given"]
    results = [name for name in given if is_result(name)]
    clear = [each for each in trials if not any(call.kinked for call in calls_of([each]))]
    causes: tuple[Cause, ...] = ()
    with np.errstate(all="ignore"):
        if wrong and (not results or set(results) & set(wrong)):
            causes = _Search(clear or trials, results or given, findings).causes()
        if wrong and not causes and clear:
            names = list(dict.fromkeys((*wrong, *results)))
            causes = _Search(clear, names, findings).local_causes()
    return Diagnosis(findings, causes)


# --- deviations


Change = Callable[[Experiment], Experiment]


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
        self._steps: dict[tuple[tuple[str, ...], tuple[str, ...]], Step] = {}
        self._plain: dict[tuple[str, ...], Plain] = {}
        self._known: dict[tuple[tuple[str, ...], int], dict[Node, Array]] = {}
        self._kept = case.experiment.network.parameter_count <= MOST_KEPT

    def step(self, cause: Cause = Cause(())) -> Step | None:
        """Return the step with what is wrong; None where that cannot be made in the network."""
        try:
            base = self._base(cause.other)
            if cause.layer:
                return _in_layer(base, cause)
            network, reduction = base.experiment.network, base.experiment.training.reduction
            check_mistakes(cause.mistakes, network, reduction)
        except UnusableError:
            return None
        return self._with(cause.mistakes, cause.other)

    def _base(self, other: tuple[str, ...]) -> Step:
        if ((), other) not in self._steps:
            experiment = self.case.experiment
            for name in other:
                experiment = _other(name, experiment)
            self._steps[(), other] = training_step(experiment, self.case.samples)
            self._plain[other] = Plain(self._steps[(), other].settings)
        return self._steps[(), other]

    def _with(self, mistakes: tuple[str, ...], other: tuple[str, ...]) -> Step:
        """Return the step with these mistakes, made one after the other."""
        if (mistakes, other) not in self._steps:
            *before, last = mistakes
            earlier = self._with(tuple(before), other)
            self._steps[mistakes, other] = MISTAKES[last].rewrite(earlier)
        return self._steps[mistakes, other]

    def formula(self, cause: Cause, step: Step, name: str) -> Node:
        """Return what computes a quantity; the same node for the same formula."""
        updated = name in step.before and name in step.updated
        node = (step.updated if updated else step.nodes)[name]
        return self._plain[cause.other]([node])[0]

    def values(self, cause: Cause, step: Step, names: Collection[str]) -> list[dict[str, Array]]:
        """Return what a program of the step gives in each call, by name.

        Each call begins with the parameters of its right step, in one life: gradients that are
        never cleared go on from call to call.
        """
        plain, slots = self._plain[cause.other], dict[str, Array]()
        nodes = {name: self.formula(cause, step, name) for name in names if name in step.nodes}
        kept = {name: node for name, node in step.updated.items() if name not in step.nodes}
        slots = {name: np.zeros(node.shape) for name, node in kept.items()}
        made: list[dict[str, Array]] = []
        for number, right in enumerate(self.case.right):
            known = self._known.get((cause.other, number))
            if known is None:
                data = {name: right.values[name] for name in ("input", "target")}
                given = step.given({**data, **right.parameters.named()})
                known = dict(zip(plain(given), given.values(), strict=True))
            leaves = {plain([step.before[name]])[0]: value for name, value in slots.items()}
            after = plain(kept.values())
            known = evaluate([*nodes.values(), *after], known | leaves)
            if self._kept:
                self._known[cause.other, number] = known
            slots = {name: known[node] for name, node in zip(kept, after, strict=True)}
            made.append({name: _shaped(known[node]) for name, node in nodes.items()})
        return made


def _shaped(value: Array) -> Array:
    return value if value.ndim else value.reshape(1, 1)


def _other(name: str, experiment: Experiment) -> Experiment:
    others = others_for(experiment)
    if name not in others:
        raise UnusableError("other", name, "a deviation possible here")
    return others[name][0](experiment)


def _in_layer(base: Step, cause: Cause) -> Step | None:
    """Return the step with one mistake in one layer; None where it cannot be made there."""
    mistake, network = MISTAKES[cause.mistakes[0]], base.experiment.network
    frozen = [name for name in mistake.freezes(network) if int(name[1:]) == cause.layer]
    if mistake.shows_in == "update":  # without the bias of the layer: with it, it is everywhere
        return base.keeping(frozen[:1]) if frozen and network.bias else None
    try:
        return mistake.rewrite(base._replace(only=cause.layer))
    except (ValueError, KeyError):  # matrices that do not fit, layers that are not there
        return None


# --- the search


class _Search:
    """Looks for what explains ``names`` in the first trial, and then in the others."""

    def __init__(
        self, trials: Sequence[Trial], names: Sequence[str], findings: Sequence[Finding]
    ) -> None:
        self.trials, self.names = sorted(trials, key=_telling), names
        self.verdicts = {each.name: each.verdict for each in findings}
        self.calls = {trial: calls_of([trial]) for trial in trials}
        self.rewrites = {trial: Rewrites(trial.case) for trial in trials}
        self.first = self.trials[0]
        self.fitting: dict[tuple[str, frozenset[str]], bool] = {}
        self.finite = all(
            np.isfinite(call.found[name]).all()
            for calls in self.calls.values()
            for call in calls
            for name in names
            if name in call.found
        )

    def causes(self) -> tuple[Cause, ...]:
        """Return the smallest combinations that fit every trial in which they can be made."""
        if not self.finite:
            return ()
        self.touched = {name: self._touched(self.first, name) for name in MISTAKES}
        mistakes = [
            name
            for name in MISTAKES
            if self.touched[name] or any(self._touched(trial, name) for trial in self.trials)
        ]
        # what is carried back may come through weights that are not updated
        self.early = frozenset(name for name in mistakes if self._reads_updates(name))
        if self.early:
            mistakes = [name for name in MISTAKES if name in mistakes or name in UPDATING]
        large = self.first.case.experiment.network.parameter_count > LARGE
        for size in range(1, (MOST_TOGETHER_LARGE if large else MOST_TOGETHER) + 1):
            found = self._of_size(mistakes, size)
            if found:
                return self._best(found)
        return ()

    def _of_size(self, mistakes: Sequence[str], size: int) -> list[frozenset[str]]:
        """Return the combinations that fit, at most one of each not in the catalogue."""
        known = map(frozenset, combinations(mistakes, size))
        found = [each for each in known if self._explains(each)]
        if size > MOST_WITH_OTHER:
            return found
        companions = [frozenset(each) for each in combinations(mistakes, size - 1)]
        if found and size > 1:  # what else could stand for one of them
            companions = list(dict.fromkeys(each - {name} for each in found for name in each))
        beside = [each | {name} for each in companions for name in self._others]
        return found + [each for each in beside if self._explains(each)]

    @property
    def _others(self) -> list[str]:
        """Deviations outside the catalogue that the code's own forward pass does not rule out."""
        network = self.first.case.experiment.network
        outs = [network.names.out(layer) for layer in range(1, network.depth + 1)]
        right = [self.verdicts.get(name) == "right" for name in outs]
        known = {"": False, "output": right[-1], "hidden": any(right)}
        others = others_for(self.first.case.experiment)
        return [name for name, (_, whose) in others.items() if not known[whose]]

    def _touched(self, trial: Trial, name: str) -> frozenset[str]:
        """Return the quantities whose formula a mistake changes, where it can be made."""
        rewrites, cause = self.rewrites[trial], _cause({name})
        base, step = rewrites.step(), rewrites.step(cause)
        if base is None or step is None:
            return frozenset()
        return frozenset(
            each
            for each in self.names
            if rewrites.formula(cause, step, each) is not rewrites.formula(cause, base, each)
        )

    def _reads_updates(self, name: str) -> bool:
        step = self.rewrites[self.first].step(_cause({name}))
        return step is not None and not {*step.changed.values()}.isdisjoint(
            ordered(step.nodes.values())
        )

    def _explains(self, names: frozenset[str]) -> bool:
        """Whether these deviations together give what was found, in the first trial and the rest.

        In the first a quantity depends on those alone that touch it, so that most combinations need
        not be looked at.
        """
        for name in self.names:
            acting = frozenset(n for n in names if name in self.touched.get(n, self.names))
            if acting & self.early:  # then it matters which weights are updated
                acting |= names & UPDATING
            if (name, acting) not in self.fitting:
                self.fitting[name, acting] = self._fits(self.first, _cause(acting), [name])
            if not self.fitting[name, acting]:
                return False
        return all(self._fits(trial, _cause(names), self.names) for trial in self.trials)

    def _fits(self, trial: Trial, cause: Cause, names: Sequence[str]) -> bool:
        """Whether ``cause`` gives what was found; yes where it cannot be made."""
        step = self.rewrites[trial].step(cause)
        if step is None:
            return trial is not self.first
        values = self.rewrites[trial].values(cause, step, _with_data_loss(names))
        return all(
            _agrees(call, name, values[call.number])
            for call in self.calls[trial]
            for name in names
            if name in call.found
        )

    def _best(self, found: list[frozenset[str]]) -> tuple[Cause, ...]:
        """Return those that agree best with what else the code gives."""
        causes = [_cause(each) for each in found]
        scores = [self._agreement(each) if len(causes) > 1 else 0 for each in causes]
        best = max(scores)
        return tuple(each for each, score in zip(causes, scores, strict=True) if score == best)

    def _agreement(self, cause: Cause) -> int:
        """Return how many intermediates of the trials are as ``cause`` makes them."""
        agreed = 0
        for trial in self.trials:
            step, calls = self.rewrites[trial].step(cause), self.calls[trial]
            names = {name for call in calls for name in call.found} - set(self.names)
            if step is None:
                continue
            values = self.rewrites[trial].values(cause, step, _with_data_loss(names))
            for call in calls:
                for name in call.found.keys() & names:
                    if _agrees(call, name, values[call.number]):
                        agreed += 2
                    elif name.startswith("delta"):
                        made = values[call.number][name]
                        agreed += factor_of(call, name, made) is not None
        return agreed

    def local_causes(self) -> tuple[Cause, ...]:
        """Return every mistake that, made in a single layer, explains all that is wrong.

        It shows in numbers that were drawn: those of a preset may hide the difference between two
        mistakes. The last layer comes first, as in the backward pass.
        """
        if not self.finite:
            return ()
        layers = range(self.first.case.experiment.network.depth, 0, -1)
        causes = [Cause((name,), layer=layer) for layer in layers for name in MISTAKES]
        return tuple(each for each in causes if self._explains_locally(each))

    def _explains_locally(self, cause: Cause) -> bool:
        telling = False
        for trial in self.trials:
            rewrites = self.rewrites[trial]
            step, everywhere = rewrites.step(cause), rewrites.step(replace(cause, layer=0))
            if step is None:
                continue
            same = [
                other is not None
                and all(
                    rewrites.formula(cause, step, name) is rewrites.formula(cause, other, name)
                    for name in self.names
                )
                for other in (rewrites.step(), everywhere)
            ]
            if any(same):  # it is made everywhere, or nowhere
                return False
            values = rewrites.values(cause, step, _with_data_loss(self.names))
            for call in self.calls[trial]:
                made = values[call.number]
                given = [name for name in self.names if name in call.found]
                if not all(_agrees_or_scales(call, name, made) for name in given):
                    return False
                telling |= not call.own and any(call.shows(name, made[name]) for name in given)
        return telling


def _with_data_loss(names: Collection[str]) -> list[str]:
    return [*names, "data_loss"] if "loss" in names else [*names]


def _agrees(call: Called, name: str, made: Mapping[str, Array]) -> bool:
    # a loss without its penalty is the loss of the data, and no mistake
    return call.gives(name, made[name]) or (
        name == "loss" and "data_loss" in made and call.gives(name, made["data_loss"])
    )


def _agrees_or_scales(call: Called, name: str, made: Mapping[str, Array]) -> bool:
    if _agrees(call, name, made):
        return True
    # deltas may be in another convention, without the 1/n of the mean, where there are results
    proportional = name.startswith("delta") and any(map(is_result, call.found))
    return proportional and factor_of(call, name, made[name]) is not None


def _telling(trial: Trial) -> tuple[bool, int, bool, int, bool, int]:
    """Sort first the trial in which most mistakes can be made and show, at little cost."""
    experiment, calls = trial.case.experiment, len(trial.observed)
    network, reduction = experiment.network, experiment.training.reduction
    refused = sum(each.refusal(network, reduction) is not None for each in MISTAKES.values())
    samples, size = trial.case.samples, network.parameter_count
    return trial.case.own, refused, size > LARGE, -calls, samples == 1, size * samples


@cache
def _ordered_cause(names: frozenset[str]) -> Cause:
    mistakes = tuple(name for name in MISTAKES if name in names)
    return Cause(mistakes, tuple(sorted(name for name in names if name not in MISTAKES)))


def _cause(names: Collection[str]) -> Cause:
    """Return the cause with these names in the order of the catalogue."""
    return _ordered_cause(frozenset(names))


# --- what it looks like


def rewritten(cause: Cause, case: Case) -> tuple[Comparison, ...]:
    """Return the whole-array equations that ``cause`` changes, in the order of the step.

    ``mistaken`` is what the code probably has, ``correct`` what it should be. None where the cause
    cannot be made in the network of ``case``.
    """
    rewrites, scope, made = Rewrites(case), Scope.of(case.right[0]), list[Comparison]()
    steps = rewrites.step(), rewrites.step(cause)
    right, mistaken = ({} if each is None else _equations(each, scope) for each in steps)
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
    """Whether a mistake makes no difference with one sample."""
    bias = experiment.network.bias
    case = cases_for(experiment, bias=bias, single=True, function="gradients")[1]
    rewrites, cause = Rewrites(case), _cause({name})
    base, step = rewrites.step(), rewrites.step(cause)
    if base is None or step is None:
        return False
    right, made = (rewrites.values(cause, each, step.gradients)[0] for each in (base, step))
    return all(np.allclose(made[each], right[each], rtol=1e-9) for each in made)
