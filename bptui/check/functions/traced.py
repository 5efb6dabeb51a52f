"""Judges the lines of a user's function by the tape of its calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from bptui.check.functions.calls import Attempt
from bptui.check.functions.expected import Expected
from bptui.check.numbers.comparing import ADDED_TO_NOTHING, UNCHANGED
from bptui.check.numbers.trials import Trial
from bptui.check.program.unapplied import local_updates
from bptui.check.program.writer import Checked
from bptui.check.reports.report import Line
from bptui.trace.judge.judge import Verdict, judge
from bptui.trace.run import Run
from bptui.trace.step.multiples import Values
from bptui.trace.step.possible_losses import Judged
from bptui.trace.step.truth import StepTruth
from bptui.trace.step.updates import updates_between
from bptui.trace.tape import Tape

NEAREST = 4
"""Entries of the forward pass that may be the first wrong one, at most."""
NEAR = 1e-6


@dataclass(frozen=True, eq=False)
class Traced:
    """A recorded call: its judged lines, and what is striking about what it computes."""

    lines: Sequence[Line] = ()
    """In their order; where the forward pass leaves the preset's network, that line alone."""
    spoiled: bool = False
    """Whether there are lines that spoil what is right: its shape, its type, the update of it."""
    ignored: Sequence[str] = ()
    """The arguments that no result depends on."""
    updates: int = 0
    """How often one call of a step updates the same parameter."""
    checked: Checked | None = None
    """The run that the lines were judged in."""

    @property
    def wrong(self) -> list[Line]:
        """Return the first wrong lines."""
        return [line for line in self.lines if line.verdict == "wrong"]


def judged(file: Path, made: Attempt, trial: Trial) -> Traced:
    """Judge the lines of the calls of a trial, which are the first on the tape of an attempt."""
    assert made.run is not None, "it was run"
    return _Judge(made.run, file, trial, made).traced()


class _Judge:
    def __init__(self, run: Run, file: Path, trial: Trial, made: Attempt) -> None:
        self.notices = {one.name: one.notice for one in made.findings}
        self.run, self.file, self.trial, self.made = run, file, trial, made
        self.experiment = trial.case.experiment
        record, first = run.recording, run.told[0]["case"]
        end = next((one["begin"] for one in run.told if one["case"] != first), len(record.tape))
        bindings = [one for one in record.bindings if one.entry < end]
        self.tape = Tape(record.tape[:end], record.values[:end], bindings)
        self.turns = [one for one in record.turns if one[0] <= end]
        self.ours = [b for b in bindings if not run.line_of(b.place)]
        self.first: dict[str, int] = {}
        for binding in self.ours:
            self.first.setdefault(binding.name, binding.entry)
        self.expected: Expected | None = None
        """That of the first step."""
        self.slips: list[tuple[int, str, Values | None, int]] = []

    def traced(self) -> Traced:
        ignored, updates = [*self._ignored()], self._updates()
        if ignored or updates > 1:  # it is no step of the preset that could be judged
            unchanged = UNCHANGED in self.notices.values()
            local = [*local_updates(self.tape, self.run, 1)] if unchanged else []
            return Traced(local, bool(local), ignored, updates)
        recorded = self.tape, self.turns, self.run.line_of
        verdict = judge(*recorded, told=self._told)
        own = judge(*recorded) if self.slips else None  # by its outputs
        if own:
            own_run = Checked(self.file, self.run, own)
            forward = [line for slip in self.slips if (line := own_run.giving(*slip))]
            if forward:
                mended = (line for line in forward if line.should_be)
                return Traced([next(mended, forward[0])], checked=own_run)
        checked = Checked(self.file, self.run, verdict) if verdict else None
        lines = {line.line: line for line in checked.report.lines} if checked else {}
        spoiled = [*self._returned(checked, self.made.spoiled)] if checked else []
        spoiled = spoiled or [*self._updating(verdict)]
        if checked and not spoiled and not checked.report.wrong:
            wrong = {one.name: one.notice for one in self.made.findings if one.verdict == "wrong"}
            spoiled = [*islice(self._returned(checked, wrong), 1)]
        if spoiled and not any(line.should_be for line in spoiled):
            lines = {at: line for at, line in lines.items() if line.verdict == "right"}
        lines |= {line.line: line for line in spoiled}
        told = sorted(lines.values(), key=lambda line: line.line or 0)
        return Traced(told, bool(spoiled), checked=checked)

    def _returned(self, checked: Checked, wrong: Mapping[str, str]) -> Iterator[Line]:
        """Yield the lines that give what is returned by a name and is wrong, each for a reason."""
        entries, expected = self.run.told[0]["entries"], self.expected
        for name, entry in entries.items():
            stands = name.replace("g", "dL/d ", 1) if name.startswith("g") else name
            place, line = self.tape.notes[entry].place, None
            if name in wrong and expected is not None:
                line = checked.giving(entry, stands, expected.numbers(name), place)
            if line is not None:
                meaning = None if line.variable == stands else stands
                why = None if line.should_be else wrong[name] or None
                yield replace(line, stands_for=meaning, difference=line.difference or why)

    def _updating(self, verdict: Verdict | None) -> Iterator[Line]:
        """Yield the lines of updates that are wrong although the gradients are right."""
        if self.trial.function == "gradients":
            return
        said: dict[int, str] = {}
        for name in self.trial.case.right[0].parameters.named():
            entry = self.first.get(f"new_{name}")
            if entry is None:
                return
            lost = self.notices.get(name) == ADDED_TO_NOTHING
            if lost or (verdict is not None and self._gradients_are_right(verdict)):
                other = "the change is another multiple of the gradient than - learning_rate"
                line = self.run.line_of(self.tape.notes[entry].place)
                said[line] = "the old parameters are missing" if lost else other
        for line, why in said.items():
            text = self.run.source.lines[line - 1].strip()
            yield Line(line, text, None, None, "wrong", None, why)

    def _gradients_are_right(self, verdict: Verdict) -> bool:
        """Tell whether the right gradients stand behind changes that are other multiples."""
        judged, truth = verdict.lines.judged, verdict.lines.truth
        inside = (truth.inner(parameter, judged) for parameter in truth.parameters)
        return set(judged.ratios) == set(judged.matches) and all(
            any(abs(match.factor - 1.0) < NEAR for match in matches) for matches in inside
        )

    def _told(self, truth: StepTruth) -> Judged | None:
        """Return how the parameters fare by the preset's loss, on the step's own start."""
        entries: dict[str, int] = {}
        for binding in self.ours:
            if binding.name not in entries or binding.when <= truth.step.first:
                entries[binding.name] = binding.entry
        entries |= {parameter.name: parameter.before for parameter in truth.step.parameters}
        names = {"taken[0]": "input", "taken[1]": "target"}
        entries = {names.get(name, name): entry for name, entry in entries.items()}
        expected = Expected(self.experiment, truth, entries)
        self.expected = self.expected or expected
        self.slips = self.slips or [*islice(expected.forward_slips(), NEAREST)]
        loss = expected.loss()
        step, rate = self.trial.function == "step", self.experiment.training.learning_rate
        return loss and truth.told(loss, -rate if step else -1.0)

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
