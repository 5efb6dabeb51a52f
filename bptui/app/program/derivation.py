"""How the selected quantity is computed, and by the chain rule the gradient it stands for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from bptui.app.program.claims import Claim
from bptui.app.program.moment import Moment
from bptui.core.arrays import Array
from bptui.core.graph.backward import Link
from bptui.core.graph.node import Node, constant
from bptui.core.network import Names
from bptui.explain.equation import Equation, compare
from bptui.explain.explain import Explanation, Section
from bptui.explain.expression import Expression, Index, Quantity, Scope
from bptui.explain.formulas import element, formula_of
from bptui.explain.symbols import Place, Symbols
from bptui.explain.words import said_of, said_of_way

UNKNOWN = (ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError)
"""What a formula raises that has no notation, or no scalar form."""
MOST_TERMS, CLOSE = 3000, 1e-5
"""Quantities in a scalar form, and how near it comes to the number."""
LONGEST = 120
"""Parts of a formula that is still written."""


PLAIN = re.compile(r"(dL/d ?)?[\w.]+(\[[\w'\"]+\])*")
"""Names that need no brackets."""
COUNTED = re.compile(r" \(\d+\)$")
"""Behind the name of an attribute that several objects have."""
APART = re.compile(r" \((([^()]+, )?(line|shape|no\.) [\dx]+|given)\)$")
"""Behind a name that several values in one explanation have."""


@dataclass(frozen=True)
class ProgramSymbols(Symbols):
    """The program's own names: ``called`` gives that of each quantity."""

    called: Mapping[str, str] = field(default_factory=dict)
    row: ClassVar[str] = "row"  # whether that is a sample or a unit, nobody knows
    column: ClassVar[str] = "column"

    @cached_property
    def places(self) -> dict[str, Place]:
        return {}

    def text(self, quantity: Quantity) -> str:
        name = self.called.get(quantity.name, quantity.name)
        if not quantity.index:
            return name
        bare = APART.sub("", name)
        whole = bare if PLAIN.fullmatch(bare) else f"({bare})"
        return f"{whole}[{', '.join(map(str, quantity.index))}]{name[len(bare) :]}"

    def code(self, name: str) -> str:
        name = self.called.get(name, name)
        if name.startswith("dL/d") or APART.search(name):
            return re.sub(r"\W+", "_", name).strip("_")
        name = COUNTED.sub("", name)
        return name if PLAIN.fullmatch(name) else f"({name})"


class _Arrays(dict[str, Array]):
    """Arrays that are made when they are first asked for."""

    def __init__(self, make: Callable[[str], Array]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: str) -> Array:
        made = self[key] = self._make(key)
        return made


