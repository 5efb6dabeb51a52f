"""Whether a wrong quantity follows from earlier ones: it is recomputed from the code's own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from bptui.check.diagnosis.compared import Called, at_kink, chain, rounding
from bptui.check.diagnosis.formulas import loss_of, output_delta, through_activation
from bptui.core.activations import evaluate
from bptui.core.arrays import Array
from bptui.core.experiment import Experiment
from bptui.core.network import Names

WELL_POSED = 1e-4
"""Smallest singular value, relative, with which deltas are taken from gradients."""
RECOVERED = 1e-3
"""How exactly numbers follow that were computed from differences of parameters."""


class Chain:
    """The quantities of one call before ``goal`` as the right formulas make them.

    They are made from the code's own numbers; ``factor`` multiplies its deltas: the inverse of the
    convention they are given in. What the code does not give is computed from what it gives: a
    delta from the gradients that are made of it, where those leave just one. Quantities that
    cannot be had are None.
    """

    def __init__(
        self, call: Called, goal: str, right: Collection[str], factor: float = 1.0
    ) -> None:
        self.call, self.right, self.factor = call, right, factor
        network = self.experiment.network
        order = chain(network, "gradients") + chain(network, "step")
        earlier = order[: order.index(goal)]
        self.earlier = frozenset(each for each in earlier if each in call.found)
        self._made: dict[str, Array | None] = {}

    @property
    def experiment(self) -> Experiment:
        return self.call.snapshot.experiment

    @property
    def names(self) -> Names:
        return self.experiment.network.names

    @cached_property
    def _layers(self) -> dict[str, tuple[str, int]]:
        """The kind and the layer of each name."""
        names, made = self.names, dict[str, tuple[str, int]]()
        for layer in range(1, names.depth + 1):
            made |= {
                names.net(layer): ("net", layer),
                names.out(layer): ("out", layer),
                names.delta(layer): ("delta", layer),
                names.weight_gradient(layer): ("weight_gradient", layer),
                names.bias_gradient(layer): ("bias_gradient", layer),
                names.weights(layer): ("weights", layer),
                names.bias(layer): ("bias", layer),
            }
        return made

    def inputs(self, name: str) -> list[str]:
        """What ``name`` is computed from, those first that say most about where it comes from."""
        names = self.names
        if name == "loss":
            return [names.out(names.depth)]
        kind, layer = self._layers[name]
        match kind:
            case "net":
                return [names.out(layer - 1)] if layer > 1 else []
            case "out":
                return [names.net(layer)]
            case "delta" if layer == names.depth:
                return [names.out(layer), names.net(layer)]
            case "delta":
                return [names.delta(layer + 1), names.net(layer), names.out(layer)]
            case "weight_gradient" if layer > 1:
                return [names.delta(layer), names.out(layer - 1)]
            case "weight_gradient" | "bias_gradient":
                return [names.delta(layer)]
            case "weights":
                return [names.weight_gradient(layer)]
            case _:
                return [names.bias_gradient(layer)]

    def value(self, name: str) -> Array | None:
        """The code's own number, or what follows from its own numbers."""
        if name == "input" or name in self.right:
            return self.call.expected[name]
        if name in self.earlier:
            own = self.call.found[name]
            return own * self.factor if name.startswith("delta") else own
        if name not in self._made:
            recovered = self.recovered(name) if name.startswith("delta") else None
            self._made[name] = recovered if recovered is not None else self._unless_hidden(name)
        return self._made[name]

    def _unless_hidden(self, name: str) -> Array | None:
        """What the formula gives, unless a wrong gradient says that the code's own is another."""
        kind, layer = self._layers[name]
        if kind == "delta" and any(each not in self.right for each in self.gradients(layer)):
            return None
        return self.predicted(name)

    def gradients(self, layer: int) -> list[str]:
        """What the delta of ``layer`` shows in: gradients, or parameters after the step."""
        names = self.names
        every = (
            names.weight_gradient(layer),
            names.bias_gradient(layer),
            names.weights(layer),
            names.bias(layer),
        )
        return [each for each in every if each in self.earlier]

    def _gradient(self, name: str) -> Array | None:
        """The code's own gradient, from the change of a parameter where only that is given."""
        if name in self.earlier:
            return self.call.found[name]
        parameter, rate = name.removeprefix("g"), self.experiment.training.learning_rate
        if parameter not in self.earlier or rate == 0.0:
            return None
        change = self.call.before[parameter] - self.call.found[parameter]
        return change / rate if change.any() else None  # it may not have been applied at all

    def recovered(self, name: str) -> Array | None:
        """The delta that the code's gradients of its layer are made of, where there is one."""
        names, (_, layer) = self.names, self._layers[name]
        weights = self._gradient(names.weight_gradient(layer))
        source = self.value(names.out(layer - 1))
        if weights is None or source is None:
            return None
        penalty = 2.0 * self.experiment.training.l2 * self.call.before[names.weights(layer)]
        rows, results = [source.T], [weights - penalty]
        biases = self._gradient(names.bias_gradient(layer))
        if biases is not None and self.experiment.trains_biases(layer):
            rows.append(np.ones((1, len(source))))
            results.append(biases[np.newaxis])
        matrix, result = np.vstack(rows), np.vstack(results)
        if not np.isfinite(matrix).all() or not np.isfinite(result).all():
            return None
        try:
            solution, _, rank, sizes = np.linalg.lstsq(matrix, result, rcond=None)
        except np.linalg.LinAlgError:  # numbers too large to square
            return None
        delta: Array = np.asarray(solution, dtype=np.float64)
        if rank < len(source) or sizes[-1] < WELL_POSED * sizes[0]:
            return None
        off, size = np.max(np.abs(matrix @ delta - result)), np.max(np.abs(result))
        return delta if off <= RECOVERED * size else None

    def source(self, name: str, wrong: Collection[str]) -> str:
        """The nearest earlier quantity in ``wrong`` that ``name`` comes from; "" for none."""
        waiting = self.inputs(name)
        while waiting:
            each = waiting.pop(0)
            if each in self.earlier or each == "input":
                if each in wrong:
                    return each
                continue
            kind, layer = self._layers[each]
            if kind == "delta":
                shown = [gradient for gradient in self.gradients(layer) if gradient in wrong]
                if shown:
                    return shown[0]
            waiting += self.inputs(each)
        return ""

    def predicted(self, name: str) -> Array | None:
        """What the right formula makes of the code's own earlier quantities."""
        inputs = {each: self.value(each) for each in self.inputs(name)}
        if any(each is None for each in inputs.values()):
            return None
        known = {key: each for key, each in inputs.items() if each is not None}
        return self._apply(name, known)

    def _apply(self, name: str, known: dict[str, Array]) -> Array | None:
        names, experiment, before = self.names, self.experiment, self.call.before
        network, target = experiment.network, self.call.expected["target"]
        if name == "loss":
            weights = [before[names.weights(each)] for each in range(1, names.depth + 1)]
            return loss_of(experiment, known[names.out(names.depth)], target, weights)
        kind, layer = self._layers[name]
        source = known.get(names.out(layer - 1), self.call.expected["input"])
        match kind:
            case "net":
                net: Array = source @ before[names.weights(layer)]
                return net + before[names.bias(layer)] if network.bias else net
            case "out":
                return evaluate(network.activations[layer - 1], known[names.net(layer)])
            case "delta" if layer == names.depth:
                net, out = known[names.net(layer)], known[names.out(layer)]
                return output_delta(experiment, net, out, target)
            case "delta":
                upstream = known[names.delta(layer + 1)] @ before[names.weights(layer + 1)].T
                net, out = known[names.net(layer)], known[names.out(layer)]
                return through_activation(network.activations[layer - 1], net, out, upstream)
            case "weight_gradient":
                penalty = 2.0 * experiment.training.l2 * before[names.weights(layer)]
                gradient: Array = source.T @ known[names.delta(layer)] + penalty
                return gradient
            case "bias_gradient":
                total: Array = known[names.delta(layer)].sum(axis=0)
                return total
            case _:
                of_weights = kind == "weights"
                trains = experiment.trains_weights if of_weights else experiment.trains_biases
                rate = experiment.training.learning_rate if trains(layer) else 0.0
                (change,) = known.values()
                return before[name] - rate * change


