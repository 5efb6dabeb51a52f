"""Programs that stand alone and train the network of an experiment: in numpy, in torch."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import replace

import numpy as np
from msgspec import structs

from bptui.core.activations import ACTIVATIONS
from bptui.core.arrays import frozen
from bptui.core.data import Data
from bptui.core.experiment import Experiment
from bptui.core.graph.node import Node, ordered
from bptui.core.mistakes import MISTAKES
from bptui.core.step import training_step
from bptui.explain.code import folded
from bptui.explain.expression import Scope
from bptui.explain.formulas import define
from bptui.explain.reasons import Reasons
from bptui.explain.words import layer_words
from bptui.export.history import shown_every
from bptui.export.layout import (
    ROOM,
    comment,
    constants,
    data_lines,
    docstring,
    enclosed,
    header,
    indented,
)
from bptui.export.statements import SEVERAL, Versions
from bptui.presets.build import origin_of
from bptui.presets.save import SaveError, document

SHUFFLED = '''def shuffled(epoch):
    """The order of the samples in an epoch, which does not depend on earlier epochs."""
    generator = np.random.Generator(np.random.Philox(key=SEED, counter=[0, 0, 0, epoch]))
    return {order}'''
LOOP = (
    "last = step == STEPS or not {package}.isfinite(loss)  # not finite: training has diverged",
    "if last or step % EVERY == 0:",
    '    print(f"step {{step:{width}}}  loss {{loss.item()!r}}")',
    "if last:",
    "    break",
)
NUMPY_NEEDS = (
    "They agree to twelve digits, or fewer where training magnifies a difference in the last one. "
    "It needs numpy only."
)
NUMPY_HEAD = """
import numpy as np

# No warnings: training that diverges shows in its losses, and 1 / (1 + inf) is 0
np.seterr(all="ignore")
"""
DEVIATES = (
    "It deliberately deviates from backpropagation. Above each wrong line is the correct one:"
)
TORCH_NEEDS = (
    "Torch rounds differently: they agree to nine digits or more, or fewer where training "
    "magnifies a difference in the last one, as steps that stay large near a minimum do. It needs "
)
TORCH_OPTIMIZERS = {
    "sgd": "SGD(trained, lr=LEARNING_RATE)",
    "momentum": "SGD(trained, lr=LEARNING_RATE, momentum=MOMENTUM)",
    "nesterov": "SGD(trained, lr=LEARNING_RATE, momentum=MOMENTUM, nesterov=MOMENTUM > 0)",
    "adagrad": "Adagrad(trained, lr=LEARNING_RATE, eps=EPSILON)",
    "rmsprop": "RMSprop(trained, lr=LEARNING_RATE, alpha=RHO, eps=EPSILON)",
    "adam": "Adam(trained, lr=LEARNING_RATE, betas=(BETA1, BETA2), eps=EPSILON)",
}
"""torch's own rules by our names."""


def toml_preset(experiment: Experiment) -> str:
    """Return the TOML text, which loads to the same experiment, bit by bit, from any folder.

    The preset's own words and comments stay; samples from a CSV file are written out, as that file
    may not be where the preset goes. Raises :class:`~bptui.presets.save.SaveError` where no preset
    can have these numbers.
    """
    origin = origin_of(experiment)
    if origin is not None and origin.table.data.csv is not None:
        # samples that are not those of the origin's words are written down as numbers
        none = frozen(np.empty((0, 0)))
        experiment = replace(
            experiment, origin=structs.replace(origin, data=Data(none, none, none, none))
        )
    return document(experiment)


