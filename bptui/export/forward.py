"""What a backward pass is written from: somebody's forward pass, its gradients, and their names."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from bptui.core.graph.backward import Link, backward
from bptui.core.graph.elementwise import positive
from bptui.core.graph.node import CONSTANT, Node, Setting, constant, number, ordered
from bptui.core.graph.reductions import axes_of
from bptui.explain.code import Code, used_again
from bptui.explain.words import Told, said_of
from bptui.export.layout import comment, folded
from bptui.trace.judge.activated import Activated, softmaxes, textbook
from bptui.trace.judge.wrong_lines import Lines
from bptui.trace.step.multiples import Numbers


class Block(NamedTuple):
    """The lines that give a variable its value, or add to it."""

    name: str
    rows: list[str]


class Row(NamedTuple):
    """A statement: its variable, with a + where something is added, the value, the reason."""

    name: str
    total: Node | str
    reason: str = ""


class Forward:
    """A recorded forward pass as a textbook has it, and the gradient of each of its values."""

    def __init__(self, lines: Lines, names: Mapping[int, str], told: Told) -> None:
        """Take the program's ``names`` of entries of its tape; ``told`` says where lines are."""
        self.lines, self.truth, self.told = lines, lines.truth, told
        handed = {b.entry: b.name for b in reversed(self.truth.tape.bindings)}
        own = {p.before: p.name for p in lines.truth.parameters}
        plain = ((e, name) for e, name in {**handed, **names, **own}.items())
        self.names = {entry: name for entry, name in plain if not name.startswith("return ")}
        plain_names = {entry: identifier(name) for entry, name in self.names.items()}
        counts = Counter(plain_names.values())
        self._unique = {entry: name for entry, name in plain_names.items() if counts[name] == 1}
        layers = [*lines.layers, *softmaxes(self.truth, lines.forward)]
        self.layers = {layer.after: layer for layer in layers}
        self.samples, self.counted = self._samples()
        self.made = self._rewritten()
        """What stands for each node of the forward pass."""
        nodes = self.truth.graph.nodes
        self.entry = {self.made[n]: e for n, e in self.truth.graph.entry.items() if n in self.made}
        self.variables = self._variables()
        self.indices = self._indices()
        """The program's arrays of whole numbers: labels, words."""
        self.before = {self.made[nodes[one.before]]: one for one in layers}
        """The activation that each pre-activation goes through."""
        self.loss = self.made[lines.judged.loss.node]
        parameters = {p.before: self.made.get(nodes[p.before]) for p in self.truth.parameters}
        self.parameters = {entry: node for entry, node in parameters.items() if node is not None}
        labels = self._labels()
        self.found = backward(
            self.loss, self.parameters.values(), lambda node: labels.get(node, "")
        )
        self.gradients = {node: g for node, g in self.found.of.items() if node in labels}
        wanted = [node for node in self.parameters.values() if node in self.gradients]
        self.results = {self.gradients[node]: node for node in wanted}
        self.needed = set(ordered(self.results, self.written_from))
        """What the gradients are written from, values with a name and gradients among them."""

    # the forward pass, as a textbook has it

    def _rewritten(self) -> dict[Node, Node]:
        count, code = self.samples, self.counted

        def counted(node: Node, inputs: tuple[Node, ...]) -> Node | None:
            if node.op.name == "mean":
                axes = axes_of(node.settings.get("axis"), len(inputs[0].shape))
                size = int(np.prod([inputs[0].shape[axis] for axis in axes]))
                by = code if size == count else self._size(inputs[0].shape, size)
                return inputs[0].sum(**node.settings) / constant(float(size), code=by)
            return constant(float(count), code=code) if count and number(node) == count else None

        return textbook(self.truth, self.lines.judged.loss.node, self.layers.values(), counted)

    def _samples(self) -> tuple[int, str]:
        """Return the number of samples and how it is had; 0 where it is not known."""
        counts, dependent, inputs = self.lines.samples, self.truth.dependent, self.truth.tape.inputs
        # data with a name that is used together with what parameters give
        used = {one for entry in self.lines.forward & dependent for one in inputs[entry]}
        for entry in sorted(used & self._unique.keys() - dependent):
            name = self._unique[entry]
            for axis, size in enumerate(self.truth.tape.shape(entry)):
                if counts - {1} == {size} and size > 2:
                    return size, f"{name}.shape[{axis}]" if axis else f"len({name})"
        return 0, ""

    def _size(self, shape: tuple[int, ...], size: int) -> str:
        """Return how the size of a whole array is had: by one of its shape that has a name."""
        for entry in sorted(self.lines.forward & self._unique.keys()):
            name = self._unique[entry]
            if self.truth.tape.shape(entry) == shape:
                return f"{name}.size" if size == np.prod(shape) else ""
        return ""

    def written_from(self, node: Node) -> tuple[Node, ...]:
        """Return the inputs of a node; a value with a name is given."""
        return () if node in self.variables else node.inputs

    # names

    def _variables(self) -> dict[Node, str]:
        """Return the variables of the values with a name; numbered, where several have one name."""
        self.by_name: dict[str, list[Node]] = {}
        for node, entry in sorted(self.entry.items(), key=lambda pair: pair[1]):
            if entry in self.names:
                self.by_name.setdefault(identifier(self.names[entry]), []).append(node)
        return {
            node: f"{name}_{place}" if len(nodes) > 1 else name
            for name, nodes in self.by_name.items()
            for place, node in enumerate(nodes, 1)
        }

    def _indices(self) -> dict[int, str]:
        found: dict[int, str] = {}
        for entry, name in self.names.items():
            value, label = np.asarray(self.truth.tape.values[entry]), identifier(name)
            taken = {*self.variables.values(), *found.values()}
            if value.ndim and value.dtype.kind in "iub" and label not in taken:
                found[entry] = label
        return found

    def _labels(self) -> dict[Node, str]:
        """Return the names of the gradients that get a statement of their own."""
        found: dict[Node, str] = {}
        arrays = any(np.prod(node.shape) > 1 for node in self.parameters.values())
        for node, entry in self.entry.items():
            if entry not in self.parameters:
                outside = entry not in self.truth.dependent or node is self.loss
                single = arrays and np.prod(node.shape) == 1
                if outside or single or not (node in self.variables or node in self.before):
                    continue
            name = self.variables.get(node)
            if name is None:
                layer = self.before[node]
                name = f"net_{self.after(layer) or layer.before}"
            found[node] = f"d_{name}"
        return found

    def after(self, layer: Activated, known: Mapping[Node, str] | None = None) -> str | None:
        """Return the name of what an activation gives, if it has one."""
        names = self.variables if known is None else known
        return names.get(self.made[self.truth.graph.nodes[layer.after]])

    # how values are written in the names that are known

    def blocks(
        self,
        rows: Sequence[Row],
        known: Mapping[Node, str],
        parts: Iterator[int],
        index: Callable[[Setting], str | None] = lambda part: None,
    ) -> list[Block]:
        """Write statements, before each the ``parts`` that its formula shares, numbered on.

        ``known`` are nodes with a name, ``index`` writes parts of indices. Raises
        :class:`~bptui.explain.code.NoCodeError`.
        """
        totals: dict[Row, Node] = {}
        for row in rows:
            if isinstance(row.total, Node):
                alone = row.name[-1] != "+" and known.get(row.total, row.name) == row.name
                totals[row] = row.total if alone else positive(row.total)
        shared = {part: f"part_{next(parts)}" for part in used_again([*totals.values()], known)}
        every, done, blocks = {**known, **shared}, set(known), list[Block]()
        array, shape = partial(self.array, known=every), partial(self._shape, known=every)
        writer = Code(every, array, shape, index)
        for row in rows:
            lines = [f"{row.name} = {row.total}"]
            if row in totals:
                total = totals[row]
                for part in ordered(total.inputs, known=done):
                    if part in shared:
                        statements = writer.statements(shared[part], part)
                        blocks.append(Block(shared[part], _folded(statements)))
                        done.add(part)
                added = [f"{row.name}= {writer.formula(total)}"] if row.name[-1] == "+" else []
                lines = added or writer.statements(row.name, total)
            about = comment(row.reason) if row.reason else []
            blocks.append(Block(re.sub(r"\W.*", "", row.name), [*about, *_folded(lines)]))
        return blocks

    def array(self, value: Numbers, known: Mapping[Node, str] = MappingProxyType({})) -> str | None:
        """Return the name of an array of whole numbers: one of the program's, or a range."""
        if value.dtype.kind in "iu" and np.array_equal(value, np.arange(value.size)):
            size = self.counted if self.samples == value.size else value.size
            return f"np.arange({size})"
        named = {name: self.truth.tape.values[entry] for entry, name in self.indices.items()}
        constants = ((node, name) for node, name in known.items() if node.op is CONSTANT)
        named |= {name: node.settings["value"] for node, name in constants}
        for name, numbers in named.items():
            array = np.asarray(numbers)
            if np.array_equal(array, value):
                return name
            if array.dtype.kind in "iu" and np.array_equal(1 - array, value):
                return f"(1 - {name})"
        return None

    def _shape(self, shape: tuple[int, ...], known: Mapping[Node, str]) -> str:
        """Return how a shape is written: by a value of that shape, where samples are counted."""
        named = (node for node in self.entry if node in self.needed and node.shape == tuple(shape))
        alike = (known[node] for node in named if node in known and "[" not in known[node])
        name = next(alike, None) if self.samples in shape else None
        return f"{name}.shape" if name else repr(tuple(shape))

    def said(self, node: Node, links: Sequence[Link], known: Mapping[Node, str]) -> str:
        """Return the reason for the gradient of a value."""
        layer, name = self.before.get(node), known.get(node)
        if name is None and layer is not None:
            name = f"what {layer.name} makes {self.after(layer, known) or 'its values'} of"
        at_once = bool(links) and not links[0].gradient.name
        return said_of(str(name), links, self.told, at_once=at_once)


def _folded(lines: Sequence[str]) -> list[str]:
    return [row for line in lines for row in folded(line)]


def identifier(name: str) -> str:
    """Return a name for self.W1, params['W1'] and the like: W1."""
    inner = re.search(r"\[['\"](\w+)['\"]\]$", name)
    plain = inner[1] if inner else re.sub(r"\W+", "_", name.removeprefix("self.")).strip("_")
    return f"{plain}_" if keyword.iskeyword(plain) or not plain.isidentifier() else plain
