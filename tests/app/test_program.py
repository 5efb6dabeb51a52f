"""The app on somebody's own program: stepped in time to the wrong line, and explained there."""

from pathlib import Path

import pytest

from bptui.app.program.app import ProgramApp
from bptui.check.functions.check import check as check_functions
from bptui.check.program.writer import Checked
from bptui.cli.check import recorded_call
from bptui.presets.files import load
from tests.cli.test_check_modules import SLOPE, written

from .program_support import GIVEN, RIGHT, WRONG, opened
from .support import Session
from .test_mouse import click


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


async def test_of_a_wrong_update_the_new_parameter_is_told(tmp_path: Path) -> None:
    async with opened(tmp_path, RIGHT.replace("W2 -= 0.5", "W2 += 0.5")) as session:
        await session.press("w")
        await session.shows("Derivation: W2 should be W2 - 0.5 dL/dW2")
        await session.press("d")
        await session.shows("the program 0.610781, correct 0.551455")


async def test_a_wrong_line_that_computes_nothing_is_selected(tmp_path: Path) -> None:
    async with opened(tmp_path, RIGHT.replace("dW2 = a1.T @ d2", "dW2 = len(y)")) as session:
        await session.shows("wrong at line 20")
        await session.press("w")
        await session.shows("20 ✗     dW2 = len(y)")


async def test_a_wrong_call_is_selected_where_its_function_computes_what_is_wrong(
    tmp_path: Path,
) -> None:
    keep = "def keep(v):\n    d['W1'] = X.T @ v\n\n\nd = {}\nfor epoch"
    text = RIGHT.replace("for epoch", keep).replace("5 * dW1", "5 * d['W1']")
    async with opened(tmp_path, text.replace("dW1 = X.T @ d1", "keep(d2 @ W2.T)")) as session:
        await session.shows("wrong at line 27")
        await session.press("w")
        await session.shows("27 ✗     keep(d2 @ W2.T)", "Source: keep 14")
        assert (session.line, session.app.moment.row) == (14, 27)


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
        await session.press("w")
        await session.shows("Graph: a2 - y", "─ d1 4x3")
        await session.press(*"nnnnnnv")
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
        await session.until(lambda: "Source" not in session.screen(), "the zoom")
        await session.shows("W2", "3x1", "d1")
        await session.press("z", "shift+tab", "down", "down", "enter")
        assert session.line == 24
        await session.pilot.click("#source", offset=(12, 2))
        clicked = session.app.moment.row
        assert clicked is not None
        await session.press("enter")
        assert session.line == clicked


async def test_values_are_chosen_and_what_leads_nowhere_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path, WRONG) as session:
        await session.press("backspace")
        await session.says("There was no jump to return from.")
        await click(session, "X▸", "#values")
        session.panel("#values").focus()
        await session.shows("Derivation: X", "X = np.array([[0, 0]")
        await session.press("right", "right", "enter")
        assert session.app.moment.index == (1, 0)
        await session.says("It is given: the program computes it from nothing.")
        await session.press("down")
        await session.shows("Derivation: y")
        await session.press("u")
        assert session.line == 18


async def test_equal_weights_that_hide_a_slip_are_told(tmp_path: Path) -> None:
    text = (GIVEN / "all_halves.py").read_text("utf-8")
    async with opened(tmp_path, text) as session:
        await session.press("w")
        await session.shows("should be dL/dhidden", "right here by chance")
        assert "delta_out[0] · w_out[0, 0] + delta_out[1] · w_out[1, 0]" in session.screen()
        assert "· w_out[0, 1]" in session.screen()  # what the chain rule takes
        session.resize(80, 24)
        await session.press("u")
        # of names that have no room the end is marked
        await session.shows("┬─ grad_hid… ", "└─ grad_hid… ")


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


async def test_a_factor_of_all_gradients_is_one_of_the_right_number_too(tmp_path: Path) -> None:
    """Twice the gradients of a mean over four numbers, of which a slope is left out."""
    mean = RIGHT.replace("loss = 0.5 * np.sum(", "cost = np.mean(").replace("a1 * (1 - a1)", "a1")
    async with opened(tmp_path, mean) as session:
        await session.press("w")
        await session.shows("d1 should be 2 dL/dz1")
        claims, subject = session.app.moment.claims, session.app.moment.subject
        right, index = claims.true(subject), session.app.moment.index
        assert right is not None
        await session.shows(f" = {right[index]:.4g}"[:-1])
        await session.press("d", "d")
        await session.shows("(1 - a1) is missing")
        await session.press("b", *"loss < 0.1")
        await session.shows("Stops where any number of cost falls below 0.1")
        await session.press("escape")
    text = (GIVEN / "leaky_layers.py").read_text("utf-8")
    async with opened(tmp_path, text) as session:
        await session.press("b", *"W[0][1][2] > 1")
        await session.shows("Stops where W[0][1, 2] rises above 1")


async def test_what_is_read_is_called_as_on_its_line(tmp_path: Path) -> None:
    text = (GIVEN / "char_rnn.py").read_text("utf-8")  # where m is the model
    async with opened(tmp_path, text) as session:
        await session.press("w")
        await session.shows('from_later[0, 0] = m["Whh"][0, 0]', 'm["Whh"] 12x', 'd["bh"]')
        await session.press("b", *'model["Whh"] > 9')
        await session.shows("rises above 9")
        assert "['" not in session.screen()


async def test_breakpoints_stop_a_run(tmp_path: Path) -> None:
    async with opened(tmp_path, WRONG) as session:
        for condition, line in (("gradient wrong", 21), ("line 18", 18), ("|dW2| > 0.01", 20)):
            session.app.breakpoints = {}
            await session.press("b", *condition, "enter", "escape", *["plus"] * 9, "space")
            await session.says(f"Breakpoint: {condition}")
            assert session.line == line
            session.app.go(0)
        refused = {"W9 > 1": "no variable 'W9'", "loss < x": "Not a number", "loss": "expected a"}
        refused["dW2[9][9] > 1"] = "has no number at [9, 9]"
        for text, said in refused.items():
            await session.press("b", "f7", "delete", *text)
            await session.shows(said)
            await session.press("escape", "escape")


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
        await session.says("my_net.py: wrong; line 21")
        await session.press("x", "enter")
        await session.says("exported to")
        assert "line 21" in (tmp_path / "my_net-report.txt").read_text()
        await session.press("x", "down", "down", "enter")
        await session.says("my_net-backward.py")
        assert "def gradients" in (tmp_path / "my_net-backward.py").read_text()


async def test_the_lines_of_modules_stand_below_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = written(tmp_path, "grad * self.out").read_text()
    async with opened(tmp_path, text, watch=True) as session:
        await session.shows("wrong at layers.py:20")
        await session.press("w")
        await session.shows("Source: layers.py backward 20", "20 ✗", "should be: delta = grad")
        await session.press("b", *"layers.py line 27", "enter", "escape", "space")
        await session.says("Breakpoint: layers.py line 27")
        await session.press("b", *"nets.py line 24")
        await session.shows("ound no file 'nets.py'; there are layers.py")
        await session.press("escape", "escape")
        written(tmp_path, SLOPE)  # what is watched are all of its files
        await session.says("my_net.py: right")
