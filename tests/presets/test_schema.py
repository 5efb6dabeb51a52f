"""The schema of preset files: what is said of every key, and the settings of any optimizer."""

from bptui.presets.schema import TABLES, keys, words


def test_every_key_says_what_it_expects() -> None:
    for table in TABLES:
        for key in keys(table):
            said = words(table, key)
            assert said.expected
            assert said.label
            assert said.help or key in TABLES
