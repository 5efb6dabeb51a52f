"""What the numpy and the torch program have in common: settings, samples, batches, printing."""

from __future__ import annotations

from collections.abc import Callable

from bptui.core.arrays import Array
from bptui.core.experiment import Experiment
from bptui.core.losses import Loss
from bptui.export.history.rows import round_every
from bptui.export.programs.lines import array_lines, comment
from bptui.presets.errors import printable

PRINTED = 20
"""Losses after the first, at most: those that ``bptui run`` shows."""

SHUFFLED = """
def shuffled(epoch):
    \"\"\"The order of the samples in an epoch, which does not depend on earlier epochs.\"\"\"
    generator = np.random.Generator(np.random.Philox(key=SEED, counter=[0, 0, 0, epoch]))
    return {order}
"""


def constants(experiment: Experiment) -> list[str]:
    """The settings as constants."""
    training, schedule = experiment.training, experiment.schedule
    lines = [f"LEARNING_RATE = {float(training.learning_rate)!r}"]
    lines += [f"{name.upper()} = {float(value)!r}" for name, value in training.settings]
    if training.l2:
        lines.append(f"L2 = {float(training.l2)!r}")
    lines.append(f"STEPS = {training.steps}")
    lines.append(
        f"EVERY = {round_every(training.steps, PRINTED)}  # steps from one printed loss to the next"
    )
    if not schedule.full_batch:
        lines.append(f"BATCH_SIZE = {schedule.batch_size}")
        lines.append(f"BATCHES = {schedule.batches_per_epoch}  # in an epoch")
        if schedule.shuffle:
            lines.append(f"SEED = {schedule.seed}")
    return lines


def samples(experiment: Experiment, make: str) -> list[str]:
    """Inputs and targets, those kept back for testing too."""
    data, layers = experiment.data, experiment.network.layers
    one = "The only sample" if data.samples == 1 else f"{data.samples} samples, one per row"
    inputs, targets = _counted(layers[0], "input"), _counted(layers[-1], "target")
    lines = comment(f"{one}: {inputs}, {targets}")
    for what, names in (("Inputs", data.input_names), ("Classes", data.class_names)):
        if names:
            lines += comment(f"{what}: {', '.join(map(printable, names))}")
    lines += array_lines("INPUTS", data.inputs, make)
    lines += array_lines("TARGETS", data.targets, make)
    if len(data.test_inputs):
        lines += ["", *comment(f"{_counted(len(data.test_inputs), 'test sample')}")]
        lines += array_lines("TEST_INPUTS", data.test_inputs, make)
        lines += array_lines("TEST_TARGETS", data.test_targets, make)
    return lines


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"


def start_values(experiment: Experiment, make: str) -> list[str]:
    """W1, b1, W2, ... at step 0."""
    lines = comment("Start values: W[i, j] leads from unit i of a layer to unit j of the next")
    for name, array in parameters(experiment).items():
        lines += array_lines(name, array, make)
    return lines


def parameters(experiment: Experiment) -> dict[str, Array]:
    """The start values by name: W1, b1, W2, b2, ..."""
    names, start = experiment.network.names, experiment.start
    found: dict[str, Array] = {}
    for layer, weights in enumerate(start.weights, 1):
        found[names.weights(layer)] = weights
        if start.biases is not None:
            found[names.bias(layer)] = start.biases[layer - 1]
    return found


def batch(experiment: Experiment) -> list[str]:
    """The head of the loop: which samples the step works on."""
    schedule = experiment.schedule
    if schedule.full_batch:
        return ["x, t = INPUTS, TARGETS"]
    lines = ["epoch, batch = divmod(step, BATCHES)"] if schedule.shuffle else []
    if schedule.shuffle:
        lines += ["if batch == 0:", "    order = shuffled(epoch)"]
        rows = "rows = order[batch * BATCH_SIZE : (batch + 1) * BATCH_SIZE]"
    else:
        lines.append("batch = step % BATCHES")
        rows = "rows = slice(batch * BATCH_SIZE, (batch + 1) * BATCH_SIZE)"
    return [*lines, rows, "x, t = INPUTS[rows], TARGETS[rows]"]


