"""What the network has learned: maps, curves, tables and bars against a direct evaluation."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from bptui.app.panels.learned.colours import LEVELS, SHADES, palette
from bptui.app.panels.learned.curve import CurvePicture
from bptui.app.panels.learned.decision_map import DecisionMap
from bptui.core.arrays import Array, frozen
from bptui.core.experiment import Experiment
from bptui.presets import load

from .learned_support import (
    characters,
    evaluated,
    in_full_colour,
    open_picture,
    panel,
    shown_picture,
)
from .support import Session, drawn_experiment, opened, reads_as

MAPS = ["circles", "moons", "spirals", "xor", "article"]
BLOCKS = "▀ "


def ends(values: Array, margin: float) -> tuple[float, float]:
    width = values.max() - values.min()
    if width == 0.0:
        width, margin = max(abs(values.min()), 1.0), 0.5
    return values.min() - margin * width, values.max() + margin * width


def centres(low: float, high: float, count: int) -> Array:
    return np.array([low + (high - low) * (part + 0.5) / count for part in range(count)])


def map_mistakes(session: Session, experiment: Experiment, step: int) -> int | None:
    """Half cells of another colour than the outputs there have; None without a whole map."""
    shown = shown_picture(session)
    if not isinstance(shown, DecisionMap):
        return None
    axes = shown.ground(*panel(session).container_size).axes
    data = experiment.data
    inputs = np.concatenate([data.inputs, data.test_inputs])
    x = centres(*ends(inputs[:, 0], 0.08), axes.columns)
    y = centres(*ends(inputs[:, 1], 0.08), 2 * axes.rows)[::-1]
    outputs = evaluated(experiment, step, np.array([[a, b] for b in y for a in x]))
    outputs = outputs.reshape(len(y), len(x), -1)
    classes = len(set(map(tuple, data.targets.tolist()))) > 1 and outputs.shape[2] > 1
    colours = palette(dark=True).of_classes(outputs.shape[2])
    if not classes:
        colours = palette(dark=True).diverging()
    wrong = compared = 0
    for place in characters(session, "#learned"):
        column = place.column - axes.gutter
        if place.row >= axes.rows or not 0 <= column < axes.columns:
            continue
        if place.character not in BLOCKS:
            continue
        assert place.style.bgcolor is not None
        lower = place.style.bgcolor.name
        upper = lower if place.character == " " else place.style.color and place.style.color.name
        for half, colour in enumerate((upper, lower)):
            value = outputs[2 * place.row + half, column]
            expected = [colours[level] for level in expected_levels(value, classes)]
            wrong += colour not in expected
            compared += 1
    return wrong if compared > axes.columns * axes.rows / 2 else None


def expected_levels(value: Array, classes: bool) -> set[int]:
    """The level of an output; two where rounding decides between them."""
    found = set()
    for nudge in (-1e-9, 1e-9):
        if classes:
            first, second = sorted(value.tolist())[::-1][:2]
            lead = min(max(int((first - second + nudge) * SHADES), 0), SHADES - 1)
            found.add(int(value.argmax()) * SHADES + lead)
        else:
            found.add(min(max(int((value[0] + nudge) * LEVELS), 0), LEVELS - 1))
    return found


@pytest.mark.parametrize("name", MAPS)
async def test_the_map_is_right_at_every_half_cell(name: str) -> None:
    experiment = load(name)
    async with opened(name) as session:
        in_full_colour(session)
        await open_picture(session, "decision map")
        for step in (0, 3):
            if step:
                await session.press(*["s"] * step)
            await session.step(step)
            await session.until(
                lambda step=step: map_mistakes(session, experiment, step) == 0, "the right map"
            )


async def test_the_map_follows_a_run_and_is_right_after_it() -> None:
    experiment = load("circles")
    async with opened("circles") as session:
        in_full_colour(session)
        await open_picture(session, "decision map")
        before = session.inside("#learned")
        await session.press("space")
        await session.until(lambda: session.inside("#learned") != before, "another map")
        await session.press("space")
        step = await session.rest()
        await session.until(lambda: map_mistakes(session, experiment, step) == 0, "the right map")


async def test_large_networks_get_a_coarser_map(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bptui.app.panels.learned.picture.MOST_WORK", 20_000)
    experiment = drawn_experiment((2, 8, 1), samples=5)
    async with opened(experiment) as session:
        await open_picture(session, "decision map")
        shown = shown_picture(session)
        assert isinstance(shown, DecisionMap)
        view = panel(session).view
        assert view is not None
        width, height = panel(session).container_size
        levels = shown.levels(view, width, height)
        axes = shown.ground(width, height).axes
        (coarse,) = shown.ground(width, height).grids
        assert coarse > 1
        assert levels.shape == (2 * axes.rows, axes.columns)
        assert (levels[:coarse, :coarse] == levels[0, 0]).all()


async def test_samples_have_the_shape_of_their_class_and_stand_out_when_wrong() -> None:
    experiment = load("xor")
    async with opened("xor") as session:
        await open_picture(session, "decision map")
        await session.until(lambda: "▲ 1" in "".join(session.inside("#learned")), "the legend")
        rows = len(session.inside("#learned")) - 2
        marks = [p for p in characters(session, "#learned") if p.character in "●▲" and p.row < rows]
        assert sorted(p.character for p in marks) == ["▲", "▲", "●", "●"]
        outputs = evaluated(experiment, 0, experiment.data.inputs)
        wrong = (outputs >= 0.5) != (experiment.data.targets == 1.0)
        assert sum(bool(p.style.reverse) for p in marks) == wrong.sum()


async def test_test_samples_are_hollow() -> None:
    async with opened("circles") as session:
        await open_picture(session, "decision map")
        text = "".join(session.inside("#learned")[:-2])
        assert all(shape in text for shape in "○△●▲")


@pytest.mark.parametrize("name", ["circles", "spirals"])
async def test_the_map_can_be_read_without_colours(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    experiment = load(name)
    async with opened(name) as session:
        await open_picture(session, "decision map")
        shown = shown_picture(session)
        assert isinstance(shown, DecisionMap)
        axes = shown.ground(*panel(session).container_size).axes
        data = experiment.data
        inputs = np.concatenate([data.inputs, data.test_inputs])
        x = centres(*ends(inputs[:, 0], 0.08), axes.columns)
        y = centres(*ends(inputs[:, 1], 0.08), 2 * axes.rows)[::-1][::2]
        drawn, at = "", []
        for place in characters(session, "#learned"):
            column = place.column - axes.gutter
            if place.row < axes.rows and place.character in " ░▒▓" and 0 <= column < axes.columns:
                drawn += place.character
                at.append([x[column], y[place.row]])
        outputs = evaluated(experiment, 0, np.array(at))
        if outputs.shape[1] > 1:
            fills = outputs.argmax(axis=1)
        else:
            fills = np.minimum((outputs[:, 0] * 4).astype(int), 3)
        assert drawn == "".join(" ░▒▓"[fill] for fill in fills)


async def test_the_curve_is_right_and_goes_through_the_dots() -> None:
    experiment = load("sine")
    async with opened("sine", (120, 36)) as session:
        await open_picture(session, "curve")
        await session.press("s", "s")
        await session.step(2)
        shown = shown_picture(session)
        assert isinstance(shown, CurvePicture)
        view, size = panel(session).view, panel(session).container_size
        assert view is not None
        x, values = shown.values(view, *size)
        expected = evaluated(experiment, 2, x[:, None])
        assert np.allclose(values, expected, rtol=1e-12)
        axes = shown.axes(*size)
        assert np.allclose(x, centres(*ends(experiment.data.inputs, 0.02), 2 * axes.columns))

        def drawn_right() -> bool:
            rows = {
                (place.column - axes.gutter): place.row
                for place in characters(session, "#learned")
                if "\u2800" < place.character <= "\u28ff" and place.row < axes.rows
            }
            heights = (axes.y.high - expected[::2, 0]) / axes.y.width * axes.rows
            return len(rows) > axes.columns / 3 and all(
                abs(row + 0.5 - heights[column]) < 1.3 for column, row in rows.items()
            )

        await session.until(drawn_right, "the curve of step 2")


async def test_outputs_far_away_stay_in_sight() -> None:
    made = drawn_experiment((1, 3, 2), samples=4)
    big = type(made.start).of([each * 40.0 for each in made.start.weights], made.start.biases)
    network = replace(made.network, activations=("tanh", "identity"))
    async with opened(replace(made, network=network, start=big)) as session:
        await open_picture(session, "curve")
        text = "".join(session.inside("#learned"))
        assert re.search("[\u2801-\u28ff]", text)
        assert "o1" in text
        assert "o2" in text


@pytest.mark.parametrize(("name", "size"), [("iris", (120, 36)), ("circles", (80, 24))])
async def test_the_table_counts_every_sample(name: str, size: tuple[int, int]) -> None:
    experiment = load(name)
    async with opened(name, size) as session:
        await open_picture(session, "classes")
        await session.press("z")
        await session.shows("training", "test")
        text = "\n".join(session.inside("#learned"))
        data = experiment.data
        for title, inputs, targets in (
            ("training", data.inputs, data.targets),
            ("test", data.test_inputs, data.test_targets),
        ):
            outputs = evaluated(experiment, 0, inputs)
            if outputs.shape[1] == 1:
                actual, predicted = targets[:, 0] == 1.0, outputs[:, 0] >= 0.5
            else:
                actual, predicted = targets.argmax(axis=1), outputs.argmax(axis=1)
            right = int((actual == predicted).sum())
            found = re.search(rf"{title} +([\d.]+) %  +(\d+) of (\d+) right", text)
            assert found is not None
            assert reads_as(found[1], 100.0 * right / len(inputs))
            assert (int(found[2]), int(found[3])) == (right, len(inputs))
        for label in data.class_names:
            assert label in text


@pytest.mark.parametrize("name", ["article", "iris", "sine", "xor"])
async def test_bars_show_the_outputs_of_the_sample(name: str) -> None:
    experiment = load(name)
    async with opened(name) as session:
        await open_picture(session, "one sample")
        await session.press("z", "s")
        await session.step(1)
        sample = int(session.app.player.snapshot.batch[0])
        outputs = evaluated(experiment, 1, experiment.data.inputs[[sample]])[0]

        def right() -> bool:
            text = session.inside("#learned")
            if f"sample {sample + 1} " not in text[0]:
                return False
            for label, values in (("output", outputs), ("target", experiment.data.targets[sample])):
                rows = [row for row in text if re.search(rf"\b{label}\b", row)]
                numbers = [row.split()[-1] for row in rows]
                if not all(map(reads_as, numbers, values)) or len(numbers) != len(values):
                    return False
            return True

        await session.until(right, "the bars of step 1")


async def test_bars_grow_with_their_values_to_either_side() -> None:
    made = drawn_experiment((2, 3), samples=1)
    data = replace(made.data, targets=frozen([[-0.5, 0.25, 1.0]]))
    network = replace(made.network, activations=("identity",))
    async with opened(replace(made, data=data, network=network)) as session:
        await open_picture(session, "one sample")
        await session.press("z")
        await session.until(lambda: "░" in "".join(session.inside("#learned")), "bars")
        rows = [row for row in session.inside("#learned") if "target" in row]
        lengths = [row.count("░") for row in rows]
        assert lengths[0] == pytest.approx(2 * lengths[1], abs=1)
        assert lengths[2] == pytest.approx(4 * lengths[1], abs=2)
        starts = [row.index("░") for row in rows]
        assert starts[1] == starts[2] == starts[0] + lengths[0]
