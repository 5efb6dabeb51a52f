"""Functions as people write them: their verdict, their first wrong lines, and what is said."""

import re
from pathlib import Path

import pytest

from bptui.check.functions.check import check
from bptui.check.functions.report import reports_of
from bptui.check.reports.report import Report
from bptui.presets.files import loads

CASES = Path(__file__).parent / "cases"
BY_LAYERS = """\
# every gradient on a line of its own
import numpy as np


def sig(z):
    return 1 / (1 + np.exp(-z))


def gradients(x, t, weights, biases):
    (W1, W2), (b1, b2), n = weights, biases, len(x)
    z1 = x @ W1 + b1
    a1 = sig(z1)
    z2 = a1 @ W2 + b2
    a2 = sig(z2)
    d2 = (a2 - t) * a2 * (1 - a2) / n
    gW2 = a1.T @ d2
    gb2 = d2.sum(axis=0)
    d1 = d2 @ W2.T * a1 * (1 - a1)
    gW1 = x.T @ d1
    gb1 = d1.sum(axis=0)
    return [gW1, gW2], [gb1, gb2]
"""
RETURNED = "    return [W1 - lr * gW1, W2 - lr * gW2], [b1 - lr * gb1, b2 - lr * gb2]\n"
STEP = """\
# the updates stand where the function ends
import numpy as np


def sig(z):
    return 1 / (1 + np.exp(-z))


def step(x, t, weights, biases, learning_rate):
    (W1, W2), (b1, b2), n, lr = weights, biases, len(x), learning_rate
    a1 = sig(x @ W1 + b1)
    a2 = sig(a1 @ W2 + b2)
    d2 = (a2 - t) * a2 * (1 - a2) / n
    d1 = d2 @ W2.T * a1 * (1 - a1)
    gW2, gb2, gW1, gb1 = a1.T @ d2, d2.sum(0), x.T @ d1, d1.sum(0)
"""
LOOP = """

def step(x, t, weights, biases, learning_rate):
    for k in range(12):
        weights, biases = one(x, t, weights, biases, learning_rate)
    return weights, biases
"""


def edited(text: str, *edits: str) -> str:
    """Return a text with others in the places of some of its parts, in turns."""
    for right, wrong in zip(edits[::2], edits[1::2], strict=True):
        assert right in text
        text = text.replace(right, wrong)
    return text


