"""An experiment as a numpy program of its own, its chain rule and its mistakes in comments."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bptui.core.experiment import Experiment
from bptui.core.mistakes import MISTAKES
from bptui.explain.words import layer_words
from bptui.export.programs.header import header
from bptui.export.programs.lines import comment, commented
from bptui.export.programs.mistaken import Version
from bptui.export.programs.program import Program

NEEDS = (
    "They agree to twelve digits, or fewer where training magnifies a difference in the last one. "
    "It needs numpy only."
)
DEVIATES = (
    "It deliberately deviates from backpropagation. Above each wrong line is the correct one:"
)
HEAD = [
    *("", "import numpy as np", ""),
    "# No warnings: training that diverges shows in its losses, and 1 / (1 + inf) is 0",
    *('np.seterr(all="ignore")', ""),
]


def numpy_program(experiment: Experiment) -> str:
    """Return a program that needs numpy only and prints the losses of the engine.

    Where the experiment makes mistakes, so does the program, each wrong line marked.
    """
    program = _NumpyProgram(experiment)
    loop, memory, own = program.loop([*program.backward()]), [*program.memory()], program.update()
    head = [*header(experiment, program.mistakes(), NEEDS), *HEAD]
    return program.text(head, loop, memory, own)


class _NumpyProgram(Program):
    def mistakes(self) -> list[str]:
        """Tell the mistakes, and which of them make a difference."""
        told = [DEVIATES]
        for name in self.training.mistakes:
            effect = "" if name in self.versions.shown else " (no effect here)"
            told.append(f"  {name}: {MISTAKES[name].summary}{effect}")
        return ["\n".join(told)] if self.training.mistakes else []

    def memory(self) -> Iterator[str]:
        """Yield what slots start from."""
        right, wrong = self.versions.right.slots, self.versions.wrong.slots
        blamed = self.versions.blamed(lambda version: {*version.slots} - {*right})
        for about, slots in {
            f"What {self.training.optimizer} remembers of every parameter": right,
            f"MISTAKE {blamed}: cleared here and never again": {
                slot: name for slot, name in wrong.items() if slot not in right
            },
        }.items():
            yield from ["", *comment(about)] if slots else []
            for parameter in self.parameters:
                for slot, variable in slots.items():
                    if slot.endswith(f"_{parameter}"):
                        yield f"{variable} = np.zeros_like({parameter})"

    def backward(self) -> Iterator[str]:
        """Yield the lines from the gradient of the loss to the updated parameters."""
        versions, names = self.versions, self.names
        delta, first = names.delta(self.depth), names.out_gradient(self.depth)
        rule = "the chain rule, from the loss back to the first layer; n samples"
        yield from ["", *comment(f"Backward pass: {rule}")]
        layer, early = 0, list[str]()
        for name in self.backward_names():
            for parameter in versions.wrong.reads_new(name):
                if parameter not in early:
                    early.append(parameter)
                    blamed = versions.blamed(partial(_fate, parameter))
                    why = f"{name.replace('/', '_')} below uses the new {parameter}; too early:"
                    yield from [*comment(f"MISTAKE {blamed}: {why}"), self.update_call(parameter)]
            if self.places[name].layer != layer:
                layer = self.places[name].layer
                words = layer_words(self.network, layer).removeprefix("the ").capitalize()
                if layer < self.depth:
                    after = names.weights(layer + 1)
                    words += f", back through {after}: every unit sums over those it feeds"
                yield from ["", *comment(words)]
            yield from self.meaning(name)
            if name == delta and not versions.right.step.reads(delta, first):
                shortcut = self.experiment.loss.shortcuts[self.network.activations[-1]]
                yield from comment(f"({shortcut.why})")
            yield from self.assignment(name)
        yield from ["", "# Update"]
        for parameter in self.parameters:
            yield from self.updated(parameter, parameter in early)

    def updated(self, parameter: str, early: bool) -> list[str]:
        """Write the update after all gradients; where it is missing as a comment."""
        frozen, call = self.experiment.frozen.get(parameter), [self.update_call(parameter)]
        if frozen is not None and frozen.switch:
            return [f"# {parameter} is frozen: {frozen.reason}"]
        if frozen is None and not early:
            return call
        blamed = self.versions.blamed(partial(_fate, parameter))
        why = (
            "done above; belongs here:"
            if early
            else f"g{parameter} is never applied; missing here:"
        )
        return [*comment(f"MISTAKE {blamed}: {why}"), *commented(call)]


def _fate(parameter: str, version: Version) -> tuple[bool, bool]:
    """Tell whether a parameter is updated, and before its new value is read."""
    return parameter in version.updates, parameter in version.early
