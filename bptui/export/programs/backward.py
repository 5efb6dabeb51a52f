"""The backward pass and the update of a numpy program, with the mistakes that it makes.

The order of operations is that of :mod:`bptui.core.backprop`, so that both round alike.
"""

from __future__ import annotations

from bptui.core.derivation.words import layer_words
from bptui.core.experiment import Experiment
from bptui.export.programs.formulas import SQUARED_LOSSES
from bptui.export.programs.frame import averages
from bptui.export.programs.lines import comment
from bptui.export.programs.mistaken import Marker, Mistakes, Statement
from bptui.export.programs.updates import update_call


class Backward:
    """Writes the lines from the gradient of the loss to the updated parameters."""

    def __init__(self, experiment: Experiment, marker: Marker) -> None:
        self.experiment, self.marker = experiment, marker
        self.network, self.training = experiment.network, experiment.training
        self.names, self.mistakes = self.network.names, frozenset(self.training.mistakes)
        self.depth = self.network.depth

    def out(self, layer: int) -> str:
        return self.names.out(layer) if layer else "x"

    def out_gradient(self, layer: int) -> str:
        return self.names.out_gradient(layer).replace("/", "_")

    def lines(self) -> list[str]:
        """All lines, without indentation; comments give the shapes for n samples."""
        found: list[str] = []
        for layer in range(self.depth, 0, -1):
            found += [
                "",
                *(self.hidden_layer(layer) if layer < self.depth else self.output_layer()),
            ]
            found += [*self.parameter_gradients(layer), *self.early_update(layer)]
        found += ["", "# Update"]
        for layer in range(1, self.depth + 1):
            found += self.updates(layer)
        return found

    # the output layer

    def fused(self, mistakes: Mistakes) -> bool:
        """Whether delta of the output layer comes without the detour over dL/dout."""
        detour = {"missing-output-derivative", "derivative-of-activation"} & mistakes
        return self.network.activations[-1] in self.experiment.loss.shortcuts and not detour

    def factor(self, mistakes: Mistakes) -> str:
        """``2 / len(x) * `` before the loss's own derivative, without a sign."""
        training = self.training
        number = 1.0
        divisors: list[str] = []
        if training.loss in ("squared_error", "mean_squared_error"):
            number = 2.0
        if training.loss == "mean_squared_error" and self.network.layers[-1] > 1:
            divisors.append("t.shape[1]")
        if averages(self.experiment) and "not-averaged" not in mistakes:
            divisors.append("len(x)")
        if "averaged-twice" in mistakes:
            divisors.append("len(x)")
        number *= 2.0 if "doubled" in mistakes else 1.0
        number *= 0.5 if "missing-half" in mistakes else 1.0
        if not divisors:
            return "" if number == 1.0 else f"{number:g} * "
        return f"{' / '.join([f'{number:g}', *divisors])} * "

    def scaled(self, error: str, mistakes: Mistakes) -> str:
        factor = self.factor(mistakes)
        return f"{factor}({error})" if factor else error

    def loss_gradient(self, mistakes: Mistakes) -> str:
        """dL/dout of the output layer."""
        out, climbs = self.out(self.depth), "wrong-sign" in mistakes
        if self.training.loss in SQUARED_LOSSES:
            error = f"t - {out}" if climbs else f"{out} - t"
        elif self.training.loss == "cross_entropy":
            error = f"{'' if climbs else '-'}t / np.maximum({out}, TINY)"
        else:
            error = f"{'-' if climbs else ''}binary_cross_entropy_derivative({out}, t)"
            return f"{self.out_gradient(self.depth)} = {self.factor(mistakes)}{error}"
        return f"{self.out_gradient(self.depth)} = {self.scaled(error, mistakes)}"

    def output_delta(self, mistakes: Mistakes) -> str:
        delta, upstream = self.names.delta(self.depth), self.out_gradient(self.depth)
        if self.fused(mistakes):
            return f"{delta} = {self.fused_delta(mistakes)}"
        if "missing-output-derivative" in mistakes:
            return f"{delta} = {upstream}"
        return f"{delta} = {self.through_activation(self.depth, mistakes)}"

    def fused_delta(self, mistakes: Mistakes) -> str:
        """dL/dnet of a cross-entropy after the activation that cancels its divisions."""
        out, climbs = self.out(self.depth), "wrong-sign" in mistakes
        if self.training.loss == "binary_cross_entropy":
            error = f"t - {out}" if climbs else f"{out} - t"
        elif self.network.activations[-1] == "sigmoid":
            error = f"t * (1 - {out})" if climbs else f"t * ({out} - 1)"
        else:
            total = f"{out} * t.sum(axis=1, keepdims=True)"
            error = f"t - {total}" if climbs else f"{total} - t"
        return self.scaled(error, mistakes)

    def derivative(self, layer: int, mistakes: Mistakes) -> str:
        """f'(net) of a layer, or with the mistake about where it is evaluated; empty if 1."""
        name = self.network.activations[layer - 1]
        at = self.out(layer) if "derivative-of-activation" in mistakes else self.names.net(layer)
        return "" if name == "identity" else f"{name}_derivative({at})"

    def through_activation(self, layer: int, mistakes: Mistakes) -> str:
        upstream = self.out_gradient(layer)
        if self.network.activations[layer - 1] == "softmax":
            wrong = "derivative-of-activation" in mistakes
            at = self.out(layer) if wrong else self.names.net(layer)
            return f"back_through_softmax({at}, {upstream})"
        derivative = self.derivative(layer, mistakes)
        return f"{upstream} * {derivative}" if derivative else upstream

    def output_layer(self) -> list[str]:
        last, delta = self.depth, self.names.delta(self.depth)
        out, net, activation = self.out(last), self.names.net(last), self.network.activations[-1]
        fused = self.fused(self.mistakes)
        shape = f"(n, {self.network.layers[-1]})"
        lines = comment(f"{_capital(layer_words(self.network, last))}")
        if not fused or ("output-factor-a" in self.mistakes and last > 1):
            lines += comment(f"dL/d{out}, how much each output changes the loss: {shape}")
            lines += self.marker.lines(self.loss_gradient)
        chain = f"{delta} = dL/d{net} = dL/d{out} * d{out}/d{net}"
        if fused:
            loss = self.training.loss.replace("_", " ").replace("cross ", "cross-")
            lines += comment(f"{chain}: {shape}")
            lines += comment(
                f"(after a {activation}, the divisions in the {loss}'s dL/d{out} cancel)"
            )
        elif activation == "softmax":
            lines += comment(f"{chain}, summed over all outputs that a {net} changes: {shape}")
        else:
            lines += comment(f"{chain}: {shape}")
        return [*lines, *self.marker.lines(self.output_delta)]

    # the hidden layers

    def carried_back(self, layer: int, mistakes: Mistakes) -> str:
        """dL/dout of a hidden layer."""
        after = layer + 1
        carried, weights = self.names.delta(after), self.names.weights(after)
        factors = [carried]
        if "output-factor-a" in mistakes and after == self.depth:
            factors = [self.out_gradient(after), self.out(after)]
        if "hidden-derivative-by-output" in mistakes and self.derivative(layer, mistakes):
            factors.append(self.derivative(layer, mistakes))
        product = " * ".join(factors)
        through = weights if "transposed-weights" in mistakes else f"{weights}.T"
        bracketed = f"({product})" if len(factors) > 1 else product
        return f"{self.out_gradient(layer)} = {bracketed} @ {through}"

    def hidden_delta(self, layer: int, mistakes: Mistakes) -> str:
        delta = self.names.delta(layer)
        if {"hidden-derivative-by-output", "missing-hidden-derivative"} & mistakes:
            return f"{delta} = {self.out_gradient(layer)}"
        return f"{delta} = {self.through_activation(layer, mistakes)}"

    def hidden_layer(self, layer: int) -> list[str]:
        names, layers = self.names, self.network.layers
        net, out, after = names.net(layer), names.out(layer), layer + 1
        here, beyond = layers[layer], layers[after]
        shapes = f"(n, {beyond}) @ ({beyond}, {here}) = (n, {here})"
        words = _capital(layer_words(self.network, layer))
        return [
            *comment(
                f"{words}, back through {names.weights(after)}: every unit sums over those it feeds"
            ),
            *comment(f"dL/d{out} = {names.delta(after)} * d{names.net(after)}/d{out}: {shapes}"),
            *self.marker.lines(self.about(layer, "carried")),
            *comment(f"{names.delta(layer)} = dL/d{net} = dL/d{out} * d{out}/d{net}: (n, {here})"),
            *self.marker.lines(self.about(layer, "delta")),
        ]

    def about(self, layer: int, what: str) -> Statement:
        write = self.carried_back if what == "carried" else self.hidden_delta
        return lambda mistakes: write(layer, mistakes)

    # weights, biases and their update

    def parameter_gradients(self, layer: int) -> list[str]:
        names = self.names
        delta, before = names.delta(layer), self.out(layer - 1)
        fan_in, units = self.network.layers[layer - 1 : layer + 1]
        decay = f" + 2 * L2 * {names.weights(layer)}" if self.training.l2 else ""

        one, both = in_one_product(self.experiment), f"g{layer}"

        def weights(mistakes: Mistakes) -> str:
            sign = "+=" if "gradient-accumulated" in mistakes else "="
            share = f"{both}[:-1]" if one else f"{before}.T @ {delta}"
            return f"{names.weight_gradient(layer)} {sign} {share}{decay}"

        def biases(mistakes: Mistakes) -> str:
            sign = "+=" if "gradient-accumulated" in mistakes else "="
            last = "bias-gradient-not-summed" in mistakes
            share = f"{both}[-1]" if one else f"{delta}.sum(axis=0)"
            share = f"{delta}[-1]" if last else share
            return f"{names.bias_gradient(layer)} {sign} {share}"

        weight, gradient, net = names.weights(layer), names.weight_gradient(layer), names.net(layer)
        chain = f"{gradient} = dL/d{weight} = {delta} * d{net}/d{weight}, summed over the samples"
        penalty = ", plus the penalty's" if decay else ""
        shapes = f"({fan_in}, n) @ (n, {units}) = ({fan_in}, {units})"
        lines = comment(f"{chain}{penalty}: {shapes}")
        if one:
            lines.append(f"{both} = with_ones({before}).T @ {delta}")
        lines += self.marker.lines(weights)
        if self.network.bias:
            bias, gradient = names.bias(layer), names.bias_gradient(layer)
            chain = f"{gradient} = dL/d{bias} = {delta} * d{net}/d{bias}"
            lines += comment(f"{chain}, which is 1, summed over the samples: ({units},)")
            lines += self.marker.lines(biases)
        return lines

    def early(self, layer: int) -> bool:
        """Whether the weights of ``layer`` change before the pass goes on, and that matters."""
        return "updated-weights" in self.mistakes and layer > 1

    def early_update(self, layer: int) -> list[str]:
        if not self.early(layer) or not self.experiment.trains_weights(layer):
            return []
        self.marker.shown.add("updated-weights")
        weights, before = self.names.weights(layer), self.out_gradient(layer - 1)
        return [
            f"# MISTAKE updated-weights: {before} below uses the new {weights}; too early:",
            self.update(weights),
        ]

    def update(self, parameter: str) -> str:
        optimizer = self.experiment.optimizer
        return update_call(parameter, optimizer.slots, optimizer.name)

    def updates(self, layer: int) -> list[str]:
        """The updates of ``layer`` after all gradients; those that are missing as comments."""
        lines: list[str] = []
        biases = [self.names.bias(layer)] if self.network.bias else []
        for parameter in (self.names.weights(layer), *biases):
            frozen = self.experiment.frozen.get(parameter)
            if frozen is not None and frozen.switch:
                lines.append(f"# {parameter} is frozen: {frozen.reason}")
            elif frozen is not None:
                self.marker.shown.update(frozen.mistakes)
                names = ", ".join(frozen.mistakes)
                lines.append(f"# MISTAKE {names}: g{parameter} is never applied; missing here:")
                lines.append(f"# {self.update(parameter)}")
            elif self.early(layer) and parameter == self.names.weights(layer):
                lines.append("# MISTAKE updated-weights: done above; belongs here:")
                lines.append(f"# {self.update(parameter)}")
            else:
                lines.append(self.update(parameter))
        return lines


def _capital(words: str) -> str:
    return words.removeprefix("the ").capitalize()


def in_one_product(experiment: Experiment) -> bool:
    """Whether one product gives the gradients of weights and biases, as it does in the engine.

    Dividing by the root of squared gradients magnifies a difference in the last digit, after some
    hundred steps into one that is seen; elsewhere the plainer sums serve.
    """
    return experiment.network.bias and "epsilon" in experiment.optimizer.defaults
