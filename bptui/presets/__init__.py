"""Presets: TOML files that describe an experiment, shipped with the program or written by users."""
