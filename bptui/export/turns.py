"""Finds what a forward pass does once in each turn of a loop, and names what turns read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from bptui.core.graph.node import Node, Setting, Values, ordered
from bptui.export.forward import Forward, identifier

_INDEX = re.compile(r"\[([a-z]\w*)\]$")
"""The turn, in the name of what a program keeps of it."""
MARK = re.compile(r"@(\d+)@")
FEWEST = 3
"""Turns of a loop that has a first one, a last one, and one that is like most."""


class Places(tuple[Setting, ...]):
    """Indices without a rule, whole numbers or arrays of them: one for each turn."""


class NoLoopError(ValueError):
    """Says that the turns are not alike."""


@dataclass(eq=False)
class Role:
    """Values that come once in each turn, ``name`` the list of them, ``gradient`` theirs."""

    name: str
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
    """The values of each turn of a loop, and those outside; with 0 turns, all are outside."""

    def __init__(self, forward: Forward, turns: int) -> None:
        """Give values their names; what is written is to be tried, as more may differ."""
        self.forward, self.count, self.middle = forward, turns, turns // 2
        self.of = {gradient: node for node, gradient in forward.gradients.items()}
        order = [self.of[gradient] for gradient in ordered(forward.results) if gradient in self.of]
        self.order = {node: at for at, node in enumerate(order)}
        """The values whose gradients are needed, in the order in which these are computed."""
        self.roles: list[Role] = []
        self.place: dict[Node, tuple[Role, int]] = {}
        """The role of a value, and its turn; -1 is what the first turn starts with."""
        self.marked: list[Setting] = []
        """Indices, by the numbers that stand for them until they are known in all turns."""
        self.given: dict[str, Places] = {}
        """Indices of the turns."""
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
        named = {_base(name) for name, nodes in families if nodes[0] not in forward.before}
        for name, nodes in families:
            each = max(1, len(nodes) // turns)
            for first in range(each):
                self._add(name, nodes[first::each], f"_{first + 1}" * (each > 1), named)
        self.outer: dict[Node, str] = {}
        """The gradients of values outside of the loop."""
        for node in (node for node in order if node not in self.place):
            variable = self.variables.get(node)
            label = f"d_{variable}" if variable else forward.gradients[node].name
            self.outer[node] = self.free(label)
        names = {role.name for role in self.roles}
        self.variables = {node: name for node, name in self.variables.items() if name not in names}
        used = (_INDEX.search(forward.names.get(forward.entry[node], "")) for node in self.place)
        self.variable = self.free(next((index[1] for index in used if index), "t"))

    def _comes_in_turns(self, nodes: Sequence[Node]) -> bool:
        turns, parameters = self.count, self.forward.parameters.values()
        listed = all(node in parameters for node in nodes)
        return turns > 0 and (len(nodes) % turns == 0 or (listed and len(nodes) > turns))

    def free(self, name: str) -> str:
        """Return a name that is not taken yet, and take it."""
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def _add(self, name: str, nodes: Sequence[Node], suffix: str, named: set[str]) -> None:
        forward, node = self.forward, nodes[0]
        base, own_list = _base(name), bool(_INDEX.search(name))
        listed = node in forward.parameters.values()
        same = own_list or len(nodes) > self.count or (listed and "[" in name)
        layer, label = forward.before.get(node), ""
        # what an activation makes of it, or another value, may have the name, too
        if node in forward.variables and not (layer and base in named):
            label = self.free(f"{base if same else _plural(base)}{suffix}")
        else:
            of = forward.names.get(layer.after) if layer else None
            base = f"net_{_base(of) if of else node.line}"
        gradient = self.free(f"d_{label}" if listed else f"d_{base}{suffix}")
        role = Role(label, nodes, gradient, listed)
        self.roles.append(role)
        self.place |= {node: (role, turn) for turn, node in enumerate(nodes)}

    def written_as(self, kept: set[Role]) -> dict[Node, str]:
        """Return how values and gradients are written."""
        gradients, known = self.forward.gradients, dict(self.variables)
        known |= {gradients[node]: name for node, name in self.outer.items()}
        for node, (role, turn) in self.place.items():
            if role.name:
                known[node] = f"{role.name}[{turn}]"
            if node in gradients:
                known[gradients[node]] = role.gradient + f"[{turn}]" * (role in kept)
        return known

    def relative(self, text: str, turn: int) -> str:
        """Write what a turn reads as h[t] and h[t - 1], whichever turn it is."""
        names = [name for role in self.roles for name in (role.name, role.gradient) if name]
        return re.sub(
            rf"\b({'|'.join(names)})\[(-?\d+)\]",
            lambda value: f"{value[1]}[{self._turn_at(int(value[2]) - turn)}]",
            text,
        )

    def _turn_at(self, offset: int) -> str:
        sign = f" {'-' if offset < 0 else '+'} {abs(offset)}"
        return self.variable + sign * bool(offset)

    def mark(self, part: Setting) -> str:
        """Return what stands for an index until it is known in all turns."""
        self.marked.append(part)
        return f"@{len(self.marked) - 1}@"

    def index(self, marks: Mapping[int, str]) -> str:
        """Return how an index is written that may be another one in each turn, by its marks."""
        parts = {turn: self.marked[int(mark)] for turn, mark in marks.items()}
        t, first, whole = self.variable, parts[self.middle], all(map(_is_whole, parts.values()))
        if all(np.array_equal(first, part) for part in parts.values()):
            return str(first) if whole else self.forward.array(first) or repr(first.tolist())
        if whole and len({part - turn for turn, part in parts.items()}) == 1:
            return self._turn_at(first - self.middle)
        values = self.forward.truth.tape.values
        for entry, name in self.forward.indices.items():
            array = np.asarray(values[entry])
            for index, turns in ((t, array), (f":, {t}", array.T)):
                if self._same(turns, parts):
                    return f"{name}[{index}]"
        if len(parts) < self.count:
            raise NoLoopError
        for label, known in self.given.items():
            if self._same(known, parts):
                return f"{label}[{t}]"
        label = self.free("places")
        self.given[label] = Places(parts.values())
        return f"{label}[{t}]"

    def _same(self, turns: Sequence[Setting] | Values, parts: Mapping[int, Setting]) -> bool:
        return len(turns) == self.count and all(
            np.array_equal(turns[turn], part) for turn, part in parts.items()
        )


def _base(name: str) -> str:
    """Return the name without the turn: h for h[t], W for params['W' + str(l)]."""
    key = re.search(r"\[f?['\"](\w+)['\"{][^]]+\]$", name)
    return identifier(key[1] if key else _INDEX.sub("", name))


def _plural(name: str) -> str:
    return identifier(f"{name}_list" if name.endswith("s") else f"{name}s")


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
