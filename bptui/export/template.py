"""A skeleton for a user's own backpropagation: everything but the gradients, and where they go."""

from __future__ import annotations

from textwrap import wrap

from bptui.core.experiment import Experiment
from bptui.explain.captions import loss_formula
from bptui.explain.code import folded
from bptui.export.layout import ROOM, comment, enclosed, entries, indented, penalty_words, quoted
from bptui.export.programs import Program
from bptui.presets.errors import printable
from bptui.presets.folders import shipped_folder

TOLD = """\
Replace each fill_in("...") with an expression. The comment above it gives its link of the chain
rule, its shape, and why. In numpy one expression computes it for all n samples at once: every
array has one row per sample."""
BLANK = """def fill_in(name):
    raise NotImplementedError(f"{name} is not written yet")"""


def template(experiment: Experiment) -> str:
    """Return a Python file that computes all but the gradients, mistakes left aside."""
    return _Template(experiment).whole()


class _Template(Program):
    def __init__(self, experiment: Experiment) -> None:
        super().__init__(experiment.with_training(mistakes=()), any_number=True)
        kinds = zip(*map(self.network.parameters_of, range(1, self.depth + 1)), strict=True)
        self.given = dict(zip(("weights", "biases"), map(list, kinds), strict=False))
        self.takes = ", ".join(("x", "t", *self.given))

    def whole(self) -> str:
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
        sizes = self.network.layers
        table = {"x": f"(n, {sizes[0]}): inputs", "t": f"(n, {sizes[-1]}): targets"}
        for kind, names in self.given.items():
            shapes = (f"{name} {self.parameters[name].shape}" for name in names)
            table[kind] = f"[{', '.join(shapes)}]"
        slopes = [f"[{', '.join(f'g{name}' for name in names)}]" for names in self.given.values()]
        alone = slopes[0] if len(slopes) == 1 else f"({', '.join(slopes)})"
        body = ['"""dL/dw of every weight' + " and every bias" * self.network.bias + ".", ""]
        body += [*entries(table), "", "W1[i, j] leads from unit i to unit j of the next layer.", ""]
        body += [*wrap(f"Return any of the names below; {alone} alone is enough.", ROOM), '"""']
        body += [*self.unpacked(), *["n = len(x)"] * (self.training.reduction == "mean"), ""]
        body += ["# forward pass: net is a layer's pre-activation, out its activation"]
        body += [*self.layers(), *self.loss()]
        body += ["", "# backward pass, by the chain rule, from the last layer to the first", ""]
        blanks = list[str]()
        for name in self.backward_names():
            body += self.meaning(name)
            if self.rule.places[name].kind != "out_gradient":  # a part of delta
                body += [f'{name} = fill_in("{name}")', ""]
                blanks.append(name)
        returned = [f'"{name}": {name}' for name in (*self.values, "loss", *blanks)]
        body += enclosed("return {", returned, "}")
        return [f"def gradients({self.takes}):", *indented(body)]

    def unpacked(self) -> list[str]:
        lines: list[str] = []
        for kind, names in self.given.items():
            short = ", ".join(names) if len(names) > 1 else f"({names[0]},)"
            lines += enclosed("(", names, f") = {kind}", f"{short} = {kind}")
        return lines

    def step(self) -> list[str]:
        frozen = [name for name, why in self.experiment.frozen.items() if why.switch]
        body = [f'"""The {" and ".join(self.given)} after one step of plain gradient descent.', ""]
        body += ["Changing them in place and returning nothing works too.", '"""']
        body += [f"g = gradients({self.takes})"]
        body += comment(f"the preset does not train {', '.join(frozen)}") if frozen else []
        for kind, names in self.given.items():
            new = f'w - learning_rate * g[f"g{names[0][0]}{{k}}"]'
            if trained := [k for k, name in enumerate(names, 1) if name not in frozen]:
                new += f" if k in {trained} else w" * (len(trained) < len(names))
                body += folded(f"{kind} = [{new} for k, w in enumerate({kind}, 1)]", ROOM)
        body.append(f"return {', '.join(self.given)}")
        return [f"def step({self.takes}, learning_rate):", *indented(body)]
