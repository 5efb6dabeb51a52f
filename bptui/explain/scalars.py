"""A computation number by number: every number a node with its gradient, operations between them.

The pictures are those of Karpathy's micrograd; the formulas are those of all other forms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from bptui.core.activations import ACTIVATIONS, APPLIED, LOG_SUM_EXP
from bptui.core.engine import Snapshot
from bptui.core.graph.backward import backward
from bptui.core.graph.elementwise import exp, log, negative, positive, subtract
from bptui.core.graph.node import (
    CONSTANT,
    OPS,
    Node,
    Notation,
    Op,
    broadcast,
    constant,
    evaluate,
    leaf,
    ordered,
    slots,
)
from bptui.core.network import Network
from bptui.explain.expression import (
    SAMPLES,
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
)
from bptui.explain.formulas import define_for, element

MOST = 120
"""Numbers in a picture at most."""
TOTAL = Op(
    "total",
    lambda *terms: np.asarray(sum(terms)),
    lambda node, g: [g] * len(node.inputs),
    broadcast,
    Notation("{all} +", "{all} +", "{all} +"),
)
"""A sum of any number of terms."""


class Scalar(NamedTuple):
    """A number: what it is called, the operation that gives it, from which others by their places.

    ``quantity`` is what it is a number of, of one within a formula that of the whole formula.
    ``gradient`` is None where there is none, as of data.
    """

    name: str
    sign: str
    inputs: tuple[int, ...]
    quantity: Quantity
    value: float
    gradient: float | None


class Reader:
    """Makes nodes of single numbers: ``define`` gives the formula of one, or None of a given one.

    Raises :class:`KeyError` for what has no place among single numbers.
    """

    def __init__(self, define: Callable[[Quantity], Expression | None]) -> None:
        self._define = define
        self._made: dict[Expression, Node] = {}
        self.of: dict[Node, tuple[Expression, Quantity]] = {}
        """What each node stands for, and the quantity in whose formula, or whose value, it is."""

    def read(self, made: Expression, owner: Quantity) -> Node:
        """Return the node of a part of the formula of ``owner``, or of a named number.

        Of that with all that it is computed from.
        """
        if isinstance(made, Constant | Setting):
            return constant(made.value, getattr(made, "text", ""))
        if made not in self._made:
            if isinstance(made, Quantity):
                formula = self._define(made)
                node = leaf(made.name) if formula is None else self.read(formula, made)
                if isinstance(self.of.get(node, (None,))[0], Quantity):
                    node = positive(node)  # what stays what it was has a node of its own
                self.of[node] = made, made
            else:
                node = self._keep(self._operation(made, owner), made, owner)
            self._made[made] = node
        return self._made[made]

    def _keep(self, node: Node, made: Expression, owner: Quantity) -> Node:
        self.of.setdefault(node, (made, owner))
        return node

    def _operation(self, made: Expression, owner: Quantity) -> Node:
        def read(part: Expression) -> Node:
            return self.read(part, owner)

        match made:
            case Rest():
                return leaf("")
            case Activated(name, (of, body)):
                alone = name in APPLIED and ACTIVATIONS[name].pullback is None
                return APPLIED[name](read(of)) if alone else read(body)
            case Stable((shown, _)):
                return read(shown)
            case Apply(LOG_SUM_EXP.name, (Series(terms),)):
                return log(self._keep(TOTAL(*(exp(read(term)) for term in terms)), made, owner))
            case Apply("add", (first, Apply("negative", (second,)))):
                return subtract(read(first), read(second))
            case Series() | Apply("add"):
                return TOTAL(*map(read, _terms(made)))
            case Apply("negative", (of,)):
                return negative(read(of))
            case Apply("multiply", (first, *others)):
                node = read(first)
                for other in others:
                    node = self._keep(OPS["multiply"](node, read(other)), made, owner)
                return node
            case Apply(op, parts, settings):
                return OPS[op](*map(read, parts), **dict(settings))
        raise KeyError(type(made).__name__)


def _terms(node: Expression) -> Iterator[Expression]:
    """Yield the terms of a sum, those of sums in it among them."""
    for part in node.parts:
        yield from _terms(part) if isinstance(part, Series) or part.is_op("add") else (part,)


def sign_of(node: Node) -> str:
    """Return how an operation is written, constants with it: ``+``, ``1/2 *``, ``^2``, sigmoid."""
    if node.op.name in APPLIED or node.op.notation is None:
        return node.op.name
    texts = [
        each.settings.get("text") or f"{float(each.settings['value']):.6g}"
        if each.op is CONSTANT
        else ""
        for each in node.inputs
    ]
    whole = ", ".join(filter(None, texts))
    made = "".join(
        text + (texts[int(field)] if field.isdecimal() else whole * bool(field))
        for text, field, _ in slots(node.op.notation.text)
    )
    return made.replace("()", "").replace("·", "*").strip()


def scalars(
    reader: Reader,
    root: Quantity,
    name: Callable[[Quantity], str],
    value: Callable[[Quantity], float],
    gradient: Callable[[Quantity], float | None],
) -> tuple[Scalar, ...]:
    """Return all numbers that ``root`` is computed from, inputs first, it last.

    ``value`` and ``gradient`` give those of named numbers; of numbers within formulas the values
    are computed from these, and the gradients by the chain rule from those of what they are in, as
    far as the ``root`` has one.
    """
    whole = reader.read(root, root)
    order = ordered([whole])
    drawn = [node for node in order if node.op is not CONSTANT]
    named = {node: made for node, (made, _) in reader.of.items() if isinstance(made, Quantity)}
    rests = {node: made for node, (made, _) in reader.of.items() if isinstance(made, Rest)}
    known = {node: np.asarray(value(quantity)) for node, quantity in named.items()}
    known |= {node: np.asarray(rest.value) for node, rest in rests.items()}
    known = evaluate(order, known)
    slopes = {node: gradient(quantity) for node, quantity in named.items()}
    moving = {node: None for node, slope in slopes.items() if slope is not None}
    if whole in moving:  # else nothing within formulas has a gradient
        moving |= dict.fromkeys(rests)
        for node in order:
            if node not in slopes and any(each in moving for each in node.inputs):
                moving[node] = None
    labels = {node: f"g{number}" for number, node in enumerate(order)}
    found = backward(whole, moving, labels.__getitem__).of
    given = {found[n]: np.asarray(s) for n, s in slopes.items() if s is not None and n in found}
    numbers = evaluate(found.values(), known | given)
    places = {node: place for place, node in enumerate(drawn)}
    names = {node: f"{rest.count} others" for node, rest in rests.items()}
    names |= {node: name(quantity) for node, quantity in named.items()}
    return tuple(
        Scalar(
            names.get(node, ""),
            "" if not node.inputs else sign_of(node),
            tuple(dict.fromkeys(places[each] for each in node.inputs if each in places)),
            reader.of[node][1],
            float(known[node]),
            float(numbers[found[node]]) if node in moving and node in found else None,
        )
        for node in drawn
    )


# a step of a network


def count(network: Network, layer: int = 0) -> int:
    """Return about how many numbers a sample's picture has, or that of a unit in a ``layer``."""
    if layer:
        return 3 * network.layers[layer - 1] + 4
    weights, units = network.weight_count, sum(network.layers)
    return 2 * weights + 3 * units + 6 * network.layers[-1]


