"""An experiment as a torch program of its own, which leaves the chain rule to autograd."""

from __future__ import annotations

from bptui.core.experiment import Experiment
from bptui.core.network import Network
from bptui.export.programs import frame
from bptui.export.programs.header import docstring
from bptui.export.programs.lines import NUMBERS, bracketed, comment, indented

ACTIVATIONS = {
    "identity": "{net}",
    "sigmoid": "torch.sigmoid({net})",
    "tanh": "torch.tanh({net})",
    "relu": "torch.relu({net})",
    "leaky_relu": "functional.leaky_relu({net}, 0.01)",
    # beyond its default threshold, 20, torch takes z itself, which differs in the tenth digit
    "softplus": "functional.softplus({net}, threshold=40)",
    "gelu": 'functional.gelu({net}, approximate="tanh")',
    "softmax": "torch.softmax({net}, dim=1)",
}

LOSSES = {
    "half_squared_error": """
def half_squared_error(out, t):
    \"\"\"Half the squared error, summed over outputs{over}.\"\"\"
    return 0.5 * ((out - t) ** 2).sum(){share}
""",
    "squared_error": """
def squared_error(out, t):
    \"\"\"The squared error, summed over outputs{over}.\"\"\"
    return ((out - t) ** 2).sum(){share}
""",
    "mean_squared_error": """
def mean_squared_error(out, t):
    \"\"\"The squared error, mean over outputs{over}.\"\"\"
    return ((out - t) ** 2).sum() / t.shape[1]{share}
""",
    "binary_cross_entropy": """
def binary_cross_entropy(z, t):
    \"\"\"-t ln a - (1 - t) ln(1 - a) with a = sigmoid(z), summed over outputs{over}.\"\"\"
    return functional.binary_cross_entropy_with_logits(z, t, reduction="sum"){share}
""",
    "cross_entropy after sigmoid": """
def cross_entropy(z, t):
    \"\"\"-t ln a with a = sigmoid(z), summed over outputs{over}.\"\"\"
    return -(t * functional.logsigmoid(z)).sum(){share}
""",
    "cross_entropy after softmax": """
def cross_entropy(z, t):
    \"\"\"-t ln a with a = softmax(z), summed over outputs{over}.\"\"\"
    return -(t * torch.log_softmax(z, dim=1)).sum(){share}
""",
}
"""By name; the cross-entropies take the output layer's pre-activations."""

ROUNDING = (
    "Torch rounds differently: they agree to nine digits or more, or fewer where training "
    "magnifies a difference in the last one, as steps that stay large near a minimum do."
)

PENALTY = '''
def penalty():
    """L2 times the sum of all squared weights."""
    return L2 * sum((W**2).sum() for W in WEIGHTS)
'''


MOST_PRODUCTS_ALONE = 2_000_000
"""Products in a forward pass below which one thread is quicker than several."""


class RefusedError(Exception):
    """A program that cannot be written; ``reason`` is one sentence."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def torch_program(experiment: Experiment) -> str:
    """The text of a program that needs torch, and numpy where it shuffles, in float64.

    Raises :class:`RefusedError` where the experiment makes mistakes.
    """
    mistakes = experiment.training.mistakes
    if mistakes:
        what = "a mistake" if len(mistakes) == 1 else "mistakes"
        raise RefusedError(
            f"the preset makes {what} ({', '.join(mistakes)}), which autograd cannot; "
            "use --to numpy"
        )
    shuffles, loop = experiment.schedule.shuffle, _loop(experiment)
    functions = _functions(experiment)
    data = [
        *frame.samples(experiment, "torch.tensor"),
        "",
        *frame.start_values(experiment, "torch.tensor"),
        *_trained(experiment),
    ]
    uses_functional = any("functional." in each for each in functions)
    imports = [
        *(["import numpy as np"] if shuffles else []),
        "import torch",
        *(["from torch.nn import functional"] if uses_functional else []),
    ]
    needs = "torch, and numpy for the order of the samples" if shuffles else "torch only"
    settings = ["torch.set_default_dtype(torch.float64)"]
    if experiment.network.weight_count * experiment.schedule.batch_size < MOST_PRODUCTS_ALONE:
        settings.append("torch.set_num_threads(1)  # more would only wait for each other")
    settings += ["", *frame.constants(experiment)]
    head = [*docstring(experiment, [], ROUNDING, needs), "", *imports, "", *settings]
    return frame.joined(head, data, NUMBERS.format(make="torch.tensor"), functions, loop)


def _trained(experiment: Experiment) -> list[str]:
    """The lists of parameters, and the optimizer."""
    names, trained = experiment.network.names, frame.trained_parameters(experiment)
    lines: list[str] = []
    if experiment.training.l2:
        weights = [names.weights(layer) for layer in range(1, names.depth + 1)]
        lines += ["", *bracketed("WEIGHTS = [", weights, "]")]
    if not trained:
        return [*lines, "", *comment(f"Nothing is trained; frozen: {experiment.frozen_words()}")]
    if experiment.frozen:
        lines += ["", *comment(f"frozen: {experiment.frozen_words()}")]
    lines += ["", *bracketed("trained = [", trained, "]")]
    lines += ["for parameter in trained:", "    parameter.requires_grad_()"]
    return [*lines, f"optimizer = {_optimizer(experiment)}"]


def _optimizer(experiment: Experiment) -> str:
    """torch's name for the rule; the settings are constants of the program."""
    training = experiment.training
    arguments = {
        "sgd": "",
        "momentum": ", momentum=MOMENTUM",
        # torch has no Nesterov momentum of 0, which would be plain gradient descent
        "nesterov": ", momentum=MOMENTUM"
        + (", nesterov=True" if dict(training.settings).get("momentum") else ""),
        "adagrad": ", eps=EPSILON",
        "rmsprop": ", alpha=RHO, eps=EPSILON",
        "adam": ", betas=(BETA1, BETA2), eps=EPSILON",
    }
    classes = {"adagrad": "Adagrad", "rmsprop": "RMSprop", "adam": "Adam"}
    name = classes.get(training.optimizer, "SGD")
    return f"torch.optim.{name}(trained, lr=LEARNING_RATE{arguments[training.optimizer]})"


