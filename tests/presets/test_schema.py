"""The schema of preset files: what is said of every key, and the settings of any optimizer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bptui.core.optimizers import OPTIMIZERS, Optimizer
from bptui.presets.errors import PresetError
from bptui.presets.files import loads
from bptui.presets.save import document
from bptui.presets.schema import TABLES, keys, words

PRESET = """[network]
layers = [2, 1]
[training]
optimizer = "dragging"
drag = 0.25
[data]
inputs = [[1, 2]]
targets = [[1]]
"""


def test_every_key_says_what_it_expects() -> None:
    for table in TABLES:
        for key in keys(table):
            said = words(table, key)
            assert said.expected
            assert said.label
            assert said.help or key in TABLES


def test_settings_of_a_new_optimizer_need_no_other_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    dragging = Optimizer(
        "dragging",
        lambda w, g, slots, given, rate, k: {"w": w - rate * given["drag"] * g},
        defaults={"drag": 0.5},
    )
    monkeypatch.setitem(OPTIMIZERS, "dragging", dragging)
    made = loads(PRESET, "mine", Path())
    assert dict(made.training.settings) == {"drag": 0.25}
    changed = replace(made, training=replace(made.training, settings=(("drag", 0.75),)))
    assert document(changed) == PRESET.replace("0.25", "0.75")
    for wrong in ('"fast"', "true", "[1]"):
        with pytest.raises(PresetError, match=r"training\.drag: found .*; expected a number"):
            loads(PRESET.replace("0.25", wrong), "mine", Path())
    for key in ("settings = {drag = 0.1}", "drug = 1"):
        with pytest.raises(PresetError, match=r"training\.(settings|drug): found an unknown key"):
            loads(PRESET.replace("drag = 0.25", key), "mine", Path())
