"""Whole programs: recording changes nothing that they compute, and the graph says what they did."""

import re

import pytest

from bptui.trace.tape import Tape
from bptui.trace.updates import training_steps
from tests.trace.support import TRUTH, Run, source_of

LIMIT = 4000
"""Entries that a graph is made of: a few training steps."""
ROUNDS = re.compile(
    r"(?<=epochs=)\d+|(?<=iterations=)\d+|(?<=epoch in range\()\d+|\b\d{3,}(?=\):)"
    r"|(?<=train\()\d+|(?<=train\(x, y, )\d+"
)
"""How often a program goes over its data: what an update changed shows in three rounds."""


@pytest.mark.parametrize("name", TRUTH)
def test_a_recorded_program_prints_the_same_and_the_graph_gives_every_value(name: str) -> None:
    """Parameters are found by their updates, too."""
    source, truth = ROUNDS.sub("3", source_of("given", name)), TRUTH[name]
    if call := truth.get("call"):
        source = f"{source}\nprint({call})\n"
    recorded, alone = Run(source), Run(source, recorded=False)
    assert recorded.printed == alone.printed
    assert recorded.error == alone.error == ""
    run = Run(source, limit=LIMIT) if len(recorded.recorder.tape) > LIMIT else recorded
    recorder = run.recorder
    assert len(recorder.tape) > 20
    assert run.disagreements() == []
    steps = training_steps(Tape(recorder.tape, recorder.values, recorder.bindings))
    lines = {
        run.places[binding.place][0]
        for parameter in steps[0].parameters
        for binding in parameter.statements
    }
    assert sorted(lines) == truth["update_lines"]
    changed = {parameter.before for parameter in steps[0].parameters}
    assert len(changed) >= len(truth["parameters"])
