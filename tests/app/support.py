"""Opens the app without a terminal, waits for conditions, reads numbers off the screen."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from time import monotonic

import numpy as np
from textual.drivers.headless_driver import HeadlessDriver
from textual.events import Resize
from textual.geometry import Region, Size
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input
from textual.widgets._toast import Toast

from bptui.app.app import BptuiApp
from bptui.app.diagram.drawing import quantity_of
from bptui.app.panels.matrices import MatrixPanel
from bptui.app.panels.network import NetworkPanel
from bptui.core.arrays import Array
from bptui.core.engine import Snapshot
from bptui.core.experiment import Experiment, Training
from bptui.core.network import Network, Parameters, initial_weights
from bptui.core.timeline import Timeline
from bptui.presets.files import load

from ..core.support import data
from .settling import SettlingPilot

SECONDS = 120.0
"""The longest that a condition is waited for."""
SIZES = [(120, 36), (80, 24), (60, 16), (200, 60), (300, 100)]
FASTEST = ["plus"] * 8
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|inf|nan)")


class Session:
    """An open app: its pilot, and what the screen shows."""

    def __init__(self, app: BptuiApp, pilot: Pilot[None] | None = None) -> None:
        self.app, self.pilot = app, pilot or SettlingPilot(app)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    def resize(self, width: int, height: int) -> None:
        """Change the terminal's size, without waiting for the app to follow."""
        driver = self.app._driver
        assert isinstance(driver, HeadlessDriver)
        driver._size = Size(width, height)
        self.app.post_message(Resize(Size(width, height), Size(width, height)))

    async def until(self, holds: Callable[[], object], what: str) -> None:
        """Let the app work until ``holds``; fails, saying ``what``, after :data:`SECONDS`."""
        deadline = monotonic() + SECONDS
        while not holds():
            assert monotonic() < deadline, f"waited for {what}; the screen:\n{self.screen()}"
            await self.pilot.pause(0.005)

    async def step(self, number: int) -> None:
        """Wait until the status line shows step ``number``, at rest."""
        shown = f"   step {number} "
        await self.until(lambda: shown in self.status(), f"step {number}")

    async def rest(self) -> int:
        """Wait until nothing runs or moves and the screen says so; the step shown."""
        workers = self.app.workers
        await self.until(
            lambda: not any(each.group in ("play", "rest") and each.is_running for each in workers),
            "rest",
        )
        await self.step(self.shown_step)
        return self.shown_step

    async def shows(self, *texts: str) -> None:
        """Wait until all ``texts`` stand somewhere on the screen."""
        await self.until(lambda: all(text in self.screen() for text in texts), f"{texts}")

    async def says(self, *texts: str) -> None:
        """Wait until the dialog says all ``texts``, wherever its lines break."""

        def words() -> str:
            box = self.app.screen.query_one(".dialog").content_region
            lines = self.lines()[box.y : box.bottom]
            return "".join("".join(line[box.x : box.right] for line in lines).split())

        wanted = ["".join(text.split()) for text in texts]
        await self.until(lambda: all(text in words() for text in wanted), f"{texts}")

    async def fill(self, text: str) -> None:
        """Put a text into the dialog's line at once."""
        self.app.screen.query(Input).first().value = text
        await self.pilot.pause()

    async def closed(self) -> None:
        """Wait until no dialog is open."""
        await self.until(lambda: len(self.app.screen_stack) == 1, "the dialog to close")

    def notices(self) -> str:
        """The notifications on the screen, their lines joined."""
        boxes = [toast.content_region for toast in self.app.screen.query(Toast)]
        lines = self.lines()
        words = [line[box.x : box.right] for box in boxes for line in lines[box.y : box.bottom]]
        return " ".join(" ".join(words).split())

    def lines(self) -> list[str]:
        """The screen as it is drawn, dialogs included."""
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    def screen(self) -> str:
        return "\n".join(self.lines())

    def status(self) -> str:
        return self.lines()[0]

    def key_line(self) -> str:
        return self.lines()[-1]

    def inside(self, selector: str) -> list[str]:
        """The lines within the border of a panel."""
        region = self.panel(selector).region.shrink((1, 1, 1, 1))
        rows = self.lines()[region.y : region.bottom]
        return [row[region.x : region.right] for row in rows]

    def border(self, selector: str) -> str:
        """The lower border of a panel."""
        region = self.panel(selector).region
        return self.lines()[region.bottom - 1][region.x : region.right]

    async def bring(self, selector: str) -> None:
        """Have a panel on the screen, by the focus where it gives its place to others."""
        panel = self.panel(selector)
        if not panel.size.area:
            panel.focus()
            drawn = f"{selector} on the screen"
            await self.until(lambda: "".join(self.inside(selector)).strip(), drawn)

    @property
    def draws_loss(self) -> bool:
        """Whether the losses are on the screen, in a chart or in a line."""
        return "linear" in self.border("#loss") or "at step 0" in self.lines()[1]

    def panel(self, selector: str) -> Widget:
        return self.app.screen_stack[0].query_one(selector)

    @property
    def shown_step(self) -> int:
        return self.app.player.snapshot.step


