"""A skeleton for a user's own backpropagation: everything but the gradients, and where they go."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from bptui.checking.answers import Stopped
from bptui.checking.template.formulas import FORMULA, FORWARD, FUNCTIONS, OUTPUT_GRADIENT, SLOPE
from bptui.core.experiment import Experiment
from bptui.presets.errors import printable
from bptui.presets.folders import shipped_folder

BLANK = "fill_in"
"""The function that stands where an expression is to be written: ``delta_o = fill_in("delta_o")``.

It raises NotImplementedError("delta_o is not written yet").
"""
WIDTH = 96
MOST_NAMED = 5
"""Layers whose matrices are all named in the descriptions."""


def template(experiment: Experiment) -> str:
    """A Python file that computes all but the gradients of ``experiment``, mistakes left aside."""
    return _Template(experiment).text()


def not_written(stopped: Stopped) -> bool:
    """Whether the code ended at a blank that is still to be filled in."""
    return stopped.kind == "raised" and stopped.message.startswith("NotImplementedError")


class _Template:
    def __init__(self, experiment: Experiment) -> None:
        self.experiment, self.training = experiment, experiment.training
        self.network, self.names = experiment.network, experiment.network.names
        self.depth, self.bias = self.network.depth, self.network.bias
        self.layers = range(1, self.depth + 1)
        self.mean = self.training.reduction == "mean"
        self.weights = [self.names.weights(layer) for layer in self.layers]
        self.biases = [self.names.bias(layer) for layer in self.layers]
        self.parameters = "weights, biases" if self.bias else "weights"

    def text(self) -> str:
        parts = [self.header(), "\nimport numpy as np\n", BLANK_FUNCTION]
        parts += [FUNCTIONS[each] for each in self.activations() if each in FUNCTIONS]
        parts += [self.gradients(), self.step()]
        if self.network.layers == (2, 2, 2) and not self.bias:
            parts.append(SCALARS)
        return "\n".join(parts)

    def activations(self) -> list[str]:
        return list(dict.fromkeys(self.network.activations))

    def header(self) -> str:
        name = printable(self.experiment.name)
        if name == "article":
            preset = ""
        elif (shipped_folder() / f"{self.experiment.name}.toml").is_file():
            preset = f" --preset {name}"
        else:
            preset = " --preset PRESET.toml"
        over = "the mean" if self.mean else "the sum"
        loss = f"{over} over the samples of {FORMULA[self.training.loss]}"
        if self.training.l2:
            loss += f", plus {self.training.l2!r} times the sum of all squared weights"
        facts = {
            "preset": name,
            "network": str(self.network),
            "loss": loss,
            "step": "plain gradient descent, w - learning_rate * dL/dw; "
            f"the preset's learning_rate is {self.training.learning_rate!r}",
        }
        lines = [
            "Backpropagation, to be filled in. Check it, finished or not, with",
            "",
            f"    bptui check FILE.py{preset}",
            "",
            *(line for fact in facts.items() for line in _fact(*fact)),
            "",
            *_filled(f'Replace each {BLANK}("...") with an expression. The comment above it gives '
            "the formula for single numbers; i and j count units. In numpy one expression computes "
            "them all, for all n samples at once: every array has one row per sample."),
        ]  # fmt: skip
        body = "\n".join(lines).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
        return f'"""{body}\n"""'

    def gradients(self) -> str:
        result = _shortened([self.names.weight_gradient(each) for each in self.layers])
        if self.bias:
            biases = _shortened([self.names.bias_gradient(each) for each in self.layers])
            result = f"({result}, {biases})"
        lines = [
            f"def gradients(x, t, {self.parameters}):",
            '    """dL/dw of every weight' + (" and every bias." if self.bias else "."),
            "",
            *self.given(),
            "",
            f"    {self.weights[0]}[i, j] leads from unit i to unit j of the next layer.",
            "",
            *_filled(f"Return any of the names below; {result} alone is enough.", 4),
            '    """',
            *self.opening(),
            "",
            "    # forward pass: net is a layer's pre-activation, out its activation",
            *(line for layer in self.layers for line in self.forward(layer)),
            *self.loss(),
            "",
            "    # backward pass, from the last layer to the first: delta is dL/dnet of a layer",
            "",
            *(line for layer in reversed(self.layers) for line in self.backward(layer)),
            *self.returned(),
            "",
        ]  # fmt: skip
        return "\n" + "\n".join(lines)

    def given(self) -> list[str]:
        sizes = self.network.layers
        rows = [
            ("x", f"(n, {sizes[0]})", "inputs"),
            ("t", f"(n, {sizes[-1]})", "targets"),
            ("weights", _shortened(self.weights), self.shapes("weights")),
        ]
        if self.bias:
            rows.append(("biases", _shortened(self.biases), self.shapes("biases")))
        wide = max(len(shape) for _, shape, _ in rows)
        return [
            line
            for name, shape, what in rows
            for line in _filled(f"{name:8} {shape:{wide}}  {what}", 4, 13)
        ]

    def shapes(self, kind: str) -> str:
        sizes = self.network.layers
        found = [
            f"({sizes[layer - 1]}, {sizes[layer]})" if kind == "weights" else f"({sizes[layer]},)"
            for layer in self.layers
        ]
        if len(found) == 1:
            return f"of shape {found[0]}"
        if len(found) > MOST_NAMED:
            return f"of shapes {found[0]}, {found[1]}, ..., {found[-1]}"
        return f"of shapes {', '.join(found[:-1])} and {found[-1]}"

    def opening(self) -> list[str]:
        lines = _unpacked(self.weights, "weights")
        if self.bias:
            lines += _unpacked(self.biases, "biases")
        if self.mean:
            lines.append("    n = len(x)")
        if self.training.loss == "mean_squared_error":
            lines.append("    m = t.shape[1]")
        return lines

    def source(self, layer: int) -> str:
        """What goes into ``layer``."""
        return "x" if layer == 1 else self.names.out(layer - 1)

    def forward(self, layer: int) -> list[str]:
        names, units = self.names, self.network.layers[layer]
        net, out = names.net(layer), names.out(layer)
        bias = f" + {names.bias(layer)}" if self.bias else ""
        product = f"    {net} = {self.source(layer)} @ {names.weights(layer)}{bias}"
        applied = FORWARD[self.network.activations[layer - 1]].format(net=net)
        return [f"{product}  # (n, {units})", f"    {out} = {applied}"]

    def loss(self) -> list[str]:
        names, last = self.names, self.depth
        net, out, sigmoid = names.net(last), names.out(last), self.network.activations[-1]
        stable = "    # computed from {net}, because the logarithm of a rounded 0 is infinite"
        lines: list[str] = []
        match self.training.loss:
            case "half_squared_error":
                formula = f"0.5 * np.sum(({out} - t) ** 2)"
            case "squared_error":
                formula = f"np.sum(({out} - t) ** 2)"
            case "mean_squared_error":
                formula = f"np.sum(({out} - t) ** 2) / m"
            case "binary_cross_entropy":
                lines.append(stable.format(net=net))
                formula = f"np.sum(np.logaddexp(0, {net}) - t * {net})"
            case _:
                lines.append(stable.format(net=net))
                formula = f"-np.sum(t * log_softmax({net}))"
                if sigmoid == "sigmoid":
                    formula = f"np.sum(t * np.logaddexp(0, -{net}))"
        lines.append(f"    loss = {formula}{self.over}")
        if self.training.l2:
            lines.append(f"    loss += {self.training.l2!r} * sum(np.sum(W**2) for W in weights)")
        return lines

    @property
    def over(self) -> str:
        return " / n" if self.mean else ""

    def backward(self, layer: int) -> list[str]:
        names, units = self.names, self.network.layers[layer]
        weights, delta, bias = names.weights(layer), names.delta(layer), names.bias(layer)
        total = f"sum over the samples of {self.source(layer)}[i] * {delta}[j]"
        if self.training.l2:
            total += f", plus {2.0 * self.training.l2!r} * {weights}[i, j]"
        lines = [
            *self.chain(layer),
            *_blank(delta, f"(n, {units})"),
            f"    # dL/d{weights}[i, j] = {total}",
            *_blank(names.weight_gradient(layer), f"({self.network.layers[layer - 1]}, {units})"),
        ]
        if self.bias:
            lines.append(f"    # dL/d{bias}[j] = sum over the samples of {delta}[j]")
            lines += _blank(names.bias_gradient(layer), f"({units},)")
        return lines

    def chain(self, layer: int) -> list[str]:
        """The factors of delta and their product, as comments with aligned signs."""
        names, activation = self.names, self.network.activations[layer - 1]
        net, out, delta = names.net(layer), names.out(layer), names.delta(layer)
        gradient = names.out_gradient(layer)
        if layer == self.depth:
            formula = OUTPUT_GRADIENT[self.training.loss].format(out=out, over=self.over)
            factors = [(gradient, formula)]
        else:
            weights, after = names.weights(layer + 1), names.delta(layer + 1)
            factors = [(f"{gradient}[i]", f"sum over j of {weights}[i, j] * {after}[j]")]
        if activation == "softmax":
            rule = f"{out}[i] * ({gradient}[i] - sum over j of {out}[j] * {gradient}[j])"
            factors.append((f"{delta}[i]", rule))
        else:
            slope, *more = SLOPE[activation].format(net=net, out=out).split("\n")
            factors += [(f"f'({net})", slope), *(("", line) for line in more)]
            factors.append((delta, f"{gradient} * f'({net})"))
        wide = max(len(name) for name, _ in factors)
        return [
            f"    # {name:{wide}} {'=' if name else ' '} {formula}" for name, formula in factors
        ]

    def returned(self) -> list[str]:
        names = self.names
        rows = [[names.net(each), names.out(each)] for each in self.layers] + [["loss"]]
        for layer in reversed(self.layers):
            biases = [names.bias_gradient(layer)] if self.bias else []
            rows.append([names.delta(layer), names.weight_gradient(layer), *biases])
        entries = [", ".join(f'"{name}": {name}' for name in row) for row in rows]
        return ["    return {", *(f"        {entry}," for entry in entries), "    }"]

    def step(self) -> str:
        names = self.names
        weights = [
            self.updated(names.weights(layer), names.weight_gradient(layer), layer, "weights")
            for layer in self.layers
        ]
        biases = [
            self.updated(names.bias(layer), names.bias_gradient(layer), layer, "biases")
            for layer in self.layers
        ]
        still = [name for name in weights + (biases if self.bias else []) if " " not in name]
        lines = [
            f"def step(x, t, {self.parameters}, learning_rate):",
            f'    """The {self.parameters.replace(", ", " and ")} after one step of plain gradient '
            "descent.",
            "",
            "    Changing them in place and returning nothing works too.",
            '    """',
            f"    g = gradients(x, t, {self.parameters})",
            *_unpacked(self.weights, "weights"),
            *(_unpacked(self.biases, "biases") if self.bias else []),
            *(_comment(f"the preset does not train {', '.join(still)}") if still else []),
        ]
        if self.bias:
            lines += ["    return (", *_rows(weights, 8), *_rows(biases, 8), "    )"]
        else:
            lines += _rows(weights, 4, "return ")
        return "\n" + "\n".join(lines) + "\n"

    def updated(self, parameter: str, gradient: str, layer: int, kind: str) -> str:
        switches = getattr(self.training, f"train_{kind}")
        trained = switches if isinstance(switches, bool) else switches[layer - 1]
        return f'{parameter} - learning_rate * g["{gradient}"]' if trained else parameter


