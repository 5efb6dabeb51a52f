"""A skeleton for a user's own backpropagation: everything but the gradients, and where they go."""

from __future__ import annotations

from textwrap import wrap

from bptui.core.derivation.expression import (
    Activated,
    Expression,
    Setting,
    children,
)
from bptui.core.derivation.formulas import define
from bptui.core.derivation.plain import loss_formula, plain
from bptui.core.derivation.symbols import Symbols
from bptui.core.experiment import Experiment
from bptui.core.step import Step
from bptui.export.programs.header import quoted
from bptui.export.programs.lines import bracketed, commented, folded, indented, laid_out
from bptui.export.programs.mistaken import Version
from bptui.export.programs.spelling import Speller, read_by, variables
from bptui.presets.errors import printable
from bptui.presets.folders import shipped_folder

WIDTH = 96
BLANK = """def fill_in(name):
    raise NotImplementedError(f"{name} is not written yet")"""
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
#     return [[[w[0], w[2]], [w[1], w[3]]], [[w[4], w[6]], [w[5], w[7]]]]"""


def template(experiment: Experiment) -> str:
    """Return a Python file that computes all but the gradients, mistakes left aside."""
    return _Template(experiment).text()


def _without_shortcut(step: Step) -> Step:
    """Return the step whose last delta goes through the activation: to simplify is the user's."""
    delta, gradient = (name(step.depth) for name in (step.names.delta, step.names.out_gradient))
    if step.reads(delta, gradient):
        return step
    out = step.nodes[step.names.out(step.depth)]
    (through,) = out.op.rule(out, step.nodes[gradient])
    return step.with_formula(delta, through) if through is not None else step


