"""What a program says of itself at its top: the preset's own words and the facts of training."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from textwrap import wrap

from bptui.core.experiment import Experiment
from bptui.export.programs.lines import WIDTH
from bptui.presets.errors import cleaned, printable


def header(experiment: Experiment, facts: Sequence[str], needs: str) -> list[str]:
    """Return the docstring of a program: nothing in title, description or source can end it.

    ``facts`` are paragraphs of their own, ``needs`` says what it imports.
    """
    title = " ".join(cleaned(experiment.title or experiment.name).split()) or "A network"
    source = experiment.source.strip()
    paragraphs = [wrap(title, WIDTH - len('"""'))]
    prose = [experiment.description, f"Source: {source}" if source else ""]
    paragraphs += [_prose(each) for each in prose if each.strip()]
    paragraphs.append(_settings(experiment))
    told = (
        f"Exported by bptui from the preset {printable(experiment.name)}. It trains the network "
        "and prints the same losses as bptui. "
    )
    paragraphs += [_prose(each) for each in (*facts, told + needs)]
    return quoted(line for paragraph in paragraphs for line in (*paragraph, ""))


def quoted(lines: Iterable[str]) -> list[str]:
    """Return lines as a docstring, without the blank one at their end."""
    escaped = [line.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') for line in lines]
    return [f'"""{escaped[0]}', *escaped[1:-1], '"""']


def _prose(text: str) -> list[str]:
    """Return the paragraphs of ``text``; one with a line that is too long is filled anew."""
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


def _settings(experiment: Experiment) -> list[str]:
    training, schedule = experiment.training, experiment.schedule
    how = [training.optimizer, f"learning rate {float(training.learning_rate)!r}"]
    how += [f"{name} {value!r}" for name, value in training.settings]
    how.append(f"{training.steps:,} steps")
    if not schedule.full_batch:
        order = "in a new order every epoch" if training.shuffle else "in the order given"
        how += [f"batches of {schedule.batch_size} samples", order]
    loss = training.loss
    if experiment.data.samples > 1:
        loss += f", {training.reduction} over the samples of a batch"
    if training.l2:
        loss += f", plus {float(training.l2)!r} times the sum of all squared weights"
    table = {"network": str(experiment.network), "loss": loss, "training": ", ".join(how)}
    if experiment.frozen:
        table["frozen"] = experiment.frozen_words()
    return [
        line
        for name, text in table.items()
        for line in wrap(f"{name:9} {text}", WIDTH, subsequent_indent=" " * 10)
    ]
