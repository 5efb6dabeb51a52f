"""Writes the backward pass of somebody's program, from its forward pass, in its own names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from bptui.core.graph.node import Node
from bptui.explain.code import NoCodeError
from bptui.export.forward import Block, Forward, identifier
from bptui.export.layout import docstring, enclosed, indented
from bptui.export.loops import Argument, Loop, Written
from bptui.export.turns import Places, turn_counts
from bptui.trace.judge.candidates import ALL

MOST, MOST_TURNS = 80, 6
"""Lines that a person may still read one after the other, and values of one name."""


class NotWrittenError(Exception):
    """Says why no backward pass can be written."""


class BackwardPass(Forward):
    """The gradients of a program's loss, as a function that can stand in the program."""

    def text(self) -> str:
        """Return the function; raises :class:`NotWrittenError` where it would not be right."""
        if not self.results:
            raise NotWrittenError("the loss depends on no parameter")
        for entry, node in self.parameters.items():
            if not node.shape and "[" in self.names[entry]:
                why = "a program that computes number by number, in loops, is not written out"
                raise NotWrittenError(f"{self.names[entry]} is one number of many: {why}")
        refused, texts = self._many(), list[str]()
        for turns in (*[0] * (not refused), *turn_counts(self)):
            try:
                texts.append(self._verified(Loop(self, turns).written()))
            except NoCodeError as error:
                refused = refused or f"it has {error}"
            except (ValueError, NotWrittenError) as error:  # of a loop: its turns are not alike
                refused = refused or str(error)
            else:
                if turns:
                    break
        if not texts:
            raise NotWrittenError(refused)
        text = min(texts, key=lambda text: text.count("\n"))
        return f"import numpy as np\n\n\n{text}" if "np." in text else text

    def _many(self) -> str:
        """Say why a backward pass without a loop is not written; empty if it is."""
        for name, nodes in self.by_name.items():
            if len(nodes) > MOST_TURNS:
                return (
                    f"{name} has {len(nodes)} values, and no loop has them in turns that are alike"
                )
        return _too_long(len(self.needed.intersection(self.gradients.values())))

    # the function

    def _verified(self, written: Written) -> str:
        """Return the text; raises :class:`NotWrittenError` unless it gives the true gradients."""
        before, body, after = _needed(written)
        if too_long := _too_long(len([*before, *body, *after])):
            raise NotWrittenError(too_long)
        blocks, inside = [*before, *after], [row for block in body for row in _spaced(block)]
        read = {n for block in (*blocks, *body, Block("", [written.loop])) for n in _read(block)}
        given = {name: one for name, one in written.arguments.items() if name in read}
        rows = [row for block in before for row in _spaced(block)]
        if written.loop:
            rows += ["", written.loop]
            rows += indented(inside[1:] if not inside[0] else inside)
        rows += [row for block in after for row in _spaced(block)]
        names = [*written.results]
        back = enclosed("return (", names, ")", f"return {', '.join(names)}")
        function = indented([*self._about(given), *rows, "", *back])
        text = "\n".join([*enclosed("def gradients(", [*given], "):"), *function, ""])
        self._verify(text, given, written.results)
        return text

    def _verify(
        self,
        text: str,
        given: Mapping[str, Argument],
        results: Mapping[str, Node | Sequence[Node]],
    ) -> None:
        known: dict[str, Any] = {"np": np}
        entries = {node: entry for entry, node in self.parameters.items()}
        wanted = [node for result in results.values() for node in _each(result)]
        try:
            exec(text, known)
            for draw, values in enumerate(self.truth.draws):
                old = {made: values[node] for node, made in self.made.items() if node in values}
                arguments = [self._value(one, old) for one in given.values()]
                found = known["gradients"](*arguments)
                parts = found if len(results) > 1 else [found]
                lists = (part if isinstance(part, list) else [part] for part in parts)
                flat = chain.from_iterable(lists)
                for one, node in zip(flat, wanted, strict=True):
                    true = self.lines.true[entries[node], ALL][draw]
                    whole = np.broadcast_to(one, np.shape(true))
                    if not np.allclose(whole, true, rtol=1e-6, atol=1e-9):
                        raise ValueError
        except Exception as error:  # whatever its code may raise
            raise NotWrittenError(
                "it could not be written in code that gives the true gradients"
            ) from error

    def _value(self, one: Argument, values: Mapping[Node, object]) -> object:
        if isinstance(one, Places):
            return one
        if isinstance(one, Sequence):
            return [self._value(part, values) for part in one]
        return values[one] if isinstance(one, Node) else self.truth.tape.values[one]

    def _about(self, given: Mapping[str, Argument]) -> list[str]:
        line = self.lines.judged.loss.node.line
        of = f" in {self.told(line)}" if line else f", the {self.lines.judged.loss.text}"
        said = []
        for name, one in given.items():
            if isinstance(one, Places):
                said.append(f"{name} are the {len(one)} indices that the turns read")
                continue
            parts = one if isinstance(one, Sequence) else [one]
            entries = [self.entry[part] if isinstance(part, Node) else part for part in parts]
            first, own = parts[0], self.names[entries[0]]
            if isinstance(one, Sequence):
                last = self.names[entries[-1]]
                values = f"the {len(one)} values of {own}" if last == own else f"{own} to {last}"
                said.append(f"{name} is the list of {values}")
            elif own != name:
                several = isinstance(first, Node) and len(self.by_name[identifier(own)]) > 1
                said.append(f"{name} is {'a value of ' if several else ''}{own}")
        about = f"Return the gradients of the loss{of}, by the chain rule."
        return docstring(about, "; ".join(said))


def _too_long(lines: int) -> str:
    many = f"its backward pass has {lines} lines, and is no loop whose turns are alike"
    return many if lines > MOST else ""


def _each(result: Node | Sequence[Node]) -> Sequence[Node]:
    return result if isinstance(result, Sequence) else [result]


def _needed(written: Written) -> tuple[list[Block], list[Block], list[Block]]:
    """Return the blocks that are read: a slope may be written without what it is taken at."""
    groups = written.before, written.body, written.after
    while True:
        every = [block for group in groups for block in group]
        read = {name for block in every for name in _read(block) - {block.name}}
        read |= written.results.keys()
        kept = [[block for block in group if block.name in read] for group in groups]
        if sum(map(len, kept)) == len(every):
            return kept[0], kept[1], kept[2]
        groups = kept[0], kept[1], kept[2]


def _read(block: Block) -> set[str]:
    code = "\n".join(row for row in block.rows if row[:1] != "#")
    return set(re.findall(r"(?<![\w.'])[^\W\d]\w*", code))


def _spaced(block: Block) -> list[str]:
    return ["", *block.rows] if block.rows[0][0] == "#" else block.rows
