"""Tells a function of the program that is wrong from calls that give it a wrong argument.

Where all would be right if one of several calls were given something else that has a name there,
the function is right, and that is the mistake. Where no call makes use of a gradient that it is
given, the function is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, product
from typing import NamedTuple

import numpy as np

from bptui.trace.judge.candidates import ALL
from bptui.trace.judge.repair import Argument, Repair, moved
from bptui.trace.judge.replay import Changes
from bptui.trace.judge.wrong_lines import Lines
from bptui.trace.step.multiples import Values, multiple, right_value
from bptui.trace.tape import Binding, Caller, Tape


class _Call(NamedTuple):
    """A recorded call: from where to where it goes, its arguments, and where its results go."""

    function: str
    frame: int
    begun: int
    """The place where it begins, the same for all calls of a function."""
    first: int
    end: int
    given: tuple[tuple[str, int], ...]
    results: tuple[Binding, ...]
    """The names that the caller gives them."""
    caller: Caller | None


def blame_arguments(lines: Lines) -> None:
    """Put repairs of calls in the place of repairs in functions that are called several times."""
    calls = _calls(lines.truth.tape, every=True)
    together: dict[int, list[Repair]] = {}
    for repair in lines.repairs:
        together.setdefault(repair.place, []).append(repair)
    for repairs in (*together.values(), *([repair] for repair in lines.repairs)):
        plain = not any(repair.updated for repair in repairs)
        wrong = [e for repair in repairs for e in repair.entries if lines.is_wrong(e)]
        several = [
            call
            for call in reversed(_around(calls, min(wrong)) if plain and wrong else ())
            if _elsewhere(lines, repairs[0], call, calls)
        ]
        for call, mended in product(several, (lines.repairs, repairs)):  # it may put all right
            found = next(_of_call(lines, mended, call), None)
            if found is not None and all(repair in lines.repairs for repair in repairs):
                lines.put(found[0], mended, found[1])
                break
    wrong = [e for repair in lines.repairs for e in repair.entries if lines.is_wrong(e)]
    first = _call_of(calls, min(wrong)) if wrong else None
    if first is not None:  # all that is wrong begins in it
        one = len(lines.repairs) == 1
        found = next(_of_call(lines, lines.repairs, first, unnamed=one), None)
        if found is not None:
            lines.put(found[0], lines.repairs, found[1])


def blame_call(lines: Lines, repair: Repair) -> None:
    """Put a repair of a call in the place of one that no edit of the function's line gives."""
    wrong = next(filter(lines.is_wrong, repair.entries), None)
    call = None if wrong is None else _call_of(_calls(lines.truth.tape), wrong)
    found = next(_of_call(lines, [repair], call), None) if call else None
    if found is not None:
        lines.put(found[0], [repair], found[1])


def blame_callers(lines: Lines) -> None:
    """Put repairs of calls in the place of repairs in functions that are right in all other calls.

    The forward pass calls them, too, or they are of one line and compute of nothing but what they
    are given, as ``return a @ b`` does.
    """
    tape, nodes = lines.truth.tape, lines.truth.graph.nodes
    calls = _calls(tape, every=True)
    outer = {b.name for b in tape.bindings if b.frame == 0 or b.location[0] == "attribute"}
    for repair in list(lines.repairs):
        wrong = _wrong(lines, repair)
        meant = repair.place in lines.in_forward
        own = calls if meant else [call for call in calls if call.results]
        call = _call_of(own, min(wrong)) if wrong else None
        if call is None or call.caller is None:
            continue
        inside = range(call.first, call.end)
        others = [entry for entry in lines.places.get(repair.place, ()) if entry not in inside]
        reads = (tape.read_at(tape.notes[entry].place) for entry in inside)
        one_line = len({nodes[entry].line for entry in inside if entry in nodes}) == 1
        named = {*wrong} <= {result.entry for result in call.results}
        plain = one_line and named and outer.isdisjoint(set().union(*reads))
        if others and (plain or meant) and not any(map(lines.is_wrong, others)):
            caller = moved(call.caller.place, repair.entries, [repair])
            lines.put(caller, [repair], lines.current)


