"""The dialog of the gradient check: its verdicts, its keys, what enter selects."""

from textual.widgets import OptionList

from bptui.app.view import Selection

from ..core.support import experiment
from .support import Session, opened


async def open_check(session: Session, *texts: str) -> None:
    await session.press("c")
    await session.shows("Gradcheck: step", *texts)


async def test_wrong_gradients_are_listed_and_explained() -> None:
    async with opened("article-listing-1") as session:
        await open_check(session, "4 of 8 gradients are wrong.", "W2 is never applied")
        shown = session.screen()
        assert "Wrong from dL/dout_h on: transposed-weights." in shown
        assert shown.count("wrong by") == 4
        assert shown.count(" right") >= 4
        assert "central difference" in shown
        listing = session.app.screen.query_one(OptionList)
        await session.press("down", "down", "enter")  # from w1, the first wrong one, to w3
        await session.closed()
        assert session.app.main.selection == Selection("weight", 1, 1, 0)
        await session.shows("Derivation: w3", "as published")
        # small screens have the columns that matter, nothing cut
        session.resize(80, 24)
        await open_check(session, "numerical    error")
        assert "central difference" not in session.screen()
        assert "…" not in "".join(session.lines()[1:20]).replace("frozen-l…", "")
        listing = session.app.screen.query_one(OptionList)
        rows = []
        for key in ("end", "home", "pagedown", "pagedown", "pageup", "pageup"):
            await session.press(key)
            rows.append(listing.highlighted)
        last, first, _, second, _, again = rows
        assert (second, again) == (last, first)
        await session.press("end")
        await session.shows(
            "w8", "The chain from the loss to the update", "update     the gradient of"
        )
        await session.press("home")
        await session.shows("gW1: gradient with respect to W1")
        await session.press("escape", "escape")
        await session.closed()
        assert session.app.main.selection == Selection("weight", 1, 1, 0)


async def test_biases_large_networks_and_divergence() -> None:
    made = experiment(
        (20, 30, 2),
        learning_rate=1e200,
        samples=20,
        mistakes=("wrong-sign",),
        activations="identity",
    )
    async with opened(made) as session:
        # closing at once gives the work up, and the next check is a new one
        await session.press("c", "escape")
        await session.closed()
        await open_check(session, "gradients are wrong.", "Wrong from dL/dout_o on: wrong-sign.")
        listing = session.app.screen.query_one(OptionList)
        screen = session.app.screen
        place = next(
            place
            for place, line in enumerate(screen._lines)
            if line.places is not None and line.places.kind == "biases" and line.places.layer == 2
        )
        listing.highlighted = place
        await session.press("enter")
        await session.closed()
        assert session.app.main.selection == Selection("bias", 2, 0, 0)
        await session.press("s", "s", "s")
        await session.rest()
        await open_check(session, "training has", "S goes back")
