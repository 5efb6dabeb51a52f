"""An experiment as a numpy program of its own, its chain rule and its mistakes in comments."""

from __future__ import annotations

import re

from bptui.core.experiment import Experiment
from bptui.export.programs import frame
from bptui.export.programs.backward import Backward, in_one_product
from bptui.export.programs.formulas import (
    ACTIVATIONS,
    DERIVATIVES,
    LOSS_DERIVATIVES,
    LOSSES,
    activation_call,
)
from bptui.export.programs.header import docstring, mistakes_made
from bptui.export.programs.lines import (
    NUMBERS,
    bracketed,
    comment,
    indented,
    returned,
    unpacked,
)
from bptui.export.programs.mistaken import Marker
from bptui.export.programs.updates import UPDATES

ROUNDING = (
    "They agree to twelve digits, or fewer where training magnifies a difference in the last one."
)


def numpy_program(experiment: Experiment) -> str:
    """The text of a program that needs numpy only and prints the losses of the engine.

    Where the experiment makes mistakes, so does the program, each wrong line marked.
    """
    marker = Marker(experiment.training.mistakes)
    loop = _loop(experiment, Backward(experiment, marker).lines())
    functions = _functions(experiment, "\n".join(loop))
    data = [
        *frame.samples(experiment, "np.array"),
        "",
        *frame.start_values(experiment, "np.array"),
        *_memory(experiment),
    ]
    settings = [
        *_silenced(functions),
        *frame.constants(experiment),
        *_constants([*functions, *loop]),
    ]
    facts = mistakes_made(experiment, marker.shown)
    head = [*docstring(experiment, facts, ROUNDING, "numpy only"), "", "import numpy as np", ""]
    return frame.joined([*head, *settings], data, NUMBERS.format(make="np.array"), functions, loop)


def _silenced(functions: list[str]) -> list[str]:
    lines = ["# No warnings: training that diverges shows in its losses"]
    if any("np.exp(-z)" in each for each in functions):
        lines.append("# (where e^-z becomes inf, 1 / (1 + inf) is 0, as it should be)")
    return [*lines, 'np.seterr(all="ignore")', ""]


def _constants(texts: list[str]) -> list[str]:
    if not any("TINY" in each for each in texts):
        return []
    return ["TINY = np.finfo(float).tiny  # instead of 0 below a fraction"]


def _memory(experiment: Experiment) -> list[str]:
    """What the optimizer and accumulated gradients start from."""
    names = experiment.network.names
    lines: list[str] = []
    if experiment.optimizer.slots and frame.trained_parameters(experiment):
        lines += ["", *comment(f"What {experiment.optimizer.name} remembers of every parameter")]
        lines += [
            f"{slot}{parameter} = np.zeros_like({parameter})"
            for parameter in frame.trained_parameters(experiment)
            for slot in experiment.optimizer.slots
        ]
    if "gradient-accumulated" in experiment.training.mistakes:
        lines += ["", *comment("MISTAKE gradient-accumulated: cleared here and never again")]
        lines += [f"g{each} = np.zeros_like({each})" for each in frame.parameters(experiment)]
    if experiment.training.l2:
        weights = [names.weights(layer) for layer in range(1, names.depth + 1)]
        lines += ["", *bracketed("WEIGHTS = [", weights, "]")]
    return lines


def _functions(experiment: Experiment, loop: str) -> list[str]:
    """The functions that the program calls, in the order of its calculation."""
    network, training = experiment.network, experiment.training
    forward = _forward(experiment)
    derivatives = _called(DERIVATIVES, loop)
    found = _called(ACTIVATIONS, "\n".join([forward, *derivatives]))
    loss = training.loss
    if loss == "cross_entropy":
        loss += f" after {network.activations[-1]}"
    value = LOSSES[loss].replace("{share}", frame.share(experiment))
    found += [*derivatives, value.replace("{over}", frame.over(experiment))]
    found += _called(LOSS_DERIVATIVES, loop)
    if training.l2:
        found.append(PENALTY)
    if experiment.schedule.shuffle:
        found.append(frame.SHUFFLED.replace("{order}", "generator.permutation(len(INPUTS))"))
    if in_one_product(experiment):
        found += [ONES.replace("{optimizer}", training.optimizer), AFFINE]
    found.append(forward)
    found.append(UPDATES[training.optimizer])
    return found


ONES = '''
def with_ones(x):
    """x and a column of ones: a bias is the weight of an input that is always 1.

    A single product rounds exactly as bptui does; {optimizer} would magnify a difference in the
    last digit.
    """
    return np.column_stack([x, np.ones(len(x))])
'''

AFFINE = '''
def affine(x, W, b):
    """x W + b."""
    return with_ones(x) @ np.vstack([W, b])
'''

PENALTY = '''
def penalty():
    """L2 times the sum of all squared weights."""
    return float(L2 * sum(np.sum(W**2) for W in WEIGHTS))
'''


def _called(functions: dict[str, str], text: str) -> list[str]:
    """Those of the ``functions`` that ``text`` calls, in a comment with the right line too."""
    called = set(re.findall(r"\w+(?=\()", text))
    return [each for each in functions.values() if _name(each) in called]


def _name(function: str) -> str:
    return function.split("def ", 1)[1].split("(", 1)[0]


def _values(experiment: Experiment) -> list[str]:
    """net_h, out_h, net_o, out_o."""
    names = experiment.network.names
    layers = range(1, names.depth + 1)
    return [name(layer) for layer in layers for name in (names.net, names.out)]


def _forward(experiment: Experiment) -> str:
    network = experiment.network
    layers = network.layers
    bias = " + b" if network.bias else ""
    about = f"All layers' values for the inputs x, (n, {layers[0]}): net = x W{bias}, out = f(net)."
    computed = frame.forward_lines(experiment, activation_call, in_one_product(experiment))
    lines = [f'"""{about}"""', *computed]
    body = [*indented(lines), *returned(_values(experiment))]
    return "\n".join(["", "def forward(x):", *body]) + "\n"


def _loss(experiment: Experiment, target: str, scale: str = "") -> str:
    names, training = experiment.network.names, experiment.training
    last = names.depth
    computed = names.net(last) if frame.takes_net(experiment.loss) else names.out(last)
    penalty = " + penalty()" if training.l2 else ""
    return f"{training.loss}({computed}, {target}){scale}{penalty}"


def _loop(experiment: Experiment, backward: list[str]) -> list[str]:
    values = _values(experiment)
    body = [
        *frame.batch(experiment),
        "",
        "# Forward pass",
        *unpacked(values, "forward(x)"),
        f"loss = {_loss(experiment, 't')}",
        *frame.printing(experiment, "np.isfinite(loss)", "loss"),
        "",
        *comment("Backward pass: the chain rule, from the loss back to the first layer; n samples"),
        *backward,
    ]
    lines = ["for step in range(STEPS + 1):", *indented(body)]
    if len(experiment.data.test_inputs):
        lines += ["", "# The test samples, after the last step"]
        lines += unpacked(values, "forward(TEST_INPUTS)")
        loss = _loss(experiment, "TEST_TARGETS", frame.test_scale(experiment))
        lines += [f"test_loss = {loss}", 'print(f"test loss {test_loss!r}")']
    return lines
