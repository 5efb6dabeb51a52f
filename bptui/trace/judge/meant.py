"""What right gradients may be meant as instead: what their names or shapes tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bptui.trace.judge.candidates import ALL, Source
from bptui.trace.step.multiples import multiple_as_it_is

if TYPE_CHECKING:  # which looks for what is wrong by this
    from bptui.trace.judge.wrong_lines import Lines


def short(name: str) -> str:
    """Return a name without objects and underscores: ``dh`` of self.grad_h and of grads['dh']."""
    name = name.removesuffix("']").rpartition(".")[2].rpartition("['")[2]
    return name.replace("_", "").lower().replace("grad", "d")


class Meant:
    """Tells values that are right gradients, but may not be those that are meant."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.names: dict[int, str] = {}
        """The first names of entries."""
        self.anew: dict[tuple[int, int], str] = {}  # by the places that give them, too
        self.frames: dict[int, int] = {}
        """The calls of functions that give the first names."""
        for binding in lines.truth.tape.bindings:
            if not binding.name.startswith("return "):
                name = short(binding.name)
                self.anew[binding.entry, binding.place] = name
                self.names.setdefault(binding.entry, name)
                self.frames.setdefault(binding.entry, binding.frame)

    def called(self, entry: int, source: Source, anew: int | None = None) -> bool:
        """Whether something else's gradient is called that of h, as dh: if ``anew``, where.

        So may a path's part of it be, where h has its name, too.
        """
        of, own, here = self.names.get(source[0]), self.names.get(entry), self.frames.get
        factors = self.lines.factors(entry)
        if anew is not None:  # and that of one value may have the wrong sign for another
            own, sign = self.anew.get((entry, anew)), self.lines.first_factor(entry) or 1.0
            factors = {one: factor for one, factor in factors.items() if factor * sign > 0.0}
        known = {
            self.names.get(one) for one, part in factors if part < 0 or here(one) != here(entry)
        }
        return source[1] == ALL and of is not None and own == "d" + of and of not in known

    def turned(self, known: Mapping[int, Source]) -> bool:
        """Whether squares are transposes of true gradients of their shape, which may be meant."""
        pairs = [(self.lines.values[entry], self.lines.true[one]) for entry, one in known.items()]
        square = all(own[0].ndim == 2 and own[0].shape == true[0].shape for own, true in pairs)
        return bool(pairs) and square and not any(multiple_as_it_is(*pair) for pair in pairs)

    def reshaped(self, entry: int) -> bool:
        """Whether a reshape has a true gradient's shape, and the numbers of one of another."""
        lines, shape = self.lines, self.lines.values[entry][0].shape
        known = {lines.true[source][0].shape for source in lines.factors(entry)}
        wanted = (true[0].shape for (_, part), true in lines.true.items() if part == ALL)
        call = lines.truth.tape.notes[entry].call
        return call == "reshape" and bool(known) and shape not in known and shape in wanted