def _functions(experiment: Experiment) -> list[str]:
    loss = experiment.training.loss
    if loss == "cross_entropy":
        loss += f" after {experiment.network.activations[-1]}"
    value = LOSSES[loss].replace("{share}", frame.share(experiment))
    found = [value.replace("{over}", frame.over(experiment))]
    if experiment.training.l2:
        found.append(PENALTY)
    if experiment.schedule.shuffle:
        order = "torch.from_numpy(generator.permutation(len(INPUTS)))"
        found.append(frame.SHUFFLED.replace("{order}", order))
    return [*found, _forward(experiment)]


def _forward(experiment: Experiment) -> str:
    """The function that gives what the loss takes: outputs, or pre-activations before them."""
    network, stops = experiment.network, frame.takes_net(experiment.loss)
    names, last = network.names, network.depth
    result = names.net(last) if stops else names.out(last)
    bias, inputs = " + b" if network.bias else "", network.layers[0]
    about = (
        f"{result} for the inputs x, (n, {inputs}): in each layer net = x W{bias}, out = f(net)."
    )
    lines = [f'"""{about}"""']
    computed = frame.forward_lines(experiment, _activation_call)
    if stops:
        computed.pop()
        outputs = f"The outputs {names.out(last)} are {network.activations[-1]}({result})"
        lines = [
            f'"""{about}',
            "",
            f"{outputs}; the loss takes {result} itself, to be exact.",
            '"""',
        ]
    body = indented([*lines, *computed, f"return {result}"])
    return "\n".join(["", "def forward(x):", *body]) + "\n"


def _activation_call(name: str, net: str) -> str:
    return ACTIVATIONS[name].format(net=net)


def _chain_rule(network: Network, penalty: bool) -> list[str]:
    """Which lines of the backward pass autograd takes over, as comments."""
    names, last = network.names, network.depth
    lines = comment("Backward pass: autograd goes back through the lines above, by the chain rule:")
    for layer in range(last, 0, -1):
        before = names.out(layer - 1) if layer > 1 else "x"
        net, out, delta = names.net(layer), names.out(layer), names.delta(layer)
        if layer < last:
            lines.append(f"#   dL/d{out} = {names.delta(layer + 1)} {names.weights(layer + 1)}^T")
        lines.append(f"#   {delta} = dL/d{net} = dL/d{out} * d{out}/d{net}")
        share = " + 2 L2 " + names.weights(layer) if penalty else ""
        gradients = f"{names.weights(layer)}.grad = {before}^T {delta}{share}"
        if network.bias:
            gradients += f", {names.bias(layer)}.grad = sum of {delta} over the samples"
        lines.append(f"#   {gradients}")
    return lines


def _loop(experiment: Experiment) -> list[str]:
    penalty = " + penalty()" if experiment.training.l2 else ""
    body = [
        *frame.batch(experiment),
        "",
        "# Forward pass",
        f"loss = {experiment.training.loss}(forward(x), t){penalty}",
        *frame.printing(experiment, "torch.isfinite(loss)", "loss.item()"),
    ]
    if frame.trained_parameters(experiment):
        body += [
            "",
            *_chain_rule(experiment.network, bool(experiment.training.l2)),
            "optimizer.zero_grad()",
            "loss.backward()",
            "",
            "# Update",
            "optimizer.step()",
        ]
    lines = ["for step in range(STEPS + 1):", *indented(body)]
    if len(experiment.data.test_inputs):
        scale = frame.test_scale(experiment)
        last = experiment.network.depth
        names, stops = experiment.network.names, frame.takes_net(experiment.loss)
        computed = names.net(last) if stops else names.out(last)
        lines += [
            "",
            "# The test samples, after the last step",
            "with torch.no_grad():",
            f"    {computed} = forward(TEST_INPUTS)",
            f"    test_loss = {experiment.training.loss}({computed}, TEST_TARGETS){scale}",
            *(["    test_loss += penalty()"] if experiment.training.l2 else []),
            'print(f"test loss {test_loss.item()!r}")',
        ]
    return lines