class Program:
    """Writes what programs have in common; ``any_number``: of samples, not those of the data."""

    def __init__(
        self, experiment: Experiment, *, torch: bool = False, any_number: bool = False
    ) -> None:
        self.experiment, self.network = experiment, experiment.network
        self.training, self.schedule = experiment.training, experiment.schedule
        self.optimizer, self.data = experiment.optimizer, experiment.data
        self.names, self.depth = self.network.names, self.network.depth
        self.torch, self.make = torch, "torch.tensor" if torch else "np.array"
        self.versions = Versions(experiment, any_number, torch)
        self.statement = self.versions.statement
        formulas = define(training_step(experiment, SEVERAL))
        self.rule = Reasons(experiment, SEVERAL, formulas, Scope({}, {}))
        self.parameters = experiment.start.named()
        layers = range(1, self.depth + 1)
        self.values = [name(layer) for layer in layers for name in (self.names.net, self.names.out)]
        """net_h, out_h, net_o, out_o."""
        nodes = self.versions.wrong.step.nodes
        self.losses = [name for name in ("data_loss", "penalty", "loss") if name in nodes]

    def text(self, head: list[str], loop: list[str], memory: list[str]) -> str:
        functions = ["\n".join(self.forward())]
        if self.schedule.shuffle:
            order = "generator.permutation(len(INPUTS))"
            order = f"torch.from_numpy({order})" if self.torch else order
            functions.append(SHUFFLED.format(order=order))
        head = [*head, *constants(self.experiment, shown_every(self.training.steps))]
        head += [*data_lines(self.experiment, self.make), *memory]
        return "\n\n\n".join(["\n".join(head), *functions, "\n".join(loop)]) + "\n"

    # statements

    def forward(self) -> list[str]:
        sizes, bias = self.network.layers, " + b" * self.network.bias
        told = f"The values of all layers, net = x W{bias} and out = f(net), and the loss."
        about = docstring(told, f"For inputs x, (n, {sizes[0]}), and targets t, (n, {sizes[-1]})")
        given = [*self.values, *self.losses]
        back = enclosed("return (", given, ")", f"return {', '.join(given)}")
        return ["def forward(x, t):", *indented([*about, *self.layers(), *self.loss(), *back])]

    def layers(self) -> list[str]:
        """Write the forward pass, layer after layer."""
        lines: list[str] = []
        for layer, activation in enumerate(self.network.activations, 1):
            fan_in, units = self.network.layers[layer - 1 : layer + 1]
            shape = f"(n, {fan_in}) @ ({fan_in}, {units})" + f" + ({units},)" * self.network.bias
            lines += self.statement(self.names.net(layer), f"  # {shape} = (n, {units})")
            note = ACTIVATIONS[activation].note
            lines += comment(f"{activation}. {note}" if note else activation)
            lines += self.statement(self.names.out(layer))
        return lines

    def loss(self) -> list[str]:
        told = self.experiment.loss.words or f"the {self.training.loss} of output and target"
        over = f"; {self.training.reduction} over the samples" * (self.data.samples > 1)
        return [
            *comment(told + over),
            *(line for n in self.losses for line in self.statement(n)),
        ]

    # the loop

    def loop(self, backward: Iterable[str]) -> list[str]:
        values, package = [*self.values, *self.losses], "torch" if self.torch else "np"
        called = enclosed("(", values, ") = forward(x, t)", f"{', '.join(values)} = forward(x, t)")
        width = len(str(self.training.steps))
        counts = self.optimizer.counts and not self.torch
        lines = [*self.batch(), *["k = step + 1"] * counts, "", "# Forward pass", *called]
        lines += [line.format(package=package, width=width) for line in LOOP]
        lines = ["for step in range(STEPS + 1):", *indented([*lines, *backward])]
        if len(self.data.test_inputs):
            lines += ["", "# The test samples, after the last step"]
            lines += ["x, t = TEST_INPUTS, TEST_TARGETS", *called]
            if self.training.reduction == "sum":
                size = "len(INPUTS)" if self.schedule.full_batch else "BATCH_SIZE"
                total, *penalty = self.losses[:2]
                scaled = " + ".join([f"{total} / len(t) * {size}", *penalty])
                lines += ["# on the scale of a batch's", f"loss = {scaled}"]
            lines += ['print(f"test loss {loss.item()!r}")']
        return lines

    def batch(self) -> list[str]:
        if self.schedule.full_batch:
            return ["x, t = INPUTS, TARGETS"]
        rows = "rows = slice(batch * BATCH_SIZE, (batch + 1) * BATCH_SIZE)"
        taken = ["batch = step % BATCHES", rows]
        if self.schedule.shuffle:
            taken = ["epoch, batch = divmod(step, BATCHES)", rows]
            taken += ["if batch == 0:", "    order = shuffled(epoch)", "rows = order[rows]"]
        return [*taken, "x, t = INPUTS[rows], TARGETS[rows]"]

    def backward_names(self) -> list[str]:
        needed = self.versions.right.needed | self.versions.wrong.needed
        passes = [name for name in self.versions.wrong.step.nodes if name in needed]
        return [name for name in passes if name in self.rule.sources]

    def meaning(self, name: str) -> list[str]:
        """Say in comments which link of the chain rule a quantity is, its shape, and why."""
        place, sizes = self.rule.places[name], self.network.layers
        before, here = sizes[place.layer - 1 : place.layer + 1]
        shape = f"(n, {here})"
        if place.kind == "out_gradient" and place.layer < self.depth:
            after = sizes[place.layer + 1]
            shape = f"(n, {after}) @ ({after}, {here}) = {shape}"
        elif place.kind == "bias_gradient":
            shape = f"({here},)"
        elif place.kind == "weight_gradient":
            shape = f"({before}, n) @ {shape} = ({before}, {here})"
        link, why = self.rule.array(name)
        return [*comment(f"{link}: {shape}"), *comment(why)]


# numpy


def numpy_program(experiment: Experiment) -> str:
    """Return a program that needs numpy only and prints the losses of the engine.

    Where the experiment makes mistakes, so does the program, each wrong line marked.
    """
    program = _NumpyProgram(experiment)
    loop, memory = program.loop([*program.backward()]), [*program.memory()]
    head = [*header(experiment, program.mistakes(), NUMPY_NEEDS), *NUMPY_HEAD.split("\n")]
    return program.text(head, loop, memory)