def blame_gradients(lines: Lines) -> None:
    """Put repairs of gradients that functions are given in the place of repairs in those.

    The functions are right in other calls, and all would be right if they were given the gradient
    of another value: as of a sequence that is turned round.
    """
    calls = _calls(lines.truth.tape, every=True)
    for repair in list(lines.repairs):
        wrong = _wrong(lines, repair)
        for call in reversed(_around(calls, min(wrong)) if wrong else ()):
            inside = range(call.first, call.end)
            others = [entry for entry in lines.places.get(repair.place, ()) if entry not in inside]
            if not _elsewhere(lines, repair, call, calls) or any(map(lines.is_wrong, others)):
                continue
            ways = (_of_gradient(lines, repair, call), _of_given(lines, repair, call, calls))
            found = next(chain(*ways), None)
            if found is not None:
                lines.put(found[0], [repair], found[1])
                break


def blame_values(lines: Lines) -> None:
    """Put repairs of calls in the place of repairs in a function that is given other values.

    All that is wrong in it would be right if it were given another forward value: a slope is taken
    at the wrong layer.
    """
    calls = _calls(lines.truth.tape, every=True)
    for repair in list(lines.repairs):
        made = [_call_of(calls, entry) for entry in _wrong(lines, repair)]
        places = {call.caller.place for call in made if call and call.caller}
        if len(places) == 1 and all(call and _of_another(lines, call) for call in made):
            lines.put(moved(places.pop(), repair.entries, [repair]), [repair], lines.current)


def _of_another(lines: Lines, call: _Call) -> bool:
    """Whether a call gives all that it should for another forward value than it is given."""
    inputs, inside = lines.truth.tape.inputs, range(call.first, call.end)
    own = [entry for entry in lines.backward if entry in inside]
    given = lines.truth.dependent.intersection(chain.from_iterable(inputs[e] for e in own))
    later = {one for entry in lines.backward if entry >= call.end for one in inputs[entry]}
    wanted = {entry: lines.right_value(entry) for entry in later.intersection(own)}
    others, named = given.difference(inside), lines.forward & lines.truth.tape.named
    return len(others) == 1 and any(
        all(right and right_value(found[e], right, exact=True) for e, right in wanted.items())
        for found in lines.replay.with_others(others.pop(), named, own)
        if wanted and found.keys() >= wanted.keys()
    )


def _of_gradient(lines: Lines, repair: Repair, call: _Call) -> Iterator[tuple[Repair, Changes]]:
    """Yield repairs of what a call reads by gradients of other values, which put all right."""
    tape, known = lines.truth.tape, lines.without(repair)
    inside = range(call.first, call.end)
    read = set().union(*(tape.inputs[entry] for entry in inside)).difference(inside)
    for entry in sorted(read.intersection(lines.values) - lines.forward):
        own = lines.values[entry]
        for source, true in lines.true.items():
            if true[0].shape == own[0].shape and own[0].shape and multiple(own, true) is None:
                changed = lines.replay.carried({entry: true}, known, lines.others(repair))
                if changed and lines.mends(changed, repair):
                    place = tape.notes[entry].place
                    yield Repair(place, (entry,), (source,), repair.mended), changed


def _of_given(
    lines: Lines, repair: Repair, call: _Call, calls: Sequence[_Call]
) -> Iterator[tuple[Repair, Changes]]:
    """Yield repairs of a call that is given no gradient of what other calls are given those of."""
    tape, known = lines.truth.tape, lines.without(repair)
    inside = [entry for entry in lines.backward if call.first <= entry < call.end]
    others = [dict(other.given) for other in calls if other.begun == call.begun and other != call]
    for name, entry in call.given if call.caller else ():
        users = [user for user in inside if entry in tape.inputs[user]]
        given = {other[name] for other in others if name in other}.intersection(lines.values)
        right = {tape.notes[source].place for one in given for source, _ in lines.factors(one)}
        own = lines.value(entry) if users and right else []
        for source, true in lines.true.items() if own else ():
            alike = source[1] == ALL and tape.notes[source[0]].place in right
            if alike and true[0].shape == own[0].shape and not right_value(own, true, exact=False):
                changed = lines.replay.renaming({entry: (users, true)}, known)
                if changed and call.caller and lines.mends(changed, repair):
                    yield moved(call.caller.place, repair.entries, [repair]), changed


