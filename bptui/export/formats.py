"""A worksheet as plain text, as Markdown as GitHub renders it, as LaTeX, and as a JSON record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from textwrap import wrap
from typing import Any, NamedTuple, TypeAlias

from bptui.core.engine import Snapshot
from bptui.explain.chain import Chain, Factor, ratio
from bptui.explain.code import folded
from bptui.explain.equation import Equation
from bptui.explain.latex import LatexPrinter, LatexWriter, latex_number
from bptui.explain.pieces import Form, Piece, Walk
from bptui.explain.report import Report, assignment, remarked, with_carets
from bptui.export.worksheet import DIGITS, ROUNDED, VALUE_DIGITS, Part, Worksheet

Record: TypeAlias = dict[str, Any]
WIDTH, CODE_WIDTH, ENDLESS = 100, 96, 10**6
"""Columns of text in a file, of code in other formats, and of a formula on one line."""
SCHEMA = 1
INDENT = "  "


def written(sheet: Worksheet, form: str, width: int = WIDTH) -> Iterable[str]:
    """Return the lines of the worksheet in ``form``: text (``width`` columns), markdown, latex."""
    if form == "text":
        return _text_lines(sheet, width)
    if form == "markdown":
        return [*_markdown_head(sheet), *_Document(sheet, MARKDOWN).lines()]
    body = [*_latex_head(sheet), *_Document(sheet, LATEX).lines(), r"\end{document}"]
    return [*_latex_preamble(body), *body]


def text_head(sheet: Worksheet, width: int) -> Iterator[str]:
    """Yield the lines of the title block."""
    yield from wrap(sheet.title, width)
    yield "=" * min(max(len(sheet.title), 1), width)
    settings = ", ".join(f"{name} = {value:g}" for name, value in sheet.settings)
    for name, text in (*sheet.facts, *([("settings", settings)] if settings else [])):
        yield from wrap(text, width, initial_indent=f"{name:12}", subsequent_indent=" " * 12)


def _text_lines(sheet: Worksheet, width: int) -> Iterator[str]:
    yield from (*text_head(sheet, width), "", *wrap(ROUNDED, width))
    report = Report(sheet.symbols, width - len(INDENT), DIGITS, VALUE_DIGITS)
    for part in sheet.parts:
        yield from ("", *wrap(part.title, width), "-" * min(len(part.title), width))
        yield from wrap(part.words, width)
        for form in sheet.forms:
            yield from [""] if sheet.brief else ["", form]
            if sheet.brief and form == "numpy":
                lines = _code_lines(part, report)
            else:
                lines = with_carets(report.lines(part.explanation, form))
            yield from (f"{INDENT}{line}".rstrip() for line in lines)


def _code_lines(part: Part, report: Report) -> list[str]:
    """Return a line of code for each array of a part; the mistaken one and the correct one."""
    return [
        line
        for statement in part.explanation.arrays
        for remark, equation in statement.sides.items()
        for line in folded(remarked(equation, report.symbols, remark), report.width)
    ]


# what Markdown and LaTeX share


class Markup(NamedTuple):
    """How a format writes what stands below the head: templates, each with one text or two."""

    escaped: Callable[[str], str]
    fact: str
    after_facts: str
    part: str
    words: str
    form: str
    blocks: Mapping[str, str]
    """By kind: formulas (lines for align* or aligned), code, a remark, or a bold one."""


Block: TypeAlias = tuple[str, Sequence[str]]
"""A kind of block, and its lines."""


class _Document:
    def __init__(self, sheet: Worksheet, markup: Markup) -> None:
        self.sheet, self.markup = sheet, markup
        self.writer = LatexWriter(sheet.symbols, DIGITS, VALUE_DIGITS)
        self.report = Report(sheet.symbols, CODE_WIDTH, DIGITS, VALUE_DIGITS)

    def lines(self) -> Iterator[str]:
        markup, escaped = self.markup, self.markup.escaped
        yield from (markup.fact % (name, escaped(text)) for name, text in self.sheet.facts)
        if self.sheet.settings:
            words = {"learning_rate": "learning rate", "k": "update number"}
            settings = (
                f"${LatexPrinter.greek.get(name, name)} = {latex_number(value, DIGITS)}$"
                f" ({words.get(name, name)})"
                for name, value in self.sheet.settings
            )
            yield markup.fact % ("settings", ", ".join(settings))
        yield f"{markup.after_facts}{ROUNDED}"
        yield "Between matrices, $\\odot$, fractions and powers work element by element."
        for part in self.sheet.parts:
            yield markup.part % escaped(part.title)
            yield from [markup.words % escaped(part.words)] if part.words else []
            for form in self.sheet.forms:
                yield from [] if self.sheet.brief else [markup.form % form]
                for kind, blocks in groupby(self._blocks(part, form), key=itemgetter(0)):
                    texts = [[*rows] for _, rows in blocks if rows]
                    if kind == "formulas" and texts:
                        aligned = (" \\\\\n".join(rows) for rows in texts)
                        texts = [[" \\\\[6pt]\n".join(aligned)]]
                    for text in map("\n".join, texts):
                        plain = kind in ("remark", "bold")
                        yield markup.blocks[kind] % (escaped(text) if plain else text)

    def _blocks(self, part: Part, form: Form) -> Iterator[Block]:
        if form == "numpy":
            yield "code", _code_lines(part, self.report)
            return
        for piece in Walk(self.sheet.symbols).pieces(part.explanation, form):
            match piece:
                case Piece("chain", chain=Chain() as chain):
                    yield "formulas", self.writer.links(chain)
                case Piece("why", reasons) if reasons:
                    yield "remark", [f"Why: {'; '.join(reasons)}."]
                case Piece("link", (link, why)) if why:
                    yield "remark", [f"{link.replace(' * ', ' · ')}: {why}"]
                case Piece("label", (text,)) if text:
                    yield "remark", [text]
                case Piece("verdict", equation=Equation() as both):
                    yield from (("remark", [said]) for said in self.report.verdict(both, form))
                case Piece("gap"):
                    yield "gap", []
                case Piece("equation", (heading,), Equation() as equation):
                    yield from [("bold", [heading])] if heading else []
                    yield "formulas", self.writer.lines(equation)


# Markdown


def _markdown_head(sheet: Worksheet) -> Iterator[str]:
    yield from (f"# {_markdown(sheet.title)}", "")
    if sheet.description:
        # Markdown of its own; whatever it leaves open ends with the quotation
        yield from (f"> {line}".rstrip() for line in sheet.description.split("\n"))
        yield ""
    yield from ("| | |", "| --- | --- |")


def _markdown(text: str) -> str:
    plain = re.sub(r"([\\`*_{}\[\]<>#|~$&])", r"\\\1", text)
    return re.sub(r"^(\d+)\. ", r"\1\\. ", plain)


MARKDOWN = Markup(
    _markdown,
    fact="| %s | %s |",
    after_facts="\n",
    part="\n## %s",
    words="\n%s",
    form="\n### %s",
    blocks={
        "formulas": "\n```math\n\\begin{aligned}\n%s\n\\end{aligned}\n```",
        "code": "\n```python\n%s\n```",
        "bold": "\n**%s**",
        "remark": "\n%s",
    },
)


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
    **{sign: rf"\{sign}" for sign in "{}$&#%_"},
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


def _latex_preamble(body: Iterable[str]) -> Iterator[str]:
    yield _HEAD
    strange = sorted({letter for line in body for letter in line if not letter.isascii()})
    if strange:
        yield _FALLBACK
        yield from (rf"\fallback{{{letter}}}{{{ord(letter):04X}}}" for letter in strange)
        yield r"\else\usepackage{fontspec}\fi"
    yield r"\begin{document}"


def _latex_head(sheet: Worksheet) -> Iterator[str]:
    yield from (rf"{{\LARGE {_latex(sheet.title)}\par}}", r"\bigskip")
    for paragraph in re.split(r"\n\s*\n", sheet.description):
        # of Markdown only code between backticks is read
        parts = re.split("`([^`]*)`", " ".join(paragraph.split()))
        code = (rf"\texttt{{{_latex(t)}}}" if k % 2 else _latex(t) for k, t in enumerate(parts))
        yield from ["", "".join(code)] if paragraph.strip() else []
    yield from ("", r"\medskip", r"\begin{tabular}{@{}lp{0.8\textwidth}@{}}")


def _latex(text: str) -> str:
    """Return plain text in LaTeX; long words may be broken behind signs."""

    def word(text: str) -> str:
        breaks = _BREAKS_BEHIND if len(text) >= _LONG else ""
        return "".join(_SPECIAL.get(c, c) + r"\allowbreak{}" * (c in breaks) for c in text)

    return " ".join(map(word, text.split(" ")))


LATEX = Markup(
    _latex,
    fact=r"%s & \raggedright\arraybackslash %s \\",
    after_facts="\\end{tabular}\n\n\\medskip\n",
    part="\n\\section*{%s}",
    words="%s",
    form=r"\subsection*{%s}",
    # no paragraph ends behind words: before a formula that would be an empty line
    blocks={
        "formulas": "\\begin{align*}\n%s\n\\end{align*}",
        "code": "{\\footnotesize\n\\begin{verbatim}\n%s\n\\end{verbatim}\n}",
        "bold": "\n\\medskip\n\\textbf{%s}",
        "remark": "\n%s",
    },
)


# JSON


def record(sheet: Worksheet, snapshot: Snapshot, quantity: str) -> Record:
    """Return the explanation of ``quantity`` in the form that ``bptui help json`` tells.

    Values are those of the step itself, to the last bit.
    """
    experiment, report = snapshot.experiment, Report(sheet.symbols, ENDLESS)
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
        "frozen": {name: frozen.reason for name, frozen in experiment.frozen.items()},
        "mistakes": experiment.training.mistakes,
        "parts": [
            {
                "title": part.title,
                "about": part.words,
                "numbers": [
                    {
                        "title": section.title,
                        "statements": [_statement(s, report) for s in section.statements],
                        "omitted": section.omitted,
                    }
                    for section in part.explanation.numbers
                ],
                "arrays": [_statement(s, report) for s in part.explanation.arrays],
            }
            for part in sheet.parts
        ],
    }


def _chain(chain: Chain, report: Report) -> Record:
    """Return a gradient's links with their values for sample 1, why, and what they begin with."""
    text, scope = report.symbols.text, chain.scope

    def written(link: Factor) -> Record:
        name = ratio(text(link.above), text(link.below))
        return {"factor": name, "value": float(scope.evaluate(link.value))}

    paths = [[written(link) for link in path] for path in chain.paths]
    before = chain.before and _statement(chain.before, report)
    return {"paths": paths, "why": chain.why, "before": before}


def _statement(statement: Equation, report: Report) -> Record:
    number, chain = statement.left.index is not None, statement.chain
    link, why = statement.link or (None, None)
    return {
        **_equation(statement, report),
        "correct": statement.correct and _equation(statement.correct, report),
        "differences": report.differences(statement, "scalar" if number else "matrix"),
        **({"chain": chain and _chain(chain, report)} if number else {"link": link, "why": why}),
    }


def _equation(equation: Equation, report: Report) -> Record:
    """Return an equation of an array with its line of code, of a number with what it reads."""
    left, scope, symbols = equation.left, equation.scope, report.symbols
    read = equation.expression.quantities(written=True)
    made: Record = {
        "name": left.name,
        "update": left.new,
        "formula": report.formula(equation),
        "value": scope.value(left),
        "note": equation.note or None,
    }
    if left.index is None:
        code = assignment(equation, symbols)
        return made | {"code": code, "reads": [symbols.text(each) for each in read]}
    reads = [
        {"name": symbols.text(q), "array": q.name, "index": q.index, "value": scope.value(q)}
        for q in read
    ]
    name = symbols.assigned(left)[0]
    return made | {"name": name, "array": left.name, "index": left.index, "reads": reads}
