"""Writes the kept explanations again: ``python -m tests.explained``; read what git says changed."""

from tests.explained.drawn import kept
from tests.explained.test_explained import FOLDER, explained

for place, each in enumerate(kept()):
    for form, text in explained(place, each):
        (FOLDER / f"{each.name}.{form}").write_text(text, encoding="utf-8")
