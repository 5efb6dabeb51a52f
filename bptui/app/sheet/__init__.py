"""The experiment as a text to be edited: its preset, in TOML or as on an exercise sheet."""