BLANK_FUNCTION = f"""
def {BLANK}(name):
    raise NotImplementedError(f"{{name}} is not written yet")
"""

SCALARS = """
# Is yours written with single weights, as in many articles? Then put it here instead of
# gradients and step, and uncomment one of these. Weights are numbered by the unit they lead
# into: w1, w2 into h1 and w3, w4 into h2, then w5, w6 into o1 and w7, w8 into o2. Here my_gradients
# returns the gradients g1 ... g8, and my_step the new weights w1 ... w8, in this order.
#
# def gradients(x, t, weights):
#     g1, g2, g3, g4, g5, g6, g7, g8 = my_gradients(*x, *t, *weights[0].T.flat, *weights[1].T.flat)
#     return [[[g1, g3], [g2, g4]], [[g5, g7], [g6, g8]]]
#
# def step(x, t, weights, learning_rate):
#     w = my_step(*x, *t, *weights[0].T.flat, *weights[1].T.flat, learning_rate)
#     return [[[w[0], w[2]], [w[1], w[3]]], [[w[4], w[6]], [w[5], w[7]]]]
"""


def _fact(name: str, text: str) -> list[str]:
    return _filled(f"{name:12}{text}", 0, 12)


def _filled(text: str, indent: int = 0, more: int = 0) -> list[str]:
    """``text`` in lines; those after the first are indented by ``more`` besides."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + more),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent="    # ",
        subsequent_indent="    #     ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _blank(name: str, shape: str) -> list[str]:
    return [f'    {name} = {BLANK}("{name}")  # {shape}', ""]


def _shortened(names: Sequence[str]) -> str:
    """A list of names as prose has it."""
    if len(names) > MOST_NAMED:
        names = [names[0], names[1], "...", names[-1]]
    return f"[{', '.join(names)}]"


def _unpacked(names: Sequence[str], value: str) -> list[str]:
    if len(names) == 1:
        return [f"    ({names[0]},) = {value}"]
    line = f"    {', '.join(names)} = {value}"
    if len(line) <= WIDTH:
        return [line]
    return ["    (", *_filled(", ".join(names) + ",", 8), f"    ) = {value}"]


def _rows(entries: Sequence[str], indent: int, before: str = "") -> list[str]:
    """A list, on one line or with a line for each entry; a comma follows inside of a tuple."""
    blank, comma = " " * indent, "" if before else ","
    line = f"{blank}{before}[{', '.join(entries)}]{comma}"
    if len(line) <= WIDTH:
        return [line]
    return [f"{blank}{before}[", *(f"{blank}    {each}," for each in entries), f"{blank}]{comma}"]
