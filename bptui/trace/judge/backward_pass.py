"""What belongs to a recorded backward pass, and what in it is beyond doubt."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bptui.trace.step.truth import StepTruth
from bptui.trace.tape import Binding, Tape, Value

MANY_TURNS = 1000


def aside(truth: StepTruth, forward: Collection[int], behind: Collection[int]) -> set[int]:
    """Return what is computed in the step behind updates, but of data alone.

    A gradient that was meant to depend on the parameters may be there; what is there before the
    forward pass, or is a number that a change is multiplied with, as a rate, is none.
    """
    tape, dependent = truth.tape, truth.dependent
    computed = dependent - {p.before for p in truth.parameters}
    first = max(truth.step.first, min(computed, default=0))
    known = tape.behind(forward) | dependent
    found: set[int] = set()
    changes = {entry for p in truth.parameters for entry in tape.inputs[p.after]} & dependent
    stack = list(dependent.intersection(behind) - set(forward))
    while stack:
        user = stack.pop()
        for entry in tape.inputs[user]:
            made = tape.inputs[entry] and tape.notes[entry].call != "float"  # [0.0] * 3 is empty
            rate = user in changes and not tape.shape(entry)
            if entry > first and made and entry not in known and not rate:
                known.add(entry)
                found.add(entry)
                stack.append(entry)
    return found


def computed_again(truth: StepTruth, forward: Collection[int], backward: Sequence[int]) -> set[int]:
    """Return the entries of the backward pass that are values of the forward pass.

    Where a target is 0, ``out - target`` is the output again by chance.
    """
    nodes, tape = truth.graph.nodes, truth.tape

    def number(entry: int) -> tuple[tuple[int, ...], bytes]:
        first = truth.numbers(nodes[entry])[0]
        return first.shape, first.tobytes()

    def by_chance(entry: int) -> bool:
        given = tape.inputs[entry] if tape.notes[entry].call in ("add", "subtract") else ()
        return any(number(entry) == number(one) for one in given if one in nodes)

    known = {number(entry) for entry in forward}
    return {entry for entry in backward if number(entry) in known and not by_chance(entry)}


def settled_by(tape: Tape, backward: Sequence[int], known: Mapping[int, object]) -> set[int]:
    """Return the entries that are known gradients, or of which only such are computed."""
    used: dict[int, list[int]] = {}
    for entry in backward:
        for one in tape.inputs[entry]:
            used.setdefault(one, []).append(entry)
    settled = {entry for entry in backward if known[entry]}
    for entry in reversed(backward):
        if entry in used and settled.issuperset(used[entry]):
            settled.add(entry)
    return settled


def turns_with_both(
    turns: Sequence[tuple[int, int]], forward: Collection[int], backward: Sequence[int]
) -> list[int]:
    """Return where the turns begin of the outermost loop that goes forward and back in each."""
    loops: dict[int, list[int]] = {}
    first = min([*forward, *backward], default=0)
    last = max(backward, default=0)
    for when, place in turns:
        if first - 1 <= when <= last:
            loops.setdefault(place, []).append(when)
    for starts in sorted(loops.values(), key=lambda found: found[0]):
        if 2 <= len(starts) <= MANY_TURNS:
            spans = list(zip(starts, [*starts[1:], last + 1], strict=True))
            if all(
                any(start <= entry < end for entry in part)
                for start, end in spans
                for part in (forward, backward)
            ):
                return starts
    return []


def handed_on(tape: Tape, last: Mapping[int, int]) -> dict[int, list[Binding]]:
    """Return for entries the statements before ``last`` that only name them anew, in order.

    A value that is right, but of something else, became wrong where it got another name. What a
    call returns, and what it is given, get no name by that.
    """
    found: dict[int, list[Binding]] = {}
    statements: dict[int, tuple[int, int, int]] = {}
    """When each frame gave names last, with the last name before those, and the last of them."""
    made: dict[int, set[int]] = {}  # frames in which one was computed or came back from a call
    results: set[tuple[int, int]] = set()  # what came back from a call, and the frame it came to
    latest: dict[int, tuple[int, Binding]] = {}
    held: set[tuple[int, Value]] = set()  # entries with the lists and dicts that hold them
    before: Binding | None = None
    given = False
    for count, binding in enumerate(tape.bindings):
        same = given and before is not None and before.place == binding.place
        given = same or (binding.frame not in statements and not tape.read_at(binding.place))
        when, end, near = statements.get(binding.frame, (binding.when, -1, -1))
        end = end if when == binding.when else near
        statements[binding.frame] = binding.when, end, count
        before, entry = binding, binding.entry
        if binding.when > last.get(entry, -1):
            continue
        own = made.setdefault(entry, set())
        if binding.location[0] == "item":  # another name of the list or dict that holds it
            holder = (entry, binding.location[1])
            if holder in held:
                continue
            held.add(holder)
        if not given:
            once = binding.when <= entry + 1 or _is_return(binding)  # of several values, the first
            first = once and entry not in latest
            since, former = latest.get(entry, (-1, binding))
            result = since > end and _is_return(former)  # by a call in this statement
            if result:
                results.add((entry, binding.frame))
            own_return = _is_return(binding) and binding.frame in own
            again = own_return and (entry, binding.frame) in results and entry not in found
            if not first and not result and (again or not own_return):
                found.setdefault(entry, []).append(binding)
            own.add(binding.frame)
        latest[entry] = count, binding
    return found


def _is_return(binding: Binding) -> bool:
    return binding.name.startswith("return ")
