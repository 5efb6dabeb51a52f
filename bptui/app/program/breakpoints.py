"""Breakpoints in a program: conditions on its variables, a wrong gradient, a line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from bptui.app.playback.breakpoints import Breakpoint, Condition, compared, plainly
from bptui.app.program.claims import Claims
from bptui.app.program.moment import Moment
from bptui.app.program.record import Record
from bptui.presets.number_parsing import EntryError

INDEXED = re.compile(r"(.+?)((?:\[[\d, ]+\])+)")
LINE = re.compile(r"(?:(\S+?),? )?line (\d+)")
WRONG, LOSS = "gradient wrong", "loss"


def stops_at(breakpoint_: Breakpoint, record: Record, claims: Claims) -> list[int]:
    """Return the stops at which it becomes true, in order."""
    condition, index = breakpoint_.condition, breakpoint_.index
    if condition.relation == "line":
        return [s for s, e in enumerate(record.stops) if record.line_of[e] == condition.value]
    if condition.relation == "wrong":
        return sorted({stop for stop, _, entry in record.given() if claims.is_wrong(entry)})
    found, before = list[int](), False
    for stop, name, entry in record.given():
        if name == condition.quantity:
            array = record.array(entry)
            there = _within(index, array.shape)
            holds = there and bool(np.any(condition.holds(np.asarray(array[index]))))
            found += [stop] * (holds and not before)
            before = holds
    return found


def parser(view: Moment) -> Callable[[str], Breakpoint]:
    """Return what makes a breakpoint of a text; it raises :class:`EntryError`."""
    names = {name for name, _ in view.record.titles.values()}
    loss = view.record.quoted((view.record.checked.report.loss or {}).get("name") or LOSS)
    files = view.record.source.files

    def parse(text: str) -> Breakpoint:
        plain = view.record.quoted(plainly(text))
        if plain.lower() == WRONG:
            said = "where a gradient gets a wrong value"
            return Breakpoint(WRONG, said, Condition("", "wrong"))
        line = LINE.fullmatch(plain)
        if line:
            name, number = line[1] or "", int(line[2])
            if name not in files.names:
                known = ", ".join(files.names[1:]) or "none besides this one"
                raise EntryError(f"found no file {name!r}; there are {known}")
            at = files.before[files.names.index(name)] + number
            said = f"where {files.told(at)} is carried out"
            return Breakpoint(plain, said, Condition(name, "line", at))
        found = compared(plain)
        if found is None:
            raise EntryError(
                f"found {plain!r}; expected a condition such as loss < 0.1, line 12, or {WRONG}"
            )
        name = found.quantity
        index: tuple[int, ...] = ()
        split = INDEXED.fullmatch(name)
        name = loss if name == LOSS and LOSS not in names else name
        if name not in names and split:
            items = [split[1], *re.findall(r"\[[^]]+\]", split[2])]  # of a list, then of an array
            ways = (("".join(items[:at]), items[at:]) for at in range(len(items), 0, -1))
            name, rest = next((way for way in ways if way[0] in names), (split[1], items[1:]))
            index = tuple(int(part) for part in re.findall(r"\d+", "".join(rest)))
        if name not in names:
            known = ", ".join(sorted(names)[:12])
            raise EntryError(f"found no variable {name!r}; there are {known}")
        what = f"{name}{list(index)}" if index else f"any number of {name}"
        record = view.record
        shapes = {record.tape.shape(entry) for _, given, entry in record.given() if given == name}
        if index and not any(_within(index, shape) for shape in shapes):
            raise EntryError(f"{name} has no number at {list(index)}")
        return Breakpoint(plain, f"where {found.told(what)}", replace(found, quantity=name), index)

    return parse


def _within(index: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Return whether an array of a shape has something at an index."""
    return len(index) <= len(shape) and all(map(int.__lt__, index, shape))


def examples(view: Moment) -> list[str]:
    """Return breakpoints with names of the program."""
    step = view.record.verdict.step
    parameter = step.parameters[0]
    name = view.record.quoted(parameter.name)
    zeros = "".join("[0]" for _ in view.record.tape.shape(parameter.before))
    variables = view.record.variables(len(view.record.stops) - 1)
    last = next((v for v in reversed(variables) if not view.record.shape(v.entry)), None)
    scalar = f"{last.name} < 0.1" if last is not None else f"|{name}| > 2"
    return [scalar, f"{name}{zeros} > 1", f"|{name}| > 5", "line 12", WRONG]