def _wrong(lines: Lines, repair: Repair) -> list[int]:
    """Return the entries of a repair that are wrong as such; none of updates and of arguments."""
    whole = not (repair.renamed or repair.updated or repair.argument)
    return list(filter(lines.is_wrong, repair.entries)) if whole else []


def blame_functions(lines: Lines) -> None:
    """Put a repair of a function in the place of repairs of calls whose gradients it leaves out."""
    anew = {entry: repair for repair in lines.repairs for entry in repair.renamed}
    functions: dict[str, dict[int, _Call]] = {}
    for call in _calls(lines.truth.tape) if anew else ():
        for result in call.results:
            if result.entry in lines.values and call.first <= result.entry < call.end:
                functions.setdefault(call.function, {})[result.entry] = call
    for calls in functions.values():
        places = {lines.truth.tape.notes[entry].place for entry in calls}
        if not anew.keys() >= calls.keys() or len(places) > 1:
            continue
        if all(_leaves_out(lines, call, entry) for entry, call in calls.items()):
            repairs = list(dict.fromkeys(anew[entry] for entry in calls))
            right = {entry: lines.replay.renamed.pop(entry)[0][1] for entry in calls}
            merged = moved(places.pop(), calls, repairs)
            lines.put(merged, repairs, lines.current | right)


def given_by_others(lines: Lines, repair: Repair) -> bool:
    """Whether other functions, given the same, would have made all that a repair puts right."""
    calls = _calls(lines.truth.tape)
    wrong = filter(lines.is_wrong, repair.entries if not repair.renamed else ())
    chosen = [_call_of(calls, entry) for entry in wrong]
    return bool(chosen) and all(call and _by_another(lines, call, calls) for call in chosen)


def _by_another(lines: Lines, call: _Call, calls: Sequence[_Call]) -> bool:
    """Whether another function gives what a call should have given."""
    given, wanted = dict(call.given), lines.right_value(call.results[0].entry)
    for other in calls:
        names = dict(other.given)
        if other.function == call.function or names.keys() != given.keys() or not given:
            continue
        taken = {entry: lines.value(given[name]) for name, entry in names.items()}
        changed = lines.replay.carried(taken, {}, last=other.end - 1)
        new = (changed or {}).get(other.results[0].entry)
        if new and wanted and right_value(new, wanted, exact=True):
            return True
    return False


def _leaves_out(lines: Lines, call: _Call, result: int) -> bool:
    """Whether a function makes no use of an argument that is as large as its result."""
    tape = lines.truth.tape
    read = {one for entry in range(call.first, call.end) for one in tape.inputs[entry]}
    same = (entry for _, entry in call.given if tape.shape(entry) == tape.shape(result))
    return any(entry not in read for entry in same)


def _calls(tape: Tape, every: bool = False) -> list[_Call]:
    """Return the calls whose results got names, in the order in which they began.

    Of ``every`` call those, too, that give nothing a name.
    """
    frames: dict[int, list[Binding]] = {}
    for binding in tape.bindings:
        frames.setdefault(binding.frame, []).append(binding)
    named: dict[int, list[Binding]] = {}
    for binding in tape.bindings:
        named.setdefault(binding.entry, []).append(binding)
    found = []
    for frame, own in frames.items():
        first, last = own[0], own[-1]
        results = {b.entry for b in own if b.name.startswith("return ") and b.when == last.when}
        later = (next(_after(named[entry], last), None) for entry in results)
        outer = tuple(filter(None, later))
        if frame and (outer or every):
            given = [b for b in own if b.place == first.place and b.name.isidentifier()]
            pairs = tuple((b.name, b.entry) for b in given)
            caller = tape.callers.get(frame)
            function = caller.function if caller else ""
            if outer:  # whose place is that of all of the statement
                caller = Caller(function, outer[0].frame, outer[0].place)
            ends = first.when, last.when
            found.append(_Call(function, frame, first.place, *ends, pairs, outer, caller))
    return found


