"""The tour, played to its end by its own list; and that it is offered once."""

import re
from pathlib import Path

import numpy as np
import pytest
from textual.events import Key

from bptui.app.app import BptuiApp
from bptui.app.base import TerminalApp
from bptui.app.program.app import ProgramApp
from bptui.app.session.store import first_start
from bptui.app.tour.stops import EXAMPLE, PROGRAM, Stop, stops
from bptui.check.program.check import checked
from bptui.check.program.writer import Checked
from bptui.check.running.interpreter import OWN
from bptui.core.engine import Engine
from bptui.presets.files import load

from ..terminal.support import Terminal
from .styled import content
from .support import Session

SIZE = (80, 24)
LINE = "delta_h = (delta_o @ W2.T) * out_h * (1 - out_h)"
FORMULAS = {
    "net_h": "input @ W1",
    "net_o": "out_h @ W2",
    "gW2": "out_h.T @ delta_o",
    "dL/dout_h": "delta_o @ W2.T",
    "delta_h": LINE.partition(" = ")[2],
    "gW1": "input.T @ delta_h",
}
"""What the tour says of the network, in numpy."""
NUMBERS = {
    "0.9 * w1 + 0.1 * w2": 0.16,
    "0.9 * 0.15 + 0.1 * 0.25": 0.16,
    "delta_o1 * w5 + delta_o2 * w7": "dL_dout_h1",
    "i1 * delta_h1": "gw1",
}
"""What it says of single numbers, and what they are."""
LEFT_WRONGLY: dict[str, list[list[str]]] = {
    "enter": [
        ["enter", "escape"],
        ["enter", "0", ".", "8", "enter"],
        ["up", "enter", *"0.9", "enter"],
    ],
    "b": [["b", "escape"], ["b", *"loss<1", "enter", "escape"]],
    "p": [["p", "escape"], ["p", *"mazur", "enter"]],
}
"""By the key of a stop, keys that do not lead on."""
TAUGHT = re.compile(r"= .*\d.* = -?0\.\d+|w6 .* should be w7")
"""The end of a calculation, or what is wrong with it."""
NUDGED = 0.01
"""So much something grows of which the tour tells what it does to the loss."""


def explanation(session: Session) -> str:
    """What is in sight of the derivation."""
    region = content(session, "#derivation")
    return "\n".join(session.lines()[region.y : region.bottom])


def said(session: Session) -> str:
    """The tour's lines, but for that of the key, joined."""
    region = content(session, "#tour")
    return " ".join(" ".join(session.lines()[region.y : region.bottom - 1]).split())


async def shown(session: Session, stop: Stop) -> None:
    """Wait for a stop; the whole of its text is on the screen, and its key."""
    app: TerminalApp[object] = session.app
    text = " ".join(stop.text.format(file=app.tour.file.name).split())
    # all of it, so that nothing was cut
    await session.until(lambda: said(session).endswith(text), f"the end of {text}")
    if stop.title:
        assert stop.title in said(session)
    else:
        await session.until(
            lambda: f"/12 {app.main.view.operation.name}: " in said(session), "its caption"
        )
    does = stop.does.format(file=app.tour.file.name)
    await session.until(
        lambda: does in session.lines()[-1] and "esc: leave" in session.lines()[-1], does
    )
    await session.until(
        lambda: (
            (focused := session.app.focused) is not None
            and focused.id == stop.look
            and focused.size.area
        ),
        "what it speaks of on the screen",
    )


