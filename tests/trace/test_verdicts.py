"""Verdicts on whole programs: right or wrong, first wrong lines, lines as they should be."""

import ast
import math
import re

import pytest

from bptui.trace.judge.judge import judge
from bptui.trace.judge.repair import Repair
from bptui.trace.mend.origins import blame_origins
from bptui.trace.mend.should_be import View
from bptui.trace.step.overwritten import overwriting_steps
from bptui.trace.step.training_steps import training_steps
from bptui.trace.step.truth import StepTruth
from bptui.trace.tape import Note, Tape, Value
from tests.export.test_derived import check_written
from tests.trace.kinds import HEAD, program
from tests.trace.support import PROGRAMS, TRUTH, Judged, Run, source_of, unknown_to_graph

RIGHT, WRONG = (
    sorted(name for name, truth in TRUTH.items() if truth["right"] is right)
    for right in (True, False)
)


def judged(name: str, text: str) -> Judged:
    """Judge a text in the place of a given program."""
    return Judged(text, PROGRAMS / "given" / name, TRUTH[name].get("call"))


def assert_right(name: str, text: str) -> Judged:
    """No line is accused, there is nothing to say, and the backward pass is written."""
    program = judged(name, text)
    assert program.verdict.right
    assert not program.first_wrong
    assert not program.follows
    said = program.remarks()
    if name == "all_halves.py":
        assert "equal units" in said.pop()
    assert said == []
    check_written(program, name)
    return program


def assert_recorded(name: str, program: Judged) -> None:
    """The graph gives every value; parameters are found by their updates."""
    unknown_to_graph(program.recorder)
    parameters, truth = program.verdict.step.parameters, TRUTH[name]
    lines = {program.line(binding.place) for each in parameters for binding in each.statements}
    assert sorted(lines) == truth["update_lines"]
    assert len({each.before for each in parameters}) >= len(truth["parameters"])


ROUNDS = re.compile(
    r"(?<=epochs=)\d+|(?<=iterations=)\d+|(?<=epoch in range\()\d+|\b\d{3,}(?=\):)"
    r"|(?<=train\()\d+|(?<=train\(x, y, )\d+"
)
"""How often a program goes over its data: what an update changed shows in three rounds."""


@pytest.mark.parametrize("name", TRUTH)
def test_a_recorded_program_prints_the_same(name: str) -> None:
    source = ROUNDS.sub("3", source_of("given", name))
    if call := TRUTH[name].get("call"):
        source = f"{source}\nprint({call})\n"
    recorded, alone = Run(source), Run(source, recorded=False)
    assert recorded.printed == alone.printed
    assert recorded.error == alone.error == ""


@pytest.mark.parametrize("name", RIGHT)
def test_no_right_program_is_accused_and_its_backward_pass_is_written(name: str) -> None:
    assert_recorded(name, assert_right(name, source_of("given", name)))


@pytest.mark.parametrize("name", WRONG)
def test_the_first_wrong_line_is_where_the_mistake_is_and_as_it_should_be_mends_it(
    name: str,
) -> None:
    given, fixed = (source_of(folder, name) for folder in ("given", "fixed"))
    program, truth = judged(name, given), TRUTH[name]
    assert_recorded(name, program)
    assert not program.verdict.right
    here = {*truth["first_wrong_lines"], *truth.get("acceptable_lines", [])}
    assert program.first_wrong
    assert program.first_wrong <= here
    kinds = ("follows_lines", "passes_on_lines", "update_lines")
    assert program.follows <= here.union(*(truth.get(kind, []) for kind in kinds))
    assert_right(name, fixed)
    mended = program.mended() if name != "line_fit.py" else fixed
    if ast.dump(ast.parse(mended)) != ast.dump(ast.parse(fixed)):  # else it has been judged
        assert judged(name, mended).verdict.right


def test_where_the_time_is_up_the_verdict_comes_without_the_line() -> None:
    program = judged("helper_functions.py", source_of("given", "helper_functions.py"))
    recorder = program.recorder
    tape = Tape(recorder.tape, recorder.values, recorder.bindings)
    verdict = judge(tape, recorder.turns, program.line, limit=-1.0)
    assert not verdict.right
    assert not verdict.lines.repairs
    assert program.verdict.lines.repairs


def test_no_program_is_wrong_before_numbers_nearer_to_its_own_were_tried() -> None:
    text = """
import numpy as np
rng = np.random.default_rng(0)
x, y, W, V = (rng.normal(size=size) for size in ((4, 3), (4, 2), (3, 3), (3, 2)))
W[0], W[1], x[0] = 1, -0.99999, (1, 1, 0)
for step in range(2):
    h = np.maximum(x @ W, 0)
    d = h @ V - y
    dh = d @ V.T
    for at in np.ndindex(4, 3):
        if h[at] == 0:
            dh[at] = 0
    dV, dW = h.T @ d, x.T @ dh
    V -= 0.01 * dV
    W -= 0.01 * dW
"""
    program = Judged(text)
    recorder = program.recorder
    tape = Tape(recorder.tape, recorder.values, recorder.bindings)
    first = StepTruth(tape, training_steps(tape)[0], program.line)
    assert first.drawn.undecided
    assert judge(tape, recorder.turns, program.line, limit=-1.0).right


