"""A worksheet as plain text, as Markdown as GitHub renders it, as LaTeX, and as a JSON record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import Any, NamedTuple, TypeAlias

from bptui.core.engine import Snapshot
from bptui.explain.equation import Comparison, Equation, Statement, equations
from bptui.explain.explain import Explanation
from bptui.explain.expression import written_quantities
from bptui.explain.latex import LatexPrinter, LatexWriter, latex_number
from bptui.explain.lines import TextLine
from bptui.explain.printer import Printer, symbols_of
from bptui.explain.report import (
    Form,
    Report,
    array_lines,
    assignment,
    folded,
    remarked,
    with_carets,
)
from bptui.export.worksheet import DIGITS, ROUNDED, VALUE_DIGITS, Part, Worksheet, sections

Record: TypeAlias = dict[str, Any]
WIDTH, CODE_WIDTH, ENDLESS = 100, 96, 10**6
"""Columns of text in a file, of code in other formats, and of a formula on one line."""
SCHEMA = 1
INDENT = "  "
ELEMENTWISE = "Between matrices, $\\odot$, fractions and powers work element by"


def written(sheet: Worksheet, form: str, width: int = WIDTH) -> Iterable[str]:
    """Return the lines of the worksheet in ``form``: text (``width`` columns), markdown, latex."""
    if form == "text":
        return text_lines(sheet, width)
    return markdown_lines(sheet) if form == "markdown" else latex_lines(sheet)


# plain text


def text_lines(sheet: Worksheet, width: int) -> Iterator[str]:
    """Yield the lines of the worksheet, none of text wider than ``width``."""
    yield from wrap(sheet.title, width)
    yield "=" * min(max(len(sheet.title), 1), width)
    settings = ", ".join(f"{name} = {value:g}" for name, value in sheet.settings)
    for name, text in (*sheet.facts, *([("settings", settings)] if settings else [])):
        yield from wrap(text, width, initial_indent=f"{name:12}", subsequent_indent=" " * 12)
    yield from ("", *wrap(ROUNDED, width))
    report = Report(sheet.explainer.symbols, width - len(INDENT), DIGITS, VALUE_DIGITS)
    for part in sheet.parts:
        yield from ("", *wrap(part.title, width), "-" * min(len(part.title), width))
        yield from wrap(part.words, width)
        for form in part.forms:
            yield from [""] if part.brief else ["", form]
            for line in _text_of(part, form, report):
                yield f"{INDENT}{line}".rstrip()


def _text_of(part: Part, form: Form, report: Report) -> list[str]:
    if form == "numpy" and part.brief:
        return code_lines(part, report)
    if form != "scalar":
        return with_carets(report.lines(part.explanation, form))
    lines: list[TextLine] = []
    for _, section in sections(part.explanation, report.symbols):
        lines += [()] if lines else []
        lines += report.scalar(Explanation("", (section,), ()))
    return with_carets(lines)


def code_lines(part: Part, report: Report) -> list[str]:
    """Return a line of code for each array of a part; the mistaken one and the correct one."""
    return [
        line
        for statement in part.explanation.arrays
        for remark, equation in equations(statement).items()
        for line in folded(remarked(equation, report.symbols, remark), report.width)
    ]


# formulas, remarks and code: what Markdown and LaTeX share


class Block(NamedTuple):
    """Lines of one kind: formulas for align* or aligned, code, a remark, or a bold one."""

    kind: str
    lines: Sequence[str]


class FormulaWriter:
    """Writes the parts of one worksheet as blocks."""

    def __init__(self, sheet: Worksheet) -> None:
        symbols = sheet.explainer.symbols
        self.writer = LatexWriter(symbols, DIGITS, VALUE_DIGITS)
        self.report = Report(symbols, CODE_WIDTH, DIGITS, VALUE_DIGITS)

    def blocks(self, part: Part, form: Form) -> Iterator[Block]:
        """Yield what stands under the heading of one form."""
        explanation = part.explanation
        if form == "matrix":
            yield from self._statements(explanation.arrays, form, explanation)
        elif form == "numpy":
            yield Block("code", code_lines(part, self.report) if part.brief else self._code(part))
        else:
            for title, section in sections(explanation, self.report.symbols):
                yield from [Block("remark", [title])] if title else []
                yield from self._statements(section.statements, form, None)
                if section.omitted:
                    yield Block("remark", [f"… {section.omitted} more like these"])

    def settings(self, sheet: Worksheet) -> str:
        r"""Write \eta = 0.5 (learning\_rate), ..., between dollars."""
        words = {"learning_rate": "learning rate", "k": "update number"}
        return ", ".join(
            f"${LatexPrinter.greek.get(name, name)} = {latex_number(value, DIGITS)}$"
            f" ({words.get(name, name)})"
            for name, value in sheet.settings
        )

    def _statements(
        self, statements: Sequence[Statement], form: Form, within: Explanation | None
    ) -> Iterator[Block]:
        """Yield equations that follow each other as one block, comparisons by themselves."""
        together: list[str] = []
        for statement in statements:
            if isinstance(statement, Comparison):
                yield from [Block("formulas", together)] if together else []
                together = []
                yield from (Block("remark", [t]) for t in self.report.verdict(statement, form))
            for heading, equation in equations(statement).items():
                wanted = within.place_in(equation.left.name) if within else None
                *first, last = self.writer.lines(equation, wanted)
                lines = [*(line + r" \\" for line in first), last]
                if heading:
                    yield from (Block("bold", [heading]), Block("formulas", lines))
                elif together:
                    together[-1] += r" \\[6pt]"
                together += [] if heading else lines
        if together:
            yield Block("formulas", together)

    def _code(self, part: Part) -> list[str]:
        """Return the line of code for each array, and what it computes as a comment."""
        lines: list[str] = []
        for statement in part.explanation.arrays:
            for remark, equation in equations(statement).items():
                lines += [""] if lines else []
                lines += [f"# {remark}"] if remark else []
                lines += folded(remarked(equation, self.report.symbols), CODE_WIDTH)
                lines += [f"# {line}" for line in array_lines(equation.array, VALUE_DIGITS)]
        return lines


# Markdown


def markdown_lines(sheet: Worksheet) -> Iterator[str]:
    """Yield the lines of the worksheet in Markdown."""
    writer = FormulaWriter(sheet)
    yield from (f"# {_markdown(sheet.title)}", "")
    if sheet.description:
        # Markdown of its own; whatever it leaves open ends with the quotation
        yield from (f"> {line}".rstrip() for line in sheet.description.split("\n"))
        yield ""
    yield from ("| | |", "| --- | --- |")
    yield from (f"| {name} | {_markdown(text)} |" for name, text in sheet.facts)
    yield from [f"| settings | {writer.settings(sheet)} |"] if sheet.settings else []
    yield from ("", f"{ROUNDED} {ELEMENTWISE} element.")
    for part in sheet.parts:
        yield from ("", f"## {_markdown(part.title)}")
        yield from ["", _markdown(part.words)] if part.words else []
        for form in part.forms:
            yield from [] if part.brief else ["", f"### {form}"]
            for kind, lines in writer.blocks(part, form):
                text = "\n".join(lines)
                yield ""
                yield {
                    "formulas": f"```math\n\\begin{{aligned}}\n{text}\n\\end{{aligned}}\n```",
                    "code": f"```python\n{text}\n```",
                    "bold": f"**{_markdown(text)}**",
                    "remark": _markdown(text),
                }[kind]


def _markdown(text: str) -> str:
    """Return plain text that stays plain text in Markdown."""
    plain = re.sub(r"([\\`*_{}\[\]<>#|~$&])", r"\\\1", text)
    return re.sub(r"^(\d+)\. ", r"\1\\. ", plain)


# LaTeX

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
_BREAKS_BEHIND, _LONG = "/_-.,=?&", 30
"""Words of that many letters may be broken behind any of these signs."""
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
    """Yield the lines of a LaTeX document of its own."""
    body = [*_latex_body(sheet)]
    yield _HEAD
    strange = sorted({letter for line in body for letter in line if not letter.isascii()})
    if strange:
        yield _FALLBACK
        yield from (rf"\fallback{{{each}}}{{{ord(each):04X}}}" for each in strange)
        yield r"\else\usepackage{fontspec}\fi"
    yield from (r"\begin{document}", *body, r"\end{document}")


def _latex_body(sheet: Worksheet) -> Iterator[str]:
    writer = FormulaWriter(sheet)
    yield from (rf"{{\LARGE {_latex(sheet.title)}\par}}", r"\bigskip")
    for paragraph in re.split(r"\n\s*\n", sheet.description):
        yield from ["", _prose(" ".join(paragraph.split()))] if paragraph.strip() else []
    yield from ("", r"\medskip", r"\begin{tabular}{@{}lp{0.8\textwidth}@{}}")
    for name, text in sheet.facts:
        yield rf"{name} & \raggedright\arraybackslash {_latex(text)} \\"
    yield from [rf"settings & {writer.settings(sheet)} \\"] if sheet.settings else []
    yield from (r"\end{tabular}", "", r"\medskip")
    yield from (f"{_latex(ROUNDED)} {ELEMENTWISE}", "element.")
    for part in sheet.parts:
        yield from ("", rf"\section*{{{_latex(part.title)}}}")
        yield from [_latex(part.words)] if part.words else []
        for form in part.forms:
            yield from [] if part.brief else [rf"\subsection*{{{form}}}"]
            for kind, lines in writer.blocks(part, form):
                text = "\n".join(lines)
                # no paragraph ends behind words: before a formula that would be an empty line
                yield {
                    "formulas": f"\\begin{{align*}}\n{text}\n\\end{{align*}}",
                    "code": f"{{\\footnotesize\n\\begin{{verbatim}}\n{text}\n\\end{{verbatim}}\n}}",
                    "bold": f"\n\\medskip\\textbf{{{_latex(text)}}}",
                    "remark": f"\n{_latex(text)}",
                }[kind]


def _prose(text: str) -> str:
    """Return a paragraph of Markdown, of which only code between backticks is read."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return _latex(text)
    return "".join(
        rf"\texttt{{{_latex(part)}}}" if place % 2 else _latex(part)
        for place, part in enumerate(parts)
    )