PRESET = """\
[network]
layers = [{layers}]
activation = ["sigmoid", "{output}"]
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
        output=output,
        bias=bias,
        reduction=reduction,
        inputs=", ".join(str(row[: layers[0]]) for row in rows),
        targets=", ".join(str([abs(x) for x in row[: layers[-1]]]) for row in rows),
    )


MEAN, SUM = preset((3, 4, 3)), preset((2, 3, 2), "sum")
PENALIZED = MEAN.replace("[data]", "l2 = 0.02\n[data]")
SOFTMAX = preset((3, 4, 3), output="softmax")
NO_BIAS = preset((3, 3, 3), "sum", "false")


def report_on(folder: Path, source: str, toml: str = MEAN) -> Report:
    """The report on the one function of a file with that source."""
    file = folder / "written.py"
    file.write_text(source)
    (report,) = reports_of(check(file, loads(toml, "own", CASES), 600.0))
    return report


JUDGED = {
    "a softmax with the slope of a sigmoid": (
        edited(BY_LAYERS, "sig(z2)", "np.exp(z2) / np.exp(z2).sum(axis=1, keepdims=True)"),
        *(SOFTMAX, [15], ""),
    ),
    "the hidden error from the error": (
        edited(BY_LAYERS, "= d2 @", "= ((a2 - t) / n) @"),
        *(MEAN, [18], ""),
    ),
    "a number too much": (
        edited(BY_LAYERS, "gb1 = d1.sum(axis=0)", "gb1 = d1.sum(axis=0) - 0.37"),
        *(MEAN, [20], "line 20, which should be gb1 = d1.sum(axis=0)"),
    ),
    "the samples turned round": (
        edited(BY_LAYERS, "    z1 = x", "    x = x[::-1]\n    z1 = x"),
        *(MEAN, [11], "line 11"),
    ),
    "the other axis": (edited(BY_LAYERS, "axis=0", "axis=1"), MEAN, [17, 20], "it has shape"),
    "xor_scalar_lines": ("", preset((2, 2, 1), "sum", "false"), [20, 21], ""),
    "book_class_hidden_error": ("", NO_BIAS, [16], ""),
    "book_backprop_bias_first": ("", SUM, [], ""),
    "alias_never_cleared": (
        "",
        preset((3, 3, 2)).replace('"sigmoid"', '"tanh"', 1).replace('"sigmoid"', '"tanh"', 1),
        *([18, 19, 20, 21], "gradient-accumulated"),
    ),
    "uphill": (STEP + RETURNED.replace("-", "+"), MEAN, [16], "wrong-sign"),
    "the old parameters are lost": (
        STEP + re.sub(r"\w\d -", "-", RETURNED).replace("- ", "-"),
        *(MEAN, [16], "the old parameters are missing"),
    ),
    "local names": (
        STEP + "    W1, W2, b1, b2 = W1 - lr * gW1, W2 - lr * gW2, b1 - lr * gb1, b2 - lr * gb2\n",
        *(MEAN, [16], "local name"),
    ),
    "biases with the penalty of weights": (
        edited(BY_LAYERS, "gW2 = a1.T @ d2", "gW2 = a1.T @ d2 + 0.04 * W2")
        .replace("gW1 = x.T @ d1", "gW1 = x.T @ d1 + 0.04 * W1")
        .replace("d1.sum(axis=0)", "d1.sum(axis=0) + 0.04 * b1"),
        *(PENALIZED, [20], "gb1 = "),
    ),
    "no penalty": (BY_LAYERS, PENALIZED, [16, 19], "the L2 penalty is left out"),
    "half of a penalty": (
        edited(BY_LAYERS, "gW2 = a1.T @ d2", "gW2 = a1.T @ d2 + 0.02 * W2").replace(
            "gW1 = x.T @ d1", "gW1 = x.T @ d1 + 0.02 * W1"
        ),
        *(PENALIZED, [16, 19], "the factor 2 of the L2 penalty's gradient is left out"),
    ),
    "a constant": (
        edited(BY_LAYERS, "(a2 - t) *", "-2 / n * (a2 - t) *"),
        *(MEAN, [15], "times 2 and divided by the batch size and with the opposite sign"),
    ),
    "a mean of what is divided already": (  # there is one layer, by whose number nothing is divided
        "import numpy as np\ndef gradients(x, t, weights, biases):\n"
        "    d = 1 / (1 + np.exp(-x @ weights[0][:, 0] - biases[0][0])) - t[:, 0]\n"
        "    return [x.T @ d[:, None] / len(t)], [np.array([1 / len(t) * np.mean(d)])]\n",
        edited(preset((2, 1)), '"sigmoid", ', "", "half_squared_error", "binary_cross_entropy"),
        *([4], "divided by the batch size"),
    ),
    "a softmax over all samples": (
        edited(BY_LAYERS, "a2 = sig(z2)", "e = np.exp(z2)\n    a2 = e / e.sum()"),
        *(SOFTMAX, [15], ""),
    ),
    "data of the module": (
        edited(
            STEP + RETURNED,
            *("as np\n", "as np\n\nX, T = np.ones((6, 3)), np.zeros((6, 3))\n"),
            *("    a1 =", "    x, t = X, T\n    a1 ="),
        ),
        *(MEAN, [], "does not depend on the x and t"),
    ),
    "a loop of training": (
        edited(STEP, "def step", "def one") + RETURNED + LOOP,
        *(MEAN, [], "it makes 12 updates"),
    ),
    "another loss": (
        edited(
            BY_LAYERS,
            *("a1 = sig(z1)", "a1 = np.tanh(z1)"),
            *(" * a2 * (1 - a2)", ""),
            *("* a1 * (1 - a1)", "* (1 - a1**2)"),
        ),
        *(MEAN, [], "right for tanh, sigmoid and binary_cross_entropy"),
    ),
}
"""Each with its preset, its wrong lines, and what is said; the others are files."""


@pytest.mark.parametrize("name", JUDGED)
def test_a_function_is_judged_by_its_lines(name: str, tmp_path: Path) -> None:
    source, toml, lines, said = JUDGED[name]
    report = report_on(tmp_path, source or (CASES / f"{name}.py").read_text(), toml)
    assert report.verdict == ("right" if name == "book_backprop_bias_first" else "wrong")
    assert [line.line for line in report.wrong if line.line] == lines
    assert said in (report.reason or "")
    assert not any("len(weights)" in (line.should_be or "") for line in report.wrong)


ORDER = {
    "net_h": "z1",
    "out_h": "a1",
    "net_o": "z2",
    "out_o": "a2",
    "loss": "loss",
    "delta_o": "d2",
    "gW2": "gW2",
    "gb2": "gb2",
    "delta_h": "d1",
    "gW1": "gW1",
    "gb1": "gb1",
}
"""The quantities of a network in their order, and what the function calls them."""


@pytest.mark.parametrize("name", ["out_h", "loss", "delta_o", "gb1"])
def test_the_first_wrong_quantity_is_wrong_and_the_rest_follows(name: str, tmp_path: Path) -> None:
    given, own = ", ".join(f"{each}={own}" for each, own in ORDER.items()), ORDER[name]
    loss = "loss = np.array(0.5 * ((a2 - t) ** 2).sum() / n)"
    source = edited(BY_LAYERS, "    d2 =", f"    {loss}\n    d2 =")
    rows = edited(source, "[gW1, gW2], [gb1, gb2]", f"dict({given})").splitlines()
    at = next(at for at, row in enumerate(rows, 1) if row.startswith(f"    {own} ="))
    rows.insert(at, f"    {own} = {own} + 0.3 * np.cos(np.arange({own}.size)).reshape({own}.shape)")
    file = tmp_path / "written.py"
    file.write_text("\n".join(rows))
    (function,) = check(file, loads(MEAN, "own", CASES), 600.0).functions
    found = {each.name: each.verdict for each in function.findings}
    carries = not name.startswith(("loss", "g"))
    reached = [*ORDER][[*ORDER].index(name) + 1 :] if carries else []
    assert {each for each, verdict in found.items() if verdict == "wrong"} == {name}
    assert [each for each, verdict in found.items() if verdict == "follows"] == reached


WRITTEN = """\
import numpy as np


