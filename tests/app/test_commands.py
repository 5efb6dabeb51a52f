"""Every key, the palette and the list of presets; the help tells every key, and is the manual."""

import re
from collections import Counter

import pytest
from textual.binding import Binding
from textual.command import Hit
from textual.dom import DOMNode

from bptui.app.commands import COMMANDS, CommandProvider
from bptui.app.panels.samples import SamplesPanel
from bptui.app.screens.breakpoints import BreakpointScreen
from bptui.app.screens.export import ExportScreen
from bptui.app.screens.gradcheck import GradientCheckScreen
from bptui.app.screens.help import HelpScreen
from bptui.app.screens.presets import PresetScreen
from bptui.app.screens.questions import SaveScreen
from bptui.app.screens.sheet import SheetScreen
from bptui.help import TOPICS, page, title_of
from bptui.help.text import BLOCK

from .support import SIZES, opened

NUMBERS = ("network", "weights", "gradients")


async def test_every_key_is_bound_to_its_command_alone() -> None:
    keys = Counter(each.key for each in COMMANDS if each.key)
    assert set(keys.values()) == {1}
    assert len({each.name for each in COMMANDS}) == len(COMMANDS)
    shown = {each.shown_key for each in COMMANDS}
    assert {each.also for each in COMMANDS if each.also} <= shown
    async with opened("article") as session:
        active = session.app.screen.active_bindings
        for each in COMMANDS:
            if each.key:
                assert active[each.key].binding.action == each.action


TYPED = {
    "Theme: light or dark": "theme, dark mode, color, colour, appearance",
    "Learning rate": "lr",
    "Run or pause": "play, pause",
    "Back to step 0": "reset, start over",
    "Derivation": "formula, chain rule",
    "Edit everything": "settings, optimizer, batch size",
    "Export": "screenshot, pytorch, latex",
    "What the network has learned": "decision boundary, accuracy",
    "Help": "shortcuts, manual",
}
"""Commands, and what people who mean them type into the palette."""


async def test_the_palette_finds_commands_by_what_people_call_them_and_runs_them() -> None:
    async with opened("article") as session:
        provider = CommandProvider(session.app.screen)
        for meant, words in TYPED.items():
            for typed in words.split(", "):
                hits = [hit async for hit in provider.search(typed) if isinstance(hit, Hit)]
                titles = [str(hit.match_display) for hit in sorted(hits, reverse=True)]
                assert any(title.startswith(meant) for title in titles[:3]), (typed, titles)
        assert not [hit async for hit in provider.search("zzz")]
        before, theme = session.screen(), session.app.theme
        for words in ("theme", "next step"):
            await session.press("ctrl+p")
            await session.shows("Back to step 0", "Run or pause")
            await session.press(*(key.replace(" ", "space") for key in words))
            await session.until(lambda: "Run or pause" not in session.screen(), "a shorter list")
            await session.press("enter")
            await session.until(lambda: len(session.app.screen_stack) == 1, "the command")
            if words == "theme":
                await session.until(lambda: session.app.theme != theme, "the other theme")
                await session.pilot.pause()
                assert not session.app.current_theme.dark
                assert session.screen() == before
        await session.step(1)


async def test_a_low_screen_has_the_loss_in_a_line() -> None:
    async with opened("article", (80, 24)) as session:
        await session.shows("▁  0.163287 at step 0, dim: to come, to 1000 \n")
        assert session.lines()[1].startswith(" Loss  █")
        await session.press(*["s"] * 4)
        await session.step(4)
        await session.until(
            lambda: "0.163287 → 0.142642 at step 4, dim" in session.lines()[1], "it"
        )
        line = session.lines()[1]
        await session.pilot.click(offset=(line.index("▁"), 1))
        await session.until(lambda: session.shown_step > 4, "a step to come")
        session.panel("#loss").focus()
        await session.press("z")
        await session.until(lambda: "linear" in session.border("#loss"), "the chart")
        await session.press("z")
        await session.until(lambda: session.lines()[1].startswith(" Loss  █"), "the line")


