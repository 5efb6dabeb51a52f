"""Says what a program is made of, and of each line of its backward pass what it is worth."""

from __future__ import annotations

import ast
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bptui.check.program.formula import from_chain_rule
from bptui.check.program.meanings import Meanings
from bptui.check.program.outlook import Outlook
from bptui.check.program.shapes import SQUARE, WHY, as_column, summed
from bptui.check.program.unapplied import chooses, plain_gradients, put_back, told
from bptui.check.reports.line_edits import difference, kept
from bptui.check.reports.report import Line, Parameter, Report
from bptui.core.mistakes import NOT_SUMMED
from bptui.trace.judge.candidates import Source, gradient_text
from bptui.trace.judge.judge import Verdict, other_shape
from bptui.trace.judge.repair import Repair
from bptui.trace.mend.idle import IDLE
from bptui.trace.mend.origins import blame_origins
from bptui.trace.mend.should_be import View, view_of
from bptui.trace.mend.slips import slip
from bptui.trace.run import Run
from bptui.trace.step.multiples import Values, multiple, rounded
from bptui.trace.step.possible_losses import Key
from bptui.trace.step.training_steps import Parameter as Traced
from bptui.trace.step.unused_gradients import NO_LINE
from bptui.trace.tape import Binding


class Checked:
    """A program that was run and judged: what is said of it, and what it is said from.

    ``names`` has the first name that each entry of the tape was given. ``told``: the loss was.
    """

    def __init__(self, file: Path, run: Run, verdict: Verdict, told: bool = False) -> None:
        self.file, self.run, self.verdict, self.told = file, run, verdict, told
        self.line_of, self.source, self.found = run.line_of, run.source, verdict.lines
        self.tape, self.parameters = self.found.truth.tape, self.found.truth.parameters
        self.recording = copy(run.recording)
        # the names in the code that calls it are not in sight of the program
        own = (one for one in run.recording.bindings if one.place < 0 or run.line_of(one.place))
        self.recording.bindings = self.bindings = [*own]
        blame_origins(self.found, self._view)
        self.names = self._names()
        self.meanings = Meanings(self.found, self.names, self._piece)

    def _names(self) -> dict[int, str]:
        """Return the first name that each entry was given.

        What a function that is called several times returns has the name that its caller gives it.
        """
        first, theirs = dict[int, Binding](), dict[int, str]()
        returned = {(b.entry, b.frame) for b in self.bindings if b.name.startswith("return ")}
        for binding in self.bindings:
            handed_over = self.text(self.line_of(binding.place)).startswith(("def ", "async def "))
            if not binding.name.startswith("return ") and not handed_over:
                own = first.setdefault(binding.entry, binding)
                if binding.frame != own.frame and (binding.entry, own.frame) in returned:
                    theirs.setdefault(binding.entry, binding.name)
        often = Counter(binding.place for binding in first.values())
        return {
            entry: theirs.get(entry, own.name) if often[own.place] > 1 else own.name
            for entry, own in first.items()
        }

    def _piece(self, entry: int) -> str:
        """Return the expression that computes an entry; nothing where no line does."""
        place = self.tape.notes[entry].place
        return self.source.piece(self.run.places[place]) if self.line_of(place) else ""

    @cached_property
    def report(self) -> Report:
        lines = self._backward()
        outlook = Outlook(self.verdict, self.meanings.name) if self.verdict.right else None
        lost = {one.line: one for one in self._lost(outlook)}
        right = bool(outlook) and not lost
        every = {one.line: one for one in lines} | lost
        lines = sorted(every.values(), key=lambda one: one.line or 0)
        first = any(line.verdict == "wrong" for line in lines)
        missing = "the wrong line was not found"
        if time.monotonic() > self.found.until:
            missing += " within the time limit; --timeout SECONDS gives it more"
        return Report(
            str(self.file),
            "right" if right else "wrong",
            None if right or first else missing,
            self._loss(),
            [*self._parameters(), *self._not_updated(outlook)],
            tuple(lines),
            step=self.verdict.number,
            remarks=outlook.remarks() if outlook and right else (),
            files=self.source.files,
        )

    # what was understood

    def _loss(self) -> dict[str, Any]:
        loss = self.found.judged.loss
        if loss.entry is None or self.tape.notes[loss.entry].place == NO_LINE:
            return {"name": None, "line": None, "formula": loss.text, "given": self.told}
        places = [binding.place for binding in self.bindings if binding.entry == loss.entry]
        made = loss.entry
        inputs = self.tape.inputs
        while self.tape.notes[made].call in ("asarray", "array", "float") and inputs[made]:
            made = next(iter(inputs[made]))  # of a constructor
        places.insert(0, self.tape.notes[made].place)  # which the call may have
        line = next(filter(None, map(self.line_of, places)), 0)
        name = loss.text if loss.text and not loss.text.startswith("return ") else None
        return {"name": name, "line": line or None, "formula": self.text(line), "given": self.told}

    def text(self, line: int) -> str:
        return self.source.lines[line - 1].strip() if line else ""

    def _parameters(self) -> tuple[Parameter, ...]:
        made: dict[int, Parameter] = {}
        judged = self.found.judged
        for parameter in self.parameters:
            good = judged.matches[parameter.key] is not None
            before = made.get(parameter.before)
            verdict = "right" if good and (before is None or before.verdict == "right") else "wrong"
            made[parameter.before] = Parameter(
                parameter.name,
                self.tape.shape(parameter.before),
                self.meanings.gradient(parameter),
                verdict,
                judged.ratios.get(parameter.key),
                0.0 if verdict == "right" else self.meanings.error(parameter),
                sorted(self._updates(parameter) | set(before.updated if before else ())),
            )
        return tuple(made.values())

    def _not_updated(self, outlook: Outlook | None) -> Iterator[Parameter]:
        for entry, gradient, *_ in outlook.unapplied if outlook else ():
            name, shape = self.meanings.name(entry) or "", self.tape.shape(entry)
            yield Parameter(name, shape, self.meanings.name(gradient), "not updated", None, 0.0)

    def _lost(self, outlook: Outlook | None) -> Iterator[Line]:
        """Yield the lines of gradients whose update is missing."""
        updates = set[int]().union(*map(self._updates, self.parameters))
        for one in outlook.unapplied if outlook else ():
            line, names = self.line_of(one.place), map(str, map(self.meanings.name, one[:2]))
            if one.lost and line and not chooses(self.source, updates, *names):
                own = {b.name for b in self.bindings if b.entry == one.parameter}
                mended = put_back(self.source.statement(line), own)
                why = told(one, self.meanings.name)
                yield self._line(line, "wrong", told=mended, difference=why)

    # the backward pass

    def _backward(self) -> list[Line]:
        entries: dict[int, list[int]] = {}
        for entry in self.found.backward:
            line = self._at(entry)
            if line and not self.tape.notes[entry].call.endswith("_like"):
                entries.setdefault(line, []).append(entry)
        differences = self._differences()
        for entry in differences:
            entries.setdefault(self._at(entry), [entry])
        forward = {self._at(entry) for entry in self.found.forward if entry not in differences}
        grown = {p.key for p in other_shape(self.found.truth)}  # which are told once, as that
        told = [one for one in self.found.repairs if not one.mended <= grown or not grown]
        repairs: dict[int, list[Repair]] = {}
        for repair in told:
            repairs.setdefault(self.line_of(repair.place), []).append(repair)
        repairs.pop(0, None)  # of the code that calls it
        plain = plain_gradients(self._wrong_in(repairs), self.source)
        computed = {self._at(entry) for entry in self.found.truth.dependent}
        plain = {line: own for line, own in plain.items() if line not in computed}
        by_plain = {p.key for own in plain.values() for p in own}  # then their updates only follow
        left = {at: [r for r in own if not r.mended <= by_plain] for at, own in repairs.items()}
        repairs = {line: own for line, own in left.items() if own}
        squares = {self.line_of(place) for place in self.verdict.broadcast}
        follows = {self._at(entry) for entry in self.found.follows}
        updates = set[int]().union(*map(self._updates, self.parameters))
        if squares:
            follows |= self._after_squares(entries) - updates
        if squares or repairs:  # a wrong gradient is taken over by its update
            matches = self.found.judged.matches
            wrong = [one for one in self.parameters if matches[one.key] is None]
            follows = follows.union(*map(self._updates, wrong))
        if not updates:  # it gives its new parameters to who calls it
            follows |= {
                self._at(entry)
                for entry, values in self.found.current.items()
                if rounded(multiple(values, self.found.values[entry]) or 0.0) != 1.0
            }
        mended = set[Key]().union(*(one.mended for one in self.found.repairs))
        behind = map(self.found.truth.behind.__getitem__, self.found.wrong - mended)
        unexplained = set[int]().union(*behind)
        made: list[Line] = []
        for line in sorted(entries.keys() | squares | repairs.keys() | plain.keys()):
            if line in plain:
                made.append(self._line(line, "wrong", gradient_text(plain[line][0].name)))
            elif line in squares:
                made.append(self._larger(line))
            elif line in repairs:
                made.append(self._wrong(line, repairs[line]))
            elif line in follows:
                made.append(self._line(line, "follows"))
            elif line not in forward:
                given = [] if line in updates else self._given(line, entries[line])
                meaning = self.meanings.of(given, entries[line])
                sure = meaning or unexplained.isdisjoint(entries[line])
                made.append(self._line(line, "right" if sure else "unclear", meaning))
        return made

    def _wrong_in(self, repairs: Mapping[int, Sequence[Repair]]) -> list[Traced]:
        """Return the parameters whose updates are what is wrong, by the repairs of lines."""
        wrong = {line: {k for one in own for k in one.mended} for line, own in repairs.items()}
        return [
            p for p in self.parameters if any(p.key in wrong.get(at, ()) for at in self._updates(p))
        ]

    def where(self, entry: int) -> str:
        """Return the line that computes an entry, in words."""
        return self.source.files.told(self._at(entry))

    def _at(self, entry: int) -> int:
        return self.line_of(self.tape.notes[entry].place)

    def _after_squares(self, entries: dict[int, list[int]]) -> set[int]:
        """Return the lines whose value changes once no column and row make a square."""
        graph = self.found.truth.graph
        replaced: dict[int, list[Any]] = {}
        for entry in self.verdict.squares:
            node = graph.nodes[entry]
            columns = [
                [np.reshape(draw[each], (-1, 1)) for each in node.inputs]
                for draw in self.found.truth.draws
            ]
            if len(node.inputs) == 2:  # it has a rule
                replaced[entry] = [node.op.evaluate(*pair, **node.settings) for pair in columns]
        changed = (self.found.replay.carried(replaced, {}) if replaced else None) or {}
        return {
            line
            for line, own in entries.items()
            if own[-1] in changed and multiple(changed[own[-1]], self.found.values[own[-1]]) is None
        }

    def _updates(self, parameter: Traced) -> set[int]:
        return {self.line_of(binding.place) for binding in parameter.statements} - {0}

    def _differences(self) -> list[int]:
        """Return the differences of output and target that a loss is implied by."""
        if self.found.judged.loss.entry is not None:
            return []
        read = {each for entry in self.found.backward for each in self.tape.inputs[entry]}
        read -= {parameter.before for parameter in self.parameters}
        return [
            entry
            for entry in sorted(self.found.forward & read)
            if self.tape.notes[entry].call == "subtract" and self._at(entry)
        ]

    def _bound(self, line: int) -> list[Binding]:
        return [binding for binding in self.bindings if self.line_of(binding.place) == line]

    def _line(
        self,
        line: int,
        verdict: str,
        stands_for: str | None = None,
        told: str | None = None,
        statement: ast.stmt | None = None,
        **others: Any,  # noqa: ANN401  # fields of Line
    ) -> Line:
        """Return what is said of a line, the ``statement`` of which should be what is ``told``."""
        bound, text = self._bound(line), self.text(line)
        statement = statement or self.source.statement(line)
        others.setdefault("variable", bound[-1].name.removeprefix("return ") if bound else None)
        if verdict == "wrong" and statement is not None:
            whole = self.source.text_of(statement)
            if told is not None:
                told = kept(whole, ast.unparse(statement), told)
                others = {"difference": difference(whole, told), **others}
            # where there is more of it, or something before or behind it
            before = self.source.rows[statement.lineno - 1][: statement.col_offset].strip()
            several = statement.lineno != statement.end_lineno or bool(before)
            if several or "#" in text or ";" in text:
                others["stands"] = whole
        said = {"stands_for": stands_for, "should_be": told, **others}
        return Line(line, text, verdict=verdict, **said)

    def _given(self, line: int, entries: Sequence[int]) -> list[int]:
        """Return what a line gives its variables, else what it computes last, as it is at last."""
        notes = self.tape.notes
        bound = {binding.entry for binding in self._bound(line)}.intersection(entries)
        last = notes[entries[-1]].place
        given = sorted(bound) or [entry for entry in entries if notes[entry].place == last]
        earlier = {
            source
            for entry in given
            for source in self.tape.inputs[entry]
            if notes[source].place == notes[entry].place
        }
        return [entry for entry in given if entry not in earlier]

    def _wrong(self, line: int, repairs: Sequence[Repair]) -> Line:
        repair = repairs[-1]
        view, told, others = self._view(repair), None, dict[str, Any]()
        said = self.found.said.get((repair.place, repair.entries))
        if said == IDLE:
            others["difference"] = said
        elif view is None or said == "":  # of a condition
            told = said or None
        else:
            told = view.all_mended(repairs) or from_chain_rule(view, repair)
            others["mistake"] = slip(view, repair, told)
            others["statement"] = view.statement
        bound = self._bound(line)
        named = [b.name for b in bound if b.entry == repair.entries[0]]
        if not named and (whole := self._whole(bound)) is not None:  # of which a part is wrong
            named, repair = [whole[0]], repair._replace(entries=whole[1:2], stands_for=whole[2:])
        if repair.updated:
            first, *more = repair.updated
            returned = view is None or isinstance(view.statement, ast.Return)
            name = named[-1] if more and named and not returned else first.name
            stands = self.meanings.new_value(first, name)
            others |= {"updates": True, "variable": name, "stands_for": stands}
            others["example"] = self.meanings.example(repair)
        elif named and self.meanings.is_gradient(repair):  # else a slope, or a part without a name
            others["variable"] = named[-1].removeprefix("return ")
            others |= {
                "stands_for": self.meanings.wanted(repair),
                "example": self.meanings.example(repair),
            }
        return self._line(line, "wrong", told=told, **others)

    def _whole(self, bound: Sequence[Binding]) -> tuple[str, int, Source] | None:
        """Return what a line gives that should be a gradient of a known size: name, entry, source.

        An optimizer that adapts its steps leaves sizes open.
        """
        for one in bound:
            factors = self.found.factors(one.entry) if one.entry in self.found.current else {}
            for source, factor in sorted(factors.items()):
                if self.found.factor or rounded(abs(factor)) == 1.0:
                    return one.name, one.entry, source
        return None

    def wrong(self, entry: int, why: str) -> Line:
        """Return the line of an entry as a wrong one, and why it is."""
        return self._line(self._at(entry), "wrong", difference=why)

    def _view(self, repair: Repair) -> View | None:
        """Return the statement of a repair; None where it is in the code that calls it."""
        return view_of(self.source, self.recording, self.run.places, self.found, repair)

    def giving(self, entry: int, quantity: str, wanted: Values | None, place: int) -> Line | None:
        """Return the line of a place whose entry should be a quantity, with ``wanted`` numbers."""
        line = self.line_of(place)
        repair = Repair(place, (entry,), (), frozenset())
        view = self._view(repair) if line else None
        if view is None:
            return None
        told = None if wanted is None else view.giving(repair, wanted)
        return self._line(line, "wrong", quantity, told)

    def _larger(self, line: int) -> Line:
        """Return a line that broadcasting makes more numbers of than were meant."""
        statement, notes, told = self.source.statement(line), self.tape.notes, None
        meeting = [entry for entry in self.verdict.squares if self._at(entry) == line]
        if meeting and statement is not None:
            piece = self.source.piece(self.run.places[notes[meeting[0]].place])
            one_axis = len(self.tape.shape(self.tape.inputs[meeting[0]][0])) == 1
            told = as_column(statement, piece, one_axis)
        elif statement is not None:
            bound, parameters = self._bound(line), other_shape(self.found.truth)
            updated = [one for one in parameters if line in self._updates(one)]
            told = summed(self.found, self._view, bound, updated or parameters, bool(updated))
            if told is not None:
                return self._line(line, "wrong", told=told, mistake=NOT_SUMMED)
        return self._line(line, "wrong", told=told, difference=SQUARE if meeting else WHY)
