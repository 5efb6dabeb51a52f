"""Cells of notebooks as Python: what only IPython understands becomes a comment."""

import ast

import pytest

from bptui.trace.run import plain


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("%matplotlib inline\nimport numpy as np", "import numpy as np"),
        ("%%time\nw = 1.5\n", "w = 1.5"),
        ("if w:\n    !ls\n    v = 2.5", "v = 2.5"),
        ("files = !ls | head\nw?\n?np.dot\nw.shape??\nv = 1", "v = 1"),
        ("a, b = %who_ls\nprint(a)", "print(a)"),
        ('print("%d"\n  % 3)\n', "% 3"),  # no magic
        ('t = """\n%s\n!ls\n"""', "%s"),
    ],
)
def test_a_cell_is_python(cell: str, kept: str) -> None:
    text = plain(cell)
    ast.parse(text)
    assert text.count("\n") == cell.count("\n")
    assert kept in "\n".join(row for row in text.split("\n") if "pass" not in row)


def test_a_cell_in_another_language_is_left_out() -> None:
    assert ast.parse(plain("%%bash\nls -la | grep x\n")).body == []