class _NumpyProgram(Program):
    def mistakes(self) -> list[str]:
        told = [DEVIATES]
        for name in self.training.mistakes:
            effect = "" if name in self.versions.shown else " (no effect here)"
            told.append(f"  {name}: {MISTAKES[name].summary}{effect}")
        return ["\n".join(told)] if self.training.mistakes else []

    def memory(self) -> Iterator[str]:
        right, wrong = (
            [name for name in version.step.before if version.statement(name)]
            for version in (self.versions.right, self.versions.wrong)
        )
        for about, names in {
            f"What {self.training.optimizer} remembers of every parameter": right,
            "MISTAKE gradient-accumulated: cleared here and never again": {*wrong} - {*right},
        }.items():
            slots = [name for name in wrong if name in names and name not in self.parameters]
            yield from ["", *comment(about)] if slots else []
            for slot in slots:
                yield f"{slot} = np.zeros_like({slot.rpartition('_')[2]})"

    def backward(self) -> Iterator[str]:
        """Yield the lines from the gradient of the loss to the updated parameters."""
        wrong = self.versions.wrong
        yield ""
        yield "# Backward pass: the chain rule, from the loss back to the first layer; n samples"
        layer, done = 0, set[str]()
        for name in self.backward_names():
            if self.rule.places[name].layer != layer:
                layer = self.rule.places[name].layer
                told = layer_words(self.network, layer).removeprefix("the ").capitalize()
                yield from ["", *comment(told)]
            yield from self.meaning(name)
            yield from self.computed_early(ordered([wrong.step.nodes[name]]), done)
            yield from self.statement(name)
        rule = self.optimizer.words
        yield from ["", *comment(f"Update: every parameter becomes its old value {rule}")]
        yield from self.computed_early(wrong.step.outputs, done)
        for name in sorted(wrong.step.updated, key=wrong.early.__contains__):
            frozen = self.experiment.frozen.get(name)
            if frozen is not None and frozen.switch:
                yield f"# {name} is frozen: {frozen.reason}"
            yield from self.statement(name)

    def computed_early(self, read: Container[Node], done: set[str]) -> Iterator[str]:
        """Yield the new values among what is ``read`` that are not computed yet."""
        wrong = self.versions.wrong
        for name, new in wrong.early.items():
            if new in read and name not in done:
                done.add(name)
                yield from folded(f"new_{name} = {wrong.code.formula(new)}", ROOM)


# torch


def torch_program(experiment: Experiment) -> str:
    """Return a program that needs torch, and numpy where it shuffles, in float64.

    The chain rule is left to autograd. Raises :class:`~bptui.presets.save.SaveError` where the
    experiment makes mistakes, or where torch has no such optimizer.
    """
    if experiment.training.optimizer not in TORCH_OPTIMIZERS:
        raise SaveError(f"Torch has no optimizer {experiment.training.optimizer}.")
    if mistakes := experiment.training.mistakes:
        what = f"{'mistakes' if len(mistakes) > 1 else 'a mistake'} ({', '.join(mistakes)})"
        raise SaveError(
            f"The preset makes {what}, which autograd cannot: export the numpy program instead."
        )
    program, shuffles = Program(experiment, torch=True), experiment.schedule.shuffle
    needs = "torch, and numpy for the order of the samples." if shuffles else "torch only."
    imports = "import numpy as np\nimport torch" if shuffles else "import torch"
    head = [*header(experiment, [], TORCH_NEEDS + needs), "", imports]
    head += ["", "torch.set_default_dtype(torch.float64)", ""]
    return program.text(head, program.loop(_torch_backward(program)), _trained(program))


def _trained(program: Program) -> list[str]:
    """Write the list of parameters, and the optimizer."""
    frozen_ones = program.experiment.frozen_words()
    lines = ["", *comment(f"frozen: {frozen_ones}")] if frozen_ones else []
    trained = [name for name in program.parameters if name in program.versions.right.step.changed]
    lines += ["", *enclosed("trained = [", trained, "]")]
    lines += ["for parameter in trained:", "    parameter.requires_grad_()"]
    rule = TORCH_OPTIMIZERS[program.training.optimizer]
    return [*lines, *([f"optimizer = torch.optim.{rule}"] if trained else [])]


def _torch_backward(program: Program) -> list[str]:
    """Write what autograd and the optimizer do, the chain rule in comments."""
    if not program.versions.right.step.changed:
        return []
    chain = "Backward pass: autograd goes back through the lines above, by the chain rule:"
    lines = ["", *comment(chain)]
    for name in program.backward_names():
        lines += program.meaning(name)
    return [*lines, "optimizer.zero_grad()", "loss.backward()", "", "# Update", "optimizer.step()"]
