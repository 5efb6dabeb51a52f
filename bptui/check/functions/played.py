"""Calls a user's function and tells what it gave; runs in the user's Python, beside the function.

Code that is recorded calls it with these, so that what comes back keeps its identity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bptui.check.functions.reading import Reader, Reading, Value, plain

if TYPE_CHECKING:
    from bptui.trace.record.session import Session

WHOLE = {"W1": "weights", "b1": "biases"}
"""What a list of parameters is called, by its first member."""
AGAIN = -1
"""Stands for a case, of the first call when it is made once more."""
Arrays = dict[str, "np.ndarray[Any, np.dtype[Any]]"]


class Played:
    """The calls of one function in a recorded session, in the order in which they are made.

    Its request has the ``cases`` and what the function ``takes``.
    """

    def __init__(self, session: Session) -> None:
        self.request, self.session = session.request["function"], session
        self.told: list[dict[str, Any]] = []
        self.given = [copied(case["given"]) for case in self.request["cases"]]
        """What parameters begin with that calls update, some of them in place."""
        self.reader = Reader(self.request["function"], self.request["cases"][0]["right"])
        self.reading, self.began = Reading(), False

    def taken(self, case: int, arrays: Arrays) -> list[Value]:
        """Return the arguments of a call on arrays of its own."""
        self.began, self.case, self.begin = True, case, len(self.session.recorder.tape)
        self.before = copied(arrays)
        values: dict[str, Value] = {**arrays, "rate": self.request["cases"][case]["rate"]}
        self.arguments: list[Value] = [
            values[one] if isinstance(one, str) else [values[name] for name in one]
            for one in self.request["takes"]
        ]
        return self.arguments

    def read(self, result: Value) -> dict[str, Value]:
        """Tell what a call gave, and return it by name."""
        after, damaged = self._after(), list[str]()
        for one in self.request["takes"]:
            names = [one] if isinstance(one, str) else one
            # the parameters are a step's own
            given = one in ("x", "t") or self.request["function"] == "gradients"
            if given and not all(self._is_kept(name, after) for name in names):
                damaged.append(one if names == [one] else WHOLE[names[0]])
        parameters = {name: after[name] for name in after if name not in ("x", "t")}
        self.reader.right = self.request["cases"][self.case]["right"]
        reading = self.reading = self.reader.read(plain(result), parameters)
        self.told.append(
            {
                "case": self.case,
                "begin": self.begin,
                "given": self.before,
                "found": copied(reading.quantities),
                "entries": {
                    name: self.session.recorder.entry_of(value)
                    for name, value in reading.values.items()
                    if self.session.recorder.is_known(value)
                },
                "damaged": damaged,
                "notes": reading.notes,
                "spoiled": reading.spoiled,
                "misshapen": bool(reading.misshapen),
                "precision": reading.precision,
            }
        )
        return reading.values

    def _after(self) -> dict[str, Value]:
        """Return what the arguments are now, by name, but for lists of another length."""
        found: dict[str, Value] = {}
        for one, value in zip(self.request["takes"], self.arguments, strict=True):
            if isinstance(one, str):
                found[one] = value
            elif isinstance(value, list) and len(value) == len(one):
                found |= zip(one, map(plain, value), strict=True)
        found.pop("rate", None)
        return found

    def _is_kept(self, name: str, after: Mapping[str, Value]) -> bool:
        return name in after and np.array_equal(after[name], self.before[name], equal_nan=True)

    # without a tape

    def again(self, function: Callable[..., Value]) -> None:
        """Make the very first call once more."""
        self.play(0, function)
        self.told[-1]["case"] = AGAIN

    def play(self, case: int, function: Callable[..., Value]) -> None:
        """Call the function on a case, once, and tell how that went."""
        try:
            self.read(function(*self.taken(case, copied(self.request["cases"][case]["given"]))))
        except Exception as error:
            self.told.append({"case": case, "begin": self.begin, **self.session.told(error)})


def copied(arrays: Arrays) -> Arrays:
    """Return arrays that stay as they are, whatever code makes of these."""
    return {name: np.array(array) for name, array in arrays.items()}
