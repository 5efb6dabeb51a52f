"""Exported torch programs print the engine's losses. Needs the extra ``torch``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bptui.core.evaluation import test_loss as held_out_loss
from bptui.core.experiment import Experiment
from bptui.core.optimizers import OPTIMIZERS
from bptui.core.timeline import Timeline
from bptui.export.programs import RefusedError, torch_program
from bptui.presets import load

from ..core.support import PAIRS, experiment
from .programs_support import assert_prints_losses_of, output, training_with


@contextmanager
def settings_kept() -> Iterator[None]:
    torch = pytest.importorskip("torch")
    kind, threads = torch.get_default_dtype(), torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_default_dtype(kind)
        torch.set_num_threads(threads)


def check(made: Experiment) -> None:
    with settings_kept():
        assert_prints_losses_of(made, torch_program(made), 1e-9)


@pytest.mark.parametrize(
    ("name", "steps"),
    [("article", 150), ("mazur", 40), ("xor", 40), ("iris", 10), ("spirals", 10), ("sine", 40)],
)
def test_shipped_presets(name: str, steps: int) -> None:
    check(training_with(load(name), steps=steps))


@pytest.mark.parametrize(("activation", "loss"), PAIRS)
def test_every_loss_after_every_activation(activation: str, loss: str) -> None:
    layers, activations = (3, 4, 2, 2), ("gelu", "softplus", activation)
    check(experiment(layers, activations, loss=loss, steps=5, l2=0.01, bias=activation != "tanh"))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_with_its_settings(name: str) -> None:
    values = {"momentum": 0.8, "rho": 0.95, "beta1": 0.85, "beta2": 0.99, "epsilon": 1e-3}
    settings = tuple((each, values[each]) for each in OPTIMIZERS[name].defaults)
    made = experiment(optimizer=name, settings=settings, learning_rate=0.01, steps=30)
    check(training_with(made, batch_size=2, shuffle=True, reduction="sum"))


@pytest.mark.parametrize(
    "changes",
    [
        {"train_weights": (True, False), "train_biases": (False, True)},
        {"train_weights": False, "train_biases": False},
        {"optimizer": "nesterov", "settings": (("momentum", 0.0),)},
    ],
    ids=str,
)
def test_switches(changes: dict[str, object]) -> None:
    check(training_with(experiment((2, 3, 2), ("leaky_relu", "sigmoid"), steps=10), **changes))


def test_the_test_samples_and_the_penalty() -> None:
    made = load("circles")
    made = training_with(made, steps=7, reduction="sum", batch_size=5, l2=0.01, learning_rate=0.001)
    check(made)
    with settings_kept():
        tested = output(torch_program(made)).splitlines()[-1].removeprefix("test loss ")
    parameters = Timeline(made).snapshot(7).parameters
    assert float(tested) == pytest.approx(held_out_loss(made, parameters), rel=1e-9)


def test_many_numbers_in_a_text() -> None:
    check(experiment((30, 40, 2), samples=60, steps=3))


def test_mistakes_are_refused() -> None:
    with pytest.raises(RefusedError, match="which autograd cannot") as caught:
        torch_program(load("article-listing-1"))
    assert "transposed-weights, frozen-last-layer" in caught.value.reason
    assert "--to numpy" in caught.value.reason
