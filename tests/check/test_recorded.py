"""Recorded numbers: the network is inferred, a slip is found, what cannot be used is said."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bptui.check.functions.recorded import UnusableNumbersError, reports_on
from bptui.presets.files import loads

Arrays = dict[str, Any]


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-z))


def step(change: Callable[[Arrays], object] = lambda made: None) -> Arrays:
    """The numbers of a 3-4-2 network, tanh and sigmoid with the binary cross-entropy."""
    rng = np.random.default_rng(1)
    x, t = rng.normal(size=(5, 3)), rng.integers(0, 2, (5, 2)).astype(float)
    w1, b1, w2, b2 = (rng.normal(size=shape) for shape in ((3, 4), 4, (4, 2), 2))
    out_h = np.tanh(x @ w1 + b1)
    out_o = sigmoid(out_h @ w2 + b2)
    delta_o = (out_o - t) / 5
    delta_h = delta_o @ w2.T * (1 - out_h**2)
    made = {"x": x, "t": t, "W1": w1, "b1": b1, "W2": w2, "b2": b2}
    made |= {"gW1": x.T @ delta_h, "gb1": delta_h.sum(axis=0)}
    made |= {"gW2": out_h.T @ delta_o, "gb2": delta_o.sum(axis=0)}
    values = {"out_h": out_h, "out_o": out_o, "delta_o": delta_o, "delta_h": delta_h}

    made |= change(made | values) or {}  # type: ignore[operator]  # what it returns is an Arrays
    return made


def saved(folder: Path, arrays: Arrays) -> Path:
    file = folder / "step.npz"
    np.savez(file, **arrays)
    return file


def turned(made: Arrays) -> Arrays:
    return {name: made[name].T for name in ("W1", "W2", "gW1", "gW2")}


def updated(made: Arrays) -> Arrays:
    names = ("W1", "b1", "W2", "b2")
    return {f"{name}_after": made[name] - 0.3 * made[f"g{name}"] for name in names} | {"lr": 0.3}


def test_activations_and_loss_are_inferred(tmp_path: Path) -> None:
    for change in (lambda made: None, turned, updated, lambda made: {"out_h": made["out_h"]}):
        for report in reports_on(saved(tmp_path, step(change)), None):
            assert report.verdict == "right", change
            facts = dict(report.facts)
            assert facts["network"] == "3-4-2 tanh, sigmoid"
            assert facts["loss"] == "binary_cross_entropy, averaged over the batch"
            assert report.loss["given"] is False


@pytest.mark.parametrize("prefix", ["d", "grad_", "dL_d"])
def test_names_of_gradients(prefix: str, tmp_path: Path) -> None:
    arrays = {name.replace("g", prefix, 1): array for name, array in step().items()}
    (report,) = reports_on(saved(tmp_path, arrays), None)
    assert report.verdict == "right"


def test_a_sum_over_the_batch_is_told_from_a_mean(tmp_path: Path) -> None:
    arrays = step(lambda made: {name: 5.0 * made[name] for name in ("gW1", "gb1", "gW2", "gb2")})
    (report,) = reports_on(saved(tmp_path, arrays), None)
    assert report.verdict == "right"
    assert dict(report.facts)["loss"].endswith("summed over the batch")


SLIPS: dict[str, Callable[[Arrays], Arrays]] = {
    "delta_h = dL_dout_h * (1 - out_h)": lambda made: _behind(
        made, made["delta_o"] @ made["W2"].T * (1 - made["out_h"])
    ),
    "gb1 = delta_h.sum(axis=0) + 0.04": lambda made: {"gb1": made["gb1"] + 0.04},
    "gb1 = dL_dout_h.sum(axis=0)": lambda made: {
        "gb1": (made["delta_o"] @ made["W2"].T).sum(axis=0)
    },
    "dL_dout_h = delta_o @ gW2.T": lambda made: _behind(
        made, made["delta_o"] @ made["gW2"].T * (1 - made["out_h"] ** 2)
    ),
    "delta_h = dL_dout_h * (1 - out_h ** 2) ** 2": lambda made: _behind(
        made, made["delta_o"] @ made["W2"].T * (1 - made["out_h"] ** 2) ** 2
    ),
    "missing-hidden-derivative": lambda made: _behind(made, made["delta_o"] @ made["W2"].T),
}


def _behind(made: Arrays, delta_h: np.ndarray) -> Arrays:
    """What follows from a delta; with activations recorded, which tell the functions at once."""
    return {
        "gW1": made["x"].T @ delta_h,
        "gb1": delta_h.sum(axis=0),
        "out_h": made["out_h"],
        "out_o": made["out_o"],
    }


@pytest.mark.parametrize("slip", SLIPS)
def test_the_slip_is_found(slip: str, tmp_path: Path) -> None:
    (report,) = reports_on(saved(tmp_path, step(SLIPS[slip])), None)
    assert report.verdict == "wrong"
    assert slip in (report.reason or "")
    verdicts = {line.variable: line.verdict for line in report.lines}
    assert (verdicts["gW2"], verdicts["gb2"]) == ("right", "right")
    assert "wrong" in (verdicts["gW1"], verdicts["gb1"])
    assert all(line.line is None and line.text is None for line in report.lines)


def test_a_preset_says_which_network_is_meant(tmp_path: Path) -> None:
    text = """
