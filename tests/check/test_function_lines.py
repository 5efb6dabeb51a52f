"""Functions as people write them: their verdict, their first wrong lines, and what is said."""

from pathlib import Path

import pytest

from bptui.check.check import check
from bptui.check.functions import reports_of
from bptui.presets.files import loads

CASES = Path(__file__).parent / "cases"
PRESET = """\
[network]
layers = [{layers}]
activation = ["{hidden}", "{output}"]
bias = {bias}
[init]
seed = 1
[training]
loss = "half_squared_error"
reduction = "{reduction}"
learning_rate = 0.3
[data]
inputs = [{inputs}]
targets = [{targets}]
"""


def preset(
    layers: tuple[int, ...], reduction: str = "mean", bias: str = "true", output: str = "sigmoid"
) -> str:
    """A network's TOML, with four samples of unlike numbers."""
    rows = [[round(((7 * i + 3 * j) % 11) / 10 - 0.45, 2) for j in range(9)] for i in range(4)]
    return PRESET.format(
        layers=", ".join(map(str, layers)),
        hidden="sigmoid",
        output=output,
        bias=bias,
        reduction=reduction,
        inputs=", ".join(str(row[: layers[0]]) for row in rows),
        targets=", ".join(str([abs(x) for x in row[: layers[-1]]]) for row in rows),
    )


MEAN, SUM = preset((3, 4, 3)), preset((2, 3, 2), "sum")
SOFTMAX = preset((3, 4, 3), output="softmax")
NO_BIAS = preset((3, 3, 3), "sum", "false")


@pytest.mark.parametrize(
    ("name", "toml", "lines", "said"),
    [
        ("softmax_slope_sig", SOFTMAX, [15], ""),
        ("bias2_not_in_forward", MEAN, [13], ""),
        ("hidden_from_error", MEAN, [18], ""),
        ("bias_axis1", MEAN, [17, 20], "it has shape"),
        ("xor_scalar_lines", preset((2, 2, 1), "sum", "false"), [20, 21], ""),
        ("book_class_hidden_error", NO_BIAS, [16], ""),
        ("book_backprop_bias_first", SUM, [], ""),
        ("plus", MEAN, [16], "wrong-sign"),
        ("assign_not_update", MEAN, [16], "the old parameters are missing"),
        ("local_names", MEAN, [], "local name"),
        ("global_data", MEAN, [], "does not depend on the x and t"),
        ("train_loop", MEAN, [], "it makes 100 updates"),
        ("right_tanh_bce", MEAN, [], "right for tanh, sigmoid and binary_cross_entropy"),
    ],
)
def test_a_function_is_judged_by_its_lines(
    name: str, toml: str, lines: list[int], said: str
) -> None:
    (report,) = reports_of(check(CASES / f"{name}.py", loads(toml, "own", CASES), 600.0))
    assert report.verdict == ("right" if name == "book_backprop_bias_first" else "wrong")
    assert [line.line for line in report.wrong if line.line] == lines
    assert said in (report.reason or "")


WRITTEN = """\
import numpy as np


def gradients(x, t, W1, b1, W2, b2):
    h = 1 / (1 + np.exp(-x @ W1 - b1))
    o = 1 / (1 + np.exp(-h @ W2 - b2))
    d = (o - t) * o * (1 - o) / len(x)
    e = d @ W2.T * h * (1 - h)
    return x.T @ e, e.sum(axis=0), h.T @ d, d.sum(axis=0)
"""
OF_FOUR = WRITTEN.replace("len(x)", "4")


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (", h.T @ d", ", (h.T @ d)[::-1]", "gW2: its rows are in the wrong order"),
        ("e.sum(axis=0)", "e.sum(axis=0)[::-1]", "gb1: its numbers are in the wrong order"),
        ("x.T @ e", "0.5 * np.mean((o - t) ** 2), x.T @ e", "loss: it is the correct one divided"),
    ],
)
def test_what_stands_out_is_said_with_its_name(
    right: str, wrong: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "written.py"
    file.write_text(WRITTEN.replace(right, wrong))
    (report,) = reports_of(check(file, loads(MEAN, "own", CASES), 600.0))
    assert said in (report.reason or "")


def test_of_another_shape_is_said_how_it_is_no_number_that_is_not_finite(tmp_path: Path) -> None:
    file = tmp_path / "written.py"
    file.write_text(WRITTEN.replace("e.sum(axis=0)", "e.sum()").replace(" / len(x)", ""))
    (report,) = reports_of(check(file, loads(MEAN, "own", CASES), 600.0))
    (because,) = (text for _, text in report.facts if text.startswith("with several samples"))
    assert "gb1: it has shape (); expected (4,), the shape of b1, so it got one" in because


def test_a_constant_that_is_the_batch_size_of_the_preset_is_told(tmp_path: Path) -> None:
    """Its parameters are taken one by one, too."""
    file = tmp_path / "four.py"
    file.write_text(OF_FOUR)
    (report,) = reports_of(check(file, loads(MEAN, "own", CASES), 600.0))
    assert report.verdict == "right"
    assert any("is there a 4 where the number of samples" in text for _, text in report.facts)


MOMENTUM = """\
import numpy as np

kept = [0.0, 0.0, 0.0, 0.0]


def step(x, t, W1, b1, W2, b2, lr):
    h = 1 / (1 + np.exp(-x @ W1 - b1))
    o = 1 / (1 + np.exp(-h @ W2 - b2))
    d = (o - t) * o * (1 - o) / len(x)
    e = d @ W2.T * h * (1 - h)
    now = x.T @ e, e.sum(axis=0), h.T @ d, d.sum(axis=0)
    kept[:] = [0.9 * a + b for a, b in zip(kept, now)]
    return [p - lr * k for p, k in zip((W1, b1, W2, b2), kept)]
"""


def test_where_the_update_is_another_optimizers_no_gradient_is_blamed(tmp_path: Path) -> None:
    file = tmp_path / "momentum.py"
    file.write_text(MOMENTUM)
    (report,) = reports_of(check(file, loads(MEAN, "own", CASES), 600.0))
    assert report.reason == "step: the update is that of momentum"
    assert not [line for line in report.lines if line.line]
