"""Applies the gradients that a program computes and updates nothing by.

A function may only return a loss and its gradients. Each is judged as if its parameter were updated
by it; which one that is, its name tells: dW1, grads["W1"] and W1_grad are of W1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from bptui.trace.tape import Binding, Note, Reference, Tape, Value

HOLDS = re.compile(r"d|g|((get|compute|calc)_)?grad(ient)?s?|derivatives?|back(ward|prop)?", re.I)
"""What holds gradients by the names of parameters, or returns a dict of them, is called."""
BEFORE = re.compile(r"^(?:d[LJEC]_?d|dloss_?d|dcost_?d|d|g|grad|gradient|nabla)_?(?=\w)")
"""What stands before the name of a parameter in that of its gradient."""
KEY = re.compile(r"^(?:d(?=[A-Z_]|[bw]\d*$)|grad)_?")
"""The same of the keys in what holds gradients, where it need not stand."""
BEHIND = re.compile(r"_?(?:grad|gradient)$")
NO_LINE = -1
"""The place of what stands in no line."""


def with_updates(tape: Tape) -> Tape | None:
    """Return a tape on which gradients are subtracted from their parameters at its end.

    None where no gradient of a parameter has the name of one.
    """
    notes, values, bindings = [*tape.notes], [*tape.values], [*tape.bindings]

    def add(call: str, of: tuple[int, ...], value: Value) -> int:
        notes.append(Note(call, tuple(map(Reference, of)), {}, NO_LINE))
        values.append(value)
        return len(notes) - 1

    def name(binding: Binding, entry: int) -> None:
        bindings.append(binding._replace(when=entry + 1, entry=entry, place=NO_LINE))

    pairs = [*_pairs(tape)]
    given = [(out, d) for out, d in pairs if not tape.inputs[d.entry]]
    losses = list[int]()
    for out, d in given:
        product = np.multiply(values[out.entry], values[d.entry])
        entry = add("multiply", (out.entry, d.entry), product)
        losses.append(add("sum", (entry,), np.sum(product)))
        if losses[1:]:
            losses.append(add("add", (*losses[-2:],), values[losses[-2]] + values[losses[-1]]))
    if losses:
        names = " and ".join(d.name for _, d in given)
        told = f"loss that {names} {'are the gradients' if given[1:] else 'is the gradient'} of"
        name(given[0][1]._replace(name=told), losses[-1])
    entries = {parameter.entry for parameter, _ in pairs}
    for parameter, gradient in pairs:
        others = entries - {parameter.entry}
        computed = bool(others) and tape.depends(parameter.entry, others)
        if tape.inputs[gradient.entry] and not computed:
            of = parameter.entry, gradient.entry
            name(parameter, add("subtract", of, np.subtract(values[of[0]], values[of[1]])))
    found = len(notes) > len(tape.notes)
    return replace(tape, notes=notes, values=values, bindings=bindings) if found else None


def _pairs(tape: Tape) -> Iterator[tuple[Binding, Binding]]:
    """Yield parameters with their gradients, of each name the first ones.

    What a gradient is changed to before it is computed anew counts.
    """
    parameters: dict[str, list[Binding]] = {}
    gradients: dict[str, Binding] = {}
    for binding in tape.bindings:
        (name, of), entry = _told(binding.name), binding.entry
        if of != name and not binding.name.startswith("return "):
            parameters.setdefault(name, []).append(binding)
        former = gradients.get(of, binding).entry
        if of and (tape.depends(entry, {former}) or not np.any(tape.values[former])):
            gradients[of] = gradients[of] if of in gradients and entry == former else binding
    found = set[int]()
    for name, gradient in gradients.items():
        behind, shape = tape.ancestors(gradient.entry), tape.shape(gradient.entry)
        given = not tape.inputs[gradient.entry]
        own = reversed(parameters.get(name, ()))
        known = (one for one in own if one.entry < gradient.entry or given)
        same = [one for one in known if tape.shape(one.entry) == shape and one.entry not in found]
        floats = [one for one in same if np.asarray(tape.values[one.entry]).dtype.kind == "f"]
        if floats:  # a wrong one need not come from its parameter
            parameter = next((one for one in floats if one.entry in behind), floats[0])
            found.add(parameter.entry)
            yield parameter, gradient


def _told(name: str) -> tuple[str, str]:
    """Return a variable's own name, and that of what it is the gradient of, if of anything."""
    *holders, last = re.findall(r"\w+", name) or [name]
    if last.isdigit() and holders:  # dW[0] is of W[0]
        holders, last = holders[:-1], holders[-1] + last
    if any(map(HOLDS.fullmatch, holders)):
        return last, KEY.sub("", last)
    of = BEHIND.sub("", BEFORE.sub("", last))
    return last, of if of != last else ""
