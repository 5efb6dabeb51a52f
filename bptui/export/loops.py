"""Writes the backward pass of a forward pass that is a loop: a loop, back through its turns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add, itemgetter
from typing import NamedTuple, TypeAlias

from bptui.core.graph.backward import Link
from bptui.core.graph.elementwise import positive
from bptui.core.graph.node import CONSTANT, Node, leaf, ordered
from bptui.core.graph.shaping import full
from bptui.explain.code import used_again
from bptui.export.forward import Forward
from bptui.export.layout import comment, folded
from bptui.export.turns import NoLoopError, Places, Role, Turns

Argument: TypeAlias = "Node | int | Sequence[Node] | Sequence[int] | Places"
"""What a function is given: a value, an array as an entry of the tape, or lists of these."""


class Block(NamedTuple):
    """The lines that give a variable its value, or add to it."""

    name: str
    rows: list[str]


class Turning(NamedTuple):
    """What stands above the body of a loop."""

    variable: str
    turns: int
    backwards: bool


class Written(NamedTuple):
    """A backward pass in parts: before a loop, in it, after it."""

    before: list[Block]
    body: list[Block]
    after: list[Block]
    arguments: Mapping[str, Argument]
    results: Mapping[str, Node | Sequence[Node]]
    """The parameters that what is returned belongs to."""
    loop: Turning | None = None


class _Row(NamedTuple):
    """A statement: its variable, with a + where something is added, the value, the reason."""

    name: str
    total: Node | str
    reason: str = ""

    @property
    def adds(self) -> bool:
        return self.name.endswith("+")


class _Split(NamedTuple):
    """The links of a value: those of each turn, and others."""

    turns: dict[int, list[Link]]
    others: list[Link]


class Loop:
    """A backward pass with one loop of so many turns."""

    def __init__(self, forward: Forward, count: int) -> None:
        """Compare the turns; raises :class:`NoLoopError` where they are not alike."""
        self.forward, self.turns, self.count = forward, Turns(forward, count), count
        self.links = forward.found.links
        named = forward.gradients.items()
        of = {gradient: node for node, gradient in named if gradient not in self.turns.passed}
        every = ordered(forward.results)
        self.order = [of[gradient] for gradient in every if gradient in of]
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
        self.parts = 0
        self._compare()

    def _compare(self) -> None:
        middle, turns = self.turns.middle, self.turns
        splits: dict[Role, dict[int, _Split]] = {}
        for node in self.order:
            role, turn = turns.place.get(node, (None, 0))
            if role is None or turn != middle:
                continue
            nodes = role.nodes[: self.count]
            # the first turn's may be computed from data alone
            first = int(nodes[0] not in self.forward.gradients)
            if any(one not in self.forward.gradients for one in nodes[first:]):
                raise NoLoopError
            splits[role] = {t: self._split(one) for t, one in enumerate(nodes) if t >= first}
            own = [split.turns.get(t, []) + split.others for t, split in splits[role].items()]
            own[-1], self.start[role] = self._last(own[-1], own[middle - first])
            self._alike(own, first)
            self.own[role] = own[middle - first]
        outside: dict[Node, _Split] = {}
        for node in self.order:
            if node not in turns.place or turns.place[node][1] >= self.count:
                outside[node] = split = self._split(node, loop=True)
                self.others[node] = split.others
                if len(split.turns) == self.count:
                    self._alike([split.turns[turn] for turn in range(self.count)])
                    self.added[node] = split.turns[middle]
                elif split.turns:
                    started = [role for role, edge in turns.edges.items() if edge is node]
                    if len(started) != 1 or split.turns.keys() != {0}:
                        raise NoLoopError
                    self.fed[node] = started[0]
        for role, found in splits.items():
            if any(split.turns.keys() - {turn, turn + 1} for turn, split in found.items()):
                raise NoLoopError
            begun = [t for t in found if t < self.count - 1]
            carried = [found[turn].turns.get(turn + 1, []) for turn in begun]
            fed = [outside[node].turns[0] for node, one in self.fed.items() if one is role]
            self._alike(fed + carried, 0 if fed else begun[0] + 1)
            if carried[middle - 1 - begun[0]]:
                self.carried[role] = carried[middle - 1 - begun[0]]
            elif fed or self.start[role]:
                raise NoLoopError

    def _split(self, node: Node, loop: bool = False) -> _Split:
        """Sort the links of a value; for ``loop`` those of all turns, or with their gradients."""
        split = _Split({}, [])
        for link in self.links[node]:
            turn = self.turns.turn_of(link.contribution)
            (split.others if turn is None else split.turns.setdefault(turn, [])).append(link)
        if not loop or len(split.turns) == self.count:
            return split
        for turn, links in [*split.turns.items()]:  # one reads the last hidden state
            if not any(self.turns.turns_of(link.contribution)[0] for link in links):
                split.others.extend(split.turns.pop(turn))
        return split

    def _last(self, last: list[Link], like: list[Link]) -> tuple[list[Link], list[Link]]:
        """Return the links of the last turn that others have, too, and the rest."""
        wanted = Counter(self._kind(link) for link in like)
        same: list[Link] = []
        rest: list[Link] = []
        for link in last:
            wanted[self._kind(link)] -= 1
            (same if wanted[self._kind(link)] >= 0 else rest).append(link)
        return same, rest

    def _kind(self, link: Link) -> tuple[str, bool, int]:
        turn = self.turns.turn_of(link.contribution)
        return link.contribution.op.name, turn is None, link.consumer.line

    def _alike(self, links: Sequence[Sequence[Link]], first: int = 0) -> None:
        if len({len(row) for row in links}) > 1:
            raise NoLoopError
        for row in zip(*links, strict=True):
            self.turns.alike(tuple(link.contribution for link in row), first)

    # what is written

    def written(self) -> Written:
        """Return the parts of the function."""
        turns, gradients = self.turns, self.forward.gradients
        self.known = self._names()
        before, zeros, after = self._outside()
        lists = [role for role in self.own if role.listed]
        empty = [_Row(role.gradient, f"[None] * len({role.name})") for role in lists]
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
        arguments.update({**turns.arrays, **turns.places})
        loop = Turning(turns.variable, self.count, bool(self.carried))
        return Written(blocks, body, self._blocks(after), arguments, results, loop)

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
            label, name = gradients[node].name, known.get(node, "")
            own = label not in turns.taken and not label.startswith("d_")
            known[gradients[node]] = turns.free(label if own or not name else f"d_{name}")
        read = {role: self._read_by(links) for role, links in self.carried.items()}
        for role in self.carried:
            of = gradients[role.nodes[turns.middle]]
            kept = self.own[role] or any(of in read[one] for one in read if one is not role)
            self.next[role] = turns.free(f"{role.gradient}_next") if kept else role.gradient
        return known

    def _read_by(self, links: Sequence[Link]) -> set[Node]:
        stops = self.turns.gradient
        formulas = [link.contribution for link in links]
        return set(ordered(formulas, lambda node: () if node in stops else node.inputs))

    def _outside(self) -> tuple[list[_Row], list[_Row], list[_Row]]:
        """Return what is computed before the loop, what is nothing before it, and what follows."""
        before, zeros, after = list[_Row](), list[_Row](), list[_Row]()
        late: set[Node] = set()
        for node in (node for node in self.order if node in self.others):
            gradient, others = self.forward.gradients[node], self.others[node]
            name, reason = self.known[gradient], self._reason(node, others)
            behind = [link for link in others if self._read_by([link]) & late]
            front = [link for link in others if link not in behind]
            if node in self.added:
                late.add(gradient)
                if front:
                    before.append(_Row(name, self._sum(front, node), reason))
                else:
                    zeros.append(_Row(name, self._zeros(node)))
                if behind:
                    after.append(_Row(f"{name} +", self._sum(behind, node), reason))
            elif node in self.fed or behind:
                late.add(gradient)
                following = self.next[self.fed[node]] if node in self.fed else ""
                reason = self._reason(node, self.links[node])
                after.append(_Row(name, self._sum(others, node, following), reason))
            else:
                before.append(_Row(name, self._sum(front, node), reason))
        for role in self.carried:
            start, node = self.start[role], role.nodes[self.count - 1]
            if start:
                row = _Row(self.next[role], self._sum(start, node), self._reason(node, start))
                before.append(row)
            else:
                zeros.append(_Row(self.next[role], self._zeros(node)))
        return before, zeros, after

    def _zeros(self, node: Node) -> str:
        return f"np.zeros_like({self.known[node]})" if node in self.known else "0.0"

    def _sum(self, links: Sequence[Link], node: Node, also: str = "") -> Node:
        terms = [link.contribution for link in reversed(links)]
        if also:
            terms.append(leaf(also, node.shape))
            self.known[terms[-1]] = also
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

    def _body(self) -> list[_Row]:
        """Return the statements of a turn: sums as soon as it can be, what is next last."""
        turns, middle, gradients = self.turns, self.turns.middle, self.forward.gradients
        inside = [role.nodes[middle] for role in self.own]
        place = {gradients[node]: at for at, node in enumerate(inside)}
        rows: list[tuple[float, _Row]] = []
        for at, (role, links) in enumerate(self.own.items()):
            node, following = role.nodes[middle], self.next.get(role, "")
            name = self.known[gradients[node]] = turns.text_of(role, turns.variable)
            if not links and not following:
                raise NoLoopError
            if name != following:
                reason = self._reason(node, links + self.carried.get(role, []))
                rows.append((at, _Row(name, self._sum(links, node, following), reason)))
        for node, links in self.added.items():
            total = self._sum(links, node)
            at = max((place[one] for one in ordered([total]) if one in place), default=len(inside))
            row = _Row(f"{self.known[gradients[node]]} +", total, self._reason(node, links))
            rows.append((at + 0.5, row))
        for role, links in self.carried.items():
            node = role.nodes[middle - 1]
            row = _Row(self.next[role], self._sum(links, node), self._reason(node, links))
            rows.append((len(inside) + 1.0, row))
        return [row for _, row in sorted(rows, key=itemgetter(0))]

    def _blocks(self, rows: Sequence[_Row]) -> list[Block]:
        known = dict(self.known)
        totals: dict[_Row, Node] = {}
        for row in rows:
            if isinstance(row.total, Node):
                named = row.adds or row.total in known
                totals[row] = positive(row.total) if named else row.total
        for part in used_again([*totals.values()], known):
            self.parts += 1
            known[part] = f"part_{self.parts}"
        writer = self.forward.code(known, known, self.turns.indices)
        blocks: list[Block] = []
        done = set(self.known)
        for row in rows:
            lines = [f"{row.name} = {row.total}"]
            if row in totals:
                total = totals[row]
                for part in ordered([total], known=done):
                    if part in known and part is not total:
                        statements = writer.statements(known[part], part)
                        blocks.append(Block(known[part], _folded(statements)))
                        done.add(part)
                lines = (
                    [f"{row.name}= {writer.formula(total)}"]
                    if row.adds
                    else writer.statements(row.name, total)
                )
            about = comment(row.reason) if row.reason else []
            blocks.append(Block(re.sub(r"\W.*", "", row.name), [*about, *_folded(lines)]))
        return blocks

    def _reason(self, node: Node, links: Sequence[Link]) -> str:
        return self.forward.said(node, links, self.known)


def _folded(lines: Sequence[str]) -> list[str]:
    return [row for line in lines for row in folded(line)]