[network]
layers = [1, 2, 3]
activation = ["tanh", "sigmoid"]
[training]
loss = "half_squared_error"
[data]
inputs = [[1.0]]
targets = [[0.0, 1.0, 0.0]]
"""
    file = saved(tmp_path, step())
    (report,) = reports_on(file, loads(text, "own", tmp_path))
    assert report.loss["given"] is True
    assert report.verdict == "wrong"
    assert "missing-output-derivative" in (report.reason or "")
    text = text.replace("[1, 2, 3]", "[1, 3]").replace('["tanh", "sigmoid"]', '"sigmoid"')
    one = loads(text, "own", tmp_path)
    with pytest.raises(UnusableNumbersError, match="weights of 2 layers; the network of own has 1"):
        reports_on(file, one)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"t": None, "x": None}, "no array x and no array t; expected x, t, W1"),
        ({"b1": None}, "b1 is missing"),
        ({"W4": np.ones((2, 2))}, "W3 is missing"),
        ({"gW1": None, "gb1": None, "gW2": None, "gb2": None}, "no gradients"),
        (
            {"W1": np.ones((7, 4))},
            r"x has shape \(5, 3\) \(samples, units\), the weights W1 \(7, 4\)",
        ),
        ({"gW1": np.ones((2, 2))}, r"gW1: it has shape \(2, 2\); expected \(3, 4\)"),
        ({"t": np.ones((5, 3))}, "targets"),
        ({"b1": np.ones(3)}, "b1|biases"),
        ({"x": np.full((5, 3), np.nan)}, "x has numbers that are not finite"),
        ({"x": np.array([None])}, "an array of objects"),
        ({"x": np.ones((5, 3, 1))}, r"shape \(5, 3, 1\)"),
        ({"y": np.ones(5)}, "t and y both"),
        ({"W1_after": np.ones((3, 4))}, "no array lr"),
    ],
)
def test_what_cannot_be_used(arrays: Arrays, message: str, tmp_path: Path) -> None:
    made = {name: array for name, array in (step() | arrays).items() if array is not None}
    with pytest.raises(UnusableNumbersError, match=message):
        reports_on(saved(tmp_path, made), None)


def test_what_is_no_archive_of_arrays(tmp_path: Path) -> None:
    file = tmp_path / "step.npz"
    for content in (
        b"",
        b"\x80\x04]q\x00.",
        b"PK\x03\x04 and more",
        saved(tmp_path, step()).read_bytes()[:900],
    ):
        file.write_bytes(content)
        with pytest.raises(UnusableNumbersError, match=r"no \.npz file"):
            reports_on(file, None)


def test_numbers_that_are_not_finite_are_wrong(tmp_path: Path) -> None:
    arrays = step(lambda made: {"gW1": np.full((3, 4), np.inf)})
    (report,) = reports_on(saved(tmp_path, arrays), None)
    assert {line.variable: line.verdict for line in report.lines}["gW1"] == "wrong"
