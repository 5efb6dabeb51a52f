"""Writes the backward pass of somebody's program, from its forward pass, in its own names."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bptui.core.graph.backward import backward
from bptui.core.graph.node import CONSTANT, Node, constant, number, ordered
from bptui.core.graph.reductions import axes_of
from bptui.explain.code import Code, NoCodeError, used_again
from bptui.explain.links import said_of
from bptui.export.layout import comment, docstring, folded, indented, listed
from bptui.trace.activated import Activated, softmaxes, textbook
from bptui.trace.candidates import ALL
from bptui.trace.comparing import multiple
from bptui.trace.lines import Lines

MOST, MOST_TURNS = 80, 6
"""Lines that a person may still read one after the other, and values of one name."""


class NotWrittenError(Exception):
    """Says why no backward pass can be written."""


class BackwardPass:
    """The gradients of a program's loss, as a function that can stand in the program."""

    def __init__(self, lines: Lines, names: Mapping[int, str]) -> None:
        """Take the program's ``names`` of entries of its tape."""
        self.lines, self.truth = lines, lines.truth
        handed = {b.entry: b.name for b in reversed(self.truth.tape.bindings)}
        own = {p.before: p.name for p in lines.truth.parameters}
        plain = ((e, name) for e, name in {**handed, **names, **own}.items())
        self.names = {entry: name for entry, name in plain if not name.startswith("return ")}
        plain_names = {entry: _identifier(name) for entry, name in self.names.items()}
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

    # names

    def _variables(self) -> dict[Node, str]:
        """Return the variables of the values with a name; numbered, where several have one name."""
        self.by_name: dict[str, list[Node]] = {}
        for node, entry in sorted(self.entry.items(), key=lambda pair: pair[1]):
            if entry in self.names:
                self.by_name.setdefault(_identifier(self.names[entry]), []).append(node)
        return {
            node: f"{name}_{place}" if len(nodes) > 1 else name
            for name, nodes in self.by_name.items()
            for place, node in enumerate(nodes, 1)
        }

    def _indices(self) -> dict[int, str]:
        found: dict[int, str] = {}
        for entry, name in self.names.items():
            value, label = np.asarray(self.truth.tape.values[entry]), _identifier(name)
            taken = {*self.variables.values(), *found.values()}
            if value.ndim and value.dtype.kind in "iub" and label not in taken:
                found[entry] = label
        return found

    def _labels(self) -> dict[Node, str]:
        """Return the variables of the gradients: the program's own, where it has that gradient."""
        found: dict[Node, str] = {}
        taken = set(self.variables.values())
        arrays = any(np.prod(node.shape) > 1 for node in self.parameters.values())
        for node, entry in self.entry.items():
            if entry not in self.parameters:
                outside = entry not in self.truth.dependent or node is self.loss
                if outside or (arrays and np.prod(node.shape) == 1):
                    continue
                if node not in self.variables and node not in self.before:
                    continue
            name = self.variables.get(node)
            if name is None:
                layer = self.before[node]
                name = f"net_{self._after(layer) or layer.before}"
            own = self._own(entry)
            label = own if own and own not in taken else f"d_{name}"
            while label in taken:
                label += "_"
            found[node] = label
            taken.add(label)
        return found

    def _after(self, layer: Activated) -> str | None:
        return self.variables.get(self.made[self.truth.graph.nodes[layer.after]])

    def _own(self, entry: int) -> str | None:
        true = self.lines.true.get((entry, ALL))
        if true is None or (true[0].size == 1 and entry not in self.parameters):
            return None
        for claimed in self.lines.backward:
            values = self.lines.values[claimed]
            same = values[0].shape == true[0].shape and claimed in self.names
            factor = multiple(values, true) if same else None
            if factor is not None and abs(factor - 1.0) < 1e-6:
                return _identifier(self.names[claimed])
        return None

    # the function

    def text(self) -> str:
        """Return the function; raises :class:`NotWrittenError` where it would not be right."""
        found = map(self.gradients.get, self.parameters.values())
        results = [gradient for gradient in found if gradient is not None]
        if not results:
            raise NotWrittenError("the loss depends on no parameter")
        self._refuse_loops()
        of = {gradient: node for node, gradient in self.gradients.items()}
        known = {**self.variables, **{gradient: gradient.name for gradient in of}}
        written = ordered(results, lambda node: () if node in self.variables else node.inputs)
        parts = used_again([node for node in written if node in of], known)
        known |= {part: f"part_{place}" for place, part in enumerate(parts, 1)}
        statements = [node for node in written if node in of or node in parts]
        if len(statements) > MOST:
            raise NotWrittenError(
                f"it computes number by number: its backward pass has {len(statements)} lines"
            )
        writer = Code(known, self._named_array, self._shape)
        blocks: list[tuple[str, list[str]]] = []
        try:
            for node in statements:
                rows = ["", *comment(self._reason(of[node]))] if node in of else []
                for row in writer.statements(known[node], node):
                    rows += folded(row)
                blocks.append((known[node], rows))
        except NoCodeError as error:
            raise NotWrittenError(f"it has {error}") from None
        names = [node.name for node in results]
        rows, needed = [], set(names)
        for name, block in reversed(blocks):
            if name in needed:  # a slope may be written without what it is taken at
                rows = block + rows
                needed |= _read("\n".join(row for row in block if row[:1] != "#"))
        every = (*self.variables.values(), *self.indices.values())
        given = [name for name in every if name in needed]
        back = listed("return (", names, ")", f"return {', '.join(names)}")
        body = indented([*self._about(given), *rows, "", *back])
        text = "\n".join([*listed("def gradients(", given, "):"), *body, ""])
        self._verify(text, given)
        return text

    def _verify(self, text: str, given: Sequence[str]) -> None:
        known: dict[str, Any] = {"np": np}
        of = (entry for entry, node in self.parameters.items() if node in self.gradients)
        wanted = [self.lines.true[entry, ALL] for entry in of]
        nodes = {name: node for node, name in self.variables.items()}
        entries = {name: entry for entry, name in self.indices.items()}
        try:
            exec(text, known)
            for draw, values in enumerate(self.truth.draws):
                old = {made: values[node] for node, made in self.made.items() if node in values}
                arguments = [
                    old[nodes[name]] if name in nodes else self.truth.tape.values[entries[name]]
                    for name in given
                ]
                found = known["gradients"](*arguments)
                for one, true in zip(found if len(wanted) > 1 else [found], wanted, strict=True):
                    whole = np.broadcast_to(one, np.shape(true[draw]))
                    if not np.allclose(whole, true[draw], rtol=1e-6, atol=1e-9):
                        raise ValueError
        except Exception as error:  # whatever its code may raise
            raise NotWrittenError(
                "it could not be written in code that gives the true gradients"
            ) from error

    def _refuse_loops(self) -> None:
        for entry, node in self.parameters.items():
            if not node.shape and "[" in self.names[entry]:
                why = "a program that computes number by number, in loops, is not written out"
                raise NotWrittenError(f"{self.names[entry]} is one number of many: {why}")
        for nodes in self.by_name.values():
            if len(nodes) > MOST_TURNS:
                many = f"{self.names[self.entry[nodes[0]]]} has {len(nodes)} values"
                why = "a backward pass that is a loop itself is not written yet"
                raise NotWrittenError(f"{many}, one in each turn of a loop; {why}")

    def _named_array(self, value: np.ndarray[Any, Any]) -> str | None:
        """Return the name of an array of whole numbers: one of the program's, or a range."""
        if value.dtype.kind in "iu" and np.array_equal(value, np.arange(value.size)):
            size = self.counted if self.samples == value.size else value.size
            return f"np.arange({size})"
        named = {name: self.truth.tape.values[entry] for entry, name in self.indices.items()}
        constants = ((node, name) for node, name in self.variables.items() if node.op is CONSTANT)
        named |= {name: node.settings["value"] for node, name in constants}
        for name, numbers in named.items():
            known = np.asarray(numbers)
            if np.array_equal(known, value):
                return name
            if known.dtype.kind in "iu" and np.array_equal(1 - known, value):
                return f"(1 - {name})"
        return None

    def _shape(self, shape: tuple[int, ...]) -> str:
        alike = (name for node, name in self.variables.items() if node.shape == tuple(shape))
        name = next(alike, None) if self.samples in shape else None
        return f"{name}.shape" if name else repr(tuple(shape))

    def _about(self, given: Sequence[str]) -> list[str]:
        line = self.lines.judged.loss.node.line
        of = f" in line {line}" if line else f", the {self.lines.judged.loss.text}"
        entries = {self.variables[n]: e for n, e in self.entry.items() if n in self.variables}
        entries |= {name: entry for entry, name in self.indices.items()}
        several = (nodes for nodes in self.by_name.values() if len(nodes) > 1)
        turns = {self.variables[node] for nodes in several for node in nodes}
        said = "; ".join(
            f"{name} is {'a value of ' if name in turns else ''}{self.names[entries[name]]}"
            for name in given
            if self.names[entries[name]] != name
        )
        return docstring(f"Return the gradients of the loss{of}, by the chain rule.", said)

    def _reason(self, node: Node) -> str:
        layer, links = self.before.get(node), self.found.links.get(node, ())
        name = self.variables.get(node)
        if name is None and layer is not None:
            name = f"what {layer.name} makes {self._after(layer) or 'its values'} of"
        at_once = bool(links) and not links[0].gradient.name
        return said_of(str(name), links, at_once=at_once)


def _read(code: str) -> set[str]:
    return set(re.findall(r"(?<![\w.'])[^\W\d]\w*", code))


def _identifier(name: str) -> str:
    """Return a name for self.W1, params['W1'] and the like: W1."""
    inner = re.search(r"\[['\"](\w+)['\"]\]$", name)
    plain = inner[1] if inner else re.sub(r"\W+", "_", name.removeprefix("self.")).strip("_")
    return f"{plain}_" if keyword.iskeyword(plain) or not plain.isidentifier() else plain
