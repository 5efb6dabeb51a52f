"""A worksheet as Markdown with formulas, as GitHub renders them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bptui.export.worksheet.formulas import Block, Code, Formulas, FormulaWriter, Remark
from bptui.export.worksheet.sheet import ROUNDED, Worksheet

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&])")


def markdown_lines(sheet: Worksheet) -> Iterable[str]:
    """The lines of the worksheet in Markdown."""
    writer = FormulaWriter(sheet)
    yield f"# {escaped(sheet.title)}"
    yield ""
    if sheet.description:
        # Markdown of its own; whatever it leaves open ends with the quotation
        yield from (f"> {line}".rstrip() for line in sheet.description.split("\n"))
        yield ""
    yield "| | |"
    yield "| --- | --- |"
    for name, text in sheet.facts:
        yield f"| {name} | {escaped(text)} |"
    if sheet.settings:
        yield f"| settings | {writer.settings(sheet)} |"
    yield ""
    yield f"{ROUNDED} Between matrices, $\\odot$, fractions and powers work element by element."
    for part in sheet.parts:
        yield ""
        yield f"## {escaped(part.title)}"
        if part.words:
            yield ""
            yield escaped(part.words)
        for form in part.forms:
            if not part.brief:
                yield ""
                yield f"### {form}"
            for block in writer.blocks(part, form):
                yield ""
                yield from _lines(block)


def _lines(block: Block) -> Iterable[str]:
    match block:
        case Formulas(lines):
            return ["```math", r"\begin{aligned}", *lines, r"\end{aligned}", "```"]
        case Code(lines):
            return ["```python", *lines, "```"]
        case Remark(text, heading):
            return [f"**{escaped(text)}**" if heading else escaped(text)]


def escaped(text: str) -> str:
    """Plain text that stays plain text in Markdown."""
    plain = _SPECIAL.sub(r"\\\1", text)
    return re.sub(r"^(\d+)\. ", r"\1\\. ", plain) if re.match(r"\d+\. ", text) else plain
