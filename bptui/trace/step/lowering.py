"""A tape of numpy calls as the graph's nodes: what was recorded becomes what can be derived."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from bptui.core.graph import shaping
from bptui.core.graph.node import OPS, Node, as_node, broadcast, constant, leaf
from bptui.trace.step.numpy_calls import CALLS, NotComputedError
from bptui.trace.step.numpy_moves import NoRuleError, stacked
from bptui.trace.tape import Note, Reference, Value, index_of, references

LISTS = frozenset(
    {"concatenate", "stack", "hstack", "vstack", "row_stack", "column_stack", "c_", "r_"}
    | {"multi_dot", "full"}
)
"""Calls whose first argument is a list of arrays or a shape, not an array written as a list."""
IGNORED = frozenset({"dtype", "pick", "before", "casting", "subok", "optimize"})
"""Keywords that change no number, or are looked at elsewhere."""


class Lowered:
    """Nodes of the entries of a tape."""

    def __init__(
        self,
        tape: Sequence[Note],
        values: Sequence[Value],
        lines: Callable[[int], int],
    ) -> None:
        self.tape, self.values, self.lines = tape, values, lines
        self.nodes: dict[int, Node] = {}
        self.entry: dict[Node, int] = {}
        self.given: dict[Node, Value] = {}
        self.unknown: dict[Node, str] = {}
        """What the graph cannot say, and why: it counts as given, too."""
        self.dependent: Collection[int] = ()
        """The entries that depend on parameters."""

    def node(self, entry: int) -> Node:
        """Return the node of an entry, and make those that it is computed from."""
        stack = [entry]
        while stack:
            top = stack[-1]
            if top not in self.nodes:
                missing = [x for x in references(self.tape[top]) if x not in self.nodes]
                if missing:
                    stack += missing
                    continue
                made = self._made(top)
                self.nodes[top] = made
                self.entry[made] = top
            stack.pop()
        return self.nodes[entry]

    def _leaf(self, entry: int, why: str = "") -> Node:
        value = np.asarray(self.values[entry])
        made = leaf(f"e{entry}", value.shape)
        self.given[made] = value
        if why and value.dtype.kind in "fcb":
            self.unknown[made] = why
        return made

    def _made(self, entry: int) -> Node:
        note, value = self.tape[entry], np.asarray(self.values[entry])
        if note.call == "constant":
            return replace(constant(self.values[entry]), line=self.lines(note.place))
        drawn = note.call.startswith("random.")
        if note.call == "leaf" or drawn:
            return self._leaf(entry)
        computed = note.call in ("argmax", "argmin") or self._is_mask_summed(note)
        if value.dtype.kind in "iu" and not computed and not self._is_whole(entry):
            return constant(value)  # a place or a count, not a number to derive by
        try:
            made = self._call(note)
        except NotComputedError:
            return self._leaf(entry)
        except KeyError:
            return self._leaf(entry, note.call)
        except (NoRuleError, AttributeError, TypeError, ValueError, IndexError) as error:
            return self._leaf(entry, f"{note.call}: {error}")
        if len(made.shape) < value.ndim == 2 and math.prod(made.shape) == value.size:
            made = shaping.reshape(made, shape=value.shape)  # what numpy calls matrix stays one
        if made.shape != value.shape:
            return self._leaf(entry, f"{note.call}: shape {made.shape} for {value.shape}")
        if made in self.entry:
            made = OPS["positive"](made)
        return replace(made, line=self.lines(note.place))

    def _is_whole(self, entry: int) -> bool:
        """Whether something is computed of parameters that begin as whole numbers, and of such."""
        kinds = (np.asarray(self.values[one]).dtype.kind for one in references(self.tape[entry]))
        return entry in self.dependent and all(kind in "iu" for kind in kinds)

    def _is_mask_summed(self, note: Note) -> bool:
        """Whether something is the sum of a mask, as of a slope that was taken for a gradient."""
        kinds = (np.asarray(self.values[entry]).dtype.kind for entry in references(note))
        return note.call == "sum" and "b" in kinds

    def _call(self, note: Note) -> Node:
        if note.call == "getitem":
            whole, index = note.arguments
            return OPS["getitem"](self.nodes[whole.entry], index=self._index(index))
        if note.call in ("setitem", "add.at", "subtract.at"):
            return self._assigned(note)
        if note.call == "gather":
            source, places = note.arguments
            return shaping.item(shaping.ravel(self.nodes[source.entry]), index=(places,))
        if note.call == "put":
            whole, part, places = note.arguments
            node = self.nodes[whole.entry]
            flat = OPS["setitem"](shaping.ravel(node), self.nodes[part.entry], index=(places,))
            return shaping.reshape(flat, shape=node.shape)
        if note.call == "fill":
            shape = tuple(note.keywords["shape"])
            return OPS["broadcast_to"](as_node(self.argument(note.arguments[0])), shape=shape)
        arguments = [self.argument(argument) for argument in note.arguments]
        words = {
            name: self.argument(value)
            for name, value in note.keywords.items()
            if name not in IGNORED
        }
        if note.call.endswith(".outer"):
            return self._outer(note.call.partition(".")[0], *map(stacked, arguments))
        make = CALLS.get(note.call)
        if make is not None:
            if arguments and isinstance(arguments[0], list) and note.call not in LISTS:
                arguments[0] = stacked(arguments[0])
            return make(*arguments, **words)
        made = OPS[note.call](*map(stacked, arguments))
        if "before" in note.keywords:
            return OPS["where"](as_node(words["where"]), made, self._before(note))
        if "where" in words:
            raise NoRuleError("where without out")
        return made

    def _before(self, note: Note) -> Node:
        return self.nodes[note.keywords["before"].entry]

    def _outer(self, name: str, a: Node, b: Node) -> Node:
        left = shaping.reshape(a, shape=(*a.shape, *(1,) * len(b.shape)))
        return (OPS.get(name) or CALLS[name])(left, b)

    def argument(self, value: Value) -> Value:
        """Return an argument with nodes in the place of references."""
        if isinstance(value, Reference):
            return self.nodes[value.entry]
        if isinstance(value, list):
            return [self.argument(part) for part in value]
        return value

    def _index(self, index: Sequence[Value]) -> tuple[Value, ...]:
        return tuple(index_of(self.values, part) for part in index)

    def _whole(self, value: Value, mask: Reference) -> Node | None:
        """Return what was computed of the numbers under a mask, computed of all numbers instead."""
        if not isinstance(value, Reference):
            return as_node(value) if isinstance(value, int | float) else None
        note = self.tape[value.entry]
        if note.call == "getitem" and note.arguments[1] == [mask]:
            return self.nodes[note.arguments[0].entry]
        if np.ndim(self.values[value.entry]) == 0:
            return self.nodes[value.entry]
        op = OPS.get(note.call)
        parts = [self._whole(argument, mask) for argument in note.arguments]
        known = [part for part in parts if part is not None]
        if op is None or op.shape is not broadcast or len(known) < len(parts) or note.keywords:
            return None
        return op(*known)

    def _assigned(self, note: Note) -> Node:
        before, index, *rest = note.arguments
        node = self.nodes[before.entry]
        if note.call == "setitem" and len(index) == 1 and isinstance(index[0], Reference):
            mask = np.asarray(self.values[index[0].entry])
            if mask.dtype.kind == "b" and mask.shape == node.shape:
                whole = self._whole(rest[0], index[0])
                if whole is not None:
                    return OPS["where"](self.nodes[index[0].entry], whole, node)
        value = stacked(self.argument(rest[0]))
        value = -value if note.call == "subtract.at" else value
        op = OPS["setitem" if note.call == "setitem" else "add_at"]
        return op(node, value, index=self._index(index))


def given_values(lowered: Lowered) -> Mapping[Node, Value]:
    """Return the values of what was there before, whole numbers as floats."""
    return {
        node: value.astype(np.float64) if value.dtype.kind in "iubf" else value
        for node, value in lowered.given.items()
    }