# one edit in a line of a right program, and that this line is named
EDITS = [
    ("fixed", "all_halves.py", 9, "s * (1 - s)", "s * (s - 1)"),
    ("fixed", "attention_head.py", 33, "dS * self.scale", "dS"),
    ("fixed", "batchnorm_mlp.py", 19, "np.sum", "np.mean"),
    ("fixed", "checks_itself.py", 28, "da1 / (1 + np.exp(-z1))", "da1"),
    ("fixed", "dropout_net.py", 42, "axis=1", "axis=0"),
    ("fixed", "glyphs_sgd.py", 56, "= delta", "= zs[-1]"),
    ("fixed", "helper_functions.py", 36, "axis=1", "axis=0"),
    ("fixed", "helper_functions.py", 38, "1 / m * dZ1", "1 * dZ1"),
    ("fixed", "layers_self_update.py", 19, "lr * grad", "grad"),
    ("fixed", "leaky_layers.py", 37, "np.sum", "np.mean"),
    ("fixed", "line_fit.py", 18, "np.mean", "np.sum"),
    ("fixed", "momentum_tanh.py", 33, " * (1 - self.a1 ** 2)", ""),
    ("fixed", "next_word.py", 32, "sum", "mean"),
    ("fixed", "two_layer_notebook.ipynb", 26, "(1 - A1 ** 2)", "(A1 ** 2 - 1)"),
    ("given", "layers_softmax.py", 25, "grad * self.mask", "grad"),
    ("given", "two_layer_class.py", 38, "hidden == 0", "dhidden == 0"),
    ("given", "two_layer_class.py", 39, " + self.reg * W1", ""),
    ("given", "weights1_weights2.py", 19, "(y - self.output)", "(self.output - y)"),
    ("given", "weights1_weights2.py", 23, "np.dot(x.T, delta1)", "np.dot(y.T, delta1)"),
]


@pytest.mark.parametrize(("folder", "name", "line", "old", "new"), EDITS)
def test_the_line_that_was_edited_is_the_first_wrong_one(
    folder: str, name: str, line: int, old: str, new: str
) -> None:
    rows = source_of(folder, name).splitlines()
    assert old in rows[line - 1]
    rows[line - 1] = rows[line - 1].replace(old, new)
    program = judged(name, "\n".join(rows) + "\n")
    assert not program.verdict.right
    assert program.first_wrong == {line}


@pytest.mark.parametrize(
    "turn", ["x = x * 0.5", "y = y * 0.9; x = x + y", "v = v * 0.9; x = x * v"]
)
def test_how_much_is_read_grows_as_the_tape_does(turn: str) -> None:
    class Counted(list[Note]):
        read = 0

        def __getitem__(self, place: Value) -> Value:
            self.read += 1
            return super().__getitem__(place)

    start = "import numpy as np\nx, y, v = np.ones(3), np.ones(3), np.ones(3)\n"
    made = Run(f"{start}for turn in range(600):\n    {turn}\n").recorder
    notes = Counted(made.tape)
    overwriting_steps(Tape(notes, made.values, made.bindings))
    assert notes.read < 100 * len(notes)


def test_no_update_is_blamed_for_the_gradient_that_it_reads() -> None:
    text = """
V, y = V[:, :1], y[:, :1]
for step in range(2):
    h = np.tanh(x @ W + b)
    loss = ((h @ V - y) ** 2).mean()
    d = 2 * (h @ V - y) / y.size
    dz = d @ V.T * (1 - h ** 2)
    dW = x.T @ d @ V.T
    b -= 0.1 * dz.sum(axis=0)
    V -= 0.1 * h.T @ d
    W -= 0.1 * dW
"""
    found = program(text)
    blame_origins(found.verdict.lines, found.view)
    (blamed,) = found.first_wrong
    assert (HEAD + text).splitlines()[blamed - 1].strip().startswith("dW =")


def test_a_sum_that_is_taken_away_is_told_where_it_is_added_up() -> None:
    text = """
w, c = [0.3, -0.6, 0.2], 0.1
for step in range(2):
    total, dw, dc = 0.0, [0.0] * 3, 0.0
    for row, t in zip(x.tolist(), y[:, 0].tolist()):
        o = c
        for i in range(3):
            o += w[i] * row[i]
        d = o - t
        total += d ** 2 / 2
        dc -= d
        for i in range(3):
            dw[i] += d * row[i]
    for i in range(3):
        w[i] -= 0.01 * dw[i]
    c -= 0.01 * dc
"""
    found = program(text)
    blame_origins(found.verdict.lines, found.view)
    assert found.first_wrong == {(HEAD + text).splitlines().index("        dc -= d") + 1}


NEWTON = """
c = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.0])
w = np.zeros(3)
for step in range(3):
    p = 1 / (1 + np.exp(-x @ w))
    loss = -np.mean(c * np.log(p) + (1 - c) * np.log(1 - p))
    g = x.T @ (p - c) / 6
    H = x.T @ (x * (p * (1 - p))[:, None]) / 6
    w = w - np.linalg.solve(H, g)
"""


def test_newtons_method_steps_by_the_right_gradient() -> None:
    for step in ("np.linalg.solve(H, g)", "np.linalg.inv(H) @ g"):
        assert program(NEWTON.replace("np.linalg.solve(H, g)", step)).verdict.right
    assert not program(NEWTON.replace("(p - c)", "(p - 2 * c)")).verdict.right


def test_other_lines_are_looked_for_in_time() -> None:
    found = program("""
for step in range(2):
    h = np.tanh(x @ W)
    d = h @ V - y
    dV = h.T @ np.sign(d)
    dh = d @ V.T * np.sign(h)
    V -= 0.1 * dV
    W -= 0.1 * x.T @ dh
""")
    lines = found.verdict.lines
    seen: list[Repair] = []

    def viewed(repair: Repair) -> View | None:
        seen.append(repair)
        lines.until = -math.inf
        return found.view(repair)

    repairs = [*lines.repairs]
    blame_origins(lines, viewed)
    assert (len(repairs), seen) == (2, repairs[:1])
