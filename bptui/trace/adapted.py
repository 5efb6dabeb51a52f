"""Tells whether an optimizer makes something else of a gradient: by a memory, a root or a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bptui.trace.comparing import multiple

if TYPE_CHECKING:
    from bptui.trace.truth import StepTruth

LIMITS = frozenset(("sqrt", "math.sqrt", "clip", "sign", "norm", "maximum", "minimum"))
"""What makes a step of a gradient that is no multiple of it."""


def adapted(truth: StepTruth, parameter: int, entry: int, behind: set[int]) -> bool:
    """Whether an optimizer stands between a gradient, an entry, and a parameter's new value.

    Gradients that are added up and never cleared are no memory: that one fades.
    """
    tape = truth.tape
    made = tape.dependents({entry}, truth.step.end)
    gradient = truth.numbers(truth.graph.nodes[entry])
    shape = tape.shape(parameter)
    memory = False
    for inner in sorted((behind - tape.ancestors(entry)) & made):
        call, inputs = tape.notes[inner].call, tape.inputs[inner]
        if call in LIMITS:
            return True
        if call not in ("add", "subtract"):
            continue
        old = [one for one in inputs if one not in truth.dependent and tape.shape(one) == shape]
        if call == "add" and any(_is_state(truth, one) for one in old):
            nodes = (truth.graph.nodes[one] for one in inputs if one in truth.dependent)
            if any(multiple(truth.numbers(node), gradient) is not None for node in nodes):
                return False
        faded = any(tape.notes[one].call == "multiply" for one in old)
        approached = call == "subtract" and inputs[-1] in old  # m += (1 - beta) * (g - m)
        memory = memory or faded or approached
    return memory


def _is_state(truth: StepTruth, entry: int) -> bool:
    """Whether an entry is an array from before the step that has something in it."""
    value = truth.tape.values[entry]
    return bool(entry < truth.step.first and np.size(value) > 1 and np.any(value))
