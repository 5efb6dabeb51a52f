"""Lines of a program, laid out as formatters do: docstrings, comments, arrays, long lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from textwrap import wrap

from bptui.core.arrays import Array
from bptui.core.experiment import Experiment, Training
from bptui.explain import code
from bptui.presets.build import counted
from bptui.presets.errors import cleaned, printable

WIDTH, INDENT = 100, "    "
ROOM = WIDTH - len(INDENT)
"""Columns of what is going to be indented."""
folded = partial(code.folded, width=ROOM)
"""Write an assignment over several lines where it is too long."""
_filled = partial(wrap, break_long_words=False, break_on_hyphens=False)


def enclosed(before: str, items: Sequence[str], after: str, short: str = "") -> list[str]:
    """Return items within brackets, in several lines where one is too long.

    ``before`` ends with the opening bracket, ``after`` begins with the closing one; ``short`` is
    the one line if it is not these.
    """
    middle = ", ".join(items)
    short = short or f"{before}{middle}{after}"
    if len(short) <= ROOM:
        return [short]
    one = len(INDENT + middle) <= ROOM
    return [before, *indented([middle] if one else [f"{item}," for item in items]), after]


def indented(lines: Iterable[str]) -> list[str]:
    """Return lines of a block."""
    return [f"{INDENT}{line}" if line else "" for line in lines]


def commented(lines: Iterable[str]) -> list[str]:
    """Return code that does not run."""
    return [f"# {line}" for line in lines]


def comment(text: str) -> list[str]:
    """Return ``text`` as comment lines no longer than those of a program."""
    return commented(wrap(text, ROOM - len("# ")))


def docstring(text: str, more: str = "") -> list[str]:
    """Return ``text`` as the docstring of a function, with a paragraph more."""
    lines = wrap(f'"""{text}', ROOM - len('"""'))
    lines += ["", *wrap(f"{more}.", ROOM)] if more else []
    return [f'{lines[0]}"""'] if len(lines) == 1 else [*lines, '"""']


def quoted(lines: Iterable[str]) -> list[str]:
    """Return lines as a docstring, which nothing in them can end."""
    text = "\n".join(lines).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return [f'"""{text}', '"""']


def array_lines(name: str, array: Array, make: str) -> list[str]:
    """Return ``name = make([...])`` with all digits: what it makes has the same bits."""
    numbers = repr(array.tolist())
    short = f"{name} = {make}({numbers})"
    if len(short) <= WIDTH:
        return [short]
    return [f"{name} = {make}(", *indented(_filled(numbers, ROOM)), ")"]


def constants(experiment: Experiment, every: int) -> list[str]:
    """Return the settings as constants; the loss of ``every`` such step is printed."""
    training, schedule = experiment.training, experiment.schedule
    given = {"learning_rate": training.learning_rate, **dict(training.settings)}
    given |= {"l2": training.l2} if training.l2 else {}
    lines = [f"{name.upper()} = {float(value)!r}" for name, value in given.items()]
    lines.append(f"STEPS = {training.steps}")
    lines.append(f"EVERY = {every}  # steps from one printed loss to the next")
    if not schedule.full_batch:
        lines.append(f"BATCH_SIZE = {schedule.batch_size}")
        lines.append(f"BATCHES = {schedule.batches_per_epoch}  # in an epoch")
        lines += [f"SEED = {schedule.seed}"] if schedule.shuffle else []
    return lines


def data_lines(experiment: Experiment, make: str) -> list[str]:
    """Return the samples, those kept back for testing too, and the start values."""
    data, layers = experiment.data, experiment.network.layers
    one = "The only sample" if data.samples == 1 else f"{data.samples:,} samples, one per row"
    sizes = f"{counted(layers[0], 'input')}, {counted(layers[-1], 'target')}"
    lines = ["", *comment(f"{one}: {sizes}")]
    for what, names in (("Inputs", data.input_names), ("Classes", data.class_names)):
        lines += comment(f"{what}: {', '.join(map(printable, names))}") if names else []
    groups = {"": {"INPUTS": data.inputs, "TARGETS": data.targets}}
    if tests := len(data.test_inputs):
        tested = {"TEST_INPUTS": data.test_inputs, "TEST_TARGETS": data.test_targets}
        groups[counted(tests, "test sample")] = tested
    start = "Start values: W[i, j] leads from unit i of a layer to unit j of the next"
    groups[start] = experiment.start.named()
    for about, group in groups.items():
        lines += ["", *comment(about)] if about else []
        lines += [row for name, array in group.items() for row in array_lines(name, array, make)]
    return lines


def header(experiment: Experiment, facts: Sequence[str], needs: str) -> list[str]:
    """Return the docstring of a program; ``facts`` are paragraphs, ``needs`` is what it imports."""
    title = " ".join(cleaned(experiment.title or experiment.name).split()) or "A network"
    training, source = experiment.training, experiment.source.strip()
    over = f", {training.reduction} over the samples of a batch" * (experiment.data.samples > 1)
    table = {
        "network": str(experiment.network),
        "loss": training.loss + over + penalty_words(training),
        "training": f"{training.optimizer}, {training.steps:,} steps",
        "frozen": experiment.frozen_words(),
    }
    told = (
        f"Exported by bptui from the preset {printable(experiment.name)}. It trains the network "
        f"and prints the same losses as bptui. {needs}"
    )
    texts = [experiment.description, f"Source: {source}" if source else ""]
    texts += ["\n".join(entries(table)), *facts, told]
    lines = wrap(title, WIDTH - len('"""'))
    for text in filter(str.strip, texts):
        lines.append("")
        for line in cleaned(text).strip("\n").split("\n"):
            # what is too long is indented as a list needs it
            indent = " " * (len(line) - len(line.lstrip()))
            lines += wrap(line, WIDTH, subsequent_indent=indent * 2) or [""]
    return quoted(lines)


def penalty_words(training: Training) -> str:
    """Say what the penalty adds to the loss."""
    return f", plus {training.l2!r} times the sum of all squared weights" if training.l2 else ""


def entries(table: Mapping[str, str]) -> list[str]:
    """Return names and texts below each other; an empty text is left out."""
    lines = (f"{name:9} {text}" for name, text in table.items() if text)
    return [row for line in lines for row in _filled(line, ROOM, subsequent_indent=" " * 10)]