async def test_the_tour_can_be_played_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong key gets a hint and changes nothing, a burst of right ones does not lose the way."""
    monkeypatch.chdir(tmp_path)
    app = BptuiApp(load("xor"))
    app.first_stop = 0
    async with app.run_test(size=SIZE, notifications=True):
        session = Session(app)
        await session.until(lambda: app.tour is not None, "the tour")
        tour = app.tour
        explained: list[str] = []
        for number, stop in enumerate(stops()):
            await session.until(lambda number=number: tour.number == number, stop.text)
            await shown(session, stop)
            explained.append(app.main.derivation.text)
            if not stop.title and app.main.view.operation.stage == "backward":
                await session.until(lambda: TAUGHT.search(explanation(session)), "numbers in sight")
            if stop.look == "weights":
                await session.until(lambda: "w5   +0.400" in session.screen(), "names, numbers")
            if "It stopped" in stop.title:
                step = f"step {app.player.snapshot.step}"
                assert step in stop.title
                assert step in session.screen()
            if number % 4 == 0:
                await session.press("x")
                await session.until(lambda: "x does nothing here" in session.lines()[-1], "a hint")
                assert tour.number == number
            for keys in LEFT_WRONGLY.get(stop.key, ()) if stop.otherwise else ():
                await session.press(*keys)
                await session.until(lambda s=stop: s.otherwise in session.lines()[-1], "the hint")
                await session.press("escape")  # which does not end it
                await session.until(lambda: "esc again" in session.lines()[-1], "a question")
            before = tour.every[number - 1]
            if number and (number % 4 == 1 or before.then or before.look == "derivation"):
                await session.press("N")
                await session.until(lambda n=number: tour.number == n - 1, "the stop before")
                await shown(session, before)
                await session.until(
                    lambda n=number: app.main.derivation.text == explained[n - 1],
                    "what it was about",
                )
                await session.press(before.key, *before.then)
                await session.until(lambda n=number: tour.number == n, stop.text)
                await shown(session, stop)
            await session.press(*["right"] * (stop.key == "down"), stop.key)
            if stop.then:
                await session.until(lambda: len(app.screen_stack) > 1, "the dialog")
                text = " ".join(stop.text.split())
                await session.until(lambda t=text: said(session).endswith(t), "room for the text")
                await session.press(*stop.then)
        await session.until(lambda: app.own_code, "the program that is written")
    file = tmp_path / "my_net.py"
    assert app.own_code == file
    assert file.read_text(encoding="utf-8") == EXAMPLE

    def check() -> Checked:
        found = checked(file, OWN, 60.0)
        assert isinstance(found, Checked)
        return found

    program = ProgramApp(file, check(), check, toured=True)
    async with program.run_test(size=SIZE, notifications=True):
        session = Session(program)
        first, mend, last = PROGRAM
        await session.until(lambda: program.tour is not None, "the tour")
        title = first.title.format(file=file.name)
        await session.until(lambda: title in said(session), "the first stop")
        for signed in ("22 ✓", "24 ✗"):
            await session.until(lambda s=signed: s in session.screen(), "the signs it speaks of")
        assert "25/27  esc: leave" in session.lines()[-1]
        await session.press("w")
        await session.until(lambda: mend.title in said(session) and "r" in said(session), "r")
        assert program.moment.line == 1 + EXAMPLE[: EXAMPLE.index("    delta_h")].count("\n")
        await session.press("r")
        await session.until(lambda: mend.otherwise in session.lines()[-1], "not fixed yet")
        wrong = next(line for line in EXAMPLE.splitlines() if "delta_h =" in line)
        mended = EXAMPLE.replace(wrong.strip(), LINE)
        own = mended.replace("out_h.T @ delta_o", "out_h.T @ (2 * delta_o)")
        file.write_text(own, encoding="utf-8")  # the reader's mistake, on another line
        await session.press("r")
        other = 1 + own[: own.index("    gW2")].count("\n")
        await session.until(lambda: f"line {other}: gW2" in said(session), "that line")
        file.write_text(mended, encoding="utf-8")
        await session.press("r")
        await session.until(lambda: last.title in said(session), "the last stop")
        assert "27/27  esc: leave" in session.lines()[-1]  # those before it speak of a wrong line
        await session.press("escape")
        await session.until(lambda: program.tour is None, "the end")
        assert not program.presenting


async def test_the_tour_can_be_left_at_any_time_and_goes_by_keys() -> None:
    app = BptuiApp(load("article"))
    async with app.run_test(size=SIZE, notifications=True):
        session = Session(app)
        before = session.panel("#status")
        app.action_command("tour")
        await session.until(lambda: app.tour is not None, "the tour")
        tour = app.tour
        await session.press("n", "n")
        await session.until(lambda: tour.number == 2, "the third stop")
        await session.press("tab")  # which the border offers
        await session.until(lambda: app.focused is app.main.weights, "the matrices")
        await session.press("n")
        await session.until(lambda: tour.number == 3 and app.focused is app.main.network, "on")
        await session.press("N")
        await session.until(lambda: tour.number == 2, "back")
        await session.pilot.click(offset=(40, 1))
        assert app.player.snapshot.step == 0
        await session.press("escape", "escape")
        await session.until(lambda: app.tour is None and not app.presenting, "the end of it")
        assert before.display
        await session.press("s")
        await session.step(1)


async def test_it_can_be_begun_at_any_stop() -> None:
    app = BptuiApp(load("xor"))
    app.first_stop = len(stops()) + 1  # which has to be led to by one that writes a file
    last = len(stops()) - 1
    async with app.run_test(size=SIZE, notifications=True):
        session = Session(app)
        await session.until(lambda: app.tour is not None, "the tour")
        await session.until(lambda: app.tour.number == last, "the stop")
        needs = f"stop {last + 3} needs my_net.py: enter writes it"
        await session.until(lambda: needs in session.lines()[-1], needs)
        await session.press("N")
        await shown(session, stops()[last - 1])
    app = BptuiApp(load("xor"))
    app.first_stop = 2
    async with app.run_test(size=SIZE, notifications=True):
        session = Session(app)
        await session.until(lambda: app.tour is not None, "the tour")
        app.post_message(Key("N", "N"))  # on the way to it
        await shown(session, stops()[1])


def test_what_the_tour_says_in_numpy_is_what_is_computed() -> None:
    snapshot = Engine(load("article")).record()
    known = dict(snapshot.values) | snapshot.parameters.named()
    known |= {f"g{name}": array for name, array in snapshot.gradients.named().items()}
    told = " ".join(" ".join(stop.text.split()) for stop in stops())
    single = {"i1": 0.9} | {
        f"{name.replace('/', '_')}{unit + 1}": float(known[name][0, unit])
        for name in ("delta_o", "delta_h", "dL/dout_h")
        for unit in range(2)
    }
    for prefix, (first, second) in {"": ("W1", "W2"), "g": ("gW1", "gW2")}.items():
        numbers = [*known[first].T.ravel(), *known[second].T.ravel()]  # by destination first
        single |= {f"{prefix}w{place}": float(one) for place, one in enumerate(numbers, 1)}
    size = {"input": (5, 3), "delta_h": (5, 4), "delta_o": (5, 2), "W2": (4, 2)}
    rows = {name: np.ones(shape) for name, shape in size.items()}
    assert f"delta_o is {size['delta_o']} and W2 is {size['W2']}" in told
    assert f"delta_o @ W2.T, {size['delta_o']} @ {rows['W2'].T.shape}, is" in told
    assert (rows["delta_o"] @ rows["W2"].T).shape == size["delta_h"]
    assert f"input.T @ delta_h, {rows['input'].T.shape} @ {size['delta_h']}" in told
    assert (rows["input"].T @ rows["delta_h"]).shape == (3, 4)
    for formula, value in NUMBERS.items():
        assert formula in told
        right = single[value] if isinstance(value, str) else value
        assert np.isclose(eval(formula, {}, single), right, rtol=1e-12), formula
    net, error = float(known["net_o"][0, 0]), float(known["dL/dout_o"][0, 0])
    out, moved = (1 / (1 + np.exp(-each)) for each in (net, net + NUDGED))
    slope, delta = (moved - out) / NUDGED, single["delta_o1"]
    assert f"If net_o1 grows by {NUDGED}, out_o1 grows from {out:.4f} to {moved:.4f}" in told
    assert f"{slope:.2f} times as much: the slope, {out:.4f} * {1 - out:.4f}" in told
    grows = f"{error:.2f} * {moved - out:.4f} = {error * (moved - out):.4f}"
    assert f"L grows by {grows}, {delta:.2f} times as much as net_o1" in told
    low, high = (1 / (1 + np.exp(-each)) for each in (0.16, 0.17))
    assert f"out_h1 grows from {low:.4f} to {high:.4f}, {(high - low) / 0.01:.2f} times" in told
    assert f"out * (1 - out), here {low:.4f} * {1 - low:.4f}" in told
    half = [0.5 * each**2 for each in (error, error + NUDGED)]
    assert f"from {error:.4f} to {error + NUDGED:.4f}, half its square" in told
    assert f"from {half[0]:.4f} to {half[1]:.4f}: {error:.2f} times these 0.01" in told
    assert round((half[1] - half[0]) / NUDGED - NUDGED / 2, 2) == round(error, 2)
    first, second = NUDGED * single["w5"], NUDGED * single["w7"]
    assert f"net_o1 grows by {NUDGED} * w5 = {first:.3f}, and net_o2 by {second:.4f}" in told
    one, other = delta * first, single["delta_o2"] * second
    assert f"{delta:.2f} * {first:.3f} = {one:.5f}" in told
    assert f"{single['delta_o2']:.2f} * {second:.4f} = {other:.5f}" in told
    total = single["dL_dout_h1"]
    assert f"in all by {one + other:.5f}: {total:.3f} times as much" in told
    for name, formula in FORMULAS.items():
        assert f"{name} = {formula}" in told, name
        own = {key.replace("/", "_"): value for key, value in known.items()}
        assert np.allclose(eval(formula, {}, own), known[name], rtol=1e-12)


def test_the_first_start_offers_it_in_a_line_that_any_key_takes_away(tmp_path: Path) -> None:
    state = {"XDG_STATE_HOME": str(tmp_path), "CI": ""}
    with Terminal("xor", "--present", **state) as terminal:
        terminal.shows("New here?", "bptui tutorial", "all 12 operations at once")
        terminal.press("j")  # which does nothing
        terminal.until(lambda: "New here?" not in terminal.text, "the keys")
        terminal.press("q")
        assert terminal.ends() == 0
    with Terminal("tutorial", "2", columns=80, lines=24, **state) as terminal:
        terminal.shows("1/12 net_h", "2/27  N: back  esc: leave")
        terminal.press("n")
        terminal.shows("2/12 out_h")
        terminal.press("q")
        assert terminal.ends() == 0
        terminal.shows("`bptui tutorial 3` goes on from here.")
    assert (tmp_path / "bptui" / "opened-before").exists()
    assert not list(tmp_path.glob("bptui/sessions/*.json"))  # none is kept of a tour


def test_the_offer_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert not first_start()  # where tests run
    monkeypatch.delenv("CI")
    assert first_start()
    assert not first_start()
