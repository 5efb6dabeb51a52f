"""Looks at every frame: what stands on the screen together belongs together."""

import re
from functools import cache

from bptui.core.engine import Snapshot
from bptui.core.timeline import Timeline
from bptui.presets.files import load

from .support import Filmed

STATUS = re.compile(r"^ (\S+) .* step (\d+) .*?(?:(\d+)/\d+ |all operations)")
WAITS = re.compile(r"step (\d+), not updated while running")


@cache
def snapshot(name: str, step: int) -> Snapshot:
    return Timeline(load(name)).snapshot(step)


def check(frame: list[str]) -> tuple[str, int, int, bool]:
    """A frame's Derivation is that of its step and operation, or says of which step it is.

    What the frame shows: preset, step, number of the operation (0 for all), whether it waits.
    """
    found = STATUS.search(frame[0])
    assert found is not None, frame[0]
    name, step, number = found[1], int(found[2]), int(found[3] or 0)
    top = next(y for y, line in enumerate(frame) if "─ Derivation" in line)
    text = "\n".join(frame[top:])
    waits = WAITS.search(text)
    shown = snapshot(name, step if waits is None else int(waits[1]))
    if number:
        operation = shown.operations[number - 1]
        assert f"Derivation: {operation.label}" in frame[top], (frame[0], frame[top])
        if operation.stage == "update":
            value = shown.updated_parameters.weights[0][0, 0]
        else:
            value = shown.values[operation.writes[0]].ravel()[0]
    else:
        assert "Derivation: w1:" in frame[top], (frame[0], frame[top])
        value = shown.outputs[0, 0]
    digits = 7 if number else 6  # of values, and of what is put into formulas
    assert f"{float(value):.{digits}g}" in text, (frame[0], text)
    return name, step, number, waits is not None


def test_the_derivation_is_that_of_every_frame() -> None:
    with Filmed("article", columns=100, lines=44) as terminal:

        def seen(keys: str, end: str) -> set[tuple[str, int, int, bool]]:
            """What the frames show from some keys on until the top line says ``end``."""
            terminal.settles()
            first = len(terminal.frames)
            terminal.press(keys)
            terminal.until(lambda: re.search(end, terminal.status), end)
            return {check(frame) for frame in terminal.frames[first:]}

        terminal.shows("step 0 ", "(0.620606 - 0.11)")
        terminal.press("-" * 8)
        terminal.shows(" 10 op")
        operations = {("article", 0, number, False) for number in range(1, 13)}
        assert operations <= seen(" ", " step 1 ")
        terminal.press(" r++++")
        terminal.shows("10 steps/s")
        steps = seen(" ", r" step ([6-9]|\d\d+) ")  # a busy machine may leave some out
        assert steps
        assert not any(waits for *_, waits in steps)
        terminal.press(" r++++++")
        terminal.shows("1000 steps/s")
        run = seen(" ", "[^▶] step 1000 ")
        assert ("article", 1000, 0, False) in run
        assert any(waits for *_, waits in run)
        terminal.press("p")
        terminal.shows("Presets")
        terminal.press("hagan")
        terminal.shows("hagan")
        terminal.settles()
        first = len(terminal.frames)
        terminal.press("\r")
        terminal.until(lambda: " step 0 " in terminal.status, "the preset")
        terminal.settles()
        opened = [frame for frame in terminal.frames[first:] if frame[0].startswith(" hagan")]
        assert {check(frame)[:2] for frame in opened} == {("hagan", 0)}
        terminal.press("q")
        assert terminal.ends() == 0
