"""The app on somebody's own program: stepped in time to the wrong line, and explained there."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bptui.app.program.app import ProgramApp
from bptui.app.program.derivation import Writer
from bptui.app.program.moment import opened as start
from bptui.app.program.numbers import Numbers, looked_at
from bptui.app.program.record import Record
from bptui.check.check import check as check_functions
from bptui.check.interpreter import interpreter_for
from bptui.check.program import checked
from bptui.check.writer import Checked
from bptui.cli.check import recorded_call
from bptui.explain.report import FORMS, Report
from bptui.presets.files import load

from .support import Session as AppSession
from .test_mouse import click

GIVEN = Path(__file__).parents[1] / "trace" / "programs" / "given"
RIGHT = """\
import numpy as np

rng = np.random.default_rng(1)
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
y = np.array([[0], [1], [1], [0]], dtype=float)
W1, W2 = rng.normal(size=(2, 3)), rng.normal(size=(3, 1))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


for epoch in range(20):
    z1 = X @ W1
    a1 = sigmoid(z1)
    z2 = a1 @ W2
    a2 = sigmoid(z2)
    loss = 0.5 * np.sum((a2 - y) ** 2)
    d2 = (a2 - y) * a2 * (1 - a2)
    dW2 = a1.T @ d2
    d1 = d2 @ W2.T * a1 * (1 - a1)
    dW1 = X.T @ d1
    W2 -= 0.5 * dW2
    W1 -= 0.5 * dW1
"""
WRONG = RIGHT.replace("d1 = d2 @ W2.T", "d1 = (a2 - y) @ W2.T")
FUNCTIONS = """\
import numpy as np


def gradients(x, t, weights):
    W1, W2 = weights
    a1 = 1 / (1 + np.exp(-x @ W1))
    a2 = 1 / (1 + np.exp(-a1 @ W2))
    d2 = (a2 - t) * a2 * (1 - a2) / len(x)
    d1 = d2 @ W2 * a1 * (1 - a1)
    return [x.T @ d1, a1.T @ d2]
"""


class Session(AppSession):
    """An open app on a program."""

    app: ProgramApp

    async def says(self, text: str) -> None:
        """Wait for news."""
        await self.until(lambda: text in self.notices(), text)

    @property
    def line(self) -> int:
        return self.app.moment.line


def check(file: Path) -> partial[Checked | object]:
    return partial(checked, file, interpreter_for(file, None), 60.0, look=1000)


@asynccontextmanager
async def opened(
    folder: Path, text: str, size: tuple[int, int] = (120, 36), watch: bool = False
) -> AsyncIterator[Session]:
    file = folder / "my_net.py"
    file.write_text(text, encoding="utf-8")
    found = check(file)()
    assert isinstance(found, Checked)
    app = ProgramApp(file, found, check(file), watch=watch)
    async with app.run_test(size=size, notifications=True):
        session = Session(app)
        await session.shows("my_net.py")
        yield session


async def test_one_key_leads_to_the_wrong_line(tmp_path: Path) -> None:
    async with opened(tmp_path, WRONG) as session:
        await session.shows("wrong at line 21", "update  1/20", "operation  1/")
        assert session.line == 14  # the first line of the forward pass
        await session.press("w")
        await session.shows("Derivation: a2 - y should be dL/dz2", "✗     d1 =")
        assert session.line == 21
        # what stands there, what should, both with numbers, in the program's own names
        assert "should be: d1 = " in session.screen()
        assert "(a2 - y)[3, 0] = a2[3, 0] - y[3, 0]" in session.screen()
        assert "dL/dz2[3, 0] = dL/da2[3, 0] · a2[3, 0] · (1 - a2[3, 0])" in session.screen()
        assert "dL/dz2 = dL/da2 · da2/dz2" in session.screen()
        assert "why: z2 goes through sigmoid: times its slope" in session.screen()
        await session.press("d")
        await session.shows("a2 - y = a2 - y")
        await session.press("d")
        await session.shows("= a2 - y")
        # n goes on within the line, to the value with a name, then to the next line
        await session.press(*"nnnnn", "d")
        await session.shows("d1 4x3  should be dL/dz1", "· a1[0, 1] · (1 - a1[0, 1])")
        assert session.line == 21
        await session.press("n")
        assert session.line == 22
        await session.press("backspace")
        assert session.line == 14
        await session.press("g", *"end", "enter")
        await session.shows("update 20/20")
        await session.press("S")
        await session.shows("update 19/20")


async def test_a_network_of_layers_is_drawn_as_one(tmp_path: Path) -> None:
    """With the numbers of the update that is shown; its edges are one key away."""
    async with opened(tmp_path, WRONG) as session:
        record = session.app.moment.record
        for update in (0, 3):
            await session.shows(f"update {update + 1:>2}/20", "the network, true gradients")
            names = {
                name: entry for _, name, entry in record.given() if record.update(entry) == update
            }
            weights = record.array(record.steps[update].parameters[1].before)
            await session.shows(
                "sigmoid", f"{weights[0, 0]:+.4f}", f"{record.array(names['a2'])[0, 0]:.4f}"
            )
            await session.press("g", *"4", "enter")
        await session.press("y")
        await session.until(lambda: "copied z1[" in session.notices(), "the number")
        moment = session.app.moment
        assert session.app.clipboard == repr(float(record.array(moment.subject)[moment.index]))
        session.app.clear_notifications()
        await session.press("v")
        await session.shows("Graph: z1", "matmul, line 14")
        await session.press("v")  # of four samples all that the loss is made of has no room
        await session.shows("Graph: z1[0, 0], value │ true gradient")
        await session.press("v")
        await session.shows("the network, true gradients")
        session.resize(80, 24)  # where a part of it is out of sight: no number is cut
        await session.until(lambda: "…" in "".join(session.inside("#graph")), "less room")
        drawn = "\n".join(session.inside("#graph"))
        assert {len(decimals) for decimals in re.findall(r"\d\.(\d*)", drawn)} == {3}


ONE = """\
import numpy as np

