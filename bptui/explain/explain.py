"""Builds explanations: for a weight, a unit, a matrix, an operation, or the whole step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import islice, product
from math import prod

from bptui.core.engine import Engine, Snapshot
from bptui.core.experiment import Experiment
from bptui.core.mistakes import heading
from bptui.explain.chain import PASSED_ON, Chain
from bptui.explain.equation import Equation, compare
from bptui.explain.expression import Expression, Index, Quantity, Scope
from bptui.explain.formulas import StepFormulas, define_for, element, expand
from bptui.explain.reasons import Reasons
from bptui.explain.symbols import KINDS, Kind, Symbols, Unit, find_subject

MOST_PATHS = 4
"""From a weight to the loss: with more of them a gradient is explained link by link."""
MOST_NUMBERS = 8
"""Numbers of an array that are explained one by one."""


@dataclass(frozen=True, eq=False)
class Section:
    """Equations on single numbers under a heading; ``omitted`` numbers are left out."""

    title: str
    statements: tuple[Equation, ...]
    omitted: int = 0

    def groups(self, symbols: Symbols) -> Iterable[tuple[str, Sequence[Equation]]]:
        """Return the statements with what stands above them; those of a sample together."""
        if self.title.startswith("where"):
            return [(self.title, self.statements)]
        found: dict[str, list[Equation]] = {}
        for statement in self.statements:
            found.setdefault(statement.sample(symbols), []).append(statement)
        return found.items()


@dataclass(frozen=True, eq=False)
class Explanation:
    """One subject in all forms: ``numbers`` for the scalar form, ``arrays`` for the other two.

    ``silent``: the links of the chain rule that whole arrays are stand elsewhere.
    """

    title: str
    numbers: tuple[Section, ...]
    arrays: tuple[Equation, ...]
    silent: bool = False


@lru_cache(maxsize=2)
def without_mistakes(experiment: Experiment) -> Engine:
    """Return an engine of the experiment that makes no mistakes, for :func:`corrected`."""
    return Engine(experiment.with_training(mistakes=()))


def corrected(snapshot: Snapshot, engine: Engine) -> Snapshot:
    """Return the same step from the same state, played by an engine that makes no mistakes."""
    # mistakes accumulate gradients behind the optimizer's slots
    engine.load(snapshot.state()[: engine.state.flat.size], snapshot.step)
    return engine.record()


@lru_cache(maxsize=4)
def chains_of(formulas: StepFormulas) -> dict[tuple[Quantity, bool, frozenset[str]], Chain | None]:
    """Return where the chains of a step are kept, which are the same in the next one."""
    return {}


class Explainer:
    """Explains the step of ``snapshot``; ``ascii_only`` as in :class:`Symbols`.

    ``most``: numbers of an array to explain one by one; of a larger one the first MOST_NUMBERS.
    """

    def __init__(
        self, snapshot: Snapshot, ascii_only: bool = False, most: int = MOST_NUMBERS
    ) -> None:
        self.snapshot, self.experiment, self.most = snapshot, snapshot.experiment, most
        self.names = self.experiment.network.names
        self.symbols = Symbols(self.names, ascii_only)
        self.scope, self.formulas = Scope.of(snapshot), define_for(snapshot)
        self.right: tuple[Scope, StepFormulas] | None = None
        if self.experiment.training.mistakes:
            without = corrected(snapshot, without_mistakes(self.experiment))
            self.right = Scope.of(without), define_for(without)
        self.samples = len(snapshot.batch)
        scope, formulas = self.right or (self.scope, self.formulas)
        self.rule = Reasons(self.experiment, self.samples, formulas, scope)

    def explain(self, text: str) -> Explanation:
        """Explain what ``text`` names.

        Raises :class:`~bptui.core.errors.UnusableError` where the network has nothing of that name.
        """
        subject = find_subject(text, self.experiment)
        match subject:
            case str():
                return self.operation(subject)
            case Quantity(index=None):
                found = self.array(subject)
            case Quantity(name) if self.kind(name) in ("weight", "bias"):
                found = self.parameter(subject)
            case Quantity():
                found = self.number(subject)
            case _:
                found = self.unit(subject)
        return replace(found, title=self.titled(subject))

    # subjects

    def parameter(self, of: Quantity) -> Explanation:
        """Explain the gradient and the update of a weight or a bias."""
        own, changes = self.number(replace(of, name=f"g{of.name}")), self.formulas.updates(of.name)
        statements = (self.statement(replace(one, index=of.index)) for one in changes)
        update = Section(f"update of {self.symbols.text(of)}", (*statements,))
        arrays = own.arrays + self.wholes(changes, of.index)
        return Explanation("", (*own.numbers, update), arrays)

    def number(self, of: Quantity) -> Explanation:
        """Explain a number: a gradient back to the loss, others from what they are made of."""
        index = of.index or ()
        if self.kind(of.name) in ("weight_gradient", "bias_gradient"):
            sections, arrays = self.gradient_sections(of), self.gradient_arrays(of)
        else:
            indices = [(sample, index[1]) for sample in range(self.samples)]
            section = self.listed(Quantity(of.name), self.titled(of), indices)
            sections = [replace(section, omitted=self.samples - len(section.statements))]
            arrays = self.wholes([Quantity(of.name)], index)
        return Explanation("", (*sections,), arrays)

    def unit(self, of: Unit) -> Explanation:
        """Explain all that a unit computes, forwards and backwards, for the first sample."""
        layer, index, title = of[0], (0, of[1]), self.titled(of)
        if layer == 0:
            given = Quantity("input", index), Quantity("input")
            number, whole = (Equation(each, each, self.scope) for each in given)
            return Explanation("", (Section(title, (number,)),), (whole,))
        kinds: tuple[Kind, ...] = ("net", "out", "out_gradient", "delta")
        computed = [Quantity(KINDS[kind].name(self.names, layer)) for kind in kinds]
        statements = (self.statement(replace(one, index=index)) for one in computed)
        section = Section(title + self.of_sample(), self.led(statements))
        return Explanation("", (section,), self.wholes(computed))

    def array(self, of: Quantity) -> Explanation:
        learns = self.kind(of.name) in ("weight", "bias")
        whole = self.formulas.updates(of.name) if learns else [of]
        sections = (self.listed(each, self.titled(of)) for each in whole)
        return Explanation("", (*sections,), self.wholes(whole))

    def operation(self, name: str) -> Explanation:
        """Explain what one operation computes; ``update`` is all updates, ``all`` every one."""
        operations = self.snapshot.operations
        meant = [each for each in operations if name in (each.name, each.stage, "all")]
        label = meant[0].label if len(meant) == 1 else name
        computed = [made for each in meant for made in self.formulas.operations[each.name]]
        arrays, sections = self.wholes(computed), (self.listed(each, label) for each in computed)
        return Explanation(label, (*sections,), arrays)

    # sections

    def gradient_sections(self, gradient: Quantity) -> list[Section]:
        """Explain a parameter's gradient: all the way back to the loss, or link by link."""
        layer, names = self.symbols.places[gradient.name].layer, self.names
        title, index = self.symbols.text(gradient), gradient.index or ()
        if prod(names.layers[layer + 1 :]) <= MOST_PATHS:
            (first,) = self.led([self.statement(gradient, expanded=True)], far=True)
            chain = first.chain and self.derived(first.chain)
            return [Section(title, (replace(first, chain=chain),))]
        before = (names.delta(layer), names.out_gradient(layer))
        links = (self.statement(Quantity(each, (0, index[-1]))) for each in before)
        return [
            Section(title, self.led([self.statement(gradient)])),
            Section("where" + self.of_sample(), self.led(links)),
        ]

    def derived(self, chain: Chain) -> Chain:
        """Return a chain that tells how the shortened deltas are made, if it begins with such."""
        begun = dict.fromkeys(path[0].value for path in chain.paths)
        deltas = [each for each in begun if isinstance(each, Quantity)]
        if not deltas or deltas[0].name != self.rule.shortened:
            return chain
        made = [*map(self.statement, deltas)]
        right = (each.correct or each for each in made)
        short: dict[Expression, Expression] = {each.left: each.expression for each in right}
        return replace(chain, short=short, before=self.led(made[:1])[0])

    def gradient_arrays(self, gradient: Quantity) -> tuple[Equation, ...]:
        """Return the gradient, before it what a mistake changes on the way back from the loss."""
        layers = range(self.names.depth, self.symbols.places[gradient.name].layer - 1, -1)
        kinds = (self.names.out_gradient, self.names.delta)
        on_the_way = self.wholes(Quantity(name(later)) for later in layers for name in kinds)
        mistaken = (each for each in on_the_way if each.correct)
        return (*mistaken, *self.wholes([replace(gradient, index=None)], gradient.index))

    def listed(
        self, whole: Quantity, title: str, indices: Iterable[Index] | None = None
    ) -> Section:
        """Explain the numbers of an array one by one; of a large one the first."""
        size = self.scope.value(whole).size
        title = f"update of {whole.name}" if whole.new else title
        chosen = islice(indices or self.indices(whole), size if size <= self.most else MOST_NUMBERS)
        made = [self.statement(replace(whole, index=index)) for index in chosen]
        first, *later = made if whole.new else self.led(made)
        later = [  # they differ in nothing but the unit
            replace(one, chain=one.chain and replace(one.chain, silent=True, derived=None))
            for one in later
        ]
        return Section(title, (first, *later), size - len(made))

    def led(self, equations: Iterable[Equation], *, far: bool = False) -> tuple[Equation, ...]:
        """Return equations with the chains of those that are on gradients, with their reasons."""
        made, found = chains_of(self.rule.formulas), list[Equation]()
        for equation in equations:
            key = equation.left, far, self.rule.untrue
            if key not in made:
                made[key] = self.rule.told(equation.left, far=far)
            chain = made[key]
            found.append(replace(equation, chain=chain and chain.at(self.rule.scope)))
        return (*found,)

    # statements

    def wholes(
        self, arrays: Iterable[Quantity], wanted: Index | None = None
    ) -> tuple[Equation, ...]:
        """Return the equations of arrays, of which one number is ``wanted``."""
        return tuple(self.statement(array, wanted=wanted) for array in arrays)

    def statement(
        self, left: Quantity, *, expanded: bool = False, wanted: Index | None = None
    ) -> Equation:
        """Return the equation of an array or of one of its numbers.

        It stands beside the right one where a mistake makes them differ. ``expanded``: from the
        forward pass, as the article does it.
        """

        def written(scope: Scope, formulas: StepFormulas) -> Expression:
            node = formulas.every.get(replace(left, index=None), Quantity(left.name))
            node = node if left.index is None else element(node, left.index, scope)
            return expand(node, formulas, scope, self.backward) if expanded else node

        frozen = self.experiment.frozen.get(left.name) if left.new else None
        note = f"frozen: {frozen.reason}" if frozen is not None else ""
        whole = left.index is None and self.rule.is_gradient(left.name)
        link = self.rule.array(left.name) if whole else None
        known = written(self.scope, self.formulas)
        mistaken = Equation(left, known, self.scope, note=note, wanted=wanted, link=link)
        if self.right is None:
            return mistaken
        scope, formulas = self.right
        correct = replace(mistaken, expression=written(scope, formulas), scope=scope, note="")
        if correct.expression == mistaken.expression:
            return mistaken
        experiment = self.experiment
        return compare(mistaken, correct, heading(experiment.training.mistakes, experiment.source))

    # details

    @cached_property
    def backward(self) -> frozenset[str]:
        """The quantities that an expanded gradient leaves out of sight."""
        places = self.symbols.places.items()
        return frozenset(name for name, place in places if place.kind in PASSED_ON)

    def kind(self, name: str) -> Kind | None:
        """Return what an array is; None for what has no layer."""
        place = self.symbols.places.get(name)
        return place and place.kind

    def indices(self, whole: Quantity) -> Iterable[Index]:
        """Return the places of an array's numbers in the order in which they are explained."""
        shape = self.scope.value(whole).shape
        if self.kind(whole.name) in ("weight", "weight_gradient"):
            return ((source, unit) for unit, source in product(range(shape[1]), range(shape[0])))
        return product(*map(range, shape))

    def of_sample(self) -> str:
        return f", sample 1 of the {self.samples} in the batch" if self.samples > 1 else ""

    def words(self, quantity: Quantity) -> str:
        """Say what a symbol of a formula is: ``w5: weight from h1 to o1``, ``t1: target``."""
        place = self.symbols.places.get(quantity.name)
        if place is None or place.slot:
            text = self.symbols.text(quantity)
            return f"{text}: {quantity.name}" if text != quantity.name else ""
        return self.titled(quantity)

    def titled(self, of: Quantity | Unit) -> str:
        """Write ``w5: weight from h1 to o1, W2[0][0]``."""
        names = self.names
        if not isinstance(of, Quantity):
            kind = {0: "input", names.depth: "output"}.get(of[0], "hidden unit")
            return f"{names.unit(*of)}: {kind}"
        kind, layer, _ = self.symbols.places[of.name]
        words = KINDS[kind].words
        if of.index is None:
            return f"{of.name}: {words}{'es' if words.endswith('s') else 's'}"
        if position := self.symbols.position(of):
            source, unit = of.index
            ends = f"{names.unit(layer - 1, source)} to {names.unit(layer, unit)}"
            words += f" from {ends}, {position}"
        return f"{self.symbols.text(of)}: {words}"
