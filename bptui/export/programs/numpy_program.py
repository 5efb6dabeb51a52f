"""An experiment as a numpy program of its own, its chain rule and its mistakes in comments."""

from __future__ import annotations

from functools import partial

from bptui.core.derivation.words import layer_words
from bptui.core.experiment import Experiment
from bptui.core.mistakes import MISTAKES
from bptui.export.programs.header import header
from bptui.export.programs.lines import comment, commented
from bptui.export.programs.mistaken import Version
from bptui.export.programs.program import Program

NEEDS = (
    "They agree to twelve digits, or fewer where training magnifies a difference in the last one. "
    "It needs numpy only."
)


def numpy_program(experiment: Experiment) -> str:
    """Return a program that needs numpy only and prints the losses of the engine.

    Where the experiment makes mistakes, so does the program, each wrong line marked.
    """
    program = Program(experiment)
    backward, own = _backward(program), program.update()
    memory, facts = _memory(program), _mistakes(program)
    head = [*header(experiment, facts, NEEDS), "", "import numpy as np", ""]
    head += ["# No warnings: training that diverges shows in its losses, and 1 / (1 + inf) is 0"]
    head += ['np.seterr(all="ignore")', ""]
    return program.text(head, program.loop(backward), memory, own)


def _mistakes(program: Program) -> list[str]:
    """Tell the mistakes, and which of them make a difference."""
    shown, made = program.versions.shown, program.training.mistakes
    told = [
        f"  {name}: {MISTAKES[name].summary}" + ("" if name in shown else " (no effect here)")
        for name in made
    ]
    first = (
        "It deliberately deviates from backpropagation. Above each wrong line is the correct one:"
    )
    return ["\n".join([first, *told])] if made else []


def _memory(program: Program) -> list[str]:
    """Write what slots start from."""
    versions, called = program.versions, program.speller.name
    slots = [
        slot
        for parameter in program.parameters()
        for slot in versions.right.slots
        if slot.endswith(f"_{parameter}")
    ]
    lines = ["", *comment(f"What {program.training.optimizer} remembers of every parameter")]
    lines += [f"{slot} = np.zeros_like({slot.split('_', 1)[1]})" for slot in slots]
    wrong = [slot for slot in versions.wrong.slots if slot not in slots]
    blamed = versions.blamed(lambda version: set(version.slots) - set(slots))
    lines = lines if slots else []
    if wrong:
        lines += ["", *comment(f"MISTAKE {blamed}: cleared here and never again")]
        lines += [f"{called(slot)} = np.zeros_like({slot.split('_', 1)[1]})" for slot in wrong]
    return lines


def _backward(program: Program) -> list[str]:
    """Write the lines from the gradient of the loss to the updated parameters."""
    versions, names, depth = program.versions, program.names, program.depth
    rule = "the chain rule, from the loss back to the first layer; n samples"
    lines, layer, early = ["", *comment(f"Backward pass: {rule}")], 0, list[str]()
    for name in program.backward_names():
        for parameter in versions.wrong.reads_new(name):
            if parameter not in early:
                early.append(parameter)
                blamed = versions.blamed(partial(_fate, parameter))
                why = f"{program.speller.name(name)} below uses the new {parameter}; too early:"
                lines += [*comment(f"MISTAKE {blamed}: {why}"), program.update_call(parameter)]
        if program.places[name].layer != layer:
            layer = program.places[name].layer
            words = layer_words(program.network, layer).removeprefix("the ").capitalize()
            if layer < depth:
                after = names.weights(layer + 1)
                words += f", back through {after}: every unit sums over those it feeds"
            lines += ["", *comment(words)]
        lines += program.meaning(name)
        if name == names.delta(depth):
            lines += _shortcut(program)
        lines += program.assignment(name)
    return [*lines, "", "# Update", *_updates(program, early)]


def _shortcut(program: Program) -> list[str]:
    """Say why the last delta comes without the detour over dL/dout."""
    names, right = program.names, program.versions.right.step
    if right.reads(names.delta(program.depth), names.out_gradient(program.depth)):
        return []
    shortcuts = program.experiment.loss.shortcuts
    return comment(f"({shortcuts[program.network.activations[-1]].why})")


def _updates(program: Program, early: list[str]) -> list[str]:
    """Write the updates after all gradients; those that are missing as comments."""
    lines: list[str] = []
    for parameter in program.parameters():
        frozen = program.experiment.frozen.get(parameter)
        if frozen is not None and frozen.switch:
            lines.append(f"# {parameter} is frozen: {frozen.reason}")
            continue
        blamed = program.versions.blamed(partial(_fate, parameter))
        if frozen is not None:
            lines += comment(f"MISTAKE {blamed}: g{parameter} is never applied; missing here:")
        elif parameter in early:
            lines += comment(f"MISTAKE {blamed}: done above; belongs here:")
        call = program.update_call(parameter)
        lines += commented([call]) if frozen is not None or parameter in early else [call]
    return lines


def _fate(parameter: str, version: Version) -> tuple[bool, bool]:
    """Tell whether a parameter is updated, and before its new value is read."""
    return parameter in version.updates, parameter in version.early