def printing(experiment: Experiment, finite: str, loss: str) -> list[str]:
    """The lines that print a loss, of step 0 and of the last too, and end the loop."""
    width = len(str(experiment.training.steps))
    return [
        f"last = step == STEPS or not {finite}  # not finite: training has diverged",
        "if last or step % EVERY == 0:",
        f'    print(f"step {{step:{width}}}  loss {{{loss}!r}}")',
        "if last:",
        "    break",
    ]


def trained_parameters(experiment: Experiment) -> list[str]:
    """The parameters that the preset's switches let train, whatever its mistakes make of that."""
    frozen = experiment.frozen
    return [
        name for name in parameters(experiment) if name not in frozen or not frozen[name].switch
    ]


def averages(experiment: Experiment) -> bool:
    """Whether the program divides by the number of samples: not where there is but one."""
    data, training = experiment.data, experiment.training
    single = data.samples == 1 and not len(data.test_inputs)
    about = {"not-averaged", "averaged-twice"} & set(training.mistakes)
    return training.reduction == "mean" and (not single or bool(about))


def share(experiment: Experiment) -> str:
    """`` / len(t)`` where the loss is a mean over the samples."""
    return " / len(t)" if averages(experiment) else ""


def over(experiment: Experiment) -> str:
    """The words for how the loss is reduced over the samples, after "over outputs"."""
    if experiment.training.reduction == "sum":
        return " and samples"
    return ", mean over samples" if share(experiment) else ""


def test_scale(experiment: Experiment) -> str:
    """What puts the summed loss of the test samples on the scale of a batch's."""
    if experiment.training.reduction == "mean":
        return ""
    size = "len(INPUTS)" if experiment.schedule.full_batch else "BATCH_SIZE"
    return f" / len(TEST_INPUTS) * {size}"


def takes_net(loss: Loss) -> bool:
    """Whether the loss is computed from the pre-activations of the output layer."""
    return bool(loss.shortcuts)


def forward_lines(
    experiment: Experiment, call: Callable[[str, str], str], affine: bool = False
) -> list[str]:
    """net and out of every layer, with the shapes; ``call(activation, net)`` writes f(net).

    With ``affine`` a function of the program of that name computes x W + b.
    """
    network, names = experiment.network, experiment.network.names
    lines: list[str] = []
    for layer, activation in enumerate(network.activations, 1):
        before = names.out(layer - 1) if layer > 1 else "x"
        fan_in, units = network.layers[layer - 1 : layer + 1]
        net, total = names.net(layer), f"{before} @ {names.weights(layer)}"
        shape = f"(n, {fan_in}) @ ({fan_in}, {units})"
        if network.bias:
            total, shape = f"{total} + {names.bias(layer)}", f"{shape} + ({units},)"
        if affine:
            total = f"affine({before}, {names.weights(layer)}, {names.bias(layer)})"
        lines.append(f"{net} = {total}  # {shape} = (n, {units})")
        lines.append(f"{names.out(layer)} = {call(activation, net)}")
    return lines


def joined(
    head: list[str], data: list[str], numbers: str, functions: list[str], loop: list[str]
) -> str:
    """The text of the whole program; ``numbers`` is the function for arrays that stand in texts."""
    blocks = ["\n".join(head)]
    if any(line.endswith("= numbers(") for line in data):
        blocks.append(numbers.strip("\n"))
        blocks.append("\n".join(data))
    else:
        blocks[0] += "\n\n" + "\n".join(data)
    blocks += [each.strip("\n") for each in functions]
    blocks.append("\n".join(loop))
    return "\n\n\n".join(blocks) + "\n"