@asynccontextmanager
async def opened(
    experiment: Experiment | str, size: tuple[int, int] = (120, 36)
) -> AsyncIterator[Session]:
    """The app at rest on ``experiment`` (or the shipped preset of that name), at step 0."""
    app = BptuiApp(load(experiment) if isinstance(experiment, str) else experiment)
    async with app.run_test(size=size, notifications=True):
        session = Session(app)
        await session.until(lambda: session.draws_loss, "the first loss chart")
        yield session


def drawn_experiment(layers: tuple[int, ...], samples: int = 3, **training: object) -> Experiment:
    """A network of ``layers`` with seeded start values and data."""
    rng = np.random.default_rng(len(layers))
    activations = ("tanh",) * (len(layers) - 2) + ("sigmoid",)
    weights = initial_weights(layers, "glorot_uniform", 1.0, 0)
    biases = [rng.normal(0.0, 0.3, units) for units in layers[1:]]
    samples_of = data(
        rng.normal(0.0, 1.0, (samples, layers[0])), rng.uniform(0.1, 0.9, (samples, layers[-1]))
    )
    settings = Training(**training)  # type: ignore[arg-type]  # fields of any type, by name
    start = Parameters.of(weights, biases)
    return Experiment("drawn", Network(layers, activations), start, settings, samples_of)


def diverging(**training: object) -> Experiment:
    """Two linear layers and a step size far too large: the loss overflows within a few steps."""
    start = Parameters.of([[[1.0, -0.5]], [[0.5], [1.5]]], None)
    settings = Training(learning_rate=3.0, **training)  # type: ignore[arg-type]  # as above
    network = Network((1, 2, 1), ("identity", "identity"), bias=False)
    return Experiment("diverging", network, start, settings, data([[2.0]], [[1.0]]))


def first_not_finite(experiment: Experiment) -> int:
    """The step whose loss is the first that is not finite, found by an engine of its own."""
    timeline, step = Timeline(experiment), 0
    while timeline.first_not_finite is None:
        step += 1
        timeline.snapshot(step)
    return timeline.first_not_finite


def reads_as(text: str, value: float) -> bool:
    """Whether ``text`` is ``value`` rounded to the digits it shows, sign included."""
    if not np.isfinite(value):
        return text.lstrip("+") == str(value)
    number = Decimal(text.strip())  # 2e+308 is a rounded number too
    half = Decimal(5).scaleb(int(number.as_tuple().exponent) - 1)
    signs_agree = value == 0.0 or number.is_signed() == (value < 0.0)
    return signs_agree and abs(number - Decimal(value)) <= half * (1 + Decimal("1e-9"))