def follows(
    calls: Sequence[Called],
    name: str,
    right: Collection[str],
    conventions: Callable[[Called], Sequence[float]],
) -> bool | None:
    """Whether every call that can tell says that ``name`` follows from the code's own numbers.

    ``conventions`` gives the constants that deltas may be given with in a call. None where no call
    can tell.
    """
    told = None
    for call in calls:
        if name not in call.found or call.kinked or call.difference(name).right:
            continue
        predictions = [
            Chain(call, name, right, 1.0 / each).predicted(name) for each in conventions(call)
        ]
        known = [each for each in predictions if each is not None and np.isfinite(each).all()]
        if not known:
            continue
        if not any(_matches(call, name, each) for each in known):
            return False
        if not call.own or all(each.own for each in calls):
            told = True
    return told


def _matches(call: Called, name: str, predicted: Array) -> bool:
    off = float(np.max(np.abs(call.found[name] - predicted)))
    return bool(off <= RECOVERED * call.size(name, predicted) + call.allowed(name, predicted))


def right_at_kink(call: Called, name: str) -> bool:
    """Whether the code takes the slope at a kink from the side where bptui does not."""
    network = call.snapshot.experiment.network
    for side in (1.0, -1.0):
        moved: dict[str, Array] = {}
        for layer, activation in enumerate(network.activations, 1):
            net = call.snapshot.values[network.names.net(layer)]
            away = net + side * rounding(net)
            moved[network.names.net(layer)] = np.where(at_kink(activation, net), away, net)
        trial = replace(call.trial, observed=(moved,) * len(call.trial.observed))
        predicted = Chain(Called(trial, call.number), name, ()).predicted(name)
        if predicted is not None and call.difference(name, predicted).right:
            return True
    return False
