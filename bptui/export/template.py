"""A skeleton for a user's own backpropagation: everything but the gradients, and where they go."""

from __future__ import annotations

from textwrap import wrap

from bptui.core.activations import ACTIVATIONS, APPLIED
from bptui.core.experiment import Experiment
from bptui.core.graph.backward import carried_back
from bptui.core.graph.node import SAMPLE_COUNT, constant, leaf
from bptui.core.step import training_step
from bptui.explain.captions import loss_formula, plain_formula
from bptui.explain.expression import Constant
from bptui.explain.formulas import define, formula_of
from bptui.export.layout import (
    ROOM,
    comment,
    commented,
    enclosed,
    entries,
    indented,
    penalty_words,
    quoted,
)
from bptui.export.programs import Program
from bptui.export.spelling import SEVERAL
from bptui.presets.errors import printable
from bptui.presets.folders import shipped_folder

TOLD = """\
Replace each fill_in("...") with an expression. The comment above it gives the formula for
single numbers; i and j count units. In numpy one expression computes them all, for all n
samples at once: every array has one row per sample."""
BLANK = """def fill_in(name):
    raise NotImplementedError(f"{name} is not written yet")"""


def template(experiment: Experiment) -> str:
    """Return a Python file that computes all but the gradients, mistakes left aside."""
    return _Template(experiment).text()


