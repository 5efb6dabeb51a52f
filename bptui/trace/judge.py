"""Judges a recorded program: the first training step that goes wrong, and its first wrong lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bptui.trace.lines import Lines
from bptui.trace.recorder import Note
from bptui.trace.truth import StepTruth
from bptui.trace.updates import Tape, TrainingStep, training_steps

LOOKED_AT = 2
"""Steps from the first one on: gradients that are never cleared are right only in the first."""


@dataclass
class Verdict:
    step: TrainingStep
    number: int
    """Of the training step, from 1."""
    lines: Lines
    broadcast: list[int]
    """Places where a column and a row of the same length became a square by broadcasting."""

    @property
    def right(self) -> bool:
        return not self.broadcast and all(match is not None for match in self.lines.judged.matches.values())


def judge(tape: Tape, turns: Sequence[tuple[int, int]], lines: Callable[[int], int], first: int = 0) -> Verdict | None:
    """Return the verdict; None where no training step with a loss was recorded."""
    verdict: Verdict | None = None
    for number, step in enumerate(training_steps(tape)[first : first + LOOKED_AT], first + 1):
        truth = StepTruth(tape, step, lines)
        tried: list[Lines] = []
        for judged in truth.likely():
            made = Lines(truth, judged, turns)
            made.find()
            tried.append(made)
        if not tried:
            break
        best = min(tried, key=lambda each: (len(each.wrong), len(each.repairs)))
        found = Verdict(step, number, best, squares(tape, truth.dependent))
        verdict = verdict or found
        if not found.right:
            return found
    return verdict


def squares(tape: Tape, entries: set[int]) -> list[int]:
    """Return the places where (n, 1) and (n,) met: the result is (n, n), and never meant."""
    found: list[int] = []
    for entry in sorted(entries):
        note = tape.notes[entry]
        if note.call in ("add", "subtract", "multiply", "divide") and note.place not in found:
            shapes = [tape.shape(each) for each in _operands(note)]
            if len(shapes) == 2 and sorted(map(len, shapes)) == [1, 2]:
                row, column = sorted(shapes, key=len)
                if column == (row[0], 1) and row[0] > 1:
                    found.append(note.place)
    return found


def _operands(note: Note) -> list[int]:
    return [each.entry for each in note.arguments if hasattr(each, "entry")]
