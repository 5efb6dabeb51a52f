"""What the network has learned: maps, curves, tables and bars against a direct evaluation."""

import re
from dataclasses import replace

import numpy as np
import pytest

from bptui.app.panels.facts import facts_of
from bptui.app.panels.picture import LEVELS, PALETTES, SHADES, Axes, Span
from bptui.app.panels.planes import curve_axes, map_axes
from bptui.core.arrays import Array, frozen
from bptui.core.experiment import Experiment
from bptui.core.network import Network
from bptui.presets.files import load

from .styled import characters, evaluated, in_full_colour, open_picture
from .support import FASTEST, SIZES, Session, drawn_experiment, opened, reads_as


def ends(values: Array, margin: float) -> tuple[float, float]:
    width = values.max() - values.min()
    if width == 0.0:
        width, margin = max(abs(values.min()), 1.0), 0.5
    return values.min() - margin * width, values.max() + margin * width


def centres(low: float, high: float, count: int) -> Array:
    return np.array([low + (high - low) * (part + 0.5) / count for part in range(count)])


def map_of(session: Session, experiment: Experiment, step: int) -> tuple[Axes, Array]:
    """Return the axes of the map that is shown, and the outputs at every half cell of it."""
    axes = map_axes(experiment, *session.panel("#network").container_size)
    inputs = np.concatenate([experiment.data.inputs, experiment.data.test_inputs])
    x = centres(*ends(inputs[:, 0], 0.08), axes.columns)
    y = centres(*ends(inputs[:, 1], 0.08), 2 * axes.rows)[::-1]
    outputs = evaluated(experiment, step, np.array([[a, b] for b in y for a in x]))
    return axes, outputs.reshape(len(y), len(x), -1)


def map_mistakes(session: Session, experiment: Experiment, step: int) -> int | None:
    """Return how many half cells have another colour than their outputs; None without a map."""
    axes, outputs = map_of(session, experiment, step)
    classes = len(set(map(tuple, experiment.data.targets.tolist()))) > 1 and outputs.shape[2] > 1
    colours = PALETTES[True].diverging()
    if classes:
        colours = PALETTES[True].of_classes(outputs.shape[2])
    wrong = compared = 0
    for row, across, character, style in characters(session, "#network"):
        column = across - axes.gutter
        if row >= axes.rows or not 0 <= column < axes.columns or character not in "▀ ":
            continue
        if style.bgcolor is None:
            return None
        lower = style.bgcolor.name
        upper = lower if character == " " else style.color and style.color.name
        for half, colour in enumerate((upper, lower)):
            value = outputs[2 * row + half, column]
            wrong += colour not in [colours[at] for at in expected_levels(value, classes)]
            compared += 1
    return wrong if compared > axes.columns * axes.rows / 2 else None


def expected_levels(value: Array, classes: bool) -> set[int]:
    """Return the level of an output; two where rounding decides between them."""
    found = set()
    for nudge in (-1e-9, 1e-9):
        if classes:
            first, second = sorted(value.tolist())[::-1][:2]
            lead = min(max(int((first - second + nudge) * SHADES), 0), SHADES - 1)
            found.add(int(value.argmax()) * SHADES + lead)
        else:
            found.add(min(max(int((value[0] + nudge) * LEVELS), 0), LEVELS - 1))
    return found


@pytest.mark.parametrize("name", ["circles", "spirals", "article"])
async def test_the_map_is_right_at_every_half_cell(name: str) -> None:
    experiment = load(name)
    async with opened(name) as session:
        in_full_colour(session)
        await open_picture(session, "decision map")
        await session.until(lambda: map_mistakes(session, experiment, 0) == 0, "the first map")
        before = session.inside("#network")
        await session.press(*FASTEST, "space")
        await session.until(lambda: session.inside("#network") != before, "another map")
        await session.press("space")
        step = await session.rest()
        await session.until(lambda: map_mistakes(session, experiment, step) == 0, "the right map")


async def test_samples_have_the_shape_of_their_class_and_stand_out_when_wrong() -> None:
    experiment = load("xor")
    async with opened("xor") as session:
        await open_picture(session, "decision map")
        await session.until(lambda: "▲ 1" in "".join(session.inside("#network")), "the legend")
        rows = len(session.inside("#network")) - 2
        marks = [p for p in characters(session, "#network") if p.character in "●▲" and p.row < rows]
        assert sorted(p.character for p in marks) == ["▲", "▲", "●", "●"]
        outputs = evaluated(experiment, 0, experiment.data.inputs)
        wrong = (outputs >= 0.5) != (experiment.data.targets == 1.0)
        assert sum(bool(p.style.reverse) for p in marks) == wrong.sum()


