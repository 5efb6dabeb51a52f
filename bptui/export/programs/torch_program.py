"""An experiment as a torch program of its own, which leaves the chain rule to autograd."""

from __future__ import annotations

from bptui.core.experiment import Experiment
from bptui.export.programs.header import header
from bptui.export.programs.lines import bracketed, comment, commented, indented
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
    program = Program(experiment, torch=True)
    known = experiment.training.optimizer in OPTIMIZERS
    own = [] if known else program.update()
    shuffles = experiment.schedule.shuffle
    needs = "torch, and numpy for the order of the samples." if shuffles else "torch only."
    head = [*header(experiment, [], NEEDS + needs), ""]
    head += [*(["import numpy as np"] if shuffles else []), "import torch"]
    head += ["from torch.nn import functional", "", "torch.set_default_dtype(torch.float64)"]
    if experiment.network.weight_count * experiment.schedule.batch_size < MOST_PRODUCTS_ALONE:
        head.append("torch.set_num_threads(1)  # more would only wait for each other")
    loop = program.loop(_backward(program, known))
    text = program.text([*head, ""], loop, _trained(program, known), own)
    unused = "from torch.nn import functional\n"
    return text if "functional.softplus" in text else text.replace(unused, "", 1)


def _trained(program: Program, known: bool) -> list[str]:
    """Write the list of parameters, and the optimizer."""
    experiment, updates = program.experiment, program.versions.right.updates
    lines = ["", *comment(f"frozen: {experiment.frozen_words()}")] if experiment.frozen else []
    trained = [each for each in program.parameters() if each in updates]
    lines += ["", *bracketed("trained = [", trained, "]")]
    lines += ["for parameter in trained:", "    parameter.requires_grad_()"]
    if known and trained:
        lines.append(f"optimizer = torch.optim.{OPTIMIZERS[program.training.optimizer]}")
    slots = [] if known else [*program.versions.right.slots]
    return [*lines, *(f"{slot} = torch.zeros_like({slot.split('_', 1)[1]})" for slot in slots)]


def _backward(program: Program, known: bool) -> list[str]:
    """Write what autograd and the optimizer do, the chain rule in comments."""
    trained = [each for each in program.parameters() if each in program.versions.right.updates]
    if not trained:
        return []
    chain = "Backward pass: autograd goes back through the lines above, by the chain rule:"
    lines = ["", *comment(chain)]
    for name in program.backward_names():
        lines += commented(each.replace("# ", "  ", 1) for each in program.meaning(name))
    clear = ["optimizer.zero_grad()"]
    update = ["optimizer.step()"]
    if not known:
        clear = ["for parameter in trained:", "    parameter.grad = None"]
        calls = [program.update_call(each).replace(f"g{each}", f"{each}.grad") for each in trained]
        update = ["with torch.no_grad():", *indented(calls)]
    return [*lines, *clear, "loss.backward()", "", "# Update", *update]
