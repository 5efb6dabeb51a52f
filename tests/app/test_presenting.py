"""A presentation: each operation with its caption, the keys, fewer digits in larger boxes."""

import re
from pathlib import Path

import pytest

from bptui.app.styles import HIGH_LIGHT
from bptui.explain.captions import captions

from .program_support import WRONG
from .program_support import opened as opened_program
from .styled import content, diagram
from .support import Session, opened

LONG_NUMBER = re.compile(r"\d\.\d{4}")


def shown(session: Session) -> str:
    """The caption, its lines joined."""
    region = content(session, "#caption")
    return " ".join(" ".join(session.lines()[region.y : region.bottom]).split())


@pytest.mark.parametrize(
    ("name", "size"), [("article-listing-2", (80, 24)), ("spirals", (120, 36))]
)
async def test_every_operation_has_its_caption_on_the_screen(
    name: str, size: tuple[int, int]
) -> None:
    async with opened(name, size) as session:
        before, app = session.screen(), session.app
        await session.press("P")
        await session.until(
            lambda: (
                "all 12 operations at once" in shown(session)
                or "all 17 operations at once" in shown(session)
            ),
            "the first caption",
        )
        snapshot = app.player.snapshot
        said = captions(snapshot.experiment, len(snapshot.batch))
        count = len(snapshot.operations)
        for number, operation in enumerate(snapshot.operations, 1):
            await session.press("n")
            caption = said[operation.name]
            first = " ".join(f"{number}/{count} {operation.name}: {caption.what}".split())
            await session.until(lambda first=first: shown(session).startswith(first), first)
            how = shown(session)[-len(caption.how) - 1 :]
            assert f"{how[0].lower()}{how[1:]}" == f"{caption.how[0].lower()}{caption.how[1:]}."
            await session.shows(" n  Next operation ")
            diagram = "\n".join(session.inside("#network"))
            assert not LONG_NUMBER.search(diagram), diagram
        await session.press("N", "r", "P")
        await session.until(lambda: session.screen() == before, "what was there before")


async def test_a_presentation_stays_as_light_as_it_is() -> None:
    """Also where the theme is another one, to which its end leads back."""
    async with opened("article", (120, 36)) as session:
        app = session.app
        app.theme = "nord"
        await session.press("P")
        await session.until(lambda: app.theme == "bptui-high-dark", "high contrast")
        await session.press("P")
        await session.until(lambda: app.theme == "nord", "the theme from before")
        await session.press("P")
        app.action_command("theme")
        await session.until(lambda: app.theme == HIGH_LIGHT.name, "the light one")
        await session.press("P")
        await session.until(lambda: app.theme == "bptui-light", "as light as it was")


async def test_a_program_has_its_lines_for_captions(tmp_path: Path) -> None:
    async with opened_program(tmp_path, WRONG) as session:
        await session.press("P")
        await session.until(lambda: "z1 = X @ W1" in shown(session), "the first line")
        assert "Gives z1, 4x3." in shown(session)
        await session.press("w")
        wrong = "which is wrong: it should be dL/dz2"
        await session.until(lambda: wrong in shown(session), wrong)
        assert "line 21: d1 = (a2 - y) @ W2.T * a1 * (1 - a1)" in shown(session)
        await session.press("N")
        right = "Gives dW2, 3x1, which is dL/dW2, how much W2 matters to the loss."
        await session.until(lambda: right in shown(session), right)


@pytest.mark.parametrize("name", ["iris", "spirals"])
async def test_a_class_sees_every_output_and_weights_by_their_names(name: str) -> None:
    """On the smallest screen of a teacher, too."""
    async with opened(name, (80, 24)) as session:
        await session.press("P")
        await session.until(lambda: "all" in shown(session), "the presentation")
        network = session.app.player.snapshot.experiment.network
        panel, layout = diagram(session)
        assert [place.unit for place in layout.columns[-1]] == [*range(network.layers[-1])]
        assert panel.wires is not None
        assert {label.edge.layer for label in panel.wires.labels} == {*range(1, network.depth + 1)}
        assert all(label.name for label in panel.wires.labels)
