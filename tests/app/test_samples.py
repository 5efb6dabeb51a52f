"""The list of samples, and moving through those of a batch."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bptui.app.panels.samples import SamplesPanel
from bptui.core.arrays import frozen
from bptui.presets import load

from .learned_support import evaluated
from .support import SIZES, Session, check_diagram, drawn_experiment, opened, reads_as


def samples(session: Session) -> SamplesPanel:
    found = session.panel("#samples")
    assert isinstance(found, SamplesPanel)
    return found


def rows(session: Session) -> dict[int, list[str]]:
    """The numbers of each sample of training on the screen, by its number."""
    found = {}
    for line in session.inside("#samples")[1:]:
        text = re.sub("[▸•✓✗▁-█]", " ", line).split()  # the last ones are of the scroll bar
        if text and text[0].isdigit():
            found[int(text[0])] = text[1:]
    return found


def looked_at_is_lit(session: Session) -> bool:
    """Whether the sample that is looked at stands in the list."""
    cell, count = (
        samples(session).edited_cell(),
        session.app.player.snapshot.experiment.data.samples,
    )
    return cell is not None and any(
        re.match(rf" *▸ *{cell[1] % count + 1}\b", line) for line in session.inside("#samples")
    )


async def open_samples(session: Session) -> None:
    await session.press("i")
    await session.until(lambda: samples(session).has_focus, "the list")
    await session.until(lambda: rows(session), "the samples")


@pytest.mark.parametrize("name", ["xor", "sine", "article"])
async def test_every_row_shows_inputs_targets_and_outputs(name: str) -> None:
    experiment = load(name)
    data = experiment.data
    async with opened(name) as session:
        await open_samples(session)
        for step in (0, 2):
            if step:
                await session.press("s", "s")
                await session.step(step)
            outputs = evaluated(experiment, step, data.inputs)

            def right(outputs: object = outputs) -> bool:
                for number, texts in rows(session).items():
                    at = number - 1
                    values = [*data.inputs[at], *data.targets[at], *outputs[at]]  # type: ignore[index]  # an array, see above
                    if len(texts) != len(values) or not all(map(reads_as, texts, values)):
                        return False
                return len(rows(session)) >= min(len(data.inputs), 6)

            await session.until(right, f"the samples at step {step}")


async def test_right_and_wrong_are_marked() -> None:
    experiment = load("iris")
    outputs = evaluated(experiment, 0, experiment.data.inputs)
    right = outputs.argmax(axis=1) == experiment.data.targets.argmax(axis=1)
    async with opened("iris") as session:
        await open_samples(session)
        shown = rows(session)
        for line in session.inside("#samples")[1:]:
            found = re.match(r"\W*(\d+)[ •]([✓✗])", line)
            if found:
                assert (found[2] == "✓") == right[int(found[1]) - 1]
        assert len(shown) > 5


async def test_the_samples_of_the_batch_are_marked() -> None:
    experiment = load("circles")
    async with opened("circles", (120, 100)) as session:
        await open_samples(session)
        await session.press("home")
        marked = set()
        for _ in range(30):
            for line in session.inside("#samples")[1:]:
                found = re.match(r"\W*(\d+)(•?)", line)
                if found and found[2]:
                    marked.add(int(found[1]) - 1)
            if len(marked) == 20:
                break
            await session.press("pagedown")
            await session.until(lambda: looked_at_is_lit(session), "the next page")
        assert marked == set(experiment.schedule.indices(0).tolist())


async def test_moving_through_the_list_moves_what_is_looked_at() -> None:
    async with opened("xor") as session:
        await open_samples(session)
        for keys, place in ((["down", "down"], 2), (["up"], 1), (["end"], 3), (["home"], 0)):
            await session.press(*keys)
            await session.until(
                lambda place=place: any(
                    line.lstrip().startswith(f"▸ {place + 1}")
                    for line in session.inside("#samples")
                ),
                f"sample {place}",
            )
            assert f"sample {place + 1}, " in session.border("#network")


async def test_the_selected_cell_is_known_and_lit() -> None:
    async with opened("article") as session:
        await open_samples(session)
        expected = [("input", 0, 0), ("input", 0, 1), ("target", 0, 0), ("target", 0, 1)]
        for cell in [*expected, expected[0]]:
            assert samples(session).edited_cell() == cell
            await session.press("right")
            await session.pilot.pause()
        await session.press("left", "left")
        await session.pilot.pause()
        assert samples(session).edited_cell() == expected[-1]
        await session.press("i")
        await session.until(lambda: samples(session).edited_cell() is None, "the loss again")


async def test_test_samples_stand_below_and_can_be_looked_at() -> None:
    experiment = load("circles")
    async with opened("circles", (200, 60)) as session:
        await open_samples(session)
        last = len(experiment.data.test_inputs)
        await session.press("z", "end")
        await session.shows("test samples, not used")
        await session.until(lambda: f"▸ {last}" in "".join(session.inside("#samples")), "the end")
        assert samples(session).edited_cell() == ("input", 200 - 1, 0)
        await session.press("z", "o", "o", "o")
        await session.shows(f"test sample {last} ")
        output = evaluated(experiment, 0, experiment.data.test_inputs[-1:])[0, 0]
        row = next(row for row in session.inside("#learned") if "output" in row)
        assert reads_as(row.split()[-1], float(output))


async def test_brackets_go_through_the_batch_and_the_diagram_follows() -> None:
    experiment = load("circles")
    async with opened("circles") as session:
        batch = experiment.schedule.indices(0).tolist()
        assert f"sample {batch[0] + 1}, 1st of 20 in the batch" in session.border("#network")
        for keys, row in ((["right_square_bracket"] * 2, 2), (["left_square_bracket"] * 3, 19)):
            await session.press(*keys)
            ending = {2: "3rd", 19: "20th"}[row]
            wanted = f"sample {batch[row] + 1}, {ending} of 20 in the batch"
            await session.until(lambda wanted=wanted: wanted in session.border("#network"), wanted)
            inputs = experiment.data.inputs[batch[row]]
            text = "".join(session.inside("#network"))
            assert all(f"{value:.3f}" in text or f"{value:.4f}" in text for value in inputs)


async def test_a_sample_outside_the_batch_is_said_to_be() -> None:
    experiment = load("circles")
    async with opened("circles") as session:
        batch, after = (experiment.schedule.indices(step).tolist() for step in (0, 1))
        await session.press("right_square_bracket", "s")
        await session.step(1)
        wanted = f"sample {after[0] + 1}, 1st of 20 in the batch; {batch[1] + 1} is not in it"
        await session.until(lambda: wanted in session.border("#network"), wanted)
        await session.press("S")
        await session.step(0)
        wanted = f"sample {batch[1] + 1}, 2nd of 20 in the batch"
        await session.until(lambda: wanted in session.border("#network"), wanted)


async def test_a_single_sample_is_all_there_is() -> None:
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


async def test_a_million_samples_and_wide_inputs_do_not_hurt() -> None:
    made = drawn_experiment((784, 4, 2), samples=3)
    wide = replace(made, data=replace(made.data))
    async with opened(wide) as session:
        await open_samples(session)
        await session.press("left")
        await session.until(lambda: " o2" in session.inside("#samples")[0], "the last columns")
        assert samples(session).edited_cell() == ("target", 0, 1)
    small = drawn_experiment((1, 2, 1), samples=2)
    count = 1_000_000
    inputs = frozen([[0.5]]).repeat(count, axis=0)
    data = replace(small.data, inputs=frozen(inputs), targets=frozen(inputs))
    many = replace(small, data=data, training=replace(small.training, batch_size=4, shuffle=True))
    async with opened(many) as session:
        await open_samples(session)
        await session.press("end")
        await session.until(lambda: count in rows(session), "the last of many samples")


async def test_another_preset_starts_with_its_first_sample() -> None:
    async with opened("circles") as session:
        await open_samples(session)
        await session.press("end")
        await session.press("p", *"xor", "enter")
        await session.until(lambda: " xor " in session.status(), "xor")
        await session.until(lambda: set(rows(session)) == {1, 2, 3, 4}, "four samples")
        assert samples(session).edited_cell() == ("input", 0, 0)
