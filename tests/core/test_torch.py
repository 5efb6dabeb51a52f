"""Gradients and updates against torch in float64. Needs the extra ``torch``."""

import pytest

from bptui.core.engine import Engine
from bptui.core.experiment import Experiment

from .support import arrays, random_experiment, relative_error

torch = pytest.importorskip("torch")
functional = torch.nn.functional

ACTIVATIONS = {
    "identity": lambda z: z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda z: functional.leaky_relu(z, 0.01),
    "softplus": functional.softplus,
    "gelu": lambda z: functional.gelu(z, approximate="tanh"),
    "softmax": lambda z: torch.softmax(z, 1),
    "bipolar_sigmoid": lambda z: torch.tanh(z / 2),
    "softsign": functional.softsign,
    "elu": functional.elu,
    "silu": functional.silu,
    "hard_sigmoid": lambda z: torch.clamp((z + 3) / 6, 0, 1),
}


def reduced_loss(
    made: Experiment, parameters: list[torch.Tensor], x: torch.Tensor, t: torch.Tensor
) -> torch.Tensor:
    """The loss as a torch tensor, cross entropies from the logits."""
    depth, training = made.network.depth, made.training
    a = z = x
    for layer, name in enumerate(made.network.activations):
        z = a @ parameters[layer]
        if made.network.bias:
            z = z + parameters[depth + layer]
        a = ACTIVATIONS[name](z)
    if training.loss == "binary_cross_entropy":
        total = functional.binary_cross_entropy_with_logits(z, t, reduction="sum")
    elif training.loss == "cross_entropy":
        logarithm = functional.logsigmoid if name == "sigmoid" else lambda v: v.log_softmax(1)
        total = -(t * logarithm(z)).sum()
    elif training.loss == "mean_absolute_error":
        total = (a - t).abs().sum() / a.shape[1]
    else:
        share = {"half_squared_error": 0.5, "mean_squared_error": 1.0 / a.shape[1]}
        total = ((a - t) ** 2).sum() * share.get(training.loss, 1.0)
    if training.reduction == "mean":
        total = total / x.shape[0]
    return total + training.l2 * sum((w**2).sum() for w in parameters[:depth])


def test_drawn_experiments() -> None:
    for seed in range(300):
        engine = Engine(random_experiment(seed))
        for _ in range(2):
            shown = engine.record()
            parameters = [torch.tensor(a, requires_grad=True) for a in arrays(shown.parameters)]
            x, t = torch.tensor(shown.values["input"]), torch.tensor(shown.values["target"])
            reduced_loss(shown.experiment, parameters, x, t).backward()
            for found, expected in zip(arrays(shown.gradients), parameters, strict=True):
                assert relative_error(found, expected.grad.numpy()) < 1e-10
