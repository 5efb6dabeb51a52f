"""Plays the calls of a case as code with given mistakes would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias
from weakref import WeakKeyDictionary

from bptui.check.diagnosis.compared import is_result
from bptui.check.diagnosis.findings import Cause
from bptui.check.diagnosis.trials import Case
from bptui.check.diagnosis.variants import with_cause
from bptui.core.arrays import Array, run
from bptui.core.backprop import StepProgram, Workspace
from bptui.core.engine import Snapshot
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
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
    kept, key = _played.get(case), (cause, everything)
    if kept is not None and key in kept:
        return kept[key]
    made = _simulated(case, cause, everything)
    if case.experiment.network.parameter_count <= MOST_KEPT:
        _played.setdefault(case, {})[key] = made
    return made


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
    state = State(experiment)
    x, t = experiment.data.inputs, experiment.data.targets
    program = StepProgram(experiment, state, Workspace(state), x, t)
    wanted = {name: each for name, each in program.buffers.items() if everything or is_result(name)}
    made: list[Mapping[str, Array]] = []
    for snapshot in right:
        for name, parameter in snapshot.parameters.named().items():
            program.buffers[name][...] = parameter
        run(program.shown)
        made.append({name: each.copy() for name, each in wanted.items()})
    return tuple(made)
