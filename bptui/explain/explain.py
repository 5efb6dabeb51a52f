"""Builds explanations: for a weight, a unit, a matrix, an operation, or the whole step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice, product
from math import prod

from bptui.core.engine import Engine, Snapshot
from bptui.core.experiment import Experiment
from bptui.core.mistakes import heading
from bptui.explain.elements import element, expand
from bptui.explain.equation import Comparison, Equation, compare
from bptui.explain.expression import Expression, Index, Quantity
from bptui.explain.formulas import Definition, StepFormulas, define_for
from bptui.explain.scope import Scope
from bptui.explain.subjects import Subject, find_subject
from bptui.explain.symbols import Symbols

MOST_PATHS = 4
"""From a weight to the loss: with more of them a gradient is explained link by link."""
MOST_NUMBERS = 8
"""Numbers of an array that are explained one by one."""

Statement = Equation | Comparison


@dataclass(frozen=True, eq=False)
class Section:
    """Equations on single numbers under a heading; ``omitted`` numbers are left out."""

    title: str
    statements: tuple[Statement, ...]
    omitted: int = 0


@dataclass(frozen=True, eq=False)
class Explanation:
    """One subject in all forms: ``numbers`` for the scalar form, ``arrays`` for the other two.

    ``index`` is the place of the single number asked for, in the arrays named ``index_in``.
    """

    title: str
    numbers: tuple[Section, ...]
    arrays: tuple[Statement, ...]
    index: Index | None = None
    index_in: frozenset[str] = frozenset()

    def place_in(self, name: str) -> Index | None:
        """Where the number asked for stands in the array ``name``, if it does."""
        return self.index if name in self.index_in else None


class Explainer:
    """Explains the steps of one experiment; ``ascii_only`` as in :class:`Symbols`."""

    def __init__(self, experiment: Experiment, ascii_only: bool = False) -> None:
        self.experiment, self.names = experiment, experiment.network.names
        self.symbols = Symbols(self.names, ascii_only)
        self._last: _Writer | None = None

    @cached_property
    def _right(self) -> Engine:
        """An engine that makes no mistakes."""
        training = replace(self.experiment.training, mistakes=())
        return Engine(replace(self.experiment, training=training))

    def explain(self, snapshot: Snapshot, text: str, most: int = MOST_NUMBERS) -> Explanation:
        """What ``text`` names, with the numbers of ``snapshot``.

        ``most``: numbers of an array to explain one by one. Raises
        :class:`~bptui.core.errors.UnusableError` where the network has nothing of that name.
        """
        subject = find_subject(text, self.experiment)
        return self._writer(snapshot, most).explanation(subject)

    def explain_operation(
        self, snapshot: Snapshot, name: str, most: int = MOST_NUMBERS
    ) -> Explanation:
        """What the operation of that name computes in the step of ``snapshot``."""
        return self._writer(snapshot, most).operation(name)

    def _writer(self, snapshot: Snapshot, most: int) -> _Writer:
        """The last one where it is of the same step: it has the formulas of all operations."""
        if self._last is None or self._last.snapshot is not snapshot:
            self._last = _Writer(self, snapshot)
        self._last.most = most
        return self._last

    def corrected(self, snapshot: Snapshot) -> Snapshot:
        """The same step from the same state without the experiment's mistakes."""
        engine = self._right
        state = engine.state
        state.parameters[:] = state.layout.flatten(snapshot.parameters)
        for name, slot in zip(state.slot_names, state.slots, strict=True):
            slot[:] = state.layout.flatten(snapshot.slots[name])
        engine.step = snapshot.step
        return engine.record()


