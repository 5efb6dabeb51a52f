"""A worksheet as a LaTeX document of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bptui.export.worksheet.formulas import Block, Code, Formulas, FormulaWriter, Remark
from bptui.export.worksheet.sheet import ROUNDED, Worksheet

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "·": r"$\cdot$",
    "⊙": r"$\odot$",
    "√": r"$\surd$",
    "Σ": r"$\Sigma$",
    "π": r"$\pi$",
    "²": r"$^2$",
    "³": r"$^3$",
    "←": r"$\leftarrow$",
    "…": r"\ldots{}",
    **{each: rf"\{each}" for each in "{}$&#%_"},
}
_BREAKS_BEHIND = "/_-.,=?&"
_LONG = 30
"""Letters of a word that may be broken behind any of the signs above."""
_HEAD = r"""\documentclass[10pt,a4paper,fleqn]{article}
\usepackage{amsmath,array,xcolor,iftex}
\usepackage[margin=18mm]{geometry}
\allowdisplaybreaks
\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt}
\setlength{\mathindent}{10pt}
\emergencystretch=3em
\AtBeginDocument{\abovedisplayskip=6pt\belowdisplayskip=6pt}
\raggedright"""
_FALLBACK = r"""% Characters that pdflatex has no letter for appear as their code points.
% xelatex or lualatex set them where \setmainfont{...} names a font that has them.
\ifPDFTeX
\usepackage[T1]{fontenc}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage[utf8]{inputenc}
\newcommand{\fallback}[2]{\ifcsname u8:\detokenize{#1}\endcsname\else
  \DeclareUnicodeCharacter{#2}{\fbox{\tiny U+#2}}\fi}"""


def latex_lines(sheet: Worksheet) -> Iterator[str]:
    """The lines of the document."""
    writer = FormulaWriter(sheet)
    body = [*_title(sheet, writer), *_parts(sheet, writer)]
    yield _HEAD
    strange = sorted({each for line in body for each in line if not each.isascii()})
    if strange:
        yield _FALLBACK
        yield from (rf"\fallback{{{each}}}{{{ord(each):04X}}}" for each in strange)
        yield r"\else\usepackage{fontspec}\fi"
    yield r"\begin{document}"
    yield from body
    yield r"\end{document}"


def _title(sheet: Worksheet, writer: FormulaWriter) -> Iterator[str]:
    yield rf"{{\LARGE {escaped(sheet.title)}\par}}"
    yield r"\bigskip"
    for paragraph in re.split(r"\n\s*\n", sheet.description):
        if paragraph.strip():
            yield ""
            yield _prose(" ".join(paragraph.split()))
    yield ""
    yield r"\medskip"
    yield r"\begin{tabular}{@{}lp{0.8\textwidth}@{}}"
    for name, text in sheet.facts:
        yield rf"{name} & \raggedright\arraybackslash {escaped(text)} \\"
    if sheet.settings:
        yield rf"settings & {writer.settings(sheet)} \\"
    yield r"\end{tabular}"
    yield ""
    yield r"\medskip"
    yield rf"{escaped(ROUNDED)} Between matrices, $\odot$, fractions and powers work element by"
    yield "element."


def _parts(sheet: Worksheet, writer: FormulaWriter) -> Iterator[str]:
    for part in sheet.parts:
        yield ""
        yield rf"\section*{{{escaped(part.title)}}}"
        if part.words:
            yield escaped(part.words)
        for form in part.forms:
            if not part.brief:
                yield rf"\subsection*{{{form}}}"
            for block in writer.blocks(part, form):
                yield from _lines(block)


def _lines(block: Block) -> Iterable[str]:
    match block:
        case Formulas(lines):
            return [r"\begin{align*}", *lines, r"\end{align*}"]
        case Code(lines):
            return [r"{\footnotesize", r"\begin{verbatim}", *lines, r"\end{verbatim}", "}"]
        case Remark(text, heading):
            # no paragraph ends here: before a formula that would be an empty line
            if heading:
                return ["", rf"\medskip\textbf{{{escaped(text)}}}"]
            return ["", escaped(text)]


def _prose(text: str) -> str:
    """A paragraph of Markdown, of which only code between backticks is read."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escaped(text)
    return "".join(
        rf"\texttt{{{escaped(part)}}}" if place % 2 else escaped(part)
        for place, part in enumerate(parts)
    )


def escaped(text: str) -> str:
    """Plain text in LaTeX; long words may be broken behind signs."""
    return " ".join(_word(each) for each in text.split(" "))


def _word(word: str) -> str:
    long = len(word) >= _LONG
    return "".join(
        _SPECIAL.get(each, each) + (r"\allowbreak{}" if long and each in _BREAKS_BEHIND else "")
        for each in word
    )