class _Template:
    def __init__(self, experiment: Experiment) -> None:
        self.experiment, self.training = experiment, experiment.training
        self.network, self.names = experiment.network, experiment.network.names
        self.sizes, self.depth = self.network.layers, self.network.depth
        right = experiment.with_training(mistakes=())
        self.program = Program(right, any_number=True)
        self.program.words[Constant(float(SEVERAL), code=SAMPLE_COUNT)] = "n"
        self.chained = define(training_step(experiment, SEVERAL)).definitions
        parameters = [self.network.parameters_of(layer + 1) for layer in range(self.depth)]
        kinds = zip(*parameters, strict=True)
        self.given = dict(zip(("weights", "biases"), map(list, kinds), strict=False))
        self.takes = ", ".join(("x", "t", *self.given))

    def text(self) -> str:
        gradients, step = "\n".join(self.gradients()), "\n".join(self.step())
        head = "\n".join([*self.header(), "", "import numpy as np"])
        head += f"\n\nL2 = {self.training.l2!r}" if self.training.l2 else ""
        return "\n\n\n".join([head, BLANK, gradients, step]) + "\n"

    def header(self) -> list[str]:
        name, training = printable(self.experiment.name), self.training
        shipped = (shipped_folder() / f"{self.experiment.name}.toml").is_file()
        preset = "" if name == "article" else f" --preset {name if shipped else 'PRESET.toml'}"
        loss = f"the {training.reduction} over the samples of {loss_formula(self.experiment)}"
        rate = f"the preset's learning_rate is {training.learning_rate!r}"
        table = {
            "preset": name,
            "network": str(self.network),
            "loss": loss + penalty_words(training),
            "step": f"plain gradient descent, w - learning_rate * dL/dw; {rate}",
        }
        lines = ["Backpropagation, to be filled in. Check it, finished or not, with", ""]
        lines += [f"    bptui check FILE.py{preset}", "", *entries(table), ""]
        return quoted([*lines, *TOLD.split("\n")])

    def gradients(self) -> list[str]:
        names, sizes, layers = self.names, self.sizes, range(1, self.depth + 1)
        start, slopes = self.experiment.start.named(), list[str]()
        table = {"x": f"(n, {sizes[0]}): inputs", "t": f"(n, {sizes[-1]}): targets"}
        for kind, parameters in self.given.items():
            table[kind] = f"[{', '.join(f'{name} {start[name].shape}' for name in parameters)}]"
            slopes.append(f"[{', '.join(f'g{name}' for name in parameters)}]")
        body = ['"""dL/dw of every weight' + " and every bias" * self.network.bias + ".", ""]
        body += entries(table)
        alone = slopes[0] if len(slopes) == 1 else f"({', '.join(slopes)})"
        body += ["", "W1[i, j] leads from unit i to unit j of the next layer.", ""]
        body += [*wrap(f"Return any of the names below; {alone} alone is enough.", ROOM), '"""']
        body += [*self.unpacked(), *["n = len(x)"] * (self.training.reduction == "mean"), ""]
        body += ["# forward pass: net is a layer's pre-activation, out its activation"]
        body += [*self.program.layers(), *self.program.loss("loss")]
        body += ["", "# backward pass, from the last layer to the first: delta is dL/dnet"]
        rows = [[names.net(layer), names.out(layer)] for layer in layers] + [["loss"]]
        for layer in reversed(layers):
            blanks = {names.delta(layer): f"(n, {sizes[layer]})"}
            blanks |= {f"g{w}": str(start[w].shape) for w in self.network.parameters_of(layer)}
            delta, source = names.delta(layer), names.out(layer - 1) if layer > 1 else "x"
            weights, total = names.weights(layer), "sum over the samples of"
            slope = f"dL/d{weights}[i, j] = {total} {source}[i] * {delta}[j]"
            if self.training.l2:
                slope += f", plus {2.0 * self.training.l2!r} * {weights}[i, j]"
            bias = f"dL/d{names.bias(layer)}[j] = {total} {delta}[j]"
            told = (self.chain(layer), [slope], [bias])
            for (name, shape), about in zip(blanks.items(), told, strict=False):
                body += ["", *commented(about), f'{name} = fill_in("{name}")  # {shape}']
            rows.append([*blanks])
        returned = [", ".join(f'"{name}": {name}' for name in row) + "," for row in rows]
        body += ["", "return {", *indented(returned), "}"]
        return [f"def gradients({self.takes}):", *indented(body)]

    def unpacked(self) -> list[str]:
        lines: list[str] = []
        for kind, names in self.given.items():
            short = ", ".join(names) if len(names) > 1 else f"({names[0]},)"
            lines += enclosed("(", names, f") = {kind}", f"{short} = {kind}")
        return lines

    def chain(self, layer: int) -> list[str]:
        """Write the factors of delta and their product, with aligned signs."""
        names, shape = self.names, (SEVERAL, self.sizes[layer])
        delta, gradient = names.delta(layer), names.out_gradient(layer)
        entry = ACTIVATIONS[self.network.activations[layer - 1]]
        z, a, g = (leaf(name, shape) for name in (names.net(layer), names.out(layer), gradient))
        if layer < self.depth:
            after = f"{names.weights(layer + 1)}[i, j] * {names.delta(layer + 1)}[j]"
            rows = {f"{gradient}[i]": f"sum over j of {after}"}
        else:
            rows = {gradient: plain_formula(self.chained[gradient]).replace("target", "t")}
        if entry.pullback is not None:
            rows[delta] = plain_formula(formula_of(entry.pullback(z, a, g)))
        else:
            applied = APPLIED[entry.name](z)
            slope = entry.slope(z, a) if entry.slope else carried_back(applied, constant(1.0), z)
            rows[f"f'({z.name})"] = plain_formula(formula_of(slope))
            rows[delta] = f"{gradient} * f'({z.name})"
        wide = max(map(len, rows))
        return [
            line
            for name, text in rows.items()
            for line in wrap(f"{name:{wide}} = {text}", ROOM - 4, subsequent_indent=" " * 4)
        ]

    def step(self) -> list[str]:
        frozen = [name for name, why in self.experiment.frozen.items() if why.switch]
        body = [f'"""The {" and ".join(self.given)} after one step of plain gradient descent.', ""]
        body += ["Changing them in place and returning nothing works too.", '"""']
        body += [f"g = gradients({self.takes})", *self.unpacked()]
        body += comment(f"the preset does not train {', '.join(frozen)}") if frozen else []
        for name in self.experiment.start.named():
            if name not in frozen:
                body.append(f'{name} = {name} - learning_rate * g["g{name}"]')
        if self.network.bias:
            rows = [line for names in self.given.values() for line in enclosed("[", names, "],")]
            body += ["return (", *indented(rows), ")"]
        else:
            body += enclosed("return [", self.given["weights"], "]")
        return [f"def step({self.takes}, learning_rate):", *indented(body)]
