"""Opens the app without a terminal, waits for conditions, reads numbers off the screen."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from time import monotonic

import numpy as np
from textual.events import Resize
from textual.geometry import Region, Size
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input
from textual.widgets._toast import Toast

from bptui.app.app import BptuiApp
from bptui.core.experiment import Experiment, Training
from bptui.core.network import Network, Parameters, initial_weights
from bptui.presets.files import load

from ..core.support import data
from .settling import SettlingPilot

SECONDS = 120.0
"""The longest that a condition is waited for."""
SIZES = [(120, 36), (80, 24), (60, 16), (200, 60), (300, 100)]
AT_WORK = ("play", "rest", "ahead")
"""Workers that change what is shown."""
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
            lambda: not any(each.group in AT_WORK and each.is_running for each in workers), "rest"
        )
        await self.step(self.shown_step)
        return self.shown_step

    async def shows(self, *texts: str) -> None:
        """Wait until all ``texts`` stand somewhere on the screen."""

        def there() -> bool:
            screen = self.screen()
            return all(text in screen for text in texts)

        await self.until(there, f"{texts}")

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

    def line(self, y: int) -> str:
        """One line of the screen, which takes less time than all of them."""
        width, _ = self.app.screen.size
        compositor = self.app.screen._compositor
        chops = compositor._render_chops(Region(0, y, width, 1), lambda row: row == y)
        return Strip.join(chops[y].values()).text

    def status(self) -> str:
        return self.line(0)

    def key_line(self) -> str:
        return self.line(self.app.screen.size.height - 1)

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
        await session.rest()
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


def reads_as(text: str, value: float) -> bool:
    """Whether ``text`` is ``value`` rounded to the digits it shows, sign included."""
    if not np.isfinite(value):
        return text.lstrip("+") == str(value)
    number = Decimal(text.strip())  # 2e+308 is a rounded number too
    half = Decimal(5).scaleb(int(number.as_tuple().exponent) - 1)
    signs_agree = value == 0.0 or number.is_signed() == (value < 0.0)
    return signs_agree and abs(number - Decimal(value)) <= half * (1 + Decimal("1e-9"))