class _Writer:
    def __init__(self, explainer: Explainer, snapshot: Snapshot) -> None:
        self.explainer, self.snapshot, self.most = explainer, snapshot, MOST_NUMBERS
        self.names, self.symbols = explainer.names, explainer.symbols
        self.scope, self.formulas = Scope.of(snapshot), define_for(snapshot)
        self.right: tuple[Scope, StepFormulas] | None = None
        if snapshot.experiment.training.mistakes:
            corrected = explainer.corrected(snapshot)
            self.right = Scope.of(corrected), define_for(corrected)
        self.samples = len(snapshot.batch)

    def explanation(self, subject: Subject) -> Explanation:
        match subject.kind:
            case "parameter":
                return self.parameter(subject)
            case "number":
                return self.number_of(subject)
            case "unit":
                return self.unit(subject)
            case "array":
                return self.array(subject)
            case "operation":
                return self.operation(subject.name)
            case "all":
                sections = [self.operation(each.name) for each in self.snapshot.operations]
                numbers = tuple(
                    Section(each.title, section.statements, section.omitted)
                    for each in sections
                    for section in each.numbers
                )
                arrays = tuple(array for each in sections for array in each.arrays)
                return Explanation(f"step {self.snapshot.step}", numbers, arrays)

    # --- subjects

    def parameter(self, subject: Subject) -> Explanation:
        """The gradient and the update of a weight or a bias."""
        gradient = f"g{subject.name}"
        name = self.symbols.text(Quantity(subject.name, subject.index))
        sections = self.gradient_sections(gradient, subject.index, subject.layer)
        changes = self.formulas.updates(subject.name)
        statements = tuple(self.statement(each, subject.index) for each in changes)
        sections.append(Section(f"update of {name}", statements))
        arrays = self.gradient_arrays(gradient, subject.layer)
        arrays += [self.whole(each.name, new=True) for each in changes]
        within = frozenset((gradient, *(each.name for each in changes)))
        return Explanation(
            self.titled(subject), tuple(sections), tuple(arrays), subject.index, within
        )

    def number_of(self, subject: Subject) -> Explanation:
        """One number: a gradient back to the loss, others from what they are computed from."""
        place = self.symbols.places[subject.name]
        if place.kind.endswith("gradient") and place.kind != "out_gradient":
            sections = self.gradient_sections(subject.name, subject.index, subject.layer)
            arrays = self.gradient_arrays(subject.name, subject.layer)
        else:
            indices = [(sample, subject.index[1]) for sample in range(self.samples)]
            section = self.listed(subject.name, indices, self.titled(subject))
            sections = [replace(section, omitted=self.samples - len(section.statements))]
            arrays = [self.whole(subject.name)]
        within = frozenset((subject.name,))
        title = self.titled(subject)
        return Explanation(title, tuple(sections), tuple(arrays), subject.index, within)

    def unit(self, subject: Subject) -> Explanation:
        """Everything that a unit computes, forwards and backwards, for the first sample."""
        names, layer, (unit,) = self.names, subject.layer, subject.index
        title = self.titled(subject)
        if layer == 0:
            quantity = Quantity("input", (0, unit))
            section = Section(title, (Equation(quantity, quantity, self.scope),))
            whole = Quantity("input")
            return Explanation(title, (section,), (Equation(whole, whole, self.scope),))
        quantities = (
            names.net(layer),
            names.out(layer),
            names.out_gradient(layer),
            names.delta(layer),
        )
        statements = tuple(self.number(name, (0, unit)) for name in quantities)
        arrays = tuple(self.whole(name) for name in quantities)
        return Explanation(title, (Section(title + self.of_sample(), statements),), arrays)

    def array(self, subject: Subject) -> Explanation:
        """The numbers of an array one by one; of weights and biases how they change."""
        place = self.symbols.places[subject.name]
        if place.kind not in ("weight", "bias"):
            section = self.listed(subject.name, self.indices(subject.name), self.titled(subject))
            return Explanation(section.title, (section,), (self.whole(subject.name),))
        changes = self.formulas.updates(subject.name)
        sections = [self.changes(each) for each in changes]
        arrays = tuple(self.whole(each.name, new=True) for each in changes)
        return Explanation(self.titled(subject), tuple(sections), arrays)

    def operation(self, name: str) -> Explanation:
        """What one operation computes; ``update`` is all updates, wherever they are made."""
        every = self.snapshot.operations
        meant = [each for each in every if each.name == name] or [
            each for each in every if each.stage == name
        ]
        label = meant[0].label if len(meant) == 1 else name
        sections: list[Section] = []
        arrays: list[Statement] = []
        for each in (each for one in meant for each in self.formulas.operations[one.name]):
            arrays.append(self.whole(each.name, each.new))
            if each.new:
                sections.append(self.changes(each))
            elif self.scope.array(each.name).shape == ():
                sections.append(Section(label, (self.number(each.name, ()),)))
            else:
                sections.append(self.listed(each.name, self.indices(each.name), label))
        return Explanation(label, tuple(sections), tuple(arrays))

    # --- sections

    def gradient_sections(self, gradient: str, index: Index, layer: int) -> list[Section]:
        """A parameter's gradient: all the way back to the loss, or link by link."""
        name = self.symbols.text(Quantity(gradient, index))
        if prod(self.names.layers[layer + 1 :]) <= MOST_PATHS:
            return [Section(name, (self.number(gradient, index, expanded=True),))]
        unit = index[-1]
        links = [self.number(gradient, index)]
        for quantity in (self.names.delta(layer), self.names.out_gradient(layer)):
            links.append(self.number(quantity, (0, unit)))
        return [
            Section(name, tuple(links[:1])),
            Section("where" + self.of_sample(), tuple(links[1:])),
        ]

    def gradient_arrays(self, gradient: str, layer: int) -> list[Statement]:
        """The gradient, and before it what a mistake changes on the way back from the loss."""
        names = self.names
        on_the_way = [
            self.whole(name)
            for later in range(names.depth, layer - 1, -1)
            for name in (names.out_gradient(later), names.delta(later))
        ]
        mistaken = [each for each in on_the_way if isinstance(each, Comparison)]
        return [*mistaken, self.whole(gradient)]

    def listed(self, name: str, indices: Iterable[Index], title: str) -> Section:
        statements = tuple(self.number(name, index) for index in islice(indices, self.most))
        return Section(title, statements, self.scope.array(name).size - len(statements))

    def changes(self, change: Definition) -> Section:
        indices = islice(self.indices(change.name, new=True), self.most)
        statements = tuple(self.statement(change, index) for index in indices)
        omitted = self.scope.array(change.name, new=True).size - len(statements)
        return Section(f"update of {change.name}", statements, omitted)

    # --- statements

    def number(self, name: str, index: Index, expanded: bool = False) -> Statement:
        """One number of an array; ``expanded``: from the forward pass, as the article does."""

        def written(scope: Scope, formulas: StepFormulas) -> Expression:
            definitions = formulas.definitions
            node = element(definitions[name], index, scope)
            return expand(node, definitions, scope, self.backward) if expanded else node

        return self.held_against_right(Quantity(name, index), written)

    def statement(self, change: Definition, index: Index) -> Statement:
        """How one number of a parameter or of its slot changes."""

        def written(scope: Scope, formulas: StepFormulas) -> Expression:
            return element(_expression(formulas, change), index, scope)

        return self.held_against_right(Quantity(change.name, index, new=True), written)

    def whole(self, name: str, new: bool = False) -> Statement:
        """The equation of a whole array."""

        def written(scope: Scope, formulas: StepFormulas) -> Expression:
            if new:
                return _expression(formulas, Definition(name, Quantity(name), new=True))
            return formulas.definitions[name]

        return self.held_against_right(Quantity(name, new=new), written)

    def held_against_right(
        self, left: Quantity, written: Callable[[Scope, StepFormulas], Expression]
    ) -> Statement:
        """The equation; beside the right one where a mistake makes them differ."""
        frozen = self.explainer.experiment.frozen.get(left.name) if left.new else None
        note = f"frozen: {frozen.reason}" if frozen is not None else ""
        mistaken = Equation(left, written(self.scope, self.formulas), self.scope, note=note)
        if self.right is None:
            return mistaken
        scope, formulas = self.right
        correct = Equation(left, written(scope, formulas), scope)
        if correct.expression == mistaken.expression:
            return mistaken
        experiment = self.explainer.experiment
        return compare(mistaken, correct, heading(experiment.training.mistakes, experiment.source))

    # --- details

    @cached_property
    def backward(self) -> frozenset[str]:
        """The quantities that an expanded gradient leaves out of sight."""
        kinds = ("delta", "out_gradient")
        return frozenset(k for k, place in self.symbols.places.items() if place.kind in kinds)

    def indices(self, name: str, new: bool = False) -> Iterable[Index]:
        """The places of an array's numbers in the order in which they are explained."""
        shape = self.scope.array(name, new).shape
        place = self.symbols.places.get(name)
        if place is not None and place.kind in ("weight", "weight_gradient"):
            return ((source, unit) for unit, source in product(range(shape[1]), range(shape[0])))
        return product(*map(range, shape))

    def of_sample(self) -> str:
        if self.samples == 1:
            return ""
        return f", sample 1 of the {self.samples} in the batch"

    def titled(self, subject: Subject) -> str:
        """``w5: weight from h1 to o1, weight_2[0][0]``."""
        names = self.names
        if subject.kind == "unit":
            kind = {0: "input", names.depth: "output"}.get(subject.layer, "hidden unit")
            return f"{subject.name}: {kind}"
        if subject.kind == "array":
            words = _WORDS[self.symbols.places[subject.name].kind]
            return f"{subject.name}: {words}{'es' if words.endswith('s') else 's'}"
        quantity = Quantity(subject.name, subject.index)
        place, name = self.symbols.places[subject.name], self.symbols.text(quantity)
        if place.kind != "weight":
            return f"{name}: {_WORDS[place.kind]}"
        source, unit = subject.index
        ends = f"{names.unit(place.layer - 1, source)} to {names.unit(place.layer, unit)}"
        return f"{name}: weight from {ends}, {self.symbols.position(quantity)}"


_WORDS = {
    "net": "pre-activation",
    "out": "activation",
    "delta": "gradient with respect to the pre-activation",
    "out_gradient": "gradient with respect to the activation",
    "weight": "weight",
    "bias": "bias",
    "weight_gradient": "gradient with respect to the weight",
    "bias_gradient": "gradient with respect to the bias",
}


def _expression(formulas: StepFormulas, change: Definition) -> Expression:
    """How ``formulas`` change what ``change`` changes; not at all where they do not."""
    every = [each for group in formulas.operations.values() for each in group if each.new]
    found = (each.expression for each in every if each.name == change.name)
    return next(found, Quantity(change.name))
