"""Finds what a forward pass does once in each turn of a loop, and how one turn is written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from bptui.core.graph.node import Node, Setting, ordered
from bptui.export.forward import Forward, identifier

_INDEX = re.compile(r"\[([a-z]\w*)\]$")
"""The turn, in the name of what a program keeps of it."""
FEWEST = 3
"""Turns of a loop that has a first one, a last one, and one that is like most."""


class Places(tuple[int, ...]):
    """Indices without a rule: one for each turn."""


class NoLoopError(ValueError):
    """Says that the turns are not alike, as zip does of unlike lengths."""


@dataclass(eq=False)
class Role:
    """Values that come once in each turn."""

    base: str
    """The name of one of them."""
    name: str
    """The name of the list of them."""
    nodes: Sequence[Node]
    gradient: str
    listed: bool
    """Whether they are parameters, of which every gradient is wanted."""


def turn_counts(forward: Forward) -> list[int]:
    """Return how many turns a loop may have had, the likeliest first."""
    counts = Counter(len(nodes) for _, nodes in _families(forward))
    return [count for count, _ in counts.most_common() if count >= FEWEST]


def _families(forward: Forward) -> Iterator[tuple[str, list[Node]]]:
    """Yield names and what has them, if one line gives it all; W[] of W[0], W[1] and so on."""
    found: dict[tuple[str, int, str], list[Node]] = {}
    entries = sorted(forward.entry.items(), key=itemgetter(1))
    computed = [node for node, entry in entries if entry in forward.truth.dependent]
    # data, which may be mixed before, in the order of their use
    for node in filter(forward.entry.__contains__, ordered(computed)):
        if forward.gradients.get(node) in forward.needed or (
            node in forward.needed and node in forward.variables
        ):
            name = forward.names.get(forward.entry[node], "")
            found.setdefault((name, node.line, node.op.name), []).append(node)
    numbered: dict[tuple[str, int, str], list[tuple[int, Node]]] = {}
    for (name, line, op), nodes in found.items():
        number = re.search(r"(?<=\[)\d+(?=\])", name)
        listed = nodes[0] in forward.parameters.values()
        if listed and not number:
            number = re.search(r"\d+(?=\D*$)", name)
        if len(nodes) > 1 or not number:
            yield name, nodes
        else:
            whole = name[: number.start()] + name[number.end() :]
            place = int(number[0]) if listed else 0  # data may be mixed
            numbered.setdefault((whole, line, op), []).append((place, nodes[0]))
    for (name, *_), pairs in numbered.items():
        yield name, [node for _, node in sorted(pairs, key=itemgetter(0))]


class Turns:
    """The values of each turn of a loop; what is said of one turn is written for turn ``t``.

    With a ``count`` of 0 there is no loop, and no turn.

    How it is written is read from the turn in the ``middle``: of what others do otherwise nothing
    is seen here but the start of the first one, and indices.
    """

    def __init__(self, forward: Forward, count: int) -> None:
        self.forward, self.count, self.middle = forward, count, count // 2
        self.roles: list[Role] = []
        self.place: dict[Node, tuple[Role, int]] = {}
        """The role of a value, and its turn."""
        families = [pair for pair in _families(forward) if self._comes_in_turns(pair[1])]
        inside = {node for _, nodes in families for node in nodes}
        self.variables: dict[Node, str] = {}
        """Values that are not of the loop."""
        for name, nodes in forward.by_name.items():
            outside = [node for node in nodes if node not in inside]
            start = "_start" * (len(outside) < len(nodes) and nodes[0] not in inside)
            for place, node in enumerate(outside, 1):
                self.variables[node] = f"{name}_{place}" if len(outside) > 1 else name + start
        self.taken = {name for node, name in self.variables.items() if node in forward.needed}
        self.taken.update(forward.indices.values())
        self._claimed = {_base(name) for name, nodes in families if nodes[0] not in forward.before}
        for name, nodes in families:
            each = max(1, len(nodes) // count)
            for first in range(each):
                self._add(name, nodes[first::each], f"_{first + 1}" * (each > 1))
        names = {role.name for role in self.roles}
        self.variables = {node: name for node, name in self.variables.items() if name not in names}
        self.values = {node: place for node, place in self.place.items() if place[0].name}
        """Those that have a name."""
        gradients = forward.gradients
        self.gradient = {gradients[n]: place for n, place in self.place.items() if n in gradients}
        """The role of the value that it is the gradient of, and its turn."""
        usual = "layer" if any(role.listed for role in self.roles) else "t"
        used = (_INDEX.search(forward.names.get(forward.entry[node], "")) for node in self.place)
        self.variable = self.free(next((index[1] for index in used if index), usual))
        self.edges: dict[Role, Node] = {}
        """What stands in the first turn for the value of the turn before."""
        self.texts: dict[Node, str] = {}
        """How values and gradients of the turn in the middle are written."""
        self.indices: dict[Node, str] = {}
        self.given: dict[str, Places | list[int]] = {}
        """Indices of the turns, and arrays of them as entries of the tape."""
        self._named = {*self.values, *self.variables, *gradients.values()}
        self._seen: set[tuple[Node, ...]] = set()

    def _comes_in_turns(self, nodes: Sequence[Node]) -> bool:
        count, parameters = self.count, self.forward.parameters.values()
        listed = all(node in parameters for node in nodes)
        return count > 0 and (len(nodes) % count == 0 or (listed and len(nodes) > count))

    def free(self, name: str) -> str:
        """Return a name that is not taken yet, and take it."""
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def _add(self, name: str, nodes: Sequence[Node], suffix: str) -> None:
        forward, node = self.forward, nodes[0]
        base, own_list = _base(name), bool(_INDEX.search(name))
        listed = node in forward.parameters.values()
        same = own_list or len(nodes) > self.count or (listed and "[" in name)
        plural = f"{base if same else _plural(base)}{suffix}"
        layer = forward.before.get(node)
        label = ""
        # what an activation makes of it, or another value, may have the name, too
        if node in forward.variables and not (layer and base in self._claimed):
            label = self.free(plural)
        else:
            of = forward.names.get(layer.after) if layer else None
            base = f"net_{_base(of) if of else node.line}"
        found = (forward.own(forward.entry[one]) for one in nodes if one in forward.gradients)
        own = next((own for own in found if own and own not in self.taken), None)
        gradient = self.free(f"d_{label or base}" if listed else (own or f"d_{base}{suffix}"))
        role = Role(f"{base}{suffix}", label, nodes, gradient, listed)
        self.roles.append(role)
        self.place |= {node: (role, turn) for turn, node in enumerate(nodes)}

    # what a turn is written with

    def turn_of(self, formula: Node) -> int | None:
        """Return the turn whose gradients, or else whose values, a formula reads."""
        read = ordered([formula], lambda node: () if node in self._named else node.inputs)
        for places in (self.gradient, self.values):
            turns = {places[node][1] for node in read if node in places}
            if inside := turns & {*range(self.count)}:
                return max(inside)
        return None

    def text_of(self, role: Role, turn: str) -> str:
        """Return how the gradient of a turn is written."""
        return f"{role.gradient}[{turn}]" if role.listed else role.gradient

    def at(self, role: Role, offset: int) -> str:
        """Return how the value of another turn is written."""
        if offset == -1 and role in self.edges:
            return self.before(role)
        return f"{role.name}[{self._turn(offset)}]"

    def _turn(self, offset: int) -> str:
        """Write t, t - 1, t + 2."""
        return (
            f"{self.variable} {'-' if offset < 0 else '+'} {abs(offset)}"
            if offset
            else self.variable
        )

    def before(self, role: Role) -> str:
        """Return the variable of the value of the turn before."""
        return f"{role.base}_before"

    def read(self, formulas: Sequence[Node], first: int = 0) -> None:
        """Note how a formula is written, given that of turns ``first`` and following ones.

        Raises :class:`NoLoopError` where they are not of the same operations.
        """
        stack = [tuple(formulas)]
        while stack:
            nodes = stack.pop()
            one = nodes[self.middle - first]
            if nodes in self._seen or all(node is one for node in nodes):
                continue
            self._seen.add(nodes)
            if one in self.gradient:
                self.texts[one] = self.text_of(self.gradient[one][0], self.variable)
            elif one in self.values:
                role, turn = self.values[one]
                if turn < self.middle and not first:
                    self.edges.setdefault(role, nodes[0])
                self.texts[one] = self.at(role, turn - self.middle)
            else:
                if any(node.op is not one.op for node in nodes):
                    raise NoLoopError
                indices = [node.settings.get("index") for node in nodes]
                if not all(map(_equal, indices, indices[1:])):
                    self.indices[one] = self._index(indices, first)
                stack += zip(*(node.inputs for node in nodes), strict=True)

    def _index(self, settings: Sequence[Setting], first: int) -> str:
        """Return how an index is written that is another one in each turn."""
        rows = [one if isinstance(one, tuple) else (one,) for one in settings]
        return ", ".join(self._part(parts, first) for parts in zip(*rows, strict=True))

    def _part(self, parts: Sequence[Setting], first: int) -> str:
        t, start, whole = self.variable, parts[0], all(map(_is_whole, parts))
        if all(map(_equal, parts, parts[1:])) and (whole or start == slice(None)):
            return str(start) if whole else ":"
        if whole and [*parts] == [*range(start, start + len(parts))]:
            return self._turn(start - first)
        if not first:
            values = self.forward.truth.tape.values
            for entry, name in self.forward.indices.items():
                array = np.asarray(values[entry])
                for index, turns in ((t, array), (f":, {t}", array.T)):
                    if _same([*turns], parts):
                        return f"{name}[{index}]"
            if whole:
                return f"{self._list(Places(parts), 'places')}[{t}]"
            groups: dict[str, list[int]] = {}
            for entry, name in sorted(self.forward.names.items()):
                groups.setdefault(name, []).append(entry)
            for name, entries in groups.items():
                arrays = [np.asarray(values[entry]) for entry in entries]
                if arrays[0].ndim and arrays[0].dtype.kind in "iu" and _same(arrays, parts):
                    return f"{self._list(entries, _plural(identifier(name)))}[{t}]"
        raise NoLoopError

    def _list(self, given: Places | list[int], name: str) -> str:
        """Return what is given of each turn by its name."""
        label = next((label for label, known in self.given.items() if known == given), "")
        if not label:
            label = self.free(name)
            self.given[label] = given
        return label


def _base(name: str) -> str:
    """Return the name without the turn: h for h[t], W for params['W' + str(l)]."""
    key = re.search(r"\[f?['\"](\w+)['\"{][^]]+\]$", name)
    return identifier(key[1] if key else _INDEX.sub("", name))


def _plural(name: str) -> str:
    return identifier(f"{name}_list" if name.endswith("s") else f"{name}s")


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _same(turns: Sequence[Setting], parts: Sequence[Setting]) -> bool:
    return len(turns) == len(parts) and all(map(_equal, turns, parts))


def _equal(one: Setting, other: Setting) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return _same(one, other)
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    return bool(one == other)
