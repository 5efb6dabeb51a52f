"""What the numpy and the torch program of an experiment have in common."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from bptui.core.experiment import Experiment
from bptui.explain.expression import Expression, Quantity, Sum, quantities, signed
from bptui.explain.symbols import Symbols
from bptui.export.history.rows import round_every
from bptui.export.programs.lines import (
    NUMBERS,
    array_lines,
    comment,
    docstring,
    folded,
    indented,
    listed,
)
from bptui.export.programs.mistaken import Version, Versions
from bptui.export.programs.spelling import Speller, read_by
from bptui.presets.errors import printable

PRINTED = 20
"""Losses after the first, at most: those that ``bptui run`` shows."""
SHUFFLED = '''def shuffled(epoch):
    """The order of the samples in an epoch, which does not depend on earlier epochs."""
    generator = np.random.Generator(np.random.Philox(key=SEED, counter=[0, 0, 0, epoch]))
    return {order}'''
LOOP = """    # Forward pass
    {computed}
    loss = {loss}
    last = step == STEPS or not {package}.isfinite(loss)  # not finite: training has diverged
    if last or step % EVERY == 0:
        print(f"step {{step:{width}}}  loss {{loss.item()!r}}")
    if last:
        break"""


class Program:
    """Writes the parts of a program, in numpy or in torch."""

    def __init__(self, experiment: Experiment, torch: bool = False) -> None:
        self.experiment, self.network = experiment, experiment.network
        self.training, self.schedule = experiment.training, experiment.schedule
        self.optimizer, self.data = experiment.optimizer, experiment.data
        self.names, self.depth = self.network.names, self.network.depth
        self.torch, self.make = torch, "torch.tensor" if torch else "np.array"
        self.speller, self.versions = Speller(self.network, torch), Versions(experiment)
        self.speller.words |= _words(self.versions.wrong.slots)
        self.places = Symbols(self.names).places
        self.parameters = experiment.start.named()
        layers = range(1, self.depth + 1)
        self.values = [name(layer) for layer in layers for name in (self.names.net, self.names.out)]
        """net_h, out_h, net_o, out_o."""
        total = self.versions.wrong.definitions
        self.data_loss = total.get("data_loss", total["loss"])

    def text(self, head: list[str], loop: list[str], memory: list[str], own: list[str]) -> str:
        """Return the whole program. ``own`` are functions beside those of the forward pass."""
        functions = [*self.losses(), self.forward(), *own]
        functions = [*self.speller.functions("\n".join([*functions, *loop])), *functions]
        if self.schedule.shuffle:
            order = "generator.permutation(len(INPUTS))"
            order = f"torch.from_numpy({order})" if self.torch else order
            functions.append(SHUFFLED.format(order=order))
        arrays, head = [*self.arrays(), *memory], [*head, *self.constants()]
        if any(line.endswith("= numbers(") for line in arrays):
            functions = [NUMBERS.format(make=self.make), "\n".join(arrays[1:]), *functions]
        else:
            head += arrays
        return "\n\n\n".join(["\n".join(head), *functions, "\n".join(loop)]) + "\n"

    def constants(self) -> list[str]:
        """Write the settings as constants."""
        training, schedule = self.training, self.schedule
        given = {"learning_rate": training.learning_rate, **dict(training.settings)}
        given |= {"l2": training.l2} if training.l2 else {}
        every = round_every(training.steps, PRINTED)
        lines = [f"{name.upper()} = {float(value)!r}" for name, value in given.items()]
        lines.append(f"STEPS = {training.steps}")
        lines.append(f"EVERY = {every}  # steps from one printed loss to the next")
        if not schedule.full_batch:
            lines.append(f"BATCH_SIZE = {schedule.batch_size}")
            lines.append(f"BATCHES = {schedule.batches_per_epoch}  # in an epoch")
            lines += [f"SEED = {schedule.seed}"] if schedule.shuffle else []
        return lines

    def arrays(self) -> list[str]:
        """Write the samples, those kept back for testing too, and the start values."""
        data, layers = self.data, self.network.layers
        one = "The only sample" if data.samples == 1 else f"{data.samples} samples, one per row"
        lines = [
            "",
            *comment(f"{one}: {_counted(layers[0], 'input')}, {_counted(layers[-1], 'target')}"),
        ]
        for what, names in (("Inputs", data.input_names), ("Classes", data.class_names)):
            lines += comment(f"{what}: {', '.join(map(printable, names))}") if names else []
        lines += array_lines("INPUTS", data.inputs, self.make)
        lines += array_lines("TARGETS", data.targets, self.make)
        if len(data.test_inputs):
            lines += ["", *comment(_counted(len(data.test_inputs), "test sample"))]
            lines += array_lines("TEST_INPUTS", data.test_inputs, self.make)
            lines += array_lines("TEST_TARGETS", data.test_targets, self.make)
        start = "Start values: W[i, j] leads from unit i of a layer to unit j of the next"
        lines += ["", *comment(start)]
        for name, array in self.parameters.items():
            lines += array_lines(name, array, self.make)
        return lines

    # functions

    def assignment(self, name: str, remark: str = "") -> list[str]:
        """Write what computes a quantity, with its mistakes."""

        def write(version: Version) -> list[str]:
            variable = self.speller.code(Quantity(name))
            lines = folded(f"{variable} = ", self.speller.code(version.definitions[name]))
            return [*lines[:-1], lines[-1] + remark]

        return self.versions.statement(write)

    def forward(self) -> str:
        sizes, bias = self.network.layers, " + b" * self.network.bias
        about = f"All layers' values for the inputs x, (n, {sizes[0]}): net = x W{bias}, "
        lines = docstring(f"{about}out = f(net).")
        for layer in range(1, self.depth + 1):
            fan_in, units = sizes[layer - 1 : layer + 1]
            shape = f"(n, {fan_in}) @ ({fan_in}, {units})" + f" + ({units},)" * self.network.bias
            lines += self.assignment(self.names.net(layer), f"  # {shape} = (n, {units})")
            lines += self.assignment(self.names.out(layer))
        lines += listed("return (", self.values, ")", f"return {', '.join(self.values)}")
        return "\n".join(["def forward(x):", *indented(lines)])

    def losses(self) -> list[str]:
        """Write the loss of outputs and targets, and the penalty."""
        short = {self.names.net(self.depth): "z", self.names.out(self.depth): "out", "target": "t"}
        takes = ", ".join(short[each] for each in read_by(self.data_loss))
        words = self.experiment.loss.words or f"the {self.training.loss} of output and target"
        over = f"; {self.training.reduction} over the samples" * (self.data.samples > 1)
        about = f"{words[:1].upper()}{words[1:]}{over}."
        loss = self.speller.function(
            f"{self.training.loss}({takes})", self.data_loss, about, _words(short)
        )
        penalty = self.versions.wrong.definitions.get("penalty")
        about = "L2 times the sum of all squared weights."
        return [loss, *([self.speller.function("penalty()", penalty, about)] if penalty else [])]

    def loss(self, target: str = "t", scale: str = "") -> str:
        """Write the call for the loss."""
        given = [target if each == "target" else each for each in read_by(self.data_loss)]
        penalty = " + penalty()" if self.training.l2 else ""
        return f"{self.training.loss}({', '.join(given)}){scale}{penalty}"

    def update_call(self, parameter: str) -> str:
        """Write ``update(W1, gW1, v_W1)``."""
        slots = [f"{slot}_{parameter}" for slot in self.optimizer.slots]
        count = ["step + 1"] * self.optimizer.counts
        return f"update({', '.join([parameter, f'g{parameter}', *slots, *count])})"

    def update(self) -> list[str]:
        """Write the function that changes a parameter and its slots, where any is trained."""
        right = self.versions.right.updates
        if not right:
            return []
        parameter = next(iter(self.versions.wrong.updates or right))
        takes = ["w", "g", *self.optimizer.slots, *(["k"] * self.optimizer.counts)]
        lines = docstring(f"w becomes its old value {self.optimizer.words}; changed in place.")
        for place in range(len(right[parameter])):
            lines += self.versions.statement(partial(self.change, parameter, place))
        return ["\n".join([f"def update({', '.join(takes)}):", *indented(lines)])]

    def change(self, parameter: str, place: int, version: Version) -> list[str]:
        """Write how a parameter, or a slot of it, becomes another in place."""
        short = {parameter: "w", f"g{parameter}": "g"}
        short |= {f"{slot}_{parameter}": slot for slot in self.optimizer.slots}
        changes = version.updates.get(parameter) or self.versions.right.updates[parameter]
        name, formula = changes[place].name, changes[place].expression
        variable, lines, start = short[name], list[str](), f"{short[name]}[:] = "
        if any(Quantity(name) in quantities(each.expression) for each in changes[place + 1 :]):
            lines = [f"old_{variable} = {variable}.{'clone' if self.torch else 'copy'}()"]
        match formula:
            case Sum((Quantity(first), term)) if first == name:
                sign, formula = signed(term)
                start = f"{variable} {sign}= "
        words = _words(short)
        for each in changes[:place]:
            words[Quantity(each.name, new=True)] = short[each.name]
            words[Quantity(each.name)] = f"old_{short[each.name]}"
        return [*lines, *folded(start, self.speller.code(formula, words))]

    # the loop

    def loop(self, backward: list[str]) -> list[str]:
        """Write the steps; ``backward`` goes from the loss to the new parameters."""
        values = ", ".join(self.values)
        computed = "\n    ".join(
            listed("(", self.values, ") = forward(x)", f"{values} = forward(x)")
        )
        lines = ["for step in range(STEPS + 1):", *indented(self.batch()), ""]
        lines.append(
            LOOP.format(
                computed=computed,
                loss=self.loss(),
                package="torch" if self.torch else "np",
                width=len(str(self.training.steps)),
            )
        )
        lines += indented(backward)
        if len(self.data.test_inputs):
            # on the scale of a batch's
            size = "len(INPUTS)" if self.schedule.full_batch else "BATCH_SIZE"
            scale = f" / len(TEST_INPUTS) * {size}" if self.training.reduction == "sum" else ""
            lines += ["", "# The test samples, after the last step"]
            lines += [computed.replace("(x)", "(TEST_INPUTS)").replace("\n    ", "\n")]
            lines += [f"test_loss = {self.loss('TEST_TARGETS', scale)}"]
            lines += ['print(f"test loss {test_loss.item()!r}")']
        return lines

    def batch(self) -> list[str]:
        """Write which samples a step works on."""
        if self.schedule.full_batch:
            return ["x, t = INPUTS, TARGETS"]
        taken = ["batch = step % BATCHES"]
        taken += ["rows = slice(batch * BATCH_SIZE, (batch + 1) * BATCH_SIZE)"]
        if self.schedule.shuffle:
            taken = ["epoch, batch = divmod(step, BATCHES)", "if batch == 0:"]
            taken += ["    order = shuffled(epoch)"]
            taken += ["rows = order[batch * BATCH_SIZE : (batch + 1) * BATCH_SIZE]"]
        return [*taken, "x, t = INPUTS[rows], TARGETS[rows]"]

    def backward_names(self) -> list[str]:
        """Return what the backward pass computes, in order."""
        needed = self.versions.right.needed | self.versions.wrong.needed
        passes = [each for each in self.versions.wrong.definitions if each in needed]
        return [each for each in passes if each in self.places and each not in self.values]

    def meaning(self, name: str) -> list[str]:
        """Say in a comment which link of the chain rule a quantity is, and its shape."""
        place, names, sizes = self.places[name], self.names, self.network.layers
        layer, here, of = place.layer, sizes[place.layer], name[1:]
        before, net, out, delta = (
            sizes[layer - 1],
            names.net(layer),
            names.out(layer),
            names.delta(layer),
        )
        if place.kind == "out_gradient" and layer == self.depth:
            return comment(f"dL/d{out}, how much each output changes the loss: (n, {here})")
        if place.kind == "out_gradient":
            chain = f"dL/d{out} = {names.delta(layer + 1)} * d{names.net(layer + 1)}/d{out}"
            after = sizes[layer + 1]
            return comment(f"{chain}: (n, {after}) @ ({after}, {here}) = (n, {here})")
        if place.kind == "delta":
            return comment(f"{delta} = dL/d{net} = dL/d{out} * d{out}/d{net}: (n, {here})")
        chain = f"{name} = dL/d{of} = {delta} * d{net}/d{of}"
        if place.kind == "bias_gradient":
            return comment(f"{chain}, which is 1, summed over the samples: ({here},)")
        chain += ", summed over the samples" + ", plus the penalty's" * bool(self.training.l2)
        return comment(f"{chain}: ({before}, n) @ (n, {here}) = ({before}, {here})")


def _words(short: Mapping[str, str]) -> dict[Expression, str]:
    return {Quantity(name): word for name, word in short.items()}


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"
