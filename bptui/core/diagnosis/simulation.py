"""Plays the calls of a case as code with given mistakes would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias
from weakref import WeakKeyDictionary

import numpy as np

from bptui.core.arrays import Array, run
from bptui.core.backprop import Workspace, build_step, with_ones
from bptui.core.diagnosis.findings import Cause
from bptui.core.diagnosis.trials import Case
from bptui.core.diagnosis.variants import with_cause
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.core.snapshot import Snapshot
from bptui.core.state import State

Values: TypeAlias = tuple[Mapping[str, Array], ...]
"""What a program gives in each call, by name."""
MOST_KEPT = 2_000
"""Parameters of a network up to which what was played is kept: it is asked for again."""

_played: WeakKeyDictionary[Case, dict[tuple[Cause, bool], Values | None]] = WeakKeyDictionary()


def simulated(case: Case, cause: Cause, *, everything: bool = False) -> Values | None:
    """What a program with ``cause`` in it gives in each call of ``case``; see :func:`play`.

    None where the cause cannot be made in that network.
    """
    if case.experiment.network.parameter_count > MOST_KEPT:
        return _simulated(case, cause, everything)
    kept, key = _played.setdefault(case, {}), (cause, everything)
    if key not in kept:
        kept[key] = _simulated(case, cause, everything)
    return kept[key]


def _simulated(case: Case, cause: Cause, everything: bool) -> Values | None:
    try:
        experiment = with_cause(case.experiment, cause)
    except UnusableError:
        return None
    return play(experiment, case.right, everything=everything)


def play(experiment: Experiment, right: Sequence[Snapshot], *, everything: bool = False) -> Values:
    """What a program of ``experiment`` gives in each call, by name.

    Each call begins with the parameters of its right step, in one life: gradients that are never
    cleared go on from call to call. Gradients, and parameters after the step; with ``everything``
    the intermediates too.
    """
    network = experiment.network
    state, names = State(experiment), network.names
    workspace, layout = Workspace(state), state.layout
    x, t = experiment.data.inputs, experiment.data.targets
    program = build_step(
        experiment, state, workspace, with_ones(x, network.bias) if network.bias else x, t
    )
    calls = [each for operation in program.operations for each in operation.calls]
    made: list[Mapping[str, Array]] = []
    for snapshot in right:
        for layer, weights in enumerate(snapshot.parameters.weights, 1):
            layout.weights(state.parameters, layer)[...] = weights
        for layer, biases in enumerate(snapshot.parameters.biases or (), 1):
            layout.biases(state.parameters, layer)[...] = biases
        run(calls)
        gradient, after = workspace.gradient.copy(), state.parameters.copy()
        values: dict[str, Array] = {}
        for layer in range(1, network.depth + 1):
            values[names.weight_gradient(layer)] = layout.weights(gradient, layer)
            values[names.weights(layer)] = layout.weights(after, layer)
            if network.bias:
                values[names.bias_gradient(layer)] = layout.biases(gradient, layer)
                values[names.bias(layer)] = layout.biases(after, layer)
        if everything:
            values = {name: np.array(each) for name, each in program.buffers.items()} | values
        made.append(values)
    return tuple(made)
