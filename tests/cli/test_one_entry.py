"""One entry is enough: an activation, a loss and an optimizer of one's own, wherever bptui goes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bptui.app.screens.typed import entries, names_for
from bptui.app.screens.typed import template as sheet
from bptui.core.activations import Activation, enter_activation
from bptui.core.graph.elementwise import cos, cosh, log, minimum, sin, tanh
from bptui.core.graph.node import constant
from bptui.core.losses import Loss, enter_loss
from bptui.core.optimizers import OPTIMIZERS, Optimizer
from bptui.export.programs import numpy_program, torch_program
from bptui.export.template import template
from bptui.presets.files import load
from bptui.presets.save import SaveError

from ..core.support import tables_kept
from ..export.test_programs import assert_prints_losses_of
from .support import bptui

PRESET = """
[network]
layers = [2, 3, 2]
activation = ["wavy", "capped"]
[init]
scheme = "normal"
seed = 4
[training]
loss = "log_cosh"
optimizer = "swinging"
learning_rate = 0.05
momentum = 0.8
l2 = 0.01
steps = 30
batch_size = 2
[data]
inputs = [[0.3, -0.8], [1.1, 0.4], [-0.6, 0.9]]
targets = [[0.2, 0.7], [0.9, 0.1], [0.4, 0.5]]
"""


@pytest.fixture(scope="module", autouse=True)
def _entered() -> Iterator[None]:
    with tables_kept():
        enter_activation(
            Activation("wavy", lambda z: z + 0.5 * sin(z), lambda z, a: 1.0 + 0.5 * cos(z))
        )
        # without a slope: the chain rule finds it
        enter_activation(Activation("capped", lambda z: minimum(z, constant(1.5)) * 0.7))
        enter_loss(Loss("log_cosh", lambda a, t: log(cosh(a - t)), lambda a, t: tanh(a - t)))
        OPTIMIZERS["swinging"] = Optimizer(
            lambda w, g, slots, given, rate, k: {
                "u": (swing := given["momentum"] * slots["u"] + g / k),
                "w": w - rate * (swing - 0.5 * slots["u"]),
            },
            slots=("u",),
            defaults={"momentum": 0.9},
            words="minus the learning rate times its swing",
            counts=True,
        )
        yield


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(PRESET, encoding="utf-8")
    return path


def printed(*arguments: str) -> str:
    result = bptui(*arguments)
    assert result.exit_code in (0, 1), result.output
    return result.stdout


def test_gradient_check(file: Path) -> None:
    """At the fourth step, which the optimizer has led to."""
    assert "\nAll 17 gradients are right" in printed("gradcheck", str(file), "--step", "3")


@pytest.mark.parametrize("form", ["text", "markdown", "latex", "json"])
def test_derivation(file: Path, form: str) -> None:
    shown = {
        "text": (
            *("out_h1 = net_h1 + 1/2 · sin(net_h1)", "0.7 · min(net_o1 , 1.5)"),
            *("wavy(net_h)", "np.log(np.cosh(out_o - target))", "u_w1 ← momentum · u_w1 +"),
        ),
        "markdown": ("np.cos(net_h)", r"\mathrm{sin}"),
        "latex": (r"\mathrm{cosh} \left(", r"\min\left(", "u_{w_{1}}"),
        "json": ("np.minimum(net_o, 1.5)", '"u_W1"'),
    }
    text = " ".join(printed("explain", str(file), "--step", "2", "--format", form).split())
    for part in shown[form]:
        assert part in text, part


def test_exported_programs(file: Path) -> None:
    made = load(str(file))
    program = numpy_program(made)
    assert_prints_losses_of(made, program, 1e-12)
    for line in (
        "    delta_h = dL_dout_h * (1 + 0.5 * np.cos(net_h))\n",
        "    new_u_W1 = MOMENTUM * u_W1 + gW1 / k\n",
    ):
        assert line in program


def test_exported_torch_program(file: Path) -> None:
    made = load(str(file))
    with pytest.raises(SaveError, match="Torch has no optimizer swinging"):
        torch_program(made)
    made = replace(made, training=replace(made.training, optimizer="sgd", settings=()))
    text = torch_program(made)
    assert "    out_h = net_h + 0.5 * torch.sin(net_h)\n" in text
    pytest.importorskip("torch")
    assert_prints_losses_of(made, text, 1e-9)


def test_check(file: Path, tmp_path: Path) -> None:
    skeleton = template(load(str(file)))
    for name, code in {
        "delta_o": "np.tanh(out_o - t) / n * np.where(net_o < 1.5, 0.7, 0)",
        "gW2": "out_h.T @ delta_o + 0.02 * W2",
        "gb2": "delta_o.sum(axis=0)",
        "delta_h": "delta_o @ W2.T * (1 + np.cos(net_h) / 2)",
        "gW1": "x.T @ delta_h + 0.02 * W1",
        "gb1": "delta_h.sum(axis=0)",
    }.items():
        skeleton = skeleton.replace(f'fill_in("{name}")', code)
    own = tmp_path / "own.py"
    own.write_text(
        skeleton.replace("1 + np.cos(net_h) / 2", "1 + np.cos(out_h) / 2"), encoding="utf-8"
    )
    wrong = bptui("check", str(own), "--preset", str(file))
    assert wrong.exit_code == 1, wrong.output
    assert "derivative-of-activation" in wrong.output


def test_names_in_the_sheet() -> None:
    text = sheet()
    rows = entries(text.splitlines())
    names = {each.path: {*names_for(each, text, Path())} for each in rows}
    assert {"wavy", "capped"} <= names["network.activation"]
    assert "log_cosh" in names["training.loss"]
    assert "swinging" in names["training.optimizer"]
    assert "training.momentum" in names