class _Template:
    def __init__(self, experiment: Experiment) -> None:
        self.experiment, self.training = experiment, experiment.training
        self.network, self.names = experiment.network, experiment.network.names
        self.layers = range(1, self.network.depth + 1)
        self.speller, self.version = Speller(self.network), Version(experiment)
        self.symbols = Symbols(self.names, ascii_only=True)
        self.formulas = define(_without_shortcut(self.version.step)).definitions
        kinds = [[self.names.weights(layer) for layer in self.layers]]
        if self.network.bias:
            kinds.append([self.names.bias(layer) for layer in self.layers])
        self.given = dict(zip(("weights", "biases"), kinds, strict=False))

    def text(self) -> str:
        gradients, step = "\n".join(self.gradients()), "\n".join(self.step())
        blocks = [*self.speller.functions(gradients), gradients, step]
        blocks = ["\n".join(self.header()), "import numpy as np", BLANK, *blocks]
        if self.network.layers == (2, 2, 2) and not self.network.bias:
            blocks.append(SCALARS)
        head, *rest = (each.strip("\n") for each in blocks)
        return f"{head}\n\n" + "\n\n\n".join(rest) + "\n"

    def header(self) -> list[str]:
        name, training = printable(self.experiment.name), self.training
        shipped = (shipped_folder() / f"{self.experiment.name}.toml").is_file()
        preset = "" if name == "article" else f" --preset {name if shipped else 'PRESET.toml'}"
        loss = f"the {training.reduction} over the samples of {loss_formula(self.experiment)}"
        if training.l2:
            loss += f", plus {training.l2!r} times the sum of all squared weights"
        facts = {
            "preset": name,
            "network": str(self.network),
            "loss": loss,
            "step": "plain gradient descent, w - learning_rate * dL/dw; the preset's "
            f"learning_rate is {training.learning_rate!r}",
        }
        lines = ["Backpropagation, to be filled in. Check it, finished or not, with", ""]
        lines += [f"    bptui check FILE.py{preset}", ""]
        for fact in facts.items():
            lines += _entry(*fact, 11)
        told = (
            'Replace each fill_in("...") with an expression. The comment above it gives the '
            "formula for single numbers; i and j count units. In numpy one expression computes "
            "them all, for all n samples at once: every array has one row per sample."
        )
        return quoted([*lines, "", *wrap(told, WIDTH), ""])

    def gradients(self) -> list[str]:
        names, sizes = self.names, self.network.layers
        shapes = {
            each: str(self.version.step.nodes[each].shape) for each in self.version.step.nodes
        }
        table = {"x": f"(n, {sizes[0]}): inputs", "t": f"(n, {sizes[-1]}): targets"}
        for kind, parameters in self.given.items():
            table[kind] = f"[{', '.join(f'{each} {shapes[each]}' for each in parameters)}]"
        results = [f"[{', '.join(f'g{each}' for each in group)}]" for group in self.given.values()]
        result = results[0] if len(results) == 1 else f"({', '.join(results)})"
        every = " and every bias" if self.network.bias else ""
        body = [f'"""dL/dw of every weight{every}.', ""]
        for fact in table.items():
            body += _entry(*fact, 8)
        body += ["", f"{names.weights(1)}[i, j] leads from unit i to unit j of the next layer.", ""]
        told = f"Return any of the names below; {result} alone is enough."
        body += [*wrap(told, WIDTH), '"""', *self.unpacked()]
        body += ["n = len(x)", ""] if self.training.reduction == "mean" else [""]
        body.append("# forward pass: net is a layer's pre-activation, out its activation")
        rows: list[list[str]] = []
        for layer in self.layers:
            net, out = names.net(layer), names.out(layer)
            line = f"{net} = {self.code(net)}  # (n, {sizes[layer]})"
            body += [line, *folded(f"{out} = ", self.code(out))]
            rows.append([net, out])
        body += [*self.loss(), ""]
        body += ["# backward pass, from the last layer to the first: delta is dL/dnet of a layer"]
        rows.append(["loss"])
        for layer in reversed(self.layers):
            parameters = self.network.parameters_of(layer)
            body += ["", *self.backward(layer)]
            rows.append([names.delta(layer), *(f"g{each}" for each in parameters)])
        entries = [", ".join(f'"{name}": {name}' for name in row) for row in rows]
        body += ["", "return {", *(f"    {entry}," for entry in entries), "}"]
        return [f"def gradients(x, t, {', '.join(self.given)}):", *indented(body)]

    def code(self, name: str) -> str:
        l2: Expression = Setting("l2", self.training.l2)
        code = self.speller.code(self.version.definitions[name], {l2: repr(self.training.l2)})
        return code.replace("in WEIGHTS", "in weights").replace("len(t)", "n")

    def loss(self) -> list[str]:
        name = "data_loss" if self.training.l2 else "loss"
        net, lines = self.names.net(self.network.depth), list[str]()
        if net in read_by(self.version.definitions[name]):
            lines = [f"# computed from {net}, because the logarithm of a rounded 0 is infinite"]
        lines += folded("loss = ", self.code(name))
        return lines + (folded("loss += ", self.code("penalty")) if self.training.l2 else [])

    def unpacked(self) -> list[str]:
        lines: list[str] = []
        for kind, names in self.given.items():
            comma = "," * (len(names) == 1)
            lines += laid_out("(", names, f") = {kind}", f"({', '.join(names)}{comma}) = {kind}")
        return lines

    def backward(self, layer: int) -> list[str]:
        names, sizes = self.names, self.network.layers
        delta, weights = names.delta(layer), names.weights(layer)
        source = "x" if layer == 1 else names.out(layer - 1)
        total = f"sum over the samples of {source}[i] * {delta}[j]"
        if self.training.l2:
            total += f", plus {2.0 * self.training.l2!r} * {weights}[i, j]"
        lines = [*self.chain(layer), _blank(delta, f"(n, {sizes[layer]})"), ""]
        lines += [f"# dL/d{weights}[i, j] = {total}"]
        lines += [_blank(f"g{weights}", f"({sizes[layer - 1]}, {sizes[layer]})")]
        if self.network.bias:
            bias = names.bias(layer)
            lines += ["", f"# dL/d{bias}[j] = sum over the samples of {delta}[j]"]
            lines += [_blank(f"g{bias}", f"({sizes[layer]},)")]
        return lines

    def chain(self, layer: int) -> list[str]:
        """Write the factors of delta and their product, as comments with aligned signs."""
        names, last = self.names, self.network.depth
        delta, gradient = names.delta(layer), names.out_gradient(layer)
        if layer == last:
            rows = [(gradient, plain(self.formulas[gradient], self.symbols))]
        else:
            after = f"{names.weights(layer + 1)}[i, j] * {names.delta(layer + 1)}[j]"
            rows = [(f"{gradient}[i]", f"sum over j of {after}")]
        for part in (self.formulas[delta], *children(self.formulas[delta])):
            if isinstance(part, Activated):
                shared = variables(part.body)
                rows.append((plain(part, self.symbols), plain(part.body, self.symbols, shared)))
                rows += [
                    (f"with {name}", plain(each, self.symbols)) for each, name in shared.items()
                ]
        rows.append((delta, plain(self.formulas[delta], self.symbols)))
        wide = max(len(name) for name, _ in rows)
        return [
            line
            for name, text in rows
            for line in commented(wrap(f"{name:{wide}} = {text}", WIDTH, subsequent_indent=" " * 4))
        ]

    def step(self) -> list[str]:
        """Write the function that returns the new parameters."""
        frozen = [name for name, each in self.experiment.frozen.items() if each.switch]
        body = [f'"""The {" and ".join(self.given)} after one step of plain gradient descent.', ""]
        body += ["Changing them in place and returning nothing works too.", '"""']
        body += [f"g = gradients(x, t, {', '.join(self.given)})", *self.unpacked()]
        if frozen:
            body += commented(wrap(f"the preset does not train {', '.join(frozen)}", WIDTH))
        groups = [
            [name if name in frozen else f'{name} - learning_rate * g["g{name}"]' for name in names]
            for names in self.given.values()
        ]
        if len(groups) == 1:
            body += bracketed("return [", groups[0], "]")
        else:
            rows = [line for group in groups for line in bracketed("[", group, "],")]
            body += ["return (", *indented(rows), ")"]
        return [f"def step(x, t, {', '.join(self.given)}, learning_rate):", *indented(body)]


def _entry(name: str, text: str, width: int) -> list[str]:
    return wrap(
        f"{name:{width}} {text}",
        WIDTH,
        subsequent_indent=" " * (width + 1),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _blank(name: str, shape: str) -> str:
    return f'{name} = fill_in("{name}")  # {shape}'
