"""An experiment as a torch program of its own, which leaves the chain rule to autograd."""

from __future__ import annotations

from bptui.core.experiment import Experiment
from bptui.export.programs.header import header
from bptui.export.programs.lines import comment, commented, indented, listed
from bptui.export.programs.program import Program

OPTIMIZERS = {
    "sgd": "SGD(trained, lr=LEARNING_RATE)",
    "momentum": "SGD(trained, lr=LEARNING_RATE, momentum=MOMENTUM)",
    "nesterov": "SGD(trained, lr=LEARNING_RATE, momentum=MOMENTUM, nesterov=MOMENTUM > 0)",
    "adagrad": "Adagrad(trained, lr=LEARNING_RATE, eps=EPSILON)",
    "rmsprop": "RMSprop(trained, lr=LEARNING_RATE, alpha=RHO, eps=EPSILON)",
    "adam": "Adam(trained, lr=LEARNING_RATE, betas=(BETA1, BETA2), eps=EPSILON)",
}
"""torch's own rules by our names; others are written out."""
NEEDS = (
    "Torch rounds differently: they agree to nine digits or more, or fewer where training "
    "magnifies a difference in the last one, as steps that stay large near a minimum do. It needs "
)
MOST_PRODUCTS_ALONE = 2_000_000
"""Products in a forward pass below which one thread is quicker than several."""


class RefusedError(Exception):
    """A program that cannot be written; ``reason`` is one sentence."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def torch_program(experiment: Experiment) -> str:
    """Return a program that needs torch, and numpy where it shuffles, in float64.

    Raises :class:`RefusedError` where the experiment makes mistakes.
    """
    mistakes = experiment.training.mistakes
    if mistakes:
        what = "a mistake" if len(mistakes) == 1 else "mistakes"
        raise RefusedError(
            f"the preset makes {what} ({', '.join(mistakes)}), which autograd cannot; "
            "use --to numpy"
        )
    program, shuffles = Program(experiment, torch=True), experiment.schedule.shuffle
    needs = "torch, and numpy for the order of the samples." if shuffles else "torch only."
    imports = "import numpy as np\nimport torch" if shuffles else "import torch"
    head = [*header(experiment, [], NEEDS + needs), "", imports]
    head += ["from torch.nn import functional", "", "torch.set_default_dtype(torch.float64)"]
    if experiment.network.weight_count * experiment.schedule.batch_size < MOST_PRODUCTS_ALONE:
        head.append("torch.set_num_threads(1)  # more would only wait for each other")
    own = [] if experiment.training.optimizer in OPTIMIZERS else program.update()
    text = program.text([*head, ""], program.loop(_backward(program)), _trained(program), own)
    unused = "from torch.nn import functional\n"
    return text if "functional.softplus" in text else text.replace(unused, "", 1)


def _trained(program: Program) -> list[str]:
    """Write the list of parameters, and the optimizer or what it remembers."""
    versions, rule = program.versions.right, OPTIMIZERS.get(program.training.optimizer)
    frozen = program.experiment.frozen_words()
    lines = ["", *comment(f"frozen: {frozen}")] if frozen else []
    trained = [each for each in program.parameters if each in versions.updates]
    lines += ["", *listed("trained = [", trained, "]")]
    lines += ["for parameter in trained:", "    parameter.requires_grad_()"]
    if rule is None:
        slots = [(slot, slot.split("_", 1)[1]) for slot in versions.slots]
        return [*lines, *(f"{slot} = torch.zeros_like({parameter})" for slot, parameter in slots)]
    return [*lines, *([f"optimizer = torch.optim.{rule}"] if versions.updates else [])]


def _backward(program: Program) -> list[str]:
    """Write what autograd and the optimizer do, the chain rule in comments."""
    trained = [each for each in program.parameters if each in program.versions.right.updates]
    if not trained:
        return []
    chain = "Backward pass: autograd goes back through the lines above, by the chain rule:"
    lines = ["", *comment(chain)]
    for name in program.backward_names():
        lines += commented(each.replace("# ", "  ", 1) for each in program.meaning(name))
    clear, update = ["optimizer.zero_grad()"], ["optimizer.step()"]
    if program.training.optimizer not in OPTIMIZERS:
        clear = ["for parameter in trained:", "    parameter.grad = None"]
        calls = [program.update_call(each).replace(f"g{each}", f"{each}.grad") for each in trained]
        update = ["with torch.no_grad():", *indented(calls)]
    return [*lines, *clear, "loss.backward()", "", "# Update", *update]
