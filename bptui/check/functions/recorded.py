"""Numbers that a program of any language has recorded in a step: what is right about them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from bptui.check.functions.calls import Attempt, right_of
from bptui.check.functions.check import Check, FunctionCheck
from bptui.check.functions.reading import Reader, Reading, UnreadableError
from bptui.check.functions.report import reports_of
from bptui.check.functions.signatures import Signature
from bptui.check.numbers.inferring import inferred, with_settings
from bptui.check.numbers.search import diagnose
from bptui.check.numbers.trials import Case, FunctionName, Trial
from bptui.check.reports.report import Report
from bptui.core.arrays import Array, frozen
from bptui.core.data import Data
from bptui.core.engine import Engine
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment, Training
from bptui.core.network import Network, Parameters
from bptui.explain.words import OVER

NAME = "the recorded numbers"
FUNCTIONS: tuple[FunctionName, ...] = ("gradients", "step")
ROLES = {
    "x": ("x", "X", "input", "inputs"),
    "t": ("t", "T", "y", "Y", "target", "targets"),
    "lr": ("lr", "learning_rate"),
    "l2": ("l2",),
}
"""What is given, by the names that it may have."""
PARAMETER, AFTER = re.compile(r"[Wb]\d+"), re.compile(r"([Wb]\d+)_after|new_([Wb]\d+)")
MATRIX = re.compile(r".*[Ww]\d+(_after)?")
LARGEST = 256 * 2**20
"""Bytes of numbers in a file."""


class UnusableNumbersError(Exception):
    """The file does not hold the numbers of a step; the message says why."""


@dataclass
class Recorded:
    """The arrays of a file: data (samples, units), parameters, and by name what was computed."""

    roles: dict[str, Array]
    parameters: dict[str, Array] = field(default_factory=dict)
    after: dict[str, Array] = field(default_factory=dict)
    """Parameters after an update."""
    given: dict[str, Array] = field(default_factory=dict)
    """Gradients and intermediates."""
    notes: list[str] = field(default_factory=list)

    def layered(self, kind: str) -> list[Array]:
        """Return the matrices of weights, or the biases, layer by layer."""
        names = sorted(self.parameters, key=lambda name: int(name[1:]))
        return [self.parameters[name] for name in names if name[0] == kind]


def reports_on(path: Path, preset: Experiment | None) -> list[Report]:
    """Return the reports on recorded gradients, and on parameters after an update.

    Activations and loss are those of ``preset``; without one they are inferred. Raises
    :class:`UnusableNumbersError` and :class:`~bptui.check.numbers.inferring.UnknownNetworkError`.
    """
    numbers = _recorded(path)
    try:
        base = _plain(numbers)
        case = Case(base, (Engine(base).record(),))
        arrays = {"gradients": numbers.given, "step": numbers.after}
        readings = {
            function: Reader(function, [right_of(function, case.right[0])]).read(
                dict(arrays[function]), {}
            )
            for function in FUNCTIONS
            if arrays[function]
        }
        for reading in readings.values():
            for name in reading.misshapen:
                raise UnreadableError(f"{name}: {reading.spoiled[name]}")
        found = {n: each for one in readings.values() for n, each in one.quantities.items()}
        experiment, told = _like(base, preset) if preset else inferred(base, found)
    except (UnusableError, UnreadableError) as error:
        text = str(error).replace("it returned a dict", "the file has arrays")
        raise UnusableNumbersError(text) from None
    case = Case(experiment, (Engine(experiment).record(),))
    checks = [_judged(one, each, case, numbers.notes) for one, each in readings.items()]
    training = experiment.training
    loss = f"{training.loss}, {OVER[training.reduction]} over the batch"
    facts = [("network", str(experiment.network)), ("loss", loss), ("", told)]
    what = {"gradients": "recorded gradients", "step": "recorded update"}
    return [
        replace(
            report,
            heading=f"{path.name}, {what[one.function]}",
            facts=[*facts, *(("", note) for note in one.attempt.notes)],
            loss={**(report.loss or {}), "given": preset is not None},
        )
        for report, one in zip(reports_of(Check(path, experiment, (*checks,))), checks, strict=True)
    ]


def _judged(
    function: FunctionName, reading: Reading, case: Case, notes: Sequence[str]
) -> FunctionCheck:
    trial = Trial(case, function, (reading.quantities,), reading.precision)
    said = dict.fromkeys([*notes, *reading.notes])
    takes = [*case.right[0].parameters.named()]
    made = Attempt("batch", takes, trials=[trial], notes=said, spoiled=reading.spoiled)
    made.judge([trial])
    check = FunctionCheck(function, Signature((), 0, 0), made, [made], case.experiment)
    return replace(check, causes=diagnose(trial, made.findings))


# the file


def _recorded(path: Path) -> Recorded:
    arrays = _arrays(path)
    numbers = Recorded(_roles(arrays))
    used = {name for names in ROLES.values() for name in names}
    for name, array in arrays.items():
        if PARAMETER.fullmatch(name):
            numbers.parameters[name] = array
        elif match := AFTER.fullmatch(name):
            numbers.after[match[1] or match[2]] = array
        elif name not in used:
            numbers.given[name] = array
    known = {**numbers.roles, **numbers.parameters}
    needed = ["x", "t", "W1", *(["lr"] if numbers.after else [])]
    missing = [name for name in needed if name not in known]
    if missing:
        raise UnusableNumbersError(
            f"no array {' and no array '.join(missing)}; expected {', '.join(needed)} and what "
            f"was computed, gW1, gb1, ... or W1_after; found {', '.join(arrays) or 'nothing'}"
        )
    if not numbers.given and not numbers.after:
        raise UnusableNumbersError("no gradients; expected gW1, gb1, ... or W1_after, b1_after")
    for name, array in known.items():
        if not np.isfinite(array).all():
            raise UnusableNumbersError(f"{name} has numbers that are not finite")
    _shape(numbers)
    return numbers


def _arrays(path: Path) -> dict[str, Array]:
    """Return the arrays of numbers in a file; nothing in it is ever unpickled."""
    if not zipfile.is_zipfile(path):
        raise UnusableNumbersError("no .npz file, which is a zip archive of arrays")
    try:
        with np.load(path, allow_pickle=False) as file:
            size = sum(info.file_size for info in file.zip.infolist()) if file.zip else 0
            if size > LARGEST:
                raise UnusableNumbersError(f"{size:,} bytes; expected at most {LARGEST:,}")
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        what = f"no .npz file that can be read: {error}"
        if "Object arrays" in str(error):
            what = "an array of objects; expected numbers, and nothing else is loaded"
        raise UnusableNumbersError(what) from None
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub" or array.ndim > 2:
            raise UnusableNumbersError(
                f"{name} has type {array.dtype} and shape {array.shape}; expected real numbers "
                "with at most two axes"
            )
    return arrays


def _roles(arrays: Mapping[str, Array]) -> dict[str, Array]:
    made: dict[str, Array] = {}
    for role, names in ROLES.items():
        found = [name for name in names if name in arrays]
        if len(found) > 1:
            raise UnusableNumbersError(f"{' and '.join(found)} both; expected one array for {role}")
        for name in found:
            made[role] = arrays[name]
            if role in ("lr", "l2") and made[role].size != 1:
                shape = made[role].shape
                raise UnusableNumbersError(f"{name} has shape {shape}; expected one number")
    return made


def _shape(numbers: Recorded) -> None:
    """Give data and parameters two axes and one; turn weights of shape (fan_out, fan_in)."""
    roles, depth = numbers.roles, len(numbers.layered("W"))
    kinds = ["W", "b"] if numbers.layered("b") else ["W"]
    whole = {f"{kind}{layer}" for kind in kinds for layer in range(1, depth + 1)}
    if odd := sorted(whole ^ numbers.parameters.keys()):
        raise UnusableNumbersError(
            f"of {depth} layers with weights, each needs {' and '.join(kinds)}; {odd[0]} is "
            f"{'missing' if odd[0] in whole else 'one too many'}"
        )
    roles["x"] = x = np.atleast_2d(roles["x"])
    for name, array in numbers.parameters.items():
        numbers.parameters[name] = np.atleast_2d(array) if name[0] == "W" else array.reshape(-1)
    shapes = [each.shape for each in numbers.layered("W")]
    ends = [(0, x.shape[1]), *shapes], [(0, x.shape[1]), *(each[::-1] for each in shapes)]
    chained = [all(a[1] == b[0] for a, b in pairwise(each)) for each in ends]
    if not any(chained):
        told = ", ".join(f"W{at} {shape}" for at, shape in enumerate(shapes, 1))
        raise UnusableNumbersError(
            f"x has shape {x.shape} (samples, units), the weights {told}; expected "
            f"W1 ({x.shape[1]}, ...), and each with as many rows as the one before has columns"
        )
    if not chained[0]:
        numbers.notes.append("weights have shape (fan_out, fan_in)")
        for arrays in (numbers.parameters, numbers.after, numbers.given):
            arrays |= {name: one.T for name, one in arrays.items() if MATRIX.fullmatch(name)}
    outputs, t = numbers.layered("W")[-1].shape[1], roles["t"]
    rows = t.ndim < 2 and t.size % outputs == 0
    roles["t"] = t.reshape(-1, outputs) if rows else np.atleast_2d(t)


# the network


def _plain(numbers: Recorded) -> Experiment:
    """Return the experiment of the step with activations and a loss that fit everything."""
    weights, biases = numbers.layered("W"), numbers.layered("b")
    layers = (numbers.roles["x"].shape[1], *(each.shape[1] for each in weights))
    x, t = (frozen(numbers.roles[name].astype(np.float64)) for name in ("x", "t"))
    start = [tuple(frozen(each.astype(np.float64)) for each in one) for one in (weights, biases)]
    rate, l2 = (float(numbers.roles.get(name, np.zeros(1)).item()) for name in ("lr", "l2"))
    training = Training(loss="half_squared_error", learning_rate=rate, l2=l2)
    network = Network(layers, ("identity",) * len(weights), bool(biases))
    parameters = Parameters(start[0], start[1] or None)
    return Experiment(NAME, network, parameters, training, Data(x, t, x[:0], t[:0]))


def _like(base: Experiment, preset: Experiment) -> tuple[Experiment, str]:
    own, used = preset.training, preset.network.activations
    if len(used) != base.network.depth:
        found = f"weights of {base.network.depth} layers"
        raise UnusableNumbersError(f"{found}; the network of {preset.name} has {len(used)}")
    settings = {"loss": own.loss, "reduction": own.reduction, "l2": own.l2}
    return with_settings(base, used, **settings), f"activations and loss are those of {preset.name}"
