"""Exported numpy programs print the engine's losses, whatever the preset asks for."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from bptui.cli.run import ROWS
from bptui.core.evaluation import test_loss as held_out_loss
from bptui.core.experiment import Experiment
from bptui.core.losses import LOSSES
from bptui.core.optimizers import OPTIMIZERS
from bptui.core.timeline import Timeline
from bptui.export.history import round_every
from bptui.export.programs import numpy_program
from bptui.presets import load
from bptui.presets.folders import shipped_names

from ..core.support import HIDDEN, PAIRS, experiment
from .programs_support import assert_prints_losses_of, losses, output, training_with

STEPS = {"article": 1000, "iris": 60, "spirals": 60}
"""Steps of presets: one to its end, fewer of those that take longer."""


def check(made: Experiment) -> None:
    assert_prints_losses_of(made, numpy_program(made), 1e-12)


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_presets(name: str) -> None:
    made = load(name)
    check(training_with(made, steps=min(made.training.steps, STEPS.get(name, 150))))


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize(("activation", "loss"), PAIRS)
def test_every_loss_after_every_activation(activation: str, loss: str, depth: int) -> None:
    layers = (*(3, 4, 2)[:depth], 2)
    activations = (*("softplus", "gelu")[: depth - 1], activation)
    reduction = "sum" if depth == 1 else "mean"
    check(experiment(layers, activations, loss=loss, reduction=reduction, steps=8, l2=0.01))


@pytest.mark.parametrize("activation", HIDDEN)
def test_every_hidden_activation(activation: str) -> None:
    check(experiment((2, 3, 3, 2, 1), activation, samples=7, bias=False, steps=50))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_with_its_settings(name: str) -> None:
    values = {"momentum": 0.8, "rho": 0.95, "beta1": 0.85, "beta2": 0.99, "epsilon": 1e-6}
    settings = tuple((each, values[each]) for each in OPTIMIZERS[name].defaults)
    made = experiment(
        (2, 3, 2),
        bias=name != "sgd",
        optimizer=name,
        settings=settings,
        learning_rate=0.01,
        # where rounding differs it shows late, and most of all with Adam
        steps=1000 if name == "adam" else 200,
    )
    check(training_with(made, batch_size=2, shuffle=True, seed=2**62 + 1))


@pytest.mark.parametrize(
    "changes",
    [
        {"batch_size": 2},
        {"batch_size": 5, "shuffle": True},
        {"batch_size": 1, "reduction": "sum", "l2": 0.1},
        {"train_weights": (True, False), "train_biases": (False, True)},
        {"train_weights": False, "train_biases": False},
        {"learning_rate": 0.0},
        {"steps": 0},
        {"steps": 17},
    ],
    ids=str,
)
def test_batches_switches_and_steps(changes: dict[str, object]) -> None:
    made = experiment(steps=30)
    check(training_with(made, **changes))
    check(training_with(made, optimizer="momentum", settings=(), **changes))


def test_it_prints_the_steps_that_run_prints_and_the_test_loss() -> None:
    made = training_with(load("iris"), steps=123)
    text = output(numpy_program(made))
    every = round_every(123, ROWS)
    assert list(losses(text)) == [*range(0, 123, every), 123]
    tested = float(text.splitlines()[-1].removeprefix("test loss "))
    parameters = Timeline(made).snapshot(123).parameters
    assert tested == pytest.approx(held_out_loss(made, parameters), rel=1e-12)
    summed = training_with(made, steps=3, reduction="sum", l2=0.01, learning_rate=0.001)
    tested = float(output(numpy_program(summed)).split()[-1])
    parameters = Timeline(summed).snapshot(3).parameters
    assert tested == pytest.approx(held_out_loss(summed, parameters), rel=1e-12)


def test_training_that_diverges_ends_with_its_first_loss_that_is_not_finite() -> None:
    made = experiment((2, 3, 2), "identity", learning_rate=1e60, steps=1000)
    check(made)
    found = losses(output(numpy_program(made)))
    assert list(found) == [0, 2]
    assert not np.isfinite(found[2])


def test_no_warning_is_printed_where_training_diverges() -> None:
    # neither of them calls a sigmoid
    for loss in ("half_squared_error", "mean_squared_error"):
        made = experiment((2, 2), "identity", learning_rate=1e60, loss=loss, steps=9, l2=0.1)
        assert not np.isfinite([*losses(output(numpy_program(made))).values()][-1])


def test_many_numbers_are_written_into_a_text_and_keep_their_bits() -> None:
    made = experiment((30, 40, 2), samples=60, steps=10)
    inputs = made.data.inputs.copy()
    inputs[0, :4] = [-0.0, 255.0, 5e-324, -1.7976931348623157e308]
    program = numpy_program(replace(made, data=replace(made.data, inputs=inputs)))
    assert program.count(" = numbers(\n") == 5  # both samples, W1, b1, W2
    scope: dict[str, object] = {"__name__": "program"}
    exec(compile(program.split("\ndef tanh_derivative")[0], "program.py", "exec"), scope)
    assert np.asarray(scope["INPUTS"]).tobytes() == inputs.tobytes()
    assert np.asarray(scope["W1"]).tobytes() == made.start.weights[0].tobytes()
    check(made)


STRANGE = [
    '"""\nimport os; os.abort()\n"""',
    'ends with a quote"',
    '""""quotes""""',
    "back\\slash \\",
    '\\N{BULLET} \\x00 \\u12 \\"""',
    "# -*- coding: rot13 -*-",
    "a\r\nb\x0cc\u2028d\x85e\x1b[31mred\x1b[0m\x00 \u202eright to left",
    "反向传播 “Ω” 🎉 \ud800",
    "{share} {over} {make} %s",
    "x" * 300 + " " + "word " * 1000,
    "",
]