class Writer:
    """Writes the formulas of one quantity, with the numbers of the moment's update."""

    def __init__(self, view: Moment, ascii_only: bool) -> None:
        self.view, self.record, self.claims = view, view.record, view.claims
        self.graph = view.record.lines.truth.graph
        self.update = view.record.update(view.subject)
        own = view.record.twin(view.subject, view.record.first)
        self.own = view.subject if own is None else own
        self.called: dict[str, str] = {}
        self.labels: dict[int, str] = {}
        """What is put behind names that several entries have."""
        self.arrays = _Arrays(self._array)
        self.gradients: dict[str, tuple[Node, float]] = {}
        """Gradients, and which multiples of them, by their keys."""
        self.factor = 1.0
        """Of the gradient that a value should be where it is not right."""
        self.symbols = ProgramSymbols(Names((1, 1)), ascii_only, self.called)
        self.scope = Scope(self.arrays, {})
        self.own_ones: dict[Node, Expression] = {}
        """True gradients that a wrong formula has, too, as they are written there."""

    def explanation(self) -> Explanation:
        """Return the program's own formula, and the true one where it stands for a gradient."""
        subject, index = self.view.subject, self.view.index
        claim = self.claims.of(subject)
        wrong = claim is not None and claim.verdict == "wrong"
        equations = [self._equation(Quantity(self.key(self.own)), self.graph.node(self.own))]
        if claim is not None and claim.verdict != "right" and not claim.updated:
            self.factor = claim.factor
        if wrong and equations[0] is not None:
            self.own_ones = self._right_ones()
        if claim is not None:
            equations.append(self._should_be(claim, subject))
        shape = self.record.tape.shape(subject)
        written = [
            replace(one, wanted=index if self.arrays[one.left.name].shape == shape else None)
            for one in equations
            if one is not None
        ]
        statements: list[Equation] = [*written]
        if wrong and len(written) == 2:
            self._tell_old_ones(written[0])
            statements = self._compared(*written)
        numbers = self._numbers([one for one in written if one.wanted is not None], index)
        after = [] if claim is None or not written else self._after(claim)
        listed = (one for section in numbers for one in section.statements)
        self._tell_apart([*written, *listed], after)
        if claim is not None and written:
            statements[0] = replace(statements[0], link=self._link(claim, after))
        title = self._name(self.own, self.record.name(subject))
        if claim is not None:
            verb = "stands for" if claim.verdict == "right" else "should be"
            title += f" {verb} {self.claims.text(claim, self.labels.get(claim.source, ''))}"
        return Explanation(title, numbers, tuple(statements))

    def _should_be(self, claim: Claim, subject: int) -> Equation | None:
        """Return what a claim says: the formula of a gradient, of a wrong one times its factor.

        The program's own values have that factor, too, where it reads them.
        """
        left = Quantity(self._gradient(claim.source, claim.node, self.factor))
        if claim.updated:
            self.called[left.name] = self.record.name(subject)
        whole, own = constant(self.factor) * claim.node, self.own_ones
        for node, own_ones in ((claim.node, own), (whole, own), (whole, dict[Node, Expression]())):
            self.own_ones = own_ones
            found = self._equation(left, node, gradients=True)
            if found is None or self.factor == 1.0 or self._holds(found):
                return found
        return None

    def _holds(self, equation: Equation) -> bool:
        """Whether an equation gives the numbers of what stands on its left."""
        made = self.scope.evaluate(equation.expression)
        return np.allclose(made, self.arrays[equation.left.name], rtol=CLOSE)

    def _name(self, entry: int, name: str = "") -> str:
        """Return what an entry is called in this explanation."""
        return (name or self.record.name(entry)) + self.labels.get(entry, "")

    def _tell_apart(self, equations: list[Equation], more: list[int]) -> None:
        """Put lines behind names that several entries have, where those differ; else shapes."""
        keys = {one.name for each in equations for one in each.expression.quantities()}
        keys |= {each.left.name for each in equations}
        called = Counter(self.called[key] for key in keys)
        for key in keys:  # of a loop in a line, which calls all items the same
            if key[0] == "e" and called[self.called[key]] > 1:
                self.called[key] = self.record.name(int(key[1:]))
        new = {part.after: part.before for part in self.record.verdict.step.parameters}
        alike: dict[str, set[int]] = {}
        for entry in [*more, *(int(key[1:]) for key in keys)]:
            # a new parameter has the name of the old one, as in the program
            alike.setdefault(self.record.name(entry), set()).add(new.get(entry, entry))
        for entries in (sorted(found) for found in alike.values() if len(found) > 1):
            lines = [self.record.line_of[entry] for entry in entries]
            kinds = (
                [self.record.told(line) if line else "given" for line in lines],
                [f"shape {self.record.shape(entry) or 1}" for entry in entries],
                [f"no. {place + 1}" for place in range(len(entries))],
            )
            labels = next(kind for kind in kinds if len({*kind}) == len(entries))
            self.labels |= {e: f" ({label})" for e, label in zip(entries, labels, strict=True)}
        for key in keys:
            self.called[key] += self.labels.get(int(key[1:]), "")

    def _after(self, claim: Claim) -> list[int]:
        """Return the nearest entries with a name through which a gradient comes back to a value."""
        links, found = self.claims.gradients.links, dict[int, None]()
        one = self.claims.activated.get(claim.source)
        start = claim.source if one is None else one.after
        if start != claim.source and start in self.record.named:
            return [start]
        stack = [self.graph.nodes[start]]
        while stack:
            for link in links.get(stack.pop(), ()):
                entry = self.graph.entry.get(link.consumer, -1)
                if entry in self.record.named:
                    found[entry] = None
                else:
                    stack.append(link.consumer)
        return [*found]

    def _link(self, claim: Claim, after: list[int]) -> tuple[str, str]:
        """Return the chain rule from what a value goes into, back to it, and the reason."""
        name, names = self._name(claim.source), [*map(self._name, after)]
        chain = ""
        if after and all(PLAIN.fullmatch(APART.sub("", each)) for each in (name, *names)):
            links = " + ".join(f"dL/d{each} * d{each}/d{name}" for each in names)
            label = self.labels.get(claim.source, "")
            chain = f"{self.claims.gradient(claim.source, label=label)} = {links}"
        return chain, self._reason(claim.source, name)

    def _reason(self, source: int, name: str) -> str:
        """Say through what a value goes to the next one with a name."""
        graph, links, told = self.graph, self.claims.gradients.links, self.record.told
        way, node, entry = list[Link | str](), graph.nodes[source], source
        while entry == source or entry not in self.record.named:
            one, found = self.claims.activated.get(entry), links.get(node, ())
            if one is not None:
                way.append(one.name)
                node = graph.nodes[one.after]
            elif len(found) == 1:
                way += found
                node = found[0].consumer
            elif found and not way:
                return said_of(name, found, told)
            else:
                return said_of_way(name, way, told, len(found))
            entry = graph.entry.get(node, -1)
        return said_of_way(name, way, told)

    def _right_ones(self) -> dict[Node, Expression]:
        """Return what the program's formula has of true gradients, as it is written there."""
        found: dict[Node, Expression] = {}
        own = self.graph.node(self.own)
        known = self._known(own, gradients=False)
        stack = [*own.inputs]
        while stack:
            node = stack.pop()
            entry = self.graph.entry.get(node)
            now = None if entry is None else self.record.now(entry, self.update)
            claim = None if now is None else self.claims.of(now)
            same = claim is not None and claim.verdict == "right" and claim.node.shape == node.shape
            if claim is not None and same and abs(claim.factor - self.factor) < CLOSE:
                found.setdefault(claim.node, known.get(node) or formula_of(node, known))
            stack += () if node in known else node.inputs
        return found

    def _tell_old_ones(self, own: Equation) -> None:
        """Say which parameters are old where a formula reads new ones of the same names."""
        read = {one.name for one in own.expression.quantities()}
        for parameter in self.record.verdict.step.parameters:
            before, after = f"e{parameter.before}", f"e{parameter.after}"
            if after in read and self.called.get(before) == self.called[after]:
                self.called[before] = f"old_{self.called[after]}"

    @staticmethod
    def _compared(own: Equation, true: Equation) -> list[Equation]:
        """Return both with what differs marked, where that can be told."""
        if own.array.shape != true.array.shape:
            return [own, true]
        try:
            compared = compare(own, true, "the program")
        except UNKNOWN:
            return [own, true]
        # several parts belong together: none of them says by itself what is wrong
        return [compared] if len(compared.differences) == 1 else [own, true]

    def _numbers(self, equations: list[Equation], index: Index) -> tuple[Section, ...]:
        """Return equations on the selected number, and where a gradient in them comes from."""
        found = [one for equation in equations for one in self._scalar(equation, index)]
        sections = [Section("", (equation,)) for equation in found]
        read = (one for equation in found for one in equation.expression.quantities())
        for one in read:
            node, _ = self.gradients.get(one.name, (None, 1.0))
            if node is None or one.index is None or self.claims.has(int(one.name[1:])):
                continue
            whole = self._equation(Quantity(one.name), node, gradients=True)
            scalar = [] if whole is None else self._scalar(whole, one.index)
            if scalar:
                return (*sections, Section("where", (*scalar,)))
        return (*sections,)

    def _scalar(self, equation: Equation, index: Index) -> list[Equation]:
        """Return one number of an equation, where it is short and the number is the same."""
        try:
            if self._terms(equation.expression) > MOST_TERMS:
                return []
            scalar = element(equation.expression, index, self.scope)
            right = self.arrays[equation.left.name][index]
            same = np.allclose(self.scope.evaluate(scalar), right, rtol=CLOSE)
        except UNKNOWN:
            return []
        if not same or len([*scalar.walked()]) > LONGEST:
            return []
        return [Equation(Quantity(equation.left.name, index), scalar, self.scope)]

    def formula_of_number(self, quantity: Quantity) -> Expression | None:
        """Return how a number of an entry, keyed ``e12``, is computed; None where that is long."""
        entry = int(quantity.name[1:])
        whole = self._equation(Quantity(quantity.name), self.graph.node(entry))
        found = [] if whole is None else self._scalar(whole, quantity.index or ())
        return found[0].expression if found else None

    def true_gradient(self, quantity: Quantity) -> float | None:
        """Return the derivative of the loss by a number of an entry; None where it has none."""
        node = self.claims.gradients.of.get(self.graph.node(int(quantity.name[1:])))
        if node is None:
            return None
        array = np.broadcast_to(self.claims.truth(self.update)[node], node.shape)
        return float(array[quantity.index or ()])

    def _terms(self, node: Expression) -> int:
        """Return of about how many quantities a single number of an expression is made."""
        inner = sum(map(self._terms, node.parts)) or 1
        if node.is_op("matmul"):
            return inner * self.scope.shape(node.parts[0])[-1]
        if node.is_op("sum"):
            shape, whole = self.scope.shape(node), self.scope.shape(node.parts[0])
            return inner * int(np.prod(whole)) // max(int(np.prod(shape)), 1)
        return inner

    def _equation(self, left: Quantity, node: Node, gradients: bool = False) -> Equation | None:
        """Return a node's formula in the program's names; None where there is none to write."""
        known = self._known(node, gradients)
        try:
            expression = formula_of(node, known)
            if isinstance(expression, Quantity) or len([*expression.walked()]) > LONGEST:
                return None
            shape = self.scope.shape(expression)  # raises where it cannot be told
            fits = np.broadcast_shapes(shape, self.arrays[left.name].shape)
        except UNKNOWN:
            return None
        same = fits == self.arrays[left.name].shape
        return Equation(left, expression, self.scope) if same else None

    def _known(self, node: Node, gradients: bool) -> dict[Node, Expression]:
        """Return what stands for itself in a formula: all that has a name."""
        known: dict[Node, Expression] = {}
        for entry, other in self.graph.nodes.items():
            given = not other.inputs and other.op.name != "constant"
            if other is not node and (given or entry in self.record.named):
                known[other] = Quantity(self.key(entry))
        if gradients:
            known |= {known: made for known, made in self.own_ones.items() if known is not node}
            for source, gradient in self.claims.gradients.of.items():
                entry = self.graph.entry.get(source, -1)
                if entry in self.record.named and gradient is not node and gradient.inputs:
                    known.setdefault(gradient, Quantity(self._gradient(entry, gradient)))
        return known

    def key(self, entry: int) -> str:
        """Return the key of an entry's value, and know its name and numbers."""
        key = f"e{entry}"
        if key not in self.called:
            self.called[key] = self.record.name(entry, self.record.line_of[self.own])
        return key

    def _array(self, key: str) -> Array:
        """Return the numbers of a value or of a gradient in the moment's update."""
        if key in self.gradients:
            node, factor = self.gradients[key]
            return np.broadcast_to(factor * self.claims.truth(self.update)[node], node.shape)
        entry = int(key[1:])
        now = self.record.now(entry, self.update)
        return self.record.array(entry if now is None else now)

    def _gradient(self, entry: int, node: Node, factor: float = 1.0) -> str:
        key = f"{'g' if factor == 1.0 else 'm'}{entry}"
        self.gradients[key], self.called[key] = (node, factor), self.claims.gradient(entry, factor)
        return key
