"""What the numpy and the torch program of an experiment have in common."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from bptui.core.arrays import Array
from bptui.core.derivation.expression import Expression, Quantity, Sum, quantities, signed
from bptui.core.experiment import Experiment
from bptui.export.history.rows import round_every
from bptui.export.programs.lines import (
    NUMBERS,
    array_lines,
    bracketed,
    comment,
    docstring,
    folded,
    indented,
    laid_out,
)
from bptui.export.programs.mistaken import Version, Versions
from bptui.export.programs.spelling import Names, Speller, read_by
from bptui.presets.errors import printable

PRINTED = 20
"""Losses after the first, at most: those that ``bptui run`` shows."""
SHUFFLED = '''def shuffled(epoch):
    """The order of the samples in an epoch, which does not depend on earlier epochs."""
    generator = np.random.Generator(np.random.Philox(key=SEED, counter=[0, 0, 0, epoch]))
    return {order}
'''


class Program:
    """Writes the parts of a program, in numpy or in torch."""

    def __init__(self, experiment: Experiment, torch: bool = False) -> None:
        self.experiment, self.network = experiment, experiment.network
        self.training, self.schedule = experiment.training, experiment.schedule
        self.names, self.depth = self.network.names, self.network.depth
        self.torch, self.package = torch, "torch" if torch else "np"
        self.make = "torch.tensor" if torch else "np.array"
        self.speller, self.versions = Speller(self.network, torch), Versions(experiment)
        self.speller.called |= self.versions.wrong.slots
        self.places = self.speller.symbols.places
        layers = range(1, self.depth + 1)
        self.values = [name(layer) for layer in layers for name in (self.names.net, self.names.out)]
        """net_h, out_h, net_o, out_o."""

    def text(self, head: list[str], loop: list[str], memory: list[str], own: list[str]) -> str:
        """Return the whole program. ``own`` are functions beside those of the forward pass."""
        forward, loss = self.forward(), self.loss_functions()
        functions = [*self.speller.functions("\n".join([forward, *loss, *loop])), *loss]
        if self.schedule.shuffle:
            order = "generator.permutation(len(INPUTS))"
            order = f"torch.from_numpy({order})" if self.torch else order
            functions.append(SHUFFLED.format(order=order))
        functions += [forward, *own]
        arrays = [*self.samples(), "", *self.start_values()]
        if any(" in WEIGHTS)" in each for each in functions):
            arrays += ["", *bracketed("WEIGHTS = [", self.speller.weights, "]")]
        arrays += memory
        head = [*head, *self.constants()]
        if any("TINY" in line for line in loop):
            head.append("TINY = np.finfo(float).tiny  # instead of 0 below a fraction")
        blocks = ["\n".join(head)]
        if any(line.endswith("= numbers(") for line in arrays):
            blocks += [NUMBERS.format(make=self.make).strip("\n"), "\n".join(arrays)]
        else:
            blocks[0] += "\n\n" + "\n".join(arrays)
        blocks += [each.strip("\n") for each in functions]
        return "\n\n\n".join([*blocks, "\n".join(loop)]) + "\n"

    def constants(self) -> list[str]:
        """Write the settings as constants."""
        training, schedule = self.training, self.schedule
        given = {"learning_rate": training.learning_rate, **dict(training.settings)}
        given |= {"l2": training.l2} if training.l2 else {}
        lines = [f"{name.upper()} = {float(value)!r}" for name, value in given.items()]
        every = round_every(training.steps, PRINTED)
        lines.append(f"STEPS = {training.steps}")
        lines.append(f"EVERY = {every}  # steps from one printed loss to the next")
        if not schedule.full_batch:
            lines.append(f"BATCH_SIZE = {schedule.batch_size}")
            lines.append(f"BATCHES = {schedule.batches_per_epoch}  # in an epoch")
            lines += [f"SEED = {schedule.seed}"] if schedule.shuffle else []
        return lines

    def samples(self) -> list[str]:
        """Write inputs and targets, those kept back for testing too."""
        data, sizes = self.experiment.data, self.network.layers
        one = "The only sample" if data.samples == 1 else f"{data.samples} samples, one per row"
        inputs, targets = _counted(sizes[0], "input"), _counted(sizes[-1], "target")
        lines = comment(f"{one}: {inputs}, {targets}")
        for what, names in (("Inputs", data.input_names), ("Classes", data.class_names)):
            lines += comment(f"{what}: {', '.join(map(printable, names))}") if names else []
        lines += array_lines("INPUTS", data.inputs, self.make)
        lines += array_lines("TARGETS", data.targets, self.make)
        if len(data.test_inputs):
            lines += ["", *comment(_counted(len(data.test_inputs), "test sample"))]
            lines += array_lines("TEST_INPUTS", data.test_inputs, self.make)
            lines += array_lines("TEST_TARGETS", data.test_targets, self.make)
        return lines

    def start_values(self) -> list[str]:
        lines = comment("Start values: W[i, j] leads from unit i of a layer to unit j of the next")
        for name, array in self.parameters().items():
            lines += array_lines(name, array, self.make)
        return lines

    def parameters(self) -> Mapping[str, Array]:
        """Return the start values by name: W1, b1, W2, b2, ..."""
        start = self.experiment.start
        return {
            name: array
            for layer in range(self.depth)
            for name, array in zip(
                self.network.parameters_of(layer + 1),
                (start.weights[layer], *(start.biases or ())[layer : layer + 1]),
                strict=True,
            )
        }

    # functions

    def assignment(self, name: str, remark: str = "") -> list[str]:
        """Write what computes a quantity, with its mistakes."""

        def write(version: Version) -> list[str]:
            code = self.speller.code(version.definitions[name])
            lines = folded(f"{self.speller.name(name)} = ", code)
            return [*lines[:-1], lines[-1] + remark]

        return self.versions.statement(write)

    def forward(self) -> str:
        sizes = self.network.layers
        bias = " + b" if self.network.bias else ""
        about = (
            f"All layers' values for the inputs x, (n, {sizes[0]}): net = x W{bias}, out = f(net)."
        )
        lines = docstring(about)
        for layer in range(1, self.depth + 1):
            fan_in, units = sizes[layer - 1 : layer + 1]
            shape = f"(n, {fan_in}) @ ({fan_in}, {units})"
            shape += f" + ({units},)" if bias else ""
            lines += self.assignment(self.names.net(layer), f"  # {shape} = (n, {units})")
            lines += self.assignment(self.names.out(layer))
        returned = f"return {', '.join(self.values)}"
        lines += laid_out("return (", self.values, ")", returned)
        return "\n".join(["def forward(x):", *indented(lines)])

    @property
    def data_loss(self) -> Expression:
        found = self.versions.wrong.definitions
        return found.get("data_loss", found["loss"])

    def loss_functions(self) -> list[str]:
        """Write the loss of outputs and targets, and the penalty."""
        last = {self.names.net(self.depth): "z", self.names.out(self.depth): "out", "target": "t"}
        takes = ", ".join(last[each] for each in read_by(self.data_loss))
        words = self.experiment.loss.words or f"the {self.training.loss} of output and target"
        over = f"; {self.training.reduction} over the samples" * (self.experiment.data.samples > 1)
        about = f"{words[:1].upper()}{words[1:]}{over}."
        names: Names = {Quantity(name): short for name, short in last.items()}
        found = [
            self.speller.function(f"{self.training.loss}({takes})", self.data_loss, about, names)
        ]
        penalty = self.versions.wrong.definitions.get("penalty")
        if penalty is not None:
            about = "L2 times the sum of all squared weights."
            found.append(self.speller.function("penalty()", penalty, about))
        return found

    def loss(self, target: str = "t", scale: str = "") -> str:
        """Write the call for the loss."""
        takes = read_by(self.data_loss)
        given = ", ".join(target if each == "target" else each for each in takes)
        penalty = " + penalty()" if self.training.l2 else ""
        return f"{self.training.loss}({given}){scale}{penalty}"

    def update_call(self, parameter: str) -> str:
        """Write ``update(W1, gW1, v_W1)``."""
        optimizer = self.experiment.optimizer
        given = [parameter, f"g{parameter}", *(f"{slot}_{parameter}" for slot in optimizer.slots)]
        return f"update({', '.join([*given, 'step + 1'] if optimizer.counts else given)})"

    def update(self) -> list[str]:
        """Write the function that changes a parameter and its slots, where any is trained."""
        optimizer, right = self.experiment.optimizer, self.versions.right.updates
        if not right:
            return []
        parameter = next(iter(self.versions.wrong.updates or right))
        takes = ["w", "g", *optimizer.slots, *(["k"] if optimizer.counts else [])]
        lines = docstring(f"w becomes its old value {optimizer.words}; changed in place.")
        for place in range(len(right[parameter])):
            lines += self.versions.statement(partial(self.change, parameter, place))
        return ["\n".join([f"def update({', '.join(takes)}):", *indented(lines)])]

    def change(self, parameter: str, place: int, version: Version) -> list[str]:
        """Write how a parameter, or a slot of it, becomes another in place."""
        short = {parameter: "w", f"g{parameter}": "g", "k": "k"}
        short |= {f"{slot}_{parameter}": slot for slot in self.experiment.optimizer.slots}
        changes = version.updates.get(parameter) or self.versions.right.updates[parameter]
        before, change, after = changes[:place], changes[place], changes[place + 1 :]
        names: dict[Expression, str] = {
            each: short[each.name] for each in quantities(change.expression)
        }
        names |= {Quantity(each.name): f"old_{short[each.name]}" for each in before}
        variable, lines = short[change.name], []
        if any(Quantity(change.name) in quantities(each.expression) for each in after):
            lines.append(f"old_{variable} = {variable}.{'clone' if self.torch else 'copy'}()")
        match change.expression:
            case Sum((Quantity(change.name), term)):
                sign, part = signed(term)
                return [*lines, *folded(f"{variable} {sign}= ", self.speller.code(part, names))]
        code = self.speller.code(change.expression, names)
        return [*lines, *folded(f"{variable}[:] = ", code)]

    # the loop

    def loop(self, backward: list[str]) -> list[str]:
        """Write the steps; ``backward`` goes from the loss to the new parameters."""
        width = len(str(self.training.steps))
        computed = laid_out(
            "(", self.values, ") = forward(x)", f"{', '.join(self.values)} = forward(x)"
        )
        body = [
            *self.batch(),
            "",
            "# Forward pass",
            *computed,
            f"loss = {self.loss()}",
            f"last = step == STEPS or not {self.package}.isfinite(loss)  "
            "# not finite: training has diverged",
            "if last or step % EVERY == 0:",
            f'    print(f"step {{step:{width}}}  loss {{loss.item()!r}}")',
            "if last:",
            "    break",
            *backward,
        ]
        lines = ["for step in range(STEPS + 1):", *indented(body)]
        if len(self.experiment.data.test_inputs):
            # on the scale of a batch's
            size = "len(INPUTS)" if self.schedule.full_batch else "BATCH_SIZE"
            scale = f" / len(TEST_INPUTS) * {size}" if self.training.reduction == "sum" else ""
            lines += ["", "# The test samples, after the last step"]
            lines += [line.replace("(x)", "(TEST_INPUTS)") for line in computed]
            lines += [f"test_loss = {self.loss('TEST_TARGETS', scale)}"]
            lines += ['print(f"test loss {test_loss.item()!r}")']
        return lines

    def batch(self) -> list[str]:
        """Write which samples a step works on."""
        if self.schedule.full_batch:
            return ["x, t = INPUTS, TARGETS"]
        rows = "batch * BATCH_SIZE : (batch + 1) * BATCH_SIZE"
        taken = ["batch = step % BATCHES", f"rows = slice({rows.replace(' :', ',')})"]
        if self.schedule.shuffle:
            taken = ["epoch, batch = divmod(step, BATCHES)", "if batch == 0:"]
            taken += ["    order = shuffled(epoch)", f"rows = order[{rows}]"]
        return [*taken, "x, t = INPUTS[rows], TARGETS[rows]"]

    def meaning(self, name: str) -> list[str]:
        """Say in a comment which link of the chain rule a quantity is, and its shape."""
        place, names, sizes = self.places[name], self.names, self.network.layers
        layer, here = place.layer, sizes[place.layer]
        net, out, delta = names.net(layer), names.out(layer), names.delta(layer)
        each = f"(n, {here})"
        match place.kind:
            case "out_gradient" if layer == self.depth:
                return comment(f"dL/d{out}, how much each output changes the loss: {each}")
            case "out_gradient":
                after, more = layer + 1, sizes[layer + 1]
                chain = f"dL/d{out} = {names.delta(after)} * d{names.net(after)}/d{out}"
                return comment(f"{chain}: (n, {more}) @ ({more}, {here}) = {each}")
            case "delta":
                return comment(f"{delta} = dL/d{net} = dL/d{out} * d{out}/d{net}: {each}")
            case "bias_gradient":
                chain = f"{name} = dL/d{name[1:]} = {delta} * d{net}/d{name[1:]}"
                return comment(f"{chain}, which is 1, summed over the samples: ({here},)")
        chain = f"{name} = dL/d{name[1:]} = {delta} * d{net}/d{name[1:]}, summed over the samples"
        penalty = ", plus the penalty's" if self.training.l2 else ""
        shape = f"({sizes[layer - 1]}, n) @ (n, {here}) = ({sizes[layer - 1]}, {here})"
        return comment(f"{chain}{penalty}: {shape}")

    def backward_names(self) -> list[str]:
        """Return what the backward pass computes, in order."""
        needed = self.versions.right.needed | self.versions.wrong.needed
        passes = (each for each in self.versions.wrong.definitions if each in needed)
        kinds = ("out_gradient", "delta", "weight_gradient", "bias_gradient")
        return [each for each in passes if each in self.places and self.places[each].kind in kinds]


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"