def gradients(x, t, W1, b1, W2, b2):
    h = 1 / (1 + np.exp(-x @ W1 - b1))
    o = 1 / (1 + np.exp(-h @ W2 - b2))
    d = (o - t) * o * (1 - o) / len(x)
    e = d @ W2.T * h * (1 - h)
    return x.T @ e, e.sum(axis=0), h.T @ d, d.sum(axis=0)
"""


def test_what_stands_out_is_said_with_its_name(tmp_path: Path) -> None:
    loss = "0.5 * np.mean((o - t) ** 2), x.T @ e"
    report = report_on(tmp_path, edited(WRITTEN, "x.T @ e", loss))
    assert "loss: the correct numbers times" in (report.reason or "")


def test_of_another_shape_is_said_how_it_is_no_number_that_is_not_finite(tmp_path: Path) -> None:
    report = report_on(tmp_path, edited(WRITTEN, "e.sum(axis=0)", "e.sum()", " / len(x)", ""))
    (because,) = (text for _, text in report.facts if text.startswith("with several samples"))
    assert "gb1: it has shape (); expected (4,), the shape of b1; so it got one" in because


@pytest.mark.parametrize("toml", [MEAN, preset((3, 4, 1))], ids=["three outputs", "one"])
def test_a_constant_that_is_the_batch_size_of_the_preset_is_told(toml: str, tmp_path: Path) -> None:
    """Its parameters are taken one by one, too."""
    report = report_on(tmp_path, edited(WRITTEN, "len(x)", "4"), toml)
    assert report.verdict == "right"
    assert any("is there a 4 where the number of samples" in text for _, text in report.facts)


def test_a_slip_beside_the_batch_size_of_the_preset_is_the_only_wrong_line(tmp_path: Path) -> None:
    source = edited(WRITTEN, "len(x)", "4", "h * (1 - h)", "h")
    report = report_on(tmp_path, source)
    assert [line.line for line in report.wrong] == [8]
    assert any("is there a 4 where the number of samples" in text for _, text in report.facts)


def test_what_is_wrong_for_the_presets_own_numbers_alone_is_told(tmp_path: Path) -> None:
    """Where the drawn ones show nothing, as of a limit that only these reach."""
    report = report_on(
        tmp_path,
        edited(WRITTEN, "    return", "    e = e * (1 + h * (x[0, 0] == -0.45))\n    return"),
    )
    assert [line.line for line in report.wrong] == [9]


def test_another_activation_than_the_presets_is_told_where_it_is_called(tmp_path: Path) -> None:
    """No line of the backward pass is, nor one of the function that is called."""
    other = preset((3, 4, 3)).replace('["sigmoid"', '["tanh"')
    source = edited(BY_LAYERS, "def sig", "def f(z):\n    return z\n\n\ndef sig")
    report = report_on(tmp_path, edited(source, "a1 = sig(z1)", "a1 = f(z1)"), other)
    assert [line.text for line in report.wrong] == ["a1 = f(z1)"]


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
    report = report_on(tmp_path, MOMENTUM)
    assert report.reason == "step: the update is that of momentum"
    assert not [line for line in report.lines if line.line]


def test_a_loss_that_is_returned_and_wrong_has_its_line(tmp_path: Path) -> None:
    loss = "    loss = np.sum((a2 - t) ** 2) / n\n    gW2 ="
    source = edited(BY_LAYERS, "    gW2 =", loss, "return [gW1", "return loss, [gW1")
    (line,) = report_on(tmp_path, source).wrong
    assert (line.line, line.should_be) == (16, "loss = np.sum((a2 - t) ** 2) / n / 2")
