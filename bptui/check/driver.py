"""Calls a user's function in a recorded run, as the check has called it, and judges its lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bptui.check.calls import Attempt
from bptui.check.comparing import ADDED_TO_NOTHING
from bptui.check.elsewhere import LineOf
from bptui.check.expected import Expected
from bptui.check.interpreter import Interpreter
from bptui.check.judging import Finding
from bptui.check.program import Checked, checked_run, line_giving
from bptui.check.report import Line
from bptui.check.runner import recorded
from bptui.check.trials import Trial
from bptui.core.arrays import Array
from bptui.trace.comparing import Values
from bptui.trace.judge import Verdict, judge
from bptui.trace.losses import Judged
from bptui.trace.run import NotRecordedError, Run
from bptui.trace.session import CALL
from bptui.trace.tape import Tape
from bptui.trace.truth import StepTruth
from bptui.trace.updates import updates_between

NEAR = 1e-6
CALLS = 2
"""What is kept from one call to the next shows in the second one."""


@dataclass(frozen=True, eq=False)
class Traced:
    """A recorded call: its judged lines, and what is striking about what it computes."""

    checked: Checked | None = None
    """None where no line can be judged by the preset's loss."""
    own: Verdict | None = None
    """The verdict by the loss that the code's own forward pass makes likely."""
    forward: Line | None = None
    """The line of the forward pass in which it leaves the preset's network."""
    spoiled: Sequence[Line] = ()
    """The lines that spoil what is right: its shape, its type, the update made of it."""
    ignored: Sequence[str] = ()
    """The arguments that no result depends on."""
    updates: int = 0
    """How often one call of a step updates the same parameter."""

    @property
    def wrong(self) -> list[Line]:
        """Return the first wrong lines: of the forward pass, else of the backward pass."""
        return [line for line in self.lines if line.verdict == "wrong"]

    @property
    def lines(self) -> list[Line]:
        """Return all lines that were judged, in their order."""
        if self.forward is not None:
            return [self.forward]
        own = {line.line: line for line in self.checked.report.lines} if self.checked else {}
        if self.spoiled and not any(line.should_be for line in self.spoiled):
            own = {at: line for at, line in own.items() if line.verdict == "right"}
        own |= {line.line: line for line in self.spoiled}
        return sorted(own.values(), key=lambda line: line.line or 0)


def traced(
    file: Path,
    python: Interpreter,
    limit: float,
    made: Attempt,
    trial: Trial,
    findings: Sequence[Finding],
) -> Traced:
    """Record the calls of a trial and judge them; nothing is known where that cannot be done."""
    right, one = trial.case.right[0], 0 if made.form == "vector" else ...
    given = {"x": right.values["input"][one], "t": right.values["target"][one]}
    given |= right.parameters.named()
    call = "\n".join(_program(trial, made, given))
    try:
        run = recorded(file, python, limit, call, given=given, steps=sys.maxsize)
    except NotRecordedError:
        return Traced()
    if run.end not in ("ran", "enough"):
        return Traced()
    return _Judge(run, file, trial, made, findings).traced()


def _program(trial: Trial, made: Attempt, given: Mapping[str, Array]) -> Iterator[str]:
    """Yield the lines that call the function with recorded numbers, and use what it returns."""
    function, places = trial.function, made.places[trial.case]
    parameters = [name for name in given if name not in ("x", "t")]
    yield "import numpy"
    yield from (f"{name} = given[{name!r}]" for name in given)
    yield f"for call in range({CALLS}):"
    yield from (f"    own_{name} = {name}.copy()" for name in parameters)
    taken = {name: f"own_{name}" for name in parameters} | {"x": "x", "t": "t"}
    taken["rate"] = repr(trial.case.experiment.training.learning_rate)
    left = dict(taken)
    for kind, role in (("W", "weights"), ("b", "biases")):
        own = [name for name in parameters if name[0] == kind]
        if role in made.takes:
            yield f"    {role} = [{', '.join(taken[name] for name in own)}]"
            taken[role] = role
            left |= {name: f"{role}[{at}]" for at, name in enumerate(own)}
    yield f"    result = {function}({', '.join(taken[name] for name in made.takes)})"
    for name in parameters:
        if function == "step":
            yield f"    new_{name} = {places.get(name, [left[name]])[0]}"
            yield f"    {name} = {name} + (new_{name} - {name})"
        elif len(found := places.get(f"g{name}", [])) == 1:
            yield f"    g{name} = {found[0]}"
            if f"g{name}" not in made.spoiled:
                yield f"    {name} = {name} - g{name}"
        else:  # its numbers were returned one by one, and are judged one by one
            indices = np.ndindex(*given[name].shape)
            yield from (
                f"    {name}[{', '.join(map(str, index))}] -= {text}"
                for index, text in zip(indices, found, strict=False)
            )


