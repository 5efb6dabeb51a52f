"""What can be explained, by name: w5, gw5, b_h1, W1, gW2, net_h, delta_h1, loss, an operation."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.core.network import Network
from bptui.explain.expression import Index
from bptui.explain.symbols import Symbols

SubjectKind: TypeAlias = Literal["parameter", "number", "array", "unit", "operation", "all"]


@dataclass(frozen=True)
class Subject:
    """``name`` is the array's, the operation's or the unit's; ``index`` a number's place.

    A parameter (w5) is explained with its gradient and its update, a number (gw5, net_h1) with
    what it is computed from, a unit (h1) with all of its numbers.
    """

    kind: SubjectKind
    name: str
    index: Index = ()
    layer: int = 0


def find_subject(text: str, experiment: Experiment, key: str = "quantity") -> Subject:
    """The subject of that name.

    Raises :class:`UnusableError`, with what there is, for a name that the network does not have.
    """
    names = experiment.network.names
    symbols = Symbols(names)
    if text == "all":
        return Subject("all", "all")
    if text in ("loss", "L"):
        return Subject("operation", "L")
    found = _array(text, symbols, experiment.network.bias) or number(text, experiment.network)
    found = found or _unit(text, experiment.network) or _update(text, experiment)
    if found is None:
        raise UnusableError(key, repr(text), f"one of {', '.join(examples(experiment))}")
    return found


def examples(experiment: Experiment) -> list[str]:
    """Names that can be explained, one of each kind."""
    names, last = experiment.network.names, experiment.network.depth
    weights = experiment.network.weight_count
    found = ["w1" if weights == 1 else f"w1 to w{weights}", "gw1", "W1", "gW1"]
    if experiment.network.bias:
        found += [f"b_{names.unit(1, 0)}", "b1", "gb1"]
    found += [names.net(1), names.out(1), f"net_{names.unit(1, 0)}", names.delta(last)]
    found += [names.out_gradient(last), names.unit(last, 0), "loss"]
    return [*found, _updates(experiment)[0], "all"]


def _array(text: str, symbols: Symbols, bias: bool) -> Subject | None:
    place = symbols.places.get(text)
    if place is None or place.slot or (place.kind.startswith("bias") and not bias):
        return None
    return Subject("array", text, layer=place.layer)


def number(text: str, network: Network) -> Subject | None:
    """w5, gw5, dL/dw5, b_h1, gb_h1, dL/db_h1, net_h1, out_h1, delta_h1, dL/dout_h1."""
    names = network.names
    plain = text.removeprefix("dL/d") if text.startswith(("dL/dw", "dL/db")) else text
    if plain is text and text.startswith(("gw", "gb_")):
        plain = text[1:]
    gradient = plain is not text
    kind: SubjectKind = "number" if gradient else "parameter"
    if plain.startswith("w") and plain[1:].isascii() and plain[1:].isdigit():
        place = weight_place(int(plain[1:]), names.layers)
        if place is None or str(int(plain[1:])) != plain[1:]:
            return None
        layer, *index = place
        name = names.weight_gradient(layer) if gradient else names.weights(layer)
        return Subject(kind, name, tuple(index), layer)
    prefix, _, unit = plain.rpartition("_")
    layer, place_of = units(network).get(unit, (0, 0))
    if not layer:
        return None
    if prefix == "b" and network.bias:
        name = names.bias_gradient(layer) if gradient else names.bias(layer)
        return Subject(kind, name, (place_of,), layer)
    named = {
        "net": names.net(layer),
        "out": names.out(layer),
        "delta": names.delta(layer),
        "dL/dout": names.out_gradient(layer),
    }
    return Subject("number", named[prefix], (0, place_of), layer) if prefix in named else None


def _unit(text: str, network: Network) -> Subject | None:
    where = units(network).get(text)
    return None if where is None else Subject("unit", text, (where[1],), where[0])


def _update(text: str, experiment: Experiment) -> Subject | None:
    return Subject("operation", text) if text in _updates(experiment) else None


def _updates(experiment: Experiment) -> list[str]:
    """The names of the update, or of those of each layer, the last one first."""
    if "updated-weights" not in experiment.training.mistakes:
        return ["update"]
    names, depth = experiment.network.names, experiment.network.depth
    return [f"update {names.weights(layer)}" for layer in range(depth, 0, -1)]


def units(network: Network) -> dict[str, tuple[int, int]]:
    """The layer and the place of every unit, by its name."""
    return {
        network.names.unit(layer, unit): (layer, unit)
        for layer, count in enumerate(network.layers)
        for unit in range(count)
    }


def weight_place(number: int, layers: tuple[int, ...]) -> tuple[int, int, int] | None:
    """Layer, source and destination of weight ``number``, from 1; None beyond the last."""
    left = number - 1
    for layer, (sources, destinations) in enumerate(pairwise(layers), 1):
        if 0 <= left < sources * destinations:
            return layer, left % sources, left // sources
        left -= sources * destinations
    return None
