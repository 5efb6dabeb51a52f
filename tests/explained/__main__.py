"""Writes the kept explanations again: ``python -m tests.explained``; read what git says changed."""

from tests.explained.drawn import kept
from tests.explained.test_explained import FOLDER, explained, formats

for place, each in enumerate(kept()):
    for form in formats(place):
        (FOLDER / f"{each.name}.{form}").write_text(explained(each, form), encoding="utf-8")