def _after(names: Iterable[Binding], last: Binding) -> Iterator[Binding]:
    """Yield the names that are given behind a function's last one, by others."""
    return (b for b in names if b.frame != last.frame and b.when >= last.when)


def _around(calls: Sequence[_Call], entry: int) -> list[_Call]:
    """Return the calls that have computed an entry, the innermost first."""
    inside = (call for call in calls if call.first <= entry < call.end)
    return sorted(inside, key=lambda call: (-call.first, call.end))


def _call_of(calls: Sequence[_Call], entry: int) -> _Call | None:
    """Return the innermost call that has computed an entry."""
    return next(iter(_around(calls, entry)), None)


def _elsewhere(lines: Lines, repair: Repair, call: _Call, calls: Sequence[_Call]) -> bool:
    """Whether the line of a repair is carried out in another call of the same function."""
    around = (_around(calls, entry) for entry in lines.places.get(repair.place, ()))
    return any(one != call and one.begun == call.begun for own in around for one in own)


def _of_call(
    lines: Lines, repairs: Sequence[Repair], call: _Call, unnamed: bool = False
) -> Iterator[tuple[Repair, Changes]]:
    """Yield repairs of the call instead, by another argument, with what changes by them.

    Where only ``unnamed`` ones may be wrong, those that have a name in the call are right.
    """
    if call.caller is None or any(repair.renamed for repair in repairs):
        return  # which would stay mended by their names
    tape, others = lines.truth.tape, lines.without(*repairs)
    mended = frozenset().union(*(repair.mended for repair in repairs))
    inside = [entry for entry in lines.backward if call.first <= entry < call.end]
    reads = {entry: tape.read_at(tape.notes[entry].place) for entry in inside}
    names = {
        binding.entry
        for binding in tape.bindings
        if binding.when <= call.first and binding.frame in (0, call.caller.frame)
    }
    for name, entry in call.given:
        if unnamed and (entry in names or entry not in lines.backward):
            continue
        reading = [one for one in inside if entry in tape.inputs[one]]
        users = [one for one in reading if not reads[one] or name in reads[one]] or reading
        shape = tape.shape(entry)
        for text, values in _in_sight(lines, call, others) if users and shape else ():
            if values[0].shape != shape:
                continue
            changed = lines.replay.renaming({entry: (users, values)}, others)
            if changed is None or not lines.mends(changed, *repairs):
                continue
            argument = Argument(call.function, name, text)
            if not call.results:
                made = moved(call.caller.place, repairs[0].entries, repairs)
                yield made._replace(argument=argument), changed
            for result in call.results:
                new = changed.get(result.entry)
                if new is not None and not right_value(lines.values[result.entry], new, True):
                    sources = (*lines.standing.compared(new), *repairs[0].stands_for)[:1]
                    own = (result.place, (result.entry,), sources, mended)
                    yield Repair(*own, argument=argument), changed


def _in_sight(lines: Lines, call: _Call, known: Changes) -> Iterator[tuple[str, Values]]:
    """Yield what has a name where a function is called, and its transposes."""
    truth, here = lines.truth, call.caller.frame if call.caller else 0
    found: dict[str, int] = {}
    for binding in truth.tape.bindings:
        if binding.when > call.first or binding.frame == call.frame:
            break
        if binding.frame in (0, here) and not binding.name.startswith("return "):
            found[binding.name] = binding.entry
    for name, entry in reversed(found.items()):
        node = truth.graph.nodes.get(entry)
        if node is not None and np.asarray(truth.tape.values[entry]).dtype.kind == "f":
            values = known.get(entry) or truth.numbers(node)
            yield name, values
            if values[0].ndim == 2:
                yield f"{name}.T", [value.T for value in values]