class _Judge:
    def __init__(
        self, run: Run, file: Path, trial: Trial, made: Attempt, findings: Sequence[Finding]
    ) -> None:
        self.notices = {one.name: one.notice for one in findings}
        self.run, self.file, self.trial, self.made = run, file, trial, made
        self.experiment = trial.case.experiment
        record = run.recording
        self.tape = Tape(record.tape, record.values, record.bindings)
        self.ours = [b for b in record.bindings if run.places[b.place][0] == CALL]
        self.first: dict[str, int] = {}
        for binding in self.ours:
            self.first.setdefault(binding.name, binding.entry)
        self.line = LineOf(run, file)
        rate = self.experiment.training.learning_rate
        self.expected: Expected | None = None
        """That of the first step."""
        self.slip: tuple[str, int, Values | None] | None = None
        self.factor = -1.0 if trial.function == "gradients" else -rate

    def traced(self) -> Traced:
        ignored, updates = [*self._ignored()], self._updates()
        if ignored or updates > 1:  # it is no step of the preset that could be judged
            return Traced(ignored=ignored, updates=updates)
        turns = self.run.recording.turns
        verdict = judge(self.tape, turns, self.line, told=self._told)
        own = judge(self.tape, turns, self.line) if verdict is None or self.slip else None
        forward = None
        if self.slip and own:
            forward = line_giving(self.file, self.run, own, *self.slip)
        checked = None if verdict is None else checked_run(self.file, self.run, verdict)
        spoiled = [*self._spoiled(verdict)] if verdict is not None else []
        return Traced(checked, own, forward, spoiled or [*self._updating(verdict)])

    def _spoiled(self, verdict: Verdict) -> Iterator[Line]:
        """Yield the lines that make results of a shape or a type that cannot be right."""
        for name, why in self.made.spoiled.items():
            entry = self.first.get(name)
            if entry is not None and self.expected is not None:
                wanted = self.expected.numbers(name)
                stands = f"dL/d {name.removeprefix('g')}"
                line = line_giving(self.file, self.run, verdict, stands, entry, wanted)
                if line is not None:
                    yield line if line.should_be else replace(line, difference=why)

    def _updating(self, verdict: Verdict | None) -> Iterator[Line]:
        """Yield the lines of updates that are wrong although the gradients are right."""
        if self.trial.function == "gradients":
            return
        said: dict[int, str] = {}
        for name in self.trial.case.right[0].parameters.named():
            entry = self.first.get(f"new_{name}")
            if entry is None:
                return
            if self.notices.get(name) == ADDED_TO_NOTHING:
                said[self.line(self.tape.notes[entry].place)] = "the old parameters are missing"
            elif verdict is not None and self._gradients_are_right(verdict):
                change = "the change is another multiple of the gradient than - learning_rate"
                said[self.line(self.tape.notes[entry].place)] = change
        for line, why in said.items():
            text = self.file.read_text(encoding="utf-8-sig").splitlines()[line - 1].strip()
            yield Line(line, text, None, None, "wrong", None, why)

    def _gradients_are_right(self, verdict: Verdict) -> bool:
        """Tell whether the right gradients stand behind changes that are other multiples."""
        judged, truth = verdict.lines.judged, verdict.lines.truth
        if set(judged.ratios) != set(judged.matches):
            return False
        for parameter in truth.parameters:
            true = truth.true_of(parameter, judged.gradients)
            inside = truth.inner_matches(parameter, true)
            if not any(abs(match.factor - 1.0) < NEAR for match in inside):
                return False
        return True

    def _told(self, truth: StepTruth) -> Judged | None:
        """Return how the parameters fare by the preset's loss, on the step's own start."""
        entries: dict[str, int] = {}
        for binding in self.ours:
            if binding.name not in entries or binding.when <= truth.step.first:
                entries[binding.name] = binding.entry
        entries |= {parameter.name: parameter.before for parameter in truth.step.parameters}
        names = {"x": "input", "t": "target"}
        entries = {names.get(name, name): entry for name, entry in entries.items()}
        expected = Expected(self.experiment, truth, entries)
        self.expected = self.expected or expected
        self.slip = self.slip or expected.forward_slip()
        loss = expected.loss()
        return loss and truth.told(loss, self.factor)

    def _ignored(self) -> Iterator[str]:
        """Yield the arguments that no result of the first call is computed from."""
        first, names = self.first, self.trial.case.right[0].parameters.named()
        results = [f"{kind}{name}" for kind in ("g", "new_") for name in names]
        ends = [first[name] for name in results if name in first]
        behind = {e for entry in ends for e in self.tape.ancestors(entry)}
        groups = {"x": ["x"], "t": ["t"], "weights": [n for n in names if n[0] == "W"]}
        if behind and not behind.isdisjoint(first.values()):
            for argument, members in groups.items():
                if behind.isdisjoint(first[name] for name in members):
                    yield argument

    def _updates(self) -> int:
        """Return how often the first call updates the first parameter."""
        names = self.trial.case.right[0].parameters.named()
        ends = [self.first.get(f"new_{name}") for name in names]
        return max(updates_between(self.tape, self.first["x"], end or 0) for end in ends)