x, t = np.array([0.5, 0.1]), np.array([0.01, 0.99])
W1 = np.array([[0.15, 0.25], [0.2, 0.3]])
W2 = np.array([[0.4, 0.5], [0.45, 0.55]])
for step in range(3):
    h = np.tanh(x @ W1)
    o = h @ W2
    loss = 0.5 * np.sum((o - t) ** 2)
    d_o = o - t
    d_h = (W2 @ d_o) * (1 - h**2)
    dW1 = np.outer(x, d_h)
    W2 -= 0.1 * np.outer(h, d_o)
    W1 -= 0.1 * dW1
"""


async def test_the_loss_is_drawn_number_by_number(tmp_path: Path) -> None:
    async with opened(tmp_path, ONE, (200, 60)) as session:
        record = session.app.moment.record
        await session.press("g", "2", "enter")
        weights = [record.array(part.before) for part in record.steps[1].parameters]
        second, first = sorted(weights, key=lambda one: -one[0, 0])
        x, t = np.array([0.5, 0.1]), np.array([0.01, 0.99])
        h = np.tanh(x @ first)
        o = h @ second
        d_h = second @ (o - t) * (1 - h**2)
        arrays = {
            "W1": (first, np.outer(x, d_h)),
            "W2": (second, np.outer(h, o - t)),
            "h": (h, second @ (o - t)),
            "o": (o, o - t),
            "x": (x, None),
            "t": (t, None),
        }
        numbers = Numbers(looked_at(session.app.moment))
        assert numbers.whole
        *named, loss = [one for one in numbers.found if one.name]
        assert len(named) == 2 + 2 + 4 + 4 + 2 + 2
        assert (loss.name, loss.gradient) == ("loss", 1.0)
        for one in named:
            name, index = one.name.split("[")[0], one.quantity.index
            value, gradient = arrays[name]
            assert np.isclose(one.value, value[index])
            if gradient is None:
                assert one.gradient is None
            else:
                assert np.isclose(one.gradient, gradient[index])

        def shown(name: str) -> str:
            """Return value and gradient below a name."""
            lines = session.lines()
            y = next(y for y, line in enumerate(lines) if f"╭ {name} " in line)
            x = lines[y].index(f"╭ {name} ")
            return "".join(lines[y + 1][x : x + 20].split())

        await session.press("v", "v")
        session.panel("#graph").focus()
        await session.press("z")
        await session.shows("Graph: loss, value │ true gradient")
        for line, name, before, after in (
            (7, "h[0] = tanh", "│·│·", f"│{h[0]:.4f}│·"),
            (8, "o[0] = +", "│·│·", f"│{o[0]:.4f}│·"),
            (10, "o[0] = +", f"│{o[0]:.4f}│·", f"│{o[0]:.4f}│{o[0] - t[0]:+.4f}"),
        ):
            session.panel("#graph").scroll_home(animate=False)
            await session.until(lambda n=name, b=before: shown(n) == b, before)
            for _ in range(10):
                if shown(name) == after:
                    break
                await session.press("n")
                session.panel("#graph").scroll_home(animate=False)
                await session.pilot.pause()
            assert shown(name) == after
            assert session.line == line
        await click(session, f"{second[1, 0]:.4f}", "#graph")
        await session.shows("Graph: W2[1, 0], value │ true gradient")


async def test_of_a_wrong_update_the_new_parameter_is_told(tmp_path: Path) -> None:
    async with opened(tmp_path, RIGHT.replace("W2 -= 0.5", "W2 += 0.5")) as session:
        await session.press("w")
        await session.shows("Derivation: W2 should be W2 - 0.5 dL/dW2")
        await session.press("d")
        await session.shows("the program 0.610781, correct 0.551455")


async def test_functions_are_called_with_a_preset(tmp_path: Path) -> None:
    file = tmp_path / "functions.py"
    file.write_text(FUNCTIONS)
    found = recorded_call(check_functions(file, load("article"), 60.0))
    assert isinstance(found, Checked)
    app = ProgramApp(file, found, lambda: found)
    async with app.run_test(size=(120, 36), notifications=True):
        session = Session(app)
        await session.shows("functions.py", "wrong at line")
        await session.press("w")
        await session.shows("should be: d1 = d2 @ W2.T")


async def test_values_are_followed_to_where_they_come_from_and_go(tmp_path: Path) -> None:
    async with opened(tmp_path, WRONG, (80, 24)) as session:
        await session.press("w", *"nnnnnnv")
        await session.shows("Graph: X.T")
        await session.press("n", "tab", "tab", "left")
        await session.shows("Graph: X")
        await session.press("down")
        await session.shows("Graph: d1")
        await session.press("enter")
        assert session.line == 21
        await session.press("u")  # what takes it next
        assert session.line == 22
        await session.press("backspace", "backspace")
        assert session.line == 22
        await session.press("shift+tab", "z")
        await session.shows("W2", "3x1", "d1")
        assert "Source" not in session.screen()
        await session.press("z", "shift+tab", "down", "down", "enter")
        assert session.line == 24
        await session.pilot.click("#source", offset=(12, 2))
        clicked = session.app.moment.row
        assert clicked is not None
        await session.press("enter")
        assert session.line == clicked


async def test_equal_weights_that_hide_a_slip_are_told(tmp_path: Path) -> None:
    text = (GIVEN / "all_halves.py").read_text("utf-8")
    async with opened(tmp_path, text) as session:
        await session.press("w")
        await session.shows("should be dL/dhidden", "right here by chance")
        assert "delta_out[0] · w_out[0, 0] + delta_out[1] · w_out[1, 0]" in session.screen()
        assert "· w_out[0, 1]" in session.screen()  # what the chain rule takes


async def test_the_wrong_formula_and_the_right_one_differ_in_nothing_else(tmp_path: Path) -> None:
    """What the program has right stands in both as it is written there."""
    diverging = RIGHT.replace("* a1 * (1 - a1)", "* z1 * (1 - z1)").replace("0.5 * dW", "10 * dW")
    async with opened(tmp_path, diverging) as session:
        await session.press("w", "d")
        await session.shows("z1 ⊙ (1 - z1) should be a1 ⊙ (1 - a1)", "Loss, not finite from update")
        await session.press("g", *"end", "enter")
        await session.shows("loss nan", " nan  ")
        assert "+nan" not in session.screen()
    text = (GIVEN / "layers_self_update.py").read_text("utf-8")
    async with opened(tmp_path, text) as session:
        await session.press("w")  # in columns of samples the terms of this sum are no samples
        await session.shows("over 2 rows", "(old_self.W (2))[0, 1]")
        numbers = [
            line.rsplit("│", 2)[1]
            for line in session.screen().splitlines()
            if line.count(" … ") > 1
        ]
        assert numbers
        # beside some of them is the bar of the list above
        assert all(row.strip(" ▁▂▃▄▅▆▇█")[-4] == "." for row in numbers)
        await session.press("d")
        await session.shows("self.W (2) should be old_self.W (2)")
        await session.press("d")
        await session.shows("self.W should be old_self.W")


async def test_breakpoints_stop_a_run(tmp_path: Path) -> None:
    async with opened(tmp_path, WRONG) as session:
        for condition, line in (("gradient wrong", 21), ("line 18", 18), ("|dW2| > 0.01", 20)):
            session.app.breakpoints = {}
            await session.press("b", *condition, "enter", "escape", *["plus"] * 9, "space")
            await session.says(f"Breakpoint: {condition}")
            assert session.line == line
            session.app.go(0)
        refused = {"W9 > 1": "no variable 'W9'", "loss < x": "Not a number", "loss": "expected a"}
        for text, said in refused.items():
            await session.press("b", *text)
            await session.shows(said)
            await session.press("escape")


async def test_arrays_of_every_kind_are_shown(tmp_path: Path) -> None:
    """Empty ones, of three axes, infinite, complex; at every operation, in every form."""
    odd = """
    history = np.append(history, loss)
    cube = cube * 1.5
    nothing = nothing * 2.0
    infinite = cube / 0.0 - cube
    waves = np.fft.fft(history) * 2