def of_unit(network: Network, layer: int, unit: int, row: int) -> tuple[Quantity, ...]:
    """Return the numbers of a unit, the one computed from the others first.

    What it puts out is none of them where it depends on other units, too.
    """
    names, activation = network.names, ACTIVATIONS[network.activations[layer - 1]]
    kinds = (names.net,) if activation.pullback else (names.out, names.net)
    return tuple(Quantity(kind(layer), (row, unit)) for kind in kinds)


def step_scalars(
    snapshot: Snapshot,
    row: int,
    name: Callable[[Quantity], str],
    only: tuple[Quantity, ...] = (),
) -> tuple[Scalar, ...]:
    """Return the numbers of a step for the sample in a ``row`` of the batch, the loss last.

    The other samples are one number of the loss. Gradients are those that the step has computed,
    with its mistakes; of weights and biases they are summed over the batch. Of ``only`` some
    numbers what they are computed from, and the first of them last.
    """
    formulas, scope = define_for(snapshot), Scope.of(snapshot)
    gradients, losses = snapshot.experiment.network.gradients, {"loss", "data_loss"}

    def define(quantity: Quantity) -> Expression | None:
        formula = formulas.every.get(Quantity(quantity.name))
        if formula is None or quantity.name == "penalty" or quantity.index is None:
            return None
        if only and quantity not in only:
            return None
        if quantity.name in losses:
            return _of_sample(formula, row, scope)
        return element(formula, quantity.index, scope)

    def gradient(quantity: Quantity) -> float | None:
        if quantity.name in (*losses, "penalty"):
            return 1.0
        array = gradients.get(quantity.name)
        return None if array is None else float(scope.array(array)[quantity.index or ()])

    root = only[0] if only else Quantity("loss", ())
    return scalars(Reader(define), root, name, lambda one: float(scope.value(one)), gradient)


def _of_sample(node: Expression, row: int, scope: Scope) -> Expression:
    """Return a formula of the loss with the terms of one sample, and the sum of all the others."""
    if isinstance(node, Quantity):
        return Quantity(node.name, ())
    if node.is_op("sum"):
        by_sample = Apply("sum", node.parts, (("axis", 1), ("keepdims", False)))
        own: Index = (row,)
        term = element(by_sample, own, scope)
        rows = scope.shape(node.parts[0])[0]
        if rows == 1:
            return term
        rest = float(scope.evaluate(node)) - float(scope.evaluate(term))
        return Series((term, Rest(rows - 1, rest)), SAMPLES)
    return node.rebuilt(lambda part: _of_sample(part, row, scope))
