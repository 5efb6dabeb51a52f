"""Searches for one mistake made in one layer only, whose results are those of the code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from bptui.check.diagnosis.compared import Called, calls_of, is_result
from bptui.check.diagnosis.findings import Cause, Finding
from bptui.check.diagnosis.formulas import output_error, through_activation
from bptui.check.diagnosis.links import Chain
from bptui.check.diagnosis.ratios import constant_factor
from bptui.check.diagnosis.trials import Trial
from bptui.core.activations import evaluate
from bptui.core.arrays import Array
from bptui.core.network import Network


def local_causes_of(trials: Sequence[Trial], findings: Sequence[Finding]) -> tuple[Cause, ...]:
    """Every mistake of the catalogue that, made in a single layer, explains all that is wrong.

    It gives the code's numbers in every call in which it can be made, and it shows in numbers that
    were drawn: those of a preset may hide the difference between two mistakes.
    """
    wrong = [each.name for each in findings if each.verdict in ("wrong", "follows")]
    results = [
        each.name for each in findings if is_result(each.name) and each.verdict != "not given"
    ]
    names = list(dict.fromkeys((*wrong, *results)))
    calls = [each for each in calls_of(trials) if not each.kinked]
    if not wrong or not all(
        np.isfinite(call.found[name]).all()
        for call in calls
        for name in names
        if name in call.found
    ):
        return ()
    network = trials[0].case.experiment.network
    with np.errstate(all="ignore"):
        return tuple(each for each in _possible(network) if _explains(each, calls, names))


def _possible(network: Network) -> Iterator[Cause]:
    """The last layer first, as the backward pass goes."""
    for layer in range(network.depth, 0, -1):
        if layer < network.depth:
            yield Cause(("transposed-weights",), layer=layer)
            yield Cause(("missing-hidden-derivative",), layer=layer)
        else:
            yield Cause(("missing-output-derivative",), layer=layer)
        yield Cause(("derivative-of-activation",), layer=layer)
        if layer == 1:
            yield Cause(("frozen-first-layer",), layer=layer)
        if layer == network.depth:
            yield Cause(("frozen-last-layer",), layer=layer)
        if network.bias:
            yield Cause(("bias-not-updated",), layer=layer)
            yield Cause(("bias-gradient-not-summed",), layer=layer)


def _explains(cause: Cause, calls: Sequence[Called], names: Sequence[str]) -> bool:
    telling = False
    for call in calls:
        given = [name for name in names if name in call.found]
        made = _simulated(call, cause, given)
        if made is None:
            continue
        if not all(_agrees(call, name, made[name]) for name in given):
            return False
        if not call.own:
            telling = telling or not all(call.near(name, made[name]) for name in given)
    return telling


def _agrees(call: Called, name: str, made: Array) -> bool:
    if call.gives(name, made):
        return True
    # deltas may be in another convention, without the 1/n of the mean, where there are results
    proportional = name.startswith("delta") and any(is_result(each) for each in call.found)
    return proportional and constant_factor(call, name, made) is not None


def _simulated(call: Called, cause: Cause, names: Sequence[str]) -> Mapping[str, Array] | None:
    """What code with this one wrong line gives; None where the line cannot be written so."""
    (mistake,) = cause.mistakes
    name, array = _wrong_line(call, mistake, cause.layer)
    if array is None:
        return None
    its_names, values = call.snapshot.experiment.network.names, call.snapshot.values
    known = {name: array}
    for layer in range(1, its_names.depth + 1):
        kept = [its_names.net(layer), its_names.out(layer)]
        # deltas of the layers before follow from that of this one
        kept += [its_names.delta(layer)] if layer >= cause.layer else []
        known = {each: values[each] for each in kept} | known
    trial = replace(call.trial, observed=(known,) * len(call.trial.observed))
    other, made = Called(trial, call.number), dict[str, Array]()
    for each in names:
        predicted = array if each == name else Chain(other, each, ()).predicted(each)
        if predicted is None:
            return None
        made[each] = predicted
    return made


def _wrong_line(call: Called, mistake: str, layer: int) -> tuple[str, Array | None]:
    """The quantity that is computed wrongly in ``layer``, and what comes out.

    None where that cannot be made in this network: a matrix that is not square is not transposed.
    """
    experiment, values, before = call.snapshot.experiment, call.snapshot.values, call.before
    names, activation = experiment.network.names, experiment.network.activations[layer - 1]
    match mistake:
        case "frozen-first-layer" | "frozen-last-layer":
            return names.weights(layer), before[names.weights(layer)]
        case "bias-not-updated":
            return names.bias(layer), before[names.bias(layer)]
        case "bias-gradient-not-summed":
            return names.bias_gradient(layer), values[names.delta(layer)][-1]
    name, out = names.delta(layer), values[names.out(layer)]
    # f'(a) is the derivative at the activation as if that were the pre-activation
    again = mistake == "derivative-of-activation"
    net = out if again else values[names.net(layer)]
    slope_of = evaluate(activation, out) if again else out
    if layer == names.depth:
        error = output_error(experiment, out, values["target"])
        if mistake == "missing-output-derivative":
            return name, error
        return name, through_activation(activation, net, slope_of, error)
    weights, after = before[names.weights(layer + 1)], values[names.delta(layer + 1)]
    if mistake == "transposed-weights":
        if weights.shape[0] != weights.shape[1]:
            return name, None
        return name, through_activation(activation, net, slope_of, after @ weights)
    upstream: Array = after @ weights.T
    if mistake == "missing-hidden-derivative":
        return name, upstream
    return name, through_activation(activation, net, slope_of, upstream)