@pytest.mark.parametrize("text", STRANGE, ids=range(len(STRANGE)))
def test_no_title_or_description_becomes_code(text: str) -> None:
    plain = replace(experiment(steps=1), description="d", source="s")
    made = replace(plain, title=text, description=f"{text}\n\n- {text}", source=text, name=text)
    program = numpy_program(made)
    assert not re.search(r"[^\n\x20-\x7e]", re.sub(r"[反向传播“Ω”🎉]", "", program))
    tree, expected = ast.parse(program), ast.parse(numpy_program(plain))
    told = ast.get_docstring(tree)
    assert told is not None
    assert max(map(len, program.splitlines())) <= 110  # with what is escaped
    if text.isascii() and text.isprintable() and len(text) < 90:
        assert text.strip() in told
    assert [ast.dump(each) for each in tree.body[1:]] == [
        ast.dump(each) for each in expected.body[1:]
    ]
    assert compile(program.encode(), "program.py", "exec")


def test_the_program_reads_like_the_network() -> None:
    program = numpy_program(load("xor"))
    assert program.startswith('"""Exclusive or\n\nXOR, which needs a hidden layer.\n')
    for line in (
        "def tanh_derivative(z):",
        "def binary_cross_entropy(z, t):",
        "    net_h = x @ W1 + b1  # (n, 2) @ (2, 4) + (4,) = (n, 4)",
        "    delta_o = (out_o - t) / len(t)",
        "    # dL/dout_h = delta_o * dnet_o/dout_h: (n, 1) @ (1, 4) = (n, 4)",
        "    dL_dout_h = delta_o @ W2.T",
        "    gb1 = delta_h.sum(axis=0)",
        "    update(W2, gW2)",
    ):
        assert f"\n{line}\n" in program
    assert "bptui" not in ast.unparse(ast.parse(program).body[1:])  # type: ignore[arg-type]
    for name in ("relu", "softmax", 'cross_entropy(z, t):\n    """-t ln a with'):
        assert name not in program


def test_only_functions_that_are_called_are_written() -> None:
    for name in ("leaky_relu", "softmax", "softplus"):
        output_layer = "softmax" if name == "softmax" else "sigmoid"
        program = numpy_program(experiment((2, 3, 2), ("leaky_relu", output_layer), steps=1))
        for function in re.findall(r"^def (\w+)", program, re.MULTILINE):
            assert len(re.findall(rf"\b{function}\(", program)) > 1, function


def test_comments_keep_shapes_whole() -> None:
    made = experiment((3, 11, 1), l2=0.1, steps=1)
    shapes = ["(3, n) @ (n, 11) = (3, 11)", "(11, n) @ (n, 1) = (11, 1)"]
    for each in (made, training_with(made, mistakes=("wrong-sign",))):
        program = numpy_program(each)
        for shape in shapes:
            assert shape in program
        assert "# 5 samples, one per row: 3 inputs, 1 target\n" in program


def test_programs_are_formatted_and_without_a_finding() -> None:
    pytest.importorskip("ruff")
    mistaken = training_with(
        experiment((3, 3, 3), "sigmoid", steps=9),
        mistakes=("updated-weights", "frozen-last-layer", "wrong-sign", "gradient-accumulated"),
        optimizer="adam",
        settings=(),
    )
    deep = experiment((30, *[3] * 20, 2), samples=70, loss="mean_squared_error")
    programs = [numpy_program(each) for each in (load("iris"), mistaken, deep)]
    for program in programs:
        for command in (
            ["check", "--select", "E,F,W,B,UP", "--ignore", "E402"],
            ["format", "--check"],
        ):
            arguments = ["--isolated", "--line-length", "100", "--stdin-filename", "p.py", "-"]
            run = subprocess.run(
                [sys.executable, "-m", "ruff", *command, *arguments],
                input=program,
                capture_output=True,
                text=True,
                check=False,
            )
            assert run.returncode == 0, run.stdout + run.stderr


def test_every_loss_has_its_function() -> None:
    assert {loss for _, loss in PAIRS} == set(LOSSES)
