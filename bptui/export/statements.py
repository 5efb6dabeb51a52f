"""The steps of an experiment as statements of a program, with its mistakes and without them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import ClassVar

from bptui.core.experiment import Experiment
from bptui.core.graph.node import CONSTANT, SAMPLE_COUNT, Node, number, ordered
from bptui.core.mistakes import mistaken_step
from bptui.explain.code import Code, folded
from bptui.export.layout import ROOM, comment, commented

SEVERAL = 2
"""Samples of a graph that stands for any number of them."""


class StepCode(Code):
    """Writes numpy code as a textbook does."""

    def written_out(self, node: Node) -> Node:
        assert node.op.textbook is not None
        return node.op.textbook(*node.inputs)


class TorchCode(StepCode):
    """Writes the same in torch, with functions of its own where autograd needs them."""

    own: ClassVar[Mapping[str, str]] = {
        "sigmoid": "torch.sigmoid({0})",
        "silu": "torch.nn.functional.silu({0})",
        # the other term is 0; beyond its default threshold, 20, torch takes z itself, which differs
        # in digit ten
        "logaddexp": "torch.nn.functional.softplus({0}, threshold=40)",
        # where both are equal the derivative is that of the second
        "maximum": "torch.where({0} <= {1}, {1}, {0})",
        "minimum": "torch.where({0} >= {1}, {1}, {0})",
        "log_sum_exp": "torch.logsumexp({0}, dim=1, keepdim=True)",
    }

    def formula(self, node: Node, level: int = 0) -> str:
        if node.op is CONSTANT and "np." in node.settings.get("code", ""):
            return repr(node.settings["value"])
        return super().formula(node, level).replace("np.", "torch.")


class Version:
    """A step with some of an experiment's mistakes, in the names of a program.

    ``early`` are new values that are computed while the old ones are still needed, or gradients
    from them: they get a name of their own, ``new_W2``, until the update. ``count`` is how the
    number of samples is written.
    """

    def __init__(
        self,
        experiment: Experiment,
        mistakes: tuple[str, ...],
        samples: int,
        count: str,
        torch: bool,
    ) -> None:
        step = mistaken_step(experiment.with_training(mistakes=mistakes), samples)
        means = {
            node: (node.inputs[1] / node.inputs[0].inputs[1]).named(node.name)
            for node in ordered(step.outputs)
            if node.op.name == "multiply" and _is_share(node.inputs[0])
        }
        self.step = step = step.with_changes(means)
        needed = {*ordered(step.nodes[name] for name in step.gradients)}
        self.needed = {name for name, node in step.nodes.items() if node in needed}
        named = {**step.before, **step.nodes}
        new = {n: node for n, node in step.updated.items() if node not in named.values()}
        reads = {n: {*ordered([node], known={*step.outputs} - {node})} for n, node in new.items()}
        self.early = {
            name: node
            for name, node in new.items()
            if node in needed or any(step.before[name] in reads[n] for n in reads if n != name)
        }
        known = {node: "new_" * (name in self.early) + name for name, node in step.updated.items()}
        known |= {node: name.replace("/", "_") for name, node in named.items()}
        known |= {step.nodes["input"]: "x", step.nodes["target"]: "t"}
        for node in ordered(step.outputs):
            if node.settings.get("code") == SAMPLE_COUNT:
                known[node] = count
            elif node.settings.get("role") == "setting":
                known[node] = node.name.upper()
            elif node.settings.get("role") == "count":
                known[node] = node.name
        self.known = known
        self.code = (TorchCode if torch else StepCode)(known)

    def statement(self, name: str) -> str:
        """Return the statement that computes a quantity, or gives a parameter its new value.

        It is empty where that, or what is remembered of it, stays what it is.
        """
        old, new = self.step.before.get(name), self.step.computed.get(name)
        if new is None or new is old:
            return ""
        if old is not None and self.known[new] != name:  # it is computed already
            return f"{name} = {self.known[new]}"
        sign = {"add": "+", "subtract": "-"}.get(new.op.name)
        if sign and new.inputs[0] is old:
            return f"{name} {sign}= {self.code.expression(new.inputs[1])}"
        return f"{self.known[new]} = {self.code.formula(new)}"


def _is_share(node: Node) -> bool:
    """Tell whether a node is 1 / n."""
    if node.op.name != "divide" or number(node.inputs[0]) != 1.0:
        return False
    return node.inputs[1].settings.get("code") == SAMPLE_COUNT


class Versions:
    """The step without mistakes, with all of them, and with some where it matters which."""

    def __init__(
        self, experiment: Experiment, any_number: bool = False, torch: bool = False
    ) -> None:
        """Take whether the samples may be ``any_number``, n, instead of those of the data."""
        data, self.mistakes = experiment.data, experiment.training.mistakes
        samples = SEVERAL if any_number or data.samples > 1 or len(data.test_inputs) else 1
        count = "n" if any_number else "len(t)"
        self.version = cache(lambda mistakes: Version(experiment, mistakes, samples, count, torch))
        """Returns the step with these mistakes."""
        self.right, self.wrong = self.version(()), self.version(self.mistakes)
        self.shown: set[str] = set()
        """The mistakes that make a line wrong."""

    def statement(self, name: str, remark: str = "") -> list[str]:
        """Return the lines of a statement; above wrong ones the mistakes' names and the right."""
        codes = [version.statement(name) for version in (self.right, self.wrong)]
        right, wrong = (folded(f"{code}{remark}", ROOM) if code else [] for code in codes)
        if right == wrong:
            return right
        alone = [one for one in self.mistakes if self.version((one,)).statement(name) != codes[0]]
        blamed = alone or self.mistakes
        self.shown.update(blamed)
        said = "should be:" if right and wrong else "missing here:" if right else "not to be here:"
        return [*comment(f"MISTAKE {', '.join(blamed)}; {said}"), *commented(right), *wrong]
