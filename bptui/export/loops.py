"""Writes the backward pass of a forward pass that is a loop: a loop, back through its turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import count
from operator import add, itemgetter
from typing import NamedTuple, TypeAlias

from bptui.core.graph.backward import Link
from bptui.core.graph.node import CONSTANT, Node, leaf, ordered
from bptui.core.graph.shaping import full
from bptui.export.forward import Block, Forward, Row
from bptui.export.turns import NoLoopError, Places, Role, Turns

Argument: TypeAlias = "Node | int | Sequence[Node] | Sequence[int] | Places"
"""What a function is given: a value, an array as an entry of the tape, or lists of these."""


class Written(NamedTuple):
    """A backward pass in parts: before a loop, in it, after it."""

    before: list[Block]
    body: list[Block]
    after: list[Block]
    arguments: Mapping[str, Argument]
    results: Mapping[str, Node | Sequence[Node]]
    """The parameters that what is returned belongs to."""
    loop: str = ""
    """What stands above the body."""


class Loop:
    """A backward pass with one loop of so many turns; of 0, without a loop."""

    def __init__(self, forward: Forward, turns: int) -> None:
        """Read the turns; raises :class:`NoLoopError` where they are seen not to be alike.

        They may differ in more than is looked at: what is written is to be tried.
        """
        self.forward, self.turns, self.count = forward, Turns(forward, turns), turns
        of = {gradient: node for node, gradient in forward.gradients.items()}
        self.order = [of[gradient] for gradient in ordered(forward.results) if gradient in of]
        """The values whose gradients are needed, in the order in which these are computed."""
        self.own: dict[Role, list[Link]] = {}
        """The links of the turn in the middle to itself."""
        self.carried: dict[Role, list[Link]] = {}
        """The links of the turn in the middle to the values of the turn before."""
        self.start: dict[Role, list[Link]] = {}
        """How the values of the last turn are used after the loop."""
        self.added: dict[Node, list[Link]] = {}
        """The links of the turn in the middle to values that all turns use."""
        self.fed: dict[Node, Role] = {}
        """Values that the loop starts with, which have gradients, and what stands for them."""
        self.others: dict[Node, list[Link]] = {}
        """The links of values outside of the loop to such values."""
        self.next: dict[Role, str] = {}
        """The variables that are carried from turn to turn."""
        self.known: dict[Node, str] = {}
        self.parts = count(1)
        self._read()

    def _read(self) -> None:
        middle, place = self.turns.middle, self.turns.place
        split = {node: self._by_turn(node) for node in self.order}
        inside = [place[n][0] for n in self.order if n in place and place[n][1] == middle]
        passed_on: dict[Role, list[list[Link]]] = {}
        for role in inside:
            # the first turn's may be computed from data alone
            first = int(role.nodes[0] not in split)
            nodes = role.nodes[first : self.count]
            if any(node not in split for node in nodes):
                raise NoLoopError
            if None not in split[role.nodes[middle]]:
                self.start[role] = split[nodes[-1]].pop(None, [])
            own = [split[node].get(turn, []) for turn, node in enumerate(nodes, first)]
            own = [links + split[n].get(None, []) for n, links in zip(nodes, own, strict=True)]
            self._same(own, first)
            self.own[role] = own[middle - first]
            ahead = enumerate(nodes[:-1], first + 1)
            passed_on[role] = [split[node].get(turn, []) for turn, node in ahead]
        starts = {node: role for role, node in self.turns.edges.items()}
        for node in (n for n in self.order if place.get(n, (None, self.count))[1] >= self.count):
            turns, others = split[node], split[node].pop(None, [])
            if turns and len(turns) == self.count:
                self._same([turns[turn] for turn in range(self.count)])
                self.added[node] = turns[middle]
            elif turns.keys() == {0} and node in starts:
                self.fed[node] = starts[node]
                passed_on[starts[node]].insert(0, turns[0])
            else:  # one reads the last hidden state
                others += [link for links in turns.values() for link in links]
            self.others[node] = others
        for role, rows in passed_on.items():
            first = self.count - len(rows)
            self._same(rows, first)
            if rows[middle - first]:
                self.carried[role] = rows[middle - first]

    def _by_turn(self, node: Node) -> dict[int | None, list[Link]]:
        """Return the links of a value by the turns that use it; under None those after the loop."""
        found: dict[int | None, list[Link]] = {}
        for link in self.forward.found.links[node]:
            found.setdefault(self.turns.turn_of(link.contribution), []).append(link)
        return found

    def _same(self, turns: Sequence[Sequence[Link]], first: int = 0) -> None:
        if len({len(links) for links in turns}) > 1:
            raise NoLoopError
        for links in zip(*turns, strict=True):
            self.turns.read([link.contribution for link in links], first)

    # what is written

    def written(self) -> Written:
        """Return the parts of the function."""
        turns, gradients = self.turns, self.forward.gradients
        self.known = self._names()
        before, zeros, after = self._outside()
        lists = [role for role in self.own if role.listed]
        empty = [Row(role.gradient, f"[None] * len({role.name})") for role in lists]
        if zeros:
            zeros[0] = zeros[0]._replace(reason="what the turns add to")
        blocks = self._blocks([*empty, *before, *zeros])
        known = self.known
        self.known = known | self._turn_and_before() | turns.texts
        body = self._edges() + self._blocks(self._body())
        self.known = known
        results: dict[str, Node | Sequence[Node]] = {}
        for node in self.forward.results.values():
            role = turns.place[node][0] if node in turns.place else None
            results[role.gradient if role else known[gradients[node]]] = (
                role.nodes if role else node
            )
        arguments: dict[str, Argument] = {name: node for node, name in turns.variables.items()}
        arguments.update((role.name, role.nodes) for role in turns.roles if role.name)
        arguments.update((name, entry) for entry, name in self.forward.indices.items())
        arguments.update(turns.given)
        return Written(blocks, body, self._blocks(after), arguments, results, self._head(body))

    def _head(self, body: Sequence[Block]) -> str:
        """Return what begins the loop, as many turns as a list has that is read in them."""
        read, variable = "\n".join(row for block in body for row in block.rows), self.turns.variable
        lists = (role.name for role in self.turns.roles if len(role.nodes) == self.count)
        name = next((name for name in lists if name and f"{name}[{variable}" in read), None)
        turns = f"range(len({name}))" if name else f"range({self.count})"
        turns = f"reversed({turns})" if self.carried else turns
        return f"for {variable} in {turns}:" if body else ""

    def _names(self) -> dict[Node, str]:
        """Return how values and gradients are written outside of the loop."""
        turns, gradients = self.turns, self.forward.gradients
        known = dict(turns.variables)
        for role in turns.roles:
            last = len(role.nodes) - 1
            for turn, node in enumerate(role.nodes):
                place = "-1" if turn == last else str(turn)
                if role.name:
                    known[node] = f"{role.name}[{place}]"
                if node in gradients and role.listed:
                    known[gradients[node]] = turns.text_of(role, place)
        for node in self.others.keys() - turns.place.keys():
            label, name = gradients[node].name, self.forward.variables.get(node)
            made = node in known and label == f"d_{name}"  # not the program's own
            known[gradients[node]] = turns.free(f"d_{known[node]}" if made else label)
        read = {role: self._read_by(links) for role, links in self.carried.items()}
        for role in self.carried:
            of = gradients[role.nodes[turns.middle]]
            kept = self.own[role] or any(of in read[one] for one in read if one is not role)
            self.next[role] = turns.free(f"{role.gradient}_next") if kept else role.gradient
        return known

    def _read_by(self, links: Sequence[Link]) -> set[Node]:
        stops, formulas = self.turns.gradient, [link.contribution for link in links]
        return set(ordered(formulas, lambda node: () if node in stops else node.inputs))

    def _outside(self) -> tuple[list[Row], list[Row], list[Row]]:
        """Return what is computed before the loop, what is nothing before it, and what follows."""
        before, zeros, after = list[Row](), list[Row](), list[Row]()
        late: set[Node] = set()
        for node in (node for node in self.order if node in self.others):
            gradient, others = self.forward.gradients[node], self.others[node]
            name, reason = self.known[gradient], self._reason(node, others)
            behind = [link for link in others if self._read_by([link]) & late]
            front = [link for link in others if link not in behind]
            if node in self.added:
                late.add(gradient)
                if front:
                    before.append(Row(name, self._sum(front, node), reason))
                else:
                    zeros.append(Row(name, self._zeros(node)))
                if behind:
                    after.append(Row(f"{name} +", self._sum(behind, node), reason))
            elif node in self.fed or behind:
                late.add(gradient)
                following = self.next.get(self.fed[node], "") if node in self.fed else ""
                reason = self._reason(node, self.forward.found.links[node])
                after.append(Row(name, self._sum(others, node, following), reason))
            else:
                before.append(Row(name, self._sum(front, node), reason))
        for role in self.carried:
            start, node = self.start.get(role), role.nodes[self.count - 1]
            if start:
                row = Row(self.next[role], self._sum(start, node), self._reason(node, start))
                before.append(row)
            else:
                zeros.append(Row(self.next[role], self._zeros(node)))
        return before, zeros, after

    def _zeros(self, node: Node) -> str:
        return f"np.zeros_like({self.known[node]})" if node in self.known else "0.0"

    def _sum(self, links: Sequence[Link], node: Node, also: str = "") -> Node:
        terms = [link.contribution for link in reversed(links)]
        if also:
            terms.append(leaf(also, node.shape))
            self.known[terms[-1]] = also
        if not terms:
            raise NoLoopError
        return full(reduce(add, terms), node.shape)

    def _turn_and_before(self) -> dict[Node, str]:
        """Return how the values of a turn are written, and of the one before."""
        places = ((offset, role) for offset in (-1, 0) for role in self.turns.roles if role.name)
        middle = self.turns.middle
        return {role.nodes[middle + offset]: self.turns.at(role, offset) for offset, role in places}

    def _edges(self) -> list[Block]:
        """Return what gives the values of the turn before; the first turn has others."""
        turn, blocks = self.turns.variable, []
        for role, node in self.turns.edges.items():
            zeros = node.op is CONSTANT and not node.settings["value"].any()
            start = self.known.get(node) or (f"np.zeros_like({role.name}[0])" if zeros else "")
            if not start:
                raise NoLoopError
            name = self.turns.before(role)
            blocks.append(Block(name, [f"{name} = {role.name}[{turn} - 1] if {turn} else {start}"]))
        return blocks

    def _body(self) -> list[Row]:
        """Return the statements of a turn: sums as soon as it can be, what is next last."""
        turns, middle, gradients = self.turns, self.turns.middle, self.forward.gradients
        inside = [role.nodes[middle] for role in self.own]
        place = {gradients[node]: at for at, node in enumerate(inside)}
        rows: list[tuple[float, Row]] = []
        for at, (role, links) in enumerate(self.own.items()):
            node, following = role.nodes[middle], self.next.get(role, "")
            name = self.known[gradients[node]] = turns.text_of(role, turns.variable)
            if name != following:
                reason = self._reason(node, links + self.carried.get(role, []))
                rows.append((at, Row(name, self._sum(links, node, following), reason)))
        for node, links in self.added.items():
            total = self._sum(links, node)
            at = max((place[one] for one in ordered([total]) if one in place), default=len(inside))
            row = Row(f"{self.known[gradients[node]]} +", total, self._reason(node, links))
            rows.append((at + 0.5, row))
        for role, links in self.carried.items():
            node = role.nodes[middle - 1]
            row = Row(self.next[role], self._sum(links, node), self._reason(node, links))
            rows.append((len(inside) + 1.0, row))
        return [row for _, row in sorted(rows, key=itemgetter(0))]

    def _blocks(self, rows: Sequence[Row]) -> list[Block]:
        return self.forward.blocks(rows, self.known, self.parts, self.turns.indices)

    def _reason(self, node: Node, links: Sequence[Link]) -> str:
        return self.forward.said(node, links, self.known)
