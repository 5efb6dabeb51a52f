"""Three whole screens as pictures, colours included.

After a change that is meant: look at ``snapshot_report.html``, then ``pytest --snapshot-update``.
"""

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from bptui.app.app import BptuiApp
from bptui.presets.files import load

from ..app.support import Session

SCREENS = [("article", 2, (120, 36)), ("article", 2, (80, 24)), ("iris", 7, (120, 36))]


def shows_its_chart(session: Session) -> bool:
    """Whether the newest chart is on the screen; it is drawn after the numbers."""
    panel = session.panel("#loss")
    if panel.container_size.height == 1:
        return f"at step {session.shown_step}" in session.lines()[1]
    rows = [row.replace("┊", " ").strip() for row in session.inside("#loss")]
    legend = sum(row == "∘ test" for row in rows)
    width, height = panel.container_size
    chart = panel.view and panel.chart(panel.losses(panel.view, width), width, height - legend)
    if chart is None:
        return False
    pairs = zip(rows[: height - legend], chart.lines, strict=True)
    return all(row == line.strip() or row.endswith("●") for row, line in pairs)


@pytest.mark.parametrize(
    ("name", "steps", "size"), SCREENS, ids=["article-120x36", "article-80x24", "iris-120x36"]
)
def test_screen(
    name: str, steps: int, size: tuple[int, int], snap_compare: Callable[..., bool]
) -> None:
    app = BptuiApp(load(name))

    async def take_steps(pilot: Pilot[None]) -> None:
        session = Session(app, pilot)
        await session.press(*["s"] * steps)
        await session.step(steps)
        await session.rest()
        await session.until(lambda: shows_its_chart(session), "the chart of all steps")

    assert snap_compare(app, terminal_size=size, run_before=take_steps)
