"""Exported programs print the engine's losses, in numpy with the mistakes, in torch without."""

import ast
import io
import itertools
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bptui.core.engine import Engine
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.core.mistakes import MISTAKES
from bptui.core.optimizers import OPTIMIZERS
from bptui.core.timeline import Timeline
from bptui.export.programs import numpy_program, torch_program
from bptui.presets.files import load
from bptui.presets.folders import shipped_names
from bptui.presets.save import SaveError

from ..core.support import experiment, held_out_loss
from ..explain.support import CASES

STEPS = {"article": 1000, "iris": 60, "spirals": 60}
"""Steps of presets: one to its end, fewer of those that take longer."""
SETTINGS = {"momentum": 0.8, "rho": 0.95, "beta1": 0.85, "beta2": 0.99, "epsilon": 1e-3}


def output(program: str) -> str:
    """What the program prints; numpy may warn of nothing, and its settings end with it."""
    stream = io.StringIO()
    with redirect_stdout(stream), np.errstate(all="warn"), warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        exec(compile(program, "program.py", "exec"), {"__name__": "__main__"})
    return stream.getvalue()


def losses(text: str) -> dict[int, float]:
    """By step; nothing else may be printed but for the test loss."""
    found: dict[int, float] = {}
    for line in text.splitlines():
        if not line.startswith("test loss "):
            match = re.fullmatch(r"step +(\d+)  loss (\S+)", line)
            assert match, line
            found[int(match[1])] = float(match[2])
    return found


def assert_prints_losses_of(made: Experiment, program: str, tolerance: float) -> None:
    """The program's losses are the engine's, from step 0 to the last one."""
    assert max(map(len, program.splitlines())) <= 100
    steps = made.training.steps
    expected = np.empty(steps + 1)
    Engine(made).advance(expected)
    if not np.isfinite(expected).all():  # it diverged, and that is where the program ends
        steps = int(np.argmin(np.isfinite(expected)))
    found = losses(output(program))
    assert (min(found), max(found)) == (0, steps)
    assert len(found) <= 22
    for step, loss in found.items():
        # outputs near their targets differ from them by few digits, and squares by twice as many
        allowed = tolerance * expected[step] + 1e-14 * np.sqrt(expected[step]) + 1e-30
        near = not np.isfinite(expected[step]) or abs(loss - expected[step]) <= allowed
        assert near, f"step {step}: {loss!r}, {expected[step]!r}"


def training_with(made: Experiment, **changes: Any) -> Experiment:  # noqa: ANN401  fields of Training
    """``made``, trained in another way."""
    return replace(made, training=replace(made.training, **changes))


def with_settings(name: str, **changes: Any) -> Experiment:  # noqa: ANN401  fields of Training
    """Trained by this optimizer, in shuffled batches."""
    settings = tuple((key, SETTINGS[key]) for key in OPTIMIZERS[name].defaults)
    made = experiment(optimizer=name, settings=settings)
    return training_with(made, batch_size=2, shuffle=True, **changes)


def check(made: Experiment) -> None:
    """Its program is right; where it makes mistakes, also with the right lines put in."""
    program = numpy_program(made)
    assert_prints_losses_of(made, program, 1e-12)
    if made.training.mistakes:
        right = training_with(made, mistakes=())
        assert "MISTAKE" not in numpy_program(right)
        assert_prints_losses_of(right, put_right(program), 1e-12)


def check_torch(made: Experiment) -> None:
    assert_prints_losses_of(made, torch_program(made), 1e-9)


@pytest.fixture
def torch() -> Iterator[None]:
    """Torch, which keeps its settings."""
    module = pytest.importorskip("torch")
    kind, threads = module.get_default_dtype(), module.get_num_threads()
    yield
    module.set_default_dtype(kind)
    module.set_num_threads(threads)


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_presets(name: str) -> None:
    made = load(name)
    check(training_with(made, steps=min(made.training.steps, STEPS.get(name, 150))))


@pytest.mark.parametrize("case", CASES)
def test_every_function_optimizer_and_mistake(case: str) -> None:
    check(training_with(CASES[case], steps=10, learning_rate=0.05))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_with_its_settings(name: str) -> None:
    # where rounding differs it shows late, and most of all with Adam
    steps = 1000 if name == "adam" else 200
    check(with_settings(name, learning_rate=0.01, steps=steps, seed=2**62 + 1))