def _latex(text: str) -> str:
    """Return plain text in LaTeX; long words may be broken behind signs."""

    def word(text: str) -> str:
        breaks = _BREAKS_BEHIND if len(text) >= _LONG else ""
        return "".join(_SPECIAL.get(c, c) + r"\allowbreak{}" * (c in breaks) for c in text)

    return " ".join(map(word, text.split(" ")))


# JSON


def record(sheet: Worksheet, snapshot: Snapshot, quantity: str) -> Record:
    """Return the explanation of ``quantity`` in the form that ``bptui help json`` tells."""
    experiment, writer = snapshot.experiment, _RecordWriter(sheet)
    return {
        "schema": SCHEMA,
        "preset": experiment.name,
        "title": sheet.title,
        "network": str(experiment.network),
        "step": snapshot.step,
        "quantity": quantity,
        "batch": snapshot.batch,
        "loss": snapshot.loss,
        "settings": dict(sheet.settings),
        "frozen": {name: each.reason for name, each in experiment.frozen.items()},
        "mistakes": experiment.training.mistakes,
        "parts": [writer.part(part) for part in sheet.parts],
    }


class _RecordWriter:
    """Writes statements; values are those of the step itself, to the last bit."""

    def __init__(self, sheet: Worksheet) -> None:
        self.symbols = sheet.explainer.symbols
        self.report = Report(self.symbols, ENDLESS)

    def part(self, part: Part) -> Record:
        """Return both lists of a part: of single numbers by section, and of arrays."""
        explanation = part.explanation
        return {
            "title": part.title,
            "about": part.words,
            "numbers": [
                {
                    "title": section.title,
                    "statements": [self.statement(each, "scalar") for each in section.statements],
                    "omitted": section.omitted,
                }
                for section in explanation.numbers
            ],
            "arrays": [self.statement(each, "matrix") for each in explanation.arrays],
        }

    def statement(self, statement: Statement, form: Form) -> Record:
        """Return what the step computes; beside it what is correct where that is not the same."""
        write = self.number if form == "scalar" else self.array
        if isinstance(statement, Equation):
            return write(statement) | {"correct": None, "differences": []}
        return write(statement.mistaken) | {
            "correct": write(statement.correct),
            "differences": self.report.differences(statement, form),
        }

    def number(self, equation: Equation) -> Record:
        """Return the equation of a single number, with the values of what it reads."""
        left, scope = equation.left, equation.scope
        return {
            "name": self.symbols.assigned(left)[0],
            "array": left.name,
            "index": left.index,
            "update": left.new,
            "formula": self.report.formula(equation),
            "reads": [
                {
                    "name": self.symbols.text(read),
                    "array": read.name,
                    "index": read.index,
                    "value": scope.value(read),
                }
                for read in written_quantities(equation.expression)
            ],
            "value": scope.value(left),
            "note": equation.note or None,
        }

    def array(self, equation: Equation) -> Record:
        """Return the equation of an array, with its line of code."""
        left, node = equation.left, equation.expression
        return {
            "name": left.name,
            "update": left.new,
            "formula": symbols_of(Printer(self.symbols, equation.scope).tokens(node)),
            "code": assignment(equation, self.symbols),
            "reads": [self.symbols.text(read) for read in written_quantities(node)],
            "value": equation.scope.value(left),
            "note": equation.note or None,
        }
