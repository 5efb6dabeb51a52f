"""Whole programs: recording changes nothing that they compute, and the graph says what they did."""

from __future__ import annotations

import re

import pytest

from bptui.trace.tape import Tape
from bptui.trace.updates import training_steps
from tests.trace.support import PROGRAMS, TRUTH, Run, source_of

ALL = [f"{folder}/{name}" for folder, programs in TRUTH.items() for name in programs]
LIMIT = 4000
"""Entries that a graph is made of: a few training steps."""
ROUNDS = re.compile(
    r"(?<=epochs=)\d+|(?<=iterations=)\d+|(?<=epoch in range\()\d+|\b\d{3,}(?=\):)"
    r"|(?<=train\()\d+|(?<=train\(x, y, )\d+"
)
"""How often a program goes over its data: what an update changed shows in three rounds."""


def _source(program: str) -> str:
    folder, _, name = program.partition("/")
    source = ROUNDS.sub("3", source_of(PROGRAMS / program))
    call = TRUTH[folder][name].get("call")
    return f"{source}\nprint({call})\n" if call else source


@pytest.mark.parametrize("program", ALL)
def test_a_recorded_program_prints_what_it_prints_without(program: str) -> None:
    source = _source(program)
    recorded, alone = Run(source), Run(source, recorded=False)
    assert recorded.printed == alone.printed
    assert recorded.error == alone.error == ""


@pytest.mark.parametrize("program", ALL)
def test_the_graph_gives_every_value_and_parameters_are_found_by_their_updates(
    program: str,
) -> None:
    run = Run(_source(program), limit=LIMIT)
    recorder = run.recorder
    assert len(recorder.tape) > 20
    assert run.disagreements() == []
    folder, _, name = program.partition("/")
    if folder == "given":
        steps = training_steps(Tape(recorder.tape, recorder.values, recorder.bindings))
        lines = {
            run.places[binding.place][0]
            for parameter in steps[0].parameters
            for binding in parameter.statements
        }
        truth = TRUTH["given"][name]
        assert sorted(lines) == truth["update_lines"]
        changed = {parameter.before for parameter in steps[0].parameters}
        assert len(changed) >= len(truth["parameters"])
