"""The list of samples, and moving through those of a batch."""

import re
from dataclasses import replace

import pytest

from bptui.app.panels.samples import SamplesPanel
from bptui.core.arrays import frozen
from bptui.presets.files import load

from .styled import check_diagram, evaluated
from .support import SIZES, Session, drawn_experiment, opened, reads_as


def samples(session: Session) -> SamplesPanel:
    found = session.panel("#samples")
    assert isinstance(found, SamplesPanel)
    return found


def rows(session: Session) -> dict[int, list[str]]:
    """Return the numbers of each sample of training on the screen, by its number."""
    found = {}
    for line in session.inside("#samples")[1:]:
        text = re.sub("[▸•✓✗▁-█]", " ", line).split()  # the last ones are of the scroll bar
        if text and text[0].isdigit():
            found[int(text[0])] = text[1:]
    return found


def looks_at(session: Session, number: int) -> bool:
    """Return whether the sample of that number is marked in the list."""
    lines = session.inside("#samples")
    return any(re.match(rf" *▸ *{number}\b", line) for line in lines)


async def open_samples(session: Session) -> None:
    await session.press("i")
    await session.until(lambda: samples(session).has_focus, "the list")
    await session.until(lambda: rows(session), "the samples")


@pytest.mark.parametrize("name", ["sine", "article"])
async def test_every_row_shows_inputs_targets_and_outputs(name: str) -> None:
    experiment = load(name)
    data = experiment.data
    async with opened(name) as session:
        await open_samples(session)
        for step in (0, 2):
            await session.press(*["s"] * step)
            await session.step(step)
            outputs = evaluated(experiment, step, data.inputs)
            values = [*map(list, zip(*data.inputs.T, *data.targets.T, *outputs.T, strict=True))]

            def right(values: list[list[float]] = values) -> bool:
                shown = rows(session)
                return len(shown) >= min(len(values), 6) and all(
                    len(texts) == len(values[number - 1])
                    and all(map(reads_as, texts, values[number - 1]))
                    for number, texts in shown.items()
                )

            await session.until(right, f"the samples at step {step}")


async def test_right_and_wrong_and_the_samples_of_the_batch_are_marked() -> None:
    experiment = load("circles")
    data, batch = experiment.data, experiment.schedule.indices(0).tolist()
    right = (evaluated(experiment, 0, data.inputs) >= 0.5) == (data.targets == 1.0)
    async with opened("circles", (120, 100)) as session:
        await open_samples(session)
        await session.press("home")
        await session.until(lambda: looks_at(session, 1), "the first one")
        marked = set()
        for _ in range(30):
            for line in session.inside("#samples")[1:]:
                found = re.match(r"\W*(\d+)([ •])([✓✗])", line)
                if found and "test" not in line and int(found[1]) - 1 not in marked:
                    assert (found[3] == "✓") == right[int(found[1]) - 1, 0]
                    marked |= {int(found[1]) - 1} if found[2] == "•" else set()
            if len(marked) == len(batch):
                break
            before = session.inside("#samples")
            await session.press("pagedown")
            await session.until(
                lambda before=before: session.inside("#samples") != before, "the next page"
            )
        assert marked == set(batch)


async def test_moving_through_the_list_moves_what_is_looked_at_and_selected() -> None:
    async with opened("xor") as session:
        await open_samples(session)
        for keys, number in ((["down", "down"], 3), (["up"], 2), (["end"], 4), (["home"], 1)):
            await session.press(*keys)
            await session.until(lambda number=number: looks_at(session, number), f"{number}")
            await session.shows(f"sample {number}, ")
        for cell in (("input", 0, 0), ("input", 0, 1), ("target", 0, 0), ("input", 0, 0)):
            assert samples(session).edited_cell() == cell
            await session.press("right")
            await session.pilot.pause()
        await session.press("left", "left")
        await session.pilot.pause()
        assert samples(session).edited_cell() == ("target", 0, 0)
        await session.press("i")
        await session.until(lambda: samples(session).edited_cell() is None, "the loss again")


