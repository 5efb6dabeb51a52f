"""The graph of somebody's own program: its network, its operations, its loss number by number."""

import re
from pathlib import Path

import numpy as np

from bptui.app.program.moment import opened as start
from bptui.app.program.numbers import Numbers, looked_at
from bptui.app.program.record import Record
from bptui.check.program.writer import Checked

from .program_support import WRONG, check, opened
from .test_mouse import click


async def test_a_network_of_layers_is_drawn_as_one(tmp_path: Path) -> None:
    """With the numbers of the update that is shown; its edges are one key away."""
    async with opened(tmp_path, WRONG) as session:
        record = session.app.moment.record
        for update in (0, 3):
            await session.shows(f"update {update + 1:>2}/20", "Graph: the network")
            names = {
                name: entry for _, name, entry in record.given() if record.update(entry) == update
            }
            weights = record.array(record.steps[update].parameters[1].before)
            await session.shows(
                "sigmoid", f"{weights[0, 0]:+.4f}", f"{record.array(names['a2'])[0, 0]:.4f}"
            )
            await session.press("g", *"4", "enter")
        await session.press("y")
        await session.until(lambda: "copied z1[" in session.notices(), "the number")
        moment = session.app.moment
        assert session.app.clipboard == repr(float(record.array(moment.subject)[moment.index]))
        session.app.clear_notifications()
        await session.press("v")
        await session.shows("Graph: z1", "matmul, line 14")
        await session.press("v")  # of four samples all that the loss is made of has no room
        await session.shows("Graph: z1[0, 0], value │ true gradient")
        await session.press("v")
        await session.shows("Graph: the network")
        session.resize(80, 24)  # where a part of it is out of sight: no number is cut
        await session.until(lambda: "…" in "".join(session.inside("#graph")), "less room")
        drawn = "\n".join(session.inside("#graph"))
        assert {len(decimals) for decimals in re.findall(r"\d\.(\d*)", drawn)} == {3}
        assert "dL/d" not in drawn
        assert "true gradients" not in str(session.panel("#graph").border_title)
        session.resize(180, 60)
        await session.shows("Graph: the network, true gradients", "dL/d")


ONE = """\
import numpy as np

x, t = np.array([0.5, 0.1]), np.array([0.01, 0.99])
W1 = np.array([[0.15, 0.25], [0.2, 0.3]])
W2 = np.array([[0.4, 0.5], [0.45, 0.55]])
for step in range(3):
    h = np.tanh(x @ W1)
    o = h @ W2
    loss = 0.5 * np.sum((o - t) ** 2)
    d_o = o - t
    d_h = (W2 @ d_o) * (1 - h**2)
    dW1 = np.outer(x, d_h)
    W2 -= 0.1 * np.outer(h, d_o)
    W1 -= 0.1 * dW1
"""


async def test_the_loss_is_drawn_number_by_number(tmp_path: Path) -> None:
    async with opened(tmp_path, ONE, (200, 60)) as session:
        record = session.app.moment.record
        await session.press("g", "2", "enter")
        weights = [record.array(part.before) for part in record.steps[1].parameters]
        second, first = sorted(weights, key=lambda one: -one[0, 0])
        x, t = np.array([0.5, 0.1]), np.array([0.01, 0.99])
        h = np.tanh(x @ first)
        o = h @ second
        d_h = second @ (o - t) * (1 - h**2)
        arrays = {
            "W1": (first, np.outer(x, d_h)),
            "W2": (second, np.outer(h, o - t)),
            "h": (h, second @ (o - t)),
            "o": (o, o - t),
            "x": (x, None),
            "t": (t, None),
        }
        numbers = Numbers(looked_at(session.app.moment))
        assert numbers.whole
        *named, loss = [one for one in numbers.found if one.name]
        assert len(named) == 2 + 2 + 4 + 4 + 2 + 2
        assert (loss.name, loss.gradient) == ("loss", 1.0)
        for one in named:
            name, index = one.name.split("[")[0], one.quantity.index
            value, gradient = arrays[name]
            assert np.isclose(one.value, value[index])
            if gradient is None:
                assert one.gradient is None
            else:
                assert np.isclose(one.gradient, gradient[index])

        await session.press("v", "v")
        session.panel("#graph").focus()
        await session.press("z")
        await session.shows("Graph: loss, value │ true gradient")
        await click(session, f"{second[1, 0]:.4f}", "#graph")
        await session.shows("Graph: W2[1, 0], value │ true gradient")


SCALARS = """\
import numpy as np

x1, x2, t, w1, w2, b = 0.4, 0.9, 0.8, 0.3, 0.1, 0.25
for step in range(3):
    o = np.tanh(w1 * x1 + w2 * x2 + b)
    loss = (o - t) ** 2 / 2
    d = (o - t) * (1 - o**2)
    w1, w2, b = w1 - 0.5 * d * x1, w2 - 0.5 * d * x2, b - 0.5 * d
"""


def test_numbers_within_a_line_are_known_once_they_are_computed(tmp_path: Path) -> None:
    """One after the other, as the operations go: a sum whose last term is missing is marked."""
    (tmp_path / "scalars.py").write_text(SCALARS)
    found = check(tmp_path / "scalars.py")()
    assert isinstance(found, Checked)
    moment = start(Record(found))
    numbers = Numbers(looked_at(moment))
    forward = [
        ("* 0.4", "written"),
        ("* 0.9", "written"),
        ("+", "read"),
        ("+", "written"),
        ("tanh", "written"),
        ("- 0.8", "written"),
        ("^2", "written"),
        ("/ 2", "written"),
    ]
    known = sum(look.known for look in numbers.looks(moment)) - 1
    for at, expected in enumerate(forward):
        looks = numbers.looks(moment.at(moment.stop + at))
        drawn = zip(numbers.found, looks, strict=True)
        assert [(one.sign, look.touched) for one, look in drawn if look.touched] == [expected]
        known += expected[1] == "written"
        assert sum(look.known for look in looks) == known


RECURRENT = """\
import numpy as np

x, U, w = np.array([0.5, -0.3]), np.array([[0.4]]), np.array([0.2])
for step in range(2):
    h = {-1: np.zeros(1)}
    for t in range(2):
        h[t] = U[0] * x[t] + w * h[t - 1]
    loss = (h[1][0] - 1.0) ** 2
    d = 2 * (h[1] - 1.0)
    dw = d * h[0] + d * w * h[-1]
    w = w - 0.1 * dw
"""


async def test_what_is_computed_next_is_called_what_its_own_line_calls_it(tmp_path: Path) -> None:
    """The result of a turn is h[t], which only the next one reads as h[t - 1]."""
    async with opened(tmp_path, RECURRENT) as session:
        await session.until(lambda: "h[t" in "".join(session.inside("#graph")), "the edges")
        assert "h[t] 1" in "".join(session.inside("#graph"))