async def test_a_low_screen_has_the_weights_for_the_network_while_they_have_the_focus() -> None:
    async with opened("article", (80, 24)) as session:

        def titles() -> list[str]:
            names = ("Network", "Weights", "Gradients", "Derivation")
            return [each for each in names if f"─ {each}" in session.screen()]

        async def shown(*expected: str) -> None:
            await session.until(lambda: titles() == [*expected], f"{expected}")
            assert session.lines()[1].startswith(" Loss ")

        await shown("Network", "Derivation")
        place = session.panel("#network").region
        assert "tab: weights, gradients" in session.border("#network")
        await session.press("tab")
        await shown("Weights", "Gradients", "Derivation")
        assert session.panel("#weights").region.union(session.panel("#gradients").region) == place
        await session.press("enter")  # the dialog has the focus, and they stay
        await session.shows("from step 0 on")
        assert titles() == ["Weights", "Gradients", "Derivation"]
        await session.press("escape", "n", "tab", "z")
        await session.until(lambda: titles() == ["Gradients"], "the zoom")
        await session.press("z")
        await shown("Weights", "Gradients", "Derivation")
        await session.press("tab")
        await shown("Network", "Derivation")
        assert session.panel("#network").region == place
        column, row = place.x + session.border("#network").index("tab: "), place.bottom - 1
        await session.pilot.click(offset=(column + 1, row))
        await shown("Weights", "Gradients", "Derivation")


async def test_the_key_line_names_step_run_presets_help_and_quit() -> None:
    async with opened("article", SIZES[0]) as session:
        for width, height in SIZES:
            session.resize(width, height)
            await session.until(lambda width=width: len(session.key_line()) == width, "the size")
            keys = session.key_line()
            assert all(text in keys for text in ("step", "space run", "? help", "q quit"))
            if width >= 80:
                assert "operation" in keys
                assert all(text in keys for text in ("d form", "p presets"))


WRITTEN = {"question_mark": "?", "escape": "esc"}
PARTS: dict[str, list[type[DOMNode]]] = {
    "Help": [HelpScreen],
    "Presets": [PresetScreen],
    "Sheet": [SheetScreen],
    "Breakpoints": [BreakpointScreen],
    "Save": [SaveScreen],
    "Export": [ExportScreen],
    "Gradcheck": [GradientCheckScreen],
}
PAGE = [part.partition("\n") for part in page("keys").split("\n## ")[1:]]
ROWS = {title: re.findall(r"^\| `(.+?)` \| (.+) \|$", rows, re.M) for title, _, rows in PAGE}
ARROWS = ("up", "down", "left", "right")
LISTS = {"up", "down", "pageup", "pagedown"}
"""Keys that go through a list, wherever there is one."""


def keys_of(part: type[DOMNode]) -> set[str]:
    bindings = Binding.make_bindings(part.__dict__.get("BINDINGS", ()))
    return {WRITTEN.get(each.key, each.key) for each in bindings}


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z?+\d]+", text))


@pytest.mark.parametrize("name", PARTS)
def test_every_key_of_a_dialog_is_told(name: str) -> None:
    dialogs = dict(ROWS["In dialogs"])
    everywhere = words(f"esc {dialogs['esc']}") | (LISTS if name == "Presets" else set())
    keys = set().union(*map(keys_of, PARTS[name]))
    assert keys - everywhere <= words(dialogs[name])


def test_every_key_of_a_panel_is_told() -> None:
    told = words(" ".join(f"{key} {text}" for key, text in ROWS["Looking"]))
    spelled = {"pageup": "page", "pagedown": "page"} | dict.fromkeys(ARROWS, "arrows")
    assert {spelled.get(key, key) for key in keys_of(SamplesPanel)} <= told


async def test_the_manual_is_in_the_help_which_begins_with_the_keys() -> None:
    async with opened("article", (80, 24)) as session:
        for key in ("escape", "q", "question_mark"):
            await session.press("question_mark")
            await session.shows("Help", *(f" {x.shown_key}    {x.title}." for x in COMMANDS[:2]))
            await session.press(key)
            await session.closed()
        await session.press("question_mark")
        await session.shows(f"Help: {title_of('keys')}")
        start = TOPICS.index("keys")
        for topic in (*TOPICS[start + 1 :], *TOPICS[: start + 1]):
            await session.press("right")
            words = re.findall(r"\w{4,}", BLOCK.sub("", page(topic)).partition("\n")[2])
            await session.shows(f"Help: {title_of(topic)}", words[0])
        await session.press("left")
        await session.shows(f"Help: {title_of(TOPICS[start - 1])}")
        await session.press("end", "left", "escape")
        await session.closed()
