"""Finds where a value is handed on as it is: a line that should have made something of it."""

from __future__ import annotations

from collections.abc import Iterable

from bptui.trace.tape import Binding


def handed_on(bindings: Iterable[Binding], entry: int, last: int) -> int | None:
    """Return the place of the last statement before ``last`` that only names an entry anew.

    A value that is right, but of something else, became wrong where it got another name. What a
    call returns, and what it is given, get no name by that.
    """
    found: int | None = None
    frames: set[int] = set()
    made: set[int] = set()  # frames in which it was computed or came back from a call
    before: Binding | None = None
    latest: Binding | None = None
    given = False
    for binding in bindings:
        if binding.when > last:
            break
        same = given and before is not None and before.place == binding.place
        given = same or binding.frame not in frames
        frames.add(binding.frame)
        before = binding
        if binding.entry == entry:
            if not given:
                first = binding.when <= entry + 1 and found is None and not made
                result = latest is not None and _is_return(latest)
                if not first and not result and not (_is_return(binding) and binding.frame in made):
                    found = binding.place
                made.add(binding.frame)
            latest = binding
    return found


def _is_return(binding: Binding) -> bool:
    return binding.name.startswith("return ")
