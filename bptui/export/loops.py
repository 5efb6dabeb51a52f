"""Writes the backward pass of a forward pass, as a loop back through its turns where it is one.

Each turn is written by itself, in the values that it reads; where the turns read the same but for
their numbers, one stands for all. What a turn passes on is added to lists of gradients.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, reduce
from itertools import count
from operator import add
from typing import NamedTuple, TypeAlias

from bptui.core.graph.backward import Link
from bptui.core.graph.node import CONSTANT, Node, ordered
from bptui.core.graph.shaping import full
from bptui.export.forward import Block, Forward, Row
from bptui.export.turns import MARK, NoLoopError, Places, Role, Turns

Argument: TypeAlias = "Node | int | Sequence[Node] | Places"
"""What a function is given: a value, an array as an entry of the tape, a list of values."""


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


class Loop(Turns):
    """A backward pass with one loop of so many turns; of 0, without a loop."""

    def __init__(self, forward: Forward, turns: int) -> None:
        """Read the turns; what is written is to be tried, as they may differ in more."""
        super().__init__(forward, turns)
        self.links = self._links()
        """What each turn adds to the gradients of values, by these; under None what others add."""
        self.total = cache(self._total)
        self.starts = self._starts()
        """What stands in the first turn for the value of the turn before."""
        self.place |= {node: (role, -1) for role, node in self.starts.items()}
        for node, by_turn in self.links.items():
            if node in self.starts.values():
                by_turn.pop(0, None)  # the loop computes it
            elif self.place.get(node, (None, turns))[1] >= turns and len(by_turn) == 1:
                self.links[node] = dict.fromkeys([None], *by_turn.values())
        self.kept = self._kept()
        """The roles whose gradients are lists, as one turn adds to those of another."""
        self.known = self.written_as(self.kept)

    def _links(self) -> dict[Node, dict[int | None, list[Link]]]:
        links: dict[Node, dict[int | None, list[Link]]] = {node: {} for node in self.order}
        for node, by_turn in links.items():
            for link in self.forward.found.links[node]:
                by_turn.setdefault(self._turn_of(link.contribution), []).append(link)
        for role in self.roles:
            nodes = role.nodes[: self.count]
            if all(None in links.get(node, {}) for node in nodes):
                for turn, node in enumerate(nodes):
                    links[node].setdefault(turn, []).extend(links[node].pop(None))
        return links

    def _total(self, node: Node, turn: int | None) -> Node:
        """Return all that a turn adds to the gradient of a value."""
        added = [link.contribution for link in reversed(self.links[node][turn])]
        return full(reduce(add, added), node.shape)

    def _read(self, formula: Node) -> list[Node]:
        """Return what a formula is written from, values with a name and gradients at the ends."""
        named = (self.place, self.variables, self.of)
        return ordered([formula], lambda n: () if any(n in each for each in named) else n.inputs)

    def _turn_of(self, formula: Node) -> int | None:
        """Return the turn whose gradients, or else whose values, a formula reads."""
        read = self._read(formula)
        for nodes in (filter(None, map(self.of.get, read)), read):
            turns = {self.place[node][1] for node in nodes if node in self.place}
            if inside := turns & {*range(self.count)}:
                return max(inside)
        return None

    def _starts(self) -> dict[Role, Node]:
        found: dict[Role, Node] = {}
        for node, by_turn in self.links.items():
            role, turn = self.place.get(node, (None, self.middle))
            first = role.nodes[0] if role else node
            if turn != self.middle or turn not in by_turn or 0 not in self.links.get(first, {}):
                continue
            pairs = [(self.total(node, turn), self.total(first, 0))]
            while pairs:
                one, other = pairs.pop()
                role, turn = self.place.get(one, (None, 0))
                if role and turn == self.middle - 1 and other not in self.place:
                    found.setdefault(role, other)
                elif one is not other and one not in self.place and one.op is other.op:
                    pairs += zip(one.inputs, other.inputs, strict=False)
        return found

    def _kept(self) -> set[Role]:
        found = {role for role in self.roles if role.listed}
        for node, by_turn in self.links.items():
            for turn in by_turn:
                read = self._read(self.total(node, turn))
                for other in (node, *filter(None, map(self.of.get, read))):
                    role, own = self.place.get(other, (None, turn))
                    found |= {role} if role and own != turn else set()
        return found

    # what is written

    def written(self) -> Written:
        """Return the parts of the function."""
        gradients, body = self.forward.gradients, self._body()
        before, after = [*self._begun()], list[Row]()
        late = {
            gradients[node]
            for node, by_turn in self.links.items()
            if node in self.place or by_turn.keys() - {None}
        }
        for node in self._ordered(None):
            behind = not late.isdisjoint(self._read(self.total(node, None)))
            late |= {gradients[node]} if behind else set()
            (after if behind else before).append(self._row(node, None))
        results: dict[str, Node | Sequence[Node]] = {}
        for node in self.forward.results.values():
            role, turn = self.place.get(node, (None, 0))
            if role and turn >= 0:
                results[role.gradient] = role.nodes
            else:
                results[self.outer[node]] = node
            if role and turn < 0:
                text, reason = self.known[gradients[node]], "what the first turn passes back"
                after.append(Row(self.outer[node], text, reason))
        arguments: dict[str, Argument] = {name: node for node, name in self.variables.items()}
        arguments |= {role.name: role.nodes for role in self.roles if role.name}
        arguments |= {name: entry for entry, name in self.forward.indices.items()}
        parts, loop = count(1), self._head(body)
        first, last = (self.forward.blocks(rows, self.known, parts) for rows in (before, after))
        return Written(first, body, last, arguments | self.given, results, loop)

    def _ordered(self, turn: int | None) -> list[Node]:
        """Return what a turn adds to, each after the gradients that are read for it."""

        def ready(node: Node) -> int:
            read = map(self.of.get, self._read(self.total(node, turn)))
            return max((self.order[one] for one in read if one in self.order), default=-1)

        return sorted((node for node in self.order if turn in self.links[node]), key=ready)

    def _row(self, node: Node, turn: int | None) -> Row:
        name, links = self.known[self.forward.gradients[node]], self.links[node]
        if "[" in name or len(links) > 1:
            name += " +"
        return Row(name, self.total(node, turn), self.forward.said(node, links[turn], self.known))

    def _begun(self) -> Iterator[Row]:
        """Yield the lists with what the turns begin with, and the zeros that they add to."""
        for role, node in self.starts.items():
            zeros = node.op is CONSTANT and not node.settings["value"].any()
            start = f"np.zeros_like({role.name}[0])" if zeros else self.variables.get(node)
            if not start:
                raise NoLoopError
            reason = f"{role.name}[-1] is what the first turn begins with"
            yield Row(role.name, f"[*{role.name}, {start}]", reason)
        empty: dict[str, str] = {}
        for role in (role for role in self.roles if role in self.kept):
            each = f"np.zeros_like(one) for one in {role.name}"
            zero = f"np.zeros({role.nodes[0].shape}) for _ in range({self.count})"
            empty[role.gradient] = f"[{each if role.name else zero}]"
        for node in (node for node in self.outer if len(self.links[node]) > 1):
            known = f"np.zeros_like({self.known[node]})" if node in self.known else "0.0"
            empty[self.outer[node]] = known
        for place, (name, value) in enumerate(empty.items()):
            yield Row(name, value, "" if place else "what the turns add to")

    # one turn for all

    def _body(self) -> list[Block]:
        """Return the statements of a turn, as they are in the one in the middle."""
        turns = [self._turn(turn) for turn in range(self.count)]
        body = list[Block]()
        for name, model in turns[self.middle] if turns else ():
            alike = {
                turn: text
                for turn, blocks in enumerate(turns)
                for _, text in blocks
                if text[::2] == model[::2]
            }
            for place in range(1, len(model), 2):
                marks = {turn: text[place] for turn, text in alike.items()}
                model[place] = self.index(marks)
            body.append(Block(name, "".join(model).split("\n")))
        return body

    def _turn(self, turn: int) -> list[tuple[str, list[str]]]:
        """Return the statements of a turn by their variables: texts, and between them indices."""
        rows = [self._row(node, turn) for node in self._ordered(turn)]
        blocks = self.forward.blocks(rows, self.known, count(1), self.mark)
        texts = (self.relative("\n".join(block.rows), turn) for block in blocks)
        return [(block.name, MARK.split(text)) for block, text in zip(blocks, texts, strict=True)]

    def _head(self, body: Sequence[Block]) -> str:
        """Return what begins the loop, as many turns as a list has that is read in them."""
        read, t = "\n".join(row for block in body for row in block.rows), self.variable
        whole = [r for r in self.roles if len(r.nodes) == self.count and r not in self.starts]
        name = next((r.name for r in whole if r.name and f"{r.name}[{t}]" in read), None)
        turns = f"range(len({name}))" if name else f"range({self.count})"
        turns = f"reversed({turns})" if f"[{t} - 1]" in read else turns
        return f"for {t} in {turns}:" if body else ""
