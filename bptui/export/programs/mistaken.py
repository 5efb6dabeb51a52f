"""Statements of a program that a mistake can change, with the right one beside the wrong one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from typing import TypeAlias

from bptui.export.programs.lines import comment

Mistakes: TypeAlias = Set[str]
Statement: TypeAlias = Callable[[Mistakes], str]
"""The statement as it stands where these mistakes are made."""


def guilty(statement: Statement, mistakes: Iterable[str]) -> list[str]:
    """Those of the ``mistakes`` that make ``statement`` another than the right one."""
    made = tuple(mistakes)
    right, mistaken = statement(frozenset()), statement(frozenset(made))
    if right == mistaken:
        return []
    needed = [each for each in made if statement(frozenset(made) - {each}) != mistaken]
    # two that do the same thing: neither is needed, both are to blame
    return needed or [each for each in made if statement(frozenset({each})) != right]


class Marker:
    """Writes statements, the wrong ones below the right ones, and notes which mistakes showed."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        self.mistakes = mistakes
        self.shown: set[str] = set()

    def lines(self, statement: Statement) -> list[str]:
        """``statement`` as trained; above a wrong one the mistakes' names and the correct one."""
        made = guilty(statement, self.mistakes)
        mistaken = statement(frozenset(self.mistakes))
        if not made:
            return [mistaken]
        self.shown.update(made)
        right = statement(frozenset())
        return [*comment(f"MISTAKE {', '.join(made)}; should be:"), f"# {right}", mistaken]
