"""How the fields look in the list: each with its label, its text, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

from bptui.app.form.fields import Field
from bptui.app.lines import justified
from bptui.presets.build import counted

LABEL = 16
"""Columns of the label, before the text."""
LONGEST_SHOWN = 200_000
"""Characters that are shown to be edited within a moment: some 10,000 numbers."""
MOST, LONGEST_LINE = 10, 200
"""Lines of a text of several, and characters of each."""


def choice_content(options: Iterable[str], chosen: str, width: int) -> Content:
    """Return all options side by side, or the chosen one alone where there is no room."""
    options, style = [*options], "bold $text"
    if sum(len(option) + 2 for option in options) <= width:
        return Content.assemble(
            *((f"[{option}]", style) if option == chosen else f" {option} " for option in options)
        )
    blanks = " " * (max(map(len, options)) - len(chosen))
    place = f"{options.index(chosen) + 1} of {len(options)}: left, right"
    return Content.assemble("< ", (chosen, style), f"{blanks} >  {place}")


def long_text(text: str) -> str:
    """Return what stands for a text that is too long to be shown."""
    return f"{counted(text.count(chr(10)) + 1, 'row')}; what is pasted replaces them"


def field_content(field: Field, text: str, problem: str, width: int) -> Content:
    """Return the lines of a field: its label beside its text, and what is wrong below."""
    room = width - LABEL - 1
    style, texts = "$foreground", [text or field.placeholder]
    if not text:
        style = "$foreground 70%"
    elif len(text) > LONGEST_SHOWN:
        texts = [long_text(text)]
    elif field.is_block:
        texts = text.expandtabs(4).splitlines()[:MOST]
    lines = [Content.styled(f" {line[:LONGEST_LINE]}", style) for line in texts]
    if field.is_choice:
        lines = [choice_content(field.options, text, room)]
    if problem:
        lines += Content.styled(f"! {problem}", "$text-warning").wrap(max(room, 20))
    label = Content.styled(f"{justified(field.label, LABEL)} ", "$foreground")
    first, *others = lines
    return Content("\n").join([label + first, *(line.pad_left(LABEL + 1) for line in others)])