@pytest.mark.parametrize(
    "changes",
    [
        {"batch_size": 5, "shuffle": True},
        {"batch_size": 1, "reduction": "sum", "l2": 0.1},
        {"train_weights": (True, False), "train_biases": (False, True)},
        {"train_weights": False, "train_biases": False},
        {"learning_rate": 0.0, "steps": 17},
        {"steps": 0},
    ],
    ids=str,
)
def test_batches_switches_and_steps(changes: dict[str, object]) -> None:
    made = experiment(steps=30)
    check(training_with(made, **changes))
    check(training_with(made, optimizer="momentum", settings=(), **changes))


def test_the_test_loss() -> None:
    plain = training_with(load("iris"), steps=123)
    summed = training_with(plain, steps=3, reduction="sum", l2=0.01, learning_rate=0.001)
    for made in (plain, summed):
        tested = output(numpy_program(made)).splitlines()[-1].removeprefix("test loss ")
        parameters = Timeline(made).snapshot(made.training.steps).parameters
        assert float(tested) == pytest.approx(held_out_loss(made, parameters), rel=1e-12)


def test_training_that_diverges_ends_with_its_first_loss_that_is_not_finite() -> None:
    made = experiment((2, 3, 2), "identity", learning_rate=1e60, steps=1000)
    check(made)
    found = losses(output(numpy_program(made)))
    assert list(found) == [0, 2]
    assert not np.isfinite(found[2])


def test_many_numbers_keep_their_bits() -> None:
    made = experiment((30, 40, 2), samples=60, steps=10)
    inputs = made.data.inputs.copy()
    inputs[0, :4] = [-0.0, 255.0, 5e-324, -1.7976931348623157e308]
    program = numpy_program(replace(made, data=replace(made.data, inputs=inputs)))
    scope: dict[str, object] = {"__name__": "program"}
    exec(compile(program.split("\ndef forward")[0], "program.py", "exec"), scope)
    assert np.asarray(scope["INPUTS"]).tobytes() == inputs.tobytes()
    assert np.asarray(scope["W1"]).tobytes() == made.start.weights[0].tobytes()
    check(made)