@pytest.mark.parametrize("name", ["circles", "spirals"])
async def test_the_map_can_be_read_without_colours_and_test_samples_are_hollow(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(name) as session:
        await open_picture(session, "decision map")
        axes, outputs = map_of(session, load(name), 0)
        text = "".join(session.inside("#network")[:-2])
        assert all(shape in text for shape in "○△●▲")
        for row, across, character, _ in characters(session, "#network"):
            column = across - axes.gutter
            if row < axes.rows and character in " ░▒▓" and 0 <= column < axes.columns:
                value = outputs[2 * row, column]
                level = value.argmax() if len(value) > 1 else min(int(value[0] * 4), 3)
                assert character == " ░▒▓"[level]


async def test_the_curve_is_right() -> None:
    experiment = load("sine")
    async with opened("sine", (120, 36)) as session:
        await open_picture(session, "curve")
        await session.press("s", "s")
        await session.step(2)
        targets = Span.around(experiment.data.targets)
        axes = curve_axes(facts_of(experiment), targets, *session.panel("#network").container_size)
        x = centres(*ends(experiment.data.inputs, 0.02), axes.columns)
        heights = evaluated(experiment, 2, x[:, None])[:, 0]

        def drawn_right() -> bool:
            rows = {
                (place.column - axes.gutter): place.row
                for place in characters(session, "#network")
                if "\u2800" < place.character <= "\u28ff" and place.row < axes.rows
            }
            expected = (axes.y.high - heights) / axes.y.width * axes.rows
            return len(rows) > axes.columns / 3 and all(
                abs(row + 0.5 - expected[column]) < 1.5 for column, row in rows.items()
            )

        await session.until(drawn_right, "the curve of step 2")


async def test_outputs_far_away_stay_in_sight() -> None:
    made = drawn_experiment((1, 3, 2), samples=4)
    big = type(made.start).of([each * 40.0 for each in made.start.weights], made.start.biases)
    network = replace(made.network, activations=("tanh", "identity"))
    async with opened(replace(made, network=network, start=big)) as session:
        await open_picture(session, "curve")
        text = "".join(session.inside("#network"))
        assert re.search("[\u2801-\u28ff]", text)
        assert "o1" in text
        assert "o2" in text


@pytest.mark.parametrize(("name", "size"), [("iris", (120, 36)), ("circles", (80, 24))])
async def test_the_table_counts_every_sample(name: str, size: tuple[int, int]) -> None:
    experiment = load(name)
    data = experiment.data
    async with opened(name, size) as session:
        await open_picture(session, "classes")
        await session.press("z")
        await session.shows("training", "test", *data.class_names)
        text = "\n".join(session.inside("#network"))
        for title, inputs, targets in (
            ("training", data.inputs, data.targets),
            ("test", data.test_inputs, data.test_targets),
        ):
            outputs = evaluated(experiment, 0, inputs)
            actual, predicted = targets.argmax(axis=1), outputs.argmax(axis=1)
            if outputs.shape[1] == 1:
                actual, predicted = targets[:, 0] == 1.0, outputs[:, 0] >= 0.5
            right = int((actual == predicted).sum())
            found = re.search(rf"{title} +([\d.]+) %  +(\d+) of (\d+) right", text)
            assert reads_as(found[1], 100.0 * right / len(inputs))
            assert (int(found[2]), int(found[3])) == (right, len(inputs))


@pytest.mark.parametrize("name", ["article", "iris"])
async def test_bars_show_the_outputs_of_the_sample(name: str) -> None:
    experiment = load(name)
    async with opened(name) as session:
        await open_picture(session, "one sample")
        await session.press("z", "s")
        await session.step(1)
        sample = int(session.app.player.snapshot.batch[0])
        outputs = evaluated(experiment, 1, experiment.data.inputs[[sample]])[0]

        def right() -> bool:
            text = session.inside("#network")
            if f"sample {sample + 1} " not in text[0]:
                return False
            for label, values in (("output", outputs), ("target", experiment.data.targets[sample])):
                numbers = [row.split()[-1] for row in text if re.search(rf"\b{label}\b", row)]
                if len(numbers) != len(values) or not all(map(reads_as, numbers, values)):
                    return False
            return True

        await session.until(right, "the bars of step 1")


async def test_bars_grow_to_either_side_and_fit_targets_beyond_those_of_training() -> None:
    made = drawn_experiment((2, 3), samples=1)
    data = replace(
        made.data,
        targets=frozen([[-0.5, 0.25, 1.0]]),
        test_inputs=frozen([[0.5, 0.5]]),
        test_targets=frozen([[-30.0, 5.0, 15.0]]),
    )
    made = replace(made, data=data, network=Network((2, 3), ("identity",)))
    async with opened(made) as session:
        await session.press("o", "o", "i", "end")
        await session.shows("Learned: one sample", "-30")
        await session.rest()
        rows = [row for row in session.inside("#network") if "target" in row]
        lengths = [row.count("░") for row in rows]
        assert lengths[0] == pytest.approx(6 * lengths[1], abs=4)
        assert lengths[2] == pytest.approx(3 * lengths[1], abs=2)
        starts = [row.index("░") for row in rows]
        assert starts[1] == starts[2] == starts[0] + lengths[0]
        assert session.inside("#network")[1][starts[1]] == "0"  # of the axis


TITLES = {
    "circles": ["decision map", "classes", "one sample"],
    "sine": ["curve", "one sample"],
    "iris": ["classes", "one sample"],
    "article": ["decision map", "one sample"],
}


@pytest.mark.parametrize("name", TITLES)
async def test_the_key_goes_through_the_pictures_there_are(name: str) -> None:
    async with opened(name) as session:
        for title in TITLES[name]:
            await session.press("o")
            await session.shows(f"─ Learned: {title} ─")
            await session.until(lambda: "─ Network ─" not in session.screen(), "no network")
            if (name, title) == ("article", "decision map"):
                session.panel("#network").focus()
                for output in ("o1", "o2"):  # arrows choose the output
                    await session.until(
                        lambda output=output: f"output {output}" in session.border("#network"),
                        output,
                    )
                    await session.press("right", "right")
        await session.press("o")
        await session.shows("─ Network ─")
        await session.until(lambda: "Learned" not in session.screen(), "no picture")


@pytest.mark.parametrize(("shown", "size"), [("spirals", SIZES[1]), ("circles", SIZES[2])], ids=str)
async def test_every_picture_fits_every_screen(shown: str, size: tuple[int, int]) -> None:
    async with opened(shown, size) as session:
        network = session.panel("#network").region
        others = ("#loss", "#weights", "#gradients", "#explanation")
        places = {each: session.panel(each).region for each in others}
        for key in ("o", "o", "o", "i", "i"):
            await session.press(key)
            await session.rest()
            learned = session.panel("#network")
            place = learned.region
            await session.press("z", "s", "z", "s")
            await session.rest()
            if learned.is_on_screen:
                assert learned.region == place
                assert place == network or session.app.main.samples is not None  # beside them
            for each in others:  # but what the samples stand in for
                if session.panel(each).size.area:
                    assert session.panel(each).region == places[each]


async def test_the_focus_and_the_zoom_follow_into_the_place_of_the_network() -> None:
    async with opened("xor") as session:
        await session.press("o")
        await session.until(lambda: session.panel("#network").has_focus, "the focus")
        await session.press("z")
        await session.until(lambda: session.panel("#network").region.height > 30, "zoom")
        await session.press("o", "o", "o")
        await session.until(lambda: session.panel("#network").has_focus, "the focus")
        assert session.panel("#network").region.height > 30
        await session.press("z")
        await session.shows("─ Weights ─")


@pytest.mark.parametrize(
    ("keys", "title"),
    [("vo", "Learned: decision map"), ("ov", "Numbers"), ("oo", "Learned: decision map")],
)
async def test_a_key_shows_its_own_picture_where_the_network_is_covered(
    keys: str, title: str
) -> None:
    async with opened("article", SIZES[2]) as session:
        await session.press(keys[0])
        await session.until(lambda: "─ Network ─" not in session.screen(), "a picture")
        await session.press("tab")
        await session.shows("─ Weights ─")
        await session.press(keys[1])
        await session.shows(f"─ {title}")


async def test_the_pictures_of_another_experiment_go_on_behind_its_first() -> None:
    async with opened("xor") as session:
        await open_picture(session, "decision map")
        await session.press("p", *"flowers")
        await session.shows("4-8-3 tanh, softmax")
        await session.press("enter")
        await session.shows("─ Learned: classes ─")
        await session.press("o")
        await session.shows("─ Learned: one sample ─")


async def test_a_diverged_network_has_pictures_too() -> None:
    made = replace(load("circles"), training=replace(load("circles").training, learning_rate=1e200))
    async with opened(made) as session:
        await open_picture(session, "decision map")
        await session.press(*FASTEST, "space")
        await session.rest()
        for title in ("classes", "one sample"):
            await session.press("o")
            await session.shows(f"─ Learned: {title} ─")
