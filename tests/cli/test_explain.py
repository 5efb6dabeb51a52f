"""``bptui explain``: published worked examples in it, its three formats, and what it refuses."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest

from bptui.presets.folders import shipped_folder

from .support import DIVERGING, bptui, printed

NUMBER = re.compile(r"-?\d+\.?\d*(?:e[+-]\d+)?")
FORMATS = ("text", "markdown", "latex")
ONE_UNIT = """
title = '''{}'''
description = '''{}'''
[network]
layers = [1, 1]
[data]
inputs = [[2]]
targets = [[1]]
"""
STRANGE = "反向传播 \\input{x} $a_1^2$ 100% {a} & #b ~ é łß «“” \u2013 Ω 🎉 <b> | ` --"
STRANGE_TEXT = "Код `a_b` $ % _ ^ ~ \\ { } & #\n\n```\n<!--"

# name in the worksheet (an arrow: its update), printed number; signs are each book's own
MAZUR = """
net_h1 0.3775, out_h1 0.593269992, out_h2 0.596884378, net_o1 1.105905967, out_o1 0.75136507,
out_o2 0.772928465, L 0.274811083, L 0.023560026, L 0.298371109, dL/dout_o1 0.74136507,
delta_o1 0.186815602, delta_o1 0.138498562, dL/dw5 0.082167041, w5← 0.35891648, w6← 0.408666186,
w7← 0.511301270, w8← 0.561370121, dL/dout_h1 0.036350306, delta_h1 0.241300709,
dL/dw1 0.000438568, w1← 0.149780716, w2← 0.19956143, w3← 0.24975114, w4← 0.29950229
"""
HAGAN = """
out_h1 0.321, out_h2 0.368, out_o1 0.446, dL/dout_o1 1.261, delta_o1 -2.522, delta_h1 -0.0495,
delta_h2 0.0997, w3← 0.171, w4← -0.0772, b_o1← 0.732, w1← -0.265, w2← -0.420, b_h1← -0.475,
b_h2← -0.140
"""
NEGNEVITSKY = """
out_h1 0.5250, out_h2 0.8808, out_o1 0.5097, dL/dout_o1 -0.5097, delta_o1 -0.1274, delta_h1 0.0381,
delta_h2 -0.0147, w5← -0.0067, w6← -0.0112, b_o1← 0.0127, w1← 0.0038, w2← 0.0038, b_h1← -0.0038,
w3← -0.0015, w4← -0.0015, b_h2← 0.0015, w1← 0.5038, w3← 0.8985, w2← 0.4038, w4← 0.9985,
w5← -1.2067, w6← 1.0888, b_h1← 0.7962, b_h2← -0.0985, b_o1← 0.3127
"""


explain, text_of = partial(bptui, "explain"), partial(printed, "explain")


def numbers_by_name(text: str) -> dict[str, list[float]]:
    """All numbers in the equation of each single number; those of an update by ``w5←``."""
    found: dict[str, list[float]] = {}
    name = ""
    for line in text.splitlines():
        if begun := re.match(r"  (\S+) ([=←]) ", line):
            name = begun[1] + ("←" if begun[2] == "←" else "")
        elif not line.strip():
            name = ""
        elif name:
            values = NUMBER.findall(re.sub(r"[A-Za-z_]\w*", "", line))
            found.setdefault(name, []).extend(map(float, values))
    return found


@pytest.mark.parametrize(
    ("preset", "published"),
    [("mazur", MAZUR), ("hagan", HAGAN), ("negnevitsky", NEGNEVITSKY)],
    ids=["mazur", "hagan", "negnevitsky"],
)
def test_every_published_number_of_a_worked_example(preset: str, published: str) -> None:
    found = numbers_by_name(text_of(preset))
    for entry in published.replace("\n", " ").split(","):
        name, printed = entry.split()
        half_a_digit = 0.500001 * 10.0 ** -len(printed.partition(".")[2])
        sizes = [abs(each) for each in found[name]]
        assert any(abs(size - abs(float(printed))) <= half_a_digit for size in sizes), entry


@pytest.mark.parametrize("form", FORMATS)
def test_the_article(form: str) -> None:
    w5 = text_of("article", "--quantity", "w5", "--format", form)
    assert "0.0649108" in w5  # 0.06491088
    assert "0.3675445" in w5
    assert "0.004756131" in text_of("article", "--quantity", "w1", "--format", form)


def test_a_listing_as_published_beside_the_correct_expression() -> None:
    text = text_of("article-listing-1", "--quantity", "w1")
    assert "Published 0.00409001, correct 0.00475613 (86 %, off by -0.000666122)" in text
    assert "w6 (weight_2[1][0]) should be w7 (weight_2[0][1])" in text
    lines = text.splitlines()
    for name, place in (("w6", 0), ("w7", 1)):
        marked = [
            n for n, line in enumerate(lines) if re.search(rf"dL.* · {name} |· {name} ", line)
        ]
        line = lines[marked[0]]
        assert lines[marked[0] + 1].strip() == "^^", (name, place)
        assert lines[marked[0] + 1].index("^^") == line.index(name)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("preset", "mistakes", "heading"),
    [
        ("mazur", ["updated-weights"], "as published"),
        ("mazur", ["transposed-weights"], "with the mistake"),
        ("article", ["updated-weights"], "with the mistake"),
        ("article", ["transposed-weights", "doubled"], "with the mistakes"),
    ],
)
def test_only_what_was_published_is_called_published(
    form: str, preset: str, mistakes: list[str], heading: str, tmp_path: Path
) -> None:
    file = tmp_path / "mine.toml"
    text = (shipped_folder() / f"{preset}.toml").read_text(encoding="utf-8")
    file.write_text(text.replace("[training]", f"[training]\nmistakes = {mistakes}"))
    text = text_of(str(file), "--step", "1", "--quantity", "w1", "--format", form)
    assert re.search(rf"^\W*\w*\W*{heading}\W*$", text, re.MULTILINE)
    assert ("ublished 0.0" in text) == (heading == "as published")


def test_a_worksheet_goes_through_the_operations_in_order() -> None:
    text = text_of("iris", "--step", "3")
    for told in (
        "… 120 more like these",
        "… 12 more samples",
        "batch       16 samples of 120: ",
        "\n  sample 1\n",
        "step        3, after 3 updates",
    ):
        assert told in text
    text = text_of("article")
    headings = re.findall(r"^(\d+)\. (\S+)$", text, re.MULTILINE)
    names = "net_h out_h net_o out_o L dL/dout_o delta_o gW2 dL/dout_h delta_h gW1 update"
    assert headings == [(str(place), name) for place, name in enumerate(names.split(), 1)]
    assert "each unit's weighted sum of the inputs" in text
    assert "  gW2 = out_h.T @ delta_o\n" in text
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("form", FORMATS)
def test_strange_titles_and_descriptions_stay_text(form: str) -> None:
    text = text_of("-", "--format", form, stdin=ONE_UNIT.format(STRANGE, STRANGE_TEXT))
    if form == "text":
        assert text.startswith(STRANGE)
    if form == "markdown":
        assert r"\$a\_1^2\$" in text
        assert "> <!--" in text
    if form == "latex":
        assert r"\textbackslash{}input\{x\}" in text
        assert r"\fallback{反}{53CD}" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["article", "--quantity", "w9"], "--quantity: found 'w9'; expected one of w1 to w8, "),
        (["article", "--quantity", "b1"], "--quantity: found 'b1'; expected one of "),
        (["article", "--step", "-1"], "Invalid value for '--step': -1 is not in the range 0<=x<="),
        (["article", "-o", "/nowhere/at/all"], "--output '/nowhere/at/all': cannot be written"),
        (["nothing"], "nothing: found no preset"),
    ],
)
def test_unusable_arguments(arguments: list[str], message: str) -> None:
    result = explain(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"Error: {message}" in result.stderr


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("quantity", ["all", "w1"])
def test_training_that_diverged_is_explained_where_it_did(quantity: str, form: str) -> None:
    result = explain("-", "--step", "5", "--quantity", quantity, "--format", form, stdin=DIVERGING)
    assert result.exit_code == 1
    # the sum of two products that overflow is inf or nan, as the processor has it
    match = re.fullmatch(
        r"Error: training diverged: the loss at step 1 is (inf|nan)\n", result.stderr
    )
    assert match
    assert match[1] in result.stdout
    assert "1, after 1 update" in result.stdout


MACROS = """begin end frac partial mathit mathrm mathbf mathsf text left right Bigl Bigr Biggl Biggr
bigl bigr cdot cdots vdots ddots quad qquad leftarrow eta mu beta rho epsilon lambda delta sum ln
sqrt tanh max times odot boxed color underbrace pi"""


@pytest.mark.parametrize("preset", ["article-listing-2", "xor", "iris", "spirals", "sine"])
def test_markdown_has_only_what_github_renders(preset: str) -> None:
    text = text_of(preset, "--format", "markdown")
    fences = [line for line in text.splitlines() if line.startswith("```")]
    assert fences[1::2] == ["```"] * (len(fences) // 2)
    assert set(fences[::2]) == {"```math", "```python"}
    for formula in re.findall(r"```math\n(.*?)```", text, re.DOTALL):
        assert set(re.findall(r"\\([a-zA-Z]+)", formula)) <= set(MACROS.split())
        assert formula.count("{") == formula.count("}")
        assert formula.startswith("\\begin{aligned}\n")
        assert formula.endswith("\n\\end{aligned}\n")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
@pytest.mark.parametrize("preset", ["article-listing-1", "strange"])
def test_latex_compiles(preset: str, tmp_path: Path) -> None:
    source = None
    if preset == "strange":
        preset = "-"
        source = ONE_UNIT.format(STRANGE, STRANGE_TEXT)
    text = text_of(preset, "--format", "latex", stdin=source)
    (tmp_path / "sheet.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "sheet.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout.decode("latin-1")[-2000:]
    assert b"Overfull" not in done.stdout
