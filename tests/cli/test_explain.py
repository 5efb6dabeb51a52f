"""``bptui explain``: its three formats."""

import re
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest

from bptui.presets.folders import shipped_folder

from .support import DIVERGING, bptui, printed

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


text_of = partial(printed, "explain")


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


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("quantity", ["all", "w1"])
def test_training_that_diverged_is_explained_where_it_did(quantity: str, form: str) -> None:
    what = "--quantity", quantity, "--format", form
    result = bptui("explain", "-", "--step", "5", *what, stdin=DIVERGING)
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