def matrix_cells(session: Session, selector: str) -> Iterator[tuple[str, str, str, str]]:
    """What a matrix panel shows, cell by cell: matrix, row, column, number, all as text.

    Read from the text alone: a heading W1 with unit names, rows that begin with a unit's name
    below it, numbers that end where their unit's name ends. Cells cut off at the right are left
    out. The panel must not be scrolled.
    """
    panel = session.panel(selector)
    assert isinstance(panel, MatrixPanel)
    assert (panel.scroll_x, panel.scroll_y) == (0, 0)
    room = panel.container_size
    rows = [line[1 : 1 + room.width] for line in session.inside(selector)[: room.height]]
    if panel.show_horizontal_scrollbar:
        rows = rows[:-1]
    if panel.show_vertical_scrollbar:
        rows = [row[:-1] for row in rows]
    cut = panel.max_scroll_x > 0
    blocks: list[tuple[str, int, dict[int, str]]] = []
    for row in rows:
        tokens = [(found.start(), found.end(), found[0]) for found in re.finditer(r"\S+", row)]
        whole = [token for token in tokens if not (cut and token[1] >= len(row))]
        titles = [token for token in whole if re.fullmatch(r"g?W\d+", token[2])]
        if titles:
            blocks = []
            for start, _, title in titles:
                ends = {
                    end: text
                    for at, end, text in whole
                    if at > start and not any(start < other[0] <= at for other in titles)
                }
                blocks.append((title, start, ends))
            continue
        for title, start, ends in blocks:
            label = next((text for at, _, text in tokens if at == start), None)
            for end, column in ends.items():
                number = next((text for _, stop, text in whole if stop == end), None)
                if label is not None and number is not None:
                    yield title, label, column, number


async def check_matrices(session: Session) -> int:
    """Compare every visible number of Weights and Gradients with the engine's; how many."""
    await session.bring("#weights")
    experiment, step = session.app.player.snapshot.experiment, session.shown_step
    snapshot = Timeline(experiment).snapshot(step)
    names, checked = experiment.network.names, 0
    for selector, parameters in (
        ("#weights", snapshot.parameters),
        ("#gradients", snapshot.gradients),
    ):
        forms: dict[str, set[tuple[bool, int]]] = {}
        for title, label, column, number in matrix_cells(session, selector):
            layer = int(title.lstrip("gW"))
            units = [names.unit(layer, unit) for unit in range(names.layers[layer])]
            sources = [names.unit(layer - 1, unit) for unit in range(names.layers[layer - 1])]
            if label in sources:
                at = sources.index(label), units.index(column)
                value = float(parameters.weights[layer - 1][at])
            else:
                assert label == title.replace("W", "b")
                assert parameters.biases is not None
                value = float(parameters.biases[layer - 1][units.index(column)])
            assert reads_as(number, value), f"{title}[{label}, {column}]: {number} for {value}"
            if np.isfinite(value):
                digits = number.partition("e")[0].partition(".")[2]
                forms.setdefault(title, set()).add(("e" in number, len(digits)))
            checked += 1
        assert all(len(form) == 1 for form in forms.values()), f"not written alike: {forms}"
    return checked


async def check_diagram(session: Session) -> int:
    """Compare every visible number inside the diagram's units with the engine's; how many."""
    await session.bring("#network")
    panel = session.panel("#network")
    assert isinstance(panel, NetworkPanel)
    experiment, step = session.app.player.snapshot.experiment, session.shown_step
    network, snapshot = experiment.network, Timeline(experiment).snapshot(step)
    assert panel.view is not None
    layout, _ = panel.layout_of(network, *panel.container_size, panel.view.selection)
    rows, checked = session.inside("#network"), 0
    seen = Region(0, 0, panel.size.width, panel.size.height)
    for place in (place for column in layout.columns for place in column):
        x, layer = place.x - int(panel.scroll_x), place.layer
        if not seen.contains_region(Region(x, place.y, place.width, place.height)):
            continue
        text = [rows[place.y + row][x : x + place.width] for row in range(place.height)]
        name = network.names.unit(layer, place.unit)
        assert name in text[0], (name, text)
        for value in layout.boxes[layer].values:
            shown = text[value.y][value.start : value.end].strip()
            assert shown.startswith(value.label)
            number = shown.removeprefix(value.label).strip()
            expected = float(units_values(snapshot, layer, value.name)[place.unit])
            assert reads_as(number, expected), f"{name} {value}: {number} for {expected}"
            checked += 1
    return checked


def units_values(snapshot: Snapshot, layer: int, value: str, row: int = 0) -> Array:
    """What the units of a layer show under the name that it has in their boxes, of a sample."""
    if value in ("b", "gb"):
        parameters = snapshot.parameters if value == "b" else snapshot.gradients
        assert parameters.biases is not None
        return parameters.biases[layer - 1]
    quantity = quantity_of(snapshot.experiment.network.names, layer, value)
    values: Array = snapshot.values[quantity][row]
    return values
