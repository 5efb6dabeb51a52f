"""The schema of preset files: types, and what is expected in words, key by key."""

from __future__ import annotations

from bptui.presets.schema import EXPECTATIONS, TABLES


def test_every_key_says_what_it_expects() -> None:
    keys = {table: struct.__struct_fields__ for table, struct in TABLES.items()}
    assert {table: tuple(words) for table, words in EXPECTATIONS.items()} == keys
    assert all(text for words in EXPECTATIONS.values() for text in words.values())