STRANGE = [
    '"""\nimport os; os.abort()\n"""',
    'ends with a quote"',
    "back\\slash \\",
    '\\N{BULLET} \\x00 \\u12 \\"""',
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
    assert [*map(ast.dump, tree.body[1:])] == [*map(ast.dump, expected.body[1:])]


def test_the_program_reads_like_the_network() -> None:
    program = numpy_program(load("xor"))
    assert program.startswith('"""Exclusive or\n\nXOR, which needs a hidden layer.\n')
    for line in (
        "    out_h = np.tanh(net_h)",
        "    loss = (np.logaddexp(net_o, 0) - net_o * t).sum() / len(t)",
        "    net_h = x @ W1 + b1  # (n, 2) @ (2, 4) + (4,) = (n, 4)",
        "    delta_o = (out_o - t) / len(t)",
        "    # dL/dout_h = delta_o * dnet_o/dout_h: (n, 1) @ (1, 4) = (n, 4)",
        "    dL_dout_h = delta_o @ W2.T",
        "    gb1 = delta_h.sum(axis=0)",
        "    W2 -= LEARNING_RATE * gW2",
    ):
        assert f"\n{line}\n" in program
    assert "bptui" not in ast.unparse(ast.parse(program).body[1:])  # type: ignore[arg-type]


def test_programs_are_without_a_finding() -> None:
    pytest.importorskip("ruff")
    mistakes = ("updated-weights", "frozen-last-layer", "wrong-sign", "gradient-accumulated")
    mistaken = training_with(
        experiment((3, 3, 3), "sigmoid", steps=9), mistakes=mistakes, optimizer="adam", settings=()
    )
    deep = experiment((30, *[3] * 20, 2), samples=70, loss="mean_squared_error")
    rules = ["--select", "E,F,W,B,UP", "--ignore", "E402", "--line-length", "100"]
    for made in (load("iris"), mistaken, deep):
        run = subprocess.run(
            [sys.executable, "-m", "ruff", "check", "--isolated", *rules, "-"],
            input=numpy_program(made),
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout + run.stderr


# mistakes


def put_right(program: str) -> str:
    """The program with each wrong line replaced by the right one beside it."""
    lines, found = program.splitlines(), list[str]()
    while lines:
        line = lines.pop(0)
        found.append(line)
        if not line.lstrip().startswith("# MISTAKE"):
            continue
        while not line.endswith(("should be:", "here:", "again")):
            line = lines.pop(0)
            found.append(line)
        if line.endswith("should be:"):
            found += [each.replace("# ", "", 1) for each in statement(lines)]
            statement(lines)
        elif line.endswith("here:"):
            while lines and re.match(r" +# (?!MISTAKE|\w+ is frozen)", lines[0]):
                found.append(lines.pop(0).replace("# ", "", 1))
    return "\n".join(found) + "\n"


def statement(lines: list[str]) -> list[str]:
    """Take the next statement, which may stand on several lines within brackets."""
    found = [lines.pop(0)]
    while "".join(found).count("(") > "".join(found).count(")"):
        found.append(lines.pop(0))
    return found


@pytest.mark.parametrize("count", [2, 3])
def test_combinations_of_mistakes(count: int) -> None:
    """Every mistake that is made is named; so is one that changes nothing."""
    networks = [((3, 2, 2, 2), ("tanh", "softplus", "sigmoid")), ((2, 3, 3), ("relu", "softmax"))]
    for layers, activations in networks:
        combinations = list(itertools.combinations(MISTAKES, count))
        for names in combinations[count :: max(len(combinations) // 6, 1)]:
            try:
                made = experiment(
                    layers, activations, loss="cross_entropy", mistakes=names, steps=8, l2=0.01
                )
            except UnusableError:
                continue
            check(made)
            program = numpy_program(made)
            for name in names:
                assert f"\n  {name}: " in program
                marked = re.search(rf"# MISTAKE [^.]*\b{name}\b", program)
                assert marked or "(no effect here)" in " ".join(program.split())


def test_the_listings_as_published() -> None:
    program = numpy_program(load("article-listing-1"))
    wrong = (
        "transposed-weights; should be:",
        "# dL_dout_h = delta_o @ W2.T",
        "dL_dout_h = delta_o @ W2",
    )
    missing = ("frozen-last-layer; missing here:", "# W2 -= LEARNING_RATE * gW2")
    for lines in (wrong, missing):
        assert "\n    # MISTAKE " + "\n    ".join(lines) + "\n" in program
    program = numpy_program(load("article-listing-2"))
    assert "dL_dout_h = (dL_dout_o * out_o * (out_h * (1 - out_h))) @ W2\n" in program


# torch


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize(
    "case", [name for name, made in CASES.items() if not made.training.mistakes]
)
def test_torch_has_every_function_and_optimizer(case: str) -> None:
    check_torch(training_with(CASES[case], steps=5, learning_rate=0.05))


@pytest.mark.usefixtures("torch")
def test_torch_with_switches_settings_many_numbers_and_test_samples() -> None:
    some = {"train_weights": (True, False), "train_biases": (False, True)}
    for changes in (some, {"train_weights": False, "train_biases": False}):
        check_torch(training_with(experiment((2, 3, 2), steps=10), **changes))
    check_torch(experiment((30, 40, 2), samples=60, steps=3))
    made = training_with(load("circles"), steps=7, reduction="sum", batch_size=5, l2=0.01)
    made = training_with(made, learning_rate=0.001)
    tested = output(torch_program(made)).splitlines()[-1].removeprefix("test loss ")
    parameters = Timeline(made).snapshot(7).parameters
    assert float(tested) == pytest.approx(held_out_loss(made, parameters), rel=1e-9)
    for name in OPTIMIZERS:
        check_torch(with_settings(name, learning_rate=0.01, steps=30, reduction="sum"))


def test_torch_refuses_mistakes() -> None:
    with pytest.raises(SaveError, match="which autograd cannot") as caught:
        torch_program(load("article-listing-1"))
    assert "transposed-weights, frozen-last-layer" in str(caught.value)
    assert "numpy program" in str(caught.value)
