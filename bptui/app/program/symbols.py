"""What the quantities of a program are called in formulas: by its own names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from bptui.explain.expression import Quantity
from bptui.explain.symbols import Place, Symbols

PLAIN = re.compile(r"(dL/d ?)?[\w.]+(\[[\w'\"]+\])*")
"""Names that need no brackets."""
COUNTED = re.compile(r" \(\d+\)$")
"""Behind the name of an attribute that several objects have."""
APART = re.compile(r" \((([^()]+, )?(line|shape|no\.) [\dx]+|given)\)$")
"""Behind a name that several values in one explanation have."""


@dataclass(frozen=True)
class ProgramSymbols(Symbols):
    """The program's own names: ``called`` gives that of each quantity."""

    called: Mapping[str, str] = field(default_factory=dict)
    row: ClassVar[str] = "row"  # whether that is a sample or a unit, nobody knows
    column: ClassVar[str] = "column"

    @cached_property
    def places(self) -> dict[str, Place]:
        return {}

    def text(self, quantity: Quantity) -> str:
        name = self.called.get(quantity.name, quantity.name)
        if not quantity.index:
            return name
        bare = APART.sub("", name)
        whole = bare if PLAIN.fullmatch(bare) else f"({bare})"
        return f"{whole}[{', '.join(map(str, quantity.index))}]{name[len(bare) :]}"

    def code(self, name: str) -> str:
        name = self.called.get(name, name)
        if name.startswith("dL/d") or APART.search(name):
            return re.sub(r"\W+", "_", name).strip("_")
        name = COUNTED.sub("", name)
        return name if PLAIN.fullmatch(name) else f"({name})"
