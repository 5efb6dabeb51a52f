"""The skeleton: it loads, computes all but the gradients, and is right once it is filled in."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bptui.check.process import StoppedError
from bptui.core.engine import Engine
from bptui.core.experiment import Experiment
from bptui.export.template import template
from bptui.presets.files import load, loads

# what a student may write, from textbooks: independent of the engine's calls
SLOPES = {
    "identity": "np.ones_like(NET)",
    "sigmoid": "OUT * (1 - OUT)",
    "tanh": "1 / np.cosh(NET) ** 2",
    "relu": "(NET > 0)",
    # central difference
    "gelu": "(GELU(NET + 1e-5) - GELU(NET - 1e-5)) / 2e-5".replace(
        "GELU", "(lambda z: 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))))"
    ),
}
OUTPUT_GRADIENTS = {
    "half_squared_error": "(OUT - t)",
    "squared_error": "2 * (OUT - t)",
    "mean_squared_error": "2 * (OUT - t) / t.shape[1]",
    "mean_absolute_error": "(np.sign(OUT - t) / t.shape[1])",
    "binary_cross_entropy": "((1 - t) / (1 - OUT) - t / OUT)",
    "cross_entropy": "(-t / OUT)",
}


NETWORKS = [
    *(([3, 4, 2], ["tanh", "sigmoid"], loss) for loss in OUTPUT_GRADIENTS),
    *(([3, 4, 2], ["tanh", "softmax"], loss) for loss in ("squared_error", "cross_entropy")),
    *(([3, 4, 2], [name, "identity"], "half_squared_error") for name in SLOPES),
    ([2, 3], ["sigmoid"], "squared_error"),
    ([2, 3, 4, 5, 2], ["tanh", "relu", "gelu", "softmax"], "cross_entropy"),
    ([2, *[3] * 30, 1], ["tanh"] * 31, "squared_error"),
]


def filled_in(experiment: Experiment) -> str:
    """The skeleton with an expression in each blank."""
    text, network, names = template(experiment), experiment.network, experiment.network.names
    training, last = experiment.training, experiment.network.depth

    def expression(match: re.Match[str]) -> str:
        name = match[1]
        layer = next(
            each
            for each in range(1, last + 1)
            if name in (names.delta(each), names.weight_gradient(each), names.bias_gradient(each))
        )
        net, out, delta = names.net(layer), names.out(layer), names.delta(layer)
        source = "x" if layer == 1 else names.out(layer - 1)
        if name == names.bias_gradient(layer):
            return f"{delta}.sum(axis=0)"
        if name == names.weight_gradient(layer):
            return f"{source}.T @ {delta} + {2 * training.l2} * {names.weights(layer)}"
        if layer == last:
            upstream = OUTPUT_GRADIENTS[training.loss]
            upstream += " / n" if training.reduction == "mean" else ""
        else:
            upstream = f"{names.delta(layer + 1)} @ {names.weights(layer + 1)}.T"
        activation = network.activations[layer - 1]
        if activation == "softmax":
            rule = f"OUT * (({upstream}) - (OUT * ({upstream})).sum(axis=1, keepdims=True))"
        else:
            rule = f"({upstream}) * ({SLOPES[activation]})"
        return rule.replace("NET", net).replace("OUT", out)

    return re.sub(r'fill_in\("(\w+)"\)', expression, text)


def executed(text: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "a_students"}
    exec(compile(text, "student.py", "exec"), names)
    return names


def check(experiment: Experiment) -> None:
    """The filled-in skeleton gives the engine's numbers, under the names of the network."""
    student = executed(filled_in(experiment))
    network, start = experiment.network, experiment.start
    step = Engine(experiment).record()
    rows = list(step.batch)
    x, t = experiment.data.inputs[rows], experiment.data.targets[rows]
    biases = [] if start.biases is None else [list(start.biases)]
    arguments = [x, t, list(start.weights), *biases]
    given = student["gradients"](*arguments)
    names = network.names
    wanted = {"loss"} | {
        quantity(layer)
        for quantity in (names.net, names.out, names.delta, names.weight_gradient)
        for layer in range(1, network.depth + 1)
    }
    if network.bias:
        wanted |= {names.bias_gradient(layer) for layer in range(1, network.depth + 1)}
    assert set(given) == wanted
    for name, value in given.items():
        expected = step.values[name]
        scale = np.abs(expected).max()
        np.testing.assert_allclose(
            np.reshape(value, expected.shape), expected, rtol=1e-7, atol=1e-9 * scale, err_msg=name
        )
    rate = experiment.training.learning_rate
    stepped = student["step"](*arguments, rate)
    parts = stepped if network.bias else (stepped,)
    old, slope = step.parameters, step.gradients
    for letter, part, values, changes in zip(
        "Wb",
        parts,
        (old.weights, old.biases or ()),
        (slope.weights, slope.biases or ()),
        strict=False,
    ):
        assert len(part) == network.depth
        for layer, (given, before, change) in enumerate(zip(part, values, changes, strict=True), 1):
            expected = (
                before - rate * change if f"{letter}{layer}" not in experiment.frozen else before
            )
            np.testing.assert_allclose(given, expected, rtol=1e-7, atol=1e-9)


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


@pytest.mark.parametrize("name", ["article", "article-matrix", "mazur", "xor", "iris", "spirals"])
def test_shipped_presets(name: str) -> None:
    check(load(name))
    where = "FILE.py" if name == "article" else f"FILE.py --preset {name}"
    assert f"bptui check {where}\n" in template(load(name))


@pytest.mark.parametrize(("layers", "activation", "loss"), NETWORKS)
def test_networks(layers: list[int], activation: list[str], loss: str) -> None:
    made = preset(layers, activation, loss, bias=activation[0] == "tanh")
    check(made)
    assert max(map(len, template(made).splitlines())) <= 100


def test_sums_penalties_and_layers_that_are_not_trained() -> None:
    check(preset([3, 4, 2], ["tanh"] * 2, "half_squared_error", training='reduction = "sum"'))
    switches = "l2 = 0.01\ntrain_weights = [false, true]\ntrain_biases = false"
    made = preset([3, 4, 2], ["tanh"] * 2, "mean_squared_error", training=switches)
    check(made)
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
    assert StoppedError("raised", "NotImplementedError: delta_o is not written yet").not_written
    assert StoppedError("raised", "NotImplementedError").not_written
    assert not StoppedError("raised", "ValueError: NotImplementedError").not_written
