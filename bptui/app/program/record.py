"""A checked program as it went in time: its operations, its variables, its updates."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np

from bptui.check.program.writer import Checked
from bptui.check.reports.report import Line
from bptui.core.arrays import Array
from bptui.core.graph.node import Node, evaluate, ordered
from bptui.trace.step.training_steps import training_steps
from bptui.trace.tape import Binding

SILENT = ("leaf", "constant", "gather", "put")
"""Entries of a tape that are no operation of the program."""
MOST_OWNERS = 8
"""Objects of one class whose attributes are kept apart."""


KEY = re.compile(r"""\[(['"])([^'"]*)\1\]""")
"""A key in the name of an item of a dict."""


class Variable(NamedTuple):
    """A name of the program, and the entry of the tape that it stands for at a moment."""

    name: str
    scope: str
    """The function whose name it is; empty where it is known everywhere."""
    entry: int


class Record:
    """What was recorded of a program. A *stop* is an operation that one of its lines carries out.

    Stops and updates are counted from 0.
    """

    def __init__(self, checked: Checked) -> None:
        self.checked, self.verdict = checked, checked.verdict
        self.function_at = cache(self._function_at)
        self._places = lru_cache(maxsize=8)(self._entries_by_place)
        self._items_at = lru_cache(maxsize=8)(self._items_read)
        self.lines, self.source = checked.verdict.lines, checked.source
        self.tape = self.lines.truth.tape
        self.rows, self.told = self.source.lines, self.source.files.told
        notes = self.tape.notes
        self.line_of = [checked.line_of(note.place) for note in notes]
        """The line that each entry comes from; 0 for none of the file."""
        self.steps = training_steps(self.tape)
        self._ends = [max(p.after for p in step.parameters) for step in self.steps]
        whole = self.line_of[: self._ends[-1] + 1]  # what comes later is no whole update
        self.stops = [entry for entry, line in enumerate(whole) if line and self._acts(entry)]
        self.stop_of = {entry: stop for stop, entry in enumerate(self.stops)}
        self._keys, self.titles = self._keyed()
        self._whens = [binding.when for binding in self.tape.bindings]
        self.first = self.verdict.number - 1
        """The update that was looked at."""
        self.starts = self._first_stops()
        """The stop at which each update's forward pass begins."""

    def _acts(self, entry: int) -> bool:
        call = self.tape.notes[entry].call
        return call not in SILENT and not call.endswith("_like")

    def text(self, line: int) -> str:
        """Return a line of the program; nothing for 0, as of a call that was told."""
        return self.rows[line - 1] if line else ""

    # variables

    def quoted(self, name: str) -> str:
        """Return a name with the quotes that the program mostly has around keys."""
        quote = max("'", '"', key=lambda each: self.source.text.count(f"[{each}"))
        return KEY.sub(rf"[{quote}\2{quote}]", name)

    def _scope(self, binding: Binding) -> str:
        known_everywhere = not binding.frame or not binding.name.isidentifier()
        return "" if known_everywhere else self.function_at(self.checked.line_of(binding.place))

    def _function_at(self, line: int) -> str:
        """Return the name of the function that a line stands in."""
        first, last = self.source.around(line)
        head = self.rows[first - 1].strip() if first else ""
        return head.split("(")[0].split()[-1] if head and last >= line else ""

    def _keyed(self) -> tuple[list[object], dict[object, tuple[str, str]]]:
        """Return which variable each binding is of, and the variables' names and scopes."""
        owners: dict[str, set[object]] = defaultdict(set)
        for binding in self.tape.bindings:
            if binding.location[0] == "attribute":
                owners[binding.name].add(binding.location[1])
        keys: list[object] = []
        latest: dict[str, object] = {}
        titles: dict[object, tuple[str, str]] = {}
        for binding in self.tape.bindings:
            name, kind = binding.name, binding.location[0]
            key: object = (self._scope(binding), name)
            if kind == "attribute" and 1 < len(owners[name]) <= MOST_OWNERS:
                key = binding.location
            elif kind == "memory":
                key = latest.get(name, key)
            latest[name] = key
            keys.append(key)
            if key not in titles and not name.startswith("return "):
                same = sum(title.partition(" (")[0] == name for title, _ in titles.values())
                many = kind == "attribute" and same > 0
                title = self.quoted(f"{name} ({same + 1})" if many else name)
                titles[key] = title, self._scope(binding)
        return keys, titles

    def _only_handed_over(self, binding: Binding) -> bool:
        """Whether it names what a function was given, which has a name already."""
        name = self.checked.names.get(binding.entry)
        line = self.checked.line_of(binding.place)
        head = self.text(line).lstrip()
        return name not in (None, binding.name) and head.startswith(("def ", "async def "))

    def bound(self, stop: int) -> int:
        """Return how many names were given by the time that a stop was carried out."""
        following = self.stops[stop + 1] if stop + 1 < len(self.stops) else self._ends[-1] + 1
        return bisect_right(self._whens, following)

    def variables(self, stop: int) -> list[Variable]:
        """Return the variables after a stop, in the order in which they were first given."""
        found: dict[object, int] = {}
        for key, binding in zip(self._keys[: self.bound(stop)], self.tape.bindings, strict=False):
            if key in self.titles and (key in found or not self._only_handed_over(binding)):
                found[key] = binding.entry
        return [Variable(*self.titles[key], entry) for key, entry in found.items()]

    def fresh(self, stop: int) -> set[int]:
        """Return the entries to which names were given right after a stop."""
        first = self.bound(stop - 1) if stop else bisect_right(self._whens, self.stops[0])
        return {binding.entry for binding in self.tape.bindings[first : self.bound(stop)]}

    def given(self) -> Iterator[tuple[int, str, int]]:
        """Yield whenever a name is given: the stop it follows, the name, and the entry."""
        for key, binding in zip(self._keys, self.tape.bindings, strict=True):
            if key in self.titles:
                stop = bisect_left(self.stops, binding.when) - 1
                yield max(stop, 0), self.titles[key][0], binding.entry

    @cached_property
    def named(self) -> dict[int, str]:
        """The first name that each entry was given, but for those of a function's parameters."""
        found: dict[int, str] = {}
        for key, binding in zip(self._keys, self.tape.bindings, strict=True):
            if self.checked.names.get(binding.entry) == binding.name and key in self.titles:
                found.setdefault(binding.entry, self.titles[key][0])
        return found

    def name(self, entry: int, line: int = 0) -> str:
        """Return what an entry is called: by its name, else by the expression that gives it.

        An item of a list or of a dict is called what a ``line`` that reads it calls it.
        """
        item = self._items_at(line).get(entry, self.named.get(entry))
        if item:
            return item
        place = self.tape.notes[entry].place
        if not self.tape.inputs[entry]:  # what a function was given has a name only there
            handed = (b.name for b in self.tape.bindings if b.entry == entry)
            known = next((name for name in handed if not name.startswith("return ")), "")
            if known:
                return known
        if not self.line_of[entry]:
            value = np.asarray(self.tape.values[entry])
            return f"{float(value):g}" if value.size == 1 and value.dtype.kind in "fiu" else "data"
        return " ".join(self.source.piece(self.checked.run.places[place]).split())

    def _items_read(self, line: int) -> dict[int, str]:
        """Return what a line calls the items of lists and dicts that it reads."""
        places = self.checked.run.places
        return {
            entry: " ".join(self.source.piece(places[at]).split())
            for _, at, entry, _ in self.checked.run.recording.reads
            if line and places[at][0] == line
        }

    def array(self, entry: int) -> Array:
        """Return an entry's numbers, of complex ones the real parts."""
        return np.asarray(np.real(self.tape.values[entry]), dtype=np.float64)

    def shape(self, entry: int) -> str:
        """Write an entry's shape: 4x3, 3, or nothing for a number."""
        return "x".join(map(str, self.tape.shape(entry)))

    def sources(self, entry: int) -> list[int]:
        """Return the nearest entries with a name, or data, that an entry is computed from."""
        return self._named_ones(entry, self.tape.inputs)

    def uses(self, entry: int, update: int) -> list[int]:
        """Return the nearest entries with a name that are computed from an entry in an update."""
        first, end = self.entries(update)
        found = self._named_ones(entry, self.consumers, range(first, end))
        return [one for one in found if first <= one < end]

    def _named_ones(
        self,
        entry: int,
        ways: Sequence[list[int]] | Mapping[int, list[int]],
        within: range | None = None,
    ) -> list[int]:
        found: dict[int, None] = {}
        stack = [*ways[entry]][::-1]
        seen: set[int] = set()
        while stack:
            top = stack.pop()
            if top in seen or (within is not None and top not in within):
                continue
            seen.add(top)
            leaf = not self.tape.inputs[top] and self.tape.notes[top].call != "constant"
            if top in self.named or (leaf and within is None):
                found[top] = None
            else:
                stack += ways[top][::-1]
        return list(found)

    @cached_property
    def consumers(self) -> dict[int, list[int]]:
        """The entries that are computed from each entry."""
        found: dict[int, list[int]] = defaultdict(list)
        for entry, inputs in enumerate(self.tape.inputs):
            for source in dict.fromkeys(inputs):
                found[source].append(entry)
        return found

    # updates

    def _first_stops(self) -> list[int]:
        """Return where each update's forward pass begins: where a parameter is first read."""
        befores = {parameter.before for step in self.steps[:1] for parameter in step.parameters}
        later = self.tape.dependents(befores, len(self.tape.notes)) - befores
        spans = map(self.span, range(len(self.steps)))
        return [
            next((stop for stop in range(*span) if self.stops[stop] in later), span[0])
            for span in spans
        ]

    def update(self, entry: int) -> int:
        """Return the update that an entry belongs to: the next one that comes to its end."""
        return min(bisect_left(self._ends, entry), len(self.steps) - 1)

    def span(self, update: int) -> tuple[int, int]:
        """Return the first stop of an update, and the one behind its last."""
        first, end = self.entries(update)
        return bisect_left(self.stops, first), bisect_left(self.stops, end)

    def entries(self, update: int) -> tuple[int, int]:
        """Return the first entry of an update, and the one behind its last."""
        first = self._ends[update - 1] + 1 if update else 0
        return first, self._ends[update] + 1

    def _entries_by_place(self, update: int) -> dict[tuple[int, str], list[int]]:
        """Return the entries of an update by their place and call."""
        found: dict[tuple[int, str], list[int]] = defaultdict(list)
        for entry in range(*self.entries(update)):
            note = self.tape.notes[entry]
            found[note.place, note.call].append(entry)
        return found

    def twin(self, entry: int, update: int) -> int | None:
        """Return the entry that is in another update what one is in its own.

        Itself where it is data that the other update does not make anew; None where there is none.
        """
        own = self.update(entry)
        if own == update or entry > self._ends[-1]:
            return entry if own == update else None
        note = self.tape.notes[entry]
        key = (note.place, note.call)
        mine, theirs = self._places(own)[key], self._places(update).get(key, [])
        at = mine.index(entry) - len(mine)  # from the end: an update may have tried things before
        if -at <= len(theirs):
            return theirs[at]
        changes = entry in self.lines.truth.dependent
        return entry if own < update and not theirs and not changes else None

    def now(self, entry: int, update: int) -> int | None:
        """Return what an entry of the update that was looked at is in another: also a parameter."""
        ours, theirs = self.verdict.step.parameters, self.steps[update].parameters
        same = (
            other.before for one, other in zip(ours, theirs, strict=False) if one.before == entry
        )
        return next(same, None) or self.twin(entry, update)

    @cached_property
    def losses(self) -> Array:
        """The loss of each update; NaN where the program went another way."""
        return np.array([np.nan if loss is None else loss for loss in self._losses])

    @cached_property
    def diverged_at(self) -> int | None:
        """The first update whose loss is not finite."""
        known = ((at, loss) for at, loss in enumerate(self._losses) if loss is not None)
        return next((at for at, loss in known if not np.isfinite(loss)), None)

    @cached_property
    def _losses(self) -> list[float | None]:
        """The losses, computed where the program does not do so; None where it went another way."""
        return [*map(self._loss, range(len(self.steps)))]

    def _loss(self, update: int) -> float | None:
        loss = self.lines.judged.loss
        twin = None if loss.entry is None else self.twin(loss.entry, update)
        if twin is not None:
            return float(self.array(twin).sum())
        try:
            return float(evaluate([loss.node], self.known(update))[loss.node])
        except (KeyError, ValueError, IndexError, TypeError):
            return None

    def known(self, update: int) -> dict[Node, Any]:
        """Return the numbers of the forward pass in an update, as far as it went the same way."""
        found: dict[Node, Any] = {}
        for node in ordered([self.lines.judged.loss.node]):
            entry = self.lines.truth.graph.entry.get(node)
            twin = None if entry is None else self.now(entry, update)
            if twin is not None and self.tape.shape(twin) == node.shape:
                value = np.asarray(self.tape.values[twin])
                found[node] = value.astype(np.float64) if value.dtype.kind in "iubf" else value
        return found

    # verdicts

    @cached_property
    def judged(self) -> dict[int, Line]:
        """The lines of the backward pass with their verdicts, by number."""
        lines = (line for line in self.checked.report.lines if line.verdict != "unclear")
        return {line.line: line for line in lines if line.line}

    @cached_property
    def wrong_lines(self) -> list[int]:
        """The first wrong lines of the program, by number."""
        return sorted({line.line for line in self.checked.report.wrong if line.line})

    @cached_property
    def wrong(self) -> dict[int, int]:
        """The stops at which the first wrong lines give their value, each with its line.

        They are in the update looked at; what a wrong call gives is computed in its function.
        """
        entries = {
            self.checked.line_of(repair.place): repair.entries[0] for repair in self.lines.repairs
        }
        found: dict[int, int] = {}
        for line in self.wrong_lines:
            own = [s for s in range(*self.span(self.first)) if self.line_of[self.stops[s]] == line]
            found[self.stop_of.get(entries.get(line, -1), own[-1] if own else -1)] = line
        return {stop: line for stop, line in found.items() if stop >= 0}
