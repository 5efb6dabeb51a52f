"""A draft -> an experiment, or what is wrong and beside which field it is said."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bptui.app.form.draft import Draft
from bptui.app.form.fields import WEIGHTS, fields
from bptui.app.form.reading import said
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.presets import build

_NAMED = 4
"""Fields that a sentence names."""


@dataclass(frozen=True)
class Place:
    """What the new experiment keeps of the one before: its name, and where it was read."""

    name: str
    folder: Path
    file: Path | None = None
    text: str = ""


@dataclass(frozen=True, eq=False)
class Outcome:
    """Of a check of ``draft``: the experiment, or problems by field, or one of no field."""

    draft: Draft
    experiment: Experiment | None = None
    problems: Mapping[str, str] = field(default_factory=dict)
    general: str = ""


def checked(draft: Draft, place: Place) -> Outcome:
    """Make the experiment; this may take as long as reading its data does."""
    problems = draft.problems()
    if problems:
        return Outcome(draft, problems=problems)
    try:
        made = build.experiment(draft.table(), place.name, place.folder, place.file, place.text)
    except UnusableError as error:
        key = nearest(error.key, [each.key for each in fields(draft)])
        if key:
            return Outcome(draft, problems={key: said(error)})
        return Outcome(draft, general=str(error))
    return Outcome(draft, made)


def nearest(key: str, keys: Collection[str]) -> str:
    """The longest of ``keys`` that ``key`` begins with; empty if there is none."""
    found = [each for each in keys if key == each or key.startswith((f"{each}.", f"{each}["))]
    return max(found, key=len, default="")


def summary(experiment: Experiment) -> str:
    """2-2-2 sigmoid: 12 weights and biases, 1 sample"""
    network, data = experiment.network, experiment.data
    counted = f"{network.parameter_count:,} {'weights and biases' if network.bias else 'weights'}"
    samples = f"{data.samples:,} {'sample' if data.samples == 1 else 'samples'}"
    tested = len(data.test_inputs)
    tests = f" and {tested:,} test {'sample' if tested == 1 else 'samples'}" if tested else ""
    return f"{network}: {counted}, {samples}{tests}"


def listed(draft: Draft, keys: Collection[str]) -> str:
    """W1, targets: the labels of the fields with these keys, in the order of the form."""
    labels = [
        each.label.split()[0] if each.key.startswith(f"{WEIGHTS}[") else each.label
        for each in fields(draft)
        if each.key in keys
    ]
    return ", ".join(labels[:_NAMED]) + (", ..." if len(labels) > _NAMED else "")