"""
    start = "history, cube, nothing = np.array([]), np.ones((2, 3, 4)), np.zeros((0, 3))\n"
    async with opened(
        tmp_path, start.join(WRONG.partition("import numpy as np\n")[1:]) + odd
    ) as session:
        app, record = session.app, session.app.moment.record
        for stop in range(record.span(2)[1]):
            app.show(app.moment.at(stop))
            app.main.derivation.next_form()
        for variable in record.variables(app.moment.stop):
            app.show(app.moment.choosing(variable.entry))
            app.main.derivation.next_form()
        names = {variable.name: variable.entry for variable in record.variables(app.moment.stop)}
        app.show(app.moment.choosing(names["nothing"]))
        await session.shows("nothing 0x3  empty")
        app.main.graph.action_kind("numbers")
        app.show(app.moment.choosing(names["X"]))
        await session.shows("Select a value that the program computes: this one is given.")
        app.show(app.moment.choosing(names["history"]))
        await session.shows("Select what it is computed from: history")


async def test_a_program_is_run_again_when_it_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(tmp_path, WRONG, watch=True) as session:
        file = tmp_path / "my_net.py"
        await session.press("w")
        file.write_text(WRONG.replace("z1 = X @ W1\n", "z1 = X @\n"), encoding="utf-8")
        await session.says("line 14: ")
        await session.shows("wrong at line 21")  # what there was is kept
        file.write_text(RIGHT, encoding="utf-8")
        await session.says("my_net.py: right")
        await session.shows("my_net.py   right")
        assert session.line == 21  # where the line was that is mended now
        await session.press("w")
        await session.says("no wrong line")
        file.write_text(WRONG + "\n", encoding="utf-8")
        await session.says("my_net.py: wrong, line 21")
        await session.press("x", "enter")
        await session.says("exported to")


@pytest.mark.parametrize("name", ["adam_einsum", "leaky_layers", "char_rnn", "tiny_cnn"])
def test_nothing_is_said_to_be_wrong_that_the_report_has_not_found(name: str) -> None:
    """In later updates there are memories of an optimizer, other batches, and other labels."""
    found = check(GIVEN / f"{name}.py")()
    assert isinstance(found, Checked)
    record = Record(found)
    moment = start(record)
    claims = moment.claims
    accused = {line.line for line in found.report.lines if line.verdict in ("wrong", "follows")}
    known = 0
    for update in (0, 1, len(record.steps) - 1):
        for entry in record.stops[slice(*record.span(update))]:
            claim = claims.of(entry)
            known += claim is not None
            assert claim is None or np.asarray(record.tape.values[entry]).dtype.kind == "f"
            if claim is not None and claim.verdict == "wrong":  # in every update it is explained
                explained = Writer(moment.choosing(entry), ascii_only=False).explanation()
                assert "should be" in explained.title
            assert not claims.is_wrong(entry) or record.line_of[entry] in accused
    assert known > 20


def explained(name: str, line: int) -> dict[str, str]:
    """Return what is written of the gradients of a line, in each form, by their titles."""
    found = check(GIVEN / f"{name}.py")()
    assert isinstance(found, Checked)
    record = Record(found)
    moment, texts = start(record), dict[str, str]()
    for entry in record.stops[slice(*record.span(record.first))]:
        if record.line_of[entry] == line and moment.claims.of(entry) is not None:
            writer = Writer(moment.choosing(entry), ascii_only=False)
            made, report = writer.explanation(), Report(writer.symbols, 200, 4)
            for form in FORMS:
                rows = ("".join(part.text for part in row) for row in report.lines(made, form))
                texts[made.title] = "\n".join((texts.get(made.title, ""), *rows))
    return texts


def test_values_of_one_name_are_told_apart() -> None:
    (text,) = explained("layers_softmax", 16).values()
    assert "dL/dout (line 22) = dL/dout (line 11) · dout (line 11)/dout (line 22)" in text
    assert "dL/dout[0, 0] (line 22) = dL/dout[0, 0] (line 11) · " in text
    assert "dL_dout_line_22 = dL_dout_line_11 @ self.W.T" in text
    assert "grad (line 16) = grad (line 39) · " in text
    (text,) = explained("layers_softmax", 25).values()
    assert "dL/dout (line 11) = dL/dout (line 22) · dout (line 22)/dout (line 11)\n" in text


def test_a_reason_names_all_operations_up_to_the_next_name() -> None:
    text = explained("momentum_tanh", 29)["d_out stands for dL/dout"]
    assert "out is a term of a sum, and that is raised to a power and averaged (line 50)" in text
    text = explained("attention_head", 35)["dK should be dL/d self.K"]
    assert "self.K is transposed, and that is a factor of a product" in text
