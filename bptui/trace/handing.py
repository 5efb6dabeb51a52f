"""Finds where a value is handed on as it is: a line that should have made something of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bptui.trace.tape import Binding, Value


def handed_on(bindings: Iterable[Binding], last: Mapping[int, int]) -> dict[int, list[Binding]]:
    """Return for entries the statements before ``last`` that only name them anew, in order.

    A value that is right, but of something else, became wrong where it got another name. What a
    call returns, and what it is given, get no name by that.
    """
    found: dict[int, list[Binding]] = {}
    frames: set[int] = set()
    made: dict[int, set[int]] = {}  # frames in which one was computed or came back from a call
    results: set[tuple[int, int]] = set()  # what came back from a call, and the frame it came to
    latest: dict[int, Binding] = {}
    held: set[tuple[int, Value]] = set()  # entries with the lists and dicts that hold them
    before: Binding | None = None
    given = False
    for binding in bindings:
        same = given and before is not None and before.place == binding.place
        given = same or binding.frame not in frames
        frames.add(binding.frame)
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
            result = entry in latest and _is_return(latest[entry])
            if result:
                results.add((entry, binding.frame))
            own_return = _is_return(binding) and binding.frame in own
            again = own_return and (entry, binding.frame) in results and entry not in found
            if not first and not result and (again or not own_return):
                found.setdefault(entry, []).append(binding)
            own.add(binding.frame)
        latest[entry] = binding
    return found


def _is_return(binding: Binding) -> bool:
    return binding.name.startswith("return ")
