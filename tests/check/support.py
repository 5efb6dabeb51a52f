"""Checks source code as ``bptui check`` does."""

from pathlib import Path

from bptui.check.functions.check import Check, FunctionCheck, check
from bptui.check.functions.report import reports_of
from bptui.check.reports.report import verdict_of
from bptui.check.reports.text import as_text
from bptui.core.experiment import Experiment
from bptui.presets.files import load, loads

WIDTH = 100


def experiment_of(preset: str) -> Experiment:
    """A shipped preset by its name, or one from its TOML."""
    return loads(preset, "own", Path.cwd()) if "\n" in preset else load(preset)


def checked(
    folder: Path, source: str, preset: str = "article", limit: float = 600.0
) -> tuple[Check, str]:
    """The check of a file with that source, and its report."""
    file = folder / "own.py"
    file.write_text(source, encoding="utf-8")
    done = check(file, experiment_of(preset), limit)
    return done, as_text(reports_of(done), WIDTH).rstrip()


def mistakes_of(done: FunctionCheck) -> list[tuple[str, ...]]:
    """The mistakes of each explanation that is named, in the order of the alphabet."""
    causes = [tuple(sorted((*each.mistakes, *each.other))) for each in done.causes]
    lines = {line.mistake for line in done.traced.wrong if line.mistake}
    return causes or [tuple(sorted(lines))]


def outcome_of(done: Check) -> str:
    return verdict_of(reports_of(done))
