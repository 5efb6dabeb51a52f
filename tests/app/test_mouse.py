"""A click does what it looks like: tabs, keys that are named, the chart, values, labels."""

from textual.geometry import Region

from bptui.app.panels.loss import HIT, LossPanel
from bptui.app.playback.breakpoints import parse
from bptui.app.screens.questions import NumberScreen
from bptui.app.screens.sheet import NamesScreen
from bptui.app.view import Selection

from .support import FASTEST, Session, opened


def place_of(session: Session, text: str, within: Region) -> tuple[int, int]:
    """The first cell of a text on the screen."""
    for y, line in enumerate(session.lines()):
        x = line.find(text, within.x, within.right)
        if x >= 0 and within.y <= y < within.bottom:
            return x, y
    raise AssertionError(f"no {text!r} in\n{session.screen()}")


async def click(session: Session, text: str, selector: str | None = None, times: int = 1) -> None:
    """Click on a text, in the middle of it, that stands in a part of the screen."""
    app = session.app
    within = session.panel(selector).region if selector else Region(0, 0, *app.size)
    x, y = place_of(session, text, within)
    assert await session.pilot.click(offset=(x + len(text) // 2, y), times=times)


async def test_tabs_and_scales_in_borders() -> None:
    async with opened("article") as session:
        for form, shown in (("matrix", "gW1 ="), ("numpy", "gW1 ="), ("scalar", "dL/dw1 =")):
            await click(session, form, "#derivation")
            await session.until(lambda s=shown: s in session.screen(), shown)
            assert session.app.query_one("#derivation").form == form
        await click(session, "d:", "#derivation")
        assert session.app.query_one("#derivation").form == "matrix"
        for before, after in (("linear", "logarithmic"), ("logarithmic", "linear")):
            await click(session, before, "#loss")
            await session.until(lambda a=after: a in session.border("#loss"), after)
        await click(session, "input^T", "#derivation")  # a factor is told of
        await session.until(lambda: " input: " in session.border("#derivation"), "the factor")
    async with opened("spirals", (80, 24)) as session:
        await session.press("d", "s")
        await session.until(lambda: "below" in session.border("#derivation"), "more lines")
        panel = session.panel("#derivation")
        await click(session, "below", "#derivation")
        await session.until(lambda: panel.scroll_y > 0, "the lines below")


async def test_pictures_of_what_was_learned_by_their_titles() -> None:
    async with opened("iris", (160, 40)) as session:
        await session.press("o")
        for title in ("one sample", "classes"):
            await click(session, title, "#network")
            top = session.panel("#network").region.y
            await session.until(lambda t=title, y=top: f"Learned: {t}" in session.lines()[y], title)


async def test_what_is_selected_is_copied() -> None:
    async with opened("article") as session:
        app = session.app
        values = app.player.snapshot
        cases = [
            ("+0.4500", "#weights", "w7", repr(0.45)),
            ("-0.032174", "#gradients", "dL/dw7", repr(float(values.gradients.weights[1][0, 1]))),
            ("0.539915", "#network", "out_h1", repr(float(values.values["out_h"][0, 0]))),
            ("0.900000", "#network", "i1", repr(0.9)),
        ]
        for text, selector, name, number in cases:
            await click(session, text, selector)
            await session.press("y")
            await session.until(lambda n=name: f"copied {n}: " in session.notices(), name)
            assert app.clipboard == number
        session.panel("#derivation").focus()
        await session.press("y")
        await session.until(lambda: "copied derivation" in session.notices(), "the derivation")
        assert "i1 = i1" in app.clipboard
        # what this step has yet to compute is not copied
        await click(session, "-0.032174", "#gradients")
        await session.press("n", "y")
        await session.until(lambda: "dL/dw7 has yet to be" in session.notices(), "the reason")


async def test_the_chart_goes_to_the_step_that_is_clicked() -> None:
    async with opened("article") as session:
        player, panel = session.app.player, session.panel("#loss")
        assert isinstance(panel, LossPanel)
        player.set_breakpoints({parse("every 7", player.snapshot.experiment.network): True})
        await session.press(*FASTEST, "space")
        await session.until(lambda: HIT in "".join(session.inside("#loss")), "a mark")
        player.set_breakpoints({})
        await player.run(400).wait()
        await session.rest()
        await session.until(lambda: "to come" in session.border("#loss"), "all that is drawn")
        area = panel.content_region
        width, height = panel.container_size
        chart = panel.chart(panel.losses(player.view(), width), width, height)
        for column in (20, 30, 26):
            assert chart.column(chart.step(column) or 0) == column
            await session.pilot.click(offset=(area.x + column, area.y + 3))
            await session.step(chart.step(column) or 0)
        await session.pilot.click(offset=(area.x + 2, area.y + 3))  # beside the plot
        await session.step(chart.step(26) or 0)
        # dragged, as far as the last step and over other panels
        await session.pilot.mouse_down(offset=(area.x + 20, area.y + 3))
        await session.step(chart.step(20) or 0)
        for x, y, column in ((24, 5, 24), (31, 30, 31), (-60, 0, chart.left)):
            await session.pilot.hover(offset=(area.x + x, area.y + y))
            await session.step(chart.step(column) or 0)
        await session.pilot.mouse_up(offset=(area.x + 25, area.y + 3))
        await session.step(chart.step(25) or 0)
        await session.pilot.hover(offset=(area.x + 30, area.y + 3))
        await session.step(chart.step(25) or 0)
        right = chart.left + chart.columns - 1
        for column, step in ((right, chart.last), (chart.left, 0)):
            await session.pilot.click(offset=(area.x + column, area.y + 3))
            await session.step(step)
    async with opened("article", size=(80, 24)) as session:  # a line of bars
        player, panel = session.app.player, session.panel("#loss")
        await player.go(400).wait()
        await session.shows("at step 400, dim: to come, to 1000")
        area = panel.content_region
        bars = session.lines()[area.y].split("  ")[1]
        for column, step in ((len("Loss  ") + len(bars) - 1, 1000), (len("Loss  "), 0)):
            await session.pilot.click(offset=(area.x + column, area.y))
            await session.step(step)


async def test_the_keys_in_the_lowest_line() -> None:
    async with opened("article") as session:
        place = session.app.player
        await click(session, "operation", "#keys")
        await session.until(lambda: place.place == (0, 0), "the first operation")
        for key, position in (("n", 1), ("N", 0)):
            x = session.key_line().index("n/N") + "n/N".index(key)
            await session.pilot.click(offset=(x, 35))
            await session.until(lambda p=position: place.place == (0, p), f"operation {position}")
        at = (session.key_line().index("200 steps/s"), 35)
        for speed in ("500", "1000"):
            await session.pilot.click(offset=at)
            await session.until(lambda s=speed: f" {s} steps/s" in session.key_line(), speed)


async def test_a_double_click_edits_a_value() -> None:
    async with opened("article") as session:
        await click(session, "+0.550000", "#weights", times=2)
        await session.shows("w8 from step 0 on")
        await session.press("escape")
        await click(session, "+0.30", "#network", times=2)
        await session.shows("w4 from step 0 on")
        await session.press("escape")
        await click(session, "0.900000", "#network", times=2)
        await session.shows("i1 from step 0 on")
        await session.press("escape")
        # a gradient is computed, as the value of a hidden unit is
        for text, selector in (("+0.006084", "#gradients"), ("0.539915", "#network")):
            await click(session, text, selector, times=2)
            await session.until(lambda: "Computed" in session.notices(), "the news")
            assert not isinstance(session.app.screen, NumberScreen)
            session.app.clear_notifications()
        assert session.app.main.selection == Selection("unit", 1, 0)
        x, y = place_of(session, "0.900000", session.panel("#network").region)
        x = session.lines()[y].index("│", x) + 1  # the dots of the edge that begins here
        await session.pilot.click(offset=(x, y))
        await session.until(lambda: session.app.main.selection.kind == "weight", "an edge")
    async with opened("xor", (160, 40)) as session:
        await session.press("i")
        await session.until(lambda: "samples" in session.border("#samples"), "the samples")
        row = next(line for line in session.inside("#samples") if " 3" in line[:4])
        text = row.split()[1]
        x, y = place_of(session, row.rstrip(" │"), session.panel("#samples").region)
        await session.pilot.click(offset=(x + row.index(text), y), times=2)
        await session.shows("i1 of sample 3 from step 0 on")
        await session.press("escape")
        rate = f"sgd {session.app.player.snapshot.experiment.training.learning_rate:g}"
        await click(session, rate, "#status")
        await session.shows("learning rate from step 0 on")


async def test_the_top_line() -> None:
    async with opened("article") as session:
        before = session.app.focused
        await click(session, "step 0", "#status")
        await session.shows("Go to")
        await session.press("escape")
        await click(session, "article", "#status")
        await session.shows("Presets")
        await session.press("escape")
        await session.until(lambda: session.app.focused is before, "the focus as it was")
        await session.press("p")
        await click(session, "article-listing-2")
        await session.until(lambda: "article-listing-2" in session.status(), "the preset")


async def test_keys_and_names_in_dialogs() -> None:
    async with opened("article", (80, 24)) as session:
        await session.press("e")
        await session.shows("Experiment: article")
        await session.pilot.pause()
        await click(session, "activation =")
        await session.press("f2")
        await session.until(lambda: isinstance(session.app.screen, NamesScreen), "the options")
        await click(session, "tanh")
        await session.shows('activation = "tanh"')
