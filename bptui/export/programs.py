"""Programs that stand alone and train the network of an experiment: in numpy, in torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from msgspec import structs

from bptui.core.activations import ACTIVATIONS
from bptui.core.arrays import frozen
from bptui.core.data import Data
from bptui.core.experiment import Experiment
from bptui.core.mistakes import MISTAKES
from bptui.explain.chain import ChainRule
from bptui.explain.expression import Expression, Quantity, Scope, is_op, quantities, signed
from bptui.explain.reasons import Reasons
from bptui.explain.symbols import Symbols
from bptui.explain.words import layer_words
from bptui.export.history import shown_every
from bptui.export.layout import (
    comment,
    commented,
    constants,
    data_lines,
    docstring,
    enclosed,
    folded,
    header,
    indented,
)
from bptui.export.spelling import (
    SEVERAL,
    CodePrinter,
    TorchPrinter,
    Version,
    Versions,
    Words,
    words,
)
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
        self.versions = Versions(experiment, any_number)
        self.words = words({"input": "x", "target": "t"} | self.versions.wrong.slots)
        self.places = Symbols(self.names).places
        rule = ChainRule(self.network, self.versions.right.formulas, Scope({}, {}))
        self.reasons = Reasons(experiment, SEVERAL, rule)
        self.parameters = experiment.start.named()
        layers = range(1, self.depth + 1)
        self.values = [name(layer) for layer in layers for name in (self.names.net, self.names.out)]
        """net_h, out_h, net_o, out_o."""

    def code(self, formula: Expression, more: Words | None = None) -> str:
        """Write a formula; ``more`` words are what quantities are called here."""
        kind = TorchPrinter if self.torch else CodePrinter
        every = {**self.words, **(more or {})}
        return kind(Symbols(self.names), Scope({}, {}), words=every).spelled(formula)

    def text(self, head: list[str], loop: list[str], memory: list[str]) -> str:
        functions = [self.forward()]
        if self.schedule.shuffle:
            order = "generator.permutation(len(INPUTS))"
            order = f"torch.from_numpy({order})" if self.torch else order
            functions.append(SHUFFLED.format(order=order))
        head = [*head, *constants(self.experiment, shown_every(self.training.steps))]
        head += [*data_lines(self.experiment, self.make), *memory]
        return "\n\n\n".join(["\n".join(head), *functions, "\n".join(loop)]) + "\n"

    # statements

    def assignment(self, name: str, remark: str = "") -> list[str]:
        """Write what computes a quantity, with its mistakes."""

        def write(version: Version) -> list[str]:
            code = self.code(version.definitions[name])
            return folded(f"{self.code(Quantity(name))} = {code}{remark}")

        return self.versions.statement(write)

    def forward(self) -> str:
        fan_in, bias = self.network.layers[0], " + b" * self.network.bias
        about = f"All layers' values for the inputs x, (n, {fan_in}): net = x W{bias}, "
        lines = [*docstring(f"{about}out = f(net)."), *self.layers()]
        lines += enclosed("return (", self.values, ")", f"return {', '.join(self.values)}")
        return "\n".join(["def forward(x):", *indented(lines)])

    def layers(self) -> list[str]:
        """Write the forward pass, layer after layer."""
        lines: list[str] = []
        for layer, activation in enumerate(self.network.activations, 1):
            fan_in, units = self.network.layers[layer - 1 : layer + 1]
            shape = f"(n, {fan_in}) @ ({fan_in}, {units})" + f" + ({units},)" * self.network.bias
            lines += self.assignment(self.names.net(layer), f"  # {shape} = (n, {units})")
            note = ACTIVATIONS[activation].note
            lines += comment(f"{activation}. {note}" if note else activation)
            lines += self.assignment(self.names.out(layer))
        return lines

    def loss(self, total: str, scale: str = "") -> list[str]:
        told = self.experiment.loss.words or f"the {self.training.loss} of output and target"
        over = f"; {self.training.reduction} over the samples" * (self.data.samples > 1)
        lines = comment(told + over)
        formulas = self.versions.wrong.definitions
        if not self.training.l2:
            return [*lines, *folded(f"{total} = {self.code(formulas['loss'])}{scale}")]
        for name in ("data_loss", "penalty"):
            lines += folded(f"{name} = {self.code(formulas[name])}")
        return [*lines, f"{total} = data_loss{scale} + penalty"]

    def change(self, parameter: str, version: Version) -> list[str]:
        """Write how a parameter and its slots become others."""
        lines: list[str] = []
        changes = version.updates.get(parameter) or self.versions.right.updates[parameter]
        more: dict[Expression, str] = {}
        for place, made in enumerate(changes):
            name, formula, old = made.name, made.expression, Quantity(made.name)
            before = dict(more)
            if any(old in quantities(later.expression) for later in changes[place + 1 :]):
                lines.append(f"old_{name} = {name}.copy()")
                more[old] = f"old_{name}"
            start = f"{name}[:] = "
            if is_op(formula, "add") and len(formula.parts) == 2 and formula.parts[0] == old:
                sign, formula = signed(formula.parts[1])
                start = f"{name} {sign}= "
            lines += folded(start + self.code(formula, before))
        return lines

    # the loop

    def loop(self, backward: list[str]) -> list[str]:
        values, package = ", ".join(self.values), "torch" if self.torch else "np"
        called = enclosed("(", self.values, ") = forward(x)", f"{values} = forward(x)")
        width = len(str(self.training.steps))
        counts = self.optimizer.counts and not self.torch
        lines = [*self.batch(), *["k = step + 1"] * counts, "", "# Forward pass"]
        lines += [*called, *self.loss("loss")]
        lines += [line.format(package=package, width=width) for line in LOOP]
        lines = ["for step in range(STEPS + 1):", *indented([*lines, *backward])]
        if len(self.data.test_inputs):
            # on the scale of a batch's
            size = "len(INPUTS)" if self.schedule.full_batch else "BATCH_SIZE"
            scale = f" / len(t) * {size}" if self.training.reduction == "sum" else ""
            lines += ["", "# The test samples, after the last step"]
            lines += ["x, t = TEST_INPUTS, TEST_TARGETS", *called, *self.loss("test_loss", scale)]
            lines += ['print(f"test loss {test_loss.item()!r}")']
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
        passes = [name for name in self.versions.wrong.definitions if name in needed]
        return [name for name in passes if name in self.places and name not in self.values]

    def meaning(self, name: str) -> list[str]:
        """Say in comments which link of the chain rule a quantity is, its shape, and why."""
        place, sizes = self.places[name], self.network.layers
        before, here = sizes[place.layer - 1 : place.layer + 1]
        shape = f"(n, {here})"
        if place.kind == "out_gradient" and place.layer < self.depth:
            after = sizes[place.layer + 1]
            shape = f"(n, {after}) @ ({after}, {here}) = {shape}"
        elif place.kind == "bias_gradient":
            shape = f"({here},)"
        elif place.kind == "weight_gradient":
            shape = f"({before}, n) @ {shape} = ({before}, {here})"
        link, why = self.reasons.array(name)
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
        right, wrong = self.versions.right.slots, self.versions.wrong.slots
        every = wrong | right
        blamed = self.versions.blamed(lambda version: {*version.slots} - {*right})
        for about, slots in {
            f"What {self.training.optimizer} remembers of every parameter": right,
            f"MISTAKE {blamed}: cleared here and never again": wrong.keys() - right,
        }.items():
            yield from ["", *comment(about)] if slots else []
            yield from (
                f"{every[slot]} = np.zeros_like({parameter})"
                for parameter in self.parameters
                for slot in every
                if slot in slots and slot.endswith(f"_{parameter}")
            )

    def backward(self) -> Iterator[str]:
        """Yield the lines from the gradient of the loss to the updated parameters."""
        versions = self.versions
        yield ""
        yield "# Backward pass: the chain rule, from the loss back to the first layer; n samples"
        layer, early = 0, list[str]()
        for name in self.backward_names():
            for read in quantities(versions.wrong.definitions[name]):
                parameter = read.name
                if read.new and parameter not in early:
                    early.append(parameter)
                    blamed = versions.blamed(partial(_fate, parameter))
                    why = f"{name.replace('/', '_')} below uses the new {parameter}; too early:"
                    yield from comment(f"MISTAKE {blamed}: {why}")
                    yield from self.change(parameter, versions.wrong)
            if self.places[name].layer != layer:
                layer = self.places[name].layer
                told = layer_words(self.network, layer).removeprefix("the ").capitalize()
                yield from ["", *comment(told)]
            yield from self.meaning(name)
            yield from self.assignment(name)
        rule = self.optimizer.words
        yield from ["", *comment(f"Update: every parameter becomes its old value {rule}")]
        for parameter in self.parameters:
            yield from self.updated(parameter, parameter in early)

    def updated(self, parameter: str, early: bool) -> list[str]:
        """Write the update after all gradients; where it is missing as a comment."""
        is_frozen = self.experiment.frozen.get(parameter)
        if is_frozen is not None and is_frozen.switch:
            return [f"# {parameter} is frozen: {is_frozen.reason}"]
        if is_frozen is None and not early:
            return self.versions.statement(partial(self.change, parameter))
        why = f"g{parameter} is never applied; missing here:"
        why = "done above; belongs here:" if early else why
        blamed = self.versions.blamed(partial(_fate, parameter))
        right = self.change(parameter, self.versions.right)
        return [*comment(f"MISTAKE {blamed}: {why}"), *commented(right)]


def _fate(parameter: str, version: Version) -> tuple[bool, bool]:
    """Tell whether a parameter is updated, and before its new value is read."""
    return parameter in version.updates, parameter in version.early


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
    trained = [name for name in program.parameters if name in program.versions.right.updates]
    lines += ["", *enclosed("trained = [", trained, "]")]
    lines += ["for parameter in trained:", "    parameter.requires_grad_()"]
    rule = TORCH_OPTIMIZERS[program.training.optimizer]
    return [*lines, *([f"optimizer = torch.optim.{rule}"] if trained else [])]


def _torch_backward(program: Program) -> list[str]:
    """Write what autograd and the optimizer do, the chain rule in comments."""
    if not program.versions.right.updates:
        return []
    chain = "Backward pass: autograd goes back through the lines above, by the chain rule:"
    lines = ["", *comment(chain)]
    for name in program.backward_names():
        lines += program.meaning(name)
    return [*lines, "optimizer.zero_grad()", "loss.backward()", "", "# Update", "optimizer.step()"]
