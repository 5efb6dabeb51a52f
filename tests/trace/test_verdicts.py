"""Verdicts on whole programs: right or wrong, first wrong lines, lines as they should be."""

import contextlib
import io
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from bptui.trace.instrument import RECORDER, instrumented
from bptui.trace.judge import Verdict, judge
from bptui.trace.recorder import Enough, Recorder
from bptui.trace.should_be import should_be
from bptui.trace.source import Source
from bptui.trace.updates import Tape

PROGRAMS = Path(__file__).parent / "programs"
GIVEN = json.loads((PROGRAMS / "given" / "truth.json").read_text())
WRONG = sorted(name for name, truth in GIVEN.items() if not truth["right"])
RIGHT = sorted(
    [("given", name) for name, truth in GIVEN.items() if truth["right"]]
    + [("fixed", name) for name in WRONG]
)
ENTRIES = 3000


class Judged:
    """A program that was run and judged."""

    def __init__(self, text: str, file: Path, call: str | None) -> None:
        self.text = text
        tree, positions = instrumented(text + (f"\n_ = {call}\n" if call else ""), str(file))
        self.recorder, self.places = Recorder(ENTRIES), positions.places
        known = {"__name__": "__main__", "__file__": str(file), RECORDER: self.recorder}
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.suppress(Enough),
            np.errstate(all="ignore"),
        ):
            exec(compile(tree, str(file), "exec"), known)
        tape = Tape(self.recorder.tape, self.recorder.values, self.recorder.bindings)
        verdict = judge(tape, self.recorder.turns, self.line)
        assert verdict is not None
        self.verdict: Verdict = verdict

    def line(self, place: int) -> int:
        return self.places[place][0] if place >= 0 else 0

    @property
    def first_wrong(self) -> set[int]:
        places = [repair.place for repair in self.verdict.lines.repairs]
        return {self.line(place) for place in [*places, *self.verdict.broadcast]}

    @property
    def follows(self) -> set[int]:
        notes = self.recorder.tape
        entries = self.verdict.lines.follows
        return {self.line(notes[entry].place) for entry in entries} - self.first_wrong

    def mended(self) -> str:
        """Return the program with its wrong lines as they should stand."""
        source, rows = Source(self.text), self.text.splitlines()
        for repair in self.verdict.lines.repairs:
            statement = source.statement(self.line(repair.place))
            assert statement is not None
            said = should_be(source, self.recorder, self.places, self.verdict.lines, repair)
            assert said is not None
            first, last = statement.lineno - 1, statement.end_lineno or statement.lineno
            indent = rows[first][: statement.col_offset]
            rows[first:last] = [indent + said] + [""] * (last - first - 1)
        return "\n".join(rows) + "\n"


def text_of(file: Path) -> str:
    if file.suffix == ".py":
        return file.read_text()
    cells = [cell for cell in json.loads(file.read_text())["cells"] if cell["cell_type"] == "code"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    return "\n".join("pass" if row.startswith(("%", "!")) else row for row in text.splitlines())


@cache
def judged(folder: str, name: str) -> Judged:
    file = PROGRAMS / folder / name
    return Judged(text_of(file), file, GIVEN[name].get("call"))


@pytest.mark.parametrize(("folder", "name"), RIGHT)
def test_no_right_program_is_accused(folder: str, name: str) -> None:
    program = judged(folder, name)
    assert program.verdict.right
    assert not program.first_wrong
    assert not program.follows


@pytest.mark.parametrize("name", WRONG)
def test_the_first_wrong_line_is_where_the_mistake_is(name: str) -> None:
    program, truth = judged("given", name), GIVEN[name]
    assert not program.verdict.right
    here = {*truth["first_wrong_lines"], *truth.get("acceptable_lines", [])}
    assert program.first_wrong
    assert program.first_wrong <= here
    kinds = ("follows_lines", "passes_on_lines", "update_lines")
    assert program.follows <= here.union(*(truth.get(kind, []) for kind in kinds))


@pytest.mark.parametrize("name", sorted(set(WRONG) - {"line_fit.py"}))
def test_the_line_as_it_should_be_makes_the_program_right(name: str) -> None:
    program = judged("given", name)
    mended = Judged(program.mended(), PROGRAMS / "given" / name, GIVEN[name].get("call"))
    assert mended.verdict.right