async def test_test_samples_stand_below_and_can_be_looked_at() -> None:
    experiment = load("circles")
    async with opened("circles", (200, 60)) as session:
        await open_samples(session)
        last = len(experiment.data.test_inputs)
        await session.press("z", "end")
        await session.shows("test samples, not used")
        await session.until(lambda: looks_at(session, last), "the end")
        assert samples(session).edited_cell() == ("input", 200 - 1, 0)
        await session.press("z", "o", "o", "o")
        await session.shows(f"test sample {last} ")
        output = evaluated(experiment, 0, experiment.data.test_inputs[-1:])[0, 0]
        row = next(row for row in session.inside("#network") if "output" in row)
        assert reads_as(row.split()[-1], float(output))
        await session.press("p", *"xor", "enter")  # which starts with its first sample
        await session.until(lambda: " xor " in session.status(), "xor")
        await session.until(lambda: set(rows(session)) == {1, 2, 3, 4}, "four samples")
        assert samples(session).edited_cell() == ("input", 0, 0)


async def test_brackets_go_through_the_batch_and_the_diagram_follows() -> None:
    experiment = load("circles")
    batch, after = (experiment.schedule.indices(step).tolist() for step in (0, 1))
    inputs = experiment.data.inputs

    async def said(session: Session, text: str) -> None:
        await session.until(lambda: text in session.border("#network"), text)

    async with opened("circles") as session:
        await said(session, f"sample {batch[0] + 1}, 1st of 20 in the batch")
        for key, times, row, place in (("right", 2, 2, "3rd"), ("left", 3, 19, "20th")):
            await session.press(*[f"{key}_square_bracket"] * times)
            await said(session, f"sample {batch[row] + 1}, {place} of 20 in the batch")
            text = "".join(session.inside("#network"))
            assert all(f"{x:.3f}" in text or f"{x:.4f}" in text for x in inputs[batch[row]])
        await session.press("s")  # in the next batch it is not
        elsewhere = f"; {batch[19] + 1} is not in the batch"
        await said(session, f"sample {after[0] + 1}{elsewhere}")
        await session.press("S")
        await said(session, f"sample {batch[19] + 1}, 20th of 20 in the batch")
    async with opened("article") as session:
        await session.press("right_square_bracket")
        await session.until(lambda: "only one sample" in session.notices(), "the news")
        assert await check_diagram(session) > 0


@pytest.mark.parametrize("size", SIZES[1:3])
async def test_the_list_takes_the_place_of_the_loss(size: tuple[int, int]) -> None:
    """Of the chart; where the loss stands in a line, that of the derivation."""
    async with opened("iris", size) as session:
        instead = "#derivation" if size[0] < 100 else "#loss"
        place, network = session.panel(instead).region, session.panel("#network").region
        await session.press("i")
        await session.until(lambda: samples(session).has_focus, "the list")
        await session.until(lambda: samples(session).region == place, "the place")
        assert session.panel("#network").region.size == network.size
        await session.press("d" if instead == "#derivation" else "i")
        await session.until(lambda: session.panel("#network").has_focus, "the focus from before")
        await session.until(lambda: session.panel(instead).region == place, "what was there")
        assert session.panel("#network").region == network


async def test_the_loss_takes_the_whole_screen_from_the_list() -> None:
    async with opened("iris", SIZES[2]) as session:
        await open_samples(session)
        await session.press("z", "i")
        await session.until(lambda: session.panel("#loss").has_focus, "the focus")
        await session.until(lambda: not samples(session).is_on_screen, "no list")
        await session.until(lambda: session.panel("#loss").region.width == SIZES[2][0], "the loss")


async def test_a_million_samples_and_wide_inputs_do_not_hurt() -> None:
    async with opened(drawn_experiment((784, 4, 2), samples=3)) as session:
        await open_samples(session)
        await session.press("left")
        await session.until(lambda: " o2" in session.inside("#samples")[0], "the last columns")
        assert samples(session).edited_cell() == ("target", 0, 1)
    small = drawn_experiment((1, 2, 1), samples=2, batch_size=2, shuffle=True)
    count = 1_000_000
    inputs = frozen(frozen([[0.5]]).repeat(count, axis=0))
    many = replace(small, data=replace(small.data, inputs=inputs, targets=inputs))
    async with opened(many) as session:
        await open_samples(session)
        await session.press("end")
        await session.until(lambda: count in rows(session), "the last of many samples")
