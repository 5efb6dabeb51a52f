"""The help tells every key, of the app's commands and of its dialogs, and is the manual."""

import re

import pytest
from textual.binding import Binding
from textual.dom import DOMNode

from bptui.app.form.controls import AreaScreen, LineScreen
from bptui.app.form.screen import FormScreen
from bptui.app.panels.samples import SamplesPanel
from bptui.app.screens.breakpoints import BreakpointScreen
from bptui.app.screens.export import ExportScreen
from bptui.app.screens.gradcheck import GradientCheckScreen
from bptui.app.screens.help import HelpScreen
from bptui.app.screens.presets import DeleteScreen, PresetScreen
from bptui.app.screens.save import SaveScreen
from bptui.help import TOPICS, key_sections, page, title_of
from bptui.help.text import BLOCK

from .support import opened

WRITTEN = {"question_mark": "?", "escape": "esc"}
PARTS: dict[str, list[type[DOMNode]]] = {
    "Help": [HelpScreen],
    "Presets": [PresetScreen, DeleteScreen],
    "Form": [FormScreen, LineScreen, AreaScreen],
    "Breakpoints": [BreakpointScreen],
    "Save": [SaveScreen],
    "Export": [ExportScreen],
    "Gradcheck": [GradientCheckScreen],
}
ROWS, ARROWS = key_sections(), ("up", "down", "left", "right")
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


async def test_the_manual_is_in_the_help() -> None:
    async with opened("article", (80, 24)) as session:
        await session.press("question_mark")
        await session.shows(f"Help: {title_of('keys')}", "Next operation")
        start = TOPICS.index("keys")
        for topic in (*TOPICS[start + 1 :], *TOPICS[: start + 1]):
            await session.press("right")
            words = re.findall(r"\w{4,}", BLOCK.sub("", page(topic)).partition("\n")[2])
            await session.shows(f"Help: {title_of(topic)}", words[0])
        await session.press("left")
        await session.shows(f"Help: {title_of(TOPICS[start - 1])}")
        await session.press("end", "left", "escape")
        await session.closed()
