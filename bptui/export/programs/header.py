"""What a program says of itself at its top: the preset's own words and the facts of training."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from textwrap import wrap

from bptui.core.experiment import Experiment
from bptui.export.programs.lines import WIDTH
from bptui.presets.errors import cleaned, printable


def header(experiment: Experiment, facts: Sequence[str], needs: str) -> list[str]:
    """Return the docstring of a program; ``facts`` are paragraphs, ``needs`` is what it imports."""
    title = " ".join(cleaned(experiment.title or experiment.name).split()) or "A network"
    source = experiment.source.strip()
    told = (
        f"Exported by bptui from the preset {printable(experiment.name)}. It trains the network "
        f"and prints the same losses as bptui. {needs}"
    )
    lines = wrap(title, WIDTH - len('"""'))
    for text in (experiment.description, f"Source: {source}" if source else ""):
        lines += ["", *_prose(text)] if text.strip() else []
    lines += ["", *_settings(experiment)]
    for text in (*facts, told):
        lines += ["", *_prose(text)]
    return quoted(lines)


def quoted(lines: Iterable[str]) -> list[str]:
    """Return lines as a docstring, which nothing in them can end."""
    text = "\n".join(lines).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return [f'"""{text}', '"""']


def _prose(text: str) -> list[str]:
    """Return paragraphs; one with a line that is too long is filled anew."""
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
    training = experiment.training
    several = f", {training.reduction} over the samples of a batch"
    penalty = f", plus {float(training.l2)!r} times the sum of all squared weights"
    table = {
        "network": str(experiment.network),
        "loss": training.loss
        + several * (experiment.data.samples > 1)
        + penalty * bool(training.l2),
        "training": f"{training.optimizer}, {training.steps:,} steps",
        "frozen": experiment.frozen_words(),
    }
    return [
        line
        for name, text in table.items()
        if text
        for line in wrap(f"{name:9} {text}", WIDTH, subsequent_indent=" " * 10)
    ]
