"""What a program says of itself at its top: the preset's own words and the facts of training."""

from __future__ import annotations

import re
from textwrap import wrap

from bptui.core.experiment import Experiment
from bptui.core.mistakes import MISTAKES
from bptui.export.programs.lines import WIDTH
from bptui.presets.errors import cleaned, printable


def docstring(experiment: Experiment, facts: list[str], rounding: str, needs: str) -> list[str]:
    """The docstring of the program: nothing in title, description or source can end it.

    ``facts`` are paragraphs of their own, ``rounding`` says how closely the losses agree, ``needs``
    the packages it imports.
    """
    name = printable(experiment.name)
    title = " ".join(cleaned(experiment.title or experiment.name).split()) or "A network"
    paragraphs = [wrap(title, WIDTH - len('"""'))]
    if experiment.description.strip():
        paragraphs.append(_prose(experiment.description))
    if experiment.source.strip():
        paragraphs.append(_prose(f"Source: {experiment.source.strip()}"))
    paragraphs.append(_settings(experiment))
    paragraphs += [_prose(each) for each in facts]
    paragraphs.append(
        _prose(
            f"Exported by bptui from the preset {name}. It trains the network and prints the same "
            f"losses as bptui. {rounding} It needs {needs}."
        )
    )
    lines = [line for paragraph in paragraphs for line in (*_escaped(paragraph), "")]
    return [f'"""{lines[0]}', *lines[1:-1], '"""']


def _prose(text: str) -> list[str]:
    """The paragraphs of ``text``; one with a line that is too long is filled anew."""
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n", cleaned(text).strip("\n")):
        lines = paragraph.rstrip().split("\n")
        if max(map(len, lines)) > WIDTH:
            plain = all(line[:1].isalnum() for line in lines)  # no list, no table, no code
            lines = [" ".join(lines)] if plain else lines
            lines = [part for line in lines for part in _filled(line)]
        found += [*lines, ""]
    return found[:-1]


def _filled(line: str) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()))
    return wrap(line, WIDTH, subsequent_indent=indent + "  " * bool(indent)) or [""]


def _escaped(lines: list[str]) -> list[str]:
    return [line.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') for line in lines]


def _settings(experiment: Experiment) -> list[str]:
    training = experiment.training
    settings = [f"{name} {value!r}" for name, value in training.settings]
    batches = []
    if not experiment.schedule.full_batch:
        size = experiment.schedule.batch_size
        order = "in a new order every epoch" if training.shuffle else "in the order given"
        batches = [f"batches of {size} samples, {order}"]
    loss = training.loss
    if experiment.data.samples > 1:
        loss += f", {training.reduction} over the samples of a batch"
    if training.l2:
        loss += f", plus {float(training.l2)!r} times the sum of all squared weights"
    steps = f"{training.steps:,} steps"
    rate = f"learning rate {float(training.learning_rate)!r}"
    how = ", ".join([training.optimizer, rate, *settings, steps, *batches])
    table = {"network": str(experiment.network), "loss": loss, "training": how}
    if experiment.frozen:
        table["frozen"] = experiment.frozen_words()
    lines: list[str] = []
    for name, text in table.items():
        lines += wrap(f"{name:9} {text}", WIDTH, subsequent_indent=" " * 10)
    return lines


def mistakes_made(experiment: Experiment, shown: set[str]) -> list[str]:
    """Paragraphs about the mistakes; ``shown`` are those that make a line wrong."""
    made = experiment.training.mistakes
    if not made:
        return []
    told = [
        f"  {name}: {MISTAKES[name].summary}" + ("" if name in shown else " (no effect here)")
        for name in made
    ]
    first = (
        "It deliberately deviates from backpropagation. Above each wrong line is the correct one:"
    )
    return ["\n".join([first, *told])]
