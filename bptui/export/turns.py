"""Finds what a forward pass does once in each turn of a loop, and what is alike in all turns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from bptui.core.graph.elementwise import positive
from bptui.core.graph.node import Node, Setting, ordered
from bptui.export.forward import Forward, identifier

_INDEX = re.compile(r"\[([a-z]\w*)\]$")
"""The turn, in the name of what a program keeps of it."""
FEWEST = 3
"""Turns of a loop that has a first one, a last one, and one that is like most."""


class Places(tuple[int, ...]):
    """Indices without a rule: one for each turn."""


class NoLoopError(Exception):
    """Says that the turns are not alike."""


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
    for node in sorted(forward.entry, key=_times(forward).__getitem__):
        entry = forward.entry[node]
        if forward.gradients.get(node) in forward.needed or (
            node in forward.needed and node in forward.variables
        ):
            name = forward.names.get(entry, "")
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


def _times(forward: Forward) -> dict[Node, int]:
    """Return when values were computed; of data, which may be mixed before, when they are used."""
    times: dict[Node, int] = {}
    used: dict[Node, int] = {}
    for node in ordered([forward.loss]):
        before = max((times[one] for one in node.inputs), default=0)
        times[node] = forward.entry.get(node, before)
        for one in node.inputs:
            used[one] = min(used.get(one, times[node]), times[node])
    fixed = (one for one in forward.entry if forward.entry[one] not in forward.truth.dependent)
    return forward.entry | times | {node: used[node] for node in fixed if node in used}


class Turns:
    """The values of each turn of a loop; what is said of one turn is written for turn ``t``."""

    def __init__(self, forward: Forward, count: int) -> None:
        """Take the number of turns; raises :class:`NoLoopError` where nothing comes so often."""
        self.forward, self.count, self.middle = forward, count, count // 2
        self.roles: list[Role] = []
        self.place: dict[Node, tuple[Role, int]] = {}
        """The role of a value, and its turn."""
        families = [pair for pair in _families(forward) if self._comes_in_turns(pair[1])]
        self.variables = self._outside({node for _, nodes in families for node in nodes})
        self.taken = {name for node, name in self.variables.items() if node in forward.needed}
        self.taken.update(forward.indices.values())
        self._claimed = {_base(name) for name, nodes in families if nodes[0] not in forward.before}
        for name, nodes in families:
            each = max(1, len(nodes) // count)
            for first in range(each):
                self._add(name, nodes[first::each], f"_{first + 1}" * (each > 1))
        if not self.roles:
            raise NoLoopError
        names = {role.name for role in self.roles}
        self.variables = {node: name for node, name in self.variables.items() if name not in names}
        self.values = {node: place for node, place in self.place.items() if place[0].name}
        """Those that have a name."""
        self.gradient = {
            forward.gradients[node]: place
            for node, place in self.place.items()
            if node in forward.gradients
        }
        """The role of the value that it is the gradient of, and its turn."""
        usual = "layer" if any(role.listed for role in self.roles) else "t"
        used = (_INDEX.search(forward.names.get(e, "")) for e in self._entries())
        self.variable = self.free(next((index[1] for index in used if index), usual))
        self.passed = {
            gradient
            for node, gradient in forward.gradients.items()
            if node not in self.place and node not in self.variables
            if node in forward.before and not forward.before[node].name
        }
        """Gradients of values that look like an activation's in one turn alone."""
        self.edges: dict[Role, Node] = {}
        """What stands in the first turn for the value of the turn before."""
        self._gradients = {*forward.gradients.values()} - self.passed
        self.texts: dict[Node, str] = {}
        """How values and gradients of the turn in the middle are written."""
        self.indices: dict[Node, str] = {}
        self.places: dict[str, Places] = {}
        self.arrays: dict[str, list[int]] = {}
        """Arrays of whole numbers of the turns, as entries of the tape."""
        self._seen: set[tuple[Node, ...]] = set()

    def _comes_in_turns(self, nodes: Sequence[Node]) -> bool:
        listed = all(node in self.forward.parameters.values() for node in nodes)
        return len(nodes) % self.count == 0 or (listed and len(nodes) > self.count)

    def _entries(self) -> Iterable[int]:
        return (self.forward.entry[node] for node in self.place)

    def _outside(self, inside: set[Node]) -> dict[Node, str]:
        """Return the variables of values that are not of the loop."""
        names: dict[Node, str] = {}
        for name, nodes in self.forward.by_name.items():
            turns = [place for place, node in enumerate(nodes) if node in inside]
            groups = {"": nodes}
            if turns:
                groups = {"_start": nodes[: turns[0]], "_end": nodes[turns[-1] + 1 :]}
                groups["_also"] = [n for n in nodes[turns[0] : turns[-1]] if n not in inside]
            for also, group in groups.items():
                for place, node in enumerate(group, 1):
                    names[node] = f"{name}{also}" + f"_{place}" * (len(group) > 1)
        return names

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

    def _is_known(self, node: Node) -> bool:
        return node in self.values or node in self.variables or node in self._gradients

    def turns_of(self, formula: Node) -> tuple[set[int], set[int]]:
        """Return the turns whose gradients, and those whose values, a formula reads."""
        read = ordered([formula], lambda node: () if self._is_known(node) else node.inputs)
        gradients = {self.gradient[node][1] for node in read if node in self.gradient}
        values = {self.values[node][1] for node in read if node in self.values}
        inside = set(range(self.count))
        return gradients & inside, values & inside

    def turn_of(self, contribution: Node) -> int | None:
        """Return the turn whose gradients, or else whose values, a formula reads."""
        gradients, values = self.turns_of(contribution)
        if len(gradients) > 1:
            raise NoLoopError
        return max(gradients or values, default=None)

    def text_of(self, role: Role, turn: str) -> str:
        """Return how the gradient of a turn is written."""
        return f"{role.gradient}[{turn}]" if role.listed else role.gradient

    def at(self, role: Role, offset: int) -> str:
        """Return how the value of another turn is written."""
        if offset == -1 and role in self.edges:
            return self.before(role)
        return f"{role.name}[{self.variable}{f' {offset:+d}'.replace('-', '- ') if offset else ''}]"

    def before(self, role: Role) -> str:
        """Return the variable of the value of the turn before."""
        return f"{role.base}_before"

    def alike(self, nodes: tuple[Node, ...], first: int = 0) -> None:
        """Compare formulas of turns ``first`` and following ones, and note how they are written.

        Raises :class:`NoLoopError` where they are not the same but for the turn.
        """
        stack = [nodes]
        while stack:
            nodes = tuple(map(self._copied, stack.pop()))
            one = nodes[self.middle - first]
            if nodes in self._seen or all(node is one for node in nodes):
                continue
            self._seen.add(nodes)
            if one in self.gradient or one in self.values:
                self._same_role(nodes, first)
                continue
            self._same_operation(nodes, first)
            stack += zip(*(node.inputs for node in nodes), strict=True)

    def _copied(self, node: Node) -> Node:
        return node.inputs[0] if node in self.passed and node.op is positive else node

    def _same_operation(self, nodes: tuple[Node, ...], first: int) -> None:
        one = nodes[self.middle - first]

        for node in nodes:
            like = node.op is one.op and len(node.inputs) == len(one.inputs)
            if self._is_known(node) or not like or node.settings.keys() != one.settings.keys():
                raise NoLoopError
        for name in one.settings:
            settings = [node.settings[name] for node in nodes]
            if not all(map(_equal, settings, settings[1:])):
                if name != "index":
                    raise NoLoopError
                self.indices[one] = self._index(settings, first)

    def _same_role(self, nodes: tuple[Node, ...], first: int) -> None:
        one = nodes[self.middle - first]
        places = self.gradient if one in self.gradient else self.values
        role, turn = places[one]
        offset = turn - self.middle
        for here, node in enumerate(nodes, first):
            if places.get(node) == (role, here + offset):
                continue
            known = node in self.variables or not node.inputs
            edge = places is self.values and offset == -1 and here == 0 and known
            if not edge or self.edges.setdefault(role, node) is not node:
                raise NoLoopError
        if places is self.gradient:
            if offset:
                raise NoLoopError
            self.texts[one] = self.text_of(role, self.variable)
        else:
            self.texts[one] = self.at(role, offset)

    def _index(self, settings: list[Any], first: int) -> str:
        """Return how an index is written that is another one in each turn."""
        rows = [one if isinstance(one, tuple) else (one,) for one in settings]
        if len({len(row) for row in rows}) > 1:
            raise NoLoopError
        made = []
        for parts in zip(*rows, strict=True):
            if all(map(_equal, parts, parts[1:])):
                part = parts[0]
                if not (isinstance(part, slice) and part == slice(None)) and not _whole(part):
                    raise NoLoopError
                made.append(":" if isinstance(part, slice) else str(int(part)))
            elif all(map(_whole, parts)):
                made.append(self._moving([int(part) for part in parts], first))
            else:
                made.append(self._array(parts, first))
        return ", ".join(made)

    def _moving(self, places: list[int], first: int) -> str:
        start, t = places[0] - first, self.variable
        if places == list(range(places[0], places[0] + len(places))):
            return t if not start else f"{t} {'-' if start < 0 else '+'} {abs(start)}"
        if first:
            raise NoLoopError
        same = (name for name, known in self.places.items() if known == tuple(places))
        name = self._part(places) or next(same, None)
        if name is None:
            name = self.free("places")
            self.places[name] = Places(places)
        return name if "[" in name else f"{name}[{t}]"

    def _part(self, parts: Sequence[Setting]) -> str:
        """Return what of the program's arrays of whole numbers is read, if it is one's turns."""
        for entry, name in self.forward.indices.items():
            value = np.asarray(self.forward.truth.tape.values[entry])
            for index, turns in ((self.variable, value), (f":, {self.variable}", value.T)):
                if len(turns) == len(parts) and all(map(_equal, turns, parts)):
                    return f"{name}[{index}]"
        return ""

    def _array(self, parts: Sequence[Setting], first: int) -> str:
        tape = self.forward.truth.tape
        part = "" if first else self._part(parts)
        if part:
            return part
        groups: dict[str, list[int]] = {}
        for entry, name in sorted(self.forward.names.items()):
            value = np.asarray(tape.values[entry])
            if value.ndim and value.dtype.kind in "iu":
                groups.setdefault(name, []).append(entry)
        for name, entries in groups.items():
            values = [tape.values[entry] for entry in entries]
            if not first and len(values) == len(parts) and all(map(_equal, values, parts)):
                same = (label for label, known in self.arrays.items() if known == entries)
                label = next(same, None) or self.free(_plural(identifier(name)))
                self.arrays[label] = entries
                return f"{label}[{self.variable}]"
        raise NoLoopError


def _base(name: str) -> str:
    """Return the name without the turn: h for h[t], W for params['W' + str(l)]."""
    key = re.search(r"\[f?['\"](\w+)['\"{][^]]+\]$", name)
    return identifier(key[1] if key else _INDEX.sub("", name))


def _plural(name: str) -> str:
    return identifier(f"{name}_list" if name.endswith("s") else f"{name}s")


def _whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _equal(one: Setting, other: Setting) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    return bool(one == other)
