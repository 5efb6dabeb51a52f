"""The skeleton: it loads, computes all but the gradients, and is right once it is filled in."""

import ast
import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bptui.check.functions.calls import Failure
from bptui.check.functions.check import check as check_file
from bptui.check.functions.report import reports_of
from bptui.check.numbers.comparing import chain
from bptui.check.reports.report import verdict_of
from bptui.core.experiment import Experiment
from bptui.export.programs import numpy_program
from bptui.export.template import template
from bptui.presets.files import load, loads

NETWORKS = [
    ([3, 4, 2], ["tanh", "sigmoid"], "binary_cross_entropy"),
    ([3, 4, 2], ["sigmoid", "softmax"], "squared_error"),
    ([3, 4, 2], ["relu", "identity"], "mean_absolute_error"),
    ([2, 3], ["sigmoid"], "cross_entropy"),
    ([2, 3, 4, 5, 2], ["tanh", "relu", "gelu", "softmax"], "cross_entropy"),
    ([2, *[3] * 8, 1], ["tanh"] * 9, "half_squared_error"),
]


def filled_in(experiment: Experiment) -> str:
    """The skeleton with the lines of the exported program in its blanks, mistakes left out."""
    right = replace(experiment, training=replace(experiment.training, mistakes=()))
    text, lines = template(experiment), list[str]()
    assignments = [
        each for each in ast.walk(ast.parse(numpy_program(right))) if isinstance(each, ast.Assign)
    ]
    for each in sorted(assignments, key=lambda each: each.lineno):
        name = ast.unparse(each.targets[0])
        if re.match("dL_d|delta|g[Wb]", name):
            lines.append(f"    {ast.unparse(each)}")
            blank = f'    {name} = fill_in("{name}")'
            if blank in text:
                text, lines = text.replace(blank, "\n".join(lines)), []
    return text


def executed(text: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "a_students"}
    exec(compile(text, "student.py", "exec"), names)
    return names


def check(experiment: Experiment, folder: Path) -> None:
    """The filled-in skeleton is found right in every quantity, by the names of the network."""
    file = folder / "students.py"
    file.write_text(filled_in(experiment))
    done = check_file(file, experiment, 600.0)
    assert verdict_of(reports_of(done)) == "right"
    gradients, step = done.functions
    named = [*chain(experiment.network, "gradients"), *chain(experiment.network, "step")]
    found = [each for one in (gradients, step) for each in one.findings]
    assert [each.name for each in found if each.verdict == "right"] == named


def preset(
    layers: list[int], activation: list[str], loss: str, bias: bool = True, training: str = ""
) -> Experiment:
    random = np.random.default_rng(3)
    x = random.uniform(-1, 1, (3, layers[0])).round(3).tolist()
    t = random.uniform(0.1, 0.9, (3, layers[-1])).round(3).tolist()
    text = (
        f"[network]\nlayers = {layers}\nactivation = {activation}\nbias = {str(bias).lower()}\n"
        f'[init]\nscheme = "normal"\nscale = 0.8\n'
        f'[training]\nloss = "{loss}"\nlearning_rate = 0.3\n{training}\n'
        f"[data]\ninputs = {x}\ntargets = {t}\n"
    )
    return loads(text, "a_preset", Path())


@pytest.mark.parametrize("name", ["article", "mazur", "spirals"])
def test_shipped_presets(name: str, tmp_path: Path) -> None:
    check(load(name), tmp_path)
    where = "FILE.py" if name == "article" else f"FILE.py --preset {name}"
    assert f"bptui check {where}\n" in template(load(name))


@pytest.mark.parametrize(("layers", "activation", "loss"), NETWORKS)
def test_networks(layers: list[int], activation: list[str], loss: str, tmp_path: Path) -> None:
    made = preset(layers, activation, loss, bias=activation[0] == "tanh")
    check(made, tmp_path)
    assert max(map(len, template(made).splitlines())) <= 100


def test_sums_penalties_and_layers_that_are_not_trained(tmp_path: Path) -> None:
    summed = preset([3, 4, 2], ["tanh"] * 2, "half_squared_error", training='reduction = "sum"')
    check(summed, tmp_path)
    switches = "l2 = 0.01\ntrain_weights = [false, true]\ntrain_biases = false"
    made = preset([3, 4, 2], ["tanh"] * 2, "mean_squared_error", training=switches)
    check(made, tmp_path)
    assert "does not train W1, b1, b2" in template(made)


def test_the_form_of_gelu_is_said() -> None:
    """And its distance from z Phi(z), Phi(z) = (1 + erf(z / sqrt 2)) / 2, is as it says."""
    text = template(preset([2, 2], ["gelu"], "squared_error"))
    words = " ".join(text.replace("#", "").split())
    (stated,) = re.findall(r"The tanh form .* differs from it by up to ([0-9.]+\d)", words)
    code = "".join(re.findall(r"out_o = (.*?)\n    loss", text, re.DOTALL))
    z = np.linspace(-8.0, 8.0, 4001)
    gelu = executed(f"import numpy as np\ngelu = lambda net_o: {code}")["gelu"]
    exact = np.array([each * (1.0 + math.erf(each / math.sqrt(2.0))) / 2.0 for each in z])
    assert 0.9 * float(stated) < np.abs(gelu(z) - exact).max() <= float(stated)
    assert "The tanh form" not in template(load("article"))


def test_mistakes_of_the_preset_are_left_aside() -> None:
    published = executed(filled_in(load("article-listing-1")))
    right = executed(filled_in(load("article")))
    arguments = [np.ones((1, 2)), np.zeros((1, 2)), [np.eye(2), np.eye(2)]]
    given, expected = (each["gradients"](*arguments) for each in (published, right))
    assert all(np.array_equal(given[name], expected[name]) for name in expected)


def test_each_blank_tells_its_name_until_it_is_filled() -> None:
    student = executed(template(load("article")))
    start = load("article").start
    arguments = [np.ones((1, 2)), np.ones((1, 2)), list(start.weights)]
    calls: list[tuple[Callable[..., object], list[object]]] = [
        (student["gradients"], [*arguments]),
        (student["step"], [*arguments, 0.5]),
    ]
    for function, given in calls:
        with pytest.raises(NotImplementedError, match="delta_o is not written yet"):
            function(*given)
    assert Failure("NotImplementedError: delta_o is not written yet", "raised").not_written
    assert Failure("NotImplementedError", "raised").not_written
    assert not Failure("ValueError: NotImplementedError", "raised").not_written
