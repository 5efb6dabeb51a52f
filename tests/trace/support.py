"""Runs programs with and without a recorder."""

import ast
import contextlib
import io
import json
import random
import re
from pathlib import Path

import numpy as np

from bptui.check.program.outlook import Outlook
from bptui.core.graph.node import evaluate
from bptui.trace.judge.judge import Verdict, judge
from bptui.trace.judge.repair import Repair
from bptui.trace.mend.origins import blame_origins
from bptui.trace.mend.should_be import View, view_of
from bptui.trace.record.instrument import instrumented
from bptui.trace.record.operators import PROGRAM
from bptui.trace.record.recorder import Recorder
from bptui.trace.record.recording import Enough
from bptui.trace.source import Source
from bptui.trace.step.lowering import Lowered, given_values
from bptui.trace.tape import Tape, callers

ENTRIES = 3000
"""The longest tape of a program that is judged: a few training steps."""
PROGRAMS = Path(__file__).parent / "programs"
TRUTH = json.loads((PROGRAMS / "given" / "truth.json").read_text("utf-8"))
HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@")


def source_of(folder: str, name: str) -> str:
    """Return a given program's text, or the same ``fixed``; of a notebook the code of its cells."""
    text = (PROGRAMS / "given" / name).read_text("utf-8")
    if name.endswith(".ipynb"):
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        lines = "\n".join("".join(cell["source"]) for cell in cells).splitlines()
        text = "\n".join("pass" if line.startswith(("%", "!")) else line for line in lines)
    return text if folder == "given" else fixed(text, name)


def fixed(text: str, name: str) -> str:
    """Return a program without its mistakes, as ``programs/fixed.diff`` has it."""
    old, new, at = text.splitlines(), list[str](), 0
    of_all = (PROGRAMS / "fixed.diff").read_text("utf-8").partition(f"+++ fixed/{name}\n")[2]
    for line in of_all.partition("\n--- ")[0].splitlines():
        if hunk := HUNK.fullmatch(line):
            first, count = int(hunk[1]), int(hunk[2] or 1)
            new += old[at : first - (count > 0)]
            at = first - (count > 0)
        elif line[0] == "+":
            new.append(line[1:])
        else:
            assert line[1:] == old[at]
            at += 1
    return "\n".join([*new, *old[at:]]) + "\n"


class Run:
    """One run of a program: what it has printed, its names, and what was recorded of it."""

    def __init__(self, source: str, recorded: bool = True, limit: int = 10**9) -> None:
        self.names: dict[str, object] = {"__name__": "__main__"}
        self.recorder = Recorder(limit)
        self.error = ""
        np.random.seed(1)
        random.seed(1)
        code: ast.Module | str = source
        self.places: list[tuple[int, int, int, int]] = []
        if recorded:
            code, positions = instrumented(source, "program.py")
            self.places = positions.places
            self.names[PROGRAM] = self.recorder
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), np.errstate(all="ignore"):
            try:
                exec(compile(code, "program.py", "exec", dont_inherit=True), self.names)
            except Enough:
                pass
            except Exception as error:
                self.error = f"{type(error).__name__}: {error}"
        self.printed = printed.getvalue()


def unknown_to_graph(recorder: Recorder) -> set[str]:
    """Compare what was recorded with its graph, entry by entry; what the graph has no rule for."""
    lowered = Lowered(recorder.tape, recorder.values, lambda place: 0)
    nodes = {entry: lowered.node(entry) for entry in range(len(recorder.tape))}
    values = evaluate(nodes.values(), given_values(lowered))
    for entry, node in nodes.items():
        value, recorded = values[node], np.asarray(recorder.values[entry])
        close = 1e-3 if recorded.dtype == np.float32 else 1e-6
        assert recorded.shape == np.shape(value), recorder.tape[entry]
        assert np.allclose(
            value.astype(recorded.dtype), recorded, rtol=close, atol=close, equal_nan=True
        ), f"{recorder.tape[entry]}: {value} for {recorded}"
    return set(lowered.unknown.values())


class Judged:
    """A program that was run and judged."""

    def __init__(self, text: str, file: Path = Path("net.py"), call: str | None = None) -> None:
        self.text = text
        tree, positions = instrumented(text + (f"\n_ = {call}\n" if call else ""), str(file))
        self.recorder, self.places = Recorder(ENTRIES), positions.places
        known = {"__name__": "__main__", "__file__": str(file), PROGRAM: self.recorder}
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.suppress(Enough),
            np.errstate(all="ignore"),
        ):
            exec(compile(tree, str(file), "exec"), known)
        source = Source(text)
        tape = Tape(
            self.recorder.tape,
            self.recorder.values,
            self.recorder.bindings,
            lambda place: source.read_at(self.places[place]) if self.line(place) else (),
            self.recorder.compared,
            callers(self.recorder.callers, [(str(file), place[0]) for place in self.places]),
        )
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

    def remarks(self) -> list[str]:
        """Return what is said of a right program that does not learn."""
        bindings = reversed(self.recorder.bindings)
        names = {b.entry: b.name for b in bindings if not b.name.startswith("return ")}
        assert self.verdict.right
        return Outlook(self.verdict, names.get).remarks()

    def view(self, repair: Repair) -> View | None:
        """Return what is known where a line is wrong."""
        return view_of(Source(self.text), self.recorder, self.places, self.verdict.lines, repair)

    @property
    def told(self) -> list[str | None]:
        """What should stand in the wrong lines, where that is known."""
        return [self.view(each).should_be(each) for each in self.verdict.lines.repairs]

    def mended(self) -> str:
        """Return the program with its wrong lines as they should stand."""
        source, rows = Source(self.text), self.text.splitlines()
        blame_origins(self.verdict.lines, self.view)
        for repair in self.verdict.lines.repairs:
            statement = source.statement(self.line(repair.place))
            view = self.view(repair)
            said = view and view.should_be(repair)
            assert said is not None
            first, last = statement.lineno - 1, statement.end_lineno or statement.lineno
            indent = rows[first][: statement.col_offset]
            rows[first:last] = [indent + said] + [""] * (last - first - 1)
        return "\n".join(rows) + "\n"
