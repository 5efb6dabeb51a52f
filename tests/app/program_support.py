"""Opens the app on somebody's own program."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from bptui.app.program.app import ProgramApp
from bptui.check.program.check import checked
from bptui.check.program.writer import Checked
from bptui.check.running.interpreter import interpreter_for

from .support import Session as AppSession

GIVEN = Path(__file__).parents[1] / "trace" / "programs" / "given"
RIGHT = """\
import numpy as np

rng = np.random.default_rng(1)
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
y = np.array([[0], [1], [1], [0]], dtype=float)
W1, W2 = rng.normal(size=(2, 3)), rng.normal(size=(3, 1))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


for epoch in range(20):
    z1 = X @ W1
    a1 = sigmoid(z1)
    z2 = a1 @ W2
    a2 = sigmoid(z2)
    loss = 0.5 * np.sum((a2 - y) ** 2)
    d2 = (a2 - y) * a2 * (1 - a2)
    dW2 = a1.T @ d2
    d1 = d2 @ W2.T * a1 * (1 - a1)
    dW1 = X.T @ d1
    W2 -= 0.5 * dW2
    W1 -= 0.5 * dW1
"""
WRONG = RIGHT.replace("d1 = d2 @ W2.T", "d1 = (a2 - y) @ W2.T")
KNOWN: dict[str, tuple[Path, Checked]] = {}
"""Programs that were run, by their texts."""


class Session(AppSession):
    """An open app on a program."""

    app: ProgramApp

    async def says(self, text: str) -> None:
        """Wait for news."""
        await self.until(lambda: text in self.notices(), text)

    @property
    def line(self) -> int:
        return self.app.moment.line


def check(file: Path) -> partial[Checked | object]:
    return partial(checked, file, interpreter_for(file, None), 60.0, look=1000)


@asynccontextmanager
async def opened(
    folder: Path, text: str, size: tuple[int, int] = (120, 36), watch: bool = False
) -> AsyncIterator[Session]:
    if text in KNOWN and not watch:
        file, found = KNOWN[text]
    else:
        file = folder / "my_net.py"
        file.write_text(text, encoding="utf-8")
        ran = check(file)()
        assert isinstance(ran, Checked)
        found = ran
        if not watch:  # which changes the file
            KNOWN[text] = file, found
    app = ProgramApp(file, found, check(file), watch=watch)
    async with app.run_test(size=size, notifications=True):
        session = Session(app)
        await session.shows("my_net.py")
        yield session
